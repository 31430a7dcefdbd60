//! The core's side of connections: which one a message goes over, and what becomes of it when none can be had.

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use siplet_container::io::{ConnectionId, Hop, Input, TransmitError, Transport};
use tokio::net::TcpStream;

use super::{Core, Parcel};
use crate::flow::Flows;
use crate::tcp::{self, Connection};

impl Core {
    /// Takes an accepted connection, or drops it when there are too many.
    pub(crate) fn admit(
        &mut self,
        transport: Transport,
        remote: SocketAddr,
        connection: Connection,
    ) -> Option<ConnectionId> {
        let admitted = self.flows.admit(transport, remote, connection);
        match admitted {
            Ok(_) => self.counters.connections_accepted += 1,
            Err(_) => self.counters.connections_refused += 1,
        }
        admitted.ok()
    }

    /// Sends over the hop's connection while it lives, else over one to the far end, else over a new one.
    pub(super) fn send_stream(&mut self, hop: Hop, bytes: Bytes) -> Result<(), TransmitError> {
        if hop.connection != 0 {
            let owner = Flows::<Connection>::shard_of(hop.connection);
            if owner != self.index && usize::from(owner) < self.shards.len() {
                self.give(owner, Parcel::Transmit(hop, bytes));
                return Ok(());
            }
            if self.flows.get(hop.connection).is_some() {
                return self.write(hop.connection, hop, bytes);
            }
        }
        // RFC 3261 §18.2.2: the connection is gone; the address of the Via, where one is given.
        let remote = hop.fallback.unwrap_or(hop.remote);
        let id = match self.flows.to(hop.transport, remote) {
            Some(id) => id,
            None => self.open(hop, remote)?,
        };
        self.write(id, hop, bytes)
    }

    fn open(&mut self, hop: Hop, remote: SocketAddr) -> Result<ConnectionId, TransmitError> {
        let local = self.listeners.get(usize::from(hop.listener)).ok_or(TransmitError::Unreachable)?.address;
        let core = self.me.upgrade().ok_or(TransmitError::Unreachable)?;
        let connection = Connection::opening(hop.listener, remote);
        let id = self.flows.admit(hop.transport, remote, connection).map_err(|_| TransmitError::Congested)?;
        self.counters.connections_opened += 1;
        tokio::task::spawn_local(tcp::connect(core, id, local, remote));
        Ok(id)
    }

    fn write(&mut self, id: ConnectionId, hop: Hop, bytes: Bytes) -> Result<(), TransmitError> {
        let queue_max = self.limits.write_queue_bytes;
        let connection = self.flows.get_mut(id).ok_or(TransmitError::Unreachable)?;
        self.counters.packets_sent += 1;
        connection.write(Some(hop), bytes, queue_max)
    }

    /// Something of the shell's own, which nobody waits for.
    pub(crate) fn say(&mut self, id: ConnectionId, bytes: Bytes) {
        let queue_max = self.limits.write_queue_bytes;
        if let Some(connection) = self.flows.get_mut(id) {
            let _ = connection.write(None, bytes, queue_max);
        }
    }

    /// The connection is open. False when nobody wants it any more.
    pub(crate) fn opened(&mut self, id: ConnectionId, stream: Rc<TcpStream>) -> bool {
        let connection = self.flows.get_mut(id);
        let wanted = connection.is_some();
        if let Some(connection) = connection {
            connection.opened(stream);
        }
        wanted
    }

    /// Closes after what waits; a connection of another shard is closed there.
    pub(super) fn close(&mut self, id: ConnectionId) {
        let owner = Flows::<Connection>::shard_of(id);
        if owner != self.index && usize::from(owner) < self.shards.len() {
            self.give(owner, Parcel::Close(id));
            return;
        }
        self.flows.retire(id);
        if let Some(connection) = self.flows.get_mut(id) {
            connection.close();
        }
    }

    /// The connection is gone, or could not be opened: the core hears of each message that was not written.
    pub(crate) fn lose(&mut self, id: ConnectionId) {
        let Some(connection) = self.flows.remove(id) else { return };
        self.wake();
        for (hop, bytes) in connection.unsent() {
            self.transmit_failed(hop, bytes, TransmitError::Unreachable);
        }
        self.handle(Input::FlowLost { connection: id });
        self.settle();
    }
}
