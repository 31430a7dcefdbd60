//! Records: what the containers tell of steps becomes files that run again at a desk.
//!
//! Shards give each told step into one bounded queue ([`Feed`]); a task of the main thread takes it out ([`run`]), hands
//! it to whoever watches and keeps steps in which a handler died ([`trapped`]). Nothing of a shard ever waits for it:
//! what finds no room is counted and lost. Whatever leaves this module is redacted.

pub mod collect;
pub mod command;
pub mod file;
pub mod stream;
#[cfg(test)]
mod tests;
pub mod trapped;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use siplet_container::config::Config as ContainerConfig;
use siplet_container::record::redact::Redaction;
use siplet_container::record::{FORMAT, Header, Settings, StepRecord};
use tokio::sync::mpsc;

use crate::config::Config;
use trapped::Trapped;

/// Steps that wait for the main thread.
const FEED: usize = 4096;

/// Where shards give told steps.
pub type Feed = mpsc::Sender<Box<StepRecord>>;

/// Who watches, and what was kept and lost since the start.
#[derive(Debug)]
pub struct Records {
    settings: Settings,
    /// Pseudonyms are the same in all records of a run, and another in the next.
    key: [u64; 2],
    watches: Mutex<BTreeMap<u64, Feed>>,
    next: AtomicU64,
    written: AtomicU64,
    lost: AtomicU64,
}

impl Records {
    /// For containers with these settings, and the queue that their steps come through.
    #[must_use]
    pub fn new(
        container: &ContainerConfig,
        key: [u64; 2],
    ) -> (Arc<Self>, Feed, mpsc::Receiver<Box<StepRecord>>) {
        let (feed, steps) = mpsc::channel(FEED);
        let records = Self {
            settings: Settings::of(container),
            key,
            watches: Mutex::default(),
            next: AtomicU64::new(1),
            written: AtomicU64::new(0),
            lost: AtomicU64::new(0),
        };
        (Arc::new(records), feed, steps)
    }

    /// A number for a watch, and the steps that come for it.
    pub fn watch(&self) -> (u64, mpsc::Receiver<Box<StepRecord>>) {
        self.watch_with_room(FEED)
    }

    /// The same, where so many steps may wait.
    pub fn watch_with_room(&self, room: usize) -> (u64, mpsc::Receiver<Box<StepRecord>>) {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (feed, steps) = mpsc::channel(room.max(1));
        self.watches().insert(number, feed);
        (number, steps)
    }

    /// Nobody waits for that watch any more.
    pub fn unwatch(&self, number: u64) {
        self.watches().remove(&number);
    }

    fn watches(&self) -> MutexGuard<'_, BTreeMap<u64, Feed>> {
        self.watches.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn give(&self, number: u64, step: &StepRecord) {
        let Some(feed) = self.watches().get(&number).cloned() else { return };
        if feed.try_send(Box::new(step.clone())).is_err() {
            self.lose(1);
        }
    }

    /// The settings of the containers that tell the steps.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How records of this server are redacted, with the wishes of whoever asks for one.
    #[must_use]
    pub fn redaction(&self, config: &Config, keep_bodies: bool, headers: &[String]) -> Redaction {
        let named = config.record.redact_headers.iter().chain(headers).cloned();
        let keep_bodies = keep_bodies || config.record.keep_bodies;
        Redaction { key: self.key, keep_bodies, headers: named.collect() }
    }

    /// What stands before the steps of a record.
    #[must_use]
    pub fn header(&self, redaction: &Redaction) -> Header {
        Header {
            siplet_record: FORMAT,
            siplet: env!("CARGO_PKG_VERSION").to_owned(),
            settings: self.settings.clone(),
            redacted: redaction.words(),
        }
    }

    /// Records that were written or given away since the start.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.written.load(Ordering::Relaxed)
    }

    /// Steps and records that were lost for want of room since the start.
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    pub(crate) fn wrote(&self) {
        self.written.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn lose(&self, count: u64) {
        self.lost.fetch_add(count, Ordering::Relaxed);
    }
}

/// Takes told steps out of the queue until no shard is left.
pub async fn run(
    mut steps: mpsc::Receiver<Box<StepRecord>>,
    records: Arc<Records>,
    trapped: Option<Trapped>,
) {
    let mut trapped = trapped;
    while let Some(step) = steps.recv().await {
        for watch in &step.watches {
            records.give(*watch, &step);
        }
        let Some(mut ring) = trapped.take_if(|_| step.trapped.is_some()) else { continue };
        // Disks may be slow, and operators wait for this thread.
        let kept = tokio::task::spawn_blocking(move || {
            let result = ring.keep(*step);
            (ring, result)
        });
        match kept.await {
            Ok((ring, result)) => {
                trapped = Some(ring);
                match result {
                    Ok(()) => records.wrote(),
                    Err(why) => {
                        records.lose(1);
                        tracing::warn!("a step in which a handler died is not kept: {why}");
                    }
                }
            }
            Err(error) => tracing::error!("steps in which handlers die are kept no more: {error}"),
        }
    }
}
