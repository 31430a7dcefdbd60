//! One host: a container, the store under it, the guests that it runs, its connections.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use siplet_container::Container;
use siplet_container::app::{AppId, Application};
use siplet_container::config::{Config, Listener, Secret};
use siplet_container::io::{Canary, ConnectionId, Key, Transport};
use siplet_store::MemoryStore;

use crate::guest::Guest;

/// A deployed application with what runs its turns.
pub struct Deployed {
    /// As the container knows it.
    pub application: Application,
    /// Runs its turns.
    pub guest: Box<dyn Guest>,
}

/// When a host dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kill {
    /// After so many effects since the first start.
    pub after_effects: u64,
    /// So many of the store's orders that were under way still arrive.
    pub arrived: usize,
    /// A new host starts after so many microseconds; none: it stays down.
    pub down_us: Option<u64>,
}

/// A host.
pub struct Node {
    /// The container; none while the host is down.
    pub container: Option<Container>,
    /// Where its sessions outlive it.
    pub store: MemoryStore,
    /// What a container is made with.
    pub config: Config,
    /// Its applications, by id. All versions that were ever deployed stay: their turns must be run.
    pub deployed: BTreeMap<AppId, Deployed>,
    /// Ids of those that are deployed or kept, in the order of their deployment.
    pub serving: Vec<AppId>,
    /// Which versions take the new calls of an application, where an operator has said so since its last deployment.
    pub shares: BTreeMap<Arc<str>, (AppId, Option<Canary>)>,
    /// Number of the host that runs now; the first is 1.
    pub generation: u32,
    /// Effects done since the first start.
    pub effects: u64,
    /// Planned deaths, in order.
    pub kills: Vec<Kill>,
    /// Connections that are up, and whose they are.
    pub connections: BTreeMap<ConnectionId, usize>,
    /// Sessions whose partition another node has taken.
    pub fenced: BTreeSet<Key>,
    /// Microseconds that the DNS takes.
    pub dns_us: u64,
    pub(super) next_connection: ConnectionId,
}

/// Where the host of a world listens.
pub const HOST: &str = "10.0.0.1:5060";

impl Node {
    /// A host that is down, with two listeners: UDP and TCP.
    ///
    /// # Panics
    /// Never: its address is one.
    #[must_use]
    pub fn new() -> Self {
        let address: SocketAddr = HOST.parse().expect("the host's address is one");
        let listener = |transport| Listener {
            transport,
            address,
            advertised_host: address.ip().to_string(),
            advertised_port: address.port(),
        };
        let config = Config {
            listeners: vec![listener(Transport::Udp), listener(Transport::Tcp)],
            secret: Secret([7; 16]),
            ..Config::default()
        };
        Self {
            container: None,
            store: MemoryStore::new(),
            config,
            deployed: BTreeMap::new(),
            serving: Vec::new(),
            shares: BTreeMap::new(),
            generation: 0,
            effects: 0,
            kills: Vec::new(),
            connections: BTreeMap::new(),
            fenced: BTreeSet::new(),
            dns_us: 0,
            next_connection: 1,
        }
    }

    /// Adds a version of an application, behind those that are kept of it; the container is told by the world.
    pub fn add(&mut self, application: Application, guest: Box<dyn Guest>) -> AppId {
        let id = application.id.clone();
        self.serving.retain(|other| *other != id);
        self.serving.push(id.clone());
        self.shares.remove(&id.name);
        self.deployed.insert(id.clone(), Deployed { application, guest });
        id
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::new()
    }
}

/// An application of that name and digest with this descriptor.
#[must_use]
pub fn application(
    name: &str,
    digest: u64,
    mut descriptor: siplet_container::app::Descriptor,
    handlers: siplet_container::app::Handlers,
) -> Application {
    name.clone_into(&mut descriptor.name);
    Application { id: AppId { name: Arc::from(name), digest }, descriptor, handlers }
}
