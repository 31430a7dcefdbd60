//! The timers of RFC 3261 §17 as configuration (its Table 4), and what a machine says about its next deadline.

use crate::time::{Duration, Time};
use serde::{Deserialize, Serialize};

/// The base values that all transaction timers are derived from (RFC 3261 Table 4, RFC 6026 §7).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TimerConfig {
    /// T1: the estimated round-trip time; first interval of A, E and G. 500 ms.
    pub t1: Duration,
    /// T2: the longest interval of E and G. 4 s.
    pub t2: Duration,
    /// T4: the longest time a message stays in the network; I and K. 5 s.
    pub t4: Duration,
    /// Timer D: how long an INVITE client transaction answers repeated failures over unreliable transports.
    /// At least 32 s (RFC 3261 §17.1.1.2).
    pub timer_d: Duration,
    /// Timer C: how long an INVITE may stay without another provisional response. More than 3 minutes
    /// (RFC 3261 §16.6 item 11).
    pub timer_c: Duration,
    /// How long the transaction user may take before an INVITE is answered with 100. 200 ms (RFC 3261 §17.2.1).
    pub trying_after: Duration,
}

impl Default for TimerConfig {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            timer_d: Duration::from_secs(32),
            timer_c: Duration::from_secs(181),
            trying_after: Duration::from_millis(200),
        }
    }
}

impl TimerConfig {
    /// 64*T1: timers B, F, H, J, L and M, and the wait for the ACK of a 2xx and for the final response after a CANCEL.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    /// The interval of Timer A after `sent` retransmissions: T1, 2*T1, 4*T1 and so on, without a bound of its own
    /// (RFC 3261 §17.1.1.2).
    // [3261-17.1.1.2-5, 3261-17.1.1.2-6, 3261-17.1.1.2-7, 3261-17.1.1.2-8]
    #[must_use]
    pub fn doubled(&self, sent: u8) -> Duration {
        self.t1.saturating_mul(1_u32.checked_shl(u32::from(sent)).unwrap_or(u32::MAX))
    }

    /// The interval of timers E and G, and of a 2xx, after `sent` retransmissions: doubling from T1 up to T2
    /// (RFC 3261 §17.1.2.2, §17.2.1, §13.3.1.4). Never below T1, so that no configuration makes a machine send without
    /// a pause.
    #[must_use]
    pub fn doubled_to_t2(&self, sent: u8) -> Duration {
        self.doubled(sent).min(self.slowest())
    }

    /// The interval of Timer E once a provisional response has come: T2, never below T1 (RFC 3261 §17.1.2.2).
    #[must_use]
    pub fn slowest(&self) -> Duration {
        self.t2.max(self.t1)
    }

    /// How long after its first transmission a client's Timer E is set to T2 for the first time: 3.5 s with the
    /// default values (RFC 4320 §4.1).
    #[must_use]
    pub fn until_timer_e_is_t2(&self) -> Duration {
        (0..32)
            .map(|sent| self.doubled(sent))
            .take_while(|interval| *interval < self.t2)
            .fold(Duration::ZERO, Duration::saturating_add)
    }
}

/// Whether a transport repeats lost bytes by itself (RFC 3261 §17): TCP, TLS and WebSocket do, UDP does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reliability {
    /// UDP: the transaction retransmits.
    Unreliable,
    /// A stream: the transaction never retransmits and waits for no stray message.
    Reliable,
}

impl Reliability {
    /// The first retransmission over an unreliable transport, none over a reliable one: timers A, E and G.
    pub(super) fn first_retransmission(self, now: Time, timers: &TimerConfig) -> Option<Time> {
        match self {
            Self::Unreliable => Some(now + timers.t1),
            Self::Reliable => None,
        }
    }
}

/// When a machine wants its next `Deadline` event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Deadline {
    /// The event is due at this time; earlier it does nothing.
    pub at: Time,
    /// The event only removes the machine (timers D, I, J, K, L, M): it may come late, and nobody has to wake for it.
    pub lazy: bool,
}

impl Deadline {
    /// A deadline that sends something or tells the transaction user something.
    pub(crate) const fn due(at: Time) -> Self {
        Self { at, lazy: false }
    }

    /// A deadline that only removes the machine.
    pub(crate) const fn lazy(at: Time) -> Self {
        Self { at, lazy: true }
    }
}

/// The earlier of a repeated timer, if it runs, and the timer that ends it all.
pub(super) fn earliest(repeat: Option<Time>, end: Time) -> Time {
    repeat.map_or(end, |repeat| repeat.min(end))
}

/// Moves a deadline that lies more than `longest` ahead: after a restore on a machine whose clock is behind.
pub(crate) fn clamp(at: &mut Time, now: Time, longest: Duration) {
    *at = (*at).min(now + longest);
}
