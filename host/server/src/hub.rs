//! What the main thread knows and can do: it asks the shards and the deploying thread on behalf of operators, scrapers
//! and signals.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use siplet_container::app::Application;
use siplet_container::io::{Command, CommandReply};
use tokio::sync::oneshot;

use crate::config::Config;
use crate::deploy::{KnownVersion, Request, Rollbacks, Which};
use crate::record::Records;
use crate::shadow::Shadows;
use crate::shard::{Numbers, Order, ShardHandle};

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
        shadows: Arc<Shadows>,
    ) -> Self {
        let inner = Inner {
            shards,
            deployer,
            rollbacks,
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
        for shard in &self.inner.shards {
            let (reply, answer) = oneshot::channel();
            shard.send(Order::Ask(command.clone(), reply)).await;
            waiting.push(answer);
        }
        let mut replies = Vec::new();
        for answer in waiting {
            if let Ok(Ok(reply)) = tokio::time::timeout(ANSWER_TIMEOUT, answer).await {
                replies.push(reply);
            }
        }
        replies
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
