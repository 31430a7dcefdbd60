//! Connections of one shard: by id, by far end for reuse, and counted by IP address.
//!
//! An id is never used again, also after a restart: it counts up from the time of the start in microseconds, and carries
//! its shard, so that whoever is told to send over a connection finds its owner. No socket is known here.

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use siplet_container::io::{ConnectionId, Transport};
use siplet_sip::time::Time;

/// Ids of one shard lie this far apart.
const STRIDE: u64 = 1024;

/// Why a connection is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Full {
    /// Limit `connections`.
    Connections,
    /// Limit `connections-per-ip`.
    ConnectionsPerIp,
}

/// The connections of one shard, each with a value of the caller's.
#[derive(Debug)]
pub struct Flows<C> {
    by_id: HashMap<ConnectionId, (Transport, SocketAddr, C)>,
    by_remote: HashMap<(Transport, SocketAddr), ConnectionId>,
    per_ip: HashMap<IpAddr, usize>,
    next: ConnectionId,
    connections_max: usize,
    per_ip_max: usize,
}

impl<C> Flows<C> {
    /// No connections yet. `start` is the time of the process's start, `shard` less than 1024.
    #[must_use]
    pub fn new(shard: u16, start: Time, connections_max: usize, per_ip_max: usize) -> Self {
        Self {
            by_id: HashMap::new(),
            by_remote: HashMap::new(),
            per_ip: HashMap::new(),
            next: start.as_micros().saturating_mul(STRIDE) + u64::from(shard) % STRIDE,
            connections_max,
            per_ip_max,
        }
    }

    /// The shard that owns a connection.
    #[must_use]
    pub const fn shard_of(id: ConnectionId) -> u16 {
        (id % STRIDE) as u16
    }

    /// Takes a connection, accepted or about to be opened. The newest one to a far end is the one that is used again.
    ///
    /// # Errors
    /// A limit is reached.
    pub fn admit(
        &mut self,
        transport: Transport,
        remote: SocketAddr,
        value: C,
    ) -> Result<ConnectionId, Full> {
        if self.by_id.len() >= self.connections_max {
            return Err(Full::Connections);
        }
        let of_ip = self.per_ip.entry(remote.ip()).or_default();
        if *of_ip >= self.per_ip_max {
            return Err(Full::ConnectionsPerIp);
        }
        *of_ip += 1;
        let id = self.next;
        self.next += STRIDE;
        self.by_remote.insert((transport, remote), id);
        self.by_id.insert(id, (transport, remote, value));
        Ok(id)
    }

    /// The connection's value, none when it is gone.
    #[must_use]
    pub fn get(&self, id: ConnectionId) -> Option<&C> {
        self.by_id.get(&id).map(|(.., value)| value)
    }

    /// The connection's value, to change.
    pub fn get_mut(&mut self, id: ConnectionId) -> Option<&mut C> {
        self.by_id.get_mut(&id).map(|(.., value)| value)
    }

    /// The connection to send over to that far end, if there is one.
    #[must_use]
    pub fn to(&self, transport: Transport, remote: SocketAddr) -> Option<ConnectionId> {
        self.by_remote.get(&(transport, remote)).copied()
    }

    /// The connection is no longer offered for reuse, but lives on.
    pub fn retire(&mut self, id: ConnectionId) {
        if let Some((transport, remote, _)) = self.by_id.get(&id)
            && self.by_remote.get(&(*transport, *remote)) == Some(&id)
        {
            self.by_remote.remove(&(*transport, *remote));
        }
    }

    /// The connection is gone.
    pub fn remove(&mut self, id: ConnectionId) -> Option<C> {
        self.retire(id);
        let (_, remote, value) = self.by_id.remove(&id)?;
        if let Some(of_ip) = self.per_ip.get_mut(&remote.ip()) {
            *of_ip -= 1;
            if *of_ip == 0 {
                self.per_ip.remove(&remote.ip());
            }
        }
        Some(value)
    }

    /// Number of connections.
    #[must_use]
    pub fn len(&self) -> usize {
        self.by_id.len()
    }

    /// True when there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }
}
