//! Versions of an application: which take new calls, which are kept, and how live sessions move to a newer one.
//!
//! A session stays with the version that began it. Only a version that exports `upgrade` takes sessions over, once it
//! takes all new calls: a few at a time, each in a step of its own behind what waits in the session's mailbox. What such
//! a step changes is committed with the new version or not at all.

use std::collections::VecDeque;
use std::sync::Arc;

use siplet_sip::time::Time;

use crate::app::{AppId, Application, Handler};
use crate::io::{Canary, Key};
use crate::mutant::{self, Mutant};
use crate::report::Report;
use crate::routing::Rollout;

use super::{Container, Work};

/// What is counted for one version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionCounts {
    /// Its application sessions.
    pub sessions: usize,
    /// New calls that it took.
    pub calls: u64,
    /// True when it takes new calls now.
    pub takes_calls: bool,
}

/// A version that is deployed, kept, or has sessions.
pub(super) struct Version {
    pub(super) application: Arc<Application>,
    pub(super) sessions: usize,
    pub(super) calls: u64,
    /// Deployed, and not undeployed since.
    kept: bool,
    /// Rises with each deployment: a version upgrades the sessions of those before it.
    order: u64,
}

impl Version {
    pub(super) const fn new(application: Arc<Application>) -> Self {
        Self { application, sessions: 0, calls: 0, kept: false, order: 0 }
    }
}

/// Sessions that a new version has still to take over.
pub(super) struct Upgrade {
    to: Arc<Application>,
    sessions: VecDeque<Key>,
}

impl Container {
    /// Versions of applications that are deployed, kept or have sessions, by name and digest.
    pub fn versions(&self) -> impl Iterator<Item = (&AppId, VersionCounts)> {
        self.versions.iter().map(|(id, version)| {
            let takes_calls = self.takes_calls(id);
            (id, VersionCounts { sessions: version.sessions, calls: version.calls, takes_calls })
        })
    }

    pub(super) fn takes_calls(&self, id: &AppId) -> bool {
        self.applications.get(&id.name).is_some_and(|rollout| rollout.takes(id))
    }

    /// Notes a version; the order of deployments tells which is newer.
    pub(super) fn keep_version(&mut self, application: &Arc<Application>) {
        self.next_deployment += 1;
        let fresh = || Version::new(application.clone());
        let version = self.versions.entry(application.id.clone()).or_insert_with(fresh);
        version.kept = true;
        version.order = self.next_deployment;
    }

    /// A version is kept no longer.
    pub(super) fn give_up(&mut self, id: &AppId) {
        if let Some(version) = self.versions.get_mut(id) {
            version.kept = false;
        }
        if let Some(rollout) = self.applications.get_mut(&id.name) {
            rollout.canary.take_if(|(canary, _)| canary.id == *id);
            if rollout.stable.id == *id {
                match rollout.canary.take() {
                    Some((canary, _)) => rollout.stable = canary,
                    None => {
                        self.applications.remove(&id.name);
                    }
                }
            }
        }
        self.after_change(&id.name);
        self.check_left(id);
    }

    /// New calls go to these versions from now on.
    pub(super) fn share(&mut self, stable: &AppId, canary: Option<&Canary>) {
        let known =
            |id: &AppId| self.versions.get(id).filter(|version| version.kept).map(|v| v.application.clone());
        let Some(application) = known(stable) else {
            return self.report(Report::NotDeployed(stable.clone()));
        };
        let canary = match canary {
            None => None,
            Some(canary) => match known(&canary.app) {
                Some(application) => Some((application, canary.percent.min(100))),
                None => return self.report(Report::NotDeployed(canary.app.clone())),
            },
        };
        let name = stable.name.clone();
        let before = self.applications.insert(name.clone(), Rollout { stable: application, canary });
        self.after_change(&name);
        if before.is_none_or(|before| before.stable.id != *stable) {
            self.begin_upgrade(stable);
        }
    }

    /// Root sessions belong to the versions that take calls; those that no longer do leave when they can.
    fn after_change(&mut self, name: &Arc<str>) {
        let ids: Vec<AppId> = self.versions.keys().filter(|id| id.name == *name).cloned().collect();
        for id in ids {
            if self.takes_calls(&id) {
                self.start_root(&id);
            } else {
                if let Some(key) = self.roots.remove(&id) {
                    self.end_root(key);
                }
                self.check_left(&id);
            }
        }
        let stable = self.applications.get(name).map(|rollout| &rollout.stable.id);
        if self.upgrades.get(name).is_some_and(|upgrade| Some(&upgrade.to.id) != stable) {
            self.upgrades.remove(name);
        }
    }

    /// A session of that version has gone.
    pub(super) fn release_version(&mut self, id: &AppId) {
        if let Some(version) = self.versions.get_mut(id) {
            version.sessions = version.sessions.saturating_sub(1);
        }
        self.check_left(id);
    }

