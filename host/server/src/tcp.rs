//! Streams: accepting, opening, reading frames, writing with a bound.
//!
//! One task for each connection reads and, when the kernel's buffer was full, writes what waits; a message is otherwise
//! written in line by whoever sends it. The connection's place in the table of [`crate::flow`] is its life: when it is
//! removed, its task ends. [3261-18-1]

mod connection;
mod converse;

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use siplet_container::io::{ConnectionId, Transport};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::accept::{AcceptFailure, Rest};
use crate::counters::CloseReason;
use crate::shard::Shared;

pub(crate) use connection::{Connection, Waiting};

/// Accepts connections, for ever.
pub(crate) async fn accept(socket: TcpListener, listener: u16, core: Shared) {
    let mut rest = Rest::default();
    loop {
        let (stream, remote) = match socket.accept().await {
            Ok(accepted) => {
                rest.over();
                accepted
            }
            Err(error) => {
                let failure = AcceptFailure::of(&error);
                core.borrow_mut().not_accepted(failure);
                if let Some(time) = rest.after(failure) {
                    tokio::time::sleep(time).await;
                }
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let stream = Rc::new(stream);
        let connection = Connection::open(listener, remote, Rc::clone(&stream));
        let admitted = core.borrow_mut().admit(Transport::Tcp, remote, connection);
        if let Some(id) = admitted {
            tokio::task::spawn_local(converse::converse(Rc::clone(&core), id, stream));
        }
    }
}

/// Opens the connection `id`, which is in the table already with what waits for it.
pub(crate) async fn connect(core: Shared, id: ConnectionId, local: SocketAddr, remote: SocketAddr) {
    let timeout = Duration::from_millis(core.borrow().limits.connect_timeout_ms);
    match tokio::time::timeout(timeout, open(local, remote)).await {
        Ok(Ok(stream)) => {
            let stream = Rc::new(stream);
            if core.borrow_mut().opened(id, Rc::clone(&stream)) {
                converse::converse(core, id, stream).await;
            }
        }
        Ok(Err(error)) => {
            tracing::debug!("no connection to {remote}: {error}");
            core.borrow_mut().lose(id, CloseReason::NotOpened);
        }
        Err(_) => core.borrow_mut().lose(id, CloseReason::NotOpened),
    }
}

/// From the listener's address, so that a machine with several networks answers from the right one.
async fn open(local: SocketAddr, remote: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = if remote.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if !local.ip().is_unspecified() && local.is_ipv4() == remote.is_ipv4() {
        socket.bind(SocketAddr::new(local.ip(), 0))?;
    }
    let stream = socket.connect(remote).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
