//! One callback into a guest: what the handler sees and everything that it may do.
//!
//! A [`Turn`] owns the working copy of its application session and moves: to the guest's runner and back. Every action is
//! checked against the servlet rules and answered at once; sends go into the outbox and leave after the commit. When
//! the handler dies the container drops the turn's copy, so nothing that it did was ever there.
//!
//! Start reading at [`Turn`]; `turn::message` has what is done to messages, `turn::session` what is done to sessions.

mod flat;
mod message;
mod session;
mod timer;

pub use crate::session::timers::{LONGEST_DELAY, Repeat, SHORTEST_PERIOD};
pub use crate::step::listeners::AttributeChange;
pub use timer::TimerView;

pub use session::ATTRIBUTE_NAME_BYTES;

use core::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siplet_sip::time::Time;

use crate::app::{AppId, Application, Handler};
use crate::io::{Key, Transport};
use crate::names::Random;
use crate::step::{self, WorkingCopy};

use message::TurnMessage;

/// Number of a turn; never used again in a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TurnId(pub u64);

/// A message inside a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MessageId(pub u32);

/// A SIP session inside its application session; never used again in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct SipKey(pub u32);

/// States of a SIP session (SIP Servlet 1.1 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SessionState {
    /// No dialog.
    Initial,
    /// An early dialog.
    Early,
    /// A confirmed dialog.
    Confirmed,
    /// Over.
    Terminated,
}

impl SessionState {
    /// The state as logs and listings have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Initial => "initial",
            Self::Early => "early",
            Self::Confirmed => "confirmed",
            Self::Terminated => "terminated",
        }
    }
}

/// What the guest is called for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Callback {
    /// A request.
    Request {
        /// Its handler.
        handler: Handler,
        /// The request.
        message: MessageId,
    },
    /// A response.
    Response {
        /// Its handler.
        handler: Handler,
        /// The response.
        message: MessageId,
    },
    /// The application was deployed.
    ServletInitialized,
    /// No ACK came for a 2xx.
    NoAckReceived {
        /// The 2xx.
        response: MessageId,
    },
    /// No PRACK came for a reliable response to this INVITE.
    NoPrackReceived {
        /// The INVITE.
        request: MessageId,
    },
    /// The session may move to this version; [`Turn::upgrade_from`] tells from which.
    Upgrade,
    /// A timer has fired.
    Timeout {
        /// The timer as it was when it fired.
        timer: TimerView,
    },
    /// Something has become of a SIP session.
    Session {
        /// Its handler: `session-created`, `session-ready-to-invalidate`, `session-destroyed`.
        handler: Handler,
        /// Which.
        session: SipKey,
    },
    /// Something has become of the application session.
    ApplicationSession {
        /// Its handler: `application-session-created`, `-expired`, `-ready-to-invalidate`, `-destroyed`, `-did-activate`.
        handler: Handler,
    },
    /// An attribute has another value.
    AttributeChanged {
        /// Which, and its values.
        change: Arc<AttributeChange>,
    },
}

impl Callback {
    /// The handler's name.
    #[must_use]
    pub fn handler(&self) -> Handler {
        match self {
            Self::Request { handler, .. }
            | Self::Response { handler, .. }
            | Self::Session { handler, .. }
            | Self::ApplicationSession { handler } => *handler,
            Self::Timeout { .. } => Handler::Timeout,
            Self::AttributeChanged { change } => step::listeners::attribute_handler(change.session),
            Self::ServletInitialized => Handler::ServletInitialized,
            Self::NoAckReceived { .. } => Handler::NoAckReceived,
            Self::NoPrackReceived { .. } => Handler::NoPrackReceived,
            Self::Upgrade => Handler::Upgrade,
        }
    }
}

/// Whose attributes or flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// The application session's.
    Application,
    /// A SIP session's.
    Session(SipKey),
}

impl Scope {
    /// The SIP session; none: the application session.
    #[must_use]
    pub const fn session(self) -> Option<SipKey> {
        match self {
            Self::Application => None,
            Self::Session(sip) => Some(sip),
        }
    }
}

/// The far end of the hop that a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its address.
    pub address: SocketAddr,
    /// How it came.
    pub transport: Transport,
}

/// A message in two flat lists, as the WIT record `view` documents them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flat {
    /// The message as it stands on the wire.
    pub bytes: Bytes,
    /// Eight words, then five for each header line.
    pub index: Vec<u32>,
}

