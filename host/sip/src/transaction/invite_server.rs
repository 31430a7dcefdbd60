//! The INVITE server transaction: RFC 3261 §17.2.1 as changed by RFC 6026 §7.1.

use super::timers::{clamp, earliest};
use super::{Deadline, Misuse, Reliability, StatusClass, TimerConfig};
use crate::time::Time;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// An INVITE server transaction.
///
/// ```text
///                        | INVITE: to the TU, SendTrying if no response within 200 ms
///                        V
///   INVITE:        +------------+  1xx: send
///   last response  |            |----+
///         +------->| Proceeding |<---+
///         +--------|            |  transport error: tell TU
///                  +------------+
///      300-699: send |        | 2xx: send
///                    V        +------------------+
///             +-----------+                      V
///   INVITE:   |           |  G: last      +------------+  INVITE: nothing
///   last resp.| Completed |  response     |            |  ACK: to the TU
///             |           |               |  Accepted  |  2xx: send
///             +-----------+               |            |  transport error: tell TU
///        ACK |      | H: tell TU          +------------+
///            V      |                            | L
///     +-----------+ |                            |
///     | Confirmed | |                            |
///     +-----------+ |                            |
///           | I     V                            V
///           |   +--------------------------------------+
///           +-->|              Terminated              |
///               +--------------------------------------+
/// ```
/// Over reliable transports G never runs and I is zero. The figure is RFC 6026 Figure 7; a transport error leaves the
/// machine where it is (RFC 6026 §8.8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InviteServer {
    reliability: Reliability,
    state: State,
}

/// What happens to an INVITE server transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InviteServerEvent {
    /// The same INVITE came again.
    Retransmission,
    /// An ACK came that matches this transaction.
    Ack,
    /// The transaction user gives a response: its status, and the bytes to send.
    Respond {
        /// 100 to 699.
        status: u16,
        /// The whole response.
        bytes: Bytes,
    },
    /// The time of [`InviteServer::next_deadline`] has come.
    Deadline,
    /// A response could not be sent, also not to a backup (RFC 3261 §17.2.4).
    TransportFailed,
}

/// What the owner of an INVITE server transaction has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InviteServerAction {
    /// Nothing: the event is absorbed.
    Nothing,
    /// Send these bytes to where the request came from (RFC 3261 §18.2.2).
    Transmit(Bytes),
    /// No response was given within 200 ms: answer with 100, by a `Respond` event.
    SendTrying,
    /// The ACK for a failure response has come and is absorbed.
    Confirmed,
    /// The ACK is one for a 2xx: give it to the transaction user.
    PassAck,
    /// Timer H: the failure response was never acknowledged. The transaction has ended.
    AckTimeout,
    /// Tell the transaction user that a response could not be delivered. The transaction goes on.
    TransportFailed,
    /// The transaction has ended as it should.
    Terminated,
}

/// The states of RFC 6026 Figure 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InviteServerState {
    /// No final response yet.
    Proceeding,
    /// A failure response was sent and awaits its ACK.
    Completed,
    /// The ACK for the failure response has come.
    Confirmed,
    /// A 2xx was sent.
    Accepted,
    /// Over.
    Terminated,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Proceeding { trying_at: Option<Time>, last: Option<Bytes> },
    Completed { last: Bytes, g_at: Option<Time>, h_at: Time, sent: u8 },
    Confirmed { i_at: Time },
    Accepted { l_at: Time },
    Terminated,
}

