//! The invariants, each checked by a small file that sees all that happens.
#![allow(clippy::wildcard_enum_match_arm, reason = "a checker picks what concerns it")]

mod commit;
mod finals;
mod limit;
mod names;
mod order;
mod quiet;
mod stored;
mod timer;
mod turn;
mod version;

use std::any::Any;

use crate::world::World;
use crate::world::seen::{Seen, Watcher};

/// Something that must never be, and was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The invariant's name.
    pub invariant: &'static str,
    /// What was seen.
    pub text: String,
}

/// Checks one invariant.
pub(super) trait Checker {
    /// One thing that happened; what it breaks, in words.
    fn see(&mut self, world: &World, seen: &Seen<'_>) -> Option<String>;

    /// The world is at rest; what is broken, in words.
    fn end(&mut self, _world: &World) -> Vec<String> {
        Vec::new()
    }
}

/// All checkers, and what they found.
pub struct Checkers {
    checkers: Vec<(&'static str, Box<dyn Checker>)>,
    /// What was found, in order.
    pub faults: Vec<Fault>,
}

impl Checkers {
    /// One of each.
    #[must_use]
    pub fn new() -> Self {
        let checkers: Vec<(&'static str, Box<dyn Checker>)> = vec![
            ("INV-TURN", Box::<turn::Turns>::default()),
            ("INV-COMMIT", Box::<commit::Commits>::default()),
            ("INV-STORE", Box::<stored::Stores>::default()),
            ("INV-FINAL", Box::<finals::Finals>::default()),
            ("INV-QUIET", Box::<quiet::Quiet>::default()),
            ("INV-ORDER", Box::<order::Orders>::default()),
            ("INV-LIMIT", Box::<limit::Bounds>::default()),
            ("INV-NAMES", Box::<names::Minted>::default()),
            ("INV-TIMER", Box::<timer::Timers>::default()),
            ("INV-VERSION", Box::<version::Versions>::default()),
        ];
        Self { checkers, faults: Vec::new() }
    }

    /// The world is at rest.
    pub fn end(&mut self, world: &World) {
        for (invariant, checker) in &mut self.checkers {
            for text in checker.end(world) {
                self.faults.push(Fault { invariant, text });
            }
        }
    }
}

impl Default for Checkers {
    fn default() -> Self {
        Self::new()
    }
}

impl Watcher for Checkers {
    fn see(&mut self, world: &World, seen: &Seen<'_>) {
        for (invariant, checker) in &mut self.checkers {
            if let Some(text) = checker.see(world, seen) {
                let text = format!("at {:.3} s: {text}", world.now.since(world.start).as_secs_f64());
                self.faults.push(Fault { invariant, text });
            }
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