/// How loud a line of log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something looks wrong.
    Warn,
    /// Something worth a line.
    Info,
    /// For whoever looks for a fault.
    Debug,
    /// Everything.
    Trace,
}

/// A line that a handler logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// How loud.
    pub level: Level,
    /// The text.
    pub message: String,
}

/// Why an action was refused; one to one the WIT variant `error`. Nothing of the action was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Misuse {
    /// The handle names nothing of this turn.
    StaleHandle,
    /// The session was invalidated.
    InvalidSession,
    /// The message was sent already.
    AlreadyCommitted,
    /// The transaction has its final response.
    FinalResponseSent,
    /// The transaction is over, or the message is none that can be sent from here.
    NoTransaction,
    /// The session has no dialog in the state that this asks for.
    NoDialog,
    /// The header is the container's own: its name.
    SystemHeader(String),
    /// A header name or value that cannot stand in a message: why.
    InvalidHeader(String),
    /// An address or URI that cannot be parsed: why.
    InvalidAddress(String),
    /// A status code that cannot stand here.
    InvalidStatus(u16),
    /// A method that cannot be created here: which or why.
    InvalidMethod(String),
    /// A named limit is reached: its name.
    Limit(&'static str),
    /// The host does not do this: what.
    NotSupported(&'static str),
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StaleHandle => f.write_str("the handle belongs to a turn that has ended"),
            Self::InvalidSession => f.write_str("the session was invalidated"),
            Self::AlreadyCommitted => f.write_str("the message was sent already"),
            Self::FinalResponseSent => f.write_str("the request has its final response"),
            Self::NoTransaction => f.write_str("the transaction is over"),
            Self::NoDialog => f.write_str("the session has no dialog for this"),
            Self::SystemHeader(name) => write!(f, "the header {name} is the container's own"),
            Self::InvalidHeader(why) => write!(f, "this header cannot stand in a message: {why}"),
            Self::InvalidAddress(why) => write!(f, "this is no address: {why}"),
            Self::InvalidStatus(status) => write!(f, "the status {status} cannot stand here"),
            Self::InvalidMethod(why) => write!(f, "this method cannot be created here: {why}"),
            Self::Limit(name) => write!(f, "the limit {name} is reached"),
            Self::NotSupported(what) => write!(f, "the host does not do this: {what}"),
        }
    }
}

impl core::error::Error for Misuse {}

/// How a handler ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Well: the turn is committed.
    Done,
    /// It returned an error with this text: the turn is abandoned.
    Failed(String),
    /// It died: the turn is abandoned.
    Trapped(Trap),
}

/// How a handler died.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// What kind of death.
    pub reason: TrapReason,
    /// The panic's own text, or what happened, in words.
    pub text: String,
    /// Guest frames, innermost first, demangled.
    pub backtrace: Vec<String>,
    /// CPU time of the turn.
    pub cpu: Duration,
}

/// Kinds of death.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TrapReason {
    /// It panicked.
    Panic,
    /// It took more CPU time than `turn-ms`.
    Deadline,
    /// It wanted more memory than `memory-bytes`, or touched what is not its own.
    Memory,
    /// It called itself too deep.
    StackOverflow,
    /// It stopped without a word (abort, a wild jump).
    Unreachable,
    /// The host could not run it.
    HostError,
    /// Its `init` failed.
    InitFailed,
}

impl TrapReason {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Panic,
        Self::Deadline,
        Self::Memory,
        Self::StackOverflow,
        Self::Unreachable,
        Self::HostError,
        Self::InitFailed,
    ];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::StackOverflow => "stack-overflow",
            Self::Unreachable => "unreachable",
            Self::HostError => "host-error",
            Self::InitFailed => "init-failed",
        }
    }
}

/// One callback into a guest, with the working copy of its application session.
#[derive(Debug)]
pub struct Turn {
    id: TurnId,
    callback: Callback,
    messages: Vec<TurnMessage>,
    upgrade_from: String,
    pub(crate) copy: WorkingCopy,
    /// Messages and bytes that this turn has put into the outbox.
    sent: usize,
    sent_bytes: usize,
    random: Random,
    log: Vec<LogLine>,
    log_bytes: usize,
    log_dropped: u32,
    cpu: Option<Duration>,
}

