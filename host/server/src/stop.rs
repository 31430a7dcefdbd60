//! The end: new calls are refused, live calls get their time, what is left then is ended with what its peers are owed, and
//! whoever waits is told what for.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use siplet_container::io::Ending;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout};

use crate::control::status::grouped;
use crate::hub::Hub;
use crate::shard::Numbers;
use crate::vital::Death;

/// How often live calls are counted while the server drains.
const LOOK: Duration = Duration::from_millis(250);
/// How often a waiting operator hears what is waited for.
const TELL: Duration = Duration::from_secs(5);
/// Sessions of one shard that are ended at a time, and how often: what they send has to fit into the sockets' queues.
const END_AT_A_TIME: usize = 250;
const END_EVERY: Duration = Duration::from_millis(20);
/// Time for what a thread that has died leaves to the others.
const ABANDON: Duration = Duration::from_secs(3);

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

/// How a server came to its end.
#[derive(Debug, PartialEq, Eq)]
pub enum Stopped {
    /// Every call has ended, or was ended with what its peers were owed.
    Orderly,
    /// A second signal: whatever was up is cut off.
    AtOnce,
    /// A thread died meanwhile.
    Died(Death),
}

/// Refuses new calls, waits for the live ones until the last has ended or time is up, ends what is left then, and gives
/// peers a moment for their answers. Another signal ends that at once.
pub async fn drain(hub: &Hub, signals: &mut Signals) -> Stopped {
    // Written by the one that waits, read where it is cut off.
    let live = Cell::new(Live::default());
    tokio::select! {
        () = wait_and_end(hub, &live) => Stopped::Orderly,
        () = signals.next() => {
            tracing::warn!("stopping at once, cut off: {}", live.get());
            Stopped::AtOnce
        }
        death = hub.vital().died() => Stopped::Died(death),
    }
}

async fn wait_and_end(hub: &Hub, live: &Cell<Live>) {
    hub.drain().await;
    let deadline = Instant::now() + Duration::from_secs(hub.config().stop_after_s);
    let mut tell_at = Instant::now();
    loop {
        live.set(Live::now(hub).await);
        let now = Instant::now();
        if live.get().is_over() {
            tracing::info!("stopping: no call is left");
            break;
        }
        if now >= deadline {
            end_calls(hub, live.get()).await;
            break;
        }
        if now >= tell_at {
            let left = deadline.saturating_duration_since(now).as_secs();
            tracing::info!(
                "draining: waiting for {}, at most {left} s; a second signal stops at once",
                live.get()
            );
            tell_at = now + TELL;
        }
        sleep(LOOK.min(deadline - now)).await;
    }
    farewell(hub, live).await;
}

/// A thread has died, and with it its part of the calls: what the others have is ended with what their peers are owed, as
/// far as that goes in a moment.
pub async fn abandon(hub: &Hub) {
    let orderly = async {
        hub.drain().await;
        let live = Cell::new(Live::now(hub).await);
        end_calls(hub, live.get()).await;
        farewell(hub, &live).await;
    };
    let _ = timeout(ABANDON, orderly).await;
}

/// Time is up: BYE for calls that are up, 503 for requests without an answer, CANCEL for INVITEs of ours.
async fn end_calls(hub: &Hub, live: Live) {
    let mut sum = Ending::default();
    loop {
        let ending = hub.end_calls(END_AT_A_TIME).await;
        sum.calls += ending.calls;
        sum.requests += ending.requests;
        sum.invites += ending.invites;
        if ending.left == 0 {
            break;
        }
        sleep(END_EVERY).await;
    }
    tracing::warn!(
        "stopping: still up when their time was over: {live}; {} ended by BYE, {} answered with 503, {} cancelled",
        of(sum.calls, "call"),
        of(sum.requests, "request"),
        of(sum.invites, "INVITE"),
    );
}

/// Waits a moment until nothing is owed any more: messages that have not left, answers of peers, their ACKs.
async fn farewell(hub: &Hub, live: &Cell<Live>) {
    let until = Instant::now() + Duration::from_millis(hub.config().farewell_ms);
    loop {
        live.set(Live::now(hub).await);
        let owed = live.get().owed();
        if owed == 0 {
            return;
        }
        if Instant::now() >= until {
            tracing::warn!(
                "stopping: {} to or from peers were not waited for any longer (setting `farewell-ms`)",
                of(owed, "message")
            );
            return;
        }
        sleep(END_EVERY).await;
    }
}

/// What an operator would wait for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Live {
    /// Dialogs, early and confirmed.
    calls: usize,
    /// Requests without a final response.
    requests: usize,
    /// INVITEs of applications without a final response.
    invites: usize,
    /// Steps, units and messages that are under way inside.
    steps: usize,
    /// Answers and ACKs of peers that are waited for.
    awaited: usize,
    /// Messages that have not left.
    queued: usize,
    /// Shards that do not say.
    silent: usize,
}

impl Live {
    async fn now(hub: &Hub) -> Self {
        let (shards, silent) = hub.numbers().await;
        Self::of(&shards, silent)
    }

    fn of(shards: &[Numbers], silent: usize) -> Self {
        let mut live = Self { silent, ..Self::default() };
        for shard in shards {
            let counts = &shard.counts;
            live.calls += counts.dialogs;
            live.requests += counts.unanswered_requests;
            live.invites += counts.pending_invites;
            live.steps += counts.open_steps + counts.parked_units + counts.mailbox + counts.loading_packets;
            live.awaited += counts.awaited + counts.resolving;
            live.queued += shard.queued + shard.handed;
        }
        live
    }

    /// True when nobody would miss this server. A shard that does not say may have calls.
    const fn is_over(&self) -> bool {
        self.calls + self.requests + self.invites + self.steps + self.silent == 0
    }

    const fn owed(&self) -> usize {
        self.requests + self.steps + self.awaited + self.queued
    }
}

impl fmt::Display for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.calls, "call"),
            (self.requests, "unanswered request"),
            (self.invites, "INVITE of ours"),
            (self.silent, "shard that does not answer"),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(count, _)| *count > 0).map(|(count, name)| of(count, name)).collect();
        match parts.split_last() {
            None => write!(f, "{}", of(self.calls, "call")),
            Some((only, [])) => f.write_str(only),
            Some((last, others)) => write!(f, "{} and {last}", others.join(", ")),
        }
    }
}

/// `1 call`, `2 calls`.
fn of(count: usize, name: &str) -> String {
    let number = grouped(count as u64);
    match (count, name.split_once(' ')) {
        (1, _) => format!("{number} {name}"),
        (_, Some(("INVITE", rest))) => format!("{number} INVITEs {rest}"),
        (_, Some(("shard", _))) => format!("{number} shards that do not answer"),
        (_, _) => format!("{number} {name}s"),
    }
}

/// Lets the shards end their threads, but waits for none that hangs.
pub async fn end(hub: &Hub) {
    hub.vital().expect_end();
    let _ = timeout(Duration::from_secs(1), hub.stop()).await;
}
