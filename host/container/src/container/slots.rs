//! A session's place in the container: its committed state, its mailbox, its open step, its parked units, its end.

use std::collections::VecDeque;
use std::sync::Arc;

use siplet_sip::method::Method;
use siplet_sip::time::Time;
use siplet_sip::transaction::{MergeKey, ServerKey};

use crate::app::Application;
use crate::io::{Key, UnitId, Write};
use crate::mutant::{self, Mutant};
use crate::session::AppSession;
use crate::session::sip::SipSession;
use crate::step::{Callback, Outgoing, WorkingCopy};
use crate::turn::{SessionState, TurnId};

use super::watching::{Course, Watched};
use super::{Container, Work};

/// A step whose turn is with a guest.
#[derive(Debug)]
pub(super) struct OpenStep {
    pub(super) turn: TurnId,
    pub(super) callback: Callback,
    pub(super) rest: VecDeque<Callback>,
    /// What began the step, and what is written down of it.
    pub(super) course: Course,
    /// The copy as it was before the turn: what is committed when the handler dies.
    pub(super) before: WorkingCopy,
    /// The session went back to an older version meanwhile: the step is dropped when its turn comes back.
    pub(super) orphaned: bool,
}

/// A unit that waits for the store.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) unit: UnitId,
    pub(super) write: Write,
    pub(super) outbox: Vec<Outgoing>,
    /// The session as the unit has it.
    pub(super) session: AppSession,
    /// Server transactions that began in it.
    pub(super) began: Vec<u32>,
    pub(super) attempts: u32,
    pub(super) retry_at: Option<Time>,
    pub(super) stored: bool,
}

/// What a session counts for in [`super::Counts`].
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    sips: usize,
    dialogs: usize,
    servers: usize,
    clients: usize,
    unanswered: usize,
    inviting: usize,
    awaited: usize,
}

impl Tally {
    fn of(live: &AppSession) -> Self {
        let is_up =
            |sip: &&Arc<SipSession>| matches!(sip.state, SessionState::Early | SessionState::Confirmed);
        let open = || live.clients.iter().filter(|tx| tx.is_open());
        let unacknowledged = live.servers.iter().filter(|tx| tx.awaits_ack_of_failure()).count();
        let held = live.sips.iter().filter(|sip| sip.held_bye.is_some()).count();
        Self {
            sips: live.sips.len(),
            dialogs: live.sips.iter().filter(is_up).count(),
            servers: live.servers.len(),
            clients: live.clients.len(),
            unanswered: live.servers.iter().filter(|tx| tx.is_open()).count(),
            inviting: open().filter(|tx| tx.method == Method::Invite).count(),
            awaited: open().count() + unacknowledged + held,
        }
    }
}

/// One session's place.
pub(super) struct Slot {
    pub(super) live: AppSession,
    pub(super) application: Arc<Application>,
    /// The version that the session has moved from, until the store knows of the move.
    pub(super) left: Option<Arc<Application>>,
    /// A session that was restored into a newer version: the session's version then, and what it was before. As long as
    /// the store knows no later one, it still has to be upgraded.
    pub(super) taken_over: Option<(u64, String)>,
    pub(super) mailbox: VecDeque<Work>,
    pub(super) step: Option<OpenStep>,
    pub(super) parked: VecDeque<Parked>,
    /// The last version that the store acknowledged; none before the first, and where nothing is stored.
    pub(super) acked: Option<AppSession>,
    /// Rows of the container's tables that lead here.
    pub(super) indexed: Vec<(ServerKey, Option<MergeKey>, u32)>,
    /// Slot of the queue of deadlines that this session is in.
    pub(super) wake: Option<Time>,
    /// It was asked to end because the host stops.
    pub(super) stopping: bool,
    /// Who wants to see its steps.
    pub(super) watched: Option<Box<Watched>>,
    tally: Tally,
}

impl Slot {
    pub(super) fn new(live: AppSession, application: Arc<Application>) -> Self {
        Self {
            live,
            application,
            left: None,
            taken_over: None,
            mailbox: VecDeque::new(),
            step: None,
            parked: VecDeque::new(),
            acked: None,
            indexed: Vec::new(),
            wake: None,
            stopping: false,
            watched: None,
            tally: Tally::default(),
        }
    }
}

impl Container {
    /// Gives a new session its place.
    pub(super) fn insert_slot(&mut self, slot: Slot) {
        self.hold_version(&slot.application);
        self.slots.insert(slot.live.key, Box::new(slot));
    }

