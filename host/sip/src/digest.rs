//! Digest authentication: RFC 7616 as SIP uses it (RFC 3261 §22, RFC 8760).
//!
//! The typed views of the headers are always here: [`Schemes`] splits lines, [`Challenge`], [`Authorization`] and
//! [`AuthenticationInfo`] read one entry of them, and are written again. What computes stands behind the feature
//! `digest`: `Ha1` and `Exchange` hash, `Realm` and `Verifier` ask and check, `Client` answers.
//!
//! Nothing here keeps a password. A server is given the HA1 of one user for one check, a client its `AuthInfo` for one
//! answer; both are wiped when they are dropped. Deliberately not here: where credentials come from, what a user may do,
//! and the Basic scheme, which RFC 3261 §22 forbids.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::header::{HeaderId, HeaderName};

mod authorization;
mod challenge;
mod info;
mod scheme;
mod write;

#[cfg(feature = "digest")]
mod client;
#[cfg(feature = "digest")]
mod hash;
#[cfg(feature = "digest")]
mod login;
#[cfg(feature = "digest")]
mod nonce;
#[cfg(feature = "digest")]
mod replay;
#[cfg(feature = "digest")]
mod server;
#[cfg(feature = "digest")]
mod verifier;

pub use authorization::{Authorization, Protection, Username};
pub use challenge::{Challenge, Qops};
pub use info::AuthenticationInfo;
pub use scheme::{AuthParam, AuthParams, Scheme, Schemes};

#[cfg(feature = "digest")]
pub use client::{Client, GiveUp, Header, Request, ServerProof};
#[cfg(feature = "digest")]
pub use hash::{Exchange, Ha1, HexDigest};
#[cfg(feature = "digest")]
pub use login::{AuthInfo, Login};
#[cfg(feature = "digest")]
pub use nonce::{Nonce, NonceKey};
#[cfg(feature = "digest")]
pub use replay::{NonceCounts, NotFresh};
#[cfg(feature = "digest")]
pub use server::{Claim, Realm, Refusal, UriRule};
#[cfg(feature = "digest")]
pub use verifier::{Proven, Verifier};

/// Who asks for credentials: it decides status and header names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Asker {
    /// A user agent server, registrar or redirect server: 401 (RFC 3261 §22.2).
    Server,
    /// A proxy: 407 (RFC 3261 §22.3).
    Proxy,
}

impl Asker {
    /// Both, the server first.
    pub const ALL: [Self; 2] = [Self::Server, Self::Proxy];

    /// The status of a response that asks: 401 or 407.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Server => 401,
            Self::Proxy => 407,
        }
    }

    /// The header of its challenges: WWW-Authenticate or Proxy-Authenticate.
    #[must_use]
    pub const fn challenge_header(self) -> HeaderId {
        match self {
            Self::Server => HeaderId::WwwAuthenticate,
            Self::Proxy => HeaderId::ProxyAuthenticate,
        }
    }

    /// The header of credentials for it: Authorization or Proxy-Authorization.
    #[must_use]
    pub const fn credentials_header(self) -> HeaderId {
        match self {
            Self::Server => HeaderId::Authorization,
            Self::Proxy => HeaderId::ProxyAuthorization,
        }
    }

    /// The header in which it proves itself: Authentication-Info or Proxy-Authentication-Info (RFC 7615).
    #[must_use]
    pub const fn info_header(self) -> HeaderName<'static> {
        match self {
            Self::Server => HeaderName::Known(HeaderId::AuthenticationInfo),
            Self::Proxy => HeaderName::Named(b"Proxy-Authentication-Info"),
        }
    }
}

/// A digest algorithm (RFC 7616 §3.3, RFC 8760 §2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Algorithm {
    /// `MD5`, also what a missing `algorithm` means. Broken for other uses, and what old phones know.
    Md5,
    /// `MD5-sess`
    Md5Sess,
    /// `SHA-256`, which every implementation of RFC 8760 has.
    Sha256,
    /// `SHA-256-sess`
    Sha256Sess,
    /// `SHA-512-256`: SHA-512/256 of FIPS 180-4, which is not SHA-512 cut off.
    Sha512_256,
    /// `SHA-512-256-sess`
    Sha512_256Sess,
}

