//! Authorization and Proxy-Authorization: credentials (RFC 7616 §3.4, RFC 3261 §20.7, §20.28).

use std::borrow::Cow;

use super::write::Parameters;
use super::{Algorithm, BadParameters, Qop, Scheme};

/// One set of credentials of the scheme Digest. Parameters that are not known are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization<'a> {
    /// Who asks to be let in.
    pub username: Username<'a>,
    /// The realm of the challenge; compared octet for octet.
    pub realm: Cow<'a, [u8]>,
    /// The nonce of the challenge.
    pub nonce: Cow<'a, [u8]>,
    /// The Request-URI as the client wrote it.
    pub uri: Cow<'a, [u8]>,
    /// The response in hexadecimal.
    pub response: Cow<'a, [u8]>,
    /// MD5 where none is named.
    pub algorithm: Algorithm,
    /// What was protected; `None` in the way of RFC 2069.
    pub protection: Option<Protection<'a>>,
    /// The opaque of the challenge.
    pub opaque: Option<Cow<'a, [u8]>>,
}

/// Quality of protection with the two values that belong to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Protection<'a> {
    /// The quality.
    pub qop: Qop,
    /// How many requests the client has sent with this nonce, this one counted: at least 1.
    pub nc: u32,
    /// The nonce of the client; never empty.
    pub cnonce: Cow<'a, [u8]>,
    /// The count as it stands, which is what was hashed.
    pub(super) nc_text: [u8; 8],
}

/// A user name in one of its three forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Username<'a> {
    /// `username`, in UTF-8 where it is more than ASCII; or `username*`, which is written where it holds controls.
    Plain(Cow<'a, [u8]>),
    /// `username` with `userhash=true`: the hash of name and realm in hexadecimal (RFC 7616 §3.4.4).
    Hashed(Cow<'a, [u8]>),
}

impl<'a> Protection<'a> {
    /// For what is to be sent.
    #[must_use]
    pub fn new(qop: Qop, nc: u32, cnonce: impl Into<Cow<'a, [u8]>>) -> Self {
        Self { qop, nc, cnonce: cnonce.into(), nc_text: nc_text(nc) }
    }

    /// The count as eight hexadecimal digits, as it was or will be sent.
    #[must_use]
    pub const fn nc_text(&self) -> &[u8; 8] {
        &self.nc_text
    }
}

/// RFC 7616 §3.4: `nc-value = 8LHEX`.
fn nc_text(nc: u32) -> [u8; 8] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    core::array::from_fn(|at| HEX[(nc >> (28 - 4 * at) & 15) as usize])
}

impl<'a> Authorization<'a> {
    /// Reads one entry of a credentials header.
    ///
    /// # Errors
    /// [`BadParameters`]: it is of another scheme, or something is missing, repeated or malformed.
    pub fn read(scheme: &Scheme<'a>) -> Result<Self, BadParameters> {
        if !scheme.is_digest() {
            return Err(BadParameters::Scheme);
        }
        let mut found: [Option<Cow<'a, [u8]>>; NAMES.len()] = Default::default();
        for param in scheme.params() {
            let Some(at) = NAMES.iter().position(|name| param.is(name)) else { continue };
            if found[at].replace(param.unquoted()).is_some() {
                return Err(BadParameters::Repeated(NAMES[at]));
            }
        }
        let [username, extended, realm, nonce, uri, response, algorithm, qop, nc, cnonce, opaque, hashed] =
            found;
        let must = |value: Option<Cow<'a, [u8]>>, name| value.ok_or(BadParameters::Missing(name));
        let algorithm = match algorithm {
            Some(name) => Algorithm::from_name(&name).ok_or(BadParameters::UnknownAlgorithm)?,
            None => Algorithm::Md5,
        };
        let response = must(response, "response")?;
        let is_hex = response.iter().all(u8::is_ascii_hexdigit);
        if !is_hex || response.len() != algorithm.function().hex_len() {
            return Err(BadParameters::Bad("response"));
        }
        let protection = match qop {
            Some(qop) => Some(protection(&qop, must(nc, "nc")?, must(cnonce, "cnonce")?)?),
            None => None,
        };
        Ok(Self {
            username: Username::of(username, extended, hashed)?,
            realm: must(realm, "realm")?,
            nonce: must(nonce, "nonce")?,
            uri: must(uri, "uri")?,
            response,
            algorithm,
            protection,
            opaque,
        })
    }

    /// The header value.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        // RFC 7616 §3.4: username, realm, nonce, uri, response, cnonce and opaque are quoted; algorithm, qop and nc never.
        let start = Parameters::digest();
        let named = match &self.username {
            // RFC 3261 §25.1 has UTF-8 in quotes, and servers of before RFC 7616 know no `username*`.
            Username::Plain(name) if needs_escapes(name) => start.extended("username*", name),
            Username::Plain(name) => start.quoted("username", name),
            Username::Hashed(hash) => start.quoted("username", hash),
        };
        let protection = self.protection.as_ref();
        named
            .quoted("realm", &self.realm)
            .quoted("nonce", &self.nonce)
            .quoted("uri", &self.uri)
            .quoted("response", &self.response)
            .token("algorithm", self.algorithm.name())
            .token_some("qop", protection.map(|it| it.qop.name()))
            .token_some("nc", protection.map(|it| it.nc_text))
            .quoted_some("cnonce", protection.map(|it| &it.cnonce[..]))
            .quoted_some("opaque", self.opaque.as_deref())
            .token_some("userhash", matches!(self.username, Username::Hashed(_)).then_some("true"))
            .finish()
    }
}