impl Turn {
    /// A turn for what the host part asked for. The copy comes back when the message is gone from it.
    pub(crate) fn new(
        id: TurnId,
        callback: &step::Callback,
        copy: WorkingCopy,
        seed: [u64; 2],
    ) -> Result<Self, Box<WorkingCopy>> {
        let mut messages = Vec::with_capacity(4);
        let upgrade_from = match callback {
            step::Callback::Upgrade { from, .. } => from.clone(),
            step::Callback::Request { .. }
            | step::Callback::Ack { .. }
            | step::Callback::Response { .. }
            | step::Callback::NoAck { .. }
            | step::Callback::NoPrack { .. }
            | step::Callback::Timeout { .. }
            | step::Callback::Session { .. }
            | step::Callback::ApplicationSession { .. }
            | step::Callback::Attribute { .. }
            | step::Callback::Initialized => String::new(),
        };
        let Some(callback) = message::enter(callback, &copy, &mut messages) else {
            return Err(Box::new(copy));
        };
        Ok(Self {
            id,
            callback,
            messages,
            upgrade_from,
            copy,
            sent: 0,
            sent_bytes: 0,
            random: Random::new(seed),
            log: Vec::new(),
            log_bytes: 0,
            log_dropped: 0,
            cpu: None,
        })
    }

    /// Number of the turn.
    #[must_use]
    pub const fn id(&self) -> TurnId {
        self.id
    }

    /// Which version of which application.
    #[must_use]
    pub fn app(&self) -> &AppId {
        &self.copy.application.id
    }

    /// The application.
    #[must_use]
    pub const fn application(&self) -> &Arc<Application> {
        &self.copy.application
    }

    /// What the guest is called for.
    #[must_use]
    pub fn callback(&self) -> Callback {
        self.callback.clone()
    }

    /// The version of the application that the session is with, as its descriptor tells it; empty but in
    /// [`Callback::Upgrade`].
    #[must_use]
    pub fn upgrade_from(&self) -> &str {
        &self.upgrade_from
    }

    /// When the turn began.
    #[must_use]
    pub const fn now(&self) -> Time {
        self.copy.now
    }

    /// The application session's key, for reports.
    #[must_use]
    pub const fn key(&self) -> Key {
        self.copy.session.key
    }

    /// Whoever ran the handler tells its CPU time, for records.
    pub const fn took(&mut self, cpu: Duration) {
        self.cpu = Some(cpu);
    }

    pub(crate) const fn cpu(&self) -> Option<Duration> {
        self.cpu
    }

    /// What its random numbers began with.
    pub(crate) const fn seed(&self) -> [u64; 2] {
        self.random.seed()
    }

    /// The message that the callback is about.
    pub(crate) fn message_bytes(&self) -> Option<&Bytes> {
        match self.messages.first()? {
            TurnMessage::Received { message, .. } => Some(message.bytes()),
            TurnMessage::Created { .. } => None,
        }
    }

    /// 64 random bits.
    pub fn random(&mut self) -> u64 {
        self.random.next()
    }

    /// Logs a line. Beyond `log-bytes` lines are counted and dropped.
    pub fn log(&mut self, level: Level, message: String) {
        let bytes = self.log_bytes.saturating_add(message.len());
        if bytes > self.copy.application.descriptor.limits.log_bytes {
            self.log_dropped += 1;
            return;
        }
        self.log_bytes = bytes;
        self.log.push(LogLine { level, message });
    }

    /// What the handler logged so far.
    #[must_use]
    pub fn log_lines(&self) -> &[LogLine] {
        &self.log
    }

    /// What the handler logged, and how many lines were dropped.
    pub(crate) fn take_log(&mut self) -> (Vec<LogLine>, u32) {
        (std::mem::take(&mut self.log), self.log_dropped)
    }

    /// The Call-ID of the message that the turn is about, or else of the oldest SIP session.
    #[must_use]
    pub fn call_id(&self) -> Option<String> {
        let sip = match self.messages.first() {
            Some(message) => self.copy.session.sip(message.sip())?,
            None => self.copy.session.sips.first()?,
        };
        Some(String::from_utf8_lossy(&sip.call_id).into_owned())
    }

    /// One line for ladders and traces: what the turn has put into its outbox, in order (`180 INVITE`, `BYE`).
    #[must_use]
    pub fn outbox_summary(&self) -> Vec<String> {
        self.copy.outbox.iter().map(|outgoing| crate::trace::summary(&outgoing.bytes)).collect()
    }
}
