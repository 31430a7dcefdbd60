//! INV-LIMIT: no queue exceeds its named limit.

use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Bounds;

impl Checker for Bounds {
    fn see(&mut self, world: &World, seen: &Seen<'_>) -> Option<String> {
        let Seen::Handled(counts) = seen else { return None };
        let limits = &world.host.config.limits;
        let app =
            world.host.deployed.values().map(|deployed| &deployed.application.descriptor.limits).next()?;
        let sessions = counts.application_sessions;
        let longest = world.host.container.as_ref().map_or(0, siplet_container::Container::longest_mailbox);
        // Responses and ACKs may be four times as many; two deadlines and an upgrade are the host's own.
        let bounds = [
            ("sessions", sessions, limits.sessions),
            ("mailbox", longest, app.mailbox * 4 + 3),
            ("parked units", counts.parked_units, sessions * limits.parked_units),
            ("loading packets", counts.loading_packets, limits.loading_packets),
            ("resolving", counts.resolving, limits.resolving),
            ("SIP sessions", counts.sip_sessions, sessions * app.sip_sessions),
            ("open steps", counts.open_steps, sessions),
        ];
        let over = bounds.into_iter().find(|(_, count, limit)| count > limit)?;
        Some(format!("{} {} where {} are allowed", over.1, over.0, over.2))
    }
}
