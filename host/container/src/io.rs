//! The container's whole interface: what it reacts to and all that it does.
//!
//! Two closed enums. Whoever has read them knows the core; adding a variant is an architecture change. The shell moves
//! inputs in and effects out, the simulator and the test kit are other such loops: `Container::handle(input, now)`, then
//! `poll_effect()` until it is empty, then sleep until `next_timeout()`.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siplet_sip::message::Malformed;

use crate::app::{AppId, Application};
use crate::inspect::{Found, Listed};
use crate::record::watch::Watch;
use crate::report::Report;
use crate::turn::{Outcome, Turn};

/// How a message travels, RFC 3261 §18 and RFC 7118.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Transport {
    /// Datagrams: the transactions repeat what may be lost.
    Udp,
    /// A stream.
    Tcp,
    /// A stream over TLS.
    Tls,
    /// SIP over WebSocket.
    Ws,
    /// SIP over WebSocket over TLS.
    Wss,
}

impl Transport {
    /// The transport as it stands in a Via (`UDP`).
    #[must_use]
    pub const fn via_name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// The transport as it stands in a URI parameter (`udp`).
    #[must_use]
    pub const fn param_name(self) -> &'static str {
        match self {
            Self::Udp => "udp",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::Ws => "ws",
            Self::Wss => "wss",
        }
    }

    /// True where the transport itself delivers in order and repeats: no timers A, E and G.
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// True over TLS.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// The port where none is named: 5060, or 5061 over TLS (RFC 3261 §19.1.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }
}

/// A connection of the shell's, or 0 for datagrams. Never used again for another connection, also after a restart.
pub type ConnectionId = u64;

/// Where a packet came from: a listener, its transport, the far end and, for streams, the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Flow {
    /// Index in [`crate::config::Config::listeners`].
    pub listener: u16,
    /// The listener's transport.
    pub transport: Transport,
    /// The far end as the socket saw it.
    pub remote: SocketAddr,
    /// The connection, 0 for datagrams.
    pub connection: ConnectionId,
}

/// Where a message goes.
///
/// The shell sends over `connection` while that lives; else (streams) it opens a connection to `remote`, or to `fallback`
/// where there is one (RFC 3261 §18.2.2: the address of the Via when the connection is gone).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Hop {
    /// Index of the listener whose socket or address sends.
    pub listener: u16,
    /// How.
    pub transport: Transport,
    /// To whom.
    pub remote: SocketAddr,
    /// Over this connection, if it still lives; 0 for none.
    pub connection: ConnectionId,
    /// Where to connect to when the connection is gone.
    pub fallback: Option<SocketAddr>,
}

/// A question to the DNS: the addresses of one host name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Query {
    /// The host name, never an IP address.
    pub host: String,
    /// Only addresses of this family fit: true for IPv6.
    pub ipv6: bool,
}

/// Why the DNS gave no address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResolveError {
    /// More questions are under way than the shell allows (`dns-queries`), or more requests wait for answers than
    /// [`crate::config::Limits::resolving`].
    Limit,
    /// No answer came in time.
    TimedOut,
    /// There is no such name, it has no address of the wanted family, or the DNS could not be asked.
    NoAddress,
}

impl ResolveError {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 3] = [Self::Limit, Self::TimedOut, Self::NoAddress];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Limit => "limit",
            Self::TimedOut => "timed-out",
            Self::NoAddress => "no-address",
        }
    }
}

/// Number of a `Store` effect; rises by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct UnitId(pub u64);

/// Key of a stored application session: its 64-bit id. The top 10 bits are the partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub u64);

impl Key {
    /// The partition that the session was born in, 0 to 1023.
    #[must_use]
    pub const fn partition(self) -> u16 {
        (self.0 >> 54) as u16
    }
}

/// One session's part of a stored unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which session.
    pub key: Key,
    /// Version that this write makes, 1 for the first. A store refuses a version that does not follow.
    pub version: u64,
    /// All that the session needs to go on elsewhere (see [`crate::snapshot`]).
    pub snapshot: Bytes,
}

