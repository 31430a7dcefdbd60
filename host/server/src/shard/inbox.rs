//! What comes to a shard from other threads: orders of the server, and what other shards received for it.

use std::sync::Arc;

use siplet_container::app::AppId;
use siplet_container::io::{Canary, Command, CommandReply, Input};
use siplet_container::turn::{Outcome, Turn};
use siplet_container::{Counts, VersionCounts};
use siplet_wasm::Servlet;
use tokio::sync::{mpsc, oneshot};

use super::handover::{Parcel, Room};
use super::{Core, Shared};
use crate::counters::Counters;
use crate::deploy::guard::Tally;
use crate::vital::Pulse;

/// Orders that wait for one shard.
const ORDERS: usize = 64;

/// An order to a shard.
#[derive(Debug)]
pub enum Order {
    /// Begin to read from the sockets.
    Open,
    /// Serve this version from now on; answered when it does.
    Deploy(Arc<Servlet>, oneshot::Sender<()>),
    /// Take no new calls for this version, and keep it no longer.
    Undeploy(AppId),
    /// New calls go to these versions from now on; answered when they do.
    Share(AppId, Option<Canary>, oneshot::Sender<()>),
    /// Turns of each version, and those that died.
    Tally(oneshot::Sender<Vec<(AppId, Tally)>>),
    /// An operator asks.
    Ask(Command, oneshot::Sender<CommandReply>),
    /// How many of everything there are.
    Count(oneshot::Sender<Numbers>),
    /// Nothing but to show that the shard turns ([`crate::vital`]).
    Pulse,
    /// A test wants to see what becomes of that.
    #[cfg(debug_assertions)]
    Fault(crate::vital::fault::Fault),
    /// End the thread.
    Stop,
}

/// A shard's numbers at one moment.
#[derive(Clone, Debug, Default)]
pub struct Numbers {
    /// Rows of the container's tables.
    pub counts: Counts,
    /// Versions of applications that are deployed, kept or have sessions.
    pub versions: Vec<(AppId, VersionCounts)>,
    /// Most dialogs at a time since the start.
    pub dialogs_peak: usize,
    /// Open connections.
    pub connections: usize,
    /// Messages that wait to be written on connections and sockets.
    pub queued: usize,
    /// Messages that other shards have given it and that it has not taken yet.
    pub handed: usize,
    /// Sessions in the store.
    pub stored_sessions: usize,
    /// Questions to the DNS under way.
    pub dns_queries: usize,
    /// What was counted since the start.
    pub counters: Counters,
    /// What the runner counted.
    pub runner: siplet_wasm::Counters,
    /// Applications whose turns run beside the shard.
    pub on_probation: Vec<AppId>,
}

/// Where to send orders for a shard.
#[derive(Clone, Debug)]
pub struct ShardHandle {
    orders: mpsc::Sender<Order>,
    /// Bounded by `room`.
    parcels: mpsc::UnboundedSender<Vec<Parcel>>,
    room: Arc<Room>,
    pulse: Arc<Pulse>,
}

/// What one shard takes from others.
#[derive(Debug)]
pub struct Inbox {
    orders: mpsc::Receiver<Order>,
    parcels: mpsc::UnboundedReceiver<Vec<Parcel>>,
    room: Arc<Room>,
    pulse: Arc<Pulse>,
}

impl ShardHandle {
    /// A shard's inbox with that room for what other shards give.
    #[must_use]
    pub fn new(room: Room) -> (Self, Inbox) {
        let (orders, order_inbox) = mpsc::channel(ORDERS);
        let (parcels, parcel_inbox) = mpsc::unbounded_channel();
        let (room, pulse) = (Arc::new(room), Arc::new(Pulse::default()));
        let inbox = Inbox {
            orders: order_inbox,
            parcels: parcel_inbox,
            room: Arc::clone(&room),
            pulse: Arc::clone(&pulse),
        };
        (Self { orders, parcels, room, pulse }, inbox)
    }

    /// Whether it turns.
    #[must_use]
    pub fn pulse(&self) -> &Pulse {
        &self.pulse
    }

