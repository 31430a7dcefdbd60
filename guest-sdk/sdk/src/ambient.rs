//! What a servlet may ask of its host beside messages and sessions: the time, randomness, a line of log.

use siplet_sip::time::{Duration, Time};

/// The time at which this turn began; the same during a whole turn.
///
/// A servlet has no other clock: `Instant::now()` and `SystemTime::now()` panic in a guest.
///
/// # Panics
/// In a native test outside a turn: there is no host to ask.
#[must_use]
pub fn now() -> Time {
    time_of(host::now())
}

/// 64 random bits, made by the host: unpredictable in production, repeatable in a simulation.
///
/// # Panics
/// In a native test outside a turn: there is no host to ask.
#[must_use]
pub fn random() -> u64 {
    host::random()
}

pub(crate) fn time_of(unix_ms: u64) -> Time {
    Time::ZERO + Duration::from_millis(unix_ms)
}

#[cfg(target_arch = "wasm32")]
pub(crate) use crate::wasm::ambient as host;

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::native::ambient as host;
