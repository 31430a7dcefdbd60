//! The end: new calls are refused, live calls get their time, and whoever waits is told what for.

use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::control::status::grouped;
use crate::hub::{Hub, calls};

/// How often live calls are counted while the server drains.
const LOOK: Duration = Duration::from_millis(250);
/// How often a waiting operator hears what is waited for.
const TELL: Duration = Duration::from_secs(5);

/// The two signals that end a server, and whoever else may ask for its end.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    asked: Arc<Notify>,
}

impl Signals {
    /// Listens from now on, so that no signal is missed.
    ///
    /// # Errors
    /// The system gives no signals.
    pub fn listen() -> std::io::Result<Self> {
        let asked = Arc::new(Notify::new());
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            asked,
        })
    }

    /// Notified, it counts as one more signal: for a key of a terminal that gives none itself.
    #[must_use]
    pub fn asked(&self) -> Arc<Notify> {
        Arc::clone(&self.asked)
    }

    /// The next of them.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            () = self.asked.notified() => {}
        }
    }
}

/// Refuses new calls and waits for the live ones: until the last has ended, time is up, or another signal comes.
pub async fn drain(hub: &Hub, signals: &mut Signals) {
    hub.drain().await;
    let deadline = Instant::now() + Duration::from_secs(hub.config().stop_after_s);
    let mut tell_at = Instant::now();
    loop {
        let live = calls(&hub.numbers().await.0);
        let now = Instant::now();
        if live == 0 {
            tracing::info!("stopping: no call is left");
            return;
        }
        if now >= deadline {
            tracing::warn!("stopping: {} were still up when their time was over", of_calls(live));
            return;
        }
        if now >= tell_at {
            let left = deadline.saturating_duration_since(now).as_secs();
            tracing::info!(
                "draining: waiting for {}, at most {left} s; a second signal stops at once",
                of_calls(live)
            );
            tell_at = now + TELL;
        }
        tokio::select! {
            () = sleep(LOOK.min(deadline - now)) => {}
            () = signals.next() => {
                tracing::warn!("stopping at once: {} are cut off", of_calls(live));
                return;
            }
        }
    }
}

fn of_calls(live: u64) -> String {
    if live == 1 { "1 call".to_owned() } else { format!("{} calls", grouped(live)) }
}

/// Lets the shards end their threads, but waits for none that hangs.
pub async fn end(hub: &Hub) {
    let _ = timeout(Duration::from_secs(1), hub.stop()).await;
}
