//! Attributes: named values of a session, copied at `set` and read as they were set.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The attributes of one session. Shared until changed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attributes {
    values: Option<Arc<BTreeMap<String, Bytes>>>,
    /// Of all names and values; counted anew when a session is read, so that a record cannot tell a wrong number.
    bytes: usize,
}

impl Serialize for Attributes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.values.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Attributes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values = Option::<Arc<BTreeMap<String, Bytes>>>::deserialize(deserializer)?;
        let count = |values: &Arc<BTreeMap<String, Bytes>>| {
            values.iter().map(|(name, value)| name.len() + value.len()).sum()
        };
        Ok(Self { bytes: values.as_ref().map_or(0, count), values })
    }
}

impl Attributes {
    /// Bytes of all names and values.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Bytes> {
        self.values.as_ref()?.get(name)
    }

    /// Bytes of all names and values if this one were set.
    pub(crate) fn bytes_with(&self, name: &str, value: &[u8]) -> usize {
        let old = self.get(name).map_or(0, |old| name.len() + old.len());
        self.bytes - old + name.len() + value.len()
    }

    /// Sets a value; false when it is the one that was there.
    pub(crate) fn set(&mut self, name: &str, value: &[u8]) -> bool {
        if self.get(name).is_some_and(|old| old == value) {
            return false;
        }
        self.bytes = self.bytes_with(name, value);
        Arc::make_mut(self.values.get_or_insert_default())
            .insert(name.to_owned(), Bytes::copy_from_slice(value));
        true
    }

    /// Removes a value; false when there was none.
    pub(crate) fn remove(&mut self, name: &str) -> bool {
        if self.get(name).is_none() {
            return false;
        }
        let Some(values) = &mut self.values else { return false };
        if let Some(old) = Arc::make_mut(values).remove(name) {
            self.bytes -= name.len() + old.len();
        }
        true
    }

    /// True when both are the same values because neither was changed since they were one.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        match (&self.values, &other.values) {
            (Some(one), Some(other)) => Arc::ptr_eq(one, other),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.values.iter().flat_map(|values| values.iter()).map(|(name, value)| (name.as_str(), value))
    }
}
