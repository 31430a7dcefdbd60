//! Doing the host's effects.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use siplet_container::io::{Hop, Key, Query, UnitId, Write};
use siplet_container::turn::{Outcome, Turn};
use siplet_container::{Effect, Input};
use siplet_store::{Epoch, Store, Unit};

use super::seen::{End, Fate, Seen};
use super::{Event, World, fate};

/// Where a domain is, by its index.
fn domain_address(domain: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 2, u8::try_from(domain + 1).unwrap_or(u8::MAX)))
}

/// The epoch that hosts of a world write under.
const EPOCH: Epoch = Epoch(1);

impl World {
    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Transmit { hop, bytes } => self.transmit(hop, bytes),
            Effect::CloseFlow { connection } => {
                self.show(&Seen::Closed);
                self.host.connections.remove(&connection);
            }
            Effect::Resolve { query } => {
                self.show(&Seen::Resolve(&query.host));
                let generation = self.host.generation;
                self.later(Duration::from_micros(self.host.dns_us), Event::Resolved { generation, query });
            }
            Effect::RunTurn(turn) => self.run_turn(turn),
            Effect::Store { unit, writes } => self.store(unit, writes),
            Effect::Load { key } => {
                self.show(&Seen::Load(key));
                self.load(key);
            }
            Effect::Forget { key } => self.forget(key),
            Effect::Handover { item, .. } => self.feed(Input::Handed { item }),
            Effect::CommandReply { reply, .. } => self.show(&Seen::Reply(&reply)),
            Effect::Report(report) => self.show(&Seen::Report(&report)),
        }
    }

    fn transmit(&mut self, hop: Hop, bytes: Bytes) {
        self.show(&Seen::Transmit { hop: &hop, bytes: &bytes });
        let reliable = hop.transport.is_reliable();
        let peer = if reliable {
            self.host.connections.get(&hop.connection).copied().or_else(|| self.dial(&hop, &bytes))
        } else {
            self.peer_at(hop.remote, &bytes)
        };
        let Some(peer) = peer else {
            let to = End::Nowhere;
            self.show(&Seen::Sent { from: End::Host, to, bytes: &bytes, fate: Fate::Unreachable, reliable });
            let generation = self.host.generation;
            self.later(Duration::ZERO, Event::TransmitFailed { generation, bytes, hop });
            return;
        };
        let way = self.net.way(End::Host, End::Peer(peer), &bytes, reliable);
        let fate = fate(&way);
        self.show(&Seen::Sent { from: End::Host, to: End::Peer(peer), bytes: &bytes, fate, reliable });
        for after in way.copies {
            self.later(after, Event::ToPeer { peer, bytes: bytes.clone() });
        }
    }

    /// Opens a connection to a peer that takes them.
    fn dial(&mut self, hop: &Hop, bytes: &Bytes) -> Option<usize> {
        let remote = hop.fallback.unwrap_or(hop.remote);
        let peer = self.peer_at(remote, bytes)?;
        if self.peers[peer].transport != hop.transport {
            return None;
        }
        self.connection_of(peer);
        Some(peer)
    }

    /// Who is at that address. At the address of a domain it is whom the Request-URI names.
    fn peer_at(&self, address: SocketAddr, bytes: &Bytes) -> Option<usize> {
        if let Some(peer) = self.addresses.get(&address) {
            return Some(*peer);
        }
        (0..self.domains.len()).find(|domain| domain_address(*domain) == address.ip())?;
        let message = crate::wire::parse(bytes)?;
        let uri = String::from_utf8_lossy(message.request_uri()).into_owned();
        let address_of_record = uri.split([';', '?']).next().unwrap_or_default();
        self.peers.iter().position(|peer| peer.uri.as_deref() == Some(address_of_record))
    }

    fn run_turn(&mut self, turn: Box<Turn>) {
        let message = crate::guest::message(&turn);
        let (id, key, handler) = (turn.id(), turn.key(), turn.callback().handler());
        self.show(&Seen::TurnBegan { turn: id, key, handler, message: message.as_ref() });
        let generation = self.host.generation;
        let ran = match self.host.deployed.get_mut(turn.app()) {
            Some(deployed) => deployed.guest.run(turn, generation),
            None => {
                let outcome = crate::guest::trapped(
                    siplet_container::turn::TrapReason::HostError,
                    "the application has no guest in this world",
                );
                crate::guest::Ran { turn, outcome, takes: Duration::ZERO }
            }
        };
        self.later(ran.takes, Event::TurnEnds { generation, turn: ran.turn, outcome: ran.outcome });
    }

    pub(super) fn end_turn(&mut self, turn: Box<Turn>, outcome: Outcome) {
        let outbox = turn.outbox_summary();
        let app = turn.app().name.clone();
        self.show(&Seen::TurnEnded {
            turn: turn.id(),
            key: turn.key(),
            app: &app,
            handler: turn.callback().handler(),
            outcome: &outcome,
            outbox: &outbox,
            after: &turn,
        });
        self.feed(Input::TurnEnded { turn, outcome });
    }

    fn store(&mut self, unit: UnitId, writes: Vec<Write>) {
        self.show(&Seen::Store { unit, writes: &writes });
        let writes = writes
            .into_iter()
            .map(|write| siplet_store::Write {
                key: siplet_store::Key(write.key.0),
                version: write.version,
                snapshot: write.snapshot,
            })
            .collect();
        self.host.store.submit(EPOCH, Unit(unit.0), writes, self.now.as_micros());
    }

    pub(super) fn load(&mut self, key: Key) {
        // What another node has taken is that node's to load.
        let is_ours = !self.host.fenced.iter().any(|fenced| fenced.partition() == key.partition());
        if self.host.config.durable && is_ours {
            self.host.store.load(siplet_store::Key(key.0), self.now.as_micros());
        } else {
            let generation = self.host.generation;
            self.later(Duration::ZERO, Event::NotStored { generation, key });
        }
    }

    fn forget(&mut self, key: Key) {
        self.show(&Seen::Forget(key));
        self.host.store.forget(EPOCH, siplet_store::Key(key.0), self.now.as_micros());
    }

    pub(super) fn answer_dns(&mut self, query: Query) {
        let peer = self.peers.iter().find(|peer| peer.name == query.host).map(|peer| peer.address.ip());
        let domain = self
            .domains
            .iter()
            .position(|domain| domain.eq_ignore_ascii_case(&query.host))
            .map(domain_address);
        let answer = peer.or(domain).into_iter().collect();
        self.feed(Input::Resolved { query, answer: Ok(answer) });
    }

    /// Sets what is wrong with the store.
    pub fn set_store_faults(&mut self, faults: siplet_store::memory::Faults) {
        self.host.store.set_faults(faults);
    }

    /// Another node takes the partition of that session: whatever the host writes for it is refused from now on.
    pub fn fence(&mut self, key: Key) {
        let partition = key.partition();
        self.host.store.own(partition, Epoch(EPOCH.0 + 1), self.now.as_micros());
        self.host.fenced.insert(key);
    }
}
