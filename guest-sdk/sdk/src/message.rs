//! Requests and responses: what can be read from them, changed in them and made of them.
//!
//! A message that a handler is called with was handed over as a whole, so reading it never asks the host. Changes go to
//! the host at once, which answers whether it likes them; what was changed is read from the host anew, so a read after
//! a write is always right. There is deliberately no second model of a message in the guest.

use core::cell::{OnceCell, RefCell};
use core::fmt;
use core::ops::Deref;
use std::rc::Rc;

use siplet_sip::header::{HeaderId, HeaderName};
use siplet_sip::message::Values;
use siplet_sip::method::Method;

use crate::address::{Address, Uri};
#[allow(unused_imports, reason = "the host is a type in a guest, and the trait itself in a test")]
use crate::seam::Host as _;
use crate::seam::{CurrentHost, MessageId, Peer, Turn};
use crate::session::{ApplicationSession, SipSession};
use crate::view::{Line, View};
use crate::{Error, Result};

mod request;
mod response;

pub use request::Request;
pub use response::Response;

/// A message of this turn, shared by all who hold it.
pub(crate) struct Shared {
    turn: Rc<Turn>,
    id: Result<MessageId>,
    views: Views,
    touched: RefCell<Vec<Touched>>,
}

/// The views of a message from first to latest. None is dropped while the message lives, so texts can be lent out.
#[derive(Default)]
struct Views {
    view: OnceCell<View>,
    next: OnceCell<Box<Views>>,
}

/// What was changed since the latest view was had.
#[derive(PartialEq)]
enum Touched {
    Everything,
    Header(HeaderId),
    Named(Vec<u8>),
    RequestUri,
    Body,
}

/// What is read.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    /// What no action changes: method, status code, reason phrase.
    StartLine,
    RequestUri,
    Body,
    Header(HeaderName<'a>),
    Lines,
}

impl Views {
    fn latest(&self) -> Option<&View> {
        match self.next.get() {
            Some(next) => next.latest(),
            None => self.view.get(),
        }
    }

    fn push(&self, view: View) -> &View {
        match (self.view.get(), self.next.get()) {
            (None, _) => self.view.get_or_init(|| view),
            (Some(_), Some(next)) => next.push(view),
            (Some(_), None) => self.next.get_or_init(Box::default).push(view),
        }
    }
}

impl Touched {
    fn header(name: HeaderName<'_>) -> Self {
        match name {
            HeaderName::Known(id) => Self::Header(id),
            HeaderName::Named(name) => Self::Named(name.to_ascii_lowercase()),
        }
    }

    fn concerns(&self, wanted: Wanted<'_>) -> bool {
        match (self, wanted) {
            (_, Wanted::StartLine) => false,
            (Self::Everything, _) => true,
            (Self::RequestUri, wanted) => matches!(wanted, Wanted::RequestUri),
            (Self::Body, wanted) => matches!(wanted, Wanted::Body),
            (Self::Header(_) | Self::Named(_), Wanted::Lines) => true,
            (Self::Header(id), Wanted::Header(name)) => *id == name.id(),
            (Self::Named(name), Wanted::Header(wanted)) => wanted.matches(HeaderId::Other, name),
            (Self::Header(_) | Self::Named(_), Wanted::RequestUri | Wanted::Body) => false,
        }
    }
}

impl Shared {
    pub(crate) fn new(turn: Rc<Turn>, id: Result<MessageId>, view: Option<View>) -> Self {
        let views = Views::default();
        if let Some(view) = view {
            views.push(view);
        }
        Self { turn, id, views, touched: RefCell::default() }
    }

    pub(crate) fn id(&self) -> Result<MessageId> {
        self.id.clone()
    }

    fn host<T>(&self, ask: impl FnOnce(&mut CurrentHost, MessageId) -> Result<T>) -> Result<T> {
        let id = self.id()?;
        self.turn.host(|host| ask(host, id))
    }

    fn touch(&self, what: Touched) {
        let mut touched = self.touched.borrow_mut();
        if self.views.latest().is_some() && !touched.contains(&what) {
            touched.push(what);
        }
    }

    /// The view to read from: the latest, or a new one when what is wanted was changed since.
    #[track_caller]
    fn view(&self, wanted: Wanted<'_>) -> &View {
        let latest = self.views.latest();
        let stale = self.touched.borrow().iter().any(|touched| touched.concerns(wanted));
        if let (Some(view), false) = (latest, stale) {
            return view;
        }
        match (self.host(|host, id| host.view(id)), latest) {
            (Ok(flat), _) => {
                self.touched.borrow_mut().clear();
                self.views.push(View::new(flat))
            }
            // The turn is over, but this is still the very message.
            (Err(_), Some(view)) => view,
            (Err(error), None) => panic!("the message cannot be read: {error}"),
        }
    }
}

