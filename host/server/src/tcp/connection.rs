//! What waits to be written on one connection.

use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use siplet_container::io::{Hop, TransmitError};
use tokio::net::TcpStream;
use tokio::sync::Notify;

/// One connection, opened or about to be.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) listener: u16,
    pub(crate) remote: SocketAddr,
    /// None while it is being opened.
    stream: Option<Rc<TcpStream>>,
    /// Messages that wait, with the hop that each was for; none for what the shell says itself.
    queue: VecDeque<(Option<Hop>, Bytes)>,
    /// Octets of the first one that are written already.
    written: usize,
    queued_bytes: usize,
    /// Wakes the connection's task: something waits, or it shall close.
    pub(crate) wake: Rc<Notify>,
    /// It closes as soon as nothing waits.
    closing: bool,
}

impl Connection {
    pub(crate) fn open(listener: u16, remote: SocketAddr, stream: Rc<TcpStream>) -> Self {
        Self { stream: Some(stream), ..Self::opening(listener, remote) }
    }

    pub(crate) fn opening(listener: u16, remote: SocketAddr) -> Self {
        Self {
            listener,
            remote,
            stream: None,
            queue: VecDeque::new(),
            written: 0,
            queued_bytes: 0,
            wake: Rc::new(Notify::new()),
            closing: false,
        }
    }

    /// The stream is there now. What waits is written by the connection's task.
    pub(crate) fn opened(&mut self, stream: Rc<TcpStream>) {
        self.stream = Some(stream);
    }

    /// Writes now what the kernel takes; the rest waits.
    pub(crate) fn write(
        &mut self,
        hop: Option<Hop>,
        bytes: Bytes,
        queue_max: usize,
    ) -> Result<(), TransmitError> {
        if self.closing {
            return Err(TransmitError::Unreachable);
        }
        if self.queued_bytes + bytes.len() > queue_max {
            return Err(TransmitError::Congested);
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
        self.queued_bytes += bytes.len();
        self.queue.push_back((hop, bytes));
        self.wake.notify_one();
        Ok(())
    }

    /// Writes what waits, as far as the kernel takes it.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let Some(stream) = &self.stream else { return Ok(()) };
        while let Some((_, bytes)) = self.queue.front() {
            match stream.try_write(&bytes[self.written..]) {
                Ok(len) if self.written + len == bytes.len() => {
                    self.queued_bytes -= bytes.len();
                    self.written = 0;
                    self.queue.pop_front();
                }
                Ok(len) => self.written += len,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    pub(crate) fn has_queue(&self) -> bool {
        !self.queue.is_empty()
    }

    /// Closes when nothing waits any more.
    pub(crate) fn close(&mut self) {
        self.closing = true;
        self.wake.notify_one();
    }

    pub(crate) fn is_finished(&self) -> bool {
        self.closing && self.queue.is_empty()
    }

    /// What was never written, for the core to hear of.
    pub(crate) fn unsent(self) -> impl Iterator<Item = (Hop, Bytes)> {
        self.queue.into_iter().filter_map(|(hop, bytes)| hop.map(|hop| (hop, bytes)))
    }
}
