//! What comes to a shard from other threads: orders of the server, and what other shards received for it.

use bytes::Bytes;
use std::sync::Arc;

use siplet_container::app::AppId;
use siplet_container::io::{Canary, Command, CommandReply, ConnectionId, Hop, Input, Item};
use siplet_container::turn::{Outcome, Turn};
use siplet_container::{Counts, VersionCounts};
use siplet_wasm::Servlet;
use tokio::sync::{mpsc, oneshot};

use super::{Core, Shared};
use crate::counters::Counters;
use crate::deploy::guard::Tally;

/// Something for another shard.
#[derive(Debug)]
pub(crate) enum Parcel {
    /// Something that it owns.
    Item(Item),
    /// A message for one of its connections.
    Transmit(Hop, Bytes),
    /// One of its connections shall be closed.
    Close(ConnectionId),
}

/// An order to a shard.
#[derive(Debug)]
pub enum Order {
    /// From another shard, in order.
    #[doc(hidden)]
    #[allow(private_interfaces)]
    Parcels(Vec<Parcel>),
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
}

impl ShardHandle {
    /// A shard's inbox, for this many orders or batches.
    #[must_use]
    pub fn new(capacity: usize) -> (Self, mpsc::Receiver<Order>) {
        let (orders, inbox) = mpsc::channel(capacity.max(16));
        (Self { orders }, inbox)
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
    /// Keeps a parcel for another shard until the end of this wake-up.
    pub(super) fn give(&mut self, shard: u16, parcel: Parcel) {
        match self.parcels.get_mut(usize::from(shard)) {
            Some(parcels) => parcels.push(parcel),
            None => self.counters.handover_lost += 1,
        }
    }

    /// One batch for each shard, so one wake-up at most. A shard whose inbox is full loses the batch, as a network does.
    pub(super) fn send_parcels(&mut self) {
        for (shard, parcels) in self.shards.iter().zip(&mut self.parcels) {
            if parcels.is_empty() {
                continue;
            }
            let batch = core::mem::take(parcels);
            let count = batch.len() as u64;
            match shard.orders.try_send(Order::Parcels(batch)) {
                Ok(()) => self.counters.handed_over += count,
                Err(_) => self.counters.handover_lost += count,
            }
        }
    }

    fn receive(&mut self, parcels: Vec<Parcel>) {
        for parcel in parcels {
            match parcel {
                Parcel::Item(item) => self.handle(Input::Handed { item }),
                Parcel::Transmit(hop, bytes) => {
                    self.transmit(hop, bytes);
                    self.poll_store();
                }
                Parcel::Close(id) => self.close(id),
            }
        }
    }

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
            stored_sessions: self.store.as_ref().map_or(0, siplet_store::MemoryStore::len),
            dns_queries: self.resolver.under_way(),
            counters: self.counters.clone(),
            runner: self.runner.counters(),
            on_probation: self.runner.on_probation().cloned().collect(),
        }
    }
}

/// Carries out orders until one says stop, or nobody is left to give any.
pub(super) async fn attend(
    core: Shared,
    mut inbox: mpsc::Receiver<Order>,
    mut returned: mpsc::UnboundedReceiver<(Box<Turn>, Outcome)>,
    open: impl FnOnce(&Shared),
) {
    let mut open = Some(open);
    loop {
        tokio::select! {
            order = inbox.recv() => {
                let Some(order) = order else { return };
                let mut next = Some(order);
                while let Some(order) = next {
                    if matches!(order, Order::Stop) {
                        return;
                    }
                    match (&order, open.take()) {
                        (Order::Open, Some(open)) => open(&core),
                        (_, still_closed) => {
                            open = still_closed;
                            obey(&core, order);
                        }
                    }
                    next = inbox.try_recv().ok();
                }
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
        Order::Parcels(parcels) => core.receive(parcels),
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
        Order::Open | Order::Stop => {}
    }
    core.settle();
}
