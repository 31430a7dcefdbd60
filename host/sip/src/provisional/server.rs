//! The UAS side of reliable provisional responses (RFC 3262 §3).

use super::{Misuse, RAck};
use crate::method::Method;
use crate::time::Time;
use crate::transaction::{Deadline, TimerConfig, clamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// How many reliable responses may wait for the PRACK of the one before them.
pub const PROVISIONAL_QUEUE_MAX: usize = 8;

/// The reliable provisional responses of one INVITE, and its final response as far as it has to wait for them.
///
/// ```text
///                     |
///                     V
///               +------------+   reliable 1xx: send   +-----------+
///               |    Idle    |----------------------->|  Waiting  |  T1, doubling: send again
///               |            |<-----------------------|           |  reliable 1xx, some 2xx: keep
///               +------------+  PRACK: tell TU        +-----------+
///                 |  A    |     (next one: send)        |   |   |
///                 |  |    |                             |   |   | 64*T1: tell TU
///                 |  |    |         PRACK with an offer |   |   V
///                 |  |    |   +-------------+           |   | +---------+
///                 |  +----|---|  Answering  |<----------+   | | Overdue |
///                 |  its 2xx  +-------------+               | +---------+
///                 |                 | failure               |      | failure
///                 V                 V                       V      V
///               +---------------------------------------------------+
///               | Final: no new 1xx, no repetition; a PRACK is taken |
///               +---------------------------------------------------+
/// ```
/// A response is sent when the one before it has been acknowledged: RFC 3262 §3 demands that for the first and
/// recommends it for all. Those that come earlier wait, up to [`PROVISIONAL_QUEUE_MAX`] of them.
///
/// A 2xx waits while a response with a session description is not acknowledged (§3, §5), or while the offer of a PRACK is
/// not answered; any other final response leaves at once. What was kept and holds no description goes when the final
/// response leaves, which says more. This runs over reliable transports as well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionalServer {
    /// The CSeq number of the INVITE.
    cseq: u32,
    /// The number of the next response; `None` once all are used up.
    next_rseq: Option<u32>,
    state: State,
    /// Responses behind the one that waits.
    queue: VecDeque<Reliable>,
    /// A 2xx that waits.
    held: Option<Bytes>,
}

/// What happens to the reliable responses of an INVITE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerEvent {
    /// The transaction user gives a reliable response.
    Reliable {
        /// 101 to 199.
        status: u16,
        /// The number in its RSeq: that of [`ProvisionalServer::next_rseq`].
        rseq: u32,
        /// The whole response.
        bytes: Bytes,
        /// Whether it holds a session description.
        describes: bool,
    },
    /// A PRACK came in the dialog of the responses.
    Prack {
        /// Its RAck.
        rack: RAck,
        /// Whether it holds an offer, which is answered in its 2xx (RFC 3262 §5).
        offers: bool,
    },
    /// The final response of the PRACK with an offer has been sent.
    PrackAnswered,
    /// The transaction user gives a final response.
    Final {
        /// 200 to 699.
        status: u16,
        /// The whole response.
        bytes: Bytes,
    },
    /// The time of [`ProvisionalServer::next_deadline`] has come.
    Deadline,
}

/// What the owner of a [`ProvisionalServer`] has to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAction {
    /// Nothing.
    Nothing,
    /// Give this new response to the transaction: a reliable one, or a final one.
    Respond(Bytes),
    /// Send the response again that waits for its PRACK.
    Repeat(Bytes),
    /// The response is kept until the PRACK of the one before it, or before a 2xx, has come.
    Kept,
    /// The PRACK is the expected one: answer it with a 2xx, then give `next` to the transaction, if there is one.
    Acknowledged {
        /// The next reliable response, or the 2xx that waited.
        next: Option<Bytes>,
    },
    /// The PRACK acknowledges nothing that waits: answer it with 481.
    NoSuchResponse,
    /// No PRACK has come in 64*T1: refuse the INVITE with a 5xx. What was kept is gone: nothing but the refusal is taken.
    NoPrack,
}

/// The states of the figure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProvisionalServerState {
    /// No response waits for its PRACK.
    Idle,
    /// One response waits for its PRACK.
    Waiting,
    /// A PRACK with an offer came, and its answer is due.
    Answering,
    /// A response was never acknowledged; the INVITE has to be refused.
    Overdue,
    /// The final response has left.
    Final,
}

/// A reliable response.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reliable {
    rseq: u32,
    bytes: Bytes,
    describes: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Idle,
    Waiting {
        sent: Reliable,
        next_at: Time,
        ends_at: Time,
        repeats: u8,
    },
    /// The transaction of the PRACK ends at the latest then, whatever its user does.
    Answering {
        ends_at: Time,
    },
    /// Both with the number of the response whose PRACK may still come.
    Overdue {
        unacknowledged: Option<u32>,
    },
    Final {
        unacknowledged: Option<u32>,
    },
}

