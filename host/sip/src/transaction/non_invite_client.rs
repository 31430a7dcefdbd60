//! The non-INVITE client transaction: RFC 3261 §17.1.2.

use super::timers::{clamp, earliest};
use super::{Deadline, Reliability, StatusClass, TimerConfig};
use crate::time::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// A non-INVITE client transaction.
///
/// ```text
///                      | request from TU: send
///                      V
///   E: send     +------------+
///        +------|            |  F or transport error: tell TU
///        +----->|   Trying   |-------------------------------+
///               +------------+                               |
///     200-699:    |       | 1xx: to TU                       |
///     to TU       |       V                                  |
///                 |     +------------+                       |
///      E: send    |     |            |  F or transport error |
///      1xx: to TU |     | Proceeding |  : tell TU            |
///                 |     |            |---------------------->+
///                 |     +------------+                       |
///                 |       | 200-699: to TU                   |
///                 V       V                                  |
///               +------------+                               |
///               | Completed  |                               |
///               +------------+                               |
///                      | K                                   |
///                      V                                     |
///               +------------+                               |
///               | Terminated |<------------------------------+
///               +------------+
/// ```
/// Over reliable transports E never runs and K is zero. The figure is RFC 3261 Figure 6.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NonInviteClient {
    reliability: Reliability,
    state: State,
}

/// What happens to a non-INVITE client transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NonInviteClientEvent {
    /// A response came whose branch and CSeq method match.
    Response {
        /// The response's status.
        status: u16,
    },
    /// The time of [`NonInviteClient::next_deadline`] has come.
    Deadline,
    /// The request could not be sent (RFC 3261 §17.1.4). Not to be given for a flow that merely ended: the response
    /// may come over another (RFC 3261 §18.2.2).
    TransportFailed,
}

/// What the owner of a non-INVITE client transaction has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NonInviteClientAction {
    /// Nothing: the event was not due or means nothing here.
    Nothing,
    /// The response is not for the transaction user: drop it.
    Absorb,
    /// Send the request again.
    Transmit(Bytes),
    /// Give the response to the transaction user.
    Pass,
    /// Timer F: the transaction user goes on as after a 408. The transaction has ended.
    Timeout,
    /// The transaction user goes on as after a 503. The transaction has ended.
    TransportFailed,
    /// The transaction has ended as it should.
    Terminated,
}

/// The states of RFC 3261 Figure 6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NonInviteClientState {
    /// No response yet.
    Trying,
    /// A provisional response has come.
    Proceeding,
    /// The final response has come.
    Completed,
    /// Over.
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Trying { request: Bytes, e_at: Option<Time>, f_at: Time, sent: u8 },
    Proceeding { request: Bytes, e_at: Option<Time>, f_at: Time },
    Completed { k_at: Time },
    Terminated,
}

