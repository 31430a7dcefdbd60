//! The server's side of one request: what is asked for, and whether credentials answer it (RFC 3261 §22.1 to §22.4,
//! RFC 7616 §3.4.6, RFC 8760 §2).

use core::fmt;
use std::borrow::Cow;

use super::hash::{HexDigest, userhash};
use super::{
    Algorithm, Asker, Authorization, BadParameters, Challenge, Exchange, Ha1, Nonce, NonceKey, Protection,
    Qops, Scheme, Schemes, Username,
};
use crate::message::Message;
use crate::time::{Duration, Time};
use crate::uri::Uri;

/// What a server protects and how it asks for credentials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Realm {
    /// Its name as users see it, by custom a domain (RFC 3261 §22.1).
    pub name: String,
    /// One challenge for each, the preferred one first (RFC 8760 §2.3). No credentials of another algorithm are taken.
    pub algorithms: Vec<Algorithm>,
    /// The qualities of protection that are offered. Where `auth` is, a client that knows none of them is let in too, with a
    /// nonce for each request.
    pub qops: Qops,
    /// Whether user names may come hashed.
    pub userhash: bool,
    /// Sent with every challenge, and then to be sent back.
    pub opaque: Option<String>,
    /// The `domain` parameter of WWW-Authenticate: URIs parted by blanks.
    pub domain: Option<String>,
    /// How far the `uri` parameter may differ from the Request-URI.
    pub uri_rule: UriRule,
    /// How long a nonce is good for.
    pub nonce_lifetime: Duration,
}

/// How far the `uri` parameter may differ from the Request-URI, which proxies rewrite (RFC 3261 §22.4, item 5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UriRule {
    /// Equivalent by RFC 3261 §19.1.4.
    Equivalent,
    /// Of the same host: calls are forwarded from one user to another.
    SameHost,
    /// In any way, for who is reached by proxies that forward between domains.
    Any,
}

/// Why a request is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// It has no credentials for that realm.
    NoCredentials,
    /// Its credentials cannot be read, or lack what RFC 7616 demands.
    Malformed(BadParameters),
    /// They are of an algorithm that was not offered.
    Algorithm,
    /// They are of a quality of protection that was not offered, or of none where that will not do.
    Qop,
    /// The user name is hashed, and that was not offered.
    Userhash,
    /// They name another opaque, or none.
    Opaque,
    /// They are for another Request-URI.
    Uri,
    /// The nonce is none of ours, or was minted for something else.
    ForeignNonce,
    /// The nonce is too old, or its uses are no longer known.
    StaleNonce,
    /// The same nonce was used with the same count before.
    Replayed,
    /// The response is not the one of that user and secret, or there is no such user: which of both is not told.
    WrongResponse,
}

impl Refusal {
    /// All of them, for tables that count them; one stands for all malformed ones.
    pub const ALL: [Self; 11] = [
        Self::NoCredentials,
        Self::Malformed(BadParameters::Syntax),
        Self::Algorithm,
        Self::Qop,
        Self::Userhash,
        Self::Opaque,
        Self::Uri,
        Self::ForeignNonce,
        Self::StaleNonce,
        Self::Replayed,
        Self::WrongResponse,
    ];

    /// A word for it, for metrics and logs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoCredentials => "no-credentials",
            Self::Malformed(_) => "malformed",
            Self::Algorithm => "algorithm",
            Self::Qop => "qop",
            Self::Userhash => "userhash",
            Self::Opaque => "opaque",
            Self::Uri => "uri",
            Self::ForeignNonce => "foreign-nonce",
            Self::StaleNonce => "stale-nonce",
            Self::Replayed => "replayed",
            Self::WrongResponse => "wrong-response",
        }
    }

    /// Whether the next challenge says `stale=true`: the client may answer it without asking its user again, because
    /// nobody has looked at the secret yet (RFC 7616 §3.3).
    #[must_use]
    pub const fn is_stale(self) -> bool {
        matches!(self, Self::ForeignNonce | Self::StaleNonce | Self::Replayed | Self::Opaque)
    }

    /// The status of the answer: 400 for what cannot be read (RFC 7616 §3.4), else that of whoever asks, with challenges.
    #[must_use]
    pub const fn status(self, asker: Asker) -> u16 {
        match self {
            Self::Malformed(_) => 400,
            Self::NoCredentials
            | Self::Algorithm
            | Self::Qop
            | Self::Userhash
            | Self::Opaque
            | Self::Uri
            | Self::ForeignNonce
            | Self::StaleNonce
            | Self::Replayed
            | Self::WrongResponse => asker.status(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Malformed(bad) => return write!(out, "credentials with {bad}"),
            Self::NoCredentials => "no credentials for this realm",
            Self::Algorithm => "an algorithm that was not offered",
            Self::Qop => "a quality of protection that was not offered",
            Self::Userhash => "a hashed user name, which was not offered",
            Self::Opaque => "another opaque than was sent",
            Self::Uri => "credentials for another Request-URI",
            Self::ForeignNonce => "a nonce that is not ours",
            Self::StaleNonce => "a nonce that is too old",
            Self::Replayed => "a nonce count that was used before",
            Self::WrongResponse => "wrong user or secret",
        })
    }
}

