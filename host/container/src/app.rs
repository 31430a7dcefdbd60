//! Deployed applications: their descriptor, their handlers, and which requests are theirs.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use siplet_sip::method::Method;

/// One deployed version of an application: its name and the digest of its code.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct AppId {
    /// Name of the application.
    pub name: Arc<str>,
    /// First 64 bits of the SHA-256 of the `.wasm` file and of the descriptor as it was deployed.
    pub digest: u64,
}

impl core::fmt::Display for AppId {
    /// `answer #3f9c21`: the name and the first 24 bits of the digest.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} #{:06x}", self.name, self.digest >> 40)
    }
}

/// What a handler is called, in the order of the WIT interface `sip-servlet` and its optional companions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[repr(u8)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs)]
pub enum Handler {
    DoInvite,
    DoAck,
    DoBye,
    DoCancel,
    DoPrack,
    DoUpdate,
    DoInfo,
    DoMessage,
    DoOptions,
    DoRegister,
    DoSubscribe,
    DoNotify,
    DoPublish,
    DoRefer,
    DoRequest,
    DoProvisionalResponse,
    DoSuccessResponse,
    DoRedirectResponse,
    DoErrorResponse,
    DoBranchResponse,
    ServletInitialized,
    NoAckReceived,
    Upgrade,
}

impl Handler {
    /// All handlers.
    pub const ALL: [Self; 23] = [
        Self::DoInvite,
        Self::DoAck,
        Self::DoBye,
        Self::DoCancel,
        Self::DoPrack,
        Self::DoUpdate,
        Self::DoInfo,
        Self::DoMessage,
        Self::DoOptions,
        Self::DoRegister,
        Self::DoSubscribe,
        Self::DoNotify,
        Self::DoPublish,
        Self::DoRefer,
        Self::DoRequest,
        Self::DoProvisionalResponse,
        Self::DoSuccessResponse,
        Self::DoRedirectResponse,
        Self::DoErrorResponse,
        Self::DoBranchResponse,
        Self::ServletInitialized,
        Self::NoAckReceived,
        Self::Upgrade,
    ];

    /// The name in WIT, logs and descriptors (`do-invite`).
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DoInvite => "do-invite",
            Self::DoAck => "do-ack",
            Self::DoBye => "do-bye",
            Self::DoCancel => "do-cancel",
            Self::DoPrack => "do-prack",
            Self::DoUpdate => "do-update",
            Self::DoInfo => "do-info",
            Self::DoMessage => "do-message",
            Self::DoOptions => "do-options",
            Self::DoRegister => "do-register",
            Self::DoSubscribe => "do-subscribe",
            Self::DoNotify => "do-notify",
            Self::DoPublish => "do-publish",
            Self::DoRefer => "do-refer",
            Self::DoRequest => "do-request",
            Self::DoProvisionalResponse => "do-provisional-response",
            Self::DoSuccessResponse => "do-success-response",
            Self::DoRedirectResponse => "do-redirect-response",
            Self::DoErrorResponse => "do-error-response",
            Self::DoBranchResponse => "do-branch-response",
            Self::ServletInitialized => "servlet-initialized",
            Self::NoAckReceived => "no-ack-received",
            Self::Upgrade => "upgrade",
        }
    }

    /// The handler of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|handler| handler.name() == name)
    }

    /// The handler for a request of that method.
    #[must_use]
    pub const fn of_method(method: &Method) -> Self {
        match method {
            Method::Invite => Self::DoInvite,
            Method::Ack => Self::DoAck,
            Method::Bye => Self::DoBye,
            Method::Cancel => Self::DoCancel,
            Method::Prack => Self::DoPrack,
            Method::Update => Self::DoUpdate,
            Method::Info => Self::DoInfo,
            Method::Message => Self::DoMessage,
            Method::Options => Self::DoOptions,
            Method::Register => Self::DoRegister,
            Method::Subscribe => Self::DoSubscribe,
            Method::Notify => Self::DoNotify,
            Method::Publish => Self::DoPublish,
            Method::Refer => Self::DoRefer,
            Method::Other(_) => Self::DoRequest,
        }
    }

    /// The handler for a response of that status code.
    // [3261-8.1.3.2-1, 3261-8.1.3.2-2]
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            ..=199 => Self::DoProvisionalResponse,
            200..=299 => Self::DoSuccessResponse,
            300..=399 => Self::DoRedirectResponse,
            400.. => Self::DoErrorResponse,
        }
    }
}

/// Which handlers a servlet has of its own; for the others the host does what the default handler would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handlers(u32);

impl Handlers {
    /// Every handler: for a guest whose descriptor does not say.
    #[must_use]
    pub fn all() -> Self {
        Handler::ALL.into_iter().collect()
    }

    /// True when the servlet has this handler.
    #[must_use]
    pub const fn has(self, handler: Handler) -> bool {
        self.0 & (1 << handler as u8) != 0
    }

    /// Adds a handler.
    pub const fn insert(&mut self, handler: Handler) {
        self.0 |= 1 << handler as u8;
    }
}

impl FromIterator<Handler> for Handlers {
    fn from_iter<I: IntoIterator<Item = Handler>>(handlers: I) -> Self {
        let mut set = Self::default();
        for handler in handlers {
            set.insert(handler);
        }
        set
    }
}

