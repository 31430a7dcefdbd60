//! A world: hosts, peers and a net in virtual time.
//!
//! [`World::step`] takes what is earliest: something on its way, the store, a timer of the host, a timer of a peer. There
//! is no thread, socket, clock or sleep; the same seed and orders give the same bytes. It is one more loop around the
//! container, as the server is: inputs in, effects out, one by one, so that the host can die between any two of them.
//!
//! Start reading at [`World`]; `world::perform` does the effects, `world::life` kills and starts the host.

pub mod left;
mod life;
pub mod net;
pub mod node;
mod perform;
pub mod seen;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::Input;
use siplet_container::io::{ConnectionId, Flow, Hop, Query, Transport};
use siplet_container::turn::{Outcome, Turn};
use siplet_sip::time::Time;
use siplet_store::{Completion, Store};

use crate::peer::Peer;
use crate::random::Random;

use net::Net;
use node::Node;
use seen::{End, Fate, Seen, Watcher};

/// Something on its way.
enum Event {
    /// A message to the host.
    ToHost { peer: usize, connection: ConnectionId, transport: Transport, bytes: Bytes },
    /// A message to a peer.
    ToPeer { peer: usize, bytes: Bytes },
    /// A turn comes back, if the host that gave it still lives.
    TurnEnds { generation: u32, turn: Box<Turn>, outcome: Outcome },
    /// The host hears that a message could not be sent.
    TransmitFailed { generation: u32, bytes: Bytes, hop: Hop },
    /// The DNS answers.
    Resolved { generation: u32, query: Query },
    /// A session that was asked for where nothing is stored.
    NotStored { generation: u32, key: siplet_container::io::Key },
    /// A host starts.
    Start,
}

/// A world.
pub struct World {
    /// The time.
    pub now: Time,
    /// When it began.
    pub start: Time,
    /// The host.
    pub host: Node,
    /// The user agents.
    pub peers: Vec<Peer>,
    /// The net.
    pub net: Net,
    /// Steps that were taken.
    pub steps: u64,
    /// All that see what happens.
    pub watchers: Vec<Box<dyn Watcher>>,
    events: BTreeMap<(Time, u64), Event>,
    sequence: u64,
    addresses: BTreeMap<SocketAddr, usize>,
    /// Domains of the peers that have a URI: each resolves to an address of its own.
    domains: Vec<String>,
    random: Random,
}

/// A world begins then, so that times in messages look like times.
const EPOCH_S: u64 = 1_750_000_000;
/// More steps than any honest world takes.
pub const STEPS_MAX: u64 = 50_000;