impl std::error::Error for Refusal {}

impl Realm {
    /// A realm with SHA-256 and, for older phones, MD5; quality `auth`, nonces of five minutes, URIs of the same host.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            algorithms: vec![Algorithm::Sha256, Algorithm::Md5],
            qops: Qops::AUTH,
            userhash: false,
            opaque: None,
            domain: None,
            uri_rule: UriRule::SameHost,
            nonce_lifetime: Duration::from_secs(300),
        }
    }

    /// The challenges with that nonce as header values, one for each algorithm in order of preference (RFC 8760 §2.3).
    pub fn challenges(&self, asker: Asker, nonce: &Nonce, stale: bool) -> impl Iterator<Item = Vec<u8>> {
        let nonce = nonce.to_string();
        self.algorithms.iter().map(move |algorithm| {
            Challenge {
                realm: Cow::Borrowed(self.name.as_bytes()),
                nonce: Cow::Borrowed(nonce.as_bytes()),
                // RFC 7616 §3.3: it means nothing to a proxy.
                domain: self
                    .domain
                    .as_ref()
                    .filter(|_| asker == Asker::Server)
                    .map(|it| Cow::Borrowed(it.as_bytes())),
                opaque: self.opaque.as_ref().map(|it| Cow::Borrowed(it.as_bytes())),
                stale,
                algorithm: Some(*algorithm),
                qops: self.qops,
                userhash: self.userhash,
            }
            .write()
        })
    }

    /// What a request claims by its credentials for this realm: all checks but those of nonce and secret.
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn claim<'a>(&self, request: &'a Message, asker: Asker) -> Result<Claim<'a>, Refusal> {
        let authorization = self.credentials(request, asker)?;
        if !self.algorithms.contains(&authorization.algorithm) {
            return Err(Refusal::Algorithm);
        }
        let is_offered = match &authorization.protection {
            Some(protection) => self.qops.offer(protection.qop),
            // RFC 3261 §22.4: clients of RFC 2069 are understood. Their nonce is good once, as they count nothing.
            None => self.qops.auth && !authorization.algorithm.is_session(),
        };
        if !is_offered {
            return Err(Refusal::Qop);
        }
        if matches!(authorization.username, Username::Hashed(_)) && !self.userhash {
            return Err(Refusal::Userhash);
        }
        let opaque = self.opaque.as_ref().map(String::as_bytes);
        if opaque.is_some() && authorization.opaque.as_deref() != opaque {
            return Err(Refusal::Opaque);
        }
        if !self.uri_rule.holds(&authorization.uri, request.request_uri()) {
            return Err(Refusal::Uri);
        }
        let method = request.method().map(crate::method::Method::as_bytes).unwrap_or_default();
        let nonce = Nonce::read(&authorization.nonce);
        Ok(Claim { authorization, method, body: request.body(), nonce })
    }

    /// The first credentials for this realm. Some that cannot be read are the request's fault only where none can.
    fn credentials<'a>(&self, request: &'a Message, asker: Asker) -> Result<Authorization<'a>, Refusal> {
        let mut refusal = Refusal::NoCredentials;
        for line in request.headers(asker.credentials_header()) {
            for scheme in Schemes::of(line) {
                let scheme = match scheme {
                    Ok(scheme) if scheme.is_digest() => scheme,
                    Ok(_) => continue,
                    Err(bad) => {
                        refusal = Refusal::Malformed(bad);
                        continue;
                    }
                };
                // Those for another realm are somebody else's (RFC 3261 §22.3).
                if realm_of(&scheme).is_some_and(|realm| *realm != *self.name.as_bytes()) {
                    continue;
                }
                match Authorization::read(&scheme) {
                    Ok(authorization) => return Ok(authorization),
                    // Not malformed: a client that knows more algorithms than we do.
                    Err(BadParameters::UnknownAlgorithm) => refusal = Refusal::Algorithm,
                    Err(BadParameters::UnknownQop) => refusal = Refusal::Qop,
                    Err(bad) => refusal = Refusal::Malformed(bad),
                }
            }
        }
        Err(refusal)
    }
}

/// The realm of an entry, be the rest of it malformed.
fn realm_of<'a>(scheme: &Scheme<'a>) -> Option<Cow<'a, [u8]>> {
    scheme.params().find(|param| param.is("realm")).map(|param| param.unquoted())
}

