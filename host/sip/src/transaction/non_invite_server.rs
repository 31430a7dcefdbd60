//! The non-INVITE server transaction: RFC 3261 §17.2.2 within the bounds of RFC 4320.

use super::timers::{clamp, earliest};
use super::{Deadline, Misuse, Reliability, StatusClass, TimerConfig};
use crate::time::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A non-INVITE server transaction.
///
/// ```text
///                       | request: to the TU
///                       V
///                 +-----------+  request: nothing
///                 |  Trying   |---------------------+ 64*T1: tell TU
///                 +-----------+                     |
///       200-699:    |       | 100: send             |
///       send        |       V                       |
///                   |   +------------+  request:    |
///                   |   | Proceeding |  the 100     |
///                   |   +------------+--------------+ 64*T1: tell TU
///                   |       | 200-699: send         |
///                   V       V                       |
///                 +-----------+  request:           |
///                 | Completed |  the final response |
///                 +-----------+                     |
///                       | J                         |
///                       V                           |
///                 +------------+                    |
///                 | Terminated |<-------------------+
///                 +------------+
/// ```
/// The figure is RFC 3261 Figure 8 with these bounds of RFC 4320, all enforced here:
///
/// * §4.1: no provisional response but 100; no 100 over an unreliable transport before the client's Timer E has
///   reached T2 (3.5 s); a 100 at that time if there was no response, over every transport ([`SendTrying`]).
/// * §4.2: no 408; and no final response once the client has given up, 64*T1 after the request ([`Expired`]), so that
///   every transaction ends whatever the transaction user does.
///
/// Over reliable transports J is zero. A transport error leaves the machine where it is (RFC 6026 §8.8).
///
/// [`SendTrying`]: NonInviteServerAction::SendTrying
/// [`Expired`]: NonInviteServerAction::Expired
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonInviteServer {
    reliability: Reliability,
    state: State,
}

/// What happens to a non-INVITE server transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonInviteServerEvent {
    /// The same request came again.
    Retransmission,
    /// The transaction user gives a response: its status, and the bytes to send.
    Respond {
        /// 100, or 200 to 699 without 408.
        status: u16,
        /// The whole response.
        bytes: Bytes,
    },
    /// The time of [`NonInviteServer::next_deadline`] has come.
    Deadline,
    /// A response could not be sent, also not to a backup (RFC 3261 §17.2.4).
    TransportFailed,
}

/// What the owner of a non-INVITE server transaction has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonInviteServerAction {
    /// Nothing: the event is absorbed.
    Nothing,
    /// Send these bytes to where the request came from (RFC 3261 §18.2.2).
    Transmit(Bytes),
    /// The client has slowed down to T2 and has heard nothing: answer with 100, by a `Respond` event.
    SendTrying,
    /// No final response was given in 64*T1: the client has given up. The transaction has ended.
    Expired,
    /// Tell the transaction user that a response could not be delivered. The transaction goes on.
    TransportFailed,
    /// The transaction has ended as it should.
    Terminated,
}

/// The states of RFC 3261 Figure 8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NonInviteServerState {
    /// No response yet.
    Trying,
    /// A 100 was sent.
    Proceeding,
    /// The final response was sent.
    Completed,
    /// Over.
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Trying {
        /// When the client's Timer E reaches T2: a 100 is due then, and over UDP not allowed earlier.
        e_is_t2_at: Time,
        /// The 100 was asked for (it is given by the owner, so the state has not changed yet).
        asked: bool,
        expires_at: Time,
    },
    Proceeding {
        last: Bytes,
        expires_at: Time,
    },
    Completed {
        last: Bytes,
        j_at: Time,
    },
    Terminated,
}

