//! What a shadow has found: counted, and grouped by what differs, with an example of each difference.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A difference, in however many steps it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Difference {
    /// The handler, or `host`.
    pub handler: String,
    /// What differs.
    pub what: String,
    /// Steps in which it was seen.
    pub steps: u64,
    /// Id of the application session that the example is from.
    pub session: String,
    /// As the version that serves did it, made unreadable as records are.
    pub was: String,
    /// As the version in the shadow did it.
    pub is: String,
}

/// Everything that a shadow counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Calls that were followed from their beginning.
    pub calls: u64,
    /// Calls that are followed now.
    pub calls_now: u64,
    /// Steps that ran in both versions.
    pub steps: u64,
    /// Steps in which nothing differs.
    pub same: u64,
    /// Calls that were followed no further, because the shadow went another way in them.
    pub parted: u64,
    /// Turns of the shadow whose handler died.
    pub traps: u64,
    /// Calls that were not followed, or no further, by the limit that was reached. `steps-lost`: steps of the call found no
    /// room on their way, or the call went back to what it was before them. `moved`: the call moved to another version.
    pub not_followed: BTreeMap<String, u64>,
    /// What differs, in the order in which it was found.
    pub differences: Vec<Difference>,
    /// Differences that found no room in `differences` (limit `differences`).
    pub differences_untold: u64,
    /// CPU time of the shadow's thread, microseconds.
    pub cpu_us: u64,
    /// Octets that the followed calls hold in the shadow.
    pub held_bytes: u64,
}

impl Report {
    /// Steps in which something differs.
    #[must_use]
    pub const fn differ(&self) -> u64 {
        self.steps.saturating_sub(self.same)
    }

    /// CPU time of the shadow's thread.
    #[must_use]
    pub const fn cpu(&self) -> Duration {
        Duration::from_micros(self.cpu_us)
    }

    /// Differences, the most frequent first.
    #[must_use]
    pub fn sorted(&self) -> Vec<&Difference> {
        let mut all: Vec<&Difference> = self.differences.iter().collect();
        all.sort_by_key(|difference| std::cmp::Reverse(difference.steps));
        all
    }

    /// The shadow has ended: it holds nothing any more.
    pub(crate) fn leave(&mut self) {
        (self.calls_now, self.held_bytes) = (0, 0);
    }

    pub(crate) fn place(&mut self, handler: &str, what: &str) -> Option<&mut Difference> {
        self.differences.iter_mut().find(|known| known.handler == handler && known.what == what)
    }
}
