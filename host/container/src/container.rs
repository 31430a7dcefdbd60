//! The container: what becomes of each input.
//!
//! `handle` never waits and never fails. An input that concerns a session becomes a piece of [`Work`] in its mailbox; a
//! session does one step at a time. The rooms: `receive` (bytes to work), `steps` (begin, turns, commit), `storage`
//! (stored, refused, restored), `loading` (what waits for the store), `forgetting` (records that go), `slots` (one
//! session's place and its end), `deploy`, `versions`, `command`, `inspect` and `views` (live sessions for operators and
//! for tests).

pub use replaying::replay_step;

mod command;
mod deploy;
mod forgetting;
mod inspect;
mod loading;
mod media;
mod receive;
mod replaying;
mod slots;
mod stateless;
mod steps;
mod stopping;
mod storage;
mod versions;
mod views;
mod watching;

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::message::Message;
use siplet_sip::time::Time;
use siplet_sip::transaction::{MergeKey, ServerKey};

use crate::app::{AppId, Application};
use crate::config::Config;
use crate::deadlines::Deadlines;
use crate::io::{Effect, Flow, Hop, Input, Item, Key, Query, ResolveError, TransmitError, Transport, UnitId};
use crate::names::{Kind, Minter, Random};
use crate::report::{DropReason, Report};
use crate::routing::Rollout;
use crate::step::Shared;
use crate::step::request::Received;
use crate::table::Table;
use crate::turn::SipKey;

use forgetting::Forgetting;
use loading::Loads;
use replaying::Replaying;
use slots::Slot;
use versions::{Upgrade, Version};
use watching::{Kept, Watching};

pub use versions::VersionCounts;
pub use views::{SessionView, SipView};

/// What waits for a step.
#[derive(Clone, Debug)]
enum Work {
    /// A request outside every dialog.
    Initial(Box<Received>),
    /// A request inside a dialog.
    Subsequent(Box<Received>, SipKey),
    /// A CANCEL for that server transaction; none while its INVITE waits before it.
    Cancel(Box<Received>, Option<u32>),
    /// An ACK for the failure response of that server transaction.
    AckOfFailure { server: u32, message: Arc<Message>, flow: Flow },
    /// An ACK for a 2xx in that SIP session.
    Ack(Box<Received>, SipKey),
    /// A response to that client transaction, or to its CANCEL.
    Response { client: u32, is_cancel: bool, message: Arc<Message>, flow: Flow },
    /// Something is due.
    Deadline,
    /// The request of a client transaction could not be sent.
    TransmitFailed { client: u32, is_cancel: bool },
    /// The DNS answered for a client transaction.
    Resolved { client: u32, is_cancel: bool, answer: Vec<IpAddr> },
    /// The application was deployed.
    Initialized,
    /// The session was restored, and its servlet wants to know.
    Activated,
    /// The application of a root session has gone.
    End,
    /// The host stops: the session ends with what its peers are owed. Seconds for the Retry-After of a 503.
    Stop { retry_after_s: u32 },
    /// The session is to move to this version. `restored_from`: it is bound to it already, and was last with a version of
    /// that text.
    Upgrade { to: Arc<Application>, restored_from: Option<String> },
}

/// What waits for the address of a name.
#[derive(Debug)]
enum Waiting {
    /// The request of a client transaction.
    Client { key: Key, client: u32, is_cancel: bool },
    /// A message without a transaction: the ACK of a 2xx.
    Message { bytes: Bytes, listener: u16, transport: Transport, port: u16 },
}

impl Work {
    /// The request that opens a server transaction, where the work is one.
    fn request(&self) -> Option<&Received> {
        match self {
            Self::Initial(received) | Self::Subsequent(received, _) | Self::Cancel(received, _) => {
                Some(received)
            }
            Self::AckOfFailure { .. }
            | Self::Ack(..)
            | Self::Response { .. }
            | Self::Deadline
            | Self::TransmitFailed { .. }
            | Self::Resolved { .. }
            | Self::Initialized
            | Self::Activated
            | Self::End
            | Self::Stop { .. }
            | Self::Upgrade { .. } => None,
        }
    }
}

/// How many of everything there are; all come back to the start when all calls have ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Application sessions, those included that only wait for the end of their transactions.
    pub application_sessions: usize,
    /// SIP sessions.
    pub sip_sessions: usize,
    /// Dialogs, early and confirmed.
    pub dialogs: usize,
    /// Server transactions.
    pub server_transactions: usize,
    /// Client transactions.
    pub client_transactions: usize,
    /// Rows of the table that finds server transactions.
    pub server_keys: usize,
    /// Rows of the table that finds merged requests.
    pub merge_keys: usize,
    /// Sessions that have a deadline.
    pub deadlines: usize,
    /// Server transactions without a final response.
    pub unanswered_requests: usize,
    /// INVITEs of applications without a final response.
    pub pending_invites: usize,
    /// What peers still owe: final responses to requests from here, ACKs of failures, ACKs that a BYE waits for.
    pub awaited: usize,
    /// Inputs in mailboxes.
    pub mailbox: usize,
    /// Steps whose turn is with a guest.
    pub open_steps: usize,
    /// Units that wait for the store.
    pub parked_units: usize,
    /// Packets that wait for sessions that are being loaded.
    pub loading_packets: usize,
    /// Records of ended sessions that the store has not let go yet.
    pub forgetting: usize,
    /// Requests that wait for the DNS.
    pub resolving: usize,
    /// Deployed applications, those included that only wait for their last session.
    pub applications: usize,
}