impl NonInviteClient {
    /// The transaction of this request, which its owner sends now for the first time.
    #[must_use]
    pub fn start(request: Bytes, reliability: Reliability, now: Time, timers: &TimerConfig) -> Self {
        let state = State::Trying {
            request,
            // RFC 3261 §17.1.2.2: timer E runs over unreliable transports only, timer F over all.
            // [3261-17.1.2.2-1, 3261-17.1.2.2-2]
            e_at: reliability.first_retransmission(now, timers),
            f_at: now + timers.timeout(),
            sent: 0,
        };
        Self { reliability, state }
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> NonInviteClientState {
        match self.state {
            State::Trying { .. } => NonInviteClientState::Trying,
            State::Proceeding { .. } => NonInviteClientState::Proceeding,
            State::Completed { .. } => NonInviteClientState::Completed,
            State::Terminated => NonInviteClientState::Terminated,
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
            State::Trying { e_at, f_at, .. } | State::Proceeding { e_at, f_at, .. } => {
                Some(Deadline::due(earliest(e_at, f_at)))
            }
            State::Completed { k_at } => Some(Deadline::lazy(k_at)),
            State::Terminated => None,
        }
    }

    /// The timers that run, by the letters of RFC 3261 Table 4, for whoever looks at the transaction.
    #[must_use]
    pub fn timers(&self) -> Vec<(&'static str, Time)> {
        let all = match &self.state {
            State::Trying { e_at, f_at, request: _, sent: _ }
            | State::Proceeding { e_at, f_at, request: _ } => {
                vec![("E", *e_at), ("F", Some(*f_at))]
            }
            State::Completed { k_at } => vec![("K", Some(*k_at))],
            State::Terminated => Vec::new(),
        };
        all.into_iter().filter_map(|(name, at)| Some((name, at?))).collect()
    }

    /// Takes one event.
    pub fn on_event(
        &mut self,
        event: NonInviteClientEvent,
        now: Time,
        timers: &TimerConfig,
    ) -> NonInviteClientAction {
        use NonInviteClientAction as Action;
        use NonInviteClientEvent as Event;
        match (&mut self.state, event) {
            (State::Trying { .. } | State::Proceeding { .. }, Event::Response { status }) => {
                self.respond(status, now, timers)
            }
            (State::Trying { .. } | State::Proceeding { .. }, Event::Deadline) => {
                self.fire_before_final(now, timers)
            }
            // RFC 3261 §17.1.2.2: a transport error ends the transaction before its final response.
            // [3261-17.1.4-s1]
            (State::Trying { .. } | State::Proceeding { .. }, Event::TransportFailed) => {
                self.state = State::Terminated;
                Action::TransportFailed
            }

            // RFC 3261 §17.1.2.2: Completed absorbs repeated responses.
            (State::Completed { .. }, Event::Response { .. }) => Action::Absorb,
            // [3261-17.1.2.2-9, 3261-17.1.2.2-10]
            (State::Completed { k_at }, Event::Deadline) => {
                if *k_at > now {
                    return Action::Nothing;
                }
                self.state = State::Terminated;
                Action::Terminated
            }
            // Nothing is sent in Completed: the failure is one of an earlier transmission, and the response is here.
            (State::Completed { .. }, Event::TransportFailed) => Action::Nothing,

            (State::Terminated, Event::Response { .. }) => Action::Absorb,
            (State::Terminated, Event::Deadline | Event::TransportFailed) => Action::Nothing,
        }
    }

    /// Shortens deadlines that lie further ahead than their timer is long: for a snapshot that was written by a
    /// machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        match &mut self.state {
            State::Trying { e_at, f_at, .. } | State::Proceeding { e_at, f_at, .. } => {
                e_at.iter_mut().for_each(|at| clamp(at, now, timers.slowest()));
                clamp(f_at, now, timers.timeout());
            }
            State::Completed { k_at } => clamp(k_at, now, timers.t4),
            State::Terminated => {}
        }
    }

    /// A response in Trying or Proceeding.
    fn respond(&mut self, status: u16, now: Time, timers: &TimerConfig) -> NonInviteClientAction {
        let Some(class) = StatusClass::of(status) else {
            return NonInviteClientAction::Absorb;
        };
        match class {
            // RFC 3261 §17.1.2.2: a provisional response leads to Proceeding; E and F go on. [3261-17.1.2.2-3]
            StatusClass::Trying | StatusClass::Provisional => {
                if let State::Trying { request, e_at, f_at, .. } = &mut self.state {
                    let request = core::mem::take(request);
                    self.state = State::Proceeding { request, e_at: *e_at, f_at: *f_at };
                }
            }
            // RFC 3261 §17.1.2.2: a final response leads to Completed; timer K is zero over reliable transports.
            // [3261-17.1.2.2-4, 3261-17.1.2.2-7, 3261-17.1.2.2-8]
            StatusClass::Success | StatusClass::Failure => {
                self.state = match self.reliability {
                    Reliability::Unreliable => State::Completed { k_at: now + timers.t4 },
                    Reliability::Reliable => State::Terminated,
                };
            }
        }
        NonInviteClientAction::Pass
    }

    fn fire_before_final(&mut self, now: Time, timers: &TimerConfig) -> NonInviteClientAction {
        let (request, e_at, f_at, interval) = match &mut self.state {
            // RFC 3261 §17.1.2.2: in Trying timer E doubles up to T2, in Proceeding it is T2. [3261-17.1.2.2-5]
            State::Trying { request, e_at, f_at, sent } => {
                let interval = timers.doubled_to_t2(sent.saturating_add(1));
                if e_at.is_some_and(|e_at| e_at <= now) {
                    *sent = sent.saturating_add(1);
                }
                (request, e_at, *f_at, interval)
            }
            State::Proceeding { request, e_at, f_at } => (request, e_at, *f_at, timers.slowest()),
            State::Completed { .. } | State::Terminated => return NonInviteClientAction::Nothing,
        };
        // RFC 3261 §17.1.2.2: timer F ends the wait for a final response. [3261-17.1.2.2-6, 3261-17.1.2.2-s1]
        if f_at <= now {
            self.state = State::Terminated;
            return NonInviteClientAction::Timeout;
        }
        if e_at.is_some_and(|e_at| e_at <= now) {
            *e_at = Some(now + interval);
            return NonInviteClientAction::Transmit(request.clone());
        }
        NonInviteClientAction::Nothing
    }
}

#[cfg(test)]
mod tests;
