//! A shadow's share of one core: how long its thread has to rest.
//!
//! A machine without a clock. What a second allows and was not used is kept for a second and no longer.

use std::time::Duration;

/// Longest time for which allowance is kept.
const KEPT: Duration = Duration::from_secs(1);

/// What a thread may still use.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    /// Share of one core, 0 to 1.
    share: f64,
    /// CPU time that it may still use, seconds; below zero: it has to rest.
    left_s: f64,
    wall: Duration,
    cpu: Duration,
}

impl Budget {
    /// `percent` of one core, at least 1. `wall` and `cpu` are the thread's clocks now.
    #[must_use]
    pub fn new(percent: u8, wall: Duration, cpu: Duration) -> Self {
        let share = f64::from(percent.clamp(1, 100)) / 100.0;
        Self { share, left_s: share * KEPT.as_secs_f64(), wall, cpu }
    }

    /// The clocks now: how long the thread has to rest before it goes on.
    pub fn rest(&mut self, wall: Duration, cpu: Duration) -> Duration {
        let passed = wall.saturating_sub(self.wall).as_secs_f64();
        let used = cpu.saturating_sub(self.cpu).as_secs_f64();
        (self.wall, self.cpu) = (wall, cpu);
        let most = self.share * KEPT.as_secs_f64();
        self.left_s = (self.left_s + passed * self.share - used).min(most);
        Duration::try_from_secs_f64(-self.left_s / self.share).unwrap_or_default()
    }

    /// True when it has nothing left: it should begin nothing new.
    #[must_use]
    pub fn is_used_up(&self) -> bool {
        self.left_s <= 0.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn a_thread_rests_until_its_share_is_kept() {
        let mut budget = Budget::new(25, ms(0), ms(0));
        // (wall, CPU) since the start, and the rest that follows.
        let table = [
            ((0, 0), 0),
            ((200, 200), 0),
            // 300 ms of CPU in 300 ms: 250 kept from the beginning, 75 earned.
            ((300, 300), 0),
            ((400, 400), 200),
            // It rested.
            ((600, 400), 0),
            // A long pause keeps one second's allowance only.
            ((60_000, 400), 0),
            ((60_000, 650), 0),
            ((60_000, 750), 400),
        ];
        for ((wall, cpu), expected) in table {
            let rest = budget.rest(ms(wall), ms(cpu));
            let difference = rest.as_secs_f64() - ms(expected).as_secs_f64();
            assert!(difference.abs() < 0.002, "{wall} {cpu}: {rest:?}");
        }
        assert!(budget.is_used_up());
    }

    #[test]
    fn clocks_that_go_back_and_silly_shares_do_no_harm() {
        let mut budget = Budget::new(0, ms(10), ms(10));
        assert_eq!(budget.rest(ms(0), ms(0)), ms(0));
        let mut budget = Budget::new(255, ms(0), ms(0));
        assert_eq!(budget.rest(ms(1000), ms(1000)), ms(0));
    }
}
