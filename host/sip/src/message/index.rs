//! The index of a message: where its header lines stand, found in one pass over the head.
//!
//! Nothing is copied and nothing is typed here. Faults that leave the rest readable are remembered, not raised, so that
//! a 400 can be built from what was read.

use super::Malformed;
use crate::few::Few;
use crate::header::{HeaderId, TOKEN};
use crate::octets::LineEnds;

/// A header line by the offsets of its parts; the line ends where the next one begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// First octet of the name and of the line.
    pub(crate) name: u16,
    /// First octet of the value behind blanks.
    pub(crate) value: u16,
    /// Behind the last octet of the value that is no blank.
    pub(crate) end: u16,
    /// Which header it is.
    pub(crate) id: HeaderId,
    /// Octets of the name; 0 when none could be read and the value is the whole line, [`LONG_NAME`] for that many or
    /// more.
    pub(crate) name_len: u8,
}

/// Names of this length have to be measured where they stand.
pub(crate) const LONG_NAME: u8 = u8::MAX;

/// Lines are kept inside the message up to this number; more of them cost one allocation.
pub(crate) const INLINE_LINES: usize = 32;

/// The lines of a head in order.
pub(crate) type Lines = Few<Entry, INLINE_LINES>;

/// No lines yet.
pub(crate) const NO_LINES: Lines =
    Lines::new(Entry { name: 0, value: 0, end: 0, id: HeaderId::Other, name_len: 0 });

/// Which headers occur, how often, and where the most asked for begin.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    /// One bit for each [`HeaderId::code`].
    once: [u64; 2],
    /// One bit for each that has a second line.
    again: [u64; 2],
    /// For codes below [`HOT`] the first line, counted from 1; 0 for none, [`FAR`] for that line or a later one.
    first: [u8; HOT],
}

/// Via, From, To, Call-ID, CSeq, Contact and the like have the lowest codes.
const HOT: usize = 16;

/// A first line that does not fit an octet.
const FAR: u8 = u8::MAX;

/// Where the lines of a header are.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Place {
    /// It does not occur.
    Nowhere,
    /// This line is its only one.
    At(usize),
    /// Its lines are this one or later ones.
    From(usize),
}

impl Present {
    pub(crate) const NONE: Self = Self { once: [0; 2], again: [0; 2], first: [0; HOT] };

    #[inline]
    fn note(&mut self, id: HeaderId, line: usize) {
        let (word, bit) = Self::bit(id);
        self.again[word] |= self.once[word] & bit;
        self.once[word] |= bit;
        if let Some(first) = self.first.get_mut(id.code() as usize)
            && *first == 0
        {
            *first = u8::try_from(line + 1).unwrap_or(FAR);
        }
    }

    /// Whether that header occurs.
    #[inline]
    pub(crate) fn has(&self, id: HeaderId) -> bool {
        let (word, bit) = Self::bit(id);
        self.once[word] & bit != 0
    }

    /// Whether that header has several lines.
    #[inline]
    pub(crate) fn repeats(&self, id: HeaderId) -> bool {
        let (word, bit) = Self::bit(id);
        self.again[word] & bit != 0
    }

    /// The first line of that header, when it is one of those most asked for and is not [`FAR`] away.
    #[inline]
    pub(crate) fn first(&self, id: HeaderId) -> Option<usize> {
        match self.first.get(id.code() as usize) {
            Some(0 | &FAR) | None => None,
            Some(first) => Some(usize::from(*first) - 1),
        }
    }

    /// Where to look for the lines of that header: for most there is nothing to look through, be they there or not.
    #[inline]
    pub(crate) fn place(&self, id: HeaderId) -> Place {
        match self.first.get(id.code() as usize) {
            Some(0) => Place::Nowhere,
            Some(&FAR) => Place::From(usize::from(FAR) - 1),
            Some(first) if self.repeats(id) => Place::From(usize::from(*first) - 1),
            Some(first) => Place::At(usize::from(*first) - 1),
            None if self.has(id) => Place::From(0),
            None => Place::Nowhere,
        }
    }

    #[inline]
    fn bit(id: HeaderId) -> (usize, u64) {
        const { assert!(HeaderId::ALL.len() < 128, "a code is one of 128 bits") };
        let code = id.code();
        ((code / 64 % 2) as usize, 1 << (code % 64))
    }
}

/// What [`scan`] found beside the header lines.
pub(crate) struct Scan {
    /// Behind the empty line.
    pub(crate) head_len: usize,
    /// The first fault.
    pub(crate) fault: Option<Malformed>,
    /// Whether a value goes on over several lines.
    pub(crate) folded: bool,
    /// Whether some line ends in a line feed alone, or holds a carriage return inside.
    pub(crate) uneven: bool,
}

/// The first line of a head without its line end, and the header lines behind it, still to be read.
pub(crate) struct Scanner<'a> {
    head: &'a [u8],
    ends: LineEnds<'a>,
    /// The start line.
    pub(crate) start: &'a [u8],
    /// Where the headers begin.
    at: usize,
    fault: Option<Malformed>,
    folded: bool,
}

impl<'a> Scanner<'a> {
    /// `head` is at most [`Limits::HEAD_BYTES_MAX`](crate::limits::Limits::HEAD_BYTES_MAX) octets.
    pub(crate) fn new(head: &'a [u8]) -> Self {
        let mut ends = LineEnds::of(head);
        let (end, at) = ends.next();
        Self { head, ends, start: &head[..end], at, fault: None, folded: false }
    }

