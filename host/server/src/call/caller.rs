//! A test call as a machine: messages and the time come in, messages and rows of the ladder come out.
//!
//! It is a UAC of RFC 3261 §13.2 and §17.1 with as little as a call needs: retransmissions over UDP, ACK for every
//! final response, CANCEL when it rings too long, BYE after its time, and an answer to a BYE that comes first.
//! Times count from the start of the call.

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::io::Transport;
use siplet_ladder::{Row, What, spoken};
use siplet_sip::draft::{Draft, InvalidValue};
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::{Message, StartLine};
use siplet_sip::method::Method;
use siplet_sip::uri::Uri;

use super::messages::{Dialog, Sender};

/// T1, RFC 3261 §17.1.1.1.
const T1: Duration = Duration::from_millis(500);
/// T2.
const T2: Duration = Duration::from_secs(4);
/// Timers B and F: 64*T1.
const TIMEOUT: Duration = Duration::from_secs(32);
/// Columns of the ladder.
const CALLER: usize = 0;
const CALLED: usize = 1;

/// What the call shall do.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whom to call.
    pub uri: String,
    /// From the answer to the BYE.
    pub duration: Duration,
    /// How long it may ring.
    pub wait: Duration,
}

/// Names of one call that nobody else has.
#[derive(Clone, Debug)]
pub struct Names {
    pub(super) call_id: String,
    pub(super) tag: String,
    pub(super) branch: String,
}

impl Names {
    /// From random words.
    #[must_use]
    pub fn new(one: [u64; 2], two: [u64; 2]) -> Self {
        Self {
            call_id: format!("{:016x}{:016x}", one[0], one[1]),
            tag: format!("{:016x}", two[0]),
            branch: format!("{:016x}", two[1]),
        }
    }
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Answered, and ended by a BYE that was answered.
    Good {
        /// Status of the answer.
        status: u16,
        /// From INVITE to answer.
        after: Duration,
        /// From answer to the end.
        lasted: Duration,
    },
    /// A final response other than 2xx.
    Refused {
        /// Its status.
        status: u16,
        /// Its reason phrase.
        reason: String,
    },
    /// Nobody answered the INVITE.
    Silent,
    /// It rang for too long, or was stopped, and was cancelled.
    Cancelled,
    /// Answered, but nobody answered the BYE.
    NoGoodbye,
    /// The connection was closed.
    HungUp,
    /// What came cannot be followed.
    Confused(String),
}

impl End {
    /// True for a call that went as calls should.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Good { .. })
    }

    /// Status of the final response, where there was one.
    #[must_use]
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Good { status, .. } | Self::Refused { status, .. } => Some(*status),
            Self::Silent | Self::Cancelled | Self::NoGoodbye | Self::HungUp | Self::Confused(_) => None,
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Good { after, lasted, .. } => {
                write!(f, "answered after {}, ended after {} more", spoken(*after), spoken(*lasted))
            }
            Self::Refused { status, reason } => write!(f, "refused: {status} {reason}"),
            Self::Silent => f.write_str("nobody answered: is a server listening there, over this transport?"),
            Self::Cancelled => f.write_str("cancelled: it was not answered in time"),
            Self::NoGoodbye => f.write_str("answered, but nobody answered the BYE"),
            Self::HungUp => f.write_str("the other side closed the connection"),
            Self::Confused(why) => write!(f, "the answer cannot be followed: {why}"),
        }
    }
}

#[derive(Debug)]
enum State {
    /// No answer to the INVITE yet.
    Calling,
    /// A provisional response has come.
    Ringing,
    Cancelling,
    Talking {
        since: Duration,
    },
    /// The BYE is under way.
    Leaving {
        since: Duration,
    },
    Ended(End),
}

/// A request that is repeated until it is answered.
#[derive(Debug)]
struct Repeat {
    bytes: Bytes,
    label: &'static str,
    at: Duration,
    interval: Duration,
    interval_max: Duration,
}

/// One test call.
#[derive(Debug)]
pub struct Caller {
    plan: Plan,
    sender: Sender,
    invite: Message,
    state: State,
    /// When the state gives up or goes on by itself.
    due: Duration,
    repeat: Option<Repeat>,
    dialog: Option<Dialog>,
    ack: Option<Bytes>,
    answered: Option<(u16, Duration)>,
    out: VecDeque<Bytes>,
    rows: VecDeque<Row>,
    /// Time of the last input.
    now: Duration,
}

impl Caller {
    /// Begins the call at time zero: the INVITE is ready to be sent.
    ///
    /// # Errors
    /// A URI that cannot stand in a message.
    pub fn new(
        plan: Plan,
        names: Names,
        transport: Transport,
        local: SocketAddr,
    ) -> Result<Self, InvalidValue> {
        let sender = Sender { names, transport, local };
        let invite = sender.invite(&plan.uri)?;
        let mut caller = Self {
            plan,
            sender,
            state: State::Calling,
            due: TIMEOUT,
            repeat: None,
            dialog: None,
            ack: None,
            answered: None,
            out: VecDeque::new(),
            rows: VecDeque::new(),
            now: Duration::ZERO,
            invite,
        };
        let bytes = caller.invite.bytes().clone();
        // RFC 3261 §17.1.1.2: Timer A doubles without a bound of its own.
        caller.request(bytes, "INVITE", Duration::ZERO, TIMEOUT);
        Ok(caller)
    }

