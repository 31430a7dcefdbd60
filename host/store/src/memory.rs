//! The engine in memory: everything a durable engine promises, except that the machine may not die.
//!
//! It serves tests and the simulator, so it can be slow ([`Faults::latency_us`]), away ([`Faults::outage`]), or lose the
//! answer of what it stored ([`Faults::lose_answers`]), and a caller can die in the middle
//! ([`MemoryStore::caller_died`]). Invariant: a unit is applied whole, at one moment, after all orders before it.

#[cfg(test)]
mod tests;

use core::ops::RangeInclusive;
use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use crate::{Completion, Epoch, Error, Key, Micros, Store, Unit, Write};

/// What is wrong with the engine at the moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Time from an order to its answer, microseconds.
    pub latency_us: u64,
    /// Every order that becomes due fails with [`Error::Unavailable`] and changes nothing.
    pub outage: bool,
    /// Units are stored and records removed, but the answer says [`Error::Unavailable`].
    pub lose_answers: bool,
}

#[derive(Debug)]
struct Record {
    /// Epoch of the owner that wrote it.
    epoch: Epoch,
    version: u64,
    snapshot: Bytes,
}

#[derive(Debug)]
enum Order {
    Own { partition: u16, epoch: Epoch },
    Submit { epoch: Epoch, unit: Unit, writes: Vec<Write> },
    Load(Key),
    Scan(RangeInclusive<u16>),
    Forget { epoch: Epoch, key: Key },
}

/// Sessions in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    records: BTreeMap<Key, Record>,
    epochs: BTreeMap<u16, Epoch>,
    /// Orders under way with the time at which they are due; due times never fall.
    orders: VecDeque<(Micros, Order)>,
    answers: VecDeque<Completion>,
    faults: Faults,
}

impl MemoryStore {
    /// An empty store that answers at once.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that answers after this time.
    #[must_use]
    pub fn with_latency(latency_us: u64) -> Self {
        Self { faults: Faults { latency_us, ..Faults::default() }, ..Self::default() }
    }

    /// Sets what is wrong from now on. Orders under way keep their due time.
    pub const fn set_faults(&mut self, faults: Faults) {
        self.faults = faults;
    }

    /// What is wrong at the moment.
    #[must_use]
    pub const fn faults(&self) -> Faults {
        self.faults
    }

    /// The caller dies: the first `arrived` orders under way take effect without an answer, the others never arrived.
    ///
    /// A dead machine's last orders may or may not have reached the engine; a simulator tries both.
    pub fn caller_died(&mut self, arrived: usize) {
        let orders = core::mem::take(&mut self.orders);
        for (_, order) in orders.into_iter().take(arrived) {
            self.apply(order);
        }
        self.answers.clear();
    }

