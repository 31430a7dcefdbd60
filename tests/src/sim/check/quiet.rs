//! INV-QUIET: with all timers run out and no dialog up, every table is empty, in the host, the store and the peers.

use siplet_container::report::LoadFault;

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
            Seen::Report(siplet_container::report::Report::LoadFailed { why, .. }) => match why {
                // The store was away for longer than it is asked, which is a fault of the plan.
                LoadFault::Unavailable => None,
                LoadFault::Refused
                | LoadFault::NotDeployed(_)
                | LoadFault::Damaged(_)
                | LoadFault::Format(_)
                | LoadFault::OtherSession => Some(format!("a session could not be loaded: {why}")),
            },
            Seen::Report(siplet_container::report::Report::RecordLeft { key }) => {
                Some(format!("the record of {key:?} stays"))
            }
            _ => None,
        }
    }

    fn end(&mut self, world: &World) -> Vec<String> {
        left(world)
    }
}
