//! The index of a message: where its header lines stand, found in one pass over the head.
//!
//! Nothing is copied and nothing is typed here. Faults that leave the rest readable are remembered, not raised, so that
//! a 400 can be built from what was read.

use smallvec::SmallVec;

use super::Malformed;
use crate::header::{HeaderId, TOKEN};

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
    /// One of the kinds below.
    pub(crate) kind: Kind,
}

/// What is special about a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Name, colon, value on one line.
    Plain,
    /// The value goes on over several lines (RFC 3261 §7.3.1).
    Folded,
    /// No name that could be read; the value is the whole line.
    Nameless,
}

/// Lines are kept inside the message up to this number; more of them cost one allocation.
pub(crate) const INLINE_LINES: usize = 32;

/// The lines of a head in order.
pub(crate) type Lines = SmallVec<[Entry; INLINE_LINES]>;

/// Which headers occur, and where the most asked for begin.
#[derive(Clone, Debug)]
pub(crate) struct Present {
    /// One bit for each [`HeaderId::code`].
    all: u128,
    /// For codes below [`HOT`] the first line, counted from 1; 0 for none, 255 for that line or a later one.
    first: [u8; HOT],
}

/// Via, From, To, Call-ID, CSeq, Contact and the like have the lowest codes.
const HOT: usize = 16;

impl Present {
    #[inline]
    fn note(&mut self, id: HeaderId, line: usize) {
        self.all |= 1 << id.code();
        if let Some(first) = self.first.get_mut(id.code() as usize)
            && *first == 0
        {
            *first = u8::try_from(line + 1).unwrap_or(u8::MAX);
        }
    }

    /// Whether that header occurs.
    #[inline]
    pub(crate) fn has(&self, id: HeaderId) -> bool {
        self.all & (1 << id.code()) != 0
    }

    /// A line before which that header does not occur; `None` when it does not occur at all.
    #[inline]
    pub(crate) fn start(&self, id: HeaderId) -> Option<usize> {
        match self.first.get(id.code() as usize) {
            Some(0) => None,
            Some(first) => Some(usize::from(*first) - 1),
            // Nearly half of what is asked for is not there: one bit answers that.
            None => self.has(id).then_some(0),
        }
    }
}

/// What [`scan`] found behind the start line.
pub(crate) struct Scan {
    /// The header lines.
    pub(crate) lines: Lines,
    /// Which headers occur.
    pub(crate) present: Present,
    /// Behind the empty line.
    pub(crate) head_len: usize,
    /// The first fault.
    pub(crate) fault: Option<Malformed>,
    /// Whether a value goes on over several lines.
    pub(crate) folded: bool,
    /// Whether some line ends in a line feed alone, or holds a carriage return inside.
    pub(crate) uneven: bool,
    /// Lines that end in carriage return and line feed.
    line_ends: usize,
}

/// Indexes the header lines of `head` from `at`, the first octet behind the start line.
///
/// `head` is at most [`Limits::HEAD_BYTES_MAX`](crate::limits::Limits::HEAD_BYTES_MAX) octets; `whole` says that the
/// message has no octets behind it.
pub(crate) fn scan(head: &[u8], mut at: usize, max_lines: usize, whole: bool) -> Result<Scan, Malformed> {
    let mut scan = Scan {
        lines: Lines::new(),
        present: Present { all: 0, first: [0; HOT] },
        head_len: head.len(),
        fault: None,
        folded: false,
        uneven: false,
        line_ends: 0,
    };
    let headers = at;
    loop {
        match head.get(at) {
            None if whole => {
                scan.fault.get_or_insert(Malformed::HeadEnd);
                break;
            }
            None => return Err(Malformed::HeadTooLarge),
            Some(b'\r') if head.get(at + 1) == Some(&b'\n') => {
                scan.line_ends += 1;
                scan.head_len = at + 2;
                break;
            }
            Some(b'\n') => {
                scan.uneven = true;
                scan.head_len = at + 1;
                break;
            }
            Some(b' ' | b'\t') => at = scan.fold(head, at),
            Some(_) => {
                if scan.lines.len() >= max_lines {
                    return Err(Malformed::TooManyHeaders);
                }
                at = scan.line(head, at);
            }
        }
    }
    // A carriage return inside a line would be a line end to some, and what follows a header of its own.
    if memchr::memchr_iter(b'\r', &head[headers..scan.head_len]).count() != scan.line_ends {
        scan.uneven = true;
        scan.fault.get_or_insert(Malformed::LineEnd);
    }
    Ok(scan)
}

