//! Versions that are kept with their compiled code, and what becomes of their share of new calls.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use siplet_container::app::{AppId, Application};
use siplet_wasm::Servlet;

use super::guard::{Guard, Rule, Verdict};
use super::history::{Change, Entry, History, digest};
use super::{Deployer, Stage, line, now};
use crate::config::Deploy;

/// Time between two looks at the turns of a new version.
const JUDGE_EVERY: Duration = Duration::from_millis(500);

/// How often versions were taken back since the start.
#[derive(Debug, Default)]
pub struct Rollbacks {
    /// By the host, because too many turns died.
    pub by_traps: AtomicU64,
    /// By an operator.
    pub by_operator: AtomicU64,
}

/// A version as the deploying thread knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownVersion {
    /// Name, version, time of its deployment.
    pub entry: Entry,
    /// Percent of new calls that it takes.
    pub percent: u8,
    /// It is on trial beside another version.
    pub is_canary: bool,
}

/// The versions of one application, with their code.
pub(super) struct Line {
    history: History,
    servlets: BTreeMap<AppId, Arc<Servlet>>,
    guard: Option<Watched>,
}

struct Watched {
    app: AppId,
    guard: Guard,
}

impl Line {
    /// The version that takes all new calls but a canary's.
    pub(super) const fn stable(&self) -> &AppId {
        self.history.stable()
    }

    /// A version in words.
    pub(super) fn shown(&self, id: &AppId) -> String {
        self.history.shown(id)
    }

    /// A version as its descriptor tells it.
    pub(super) fn version_of(&self, id: &AppId) -> String {
        self.history.entry(id).map(|entry| entry.version.clone()).unwrap_or_default()
    }

    /// The version of that name: `1.0.0`, `#3f9c21`.
    pub(super) fn named(&self, which: &str) -> Result<&AppId, String> {
        self.history.named(which).map(|entry| &entry.id)
    }

    /// The code of a version that is kept.
    pub(super) fn servlet(&self, id: &AppId) -> Option<Arc<Servlet>> {
        self.servlets.get(id).cloned()
    }

    /// The versions that take new calls.
    pub(super) fn serving(&self) -> impl Iterator<Item = Application> {
        let canary = self.history.canary().map(|canary| &canary.app);
        let ids = [Some(self.history.stable()), canary];
        ids.into_iter().flatten().filter_map(|id| Some(self.servlets.get(id)?.application().clone()))
    }
}

/// When a version is taken back, by the settings.
pub(super) const fn rule(config: &Deploy) -> Rule {
    Rule {
        trap_percent: config.rollback_trap_percent,
        turns_min: config.rollback_turns_min,
        window: Duration::from_secs(config.rollback_window_s),
        age: Duration::from_secs(config.rollback_age_s),
    }
}

impl<S: Stage> Deployer<S> {
    /// All versions that are kept, by name and in the order of their deployment.
    pub(super) fn known(&self) -> Vec<KnownVersion> {
        let of = |line: &Line| {
            let canary = line.history.canary().cloned();
            let stable = line.history.stable().clone();
            let percent = move |id: &AppId| match &canary {
                Some(canary) if canary.app == *id => canary.percent,
                Some(canary) if stable == *id => 100 - canary.percent,
                None if stable == *id => 100,
                Some(_) | None => 0,
            };
            let on_trial = line.history.canary().map(|canary| canary.app.clone());
            let known = |entry: &Entry| KnownVersion {
                percent: percent(&entry.id),
                is_canary: on_trial.as_ref() == Some(&entry.id),
                entry: entry.clone(),
            };
            line.history.entries().iter().map(known).collect::<Vec<_>>()
        };
        self.lines.values().flat_map(of).collect()
    }

    /// The shards serve this version: it is kept, and watched where it has a predecessor.
    pub(super) fn note_deployed(&mut self, servlet: Arc<Servlet>) {
        let application = servlet.application();
        let (id, descriptor) = (application.id.clone(), &application.descriptor);
        let entry =
            Entry { id: id.clone(), version: descriptor.version.clone(), deployed: now(), note: None };
        let gone = match self.lines.get_mut(&id.name) {
            Some(known) => known.history.deployed(entry, descriptor.canary, self.keep_versions),
            None => {
                let history = History::new(entry);
                let new = Line { history, servlets: BTreeMap::new(), guard: None };
                self.lines.insert(id.name.clone(), new);
                Vec::new()
            }
        };
        for old in gone {
            self.stage.undeploy(&old);
            if let Some(known) = self.lines.get_mut(&id.name) {
                known.servlets.remove(&old);
            }
        }
        let shown = line(application);
        let Some(known) = self.lines.get_mut(&id.name) else { return };
        known.servlets.insert(id.clone(), servlet);
        let share = known.history.canary().map(|canary| format!("   canary {} %", canary.percent));
        let text = format!("deployed {shown}{}", share.unwrap_or_default());
        if self.is_first_look {
            tracing::debug!("{text}");
        } else {
            tracing::info!("{text}");
        }
        self.watch_version(&id);
    }

