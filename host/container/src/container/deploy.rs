//! Applications come and go: new calls go to the version that was deployed last, live calls stay with theirs.

use std::sync::Arc;

use crate::app::{AppId, Application, Handler};
use crate::config::PARTITIONS;
use crate::io::Key;
use crate::report::Report;
use crate::session::AppSession;

use super::slots::Slot;
use super::{Container, Work};

impl Container {
    pub(super) fn deploy(&mut self, application: Arc<Application>) {
        let id = application.id.clone();
        let old = self.applications.insert(id.name.clone(), application.clone());
        self.versions.entry(id.clone()).or_default();
        if let Some(old) = old
            && old.id != id
        {
            self.leave(&old.id);
        }
        self.report(Report::Deployed(id.clone()));
        // One shard is enough for what happens once.
        if self.shared.config.shard == 0
            && application.handlers.has(Handler::ServletInitialized)
            && !self.roots.contains_key(&id)
        {
            self.start_root(application);
        }
    }

    fn start_root(&mut self, application: Arc<Application>) {
        let shards = self.shared.config.shards.max(1);
        let partition = (self.random.next() % u64::from(PARTITIONS / shards)) as u16 * shards;
        let key = self.new_key(partition);
        let mut session = AppSession::new(key, application.id.clone(), 0, self.now);
        session.root = true;
        session.invalidate_when_ready = false;
        self.roots.insert(application.id.clone(), key);
        let mut slot = Slot::new(session, application);
        self.look_at(&mut slot, None);
        self.insert_slot(slot);
        self.post(key, Work::Initialized);
    }

    pub(super) fn undeploy(&mut self, id: &AppId) {
        if self.applications.get(&id.name).is_some_and(|application| application.id == *id) {
            self.applications.remove(&id.name);
        }
        self.leave(id);
    }

    /// A version takes no new calls: its root session ends, and it leaves with its last session.
    fn leave(&mut self, id: &AppId) {
        if let Some(key) = self.roots.remove(id) {
            self.end_root(key);
        }
        self.check_left(id);
    }

    /// Ends a root session with what its peers are owed, behind what waits for it.
    pub(super) fn end_root(&mut self, key: Key) {
        self.post(key, Work::End);
    }

    /// A session of that version has gone.
    pub(super) fn release_version(&mut self, id: &AppId) {
        if let Some(sessions) = self.versions.get_mut(id) {
            *sessions = sessions.saturating_sub(1);
        }
        self.check_left(id);
    }

    fn check_left(&mut self, id: &AppId) {
        let current = self.applications.get(&id.name).is_some_and(|application| application.id == *id);
        if !current && self.versions.get(id) == Some(&0) {
            self.versions.remove(id);
            self.report(Report::Left(id.clone()));
        }
    }

    /// The application for a restored session: the version of that name that takes calls now. A host that starts has no
    /// other.
    pub(super) fn application_for(&self, id: &AppId) -> Option<Arc<Application>> {
        self.applications.get(&id.name).cloned()
    }
}
