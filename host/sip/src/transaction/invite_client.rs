//! The INVITE client transaction: RFC 3261 §17.1.1 as changed by RFC 6026 §7.2, bounded by timer C.

use super::timers::{clamp, earliest};
use super::{Deadline, Reliability, StatusClass, TimerConfig};
use crate::time::Time;
use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

/// An INVITE client transaction.
///
/// ```text
///                       | INVITE from TU: send
///                       V
///   A: send      +-----------+  B or transport error: tell TU
///         +------|           |--------------------------------+
///         +----->|  Calling  |                                |
///                +-----------+                                |
///     300-699:    |   |   | 2xx: to TU                        |
///     ACK, to TU  |   |   +-------------------+               |
///         +-------+   | 1xx: to TU            |               |
///         |           V                       |               |
///         |      +------------+               |  C, then no   |
///         |      |            |  1xx: to TU   |  final resp.  |
///         |      | Proceeding |  C: CANCEL    |  in 64*T1:    |
///         |      |            |  is due       |  tell TU      |
///         |      +------------+---------------)-------------->+
///         | 300-699: |      | 2xx: to TU      |               |
///         | ACK,     V      +-----------+     |               |
///         | to TU  +-----------+        V     V               |
///         +------->|           |     +----------+             |
///       300-699:   | Completed |     | Accepted |  2xx: to TU |
///       ACK        |           |     +----------+             |
///                  +-----------+             | M              |
///        D or transport |                    V                |
///        error          |        +------------+               |
///                       +------->| Terminated |<--------------+
///                                +------------+
/// ```
/// Over reliable transports A never runs and D is zero. The figure is RFC 6026 Figure 5. Timer C (RFC 3261 §16.8) is
/// the transaction user's there; it is kept here, for UACs too, so that every INVITE client transaction ends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteClient {
    reliability: Reliability,
    state: State,
}

/// What happens to an INVITE client transaction.
#[derive(Clone, Copy)]
pub enum InviteClientEvent<'a> {
    /// A response came whose branch and CSeq method match.
    Response {
        /// The response's status.
        status: u16,
        /// Builds the ACK for this response (RFC 3261 §17.1.1.3); called once, for the first failure response.
        ack: &'a dyn Fn() -> Bytes,
    },
    /// The transaction user has sent a CANCEL for this INVITE: a final response has 64*T1 from now (RFC 3261 §9.1).
    CancelSent,
    /// The time of [`InviteClient::next_deadline`] has come.
    Deadline,
    /// The INVITE or the ACK could not be sent (RFC 3261 §17.1.4). Not to be given for a flow that merely ended: the
    /// response may come over another (RFC 3261 §18.2.2).
    TransportFailed,
}

impl fmt::Debug for InviteClientEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response { status, .. } => write!(f, "Response({status})"),
            Self::CancelSent => f.write_str("CancelSent"),
            Self::Deadline => f.write_str("Deadline"),
            Self::TransportFailed => f.write_str("TransportFailed"),
        }
    }
}

/// What the owner of an INVITE client transaction has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InviteClientAction {
    /// Nothing: the event was not due or means nothing here.
    Nothing,
    /// The response is not for the transaction user: drop it.
    Absorb,
    /// Send the INVITE again.
    Transmit(Bytes),
    /// A failure response was repeated: send the same ACK again, to the hop of the INVITE.
    TransmitAck(Bytes),
    /// Give the response to the transaction user.
    Pass,
    /// Send this ACK to the hop of the INVITE and give the failure response to the transaction user.
    PassAndAck(Bytes),
    /// Timer C: send a CANCEL. The transaction waits 64*T1 more for a final response (a `CancelSent` event is not
    /// needed).
    CancelDue,
    /// No final response came in time: the transaction user goes on as after a 408. The transaction has ended.
    Timeout,
    /// The transaction user goes on as after a 503. The transaction has ended.
    TransportFailed,
    /// The transaction has ended as it should.
    Terminated,
}

/// The states of RFC 6026 Figure 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InviteClientState {
    /// No response yet.
    Calling,
    /// A provisional response has come.
    Proceeding,
    /// A failure response has come and was acknowledged.
    Completed,
    /// A 2xx has come; more may come from other branches and by retransmission.
    Accepted,
    /// Over.
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Calling { request: Bytes, a_at: Option<Time>, b_at: Time, c_at: Time, sent: u8 },
    Proceeding { until: Until },
    Completed { ack: Bytes, d_at: Time },
    Accepted { m_at: Time },
    Terminated,
}

/// How long Proceeding lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Until {
    /// Timer C: a CANCEL is due then.
    Cancel(Time),
    /// A CANCEL was sent: the end, whatever comes.
    End(Time),
}

