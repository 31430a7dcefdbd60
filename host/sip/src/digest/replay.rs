//! Counts of nonces: who sends the same credentials twice is not let in twice (RFC 7616 §5.5, §3.4 `nc`).
//!
//! The table is of one place and never stored. What it has forgotten or never knew it does not let in: a nonce that is
//! older than the oldest one kept, or than the table itself, is stale. So a server that was started again, or that took
//! over from another one, asks each client once more and lets no replay through, and so does a full table.

use std::collections::BTreeMap;

use super::Nonce;
use crate::time::{Duration, Time};

/// How often each nonce was used, and with which counts.
#[derive(Debug)]
pub struct NonceCounts {
    /// By the time of minting, so that the oldest go first.
    windows: BTreeMap<(Time, u64), Window>,
    /// Nonces minted then or earlier are stale.
    floor: Time,
    nonces_max: usize,
}

/// The counts of one nonce.
#[derive(Debug, Default)]
struct Window {
    /// The largest count that was kept; 0 when none was.
    highest: u32,
    /// Bit n: the count `highest - n` was used.
    used: u64,
    /// Counts that may come to be used: their credentials are being checked.
    reserved: Vec<u32>,
    /// The client nonce of the first use, for the algorithms with `-sess`.
    first_cnonce: Option<Box<[u8]>>,
}

/// Why a use of a nonce does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotFresh {
    /// The nonce is too old for the table to know all its uses.
    Stale,
    /// The count was used before, or is too far behind the largest to know.
    Replayed,
}

/// Counts that may overtake each other: requests over UDP do.
const WINDOW: u32 = u64::BITS;

impl NonceCounts {
    /// An empty table of at most `nonces_max` nonces (about 120 octets each). It knows no use of a nonce that was minted
    /// before `started`, so none of those is fresh.
    #[must_use]
    pub const fn new(nonces_max: usize, started: Time) -> Self {
        Self { windows: BTreeMap::new(), floor: started, nonces_max }
    }

    /// How many nonces it keeps.
    #[must_use]
    pub fn len(&self) -> usize {
        self.windows.len()
    }

    /// Whether it keeps none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Whether that use would count; changes nothing.
    ///
    /// # Errors
    /// [`NotFresh`]
    pub fn look(&self, nonce: &Nonce, nc: u32) -> Result<(), NotFresh> {
        if nonce.minted() <= self.floor {
            return Err(NotFresh::Stale);
        }
        match self.windows.get(&key(nonce)) {
            Some(window) if !window.is_fresh(nc) => Err(NotFresh::Replayed),
            Some(_) | None => Ok(()),
        }
    }

    /// Reserves a use while its credentials are checked: [`NonceCounts::keep`] or [`NonceCounts::release`] it. Whoever
    /// guesses at credentials changes no count by it.
    ///
    /// # Errors
    /// [`NotFresh`], and nothing is reserved.
    pub fn reserve(&mut self, nonce: &Nonce, nc: u32) -> Result<(), NotFresh> {
        self.look(nonce, nc)?;
        self.windows.entry(key(nonce)).or_default().reserved.push(nc);
        self.shrink();
        Ok(())
    }

    /// A reserved use was proven: it counts. The client nonce is kept for the algorithms with `-sess`, the first one only.
    pub fn keep(&mut self, nonce: &Nonce, nc: u32, cnonce: Option<&[u8]>) {
        // Where the nonce was forgotten meanwhile, it is stale.
        if let Some(window) = self.windows.get_mut(&key(nonce)) {
            window.reserved.retain(|reserved| *reserved != nc);
            window.note(nc);
            if window.first_cnonce.is_none() {
                window.first_cnonce = cnonce.map(Box::from);
            }
        }
    }

    /// A reserved use came to nothing.
    pub fn release(&mut self, nonce: &Nonce, nc: u32) {
        if let Some(window) = self.windows.get_mut(&key(nonce)) {
            window.reserved.retain(|reserved| *reserved != nc);
            if window.highest == 0 && window.reserved.is_empty() {
                self.windows.remove(&key(nonce));
            }
        }
    }

    /// The client nonce that the session key of an algorithm with `-sess` is made with, where one was kept.
    #[must_use]
    pub fn first_cnonce(&self, nonce: &Nonce) -> Option<&[u8]> {
        self.windows.get(&key(nonce))?.first_cnonce.as_deref()
    }

    /// Forgets the nonces that were minted longer than `lifetime` ago, which nobody lets in any more.
    pub fn forget_expired(&mut self, now: Time, lifetime: Duration) {
        while let Some(first) = self.windows.first_entry()
            && first.key().0 + lifetime < now
        {
            self.floor = self.floor.max(first.key().0);
            first.remove();
        }
    }

    /// What is forgotten is stale from then on, and all that is older with it.
    fn shrink(&mut self) {
        while self.windows.len() > self.nonces_max
            && let Some(((minted, _), _)) = self.windows.pop_first()
        {
            self.floor = self.floor.max(minted);
        }
    }
}

const fn key(nonce: &Nonce) -> (Time, u64) {
    (nonce.minted(), nonce.place())
}

impl Window {
    fn is_fresh(&self, nc: u32) -> bool {
        let is_used = match self.highest.checked_sub(nc) {
            // Too far behind to know.
            Some(behind) => behind >= WINDOW || self.used >> behind & 1 == 1,
            None => false,
        };
        !is_used && !self.reserved.contains(&nc)
    }

    const fn note(&mut self, nc: u32) {
        if nc > self.highest {
            let ahead = nc - self.highest;
            self.used = if ahead < WINDOW { self.used << ahead } else { 0 };
            self.highest = nc;
        }
        let behind = self.highest - nc;
        if behind < WINDOW {
            self.used |= 1 << behind;
        }
    }
}
