//! WWW-Authenticate and Proxy-Authenticate: what a server asks for (RFC 7616 §3.3, RFC 3261 §20.27, §20.44).

use std::borrow::Cow;

use super::write::Parameters;
use super::{Algorithm, BadParameters, Qop, Scheme, Schemes};

/// One challenge of the scheme Digest. Parameters that are not known are passed over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge<'a> {
    /// The protection domain that a user name and password are for; compared octet for octet.
    pub realm: Cow<'a, [u8]>,
    /// The server's nonce, to be sent back as it is.
    pub nonce: Cow<'a, [u8]>,
    /// URIs that the credentials are good for, parted by blanks.
    pub domain: Option<Cow<'a, [u8]>>,
    /// To be sent back as it is.
    pub opaque: Option<Cow<'a, [u8]>>,
    /// Whether the last credentials were refused for their nonce alone.
    pub stale: bool,
    /// The algorithm; `None` for one that is not known, whose challenge is to be ignored (RFC 7616 §3.3).
    pub algorithm: Option<Algorithm>,
    /// The qualities of protection that are offered.
    pub qops: Qops,
    /// Whether the user name may be sent hashed (RFC 7616 §3.4.4).
    pub userhash: bool,
}

/// The qualities of protection that a challenge offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Qops {
    /// Whether the challenge has the parameter at all; without it the way of RFC 2069 is asked for.
    pub listed: bool,
    /// Whether `auth` is offered.
    pub auth: bool,
    /// Whether `auth-int` is offered.
    pub auth_int: bool,
}

impl Qops {
    /// `auth` alone.
    pub const AUTH: Self = Self { listed: true, auth: true, auth_int: false };
    /// `auth-int` alone.
    pub const AUTH_INT: Self = Self { listed: true, auth: false, auth_int: true };
    /// Both.
    pub const BOTH: Self = Self { listed: true, auth: true, auth_int: true };

    /// Whether that quality is offered.
    #[must_use]
    pub const fn offer(&self, qop: Qop) -> bool {
        match qop {
            Qop::Auth => self.auth,
            Qop::AuthInt => self.auth_int,
        }
    }

    /// RFC 7616 §3.3: tokens that are not known are ignored.
    fn read(list: &[u8]) -> Self {
        let mut qops = Self { listed: true, ..Self::default() };
        for token in list.split(|byte| *byte == b',') {
            match Qop::from_name(token.trim_ascii()) {
                Some(Qop::Auth) => qops.auth = true,
                Some(Qop::AuthInt) => qops.auth_int = true,
                None => {}
            }
        }
        qops
    }

    const fn name(self) -> Option<&'static str> {
        match (self.auth, self.auth_int) {
            (true, true) => Some("auth,auth-int"),
            (true, false) => Some("auth"),
            (false, true) => Some("auth-int"),
            (false, false) => None,
        }
    }
}

impl<'a> Challenge<'a> {
    /// Reads one entry of a challenge header.
    ///
    /// # Errors
    /// [`BadParameters`], a `charset` other than UTF-8 among them (RFC 7616 §3.3 permits no other). An algorithm or
    /// quality of protection that is not known is none.
    pub fn read(scheme: &Scheme<'a>) -> Result<Self, BadParameters> {
        if !scheme.is_digest() {
            return Err(BadParameters::Scheme);
        }
        let mut found: [Option<Cow<'a, [u8]>>; NAMES.len()] = Default::default();
        for param in scheme.params() {
            let Some(at) = NAMES.iter().position(|name| param.is(name)) else { continue };
            // RFC 7235 §2.1: a name occurs once. Who takes the first and who the last would not agree.
            if found[at].replace(param.unquoted()).is_some() {
                return Err(BadParameters::Repeated(NAMES[at]));
            }
        }
        let [realm, nonce, domain, opaque, stale, algorithm, qop, userhash, charset] = found;
        if charset.is_some_and(|charset| !charset.eq_ignore_ascii_case(b"UTF-8")) {
            return Err(BadParameters::Bad("charset"));
        }
        let is_true = |value: Option<Cow<'_, [u8]>>| value.is_some_and(|it| it.eq_ignore_ascii_case(b"true"));
        Ok(Self {
            realm: realm.ok_or(BadParameters::Missing("realm"))?,
            nonce: nonce.ok_or(BadParameters::Missing("nonce"))?,
            domain,
            opaque,
            stale: is_true(stale),
            // RFC 7616 §3.3: MD5 where none is named.
            algorithm: algorithm.map_or(Some(Algorithm::Md5), |name| Algorithm::from_name(&name)),
            qops: qop.map_or(Qops::default(), |list| Qops::read(&list)),
            userhash: is_true(userhash),
        })
    }

    /// The challenges of the scheme Digest in one line, in order.
    pub fn all(line: &'a [u8]) -> impl Iterator<Item = Result<Self, BadParameters>> {
        Schemes::of(line)
            .filter(|scheme| scheme.as_ref().map_or(true, Scheme::is_digest))
            .map(|scheme| Self::read(&scheme?))
    }

    /// The header value. An algorithm that is not known is left out, as are qualities of protection.
    #[must_use]
    pub fn write(&self) -> Vec<u8> {
        // RFC 7616 §3.3: realm, domain, nonce, opaque and qop are quoted, stale and algorithm never.
        Parameters::digest()
            .quoted("realm", &self.realm)
            .quoted("nonce", &self.nonce)
            .quoted_some("domain", self.domain.as_deref())
            .quoted_some("opaque", self.opaque.as_deref())
            .token_some("stale", self.stale.then_some("true"))
            .token_some("algorithm", self.algorithm.map(Algorithm::name))
            .quoted_some("qop", self.qops.name().map(str::as_bytes))
            .token_some("userhash", self.userhash.then_some("true"))
            .finish()
    }
}

/// The parameters that are known.
const NAMES: [&str; 9] =
    ["realm", "nonce", "domain", "opaque", "stale", "algorithm", "qop", "userhash", "charset"];