    /// A session of that version is here.
    pub(super) fn hold_version(&mut self, application: &Arc<Application>) {
        let fresh = || Version::new(application.clone());
        self.versions.entry(application.id.clone()).or_insert_with(fresh).sessions += 1;
    }

    fn check_left(&mut self, id: &AppId) {
        let gone = |version: &Version| !version.kept && version.sessions == 0;
        if !self.takes_calls(id) && self.versions.get(id).is_some_and(gone) {
            self.versions.remove(id);
            self.report(Report::Left(id.clone()));
        }
    }

    /// The version for a restored session: its own where that is still here, else the one that takes calls now.
    pub(super) fn application_for(&self, id: &AppId) -> Option<Arc<Application>> {
        let own = self.versions.get(id).map(|version| version.application.clone());
        own.or_else(|| self.applications.get(&id.name).map(|rollout| rollout.stable.clone()))
    }

    /// Sessions of older versions are to move to this one, if it knows how.
    fn begin_upgrade(&mut self, id: &AppId) {
        let Some(version) = self.versions.get(id) else { return };
        if !version.application.handlers.has(Handler::Upgrade) {
            return;
        }
        let (to, order) = (version.application.clone(), version.order);
        let older: Vec<&AppId> = self
            .versions
            .iter()
            .filter(|(other, version)| other.name == id.name && version.order < order && version.sessions > 0)
            .map(|(other, _)| other)
            .collect();
        if older.is_empty() {
            return;
        }
        let sessions: VecDeque<Key> = self
            .slots
            .sorted_keys()
            .into_iter()
            .filter(|key| self.slots.get(key).is_some_and(|slot| older.contains(&&slot.application.id)))
            .collect();
        if !sessions.is_empty() {
            self.upgrades.insert(id.name.clone(), Upgrade { to, sessions });
            self.arm_upgrades();
        }
    }

    fn arm_upgrades(&mut self) {
        let waits = self.upgrades.values().any(|upgrade| !upgrade.sessions.is_empty());
        self.upgrade_at = waits.then(|| self.now + self.shared.config.limits.upgrade_every);
    }

    /// When sessions have to be moved on.
    pub(super) const fn next_upgrade(&self) -> Option<Time> {
        self.upgrade_at
    }

    /// Lets the next few sessions move.
    pub(super) fn run_upgrades(&mut self) {
        if self.upgrade_at.is_none_or(|at| at > self.now) {
            return;
        }
        let mut most = self.shared.config.limits.upgrade_sessions.max(1);
        let mut posted = Vec::new();
        for upgrade in self.upgrades.values_mut() {
            while let Some(key) = (most > 0).then(|| upgrade.sessions.pop_front()).flatten() {
                most -= 1;
                posted.push((key, upgrade.to.clone()));
            }
        }
        self.upgrades.retain(|_, upgrade| !upgrade.sessions.is_empty());
        self.arm_upgrades();
        for (key, to) in posted {
            self.post(key, Work::Upgrade { to, restored_from: None });
        }
    }

    /// True when a session that was to move still is to. One whose last move the store does not know yet comes again.
    pub(super) fn may_upgrade(&mut self, key: Key, to: &Arc<Application>) -> bool {
        let Some(slot) = self.slots.get(&key) else { return false };
        let still = self.applications.get(&to.id.name).is_some_and(|rollout| rollout.stable.id == to.id);
        // A record must not stay behind in the store, nor a session that is stored live on unstored.
        let alike = slot.application.descriptor.distributable == to.descriptor.distributable;
        if !still || !alike || slot.live.root || !slot.live.valid || slot.application.id == to.id {
            return false;
        }
        if slot.left.is_some() {
            let fresh = || Upgrade { to: to.clone(), sessions: VecDeque::new() };
            self.upgrades.entry(to.id.name.clone()).or_insert_with(fresh).sessions.push_back(key);
            self.arm_upgrades();
            return false;
        }
        true
    }

    /// A step that is being committed has moved its session to another version. The old one stays until the store has
    /// acknowledged the move, which may go back.
    pub(super) fn move_session(&mut self, key: Key, to: &Arc<Application>, stores: bool) {
        self.hold_version(to);
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let from = std::mem::replace(&mut slot.application, to.clone());
        if stores && !mutant::is(Mutant::MovedVersionLeavesUnstored) {
            slot.left = Some(from);
        } else {
            self.release_version(&from.id);
        }
    }

    /// The store knows the session as it is: the version that it came from is not needed for it any more.
    pub(super) fn settle_version(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let own = &slot.application.id;
        if slot.acked.as_ref().is_some_and(|acked| acked.app == *own)
            && let Some(left) = slot.left.take()
        {
            self.release_version(&left.id);
        }
    }

    /// The session went back to what the store has: with the version that it had there.
    pub(super) fn move_back(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        if slot.live.app == slot.application.id {
            return;
        }
        if let Some(left) = slot.left.take() {
            let moved = std::mem::replace(&mut slot.application, left);
            self.release_version(&moved.id);
        }
    }
}
