//! The names by which a server transaction is found: RFC 3261 §17.2.3, §9.2 and §8.2.2.2.
//!
//! A key is a 128-bit keyed hash. Two different names share one with a probability of about n²/2^129 for n live
//! transactions, and a peer who does not know the [`HashKey`] cannot bring it about.

use crate::message::{Malformed, Message, Part};
use crate::method::Method;
use crate::via::Via;
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

    /// A hash over fields of a request, each told by its place: for the second part of a branch (RFC 5393 §4.2.1).
    pub(crate) fn of_fields<'a>(&self, fields: impl Iterator<Item = (u8, &'a [u8])>) -> u64 {
        let mut hasher = NameHasher::new(self, Kind::Circle);
        for (place, field) in fields {
            hasher.0.write_u8(place);
            hasher = hasher.exact(field);
        }
        hasher.0.finish()
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

impl ServerKey {
    /// The name of the transaction that a request begins, repeats or (an ACK) acknowledges (RFC 3261 §17.2.3).
    ///
    /// With the magic cookie in the top Via these are branch, sent-by (the host in any case, the port as written) and
    /// method, an ACK counting as INVITE. Branches are compared octet for octet: who repeats a request copies its
    /// branch, and a client that counts in letters of both cases is not to be confused with itself.
    ///
    /// Without the cookie, or with nothing behind it, these are the fields of RFC 2543: Request-URI, tags, Call-ID,
    /// CSeq, and of the top Via transport, sent-by and branch (its other parameters may be ours). The To tag is left
    /// out for INVITE and ACK, since that of the ACK is the tag of our response; two INVITEs of a dialog differ by
    /// their CSeq. Here the ACK of a 2xx has the name of its INVITE too.
    ///
    /// # Errors
    /// [`Malformed`] when one of these fields is missing or cannot be read, or the message is a response.
    pub fn of_request(request: &Message, key: &HashKey) -> Result<Self, Malformed> {
        let method = request.method().ok_or(Malformed::StartLine)?;
        let class = if *method == Method::Ack { &Method::Invite } else { method };
        Self::of_class(request, class, key)
    }

    /// The name of the INVITE server transaction that a CANCEL is for (RFC 3261 §9.2): all but the method is the same.
    ///
    /// # Errors
    /// As [`ServerKey::of_request`].
    pub fn of_canceled_invite(cancel: &Message, key: &HashKey) -> Result<Self, Malformed> {
        Self::of_class(cancel, &Method::Invite, key)
    }

    fn of_class(request: &Message, class: &Method, key: &HashKey) -> Result<Self, Malformed> {
        let via = request.top_via()?;
        let Some(branch) = via.magic_branch() else {
            return Self::of_rfc2543(request, class, &via, key);
        };
        // RFC 3261 §17.2.3: the sent-by is part of the name, because branches may collide by accident or malice.
        let name = NameHasher::new(key, Kind::Branch)
            .exact(class.as_bytes())
            .exact(branch)
            .lower_case(via.host())
            .port(via.port());
        Ok(Self(name.finish()))
    }

    /// RFC 3261 §17.2.3, second half.
    fn of_rfc2543(
        request: &Message,
        class: &Method,
        via: &Via<'_>,
        key: &HashKey,
    ) -> Result<Self, Malformed> {
        let to = request.to()?;
        let to_tag = if *class == Method::Invite { None } else { to.tag() };
        let name = NameHasher::new(key, Kind::Rfc2543)
            .exact(class.as_bytes())
            .exact(request.request_uri())
            .optional(to_tag)
            .optional(request.from_()?.tag())
            .exact(request.call_id().ok_or(Malformed::Missing(Part::CallId))?)
            .number(request.cseq_raw()?.0)
            .lower_case(via.transport())
            .lower_case(via.host())
            .port(via.port())
            .optional(via.branch());
        Ok(Self(name.finish()))
    }
}

impl MergeKey {
    /// The name that a request shares with itself when a proxy before us has forked it to us twice
    /// (RFC 3261 §8.2.2.2): From tag, Call-ID and CSeq.
    ///
    /// A request with this name that belongs to no transaction of its own, while one with this name is under way, is
    /// answered with 482. `None` for a request in a dialog, and for ACK and CANCEL, which follow their INVITE.
    ///
    /// # Errors
    /// [`Malformed`] when one of these fields is missing or cannot be read, or the message is a response.
    pub fn of_request(request: &Message, key: &HashKey) -> Result<Option<Self>, Malformed> {
        let method = request.method().ok_or(Malformed::StartLine)?;
        if matches!(method, Method::Ack | Method::Cancel) || request.to()?.tag().is_some() {
            return Ok(None);
        }
        let name = NameHasher::new(key, Kind::Merge)
            .optional(request.from_()?.tag())
            .exact(request.call_id().ok_or(Malformed::Missing(Part::CallId))?)
            .number(request.cseq_raw()?.0)
            .exact(method.as_bytes());
        Ok(Some(Self(name.finish())))
    }
}

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
    /// What a request's way depends on.
    Circle = 4,
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

    fn number(mut self, number: u32) -> Self {
        self.0.write_u32(number);
        self
    }

    /// The port of a sent-by; absent and 5060 differ, since a client writes its own sent-by always the same way.
    fn port(mut self, port: Option<u16>) -> Self {
        self.0.write_u8(u8::from(port.is_some()));
        self.0.write_u16(port.unwrap_or_default());
        self
    }

    fn finish(self) -> u128 {
        self.0.finish128().as_u128()
    }
}

#[cfg(test)]
mod tests;
