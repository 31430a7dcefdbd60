//! What is left in a world that should be at rest.

use siplet_container::io::Key;

use crate::peer::Peer;

use super::{STEPS_MAX, World};

/// What is left in a world that should be at rest: names of tables with their counts. Empty: nothing.
#[must_use]
pub fn left(world: &World) -> Vec<String> {
    let mut left = Vec::new();
    let mut roots = Vec::new();
    if world.steps >= STEPS_MAX {
        left.push("the world never comes to rest".to_owned());
    }
    if let Some(container) = &world.host.container {
        let counts = container.counts();
        // A root session lives as long as its deployment.
        roots.extend(container.sessions().into_iter().filter(|view| view.root).map(|view| view.key));
        let tables = [
            ("application sessions", counts.application_sessions.saturating_sub(roots.len())),
            ("SIP sessions", counts.sip_sessions),
            ("dialogs", counts.dialogs),
            ("server transactions", counts.server_transactions),
            ("client transactions", counts.client_transactions),
            ("server keys", counts.server_keys),
            ("merge keys", counts.merge_keys),
            ("deadlines", counts.deadlines),
            ("mailbox", counts.mailbox),
            ("open steps", counts.open_steps),
            ("parked units", counts.parked_units),
            ("loading packets", counts.loading_packets),
            ("forgetting", counts.forgetting),
            ("resolving", counts.resolving),
        ];
        left.extend(
            tables.iter().filter(|(_, count)| *count > 0).map(|(name, count)| format!("{name} {count}")),
        );
    }
    let stored = world
        .host
        .store
        .records()
        .filter(|(key, ..)| {
            let key = Key(key.0);
            !roots.contains(&key)
                && !world.host.fenced.iter().any(|fenced| fenced.partition() == key.partition())
        })
        .count();
    if stored > 0 {
        left.push(format!("stored {stored}"));
    }
    left.extend(
        world
            .peers
            .iter()
            .filter(|peer| !peer.is_quiet())
            .map(|peer: &Peer| format!("{} at work", peer.name)),
    );
    left
}
