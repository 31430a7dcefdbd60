//! Application sessions: all that one application keeps for one call, and the unit of order, storage and failure.
//!
//! An [`AppSession`] is a value. A step clones it (its parts are shared and copied on write), changes the clone and swaps
//! it in at the commit. Everything that the call needs to go on elsewhere is in it, so the snapshot is simply its bytes.
//! Nothing here refers to another session, to a socket or to a timer: deadlines are computed from what is there.

pub(crate) mod attributes;
pub(crate) mod sip;
pub(crate) mod timers;
pub(crate) mod transactions;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use siplet_sip::method::Method;
use siplet_sip::time::Time;
use siplet_sip::transaction::{Deadline, TimerConfig};

use crate::app::AppId;
use crate::config::Limits;
use crate::io::Key;
use crate::mutant::{self, Mutant};
use crate::turn::{SessionState, SipKey};

use attributes::Attributes;
use sip::SipSession;
use timers::Timers;
use transactions::{ClientTx, ServerTx};

/// One application session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AppSession {
    pub(crate) key: Key,
    pub(crate) app: AppId,
    /// Number of the last commit that was or will be stored.
    pub(crate) version: u64,
    pub(crate) created: Time,
    /// When it expires; none: never.
    pub(crate) expires: Option<Time>,
    /// How long a full lifetime is, for the extension of a session that is in use. Seconds, 0: for ever.
    pub(crate) timeout_s: u32,
    pub(crate) invalidate_when_ready: bool,
    pub(crate) valid: bool,
    /// The application's root session: it lives as long as the deployment.
    pub(crate) root: bool,
    /// Index of the next name; names are never minted twice, as it is part of the snapshot.
    next_index: u32,
    pub(crate) attributes: Attributes,
    pub(crate) timers: Timers,
    /// In the order of their keys.
    pub(crate) sips: Vec<Arc<SipSession>>,
    /// In the order of their indexes.
    pub(crate) servers: Vec<Arc<ServerTx>>,
    /// In the order of their indexes; a CANCEL stands behind the INVITE whose index it shares.
    pub(crate) clients: Vec<Arc<ClientTx>>,
    /// Something changed that a restored host must know.
    #[serde(skip)]
    pub(crate) dirty: bool,
}

impl AppSession {
    pub(crate) fn new(key: Key, app: AppId, timeout_s: u32, now: Time) -> Self {
        Self {
            key,
            app,
            version: 0,
            created: now,
            expires: expiry(timeout_s, now),
            timeout_s,
            invalidate_when_ready: true,
            valid: true,
            root: false,
            next_index: 1,
            attributes: Attributes::default(),
            timers: Timers::default(),
            sips: Vec::new(),
            servers: Vec::new(),
            clients: Vec::new(),
            dirty: true,
        }
    }

    /// True while nothing has lived in it.
    pub(crate) const fn is_new(&self) -> bool {
        self.next_index == 1 && self.version == 0
    }

    /// A new index for a name.
    pub(crate) const fn mint_index(&mut self) -> u32 {
        let index = self.next_index;
        // A session that lived this long is none; a damaged record may say so.
        self.next_index = self.next_index.saturating_add(1);
        self.dirty = true;
        index
    }

    pub(crate) fn sip(&self, key: SipKey) -> Option<&SipSession> {
        self.sips.binary_search_by_key(&key, |sip| sip.key).ok().map(|at| &*self.sips[at])
    }

    /// The SIP session for a change, which makes the application session dirty.
    pub(crate) fn sip_mut(&mut self, key: SipKey) -> Option<&mut SipSession> {
        let at = self.sips.binary_search_by_key(&key, |sip| sip.key).ok()?;
        self.dirty = true;
        Some(Arc::make_mut(&mut self.sips[at]))
    }

    pub(crate) fn server(&self, index: u32) -> Option<&ServerTx> {
        self.servers.binary_search_by_key(&index, |tx| tx.index).ok().map(|at| &*self.servers[at])
    }

    /// The server transaction for a change. What only retransmits need not be stored, so this does not make dirty.
    pub(crate) fn server_mut(&mut self, index: u32) -> Option<&mut ServerTx> {
        let at = self.servers.binary_search_by_key(&index, |tx| tx.index).ok()?;
        Some(Arc::make_mut(&mut self.servers[at]))
    }

    pub(crate) fn client(&self, index: u32, is_cancel: bool) -> Option<&ClientTx> {
        self.client_at(index, is_cancel).map(|at| &*self.clients[at])
    }

    /// The client transaction for a change; does not make dirty.
    pub(crate) fn client_mut(&mut self, index: u32, is_cancel: bool) -> Option<&mut ClientTx> {
        let at = self.client_at(index, is_cancel)?;
        Some(Arc::make_mut(&mut self.clients[at]))
    }

    fn client_at(&self, index: u32, is_cancel: bool) -> Option<usize> {
        self.clients.binary_search_by_key(&(index, is_cancel), |tx| (tx.index, tx.is_cancel)).ok()
    }

    pub(crate) fn insert_client(&mut self, tx: ClientTx) {
        let at = self
            .clients
            .binary_search_by_key(&(tx.index, tx.is_cancel), |other| (other.index, other.is_cancel))
            .unwrap_or_else(|at| at);
        self.clients.insert(at, Arc::new(tx));
        self.dirty = true;
    }

    /// True when a transaction of that SIP session still has to come to its final response.
    pub(crate) fn has_open_transaction(&self, sip: SipKey) -> bool {
        self.servers.iter().any(|tx| tx.sip == sip && tx.is_open())
            || self.clients.iter().any(|tx| tx.sip == sip && tx.is_open())
    }

