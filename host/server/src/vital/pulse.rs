//! Whether a shard still turns: it is given a little work now and then, and when it last took it is known without asking.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::error::TrySendError;

use crate::hub::Hub;

/// How often a shard is given a little work. It wakes an idle shard once each time.
const EVERY: Duration = Duration::from_secs(1);

/// The pulse of one shard, written by the shard and read by others.
#[derive(Debug)]
pub struct Pulse {
    began: Instant,
    /// Milliseconds from `began` since when work has waited, plus one; 0: none waits.
    waits_since: AtomicU64,
}

impl Default for Pulse {
    fn default() -> Self {
        Self { began: Instant::now(), waits_since: AtomicU64::new(0) }
    }
}

impl Pulse {
    /// Work was given. False when work waits already.
    pub fn ask(&self) -> bool {
        let now = u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        self.waits_since.compare_exchange(0, now, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// The shard has taken its work.
    pub fn answer(&self) {
        self.waits_since.store(0, Ordering::Relaxed);
    }

    /// How long work has waited, none when none does.
    #[must_use]
    pub fn waits(&self) -> Option<Duration> {
        match self.waits_since.load(Ordering::Relaxed) {
            0 => None,
            since => Some(self.began.elapsed().saturating_sub(Duration::from_millis(since - 1))),
        }
    }
}

/// Gives the shards a little work again and again, for ever, and tells when one begins to stand still and when it goes on.
pub async fn watch(hub: Hub) {
    let limit = hub.config().stall_limit();
    let mut shards: Vec<Watched> = hub.shards().iter().map(|_| Watched::default()).collect();
    loop {
        tokio::time::sleep(EVERY).await;
        for (index, (shard, watched)) in hub.shards().iter().zip(&mut shards).enumerate() {
            if shard.pulse().ask() {
                watched.is_given = false;
            }
            if !watched.is_given {
                // A full inbox is work that waits too.
                watched.is_given = !matches!(shard.try_pulse(), Err(TrySendError::Full(_)));
            }
            watched.tell(index, shard.pulse().waits().unwrap_or_default(), limit);
        }
    }
}

/// What is known of one shard.
#[derive(Debug, Default)]
struct Watched {
    /// The work that it is asked for is in its inbox.
    is_given: bool,
    is_stalled: bool,
}

impl Watched {
    fn tell(&mut self, index: usize, waits: Duration, limit: Duration) {
        let stalled = waits >= limit;
        if stalled && !self.is_stalled {
            tracing::error!(
                "the thread shard-{index} stands still: nothing was done for {} s, and calls wait (limit `stall-s`)",
                waits.as_secs()
            );
        }
        if self.is_stalled && !stalled {
            tracing::warn!("the thread shard-{index} goes on");
        }
        self.is_stalled = stalled;
    }
}
