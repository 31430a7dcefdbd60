//! Storing: a step of a distributable application leaves only when the store has it; and a stored session comes in.
//!
//! Units of one session are acknowledged and released in order; their messages leave behind one another. A store that
//! refuses is another node's: the session goes without a word. A store that cannot be reached is asked again, and in
//! the end the session goes back to what was acknowledged.

use std::sync::Arc;

use siplet_sip::time::Time;

use crate::app::{Application, Handler};
use crate::io::{Effect, Key, StoreError, UnitId, Write};
use crate::mutant::{self, Mutant};
use crate::report::{LoadFault, RefuseReason, Report, StoreOrder};
use crate::session::AppSession;
use crate::session::transactions::{ClientMachine, ServerMachine, Target};
use crate::snapshot::{self, Snapshot};
use crate::step::Outgoing;

use super::slots::{Parked, Slot};
use super::{Container, Waiting, Work};

impl Container {
    /// Emits the unit of a commit and parks its outbox.
    pub(super) fn park(&mut self, key: Key, outbox: Vec<Outgoing>, began: Vec<u32>) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        // A restored host must be able to send all that has not left, not only this step's part.
        let waiting = if mutant::is(Mutant::OutboxNotInSnapshot) {
            Vec::new()
        } else {
            slot.parked.iter().flat_map(|parked| &parked.outbox).chain(&outbox).collect()
        };
        let Ok(bytes) = snapshot::encode(&slot.application.descriptor.version, &slot.live, waiting) else {
            self.report(Report::Broken { what: "a session cannot be written", key });
            self.remove_slot(key, true);
            return;
        };
        let unit = UnitId(self.next_unit);
        self.next_unit += 1;
        let write = Write { key, version: slot.live.version, snapshot: bytes };
        let parked = Parked {
            unit,
            write: write.clone(),
            outbox,
            session: slot.live.clone(),
            began,
            attempts: 1,
            retry_at: None,
            stored: false,
        };
        slot.parked.push_back(parked);
        self.units.insert(unit, key);
        self.effects.push_back(Effect::Store { unit, writes: vec![write] });
    }

    /// Messages among the effects from `first` on tell of a state that may not be stored yet: they leave with it.
    pub(super) fn hold_behind_units(&mut self, key: Key, first: usize) {
        let Some(last) = self.slots.get_mut(&key).and_then(|slot| slot.parked.back_mut()) else { return };
        if mutant::is(Mutant::RefusalTellsUnstoredState) {
            return;
        }
        for effect in self.effects.split_off(first) {
            let Effect::Transmit { hop, bytes } = effect else {
                self.effects.push_back(effect);
                continue;
            };
            let outgoing = Outgoing { target: Target::Hop(hop), bytes, client: None };
            if !last.outbox.contains(&outgoing) {
                last.outbox.push(outgoing);
            }
        }
    }

    /// The store has answered.
    pub(super) fn on_stored(&mut self, unit: UnitId, result: Result<(), StoreError>) {
        let Some(key) = self.units.get(&unit).copied() else { return };
        match result {
            Ok(()) => self.on_acknowledged(key, unit),
            Err(StoreError::Refused) => {
                self.report(Report::StoreRefused { key });
                self.remove_slot(key, false);
            }
            Err(StoreError::Unavailable) => self.on_unavailable(key, unit),
        }
    }

    fn on_acknowledged(&mut self, key: Key, unit: UnitId) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        // A snapshot is whole and carries the messages of the units before it: with it, they are stored too.
        let all = mutant::is(Mutant::LaterUnitsLeaveWithFirst);
        for parked in slot.parked.iter_mut().take_while(|parked| all || parked.unit <= unit) {
            parked.stored = true;
            parked.retry_at = None;
        }
        // Messages leave in the order of their commits: a later unit waits for an earlier one.
        let mut released = Vec::new();
        while let Some(parked) = slot.parked.pop_front_if(|parked| parked.stored) {
            slot.acked = Some(parked.session);
            released.push((parked.unit, parked.outbox));
        }
        self.settle_version(key);
        for (unit, outbox) in released {
            self.units.remove(&unit);
            self.release(key, outbox);
        }
        self.ready.push_back(key);
        self.settle(key);
    }

    fn on_unavailable(&mut self, key: Key, unit: UnitId) {
        let limits = &self.shared.config.limits;
        let (most, retry_at) = (limits.store_attempts, self.now + limits.store_retry_after);
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let Some(parked) = slot.parked.iter_mut().find(|parked| parked.unit == unit) else { return };
        let attempt = parked.attempts;
        if attempt >= most {
            self.roll_back(key);
            return;
        }
        parked.retry_at = Some(retry_at);
        self.report(Report::StoreUnavailable { order: StoreOrder::Unit(unit), attempt });
        self.settle(key);
    }

    /// Offers units again whose time has come, in their order.
    pub(super) fn retry_stores(&mut self, key: Key) {
        let now = self.now;
        let Some(slot) = self.slots.get_mut(&key) else { return };
        for parked in slot.parked.iter_mut().filter(|parked| parked.retry_at.is_some_and(|at| at <= now)) {
            parked.retry_at = None;
            parked.attempts += 1;
            self.effects.push_back(Effect::Store { unit: parked.unit, writes: vec![parked.write.clone()] });
        }
    }

    /// Back to the last acknowledged version: what was parked is dropped and its requests are refused.
    fn roll_back(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let parked = std::mem::take(&mut slot.parked);
        if let Some(step) = &mut slot.step {
            step.orphaned = true;
        }
        let acked = slot.acked.clone();
        let mut refused = Vec::new();
        for unit in &parked {
            self.units.remove(&unit.unit);
            for index in &unit.began {
                refused.extend(unit.session.server(*index).map(|tx| (tx.request.clone(), tx.flow)));
            }
        }
        let requests = refused.len();
        for (request, flow) in refused {
            self.refuse(&request, flow, 503, RefuseReason::Store, "store");
        }
        self.report(Report::RolledBack { key, units: parked.len(), requests });
        match acked {
            Some(acked) => {
                let mut owed = None;
                if let Some(slot) = self.slots.get_mut(&key) {
                    owed = slot.taken_over.clone().filter(|(version, _)| *version == acked.version);
                    // The store may have taken what it did not acknowledge: versions and names go on, never back.
                    let mut before = std::mem::replace(&mut slot.live, acked);
                    if mutant::is(Mutant::RolledBackStateStays) {
                        std::mem::swap(&mut slot.live, &mut before);
                    }
                    if !mutant::is(Mutant::VersionsGoBack) {
                        slot.live.go_on_from(&before);
                    }
                    slot.begins_anew();
                }
                self.move_back(key);
                if let Some((_, from)) = owed {
                    self.owe_upgrade(key, from);
                }
                self.ready.push_back(key);
                self.settle(key);
            }
            None => self.drop_unborn(key),
        }
    }

    /// The session went back to what it was before it was upgraded, and the version that made that is gone: it is upgraded
    /// again before anything else.
    fn owe_upgrade(&mut self, key: Key, from: String) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let waiting = slot.mailbox.len();
        slot.mailbox.retain(|work| !matches!(work, Work::Upgrade { .. }));
        let to = slot.application.clone();
        slot.mailbox.push_front(Work::Upgrade { to, restored_from: Some(from) });
        self.counts.mailbox = self.counts.mailbox + slot.mailbox.len() - waiting;
    }

    /// A session of which the store has nothing: what waits for it is refused, and it is gone.
    fn drop_unborn(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let waiting = std::mem::take(&mut slot.mailbox);
        self.counts.mailbox -= waiting.len();
        let open = slot.step.take();
        for work in waiting {
            if let super::Work::Initial(received)
            | super::Work::Subsequent(received, _)
            | super::Work::Cancel(received, _) = work
            {
                self.refuse(&received.message, received.flow, 503, RefuseReason::Store, "store");
            }
        }
        if let Some(step) = open {
            self.counts.open_steps -= 1;
            for index in &step.before.began_indexes {
                if let Some(tx) = step.before.session.server(*index) {
                    let (request, flow) = (tx.request.clone(), tx.flow);
                    self.refuse(&request, flow, 503, RefuseReason::Store, "store");
                }
            }
        }
        self.remove_slot(key, false);
        // The store may have taken what it did not acknowledge.
        self.forget(key);
    }

    /// A stored session comes in, with the version that it had or the one that takes calls now.
    pub(super) fn restore(&mut self, key: Key, bytes: &[u8]) -> Result<(), LoadFault> {
        let snapshot = snapshot::decode(bytes)?;
        let app = &snapshot.session.app;
        let application =
            self.application_for(app).ok_or_else(|| LoadFault::NotDeployed(app.name.to_string()))?;
        self.put_in(key, snapshot, &application)
    }

    /// The same for a session that goes on in that application, whatever version it was in.
    pub(super) fn restore_as(
        &mut self,
        key: Key,
        bytes: &[u8],
        application: &Arc<Application>,
    ) -> Result<(), LoadFault> {
        self.put_in(key, snapshot::decode(bytes)?, application)
    }

    fn put_in(
        &mut self,
        key: Key,
        snapshot: Snapshot,
        application: &Arc<Application>,
    ) -> Result<(), LoadFault> {
        let mut session = snapshot.session;
        if session.key != key {
            return Err(LoadFault::OtherSession);
        }
        // A version that is gone: the one that takes calls now takes the session over, by its `upgrade` where it has one.
        let is_moved = session.app != application.id && self.replaying.is_none();
        session.app = application.id.clone();
        clamp(&mut session, self.now, &self.shared.config);
        let hash_key = self.shared.minter.hash_key();
        let mut rows = Vec::with_capacity(session.servers.len());
        for tx in &mut session.servers {
            // The secret may have been rotated since.
            let tx = Arc::make_mut(tx);
            if let Ok(server) = siplet_sip::transaction::ServerKey::of_request(&tx.request, &hash_key) {
                tx.key = server;
            }
            tx.merge = siplet_sip::transaction::MergeKey::of_request(&tx.request, &hash_key).ok().flatten();
            rows.push((tx.key, tx.merge, tx.index));
        }
        let unresolved: Vec<(crate::io::Query, u32, bool)> = session
            .clients
            .iter()
            .filter(|tx| tx.is_open())
            .filter_map(|tx| match &tx.target {
                Target::Name { query, .. } => Some((query.clone(), tx.index, tx.is_cancel)),
                Target::Hop(_) => None,
            })
            .collect();
        let in_outbox = |client: u32, is_cancel: bool| {
            snapshot.outbox.iter().any(|outgoing| outgoing.client == Some((client, is_cancel)))
        };
        let unresolved: Vec<_> =
            unresolved.into_iter().filter(|(_, client, is_cancel)| !in_outbox(*client, *is_cancel)).collect();
        let root = session.root;
        spoil(&mut session);
        let mut slot = Slot::new(session, application.clone());
        slot.acked = Some(slot.live.clone());
        self.look_at(&mut slot, None);
        let is_upgraded = is_moved && application.handlers.has(Handler::Upgrade) && !root;
        slot.taken_over = is_upgraded.then(|| (slot.live.version, snapshot.version.clone()));
        self.insert_slot(slot);
        if !mutant::is(Mutant::ServerKeysNotRestored) {
            self.index(key, &rows);
        }
        self.report(Report::Restored { key, app: application.id.clone() });
        if is_upgraded {
            let restored_from = Some(snapshot.version);
            self.post(key, Work::Upgrade { to: application.clone(), restored_from });
        }
        self.activate(key, application, root);
        // What left before the other host died leaves again, byte for byte; its peers absorb repetitions.
        self.release(key, snapshot.outbox);
        for (query, client, is_cancel) in unresolved {
            self.resolve(key, query, Waiting::Client { key, client, is_cancel });
        }
        if root && self.roots.get(&application.id) != Some(&key) {
            // The application was deployed anew, with a root of its own: that of its former life ends.
            self.end_root(key);
        }
        if !mutant::is(Mutant::TimersNotRestored) {
            self.settle(key);
        }
        Ok(())
    }
}

