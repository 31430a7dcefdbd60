//! How drafts begin: from nothing, as a response, as the request sent on, as the ACK or CANCEL of an INVITE.

use bytes::Bytes;
use std::sync::Arc;

use super::edit::is_uri;
use super::{Draft, InvalidValue, Piece, Start, Text};
use crate::few::Few;
use crate::header::{HeaderId, HeaderName};
use crate::message::Message;
use crate::message::values::comma;
use crate::method::Method;

impl Draft {
    /// A request without any header but Content-Length.
    ///
    /// # Errors
    /// [`InvalidValue::Uri`].
    pub fn request(method: Method, uri: &[u8]) -> Result<Self, InvalidValue> {
        if !is_uri(uri) {
            return Err(InvalidValue::Uri);
        }
        let mut draft = Self::empty(None);
        let uri = draft.keep(uri)?;
        draft.start = Start::Request { method, uri };
        draft.set_length(0);
        Ok(draft)
    }

    /// A response with what every response takes from its request: all Via, From, To, Call-ID and CSeq lines in their
    /// order, and Timestamp in a 100 (RFC 3261 §8.2.6).
    ///
    /// `reason` is the phrase, the usual one when `None`; `top_via` is the first Via value as
    /// [`Via::stamp`](crate::via::Via::stamp) made it, the one of the request when `None`. There is no To tag yet:
    /// see [`Draft::set_to_tag`].
    ///
    /// # Errors
    /// [`InvalidValue`] for a status outside 100 to 699 or line ends in a text.
    // [3261-8.2.6.1-1, 3261-8.2.6.2-1, 3261-8.2.6.2-2, 3261-8.2.6.2-3, 3261-8.2.6.2-4, 3261-8.2.6.2-6]
    pub fn response(
        request: &Arc<Message>,
        status: u16,
        reason: Option<&str>,
        top_via: Option<Bytes>,
    ) -> Result<Self, InvalidValue> {
        let mut draft = Self::empty(Some(Arc::clone(request)));
        let reason = draft.response_line(status, reason)?;
        draft.start = Start::Response { status, reason };
        let mut seen = 0_u128;
        for (line, entry) in request.entries().iter().enumerate() {
            let id = entry.id;
            // A faulty request may repeat what stands once; a response repeats nothing.
            let is_first = seen & (1 << id.code()) == 0;
            let stands_once = matches!(id, HeaderId::From | HeaderId::To | HeaderId::CallId | HeaderId::CSeq);
            let is_copied = id == HeaderId::Via
                || (stands_once && is_first)
                || (id == HeaderId::Timestamp && status == 100);
            if is_copied {
                seen |= 1 << id.code();
                draft.copy_line(line as u16);
            }
        }
        draft.body = Some(Bytes::new());
        draft.set_length(0);
        if let Some(via) = top_via {
            draft.replace_top(HeaderId::Via, &via)?;
        }
        Ok(draft)
    }

    /// The message as it came, to be edited and sent on. Only a Content-Length that is missing or wrong is changed.
    #[must_use]
    pub fn forward(message: &Arc<Message>) -> Self {
        let mut draft = Self::empty(Some(Arc::clone(message)));
        let lines = message.entries().len();
        if lines > 0 {
            draft.pieces.push(Piece::Base { from: 0, to: lines as u16 });
        }
        if !message.has_length() {
            draft.set_length(message.body().len());
        }
        draft
    }

    /// The ACK for a final response other than 2xx (RFC 3261 §17.1.1.3), to be sent where `invite` went.
    // [3261-17.1.1.3-2, 3261-17.1.1.3-3, 3261-17.1.1.3-4, 3261-17.1.1.3-5, 3261-17.1.1.3-6]
    #[must_use]
    pub fn ack_for(invite: &Message, response: &Message) -> Self {
        Self::of_invite(invite, Method::Ack, response.header(HeaderId::To))
    }

    /// The CANCEL of an INVITE that was sent (RFC 3261 §9.1), to be sent where `invite` went.
    #[must_use]
    pub fn cancel_of(invite: &Message) -> Self {
        Self::of_invite(invite, Method::Cancel, None)
    }

    /// A request in the transaction of `invite`: its Request-URI, top Via, Routes, From, Call-ID and CSeq number.
    // [3261-8.2.2.3-3, 3261-9.1-1, 3261-9.1-2, 3261-9.1-3, 3261-9.1-4, 3261-9.1-5]
    fn of_invite(invite: &Message, method: Method, to: Option<&[u8]>) -> Self {
        let mut draft = Self::empty(None);
        let mut line = |id: HeaderId, value: &[u8]| {
            let piece = draft.own_line_unchecked(&HeaderName::Known(id), value);
            draft.pieces.push(piece);
        };
        if let Some(via) = invite.header(HeaderId::Via) {
            line(HeaderId::Via, &via[..comma(via)]);
        }
        for route in invite.headers(HeaderId::Route) {
            line(HeaderId::Route, route);
        }
        line(HeaderId::MaxForwards, b"70");
        for (id, value) in [
            (HeaderId::From, invite.header(HeaderId::From)),
            (HeaderId::To, to.or_else(|| invite.header(HeaderId::To))),
            (HeaderId::CallId, invite.header(HeaderId::CallId)),
        ] {
            if let Some(value) = value {
                line(id, value);
            }
        }
        if let Ok((number, _)) = invite.cseq_raw() {
            line(HeaderId::CSeq, format!("{number} {method}").as_bytes());
        }
        let uri = draft.keep_unchecked(invite.request_uri());
        draft.start = Start::Request { method, uri };
        draft.set_length(0);
        draft
    }

    fn empty(base: Option<Arc<Message>>) -> Self {
        let pieces = Few::new(Piece::Base { from: 0, to: 0 });
        Self { base, start: Start::Kept, pieces, text: Text::new(), dead: 0, body: None }
    }

    /// Takes a line of the base over, joined to the run before it where it follows on.
    fn copy_line(&mut self, line: u16) {
        match self.pieces.last_mut() {
            Some(Piece::Base { to, .. }) if *to == line => *to += 1,
            Some(Piece::Base { .. } | Piece::Own(_)) | None => {
                self.pieces.push(Piece::Base { from: line, to: line + 1 });
            }
        }
    }
}
