//! Max-Breadth: how many branches a request may have at once, over all proxies (RFC 5393 §5).

use serde::{Deserialize, Serialize};

/// The largest breadth that a proxy takes, and gives a request without one (RFC 5393 §5.3.3).
pub const MAX_BREADTH: u32 = 60;

/// The breadth of one response context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breadth {
    incoming: u32,
    outgoing: u32,
}

impl Breadth {
    /// Of a request with this Max-Breadth, or without one; `most` is the largest that this proxy takes.
    #[must_use]
    pub fn of(max_breadth: Option<u32>, most: u32) -> Self {
        // RFC 5393 §5.3.3: one that is missing is added, one that is too large overwritten.
        Self { incoming: max_breadth.unwrap_or(MAX_BREADTH).min(most), outgoing: 0 }
    }

    /// What is left for further branches.
    #[must_use]
    pub const fn left(&self) -> u32 {
        self.incoming.saturating_sub(self.outgoing)
    }

    /// The Max-Breadth of so many branches that begin at once; all that is left is dealt out, the first ones getting the
    /// larger shares. `None` when it does not suffice: fork one after the other, or answer 440 (RFC 5393 §5.3.3).
    pub fn fork(&mut self, branches: u32) -> Option<Vec<u32>> {
        let left = self.left();
        if branches == 0 || branches > left {
            return None;
        }
        self.outgoing = self.incoming;
        let (share, rest) = (left / branches, left % branches);
        Some((0..branches).map(|branch| share + u32::from(branch < rest)).collect())
    }

    /// The Max-Breadth of one branch when others are to follow it at once: it gets no more than `share`, and at least 1.
    pub fn take(&mut self, share: u32) -> Option<u32> {
        let taken = share.max(1).min(self.left());
        self.outgoing += taken;
        (taken > 0).then_some(taken)
    }

    /// A branch with this Max-Breadth has its final response, told once: its breadth is free again (RFC 5393 §5.3.3.1,
    /// §5.4.2).
    pub fn give_back(&mut self, max_breadth: u32) {
        self.outgoing = self.outgoing.saturating_sub(max_breadth);
    }
}

#[cfg(test)]
mod tests;
