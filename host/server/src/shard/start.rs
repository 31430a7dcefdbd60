//! How a shard begins: its thread, its runtime, its tasks.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use siplet_container::Container;
use siplet_container::config::Config as ContainerConfig;
use siplet_sip::time::Time;
use siplet_store::MemoryStore;
use siplet_wasm::{Engine, Runner, RunnerConfig};
use tokio::net::TcpListener;
use tokio::sync::{Notify, mpsc};

use super::inbox::attend;
use super::{Core, Inbox, ShardHandle, Shared, sleep_and_tick};
use crate::clock::Clock;
use crate::config::Config;
use crate::counters::Counters;
use crate::dns::Resolver;
use crate::flow::Flows;
use crate::record::{Feed, trapped};
use crate::report::Reporter;
use crate::tcp::{self, Waiting};
use crate::udp::UdpPort;
use crate::vital::Vital;

/// Threads that the resolver of one shard may use.
const RESOLVER_THREADS: usize = 8;

/// The sockets of one shard, bound, by listener.
#[derive(Debug, Default)]
pub struct Sockets {
    /// UDP sockets with the index of their listener.
    pub udp: Vec<(u16, std::net::UdpSocket)>,
    /// Listening TCP sockets with the index of their listener.
    pub tcp: Vec<(u16, std::net::TcpListener)>,
}

/// What a shard is made from.
#[derive(Debug)]
pub struct Parts {
    /// The container's settings, with this shard's number.
    pub container: ContainerConfig,
    /// The server's settings.
    pub config: Arc<Config>,
    /// The process's clock.
    pub clock: Clock,
    /// Its sockets.
    pub sockets: Sockets,
    /// Its inbox.
    pub inbox: Inbox,
    /// All shards, by number.
    pub shards: Vec<ShardHandle>,
    /// Runs its guests.
    pub engine: Engine,
    /// How.
    pub runner: RunnerConfig,
    /// Takes the steps that are told.
    pub steps: Feed,
    /// Hears of its end.
    pub vital: Vital,
}

/// Starts the shard's thread. It reads from its sockets after [`super::Order::Open`].
///
/// # Errors
/// No thread or no runtime can be had.
pub fn start(parts: Parts) -> io::Result<JoinHandle<()>> {
    let name = format!("shard-{}", parts.container.shard);
    let vital = parts.vital.clone();
    vital.spawn(&name, move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(RESOLVER_THREADS)
            .build_local(tokio::runtime::LocalOptions::default());
        match runtime {
            Ok(runtime) => {
                if let Err(error) = runtime.block_on(run(parts)) {
                    tracing::error!("a shard cannot use its sockets: {error}");
                }
                // A guest that loops on a side thread, or a resolver that hangs, keeps nobody here.
                runtime.shutdown_background();
            }
            Err(error) => tracing::error!("a shard has no runtime: {error}"),
        }
    })
}

async fn run(parts: Parts) -> io::Result<()> {
    let Sockets { udp, tcp } = parts.sockets;
    let limits = Arc::new(parts.config.limits.clone());
    let mut ports = Vec::new();
    ports.resize_with(parts.container.listeners.len(), || None);
    for (listener, socket) in udp {
        let port = UdpPort::new(socket, limits.send_queue_packets)?;
        if let Some(place) = ports.get_mut(usize::from(listener)) {
            *place = Some(Rc::new(port));
        }
    }
    let mut accepting = Vec::new();
    for (listener, socket) in tcp {
        accepting.push((listener, TcpListener::from_std(socket)?));
    }
    let (returned, returns) = mpsc::unbounded_channel();
    let on_done = Arc::new(move |turn, outcome| {
        // A shard that has ended takes no turns back.
        let _ = returned.send((turn, outcome));
    });
    let runner = Runner::new(&parts.engine, parts.runner, on_done);
    let open_ports = ports.clone();
    let core =
        core(parts.container, &parts.config, parts.clock, runner, ports, parts.shards, parts.steps, limits);
    tokio::task::spawn_local(sleep_and_tick(Rc::clone(&core)));
    let open = move |core: &Shared| {
        for (listener, port) in open_ports.into_iter().enumerate() {
            if let Some(port) = port {
                tokio::task::spawn_local(Rc::clone(&port).write());
                tokio::task::spawn_local(port.read(listener as u16, Rc::clone(core)));
            }
        }
        for (listener, socket) in accepting {
            tokio::task::spawn_local(tcp::accept(socket, listener, Rc::clone(core)));
        }
    };
    attend(core, parts.inbox, returns, open).await;
    Ok(())
}

fn core(
    container: ContainerConfig,
    config: &Config,
    clock: Clock,
    runner: Runner,
    udp: Vec<Option<Rc<UdpPort>>>,
    shards: Vec<ShardHandle>,
    steps: Feed,
    limits: Arc<crate::config::Limits>,
) -> Shared {
    let index = container.shard;
    let resolver = Resolver::new(limits.dns_queries, Duration::from_millis(limits.dns_timeout_ms));
    let store = container.durable.then(|| MemoryStore::with_latency(config.store_latency_ms * 1000));
    Rc::new_cyclic(|me| {
        RefCell::new(Core {
            me: me.clone(),
            index,
            clock,
            now: clock.now(),
            listeners: container.listeners.clone().into(),
            message_limits: container.limits.message,
            container: Container::new(container),
            runner,
            store,
            pending: VecDeque::new(),
            udp,
            flows: Flows::new(index, clock.anchor(), limits.connections, limits.connections_per_ip),
            limits,
            parcels: shards.iter().map(|_| Vec::new()).collect(),
            shards,
            replies: HashMap::new(),
            next_command: 1,
            resolver,
            waiting: Waiting::default(),
            dialogs_peak: 0,
            counters: Counters::default(),
            reporter: Reporter::new(config.log.reports_per_minute).with_trapped(trapped::folder(config)),
            steps,
            armed: Time::MAX,
            alarm: Rc::new(Notify::new()),
        })
    })
}