/// What happens to the other legs of a call when a handler dies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnTrap {
    /// They stay as they are.
    #[default]
    Keep,
    /// They are ended with what their peers are owed.
    EndCall,
}

/// Who may send requests inside a dialog.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InDialogSource {
    /// Whoever knows the dialog's names.
    #[default]
    Any,
    /// Only the IP address that the dialog was made with.
    SameHost,
    /// Only a peer that has authenticated itself (refuses all until digest arrives: RFC 7616).
    Authenticated,
}

/// How guest instances are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceMode {
    /// One instance serves turn after turn; replaced after errors, by number and by memory.
    #[default]
    Reused,
    /// Each turn has an instance of its own.
    Fresh,
}

/// How much of WASI a servlet is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Wasi {
    /// Nothing: a file that imports any of it is refused.
    #[default]
    None,
    /// What never waits: the time of the turn, random numbers, stdout and stderr into the log, and an environment, a
    /// file system and a standard input that are empty. For runtimes that cannot be built without WASI.
    Lite,
}

/// Limits of one application; each has a name that stands in `error.limit` and in reports.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct AppLimits {
    /// Linear memory of an instance, bytes.
    pub memory_bytes: u64,
    /// Elements that each table of an instance may have (functions that can be called by a pointer).
    pub table_elements: usize,
    /// CPU time of one turn, milliseconds.
    pub turn_ms: u64,
    /// Live application sessions.
    pub sessions: usize,
    /// SIP sessions in one application session.
    pub sip_sessions: usize,
    /// Transactions of one application session that have not run out.
    pub transactions: usize,
    /// Attribute bytes of one application session: names and values of all its attributes.
    pub attribute_bytes: usize,
    /// Messages sent in one turn.
    pub outbox_messages: usize,
    /// Bytes of messages sent in one turn.
    pub outbox_bytes: usize,
    /// Log bytes of one turn.
    pub log_bytes: usize,
    /// Inputs that wait for one application session.
    pub mailbox: usize,
    /// Handles alive in one turn.
    pub handles: usize,
}

impl Default for AppLimits {
    fn default() -> Self {
        Self {
            memory_bytes: 16 << 20,
            table_elements: 20_000,
            turn_ms: 20,
            sessions: 200_000,
            sip_sessions: 256,
            transactions: 256,
            attribute_bytes: 64 << 10,
            outbox_messages: 64,
            outbox_bytes: 256 << 10,
            log_bytes: 16 << 10,
            mailbox: 64,
            handles: 1024,
        }
    }
}

/// What an application says of itself: the custom section `siplet-descriptor` of its `.wasm` (JSON), overridden by
/// `NAME.toml` beside it. Both have this shape; unknown keys are refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Descriptor {
    /// Name of the application: letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// Version, shown to people; the digest tells versions apart.
    pub version: String,
    /// Names of the handlers that the servlet has (`do-invite`). None: all of them.
    pub handlers: Option<Vec<String>>,
    /// Methods that it takes in initial requests. None: the methods of its handlers; all when those are not told either.
    pub methods: Option<Vec<String>>,
    /// Domains of the Request-URI that it takes; empty: every domain that no other application takes.
    pub domains: Vec<String>,
    /// Body types that it understands (`application/sdp`). Empty: any; otherwise others get 415 (RFC 3261 §8.2.3).
    pub accept: Vec<String>,
    /// Extensions (option tags) that it supports, for Supported and against Require.
    pub supported: Vec<String>,
    /// Calls survive the death of the machine: every step is stored before anything of it leaves.
    pub distributable: bool,
    /// Seconds until an application session expires, 0: never. SIP Servlet 1.1 says 3 minutes.
    pub session_timeout_s: u32,
    /// What happens to the other legs when a handler dies.
    pub on_trap: OnTrap,
    /// Who may send inside a dialog.
    pub in_dialog_source: InDialogSource,
    /// Use of instances.
    pub instance: InstanceMode,
    /// How much of WASI it is given.
    pub wasi: Wasi,
    /// Parameters for `init`, by name. Values are strings; TOML arrays and tables are given as JSON text.
    pub init_parameters: std::collections::BTreeMap<String, String>,
    /// Limits.
    pub limits: AppLimits,
    /// Percent of new calls, 0 to 100, that a version takes at its deployment beside the version that is there. None: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub canary: Option<u8>,
}

impl Default for Descriptor {
    fn default() -> Self {
        Self {
            name: String::new(),
            version: "0.0.0".to_owned(),
            handlers: None,
            methods: None,
            domains: Vec::new(),
            accept: Vec::new(),
            supported: Vec::new(),
            distributable: true,
            session_timeout_s: 180,
            on_trap: OnTrap::default(),
            in_dialog_source: InDialogSource::default(),
            instance: InstanceMode::default(),
            wasi: Wasi::default(),
            init_parameters: std::collections::BTreeMap::new(),
            limits: AppLimits::default(),
            canary: None,
        }
    }
}

/// A deployed application as the container knows it: everything but the code.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// Name and digest.
    pub id: AppId,
    /// What it says of itself, with the operator's changes.
    pub descriptor: Descriptor,
    /// Handlers that it has; [`Handlers::all`] when it does not say.
    pub handlers: Handlers,
}
