//! INV-TIMER: a timer of a session fires once for each time that it is due, and is not lost while its session lives.
//!
//! Servlets of simulated worlds count in attributes, and so in the same unit as the timers themselves, what was armed and what
//! has fired. They compare at each firing, and when the session is ready to be invalidated: then no timer is left.

use siplet_container::turn::{Outcome, TrapReason};

use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Timers;

impl Checker for Timers {
    fn see(&mut self, _world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::TurnEnded { outcome: Outcome::Trapped(trap), handler, .. }
                if trap.reason == TrapReason::HostError && trap.text.starts_with("timers:") =>
            {
                Some(format!("{}: {}", handler.name(), trap.text))
            }
            _ => None,
        }
    }
}
