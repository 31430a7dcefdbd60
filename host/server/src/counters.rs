//! What a shard counts. Plain numbers of one thread; whoever wants them asks the shard for a copy.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use siplet_container::app::{AppId, Handler};
use siplet_container::io::{ResolveError, TransmitError};
use siplet_container::report::{DropReason, RefuseReason, Report};
use siplet_container::turn::{Outcome, TrapReason};

use crate::accept::AcceptFailure;
use crate::deploy::guard::Tally;

/// Upper bounds of the histogram's buckets, microseconds; above the last one lies one more bucket.
pub const TURN_BOUNDS_US: [u64; 14] =
    [2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000, 50_000, 200_000];

/// How long turns took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Turns in each bucket, not summed up.
    pub buckets: [u64; TURN_BOUNDS_US.len() + 1],
    /// Sum of all turns, nanoseconds.
    pub sum_ns: u64,
}

impl Histogram {
    /// Adds one turn.
    pub fn add(&mut self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let place = TURN_BOUNDS_US.iter().position(|bound| micros <= *bound).unwrap_or(TURN_BOUNDS_US.len());
        self.buckets[place] += 1;
        self.sum_ns = self.sum_ns.saturating_add(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds another histogram.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.buckets.iter_mut().zip(other.buckets) {
            *mine += theirs;
        }
        self.sum_ns = self.sum_ns.saturating_add(other.sum_ns);
    }

    /// Number of turns.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The upper bound of the bucket in which this share of all turns (0 to 1) is reached, none without turns.
    #[must_use]
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let count = self.count();
        let wanted = (count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (index, turns) in self.buckets.iter().enumerate() {
            seen += turns;
            if count > 0 && seen >= wanted {
                let bound = TURN_BOUNDS_US.get(index).or(TURN_BOUNDS_US.last()).copied().unwrap_or(0);
                return Some(Duration::from_micros(bound));
            }
        }
        None
    }
}

/// What one version of an application did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppCounters {
    /// Turns that ran, well or not.
    pub turns: u64,
    /// Turns whose handler returned an error.
    pub failed: u64,
    /// Turns that died, by reason.
    pub traps: BTreeMap<TrapReason, u64>,
    /// Time of the turns that ran on the shard's thread.
    pub took: Histogram,
    /// Transactions that it left unanswered.
    pub unanswered: u64,
    /// 2xx without an ACK.
    pub no_ack: u64,
    /// Reliable provisional responses that nobody acknowledged.
    pub no_prack: u64,
    /// Requests of its own that got no final response.
    pub client_timeouts: u64,
    /// Sessions that its `upgrade` took over.
    pub upgraded: u64,
    /// Sessions that stayed with their version because its `upgrade` failed.
    pub upgrades_failed: u64,
}

/// Why a connection is no more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CloseReason {
    /// The peer has closed or broken it off.
    Peer,
    /// The host was to close it.
    Asked,
    /// It could not be opened.
    NotOpened,
    /// Nothing moved on it (limit `idle-timeout-s`).
    Idle,
    /// A message was not whole in time, or none came (limit `frame-timeout-s`).
    SlowMessage,
    /// More was to wait for the peer than may (limits `write-queue-messages`, `write-queue-bytes`, `write-queues-bytes`).
    WriteQueue,
    /// The peer took nothing of what waited for it (limit `write-timeout-s`).
    WriteTimeout,
    /// The end of a message could not be found (RFC 3261 §18.3).
    Framing,
}

impl CloseReason {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 8] = [
        Self::Peer,
        Self::Asked,
        Self::NotOpened,
        Self::Idle,
        Self::SlowMessage,
        Self::WriteQueue,
        Self::WriteTimeout,
        Self::Framing,
    ];

    /// The label in metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Peer => "peer",
            Self::Asked => "asked",
            Self::NotOpened => "not-opened",
            Self::Idle => "idle",
            Self::SlowMessage => "slow-message",
            Self::WriteQueue => "write-queue",
            Self::WriteTimeout => "write-timeout",
            Self::Framing => "framing",
        }
    }

    /// What the peer did, in words, where the host closed for that.
    #[must_use]
    pub const fn told(self) -> Option<&'static str> {
        match self {
            Self::Peer | Self::Asked | Self::NotOpened | Self::Idle => None,
            Self::SlowMessage => Some("it did not send a whole message in time (limit `frame-timeout-s`)"),
            Self::WriteQueue => {
                Some("it does not read what is sent to it (limit `write-queue-messages` or `-bytes`)")
            }
            Self::WriteTimeout => Some("it takes nothing of what waits for it (limit `write-timeout-s`)"),
            Self::Framing => Some("the end of its message could not be found"),
        }
    }
}

