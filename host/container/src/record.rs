//! What one step of one application session was and did: for ladders, tests, records and their replay.
//!
//! A container that is asked to ([`crate::io::Command::Watch`]) emits a [`Report::Step`](crate::report::Report::Step) at the
//! commit of every step of the sessions that the watch takes in; a step in which a handler died can be kept without being
//! watched ([`crate::config::Config::keep_trapped`]). Both come from what the step has at hand anyway, compared at its
//! commit: a step that nobody watches pays for one question.
//!
//! [`StepRecord::input`] can be given again: [`crate::Container::replay`] runs a record through the same container.
//! Messages that were answered without a step (a repetition, a refusal without a transaction) are deliberately not here:
//! they change no session.

pub mod compare;
pub mod effects;
mod recorder;
pub mod redact;
pub mod text;
pub mod watch;

use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siplet_sip::time::Time;
use siplet_sip::transaction::TimerConfig;

use crate::app::{AppId, Application, Handler};
use crate::config::{Config, Limits, Listener};
use crate::io::{Flow, Hop, Key, Transport};
use crate::turn::{Level, SessionState, TrapReason};

pub(crate) use recorder::Recorder;

/// One step of one application session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepRecord {
    /// The application session.
    pub key: Key,
    /// Its id as applications see it.
    pub id: String,
    /// Its application.
    pub app: AppId,
    /// Version of the application as its descriptor tells it.
    pub version: String,
    /// Number of the step among those told of its session; rises by one. A gap: steps between were lost, or the session
    /// went back to what it was before them. 0 where the session is not watched.
    #[serde(default)]
    pub number: u64,
    /// The watches that took the session in; empty when only the death of a handler kept the step.
    pub watches: Vec<u64>,
    /// Set when a handler died in the step and the step is kept for that: a name for the record, never given twice.
    pub trapped: Option<String>,
    /// Where the recording of this session begins, or begins anew: what a replay needs before this step.
    pub beginning: Option<Box<Beginning>>,
    /// When the step began, microseconds since the Unix epoch.
    pub at: Time,
    /// What began it.
    pub input: StepInput,
    /// The callbacks into the guest, in order.
    pub turns: Vec<TurnRecord>,
    /// Everything that the step put into its outbox, in order; it left the host at the commit or when it was stored.
    pub sent: Vec<Sent>,
    /// SIP sessions that are new, have another state, or have gone.
    pub sessions: Vec<SessionChange>,
    /// The earliest deadline of the session after the step: one that must be met, or one that only cleans up.
    pub next_deadline: Option<Time>,
    /// True when the application session is over for its application after this step.
    pub ended: bool,
}

/// What stands before the steps of a record: how the container was set that wrote it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    /// [`FORMAT`] of whoever wrote it.
    pub siplet_record: u32,
    /// Version of the host that wrote it, for people.
    pub siplet: String,
    /// The settings that decide what a step does.
    pub settings: Settings,
    /// What was made unreadable on purpose, in words, for people.
    pub redacted: Vec<String>,
}

/// The format of records that this crate writes and reads.
pub const FORMAT: u32 = 1;

/// The settings of a container that decide what a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Its listeners; flows and hops name them by number.
    pub listeners: Vec<Listener>,
    /// SIP timers.
    pub timers: TimerConfig,
    /// Limits.
    pub limits: Limits,
    /// Value of the Server header; empty: none.
    pub server_header: String,
}

impl Settings {
    /// Those of that configuration.
    #[must_use]
    pub fn of(config: &Config) -> Self {
        Self {
            listeners: config.listeners.clone(),
            timers: config.timers.clone(),
            limits: config.limits.clone(),
            server_header: config.server_header.clone(),
        }
    }

    /// A configuration for [`crate::Container::replaying`].
    #[must_use]
    pub fn config(&self) -> Config {
        Config {
            listeners: self.listeners.clone(),
            timers: self.timers.clone(),
            limits: self.limits.clone(),
            server_header: self.server_header.clone(),
            ..Config::default()
        }
    }
}

/// All that a session was before its first recorded step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Beginning {
    /// The application with descriptor, init parameters and limits.
    pub application: Arc<Application>,
    /// The session's snapshot; none when it begins with this step.
    #[serde(with = "text::hex")]
    pub snapshot: Option<Bytes>,
    /// The keys under which names of this session, and of no other, are minted and checked.
    pub names: NamesKey,
}

/// The keys of one session's names: the one that mints and, after a rotation of the secret, the one before it.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NamesKey {
    /// Mints.
    pub mints: [u64; 2],
    /// Still good.
    pub previous: Option<[u64; 2]>,
}

impl core::fmt::Debug for NamesKey {
    /// Says nothing: whoever has it can make names of the session.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("NamesKey(..)")
    }
}

