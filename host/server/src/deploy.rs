//! Deploys the servlets of a folder: at the start, on change, on demand.
//!
//! One thread reads, checks and compiles; a servlet reaches the shards when all of that has gone well, so a bad file
//! changes nothing and the version that was running keeps running. New calls go to the new version, live calls stay
//! with theirs; the container sees to that. The last versions are kept, so that one of them can serve again
//! (`versions`); `history` is the bookkeeping of that, `guard` decides when a new version is taken back.

pub mod guard;
pub mod history;
mod listing;
mod overrides;
mod shadows;
#[cfg(test)]
mod tests;
mod versions;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use notify::Watcher;
use siplet_container::app::{AppId, Application};
use siplet_container::io::{Canary, Command, CommandReply};
use siplet_container::record::watch::Watch;
use siplet_wasm::{Engine, Servlet};
use tokio::sync::oneshot;

use crate::folder::{Folder, Unreadable};
use crate::shard::{Order, ShardHandle};
use crate::vital::Vital;
use crate::wasmfile;
use crate::watch::{self, Step};

use guard::{Rule, Tally};
use shadows::Running;
use versions::Line;

pub use listing::{line, lines, methods, rule};
pub use overrides::parse as parse_overrides;
pub use shadows::{Shade, Which};
pub use versions::{KnownVersion, Rollbacks};

/// Something that waits is looked at no more often than this.
const LOOK_AGAIN_MIN: Duration = Duration::from_millis(20);

/// A request to the deploying thread.
#[derive(Debug)]
pub enum Request {
    /// Something in the folder may have changed.
    Changed,
    /// Look at all files anew; answered with what serves afterwards.
    Reload(oneshot::Sender<Vec<Application>>),
    /// Take an application away until its file changes; answered with why not.
    Undeploy(String, oneshot::Sender<Result<(), String>>),
    /// What serves now.
    List(oneshot::Sender<Vec<Application>>),
    /// All versions that are kept.
    Versions(oneshot::Sender<Vec<KnownVersion>>),
    /// An earlier version takes the new calls again; answered with what serves then, or why not.
    Rollback {
        /// Name of the application.
        name: String,
        /// Version or `#DIGEST`; none: the one before.
        to: Option<String>,
        /// The answer.
        reply: oneshot::Sender<Result<String, String>>,
    },
    /// A version runs in the shadow of the one that serves; answered with what does, or why not.
    Shadow {
        /// Name of the application.
        name: String,
        /// Which version.
        which: Which,
        /// Percent of new calls, 0 to 100.
        percent: u8,
        /// The answer.
        reply: oneshot::Sender<Result<String, String>>,
    },
    /// An application's shadow ends; answered like its beginning.
    ShadowOff(String, oneshot::Sender<Result<String, String>>),
    /// The newest version takes that share of new calls; answered like a rollback.
    Canary {
        /// Name of the application.
        name: String,
        /// Percent, 0 to 100.
        percent: u8,
        /// The answer.
        reply: oneshot::Sender<Result<String, String>>,
    },
    /// A test wants to see what becomes of that.
    #[cfg(debug_assertions)]
    Fault(crate::vital::fault::Fault),
}

/// Where compiled servlets go. The shards; in tests a list.
pub trait Stage: Send + 'static {
    /// New calls go to this version, on all shards, when this returns.
    fn deploy(&mut self, servlet: &Arc<Servlet>);
    /// No new calls go to this version, and it is kept no longer.
    fn undeploy(&mut self, app: &AppId);
    /// New calls go to these versions, on all shards, when this returns.
    fn share(&mut self, stable: &AppId, canary: Option<&Canary>);
    /// Turns of all versions since the start, and those that died.
    fn tally(&mut self) -> BTreeMap<AppId, Tally>;
    /// The steps of these sessions are told from now on, under that number.
    ///
    /// # Errors
    /// A shard refuses, in words.
    fn watch(&mut self, watch: u64, what: &Watch) -> Result<(), String>;
    /// They are told no more.
    fn unwatch(&mut self, watch: u64);
}

impl Stage for Vec<ShardHandle> {
    fn deploy(&mut self, servlet: &Arc<Servlet>) {
        let mut waiting = Vec::new();
        for shard in self.iter() {
            let (done, is_done) = oneshot::channel();
            shard.send_blocking(Order::Deploy(Arc::clone(servlet), done));
            waiting.push(is_done);
        }
        for is_done in waiting {
            // A shard that has ended deploys nothing.
            let _ = is_done.blocking_recv();
        }
    }

    fn undeploy(&mut self, app: &AppId) {
        for shard in self.iter() {
            shard.send_blocking(Order::Undeploy(app.clone()));
        }
    }

