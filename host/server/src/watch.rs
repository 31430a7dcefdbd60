//! Decides when a file of the servlets folder is loaded: a machine without clock or disk.
//!
//! A file is loaded once it has not changed for the settling time; a file that was renamed into place has not changed
//! for long and is loaded at once. A file that ends in the middle waits; when it has not grown for a while it is named
//! once. Whatever was loaded or refused is looked at again only when it changes.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::folder::{Listing, Print};

/// Since the Unix epoch, on the clock that stamps files.
type Moment = Duration;

/// What is to be done now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Read, check and deploy this servlet, then say how it went.
    Load(String),
    /// Its file is gone.
    Removed(String),
    /// The file ends in the middle and does not grow: tell the operator why it does not serve.
    Incomplete {
        /// The servlet's NAME.
        name: String,
        /// How it ends.
        why: String,
    },
    /// A file that looks like a servlet cannot be one.
    Refused {
        /// The file.
        file: String,
        /// Why.
        why: String,
    },
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    /// It may still be written.
    Settling,
    /// It was read and ends in the middle.
    Cut(String),
    /// It was deployed, refused or named; only a change brings it back.
    Settled,
}

#[derive(Debug)]
struct File {
    print: Print,
    unchanged_since: Moment,
    state: State,
}

/// What is known of each file.
#[derive(Debug)]
pub struct Watch {
    settle: Duration,
    incomplete_after: Duration,
    files: BTreeMap<String, File>,
    refused: BTreeMap<String, String>,
}

impl Watch {
    /// A watch that has seen nothing.
    #[must_use]
    pub const fn new(settle: Duration, incomplete_after: Duration) -> Self {
        Self { settle, incomplete_after, files: BTreeMap::new(), refused: BTreeMap::new() }
    }

    /// Compares the folder with what is known and says what is to be done.
    pub fn observe(&mut self, listing: &Listing, now: Moment) -> Vec<Step> {
        let mut steps = Vec::new();
        for (name, print) in &listing.servlets {
            // A file may carry the time at which it was built: then it was renamed or unpacked, and is whole.
            let since = print.changed().min(now);
            let file = self.files.entry(name.clone()).or_insert_with(|| File {
                print: *print,
                unchanged_since: since,
                state: State::Settling,
            });
            if file.print != *print {
                *file = File { print: *print, unchanged_since: since, state: State::Settling };
            }
            // The wall clock may have been set back.
            file.unchanged_since = file.unchanged_since.min(now);
        }
        self.files.retain(|name, _| {
            let stays = listing.servlets.contains_key(name);
            if !stays {
                steps.push(Step::Removed(name.clone()));
            }
            stays
        });
        for (file, why) in &listing.refused {
            if self.refused.get(file) != Some(why) {
                steps.push(Step::Refused { file: file.clone(), why: why.clone() });
            }
        }
        self.refused.clone_from(&listing.refused);
        steps.extend(self.due(now));
        steps
    }

    /// What time alone brings. A file is offered by [`Step::Load`] until [`Watch::settled`] or [`Watch::cut`].
    fn due(&mut self, now: Moment) -> Vec<Step> {
        let mut steps = Vec::new();
        for (name, file) in &mut self.files {
            let quiet = now.saturating_sub(file.unchanged_since);
            match &file.state {
                State::Settling if quiet >= self.settle => steps.push(Step::Load(name.clone())),
                State::Cut(why) if quiet >= self.incomplete_after => {
                    steps.push(Step::Incomplete { name: name.clone(), why: why.clone() });
                    file.state = State::Settled;
                }
                State::Settling | State::Cut(_) | State::Settled => {}
            }
        }
        steps
    }

    /// The file was deployed or refused in this state.
    pub fn settled(&mut self, name: &str) {
        if let Some(file) = self.files.get_mut(name) {
            file.state = State::Settled;
        }
    }

    /// The file was read and ends in the middle.
    pub fn cut(&mut self, name: &str, why: String) {
        if let Some(file) = self.files.get_mut(name) {
            file.state = State::Cut(why);
        }
    }

    /// Everything is looked at anew, as at the start: for `siplet reload`.
    pub fn forget(&mut self) {
        for file in self.files.values_mut() {
            file.state = State::Settling;
        }
        self.refused.clear();
    }

    /// How long until something is due without a change, none when nothing is.
    #[must_use]
    pub fn next_timeout(&self, now: Moment) -> Option<Duration> {
        let due = self.files.values().filter_map(|file| match file.state {
            State::Settling => Some(file.unchanged_since + self.settle),
            State::Cut(_) => Some(file.unchanged_since + self.incomplete_after),
            State::Settled => None,
        });
        due.min().map(|moment| moment.saturating_sub(now))
    }
}