impl Container {
    /// Lets the servlet of a restored session know that it is here.
    fn activate(&mut self, key: Key, application: &Application, root: bool) {
        let listens = application.handlers.has(Handler::ApplicationSessionDidActivate);
        if listens && !root && self.replaying.is_none() {
            self.post(key, Work::Activated);
        }
    }
}

/// Planted defects of a restored session.
fn spoil(session: &mut AppSession) {
    if mutant::is(Mutant::NamesRepeatAfterRestore) {
        session.forget_names();
    }
    if mutant::is(Mutant::ServletTimersNotRestored) {
        session.timers.clear();
    }
    if mutant::is(Mutant::ClientsLostInRestore) {
        session.clients.clear();
    }
    if mutant::is(Mutant::SuccessForgottenInRestore) {
        session.servers.iter_mut().for_each(|tx| Arc::make_mut(tx).accept = None);
    }
}

/// Deadlines that lie further ahead than their timers are long are the mark of another clock.
fn clamp(session: &mut AppSession, now: Time, config: &crate::config::Config) {
    let timers = &config.timers;
    for tx in &mut session.servers {
        let tx = Arc::make_mut(tx);
        match &mut tx.machine {
            ServerMachine::Invite(machine) => machine.clamp_deadlines(now, timers),
            ServerMachine::Other(machine) => machine.clamp_deadlines(now, timers),
        }
        if let Some(accept) = &mut tx.accept {
            accept.clamp_deadlines(now, timers);
        }
        if let Some(provisional) = &mut tx.provisional {
            provisional.clamp_deadlines(now, timers);
        }
        tx.started = tx.started.min(now);
    }
    for tx in &mut session.clients {
        match &mut Arc::make_mut(tx).machine {
            ClientMachine::Invite(machine) => machine.clamp_deadlines(now, timers),
            ClientMachine::Other(machine) => machine.clamp_deadlines(now, timers),
        }
    }
    if session.timeout_s > 0
        && let Some(expires) = &mut session.expires
    {
        *expires = (*expires).min(now + core::time::Duration::from_secs(u64::from(session.timeout_s)));
    }
}