    /// Number of orders under way.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.orders.len()
    }

    /// Number of stored sessions.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// True when no session is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All stored sessions with version and snapshot, by key: for checkers.
    pub fn records(&self) -> impl Iterator<Item = (Key, u64, &Bytes)> {
        self.records.iter().map(|(key, record)| (*key, record.version, &record.snapshot))
    }

    fn enqueue(&mut self, order: Order, now: Micros) {
        let earliest = self.orders.back().map_or(0, |(due, _)| *due);
        let due = now.saturating_add(self.faults.latency_us).max(earliest);
        self.orders.push_back((due, order));
    }

    fn fence(&self, key: Key, epoch: Epoch) -> Result<(), Error> {
        let current = self.epochs.get(&key.partition()).copied().unwrap_or_default();
        if epoch < current { Err(Error::Fenced) } else { Ok(()) }
    }

    /// Whether a write is to be done. `Ok(false)`: its owner has written this version, or a later one, already.
    fn check(&self, epoch: Epoch, write: &Write) -> Result<bool, Error> {
        self.fence(write.key, epoch)?;
        match self.records.get(&write.key) {
            None => Ok(true),
            Some(record) if write.version > record.version => Ok(true),
            Some(record) if record.epoch == epoch => Ok(false),
            Some(_) => Err(Error::Fenced),
        }
    }

    fn store(&mut self, epoch: Epoch, writes: Vec<Write>) -> Result<(), Error> {
        let wanted =
            writes.iter().map(|write| self.check(epoch, write)).collect::<Result<Vec<bool>, Error>>()?;
        for (Write { key, version, snapshot }, wanted) in writes.into_iter().zip(wanted) {
            if wanted {
                self.records.insert(key, Record { epoch, version, snapshot });
            }
        }
        Ok(())
    }

    /// Carries an order out and queues its answers.
    fn apply(&mut self, order: Order) {
        match order {
            Order::Own { partition, epoch } => {
                let current = self.epochs.entry(partition).or_default();
                *current = epoch.max(*current);
            }
            Order::Submit { epoch, unit, writes } => {
                let result = self.store(epoch, writes);
                let result = self.heard(result);
                self.answers.push_back(Completion::Stored { unit, result });
            }
            Order::Load(key) => {
                let found = self.records.get(&key).map(|record| (record.version, record.snapshot.clone()));
                self.answers.push_back(Completion::Loaded { key, found: Ok(found) });
            }
            Order::Scan(partitions) => {
                for (key, record) in &self.records {
                    if partitions.contains(&key.partition()) {
                        let found = Ok(Some((record.version, record.snapshot.clone())));
                        self.answers.push_back(Completion::Loaded { key: *key, found });
                    }
                }
                self.answers.push_back(Completion::Scanned { partitions, result: Ok(()) });
            }
            Order::Forget { epoch, key } => {
                let result = self.fence(key, epoch);
                if result.is_ok() {
                    self.records.remove(&key);
                }
                let result = self.heard(result);
                self.answers.push_back(Completion::Forgotten { key, result });
            }
        }
    }

    /// What the caller hears of it.
    fn heard(&self, result: Result<(), Error>) -> Result<(), Error> {
        if self.faults.lose_answers { result.and(Err(Error::Unavailable)) } else { result }
    }

    /// Answers an order without doing it. Taking a partition has no answer; it is lost.
    fn fail(&mut self, order: Order) {
        let error = Error::Unavailable;
        let answer = match order {
            Order::Submit { unit, .. } => Completion::Stored { unit, result: Err(error) },
            Order::Load(key) => Completion::Loaded { key, found: Err(error) },
            Order::Scan(partitions) => Completion::Scanned { partitions, result: Err(error) },
            Order::Forget { key, .. } => Completion::Forgotten { key, result: Err(error) },
            Order::Own { .. } => return,
        };
        self.answers.push_back(answer);
    }
}

impl Store for MemoryStore {
    fn own(&mut self, partition: u16, epoch: Epoch, now: Micros) {
        self.enqueue(Order::Own { partition, epoch }, now);
    }

    fn submit(&mut self, epoch: Epoch, unit: Unit, writes: Vec<Write>, now: Micros) {
        self.enqueue(Order::Submit { epoch, unit, writes }, now);
    }

    fn load(&mut self, key: Key, now: Micros) {
        self.enqueue(Order::Load(key), now);
    }

    fn scan(&mut self, partitions: RangeInclusive<u16>, now: Micros) {
        self.enqueue(Order::Scan(partitions), now);
    }

    fn forget(&mut self, epoch: Epoch, key: Key, now: Micros) {
        self.enqueue(Order::Forget { epoch, key }, now);
    }

    fn poll(&mut self, now: Micros) -> Option<Completion> {
        while self.answers.is_empty() {
            if self.orders.front().is_none_or(|(due, _)| *due > now) {
                break;
            }
            if let Some((_, order)) = self.orders.pop_front() {
                if self.faults.outage { self.fail(order) } else { self.apply(order) }
            }
        }
        self.answers.pop_front()
    }

    fn next_timeout(&self) -> Option<Micros> {
        if self.answers.is_empty() { self.orders.front().map(|(due, _)| *due) } else { Some(0) }
    }
}