impl World {
    /// An empty world; its host is down.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let start = Time::from_micros(EPOCH_S * 1_000_000);
        Self {
            now: start,
            start,
            host: Node::new(),
            peers: Vec::new(),
            net: Net::new(random.fork()),
            steps: 0,
            watchers: Vec::new(),
            events: BTreeMap::new(),
            sequence: 0,
            addresses: BTreeMap::new(),
            domains: Vec::new(),
            random,
        }
    }

    /// Adds a user agent; its index.
    ///
    /// # Panics
    /// Never: the addresses that it makes are addresses.
    pub fn add_peer(&mut self, name: &str, transport: Transport) -> usize {
        let at = self.peers.len();
        let address: SocketAddr = format!("10.0.1.{}:5060", at + 1).parse().expect("a made address is one");
        self.addresses.insert(address, at);
        self.peers.push(Peer::new(name, address, transport));
        at
    }

    /// Adds a user agent that is known by `sip:user@domain`; its index. The domain's name resolves, and what is sent there comes
    /// to whom the Request-URI names.
    pub fn add_phone(&mut self, uri: &str, transport: Transport) -> usize {
        let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
        let (user, domain) = rest.split_once('@').unwrap_or((rest, rest));
        // Tags and branches are made from the name, so no two may have the same.
        let taken = self.peer(user).is_some();
        let at = self.add_peer(
            &if taken { format!("{user}.{domain}.{}", self.peers.len()) } else { user.to_owned() },
            transport,
        );
        self.peers[at].uri = Some(uri.to_owned());
        if !self.domains.iter().any(|known| known.eq_ignore_ascii_case(domain)) {
            self.domains.push(domain.to_owned());
        }
        at
    }

    /// The peer of that name.
    #[must_use]
    pub fn peer(&self, name: &str) -> Option<usize> {
        self.peers.iter().position(|peer| peer.name == name)
    }

    /// When something happens next.
    #[must_use]
    pub fn next_time(&self) -> Option<Time> {
        let event = self.events.keys().next().map(|(at, _)| *at);
        let store = self.host.store.next_timeout().map(Time::from_micros);
        let host = self.host.container.as_ref().and_then(siplet_container::Container::next_timeout);
        let peers = self.peers.iter().filter_map(Peer::next_timeout).min();
        let next = [event, store, host, peers].into_iter().flatten().min()?;
        Some(next.max(self.now))
    }

    /// Does what is earliest, if that is not after `until`. False: nothing is.
    ///
    /// A world that never comes to rest stops after [`STEPS_MAX`] steps.
    pub fn step(&mut self, until: Time) -> bool {
        if self.steps >= STEPS_MAX {
            return false;
        }
        self.steps += 1;
        let Some(next) = self.next_time().filter(|next| *next <= until) else { return false };
        self.now = next;
        let due = |at: Option<Time>| at.is_some_and(|at| at <= next);
        if due(self.events.keys().next().map(|(at, _)| *at)) {
            if let Some((_, event)) = self.events.pop_first() {
                self.happen(event);
            }
        } else if due(self.host.store.next_timeout().map(Time::from_micros)) {
            if let Some(completion) = self.host.store.poll(next.as_micros()) {
                self.on_completion(completion);
            }
        } else if due(self.host.container.as_ref().and_then(siplet_container::Container::next_timeout)) {
            self.feed(Input::Tick);
        } else {
            for at in 0..self.peers.len() {
                self.peers[at].on_time(next);
            }
        }
        self.flush_peers();
        true
    }

    /// Runs until that time, and lets it be that time.
    pub fn run_until(&mut self, until: Time) {
        self.flush_peers();
        while self.step(until) {}
        self.now = self.now.max(until);
    }

    /// Runs for so long.
    pub fn advance(&mut self, time: Duration) {
        self.run_until(self.now + time);
    }

    /// Does all that is due now.
    pub fn settle(&mut self) {
        self.run_until(self.now);
    }

    /// Gives the host an input and does what follows.
    pub fn feed(&mut self, input: Input) {
        if self.die_if_due() {
            return;
        }
        let Some(container) = &mut self.host.container else { return };
        container.handle(input, self.now);
        self.drain();
    }

    /// Does all effects, one by one; the host may die between any two.
    fn drain(&mut self) {
        while !self.die_if_due() {
            let Some(container) = &mut self.host.container else { return };
            let Some(effect) = container.poll_effect() else {
                let counts = container.counts();
                self.show(&Seen::Handled(counts));
                return;
            };
            self.host.effects += 1;
            self.perform(effect);
        }
    }

    /// Shows something to all watchers.
    pub fn show(&mut self, seen: &Seen<'_>) {
        let mut watchers = std::mem::take(&mut self.watchers);
        for watcher in &mut watchers {
            watcher.see(self, seen);
        }
        self.watchers = watchers;
    }

    /// What the watcher of that type found.
    pub fn watcher<T: 'static>(&mut self) -> Option<&mut T> {
        self.watchers.iter_mut().find_map(|watcher| watcher.as_any().downcast_mut())
    }

    fn later(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.events.insert((self.now + after, self.sequence), event);
    }

    fn happen(&mut self, event: Event) {
        let alive = self.host.generation;
        match event {
            Event::ToHost { peer, connection, transport, bytes } => {
                self.show(&Seen::Arrived { at: End::Host, bytes: &bytes });
                let remote = self.peers[peer].address;
                let listener = u16::from(transport.is_reliable());
                self.feed(Input::Packet { flow: Flow { listener, transport, remote, connection }, bytes });
            }
            Event::ToPeer { peer, bytes } => {
                self.show(&Seen::Arrived { at: End::Peer(peer), bytes: &bytes });
                self.peers[peer].receive(&bytes, self.now);
            }
            Event::TurnEnds { generation, turn, outcome } if generation == alive => {
                self.end_turn(turn, outcome);
            }
            Event::TransmitFailed { generation, bytes, hop } if generation == alive => {
                let error = siplet_container::io::TransmitError::Unreachable;
                self.feed(Input::TransmitFailed { bytes, hop, error });
            }
            Event::Resolved { generation, query } if generation == alive => self.answer_dns(query),
            Event::NotStored { generation, key } if generation == alive => {
                self.feed(Input::Restored { key, found: Ok(None) });
            }
            Event::Start => self.start_host(),
            // It was meant for a host that is dead.
            Event::TurnEnds { .. }
            | Event::TransmitFailed { .. }
            | Event::Resolved { .. }
            | Event::NotStored { .. } => {}
        }
    }

    fn on_completion(&mut self, completion: Completion) {
        use siplet_container::io::{Key, StoreError, UnitId};
        let told = |error| match error {
            siplet_store::Error::Fenced => StoreError::Refused,
            siplet_store::Error::Unavailable => StoreError::Unavailable,
        };
        match completion {
            Completion::Stored { unit, result } => {
                let result = result.map_err(told);
                let unit = UnitId(unit.0);
                self.show(&Seen::Stored { unit, result });
                self.feed(Input::Stored { unit, result });
            }
            Completion::Loaded { key, found } => {
                let found = found.map(|found| found.map(|(_, snapshot)| snapshot)).map_err(told);
                self.feed(Input::Restored { key: Key(key.0), found });
            }
            Completion::Forgotten { key, result } => {
                self.feed(Input::Forgotten { key: Key(key.0), result: result.map_err(told) });
            }
            Completion::Scanned { .. } => {}
        }
    }

    /// Puts what the peers want to send onto the wire.
    pub fn flush_peers(&mut self) {
        for at in 0..self.peers.len() {
            while let Some(bytes) = self.peers[at].poll() {
                self.peer_sends(at, bytes);
            }
        }
    }

    fn peer_sends(&mut self, peer: usize, bytes: Bytes) {
        let transport = self.peers[peer].transport;
        let reliable = transport.is_reliable();
        let way = self.net.way(End::Peer(peer), End::Host, &bytes, reliable);
        let fate = fate(&way);
        self.show(&Seen::Sent { from: End::Peer(peer), to: End::Host, bytes: &bytes, fate, reliable });
        let connection = if reliable && self.host.container.is_some() { self.connection_of(peer) } else { 0 };
        for after in way.copies {
            self.later(after, Event::ToHost { peer, connection, transport, bytes: bytes.clone() });
        }
    }

    /// The connection between host and peer, opened where there is none.
    fn connection_of(&mut self, peer: usize) -> ConnectionId {
        let known = self.host.connections.iter().find(|(_, other)| **other == peer).map(|(id, _)| *id);
        known.unwrap_or_else(|| {
            let id = self.host.next_connection;
            self.host.next_connection += 1;
            self.host.connections.insert(id, peer);
            id
        })
    }
}

fn fate(way: &net::Way) -> Fate {
    match (way.copies.len(), way.by_rule) {
        (0, true) => Fate::Dropped,
        (0, false) => Fate::Lost,
        (copies, _) => Fate::Arrives(u32::try_from(copies).unwrap_or(u32::MAX)),
    }
}
