//! URIs: any scheme, with the parts of sip and sips (RFC 3261 §19.1).
//!
//! A [`Uri`] is a view: the parts are slices of the text, escapes stay as they are. Two views are compared by the rules
//! of §19.1.4 with [`Uri::is_equivalent`]; `==` would mean something else and is therefore not there.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::borrow::Cow;

use crate::message::{Malformed, Part};
use crate::octets;

mod equal;
mod params;
mod tel;

pub(crate) use params::unquote;
pub use params::{Param, Params};
pub use tel::TelephoneNumber;

/// A URI by its parts.
#[derive(Clone, Copy, Debug)]
pub struct Uri<'a> {
    text: &'a [u8],
    scheme: Scheme,
    scheme_len: usize,
    sip: Parts<'a>,
}

/// The parts of a sip or sips URI; empty for any other scheme.
#[derive(Clone, Copy, Debug, Default)]
struct Parts<'a> {
    user: Option<&'a [u8]>,
    password: Option<&'a [u8]>,
    host: &'a [u8],
    port: Option<u16>,
    params: &'a [u8],
    headers: Option<&'a [u8]>,
}

/// What kind of URI it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// Any other; see [`Uri::scheme_name`].
    Other,
}

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets.
    ///
    /// # Errors
    /// [`Malformed::Bad`] when there is no scheme, a blank or bracket inside, or a sip URI has no valid host or port.
    pub fn parse(text: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(text).ok_or(Malformed::Bad(Part::Uri))
    }

    /// Whether [`Uri::parse`] can read it: without making the parts, that takes half the time.
    pub(crate) fn is_valid(text: &[u8]) -> bool {
        Uri::read(text).is_some()
    }

    #[inline]
    fn read(text: &'a [u8]) -> Option<Self> {
        // The usual spelling first: one comparison.
        let (scheme, scheme_len) = match text {
            [b's', b'i', b'p', b':', ..] => (Scheme::Sip, 3),
            [b's', b'i', b'p', b's', b':', ..] => (Scheme::Sips, 4),
            _ => {
                let len = octets::find(b':', text)?;
                (Scheme::of(&text[..len])?, len)
            }
        };
        let rest = &text[scheme_len + 1..];
        let sip = match scheme {
            Scheme::Sip | Scheme::Sips => Parts::read(rest)?,
            Scheme::Tel | Scheme::Other => {
                if rest.is_empty() || !octets::are_uri(rest) {
                    return None;
                }
                Parts::default()
            }
        };
        Some(Self { text, scheme, scheme_len, sip })
    }

    /// The whole URI.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.text
    }

    /// The kind of URI.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The scheme as it stands.
    #[must_use]
    pub fn scheme_name(&self) -> &'a [u8] {
        &self.text[..self.scheme_len]
    }

    /// Whether the parts of a sip URI are there: sip or sips.
    #[must_use]
    pub const fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// What stands behind the scheme and its colon.
    #[must_use]
    pub fn opaque(&self) -> &'a [u8] {
        &self.text[self.scheme_len + 1..]
    }

    /// The user part with its escapes, without the password.
    #[must_use]
    pub const fn user(&self) -> Option<&'a [u8]> {
        self.sip.user
    }

    /// The password.
    #[must_use]
    pub const fn password(&self) -> Option<&'a [u8]> {
        self.sip.password
    }

    /// The host, an IPv6 address with its brackets; empty when the scheme has none.
    #[must_use]
    pub const fn host(&self) -> &'a [u8] {
        self.sip.host
    }

    /// The host as an address, when it is one.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        host_ip(self.sip.host)
    }

    /// The port, when it is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.sip.port
    }

    /// Host and port.
    #[must_use]
    pub const fn host_port(&self) -> (&'a [u8], Option<u16>) {
        (self.sip.host, self.sip.port)
    }

    /// The URI parameters.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params::of(self.sip.params)
    }

    /// The parameter of that name, in any case.
    #[must_use]
    pub fn param(&self, name: &[u8]) -> Option<Param<'a>> {
        self.params().named(name)
    }

    /// The value of the `transport` parameter.
    #[must_use]
    pub fn transport_param(&self) -> Option<&'a [u8]> {
        self.param(b"transport")?.value
    }

    /// Whether the `lr` parameter is there: a loose router (RFC 3261 §19.1.1).
    #[must_use]
    pub fn lr(&self) -> bool {
        self.param(b"lr").is_some()
    }

    /// The telephone number of a tel URI, or of a sip or sips URI with `user=phone` (RFC 3966, RFC 3261 §19.1.6); `None` for
    /// any other URI, and where there is no number.
    #[must_use]
    pub fn telephone_number(&self) -> Option<TelephoneNumber<'a>> {
        match self.scheme {
            Scheme::Tel => TelephoneNumber::parse(self.opaque()),
            Scheme::Sip | Scheme::Sips => {
                let is_phone = self.param(b"user").and_then(|param| param.value);
                is_phone.filter(|user| user.eq_ignore_ascii_case(b"phone"))?;
                TelephoneNumber::parse(self.user()?)
            }
            Scheme::Other => None,
        }
    }

    /// The headers component by its fields, without escapes: what a request made of this URI gets (RFC 3261 §19.1.5).
    pub fn header_fields(&self) -> impl Iterator<Item = (Cow<'a, [u8]>, Cow<'a, [u8]>)> + Clone + use<'a> {
        let fields = self.headers().unwrap_or_default().split(|byte| *byte == b'&');
        fields.filter(|field| !field.is_empty()).map(|field| {
            let end = octets::find(b'=', field).unwrap_or(field.len());
            (equal::unescape(&field[..end]), equal::unescape(field.get(end + 1..).unwrap_or_default()))
        })
    }

    /// The headers component behind `?`, when there is one.
    #[must_use]
    pub const fn headers(&self) -> Option<&'a [u8]> {
        self.sip.headers
    }
}

