//! What the container tells an operator: typed facts, formatted at the edge. Nothing is dropped without one.

use crate::app::{AppId, Handler};
use crate::io::{Flow, Key, ResolveError, UnitId};
use crate::record::StepRecord;
use crate::turn::{Level, Trap};

/// Why a message was dropped without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum DropReason {
    /// The bytes are no SIP message that could be answered.
    Malformed,
    /// A response that validation discards (RFC 3261 §18.1.2).
    InvalidResponse,
    /// A response to nothing that was sent from here, or whose transaction is over.
    StrayResponse,
    /// An ACK that belongs to no INVITE here.
    StrayAck,
    /// A response whose Via is not ours (RFC 3261 §8.1.3.3).
    ForeignVia,
    /// A request that was named by its sender as ours but not with a name that was minted here.
    ForgedName,
    /// More packets wait for stored sessions than `loading_packets` allows.
    LoadingLimit,
    /// The session's mailbox is full and the message cannot be refused (ACK, response).
    MailboxLimit,
    /// The store is another node's for this session.
    Fenced,
    /// More forks of one INVITE answered than `forks` allows.
    ForkLimit,
    /// A reliable provisional response that came before, out of its order, or too late (RFC 3262 §4).
    UnorderedResponse,
    /// The message's answer has nowhere to go: no address, or no listener that reaches it.
    NoRoute,
    /// The shard that owns the message has no room for it, and it cannot be refused (ACK, response) or comes again.
    Handover,
    /// A response or an ACK of a stored session that could not be loaded.
    LoadFailed,
}

impl DropReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 14] = [
        Self::Malformed,
        Self::InvalidResponse,
        Self::StrayResponse,
        Self::StrayAck,
        Self::ForeignVia,
        Self::ForgedName,
        Self::LoadingLimit,
        Self::MailboxLimit,
        Self::Fenced,
        Self::ForkLimit,
        Self::UnorderedResponse,
        Self::NoRoute,
        Self::Handover,
        Self::LoadFailed,
    ];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::InvalidResponse => "invalid-response",
            Self::StrayResponse => "stray-response",
            Self::StrayAck => "stray-ack",
            Self::ForeignVia => "foreign-via",
            Self::ForgedName => "forged-name",
            Self::LoadingLimit => "loading-limit",
            Self::MailboxLimit => "mailbox-limit",
            Self::Fenced => "fenced",
            Self::ForkLimit => "fork-limit",
            Self::UnorderedResponse => "unordered-response",
            Self::NoRoute => "no-route",
            Self::Handover => "handover",
            Self::LoadFailed => "load-failed",
        }
    }
}

/// Why the host answered a request itself, without a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RefuseReason {
    /// Validation found a fault (400, 505...).
    Invalid,
    /// The scheme of the Request-URI is none that is served (416).
    Scheme,
    /// An extension is required that the application does not have (420).
    Extension,
    /// The body's type is none that the application takes (415).
    BodyType,
    /// The application has nothing that the client accepts (406).
    NotAcceptable,
    /// The application does not take the method (405).
    Method,
    /// No application takes the request (404).
    NoApplication,
    /// A request inside a dialog that is not here (481).
    NoDialog,
    /// A CANCEL whose INVITE is not here (481).
    NothingToCancel,
    /// The request has come before by another path (482).
    Merged,
    /// A request inside a dialog from a source that the application does not allow (403).
    InDialogSource,
    /// The host takes no new calls (503).
    Draining,
    /// The head of the message is longer than the limit (513).
    TooLarge,
    /// A limit is reached (503).
    Limit,
    /// The store did not take what the request did (503).
    Store,
    /// The shard that owns the request has no room for it (503).
    Handover,
    /// The stored session that it names, or may be a repetition for, could not be loaded (500, 503): [`LoadFault::status`].
    LoadFailed,
}

