//! The simulator: random worlds from seeds, and the checkers that hold them to the invariants.
//!
//! A seed gives a plan ([`plan`]), the plan is lived ([`drive`]) under the eyes of one checker for each invariant ([`check`]).
//! The same seed gives the same bytes. What fails is lived again with fewer actions until nothing can be left out
//! ([`minimise`]), and then with a trace. [`boundaries`] kills the host at every effect of plain calls, one after the other.
//! [`mutants`] plants defects in the container, which must all be found.

pub mod boundaries;
pub mod check;
pub mod drive;
pub mod minimise;
pub mod mutants;
pub mod plan;

use std::hash::{DefaultHasher, Hash, Hasher};

use crate::trace::Trace;
use crate::world::World;
use crate::world::seen::{Seen, Watcher};

use check::{Checkers, Fault};
use plan::Plan;

/// What a world came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What was broken, in the order in which it was seen.
    pub faults: Vec<Fault>,
    /// A hash over every byte that the host sent, with its time.
    pub digest: u64,
}

/// Every n-th seed is lived twice, for INV-REPLAY.
const REPLAY_EVERY: u64 = 16;

/// Lives the world of a seed.
#[must_use]
pub fn run(seed: u64) -> Verdict {
    let plan = Plan::of(seed);
    let mut verdict = live(&plan);
    if seed.is_multiple_of(REPLAY_EVERY) && verdict.faults.is_empty() && live(&plan).digest != verdict.digest
    {
        let text = "the same seed gave other bytes".to_owned();
        verdict.faults.push(Fault { invariant: "INV-REPLAY", text });
    }
    verdict
}

/// Lives a plan.
#[must_use]
pub fn live(plan: &Plan) -> Verdict {
    let mut world = drive::begin(plan);
    world.watchers.push(Box::new(Checkers::new()));
    world.watchers.push(Box::<Digest>::default());
    drive::live(&mut world, plan);
    judge(&mut world)
}

/// What the checkers of a world that is at rest say.
pub fn judge(world: &mut World) -> Verdict {
    let mut watchers = std::mem::take(&mut world.watchers);
    let mut verdict = Verdict { faults: Vec::new(), digest: 0 };
    for watcher in &mut watchers {
        let any = watcher.as_any();
        if let Some(checkers) = any.downcast_mut::<Checkers>() {
            checkers.end(world);
            verdict.faults.append(&mut checkers.faults);
        } else if let Some(digest) = any.downcast_mut::<Digest>() {
            verdict.digest = digest.0.finish();
        }
    }
    world.watchers = watchers;
    verdict
}

/// The trace of a plan's world.
#[must_use]
pub fn trace(plan: &Plan) -> Vec<String> {
    let mut world = drive::begin(plan);
    world.watchers.push(Box::new(Trace::new()));
    drive::live(&mut world, plan);
    world.watcher::<Trace>().map(Trace::take).unwrap_or_default()
}

/// A hash over what the host sends.
#[derive(Default)]
struct Digest(DefaultHasher);

impl Watcher for Digest {
    fn see(&mut self, world: &World, seen: &Seen<'_>) {
        if let Seen::Transmit { bytes, .. } = seen {
            world.now.hash(&mut self.0);
            bytes.hash(&mut self.0);
        }
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}
