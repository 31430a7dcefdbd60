//! Deployed applications: their descriptor, their handlers, and which requests are theirs.

mod handler;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub use handler::{Handler, Handlers};

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

/// Limits of one application; each has a name that stands in `error.limit` and in reports, and is at least 1. A host has
/// a ceiling over each, which no descriptor passes.
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
    /// Timers of one application session that have not fired for the last time.
    pub timers: usize,
    /// Callbacks into listeners in one step.
    pub listener_turns: usize,
}

impl AppLimits {
    /// The most that a host allows of each where its operator sets no other ceilings.
    pub const CEILINGS: Self = Self {
        memory_bytes: 128 << 20,
        table_elements: 200_000,
        turn_ms: 100,
        sessions: 500_000,
        sip_sessions: 1024,
        transactions: 1024,
        attribute_bytes: 1 << 20,
        outbox_messages: 256,
        outbox_bytes: 1 << 20,
        log_bytes: 256 << 10,
        mailbox: 1024,
        handles: 16_384,
        timers: 4096,
        listener_turns: 1024,
    };

    /// The most that any operator can set as a ceiling. No sum or product that the host makes of them overflows.
    pub const HIGHEST: Self = Self {
        memory_bytes: 4 << 30,
        table_elements: 200_000,
        turn_ms: 60_000,
        sessions: 10_000_000,
        sip_sessions: 65_536,
        transactions: 65_536,
        attribute_bytes: 256 << 20,
        outbox_messages: 65_536,
        outbox_bytes: 256 << 20,
        log_bytes: 16 << 20,
        mailbox: 65_536,
        handles: 100_000,
        timers: 65_536,
        listener_turns: 65_536,
    };

    /// Each limit by its name in descriptors and settings, in the order of the fields.
    #[must_use]
    pub const fn named(&self) -> [(&'static str, u64); 14] {
        [
            ("memory-bytes", self.memory_bytes),
            ("table-elements", self.table_elements as u64),
            ("turn-ms", self.turn_ms),
            ("sessions", self.sessions as u64),
            ("sip-sessions", self.sip_sessions as u64),
            ("transactions", self.transactions as u64),
            ("attribute-bytes", self.attribute_bytes as u64),
            ("outbox-messages", self.outbox_messages as u64),
            ("outbox-bytes", self.outbox_bytes as u64),
            ("log-bytes", self.log_bytes as u64),
            ("mailbox", self.mailbox as u64),
            ("handles", self.handles as u64),
            ("timers", self.timers as u64),
            ("listener-turns", self.listener_turns as u64),
        ]
    }
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
            timers: 256,
            listener_turns: 128,
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
    /// Percent of new calls, 0 to 100, in which a version runs in the shadow of the version that is there, instead of taking
    /// calls. None: it takes calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shadow: Option<u8>,
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
            shadow: None,
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