/// What began a step, as it can be given again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum StepInput {
    /// A message came.
    Packet {
        /// Where it came from.
        flow: Flow,
        /// The whole message.
        #[serde(with = "text")]
        bytes: Bytes,
        /// What it is in this session.
        role: Role,
    },
    /// Something was due.
    Deadline,
    /// The request of a client transaction could not be sent.
    TransmitFailed {
        /// Index of the transaction.
        client: u32,
        /// The CANCEL of it.
        is_cancel: bool,
    },
    /// The DNS answered for a client transaction.
    Resolved {
        /// Index of the transaction.
        client: u32,
        /// The CANCEL of it.
        is_cancel: bool,
        /// The addresses.
        answer: Vec<IpAddr>,
    },
    /// The application was deployed: this is its root session.
    Deployed,
    /// The application of this root session has gone.
    Undeployed,
    /// The session was restored from its stored state, and its servlet is told.
    Activated,
    /// A newer version may take the session over.
    Upgrade {
        /// That version.
        to: Arc<Application>,
        /// The session was restored for it already, and was last with a version of that text.
        restored_from: Option<String>,
    },
    /// The host stopped, and the session ended with what its peers were owed.
    Stopped {
        /// Seconds for the Retry-After of a 503.
        retry_after_s: u32,
    },
}

/// What a message is in its session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Role {
    /// A request outside every dialog: the session begins with it.
    Initial,
    /// A request inside the dialog of that SIP session.
    Subsequent(u32),
    /// A CANCEL for that server transaction.
    Cancel(u32),
    /// The ACK for the failure response of that server transaction.
    AckOfFailure(u32),
    /// The ACK for a 2xx in that SIP session.
    Ack(u32),
    /// A response to that client transaction.
    Response(u32),
    /// A response to the CANCEL of that client transaction.
    CancelResponse(u32),
}

/// One callback into the guest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TurnRecord {
    /// Number of the turn in its container; tells turns apart, and is another at a replay.
    pub number: u64,
    /// Which handler.
    pub handler: Handler,
    /// Request line or status line of the message that the callback is about, if there is one.
    pub about: Option<String>,
    /// The turn's random numbers begin with this.
    pub seed: [u64; 2],
    /// How the handler ended.
    pub outcome: TurnOutcome,
    /// CPU time of the handler in microseconds, where whoever ran it has told.
    pub cpu_us: Option<u64>,
    /// Attributes that the handler set to another value or removed; also those of a handler that died, which are void.
    pub attributes: Vec<AttributeChange>,
    /// What it logged.
    pub log: Vec<LogRecord>,
    /// Lines beyond the limit of log bytes.
    pub log_dropped: u32,
    /// What a handler that died had put into the outbox: it never left.
    pub unsent: Vec<Sent>,
}

/// How a handler ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum TurnOutcome {
    /// Well.
    Done,
    /// It returned an error with this text.
    Failed(String),
    /// It died.
    Trapped {
        /// What kind of death.
        reason: TrapReason,
        /// The panic's own text, or what happened, in words.
        text: String,
        /// Guest frames, innermost first.
        backtrace: Vec<String>,
    },
}

/// An attribute that has another value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttributeChange {
    /// Whose: a SIP session's, or (none) the application session's.
    pub session: Option<u32>,
    /// Its name.
    pub name: String,
    /// The value before, none: it was not there.
    #[serde(with = "text::option", default)]
    pub old: Option<Bytes>,
    /// The value now, none: it was removed.
    #[serde(with = "text::option", default)]
    pub new: Option<Bytes>,
}

/// A line that a handler logged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogRecord {
    /// How loud.
    pub level: Level,
    /// The line.
    pub message: String,
}

/// A message in the outbox of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sent {
    /// Where it goes.
    pub to: Destination,
    /// The whole message.
    #[serde(with = "text")]
    pub bytes: Bytes,
    /// Index in [`StepRecord::turns`] of the handler that sent it; none: the host's own part.
    pub turn: Option<u32>,
    /// How many turns of the step had ended when it was put there. The host's part before the first turn has 0.
    pub after: u32,
}

/// Where a sent message goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Destination {
    /// There.
    Hop(Hop),
    /// To this host, once the DNS has told its address.
    Name {
        /// The host name.
        host: String,
        /// The port.
        port: u16,
        /// How.
        transport: Transport,
        /// Index of the listener that sends.
        listener: u16,
    },
}

/// A SIP session that is new, has another state, or has gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SessionChange {
    /// Its key inside the application session.
    pub session: u32,
    /// Its Call-ID.
    pub call_id: String,
    /// The state before the step, none: there was no such session.
    pub old: Option<SessionState>,
    /// The state after it, none: it has gone.
    pub new: Option<SessionState>,
}

impl StepRecord {
    /// The application session's number in the way that reports write it.
    #[must_use]
    pub fn message(&self) -> Option<&Bytes> {
        match &self.input {
            StepInput::Packet { bytes, .. } => Some(bytes),
            StepInput::Deadline
            | StepInput::TransmitFailed { .. }
            | StepInput::Resolved { .. }
            | StepInput::Deployed
            | StepInput::Undeployed
            | StepInput::Activated
            | StepInput::Upgrade { .. }
            | StepInput::Stopped { .. } => None,
        }
    }

    /// True when a handler of the step died.
    #[must_use]
    pub fn has_trap(&self) -> bool {
        self.turns.iter().any(|turn| matches!(turn.outcome, TurnOutcome::Trapped { .. }))
    }
}
