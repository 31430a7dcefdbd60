//! What is noticed in a world.

use serde::{Deserialize, Serialize};

/// Something that was noticed: an object whose member `event` says what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Event {
    /// A response came to a phone; repetitions of it are not told.
    Response {
        /// Which phone.
        phone: usize,
        /// Number of the request among those that it sent.
        request: usize,
        /// Method of that request.
        method: String,
        /// The response.
        message: Message,
    },
    /// A request came to a phone; repetitions of it are not told.
    Request {
        /// Which phone.
        phone: usize,
        /// Number of the request among those that came to it.
        incoming: usize,
        /// The request.
        message: Message,
        /// Number of the INVITE, among those that came to the phone, whose dialog or transaction it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of_incoming: Option<usize>,
        /// Number of the INVITE, among those that the phone sent, whose dialog it belongs to.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of_request: Option<usize>,
    },
    /// The final response that a phone gave to an INVITE was acknowledged.
    Acknowledged {
        /// Which phone.
        phone: usize,
        /// Number of the INVITE among those that came to it.
        incoming: usize,
    },
    /// A request of a phone got no final response in 64*T1.
    TimedOut {
        /// Which phone.
        phone: usize,
        /// Number of the request.
        request: usize,
        /// Its method.
        method: String,
    },
    /// A servlet wrote a line.
    Log(LogLine),
    /// A handler of a servlet died or returned an error.
    Trap(Trap),
    /// The host answered for a servlet, refused, dropped or gave up something: a sentence.
    Report {
        /// The sentence.
        text: String,
    },
}

/// A line of a servlet's log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogLine {
    /// Name of the application.
    pub application: String,
    /// How loud.
    pub level: Level,
    /// The line.
    pub text: String,
}

/// How loud a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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

/// The end of a handler that did not end well. Nothing that it did was ever there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Trap {
    /// Name of the application.
    pub application: String,
    /// Name of the handler, as `do-invite`.
    pub handler: String,
    /// `failed` for an error that the handler returned; else `panic`, `trap`, `deadline`, `memory`, `stack` and their like.
    pub reason: String,
    /// The text of the error or the panic.
    pub text: String,
    /// The guest's own stack, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backtrace: Vec<String>,
    /// What the unanswered request got; none where none was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered: Option<u16>,
}

/// A message as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Message {
    /// Method; empty for a response.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub method: String,
    /// Request-URI; empty for a response.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uri: String,
    /// Status; 0 for a request.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub status: u16,
    /// Reason phrase; empty for a request.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Header lines in order: the long form of a name that is known, and the value.
    pub headers: Vec<(String, String)>,
    /// The body; octets that are no UTF-8 are replaced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub body: String,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_zero(status: &u16) -> bool {
    *status == 0
}
