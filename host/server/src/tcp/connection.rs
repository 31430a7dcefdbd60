//! What waits to be written on one connection.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use siplet_container::io::{Hop, TransmitError};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::Instant;

/// Messages and octets that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    pub(crate) messages: usize,
    pub(crate) bytes: usize,
}

/// One connection, opened or about to be.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) listener: u16,
    pub(crate) remote: SocketAddr,
    /// The peer has opened it.
    pub(crate) accepted: bool,
    /// None while it is being opened.
    stream: Option<Rc<TcpStream>>,
    /// Messages that wait, with the hop that each was for; none for what the shell says itself.
    queue: VecDeque<(Option<Hop>, Bytes)>,
    /// Octets of the first one that are written already.
    written: usize,
    queued_bytes: usize,
    /// Since when the peer has taken nothing of what waits for it.
    stuck_since: Option<Instant>,
    /// Wakes the connection's task: something waits, or it shall close.
    pub(crate) wake: Rc<Notify>,
    /// It closes as soon as nothing waits.
    closing: bool,
    /// More was to wait than may: it closes at once.
    overflowed: bool,
}

impl Connection {
    pub(crate) fn open(listener: u16, remote: SocketAddr, stream: Rc<TcpStream>) -> Self {
        Self { stream: Some(stream), accepted: true, ..Self::opening(listener, remote) }
    }

    pub(crate) fn opening(listener: u16, remote: SocketAddr) -> Self {
        Self {
            listener,
            remote,
            accepted: false,
            stream: None,
            queue: VecDeque::new(),
            written: 0,
            queued_bytes: 0,
            stuck_since: None,
            wake: Rc::new(Notify::new()),
            closing: false,
            overflowed: false,
        }
    }

    /// The stream is there now. What waits is written by the connection's task.
    pub(crate) fn opened(&mut self, stream: Rc<TcpStream>) {
        self.stream = Some(stream);
        self.stuck_since = self.has_queue().then(Instant::now);
    }

    /// Writes now what the kernel takes; the rest waits, `room` at most. Where that is too little the connection is lost: what
    /// waits already is never read, or too late.
    pub(crate) fn write(
        &mut self,
        hop: Option<Hop>,
        bytes: Bytes,
        room: Waiting,
    ) -> Result<(), TransmitError> {
        if self.closing || self.overflowed {
            return Err(TransmitError::Unreachable);
        }
        if self.queue.is_empty()
            && let Some(stream) = &self.stream
        {
            match stream.try_write(&bytes) {
                Ok(len) if len == bytes.len() => return Ok(()),
                Ok(len) => self.written = len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(TransmitError::Unreachable),
            }
        }
        self.wake.notify_one();
        // A message that is written in part has to be kept, or the peer reads the next one as its rest.
        let is_begun = self.queue.is_empty() && self.written > 0;
        let fits = self.queue.len() < room.messages && self.queued_bytes + bytes.len() <= room.bytes;
        if !fits && !is_begun {
            self.overflowed = true;
            return Err(TransmitError::Congested);
        }
        if self.queue.is_empty() && self.stream.is_some() {
            self.stuck_since = Some(Instant::now());
        }
        self.queued_bytes += bytes.len();
        self.queue.push_back((hop, bytes));
        Ok(())
    }

    /// Writes what waits, as far as the kernel takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        let before = (self.queue.len(), self.written);
        let outcome = loop {
            let Some((_, bytes)) = self.queue.front() else { break Ok(()) };
            match stream.try_write(&bytes[self.written..]) {
                Ok(len) if self.written + len == bytes.len() => {
                    self.queued_bytes -= bytes.len();
                    self.written = 0;
                    self.queue.pop_front();
                }
                Ok(len) => self.written += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        if self.queue.is_empty() {
            self.stuck_since = None;
        } else if before != (self.queue.len(), self.written) {
            self.stuck_since = Some(Instant::now());
        }
        outcome
    }

    pub(crate) fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    /// What waits.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting { messages: self.queue.len(), bytes: self.queued_bytes }
    }

    /// Since when the peer has taken nothing of what waits for it; none when nothing waits.
    pub(crate) const fn stuck_since(&self) -> Option<Instant> {
        self.stuck_since
    }

    /// Closes when nothing waits any more.
    pub(crate) fn close(&mut self) {
        self.closing = true;
        self.wake.notify_one();
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.closing && self.queue.is_empty()
    }

    /// The peer does not read: more was to wait for it than may.
    pub(crate) const fn has_overflowed(&self) -> bool {
        self.overflowed
    }

    /// What was never written, for the core to hear of.
    pub(crate) fn unsent(self) -> impl Iterator<Item = (Hop, Bytes)> {
        self.queue.into_iter().filter_map(|(hop, bytes)| hop.map(|hop| (hop, bytes)))
    }
}