/// What another shard had no room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unhanded {
    /// A request outside every dialog: it was refused.
    NewRequest,
    /// Another packet: it was dropped, or refused where it does not come again.
    Packet,
    /// A message for one of its connections.
    Message,
    /// The wish to close one of its connections.
    Close,
}

impl Unhanded {
    /// All of them, in the order of their declaration.
    pub const ALL: [Self; 4] = [Self::NewRequest, Self::Packet, Self::Message, Self::Close];

    /// The label in metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NewRequest => "new-request",
            Self::Packet => "packet",
            Self::Message => "message",
            Self::Close => "close",
        }
    }
}

/// What one shard did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Counters {
    pub packets_received: u64,
    pub packets_sent: u64,
    pub framing_errors: u64,
    pub connections_accepted: u64,
    pub connections_refused: u64,
    pub connections_opened: u64,
    pub connections_closed: BTreeMap<CloseReason, u64>,
    pub not_accepted: BTreeMap<AcceptFailure, u64>,
    pub handed_over: u64,
    pub not_handed: BTreeMap<Unhanded, u64>,
    pub unreachable: u64,
    pub congested: u64,
    pub too_large: u64,
    pub dropped: BTreeMap<DropReason, u64>,
    pub refused: BTreeMap<RefuseReason, u64>,
    pub store_refused: u64,
    pub store_unavailable: u64,
    pub rolled_back: u64,
    pub restored: u64,
    /// Stored sessions that could not be loaded, by the reason's name.
    pub load_failed: BTreeMap<&'static str, u64>,
    pub resolve_failed: BTreeMap<ResolveError, u64>,
    pub records_left: u64,
    pub log_lines_dropped: u64,
    /// Callbacks into listeners beyond their limit.
    pub listener_turns_dropped: u64,
    pub broken: u64,
    /// Steps that the containers told whole.
    pub steps_recorded: u64,
    /// Steps and sessions that they did not tell because a limit is reached.
    pub unrecorded: u64,
    pub apps: BTreeMap<AppId, AppCounters>,
}

impl Counters {
    /// Turns of each version, and those that died.
    #[must_use]
    pub fn tally(&self) -> Vec<(AppId, Tally)> {
        let of = |app: &AppCounters| Tally { turns: app.turns, traps: app.traps.values().sum() };
        self.apps.iter().map(|(id, app)| (id.clone(), of(app))).collect()
    }

    fn app(&mut self, app: &AppId) -> &mut AppCounters {
        if !self.apps.contains_key(app) {
            self.apps.insert(app.clone(), AppCounters::default());
        }
        // The line above has put it there.
        self.apps.get_mut(app).expect("inserted above")
    }

    /// A turn ran on the shard's thread.
    pub fn turn(&mut self, app: &AppId, took: Duration, outcome: &Outcome) {
        self.app(app).took.add(took);
        self.turn_returned(app, outcome);
    }

    /// A turn ended, here or beside the shard.
    pub fn turn_returned(&mut self, app: &AppId, outcome: &Outcome) {
        let counters = self.app(app);
        counters.turns += 1;
        match outcome {
            Outcome::Done => {}
            Outcome::Failed(_) => counters.failed += 1,
            Outcome::Trapped(trap) => *counters.traps.entry(trap.reason).or_default() += 1,
        }
    }

    /// A message could not be sent.
    pub const fn transmit_failed(&mut self, error: TransmitError) {
        match error {
            TransmitError::Unreachable => self.unreachable += 1,
            TransmitError::Congested => self.congested += 1,
            TransmitError::TooLarge => self.too_large += 1,
        }
    }

    /// A connection is no more.
    pub fn closed(&mut self, why: CloseReason) {
        *self.connections_closed.entry(why).or_default() += 1;
    }

    /// A connection could not be accepted.
    pub fn not_accepted(&mut self, why: AcceptFailure) {
        *self.not_accepted.entry(why).or_default() += 1;
    }

