//! INV-ORDER: messages of a session leave in the order of their commits and, inside a turn, of their sends; what waits in
//! a mailbox is not overtaken.

use std::collections::BTreeMap;

use bytes::Bytes;
use siplet_container::io::Key;
use siplet_container::report::Report;

use crate::wire;
use crate::world::World;
use crate::world::seen::{End, Seen};

use super::Checker;
use super::commit::mark;

#[derive(Default)]
pub(super) struct Orders {
    /// The latest mark that left, of each session.
    left: BTreeMap<Key, (u32, u64, u32)>,
    /// Everything that left before.
    known: std::collections::BTreeSet<Bytes>,
    /// What arrived and led to no turn yet, with the order of its arrival, where that still counts.
    waiting: BTreeMap<Bytes, Option<u64>>,
    arrived: u64,
    /// The arrival of the message that led to the last turn of a session.
    last: BTreeMap<Key, u64>,
}

impl Orders {
    fn transmit(&mut self, bytes: &Bytes) -> Option<String> {
        let mark = mark(bytes)?;
        let message = wire::parse(bytes)?;
        let key = wire::session_of(&message)?;
        // A CANCEL waits for a provisional response, a BYE for the ACK of our 2xx, the first request for its address.
        let waits = message.status().is_none()
            && (matches!(wire::method(&message).as_str(), "CANCEL" | "BYE")
                || wire::to_tag(&message).is_empty());
        if waits || !self.known.insert(bytes.clone()) {
            return None;
        }
        let last = self.left.insert(key, mark)?;
        (last >= mark).then(|| format!("message {mark:?} left after message {last:?} of the same session"))
    }

    fn began(&mut self, key: Key, message: &Bytes) -> Option<String> {
        let arrival = self.waiting.remove(message)??;
        let last = self.last.insert(key, arrival)?;
        (arrival < last).then(|| "a message was overtaken in its mailbox".to_owned())
    }
}

impl Checker for Orders {
    fn see(&mut self, world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::Transmit { bytes, .. } => self.transmit(bytes),
            Seen::Arrived { at: End::Host, bytes } if world.host.container.is_some() => {
                self.arrived += 1;
                self.waiting.entry((*bytes).clone()).or_insert(Some(self.arrived));
                None
            }
            Seen::TurnBegan { key, message: Some(message), .. } => self.began(*key, message),
            // What was refused may come again later, or wait all the same as another copy of it does.
            Seen::Report(Report::Refused { .. } | Report::Dropped { .. } | Report::RolledBack { .. }) => {
                self.waiting.values_mut().for_each(|arrival| *arrival = None);
                None
            }
            Seen::Killed { .. } => {
                self.waiting.clear();
                self.last.clear();
                None
            }
            _ => None,
        }
    }
}
