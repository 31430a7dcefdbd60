//! Forgetting: the records of sessions that have ended leave the store, also one that is away when they end.
//!
//! A record that stays behind would come back with the next host: as an ended session, or as a call that its caller was
//! refused. So what the store could not do is asked for again, a few at a time, until it is done. `forgetting` bounds
//! what is kept in mind for that; a record beyond it is asked for once, and reported when that fails.

use std::collections::{BTreeMap, VecDeque};

use siplet_sip::time::Time;

use crate::io::{Effect, Key, StoreError};
use crate::mutant::{self, Mutant};
use crate::report::{Report, StoreOrder};

use super::Container;

/// Records that the store is asked for at a time while it is away. Each that goes makes room for the next.
const AT_A_TIME: usize = 64;

/// Records that are to go.
#[derive(Debug, Default)]
pub(super) struct Forgetting {
    /// Those that the store has not let go yet, and how often it was asked.
    keys: BTreeMap<Key, u32>,
    /// Those of them that it is not asked for just now.
    waiting: VecDeque<Key>,
    /// When it is asked again.
    retry_at: Option<Time>,
}

impl Forgetting {
    /// Number of records that the store has not let go yet.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// True for the record of a session that has ended.
    pub(super) fn contains(&self, key: Key) -> bool {
        self.keys.contains_key(&key)
    }

    /// When the store has to be asked again.
    pub(super) const fn next_retry(&self) -> Option<Time> {
        self.retry_at
    }
}

impl Container {
    /// The session's record may go.
    pub(super) fn forget(&mut self, key: Key) {
        if self.forgetting.len() < self.shared.config.limits.forgetting {
            self.forgetting.keys.insert(key, 1);
        }
        self.effects.push_back(Effect::Forget { key });
    }

    /// The store has answered.
    pub(super) fn on_forgotten(&mut self, key: Key, result: Result<(), StoreError>) {
        match result {
            // A record of another node is that node's to let go.
            Ok(()) | Err(StoreError::Refused) => {
                self.forgetting.keys.remove(&key);
                self.forget_next();
            }
            Err(StoreError::Unavailable) if mutant::is(Mutant::ForgetNotRetried) => {
                self.forgetting.keys.remove(&key);
            }
            Err(StoreError::Unavailable) => {
                let Some(attempt) = self.forgetting.keys.get(&key).copied() else {
                    return self.report(Report::RecordLeft { key });
                };
                let at = self.now + self.shared.config.limits.store_retry_after;
                self.forgetting.waiting.push_back(key);
                self.forgetting.retry_at.get_or_insert(at);
                self.report(Report::StoreUnavailable { order: StoreOrder::Forget(key), attempt });
            }
        }
    }

    /// Asks for the next records when the time has come.
    pub(super) fn run_forgetting(&mut self) {
        if self.forgetting.retry_at.is_none_or(|at| at > self.now) {
            return;
        }
        self.forgetting.retry_at = None;
        for _ in 0..AT_A_TIME {
            self.forget_next();
        }
    }

    fn forget_next(&mut self) {
        let Some(key) = self.forgetting.waiting.pop_front() else { return };
        if let Some(attempts) = self.forgetting.keys.get_mut(&key) {
            *attempts = attempts.saturating_add(1);
        }
        self.effects.push_back(Effect::Forget { key });
    }
}
