//! When the container must wake up: a queue of coarse slots.
//!
//! Each session has at most one entry: its earliest deadline, computed from what is in it. Times are rounded up to slots,
//! so that one wake-up serves many sessions. A slot whose last entry was taken back is removed, so that a timer that is
//! cancelled wakes nobody.

use std::collections::BTreeMap;
use std::time::Duration;

use siplet_sip::time::Time;

use crate::io::Key;

#[derive(Debug, Default)]
struct Slot {
    /// Every key that was ever put in; those that were taken back are found out when the slot is due.
    keys: Vec<Key>,
    live: usize,
}

/// The queue.
#[derive(Debug)]
pub(crate) struct Deadlines {
    slots: BTreeMap<Time, Slot>,
    precise_us: u64,
    lazy_us: u64,
    live: usize,
}

impl Deadlines {
    pub(crate) fn new(precise: Duration, lazy: Duration) -> Self {
        let micros = |width: Duration| u64::try_from(width.as_micros()).unwrap_or(u64::MAX).max(1);
        Self { slots: BTreeMap::new(), precise_us: micros(precise), lazy_us: micros(lazy), live: 0 }
    }

    /// The slot of a session with these earliest deadlines.
    pub(crate) fn slot_of(&self, due: Option<Time>, lazy: Option<Time>) -> Option<Time> {
        let up =
            |at: Time, width: u64| Time::from_micros(at.as_micros().div_ceil(width).saturating_mul(width));
        let due = due.map(|at| up(at, self.precise_us));
        let lazy = lazy.map(|at| up(at, self.lazy_us));
        match (due, lazy) {
            (Some(due), Some(lazy)) => Some(due.min(lazy)),
            (due, lazy) => due.or(lazy),
        }
    }

    /// Moves a session's entry from one slot to another.
    pub(crate) fn replace(&mut self, key: Key, old: Option<Time>, new: Option<Time>) {
        if old == new {
            return;
        }
        if let Some(old) = old
            && let Some(slot) = self.slots.get_mut(&old)
        {
            slot.live -= 1;
            self.live -= 1;
            if slot.live == 0 {
                self.slots.remove(&old);
            }
        }
        if let Some(new) = new {
            let slot = self.slots.entry(new).or_default();
            slot.keys.push(key);
            slot.live += 1;
            self.live += 1;
        }
    }

    /// The earliest slot.
    pub(crate) fn next(&self) -> Option<Time> {
        self.slots.keys().next().copied()
    }

    /// Takes the earliest slot out if it is due: its time, and keys of which some may have moved on.
    pub(crate) fn pop(&mut self, now: Time) -> Option<(Time, Vec<Key>)> {
        let first = self.slots.first_entry()?;
        if *first.key() > now {
            return None;
        }
        let (at, slot) = first.remove_entry();
        self.live -= slot.live;
        Some((at, slot.keys))
    }

    /// Sessions that have a deadline.
    pub(crate) const fn len(&self) -> usize {
        self.live
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Time {
        Time::from_micros(millis * 1000)
    }

    #[test]
    fn a_deadline_that_is_taken_back_wakes_nobody() {
        let mut deadlines = Deadlines::new(Duration::from_millis(10), Duration::from_secs(1));
        let due = deadlines.slot_of(Some(ms(501)), None);
        assert_eq!(due, Some(ms(510)), "rounded up to its slot");
        deadlines.replace(Key(1), None, due);
        let lazy = deadlines.slot_of(None, Some(ms(32_000)));
        deadlines.replace(Key(1), due, lazy);
        assert_eq!(deadlines.next(), Some(ms(32_000)));
        assert_eq!(deadlines.pop(ms(600)), None);
        assert_eq!(deadlines.len(), 1);
        deadlines.replace(Key(1), lazy, None);
        assert_eq!((deadlines.next(), deadlines.len()), (None, 0));
    }

    #[test]
    fn one_wake_up_serves_all_sessions_of_a_slot() {
        let mut deadlines = Deadlines::new(Duration::from_millis(10), Duration::from_secs(1));
        for key in 1..4 {
            let at = deadlines.slot_of(Some(ms(500 + key)), None);
            deadlines.replace(Key(key), None, at);
        }
        assert_eq!(deadlines.pop(ms(510)), Some((ms(510), vec![Key(1), Key(2), Key(3)])));
        assert_eq!((deadlines.next(), deadlines.len()), (None, 0));
    }
}
