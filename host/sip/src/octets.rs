//! Searches for octets, sixteen at a time.
//!
//! The texts of a message are short: a line has 20 to 100 octets, its parts 3 to 50. `memchr` takes 60 to 75
//! instructions for one of these, most of them before the first octet is looked at; a search here takes 7 for each
//! sixteen octets and about 12 for the rest (callgrind, x86-64). Long texts are not searched here.

use wide::u8x16;

/// Where `octet` stands first.
#[inline]
pub(crate) fn find(octet: u8, text: &[u8]) -> Option<usize> {
    find_any([octet], text)
}

/// Where one of these octets stands first.
#[inline]
pub(crate) fn find_any<const N: usize>(octets: [u8; N], text: &[u8]) -> Option<usize> {
    position(text, |block| is_any(block, octets))
}

/// Where the first octet stands that is one of `octets`, or that may not stand in a URI.
#[inline]
pub(crate) fn find_any_or_no_uri<const N: usize>(octets: [u8; N], text: &[u8]) -> Option<usize> {
    position(text, |block| is_any(block, octets) | is_no_uri(block))
}

/// Whether a text holds a line end or a NUL.
#[inline]
pub(crate) fn has_line_end(text: &[u8]) -> bool {
    // One comparison for all low controls; of them only the tabulator stands in messages at times.
    position(text, |block| block.min(u8x16::splat(b'\r')).simd_eq(block)).is_some()
        && find_any([b'\r', b'\n', 0], text).is_some()
}

/// Whether all octets of a text may stand in a URI: anything but blanks, controls, quotes and angle brackets.
///
/// Wider than the grammar on purpose: octets of UTF-8 and the few marks that phones fail to escape do no harm.
#[inline]
pub(crate) fn are_uri(text: &[u8]) -> bool {
    position(text, is_no_uri).is_none()
}

/// The octets at the start of a text that a host name or an IPv4 address is made of.
#[inline]
pub(crate) fn host_name_len(text: &[u8]) -> usize {
    position(text, |block| !is_host(block)).unwrap_or(text.len())
}

/// A text without blanks and line ends at both ends. Hardly any text has them.
#[inline]
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    match text {
        [first, .., last] if *first > b' ' && *last > b' ' => text,
        _ => text.trim_ascii(),
    }
}

/// Where the first colon stands among sixteen octets.
#[inline]
pub(crate) fn colon_in(block: &[u8; 16]) -> Option<usize> {
    let found = is_any(u8x16::new(*block), [b':']).to_bitmask();
    if found == 0 { None } else { Some(found.trailing_zeros() as usize) }
}

/// Where the first octet stands that `marks` marks with ones in all its bits.
#[inline]
fn position(text: &[u8], marks: impl Fn(u8x16) -> u8x16) -> Option<usize> {
    let (blocks, rest) = text.as_chunks::<16>();
    for (index, block) in blocks.iter().enumerate() {
        let found = marks(u8x16::new(*block)).to_bitmask();
        if found != 0 {
            return Some(index * 16 + found.trailing_zeros() as usize);
        }
    }
    if rest.is_empty() {
        return None;
    }
    // The rest is read together with octets before it, where nothing was found, or as two halves that overlap.
    let (block, len) = if let Some(last) = text.last_chunk::<16>() {
        (u8x16::new(*last), 16)
    } else if let (Some(first), Some(last)) = (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        let (first, last) = (u64::from_le_bytes(*first), u64::from_le_bytes(*last));
        (u8x16::new((u128::from(last) << 64 | u128::from(first)).to_le_bytes()), 16)
    } else if let (Some(first), Some(last)) = (text.first_chunk::<4>(), text.last_chunk::<4>()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        (u8x16::new((u128::from(last) << 32 | u128::from(first)).to_le_bytes()), 8)
    } else {
        let (first, middle, last) = (text[0], text[text.len() / 2], text[text.len() - 1]);
        let word = u32::from_le_bytes([first, middle, last, last]);
        let found = marks(u8x16::new(u128::from(word).to_le_bytes())).to_bitmask() & 0b111;
        return match found {
            0 => None,
            _ if found & 1 != 0 => Some(0),
            _ if found & 2 != 0 => Some(text.len() / 2),
            _ => Some(text.len() - 1),
        };
    };
    let found = marks(block).to_bitmask() & ((1 << len) - 1);
    if found == 0 {
        return None;
    }
    let at = found.trailing_zeros() as usize;
    // The first half counts from the start of the text, the second one from its end.
    Some(if at < len / 2 && text.len() < 16 { at } else { text.len() + at - len })
}

