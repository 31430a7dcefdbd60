//! What a test kit and `siplet test-host` say to each other.
//!
//! `siplet test-host` holds a *world*: the real container with real WebAssembly in virtual time, a network with faults, and
//! phones. It reads one [`Asked`] a line from standard input and writes one [`Said`] a line to standard output, in the same
//! order. All of it is JSON; every name is in kebab case. A test kit in any language is a program that starts the
//! host, writes lines and reads lines. This page is all that such a kit has to know.
//!
//! ```text
//! > {"id":1,"request":{"do":"hello","protocol":1}}
//! < {"id":1,"answer":{"now-us":0,"result":{"hello":{"protocol":1,"siplet":"0.1.0"}}}}
//! > {"id":2,"request":{"do":"begin","seed":1,"modes":"both"}}
//! < {"id":2,"answer":{"now-us":0}}
//! > {"id":3,"request":{"do":"deploy","file":"/tmp/answer.wasm"}}
//! < {"id":3,"answer":{"now-us":0,"result":{"deployed":{"name":"answer","version":"0.1.0","digest":"3f9c21"}}}}
//! > {"id":4,"request":{"do":"phone","uri":"sip:alice@home"}}
//! < {"id":4,"answer":{"now-us":0,"result":{"phone":0}}}
//! > {"id":5,"request":{"do":"send","phone":0,"method":"INVITE","uri":"sip:bob@home"}}
//! < {"id":5,"answer":{"now-us":0,"result":{"sent":{"request":0,"call-id":"call-alice-1"}},
//!      "events":[{"event":"response","phone":0,"request":0,"method":"INVITE","message":{"status":180,"reason":"Ringing",
//!      "headers":[["Via","SIP/2.0/UDP 10.0.1.1:5060;branch=..."],...]}},...]}}
//! > {"id":6,"request":{"do":"nonsense"}}
//! < {"id":6,"error":{"kind":"request","text":"unknown variant `nonsense`, expected one of `hello`, ..."}}
//! ```
//!
//! **Hello first.** A host answers nothing else before it has heard [`Request::Hello`] with its own [`PROTOCOL`]; the two
//! versions stand in the refusal.
//!
//! **A line** has at most [`LINE_BYTES_MAX`] bytes; a longer one ends the conversation after an error of the kind `line`. Every
//! other bad request is answered by an [`Error`] and changes nothing. The host ends at the end of its input.
//!
//! **Time is virtual.** It stands still between two requests and moves in [`Request::Advance`] alone. Every other request does
//! what is due at this very moment: an INVITE that is sent meets its servlet, and what that answers is among the events
//! of the same line.
//!
//! **Phones** do by themselves what RFC 3261 asks of a transaction: they repeat what UDP may lose, acknowledge failures of an
//! INVITE, and answer every request but an INVITE with 200 (a CANCEL also ends its INVITE with 487). The test does
//! the rest: it acknowledges successes and answers INVITEs. Numbers of phones, and of requests sent and received by a phone, count from 0 in
//! the order in which they came to be.
//!
//! **Events** are all that phones and people would have noticed since the last answer, in order; see [`Event`].
//!
//! **Two worlds.** With `"modes":"both"` every request is done in two worlds side by side, of one seed: in one an
//! instance of a servlet serves call after call, in the other each turn has a new one. What the first one says is the answer; where
//! the second says anything else, the answer is an error of the kind `parted` that names the handler.
#![forbid(unsafe_code)]

mod event;
mod request;

pub use event::{Event, Level, LogLine, Message, Trap};
pub use request::{Dialog, Modes, Parts, Request, Rule, RuleEffect, Transport};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Version of the protocol. It rises when a kit of before would be misunderstood.
pub const PROTOCOL: u32 = 1;

/// Most bytes of a line, its end not counted.
pub const LINE_BYTES_MAX: usize = 16 << 20;

/// A line to the host.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Asked {
    /// Comes back in the answer.
    pub id: u64,
    /// What the host shall do.
    pub request: Request,
}

/// A line of the host: an answer, or an error.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Said {
    /// That of the request; 0 where the request had none that could be read.
    pub id: u64,
    /// It was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
    /// It was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Error>,
}

/// What came of a request.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Answer {
    /// Microseconds since the world began.
    pub now_us: u64,
    /// What this request was asked for, if anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<Outcome>,
    /// All that was noticed since the last answer, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

/// The result of a request that has one: an object with one member, whose name says what it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Of [`Request::Hello`].
    Hello(Hello),
    /// Of [`Request::Deploy`].
    Deployed(Deployed),
    /// Of [`Request::Phone`]: the phone's number.
    Phone(usize),
    /// Of [`Request::Send`] and [`Request::SendIn`].
    Sent(Sent),
    /// Of [`Request::Advance`]: true when time stopped at an event and not at its end.
    Stopped(bool),
    /// Of [`Request::Left`]: names of tables with their counts; empty: nothing is left.
    Left(Vec<String>),
    /// Of [`Request::Sessions`]: the application sessions that live now.
    Sessions(Vec<Session>),
    /// Of [`Request::Ladder`]: the whole picture, lines separated by `\n`.
    Ladder(String),
}

/// A request that a phone has sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Sent {
    /// Its number among those that the phone has sent.
    pub request: usize,
    /// Its Call-ID.
    pub call_id: String,
}

/// Who answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Hello {
    /// [`PROTOCOL`] of the host.
    pub protocol: u32,
    /// Version of siplet.
    pub siplet: String,
}

/// An application that takes calls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Deployed {
    /// Its name.
    pub name: String,
    /// Its version, as its descriptor tells it.
    pub version: String,
    /// The first 24 bits of its digest, in hexadecimal.
    pub digest: String,
    /// Its handlers, as `do-invite`.
    pub handlers: Vec<String>,
    /// True when its calls survive the death of the host.
    pub distributable: bool,
}

/// An application session as its last commit left it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Session {
    /// Its id, as servlets and operators see it.
    pub id: String,
    /// Name of its application.
    pub application: String,
    /// Microseconds until it expires; none: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_in_us: Option<u64>,
    /// Its attributes: JSON text, by the convention of the SDKs.
    pub attributes: BTreeMap<String, String>,
    /// Its SIP sessions.
    pub sip_sessions: Vec<SipSession>,
}

/// A SIP session of an application session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct SipSession {
    /// Call-ID of its dialog.
    pub call_id: String,
    /// `initial`, `early`, `confirmed` or `terminated`.
    pub state: String,
    /// Its attributes: JSON text, by the convention of the SDKs.
    pub attributes: BTreeMap<String, String>,
}

/// A request that was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Error {
    /// Who is to blame.
    pub kind: ErrorKind,
    /// What is wrong, in sentences for the author of the test.
    pub text: String,
}

/// Kinds of errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErrorKind {
    /// The line is too long; the conversation ends.
    Line,
    /// The line is no request, or there was no hello.
    Request,
    /// Kit and host speak different versions.
    Protocol,
    /// The servlet's file is not deployed; the sentence says what to change.
    Refused,
    /// The request names something that is not there, or cannot be done now.
    Order,
    /// The two worlds parted: the servlet keeps something in its own memory. The world goes on and parts no more.
    Parted,
}

#[cfg(test)]
mod tests;