    fn share(&mut self, stable: &AppId, canary: Option<&Canary>) {
        let mut waiting = Vec::new();
        for shard in self.iter() {
            let (done, is_done) = oneshot::channel();
            shard.send_blocking(Order::Share(stable.clone(), canary.cloned(), done));
            waiting.push(is_done);
        }
        for is_done in waiting {
            // As above.
            let _ = is_done.blocking_recv();
        }
    }

    fn tally(&mut self) -> BTreeMap<AppId, Tally> {
        let mut waiting = Vec::new();
        for shard in self.iter() {
            let (reply, answer) = oneshot::channel();
            shard.send_blocking(Order::Tally(reply));
            waiting.push(answer);
        }
        let mut sums: BTreeMap<AppId, Tally> = BTreeMap::new();
        for (app, tally) in waiting.into_iter().filter_map(|answer| answer.blocking_recv().ok()).flatten() {
            let sum = sums.entry(app).or_default();
            sum.turns += tally.turns;
            sum.traps += tally.traps;
        }
        sums
    }

    fn watch(&mut self, watch: u64, what: &Watch) -> Result<(), String> {
        for reply in ask(self, &Command::Watch { watch, what: what.clone() }) {
            match reply {
                CommandReply::Refused(why) => return Err(why),
                CommandReply::Watching { .. }
                | CommandReply::Done
                | CommandReply::Sessions(_)
                | CommandReply::Ending(_)
                | CommandReply::Found(_) => {}
            }
        }
        Ok(())
    }

    fn unwatch(&mut self, watch: u64) {
        ask(self, &Command::Unwatch { watch });
    }
}

/// Gives a command to every shard and waits for what they answer.
fn ask(shards: &[ShardHandle], command: &Command) -> Vec<CommandReply> {
    let mut waiting = Vec::new();
    for shard in shards {
        let (reply, answer) = oneshot::channel();
        shard.send_blocking(Order::Ask(command.clone(), reply));
        waiting.push(answer);
    }
    // A shard that has ended answers nothing.
    waiting.into_iter().filter_map(|answer| answer.blocking_recv().ok()).collect()
}

/// The deploying thread's memory.
pub struct Deployer<S> {
    folder: Folder,
    watch: watch::Watch,
    engine: Engine,
    stage: S,
    wasm_bytes_max: u64,
    files_max: usize,
    /// What each file held when it was deployed last, by the NAME of the file.
    running: BTreeMap<String, Application>,
    /// Versions of each application, by its name.
    lines: BTreeMap<Arc<str>, Line>,
    keep_versions: usize,
    rule: Rule,
    tally: Arc<Rollbacks>,
    shade: Shade,
    running_shadows: BTreeMap<Arc<str>, Running>,
    /// Files that run in a shadow by their NAME.toml, with their share.
    shadow_files: BTreeMap<String, (AppId, u8)>,
    settle: Duration,
    /// The first look, whose outcome is told as a whole.
    is_first_look: bool,
}

/// A deploying thread that runs.
#[derive(Debug)]
pub struct Started {
    /// Takes requests.
    pub requests: Sender<Request>,
    /// Tells once what serves after the first look at the folder.
    pub first_look: oneshot::Receiver<Vec<Application>>,
    /// What it counts.
    pub rollbacks: Arc<Rollbacks>,
}

/// Starts the deploying thread.
///
/// # Errors
/// There is no such folder, or no thread.
pub fn start<S: Stage>(shade: Shade, engine: Engine, stage: S, vital: &Vital) -> anyhow::Result<Started> {
    let config = Arc::clone(&shade.config);
    let folder = Folder::open(&config.servlets).map_err(|error| {
        anyhow::anyhow!(
            "the servlets folder `{}` cannot be opened: {error}. Make it, or name another with --servlets DIR",
            config.servlets.display()
        )
    })?;
    let (requests, inbox) = channel();
    let (first, is_first) = oneshot::channel();
    let hints = hints(folder.path(), requests.clone());
    let rescan = Duration::from_secs(config.deploy.rescan_s.max(1));
    let mut deployer = Deployer::new(folder, shade, engine, stage);
    let tally = Arc::clone(&deployer.tally);
    vital.spawn("deploy", move || {
        // Dropped with the thread; without hints the folder is still looked at now and then.
        let _hints = hints;
        deployer.look_first();
        let _ = first.send(deployer.serving());
        deployer.attend(&inbox, rescan);
    })?;
    Ok(Started { requests, first_look: is_first, rollbacks: tally })
}