#[inline]
fn is_any<const N: usize>(block: u8x16, octets: [u8; N]) -> u8x16 {
    octets.into_iter().fold(u8x16::splat(0), |marks, octet| marks | block.simd_eq(u8x16::splat(octet)))
}

#[inline]
fn is_no_uri(block: u8x16) -> u8x16 {
    block.min(u8x16::splat(b' ')).simd_eq(block) | is_any(block, [0x7f, b'"', b'<', b'>'])
}

/// Letters, digits, dot, hyphen, and the underscore, which RFC 3261 forbids and the field uses.
#[inline]
fn is_host(block: u8x16) -> u8x16 {
    let letters = is_between(block | u8x16::splat(0x20), b'a', b'z');
    let digits_and_marks = is_between(block, b'-', b'9') & !block.simd_eq(u8x16::splat(b'/'));
    letters | digits_and_marks | block.simd_eq(u8x16::splat(b'_'))
}

#[inline]
fn is_between(block: u8x16, low: u8, high: u8) -> u8x16 {
    let above = block - u8x16::splat(low);
    above.min(u8x16::splat(high - low)).simd_eq(above)
}

/// The lines of a head, one after the other, and whether all of them end as they should.
///
/// Sixty-four octets are looked at together, which takes 32 instructions. A search for each line feed and one for stray
/// carriage returns took 1,700 for the head of an INVITE, and this takes 900.
pub(crate) struct LineEnds<'a> {
    head: &'a [u8],
    /// Where the block begins that `marks` speaks of.
    block_at: usize,
    /// One bit for each octet of the block, behind the last line, that may be part of a line end.
    marks: u64,
    /// Where the line begins that is next.
    line_at: usize,
    /// Whether a line held a carriage return without a line feed: a line end to some, and what follows a line to them.
    pub(crate) has_stray_return: bool,
    /// Whether a line ended in a line feed alone.
    pub(crate) has_bare_feed: bool,
}

impl<'a> LineEnds<'a> {
    pub(crate) fn of(head: &'a [u8]) -> Self {
        let marks = line_end_marks(head);
        Self { head, block_at: 0, marks, line_at: 0, has_stray_return: false, has_bare_feed: false }
    }

    /// Where the next line ends, and where the line behind it begins; twice the end of the head when there is no line
    /// end any more.
    #[inline]
    pub(crate) fn next(&mut self) -> (usize, usize) {
        loop {
            if self.marks == 0 && !self.look_on() {
                return (self.head.len(), self.head.len());
            }
            let at = self.block_at + self.marks.trailing_zeros() as usize;
            self.marks &= self.marks - 1;
            if let Some(b"\r\n") = self.head.get(at..at + 2) {
                // The mark of the line feed goes too, but for one in the next block.
                self.marks &= self.marks.wrapping_sub(1);
                self.line_at = at + 2;
                return (at, at + 2);
            }
            if self.is_bare_feed(at) {
                return (at, at + 1);
            }
        }
    }

    /// Looks for marks in the blocks that follow.
    fn look_on(&mut self) -> bool {
        while self.marks == 0 {
            let Some(rest) = self.head.get(self.block_at + 64..) else { return false };
            self.block_at += 64;
            self.marks = line_end_marks(rest);
            // The line feed of the last line, when its carriage return stands in the block before.
            if self.line_at > self.block_at {
                self.marks &= !1;
            }
        }
        true
    }

    /// What a mark means that is no pair of carriage return and line feed.
    #[cold]
    fn is_bare_feed(&mut self, at: usize) -> bool {
        let is_feed = self.head[at] == b'\n';
        self.has_bare_feed |= is_feed;
        self.has_stray_return |= self.head[at] == b'\r';
        is_feed
    }
}

/// One bit for each of the first sixty-four octets that is a line feed, a carriage return or one of the two octets
/// between them, which no message has.
#[inline]
fn line_end_marks(text: &[u8]) -> u64 {
    text.first_chunk().map_or_else(|| last_line_end_marks(text), line_end_marks_of)
}

// In line, the four masks would take the registers away from the caller.
#[inline(never)]
fn line_end_marks_of(block: &[u8; 64]) -> u64 {
    let [a, b, c, d] = [0, 16, 32, 48].map(|from| {
        let part = block[from..].first_chunk().expect("sixteen of the last octets of a block");
        u64::from(is_between(u8x16::new(*part), b'\n', b'\r').to_bitmask())
    });
    a | b << 16 | c << 32 | d << 48
}

/// What is left at the end of a head.
#[cold]
fn last_line_end_marks(text: &[u8]) -> u64 {
    let mut block = [0; 64];
    block[..text.len()].copy_from_slice(text);
    line_end_marks_of(&block)
}

#[cfg(test)]
mod tests;