/// Why the store did not do what it was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// The store is fenced: another node owns the session. A session whose unit is refused is evicted here without a
    /// word to anybody.
    Refused,
    /// The store cannot be reached or did not answer in time. It is asked again.
    Unavailable,
}

/// What the shell could not send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransmitError {
    /// No route, refused, reset, or the connection cannot be opened.
    Unreachable,
    /// The queue of the connection or socket is full.
    Congested,
    /// The message does not fit the transport.
    TooLarge,
}

/// A command of an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Take no new calls: initial requests get 503 with this Retry-After in seconds. Live calls go on.
    Drain {
        /// Seconds for Retry-After.
        retry_after_s: u32,
    },
    /// End draining.
    Resume,
    /// End calls with what their peers are owed (RFC 3261 §15.1.1, §9.1, §21.5.4): the process is about to end. Asked for
    /// again until nothing is left to be ended, so that not all of it leaves at once.
    EndCalls {
        /// Most sessions that are ended now; 0: one.
        most: usize,
        /// Seconds for the Retry-After of a 503.
        retry_after_s: u32,
    },
    /// List application sessions, at most this many.
    ListSessions {
        /// Most rows.
        limit: usize,
        /// Which.
        which: Listed,
    },
    /// Look at application sessions: by the id of one or of a SIP session in it, by a Call-ID, or by the beginning of
    /// either.
    Inspect(String),
    /// Tell every step of the sessions that the watch takes in, until it is ended by [`Command::Unwatch`].
    Watch {
        /// Number of the watch, the asker's choice; one of that number is replaced.
        watch: u64,
        /// Which sessions.
        what: Watch,
    },
    /// End a watch.
    Unwatch {
        /// Its number.
        watch: u64,
    },
}

/// The answer to a [`Command`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandReply {
    /// Done.
    Done,
    /// One line for each application session.
    Sessions(Vec<SessionLine>),
    /// The sessions that were asked for, the best fit first.
    Found(Vec<Found>),
    /// The watch is on.
    Watching {
        /// Living sessions that it took in.
        sessions: usize,
    },
    /// Calls are being ended.
    Ending(Ending),
    /// It cannot be done: why, in a sentence.
    Refused(String),
}

/// What one [`Command::EndCalls`] has begun to end. A session whose turn is with a guest ends when that comes back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// Confirmed dialogs, which get a BYE.
    pub calls: usize,
    /// Requests without a final response, which get one.
    pub requests: usize,
    /// INVITEs of applications without a final response, which are cancelled.
    pub invites: usize,
    /// Sessions that were not asked to end yet.
    pub left: usize,
}

/// One application session in a listing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SessionLine {
    /// Its id as applications see it.
    pub id: String,
    /// Name of its application.
    pub application: String,
    /// Seconds since it was made.
    pub age_s: u64,
    /// Call-ID and state of each SIP session.
    pub sessions: Vec<(String, String)>,
}

/// A version that takes a share of the new calls of its application.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Canary {
    /// Which version.
    pub app: AppId,
    /// Its share in percent, 0 to 100.
    pub percent: u8,
}

/// What came for another shard.
#[derive(Clone, Debug)]
pub enum Item {
    /// A packet that names a session of that shard, or whose Call-ID leads there.
    Packet {
        /// Where it came from.
        flow: Flow,
        /// The whole message.
        bytes: Bytes,
        /// A request outside every dialog that begins something new: it goes behind all others where room is short.
        is_new: bool,
        /// True: the shard to which the previous secret led knows nothing of it. It is not handed on again.
        asked_before: bool,
    },
}

