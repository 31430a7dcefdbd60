//! What the container tells an operator: typed facts, formatted at the edge. Nothing is dropped without one.

use crate::app::{AppId, Handler};
use crate::io::{Flow, Key, UnitId};
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
}

impl DropReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 12] = [
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
}

impl RefuseReason {
    /// All reasons, in the order of their declaration.
    pub const ALL: [Self; 15] = [
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
        }
    }
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
    /// The store could not be reached; the unit is offered again.
    StoreUnavailable {
        /// Which unit.
        unit: UnitId,
        /// How often it was offered.
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
    /// A snapshot cannot be read.
    RestoreFailed {
        /// Which session.
        key: Key,
        /// Why.
        why: String,
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
