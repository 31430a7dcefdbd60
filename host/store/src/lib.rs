//! Where application sessions outlive their machine: the trait [`Store`] and its engines.
//!
//! A store is a machine without a clock and without threads: orders go in by `submit`, `load`, `scan` and `forget`,
//! answers come out of `poll`, and `next_timeout` says when to come again. The server drives it with its own clock, the
//! simulator with virtual time. Orders take effect in the order in which they were given; answers come in that order.
//!
//! Deliberately not here: what a snapshot contains (the container knows), and who owns a partition (the cluster will).
//! Start reading at [`Store`], then [`memory::MemoryStore`].
#![forbid(unsafe_code)]

pub mod memory;

use core::ops::RangeInclusive;

use bytes::Bytes;

pub use memory::MemoryStore;

/// Number of partitions; fixed for good, because keys carry their partition.
pub const PARTITIONS: u16 = 1024;

/// A point in time, microseconds since the Unix epoch, on the caller's clock.
pub type Micros = u64;

/// Number of an atomic unit of writes; the caller's, rising by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Unit(pub u64);

/// Key of a stored application session. The top 10 bits are its partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(pub u64);

impl Key {
    /// The partition of this key, 0 to [`PARTITIONS`] - 1.
    #[must_use]
    pub const fn partition(self) -> u16 {
        (self.0 >> 54) as u16
    }
}

/// Fencing epoch of a partition's owner. Every new owner has a higher one; an owner with a lower one writes nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// One session's part of a unit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Which session.
    pub key: Key,
    /// The version that this write makes, above every version that its owner wrote or loaded. Versions may be left out:
    /// a snapshot is whole, so a later one stands for those before it.
    pub version: u64,
    /// All that the session needs to go on.
    pub snapshot: Bytes,
}

/// Why an order was not carried out. Nothing of it was, as far as the engine knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Error {
    /// Another owner has taken the partition, or has written a version that this write knows nothing of. Trying again
    /// does not help.
    Fenced,
    /// The engine cannot be reached or did not answer in time. The same order may be given again.
    Unavailable,
}

impl core::fmt::Display for Error {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Fenced => "another owner holds the session",
            Self::Unavailable => "the store cannot be reached",
        })
    }
}

impl core::error::Error for Error {}

/// An answer of the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completion {
    /// Answer to [`Store::submit`].
    Stored {
        /// Which unit.
        unit: Unit,
        /// How it went. `Ok` is a promise: a later `load`, by whatever owner, finds these versions or later ones.
        result: Result<(), Error>,
    },
    /// Answer to [`Store::load`], and one for each session that a [`Store::scan`] found.
    Loaded {
        /// Which session.
        key: Key,
        /// Its last stored version and snapshot, none when there is no such session.
        found: Result<Option<(u64, Bytes)>, Error>,
    },
    /// Answer to [`Store::forget`].
    Forgotten {
        /// Which session.
        key: Key,
        /// How it went. `Ok`: there is no such record, whoever removed it.
        result: Result<(), Error>,
    },
    /// A [`Store::scan`] is complete, or could not be done.
    Scanned {
        /// Which partitions.
        partitions: RangeInclusive<u16>,
        /// How it went.
        result: Result<(), Error>,
    },
}

/// An engine that keeps sessions.
pub trait Store {
    /// Takes a partition for an owner of that epoch; from the moment it is in effect, lower epochs are refused.
    /// An epoch below the one in effect changes nothing.
    fn own(&mut self, partition: u16, epoch: Epoch, now: Micros);

    /// Stores all writes of a unit or none; the answer is [`Completion::Stored`].
    ///
    /// A write whose version its own epoch has reached already (its answer was lost, or a later unit overtook it) changes
    /// nothing and is acknowledged. A version that another epoch has reached is refused.
    fn submit(&mut self, epoch: Epoch, unit: Unit, writes: Vec<Write>, now: Micros);

    /// Looks a session up; the answer is [`Completion::Loaded`].
    fn load(&mut self, key: Key, now: Micros);

    /// Looks up all sessions of these partitions; the answers are [`Completion::Loaded`], then
    /// [`Completion::Scanned`].
    fn scan(&mut self, partitions: RangeInclusive<u16>, now: Micros);

    /// Removes a session's record, after all units given before; the answer is [`Completion::Forgotten`].
    fn forget(&mut self, epoch: Epoch, key: Key, now: Micros);

    /// The next answer that is due.
    fn poll(&mut self, now: Micros) -> Option<Completion>;

    /// When [`Store::poll`] has something next, none when nothing is under way.
    fn next_timeout(&self) -> Option<Micros>;
}
