//! An outgoing message: edits laid over a received message, or a message of our own.
//!
//! A [`Draft`] is a list of pieces: runs of header lines of its base, copied as they came, and lines of its own. It is
//! written in one pass. Content-Length is always that of the body and cannot be set. Names and values are checked when
//! they come in: no edit can add a line that was not asked for.
//!
//! Deliberately not here: whether an edit is permitted (system headers, committed messages), which the container knows.

use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

use crate::address::NameAddr;
use crate::few::Few;
use crate::header::{HeaderId, HeaderName};
use crate::message::index::Place;
use crate::message::{Line, Malformed, Message, Part, views};
use crate::method::Method;
use crate::via::Via;

mod edit;
mod make;
mod reason;
mod text;
mod write;

use text::Text;

pub use reason::reason_phrase;

/// A message that is being made, over a received one or from nothing.
#[derive(Clone)]
pub struct Draft {
    base: Option<Arc<Message>>,
    start: Start,
    pieces: Few<Piece, INLINE_PIECES>,
    /// Own lines as they are written, and own parts of the start line.
    text: Text,
    /// Octets of `text` that nothing points at any more.
    dead: usize,
    /// `None` for the body of the base.
    body: Option<Bytes>,
}

/// The start line.
#[derive(Clone, Debug)]
enum Start {
    /// That of the base.
    Kept,
    Request {
        method: Method,
        uri: Span,
    },
    Response {
        status: u16,
        /// `None` for the usual phrase.
        reason: Option<Span>,
    },
}

/// A part of [`Draft::text`].
#[derive(Clone, Copy, Debug)]
struct Span {
    at: u32,
    len: u32,
}

/// Some header lines.
#[derive(Clone, Copy, Debug)]
enum Piece {
    /// The lines `from..to` of the base, never none.
    Base { from: u16, to: u16 },
    /// A line of `text`.
    Own(Own),
}

/// A line of the draft's own: `Name: value` and its line end.
#[derive(Clone, Copy, Debug)]
struct Own {
    line: Span,
    name_len: u16,
    id: HeaderId,
}

/// Where a header line stands among the pieces.
#[derive(Clone, Copy, Debug)]
struct Pos {
    piece: usize,
    /// The line of the base, 0 for an own line.
    line: u16,
}

/// Enough for the edits of a record-routing proxy, with room for a few of a servlet.
const INLINE_PIECES: usize = 12;

/// Why a name or value cannot stand in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvalidValue {
    /// The header name is not a token.
    Name,
    /// The value holds a carriage return, a line feed or a NUL.
    Value,
    /// The URI is empty or holds blanks, controls, quotes or angle brackets.
    Uri,
    /// The status code is not within 100 to 699.
    Status,
    /// The start line is not of the kind that the edit is for: a request has no status, a response no URI.
    StartLine,
    /// Content-Length follows from the body.
    ContentLength,
    /// The headers would be larger than 65,535 octets.
    TooLong,
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Self::Name => "header name is not a token",
            Self::Value => "value holds a line end or a NUL",
            Self::Uri => "URI is empty or holds blanks, quotes or angle brackets",
            Self::Status => "status code is not within 100 to 699",
            Self::StartLine => "a request has no status and a response no Request-URI",
            Self::ContentLength => "Content-Length follows from the body and cannot be set",
            Self::TooLong => "headers would be larger than 65535 octets",
        })
    }
}

impl std::error::Error for InvalidValue {}

impl Draft {
    /// Whether it is a request.
    #[must_use]
    pub fn is_request(&self) -> bool {
        match &self.start {
            Start::Kept => self.base.as_ref().is_some_and(|base| base.is_request()),
            Start::Request { .. } => true,
            Start::Response { .. } => false,
        }
    }

    /// The method of a request; `None` for a response.
    #[must_use]
    pub fn method(&self) -> Option<&Method> {
        match &self.start {
            Start::Kept => self.base.as_ref()?.method(),
            Start::Request { method, .. } => Some(method),
            Start::Response { .. } => None,
        }
    }

