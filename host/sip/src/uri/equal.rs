//! URI equality (RFC 3261 §19.1.4).

use super::{Param, Params, Scheme, Uri};
use std::borrow::Cow;

impl Uri<'_> {
    /// Whether two URIs are equivalent: by RFC 3261 §19.1.4 for sip and sips, by RFC 3966 §4 for tel; for other schemes,
    /// whether they are octet for octet the same but for the case of the scheme.
    ///
    /// The relation is, as the RFC says, not transitive.
    #[must_use]
    pub fn is_equivalent(&self, other: &Uri<'_>) -> bool {
        if self.scheme != other.scheme {
            return false;
        }
        match self.scheme {
            Scheme::Sip | Scheme::Sips => self.is_equivalent_sip(other),
            Scheme::Tel => match (self.telephone_number(), other.telephone_number()) {
                (Some(ours), Some(theirs)) => ours.is_equivalent(&theirs),
                // Without a number there is nothing to compare but the text.
                (None, None) => self.opaque() == other.opaque(),
                (Some(_), None) | (None, Some(_)) => false,
            },
            Scheme::Other => {
                self.scheme_name().eq_ignore_ascii_case(other.scheme_name())
                    && self.opaque() == other.opaque()
            }
        }
    }

    fn is_equivalent_sip(&self, other: &Uri<'_>) -> bool {
        same_optional(self.user(), other.user(), Case::Sensitive)
            && same_optional(self.password(), other.password(), Case::Sensitive)
            && same(self.host(), other.host(), Case::Insensitive)
            // A URI that leaves out the port does not match one that names the default port.
            && self.port() == other.port()
            && params_agree(self.params(), other.params())
            && params_agree(other.params(), self.params())
            && headers_agree(self.headers(), other.headers())
    }
}

/// Every parameter of `ours` that `theirs` has too is the same; those that decide must be in both.
fn params_agree(ours: Params<'_>, theirs: Params<'_>) -> bool {
    ours.into_iter().all(|param| match theirs.named(param.name) {
        Some(other) => same_optional(param.value, other.value, Case::Insensitive),
        None => !DECIDING.iter().any(|name| param.name.eq_ignore_ascii_case(name)),
    })
}

/// Parameters that never match a URI without them (§19.1.4; `transport` by its examples).
const DECIDING: [&[u8]; 5] = [b"user", b"ttl", b"method", b"maddr", b"transport"];

/// Header components are never ignored: the same names with the same values, in any order.
fn headers_agree(ours: Option<&[u8]>, theirs: Option<&[u8]>) -> bool {
    let (ours, theirs) = (ours.unwrap_or_default(), theirs.unwrap_or_default());
    if ours.is_empty() || theirs.is_empty() {
        return ours.is_empty() && theirs.is_empty();
    }
    let among = |one: &[u8], list: &[u8]| {
        let one = header_field(one);
        list.split(|byte| *byte == b'&').any(|field| {
            let field = header_field(field);
            same(one.name, field.name, Case::Insensitive)
                && same_optional(one.value, field.value, Case::Sensitive)
        })
    };
    let count = |list: &[u8]| list.split(|byte| *byte == b'&').count();
    count(ours) == count(theirs)
        && ours.split(|byte| *byte == b'&').all(|one| among(one, theirs))
        && theirs.split(|byte| *byte == b'&').all(|one| among(one, ours))
}

fn header_field(field: &[u8]) -> Param<'_> {
    match memchr::memchr(b'=', field) {
        Some(at) => Param { name: &field[..at], value: Some(&field[at + 1..]) },
        None => Param { name: field, value: None },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Case {
    Sensitive,
    Insensitive,
}

fn same_optional(one: Option<&[u8]>, other: Option<&[u8]>, case: Case) -> bool {
    match (one, other) {
        (None, None) => true,
        (Some(one), Some(other)) => same(one, other, case),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Whether two texts are the same where `%41` is `A`, but `%3b` is not `;`: a reserved octet is not its escape.
fn same(one: &[u8], other: &[u8], case: Case) -> bool {
    let fold = |unit: (u8, bool)| match case {
        Case::Sensitive => unit,
        Case::Insensitive => (unit.0.to_ascii_lowercase(), unit.1),
    };
    one == other || Units { rest: one }.map(fold).eq(Units { rest: other }.map(fold))
}

/// The octets of a text with escapes taken away, each with whether it must stay told apart from its plain form.
struct Units<'a> {
    rest: &'a [u8],
}

impl Iterator for Units<'_> {
    type Item = (u8, bool);

    fn next(&mut self) -> Option<(u8, bool)> {
        if let [b'%', high, low, rest @ ..] = self.rest
            && let (Some(high), Some(low)) = (hex(*high), hex(*low))
        {
            self.rest = rest;
            let byte = high * 16 + low;
            return Some((byte, is_reserved(byte)));
        }
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some((*first, false))
    }
}

/// A text without escapes; a percent sign that begins none stays.
pub(super) fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'%', text).is_none() {
        return text.into();
    }
    Units { rest: text }.map(|(byte, _)| byte).collect()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// RFC 3261 §25.1: `reserved`; and octets that are no URI character at all.
fn is_reserved(byte: u8) -> bool {
    matches!(byte, b';' | b'/' | b'?' | b':' | b'@' | b'&' | b'=' | b'+' | b'$' | b',')
        || !byte.is_ascii_graphic()
}
