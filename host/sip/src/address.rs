//! Addresses: From, To, Contact, Route and their kin (RFC 3261 §20.10, §25.1 `name-addr / addr-spec`).

use std::borrow::Cow;

use crate::header::TOKEN;
use crate::message::values::{comma, quoted_len};
use crate::message::{Malformed, Part};
use crate::octets::{find, find_any, trim};
use crate::session_timer::delta_seconds;
use crate::uri::{Param, Params, Uri};

/// One address value: display name, URI and header parameters, as slices of the text.
#[derive(Clone, Copy, Debug)]
pub struct NameAddr<'a> {
    display: &'a [u8],
    uri: &'a [u8],
    params: &'a [u8],
    bracketed: bool,
}

impl<'a> NameAddr<'a> {
    /// Reads one value; use [`Values`](crate::message::Values) to split a list first.
    ///
    /// Blanks round the parts are accepted. The URI is read by [`NameAddr::uri`] only, and parameters when they are
    /// asked for: [`Params::are_well_formed`] says whether they are.
    ///
    /// # Errors
    /// [`Malformed::Bad`] when a quote or bracket is not closed, the display name is neither quoted nor made of tokens,
    /// a URI without brackets holds a `?`, a quote or a comma, or something else than parameters stands behind.
    pub fn parse(value: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(trim(value)).ok_or(Malformed::Bad(Part::Address))
    }

    /// Reads the first value of a list.
    ///
    /// # Errors
    /// As [`NameAddr::parse`].
    pub fn parse_first(list: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse(&list[..comma(list)])
    }

    fn read(value: &'a [u8]) -> Option<Self> {
        let (open, display) = match value.first()? {
            b'<' => (0, &[][..]),
            // RFC 3261 §25.1: display-name = *(token LWS) / quoted-string
            b'"' => {
                let (quoted, rest) = value.split_at(quoted_len(value)?);
                let blanks = rest.len() - rest.trim_ascii_start().len();
                (quoted.len() + blanks, quoted)
            }
            _ => {
                let Some(open) = find(b'<', value) else { return Self::bare(value) };
                let is_tokens = value[..open]
                    .iter()
                    .all(|byte| TOKEN[usize::from(*byte)] || matches!(byte, b' ' | b'\t'));
                (is_tokens.then_some(open)?, value[..open].trim_ascii_end())
            }
        };
        if value.get(open) != Some(&b'<') {
            return None;
        }
        let inside = &value[open + 1..];
        let close = find(b'>', inside)?;
        let params = inside[close + 1..].trim_ascii_start();
        matches!(params, [] | [b';', ..]).then_some(Self {
            display,
            uri: &inside[..close],
            params,
            bracketed: true,
        })
    }

    /// `addr-spec`: parameters behind it belong to the header and not to the URI (RFC 3261 §20.10).
    fn bare(value: &'a [u8]) -> Option<Self> {
        let end = find(b';', value).unwrap_or(value.len());
        let uri = value[..end].trim_ascii_end();
        // RFC 3261 §20: a URI that holds a comma, a question mark or a semicolon stands in brackets.
        let is_plain = find_any([b'?', b'"', b','], uri).is_none();
        (is_plain && !uri.is_empty()).then_some(Self {
            display: &[],
            uri,
            params: &value[end..],
            bracketed: false,
        })
    }

    /// The display name as it stands, a quoted one with its quotes; empty when there is none.
    #[must_use]
    pub const fn display_raw(&self) -> &'a [u8] {
        self.display
    }

    /// The display name without quotes and escapes; `None` when there is none.
    #[must_use]
    pub fn display_name(&self) -> Option<Cow<'a, [u8]>> {
        (!self.display.is_empty()).then(|| crate::uri::unquote(self.display))
    }

    /// The URI by its parts.
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn uri(&self) -> Result<Uri<'a>, Malformed> {
        Uri::parse(self.uri)
    }

    /// The URI as it stands, without brackets.
    #[must_use]
    pub const fn uri_bytes(&self) -> &'a [u8] {
        self.uri
    }

    /// Whether the URI stands in angle brackets.
    #[must_use]
    pub const fn is_bracketed(&self) -> bool {
        self.bracketed
    }

    /// Whether this is the `*` of a REGISTER that removes all bindings (RFC 3261 §10.2.2).
    #[must_use]
    pub fn is_wildcard(&self) -> bool {
        !self.bracketed && self.uri == b"*"
    }

    /// The header parameters.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params::of(self.params)
    }

    /// The header parameter of that name, in any case.
    #[must_use]
    pub fn param(&self, name: &[u8]) -> Option<Param<'a>> {
        self.params().named(name)
    }

    /// Whether two addresses are the same: by RFC 3261 §20.20 their URIs are equivalent, and every header parameter that both
    /// have is the same. Display names, brackets and parameters that only one has mean nothing.
    #[must_use]
    pub fn is_equivalent(&self, other: &NameAddr<'_>) -> bool {
        let uris = match (self.uri(), other.uri()) {
            (Ok(ours), Ok(theirs)) => ours.is_equivalent(&theirs),
            (Ok(_) | Err(_), Ok(_) | Err(_)) => self.uri == other.uri,
        };
        uris && self.params().agree_with(other.params())
    }

    /// The `q` of a Contact in thousandths; `None` when there is none, or none that can be read (RFC 3261 §20.10).
    #[must_use]
    pub fn q(&self) -> Option<u16> {
        self.params().q()
    }

    /// The `expires` of a Contact in seconds; 3600 when it cannot be read (RFC 3261 §10.2.1.1); `None` when there is none.
    #[must_use]
    pub fn expires(&self) -> Option<u32> {
        let value = self.param(b"expires")?.value.unwrap_or_default();
        Some(delta_seconds(value).map_or(3600, |(seconds, _)| seconds))
    }

    /// The tag (RFC 3261 §19.3).
    #[must_use]
    pub fn tag(&self) -> Option<&'a [u8]> {
        self.param(b"tag")?.value
    }
}

#[cfg(test)]
mod tests;
