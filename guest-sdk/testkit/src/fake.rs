//! Handlers by themselves: requests for a handler that is called as the plain Rust function that it is.
//!
//! There is no container here, no call, no time that passes: a [`Fake`] is the one turn in which a handler runs, and keeps
//! what the handler does. It is for the logic inside a handler; that calls come out right is what a [`World`](crate::World) is for.
//!
//! ```
//! use siplet::prelude::*;
//! use siplet_testkit::fake::Fake;
//!
//! struct Greeter;
//!
//! # fn main() -> siplet::Result { greets() }
//! # trait Handles { fn do_invite(&self, request: Request) -> Result; }
//! impl Handles for Greeter {
//!     fn do_invite(&self, request: Request) -> Result {
//!         let status = if request.from()?.uri()?.user() == Some("alice") { 200 } else { 403 };
//!         request.create_response(status)?.with_header("Subject", "hello")?.send()
//!     }
//! }
//!
//! fn greets() -> siplet::Result {
//!     let fake = Fake::new();
//!     Greeter.do_invite(fake.invite("sip:bob@home"))?;
//!     let sent = fake.sent();
//!     assert_eq!((sent[0].status(), sent[0].header("Subject")), (200, Some("hello")));
//!     Ok(())
//! }
//! ```

mod host;

use serde::Serialize;
use serde::de::DeserializeOwned;
use siplet::native::{MessageId, OpenTurn};
use siplet::{ApplicationSession, Request, Response, Time};

pub use host::Fact;
use host::FakeHost;

/// A turn without a container.
#[derive(Debug)]
pub struct Fake {
    turn: OpenTurn<FakeHost>,
}

impl Default for Fake {
    fn default() -> Self {
        Self::new()
    }
}

impl Fake {
    /// A turn in which nothing was done, at 2025-06-15 15:06:40 UTC.
    #[must_use]
    pub fn new() -> Self {
        Self { turn: OpenTurn::begin(FakeHost::default()) }
    }

    /// Sets the time that `siplet::now()` tells.
    #[must_use]
    pub fn at(self, now: Time) -> Self {
        self.turn.host(|host| host.now_ms = now.as_millis());
        self
    }

    /// Sets what `siplet::random()` gives.
    #[must_use]
    pub fn random(self, number: u64) -> Self {
        self.turn.host(|host| host.random = number);
        self
    }

    /// Sets an attribute, as an earlier turn might have. A fake turn keeps one set of attributes, whether a handler asks the
    /// application session for them or the SIP session.
    ///
    /// # Panics
    /// JSON cannot express the value.
    #[must_use]
    pub fn with_attribute(self, name: &str, value: impl Serialize) -> Self {
        let value = serde_json::to_vec(&value).expect("an attribute is a value that JSON can express");
        self.turn.host(|host| host.attributes.insert(name.to_owned(), value));
        self
    }

    /// An INVITE of `sip:alice@home`.
    #[must_use]
    pub fn invite(&self, uri: &str) -> Request {
        self.request("INVITE", uri).build()
    }

    /// A request of `sip:alice@home`, which may get header lines and a body.
    #[must_use]
    pub fn request(&self, method: &str, uri: &str) -> FakeRequest<'_> {
        FakeRequest { fake: self, fact: Fact::request(method, uri) }
    }

    /// A response to a request that the servlet has sent.
    #[must_use]
    pub fn response(&self, status: u16, method: &str) -> Response {
        let id = self.turn.host(|host| {
            let request = host.push(Fact { is_sent: true, ..Fact::request(method, "sip:bob@home") });
            host.push(Fact { request: Some(request), ..Fact::response(status, None, method) })
        });
        self.turn.response(id)
    }

    /// The application session.
    #[must_use]
    pub fn application_session(&self) -> ApplicationSession {
        self.turn.application_session()
    }

    /// What was sent, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<Fact> {
        self.turn.host(|host| host.outbox.iter().map(|id| host.messages[id.0 as usize].clone()).collect())
    }

    /// An attribute; none when it is not set.
    ///
    /// # Panics
    /// It is of another type.
    #[must_use]
    #[track_caller]
    pub fn attribute<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let stored = self.turn.host(|host| host.attributes.get(name).cloned());
        stored.map(|json| match serde_json::from_slice(&json) {
            Ok(value) => value,
            Err(why) => panic!("the attribute `{name}` is {}: {why}", String::from_utf8_lossy(&json)),
        })
    }

    /// The lines that were logged.
    #[must_use]
    pub fn log(&self) -> Vec<String> {
        self.turn.host(|host| host.log.clone())
    }

    /// False when the application session was invalidated.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.turn.host(|host| !host.invalid)
    }
}

/// A request that is not built yet.
#[must_use = "a request is made by `build`"]
pub struct FakeRequest<'a> {
    fake: &'a Fake,
    fact: Fact,
}

impl FakeRequest<'_> {
    /// Sets a header; its lines before are gone.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.fact.lines.retain(|(other, _)| !other.eq_ignore_ascii_case(name));
        self.fact.lines.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// Sets the body.
    pub fn body(mut self, content_type: &str, body: &str) -> Self {
        self = self.header("Content-Type", content_type);
        self.fact.body = body.as_bytes().to_vec();
        self
    }

    /// It comes inside a dialog.
    pub fn in_dialog(mut self) -> Self {
        self.fact.in_dialog = true;
        self.header("To", "<sip:bob@home>;tag=fake-2")
    }

    /// The request, as a handler is called with it.
    #[must_use]
    pub fn build(self) -> Request {
        let id: MessageId = self.fake.turn.host(|host| host.push(self.fact));
        self.fake.turn.request(id)
    }
}

#[cfg(test)]
mod tests;
