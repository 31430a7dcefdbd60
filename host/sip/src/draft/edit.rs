//! Edits: each is checked, then laid over the pieces.

use bytes::Bytes;
use core::fmt::Write as _;

use super::{Draft, InvalidValue, Own, Piece, Pos, Span, Start, Text};
use crate::header::{HeaderId, HeaderName, is_token};
use crate::limits::Limits;
use crate::message::values::comma;
use crate::octets;

impl Draft {
    /// Gives the header one line with that value: in place of its first line, all others go.
    ///
    /// # Errors
    /// [`InvalidValue`]; the draft is then as it was.
    pub fn set<'n>(&mut self, name: impl Into<HeaderName<'n>>, value: &[u8]) -> Result<(), InvalidValue> {
        let name = name.into();
        let own = self.own_line(&name, value)?;
        match self.find(&name) {
            Some(first) => {
                let at = self.replace(first, Some(own));
                self.remove_behind(at, &name);
            }
            None => self.append(own, name.id()),
        }
        Ok(())
    }

    /// Adds a line behind the last one of that header, or at the end.
    ///
    /// # Errors
    /// [`InvalidValue`]; the draft is then as it was.
    pub fn add<'n>(&mut self, name: impl Into<HeaderName<'n>>, value: &[u8]) -> Result<(), InvalidValue> {
        let name = name.into();
        let own = self.own_line(&name, value)?;
        match self.find_last(&name) {
            Some(last) => self.insert(last, own, Side::Behind),
            None => self.append(own, name.id()),
        }
        Ok(())
    }

    /// Adds a line before the first one of that header. Where there is none a Via goes to the top, the headers of
    /// proxies behind the Vias (RFC 3261 §7.3.1 wants them early), and any other header to the end.
    ///
    /// # Errors
    /// [`InvalidValue`]; the draft is then as it was.
    pub fn prepend<'n>(&mut self, name: impl Into<HeaderName<'n>>, value: &[u8]) -> Result<(), InvalidValue> {
        let name = name.into();
        let own = self.own_line(&name, value)?;
        match self.find(&name) {
            Some(first) => self.insert(first, own, Side::Before),
            None => self.append(own, name.id()),
        }
        Ok(())
    }

    /// Removes all lines of that header; returns how many there were. Content-Length stays.
    pub fn remove<'n>(&mut self, name: impl Into<HeaderName<'n>>) -> usize {
        let name = name.into();
        if name.id() == HeaderId::ContentLength {
            return 0;
        }
        self.remove_behind(0, &name)
    }

    /// Removes the `index`th line of that header, counted from 0; whether it was there.
    pub fn remove_nth<'n>(&mut self, name: impl Into<HeaderName<'n>>, index: usize) -> bool {
        let name = name.into();
        if name.id() == HeaderId::ContentLength {
            return false;
        }
        let found = self.positions().filter(|pos| self.is_at(*pos, &name)).nth(index);
        if let Some(pos) = found {
            self.replace(pos, None);
        }
        found.is_some()
    }

    /// Removes the first value of a list header, be it alone on its line or the first of several: how a proxy takes its
    /// own Via off a response (RFC 3261 §16.7) and its own Route off a request (§16.4). Whether there was one.
    pub fn remove_top(&mut self, id: HeaderId) -> bool {
        let Some((pos, rest)) = self.top(id) else { return false };
        let rest = rest.to_vec();
        let own = (!rest.is_empty()).then(|| self.own_line_unchecked(&HeaderName::Known(id), &rest));
        self.replace(pos, own);
        true
    }

    /// Replaces the first value of a list header and leaves the others of its line: how the stamped Via is put in
    /// place. Adds a line when there is none.
    ///
    /// # Errors
    /// [`InvalidValue`]; the draft is then as it was.
    pub fn replace_top(&mut self, id: HeaderId, value: &[u8]) -> Result<(), InvalidValue> {
        let Some((pos, rest)) = self.top(id) else { return self.prepend(id, value) };
        let list = (!rest.is_empty()).then(|| [value, b", ", rest].concat());
        let own = self.own_line(&HeaderName::Known(id), list.as_deref().unwrap_or(value))?;
        self.replace(pos, Some(own));
        Ok(())
    }

    /// The first line of a list header, and what stands on it behind the first value.
    fn top(&self, id: HeaderId) -> Option<(Pos, &[u8])> {
        let pos = self.find(&HeaderName::Known(id))?;
        let line = self.line_at(pos).value;
        Some((pos, line.get(comma(line) + 1..).unwrap_or_default().trim_ascii_start()))
    }

    /// Changes the Request-URI.
    ///
    /// # Errors
    /// [`InvalidValue::Uri`]; [`InvalidValue::StartLine`] on a response; the draft is then as it was.
    pub fn set_request_uri(&mut self, uri: &[u8]) -> Result<(), InvalidValue> {
        let method = self.method().ok_or(InvalidValue::StartLine)?.clone();
        if !is_uri(uri) {
            return Err(InvalidValue::Uri);
        }
        let uri = self.keep(uri)?;
        self.set_start(Start::Request { method, uri });
        Ok(())
    }

    /// Changes status and reason phrase; without a phrase the usual one is taken.
    ///
    /// # Errors
    /// [`InvalidValue`]; [`InvalidValue::StartLine`] on a request; the draft is then as it was.
    pub fn set_status(&mut self, status: u16, reason: Option<&str>) -> Result<(), InvalidValue> {
        if self.is_request() {
            return Err(InvalidValue::StartLine);
        }
        let reason = self.response_line(status, reason)?;
        self.set_start(Start::Response { status, reason });
        Ok(())
    }

    /// Puts a tag behind To, as a UAS does (RFC 3261 §8.2.6.2). A To that has a tag keeps it.
    ///
    /// # Errors
    /// [`InvalidValue::Value`] when `tag` is not a token.
    pub fn set_to_tag(&mut self, tag: &[u8]) -> Result<(), InvalidValue> {
        if !is_token(tag) {
            return Err(InvalidValue::Value);
        }
        let Some(to) = self.header(HeaderId::To) else { return Ok(()) };
        if self.to().is_ok_and(|to| to.tag().is_some()) {
            return Ok(());
        }
        let tagged = [to, b";tag=", tag].concat();
        self.set(HeaderId::To, &tagged)
    }

    /// Gives the message that body; Content-Length follows. Without a type Content-Type is left as it is, but for an
    /// empty body, which has none.
    ///
    /// # Errors
    /// [`InvalidValue::Value`] for the type; the draft is then as it was.
    pub fn set_body(&mut self, content_type: Option<&[u8]>, body: Bytes) -> Result<(), InvalidValue> {
        match content_type {
            Some(content_type) => self.set(HeaderId::ContentType, content_type)?,
            None if body.is_empty() => {
                self.remove(HeaderId::ContentType);
            }
            None => {}
        }
        let length = body.len();
        self.body = Some(body);
        self.set_length(length);
        Ok(())
    }

    /// Makes Content-Length what it has to be.
    // [3261-18.3-3]
    pub(super) fn set_length(&mut self, length: usize) {
        const NAME: HeaderName<'_> = HeaderName::Known(HeaderId::ContentLength);
        let mut digits = Digits { text: [0; 20], len: 0 };
        write!(digits, "{length}").expect("a length has at most 20 digits");
        let own = self.own_line_unchecked(&NAME, &digits.text[..digits.len]);
        match self.find(&NAME) {
            Some(first) => {
                let at = self.replace(first, Some(own));
                self.remove_behind(at, &NAME);
            }
            None => self.pieces.push(own),
        }
    }

    /// Checks status and phrase; keeps the phrase.
    pub(super) fn response_line(
        &mut self,
        status: u16,
        reason: Option<&str>,
    ) -> Result<Option<Span>, InvalidValue> {
        if !(100..700).contains(&status) {
            return Err(InvalidValue::Status);
        }
        let Some(reason) = reason else { return Ok(None) };
        if !is_value(reason.as_bytes()) {
            return Err(InvalidValue::Value);
        }
        self.keep(reason.as_bytes()).map(Some)
    }

    fn set_start(&mut self, start: Start) {
        self.dead += match core::mem::replace(&mut self.start, start) {
            Start::Request { uri: span, .. } | Start::Response { reason: Some(span), .. } => {
                span.len as usize
            }
            Start::Kept | Start::Response { reason: None, .. } => 0,
        };
    }

    /// A checked line of our own.
    fn own_line(&mut self, name: &HeaderName<'_>, value: &[u8]) -> Result<Piece, InvalidValue> {
        let id = name.id();
        if id == HeaderId::ContentLength {
            return Err(InvalidValue::ContentLength);
        }
        if id == HeaderId::Other && !is_token(name.as_bytes()) {
            return Err(InvalidValue::Name);
        }
        if !is_value(value) {
            return Err(InvalidValue::Value);
        }
        self.has_room(name.as_bytes().len() + value.len() + 4)?;
        Ok(self.own_line_unchecked(name, value))
    }

    /// A line of our own whose parts come from a message that was read, or from this crate.
    #[inline]
    pub(super) fn own_line_unchecked(&mut self, name: &HeaderName<'_>, value: &[u8]) -> Piece {
        self.compact();
        let (name_text, value) = (name.as_bytes(), octets::trim(value));
        let at = self.text.push_line(name_text, value);
        Piece::Own(Own {
            line: Span { at: at as u32, len: (name_text.len() + value.len() + 4) as u32 },
            name_len: name_text.len() as u16,
            id: name.id(),
        })
    }

    /// Keeps a part of the start line.
    pub(super) fn keep(&mut self, part: &[u8]) -> Result<Span, InvalidValue> {
        self.has_room(part.len())?;
        Ok(self.keep_unchecked(part))
    }

    /// Keeps a part of the start line that comes from a message that was read.
    pub(super) fn keep_unchecked(&mut self, part: &[u8]) -> Span {
        self.compact();
        Span { at: self.text.push(part) as u32, len: part.len() as u32 }
    }

    /// Whether the head can take `more` octets and still be read by the offsets of a [`Message`](crate::message::Message).
    fn has_room(&self, more: usize) -> Result<(), InvalidValue> {
        let base = self.base.as_ref().map_or(0, |base| base.head_len());
        let own = self.text.len() - self.dead;
        if base + own + more > Limits::HEAD_BYTES_MAX { Err(InvalidValue::TooLong) } else { Ok(()) }
    }

    /// Drops the text that nothing points at, once it is most of it: a servlet may set a header a million times.
    #[inline]
    fn compact(&mut self) {
        if self.text.len() >= COMPACT_FROM && self.dead * 2 >= self.text.len() {
            self.drop_dead_text();
        }
    }

    #[cold]
    fn drop_dead_text(&mut self) {
        let old = core::mem::replace(&mut self.text, Text::new());
        let text = &mut self.text;
        let mut moved = |span: &mut Span| {
            span.at = text.push(&old.as_bytes()[span.range()]) as u32;
        };
        match &mut self.start {
            Start::Request { uri: span, .. } | Start::Response { reason: Some(span), .. } => moved(span),
            Start::Kept | Start::Response { reason: None, .. } => {}
        }
        for piece in self.pieces.iter_mut() {
            match piece {
                Piece::Own(own) => moved(&mut own.line),
                Piece::Base { .. } => {}
            }
        }
        self.dead = 0;
    }

    /// Puts `piece` where the header belongs that has no line yet.
    fn append(&mut self, piece: Piece, id: HeaderId) {
        const VIA: HeaderName<'_> = HeaderName::Known(HeaderId::Via);
        let is_early = matches!(
            id,
            HeaderId::Via | HeaderId::Route | HeaderId::RecordRoute | HeaderId::MaxForwards | HeaderId::Path
        );
        if is_early {
            return match self.find_last(&VIA) {
                Some(last) => self.insert(last, piece, Side::Behind),
                None => self.pieces.insert(0, piece),
            };
        }
        // Our own Content-Length stays last, where readers look for it.
        let own_length =
            matches!(self.pieces.last(), Some(Piece::Own(own)) if own.id == HeaderId::ContentLength);
        self.pieces.insert(self.pieces.len() - usize::from(own_length), piece);
    }

    fn insert(&mut self, pos: Pos, piece: Piece, side: Side) {
        match (self.pieces[pos.piece], side) {
            (Piece::Own(_), Side::Before) => self.pieces.insert(pos.piece, piece),
            (Piece::Own(_), Side::Behind) => self.pieces.insert(pos.piece + 1, piece),
            (Piece::Base { from, to }, _) => {
                let cut = pos.line + u16::from(side == Side::Behind);
                self.splice(pos.piece, (from, cut), Some(piece), (cut, to));
            }
        }
    }

    /// Replaces or removes one line; returns the index of the piece that follows it.
    fn replace(&mut self, pos: Pos, with: Option<Piece>) -> usize {
        match (self.pieces[pos.piece], with) {
            (Piece::Own(old), Some(new)) => {
                self.dead += old.line.len as usize;
                self.pieces[pos.piece] = new;
                pos.piece + 1
            }
            (Piece::Own(old), None) => {
                self.dead += old.line.len as usize;
                self.pieces.remove(pos.piece);
                pos.piece
            }
            (Piece::Base { from, to }, with) => {
                self.splice(pos.piece, (from, pos.line), with, (pos.line + 1, to))
            }
        }
    }

    /// Puts up to three pieces in place of one; returns the index behind the middle one.
    fn splice(&mut self, at: usize, before: (u16, u16), middle: Option<Piece>, behind: (u16, u16)) -> usize {
        let mut next = at;
        if let Some(piece) = run(before) {
            self.pieces[at] = piece;
            next += 1;
        }
        if let Some(piece) = middle {
            self.put(at, next, piece);
            next += 1;
        }
        match run(behind) {
            Some(piece) => self.put(at, next, piece),
            None if next == at => self.pieces.remove(at),
            None => {}
        }
        next
    }

    /// Puts a piece at `next`: in place of the one at `at`, which is free, or between two others.
    #[inline]
    fn put(&mut self, at: usize, next: usize, piece: Piece) {
        if next == at {
            self.pieces[at] = piece;
        } else {
            self.pieces.insert(next, piece);
        }
    }

    /// Removes the lines of that header from the piece `at` on; returns how many there were.
    fn remove_behind(&mut self, at: usize, name: &HeaderName<'_>) -> usize {
        let mut removed = 0;
        let mut at = at;
        loop {
            let Some(pos) = self.find_from(at, name) else { return removed };
            at = self.replace(pos, None);
            removed += 1;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Before,
    Behind,
}

/// Text below this size is not worth tidying up.
const COMPACT_FROM: usize = 4096;

fn run((from, to): (u16, u16)) -> Option<Piece> {
    (from < to).then_some(Piece::Base { from, to })
}

/// RFC 3261 §7.3.1: a line end would begin a header of its own; a NUL ends the line for some.
fn is_value(value: &[u8]) -> bool {
    !octets::has_line_end(value)
}

/// What can stand in a start line as one word.
pub(super) fn is_uri(uri: &[u8]) -> bool {
    !uri.is_empty() && octets::are_uri(uri)
}

/// A number written without an allocation.
struct Digits {
    text: [u8; 20],
    len: usize,
}

impl core::fmt::Write for Digits {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let end = self.len + text.len();
        self.text.get_mut(self.len..end).ok_or(core::fmt::Error)?.copy_from_slice(text.as_bytes());
        self.len = end;
        Ok(())
    }
}
