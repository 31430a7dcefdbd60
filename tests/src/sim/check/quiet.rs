//! INV-QUIET: with all timers run out and no dialog up, every table is empty, in the host, the store and the peers.

use crate::world::World;
use crate::world::left::left;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Quiet;

impl Checker for Quiet {
    fn see(&mut self, _world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::Report(siplet_container::report::Report::Broken { what, .. }) => Some((*what).to_owned()),
            Seen::Report(siplet_container::report::Report::RestoreFailed { why, .. }) => {
                Some(format!("a snapshot could not be restored: {why}"))
            }
            _ => None,
        }
    }

    fn end(&mut self, world: &World) -> Vec<String> {
        left(world)
    }
}