impl NonInviteServer {
    /// The transaction of a request (neither INVITE nor ACK) that has just come over a transport of this kind.
    #[must_use]
    pub fn start(reliability: Reliability, now: Time, timers: &TimerConfig) -> Self {
        let state = State::Trying {
            e_is_t2_at: now + timers.until_timer_e_is_t2(),
            asked: false,
            expires_at: now + timers.timeout(),
        };
        Self { reliability, state }
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> NonInviteServerState {
        match self.state {
            State::Trying { .. } => NonInviteServerState::Trying,
            State::Proceeding { .. } => NonInviteServerState::Proceeding,
            State::Completed { .. } => NonInviteServerState::Completed,
            State::Terminated => NonInviteServerState::Terminated,
        }
    }

    /// Whether the transaction is over and may be dropped.
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// When the next `Deadline` event is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match self.state {
            State::Trying { e_is_t2_at, asked, expires_at } => {
                Some(Deadline::due(earliest((!asked).then_some(e_is_t2_at), expires_at)))
            }
            State::Proceeding { expires_at, .. } => Some(Deadline::due(expires_at)),
            State::Completed { j_at, .. } => Some(Deadline::lazy(j_at)),
            State::Terminated => None,
        }
    }

    /// The timers that run, by the letters of RFC 3261 Table 4, for whoever looks at the transaction.
    #[must_use]
    pub fn timers(&self) -> Vec<(&'static str, Time)> {
        let all = match &self.state {
            State::Trying { e_is_t2_at, asked, expires_at } => {
                vec![("100", (!asked).then_some(*e_is_t2_at)), ("end", Some(*expires_at))]
            }
            State::Proceeding { expires_at, last: _ } => vec![("end", Some(*expires_at))],
            State::Completed { j_at, last: _ } => vec![("J", Some(*j_at))],
            State::Terminated => Vec::new(),
        };
        all.into_iter().filter_map(|(name, at)| Some((name, at?))).collect()
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`Misuse`] when a response does not fit the state or RFC 4320; nothing has changed then.
    pub fn on_event(
        &mut self,
        event: NonInviteServerEvent,
        now: Time,
        timers: &TimerConfig,
    ) -> Result<NonInviteServerAction, Misuse> {
        use NonInviteServerAction as Action;
        use NonInviteServerEvent as Event;
        match (&mut self.state, event) {
            // RFC 3261 §17.2.2: in Trying a repeated request is discarded.
            (State::Trying { .. }, Event::Retransmission) => Ok(Action::Nothing),
            (State::Trying { .. } | State::Proceeding { .. }, Event::Respond { status, bytes }) => {
                self.respond(status, bytes, now, timers)
            }
            (State::Trying { .. } | State::Proceeding { .. }, Event::Deadline) => {
                Ok(self.fire_before_final(now))
            }
            // RFC 6026 §8.8: the TU is told, the state stays.
            (
                State::Trying { .. } | State::Proceeding { .. } | State::Completed { .. },
                Event::TransportFailed,
            ) => Ok(Action::TransportFailed),

            // RFC 3261 §17.2.2: a repeated request gets the most recent response.
            // [3261-17.2.2-4, 3261-17.2.2-7]
            (State::Proceeding { last, .. } | State::Completed { last, .. }, Event::Retransmission) => {
                Ok(Action::Transmit(last.clone()))
            }

            // RFC 3261 §17.2.2: in Completed any other final response is discarded. [3261-17.2.2-8]
            (State::Completed { .. }, Event::Respond { .. }) => Err(Misuse::FinalAlreadySent),
            // [3261-17.2.2-9, 3261-17.2.2-10]
            (State::Completed { j_at, .. }, Event::Deadline) => {
                if *j_at > now {
                    return Ok(Action::Nothing);
                }
                self.state = State::Terminated;
                Ok(Action::Terminated)
            }

            (State::Terminated, Event::Respond { .. }) => Err(Misuse::Terminated),
            (State::Terminated, Event::Retransmission | Event::Deadline | Event::TransportFailed) => {
                Ok(Action::Nothing)
            }
        }
    }

    /// Shortens deadlines that lie further ahead than their timer is long: for a snapshot that was written by a
    /// machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        match &mut self.state {
            State::Trying { e_is_t2_at, expires_at, .. } => {
                clamp(e_is_t2_at, now, timers.until_timer_e_is_t2());
                clamp(expires_at, now, timers.timeout());
            }
            State::Proceeding { expires_at: at, .. } | State::Completed { j_at: at, .. } => {
                clamp(at, now, timers.timeout());
            }
            State::Terminated => {}
        }
    }

    fn respond(
        &mut self,
        status: u16,
        bytes: Bytes,
        now: Time,
        timers: &TimerConfig,
    ) -> Result<NonInviteServerAction, Misuse> {
        // RFC 4320 §4.2: a 408 is never sent. [4320-4.2]
        if status == 408 {
            return Err(Misuse::TimeoutToNonInvite);
        }
        match StatusClass::of(status).ok_or(Misuse::NoSuchStatus)? {
            StatusClass::Trying => self.respond_trying(bytes, now),
            // RFC 4320 §4.1: no provisional response but 100. [4320-4.1, 3261-8.2.6.1-s1]
            StatusClass::Provisional => Err(Misuse::ProvisionalToNonInvite),
            // RFC 3261 §17.2.2: a final response leads to Completed; timer J is zero over reliable transports.
            // [3261-17.2.2-5, 3261-17.2.2-6]
            StatusClass::Success | StatusClass::Failure => {
                self.state = match self.reliability {
                    Reliability::Unreliable => {
                        State::Completed { last: bytes.clone(), j_at: now + timers.timeout() }
                    }
                    Reliability::Reliable => State::Terminated,
                };
                Ok(NonInviteServerAction::Transmit(bytes))
            }
        }
    }

    fn respond_trying(&mut self, bytes: Bytes, now: Time) -> Result<NonInviteServerAction, Misuse> {
        if let State::Trying { e_is_t2_at, expires_at, .. } = self.state {
            // RFC 4320 §4.1: over an unreliable transport an early 100 would only slow the client down.
            if self.reliability == Reliability::Unreliable && now < e_is_t2_at {
                return Err(Misuse::TryingTooEarly);
            }
            self.state = State::Proceeding { last: bytes.clone(), expires_at };
        }
        // RFC 3261 §17.2.2: in Proceeding a further provisional response is sent as well.
        // [3261-17.2.2-1, 3261-17.2.2-2, 3261-17.2.2-3]
        Ok(NonInviteServerAction::Transmit(bytes))
    }

    fn fire_before_final(&mut self, now: Time) -> NonInviteServerAction {
        match &mut self.state {
            // RFC 4320 §4.2: an element that cannot respond in time sends no final response at all.
            State::Trying { expires_at, .. } | State::Proceeding { expires_at, .. } if *expires_at <= now => {
                self.state = State::Terminated;
                NonInviteServerAction::Expired
            }
            // RFC 4320 §4.1: a 100 when the client's Timer E has reached T2.
            State::Trying { e_is_t2_at, asked, .. } if !*asked && *e_is_t2_at <= now => {
                *asked = true;
                NonInviteServerAction::SendTrying
            }
            State::Trying { .. } | State::Proceeding { .. } | State::Completed { .. } | State::Terminated => {
                NonInviteServerAction::Nothing
            }
        }
    }
}

#[cfg(test)]
mod tests;