/// One shard's container.
pub struct Container {
    shared: Arc<Shared>,
    /// The versions that take new calls, by the application's name.
    applications: BTreeMap<Arc<str>, Rollout>,
    /// Every version that is deployed, kept, or has sessions.
    versions: BTreeMap<AppId, Version>,
    next_deployment: u64,
    /// Sessions that are to move to a new version, by the application's name.
    upgrades: BTreeMap<Arc<str>, Upgrade>,
    upgrade_at: Option<Time>,
    /// Root sessions of applications that want `servlet-initialized`.
    roots: BTreeMap<AppId, Key>,
    slots: Table<Key, Box<Slot>>,
    servers: Table<ServerKey, (Key, u32)>,
    merges: Table<MergeKey, ServerKey>,
    deadlines: Deadlines,
    units: BTreeMap<UnitId, Key>,
    /// What waits for [`Effect::Load`].
    loads: Loads,
    /// What waits for [`Effect::Forget`].
    forgetting: Forgetting,
    resolving: BTreeMap<Query, Vec<Waiting>>,
    resolving_requests: usize,
    /// Sessions whose mailbox may have work that can run.
    ready: VecDeque<Key>,
    effects: VecDeque<Effect>,
    random: Random,
    next_turn: u64,
    next_unit: u64,
    /// Set while no new calls are taken: seconds for Retry-After.
    draining: Option<u32>,
    watches: BTreeMap<u64, Watching>,
    kept: Kept,
    /// Set where records run again.
    replaying: Option<Replaying>,
    counts: Counts,
    /// The longest that any mailbox has been.
    longest_mailbox: usize,
    now: Time,
}

