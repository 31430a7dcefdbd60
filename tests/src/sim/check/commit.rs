//! INV-COMMIT: no byte of a turn leaves before its commit, none after a trap; and what a turn that died had set was
//! never set.
//!
//! Messages of scripted servlets say which turn sent them. The counter that scripts keep in an attribute tells whether a
//! dead turn's attributes live on: it grows by one with each turn that was committed.

use std::collections::BTreeMap;

use siplet_container::io::Key;
use siplet_container::report::Report;
use siplet_container::turn::Outcome;

use crate::wire;
use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

/// `GENERATION.TURN.N` of a message of a scripted servlet.
pub(super) fn mark(bytes: &bytes::Bytes) -> Option<(u32, u64, u32)> {
    let mark = wire::named(&wire::parse(bytes)?, "X-Turn")?;
    let mut parts = mark.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[derive(Default)]
pub(super) struct Commits {
    /// True for those that ended well.
    ended: BTreeMap<(u32, u64), bool>,
    /// The counter of each session, where it is known.
    counters: BTreeMap<Key, Option<u64>>,
    /// Whether the last turn of the session ended well.
    last: BTreeMap<Key, bool>,
    /// Turns that are with their guest; false: their session went back meanwhile, and nothing of them may be kept.
    running: BTreeMap<Key, bool>,
}

impl Commits {
    fn transmit(&self, bytes: &bytes::Bytes) -> Option<String> {
        let (generation, turn, _) = mark(bytes)?;
        match self.ended.get(&(generation, turn)) {
            Some(true) => None,
            Some(false) => Some(format!("a message of turn {turn} left, and the turn was given up")),
            None => Some(format!("a message of turn {turn} left before the turn had ended")),
        }
    }

    fn count(&mut self, key: Key, count: u64) -> Option<String> {
        let committed = self.last.get(&key).copied().unwrap_or(false);
        let known = self.counters.entry(key).or_insert(Some(0));
        let expected = known.map(|known| known + 1);
        if committed {
            *known = Some(count);
        }
        let wrong = expected.filter(|expected| *expected != count)?;
        Some(format!("a counter reads {count} where {wrong} turns were committed"))
    }
}

impl Checker for Commits {
    fn see(&mut self, world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::TurnBegan { key, .. } => {
                self.running.insert(*key, true);
                None
            }
            Seen::TurnEnded { turn, key, outcome, .. } => {
                let well = **outcome == Outcome::Done && self.running.remove(key) != Some(false);
                self.ended.insert((world.host.generation, turn.0), well);
                self.last.insert(*key, well);
                None
            }
            Seen::Transmit { bytes, .. } => self.transmit(bytes),
            Seen::Report(Report::Log { key, message, .. }) => {
                self.count(*key, message.strip_prefix("n=")?.parse().ok()?)
            }
            // What was not acknowledged may be gone.
            Seen::Report(Report::RolledBack { key, .. }) => {
                self.counters.insert(*key, None);
                self.running.entry(*key).and_modify(|keeps| *keeps = false);
                None
            }
            Seen::Killed { .. } => {
                self.counters.values_mut().for_each(|counter| *counter = None);
                None
            }
            _ => None,
        }
    }
}
