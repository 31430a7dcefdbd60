//! A version in the shadow of the one that serves: it runs the same steps beside it, and nothing of it leaves.
//!
//! The shards tell the steps of a share of the new calls as they do for a record ([`crate::record`]): after the fact, into
//! a bounded queue for which nobody waits. One thread of the shadow's own runs each step again with the other version, in a
//! container that only replays ([`siplet_container::Container::replaying`]), and compares. So the live call does not know of
//! it: no socket, store, timer or other thread is within the shadow's reach, and what finds no room is counted and not
//! followed. [`follow`] is that thread's work, [`report`] what it has found, [`budget`] its share of a core.

pub mod budget;
pub mod follow;
pub mod report;
pub mod show;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use siplet_container::app::AppId;
use siplet_container::record::redact::Redaction;
use siplet_container::record::watch::{Filter, Watch};
use siplet_container::record::{Settings, StepRecord};
use siplet_wasm::{Engine, RunnerConfig, Servlet};
use tokio::sync::mpsc;

use crate::config;
use crate::deploy::history::digest;

use follow::Follower;
use report::Report;

/// How long a shadow that ends may still run what waits for it.
const DRAIN: Duration = Duration::from_secs(1);
/// Niceness of a shadow's thread: calls come first.
const NICENESS: i32 = 10;

/// Which version runs in the shadow of which.
#[derive(Clone, Debug)]
pub struct Pair {
    /// The version in the shadow.
    pub servlet: Arc<Servlet>,
    /// The version that serves.
    pub beside: AppId,
    /// Its version as its descriptor tells it.
    pub beside_version: String,
    /// Percent of its new calls, 0 to 100.
    pub percent: u8,
}

/// A shadow as all threads see it, running or ended.
#[derive(Debug)]
pub struct Shadow {
    id: AppId,
    version: String,
    beside: AppId,
    beside_version: String,
    percent: u8,
    since: SystemTime,
    report: Mutex<Report>,
    end: Mutex<Option<End>>,
}

/// Why and when a shadow has ended.
#[derive(Clone, Debug)]
struct End {
    why: String,
    at: Instant,
    ran: Duration,
}

/// A shadow as an operator is told of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The application.
    pub name: String,
    /// Version in the shadow, as its descriptor tells it.
    pub version: String,
    /// First digits of its digest.
    pub digest: String,
    /// Version that serves.
    pub beside_version: String,
    /// First digits of its digest.
    pub beside_digest: String,
    /// Percent of new calls.
    pub percent: u8,
    /// How long it has run, seconds.
    pub for_s: u64,
    /// Why it has ended; none: it runs.
    pub ended: Option<String>,
    /// What it has found.
    pub report: Report,
}

impl Shadow {
    fn new(pair: &Pair) -> Self {
        let application = pair.servlet.application();
        Self {
            id: application.id.clone(),
            version: application.descriptor.version.clone(),
            beside: pair.beside.clone(),
            beside_version: pair.beside_version.clone(),
            percent: pair.percent,
            since: SystemTime::now(),
            report: Mutex::default(),
            end: Mutex::default(),
        }
    }

    /// The version in the shadow.
    #[must_use]
    pub const fn id(&self) -> &AppId {
        &self.id
    }

    /// The version that serves, of whose calls it runs.
    #[must_use]
    pub const fn beside(&self) -> &AppId {
        &self.beside
    }

    /// Percent of new calls.
    #[must_use]
    pub const fn percent(&self) -> u8 {
        self.percent
    }

    /// True until it has ended.
    #[must_use]
    pub fn is_running(&self) -> bool {
        lock(&self.end).is_none()
    }

    /// What it has found so far.
    #[must_use]
    pub fn report(&self) -> Report {
        lock(&self.report).clone()
    }

