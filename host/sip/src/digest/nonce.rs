//! A server's nonces: time and a keyed hash, so that nothing has to be kept of a challenge (RFC 7616 §3.3, §5.4).
//!
//! A nonce is its place (which table counts its use), the time when it was minted and a hash over both and whatever it is
//! bound to. Whoever has the key knows an own nonce from a foreign one without having kept it.

use core::fmt;
use core::hash::Hasher;

use siphasher::sip128::{Hasher128, SipHasher24};
use subtle::ConstantTimeEq;

use crate::time::Time;

/// A secret under which nonces are hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NonceKey([u64; 2]);

impl NonceKey {
    /// A key from two random words.
    #[must_use]
    pub const fn new(words: [u64; 2]) -> Self {
        Self(words)
    }
}

impl fmt::Debug for NonceKey {
    /// Says nothing: the key is a secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("NonceKey(..)")
    }
}

/// A nonce of ours, or what looks like one.
///
/// Its text is 64 hexadecimal digits: place, microseconds since the Unix epoch, 128 bits of SipHash-2-4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nonce {
    place: u64,
    minted: Time,
    mac: [u8; 16],
}

/// Characters of a nonce.
pub(super) const NONCE_LEN: usize = 64;

impl Nonce {
    /// A new nonce, bound to some octets: the realm, and what else has to be the same when it comes back.
    ///
    /// Two of one place must not be minted for the same time, or they would share one count.
    #[must_use]
    pub fn mint(key: &NonceKey, place: u64, minted: Time, bound: &[&[u8]]) -> Self {
        Self { place, minted, mac: mac(key, place, minted, bound) }
    }

    /// Reads a nonce that has come back; `None` when it has not the form of ours. It may be forged:
    /// [`Nonce::is_under`].
    #[must_use]
    pub fn read(text: &[u8]) -> Option<Self> {
        let digits = core::str::from_utf8(text).ok()?;
        let is_ours =
            text.len() == NONCE_LEN && text.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        if !is_ours {
            return None;
        }
        let word = |from: usize, to: usize| u64::from_str_radix(digits.get(from..to)?, 16).ok();
        let mut mac = [0; 16];
        mac[..8].copy_from_slice(&word(32, 48)?.to_be_bytes());
        mac[8..].copy_from_slice(&word(48, 64)?.to_be_bytes());
        Some(Self { place: word(0, 16)?, minted: Time::from_micros(word(16, 32)?), mac })
    }

    /// Whether it was minted under that key for that; takes as long for every nonce.
    #[must_use]
    pub fn is_under(&self, key: &NonceKey, bound: &[&[u8]]) -> bool {
        mac(key, self.place, self.minted, bound).ct_eq(&self.mac).into()
    }

    /// Which table counts its use.
    #[must_use]
    pub const fn place(&self) -> u64 {
        self.place
    }

    /// When it was minted.
    #[must_use]
    pub const fn minted(&self) -> Time {
        self.minted
    }
}

fn mac(key: &NonceKey, place: u64, minted: Time, bound: &[&[u8]]) -> [u8; 16] {
    let mut hasher = SipHasher24::new_with_keys(key.0[0], key.0[1]);
    hasher.write_u64(place);
    hasher.write_u64(minted.as_micros());
    for part in bound {
        // With its length, so that the end of one part is never the beginning of another.
        hasher.write_u64(part.len() as u64);
        hasher.write(part);
    }
    hasher.finish128().as_u128().to_be_bytes()
}

impl fmt::Display for Nonce {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mac = u128::from_be_bytes(self.mac);
        write!(out, "{:016x}{:016x}{mac:032x}", self.place, self.minted.as_micros())
    }
}
