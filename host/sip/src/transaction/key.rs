//! The names by which a server transaction is found: RFC 3261 §17.2.3, §9.2 and §8.2.2.2.
//!
//! A key is a 128-bit keyed hash. Two different names share one with a probability of about n²/2^129 for n live
//! transactions, and a peer who does not know the [`HashKey`] cannot bring it about.

use core::fmt;
use core::hash::Hasher;
use serde::{Deserialize, Serialize};
use siphasher::sip128::{Hasher128, SipHasher13};

/// The secret under which names are hashed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct HashKey(u64, u64);

impl HashKey {
    /// A key from two random words.
    #[must_use]
    pub const fn new(first: u64, second: u64) -> Self {
        Self(first, second)
    }
}

impl fmt::Debug for HashKey {
    /// Says nothing: the key is a secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashKey(..)")
    }
}

/// The name of a server transaction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ServerKey(u128);

/// The name of a request that may have come twice by different paths (RFC 3261 §8.2.2.2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct MergeKey(u128);

impl fmt::Debug for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerKey({:032x})", self.0)
    }
}

impl fmt::Debug for MergeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MergeKey({:032x})", self.0)
    }
}

/// What a hash is about, so that two kinds of name never meet.
#[derive(Clone, Copy)]
#[repr(u8)]
enum Kind {
    /// A branch with the magic cookie.
    Branch = 1,
    /// A request of an RFC 2543 element.
    Rfc2543 = 2,
    /// A merged request.
    Merge = 3,
}

/// A keyed hash over fields, each with its length, so that no two lists of fields read the same.
struct NameHasher(SipHasher13);

impl NameHasher {
    fn new(key: &HashKey, kind: Kind) -> Self {
        let mut hasher = SipHasher13::new_with_keys(key.0, key.1);
        hasher.write_u8(kind as u8);
        Self(hasher)
    }

    /// Bytes as they stand.
    fn exact(mut self, field: &[u8]) -> Self {
        self.0.write_u64(field.len() as u64);
        self.0.write(field);
        self
    }

    /// Bytes in lower case.
    fn lower_case(mut self, field: &[u8]) -> Self {
        self.0.write_u64(field.len() as u64);
        for byte in field {
            self.0.write_u8(byte.to_ascii_lowercase());
        }
        self
    }

    /// Bytes that may be absent; absent and empty differ.
    fn optional(mut self, field: Option<&[u8]>) -> Self {
        self.0.write_u8(u8::from(field.is_some()));
        self.exact(field.unwrap_or_default())
    }

    fn number(mut self, number: u64) -> Self {
        self.0.write_u64(number);
        self
    }

    fn finish(self) -> u128 {
        self.0.finish128().as_u128()
    }
}