impl UriRule {
    fn holds(self, told: &[u8], request_uri: &[u8]) -> bool {
        if told == request_uri {
            return true;
        }
        let (Ok(told), Ok(request_uri)) = (Uri::parse(told), Uri::parse(request_uri)) else {
            // RFC 3261 §22.4: it is a SIP URI; any other scheme has come from a gateway, if at all.
            return self == Self::Any;
        };
        match self {
            Self::Equivalent => told.is_equivalent(&request_uri),
            Self::SameHost if told.is_sip() && request_uri.is_sip() => {
                told.host().eq_ignore_ascii_case(request_uri.host())
            }
            Self::SameHost => told.is_equivalent(&request_uri),
            Self::Any => true,
        }
    }
}

impl Nonce {
    /// Whether a nonce that came back is one of ours and young enough: minted under one of the keys for exactly `bound`.
    ///
    /// # Errors
    /// [`Refusal::ForeignNonce`] or [`Refusal::StaleNonce`].
    pub fn check(
        &self,
        keys: &[NonceKey],
        bound: &[&[u8]],
        now: Time,
        lifetime: Duration,
    ) -> Result<(), Refusal> {
        // All keys in any case: which one it was takes no time to tell.
        let is_ours = keys.iter().fold(false, |found, key| self.is_under(key, bound) | found);
        if !is_ours {
            return Err(Refusal::ForeignNonce);
        }
        // Minting counts on to keep nonces apart, and the clock of who took over may be a little behind.
        let is_young = self.minted() <= now + MINTED_AHEAD && now.since(self.minted()) <= lifetime;
        if is_young { Ok(()) } else { Err(Refusal::StaleNonce) }
    }
}

/// How far ahead of the clock a nonce may have been minted.
const MINTED_AHEAD: Duration = Duration::from_secs(1);

/// Credentials of a request that ask to be proven.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    authorization: Authorization<'a>,
    method: &'a [u8],
    body: &'a [u8],
    nonce: Option<Nonce>,
}

impl Claim<'_> {
    /// The credentials.
    #[must_use]
    pub const fn authorization(&self) -> &Authorization<'_> {
        &self.authorization
    }

    /// The algorithm, whose function the HA1 has to be of.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.authorization.algorithm
    }

    /// The nonce, as far as it has the form of ours.
    #[must_use]
    pub const fn nonce(&self) -> Option<&Nonce> {
        self.nonce.as_ref()
    }

    /// How many requests the client says to have sent with the nonce; 1 where it does not count.
    #[must_use]
    pub fn nc(&self) -> u32 {
        self.authorization.protection.as_ref().map_or(1, |protection| protection.nc)
    }

    /// The client's nonce.
    #[must_use]
    pub fn cnonce(&self) -> &[u8] {
        self.authorization.protection.as_ref().map_or(&[], |protection| &protection.cnonce)
    }

    /// Whether the claim is of that user in that realm, by its name or by the hash of it.
    #[must_use]
    pub fn is_of(&self, username: &[u8], realm: &[u8]) -> bool {
        match &self.authorization.username {
            Username::Plain(name) => **name == *username,
            Username::Hashed(hash) => userhash(self.algorithm().function(), username, realm).is(hash),
        }
    }

    /// Whether the response is that of the secret. `None`, which is the secret of nobody, never proves it and takes as
    /// long. `first_cnonce` is that of the nonce's first use, for the algorithms with `-sess`.
    #[must_use]
    pub fn is_proven_by(&self, ha1: Option<&Ha1>, first_cnonce: Option<&[u8]>) -> bool {
        let function = self.algorithm().function();
        let known = ha1.filter(|ha1| ha1.function() == function);
        let nobody = Ha1::of_nobody(function);
        let expected = self.exchange(first_cnonce).response(known.unwrap_or(&nobody));
        // The comparison runs in any case.
        expected.is(&self.authorization.response) & known.is_some()
    }

    /// The server's proof for the response that lets the request in; `None` for quality `auth-int`, where it depends on
    /// that response's body.
    #[must_use]
    pub fn rspauth(&self, ha1: &Ha1, first_cnonce: Option<&[u8]>) -> Option<HexDigest> {
        let protection = self.authorization.protection.as_ref()?;
        (protection.qop == super::Qop::Auth).then(|| self.exchange(first_cnonce).rspauth(ha1, b""))
    }

    fn exchange<'c>(&'c self, first_cnonce: Option<&'c [u8]>) -> Exchange<'c> {
        let protection: Option<&Protection<'_>> = self.authorization.protection.as_ref();
        Exchange {
            algorithm: self.authorization.algorithm,
            method: self.method,
            uri: &self.authorization.uri,
            nonce: &self.authorization.nonce,
            protection,
            session: first_cnonce.map(|cnonce| (&*self.authorization.nonce, cnonce)),
            body: self.body,
        }
    }
}