impl InviteClient {
    /// The transaction of this INVITE, which its owner sends now for the first time.
    // [3261-17.1.1.2-1, 3261-17.1.1.2-2]
    #[must_use]
    pub fn start(request: Bytes, reliability: Reliability, now: Time, timers: &TimerConfig) -> Self {
        let state = State::Calling {
            request,
            // RFC 3261 §17.1.1.2: timer A runs over unreliable transports only, timer B over all.
            // [3261-17.1.1.2-3, 3261-17.1.1.2-4, 3261-17.1.1.2-s1]
            a_at: reliability.first_retransmission(now, timers),
            b_at: now + timers.timeout(),
            // RFC 3261 §16.6 item 11: timer C starts with the INVITE.
            c_at: now + timers.timer_c,
            sent: 0,
        };
        Self { reliability, state }
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> InviteClientState {
        match self.state {
            State::Calling { .. } => InviteClientState::Calling,
            State::Proceeding { .. } => InviteClientState::Proceeding,
            State::Completed { .. } => InviteClientState::Completed,
            State::Accepted { .. } => InviteClientState::Accepted,
            State::Terminated => InviteClientState::Terminated,
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
            State::Calling { a_at, b_at, .. } => Some(Deadline::due(earliest(a_at, b_at))),
            State::Proceeding { until: Until::Cancel(at) | Until::End(at) } => Some(Deadline::due(at)),
            State::Completed { d_at, .. } => Some(Deadline::lazy(d_at)),
            State::Accepted { m_at } => Some(Deadline::lazy(m_at)),
            State::Terminated => None,
        }
    }

    /// The timers that run, by the letters of RFC 3261 Table 4, for whoever looks at the transaction.
    #[must_use]
    pub fn timers(&self) -> Vec<(&'static str, Time)> {
        let all = match &self.state {
            State::Calling { a_at, b_at, c_at, request: _, sent: _ } => {
                vec![("A", *a_at), ("B", Some(*b_at)), ("C", Some(*c_at))]
            }
            State::Proceeding { until: Until::Cancel(at) } => vec![("C", Some(*at))],
            State::Proceeding { until: Until::End(at) } => vec![("end", Some(*at))],
            State::Completed { d_at, ack: _ } => vec![("D", Some(*d_at))],
            // RFC 6026 §8.4.
            State::Accepted { m_at } => vec![("M", Some(*m_at))],
            State::Terminated => Vec::new(),
        };
        all.into_iter().filter_map(|(name, at)| Some((name, at?))).collect()
    }

    /// Takes one event.
    pub fn on_event(
        &mut self,
        event: InviteClientEvent<'_>,
        now: Time,
        timers: &TimerConfig,
    ) -> InviteClientAction {
        use InviteClientAction as Action;
        use InviteClientEvent as Event;
        match (&mut self.state, event) {
            (State::Calling { .. } | State::Proceeding { .. }, Event::Response { status, ack }) => {
                self.respond(status, ack, now, timers)
            }
            (State::Calling { .. }, Event::Deadline) => self.fire_in_calling(now, timers),
            // RFC 3261 §9.1: a CANCEL waits for a provisional response.
            (State::Calling { .. }, Event::CancelSent) => Action::Nothing,
            // RFC 3261 §17.1.1.2: a transport error ends Calling and Completed. [3261-17.1.4-s1]
            (State::Calling { .. } | State::Completed { .. }, Event::TransportFailed) => {
                self.state = State::Terminated;
                Action::TransportFailed
            }

            (State::Proceeding { until }, Event::CancelSent) => {
                // RFC 3261 §9.1: the INVITE is over if no final response comes in 64*T1. [3261-9.1-s3]
                if let Until::Cancel(_) = until {
                    *until = Until::End(now + timers.timeout());
                }
                Action::Nothing
            }
            (State::Proceeding { .. }, Event::Deadline) => self.fire_in_proceeding(now, timers),
            // Nothing is sent in Proceeding and in Accepted (a CANCEL and the ACK of a 2xx are not this transaction's).
            (State::Proceeding { .. } | State::Accepted { .. }, Event::TransportFailed) => Action::Nothing,

            (State::Completed { ack, .. }, Event::Response { status, .. }) => match StatusClass::of(status) {
                // RFC 3261 §17.1.1.2: a repeated failure response gets the ACK again and stays from the TU.
                // [3261-13.2.2.3-1, 3261-17.1.1.2-15]
                Some(StatusClass::Failure) => Action::TransmitAck(ack.clone()),
                Some(StatusClass::Trying | StatusClass::Provisional | StatusClass::Success) | None => {
                    Action::Absorb
                }
            },
            (State::Accepted { .. }, Event::Response { status, .. }) => match StatusClass::of(status) {
                // RFC 6026 §7.2: in Accepted every 2xx goes to the TU, repeated or from another branch.
                // [6026-7.2]
                Some(StatusClass::Success) => Action::Pass,
                Some(StatusClass::Trying | StatusClass::Provisional | StatusClass::Failure) | None => {
                    Action::Absorb
                }
            },
            // [3261-17.1.1.2-16, 3261-17.1.1.2-18]
            (State::Completed { d_at: at, .. } | State::Accepted { m_at: at }, Event::Deadline) => {
                if *at > now {
                    return Action::Nothing;
                }
                self.state = State::Terminated;
                Action::Terminated
            }
            (State::Completed { .. } | State::Accepted { .. }, Event::CancelSent) => Action::Nothing,

            (State::Terminated, Event::Response { .. }) => Action::Absorb,
            (State::Terminated, Event::CancelSent | Event::Deadline | Event::TransportFailed) => {
                Action::Nothing
            }
        }
    }

    /// Shortens deadlines that lie further ahead than their timer is long: for a snapshot that was written by a
    /// machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        match &mut self.state {
            State::Calling { a_at, b_at, c_at, .. } => {
                a_at.iter_mut().for_each(|at| clamp(at, now, timers.timeout()));
                clamp(b_at, now, timers.timeout());
                clamp(c_at, now, timers.timer_c);
            }
            State::Proceeding { until: Until::Cancel(at) } => clamp(at, now, timers.timer_c),
            State::Proceeding { until: Until::End(at) } | State::Accepted { m_at: at } => {
                clamp(at, now, timers.timeout());
            }
            State::Completed { d_at, .. } => clamp(d_at, now, timers.timer_d),
            State::Terminated => {}
        }
    }

    /// A response in Calling or Proceeding.
    fn respond(
        &mut self,
        status: u16,
        ack: &dyn Fn() -> Bytes,
        now: Time,
        timers: &TimerConfig,
    ) -> InviteClientAction {
        let Some(class) = StatusClass::of(status) else {
            return InviteClientAction::Absorb;
        };
        match class {
            // RFC 3261 §17.1.1.2: the first provisional response leads to Proceeding and stops A and B.
            // RFC 3261 §16.7 item 2: a 100 does not prolong timer C, every other provisional response does.
            // [3261-17.1.1.2-9, 3261-17.1.1.2-10, 3261-17.1.1.2-11, 3261-17.1.1.2-s2]
            StatusClass::Trying => {
                if let State::Calling { c_at, .. } = self.state {
                    self.state = State::Proceeding { until: Until::Cancel(c_at) };
                }
                InviteClientAction::Pass
            }
            StatusClass::Provisional => {
                if !matches!(self.state, State::Proceeding { until: Until::End(_) }) {
                    self.state = State::Proceeding { until: Until::Cancel(now + timers.timer_c) };
                }
                InviteClientAction::Pass
            }
            // RFC 6026 §7.2: a 2xx leads to Accepted; timer M is 64*T1 over every transport.
            // [3261-17.1.1.2-17, 6026-6]
            StatusClass::Success => {
                self.state = State::Accepted { m_at: now + timers.timeout() };
                InviteClientAction::Pass
            }
            // RFC 3261 §17.1.1.2: 300 to 699 is acknowledged here; timer D is zero over reliable transports.
            // [3261-17.1.1.2-12, 3261-17.1.1.2-13, 3261-17.1.1.2-s4]
            StatusClass::Failure => {
                let ack = ack();
                self.state = match self.reliability {
                    Reliability::Unreliable => {
                        State::Completed { ack: ack.clone(), d_at: now + timers.timer_d }
                    }
                    Reliability::Reliable => State::Terminated,
                };
                InviteClientAction::PassAndAck(ack)
            }
        }
    }

    fn fire_in_calling(&mut self, now: Time, timers: &TimerConfig) -> InviteClientAction {
        let State::Calling { request, a_at, b_at, sent, .. } = &mut self.state else {
            return InviteClientAction::Nothing;
        };
        // RFC 3261 §17.1.1.2: timer B ends the wait for a first response. [3261-17.1.1.2-s3]
        if *b_at <= now {
            self.state = State::Terminated;
            return InviteClientAction::Timeout;
        }
        // RFC 3261 §17.1.1.2: timer A repeats the INVITE, each time after twice the interval.
        if a_at.is_some_and(|a_at| a_at <= now) {
            *sent = sent.saturating_add(1);
            *a_at = Some(now + timers.doubled(*sent));
            return InviteClientAction::Transmit(request.clone());
        }
        InviteClientAction::Nothing
    }

    fn fire_in_proceeding(&mut self, now: Time, timers: &TimerConfig) -> InviteClientAction {
        let State::Proceeding { until } = &mut self.state else {
            return InviteClientAction::Nothing;
        };
        match *until {
            // RFC 3261 §16.8: after a provisional response timer C calls for a CANCEL.
            Until::Cancel(at) if at <= now => {
                *until = Until::End(now + timers.timeout());
                InviteClientAction::CancelDue
            }
            // RFC 3261 §9.1: no final response has come in 64*T1 after the CANCEL.
            Until::End(at) if at <= now => {
                self.state = State::Terminated;
                InviteClientAction::Timeout
            }
            Until::Cancel(_) | Until::End(_) => InviteClientAction::Nothing,
        }
    }
}

#[cfg(test)]
mod tests;
