//! How a request came to its target: History-Info and Diversion (RFC 7044, RFC 5806).

use crate::address::NameAddr;
use crate::message::views::number;
use core::cmp::Ordering;

/// An index of History-Info: numbers parted by dots, each level one retargeting (RFC 7044 §5).
#[derive(Clone, Copy, Debug)]
pub struct HistoryIndex<'a> {
    text: &'a [u8],
}

impl<'a> HistoryIndex<'a> {
    /// Reads an index; `None` unless each part is a number of 32 bits.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> Option<Self> {
        let is_number = |part: &[u8]| number(part).is_some_and(|number| u32::try_from(number).is_ok());
        text.split(|byte| *byte == b'.').all(is_number).then_some(Self { text })
    }

    /// The index as it stands.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.text
    }

    /// The numbers, from the first level on.
    pub fn parts(&self) -> impl Iterator<Item = u64> + Clone + use<'a> {
        self.text.split(|byte| *byte == b'.').map(|part| number(part).unwrap_or_default())
    }

    /// Whether `other` came out of this entry by one retargeting.
    #[must_use]
    pub fn is_parent_of(&self, other: &HistoryIndex<'_>) -> bool {
        let mut theirs = other.parts();
        self.parts().all(|part| theirs.next() == Some(part))
            && theirs.next().is_some()
            && theirs.next().is_none()
    }

    /// The order in which the entries were made, as far as the numbers tell.
    #[must_use]
    pub fn compare(&self, other: &HistoryIndex<'_>) -> Ordering {
        self.parts().cmp(other.parts())
    }
}

/// One History-Info value (RFC 7044 §5).
#[derive(Clone, Copy, Debug)]
pub struct HistoryEntry<'a> {
    /// The target; Reason and Privacy of the retargeting stand in its headers component.
    pub target: NameAddr<'a>,
    /// Its index.
    pub index: HistoryIndex<'a>,
    /// The parameter `rc`: the entry from which only the Request-URI changed.
    pub rc: Option<HistoryIndex<'a>>,
    /// The parameter `mp`: the entry from which the user changed.
    pub mp: Option<HistoryIndex<'a>>,
    /// The parameter `np`: the entry from which nothing changed.
    pub np: Option<HistoryIndex<'a>>,
}

impl<'a> HistoryEntry<'a> {
    /// Reads a value; `None` without an index.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let target = NameAddr::parse(value).ok()?;
        target.uri().ok()?;
        let index = |name: &[u8]| HistoryIndex::parse(target.param(name)?.value?);
        Some(Self { target, index: index(b"index")?, rc: index(b"rc"), mp: index(b"mp"), np: index(b"np") })
    }
}

/// One Diversion value (RFC 5806 §4).
#[derive(Clone, Copy, Debug)]
pub struct Diversion<'a> {
    /// Who diverted the call.
    pub diverter: NameAddr<'a>,
    /// Why: `unconditional`, `user-busy`, `no-answer` or another word; a quoted one with its quotes.
    pub reason: Option<&'a [u8]>,
    /// How many diversions this one stands for.
    pub counter: Option<u32>,
    /// How many more are permitted.
    pub limit: Option<u32>,
}

impl<'a> Diversion<'a> {
    /// Reads a value. Numbers that cannot be read count as absent.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let diverter = NameAddr::parse(value).ok()?;
        diverter.uri().ok()?;
        let text = |name: &[u8]| diverter.param(name)?.value;
        let count = |name: &[u8]| u32::try_from(number(text(name)?)?).ok();
        Some(Self { diverter, reason: text(b"reason"), counter: count(b"counter"), limit: count(b"limit") })
    }

    /// Whether the diverter wants to stay unknown: `privacy` with another word than `off` (RFC 5806 §4).
    #[must_use]
    pub fn is_private(&self) -> bool {
        let word = self.diverter.param(b"privacy").and_then(|param| param.value);
        word.is_some_and(|word| !word.eq_ignore_ascii_case(b"off"))
    }
}

#[cfg(test)]
mod tests;
