//! The core's side of connections: which one a message goes over, and what becomes of it when none can be had.

use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use siplet_container::io::{ConnectionId, Hop, Input, TransmitError, Transport};
use tokio::net::TcpStream;

use super::{Core, Parcel};
use crate::accept::AcceptFailure;
use crate::config::Limits;
use crate::counters::CloseReason;
use crate::flow::Flows;
use crate::tcp::{self, Connection, Waiting};

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

    /// A connection could not be accepted.
    pub(crate) fn not_accepted(&mut self, why: AcceptFailure) {
        self.counters.not_accepted(why);
        self.wake();
        let advice = match why {
            AcceptFailure::NoDescriptor => {
                "the process has no file descriptor left: raise its limit (`ulimit -n`, LimitNOFILE= in systemd), or \
                 lower `connections` in [limits]"
            }
            AcceptFailure::NoMemory => "the system has no memory for it",
            AcceptFailure::Peer => return,
            AcceptFailure::Other => "the system refused",
        };
        let text = format!("no TCP connection is accepted for a moment: {advice}");
        self.reporter.tell_noise(&format!("not-accepted {}", why.name()), &text, self.now);
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
        self.counters.packets_sent += 1;
        self.write_on(id, Some(hop), bytes)
    }

    /// Something of the shell's own, which nobody waits for.
    pub(crate) fn say(&mut self, id: ConnectionId, bytes: Bytes) {
        // A connection that cannot take it is closed for that.
        let _ = self.write_on(id, None, bytes);
    }

    fn write_on(&mut self, id: ConnectionId, hop: Option<Hop>, bytes: Bytes) -> Result<(), TransmitError> {
        let limits = &self.limits;
        let left = limits.write_queues_bytes.saturating_sub(self.waiting.bytes);
        let messages = limits.write_queue_messages;
        let written = self.with_connection(id, |connection, limits| {
            // What waits on this connection is in the sum already.
            let bytes_max = limits.write_queue_bytes.min(left + connection.waiting().bytes);
            connection.write(hop, bytes, Waiting { messages, bytes: bytes_max })
        });
        if written == Some(Err(TransmitError::Congested)) {
            // The next message to that peer goes over another connection.
            self.flows.retire(id);
        }
        written.unwrap_or(Err(TransmitError::Unreachable))
    }

    /// Writes what waits, as far as the kernel takes it. False when the connection is broken or gone.
    pub(crate) fn flush(&mut self, id: ConnectionId) -> bool {
        self.with_connection(id, |connection, _| connection.flush().is_ok()).unwrap_or(false)
    }

    /// Does something with a connection and keeps the sum of what waits.
    fn with_connection<T>(
        &mut self,
        id: ConnectionId,
        act: impl FnOnce(&mut Connection, &Limits) -> T,
    ) -> Option<T> {
        let connection = self.flows.get_mut(id)?;
        let before = connection.waiting();
        let outcome = act(connection, &self.limits);
        let after = connection.waiting();
        self.waiting.messages = self.waiting.messages + after.messages - before.messages;
        self.waiting.bytes = self.waiting.bytes + after.bytes - before.bytes;
        Some(outcome)
    }

    /// Messages that wait to be written, on connections and on sockets.
    pub(super) fn queued(&self) -> usize {
        self.waiting.messages + self.udp.iter().flatten().map(|port| port.queued()).sum::<usize>()
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
    pub(crate) fn close(&mut self, id: ConnectionId) {
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
    pub(crate) fn lose(&mut self, id: ConnectionId, why: CloseReason) {
        let Some(connection) = self.flows.remove(id) else { return };
        let waiting = connection.waiting();
        self.waiting.messages -= waiting.messages;
        self.waiting.bytes -= waiting.bytes;
        self.counters.closed(why);
        if let Some(what) = why.told() {
            let (remote, lost) = (connection.remote, waiting.messages);
            let text = format!(
                "closed the connection of tcp {remote}: {what}\n{lost} messages for it were not sent"
            );
            self.reporter.tell_noise(&format!("closed {}", why.name()), &text, self.now);
        }
        self.wake();
        for (hop, bytes) in connection.unsent() {
            self.transmit_failed(hop, bytes, TransmitError::Unreachable);
        }
        self.handle(Input::FlowLost { connection: id });
        self.settle();
    }
}
