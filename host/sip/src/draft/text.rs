//! The text of a draft's own lines: kept inside the draft while it is short, so that a proxy's edits cost no allocation.

/// Octets that only grow.
#[derive(Clone)]
pub(super) struct Text {
    inline: [u8; INLINE_OCTETS],
    /// Used octets of `inline`, all of it once `long` is in use.
    len: usize,
    /// All octets, once they are too many.
    long: Vec<u8>,
}

/// Enough for a Via, a Record-Route and the stamp of a Via below ours, with room for a few edits of a servlet.
const INLINE_OCTETS: usize = 512;

impl Text {
    pub(super) const fn new() -> Self {
        Self { inline: [0; INLINE_OCTETS], len: 0, long: Vec::new() }
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        if self.long.is_empty() { &self.inline[..self.len] } else { &self.long }
    }

    pub(super) fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Adds the parts of one line or word; returns where they begin.
    #[inline]
    pub(super) fn push<const N: usize>(&mut self, parts: [&[u8]; N]) -> usize {
        let at = self.len();
        let mut len: usize = parts.iter().map(|part| part.len()).sum();
        if self.long.is_empty() {
            if let Some(mut room) = self.inline.get_mut(at..at + len) {
                for part in parts {
                    let (here, rest) = room.split_at_mut(part.len());
                    here.copy_from_slice(part);
                    room = rest;
                }
                self.len = at + len;
                return at;
            }
            len += at;
            self.long.reserve(2 * len);
            self.long.extend_from_slice(&self.inline[..at]);
        }
        for part in parts {
            self.long.extend_from_slice(part);
        }
        at
    }
}