    /// Gives it a little work, if it has room.
    ///
    /// # Errors
    /// Its inbox is full, or it has ended.
    pub fn try_pulse(&self) -> Result<(), mpsc::error::TrySendError<Order>> {
        self.orders.try_send(Order::Pulse)
    }

    pub(super) fn room(&self) -> &Room {
        &self.room
    }

    /// Gives it a batch for which room was taken; the batch comes back when it has ended.
    pub(super) fn give(&self, batch: Vec<Parcel>) -> Result<(), Vec<Parcel>> {
        self.parcels.send(batch).map_err(|error| error.0)
    }

    /// Waits for room.
    pub async fn send(&self, order: Order) {
        // A shard that has ended needs no orders.
        let _ = self.orders.send(order).await;
    }

    /// The same from a thread without a runtime.
    pub fn send_blocking(&self, order: Order) {
        let _ = self.orders.blocking_send(order);
    }
}

impl Core {
    fn deploy(&mut self, servlet: Arc<Servlet>, done: oneshot::Sender<()>) {
        let application = servlet.application().clone();
        self.runner.deploy(servlet);
        self.handle(Input::Deploy(Box::new(application)));
        let _ = done.send(());
    }

    fn ask(&mut self, command: Command, reply: oneshot::Sender<CommandReply>) {
        let id = self.next_command;
        self.next_command += 1;
        self.replies.insert(id, reply);
        self.handle(Input::Command { id, command });
    }

    fn numbers(&self) -> Numbers {
        Numbers {
            counts: self.container.counts(),
            versions: self.container.versions().map(|(id, counts)| (id.clone(), counts)).collect(),
            dialogs_peak: self.dialogs_peak,
            connections: self.flows.len(),
            queued: self.queued(),
            handed: self.shards.get(usize::from(self.index)).map_or(0, |own| own.room().waiting()),
            stored_sessions: self.store.as_ref().map_or(0, siplet_store::MemoryStore::len),
            dns_queries: self.resolver.under_way(),
            counters: self.counters.clone(),
            runner: self.runner.counters(),
            on_probation: self.runner.on_probation().cloned().collect(),
        }
    }
}

/// Carries out orders and takes what other shards give, until an order says stop or nobody is left to give any.
pub(super) async fn attend(
    core: Shared,
    mut inbox: Inbox,
    mut returned: mpsc::UnboundedReceiver<(Box<Turn>, Outcome)>,
    open: impl FnOnce(&Shared),
) {
    let mut open = Some(open);
    loop {
        tokio::select! {
            order = inbox.orders.recv() => {
                inbox.pulse.answer();
                match order {
                    None | Some(Order::Stop) => return,
                    Some(Order::Open) => {
                        if let Some(open) = open.take() {
                            open(&core);
                        }
                    }
                    #[cfg(debug_assertions)]
                    Some(Order::Fault(fault)) => {
                        if fault.strike() {
                            return;
                        }
                    }
                    Some(order) => obey(&core, order),
                }
            }
            Some(parcels) = inbox.parcels.recv() => {
                let mut core = core.borrow_mut();
                core.wake();
                core.receive(parcels, &inbox.room);
                core.settle();
            }
            Some((turn, outcome)) = returned.recv() => {
                let mut core = core.borrow_mut();
                core.wake();
                let app = turn.app().clone();
                core.counters.turn_returned(&app, &outcome);
                core.handle(Input::TurnEnded { turn, outcome });
                core.settle();
            }
        }
    }
}

fn obey(core: &Shared, order: Order) {
    let mut core = core.borrow_mut();
    core.wake();
    match order {
        Order::Deploy(servlet, done) => core.deploy(servlet, done),
        Order::Undeploy(app) => core.handle(Input::Undeploy(app)),
        Order::Share(stable, canary, done) => {
            core.handle(Input::Share { stable, canary });
            let _ = done.send(());
        }
        Order::Tally(reply) => {
            let _ = reply.send(core.counters.tally());
        }
        Order::Ask(command, reply) => core.ask(command, reply),
        Order::Count(reply) => {
            let _ = reply.send(core.numbers());
        }
        #[cfg(debug_assertions)]
        Order::Fault(_) => {}
        Order::Open | Order::Pulse | Order::Stop => {}
    }
    core.settle();
}