impl Container {
    /// An empty container.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut random = Random::new(config.seed);
        let mut seed = || [random.next(), random.next()];
        let (slots, servers, merges) = (Table::new(seed()), Table::new(seed()), Table::new(seed()));
        let deadlines = Deadlines::new(config.timer_slot, config.lazy_timer_slot);
        let minter = Minter::new(config.secret, config.previous_secret);
        Self {
            shared: Arc::new(Shared { config, minter }),
            applications: BTreeMap::new(),
            versions: BTreeMap::new(),
            next_deployment: 0,
            upgrades: BTreeMap::new(),
            upgrade_at: None,
            roots: BTreeMap::new(),
            slots,
            servers,
            merges,
            deadlines,
            units: BTreeMap::new(),
            loads: Loads::default(),
            forgetting: Forgetting::default(),
            resolving: BTreeMap::new(),
            resolving_requests: 0,
            ready: VecDeque::new(),
            effects: VecDeque::new(),
            random,
            next_turn: 0,
            next_unit: 0,
            draining: None,
            watches: BTreeMap::new(),
            kept: Kept::default(),
            replaying: None,
            counts: Counts::default(),
            longest_mailbox: 0,
            now: Time::ZERO,
        }
    }

    /// Takes one input. What it leads to is in [`Self::poll_effect`] afterwards. Time never goes back.
    pub fn handle(&mut self, input: Input, now: Time) {
        self.now = self.now.max(now);
        if self.replaying.is_none() {
            self.run_due();
            self.run_upgrades();
            self.run_loads();
            self.run_forgetting();
        }
        match input {
            Input::Packet { flow, bytes } => self.receive(flow, bytes),
            Input::Broken { flow, head, fault } => self.receive_broken(flow, head, fault),
            Input::Handed { item: Item::Packet { flow, bytes, is_new: _, asked_before } } => {
                self.receive_handed(flow, bytes, asked_before);
            }
            Input::NotHanded { item: Item::Packet { flow, bytes, is_new, asked_before: _ } } => {
                self.on_not_handed(flow, bytes, is_new)
            }
            // The transactions go on: a response may still come or leave over another connection (RFC 3261 §18.2.2).
            Input::FlowLost { connection: _ } | Input::Tick => {}
            Input::TransmitFailed { bytes, hop, error } => self.on_transmit_failed(&bytes, hop, error),
            Input::Resolved { query, answer } => self.on_resolved(&query, answer),
            Input::TurnEnded { turn, outcome } => self.on_turn_ended(*turn, outcome),
            Input::Stored { unit, result } => self.on_stored(unit, result),
            Input::Restored { key, found } => self.on_restored(key, found),
            Input::Forgotten { key, result } => self.on_forgotten(key, result),
            Input::Deploy(application) => self.deploy(&Arc::new(*application)),
            Input::Undeploy(id) => self.undeploy(&id),
            Input::Share { stable, canary } => self.share(&stable, canary.as_ref()),
            Input::Command { id, command } => self.on_command(id, command),
        }
        self.run_ready();
    }

    /// The next thing to do, in order.
    pub fn poll_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// When to come back with [`Input::Tick`] at the latest, if nothing else comes before.
    #[must_use]
    pub fn next_timeout(&self) -> Option<Time> {
        let store = [self.loads.next_retry(), self.forgetting.next_retry()];
        [self.deadlines.next(), self.next_upgrade()].into_iter().chain(store).flatten().min()
    }

    /// How many of everything there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            application_sessions: self.slots.len(),
            server_keys: self.servers.len(),
            merge_keys: self.merges.len(),
            deadlines: self.deadlines.len(),
            parked_units: self.units.len(),
            loading_packets: self.loads.packets(),
            forgetting: self.forgetting.len(),
            resolving: self.resolving_requests,
            applications: self.versions.len(),
            ..self.counts
        }
    }

    /// The longest that the mailbox of any session has been since the container was made.
    #[must_use]
    pub const fn longest_mailbox(&self) -> usize {
        self.longest_mailbox
    }

    /// The settings that the container was made with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.shared.config
    }

    fn report(&mut self, report: Report) {
        self.effects.push_back(Effect::Report(report));
    }

    fn dropped(&mut self, why: DropReason, flow: Flow) {
        self.report(Report::Dropped { why, flow: Some(flow) });
    }

    /// Runs every session that has something due.
    fn run_due(&mut self) {
        while let Some((at, keys)) = self.deadlines.pop(self.now) {
            for key in keys {
                let Some(slot) = self.slots.get_mut(&key) else { continue };
                if slot.wake != Some(at) {
                    continue;
                }
                slot.wake = None;
                self.on_due(key);
            }
        }
    }

    /// Runs mailboxes until no session has work that can run.
    fn run_ready(&mut self) {
        while let Some(key) = self.ready.pop_front() {
            self.run_mailbox(key);
        }
    }

    /// A message could not be sent: the transaction of a request is told.
    fn on_transmit_failed(&mut self, bytes: &Bytes, hop: Hop, error: TransmitError) {
        let Ok(message) = Message::parse(bytes.clone(), &self.shared.config.limits.message) else { return };
        if message.method() == Some(&siplet_sip::method::Method::Ack) {
            // It has the branch of its INVITE, whose transaction is done: the 2xx or failure comes again.
            self.report(Report::TransmitFailed { app: None });
            return;
        }
        let named = message
            .top_via()
            .ok()
            .and_then(|via| self.shared.minter.check(Kind::Branch, via.branch()?))
            .filter(|_| message.is_request());
        let Some((key, client)) = named else {
            // A response: its client asks again, or timer H ends the wait.
            self.report(Report::TransmitFailed { app: None });
            return;
        };
        let Some(slot) = self.slots.get(&key) else { return };
        let app = slot.application.id.clone();
        self.report(Report::TransmitFailed { app: Some(app) });
        let Ok((_, method)) = message.cseq() else { return };
        match error {
            // The retransmission of the transaction, or its timeout, deals with what passes. Over a stream there is none (RFC
            // 3261 §17.1.1.2), and the message is lost for good.
            TransmitError::Congested if !hop.transport.is_reliable() => {}
            TransmitError::Congested | TransmitError::Unreachable | TransmitError::TooLarge => {
                let is_cancel = method == siplet_sip::method::Method::Cancel;
                self.post(key, Work::TransmitFailed { client, is_cancel });
            }
        }
    }

    fn on_resolved(&mut self, query: &Query, answer: Result<Vec<IpAddr>, ResolveError>) {
        let Some(waiting) = self.resolving.remove(query) else { return };
        self.resolving_requests -= waiting.len();
        let fault = match &answer {
            Ok(found) if found.iter().any(|ip| ip.is_ipv6() == query.ipv6) => None,
            Ok(_) => Some(ResolveError::NoAddress),
            Err(why) => Some(*why),
        };
        if let Some(why) = fault {
            self.report(Report::ResolveFailed { host: query.host.clone(), why, messages: waiting.len() });
        }
        let answer = answer.unwrap_or_default();
        for what in waiting {
            match what {
                Waiting::Client { key, client, is_cancel } => {
                    self.post(key, Work::Resolved { client, is_cancel, answer: answer.clone() });
                }
                Waiting::Message { bytes, listener, transport, port } => {
                    let Some(ip) = answer.iter().find(|ip| ip.is_ipv6() == query.ipv6) else {
                        self.report(Report::Dropped { why: DropReason::NoRoute, flow: None });
                        continue;
                    };
                    let remote = SocketAddr::new(*ip, port);
                    let hop = Hop { listener, transport, remote, connection: 0, fallback: None };
                    self.effects.push_back(Effect::Transmit { hop, bytes });
                }
            }
        }
    }
}