    /// A key that no session has, in that partition.
    pub(super) fn new_key(&mut self, partition: u16) -> Key {
        loop {
            let key = Key(u64::from(partition) << 54 | self.random.next() >> 10);
            if !self.slots.contains(&key) && !self.forgetting.contains(key) {
                return key;
            }
        }
    }

    /// Rows for server transactions that began; known from now on, so that repeated requests are absorbed.
    pub(super) fn index(&mut self, key: Key, began: &[(ServerKey, Option<MergeKey>, u32)]) {
        for (server, merge, index) in began {
            self.servers.insert(*server, (key, *index));
            if let Some(merge) = merge {
                self.merges.insert(*merge, *server);
            }
        }
        if let Some(slot) = self.slots.get_mut(&key) {
            slot.indexed.extend_from_slice(began);
        }
    }

    fn unindex(&mut self, rows: &[(ServerKey, Option<MergeKey>, u32)]) {
        for (server, merge, _) in rows {
            self.servers.remove(server);
            if let Some(merge) = merge
                && self.merges.get(merge) == Some(server)
                && !mutant::is(Mutant::MergeKeysLeak)
            {
                self.merges.remove(merge);
            }
        }
    }

    /// After the committed state of a session changed: tables, counts, deadline, and its end if it has come.
    pub(super) fn settle(&mut self, key: Key) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let live = &slot.live;
        let turn_is_away = slot.step.is_some();
        let mut gone = Vec::new();
        slot.indexed.retain(|row| {
            // A transaction that began in an open step is in that step's copy only.
            let stays = live.server(row.2).is_some() || turn_is_away;
            if !stays {
                gone.push(*row);
            }
            stays
        });
        if slot.live.is_done() && slot.parked.is_empty() && slot.mailbox.is_empty() && slot.step.is_none() {
            self.unindex(&gone);
            self.remove_slot(key, true);
            return;
        }
        let tally = Tally::of(live);
        let config = &self.shared.config;
        let (due, lazy) = live.next_deadlines(&config.limits, &config.timers);
        let retry = slot.parked.iter().filter_map(|parked| parked.retry_at).min();
        let due = match (due, retry) {
            (Some(due), Some(retry)) => Some(due.min(retry)),
            (due, retry) => due.or(retry),
        };
        // What waits in the mailbox, for the end of a turn or for the store, is not called for again; and what is due now but
        // could not be done is called for in the next slot, never at once.
        let blocked = slot.mailbox.iter().any(|work| matches!(work, Work::Deadline));
        let soonest = self.now + core::time::Duration::from_micros(1);
        let later = |at: Time| at.max(soonest);
        let wake = if blocked {
            self.deadlines.slot_of(retry.map(later), None)
        } else {
            self.deadlines.slot_of(due.map(later), lazy.map(later))
        };
        let (old_wake, old_tally) = (slot.wake, slot.tally);
        slot.wake = wake;
        slot.tally = tally;
        self.deadlines.replace(key, old_wake, wake);
        self.count(old_tally, tally);
        self.unindex(&gone);
    }

    /// Takes a session out of the container. `forget`: its record may leave the store too.
    pub(super) fn remove_slot(&mut self, key: Key, forget: bool) {
        let Some(slot) = self.slots.remove(&key) else { return };
        self.deadlines.replace(key, slot.wake, None);
        self.count(slot.tally, Tally::default());
        self.counts.mailbox -= slot.mailbox.len();
        if slot.step.is_some() {
            self.counts.open_steps -= 1;
        }
        self.unindex(&slot.indexed);
        for parked in &slot.parked {
            self.units.remove(&parked.unit);
        }
        if forget && slot.acked.is_some() && !mutant::is(Mutant::ForgetLost) {
            self.forget(key);
        }
        for application in slot.left.iter().chain([&slot.application]) {
            self.release_version(&application.id);
        }
    }

    const fn count(&mut self, old: Tally, new: Tally) {
        let counts = &mut self.counts;
        counts.sip_sessions = counts.sip_sessions + new.sips - old.sips;
        counts.dialogs = counts.dialogs + new.dialogs - old.dialogs;
        counts.server_transactions = counts.server_transactions + new.servers - old.servers;
        counts.client_transactions = counts.client_transactions + new.clients - old.clients;
        counts.unanswered_requests = counts.unanswered_requests + new.unanswered - old.unanswered;
        counts.pending_invites = counts.pending_invites + new.inviting - old.inviting;
        counts.awaited = counts.awaited + new.awaited - old.awaited;
    }
}
