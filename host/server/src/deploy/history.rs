//! The versions of one application: which takes new calls, which is on trial, which are kept for a rollback.
//!
//! Plain bookkeeping without servlets, shards or clocks; what a change means for the shards is its [`Change`].

#[cfg(test)]
mod tests;

use std::time::Duration;

use siplet_container::app::AppId;
use siplet_container::io::Canary;

/// One version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Name and digest.
    pub id: AppId,
    /// Its version as its descriptor tells it.
    pub version: String,
    /// When it was deployed last, since the Unix epoch.
    pub deployed: Duration,
    /// Why it no longer takes calls, where that was not a newer version.
    pub note: Option<String>,
}

impl Entry {
    /// `1.1.0 #3f9c21`.
    #[must_use]
    pub fn shown(&self) -> String {
        format!("{} #{}", self.version, digest(&self.id))
    }
}

/// The six digits by which people tell versions apart.
#[must_use]
pub fn digest(id: &AppId) -> String {
    format!("{:06x}", id.digest >> 40)
}

/// Where new calls go from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The version that takes them.
    pub stable: AppId,
    /// But for the share of this one.
    pub canary: Option<Canary>,
}

/// The versions of one application, in the order of their deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    entries: Vec<Entry>,
    stable: AppId,
    canary: Option<Canary>,
}

impl History {
    /// An application's first version.
    #[must_use]
    pub fn new(first: Entry) -> Self {
        Self { stable: first.id.clone(), canary: None, entries: vec![first] }
    }

    /// All versions that are kept, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The version that takes new calls.
    #[must_use]
    pub const fn stable(&self) -> &AppId {
        &self.stable
    }

    /// The version on trial.
    #[must_use]
    pub const fn canary(&self) -> Option<&Canary> {
        self.canary.as_ref()
    }

    /// The version of that digest.
    #[must_use]
    pub fn entry(&self, id: &AppId) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == *id)
    }

    /// The version that takes the calls of this one when it is taken back: the one that serves beside it, else the one
    /// that was deployed before it.
    #[must_use]
    pub fn predecessor(&self, id: &AppId) -> Option<&Entry> {
        if self.stable != *id {
            return self.entry(&self.stable);
        }
        let at = self.entries.iter().position(|entry| entry.id == *id)?;
        self.entries[..at].last()
    }

    /// A version was deployed, as a canary where a share is told and another one serves. At most `keep` versions stay;
    /// the ids of the others.
    pub fn deployed(&mut self, entry: Entry, percent: Option<u8>, keep: usize) -> Vec<AppId> {
        let id = entry.id.clone();
        self.entries.retain(|other| other.id != id);
        self.entries.push(entry);
        match percent {
            Some(percent) if percent < 100 && self.stable != id => {
                self.canary = Some(Canary { app: id, percent });
            }
            Some(_) | None => {
                self.stable = id;
                self.canary = None;
            }
        }
        let mut gone = Vec::new();
        while self.entries.len() > keep.max(1) {
            let idle = |entry: &Entry| {
                entry.id != self.stable && self.canary.as_ref().is_none_or(|canary| canary.app != entry.id)
            };
            let Some(at) = self.entries.iter().position(idle) else { break };
            gone.push(self.entries.remove(at).id);
        }
        gone
    }

    /// An earlier version takes the new calls again. Without a word on which: the canary is taken out, or the version
    /// before the one that serves comes back.
    ///
    /// # Errors
    /// There is none such, in words.
    pub fn rollback(&mut self, which: Option<&str>) -> Result<Change, String> {
        let to = match which {
            Some(which) => self.named(which)?.id.clone(),
            None if self.canary.is_some() => self.stable.clone(),
            None => match self.predecessor(&self.stable) {
                Some(entry) => entry.id.clone(),
                None => return Err(self.nothing_before(&self.stable)),
            },
        };
        if to == self.stable && self.canary.is_none() {
            let shown = self.shown(&to);
            return Err(format!("{} {shown} takes all new calls already", self.stable.name));
        }
        self.stable = to;
        self.canary = None;
        Ok(self.change())
    }

    /// The newest version takes that share of new calls, in percent, and the version before it the rest.
    ///
    /// # Errors
    /// There is no version before it.
    pub fn canary_at(&mut self, percent: u8) -> Result<Change, String> {
        let Some(newest) = self.entries.last().map(|entry| entry.id.clone()) else {
            return Err(self.nothing_before(&self.stable));
        };
        let Some(before) = self.predecessor(&newest).map(|entry| entry.id.clone()) else {
            return Err(self.nothing_before(&newest));
        };
        match percent {
            0 => (self.stable, self.canary) = (before, None),
            1..=99 => (self.stable, self.canary) = (before, Some(Canary { app: newest, percent })),
            100.. => (self.stable, self.canary) = (newest, None),
        }
        Ok(self.change())
    }

    /// That version takes no new calls any more, for this reason; its predecessor has them. None when it has none.
    pub fn take_back(&mut self, id: &AppId, why: String) -> Option<Change> {
        let before = self.predecessor(id)?.id.clone();
        self.stable = before;
        self.canary = None;
        self.entries
            .iter_mut()
            .filter(|entry| entry.id == *id)
            .for_each(|entry| entry.note = Some(why.clone()));
        Some(self.change())
    }

    /// What the shards must be told for all of this to hold.
    #[must_use]
    pub fn change(&self) -> Change {
        Change { stable: self.stable.clone(), canary: self.canary.clone() }
    }

    /// A version in words.
    #[must_use]
    pub fn shown(&self, id: &AppId) -> String {
        self.entry(id).map_or_else(|| format!("#{}", digest(id)), Entry::shown)
    }

    /// `1.0.0`, `#3f9c21` or `3f9c21`; of several deployments of one version text the latest.
    ///
    /// # Errors
    /// There is none such, in words.
    pub fn named(&self, which: &str) -> Result<&Entry, String> {
        let digits = which.strip_prefix('#').unwrap_or(which).to_ascii_lowercase();
        let is = |entry: &&Entry| {
            let whole = format!("{:016x}", entry.id.digest);
            (entry.version == which && !which.starts_with('#'))
                || (digits.len() >= 4 && whole.starts_with(&digits))
        };
        self.entries.iter().rev().find(is).ok_or_else(|| {
            let known: Vec<String> = self.entries.iter().map(Entry::shown).collect();
            format!("{} has no version {which}; it has {}", self.stable.name, known.join(", "))
        })
    }

    fn nothing_before(&self, id: &AppId) -> String {
        format!("{} has no version before {}", id.name, self.shown(id))
    }
}
