//! Via: the way of a request, and of its responses back (RFC 3261 §20.42, RFC 3581).

use bytes::Bytes;
use core::net::{IpAddr, SocketAddr};
use std::io::Write as _;

use crate::message::index::token_len;
use crate::message::values::comma;
use crate::message::{Malformed, Part};
use crate::octets::trim;
use crate::uri::{Param, Params, host_ip, host_len, read_port};

/// One Via value.
#[derive(Clone, Copy, Debug)]
pub struct Via<'a> {
    text: &'a [u8],
    transport: &'a [u8],
    host: &'a [u8],
    port: Option<u16>,
    params: &'a [u8],
    branch: Option<&'a [u8]>,
    received: Option<&'a [u8]>,
    rport: Option<Param<'a>>,
}

/// What a branch made by the rules of RFC 3261 begins with (§8.1.1.7).
pub const MAGIC_COOKIE: &[u8] = b"z9hG4bK";

impl<'a> Via<'a> {
    /// Reads one value; blanks round `/`, `:`, `;` and `=` are accepted.
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(trim(value)).ok_or(Malformed::Bad(Part::Via))
    }

    /// Reads the first value of a list.
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn parse_first(list: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(&list[..comma(list)])
    }

    fn read(text: &'a [u8]) -> Option<Self> {
        let (transport, rest) = protocol(text)?;
        let host_len = host_len(rest)?;
        let host = &rest[..host_len];
        let mut rest = rest[host_len..].trim_ascii_start();
        let mut port = None;
        if let [b':', digits @ ..] = rest {
            let digits = digits.trim_ascii_start();
            let len = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(digits.len());
            port = Some(read_port(&digits[..len])?);
            rest = digits[len..].trim_ascii_start();
        }
        let mut via =
            Self { text, transport, host, port, params: rest, branch: None, received: None, rport: None };
        via.read_params()?;
        Some(via)
    }

    /// One pass for the three parameters that every hop asks for.
    fn read_params(&mut self) -> Option<()> {
        let mut params = Params::of(self.params);
        while !params.as_bytes().is_empty() {
            let param = params.cut()?;
            match param.name {
                [] => return None,
                // The usual spelling costs one comparison, any other one a few.
                b"branch" => self.branch = self.branch.or(Some(param.value.unwrap_or_default())),
                b"rport" => self.rport = self.rport.or(Some(param)),
                b"received" => self.received = self.received.or(param.value),
                name if name.eq_ignore_ascii_case(b"branch") => {
                    self.branch = self.branch.or(Some(param.value.unwrap_or_default()));
                }
                name if name.eq_ignore_ascii_case(b"rport") => self.rport = self.rport.or(Some(param)),
                name if name.eq_ignore_ascii_case(b"received") => {
                    self.received = self.received.or(param.value)
                }
                _ => {}
            }
        }
        Some(())
    }

    /// The value as it stands.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.text
    }

    /// The transport as it stands; compared in any case.
    #[must_use]
    pub const fn transport(&self) -> &'a [u8] {
        self.transport
    }

    /// sent-by: host, an IPv6 address with its brackets, and port.
    #[must_use]
    pub const fn sent_by(&self) -> (&'a [u8], Option<u16>) {
        (self.host, self.port)
    }

    /// The host of sent-by.
    #[must_use]
    pub const fn host(&self) -> &'a [u8] {
        self.host
    }

    /// The port of sent-by, when it is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The branch as it stands.
    #[must_use]
    pub const fn branch(&self) -> Option<&'a [u8]> {
        self.branch
    }

    /// The branch when it names a transaction: the magic cookie with something behind it (RFC 3261 §17.2.3).
    ///
    /// `None` calls for the matching rules of RFC 2543.
    #[must_use]
    pub fn magic_branch(&self) -> Option<&'a [u8]> {
        // §8.1.1.7 compares tokens, and tokens are case-insensitive unless said otherwise (§7.3.1).
        self.branch.filter(|branch| {
            branch.len() > MAGIC_COOKIE.len()
                && branch[..MAGIC_COOKIE.len()].eq_ignore_ascii_case(MAGIC_COOKIE)
        })
    }

    /// The address of `received`, with or without brackets (RFC 5118 §4.5); `None` when missing or no address.
    #[must_use]
    pub fn received(&self) -> Option<IpAddr> {
        self.received.and_then(host_ip)
    }

    /// The `rport` parameter: `Some(None)` when it asks for the port, `Some(Some(port))` when it tells it (RFC 3581).
    #[must_use]
    pub fn rport(&self) -> Option<Option<u16>> {
        self.rport.map(|param| param.value.and_then(read_port))
    }

    /// All parameters.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params::of(self.params)
    }

    /// The parameter of that name, in any case.
    #[must_use]
    pub fn param(&self, name: &[u8]) -> Option<Param<'a>> {
        self.params().named(name)
    }

    /// The value as the hop that received it from `source` must write it: with `received` when sent-by is not that
    /// address (RFC 3261 §18.2.1) or `rport` asks for it, and with the port in `rport` (RFC 3581 §4).
    ///
    /// `None` when nothing has to change.
    // [3261-18.2.1-2, 3261-18.2.1-3, 3261-18.2.1-4, 3581-4]
    #[must_use]
    pub fn stamp(&self, source: SocketAddr) -> Option<Bytes> {
        let ip = source.ip().to_canonical();
        // RFC 3581 §4: with rport, received is there even when it says what sent-by says.
        let needs_received =
            self.rport.is_some() || host_ip(self.host).map(|host| host.to_canonical()) != Some(ip);
        let right_received = !needs_received || self.received() == Some(ip);
        let right_rport = self.rport.is_none() || self.rport() == Some(Some(source.port()));
        // A received that the peer has put in itself would send the response to somebody else.
        let stray_received = !needs_received && self.received.is_some();
        if right_received && right_rport && !stray_received {
            return None;
        }
        Some(self.restamped(needs_received.then_some(ip), source.port()))
    }

    fn restamped(&self, received: Option<IpAddr>, port: u16) -> Bytes {
        let mut out = Vec::with_capacity(self.text.len() + 64);
        out.extend_from_slice(&self.text[..self.text.len() - self.params.len()]);
        for param in self.params() {
            if param.name.eq_ignore_ascii_case(b"received") {
                continue;
            }
            out.push(b';');
            out.extend_from_slice(param.name);
            if param.name.eq_ignore_ascii_case(b"rport") {
                write!(out, "={port}").expect("a vector takes all that is written");
            } else if let Some(value) = param.value {
                out.push(b'=');
                out.extend_from_slice(value);
            }
        }
        if let Some(ip) = received {
            // RFC 5118 §4.5: without brackets.
            write!(out, ";received={ip}").expect("a vector takes all that is written");
        }
        out.into()
    }
}

/// `SIP / 2.0 / transport LWS`: the transport, and the rest from sent-by on.
fn protocol(text: &[u8]) -> Option<(&[u8], &[u8])> {
    // The usual spelling first; the blanks that the grammar permits are rare.
    let rest = match text.strip_prefix(b"SIP/2.0/") {
        Some(rest) => rest,
        None => {
            let name = memchr::memchr(b'/', text)?;
            let version = name + 1 + memchr::memchr(b'/', &text[name + 1..])?;
            if !text[..name].trim_ascii().eq_ignore_ascii_case(b"SIP")
                || text[name + 1..version].trim_ascii() != b"2.0"
            {
                return None;
            }
            text[version + 1..].trim_ascii_start()
        }
    };
    let (transport, rest) = rest.split_at(token_len(rest));
    let is_followed_by_blank = matches!(rest, [b' ' | b'\t', ..]);
    (is_followed_by_blank && !transport.is_empty()).then_some((transport, rest.trim_ascii_start()))
}

#[cfg(test)]
mod tests;
