//! Whether a new version goes back to the one before it, by the share of its turns that die.
//!
//! A machine without a clock: counts since the start go in with the time, a verdict comes out. A version is watched
//! while it is younger than the rule's age and has a predecessor. It is taken back when, in one window, enough turns ran,
//! the share that died is reached, and that share is larger than its predecessor's, so that a fault that is not the
//! version's own moves nothing to and fro.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::time::Duration;

/// When a version is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Percent of turns that may not die; 0: nothing is ever taken back.
    pub trap_percent: u32,
    /// Fewer turns in a window say nothing.
    pub turns_min: u64,
    /// The time that is looked at.
    pub window: Duration,
    /// A version that has served for longer is left alone.
    pub age: Duration,
}

/// Turns since some start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All of them.
    pub turns: u64,
    /// Those that died.
    pub traps: u64,
}

impl Tally {
    const fn since(self, earlier: Self) -> Self {
        Self {
            turns: self.turns.saturating_sub(earlier.turns),
            traps: self.traps.saturating_sub(earlier.traps),
        }
    }

    /// True when a larger share of these died than of the others. Of no turns none died.
    const fn is_worse_than(self, other: Self) -> bool {
        let (own, others) = (self.traps as u128, other.traps as u128);
        if other.turns == 0 { own > 0 } else { own * other.turns as u128 > others * self.turns as u128 }
    }
}

/// What a look at the counts leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Look again later.
    Watch,
    /// It is old enough to be trusted.
    Trust,
    /// It goes back.
    TakeBack {
        /// What was seen in the window.
        seen: Tally,
        /// How long the window was by now.
        window: Duration,
    },
}

/// Watches one version.
#[derive(Clone, Debug)]
pub struct Guard {
    since: Duration,
    predecessor: Tally,
    /// Counts with the time of the look, oldest first; the first is the beginning of the window.
    looks: VecDeque<(Duration, Tally)>,
}

impl Guard {
    /// Watches a version that takes calls from now on. `own` and `predecessor` are the counts at this moment.
    #[must_use]
    pub fn new(now: Duration, own: Tally, predecessor: Tally) -> Self {
        Self { since: now, predecessor, looks: VecDeque::from([(now, own)]) }
    }

    /// Takes the counts of the moment.
    pub fn observe(&mut self, rule: &Rule, now: Duration, own: Tally) -> Verdict {
        if rule.trap_percent == 0 || now.saturating_sub(self.since) >= rule.age {
            return Verdict::Trust;
        }
        // Counts that go down are those of a version that had left, or lack a shard: the window begins anew.
        if self.looks.back().is_some_and(|(_, last)| own.turns < last.turns || own.traps < last.traps) {
            self.looks.clear();
        }
        self.looks.push_back((now, own));
        // The first look stays at or before the beginning of the window.
        while self.looks.get(1).is_some_and(|(at, _)| now.saturating_sub(*at) >= rule.window) {
            self.looks.pop_front();
        }
        let Some((from, first)) = self.looks.front().copied() else { return Verdict::Watch };
        let seen = own.since(first);
        let dies = u128::from(seen.traps) * 100 >= u128::from(rule.trap_percent) * u128::from(seen.turns);
        if seen.turns >= rule.turns_min.max(1) && dies && seen.is_worse_than(self.predecessor) {
            return Verdict::TakeBack { seen, window: now.saturating_sub(from) };
        }
        Verdict::Watch
    }
}