    /// Another shard had no room.
    pub fn not_handed(&mut self, what: Unhanded) {
        *self.not_handed.entry(what).or_default() += 1;
    }

    /// The container told something. Turns are counted where they run.
    pub fn report(&mut self, report: &Report) {
        match report {
            Report::Dropped { why, .. } => *self.dropped.entry(*why).or_default() += 1,
            Report::Refused { why, .. } => *self.refused.entry(*why).or_default() += 1,
            Report::ListenersDropped { turns, .. } => self.listener_turns_dropped += *turns as u64,
            Report::LogDropped { lines, .. } => self.log_lines_dropped += u64::from(*lines),
            Report::Unanswered { app, .. } => self.app(app).unanswered += 1,
            Report::NoAck { app } => self.app(app).no_ack += 1,
            Report::NoPrack { app } => self.app(app).no_prack += 1,
            Report::ClientTimeout { app, .. } => self.app(app).client_timeouts += 1,
            Report::StoreRefused { .. } => self.store_refused += 1,
            Report::StoreUnavailable { .. } => self.store_unavailable += 1,
            Report::RolledBack { .. } => self.rolled_back += 1,
            Report::LoadFailed { why, .. } => *self.load_failed.entry(why.name()).or_default() += 1,
            Report::RecordLeft { .. } => self.records_left += 1,
            Report::ResolveFailed { why, .. } => *self.resolve_failed.entry(*why).or_default() += 1,
            Report::Restored { .. } => self.restored += 1,
            Report::Broken { .. } => self.broken += 1,
            // The numbers of a version that has left would stay for ever.
            Report::Left(app) => {
                self.apps.remove(app);
            }
            Report::Step(_) => self.steps_recorded += 1,
            Report::Unrecorded { .. } => self.unrecorded += 1,
            Report::Upgraded { app, .. } => self.app(app).upgraded += 1,
            Report::TurnAbandoned { app, handler: Handler::Upgrade, .. } => {
                self.app(app).upgrades_failed += 1
            }
            Report::TurnAbandoned { .. }
            | Report::NotDeployed(_)
            | Report::Log { .. }
            | Report::TransmitFailed { .. }
            | Report::Deployed(_) => {}
        }
    }

    /// Adds the numbers of another shard.
    pub fn merge(&mut self, other: &Self) {
        for (mine, theirs) in self.plain_mut().into_iter().zip(other.clone().plain_mut()) {
            *mine += *theirs;
        }
        sum(&mut self.dropped, &other.dropped);
        sum(&mut self.refused, &other.refused);
        sum(&mut self.connections_closed, &other.connections_closed);
        sum(&mut self.not_accepted, &other.not_accepted);
        sum(&mut self.not_handed, &other.not_handed);
        sum(&mut self.load_failed, &other.load_failed);
        sum(&mut self.resolve_failed, &other.resolve_failed);
        for (app, theirs) in &other.apps {
            let mine = self.app(app);
            mine.turns += theirs.turns;
            mine.failed += theirs.failed;
            mine.unanswered += theirs.unanswered;
            mine.no_ack += theirs.no_ack;
            mine.no_prack += theirs.no_prack;
            mine.client_timeouts += theirs.client_timeouts;
            mine.upgraded += theirs.upgraded;
            mine.upgrades_failed += theirs.upgrades_failed;
            mine.took.merge(&theirs.took);
            sum(&mut mine.traps, &theirs.traps);
        }
    }

    fn plain_mut(&mut self) -> [&mut u64; 20] {
        [
            &mut self.packets_received,
            &mut self.packets_sent,
            &mut self.framing_errors,
            &mut self.connections_accepted,
            &mut self.connections_refused,
            &mut self.connections_opened,
            &mut self.handed_over,
            &mut self.unreachable,
            &mut self.congested,
            &mut self.too_large,
            &mut self.store_refused,
            &mut self.store_unavailable,
            &mut self.rolled_back,
            &mut self.restored,
            &mut self.records_left,
            &mut self.log_lines_dropped,
            &mut self.listener_turns_dropped,
            &mut self.broken,
            &mut self.steps_recorded,
            &mut self.unrecorded,
        ]
    }
}

fn sum<K: Copy + Ord>(mine: &mut BTreeMap<K, u64>, theirs: &BTreeMap<K, u64>) {
    for (reason, count) in theirs {
        *mine.entry(*reason).or_default() += count;
    }
}
