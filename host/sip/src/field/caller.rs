//! Who calls, who asked to, and what of it may be told: RFC 3325, RFC 3323, RFC 3892.

use crate::address::NameAddr;
use crate::message::Message;
use crate::octets::trim;
use crate::uri::Scheme;
use core::fmt;

/// A Referred-By value (RFC 3892 §3).
#[derive(Clone, Copy, Debug)]
pub struct ReferredBy<'a> {
    /// Who has sent the REFER.
    pub referrer: NameAddr<'a>,
    /// The Content-ID of the body that proves it, with its quotes.
    pub cid: Option<&'a [u8]>,
}

impl<'a> ReferredBy<'a> {
    /// Reads a value.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let referrer = NameAddr::parse(value).ok()?;
        referrer.uri().ok()?;
        Some(Self { referrer, cid: referrer.param(b"cid").and_then(|param| param.value) })
    }
}

/// Whether the values of P-Asserted-Identity or P-Preferred-Identity are as RFC 3325 §9.1, §9.2 have them: one, or two of
/// which one is a sip or sips URI and the other a tel URI.
#[must_use]
pub fn are_identities<'a>(values: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut seen = (0, 0);
    for value in values {
        let scheme =
            NameAddr::parse(value).ok().and_then(|address| address.uri().ok()).map(|uri| uri.scheme());
        match scheme {
            Some(Scheme::Sip | Scheme::Sips) => seen.0 += 1,
            Some(Scheme::Tel) => seen.1 += 1,
            Some(Scheme::Other) | None => return false,
        }
    }
    matches!(seen, (1, 0 | 1) | (0, 1))
}

/// The words of Privacy (RFC 3323 §4.2, RFC 3325 §9.3, RFC 7044 §10.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Privacy(u8);

impl Privacy {
    /// Headers that tell who the caller is are taken away or replaced.
    pub const HEADER: Self = Self(1);
    /// The session is hidden too.
    pub const SESSION: Self = Self(2);
    /// What the user agent itself has told is hidden.
    pub const USER: Self = Self(4);
    /// Nothing is hidden.
    pub const NONE: Self = Self(8);
    /// Without this privacy there shall be no call.
    pub const CRITICAL: Self = Self(16);
    /// The asserted identity stays inside the trust domain (RFC 3325 §9.3).
    pub const ID: Self = Self(32);
    /// The history stays inside the domain (RFC 7044 §10.1).
    pub const HISTORY: Self = Self(64);
    /// Some other word.
    pub const OTHER: Self = Self(128);

    const WORDS: [(Self, &'static str); 7] = [
        (Self::HEADER, "header"),
        (Self::SESSION, "session"),
        (Self::USER, "user"),
        (Self::NONE, "none"),
        (Self::CRITICAL, "critical"),
        (Self::ID, "id"),
        (Self::HISTORY, "history"),
    ];

    /// Reads a value: words parted by semicolons; commas, which are seen in the field, part them too.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let words = value.split(|byte| matches!(byte, b';' | b',')).map(trim).filter(|word| !word.is_empty());
        words.fold(Self::default(), |all, word| {
            let known = Self::WORDS.iter().find(|(_, name)| word.eq_ignore_ascii_case(name.as_bytes()));
            all.with(known.map_or(Self::OTHER, |(flag, _)| *flag))
        })
    }

    /// All that a message asks for, over all its lines; empty when it says nothing.
    #[must_use]
    pub fn of(message: &Message) -> Self {
        let lines = message.headers(crate::header::HeaderId::Privacy);
        lines.fold(Self::default(), |all, line| all.with(Self::parse(line)))
    }

    /// Both.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all words of `other` are among these.
    #[must_use]
    pub const fn has(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether nothing was said.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Privacy {
    /// The known words, parted by semicolons.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut words = Self::WORDS.iter().filter(|(flag, _)| self.has(*flag));
        if let Some((_, first)) = words.next() {
            f.write_str(first)?;
        }
        words.try_for_each(|(_, word)| write!(f, ";{word}"))
    }
}

#[cfg(test)]
mod tests;