impl Scan {
    /// Takes in the header line that begins at `at`; returns where the next line begins.
    #[inline]
    fn line(&mut self, head: &[u8], at: usize) -> usize {
        let line = &head[at..];
        let Some((id, colon)) = HeaderId::at_line_start(line).or_else(|| name_and_colon(line)) else {
            return self.nameless(head, at);
        };
        let mut value = at + colon + 1;
        // RFC 3261 §25.1: HCOLON = *( SP / HTAB ) ":" SWS
        while let Some(b' ' | b'\t') = head.get(value) {
            value += 1;
        }
        let (end, next) = self.line_end(head, value);
        self.note(Entry { name: offset(at), value: offset(value), end: offset(end), id, kind: Kind::Plain });
        next
    }

    /// Takes in a line that is no header.
    #[cold]
    fn nameless(&mut self, head: &[u8], at: usize) -> usize {
        self.fault.get_or_insert(Malformed::HeaderLine);
        let (end, next) = self.line_end(head, at);
        self.note(Entry {
            name: offset(at),
            value: offset(at),
            end: offset(end),
            id: HeaderId::Other,
            kind: Kind::Nameless,
        });
        next
    }

    #[inline]
    fn note(&mut self, entry: Entry) {
        self.present.note(entry.id, self.lines.len());
        self.lines.push(entry);
    }

    /// Adds the continuation line at `at` to the header before it; returns where the next line begins.
    #[cold]
    fn fold(&mut self, head: &[u8], at: usize) -> usize {
        let first = at + blanks(&head[at..]);
        let (end, next) = self.line_end(head, first);
        let Some(last) = self.lines.last_mut() else {
            self.fault.get_or_insert(Malformed::HeaderLine);
            return next;
        };
        if end > first {
            if last.value == last.end {
                last.value = offset(first);
            }
            last.end = offset(end);
        }
        if last.kind == Kind::Plain {
            last.kind = Kind::Folded;
        }
        self.folded = true;
        next
    }

    /// Behind the last octet of the line that is no blank, and where the next line begins.
    #[inline]
    fn line_end(&mut self, head: &[u8], from: usize) -> (usize, usize) {
        let line = &head[from..];
        let (text, next) = match memchr::memchr(b'\n', line) {
            None => (line, head.len()),
            Some(stop) => {
                let text = &line[..stop];
                let whole = text.strip_suffix(b"\r");
                self.line_ends += usize::from(whole.is_some());
                self.uneven |= whole.is_none();
                (whole.unwrap_or(text), from + stop + 1)
            }
        };
        let mut len = text.len();
        while let Some(b' ' | b'\t') = text[..len].last() {
            len -= 1;
        }
        (from + len, next)
    }
}

/// The header that a line is of and where its colon stands; `None` when there is no name or no colon behind it.
fn name_and_colon(line: &[u8]) -> Option<(HeaderId, usize)> {
    let name = &line[..token_len(line)];
    let colon = name.len() + blanks(&line[name.len()..]);
    let is_header = !name.is_empty() && line.get(colon) == Some(&b':');
    is_header.then(|| (HeaderId::from_name(name), colon))
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

/// The number of blanks at the start of `text`.
#[inline]
pub(crate) fn blanks(text: &[u8]) -> usize {
    text.iter().position(|byte| !matches!(byte, b' ' | b'\t')).unwrap_or(text.len())
}

/// An offset into a head, which is never longer than 65,535 octets.
#[inline]
fn offset(at: usize) -> u16 {
    debug_assert!(at <= usize::from(u16::MAX), "the head is cut to 65,535 octets before it is indexed");
    at as u16
}