    /// The next message to send.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    /// The next row of the ladder.
    pub fn poll_row(&mut self) -> Option<Row> {
        self.rows.pop_front()
    }

    /// How it ended, once it has.
    #[must_use]
    pub fn end(&self) -> Option<End> {
        match &self.state {
            State::Ended(end) => Some(end.clone()),
            State::Calling
            | State::Ringing
            | State::Cancelling
            | State::Talking { .. }
            | State::Leaving { .. } => None,
        }
    }

    /// When [`Caller::on_timeout`] is due.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Duration> {
        let repeat = self.repeat.as_ref().map_or(self.due, |repeat| repeat.at);
        (!matches!(self.state, State::Ended(_))).then(|| repeat.min(self.due))
    }

    /// Where requests of the dialog go: the first route or the target, where that is an IP address.
    #[must_use]
    pub fn next_hop(&self) -> Option<SocketAddr> {
        let dialog = self.dialog.as_ref()?;
        let first = dialog.routes.first().map_or(dialog.target.as_slice(), |route| {
            let start = route.iter().position(|byte| *byte == b'<').map_or(0, |at| at + 1);
            let end = route.iter().position(|byte| *byte == b'>').unwrap_or(route.len());
            &route[start.min(end)..end]
        });
        let uri = Uri::parse(first).ok()?;
        Some(SocketAddr::new(uri.ip()?, uri.port().unwrap_or(5060)))
    }

    /// A message has come.
    pub fn on_message(&mut self, bytes: Bytes, now: Duration) {
        self.now = now;
        let Ok(message) = Message::parse(bytes, &Limits::default()) else { return };
        let label = match message.start() {
            StartLine::Request { method, .. } => method.to_string(),
            StartLine::Response { status, reason } => format!("{status} {}", String::from_utf8_lossy(reason)),
        };
        self.arrow(CALLED, CALLER, &label, false);
        match (message.status(), message.cseq()) {
            (None, _) => self.on_request(message, now),
            (Some(status), Ok((_, Method::Invite))) => self.on_invite_response(status, &message, now),
            (Some(status), Ok((_, Method::Bye))) if status >= 200 => self.on_bye_response(now),
            (Some(_), _) => {}
        }
    }

    /// The time that [`Caller::next_timeout`] named has come.
    pub fn on_timeout(&mut self, now: Duration) {
        self.now = now;
        if now >= self.due {
            return self.on_due(now);
        }
        let Some(repeat) = &mut self.repeat else { return };
        if now >= repeat.at {
            repeat.interval = (repeat.interval * 2).min(repeat.interval_max);
            repeat.at = now + repeat.interval;
            let (bytes, label) = (repeat.bytes.clone(), repeat.label);
            self.out.push_back(bytes);
            self.arrow(CALLER, CALLED, label, true);
        }
    }

    fn on_due(&mut self, now: Duration) {
        match self.state {
            State::Calling => self.state = State::Ended(End::Silent),
            State::Ringing => self.cancel(now),
            State::Cancelling => self.state = State::Ended(End::Cancelled),
            State::Talking { since } => self.leave(since, now),
            State::Leaving { .. } => self.state = State::Ended(End::NoGoodbye),
            State::Ended(_) => {}
        }
    }

    /// The user wants to stop.
    pub fn on_stop(&mut self, now: Duration) {
        self.now = now;
        match self.state {
            // RFC 3261 §9.1: no CANCEL before a provisional response.
            State::Calling => self.state = State::Ended(End::Cancelled),
            State::Ringing => self.cancel(now),
            State::Talking { since } => self.leave(since, now),
            State::Cancelling | State::Leaving { .. } => self.state = State::Ended(End::Cancelled),
            State::Ended(_) => {}
        }
    }

    /// The connection is gone.
    pub fn on_hang_up(&mut self) {
        if !matches!(self.state, State::Ended(_)) {
            self.state = State::Ended(End::HungUp);
        }
    }

    fn on_invite_response(&mut self, status: u16, response: &Message, now: Duration) {
        match (&self.state, status) {
            (State::Calling | State::Ringing, 100..=199) => {
                self.repeat = None;
                self.state = State::Ringing;
                self.due = self.plan.wait;
            }
            (State::Calling | State::Ringing | State::Cancelling, 200..=299) => {
                let late = matches!(self.state, State::Cancelling);
                self.on_answer(status, response, now);
                // RFC 3261 §9.1: the answer was faster than the CANCEL; the call is ended at once.
                if late && let State::Talking { since } = self.state {
                    self.leave(since, now);
                }
            }
            (State::Calling | State::Ringing | State::Cancelling, 300..) => {
                let reason = String::from_utf8_lossy(response.reason()).into_owned();
                self.acknowledge_failure(response);
                let cancelled = matches!(self.state, State::Cancelling) && status == 487;
                let end = if cancelled { End::Cancelled } else { End::Refused { status, reason } };
                self.state = State::Ended(end);
            }
            // RFC 3261 §13.2.2.4: every repeated 2xx gets its ACK again.
            (State::Talking { .. } | State::Leaving { .. }, 200..=299) => {
                if let Some(ack) = self.ack.clone() {
                    self.out.push_back(ack);
                    self.arrow(CALLER, CALLED, "ACK", true);
                }
            }
            (State::Ended(End::Refused { .. } | End::Cancelled), 300..) => self.acknowledge_failure(response),
            (
                State::Calling
                | State::Ringing
                | State::Cancelling
                | State::Talking { .. }
                | State::Leaving { .. }
                | State::Ended(_),
                _,
            ) => {}
        }
    }

    fn on_answer(&mut self, status: u16, response: &Message, now: Duration) {
        self.repeat = None;
        let Some(dialog) = Dialog::of(response) else {
            self.state = State::Ended(End::Confused(format!("the {status} has no Contact")));
            return;
        };
        match self.sender.in_dialog(Method::Ack, &dialog, 2, 1) {
            Ok(ack) => {
                self.dialog = Some(dialog);
                self.ack = Some(ack.clone());
                self.answered = Some((status, now));
                self.say(ack, "ACK");
                self.state = State::Talking { since: now };
                self.due = now + self.plan.duration;
            }
            Err(error) => self.state = State::Ended(End::Confused(error.to_string())),
        }
    }

    fn acknowledge_failure(&mut self, response: &Message) {
        self.repeat = None;
        let ack = Draft::ack_for(&self.invite, response).to_bytes();
        self.say(ack, "ACK");
    }

    fn on_bye_response(&mut self, now: Duration) {
        if let State::Leaving { since } = self.state {
            self.finish(since, now);
        }
    }

    fn on_request(&mut self, request: Message, now: Duration) {
        let method = request.method().cloned();
        let request = Arc::new(request);
        let status = match method {
            Some(Method::Ack) | None => return,
            Some(Method::Bye | Method::Options | Method::Info | Method::Update) => 200,
            Some(Method::Invite) => 488,
            Some(_) => 405,
        };
        let Ok(mut answer) = Draft::response(&request, status, None, None) else { return };
        if status == 405 && answer.set(HeaderId::Allow, b"INVITE, ACK, CANCEL, BYE, OPTIONS").is_err() {
            return;
        }
        let label = format!("{status} {}", String::from_utf8_lossy(answer.reason()));
        self.say(answer.to_bytes(), &label);
        if method == Some(Method::Bye)
            && let State::Talking { since } | State::Leaving { since } = self.state
        {
            self.finish(since, now);
        }
    }

    fn finish(&mut self, since: Duration, now: Duration) {
        self.repeat = None;
        let (status, after) = self.answered.unwrap_or_default();
        self.state = State::Ended(End::Good { status, after, lasted: now.saturating_sub(since) });
    }

    fn cancel(&mut self, now: Duration) {
        self.state = State::Cancelling;
        self.due = now + TIMEOUT;
        let cancel = Draft::cancel_of(&self.invite).to_bytes();
        self.say(cancel, "CANCEL");
    }

    fn leave(&mut self, since: Duration, now: Duration) {
        let Some(dialog) = &self.dialog else { return };
        match self.sender.in_dialog(Method::Bye, dialog, 3, 2) {
            Ok(bye) => {
                self.state = State::Leaving { since };
                self.due = now + TIMEOUT;
                self.request(bye, "BYE", now, T2);
            }
            Err(error) => self.state = State::Ended(End::Confused(error.to_string())),
        }
    }

    /// Sends a request, again and again over a transport that may lose it.
    fn request(&mut self, bytes: Bytes, label: &'static str, now: Duration, interval_max: Duration) {
        self.repeat = (!self.sender.transport.is_reliable()).then(|| Repeat {
            bytes: bytes.clone(),
            label,
            at: now + T1,
            interval: T1,
            interval_max,
        });
        self.say(bytes, label);
    }

    fn say(&mut self, bytes: Bytes, label: &str) {
        self.out.push_back(bytes);
        self.arrow(CALLER, CALLED, label, false);
    }

    fn arrow(&mut self, from: usize, to: usize, label: &str, again: bool) {
        let label = label.to_owned();
        let (absorbed, lost, remark) = (false, false, String::new());
        let what = What::Message { from, to, label, again, absorbed, lost, remark };
        self.rows.push_back(Row::at(self.now, what));
    }
}
