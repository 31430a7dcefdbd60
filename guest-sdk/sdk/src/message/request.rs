//! A request, received or made here.

use super::{
    CurrentHost, Deref, Message, Method, Rc, Response, Result, Shared, Touched, Uri, Wanted, fmt, text,
};
#[allow(unused_imports, reason = "the host is a type in a guest, and the trait itself in a test")]
use crate::seam::Host as _;
use crate::seam::MessageId;

/// A SIP request, received or made here.
///
/// A received one is answered with [`create_response`](Self::create_response); one that was made here is sent with
/// [`send`](Self::send). All that is read of it stands in [`Message`].
///
/// ```
/// # use siplet::prelude::*;
/// # struct Greeter;
/// # #[servlet]
/// # impl Servlet for Greeter {
/// fn do_message(&self, request: Request) -> Result {
///     let caller = request.from()?;
///     let name = caller.display_name().unwrap_or("you".into());
///     log::info!("{name} wrote {} octets", request.body().len());
///     request.create_response(200)?.with_header("Organization", "Greeter")?.send()
/// }
/// # }
/// ```
pub struct Request {
    message: Message,
}

impl Request {
    pub(crate) const fn new(shared: Rc<Shared>) -> Self {
        Self { message: Message::new(shared) }
    }

    /// The method.
    ///
    /// # Panics
    /// When the message cannot be read at all; see [`Message`].
    // jsr289: SipServletMessage.getMethod()
    #[track_caller]
    #[must_use]
    pub fn method(&self) -> Method {
        self.start_line().method().expect("a request has a method")
    }

    /// Where the request goes, by its parts (RFC 3261 §8.1.1.1).
    ///
    /// # Errors
    /// [`Error::InvalidAddress`](crate::Error::InvalidAddress) when it cannot be read.
    // jsr289: SipServletRequest.getRequestURI()
    #[track_caller]
    pub fn request_uri(&self) -> Result<Uri<'_>> {
        Uri::parse(self.request_uri_text())
    }

    /// The Request-URI as it stands.
    #[track_caller]
    #[must_use]
    pub fn request_uri_text(&self) -> &str {
        text(self.shared().view(Wanted::RequestUri).request_uri())
    }

    /// True for a request outside every dialog that no application of this host has seen.
    ///
    /// # Errors
    /// [`Error::StaleHandle`](crate::Error::StaleHandle).
    pub fn is_initial(&self) -> Result<bool> {
        self.shared().host(|host, id| host.is_initial(id))
    }

    /// A response to this received request, with the reason phrase of RFC 3261 §21.
    ///
    /// # Errors
    /// [`Error::InvalidStatus`](crate::Error::InvalidStatus),
    /// [`Error::FinalResponseSent`](crate::Error::FinalResponseSent),
    /// [`Error::NoTransaction`](crate::Error::NoTransaction) for an ACK or a request that was made here.
    // jsr289: SipServletRequest.createResponse(int)
    pub fn create_response(&self, status: u16) -> Result<Response> {
        self.response(|host, id| host.create_response(id, status, None))
    }

    /// The same with a reason phrase of one's own.
    ///
    /// # Errors
    /// As [`create_response`](Self::create_response).
    pub fn create_response_with_reason(&self, status: u16, reason: &str) -> Result<Response> {
        self.response(|host, id| host.create_response(id, status, Some(reason)))
    }

    fn response(
        &self,
        ask: impl FnOnce(&mut CurrentHost, MessageId) -> Result<MessageId>,
    ) -> Result<Response> {
        let id = self.shared().host(ask)?;
        Ok(Response::new(self.turn().message(id)))
    }

    /// A CANCEL for this INVITE, which was sent from here and has no final response (RFC 3261 §9.1).
    ///
    /// # Errors
    /// [`Error::NoTransaction`](crate::Error::NoTransaction).
    // jsr289: SipServletRequest.createCancel()
    pub fn create_cancel(&self) -> Result<Self> {
        let id = self.shared().host(|host, id| host.create_cancel(id))?;
        Ok(Self::new(self.turn().message(id)))
    }

    /// Sets where the request goes.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`](crate::Error::InvalidAddress),
    /// [`Error::AlreadyCommitted`](crate::Error::AlreadyCommitted).
    // jsr289: SipServletRequest.setRequestURI(URI)
    pub fn set_request_uri(&self, uri: &str) -> Result {
        self.shared().host(|host, id| host.set_request_uri(id, uri.as_bytes()))?;
        self.shared().touch(Touched::RequestUri);
        Ok(())
    }

    /// The request with that header in place of all its lines of that name.
    ///
    /// # Errors
    /// As [`Message::set_header`].
    pub fn with_header(self, name: &str, value: impl AsRef<[u8]>) -> Result<Self> {
        self.set_header(name, value)?;
        Ok(self)
    }

    /// The request with that body; an empty one removes body and Content-Type.
    ///
    /// # Errors
    /// As [`Message::set_body`].
    pub fn with_body(self, content_type: &str, body: impl AsRef<[u8]>) -> Result<Self> {
        self.set_body(content_type, body)?;
        Ok(self)
    }

    /// Puts the request into the outbox of the turn: it leaves when the handler has returned `Ok`.
    ///
    /// # Errors
    /// [`Error::NoTransaction`](crate::Error::NoTransaction) for a received request,
    /// [`Error::Limit`](crate::Error::Limit) when the turn sends too much.
    // jsr289: SipServletRequest.send(); SipServletMessage.send()
    pub fn send(self) -> Result {
        self.message.send()
    }
}

impl Deref for Request {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.message.fmt(out)
    }
}