/// Tells of changes. Only a hint: what lies in the folder is read through its handle.
fn hints(path: &Path, requests: Sender<Request>) -> Option<notify::RecommendedWatcher> {
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !event.kind.is_access()) {
            let _ = requests.send(Request::Changed);
        }
    });
    let watched = watcher.and_then(|mut watcher| {
        watcher.watch(path, notify::RecursiveMode::NonRecursive)?;
        Ok(watcher)
    });
    watched
        .inspect_err(|error| {
            tracing::warn!(
                "changes of {} are not reported ({error}): it is looked at now and then",
                path.display()
            );
        })
        .ok()
}

impl<S: Stage> Deployer<S> {
    /// A deployer that has not looked yet.
    pub fn new(folder: Folder, shade: Shade, engine: Engine, stage: S) -> Self {
        let config = &shade.config;
        let settle = Duration::from_millis(config.deploy.settle_ms);
        let incomplete = Duration::from_millis(config.deploy.incomplete_ms);
        Self {
            folder,
            watch: watch::Watch::new(settle, incomplete),
            settle,
            engine,
            stage,
            wasm_bytes_max: config.limits.wasm_bytes,
            files_max: config.limits.servlet_files,
            running: BTreeMap::new(),
            lines: BTreeMap::new(),
            keep_versions: config.deploy.keep_versions,
            rule: versions::rule(&config.deploy),
            tally: Arc::default(),
            shade,
            running_shadows: BTreeMap::new(),
            shadow_files: BTreeMap::new(),
            is_first_look: true,
        }
    }

    /// What serves now, by name.
    pub fn serving(&self) -> Vec<Application> {
        self.lines.values().flat_map(Line::serving).collect()
    }

    fn attend(&mut self, inbox: &Receiver<Request>, rescan: Duration) {
        loop {
            let due = self.watch.next_timeout(now()).map_or(rescan, |due| due.max(LOOK_AGAIN_MIN));
            let wait = due.min(rescan).min(self.next_judgement());
            match inbox.recv_timeout(wait) {
                Ok(Request::Changed) => {
                    // A copy reports many changes; they are one.
                    let mut others = Vec::new();
                    while let Ok(request) = inbox.try_recv() {
                        if !matches!(request, Request::Changed) {
                            others.push(request);
                        }
                    }
                    self.look();
                    others.into_iter().for_each(|request| self.obey(request));
                }
                #[cfg(debug_assertions)]
                Ok(Request::Fault(fault)) => {
                    if fault.strike() {
                        return;
                    }
                }
                Ok(request) => self.obey(request),
                Err(RecvTimeoutError::Timeout) => self.look(),
                Err(RecvTimeoutError::Disconnected) => return self.end_shadows(),
            }
            self.judge();
            self.settle_shadows();
        }
    }

    fn obey(&mut self, request: Request) {
        match request {
            #[cfg(debug_assertions)]
            Request::Fault(_) => {}
            Request::Changed => self.look(),
            Request::Reload(reply) => {
                self.watch.forget();
                self.look();
                let _ = reply.send(self.serving());
            }
            Request::Undeploy(name, reply) => {
                let _ = reply.send(self.undeploy_by_name(&name));
            }
            Request::List(reply) => {
                let _ = reply.send(self.serving());
            }
            Request::Versions(reply) => {
                let _ = reply.send(self.known());
            }
            Request::Rollback { name, to, reply } => {
                let _ = reply.send(self.rollback(&name, to.as_deref()));
            }
            Request::Canary { name, percent, reply } => {
                let _ = reply.send(self.canary(&name, percent));
            }
            Request::Shadow { name, which, percent, reply } => {
                let _ = reply.send(self.shadow(&name, &which, percent));
            }
            Request::ShadowOff(name, reply) => {
                let _ = reply.send(self.shadow_off(&name));
            }
        }
    }

    /// The look before the first call. Files that were copied in a moment ago are waited for, so that whoever copies and
    /// starts is served; one that is still being written is not.
    fn look_first(&mut self) {
        let until = now() + 2 * self.settle;
        self.look();
        // The time until something is due, from the epoch on, is the moment at which it is due.
        while let Some(due) = self.watch.next_timeout(Duration::ZERO).filter(|due| *due <= until) {
            std::thread::sleep(due.saturating_sub(now()).max(LOOK_AGAIN_MIN));
            self.look();
        }
        self.is_first_look = false;
    }

