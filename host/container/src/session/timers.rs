//! Servlet timers (SIP Servlet 1.1 §9): part of their application session, and so ordered, stored and restored with it.
//!
//! A timer is a value with the absolute time at which it fires. Nothing runs for it until then: the session's earliest
//! deadline stands in the container's queue, whatever it is of. A firing that was missed, because the host was down or the
//! session busy, is made up for once and not for every period that has passed.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::ser::SerializeSeq;
use serde::{Deserialize, Serialize, Serializer};
use siplet_sip::time::Time;

/// Shortest period of a timer that repeats.
pub const SHORTEST_PERIOD: Duration = Duration::from_millis(10);
/// Longest delay or period: a hundred years.
pub const LONGEST_DELAY: Duration = Duration::from_secs(100 * 366 * 24 * 3600);

/// Whether and how a timer repeats (SIP Servlet 1.1 §9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Repeat {
    /// It fires once.
    Once,
    /// Again this long after each firing.
    FixedDelay(Duration),
    /// At multiples of this after its first firing, however late one of them was.
    FixedRate(Duration),
}

/// A timer of an application session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ServletTimer {
    /// Its index among the names of the session.
    pub(crate) index: u32,
    /// When it fires next.
    pub(crate) at: Time,
    pub(crate) repeat: Repeat,
    /// It outlives the host.
    pub(crate) persistent: bool,
    /// What its maker wants to be told when it fires.
    pub(crate) payload: Bytes,
}

impl ServletTimer {
    /// The timer after it has fired at `now`; none: that was its last time.
    fn next(&self, now: Time) -> Option<Self> {
        let at = match self.repeat {
            Repeat::Once => return None,
            Repeat::FixedDelay(period) => now + period,
            Repeat::FixedRate(period) => {
                let period = u64::try_from(period.as_micros()).unwrap_or(u64::MAX).max(1);
                let late = now.as_micros().saturating_sub(self.at.as_micros());
                let periods = late / period + 1;
                Time::from_micros(self.at.as_micros().saturating_add(periods.saturating_mul(period)))
            }
        };
        Some(Self { at, ..self.clone() })
    }
}

/// The timers of an application session, in the order of their making.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Timers(Vec<Arc<ServletTimer>>);

impl Serialize for Timers {
    /// Only the persistent ones: the others end with the host.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let persistent = || self.0.iter().filter(|timer| timer.persistent);
        let mut list = serializer.serialize_seq(Some(persistent().count()))?;
        for timer in persistent() {
            list.serialize_element(timer)?;
        }
        list.end()
    }
}

impl Timers {
    pub(crate) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) const fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<ServletTimer>> {
        self.0.iter()
    }

    pub(crate) fn get(&self, index: u32) -> Option<&Arc<ServletTimer>> {
        self.0.iter().find(|timer| timer.index == index)
    }

    pub(crate) fn insert(&mut self, timer: ServletTimer) {
        self.0.push(Arc::new(timer));
    }

    /// Takes a timer out; false when it is not there (any more).
    pub(crate) fn remove(&mut self, index: u32) -> bool {
        let before = self.0.len();
        self.0.retain(|timer| timer.index != index);
        self.0.len() < before
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// When the next of them fires.
    pub(crate) fn next(&self) -> Option<Time> {
        self.0.iter().map(|timer| timer.at).min()
    }

    /// Those that fire at `now`, earliest first; each stands already as it goes on, or is gone.
    pub(crate) fn fire(&mut self, now: Time) -> Vec<Arc<ServletTimer>> {
        let mut due: Vec<_> = self.0.iter().filter(|timer| timer.at <= now).cloned().collect();
        due.sort_by_key(|timer| (timer.at, timer.index));
        self.0.retain_mut(|timer| {
            if timer.at > now {
                return true;
            }
            match timer.next(now) {
                Some(next) => {
                    *timer = Arc::new(next);
                    true
                }
                None => false,
            }
        });
        due
    }

    /// Bytes of all payloads.
    pub(crate) fn payload_bytes(&self) -> usize {
        self.0.iter().map(|timer| timer.payload.len()).sum()
    }
}
