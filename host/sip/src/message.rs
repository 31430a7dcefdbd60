//! A received message: the octets as they came, and an index of its header lines.
//!
//! A [`Message`] is immutable and cheap: parsing finds the lines and copies nothing, values are typed when they are
//! asked for, and whoever sends the message on copies the octets that nobody changed. Folded values are read with
//! blanks in place of the line ends; the octets themselves are never rewritten.
//!
//! Deliberately not here: whether the message obeys the rules ([`crate::validate`]), and any change to it
//! ([`crate::draft`]).

use bytes::{Buf, Bytes};
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::header::{HeaderId, HeaderName};
use crate::limits::Limits;
use crate::method::Method;
use index::{Entry, LONG_NAME, Lines, NO_LINES, Place as LinePlace, Present, Scanner};

pub use malformed::{Malformed, Part};
pub use values::Values;

mod fields;
pub(crate) mod index;
mod malformed;
pub(crate) mod start;
pub(crate) mod values;
pub(crate) mod views;

/// A SIP message as it was received (RFC 3261 §7).
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    /// The head with blanks in place of folds, where there are any.
    unfolded: Option<Bytes>,
    lines: Lines,
    present: Present,
    start: Start,
    head_len: usize,
    fault: Option<Malformed>,
    /// Whether the head holds line feeds or carriage returns alone.
    uneven: bool,
    /// Whether Content-Length is there and says how long the body is.
    has_length: bool,
    vias_max: usize,
}

/// The start line by its offsets.
#[derive(Clone, Debug)]
pub(crate) enum Start {
    Request { method: Method, uri: (u16, u16) },
    Response { status: u16, reason: (u16, u16) },
}

impl Start {
    /// Until it is read.
    const NONE: Self = Self::Response { status: 0, reason: (0, 0) };
}

/// The first line of a message (RFC 3261 §7.1, §7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartLine<'a> {
    /// `Method SP Request-URI SP SIP-Version`
    Request {
        /// What is asked for.
        method: &'a Method,
        /// The Request-URI as it stands.
        uri: &'a [u8],
    },
    /// `SIP-Version SP Status-Code SP Reason-Phrase`
    Response {
        /// 0 when it is no number from 100 to 699.
        status: u16,
        /// May be empty, and need not be UTF-8.
        reason: &'a [u8],
    },
}

/// One header line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Which header it is.
    pub id: HeaderId,
    /// The name as it stands, be it compact; empty when the line has none.
    pub name: &'a [u8],
    /// The value, trimmed and unfolded.
    pub value: &'a [u8],
}

/// Where a header line stands in [`Message::head`], for handing a message over flat: octets and numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Which header it is.
    pub id: HeaderId,
    /// First octet of the name, which is the first of the line.
    pub name_at: u32,
    /// Octets of the name.
    pub name_len: u32,
    /// First octet of the value.
    pub value_at: u32,
    /// Octets of the value, blanks at its end not counted.
    pub value_len: u32,
}

impl Message {
    /// Reads a datagram, or one message that a [`Framer`](crate::frame::Framer) has cut out of a stream.
    ///
    /// Octets behind Content-Length are cut off; without Content-Length the body goes to the end (RFC 3261 §18.3).
    /// Faults that leave the rest readable do not fail: [`Message::fault`] and [`crate::validate`] report them.
    ///
    /// # Errors
    /// What leaves nothing that could be answered; see [`Malformed::is_answerable`].
    // [3261-18.3-1]
    pub fn parse(mut bytes: Bytes, limits: &Limits) -> Result<Self, Malformed> {
        if bytes.len() > limits.message_bytes {
            return Err(Malformed::MessageTooLarge);
        }
        // RFC 3261 §7.5: empty lines before the start line are ignored.
        if let Some(b'\r' | b'\n' | 0) = bytes.first() {
            let skip = bytes.iter().position(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            bytes.advance(skip.ok_or(Malformed::Empty)?);
        }
        if bytes.is_empty() {
            return Err(Malformed::Empty);
        }
        let mut message = Self {
            bytes,
            unfolded: None,
            lines: NO_LINES,
            present: Present::NONE,
            start: Start::NONE,
            head_len: 0,
            fault: None,
            uneven: false,
            has_length: false,
            vias_max: limits.vias,
        };
        message.read_head(limits)?;
        message.cut_body();
        Ok(message)
    }

    /// Reads the head into the message where it stands: a message has half a kilobyte, and is better not moved.
    fn read_head(&mut self, limits: &Limits) -> Result<(), Malformed> {
        let head = &self.bytes[..self.bytes.len().min(Limits::HEAD_BYTES_MAX)];
        let whole = head.len() == self.bytes.len();
        let scanner = Scanner::new(head);
        let (start, fault) = start::read(scanner.start)?;
        let scan = scanner.scan(&mut self.lines, &mut self.present, limits.headers, whole)?;
        self.unfolded = scan.folded.then(|| Bytes::from(index::unfold(&head[..scan.head_len], &self.lines)));
        self.start = start;
        self.head_len = scan.head_len;
        self.fault = fault.or(scan.fault);
        self.uneven = scan.uneven;
        Ok(())
    }

    /// Cuts the body to Content-Length.
    fn cut_body(&mut self) {
        match self.content_length() {
            Ok(None) => {}
            Ok(Some(length)) => match self.head_len.checked_add(length) {
                Some(end) if end <= self.bytes.len() => {
                    self.has_length = true;
                    self.bytes.truncate(end);
                }
                _ => self.note(Malformed::BodyTooShort),
            },
            Err(fault) => self.note(fault),
        }
    }

    fn note(&mut self, fault: Malformed) {
        self.fault.get_or_insert(fault);
    }

    /// The first fault in the form of the message that the parser met, if any.
    #[must_use]
    pub fn fault(&self) -> Option<Malformed> {
        self.fault
    }

    /// Whether the message is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        matches!(self.start, Start::Request { .. })
    }

