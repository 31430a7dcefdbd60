//! Stable names for what is minted: the first tag is T1, whatever it is.

use std::collections::BTreeMap;

use siplet_container::io::{Key, UnitId};

use crate::world::World;
use crate::world::node::HOST;

/// Names by kind.
#[derive(Debug, Default)]
pub struct Names {
    calls: BTreeMap<String, usize>,
    tags: BTreeMap<String, usize>,
    branches: BTreeMap<String, usize>,
    sessions: BTreeMap<Key, usize>,
    units: BTreeMap<(u32, UnitId), usize>,
}

fn number<K: Ord>(known: &mut BTreeMap<K, usize>, key: K) -> usize {
    let next = known.len() + 1;
    *known.entry(key).or_insert(next)
}

impl Names {
    /// Name of a Call-ID.
    pub fn call(&mut self, call_id: &str) -> String {
        format!("C{}", number(&mut self.calls, call_id.to_owned()))
    }

    /// Name of a tag. A tag of an answer without a transaction says so.
    pub fn tag(&mut self, tag: &str) -> String {
        let stateless = if tag.starts_with("sl-") { "s" } else { "" };
        format!("T{}{stateless}", number(&mut self.tags, tag.to_owned()))
    }

    /// Name of a branch.
    pub fn branch(&mut self, branch: &str) -> String {
        format!("B{}", number(&mut self.branches, branch.to_owned()))
    }

    /// Name of an application session.
    pub fn session(&mut self, key: Key) -> String {
        format!("A{}", number(&mut self.sessions, key))
    }

    /// The application session of that name.
    #[must_use]
    pub fn session_named(&self, name: &str) -> Option<Key> {
        let number: usize = name.strip_prefix('A')?.parse().ok()?;
        self.sessions.iter().find(|(_, other)| **other == number).map(|(key, _)| *key)
    }

    /// Name of a stored unit.
    pub fn unit(&mut self, world: &World, unit: UnitId) -> String {
        format!("U{}", number(&mut self.units, (world.host.generation, unit)))
    }

    /// A text with names in the place of addresses.
    #[must_use]
    pub fn plain(&self, world: &World, text: &str) -> String {
        let mut plain = text.replace(HOST, "host");
        for peer in &world.peers {
            plain = plain.replace(&peer.address.to_string(), &peer.name);
        }
        plain
    }
}