    /// Looks at the folder once and does what is due.
    pub fn look(&mut self) {
        let listing = match self.folder.list(self.files_max) {
            Ok(listing) => listing,
            Err(error) => {
                tracing::error!(
                    "the servlets folder {} cannot be read: {error}",
                    self.folder.path().display()
                );
                return;
            }
        };
        let steps = self.watch.observe(&listing, now());
        // A renamed file is loaded under its new name before its old name is taken away.
        let (removed, others): (Vec<_>, Vec<_>) =
            steps.into_iter().partition(|step| matches!(step, Step::Removed(_)));
        let gone: Vec<String> = removed
            .into_iter()
            .filter_map(|step| match step {
                Step::Removed(name) => Some(name),
                Step::Load(_) | Step::Incomplete { .. } | Step::Refused { .. } => None,
            })
            .collect();
        for step in others {
            match step {
                Step::Load(name) => self.load(&name, &gone),
                Step::Incomplete { name, why } => {
                    let file = self.folder.shown(&format!("{name}.wasm"));
                    let advice = "It is loaded when it is whole; copy it under another name and rename it.";
                    self.refuse(&name, &format!("{file}: {why}. {advice}"));
                }
                Step::Refused { file, why } => {
                    self.refuse(&file, &format!("{}: {why}", self.folder.shown(&file)))
                }
                Step::Removed(_) => {}
            }
        }
        for name in gone {
            self.remove(&name);
        }
    }

    fn refuse(&self, name: &str, text: &str) {
        let keeps = self.running.get(name).map_or_else(String::new, |application| {
            let version = &application.descriptor.version;
            format!("\nVersion {version} of \"{}\" keeps serving.", application.id.name)
        });
        tracing::warn!("refused  {text}{keeps}");
    }

    fn load(&mut self, name: &str, gone: &[String]) {
        let file = format!("{name}.wasm");
        let bytes = match self.folder.read(&file, self.wasm_bytes_max) {
            Ok((bytes, _)) => bytes,
            // It changes under our hands: the next look tells more.
            Err(Unreadable::Changing | Unreadable::Gone) => return,
            Err(why) => {
                self.watch.settled(name);
                return self.refuse(name, &format!("{}: {why}", self.folder.shown(&file)));
            }
        };
        if let Some(why) = wasmfile::cut(&bytes) {
            return self.watch.cut(name, why);
        }
        self.watch.settled(name);
        match self.prepare(name, &file, &bytes, gone) {
            Ok(Some(servlet)) if self.shadow_by_file(name, &servlet) => {}
            Ok(Some(servlet)) => {
                self.shadow_files.remove(name);
                let application = servlet.application().clone();
                self.stage.deploy(&servlet);
                self.note_deployed(servlet);
                self.replace(name, application, gone);
            }
            Ok(None) => {}
            Err(text) => self.refuse(name, &text),
        }
    }

    /// Checks and compiles. None when the file held exactly this before: it serves, or was taken back.
    fn prepare(
        &self,
        name: &str,
        file: &str,
        bytes: &[u8],
        gone: &[String],
    ) -> Result<Option<Arc<Servlet>>, String> {
        let overrides = overrides::read(&self.folder, name)?;
        let shown = self.folder.shown(file);
        let servlet =
            Servlet::load(bytes, &shown, &self.engine, overrides.as_ref()).map_err(|r| r.to_string())?;
        let id = &servlet.application().id;
        let owner = self.running.iter().find(|(other, app)| *other != name && app.id.name == id.name);
        if let Some((other, _)) = owner
            && !gone.contains(other)
        {
            return Err(format!(
                "{shown}: the application is called \"{}\", and so is that of {}. Give one of them another `name`",
                id.name,
                self.folder.shown(&format!("{other}.wasm"))
            ));
        }
        let is_known = self.running.get(name).is_some_and(|running| running.id == *id)
            || self.is_shadow_of_file(name, &servlet);
        Ok((!is_known).then_some(servlet))
    }

    /// Notes what the file serves now. A version of another name that it served before leaves.
    fn replace(&mut self, name: &str, application: Application, gone: &[String]) {
        let id = application.id.clone();
        for old in gone {
            if self.running.get(old).is_some_and(|running| running.id.name == id.name) {
                self.running.remove(old);
            }
        }
        if let Some(old) = self.running.insert(name.to_owned(), application)
            && old.id.name != id.name
        {
            self.take_away(&old);
        }
    }

    fn remove(&mut self, name: &str) {
        self.shadow_files.remove(name);
        if let Some(application) = self.running.remove(name) {
            self.take_away(&application);
        }
    }

    fn undeploy_by_name(&mut self, name: &str) -> Result<(), String> {
        let Some(file) =
            self.running.iter().find(|(_, app)| &*app.id.name == name).map(|(file, _)| file.clone())
        else {
            return Err(self.no_application(name));
        };
        self.remove(&file);
        Ok(())
    }
}

/// On the clock that stamps files.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