    /// The first line.
    #[must_use]
    pub fn start(&self) -> StartLine<'_> {
        match &self.start {
            Start::Request { method, uri } => StartLine::Request { method, uri: self.range(*uri) },
            Start::Response { status, reason } => {
                StartLine::Response { status: *status, reason: self.range(*reason) }
            }
        }
    }

    /// The method of a request; `None` for a response, whose method stands in [`Message::cseq`].
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI as it stands; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        match &self.start {
            Start::Request { uri, .. } => self.range(*uri),
            Start::Response { .. } => &[],
        }
    }

    /// The status code of a response; 0 when it is no number from 100 to 699, `None` for a request.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(*status),
        }
    }

    /// The reason phrase of a response; empty for a request.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        match &self.start {
            Start::Request { .. } => &[],
            Start::Response { reason, .. } => self.range(*reason),
        }
    }

    /// The value of the first line of that header, trimmed and unfolded; a comma list as a whole.
    #[must_use]
    #[inline]
    pub fn header(&self, id: HeaderId) -> Option<&[u8]> {
        let line = self.present.first(id).or_else(|| self.find_line(id, 0, self.lines.len()))?;
        self.lines.get(line).map(|line| self.value(line))
    }

    /// The values of all lines of that header in order, trimmed and unfolded; comma lists as a whole.
    pub fn headers(&self, id: HeaderId) -> impl Iterator<Item = &[u8]> + Clone {
        self.entries_of(id).iter().filter(move |line| line.id == id).map(|line| self.value(line))
    }

    /// The first line of that header among the lines `from..to`.
    #[inline]
    pub(crate) fn find_line(&self, id: HeaderId, from: usize, to: usize) -> Option<usize> {
        match self.present.place(id) {
            LinePlace::Nowhere => None,
            LinePlace::At(line) => (from..to).contains(&line).then_some(line),
            LinePlace::From(line) => {
                let from = from.max(line);
                let found = self.lines.get(from..to)?.iter().position(|line| line.id == id)?;
                Some(from + found)
            }
        }
    }

    /// Where the lines of that header are.
    #[inline]
    pub(crate) fn place(&self, id: HeaderId) -> LinePlace {
        self.present.place(id)
    }

    /// A part of the lines, as short as can be told, that holds all lines of that header.
    #[inline]
    fn entries_of(&self, id: HeaderId) -> &[Entry] {
        let lines = match self.present.place(id) {
            LinePlace::Nowhere => None,
            LinePlace::At(line) => self.lines.get(line..=line),
            LinePlace::From(line) => self.lines.get(line..),
        };
        lines.unwrap_or_default()
    }

    /// Whether that header has more than one line.
    #[inline]
    pub(crate) fn repeats(&self, id: HeaderId) -> bool {
        self.present.repeats(id)
    }

    /// Whether that header occurs.
    #[must_use]
    #[inline]
    pub fn has(&self, id: HeaderId) -> bool {
        self.present.has(id)
    }

    /// The value of the first line with that name, in any case, long or compact.
    #[must_use]
    pub fn header_named(&self, name: &[u8]) -> Option<&[u8]> {
        let wanted = HeaderName::from(name);
        let line = self.lines.iter().find(|line| wanted.matches(line.id, self.name(line)))?;
        Some(self.value(line))
    }

    /// The values of all lines with that name, in any case, long or compact.
    pub fn headers_named<'m, 'n>(
        &'m self,
        name: &'n [u8],
    ) -> impl Iterator<Item = &'m [u8]> + Clone + use<'m, 'n> {
        let wanted = HeaderName::from(name);
        self.lines
            .iter()
            .filter(move |line| wanted.matches(line.id, self.name(line)))
            .map(|line| self.value(line))
    }

    /// The single values of a header over all its lines: comma lists are split where the header is a list
    /// ([`HeaderId::is_list`]), any other line is one value.
    pub fn values(&self, id: HeaderId) -> impl Iterator<Item = &[u8]> + Clone {
        self.values_of(id)
    }

    #[inline]
    pub(crate) fn values_of(&self, id: HeaderId) -> AllValues<'_> {
        let lines = self.entries_of(id).iter();
        AllValues { message: self, lines, id, split: id.is_list(), line: Values::none() }
    }

    /// All header lines in order.
    pub fn lines(&self) -> impl ExactSizeIterator<Item = Line<'_>> + Clone {
        self.lines.iter().map(|line| self.line(line))
    }

    /// Where all header lines stand, in order.
    pub fn places(&self) -> impl ExactSizeIterator<Item = Place> + Clone {
        self.lines.iter().map(|line| Place {
            id: line.id,
            name_at: u32::from(line.name),
            name_len: self.name(line).len() as u32,
            value_at: u32::from(line.value),
            value_len: u32::from(line.end) - u32::from(line.value),
        })
    }

    /// The body, which may be empty.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.bytes[self.head_len..]
    }

    /// The body as a share of the message's own octets.
    #[must_use]
    pub fn body_bytes(&self) -> Bytes {
        self.bytes.slice(self.head_len..)
    }

    /// The whole message, octet for octet as it was received.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The octets of start line, headers and the empty line behind them.
    #[must_use]
    pub fn head_len(&self) -> usize {
        self.head_len
    }

    /// Start line and headers with blanks in place of folds; every offset is that of [`Message::bytes`].
    #[must_use]
    #[inline]
    pub fn head(&self) -> &[u8] {
        match &self.unfolded {
            None => &self.bytes[..self.head_len],
            Some(view) => view,
        }
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        &self.lines
    }

    /// The octets of the header lines `from..to` as they came, their line ends included.
    #[inline]
    pub(crate) fn run(&self, from: usize, to: usize) -> &[u8] {
        &self.bytes[self.line_at(from)..self.line_at(to)]
    }

    /// The octets of the start line as they came, its line end included.
    pub(crate) fn start_run(&self) -> &[u8] {
        &self.bytes[..self.line_at(0)]
    }

    /// Where the header line begins; behind the last one, where the empty line does.
    #[inline]
    fn line_at(&self, line: usize) -> usize {
        match self.lines.get(line) {
            Some(entry) => usize::from(entry.name),
            None => self.empty_line_at(),
        }
    }

    fn empty_line_at(&self) -> usize {
        let head = &self.bytes[..self.head_len];
        let blank = if head.ends_with(b"\n\r\n") { 2 } else { usize::from(head.ends_with(b"\n\n")) };
        self.head_len - blank
    }

    /// How many Via values the limits allowed when the message was read.
    pub(crate) fn vias_max(&self) -> usize {
        self.vias_max
    }

    /// Whether Content-Length is there and says how long the body is.
    pub(crate) fn has_length(&self) -> bool {
        self.has_length
    }

    /// Whether the head holds line feeds or carriage returns alone, which no stream may carry.
    #[inline]
    pub(crate) fn is_uneven(&self) -> bool {
        self.uneven
    }

    /// Content-Length of a whole head, read without keeping anything.
    pub(crate) fn content_length_of(head: &[u8]) -> Result<Option<usize>, Malformed> {
        let scanner = Scanner::new(head);
        start::read(scanner.start)?;
        let (mut lines, mut present) = (NO_LINES, Present::NONE);
        let scan = scanner.scan(&mut lines, &mut present, usize::MAX, true)?;
        let view = scan.folded.then(|| index::unfold(head, &lines));
        let view = view.as_deref().unwrap_or(head);
        let values = lines.iter().filter(|line| line.id == HeaderId::ContentLength);
        views::content_length(values.map(|line| &view[usize::from(line.value)..usize::from(line.end)]))
    }

    pub(crate) fn line(&self, line: &Entry) -> Line<'_> {
        Line { id: line.id, name: self.name(line), value: self.value(line) }
    }

    #[inline]
    pub(crate) fn value(&self, line: &Entry) -> &[u8] {
        self.range((line.value, line.end))
    }

    pub(crate) fn name(&self, line: &Entry) -> &[u8] {
        let text = &self.head()[usize::from(line.name)..];
        let len =
            if line.name_len == LONG_NAME { index::token_len(text) } else { usize::from(line.name_len) };
        &text[..len]
    }

    #[inline]
    fn range(&self, (from, to): (u16, u16)) -> &[u8] {
        &self.head()[usize::from(from)..usize::from(to)]
    }
}

/// The single values of all lines of a header.
#[derive(Clone)]
pub(crate) struct AllValues<'a> {
    message: &'a Message,
    lines: core::slice::Iter<'a, Entry>,
    id: HeaderId,
    split: bool,
    line: Values<'a>,
}

impl<'a> Iterator for AllValues<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(value) = self.line.next() {
                return Some(value);
            }
            let line = self.lines.find(|line| line.id == self.id)?;
            let line = self.message.value(line);
            if !self.split {
                return Some(line);
            }
            self.line = Values::of(line);
        }
    }
}

impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Message").field(&String::from_utf8_lossy(&self.bytes)).finish()
    }
}

/// A message is stored as its octets and read again; nothing of the index is kept.
impl Serialize for Message {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bytes.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Message {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = Bytes::deserialize(deserializer)?;
        Self::parse(bytes, &Limits::unbounded()).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
