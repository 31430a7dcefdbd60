//! What the main thread knows and can do: it asks the shards and the deploying thread on behalf of operators, scrapers
//! and signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use siplet_container::app::Application;
use siplet_container::io::{Command, CommandReply, Ending};
use tokio::sync::oneshot;

use crate::config::Config;
use crate::deploy::{KnownVersion, Request, Rollbacks, Which};
use crate::record::Records;
use crate::shadow::Shadows;
use crate::shard::{Numbers, Order, ShardHandle};
use crate::vital::Vital;

/// A shard that is silent for longer is told apart, not waited for.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(2);

/// The whole server from the main thread's side. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Hub {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    shards: Vec<ShardHandle>,
    deployer: Sender<Request>,
    rollbacks: Arc<Rollbacks>,
    vital: Vital,
    shadows: Arc<Shadows>,
    config: Arc<Config>,
    records: Arc<Records>,
    started: Instant,
    serving: AtomicBool,
    draining: AtomicBool,
}

impl Hub {
    /// A hub over these threads.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        records: Arc<Records>,
        shards: Vec<ShardHandle>,
        deployer: Sender<Request>,
        rollbacks: Arc<Rollbacks>,
        vital: Vital,
        shadows: Arc<Shadows>,
    ) -> Self {
        let inner = Inner {
            shards,
            deployer,
            rollbacks,
            vital,
            shadows,
            config,
            records,
            started: Instant::now(),
            serving: AtomicBool::new(false),
            draining: AtomicBool::new(false),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.inner.config
    }

    /// Who watches sessions, and what is kept of them.
    #[must_use]
    pub fn records(&self) -> &Arc<Records> {
        &self.inner.records
    }

    /// When the server was started.
    #[must_use]
    pub fn started(&self) -> Instant {
        self.inner.started
    }

    /// True when calls are taken and new ones are not refused.
    #[must_use]
    pub fn is_serving(&self) -> bool {
        self.inner.serving.load(Ordering::Relaxed) && !self.is_draining()
    }

    /// True when new calls are refused.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Relaxed)
    }

    /// The shards, by number.
    #[must_use]
    pub fn shards(&self) -> &[ShardHandle] {
        &self.inner.shards
    }

    /// The threads whose end is the server's end.
    #[must_use]
    pub fn vital(&self) -> &Vital {
        &self.inner.vital
    }

    /// Shards that do nothing although something waits for them, with how long that is.
    #[must_use]
    pub fn stalled(&self) -> Vec<(usize, Duration)> {
        let limit = self.inner.config.stall_limit();
        let waits = self.inner.shards.iter().map(|shard| shard.pulse().waits().unwrap_or_default());
        waits.enumerate().filter(|(_, waits)| *waits >= limit).collect()
    }

    /// What a load balancer is told: whether calls may be sent here, and a line for each reason why not.
    #[must_use]
    pub fn health(&self) -> (bool, String) {
        let mut lines: Vec<String> =
            self.vital().deaths().iter().map(|death| format!("dead: {}", death.thread)).collect();
        match (self.is_serving(), self.is_draining()) {
            (true, _) => {}
            (false, true) => lines.push("draining".to_owned()),
            (false, false) => lines.push("starting".to_owned()),
        }
        let stalled =
            |(index, waits): (usize, Duration)| format!("stalled: shard-{index} ({} s)", waits.as_secs());
        lines.extend(self.stalled().into_iter().map(stalled));
        let is_well = lines.is_empty();
        if is_well {
            lines.push("serving".to_owned());
        }
        (is_well, lines.join("\n") + "\n")
    }

    /// The shards begin to read from their sockets.
    pub async fn open(&self) {
        for shard in &self.inner.shards {
            shard.send(Order::Open).await;
        }
        self.inner.serving.store(true, Ordering::Relaxed);
    }

    /// The shards end.
    pub async fn stop(&self) {
        for shard in &self.inner.shards {
            shard.send(Order::Stop).await;
        }
    }

    /// The numbers of all shards that answer in time, and how many do not.
    pub async fn numbers(&self) -> (Vec<Numbers>, usize) {
        let mut waiting = Vec::new();
        let deadline = tokio::time::Instant::now() + ANSWER_TIMEOUT;
        for shard in &self.inner.shards {
            let (reply, answer) = oneshot::channel();
            if tokio::time::timeout_at(deadline, shard.send(Order::Count(reply))).await.is_ok() {
                waiting.push(answer);
            }
        }
        let mut numbers = Vec::new();
        for answer in waiting {
            if let Ok(Ok(shard)) = tokio::time::timeout_at(deadline, answer).await {
                numbers.push(shard);
            }
        }
        let silent = self.inner.shards.len() - numbers.len();
        (numbers, silent)
    }

    /// Gives a command to every shard and collects what they answer.
    pub async fn ask(&self, command: &Command) -> Vec<CommandReply> {
        let mut waiting = Vec::new();
        let deadline = tokio::time::Instant::now() + ANSWER_TIMEOUT;
        for shard in &self.inner.shards {
            let (reply, answer) = oneshot::channel();
            let order = shard.send(Order::Ask(command.clone(), reply));
            if tokio::time::timeout_at(deadline, order).await.is_ok() {
                waiting.push(answer);
            }
        }
        let mut replies = Vec::new();
        for answer in waiting {
            if let Ok(Ok(reply)) = tokio::time::timeout_at(deadline, answer).await {
                replies.push(reply);
            }
        }
        replies
    }

    /// Ends calls on every shard, at most so many sessions on each now. What was begun, over all shards.
    pub async fn end_calls(&self, most: usize) -> Ending {
        let retry_after_s = self.inner.config.retry_after_s;
        let mut sum = Ending::default();
        for reply in self.ask(&Command::EndCalls { most, retry_after_s }).await {
            if let CommandReply::Ending(ending) = reply {
                sum.calls += ending.calls;
                sum.requests += ending.requests;
                sum.invites += ending.invites;
                sum.left += ending.left;
            }
        }
        sum
    }

    /// New calls are refused from now on.
    pub async fn drain(&self) {
        self.inner.draining.store(true, Ordering::Relaxed);
        self.ask(&Command::Drain { retry_after_s: self.inner.config.retry_after_s }).await;
    }

    /// New calls are taken again.
    pub async fn resume(&self) {
        self.ask(&Command::Resume).await;
        self.inner.draining.store(false, Ordering::Relaxed);
    }

    /// Lets something happen to a vital thread, for tests.
    ///
    /// # Errors
    /// There is no such thread.
    #[cfg(debug_assertions)]
    pub async fn fault(&self, thread: &str, fault: crate::vital::fault::Fault) -> Result<(), String> {
        let shard = thread.strip_prefix("shard-").and_then(|index| index.parse::<usize>().ok());
        match shard.and_then(|index| self.inner.shards.get(index)) {
            Some(shard) => shard.send(Order::Fault(fault)).await,
            None if thread == "deploy" => {
                // A thread that has ended needs no fault.
                let _ = self.inner.deployer.send(Request::Fault(fault));
            }
            None => return Err(format!("there is no thread {thread}")),
        }
        Ok(())
    }

    /// Applications that take new calls.
    pub async fn applications(&self) -> Vec<Application> {
        self.request(Request::List).await.unwrap_or_default()
    }

    /// How often versions were taken back.
    #[must_use]
    pub fn rollbacks(&self) -> &Rollbacks {
        &self.inner.rollbacks
    }

    /// Versions that are kept.
    pub async fn versions(&self) -> Vec<KnownVersion> {
        self.request(Request::Versions).await.unwrap_or_default()
    }

    /// An earlier version takes the new calls again: what serves then.
    ///
    /// # Errors
    /// There is no such application or version.
    pub async fn rollback(&self, name: &str, to: Option<String>) -> Result<String, String> {
        let name = name.to_owned();
        self.request(|reply| Request::Rollback { name, to, reply }).await.unwrap_or_else(ended)
    }

    /// The newest version takes that share of new calls: what serves then.
    ///
    /// # Errors
    /// There is no such application, or no version before its newest.
    pub async fn canary(&self, name: &str, percent: u8) -> Result<String, String> {
        let name = name.to_owned();
        self.request(|reply| Request::Canary { name, percent, reply }).await.unwrap_or_else(ended)
    }

    /// Versions in the shadow of those that serve, those included that have ended.
    #[must_use]
    pub fn shadows(&self) -> &Shadows {
        &self.inner.shadows
    }

    /// A version runs in the shadow of the one that serves: what does then.
    ///
    /// # Errors
    /// There is no such application or version, or its file is refused.
    pub async fn shadow(&self, name: &str, which: Which, percent: u8) -> Result<String, String> {
        let name = name.to_owned();
        self.request(|reply| Request::Shadow { name, which, percent, reply }).await.unwrap_or_else(ended)
    }

    /// An application's shadow ends.
    ///
    /// # Errors
    /// There is none.
    pub async fn shadow_off(&self, name: &str) -> Result<String, String> {
        self.request(|reply| Request::ShadowOff(name.to_owned(), reply)).await.unwrap_or_else(ended)
    }

    /// Looks at the servlets folder anew.
    pub async fn reload(&self) -> Vec<Application> {
        self.request(Request::Reload).await.unwrap_or_default()
    }

    /// Takes an application away.
    ///
    /// # Errors
    /// There is none of that name.
    pub async fn undeploy(&self, name: &str) -> Result<(), String> {
        let done = self.request(|reply| Request::Undeploy(name.to_owned(), reply)).await;
        done.unwrap_or_else(ended)
    }

    async fn request<T>(&self, request: impl FnOnce(oneshot::Sender<T>) -> Request) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.inner.deployer.send(request(reply)).ok()?;
        answer.await.ok()
    }
}

fn ended<T>() -> Result<T, String> {
    Err("the deploying thread has ended".to_owned())
}

/// Calls that an operator would wait for: dialogs, and steps and units that are under way.
#[must_use]
pub fn calls(numbers: &[Numbers]) -> u64 {
    numbers
        .iter()
        .map(|shard| (shard.counts.dialogs + shard.counts.open_steps + shard.counts.parked_units) as u64)
        .sum()
}
