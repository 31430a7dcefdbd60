//! A response, received or made here.

use super::{Deref, Message, Rc, Request, Result, Shared, Touched, fmt, text};
#[allow(unused_imports, reason = "the host is a type in a guest, and the trait itself in a test")]
use crate::seam::Host as _;

/// A SIP response, received or made here with [`Request::create_response`].
///
/// All that is read of it stands in [`Message`]. [`send`](Self::send) takes the response away: what was sent cannot be
/// sent or changed again.
pub struct Response {
    message: Message,
}

impl Response {
    pub(crate) const fn new(shared: Rc<Shared>) -> Self {
        Self { message: Message::new(shared) }
    }

    /// The status code, 100 to 699.
    // jsr289: SipServletResponse.getStatus()
    #[track_caller]
    #[must_use]
    pub fn status(&self) -> u16 {
        self.start_line().status()
    }

    /// The reason phrase, which may be empty; empty also when it is not UTF-8.
    // jsr289: SipServletResponse.getReasonPhrase()
    #[track_caller]
    #[must_use]
    pub fn reason(&self) -> &str {
        text(self.start_line().reason())
    }

    /// The request that this answers.
    // jsr289: SipServletResponse.getRequest()
    #[must_use]
    pub fn request(&self) -> Request {
        let turn = self.turn();
        Request::new(match self.shared().host(|host, id| host.request_of(id)) {
            Ok(id) => turn.message(id),
            Err(error) => Rc::new(Shared::new(turn.clone(), Err(error), None)),
        })
    }

    /// The ACK for this received 2xx of an INVITE (RFC 3261 §13.2.2.4). Other final responses are acknowledged by the
    /// host.
    ///
    /// # Errors
    /// [`Error::NoTransaction`](crate::Error::NoTransaction) for any other response.
    // jsr289: SipServletResponse.createAck()
    pub fn create_ack(&self) -> Result<Request> {
        let id = self.shared().host(|host, id| host.create_ack(id))?;
        Ok(Request::new(self.turn().message(id)))
    }

    /// The PRACK for this received reliable provisional response (RFC 3262 §4). It is needed where the response makes an
    /// offer, which the PRACK answers; any other one gets the host's own PRACK when the handler sends none.
    ///
    /// # Errors
    /// [`Error::NoTransaction`](crate::Error::NoTransaction) for any other response, and for one that has its PRACK.
    pub fn create_prack(&self) -> Result<Request> {
        let id = self.shared().host(|host, id| host.create_prack(id))?;
        Ok(Request::new(self.turn().message(id)))
    }

    /// Puts this provisional response to an INVITE into the outbox, to be repeated until its PRACK comes (RFC 3262 §3).
    ///
    /// While an earlier one waits for its PRACK, this one waits behind it; so does a 2xx behind one with a session
    /// description. To a client that requires 100rel, [`send`](Self::send) does the same.
    ///
    /// # Errors
    /// [`Error::NotSupported`](crate::Error::NotSupported) when the client supports no 100rel,
    /// [`Error::InvalidStatus`](crate::Error::InvalidStatus) for another status than 101 to 199,
    /// [`Error::Limit`](crate::Error::Limit) `reliable-responses`; and as of [`send`](Self::send).
    pub fn send_reliably(&self) -> Result {
        self.shared().host(|host, id| host.send_reliably(id))?;
        self.shared().touch(Touched::Everything);
        Ok(())
    }

    /// The response with that header in place of all its lines of that name.
    ///
    /// # Errors
    /// As [`Message::set_header`].
    pub fn with_header(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self> {
        self.set_header(name, value)?;
        Ok(self)
    }

    /// The response with that body; an empty one removes body and Content-Type.
    ///
    /// # Errors
    /// As [`Message::set_body`].
    pub fn with_body(self, content_type: &str, body: impl AsRef<[u8]>) -> Result<Self> {
        self.set_body(content_type, body)?;
        Ok(self)
    }

    /// Puts the response into the outbox of the turn: it leaves when the handler has returned `Ok`.
    ///
    /// # Errors
    /// [`Error::FinalResponseSent`](crate::Error::FinalResponseSent) when the request was answered by another,
    /// [`Error::NoTransaction`](crate::Error::NoTransaction) for a received response,
    /// [`Error::Limit`](crate::Error::Limit) when the turn sends too much.
    // jsr289: SipServletResponse.send()
    pub fn send(self) -> Result {
        self.message.send()
    }
}

impl Deref for Response {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(out)
    }
}
