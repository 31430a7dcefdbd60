//! INV-TURN: one running turn per application session; a turn's number is never used again by its host.

use std::collections::BTreeMap;

use siplet_container::io::Key;
use siplet_container::turn::TurnId;

use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Turns {
    running: BTreeMap<Key, TurnId>,
    last: Option<TurnId>,
}

impl Checker for Turns {
    fn see(&mut self, _world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::TurnBegan { turn, key, handler, .. } => {
                let other = self.running.insert(*key, *turn);
                let is_new = self.last.replace(*turn).is_none_or(|last| last < *turn);
                if let Some(other) = other {
                    return Some(format!(
                        "{} began while turn {} of its session runs",
                        handler.name(),
                        other.0
                    ));
                }
                (!is_new).then(|| format!("turn {} was there before", turn.0))
            }
            Seen::TurnEnded { key, .. } => {
                self.running.remove(key);
                None
            }
            Seen::Killed { .. } => {
                self.running.clear();
                self.last = None;
                None
            }
            _ => None,
        }
    }
}
