//! What the shell tells a container at start, and its named limits.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siplet_sip::limits::Limits as MessageLimits;
use siplet_sip::transaction::TimerConfig;

use crate::io::Transport;

/// One socket that the shell listens on, as the container must know it to write Via and Contact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// How it speaks.
    pub transport: Transport,
    /// The address it is bound to; its family decides which peers it can reach.
    pub address: SocketAddr,
    /// Host for Via, Contact and Record-Route: a name, an IPv4 address or an IPv6 address in brackets.
    pub advertised_host: String,
    /// Port for the same.
    pub advertised_port: u16,
}

/// One line of the default router: requests of these methods to these domains go to that application.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Name of the application.
    pub application: String,
    /// Methods; empty: those that the application handles.
    pub methods: Vec<String>,
    /// Domains of the Request-URI, compared without regard to case; empty: all.
    pub domains: Vec<String>,
}

/// The secret under which names are minted: 128 bits, shared by all nodes of a cluster, kept over restarts.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Secret(pub [u8; 16]);

impl core::fmt::Debug for Secret {
    /// Says nothing.
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// Limits of the container; per-application ones are in [`crate::app::AppLimits`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limits {
    /// Limits of one message.
    pub message: MessageLimits,
    /// Live application sessions of all applications.
    pub sessions: usize,
    /// Packets that wait for sessions that are being loaded, all together.
    pub loading_packets: usize,
    /// Records of ended sessions that the store has not let go yet, those included that it is asked for just now.
    pub forgetting: usize,
    /// How often a unit is offered, or a session asked for, while the store cannot be reached.
    pub store_attempts: u32,
    /// How long to wait before the store is asked again.
    pub store_retry_after: Duration,
    /// How long an INVITE may stay without a final response before the host answers 500 in the servlet's place.
    pub invite_unanswered: Duration,
    /// Units of one session that wait for the store; more inputs wait in the mailbox.
    pub parked_units: usize,
    /// 2xx of different branches of one INVITE that are acknowledged and ended; more are dropped.
    pub forks: usize,
    /// Requests of clients that wait for one name of the DNS.
    pub resolving: usize,
    /// Steps in which a handler died that are kept in one second; of more only the death is told.
    pub trapped_per_s: u32,
    /// Sessions whose move to a new version begins at a time.
    pub upgrade_sessions: usize,
    /// How long after them the next ones begin.
    pub upgrade_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message: MessageLimits::default(),
            sessions: 500_000,
            loading_packets: 1024,
            forgetting: 500_000,
            store_attempts: 5,
            store_retry_after: Duration::from_millis(200),
            invite_unanswered: Duration::from_secs(600),
            parked_units: 16,
            forks: 8,
            resolving: 4096,
            trapped_per_s: 2,
            upgrade_sessions: 32,
            upgrade_every: Duration::from_millis(10),
        }
    }
}

/// What a container is made from.
#[derive(Clone, Debug)]
pub struct Config {
    /// The shell's sockets. [`crate::io::Flow::listener`] is an index into this.
    pub listeners: Vec<Listener>,
    /// The default router's list; empty: made from the descriptors of the applications.
    pub routes: Vec<Route>,
    /// SIP timers.
    pub timers: TimerConfig,
    /// Limits.
    pub limits: Limits,
    /// True: steps of distributable applications are stored before anything of them leaves.
    pub durable: bool,
    /// Names are minted under this secret.
    pub secret: Secret,
    /// Names minted under this one are still good.
    pub previous_secret: Option<Secret>,
    /// Two random words, new at each start: session ids and guests' random numbers come from it.
    pub seed: [u64; 2],
    /// Number of this shard.
    pub shard: u16,
    /// Number of shards, at least 1.
    pub shards: u16,
    /// Deadlines are rounded up to a multiple of this, so that one wake-up serves many. Never zero.
    pub timer_slot: Duration,
    /// The same for deadlines that only clean up.
    pub lazy_timer_slot: Duration,
    /// Value of the Server header of responses that the host makes; empty: none.
    pub server_header: String,
    /// True: a step in which a handler died is told whole, so that it can run again.
    pub keep_trapped: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listeners: Vec::new(),
            routes: Vec::new(),
            timers: TimerConfig::default(),
            limits: Limits::default(),
            durable: false,
            secret: Secret([0; 16]),
            previous_secret: None,
            seed: [0; 2],
            shard: 0,
            shards: 1,
            timer_slot: Duration::from_millis(10),
            lazy_timer_slot: Duration::from_secs(1),
            server_header: String::new(),
            keep_trapped: false,
        }
    }
}

/// Number of partitions of the world of sessions; fixed for good (it stands in every name).
pub const PARTITIONS: u16 = 1024;
