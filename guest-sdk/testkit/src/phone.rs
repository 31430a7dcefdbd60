//! Phones: what alice and bob are in a test.

use std::panic::Location;
use std::rc::Rc;

use siplet_test_protocol::{Outcome, Parts, Request};

use crate::call::{Call, Sent};
use crate::core::{Asked, Came, Core};
use crate::incoming::Incoming;
use crate::message::Message;

/// The media description that phones send where the test brings none.
pub const SDP: &str =
    "v=0\r\no=- 1 1 IN IP4 10.0.1.1\r\ns=-\r\nc=IN IP4 10.0.1.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\n";

/// A phone.
///
/// It repeats what UDP may lose, acknowledges failures, and answers every request but an INVITE with 200. The test does the
/// rest: calls, answers, successes.
#[derive(Clone)]
pub struct Phone {
    core: Rc<Core>,
    index: usize,
}

impl Phone {
    pub(crate) const fn new(core: Rc<Core>, index: usize) -> Self {
        Self { core, index }
    }

    pub(crate) const fn index(&self) -> usize {
        self.index
    }

    /// Its URI.
    #[must_use]
    pub fn uri(&self) -> String {
        self.core.phones.borrow()[self.index].clone()
    }

    /// Calls somebody, with [`SDP`] as the offer.
    #[track_caller]
    pub fn invite(&self, uri: &str) -> Call {
        self.request("INVITE", uri).body("application/sdp", SDP).send()
    }

    /// Begins a request outside every dialog, which may get header lines and a body before it is sent.
    #[must_use]
    pub fn request(&self, method: &str, uri: &str) -> Draft {
        Draft { phone: self.clone(), method: method.to_owned(), uri: uri.to_owned(), parts: Parts::default() }
    }

    /// The INVITE that comes to the phone; time passes until one does, for 32 s.
    #[track_caller]
    pub fn incoming(&self) -> Incoming {
        let phone = self.index;
        let wanted = |came: &Came| {
            matches!(came, Came::Request { phone: at, message, of_incoming: None, of_request: None, .. }
                if *at == phone && message.method == "INVITE")
        };
        match self.core.wait_for(wanted) {
            Some(Came::Request { incoming, message, .. }) => Incoming::new(self.clone(), incoming, message),
            _ => self.core.fail(&format!("{} was not called", self.name())),
        }
    }

    /// A request of that method outside every dialog; the phone has answered it.
    #[track_caller]
    pub fn expect_request(&self, method: &str) -> Message {
        let phone = self.index;
        let wanted = |came: &Came| {
            matches!(came, Came::Request { phone: at, message, of_incoming: None, of_request: None, .. }
                if *at == phone && message.method == method)
        };
        match self.core.wait_for(wanted) {
            Some(Came::Request { message, .. }) => Message::new(self.core.clone(), message),
            _ => self.core.fail(&format!("expected a {method}, and none came to {}", self.name())),
        }
    }

    /// How the phone answers requests of a method from now on, INVITE and CANCEL excepted.
    #[track_caller]
    pub fn answers(&self, method: &str, status: u16) {
        self.core.ask(Request::Answers { phone: self.index, method: method.to_owned(), status });
    }

    pub(crate) fn core(&self) -> &Rc<Core> {
        &self.core
    }

    pub(crate) fn name(&self) -> String {
        self.core.name_of(self.index)
    }

    /// Sends and remembers where in the test that was.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, request: Request) -> Sent {
        // An answer may come in the very line that says it was sent: then this is already known.
        let before = self.core.asked.borrow().len();
        let at = Location::caller();
        let outcome = self.core.ask(request);
        let Some(Outcome::Sent(sent)) = outcome else { self.core.fail("the host sent nothing") };
        let over = self.core.came.borrow().iter().any(|came| came.ends(self.index, sent.request));
        debug_assert!(self.core.asked.borrow().len() >= before);
        self.core.asked.borrow_mut().push(Asked {
            phone: self.index,
            request: sent.request,
            method: method.to_owned(),
            call_id: sent.call_id,
            at,
            over,
        });
        Sent::new(self.clone(), sent.request, method)
    }
}

/// A request that is not sent yet.
#[must_use = "a draft is sent by `send`"]
pub struct Draft {
    phone: Phone,
    method: String,
    uri: String,
    parts: Parts,
}

impl Draft {
    /// Adds a header line; one that every request has is replaced.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.parts.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, content_type: &str, body: &str) -> Self {
        self.parts.headers.push(("Content-Type".to_owned(), content_type.to_owned()));
        body.clone_into(&mut self.parts.body);
        self
    }

    /// Sends it.
    #[track_caller]
    pub fn send(self) -> Call {
        let request = Request::Send {
            phone: self.phone.index,
            method: self.method.clone(),
            uri: self.uri,
            parts: self.parts,
        };
        Call::new(self.phone.send(&self.method, request))
    }
}
