//! What a kit can ask for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What the host shall do: an object whose member `do` says what, and the others how.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "do", deny_unknown_fields, rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Request {
    /// Who asks. The first request.
    Hello {
        /// The [`PROTOCOL`](crate::PROTOCOL) that the kit speaks.
        protocol: u32,
    },
    /// A new world; the one before is gone with all that was in it.
    Begin {
        /// Names, chance and faults come from it.
        seed: u64,
        /// Unix time at which it begins, in seconds; none: 2025-06-15 15:06:40 UTC.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        start_s: Option<u64>,
        /// How instances are used.
        #[serde(default)]
        modes: Modes,
    },
    /// Deploys an application; a second one of its name is a new version.
    Deploy {
        /// Path of the `.wasm`.
        file: String,
        /// Path of a `NAME.toml` that is laid over the file's own descriptor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        settings_file: Option<String>,
        /// The same as text, laid over both.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        settings: String,
        /// Init parameters, laid over those of the descriptor.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        init: BTreeMap<String, String>,
    },
    /// Adds a phone, which can be called by its URI from now on.
    Phone {
        /// `sip:user@domain`.
        uri: String,
        /// How it speaks to the host.
        #[serde(default)]
        transport: Transport,
    },
    /// A phone sends a request outside every dialog.
    Send {
        /// Which phone.
        phone: usize,
        /// Method.
        method: String,
        /// Request-URI, and the URI of To.
        uri: String,
        /// What else is in it.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
    },
    /// A phone sends a request inside a dialog.
    SendIn {
        /// Which phone.
        phone: usize,
        /// Which dialog.
        dialog: Dialog,
        /// Method.
        method: String,
        /// What else is in it.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
    },
    /// A phone acknowledges the 2xx of its INVITE; its repetitions are acknowledged in the same way from now on.
    Ack {
        /// Which phone.
        phone: usize,
        /// Number of the INVITE.
        request: usize,
        /// Header lines of the ACK; it has no body.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
    },
    /// A phone cancels its INVITE, or will when a provisional response has come (RFC 3261 §9.1).
    Cancel {
        /// Which phone.
        phone: usize,
        /// Number of the INVITE.
        request: usize,
        /// Header lines of the CANCEL; it has no body.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
    },
    /// A phone answers a request that it was sent.
    Respond {
        /// Which phone.
        phone: usize,
        /// Number of the request among those that came to it.
        incoming: usize,
        /// Status.
        status: u16,
        /// Reason phrase; empty: a usual one.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        reason: String,
        /// What else is in it.
        #[serde(default, skip_serializing_if = "Parts::is_empty")]
        parts: Parts,
    },
    /// How a phone answers requests of a method from now on; INVITE, ACK and CANCEL excepted.
    Answers {
        /// Which phone.
        phone: usize,
        /// The method.
        method: String,
        /// The status.
        status: u16,
    },
    /// Time passes.
    Advance {
        /// Microseconds.
        us: u64,
        /// True: only until a message has come to a phone.
        #[serde(default)]
        until_message: bool,
    },
    /// How the network treats datagrams from now on. Streams lose nothing.
    Network {
        /// Time of every message on its way, microseconds.
        #[serde(default)]
        delay_us: u64,
        /// Most time that chance adds, microseconds: more than the gap between two messages lets them overtake each other.
        #[serde(default)]
        jitter_us: u64,
        /// Losses in a hundred. The same message is lost three times at most.
        #[serde(default)]
        loss_percent: u64,
        /// Duplicates in a hundred.
        #[serde(default)]
        duplication_percent: u64,
    },
    /// What happens to the next messages of a kind; rules are asked in the order in which they were made.
    Rule(Rule),
    /// How the store is from now on.
    Store {
        /// Microseconds that it takes to answer.
        #[serde(default)]
        latency_us: u64,
        /// It cannot be reached.
        #[serde(default)]
        outage: bool,
        /// It stores, and its answers are lost.
        #[serde(default)]
        loses_answers: bool,
    },
    /// The host dies: all that the store has not acknowledged is gone.
    Kill {
        /// So many orders that are on their way to the store still arrive.
        #[serde(default)]
        arrived: usize,
    },
    /// A host starts, with what the store has.
    Start,
    /// The operator's drain: no new calls are taken.
    Drain {
        /// Seconds for Retry-After.
        retry_after_s: u32,
    },
    /// The end of it.
    Resume,
    /// What is left in host, store and phones.
    Left,
    /// The application sessions that live now.
    Sessions,
    /// Writes a remark into the ladder, at this point.
    Mark {
        /// One line.
        text: String,
    },
    /// The picture of all that happened since the world began.
    Ladder {
        /// True: without anything that differs between two runs, for a picture that is kept.
        #[serde(default)]
        stable: bool,
    },
}

/// How instances of servlets are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modes {
    /// In two worlds, one for each mode, which may not differ.
    #[default]
    Both,
    /// One instance serves turn after turn.
    Reused,
    /// Each turn has an instance of its own.
    Fresh,
}

/// How a phone speaks to the host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Transport {
    /// Datagrams.
    #[default]
    Udp,
    /// A stream.
    Tcp,
}

/// Header lines and body of a message that a phone sends.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Parts {
    /// Name and value of header lines. One that every request has is replaced by it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body; its type is `application/sdp` where no header line says another.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub body: String,
}

impl Parts {
    /// True when there is nothing in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.body.is_empty()
    }
}

/// A dialog of a phone, named by the INVITE that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Dialog {
    /// The INVITE that the phone sent.
    Request(usize),
    /// The INVITE that came to the phone.
    Incoming(usize),
}

/// What happens to the next messages of a kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Rule {
    /// Only those that this phone sends. With `to` alone: those that the host sends. With neither: every message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<usize>,
    /// Only those to this phone. With `from` alone: those to the host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<usize>,
    /// Method of a request, status of a response, or `*`.
    pub what: String,
    /// How many messages.
    pub times: u32,
    /// What happens to them.
    pub effect: RuleEffect,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum RuleEffect {
    /// They are lost.
    Drop,
    /// They come twice.
    Duplicate,
    /// They come so many microseconds later.
    DelayUs(u64),
}