/// What requests and responses have in common: header lines, body, and the sessions they belong to.
///
/// [`Request`] and [`Response`] dereference to this, so all of it can be called on them. Header names are taken in any
/// case and in their compact form (`f` is `From`).
///
/// # Panics
/// Reading panics when the message was kept beyond its turn and never read in it: there is nothing to read then. Actions
/// answer [`Error::StaleHandle`] in that case.
pub struct Message {
    shared: Rc<Shared>,
}

impl Message {
    pub(crate) const fn new(shared: Rc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(crate) fn turn(&self) -> &Rc<Turn> {
        &self.shared.turn
    }

    /// The value of the first line of that header as it stands, a comma list as a whole.
    ///
    /// What is not UTF-8 is replaced by U+FFFD; [`header_bytes`](Self::header_bytes) gives it as it came.
    // jsr289: SipServletMessage.getHeader(String)
    #[track_caller]
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let name = HeaderName::from(name);
        self.lines_of(name).next().map(|line| line.text())
    }

    /// The value of the first line of that header, octet for octet.
    #[track_caller]
    #[must_use]
    pub fn header_bytes(&self, name: &str) -> Option<&[u8]> {
        let name = HeaderName::from(name);
        self.lines_of(name).next().map(|line| line.bytes())
    }

    /// The values of all lines of that header in their order, comma lists as a whole.
    // jsr289: SipServletMessage.getHeaders(String)
    #[track_caller]
    pub fn headers<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + Clone {
        self.lines_of(HeaderName::from(name)).map(|line| line.text())
    }

    /// The single values of a header over all its lines: comma lists are split where the header is a list
    /// (RFC 3261 §7.3.1), any other line is one value.
    #[track_caller]
    pub fn header_values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + Clone {
        let name = HeaderName::from(name);
        let is_list = name.id().is_list();
        self.lines_of(name).flat_map(move |line| {
            let (list, whole) = if is_list { (line.text(), None) } else { ("", Some(line.text())) };
            // A comma is ASCII, so what stands between two of them is UTF-8 when the whole is.
            Values::of(list.as_bytes()).filter_map(|value| core::str::from_utf8(value).ok()).chain(whole)
        })
    }

    /// All header lines as name and value, in the order of the message.
    // jsr289: SipServletMessage.getHeaderNames()
    #[track_caller]
    pub fn header_lines(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        self.shared.view(Wanted::Lines).lines().map(|line| {
            // A well-known header has a name of its own, be it written long or compact.
            let known = line.id().name();
            (if known.is_empty() { line.name() } else { known }, line.text())
        })
    }

