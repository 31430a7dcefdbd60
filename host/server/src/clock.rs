//! One clock: monotonic, anchored to Unix time once at start.
//!
//! A jump of the wall clock moves no SIP timer, and a deadline can be stored as an absolute time.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use siplet_sip::time::Time;

/// Turns the machine's monotonic time into [`Time`]. All shards of a process share one anchor.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    anchor: Time,
}

impl Clock {
    /// A clock anchored now.
    #[must_use]
    pub fn start() -> Self {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { started: Instant::now(), anchor: Time::ZERO + unix }
    }

    /// The time now.
    #[must_use]
    pub fn now(&self) -> Time {
        self.anchor + self.started.elapsed()
    }

    /// The time at which the clock was made.
    #[must_use]
    pub const fn anchor(&self) -> Time {
        self.anchor
    }

    /// When to wake up for `deadline`: on the monotonic clock, never more than a day ahead.
    #[must_use]
    pub fn instant_of(&self, deadline: Time) -> Instant {
        let ahead = deadline.since(self.anchor);
        let day_ahead = self.started.elapsed() + Duration::from_secs(86_400);
        self.started + ahead.min(day_ahead)
    }
}