impl InviteServer {
    /// The transaction of an INVITE that has just come over a transport of this kind.
    #[must_use]
    pub fn start(reliability: Reliability, now: Time, timers: &TimerConfig) -> Self {
        // RFC 3261 §17.2.1: a 100 is due unless the TU responds within 200 ms. [3261-17.2.1-1]
        Self {
            reliability,
            state: State::Proceeding { trying_at: Some(now + timers.trying_after), last: None },
        }
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> InviteServerState {
        match self.state {
            State::Proceeding { .. } => InviteServerState::Proceeding,
            State::Completed { .. } => InviteServerState::Completed,
            State::Confirmed { .. } => InviteServerState::Confirmed,
            State::Accepted { .. } => InviteServerState::Accepted,
            State::Terminated => InviteServerState::Terminated,
        }
    }

    /// Whether the transaction is over and may be dropped.
    #[must_use]
    pub const fn is_terminated(&self) -> bool {
        matches!(self.state, State::Terminated)
    }

    /// Whether a final response was given (also when the transaction is over).
    #[must_use]
    pub const fn has_final_response(&self) -> bool {
        !matches!(self.state, State::Proceeding { .. })
    }

    /// When the next `Deadline` event is due. None in Proceeding once a response was sent: an INVITE may stay
    /// unanswered for as long as the transaction user wants.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match self.state {
            State::Proceeding { trying_at, .. } => trying_at.map(Deadline::due),
            State::Completed { g_at, h_at, .. } => Some(Deadline::due(earliest(g_at, h_at))),
            State::Confirmed { i_at } => Some(Deadline::lazy(i_at)),
            State::Accepted { l_at } => Some(Deadline::lazy(l_at)),
            State::Terminated => None,
        }
    }

    /// The timers that run, by the letters of RFC 3261 Table 4, for whoever looks at the transaction.
    #[must_use]
    pub fn timers(&self) -> Vec<(&'static str, Time)> {
        let all = match &self.state {
            State::Proceeding { trying_at, last: _ } => vec![("100", *trying_at)],
            State::Completed { g_at, h_at, last: _, sent: _ } => vec![("G", *g_at), ("H", Some(*h_at))],
            State::Confirmed { i_at } => vec![("I", Some(*i_at))],
            // RFC 6026 §8.7.
            State::Accepted { l_at } => vec![("L", Some(*l_at))],
            State::Terminated => Vec::new(),
        };
        all.into_iter().filter_map(|(name, at)| Some((name, at?))).collect()
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`Misuse`] when a response does not fit the state; nothing has changed then.
    pub fn on_event(
        &mut self,
        event: InviteServerEvent,
        now: Time,
        timers: &TimerConfig,
    ) -> Result<InviteServerAction, Misuse> {
        use InviteServerAction as Action;
        use InviteServerEvent as Event;
        match (&mut self.state, event) {
            // RFC 3261 §17.2.1: a repeated INVITE gets the most recent provisional response, if there was one.
            // [3261-17.2.1-4]
            (State::Proceeding { last, .. }, Event::Retransmission) => {
                Ok(last.clone().map_or(Action::Nothing, Action::Transmit))
            }
            (State::Proceeding { .. }, Event::Ack) => Ok(Action::Nothing),
            (State::Proceeding { .. }, Event::Respond { status, bytes }) => {
                self.respond_in_proceeding(status, bytes, now, timers)
            }
            (State::Proceeding { trying_at, .. }, Event::Deadline) => Ok(fire_trying(trying_at, now)),
            // RFC 6026 §8.8: the TU is told, the state stays.
            (State::Proceeding { .. }, Event::TransportFailed) => Ok(Action::TransportFailed),

            // RFC 3261 §17.2.1: a repeated INVITE gets the final response again. [3261-17.2.1-s2]
            (State::Completed { last, .. }, Event::Retransmission) => Ok(Action::Transmit(last.clone())),
            (State::Completed { .. }, Event::Ack) => Ok(self.confirm(now, timers)),
            (State::Completed { .. }, Event::Respond { .. }) => Err(Misuse::FinalAlreadySent),
            (State::Completed { .. }, Event::Deadline) => Ok(self.fire_in_completed(now, timers)),
            // RFC 6026 §8.8: the TU is told, the state stays; timer H ends it.
            (State::Completed { .. }, Event::TransportFailed) => Ok(Action::TransportFailed),

            // RFC 3261 §17.2.1: Confirmed absorbs further ACKs, and repeated INVITEs that were overtaken by the ACK.
            (State::Confirmed { .. }, Event::Retransmission | Event::Ack) => Ok(Action::Nothing),
            (State::Confirmed { .. }, Event::Respond { .. }) => Err(Misuse::FinalAlreadySent),
            (State::Confirmed { i_at: at } | State::Accepted { l_at: at }, Event::Deadline) => {
                let at = *at;
                Ok(self.terminate_at(at, now))
            }
            // Nothing is sent in Confirmed: the failure is one of an earlier transmission, and the ACK is here.
            (State::Confirmed { .. }, Event::TransportFailed) => Ok(Action::Nothing),

            // RFC 6026 §7.1: Accepted absorbs repeated INVITEs; the 2xx is repeated by the TU. [6026-7.1]
            (State::Accepted { .. }, Event::Retransmission) => Ok(Action::Nothing),
            // RFC 6026 §7.1: an ACK that matches is one for the 2xx, and the TU's.
            (State::Accepted { .. }, Event::Ack) => Ok(Action::PassAck),
            (State::Accepted { .. }, Event::Respond { status, bytes }) => respond_in_accepted(status, bytes),
            (State::Accepted { .. }, Event::TransportFailed) => Ok(Action::TransportFailed),

            (State::Terminated, Event::Respond { .. }) => Err(Misuse::Terminated),
            (
                State::Terminated,
                Event::Retransmission | Event::Ack | Event::Deadline | Event::TransportFailed,
            ) => Ok(Action::Nothing),
        }
    }

    /// Shortens deadlines that lie further ahead than their timer is long: for a snapshot that was written by a
    /// machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        match &mut self.state {
            State::Proceeding { trying_at, .. } => {
                trying_at.iter_mut().for_each(|at| clamp(at, now, timers.trying_after));
            }
            State::Completed { g_at, h_at, .. } => {
                g_at.iter_mut().for_each(|at| clamp(at, now, timers.slowest()));
                clamp(h_at, now, timers.timeout());
            }
            State::Confirmed { i_at } => clamp(i_at, now, timers.t4),
            State::Accepted { l_at } => clamp(l_at, now, timers.timeout()),
            State::Terminated => {}
        }
    }

    fn respond_in_proceeding(
        &mut self,
        status: u16,
        bytes: Bytes,
        now: Time,
        timers: &TimerConfig,
    ) -> Result<InviteServerAction, Misuse> {
        let State::Proceeding { trying_at, last } = &mut self.state else {
            return Err(Misuse::FinalAlreadySent);
        };
        match StatusClass::of(status).ok_or(Misuse::NoSuchStatus)? {
            // A 100 that was overtaken by another provisional response says nothing new, and must not become the
            // response that a repeated INVITE gets.
            StatusClass::Trying if last.is_some() => return Ok(InviteServerAction::Nothing),
            // RFC 3261 §17.2.1: provisional responses are sent, and the state stays. [3261-17.2.1-3]
            StatusClass::Trying | StatusClass::Provisional => {
                *trying_at = None;
                *last = Some(bytes.clone());
            }
            // RFC 6026 §7.1: a 2xx leads to Accepted; timer L is 64*T1 over every transport.
            // [3261-17.2.1-5, 3261-17.2.1-6, 6026-6]
            StatusClass::Success => self.state = State::Accepted { l_at: now + timers.timeout() },
            // RFC 3261 §17.2.1: 300 to 699 leads to Completed; timer G only over unreliable transports, timer H always.
            // [3261-17.2.1-7, 3261-17.2.1-8]
            StatusClass::Failure => {
                self.state = State::Completed {
                    last: bytes.clone(),
                    g_at: self.reliability.first_retransmission(now, timers),
                    h_at: now + timers.timeout(),
                    sent: 0,
                };
            }
        }
        Ok(InviteServerAction::Transmit(bytes))
    }

    /// RFC 3261 §17.2.1: the ACK leads to Confirmed, for T4 over unreliable transports and for no time over others.
    // [3261-17.2.1-9]
    fn confirm(&mut self, now: Time, timers: &TimerConfig) -> InviteServerAction {
        self.state = match self.reliability {
            Reliability::Unreliable => State::Confirmed { i_at: now + timers.t4 },
            Reliability::Reliable => State::Terminated,
        };
        InviteServerAction::Confirmed
    }

    fn fire_in_completed(&mut self, now: Time, timers: &TimerConfig) -> InviteServerAction {
        let State::Completed { last, g_at, h_at, sent } = &mut self.state else {
            return InviteServerAction::Nothing;
        };
        // RFC 3261 §17.2.1: timer H ends the wait for the ACK. [3261-17.2.1-10]
        if *h_at <= now {
            self.state = State::Terminated;
            return InviteServerAction::AckTimeout;
        }
        // RFC 3261 §17.2.1: timer G repeats the response, each time after twice the interval, up to T2.
        if g_at.is_some_and(|g_at| g_at <= now) {
            *sent = sent.saturating_add(1);
            *g_at = Some(now + timers.doubled_to_t2(*sent));
            return InviteServerAction::Transmit(last.clone());
        }
        InviteServerAction::Nothing
    }

    // [3261-17.2.1-11, 3261-17.2.1-12]
    fn terminate_at(&mut self, at: Time, now: Time) -> InviteServerAction {
        if at > now {
            return InviteServerAction::Nothing;
        }
        self.state = State::Terminated;
        InviteServerAction::Terminated
    }
}

fn fire_trying(trying_at: &mut Option<Time>, now: Time) -> InviteServerAction {
    if trying_at.is_none_or(|at| at > now) {
        return InviteServerAction::Nothing;
    }
    *trying_at = None;
    InviteServerAction::SendTrying
}

/// RFC 6026 §7.1: in Accepted the TU sends 2xx responses and nothing else.
fn respond_in_accepted(status: u16, bytes: Bytes) -> Result<InviteServerAction, Misuse> {
    match StatusClass::of(status).ok_or(Misuse::NoSuchStatus)? {
        StatusClass::Success => Ok(InviteServerAction::Transmit(bytes)),
        StatusClass::Trying | StatusClass::Provisional | StatusClass::Failure => {
            Err(Misuse::FinalAlreadySent)
        }
    }
}

#[cfg(test)]
mod tests;