    /// Looks at a version from now on, while it has a predecessor that could take its calls.
    fn watch_version(&mut self, id: &AppId) {
        let predecessor = self
            .lines
            .get(&id.name)
            .and_then(|known| known.history.predecessor(id))
            .map(|entry| entry.id.clone())
            .filter(|_| self.rule.trap_percent > 0);
        let tally = if predecessor.is_some() { self.stage.tally() } else { BTreeMap::new() };
        let of = |id: &AppId| tally.get(id).copied().unwrap_or_default();
        if let Some(known) = self.lines.get_mut(&id.name) {
            let guard = |before: AppId| Guard::new(now(), of(id), of(&before));
            known.guard = predecessor.map(|before| Watched { app: id.clone(), guard: guard(before) });
        }
    }

    /// When new versions are looked at again at the latest.
    pub(super) fn next_judgement(&self) -> Duration {
        let is_watched = self.lines.values().any(|line| line.guard.is_some());
        if is_watched { JUDGE_EVERY } else { Duration::MAX }
    }

    /// Takes back new versions whose turns die.
    pub(super) fn judge(&mut self) {
        if self.lines.values().all(|line| line.guard.is_none()) {
            return;
        }
        let tally = self.stage.tally();
        let (now, rule) = (now(), self.rule);
        let mut changes = Vec::new();
        for (name, known) in &mut self.lines {
            let Some(watched) = &mut known.guard else { continue };
            let own = tally.get(&watched.app).copied().unwrap_or_default();
            match watched.guard.observe(&rule, now, own) {
                Verdict::Watch => {}
                Verdict::Trust => known.guard = None,
                Verdict::TakeBack { seen, window } => {
                    let app = watched.app.clone();
                    known.guard = None;
                    let deaths = format!("{} of its {} turns died", seen.traps, seen.turns);
                    let why = format!("{deaths} in {:.1} s", window.as_secs_f64());
                    let shown = known.history.shown(&app);
                    let Some(change) = known.history.take_back(&app, why.clone()) else { continue };
                    let back = known.history.shown(&change.stable);
                    let text = format!(
                        "{name} {shown} was taken back: {why}\n{name} {back} takes all new calls again; live calls stay \
                         where they are\nit serves again when its file changes, or by `siplet rollback {name} #{}`",
                        digest(&app)
                    );
                    changes.push((change, text));
                }
            }
        }
        for (change, text) in changes {
            self.tally.by_traps.fetch_add(1, Ordering::Relaxed);
            self.stage.share(&change.stable, change.canary.as_ref());
            tracing::error!("{text}");
        }
    }

    /// An earlier version takes the new calls again.
    pub(super) fn rollback(&mut self, name: &str, to: Option<&str>) -> Result<String, String> {
        let Some(known) = self.lines.get_mut(name) else { return Err(self.no_application(name)) };
        let change = known.history.rollback(to)?;
        known.guard = None;
        self.tally.by_operator.fetch_add(1, Ordering::Relaxed);
        Ok(self.tell(name, &change))
    }

    /// The newest version takes a share of new calls.
    pub(super) fn canary(&mut self, name: &str, percent: u8) -> Result<String, String> {
        let Some(known) = self.lines.get_mut(name) else { return Err(self.no_application(name)) };
        let change = known.history.canary_at(percent)?;
        known.guard = None;
        let text = self.tell(name, &change);
        let watched = change.canary.map_or(change.stable, |canary| canary.app);
        if percent > 0 {
            self.watch_version(&watched);
        }
        Ok(text)
    }

    /// Tells the shards of a change, and the log; what serves then.
    fn tell(&mut self, name: &str, change: &Change) -> String {
        self.stage.share(&change.stable, change.canary.as_ref());
        let shown = |id: &AppId| self.lines.get(name).map_or_else(String::new, |line| line.history.shown(id));
        let text = match &change.canary {
            None => format!("{name} {} takes all new calls", shown(&change.stable)),
            Some(canary) => format!(
                "{name} {} takes {} % of new calls, {} the others",
                shown(&canary.app),
                canary.percent,
                shown(&change.stable)
            ),
        };
        tracing::info!("{text} (asked by an operator); live calls stay where they are");
        text
    }

    /// All versions of an application go.
    pub(super) fn take_away(&mut self, application: &Application) {
        let Some(known) = self.lines.remove(&application.id.name) else { return };
        for entry in known.history.entries() {
            self.stage.undeploy(&entry.id);
        }
        tracing::info!("undeployed {}: it takes no new calls and leaves as its calls end", application.id);
    }

    pub(super) fn no_application(&self, name: &str) -> String {
        let known: Vec<_> = self.lines.keys().map(|name| &**name).collect();
        let hint = match crate::config::nearest(name, &known) {
            Some(meant) => format!("; did you mean \"{meant}\"?"),
            None => String::new(),
        };
        format!("no application is called \"{name}\"{hint}")
    }
}