    /// True when a BYE of ours waits to leave in that SIP session, or for its answer.
    pub(crate) fn is_hanging_up(&self, sip: SipKey) -> bool {
        self.sip(sip).is_some_and(|session| session.held_bye.is_some())
            || self.clients.iter().any(|tx| tx.sip == sip && tx.method == Method::Bye)
    }

    /// SIP Servlet 1.1 §6.2.3: in a state in which nothing more is due.
    pub(crate) fn is_ready(&self, sip: &SipSession) -> bool {
        let at_rest = match sip.state {
            SessionState::Initial | SessionState::Terminated => true,
            SessionState::Early | SessionState::Confirmed => false,
        };
        at_rest && sip.held_bye.is_none() && !self.has_open_transaction(sip.key)
    }

    /// SIP sessions that are ready to be invalidated and want it (SIP Servlet 1.1 §6.2.4), oldest first.
    pub(crate) fn ready_sips(&self) -> impl Iterator<Item = SipKey> {
        let ready = |sip: &&Arc<SipSession>| sip.valid && sip.invalidate_when_ready && self.is_ready(sip);
        self.sips.iter().filter(ready).map(|sip| sip.key)
    }

    /// True when the session itself is ready to be invalidated and wants it (SIP Servlet 1.1 §6.1.2.2): none of its SIP
    /// sessions is valid, and no timer is armed.
    pub(crate) fn is_ready_itself(&self) -> bool {
        // Whatever lived in the session has taken an index from it.
        let used = self.next_index > 1;
        self.valid
            && !self.root
            && self.invalidate_when_ready
            && used
            && (self.timers.is_empty() || mutant::is(Mutant::InvalidatedWithTimers))
            && self.sips.iter().all(|sip| !sip.valid)
    }

    /// Takes over counters from a later version that was given up, so that nothing is named or numbered twice.
    pub(crate) fn go_on_from(&mut self, later: &Self) {
        self.version = self.version.max(later.version);
        self.next_index = self.next_index.max(later.next_index);
    }

    /// A planted defect: indexes begin anew.
    pub(crate) const fn forget_names(&mut self) {
        self.next_index = 1;
    }

    /// Drops SIP sessions that are over and that no transaction needs.
    pub(crate) fn drop_ended(&mut self) {
        let (servers, clients) = (&self.servers, &self.clients);
        self.sips.retain(|sip| {
            sip.valid
                || sip.held_bye.is_some()
                || servers.iter().any(|tx| tx.sip == sip.key)
                || clients.iter().any(|tx| tx.sip == sip.key)
        });
    }

    /// The session is over for its application; what its transactions owe stays. Attributes stay readable until the step
    /// is committed.
    pub(crate) fn end(&mut self) {
        self.valid = false;
        self.dirty = true;
        self.expires = None;
        self.timers.clear();
        for sip in &mut self.sips {
            Arc::make_mut(sip).end();
        }
    }

    /// At the commit: what was kept for the listeners of ended sessions goes.
    pub(crate) fn strip_ended(&mut self) {
        if !self.valid && self.attributes.bytes() > 0 {
            self.attributes = Attributes::default();
        }
        for sip in &mut self.sips {
            if !sip.valid && sip.attributes.bytes() > 0 {
                Arc::make_mut(sip).attributes = Attributes::default();
            }
        }
    }

    /// True when the session is over and no transaction can be asked for it any more: its record may go.
    pub(crate) fn is_done(&self) -> bool {
        let has_none = self.servers.is_empty() && self.clients.is_empty();
        !self.valid && (has_none || mutant::is(Mutant::ForgetTooEarly)) && !mutant::is(Mutant::SessionLeaks)
    }

    /// Attribute bytes of the session and all its SIP sessions, ended ones included until the commit.
    pub(crate) fn attribute_bytes(&self) -> usize {
        self.attributes.bytes() + self.sips.iter().map(|sip| sip.attributes.bytes()).sum::<usize>()
    }

    /// What the application has put into the session: attributes and payloads of timers.
    pub(crate) fn kept_bytes(&self) -> usize {
        self.attribute_bytes() + self.timers.payload_bytes()
    }

    /// The earliest deadlines of everything in the session: one that must be met, one that only cleans up.
    pub(crate) fn next_deadlines(
        &self,
        limits: &Limits,
        timers: &TimerConfig,
    ) -> (Option<Time>, Option<Time>) {
        let mut next = Next::default();
        for tx in &self.servers {
            tx.deadlines(limits, |deadline| next.add(deadline));
        }
        for tx in &self.clients {
            tx.deadlines(timers, |deadline| next.add(deadline));
        }
        if let Some(at) = self.timers.next() {
            next.add(Deadline { at, lazy: false });
        }
        if let Some(at) = self.expires {
            // A call in progress usually ends long before; whoever waits for expiry does not wait for milliseconds.
            next.add(Deadline { at, lazy: true });
        }
        (next.due, next.lazy)
    }
}

/// When a session of that timeout expires, counted from now.
pub(crate) fn expiry(timeout_s: u32, now: Time) -> Option<Time> {
    (timeout_s > 0).then(|| now + core::time::Duration::from_secs(u64::from(timeout_s)))
}

#[derive(Default)]
struct Next {
    due: Option<Time>,
    lazy: Option<Time>,
}

impl Next {
    fn add(&mut self, deadline: Deadline) {
        let slot = if deadline.lazy { &mut self.lazy } else { &mut self.due };
        *slot = Some(slot.map_or(deadline.at, |at| at.min(deadline.at)));
    }
}
