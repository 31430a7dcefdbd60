//! Addresses and URIs as text: thin views over the types of `siplet-sip`, so that there is one parser of a header.

use core::fmt;
use std::borrow::Cow;

use siplet_sip::address::NameAddr;
use siplet_sip::uri::Scheme;

use crate::{Error, Result};

/// One value of From, To, Contact and their kin: display name, URI and header parameters (RFC 3261 §20.10).
///
/// ```
/// use siplet::Address;
///
/// let bob = Address::parse("\"Bob, at home\" <sip:bob@example.com;transport=tcp>;tag=77")?;
/// assert_eq!(bob.display_name().as_deref(), Some("Bob, at home"));
/// assert_eq!(bob.uri()?.user(), Some("bob"));
/// assert_eq!(bob.tag(), Some("77"));
/// # Ok::<(), siplet::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Address<'a> {
    text: &'a str,
    parts: NameAddr<'a>,
}

impl<'a> Address<'a> {
    /// Reads one value.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`].
    // jsr289: SipFactory.createAddress(String)
    pub fn parse(text: &'a str) -> Result<Self> {
        let parts = NameAddr::parse(text.as_bytes()).map_err(|_| invalid("address", text))?;
        Ok(Self { text, parts })
    }

    /// Reads the first value of a list.
    pub(crate) fn first(list: &'a str) -> Result<Self> {
        let parts = NameAddr::parse_first(list.as_bytes()).map_err(|_| invalid("address", list))?;
        Ok(Self { text: list, parts })
    }

    /// The display name without quotes and escapes; `None` when there is none.
    // jsr289: Address.getDisplayName()
    #[must_use]
    pub fn display_name(&self) -> Option<Cow<'a, str>> {
        self.parts.display_name().map(|name| match name {
            Cow::Borrowed(name) => String::from_utf8_lossy(name),
            Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).into_owned()),
        })
    }

    /// The URI by its parts.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`].
    // jsr289: Address.getURI()
    pub fn uri(&self) -> Result<Uri<'a>> {
        Uri::parse(self.uri_text())
    }

    /// The URI as it stands, without angle brackets.
    #[must_use]
    pub fn uri_text(&self) -> &'a str {
        text(self.parts.uri_bytes())
    }

    /// The tag (RFC 3261 §19.3).
    #[must_use]
    pub fn tag(&self) -> Option<&'a str> {
        self.parts.tag().map(text)
    }

    /// The value of the header parameter of that name, in any case, without quotes; empty for a name alone.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'a, str>> {
        self.parts.param(name.as_bytes()).map(|param| unquoted(param.unquoted()))
    }
}

impl fmt::Display for Address<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text)
    }
}

impl fmt::Debug for Address<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.text)
    }
}

/// A URI by its parts. All parts are texts as they stand, escapes and all; only `sip` and `sips` have them all.
///
/// ```
/// use siplet::Uri;
///
/// let uri = Uri::parse("sips:carol@[2001:db8::7]:5071;transport=tcp")?;
/// assert_eq!((uri.scheme(), uri.user(), uri.host(), uri.port()), ("sips", Some("carol"), "[2001:db8::7]", Some(5071)));
/// assert_eq!(uri.param("Transport").as_deref(), Some("tcp"));
/// assert!(uri.is_same("sips:carol@[2001:DB8::7]:5071;transport=TCP"));
/// # Ok::<(), siplet::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Uri<'a> {
    parts: siplet_sip::uri::Uri<'a>,
}

impl<'a> Uri<'a> {
    /// Reads a URI without angle brackets.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`].
    pub fn parse(text: &'a str) -> Result<Self> {
        let parts = siplet_sip::uri::Uri::parse(text.as_bytes()).map_err(|_| invalid("URI", text))?;
        Ok(Self { parts })
    }

    /// The whole URI.
    #[must_use]
    pub const fn as_str(&self) -> &'a str {
        text(self.parts.as_bytes())
    }

    /// `sip`, `sips`, `tel` or any other, the first three in lower case whatever stands there.
    #[must_use]
    pub fn scheme(&self) -> &'a str {
        match self.parts.scheme() {
            Scheme::Sip => "sip",
            Scheme::Sips => "sips",
            Scheme::Tel => "tel",
            Scheme::Other => text(self.parts.scheme_name()),
        }
    }

    /// The user part, without the password.
    // jsr289: SipURI.getUser()
    #[must_use]
    pub fn user(&self) -> Option<&'a str> {
        self.parts.user().map(text)
    }

    /// The host, an IPv6 address with its brackets; empty when the scheme has none.
    #[must_use]
    pub const fn host(&self) -> &'a str {
        text(self.parts.host())
    }

    /// The port, when it is written.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.parts.port()
    }

    /// What stands behind the scheme and its colon: the number of a `tel` URI with its parameters.
    #[must_use]
    pub fn opaque(&self) -> &'a str {
        text(self.parts.opaque())
    }

    /// The value of the URI parameter of that name, in any case; empty for a name alone.
    // jsr289: URI.getParameter(String)
    #[must_use]
    pub fn param(&self, name: &str) -> Option<Cow<'a, str>> {
        self.parts.param(name.as_bytes()).map(|param| unquoted(param.unquoted()))
    }

    /// Whether both mean the same by the rules of RFC 3261 §19.1.4. A text that is no URI is never the same.
    #[must_use]
    pub fn is_same(&self, other: &str) -> bool {
        siplet_sip::uri::Uri::parse(other.as_bytes()).is_ok_and(|other| self.parts.is_equivalent(&other))
    }
}

impl fmt::Display for Uri<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Debug for Uri<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

fn unquoted(value: Cow<'_, [u8]>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(value) => Cow::Borrowed(text(value)),
        Cow::Owned(value) => Cow::Owned(String::from_utf8_lossy(&value).into_owned()),
    }
}

/// A part of a text, cut at ASCII marks: always UTF-8.
const fn text(part: &[u8]) -> &str {
    match core::str::from_utf8(part) {
        Ok(text) => text,
        Err(_) => "",
    }
}

fn invalid(what: &str, text: &str) -> Error {
    Error::InvalidAddress(format!("{text:?} is no {what}"))
}
