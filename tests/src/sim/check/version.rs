//! INV-VERSION: a session is served by the version that made its state, or whose `upgrade` did.
//!
//! Servlets of simulated worlds note their version in the state of each session and look at it in each turn.

use siplet_container::turn::{Outcome, TrapReason};

use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Versions;

impl Checker for Versions {
    fn see(&mut self, _world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::TurnEnded { outcome: Outcome::Trapped(trap), handler, .. }
                if trap.reason == TrapReason::HostError && trap.text.contains("was given the state of") =>
            {
                Some(format!("{}: {}", handler.name(), trap.text))
            }
            _ => None,
        }
    }
}
