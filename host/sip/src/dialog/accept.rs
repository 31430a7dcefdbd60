//! The UAS core's part of an accepted INVITE: the 2xx is repeated until its ACK comes (RFC 3261 §13.3.1.4).

use crate::time::Time;
use crate::transaction::{Deadline, TimerConfig, clamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// Repeats one 2xx to an INVITE until its ACK comes.
///
/// ```text
///                 | 2xx: sent by the INVITE server transaction
///                 V
///   T1, doubling  +---------+
///   to T2: send   |         |
///         +-------| Waiting |
///         +------>|         |
///                 +---------+
///            ACK |     | 64*T1: tell TU
///                V     V
///                +------+
///                | Done |
///                +------+
/// ```
/// This runs over reliable transports as well, because a hop further on may be unreliable. After `NoAck` the dialog is
/// confirmed all the same, and the session should be ended by a BYE.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptRetransmit {
    waiting: Option<Waiting>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    response: Bytes,
    next_at: Time,
    ends_at: Time,
    sent: u8,
}

/// What the owner of an [`AcceptRetransmit`] has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AcceptAction {
    /// Nothing: the deadline was not due, or the ACK has come.
    Nothing,
    /// Send the 2xx again.
    Transmit(Bytes),
    /// No ACK has come in 64*T1: end the session by a BYE. Over.
    NoAck,
}

impl AcceptRetransmit {
    /// Begins with the first transmission of this 2xx.
    #[must_use]
    pub fn start(response: Bytes, now: Time, timers: &TimerConfig) -> Self {
        let ends_at = now + timers.timeout();
        Self { waiting: Some(Waiting { response, next_at: now + timers.t1, ends_at, sent: 0 }) }
    }

    /// Whether the ACK has come or is no longer waited for.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        self.waiting.is_none()
    }

    /// The 2xx, while its ACK is waited for.
    #[must_use]
    pub fn response(&self) -> Option<&Bytes> {
        self.waiting.as_ref().map(|waiting| &waiting.response)
    }

    /// When [`AcceptRetransmit::on_deadline`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        self.waiting.as_ref().map(|waiting| Deadline::due(waiting.next_at.min(waiting.ends_at)))
    }

    /// The ACK has come. Whether it was the first one: only that one is new to the transaction user.
    pub fn on_ack(&mut self) -> bool {
        self.waiting.take().is_some()
    }

    /// The deadline has come.
    pub fn on_deadline(&mut self, now: Time, timers: &TimerConfig) -> AcceptAction {
        let Some(waiting) = &mut self.waiting else {
            return AcceptAction::Nothing;
        };
        // RFC 3261 §13.3.1.4: after 64*T1 the session should be terminated. [3261-13.3.1.4-s2]
        if waiting.ends_at <= now {
            self.waiting = None;
            return AcceptAction::NoAck;
        }
        if waiting.next_at > now {
            return AcceptAction::Nothing;
        }
        // RFC 3261 §13.3.1.4: the interval starts at T1 and doubles until it reaches T2.
        waiting.sent = waiting.sent.saturating_add(1);
        waiting.next_at = now + timers.doubled_to_t2(waiting.sent);
        AcceptAction::Transmit(waiting.response.clone())
    }

    /// Shortens deadlines that lie further ahead than their timer is long: for a snapshot that was written by a
    /// machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        if let Some(waiting) = &mut self.waiting {
            clamp(&mut waiting.next_at, now, timers.slowest());
            clamp(&mut waiting.ends_at, now, timers.timeout());
        }
    }
}
