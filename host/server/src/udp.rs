//! Datagrams: one socket for each shard and UDP listener.
//!
//! Reading drains the socket and calls the core in line; sending tries at once and queues, to a bound, only when the
//! kernel's buffer is full. A datagram of nothing but line ends and zeros is a keep-alive and goes nowhere.
//! [3261-18-1]

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use bytes::Bytes;
use rustix::io::Errno;
use siplet_container::io::{Flow, Input, TransmitError, Transport};
use tokio::net::UdpSocket;
use tokio::sync::Notify;

use crate::shard::Shared;

/// Datagrams read in one go before other tasks of the shard get their turn.
const BATCH: usize = 64;
/// No datagram is larger.
const DATAGRAM_MAX: usize = 65_536;

/// A socket and what waits for it.
#[derive(Debug)]
pub(crate) struct UdpPort {
    socket: UdpSocket,
    queue: RefCell<VecDeque<(Bytes, SocketAddr)>>,
    queue_max: usize,
    queued: Notify,
}

impl UdpPort {
    /// Takes over a bound socket; inside a runtime.
    pub(crate) fn new(socket: std::net::UdpSocket, queue_max: usize) -> io::Result<Self> {
        let socket = UdpSocket::from_std(socket)?;
        Ok(Self { socket, queue: RefCell::default(), queue_max, queued: Notify::new() })
    }

    /// Sends now, or as soon as the socket takes more.
    pub(crate) fn send(&self, bytes: Bytes, remote: SocketAddr) -> Result<(), TransmitError> {
        let mut queue = self.queue.borrow_mut();
        if queue.is_empty() {
            match self.socket.try_send_to(&bytes, remote) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(blame(&error)),
            }
        }
        if queue.len() >= self.queue_max {
            return Err(TransmitError::Congested);
        }
        queue.push_back((bytes, remote));
        self.queued.notify_one();
        Ok(())
    }

    /// Datagrams that wait.
    pub(crate) fn queued(&self) -> usize {
        self.queue.borrow().len()
    }

    /// Sends what waits, for ever. A datagram that fails late is lost like one on the wire.
    pub(crate) async fn write(self: Rc<Self>) {
        loop {
            self.queued.notified().await;
            while self.flush() {
                if self.socket.writable().await.is_err() {
                    break;
                }
            }
        }
    }

    /// True while something waits.
    fn flush(&self) -> bool {
        let mut queue = self.queue.borrow_mut();
        while let Some((bytes, remote)) = queue.front() {
            match self.socket.try_send_to(bytes, *remote) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return true,
                Ok(_) | Err(_) => {
                    queue.pop_front();
                }
            }
        }
        false
    }

    /// Gives what comes to the core, for ever.
    pub(crate) async fn read(self: Rc<Self>, listener: u16, core: Shared) {
        let mut buffer = vec![0; DATAGRAM_MAX];
        loop {
            if self.socket.readable().await.is_err() {
                return;
            }
            let mut core = core.borrow_mut();
            core.wake();
            for _ in 0..BATCH {
                match self.socket.try_recv_from(&mut buffer) {
                    Ok((len, remote)) => {
                        let datagram = &buffer[..len];
                        core.counters.packets_received += 1;
                        if datagram.iter().all(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
                            continue;
                        }
                        let flow = Flow { listener, transport: Transport::Udp, remote, connection: 0 };
                        core.handle(Input::Packet { flow, bytes: Bytes::copy_from_slice(datagram) });
                    }
                    // Errors of earlier datagrams (ICMP) are reported here and end nothing.
                    Err(error) if error.kind() != io::ErrorKind::WouldBlock => {}
                    Err(_) => break,
                }
            }
            core.settle();
        }
    }
}

fn blame(error: &io::Error) -> TransmitError {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::MSGSIZE) => TransmitError::TooLarge,
        Some(Errno::NOBUFS) => TransmitError::Congested,
        _ => TransmitError::Unreachable,
    }
}