/// The function that an algorithm hashes with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum HashFunction {
    /// MD5: 128 bits.
    Md5,
    /// SHA-256.
    Sha256,
    /// SHA-512/256.
    Sha512_256,
}

impl HashFunction {
    /// All of them, the weakest first.
    pub const ALL: [Self; 3] = [Self::Md5, Self::Sha256, Self::Sha512_256];

    /// Characters of its result in hexadecimal: 32 or 64.
    #[must_use]
    pub const fn hex_len(self) -> usize {
        match self {
            Self::Md5 => 32,
            Self::Sha256 | Self::Sha512_256 => 64,
        }
    }

    /// The name of the algorithm that uses it plainly, as in a file of credentials.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.algorithm().name()
    }

    /// The algorithm that uses it plainly.
    #[must_use]
    pub const fn algorithm(self) -> Algorithm {
        match self {
            Self::Md5 => Algorithm::Md5,
            Self::Sha256 => Algorithm::Sha256,
            Self::Sha512_256 => Algorithm::Sha512_256,
        }
    }
}

impl Algorithm {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Md5, Self::Md5Sess, Self::Sha256, Self::Sha256Sess, Self::Sha512_256, Self::Sha512_256Sess];

    /// The token that names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
            Self::Sha512_256 => "SHA-512-256",
            Self::Sha512_256Sess => "SHA-512-256-sess",
        }
    }

    /// The algorithm of that name, in any case.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name().as_bytes().eq_ignore_ascii_case(name))
    }

    /// The function that it hashes with.
    #[must_use]
    pub const fn function(self) -> HashFunction {
        match self {
            Self::Md5 | Self::Md5Sess => HashFunction::Md5,
            Self::Sha256 | Self::Sha256Sess => HashFunction::Sha256,
            Self::Sha512_256 | Self::Sha512_256Sess => HashFunction::Sha512_256,
        }
    }

    /// Whether HA1 is hashed once more with the first nonce and client nonce (RFC 7616 §3.4.2).
    #[must_use]
    pub const fn is_session(self) -> bool {
        matches!(self, Self::Md5Sess | Self::Sha256Sess | Self::Sha512_256Sess)
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.name())
    }
}

/// The quality of protection: what of a message the response is computed over (RFC 7616 §3.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Qop {
    /// `auth`: method and URI.
    Auth,
    /// `auth-int`: the body too.
    AuthInt,
}

impl Qop {
    /// The token that names it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    /// The quality of that name, in any case.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        [Self::Auth, Self::AuthInt].into_iter().find(|qop| qop.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// What is wrong with the parameters of one challenge or of one set of credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BadParameters {
    /// It is of another scheme than Digest.
    Scheme,
    /// A parameter cannot be read, or something else stands where one should.
    Syntax,
    /// A parameter occurs twice (RFC 7235 §2.1).
    Repeated(&'static str),
    /// A parameter is not there that must be.
    Missing(&'static str),
    /// A parameter has a value that it cannot have.
    Bad(&'static str),
    /// The algorithm is none of [`Algorithm`].
    UnknownAlgorithm,
    /// The quality of protection is none of [`Qop`].
    UnknownQop,
}

impl fmt::Display for BadParameters {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scheme => out.write_str("another scheme than Digest"),
            Self::Syntax => out.write_str("parameters that cannot be read"),
            Self::Repeated(name) => write!(out, "repeated {name}"),
            Self::Missing(name) => write!(out, "missing {name}"),
            Self::Bad(name) => write!(out, "malformed {name}"),
            Self::UnknownAlgorithm => out.write_str("unknown algorithm"),
            Self::UnknownQop => out.write_str("unknown qop"),
        }
    }
}

impl std::error::Error for BadParameters {}

#[cfg(test)]
#[cfg(feature = "digest")]
mod tests;
