//! The hash table of the pure crates: keyed from the container's seed, without unordered iteration.
//!
//! Peers choose what is hashed (Call-ID, branch), so the hash is keyed. Nothing may depend on the order of a hash table,
//! so the only walk is over sorted keys.

use core::hash::{BuildHasher, Hash};

use hashbrown::HashMap;
use siphasher::sip::SipHasher13;

/// Makes the keyed hashers of one table.
#[derive(Clone)]
pub(crate) struct Keyed(u64, u64);

impl BuildHasher for Keyed {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.0, self.1)
    }
}

/// A hash table over hashbrown.
pub(crate) struct Table<K, V> {
    map: HashMap<K, V, Keyed>,
}

impl<K: Hash + Eq + Ord + Copy, V> Table<K, V> {
    /// An empty table, keyed with two secret words.
    pub(crate) fn new(seed: [u64; 2]) -> Self {
        Self { map: HashMap::with_hasher(Keyed(seed[0], seed[1])) }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.map.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: &K) -> Option<&mut V> {
        self.map.get_mut(key)
    }

    pub(crate) fn contains(&self, key: &K) -> bool {
        self.map.contains_key(key)
    }

    /// Puts a value in; gives back the one that was there.
    pub(crate) fn insert(&mut self, key: K, value: V) -> Option<V> {
        self.map.insert(key, value)
    }

    /// Takes a value out. A table that has become nearly empty gives its memory back.
    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let value = self.map.remove(key);
        if value.is_some() && self.map.capacity() > 1024 && self.map.len() < self.map.capacity() / 8 {
            self.map.shrink_to(self.map.len() * 2);
        }
        value
    }

    pub(crate) fn len(&self) -> usize {
        self.map.len()
    }

    /// All keys in order.
    pub(crate) fn sorted_keys(&self) -> Vec<K> {
        let mut keys: Vec<K> = self.map.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys
    }
}
