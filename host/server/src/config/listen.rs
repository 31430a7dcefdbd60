//! One entry of `listen`: `ADDRESS[/TRANSPORTS][@ADVERTISED]`.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use siplet_container::config::Listener;
use siplet_container::io::Transport;

/// An address to listen on, its transports, and how it is called in messages.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Listen {
    /// Address and port to bind.
    pub address: SocketAddr,
    /// Transports, each once, in the order in which they were named.
    pub transports: Vec<Transport>,
    /// Host and port for Via, Contact and Record-Route, where they differ from the address. An IPv6 address stands in
    /// brackets.
    pub advertised: Option<(String, u16)>,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 5060),
            transports: vec![Transport::Udp, Transport::Tcp],
            advertised: None,
        }
    }
}

impl Listen {
    /// True for an address that no peer can answer to, without an advertised one.
    #[must_use]
    pub fn needs_advertised(&self) -> bool {
        self.address.ip().is_unspecified() && self.advertised.is_none()
    }

    /// One container listener for each transport.
    pub fn listeners(&self) -> impl Iterator<Item = Listener> + '_ {
        let (host, port) = self.advertised.clone().unwrap_or_else(|| {
            let host = match self.address.ip() {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            };
            (host, self.address.port())
        });
        self.transports.iter().map(move |transport| Listener {
            transport: *transport,
            address: self.address,
            advertised_host: host.clone(),
            advertised_port: port,
        })
    }
}

impl fmt::Display for Listen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.address)?;
        if self.transports != Self::default().transports {
            let names: Vec<_> = self.transports.iter().map(|transport| transport.param_name()).collect();
            write!(f, "/{}", names.join("+"))?;
        }
        match &self.advertised {
            Some((host, port)) => write!(f, "@{host}:{port}"),
            None => Ok(()),
        }
    }
}

impl From<Listen> for String {
    fn from(listen: Listen) -> Self {
        listen.to_string()
    }
}

impl TryFrom<String> for Listen {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (bound, advertised) = match text.split_once('@') {
            Some((bound, advertised)) => (bound, Some(advertised)),
            None => (text, None),
        };
        let (address, transports) = match bound.split_once('/') {
            Some((address, transports)) => (address, parse_transports(text, transports)?),
            None => (bound, Self::default().transports),
        };
        let address: SocketAddr = match (address.parse(), address.parse::<IpAddr>()) {
            (Ok(address), _) => address,
            (Err(_), Ok(ip)) => SocketAddr::new(ip, 5060),
            (Err(_), Err(_)) => {
                return Err(format!(
                    "`{text}` does not begin with an IP address to listen on, as in `127.0.0.1:5060` or `[::1]:5060`"
                ));
            }
        };
        let advertised = advertised.map(|host| parse_host(text, host, address.port())).transpose()?;
        Ok(Self { address, transports, advertised })
    }
}

fn parse_transports(whole: &str, text: &str) -> Result<Vec<Transport>, String> {
    let mut transports = Vec::new();
    for name in text.split('+') {
        let transport = match name {
            "udp" => Transport::Udp,
            "tcp" => Transport::Tcp,
            _ => return Err(format!("`{whole}` names the transport `{name}`; there are udp and tcp")),
        };
        if !transports.contains(&transport) {
            transports.push(transport);
        }
    }
    Ok(transports)
}

/// `HOST`, `HOST:PORT`, `[IPV6]` or `[IPV6]:PORT`.
fn parse_host(whole: &str, text: &str, port: u16) -> Result<(String, u16), String> {
    let wrong = || format!("`{whole}` advertises `{text}`, which is no HOST or HOST:PORT");
    if let Ok(IpAddr::V6(ip)) = text.parse() {
        return Ok((format!("[{ip}]"), port));
    }
    let split = if text.ends_with(']') { None } else { text.rsplit_once(':') };
    let (host, port) = match split {
        Some((host, port)) => (host, port.parse().map_err(|_| wrong())?),
        None => (text, port),
    };
    let is_name = !host.is_empty() && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b));
    let bracketed = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let is_ipv6 = bracketed.is_some_and(|ip| ip.parse::<std::net::Ipv6Addr>().is_ok());
    if is_name || is_ipv6 { Ok((host.to_owned(), port)) } else { Err(wrong()) }
}