impl ProvisionalServer {
    /// No response yet, for an INVITE with this CSeq number; the first RSeq number is made from `random`.
    #[must_use]
    pub fn start(cseq: u32, random: u64) -> Self {
        // RFC 3262 §3 [3262-3-8]: the first number is one of 1 to 2^31 - 1, all of them as likely.
        let first = random % ((1 << 31) - 1) + 1;
        Self {
            cseq,
            next_rseq: u32::try_from(first).ok(),
            state: State::Idle,
            queue: VecDeque::new(),
            held: None,
        }
    }

    /// The number that the next reliable response has to carry in RSeq.
    ///
    /// # Errors
    /// [`Misuse`] when no reliable response can be given any more, or none at present.
    pub fn next_rseq(&self) -> Result<u32, Misuse> {
        match &self.state {
            State::Overdue { .. } => Err(Misuse::NotAcknowledged),
            // RFC 3262 §3 [3262-3-17]: no new reliable responses after a final one.
            State::Final { .. } => Err(Misuse::FinalAlreadySent),
            State::Idle | State::Waiting { .. } | State::Answering { .. } if self.held.is_some() => {
                Err(Misuse::FinalAlreadySent)
            }
            State::Waiting { .. } | State::Answering { .. } if self.queue.len() >= PROVISIONAL_QUEUE_MAX => {
                Err(Misuse::QueueFull)
            }
            State::Idle | State::Waiting { .. } | State::Answering { .. } => {
                self.next_rseq.ok_or(Misuse::NumbersExhausted)
            }
        }
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> ProvisionalServerState {
        match self.state {
            State::Idle => ProvisionalServerState::Idle,
            State::Waiting { .. } => ProvisionalServerState::Waiting,
            State::Answering { .. } => ProvisionalServerState::Answering,
            State::Overdue { .. } => ProvisionalServerState::Overdue,
            State::Final { .. } => ProvisionalServerState::Final,
        }
    }

    /// Whether a 2xx was given that has not left yet: to the transaction user the INVITE is answered.
    #[must_use]
    pub const fn holds_success(&self) -> bool {
        self.held.is_some()
    }

    /// How many responses are kept behind the one that waits.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queue.len()
    }

