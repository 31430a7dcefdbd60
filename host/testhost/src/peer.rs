//! Scripted user agents: what alice and bob are.
//!
//! A [`Peer`] knows the client and server transactions and the dialogs of RFC 3261 far enough to be honest: it repeats what
//! UDP may lose, acknowledges every final response of an INVITE, answers what comes, and remembers all that it saw for the
//! checkers. It has its own code for all of it; nothing of the host's machines is used, only the message layer to read.
//! It has no clock and no chance: the world moves it.

mod answer;
mod client;
mod dialog;
mod server;

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::io::Transport;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

pub use answer::{Answer, Reply};
pub use client::{Client, Ending};
pub use dialog::{Dialog, EndedBy};
pub use server::Server;

use crate::wire;

/// RFC 3261 §17.1.1.1.
pub const T1: Duration = Duration::from_millis(500);
/// RFC 3261 §17.1.2.2.
pub const T2: Duration = Duration::from_secs(4);
/// 64*T1.
pub const TIMEOUT: Duration = Duration::from_secs(32);

/// What a peer does by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// Acknowledges a 2xx.
    pub acks_success: bool,
    /// Acknowledges a failure of an INVITE.
    pub acks_failure: bool,
    /// Repeats what was not answered.
    pub repeats: bool,
    /// Answers requests.
    pub answers: bool,
    /// Answers INVITEs by its plan; else whoever moves the peer answers them.
    pub answers_calls: bool,
}

impl Default for Manners {
    fn default() -> Self {
        Self { acks_success: true, acks_failure: true, repeats: true, answers: true, answers_calls: true }
    }
}

/// Things that go with a request.
#[derive(Clone, Debug, Default)]
pub struct Extras {
    /// Header lines.
    pub headers: Vec<(String, String)>,
    /// The body; its type is `application/sdp` where no header says another.
    pub body: String,
    /// Number in the CSeq.
    pub cseq: Option<u32>,
    /// Branch of the Via.
    pub branch: Option<String>,
    /// Call-ID.
    pub call_id: Option<String>,
    /// Tag of From.
    pub from_tag: Option<String>,
    /// Tag of To.
    pub to_tag: Option<String>,
}

/// A user agent.
#[derive(Debug)]
pub struct Peer {
    /// Its name, for traces, tags and branches.
    pub name: String,
    /// Its address.
    pub address: SocketAddr,
    /// The URI that it is known by, where it is another than that of its address.
    pub uri: Option<String>,
    /// How it speaks to the host.
    pub transport: Transport,
    /// What it does by itself.
    pub manners: Manners,
    /// How it answers INVITEs, by the user part of the Request-URI; the empty name is for all others.
    pub answers: BTreeMap<String, Answer>,
    /// Statuses of its answers to other requests, by method; 200 for those that are not named.
    pub statuses: BTreeMap<String, u16>,
    /// Header lines of its next ACKs.
    pub ack_headers: Vec<(String, String)>,
    /// What it asked for, oldest first.
    pub clients: Vec<Client>,
    /// What it was asked for, oldest first.
    pub servers: Vec<Server>,
    /// Its calls, oldest first.
    pub dialogs: Vec<Dialog>,
    names: u32,
    out: VecDeque<Bytes>,
}

impl Peer {
    /// A user agent of that name.
    #[must_use]
    pub fn new(name: &str, address: SocketAddr, transport: Transport) -> Self {
        Self {
            name: name.to_owned(),
            address,
            uri: None,
            transport,
            manners: Manners::default(),
            answers: BTreeMap::new(),
            statuses: BTreeMap::new(),
            ack_headers: Vec::new(),
            clients: Vec::new(),
            servers: Vec::new(),
            dialogs: Vec::new(),
            names: 0,
            out: VecDeque::new(),
        }
    }

    /// The next message that it wants to send.
    pub fn poll(&mut self) -> Option<Bytes> {
        self.out.pop_front()
    }

    /// Sends these bytes as they are.
    pub fn send(&mut self, bytes: Bytes) {
        self.out.push_back(bytes);
    }

    /// When it has something to do next.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let clients = self.clients.iter().filter_map(Client::next_timeout).min();
        let servers = self.servers.iter().filter_map(Server::next_timeout).min();
        [clients, servers].into_iter().flatten().min()
    }

    /// Does what is due.
    pub fn on_time(&mut self, now: Time) {
        self.clients_on_time(now);
        self.servers_on_time(now);
    }

    /// Takes a message in.
    pub fn receive(&mut self, bytes: &Bytes, now: Time) {
        let Some(message) = wire::parse(bytes) else { return };
        match message.method() {
            Some(_) => self.on_request(message, now),
            None => self.on_response(&message, bytes, now),
        }
    }

    /// RFC 3261 §15: a callee does not hang up before the ACK of its 2xx has come, or is no longer waited for.
    #[must_use]
    pub fn may_hang_up(&self, dialog: usize) -> bool {
        let dialog = &self.dialogs[dialog];
        let fits = |server: &&Server| {
            server.method == "INVITE"
                && server.call_id == dialog.call_id
                && server.finals.iter().any(|(_, tag, _)| *tag == dialog.local_tag)
        };
        dialog.is_up()
            && self
                .servers
                .iter()
                .find(fits)
                .is_none_or(|server| server.no_ack || server.acked.contains(&dialog.local_tag))
    }

    /// True when nothing is under way at this peer.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.next_timeout().is_none()
    }

    fn mint(&mut self, kind: &str) -> String {
        self.names += 1;
        format!("{kind}-{}-{}", self.name, self.names)
    }

    fn via(&self, branch: &str) -> String {
        format!("SIP/2.0/{} {};branch={branch};rport", self.transport.via_name(), self.address)
    }

    fn contact(&self) -> String {
        match self.transport {
            Transport::Udp => format!("<sip:{}@{}>", self.name, self.address),
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                format!("<sip:{}@{};transport={}>", self.name, self.address, self.transport.param_name())
            }
        }
    }

    fn is_reliable(&self) -> bool {
        self.transport.is_reliable()
    }
}

/// The dialog of these names.
fn matches(dialog: &Dialog, message: &Message, local: &str, remote: &str) -> bool {
    dialog.call_id.as_bytes() == message.call_id().unwrap_or_default()
        && dialog.local_tag == local
        && dialog.remote_tag == remote
}
