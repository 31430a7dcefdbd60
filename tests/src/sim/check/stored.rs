//! INV-STORE: a peer never sees a message whose state can die with the host.
//!
//! Whatever is transmitted for the first time stands, byte for byte, in the snapshot that the store has of its session. A
//! 100 names no session; its transaction must be stored. What is answered without a transaction is no state, but a 481 tells
//! of one: it leaves behind all units that waited when its request came.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use siplet_container::io::{Key, UnitId};
use siplet_container::report::Report;
use siplet_sip::message::Message;

use crate::wire;
use crate::world::World;
use crate::world::seen::{End, Seen};

use super::Checker;

#[derive(Default)]
pub(super) struct Stores {
    known: BTreeSet<Bytes>,
    /// Units of each session that the store has not acknowledged.
    waiting: BTreeMap<Key, BTreeSet<UnitId>>,
    /// The latest unit that waited when a request came, by the request's branch.
    asked: BTreeMap<String, UnitId>,
}

/// Answers that need no transaction: RFC 3261 §8.2.7. Their To tag is the client's or one that says so.
fn is_stateless(message: &Message) -> bool {
    let refused = message.status().is_some_and(|status| matches!(status, 400..=699));
    refused && (wire::to_tag(message).starts_with("sl-") || wire::named(message, "X-Turn").is_none())
}

fn holds(snapshot: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(snapshot, part).is_some()
}

impl Stores {
    fn arrived(&mut self, bytes: &Bytes) -> Option<()> {
        let message = wire::parse(bytes)?;
        let key = wire::key_of(&wire::to_tag(&message)).filter(|_| message.status().is_none())?;
        let last = self.waiting.get(&key)?.last()?;
        self.asked.entry(wire::branch(&message)).or_insert(*last);
        Some(())
    }

    /// A 481 on the word of a state that is not stored.
    fn too_early(&mut self, bytes: &Bytes) -> Option<String> {
        let message = wire::parse(bytes).filter(|message| message.status() == Some(481))?;
        let last = self.asked.remove(&wire::branch(&message))?;
        let first = self.waiting.get(&wire::key_of(&wire::to_tag(&message))?)?.first()?;
        (*first <= last)
            .then(|| format!("a 481 of {} tells of what is not stored", wire::text_call(&message)))
    }

    fn acknowledged(&mut self, unit: UnitId) {
        // A snapshot is whole: with it, the session's units before it are stored too.
        for units in self.waiting.values_mut().filter(|units| units.contains(&unit)) {
            units.retain(|other| *other > unit);
        }
    }

    fn transmit(&mut self, world: &World, bytes: &Bytes) -> Option<String> {
        if !world.host.config.durable || !self.known.insert(bytes.clone()) {
            return None;
        }
        let message = wire::parse(bytes)?;
        let key = wire::session_of(&message);
        let is_stored = match (key, message.status()) {
            (None, Some(100)) => {
                let branch = format!("branch={}", wire::branch(&message));
                world.host.store.records().any(|(.., snapshot)| holds(snapshot, branch.as_bytes()))
            }
            (None, _) => is_stateless(&message),
            (Some(key), _) => {
                let record = world.host.store.records().find(|(other, ..)| other.0 == key.0);
                // A fenced session's record is another node's.
                world.host.fenced.iter().any(|fenced| fenced.partition() == key.partition())
                    || record.is_some_and(|(.., snapshot)| holds(snapshot, bytes))
                    || (is_stateless(&message) && matches!(message.status(), Some(481 | 503)))
            }
        };
        let what = message.status().map_or_else(|| wire::method(&message), |status| status.to_string());
        (!is_stored).then(|| format!("{what} of {} left and is not stored", wire::text_call(&message)))
    }
}

impl Checker for Stores {
    fn see(&mut self, world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::Transmit { bytes, .. } => {
                return self.transmit(world, bytes).or_else(|| self.too_early(bytes));
            }
            Seen::Arrived { at: End::Host, bytes } => {
                self.arrived(bytes);
            }
            Seen::Store { unit, writes } => {
                for write in *writes {
                    self.waiting.entry(write.key).or_default().insert(*unit);
                }
            }
            Seen::Stored { unit, result: Ok(()) } => self.acknowledged(*unit),
            Seen::Report(Report::RolledBack { key, .. } | Report::StoreRefused { key }) => {
                self.waiting.remove(key);
            }
            Seen::Killed { .. } => {
                self.waiting.clear();
                self.asked.clear();
            }
            _ => {}
        }
        None
    }
}
