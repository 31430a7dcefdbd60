//! INV-STORE: a peer never sees a message whose state can die with the host.
//!
//! Whatever is transmitted for the first time stands, byte for byte, in the snapshot that the store has of its session. A
//! 100 names no session; its transaction must be stored. What is answered without a transaction is no state.

use std::collections::BTreeSet;

use bytes::Bytes;
use siplet_sip::message::Message;

use crate::wire;
use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Stores {
    known: BTreeSet<Bytes>,
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
            Seen::Transmit { bytes, .. } => self.transmit(world, bytes),
            _ => None,
        }
    }
}