    /// When the next `Deadline` event is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match &self.state {
            State::Waiting { next_at, ends_at, .. } => Some(Deadline::due(*next_at.min(ends_at))),
            State::Answering { ends_at } => Some(Deadline::due(*ends_at)),
            State::Idle | State::Overdue { .. } | State::Final { .. } => None,
        }
    }

    /// Takes one event.
    ///
    /// # Errors
    /// [`Misuse`] when a response does not fit; nothing has changed then.
    pub fn on_event(
        &mut self,
        event: ServerEvent,
        now: Time,
        timers: &TimerConfig,
    ) -> Result<ServerAction, Misuse> {
        match event {
            ServerEvent::Reliable { status, rseq, bytes, describes } => {
                self.on_reliable(status, Reliable { rseq, bytes, describes }, now, timers)
            }
            ServerEvent::Prack { rack, offers } => Ok(self.on_prack(&rack, offers, now, timers)),
            ServerEvent::PrackAnswered => Ok(match &self.state {
                State::Answering { .. } => {
                    self.release(now, timers).map_or(ServerAction::Nothing, ServerAction::Respond)
                }
                State::Idle | State::Waiting { .. } | State::Overdue { .. } | State::Final { .. } => {
                    ServerAction::Nothing
                }
            }),
            ServerEvent::Final { status, bytes } => self.on_final(status, bytes),
            ServerEvent::Deadline => Ok(self.on_deadline(now, timers)),
        }
    }

    fn on_reliable(
        &mut self,
        status: u16,
        response: Reliable,
        now: Time,
        timers: &TimerConfig,
    ) -> Result<ServerAction, Misuse> {
        if !(101..=199).contains(&status) {
            return Err(Misuse::NotProvisional);
        }
        let number = self.next_rseq()?;
        if response.rseq != number {
            return Err(Misuse::WrongNumber);
        }
        // RFC 3262 §3 [3262-3-13, 3262-3-14]: each number is one higher than the one before, and they do not wrap around.
        self.next_rseq = number.checked_add(1);
        match &self.state {
            State::Idle => Ok(ServerAction::Respond(self.send(response, now, timers))),
            // RFC 3262 §3 [3262-3-12]: no second response before the first is acknowledged.
            State::Waiting { .. } | State::Answering { .. } | State::Overdue { .. } | State::Final { .. } => {
                self.queue.push_back(response);
                Ok(ServerAction::Kept)
            }
        }
    }

    fn on_prack(&mut self, rack: &RAck, offers: bool, now: Time, timers: &TimerConfig) -> ServerAction {
        let waiting = match &self.state {
            State::Waiting { sent, .. } => Some(sent.rseq),
            State::Overdue { unacknowledged } | State::Final { unacknowledged } => *unacknowledged,
            State::Idle | State::Answering { .. } => None,
        };
        // RFC 3262 §3 [3262-3-9]: method, CSeq number and RSeq number match, in the dialog by which the owner found this machine.
        if waiting != Some(rack.rseq) || rack.cseq != self.cseq || rack.method != Method::Invite {
            return ServerAction::NoSuchResponse;
        }
        match &self.state {
            State::Waiting { .. } if offers => {
                self.state = State::Answering { ends_at: now + timers.timeout() };
                ServerAction::Acknowledged { next: None }
            }
            State::Waiting { .. } => ServerAction::Acknowledged { next: self.release(now, timers) },
            // It came too late for the INVITE, but not for itself.
            State::Overdue { .. } => {
                self.state = State::Overdue { unacknowledged: None };
                ServerAction::Acknowledged { next: None }
            }
            // RFC 3262 §3 [3262-3-16]: PRACKs are taken also after the final response.
            State::Final { .. } | State::Idle | State::Answering { .. } => {
                self.state = State::Final { unacknowledged: None };
                ServerAction::Acknowledged { next: None }
            }
        }
    }

    /// What may leave now that nothing waits for a PRACK (RFC 3262 §3 [3262-3-10, 3262-3-11]).
    fn release(&mut self, now: Time, timers: &TimerConfig) -> Option<Bytes> {
        self.state = State::Idle;
        if self.held.is_some() && !self.queue.iter().any(|response| response.describes) {
            // What is still kept says less than the 2xx does.
            self.queue.clear();
            self.state = State::Final { unacknowledged: None };
            return self.held.take();
        }
        let next = self.queue.pop_front()?;
        Some(self.send(next, now, timers))
    }

    fn send(&mut self, response: Reliable, now: Time, timers: &TimerConfig) -> Bytes {
        let bytes = response.bytes.clone();
        self.state = State::Waiting {
            sent: response,
            next_at: now + timers.t1,
            ends_at: now + timers.timeout(),
            repeats: 0,
        };
        bytes
    }

    fn on_final(&mut self, status: u16, bytes: Bytes) -> Result<ServerAction, Misuse> {
        let is_success = match status {
            200..=299 => true,
            300..=699 => false,
            ..=199 | 700.. => return Err(Misuse::NotFinal),
        };
        let describes = self.queue.iter().any(|response| response.describes);
        let (must_wait, unacknowledged) = match &self.state {
            State::Final { .. } => return Err(Misuse::FinalAlreadySent),
            State::Overdue { .. } if is_success => return Err(Misuse::NotAcknowledged),
            State::Overdue { unacknowledged } => (false, *unacknowledged),
            State::Idle => (false, None),
            // RFC 3262 §3, §5 [3262-3-15, 3262-5-4]: a 2xx waits for the acknowledgement of every session description.
            State::Waiting { sent, .. } => (sent.describes || describes, Some(sent.rseq)),
            // RFC 3262 §5: the offer of the PRACK is answered in its 2xx, and not overtaken by another one.
            State::Answering { .. } => (true, None),
        };
        if is_success && self.held.is_some() {
            return Err(Misuse::FinalAlreadySent);
        }
        if is_success && must_wait {
            self.held = Some(bytes);
            return Ok(ServerAction::Kept);
        }
        // RFC 3262 §3: what is not acknowledged is not repeated any more. A failure takes the place of a 2xx that waits.
        self.held = None;
        self.queue.clear();
        self.state = State::Final { unacknowledged };
        Ok(ServerAction::Respond(bytes))
    }

    fn on_deadline(&mut self, now: Time, timers: &TimerConfig) -> ServerAction {
        match &mut self.state {
            State::Waiting { sent, next_at, ends_at, repeats } => {
                // RFC 3262 §3: after 64*T1 the INVITE should be refused.
                if *ends_at <= now {
                    self.state = State::Overdue { unacknowledged: Some(sent.rseq) };
                    self.queue.clear();
                    self.held = None;
                    return ServerAction::NoPrack;
                }
                if *next_at > now {
                    return ServerAction::Nothing;
                }
                // RFC 3262 §3 [3262-3-s1]: the interval starts at T1 and doubles, without the bound of T2.
                *repeats = repeats.saturating_add(1);
                *next_at = now + timers.doubled(*repeats);
                ServerAction::Repeat(sent.bytes.clone())
            }
            State::Answering { ends_at } if *ends_at <= now => {
                self.release(now, timers).map_or(ServerAction::Nothing, ServerAction::Respond)
            }
            State::Idle | State::Answering { .. } | State::Overdue { .. } | State::Final { .. } => {
                ServerAction::Nothing
            }
        }
    }

    /// Shortens deadlines that lie further ahead than their timer is long: for a snapshot that was written by a
    /// machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        match &mut self.state {
            State::Waiting { next_at, ends_at, repeats, .. } => {
                clamp(next_at, now, timers.doubled(*repeats));
                clamp(ends_at, now, timers.timeout());
            }
            State::Answering { ends_at } => clamp(ends_at, now, timers.timeout()),
            State::Idle | State::Overdue { .. } | State::Final { .. } => {}
        }
    }
}

#[cfg(test)]
mod tests;