impl RefuseReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 17] = [
        Self::Invalid,
        Self::Scheme,
        Self::Extension,
        Self::BodyType,
        Self::NotAcceptable,
        Self::Method,
        Self::NoApplication,
        Self::NoDialog,
        Self::NothingToCancel,
        Self::Merged,
        Self::InDialogSource,
        Self::Draining,
        Self::TooLarge,
        Self::Limit,
        Self::Store,
        Self::Handover,
        Self::LoadFailed,
    ];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::Scheme => "scheme",
            Self::Extension => "extension",
            Self::BodyType => "body-type",
            Self::NotAcceptable => "not-acceptable",
            Self::Method => "method",
            Self::NoApplication => "no-application",
            Self::NoDialog => "no-dialog",
            Self::NothingToCancel => "nothing-to-cancel",
            Self::Merged => "merged",
            Self::InDialogSource => "in-dialog-source",
            Self::Draining => "draining",
            Self::TooLarge => "too-large",
            Self::Limit => "limit",
            Self::Store => "store",
            Self::Handover => "handover",
            Self::LoadFailed => "load-failed",
        }
    }
}

/// Why a stored session could not be loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadFault {
    /// The store could not be reached, as often as it was asked.
    Unavailable,
    /// Another node owns the session.
    Refused,
    /// The application of this name is not deployed.
    NotDeployed(String),
    /// The record is damaged: it is cut, its checksum is another, or it holds no session. How, in words.
    Damaged(String),
    /// The record has this format, which this host does not read.
    Format(u8),
    /// The record holds another session.
    OtherSession,
}

impl LoadFault {
    /// Names of all of them, in the order of their declaration: labels in metrics and logs.
    pub const NAMES: [&'static str; 6] =
        ["unavailable", "refused", "not-deployed", "damaged", "format", "other-session"];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Unavailable => Self::NAMES[0],
            Self::Refused => Self::NAMES[1],
            Self::NotDeployed(_) => Self::NAMES[2],
            Self::Damaged(_) => Self::NAMES[3],
            Self::Format(_) => Self::NAMES[4],
            Self::OtherSession => Self::NAMES[5],
        }
    }

    /// What a request inside that session hears. Never 481: the dialog is there, and a 481 would end it at the peer (RFC
    /// 3261 §12.2.1.2).
    ///
    /// 503 with Retry-After where the same request may succeed later (RFC 3261 §21.5.4), 500 where the record itself
    /// is what is wrong (RFC 3261 §21.5.1).
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unavailable | Self::Refused | Self::NotDeployed(_) => 503,
            Self::Damaged(_) | Self::Format(_) | Self::OtherSession => 500,
        }
    }
}

impl core::fmt::Display for LoadFault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Unavailable => f.write_str("the store could not be reached"),
            Self::Refused => f.write_str("another node owns it"),
            Self::NotDeployed(name) => write!(f, "its application {name} is not deployed"),
            Self::Damaged(how) => write!(f, "its record is damaged: {how}"),
            Self::Format(format) => {
                write!(f, "its record has format {format}, and this host reads {}", crate::snapshot::FORMAT)
            }
            Self::OtherSession => f.write_str("its record holds another session"),
        }
    }
}

/// What the store was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreOrder {
    /// To store a unit.
    Unit(UnitId),
    /// To look a session up.
    Load(Key),
    /// To let a record go.
    Forget(Key),
}

/// How a handler ended other than well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Death {
    /// It returned an error: its text. The instance lives on.
    Failed(String),
    /// It died.
    Trapped(Trap),
}

