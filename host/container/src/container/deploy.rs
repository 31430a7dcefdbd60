//! Applications come and go: new calls go to the version that was deployed last, live calls stay with theirs.

use std::sync::Arc;

use crate::app::{AppId, Application, Handler};
use crate::config::PARTITIONS;
use crate::io::{Canary, Key};
use crate::report::Report;
use crate::session::AppSession;

use super::slots::Slot;
use super::{Container, Work};

impl Container {
    pub(super) fn deploy(&mut self, application: &Arc<Application>) {
        let id = &application.id;
        self.keep_version(application);
        self.report(Report::Deployed(id.clone()));
        let stable = self.applications.get(&id.name).map(|rollout| rollout.stable.id.clone());
        match (application.descriptor.canary, stable) {
            (Some(percent), Some(stable)) if percent < 100 && stable != *id => {
                self.share(&stable, Some(&Canary { app: id.clone(), percent }));
            }
            (_, _) => self.share(id, None),
        }
    }

    pub(super) fn undeploy(&mut self, id: &AppId) {
        self.give_up(id);
    }

    /// A version that takes calls has a root session, if it wants `servlet-initialized`. One shard is enough for what
    /// happens once.
    pub(super) fn start_root(&mut self, id: &AppId) {
        let application = self.versions.get(id).map(|version| version.application.clone());
        let Some(application) = application.filter(|one| one.handlers.has(Handler::ServletInitialized))
        else {
            return;
        };
        if self.shared.config.shard != 0 || self.roots.contains_key(id) {
            return;
        }
        let shards = self.shared.config.shards.max(1);
        let partition = (self.random.next() % u64::from(PARTITIONS / shards)) as u16 * shards;
        let key = self.new_key(partition);
        let mut session = AppSession::new(key, id.clone(), 0, self.now);
        session.root = true;
        session.invalidate_when_ready = false;
        self.roots.insert(id.clone(), key);
        let mut slot = Slot::new(session, application);
        self.look_at(&mut slot, None);
        self.insert_slot(slot);
        self.post(key, Work::Initialized);
    }

    /// Ends a root session with what its peers are owed, behind what waits for it.
    pub(super) fn end_root(&mut self, key: Key) {
        self.post(key, Work::End);
    }
}