    /// The Request-URI; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &[u8] {
        match &self.start {
            Start::Kept => self.base.as_ref().map_or(&[], |base| base.request_uri()),
            Start::Request { uri, .. } => self.span(*uri),
            Start::Response { .. } => &[],
        }
    }

    /// The status code of a response; `None` for a request.
    #[must_use]
    pub fn status(&self) -> Option<u16> {
        match &self.start {
            Start::Kept => self.base.as_ref()?.status(),
            Start::Request { .. } => None,
            Start::Response { status, .. } => Some(*status),
        }
    }

    /// The reason phrase of a response; empty for a request.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        match &self.start {
            Start::Kept => self.base.as_ref().map_or(&[], |base| base.reason()),
            Start::Request { .. } => &[],
            Start::Response { reason: Some(reason), .. } => self.span(*reason),
            Start::Response { status, reason: None } => reason_phrase(*status).as_bytes(),
        }
    }

    /// The value of the first line of that header, a comma list as a whole.
    #[must_use]
    pub fn header<'n>(&self, name: impl Into<HeaderName<'n>>) -> Option<&[u8]> {
        let pos = self.find(&name.into())?;
        Some(self.line_at(pos).value)
    }

    /// The values of all lines of that header in order, comma lists as a whole.
    pub fn headers<'d, 'n>(
        &'d self,
        name: impl Into<HeaderName<'n>>,
    ) -> impl Iterator<Item = &'d [u8]> + Clone {
        let name = name.into();
        self.lines().filter(move |line| name.matches(line.id, line.name)).map(|line| line.value)
    }

    /// All header lines in order.
    pub fn lines(&self) -> impl Iterator<Item = Line<'_>> + Clone {
        self.positions().map(|pos| self.line_at(pos))
    }

    /// The body, which may be empty.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        match (&self.body, &self.base) {
            (Some(body), _) => body,
            (None, Some(base)) => base.body(),
            (None, None) => &[],
        }
    }

    /// The message that this one is laid over.
    #[must_use]
    pub fn base(&self) -> Option<&Arc<Message>> {
        self.base.as_ref()
    }

    /// The first Via value.
    ///
    /// # Errors
    /// As [`Message::top_via`].
    pub fn top_via(&self) -> Result<Via<'_>, Malformed> {
        views::top_via(self.header(HeaderId::Via))
    }

    /// From.
    ///
    /// # Errors
    /// As [`Message::from_`].
    pub fn from_(&self) -> Result<NameAddr<'_>, Malformed> {
        views::address(self.header(HeaderId::From), Part::From)
    }

    /// To.
    ///
    /// # Errors
    /// As [`Message::to`].
    pub fn to(&self) -> Result<NameAddr<'_>, Malformed> {
        views::address(self.header(HeaderId::To), Part::To)
    }

    /// Call-ID.
    #[must_use]
    pub fn call_id(&self) -> Option<&[u8]> {
        self.header(HeaderId::CallId)
    }

    /// The number and the method of CSeq.
    ///
    /// # Errors
    /// As [`Message::cseq`].
    pub fn cseq(&self) -> Result<(u32, Method), Malformed> {
        views::cseq(self.header(HeaderId::CSeq))
    }

    /// Max-Forwards; `None` when it is missing.
    ///
    /// # Errors
    /// As [`Message::max_forwards`].
    pub fn max_forwards(&self) -> Result<Option<u8>, Malformed> {
        views::max_forwards(self.header(HeaderId::MaxForwards))
    }

    fn positions(&self) -> impl DoubleEndedIterator<Item = Pos> + Clone {
        self.pieces.iter().enumerate().flat_map(|(piece, lines)| {
            let (from, to) = match lines {
                Piece::Base { from, to } => (*from, *to),
                Piece::Own(_) => (0, 1),
            };
            (from..to).map(move |line| Pos { piece, line })
        })
    }

    /// The first line of that header.
    fn find(&self, name: &HeaderName<'_>) -> Option<Pos> {
        self.find_from(0, name)
    }

    /// The first line of that header in the piece `start` or behind it.
    fn find_from(&self, start: usize, name: &HeaderName<'_>) -> Option<Pos> {
        match name {
            // The id alone decides, and the text of the lines need not be looked at.
            HeaderName::Known(HeaderId::Other) => None,
            HeaderName::Known(id) => self.find_known(start, *id),
            HeaderName::Named(_) => self.positions().find(|pos| pos.piece >= start && self.is_at(*pos, name)),
        }
    }

    fn find_known(&self, start: usize, id: HeaderId) -> Option<Pos> {
        let base = self.base.as_deref();
        let place = base.map_or(Place::Nowhere, |base| base.place(id));
        for (piece, lines) in self.pieces.iter().enumerate().skip(start) {
            let line = match (lines, place, base) {
                (Piece::Own(own), _, _) => (own.id == id).then_some(0),
                (Piece::Base { from, to }, Place::At(line), _) => {
                    (usize::from(*from)..usize::from(*to)).contains(&line).then_some(line)
                }
                (Piece::Base { from, to }, Place::From(_), Some(base)) => {
                    base.find_line(id, usize::from(*from), usize::from(*to))
                }
                (Piece::Base { .. }, Place::Nowhere | Place::From(_), _) => None,
            };
            if let Some(line) = line {
                return Some(Pos { piece, line: line as u16 });
            }
        }
        None
    }

    /// The last line of that header.
    fn find_last(&self, name: &HeaderName<'_>) -> Option<Pos> {
        self.positions().rev().find(|pos| self.is_at(*pos, name))
    }

    fn is_at(&self, pos: Pos, name: &HeaderName<'_>) -> bool {
        match name {
            // The id alone decides, and the text of the line need not be looked at.
            HeaderName::Known(id) => self.id_at(pos) == *id && *id != HeaderId::Other,
            HeaderName::Named(_) => {
                let line = self.line_at(pos);
                name.matches(line.id, line.name)
            }
        }
    }

    fn id_at(&self, pos: Pos) -> HeaderId {
        match (&self.pieces[pos.piece], &self.base) {
            (Piece::Base { .. }, Some(base)) => base.entries()[usize::from(pos.line)].id,
            (Piece::Base { .. }, None) => HeaderId::Other,
            (Piece::Own(own), _) => own.id,
        }
    }

    fn line_at(&self, pos: Pos) -> Line<'_> {
        match (&self.pieces[pos.piece], &self.base) {
            (Piece::Base { .. }, Some(base)) => base.line(&base.entries()[usize::from(pos.line)]),
            (Piece::Base { .. }, None) => Line { id: HeaderId::Other, name: &[], value: &[] },
            (Piece::Own(own), _) => {
                let line = self.span(own.line);
                let name_len = usize::from(own.name_len);
                Line { id: own.id, name: &line[..name_len], value: &line[name_len + 2..line.len() - 2] }
            }
        }
    }

    fn span(&self, span: Span) -> &[u8] {
        &self.text.as_bytes()[span.range()]
    }
}

impl Span {
    fn range(self) -> core::ops::Range<usize> {
        self.at as usize..self.at as usize + self.len as usize
    }
}

impl fmt::Debug for Draft {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Draft").field(&String::from_utf8_lossy(&self.to_bytes())).finish()
    }
}

impl PartialEq for Draft {
    /// Two drafts are the same when they write the same octets.
    fn eq(&self, other: &Self) -> bool {
        self.to_bytes() == other.to_bytes()
    }
}

impl Eq for Draft {}

/// A draft is stored as the octets that it writes, and comes back as an unedited draft over them.
impl Serialize for Draft {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Draft {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Message::deserialize(deserializer).map(|message| Self::forward(&Arc::new(message)))
    }
}

#[cfg(test)]
mod tests;