    /// All that an operator is told.
    #[must_use]
    pub fn seen(&self) -> Seen {
        let end = lock(&self.end).clone();
        let ran = end.as_ref().map_or_else(|| self.since.elapsed().unwrap_or_default(), |end| end.ran);
        Seen {
            name: self.id.name.to_string(),
            version: self.version.clone(),
            digest: digest(&self.id),
            beside_version: self.beside_version.clone(),
            beside_digest: digest(&self.beside),
            percent: self.percent,
            for_s: ran.as_secs(),
            ended: end.map(|end| end.why),
            report: self.report(),
        }
    }

    /// When it was begun, since the Unix epoch.
    #[must_use]
    pub fn since(&self) -> Duration {
        self.since.duration_since(UNIX_EPOCH).unwrap_or_default()
    }

    /// It follows no more calls; what waits for it is still run for a moment. The first reason stays.
    pub(crate) fn end(&self, why: &str) {
        let ran = self.since.elapsed().unwrap_or_default();
        lock(&self.end).get_or_insert_with(|| End { why: why.to_owned(), at: Instant::now(), ran });
    }

    fn has_drained(&self) -> bool {
        lock(&self.end).as_ref().is_some_and(|end| end.at.elapsed() > DRAIN)
    }

    /// The calls that its shards tell it of.
    #[must_use]
    pub fn watch(&self) -> Watch {
        let filter = Filter {
            application: Some(self.id.name.to_string()),
            version: Some(self.beside.digest),
            share: Some(self.percent),
            ..Filter::default()
        };
        Watch { filter, sessions: usize::MAX, living: false }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The shadow of each application that has or had one since the start.
#[derive(Debug, Default)]
pub struct Shadows(Mutex<BTreeMap<Arc<str>, Arc<Shadow>>>);

impl Shadows {
    /// That of this application, running or ended.
    #[must_use]
    pub fn of(&self, name: &str) -> Option<Arc<Shadow>> {
        lock(&self.0).get(name).cloned()
    }

    /// All of them, by name.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Shadow>> {
        lock(&self.0).values().cloned().collect()
    }

    /// The application's shadow from now on.
    pub(crate) fn put(&self, shadow: &Arc<Shadow>) {
        lock(&self.0).insert(shadow.id.name.clone(), Arc::clone(shadow));
    }
}

/// What a shadow's thread is made from, besides the pair.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// Compiles and runs.
    pub engine: Engine,
    /// How instances are used.
    pub runner: RunnerConfig,
    /// The settings of the containers that tell the steps.
    pub settings: Settings,
    /// The shadow's limits.
    pub limits: config::Shadow,
    /// How examples are made unreadable.
    pub redaction: Redaction,
}

/// Starts the thread of a shadow, which runs the steps that come until nobody sends any.
///
/// # Errors
/// There is no thread to be had.
pub fn start(
    pair: &Pair,
    surroundings: Surroundings,
    steps: mpsc::Receiver<Box<StepRecord>>,
) -> std::io::Result<Arc<Shadow>> {
    let shadow = Arc::new(Shadow::new(pair));
    let (ours, servlet) = (Arc::clone(&shadow), Arc::clone(&pair.servlet));
    std::thread::Builder::new().name("shadow".to_owned()).spawn(move || {
        // A kernel that does not allow it lets the thread run as the others do.
        let _ = rustix::process::setpriority_process(None, NICENESS);
        let follower = Follower::new(&servlet, surroundings);
        let run = AssertUnwindSafe(|| run(follower, &ours, steps));
        if catch_unwind(run).is_err() {
            tracing::error!("the shadow of {} has ended by a fault of the host", ours.id);
            ours.end("by a fault of the host: the log tells more");
        }
    })?;
    Ok(shadow)
}

fn run(mut follower: Follower, shadow: &Shadow, mut steps: mpsc::Receiver<Box<StepRecord>>) {
    while let Some(step) = steps.blocking_recv() {
        if shadow.has_drained() {
            break;
        }
        let waiting = steps.len();
        // Only this thread changes the report; whoever reads it waits for no step.
        let found = follower.take(*step, waiting);
        found.into_report(&mut lock(&shadow.report));
        follower.pause();
    }
    lock(&shadow.report).leave();
}