impl Scheme {
    /// RFC 3261 §25.1: `scheme = ALPHA *( ALPHA / DIGIT / "+" / "-" / "." )`
    fn of(name: &[u8]) -> Option<Self> {
        if name.eq_ignore_ascii_case(b"sip") {
            return Some(Self::Sip);
        }
        if name.eq_ignore_ascii_case(b"sips") {
            return Some(Self::Sips);
        }
        if name.eq_ignore_ascii_case(b"tel") {
            return Some(Self::Tel);
        }
        let valid = name.first().is_some_and(u8::is_ascii_alphabetic)
            && name.iter().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'));
        valid.then_some(Self::Other)
    }
}

impl<'a> Parts<'a> {
    #[inline]
    fn read(text: &'a [u8]) -> Option<Self> {
        let mut parts = Self::default();
        // The user part may hold any of ; ? / but never a bare @, and nothing behind it does.
        let place = match octets::find_any_or_no_uri([b'@'], text) {
            None => text,
            Some(at) if text[at] == b'@' => {
                parts.userinfo(&text[..at])?;
                &text[at + 1..]
            }
            Some(_) => return None,
        };
        let host_len = host_len(place)?;
        parts.host = &place[..host_len];
        let mut rest = &place[host_len..];
        if let [b':', port @ ..] = rest {
            let digits = port.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(port.len());
            parts.port = Some(read_port(&port[..digits])?);
            rest = &port[digits..];
        }
        match rest.first() {
            None => return Some(parts),
            Some(b';' | b'?') => {}
            Some(_) => return None,
        }
        // A second @ is not told from the first one by everybody.
        match octets::find_any_or_no_uri([b'?', b'@'], rest) {
            None => parts.params = rest,
            Some(at) if rest[at] == b'?' => {
                let headers = &rest[at + 1..];
                if octets::find_any_or_no_uri([b'@'], headers).is_some() {
                    return None;
                }
                (parts.params, parts.headers) = (&rest[..at], Some(headers));
            }
            Some(_) => return None,
        }
        Some(parts)
    }

    /// `user [ ":" password ]`, its octets being those of a URI.
    #[inline]
    fn userinfo(&mut self, info: &'a [u8]) -> Option<()> {
        let colon = octets::find(b':', info);
        let user = &info[..colon.unwrap_or(info.len())];
        self.password = colon.map(|colon| &info[colon + 1..]);
        self.user = Some(user);
        (!user.is_empty()).then_some(())
    }
}

/// The length of the host at the start of `place`; `None` when there is none or it is malformed.
///
/// Names may hold an underscore, which RFC 3261 forbids and the field uses. What stands between the brackets of an IPv6
/// reference is not checked beyond its octets: RFC 5118 §4.10 asks to accept three colons in a row.
pub(crate) fn host_len(place: &[u8]) -> Option<usize> {
    if place.first() == Some(&b'[') {
        let close = octets::find(b']', place)?;
        let inside = &place[1..close];
        let valid = inside.contains(&b':')
            && inside.iter().all(|byte| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.'));
        return valid.then_some(close + 1);
    }
    let len = octets::host_name_len(place);
    (len > 0).then_some(len)
}

/// The host as an address, an IPv6 reference with or without its brackets.
#[must_use]
pub fn host_ip(host: &[u8]) -> Option<IpAddr> {
    // A name is told from an address by its last octet: no top level domain ends in a digit.
    let last = host.last()?;
    if last.is_ascii_digit()
        && let Some(ip) = ipv4(host)
    {
        return Some(IpAddr::V4(ip));
    }
    if *last != b']' && !host.contains(&b':') {
        return None;
    }
    let inside = host.strip_prefix(b"[").map_or(Some(host), |inside| inside.strip_suffix(b"]"))?;
    core::str::from_utf8(inside).ok()?.parse::<Ipv6Addr>().ok().map(IpAddr::V6)
}

/// `1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT "." 1*3DIGIT`, no zeros in front.
fn ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0; 4];
    let mut rest = text;
    for (index, octet) in octets.iter_mut().enumerate() {
        if index > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let digit = |digit: &u8| u16::from(digit - b'0');
        let number;
        (number, rest) = match rest {
            [a @ b'1'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', rest @ ..] => {
                (digit(a) * 100 + digit(b) * 10 + digit(c), rest)
            }
            [a @ b'1'..=b'9', b @ b'0'..=b'9', rest @ ..] => (digit(a) * 10 + digit(b), rest),
            [a @ b'0'..=b'9', rest @ ..] => (digit(a), rest),
            _ => return None,
        };
        *octet = u8::try_from(number).ok()?;
    }
    rest.is_empty().then(|| Ipv4Addr::from(octets))
}

/// A port of 1 to 5 digits.
#[inline]
pub(crate) fn read_port(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 5 {
        return None;
    }
    let number = digits.iter().try_fold(0_u32, |sum, digit| {
        let value = digit.wrapping_sub(b'0');
        (value <= 9).then(|| sum * 10 + u32::from(value))
    })?;
    u16::try_from(number).ok()
}

#[cfg(test)]
mod tests;
