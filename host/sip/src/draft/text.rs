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

    /// Adds `Name: value` and its line end; returns where it begins.
    #[inline]
    pub(super) fn push_line(&mut self, name: &[u8], value: &[u8]) -> usize {
        let at = self.len();
        let Some(room) = self.room(at, name.len() + value.len() + 4) else {
            self.push_long([name, b": ", value, b"\r\n"]);
            return at;
        };
        // Written part by part: the copies of the two constants are one store each so.
        let (here, room) = room.split_at_mut(name.len());
        here.copy_from_slice(name);
        let (here, room) = room.split_at_mut(2);
        here.copy_from_slice(b": ");
        let (here, room) = room.split_at_mut(value.len());
        here.copy_from_slice(value);
        room.copy_from_slice(b"\r\n");
        at
    }

    /// Adds a word; returns where it begins.
    pub(super) fn push(&mut self, word: &[u8]) -> usize {
        let at = self.len();
        match self.room(at, word.len()) {
            Some(room) => room.copy_from_slice(word),
            None => self.push_long([word]),
        }
        at
    }

    /// Takes the next `len` octets of `inline`, as long as there are any.
    #[inline]
    fn room(&mut self, at: usize, len: usize) -> Option<&mut [u8]> {
        if !self.long.is_empty() {
            return None;
        }
        let room = self.inline.get_mut(at..at + len)?;
        self.len = at + len;
        Some(room)
    }

    #[cold]
    fn push_long<const N: usize>(&mut self, parts: [&[u8]; N]) {
        if self.long.is_empty() {
            let len: usize = parts.iter().map(|part| part.len()).sum();
            self.long.reserve(2 * (self.len + len));
            self.long.extend_from_slice(&self.inline[..self.len]);
        }
        for part in parts {
            self.long.extend_from_slice(part);
        }
    }
}
