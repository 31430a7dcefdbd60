//! What both sides compute: HA1, the response and the server's proof (RFC 7616 §3.4.1 to §3.4.3, §3.5).

use core::fmt;

use md5::Md5;
use sha2::digest::Digest;
use sha2::{Sha256, Sha512_256};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use super::{Algorithm, HashFunction, Protection, Qop};

/// The result of a hash function in lower-case hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HexDigest {
    text: [u8; 64],
    len: u8,
}

impl HexDigest {
    /// The hash of some parts with a colon between each two.
    pub(super) fn of(function: HashFunction, parts: &[&[u8]]) -> Self {
        match function {
            HashFunction::Md5 => Self::with::<Md5>(parts),
            HashFunction::Sha256 => Self::with::<Sha256>(parts),
            HashFunction::Sha512_256 => Self::with::<Sha512_256>(parts),
        }
    }

    fn with<D: Digest>(parts: &[&[u8]]) -> Self {
        let mut hasher = D::new();
        for (at, part) in parts.iter().enumerate() {
            if at > 0 {
                hasher.update(b":");
            }
            hasher.update(part);
        }
        Self::from_octets(&hasher.finalize())
    }

    fn from_octets(octets: &[u8]) -> Self {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (octet, pair) in octets.iter().zip(text.chunks_exact_mut(2)) {
            pair.copy_from_slice(&[HEX[usize::from(octet >> 4)], HEX[usize::from(octet & 15)]]);
        }
        // 16 or 32 octets.
        Self { text, len: (2 * octets.len()).min(64) as u8 }
    }

    /// The digits.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..usize::from(self.len)]
    }

    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Whether a peer's hexadecimal text in either case is the same; takes as long for every text of that length.
    #[must_use]
    pub fn is(&self, told: &[u8]) -> bool {
        if told.len() != usize::from(self.len) {
            return false;
        }
        let mut lower = [0; 64];
        for (to, from) in lower.iter_mut().zip(told) {
            *to = from.to_ascii_lowercase();
        }
        self.as_bytes().ct_eq(&lower[..told.len()]).into()
    }
}

impl fmt::Debug for HexDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl fmt::Display for HexDigest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// `H(username ":" realm ":" password)`: as good as the password itself in its realm. Wiped when it is dropped.
#[derive(Clone)]
pub struct Ha1 {
    function: HashFunction,
    digest: HexDigest,
}

impl Ha1 {
    /// From a password. All three are taken as the octets that they are: UTF-8, and for RFC 7616 §4 in the form NFC.
    #[must_use]
    pub fn new(function: HashFunction, username: &[u8], realm: &[u8], password: &[u8]) -> Self {
        Self { function, digest: HexDigest::of(function, &[username, realm, password]) }
    }

    /// From hexadecimal text, as a file of credentials holds it; `None` when it is none of that function's length.
    #[must_use]
    pub fn from_hex(function: HashFunction, text: &[u8]) -> Option<Self> {
        let is_hex = text.len() == function.hex_len() && text.iter().all(u8::is_ascii_hexdigit);
        is_hex.then(|| {
            let mut digits = [0; 64];
            for (to, from) in digits.iter_mut().zip(text) {
                *to = from.to_ascii_lowercase();
            }
            Self { function, digest: HexDigest { text: digits, len: text.len() as u8 } }
        })
    }

    /// Of nobody: no response is ever computed from it, but computing with it takes as long as with any other.
    pub(super) fn of_nobody(function: HashFunction) -> Self {
        Self { function, digest: HexDigest { text: [b'0'; 64], len: function.hex_len() as u8 } }
    }

    /// The function that it was made with.
    #[must_use]
    pub const fn function(&self) -> HashFunction {
        self.function
    }

    /// The digits: a secret.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        self.digest.as_bytes()
    }

    /// A number that tells one secret from another and is of no use without the nonce's own exchange.
    pub(super) fn fingerprint(&self, nonce: &[u8]) -> u64 {
        let digest = HexDigest::of(HashFunction::Sha256, &[self.expose(), nonce]);
        digest.as_bytes()[..8].iter().fold(0, |sum, octet| sum << 8 | u64::from(*octet))
    }
}

impl fmt::Debug for Ha1 {
    /// Says nothing: it is a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Ha1({}, ..)", self.function.name())
    }
}

impl PartialEq for Ha1 {
    fn eq(&self, other: &Self) -> bool {
        self.function == other.function && self.digest.is(other.digest.as_bytes())
    }
}

impl Eq for Ha1 {}

impl Drop for Ha1 {
    fn drop(&mut self) {
        self.digest.text.zeroize();
    }
}

/// The hash of name and realm that stands for a name (RFC 7616 §3.4.4).
pub(super) fn userhash(function: HashFunction, username: &[u8], realm: &[u8]) -> HexDigest {
    HexDigest::of(function, &[username, realm])
}

/// One request as both sides hash it.
#[derive(Clone, Copy, Debug)]
pub struct Exchange<'a> {
    /// The algorithm.
    pub algorithm: Algorithm,
    /// The method of the request.
    pub method: &'a [u8],
    /// The `uri` parameter.
    pub uri: &'a [u8],
    /// The server's nonce.
    pub nonce: &'a [u8],
    /// Quality, count and client nonce; `None` in the way of RFC 2069.
    pub protection: Option<&'a Protection<'a>>,
    /// For the algorithms with `-sess`: nonce and client nonce of the first request that answered the challenge.
    /// `None`: this is that request.
    pub session: Option<(&'a [u8], &'a [u8])>,
    /// The body of the request, empty when it has none.
    pub body: &'a [u8],
}

impl Exchange<'_> {
    /// The `response` parameter (RFC 7616 §3.4.1).
    #[must_use]
    pub fn response(&self, ha1: &Ha1) -> HexDigest {
        self.keyed(ha1, self.method, self.body)
    }

    /// The `rspauth` parameter of the response to that request: no method, and the body of the response
    /// (RFC 7616 §3.5).
    #[must_use]
    pub fn rspauth(&self, ha1: &Ha1, body: &[u8]) -> HexDigest {
        self.keyed(ha1, b"", body)
    }

    fn keyed(&self, ha1: &Ha1, method: &[u8], body: &[u8]) -> HexDigest {
        let function = self.algorithm.function();
        let mut key = self.key(ha1);
        let is_whole = self.protection.is_some_and(|it| it.qop == Qop::AuthInt);
        let a2 = if is_whole {
            let body = HexDigest::of(function, &[body]);
            HexDigest::of(function, &[method, self.uri, body.as_bytes()])
        } else {
            HexDigest::of(function, &[method, self.uri])
        };
        let digest = match self.protection {
            Some(Protection { qop, cnonce, nc_text, .. }) => HexDigest::of(
                function,
                &[key.as_bytes(), self.nonce, nc_text, cnonce, qop.name().as_bytes(), a2.as_bytes()],
            ),
            None => HexDigest::of(function, &[key.as_bytes(), self.nonce, a2.as_bytes()]),
        };
        key.text.zeroize();
        digest
    }

    /// RFC 7616 §3.4.2: `H(A1)`.
    fn key(&self, ha1: &Ha1) -> HexDigest {
        if !self.algorithm.is_session() {
            return ha1.digest;
        }
        let own = self.protection.map_or(&b""[..], |it| &it.cnonce);
        let (nonce, cnonce) = self.session.unwrap_or((self.nonce, own));
        HexDigest::of(self.algorithm.function(), &[ha1.expose(), nonce, cnonce])
    }
}
