//! One shard: one thread, one container, its sockets and its connections.
//!
//! Everything of a shard lives in one [`Core`] that tasks of one thread borrow for as long as they do not wait: a socket
//! is readable, the container is called in line, its effects are carried out, the next datagram follows. There is no
//! channel between socket and container. Whoever borrows the core says [`Core::wake`] first and [`Core::settle`] last.
//!
//! INV-LOOP: no borrow of the core is held across an `await`. Start reading at [`Core::handle`].

mod effects;
mod handover;
mod inbox;
mod start;
mod streams;

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::rc::{Rc, Weak};
use std::sync::Arc;

use siplet_container::Container;
use siplet_container::config::Listener;
use siplet_container::io::{CommandReply, Input};
use siplet_sip::time::Time;
use siplet_store::MemoryStore;
use siplet_wasm::Runner;
use tokio::sync::{Notify, oneshot};

use crate::clock::Clock;
use crate::config::Limits;
use crate::counters::Counters;
use crate::dns::Resolver;
use crate::flow::Flows;
use crate::record::Feed;
use crate::report::Reporter;
use crate::tcp::{Connection, Waiting};
use crate::udp::UdpPort;

pub(crate) use handover::Parcel;
pub use handover::Room;
pub use inbox::{Inbox, Numbers, Order, ShardHandle};
pub use start::{Parts, Sockets, start};

/// What comes back from shards that have ended, and what follows from it, is dealt with so often in one wake-up.
const ROUNDS: usize = 4;

/// The core as the tasks of its thread share it.
pub(crate) type Shared = Rc<RefCell<Core>>;

/// What one shard owns.
pub(crate) struct Core {
    me: Weak<RefCell<Core>>,
    index: u16,
    clock: Clock,
    /// The time of this wake-up.
    now: Time,
    container: Container,
    runner: Runner,
    store: Option<MemoryStore>,
    /// Inputs that effects have led to; they are handled before the core is given back.
    pending: VecDeque<Input>,
    listeners: Arc<[Listener]>,
    /// By listener; none for those that are no UDP.
    udp: Vec<Option<Rc<UdpPort>>>,
    pub(crate) flows: Flows<Connection>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) message_limits: siplet_sip::limits::Limits,
    /// All shards, this one included.
    shards: Vec<ShardHandle>,
    /// What goes to other shards at the end of this wake-up.
    parcels: Vec<Vec<Parcel>>,
    replies: HashMap<u64, oneshot::Sender<CommandReply>>,
    next_command: u64,
    resolver: Resolver,
    /// What waits to be written on all connections.
    waiting: Waiting,
    /// Most dialogs that there were at the end of a wake-up.
    dialogs_peak: usize,
    pub(crate) counters: Counters,
    reporter: Reporter,
    steps: Feed,
    /// When the shard's one sleep ends.
    armed: Time,
    alarm: Rc<Notify>,
}

impl Core {
    /// A task has something to do: the clock is read once for all of it.
    pub(crate) fn wake(&mut self) {
        self.now = self.clock.now();
    }

    /// Gives one input to the container and carries out what follows from it, turns included.
    pub(crate) fn handle(&mut self, input: Input) {
        self.container.handle(input, self.now);
        self.carry_out_all();
        self.run_pending();
    }

    /// Handles the inputs that effects have led to.
    fn run_pending(&mut self) {
        while let Some(input) = self.pending.pop_front() {
            self.container.handle(input, self.now);
            self.carry_out_all();
        }
    }

    fn carry_out_all(&mut self) {
        while let Some(effect) = self.container.poll_effect() {
            self.carry_out(effect);
        }
    }

    /// The task is done: timers that are due run now, other shards get what is theirs, the alarm is set.
    pub(crate) fn settle(&mut self) {
        if self.container.next_timeout().is_some_and(|due| due <= self.now) {
            self.handle(Input::Tick);
        }
        self.poll_store();
        for _ in 0..ROUNDS {
            self.send_parcels();
            if self.pending.is_empty() {
                break;
            }
            self.run_pending();
        }
        self.dialogs_peak = self.dialogs_peak.max(self.container.counts().dialogs);
        let due = [self.container.next_timeout(), self.store_timeout()].into_iter().flatten().min();
        if let Some(due) = due
            && due < self.armed
        {
            self.armed = due;
            self.alarm.notify_one();
        }
    }
}

/// The shard's one sleep: until the earliest deadline, moved only when that gets earlier.
///
/// A deadline that is taken back wakes the shard at most once for all that were taken back since.
async fn sleep_and_tick(core: Shared) {
    let (alarm, clock) = {
        let core = core.borrow();
        (Rc::clone(&core.alarm), core.clock)
    };
    loop {
        let due = clock.instant_of(core.borrow().armed);
        tokio::select! {
            () = tokio::time::sleep_until(due.into()) => {
                let mut core = core.borrow_mut();
                core.armed = Time::MAX;
                core.wake();
                core.settle();
            }
            () = alarm.notified() => {}
        }
    }
}