/// All that the container reacts to.
#[derive(Debug)]
pub enum Input {
    /// One whole SIP message: a datagram, or a frame of a stream.
    Packet {
        /// Where it came from.
        flow: Flow,
        /// The message.
        bytes: Bytes,
    },
    /// The head of a message whose end cannot be found on its stream, which is closed after the answer, if one is due
    /// (RFC 3261 §18.3).
    Broken {
        /// Where it came from.
        flow: Flow,
        /// As much of the head as can be read, in whole lines.
        head: Bytes,
        /// What is wrong with the message.
        fault: Malformed,
    },
    /// A connection is gone.
    FlowLost {
        /// Which.
        connection: ConnectionId,
    },
    /// A message could not be sent.
    TransmitFailed {
        /// The top Via branch (request) or the To tag (response) is read from it to find the transaction.
        bytes: Bytes,
        /// Where it should have gone.
        hop: Hop,
        /// Why.
        error: TransmitError,
    },
    /// Answer to [`Effect::Resolve`].
    Resolved {
        /// The question.
        query: Query,
        /// Addresses in order of preference, or why there are none.
        answer: Result<Vec<IpAddr>, ResolveError>,
    },
    /// A turn came back.
    TurnEnded {
        /// The turn, with what the handler put into it.
        turn: Box<Turn>,
        /// How the handler ended.
        outcome: Outcome,
    },
    /// Answer to [`Effect::Store`].
    Stored {
        /// Which unit.
        unit: UnitId,
        /// How it went.
        result: Result<(), StoreError>,
    },
    /// A stored session, unasked at start or take-over, or as the answer to [`Effect::Load`].
    Restored {
        /// Which session.
        key: Key,
        /// Its last acknowledged snapshot; none: there is no such session. A store that could not be asked is asked again.
        found: Result<Option<Bytes>, StoreError>,
    },
    /// Answer to [`Effect::Forget`].
    Forgotten {
        /// Which session.
        key: Key,
        /// How it went. What the store could not do is asked for again.
        result: Result<(), StoreError>,
    },
    /// Something that another shard received for this one.
    Handed {
        /// What.
        item: Item,
    },
    /// Something that [`Effect::Handover`] was to give to another shard, whose queue is full.
    NotHanded {
        /// What.
        item: Item,
    },
    /// A version of an application may take calls from now on: all new ones of its name, or, beside a version that is
    /// there, the share that its descriptor's `canary` says. The versions before it stay for their live calls and are kept
    /// until they are undeployed.
    Deploy(Box<Application>),
    /// A version takes no new calls and is kept no longer. It leaves when its last session has ended.
    Undeploy(AppId),
    /// The new calls of an application go to these versions of it, which are deployed: a canary's beginning, its end, its
    /// promotion, a rollback.
    Share {
        /// The version that takes all new calls but the canary's.
        stable: AppId,
        /// The version that takes a share of them.
        canary: Option<Canary>,
    },
    /// An operator asks.
    Command {
        /// Comes back in the reply.
        id: u64,
        /// What.
        command: Command,
    },
    /// Nothing but the time.
    Tick,
}

/// All that the container does.
#[derive(Debug)]
pub enum Effect {
    /// Send.
    Transmit {
        /// Where.
        hop: Hop,
        /// One whole message.
        bytes: Bytes,
    },
    /// Close a connection after what was sent on it.
    CloseFlow {
        /// Which.
        connection: ConnectionId,
    },
    /// Ask the DNS; the answer is [`Input::Resolved`].
    Resolve {
        /// What.
        query: Query,
    },
    /// Run a guest's handler; the turn comes back as [`Input::TurnEnded`].
    RunTurn(Box<Turn>),
    /// Store all writes or none; the answer is [`Input::Stored`]. Units are stored in the order of their ids.
    Store {
        /// Number of the unit.
        unit: UnitId,
        /// One write for each session that the step changed or made.
        writes: Vec<Write>,
    },
    /// Look a session up that a message names and that is not here; the answer is [`Input::Restored`].
    Load {
        /// Which.
        key: Key,
    },
    /// A session has ended and its last transaction too: its record may go. The answer is [`Input::Forgotten`].
    Forget {
        /// Which.
        key: Key,
    },
    /// Give something to the shard that owns it; it comes back as [`Input::NotHanded`] when there is no room.
    Handover {
        /// Which shard.
        shard: u16,
        /// What.
        item: Item,
    },
    /// Answer to [`Input::Command`].
    CommandReply {
        /// The command's id.
        id: u64,
        /// The answer.
        reply: CommandReply,
    },
    /// Something that an operator counts or reads.
    Report(Report),
}
