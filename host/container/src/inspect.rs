//! Application sessions as an operator looks at them: plain facts, made for one answer and then forgotten.
//!
//! Times are told from the moment of the answer. Texts of peers and servlets stand as they are; whoever shows them makes
//! them harmless. Nothing here can be given back to a container.

use serde::{Deserialize, Serialize};

/// Sessions that one question finds at most in one container.
pub const FOUND_MAX: usize = 100;

/// Which sessions are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listed {
    /// Of this application, every version; none: of all.
    pub application: Option<String>,
    /// At least so old, seconds.
    pub older_than_s: u64,
}

/// How a session fits what was asked for. The better one comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fit {
    /// The id of the application session or of one of its SIP sessions.
    Id,
    /// The Call-ID of one of its SIP sessions.
    CallId,
    /// The id begins so.
    IdPrefix,
    /// A Call-ID begins so.
    CallIdPrefix,
}

/// A session that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found {
    /// How it fits.
    pub fit: Fit,
    /// The session.
    pub session: SessionTree,
}

/// An application session with all that it has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTree {
    /// Its id as applications see it.
    pub id: String,
    /// Number of the shard that has it.
    pub shard: u16,
    /// The part of all sessions that it was born in.
    pub partition: u16,
    /// Name of its application.
    pub application: String,
    /// Version of the application that serves it.
    pub application_version: String,
    /// First digits of that version's digest, `#3f9c21`.
    pub digest: String,
    /// Milliseconds since it was made.
    pub age_ms: u64,
    /// Milliseconds until it expires; none: never.
    pub expires_in_ms: Option<u64>,
    /// Its flags: `valid`, `invalidate-when-ready`, `root`.
    pub flags: Vec<String>,
    /// Version of its snapshot: how often it was, or is being, stored.
    pub snapshot_version: u64,
    /// Version that the store has acknowledged last; none: none yet, or nothing is stored.
    pub acknowledged_version: Option<u64>,
    /// Units that wait for the store.
    pub parked: Vec<ParkedUnit>,
    /// What waits for the next step, the oldest first: `INVITE`, `deadline`.
    pub mailbox: Vec<String>,
    /// The handler that is running.
    pub open_turn: Option<OpenTurn>,
    /// The next deadline of anything in it, milliseconds from now; none: nothing is due.
    pub next_deadline_in_ms: Option<u64>,
    /// Attributes of the application session.
    pub attributes: Vec<Attribute>,
    /// Its SIP sessions.
    pub sip_sessions: Vec<SipSessionTree>,
}

/// A unit that waits for the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedUnit {
    /// Its number.
    pub unit: u64,
    /// The version that it makes.
    pub version: u64,
    /// Bytes of its snapshot.
    pub bytes: u64,
    /// How often it was offered.
    pub attempts: u32,
    /// Messages that leave when it is stored.
    pub messages: Vec<String>,
}

/// A handler that is running.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenTurn {
    /// Number of the turn in its container.
    pub number: u64,
    /// The handler.
    pub handler: String,
    /// Milliseconds since its step began.
    pub for_ms: u64,
    /// Handlers that follow in the same step.
    pub then: Vec<String>,
}

/// An attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// Its value: JSON text by the convention of the SDK. Bytes that are not UTF-8 are replaced.
    pub value: String,
}

/// A SIP session.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SipSessionTree {
    /// Its id.
    pub id: String,
    /// `initial`, `early`, `confirmed` or `terminated`.
    pub state: String,
    /// Its flags: `valid`, `invalidate-when-ready`, `hanging-up`.
    pub flags: Vec<String>,
    /// Call-ID.
    pub call_id: String,
    /// Our own address with its tag, as in From or To.
    pub local: String,
    /// The peer's address, with its tag where it is known.
    pub remote: String,
    /// The address that the dialog was made from.
    pub source: Option<String>,
    /// Where the peer's last message came from: transport and address.
    pub peer: Option<String>,
    /// The dialog, once there is one.
    pub dialog: Option<DialogTree>,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Its transactions.
    pub transactions: Vec<TransactionTree>,
}

/// A dialog.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DialogTree {
    /// `early`, `confirmed` or `terminated`.
    pub state: String,
    /// `uac` or `uas`: who sent the request that made it.
    pub role: String,
    /// Our tag.
    pub local_tag: String,
    /// The peer's tag; empty for a peer of RFC 2543.
    pub remote_tag: String,
    /// CSeq number of our last request.
    pub local_cseq: Option<u32>,
    /// CSeq number of the peer's last request.
    pub remote_cseq: Option<u32>,
    /// Where requests go: the peer's Contact.
    pub remote_target: String,
    /// The Route values of our requests.
    pub route_set: Vec<String>,
    /// It may only be used over TLS.
    pub secure: bool,
}

/// A transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionTree {
    /// `server` or `client`.
    pub kind: String,
    /// Method of its request.
    pub method: String,
    /// State of its machine: `Proceeding`.
    pub state: String,
    /// Branch of its topmost Via.
    pub branch: String,
    /// CSeq number of its request.
    pub cseq: u32,
    /// The far end: transport and address, or the name that is looked up.
    pub hop: String,
    /// Timers that run, by their letters, with the milliseconds until they are due.
    pub timers: Vec<(String, u64)>,
}
