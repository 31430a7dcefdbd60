//! The one socket of a test call.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use siplet_container::io::Transport;
use siplet_sip::frame::{Frame, Framer};
use siplet_sip::limits::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};

/// A socket that is bound or connected.
#[derive(Debug)]
pub(super) enum Wire {
    Udp { socket: UdpSocket, local: SocketAddr },
    Tcp { stream: TcpStream, framer: Framer },
}

impl Wire {
    pub(super) async fn open(transport: Transport, remote: SocketAddr) -> Result<Self> {
        match transport {
            Transport::Udp => {
                let any = if remote.is_ipv4() {
                    SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0))
                } else {
                    SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0))
                };
                // A connected socket tells which of our addresses reaches the other side.
                let probe = UdpSocket::bind(any).await?;
                probe.connect(remote).await.with_context(|| format!("no way to {remote}"))?;
                let socket = UdpSocket::bind(SocketAddr::new(probe.local_addr()?.ip(), 0)).await?;
                let local = socket.local_addr()?;
                Ok(Self::Udp { socket, local })
            }
            Transport::Tcp => {
                let stream = TcpStream::connect(remote);
                let stream = stream.await.with_context(|| format!("nobody listens on tcp {remote}"))?;
                Ok(Self::Tcp { stream, framer: Framer::new(&Limits::default()) })
            }
            Transport::Tls | Transport::Ws | Transport::Wss => bail!("a test call goes over udp or tcp"),
        }
    }

    pub(super) fn local(&self) -> Result<SocketAddr> {
        Ok(match self {
            Self::Udp { local, .. } => *local,
            Self::Tcp { stream, .. } => stream.local_addr()?,
        })
    }

    pub(super) async fn send(&mut self, bytes: &[u8], remote: SocketAddr) -> io::Result<()> {
        match self {
            Self::Udp { socket, .. } => socket.send_to(bytes, remote).await.map(|_| ()),
            Self::Tcp { stream, .. } => stream.write_all(bytes).await,
        }
    }

    /// The next message, none when the other side has closed. May be cancelled and called again.
    pub(super) async fn receive(&mut self) -> io::Result<Option<Bytes>> {
        match self {
            Self::Udp { socket, .. } => {
                let mut buffer = vec![0; 65_536];
                let (len, _) = socket.recv_from(&mut buffer).await?;
                Ok(Some(Bytes::copy_from_slice(&buffer[..len])))
            }
            Self::Tcp { stream, framer } => loop {
                match framer.next() {
                    Ok(Some(Frame::Message(bytes))) => return Ok(Some(bytes)),
                    Ok(Some(Frame::Ping)) => stream.write_all(b"\r\n").await?,
                    Ok(None) => {
                        let mut chunk = [0; 4096];
                        let len = stream.read(&mut chunk).await?;
                        if len == 0 {
                            return Ok(None);
                        }
                        framer.push(&chunk[..len]);
                    }
                    Err(error) => return Err(io::Error::other(error)),
                }
            },
        }
    }
}