    /// The first value of an address header (Contact, Refer-To, P-Asserted-Identity...); `None` when there is none.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`] when it cannot be read.
    #[track_caller]
    pub fn address(&self, name: &str) -> Result<Option<Address<'_>>> {
        self.header(name).map(Address::first).transpose()
    }

    /// Who the message says it comes from (RFC 3261 §20.20). Without authentication this is a claim.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`] when there is no readable From.
    // jsr289: SipServletMessage.getFrom()
    #[track_caller]
    pub fn from(&self) -> Result<Address<'_>> {
        self.wanted_address("From")
    }

    /// Whom the message was meant for at first (RFC 3261 §20.39). Where a request goes stands in its Request-URI.
    ///
    /// # Errors
    /// [`Error::InvalidAddress`] when there is no readable To.
    // jsr289: SipServletMessage.getTo()
    #[track_caller]
    pub fn to(&self) -> Result<Address<'_>> {
        self.wanted_address("To")
    }

    #[track_caller]
    fn wanted_address(&self, name: &str) -> Result<Address<'_>> {
        self.address(name)?.ok_or_else(|| Error::InvalidAddress(format!("there is no {name}")))
    }

    /// The Call-ID; empty when there is none.
    // jsr289: SipServletMessage.getCallId()
    #[track_caller]
    #[must_use]
    pub fn call_id(&self) -> &str {
        self.header("Call-ID").unwrap_or_default()
    }

    /// The body, which may be empty.
    // jsr289: SipServletMessage.getContent(); SipServletMessage.getRawContent()
    // jsr289: SipServletMessage.getContentLength()
    #[track_caller]
    #[must_use]
    pub fn body(&self) -> &[u8] {
        self.shared.view(Wanted::Body).body()
    }

    /// The Content-Type without its parameters, in lower case as in `application/sdp`; `None` when there is none.
    // jsr289: SipServletMessage.getContentType()
    #[track_caller]
    #[must_use]
    pub fn content_type(&self) -> Option<String> {
        let value = self.header("Content-Type")?;
        let (media_type, _) = value.split_once(';').unwrap_or((value, ""));
        Some(media_type.trim().to_ascii_lowercase())
    }

    /// Where the message came from; `None` for one that was made here.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    // jsr289: SipServletMessage.getRemotePort()
    pub fn peer(&self) -> Result<Option<Peer>> {
        self.shared.host(|host, id| host.peer(id))
    }

    /// True once the message was sent, or, for a received request, answered finally.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    pub fn is_committed(&self) -> Result<bool> {
        self.shared.host(|host, id| host.is_committed(id))
    }

    /// The SIP session that the message belongs to.
    // jsr289: SipServletMessage.getSession()
    #[must_use]
    pub fn session(&self) -> SipSession {
        SipSession::new(self.turn().clone(), self.shared.host(|host, id| host.session_of(id)))
    }

    /// The application session of this turn: everything that the application keeps for the call.
    // jsr289: SipServletMessage.getApplicationSession()
    #[must_use]
    pub fn application_session(&self) -> ApplicationSession {
        ApplicationSession::new(self.turn().clone())
    }

    /// Replaces all lines of that header by one.
    ///
    /// # Errors
    /// [`Error::SystemHeader`], [`Error::InvalidHeader`], [`Error::AlreadyCommitted`], [`Error::StaleHandle`].
    // jsr289: SipServletMessage.setHeader(String, String)
    pub fn set_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result {
        self.shared.host(|host, id| host.set_header(id, name, value.as_ref()))?;
        self.shared.touch(Touched::header(HeaderName::from(name)));
        Ok(())
    }

    /// Adds a line behind the last line of that header.
    ///
    /// # Errors
    /// As [`set_header`](Self::set_header).
    // jsr289: SipServletMessage.addHeader(String, String)
    pub fn add_header(&self, name: &str, value: impl AsRef<[u8]>) -> Result {
        self.shared.host(|host, id| host.add_header(id, name, value.as_ref()))?;
        self.shared.touch(Touched::header(HeaderName::from(name)));
        Ok(())
    }

    /// Removes all lines of that header; that there is none is not an error.
    ///
    /// # Errors
    /// As [`set_header`](Self::set_header).
    // jsr289: SipServletMessage.removeHeader(String)
    pub fn remove_header(&self, name: &str) -> Result {
        self.shared.host(|host, id| host.remove_header(id, name))?;
        self.shared.touch(Touched::header(HeaderName::from(name)));
        Ok(())
    }

    /// Sets body and Content-Type; an empty body removes both.
    ///
    /// # Errors
    /// [`Error::InvalidHeader`] for a Content-Type that is none, [`Error::AlreadyCommitted`], [`Error::StaleHandle`].
    // jsr289: SipServletMessage.setContent(Object, String)
    pub fn set_body(&self, content_type: &str, body: impl AsRef<[u8]>) -> Result {
        self.shared.host(|host, id| host.set_content(id, content_type, body.as_ref()))?;
        for header in [HeaderId::ContentType, HeaderId::ContentLength] {
            self.shared.touch(Touched::Header(header));
        }
        self.shared.touch(Touched::Body);
        Ok(())
    }

    fn send(&self) -> Result {
        self.shared.host(|host, id| host.send(id))?;
        // The host completes what it sends: Via, Contact, Content-Length.
        self.shared.touch(Touched::Everything);
        Ok(())
    }

    #[track_caller]
    fn lines_of<'a>(&'a self, name: HeaderName<'_>) -> impl Iterator<Item = Line<'a>> + Clone {
        self.shared.view(Wanted::Header(name)).lines_of(name)
    }

    #[track_caller]
    fn start_line(&self) -> &View {
        self.shared.view(Wanted::StartLine)
    }
}

impl fmt::Debug for Message {
    /// The start line or the error that stands in its place.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(view) = self.shared.views.latest() else {
            return write!(out, "Message({:?})", self.shared.id);
        };
        match view.method() {
            Some(method) if view.status() < 100 => write!(out, "{method} {}", text(view.request_uri())),
            _ => write!(out, "{} {}", view.status(), text(view.reason())),
        }
    }
}

/// What is not UTF-8 reads as empty: Request-URIs and methods are ASCII in every message that the host lets in.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or("")
}