    /// Indexes the header lines into `lines`, which is empty; `whole` says that the message has no octets behind the
    /// head.
    ///
    /// # Errors
    /// The lines are more than `max_lines`, or the head does not end.
    pub(crate) fn scan(
        mut self,
        lines: &mut Lines,
        present: &mut Present,
        max_lines: usize,
        whole: bool,
    ) -> Result<Scan, Malformed> {
        let (head, mut at, mut count) = (self.head, self.at, 0);
        let mut is_ended = true;
        let head_len = loop {
            match head.get(at) {
                None if whole => {
                    self.fault.get_or_insert(Malformed::HeadEnd);
                    is_ended = false;
                    break head.len();
                }
                None => return Err(Malformed::HeadTooLarge),
                Some(b'\r') if head.get(at + 1) == Some(&b'\n') => {
                    self.ends.next();
                    break at + 2;
                }
                Some(b'\n') => {
                    self.ends.next();
                    break at + 1;
                }
                Some(b' ' | b'\t') => at = self.fold(at, lines),
                Some(_) => {
                    if count >= max_lines {
                        return Err(Malformed::TooManyHeaders);
                    }
                    let (id, next) = self.line(at, lines);
                    present.note(id, count);
                    count += 1;
                    at = next;
                }
            }
        };
        if self.ends.has_stray_return {
            self.fault.get_or_insert(Malformed::LineEnd);
        }
        let uneven = !is_ended || self.ends.has_stray_return || self.ends.has_bare_feed;
        Ok(Scan { head_len, fault: self.fault, folded: self.folded, uneven })
    }

    /// Takes in the header line that begins at `at`; returns which header it is and where the next line begins.
    #[inline]
    fn line(&mut self, at: usize, lines: &mut Lines) -> (HeaderId, usize) {
        let (end, next) = self.ends.next();
        let rest = &self.head[at..];
        let line = &rest[..end - at];
        let Some((id, name_len, colon)) = HeaderId::at_line_start(rest).or_else(|| name_and_colon(line))
        else {
            self.nameless(at, line, lines);
            return (HeaderId::Other, next);
        };
        // RFC 3261 §25.1: HCOLON = *( SP / HTAB ) ":" SWS
        let (mut from, mut to) = (colon + 1, line.len());
        while from < to && is_blank(line[from]) {
            from += 1;
        }
        while from < to && is_blank(line[to - 1]) {
            to -= 1;
        }
        lines.push(Entry { name: offset(at), value: offset(at + from), end: offset(at + to), id, name_len });
        (id, next)
    }

    /// Takes in a line that is no header.
    #[cold]
    fn nameless(&mut self, at: usize, line: &[u8], lines: &mut Lines) {
        self.fault.get_or_insert(Malformed::HeaderLine);
        let end = at + trim_end(line).len();
        let (at, end) = (offset(at), offset(end));
        lines.push(Entry { name: at, value: at, end, id: HeaderId::Other, name_len: 0 });
    }

    /// Adds the continuation line at `at` to the header before it; returns where the next line begins.
    #[cold]
    fn fold(&mut self, at: usize, lines: &mut Lines) -> usize {
        let (end, next) = self.ends.next();
        let text = trim_start(&self.head[at..end]);
        let first = end - text.len();
        let end = first + trim_end(text).len();
        let Some(last) = lines.last_mut() else {
            self.fault.get_or_insert(Malformed::HeaderLine);
            return next;
        };
        if end > first {
            if last.value == last.end {
                last.value = offset(first);
            }
            last.end = offset(end);
        }
        self.folded = true;
        next
    }
}

#[inline]
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// A text without the blanks at its start.
fn trim_start(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = text {
        text = rest;
    }
    text
}

/// A text without the blanks at its end.
fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}

/// The header that a line is of, its [`Entry::name_len`], and where its colon stands; `None` when there is no name or no
/// colon behind it.
fn name_and_colon(line: &[u8]) -> Option<(HeaderId, u8, usize)> {
    let name = &line[..token_len(line)];
    let colon = line.len() - trim_start(&line[name.len()..]).len();
    let is_header = !name.is_empty() && line.get(colon) == Some(&b':');
    is_header.then(|| (HeaderId::from_name(name), u8::try_from(name.len()).unwrap_or(LONG_NAME), colon))
}

/// The same octets with every fold of the `lines` replaced by blanks, so that all offsets stay as they are.
pub(crate) fn unfold(head: &[u8], lines: &[Entry]) -> Vec<u8> {
    let mut view = head.to_vec();
    for line in lines {
        for byte in &mut view[usize::from(line.value)..usize::from(line.end)] {
            if matches!(byte, b'\r' | b'\n') {
                *byte = b' ';
            }
        }
    }
    view
}

/// The number of token octets at the start of `text`.
#[inline]
pub(crate) fn token_len(text: &[u8]) -> usize {
    text.iter().position(|byte| !TOKEN[usize::from(*byte)]).unwrap_or(text.len())
}

/// An offset into a head, which is never longer than 65,535 octets.
#[inline]
fn offset(at: usize) -> u16 {
    debug_assert!(at <= usize::from(u16::MAX), "the head is cut to 65,535 octets before it is indexed");
    at as u16
}
