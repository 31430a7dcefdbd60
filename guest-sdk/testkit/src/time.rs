//! Times written as people say them: `32.s()`, `9.hours()`.

use std::time::Duration;

/// Lengths of time from whole numbers.
pub trait Times {
    /// So many milliseconds.
    fn ms(self) -> Duration;
    /// So many seconds.
    fn s(self) -> Duration;
    /// So many minutes.
    fn minutes(self) -> Duration;
    /// So many hours.
    fn hours(self) -> Duration;
    /// So many days.
    fn days(self) -> Duration;
}

impl Times for u64 {
    fn ms(self) -> Duration {
        Duration::from_millis(self)
    }

    fn s(self) -> Duration {
        Duration::from_secs(self)
    }

    fn minutes(self) -> Duration {
        Duration::from_secs(self * 60)
    }

    fn hours(self) -> Duration {
        Duration::from_secs(self * 3600)
    }

    fn days(self) -> Duration {
        Duration::from_secs(self * 86_400)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_sixty_minutes() {
        assert_eq!(
            (9.hours(), 1500.ms(), 2.days()),
            (540.minutes(), Duration::from_secs_f64(1.5), 48.hours())
        );
    }
}