impl<'a> Username<'a> {
    fn of(
        plain: Option<Cow<'a, [u8]>>,
        extended: Option<Cow<'a, [u8]>>,
        hashed: Option<Cow<'a, [u8]>>,
    ) -> Result<Self, BadParameters> {
        let is_hashed = hashed.is_some_and(|value| value.eq_ignore_ascii_case(b"true"));
        match (plain, extended) {
            (Some(hash), None) if is_hashed => Ok(Self::Hashed(hash)),
            (Some(name), None) => Ok(Self::Plain(name)),
            // RFC 7616 §3.4: `username*` is not for a hashed name.
            (None, Some(_)) if is_hashed => Err(BadParameters::Bad("userhash")),
            (None, Some(value)) => {
                extended_value(&value).map(|name| Self::Plain(Cow::Owned(name))).ok_or(BAD_EXTENDED)
            }
            (None, None) => Err(BadParameters::Missing("username")),
            // RFC 7616 §3.4: one of the two.
            (Some(_), Some(_)) => Err(BadParameters::Repeated("username")),
        }
    }
}

const BAD_EXTENDED: BadParameters = BadParameters::Bad("username*");

/// RFC 5987 §3.2: `charset'[language]'value` with escapes; UTF-8 alone.
fn extended_value(text: &[u8]) -> Option<Vec<u8>> {
    let mut parts = text.splitn(3, |byte| *byte == b'\'');
    let (charset, _language, escaped) = (parts.next()?, parts.next()?, parts.next()?);
    if !charset.eq_ignore_ascii_case(b"UTF-8") {
        return None;
    }
    let mut value = Vec::with_capacity(escaped.len());
    let mut rest = escaped;
    while let [first, after @ ..] = rest {
        rest = after;
        if *first != b'%' {
            super::write::is_attr_char(*first).then(|| value.push(*first))?;
            continue;
        }
        let [high, low, after @ ..] = rest else { return None };
        let digit = |octet: u8| char::from(octet).to_digit(16);
        value.push(u8::try_from(digit(*high)? * 16 + digit(*low)?).ok()?);
        rest = after;
    }
    core::str::from_utf8(&value).is_ok().then_some(value)
}

/// Controls may not stand in quotes; and what is no UTF-8 cannot be escaped (RFC 5987 §3.2).
fn needs_escapes(name: &[u8]) -> bool {
    name.iter().any(u8::is_ascii_control) && core::str::from_utf8(name).is_ok()
}

fn protection<'a>(
    qop: &[u8],
    nc: Cow<'a, [u8]>,
    cnonce: Cow<'a, [u8]>,
) -> Result<Protection<'a>, BadParameters> {
    let qop = Qop::from_name(qop).ok_or(BadParameters::UnknownQop)?;
    let bad = BadParameters::Bad("nc");
    let nc_text: [u8; 8] = nc[..].try_into().map_err(|_| bad)?;
    let digits = core::str::from_utf8(&nc_text).map_err(|_| bad)?;
    // `from_str_radix` would take a sign.
    if !nc_text.iter().all(u8::is_ascii_hexdigit) {
        return Err(bad);
    }
    let nc = u32::from_str_radix(digits, 16).map_err(|_| bad)?;
    // The count begins with 1 (RFC 7616 §3.4).
    if nc == 0 {
        return Err(bad);
    }
    if cnonce.is_empty() {
        return Err(BadParameters::Bad("cnonce"));
    }
    Ok(Protection { qop, nc, cnonce, nc_text })
}

/// The parameters that are known.
const NAMES: [&str; 12] = [
    "username",
    "username*",
    "realm",
    "nonce",
    "uri",
    "response",
    "algorithm",
    "qop",
    "nc",
    "cnonce",
    "opaque",
    "userhash",
];
