//! Binds all sockets before anything else happens, so that what is taken is said at once.
//!
//! A bound socket already queues in the kernel: calls that come while servlets are still being compiled wait there.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use siplet_container::config::Listener;
use siplet_container::io::Transport;
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Config;
use crate::shard::Sockets;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 1024;

/// Binds every listener once for each shard. Returns the listeners with the ports that the system chose where 0 was
/// asked for, and the sockets by shard.
///
/// # Errors
/// An address that is taken or not this machine's.
pub fn bind(config: &Config) -> Result<(Vec<Listener>, Vec<Sockets>)> {
    let shared = config.shards > 1;
    let mut listeners = Vec::new();
    let mut shards: Vec<Sockets> = Vec::new();
    shards.resize_with(usize::from(config.shards), Sockets::default);
    for listen in &config.listen {
        let mut chosen = None;
        for mut listener in listen.listeners() {
            if let Some(port) = chosen {
                listener.address.set_port(port);
            }
            let index = u16::try_from(listeners.len()).context("too many listeners")?;
            for shard in &mut shards {
                let socket = bind_one(&listener, shared, config.limits.socket_buffer_bytes)?;
                let bound = socket.local_addr()?.as_socket().context("an address that is none")?;
                if listener.address.port() == 0 {
                    listener.address.set_port(bound.port());
                }
                match listener.transport {
                    Transport::Udp => shard.udp.push((index, socket.into())),
                    Transport::Tcp => shard.tcp.push((index, socket.into())),
                    Transport::Tls | Transport::Ws | Transport::Wss => bail!("only udp and tcp are served"),
                }
            }
            if listener.advertised_port == 0 {
                listener.advertised_port = listener.address.port();
            }
            chosen = Some(listener.address.port());
            listeners.push(listener);
        }
    }
    Ok((listeners, shards))
}

#[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are not ours")]
fn bind_one(listener: &Listener, shared: bool, buffer_bytes: usize) -> Result<Socket> {
    let address: SocketAddr = listener.address;
    let name = listener.transport.param_name();
    let say = || format!("cannot listen on {address} {name}");
    let is_udp = listener.transport == Transport::Udp;
    let (kind, protocol) = if is_udp { (Type::DGRAM, Protocol::UDP) } else { (Type::STREAM, Protocol::TCP) };
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol)).with_context(say)?;
    if address.is_ipv6() {
        // An IPv4 listener on the same port is a listener of its own.
        socket.set_only_v6(true).with_context(say)?;
    }
    if shared {
        socket.set_reuse_port(true).with_context(say)?;
    }
    if is_udp {
        // The kernel gives what it allows; bursts beyond are lost and repeated.
        let _ = socket.set_recv_buffer_size(buffer_bytes);
        let _ = socket.set_send_buffer_size(buffer_bytes);
    } else {
        socket.set_reuse_address(true).with_context(say)?;
    }
    socket.bind(&address.into()).map_err(|error| match error.kind() {
        std::io::ErrorKind::AddrInUse => anyhow::anyhow!(
            "cannot listen on {address} {name}: another program does. Is a siplet running already (`siplet status`)? \
             Name another address with --listen"
        ),
        std::io::ErrorKind::AddrNotAvailable => {
            anyhow::anyhow!("cannot listen on {address} {name}: this machine does not have that address")
        }
        std::io::ErrorKind::PermissionDenied => {
            anyhow::anyhow!("cannot listen on {address} {name}: ports below 1024 need the right to bind them")
        }
        _ => anyhow::Error::new(error).context(say()),
    })?;
    if !is_udp {
        socket.listen(BACKLOG).with_context(say)?;
    }
    socket.set_nonblocking(true).with_context(say)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_listener_on_port_0_has_one_port_for_all_its_transports_and_shards() {
        let config = Config {
            listen: vec![
                "127.0.0.1:0".parse().unwrap(),
                "127.0.0.1:0/udp@sip.example.com:5060".parse().unwrap(),
            ],
            shards: 2,
            ..Config::default()
        };
        let (listeners, shards) = bind(&config).unwrap();
        let port = listeners[0].address.port();
        assert!(port != 0 && listeners[1].address.port() == port && listeners[1].advertised_port == port);
        assert_eq!(
            (listeners[2].advertised_host.as_str(), listeners[2].advertised_port),
            ("sip.example.com", 5060)
        );
        assert_eq!(shards.len(), 2);
        for shard in &shards {
            assert_eq!((shard.udp.len(), shard.tcp.len()), (2, 1));
            assert_eq!(shard.udp[0].1.local_addr().unwrap().port(), port);
        }
    }

    #[test]
    fn an_address_that_is_taken_is_said_in_words() {
        let taken = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let text = format!("{}/udp", taken.local_addr().unwrap());
        let config = Config { listen: vec![text.parse().unwrap()], ..Config::default() };
        let refused = bind(&config).unwrap_err().to_string();
        assert!(refused.contains("another program does") && refused.contains("--listen"), "{refused}");
    }
}