/// A fact that an operator counts or reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Report {
    /// A message was dropped.
    Dropped {
        /// Why.
        why: DropReason,
        /// Where it came from.
        flow: Option<Flow>,
    },
    /// The host refused a request itself.
    Refused {
        /// With this status.
        status: u16,
        /// Why.
        why: RefuseReason,
        /// The words of the answer.
        text: String,
        /// Where it came from.
        flow: Flow,
    },
    /// A turn was abandoned; nothing of it left.
    TurnAbandoned {
        /// Whose.
        app: AppId,
        /// Version as the descriptor tells it.
        version: String,
        /// Which handler.
        handler: Handler,
        /// Application session.
        key: Key,
        /// Call-ID of the message, where there is one.
        call_id: Option<String>,
        /// Status that an unanswered request of the turn got.
        answered: Option<u16>,
        /// How it died.
        death: Death,
        /// Name of the record of this step ([`StepRecord::trapped`]) that follows; none: it is not kept.
        record: Option<String>,
    },
    /// A line of a servlet's log.
    Log {
        /// Whose.
        app: AppId,
        /// Application session.
        key: Key,
        /// How loud.
        level: Level,
        /// The line.
        message: String,
    },
    /// No PRACK came for a reliable provisional response in 64*T1 (RFC 3262 §3).
    NoPrack {
        /// Whose.
        app: AppId,
    },
    /// More listeners were called for in a step than `listener-turns` allows: these were not called.
    ListenersDropped {
        /// Whose.
        app: AppId,
        /// How many callbacks.
        turns: usize,
    },
    /// Lines beyond the application's limit of log bytes in a turn.
    LogDropped {
        /// Whose.
        app: AppId,
        /// How many.
        lines: u32,
    },
    /// A step of a session that is watched, or in which a handler died, at its commit: before anything of it leaves.
    Step(Box<StepRecord>),
    /// A step or session that would have been told, but a limit is reached.
    Unrecorded {
        /// Whose.
        app: AppId,
        /// Name of the limit: `trapped-per-s`, or `sessions` of a watch.
        limit: &'static str,
    },
    /// A servlet left a transaction unanswered to the end; the host ended it.
    Unanswered {
        /// Whose.
        app: AppId,
        /// The request's method.
        method: String,
        /// What the host answered, none when nobody listens any more.
        answered: Option<u16>,
    },
    /// No ACK came for a 2xx.
    NoAck {
        /// Whose.
        app: AppId,
    },
    /// A request that was sent got no final response in time.
    ClientTimeout {
        /// Whose.
        app: AppId,
        /// The request's method.
        method: String,
    },
    /// A message could not be sent.
    TransmitFailed {
        /// Whose; none for an answer without a transaction.
        app: Option<AppId>,
    },
    /// The store refused a unit: another node owns the session, which was evicted here.
    StoreRefused {
        /// Which session.
        key: Key,
    },
    /// The store could not be reached; it is asked again.
    StoreUnavailable {
        /// For what.
        order: StoreOrder,
        /// How often it was asked so far.
        attempt: u32,
    },
    /// The store stayed away: the session went back to its last acknowledged version.
    RolledBack {
        /// Which session.
        key: Key,
        /// Units that were dropped.
        units: usize,
        /// Requests that got a stateless 503.
        requests: usize,
    },
    /// A stored session could not be loaded, for a message or at a start. Its record stays as it is.
    LoadFailed {
        /// Which session.
        key: Key,
        /// Why.
        why: LoadFault,
        /// Requests that waited for it and are refused with [`LoadFault::status`].
        requests: usize,
    },
    /// The record of an ended session stays in the store: more records wait to be let go than `forgetting` allows.
    RecordLeft {
        /// Which session.
        key: Key,
    },
    /// Requests that were to be sent had no address.
    ResolveFailed {
        /// The name that was asked for.
        host: String,
        /// Why.
        why: ResolveError,
        /// Requests of clients that fail for it (RFC 3261 §8.1.3.1), and ACKs that are dropped.
        messages: usize,
    },
    /// A session was restored.
    Restored {
        /// Which.
        key: Key,
        /// Whose.
        app: AppId,
    },
    /// An application takes calls.
    Deployed(AppId),
    /// A version's last session has ended after its undeployment.
    Left(AppId),
    /// New calls were to go to a version that is not deployed; nothing was changed.
    NotDeployed(AppId),
    /// A session of an older version goes on with this one, whose `upgrade` has moved it.
    Upgraded {
        /// The version that has it now.
        app: AppId,
        /// The version that it came from, as its descriptor told it.
        from: String,
        /// Which session.
        key: Key,
    },
    /// Something that the container's own rules exclude; the session was ended.
    Broken {
        /// What.
        what: &'static str,
        /// Which session.
        key: Key,
    },
}
