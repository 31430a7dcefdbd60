//! Requests that a phone sent, and the dialogs that they made.

use std::ops::Deref;

use siplet_test_protocol::{Dialog, Parts, Request};

use crate::core::Came;
use crate::incoming::Incoming;
use crate::message::{Message, title};
use crate::phone::Phone;
use crate::session::OfCall;

/// A request that a phone sent, and the responses to it.
#[derive(Clone)]
pub struct Sent {
    phone: Phone,
    request: usize,
    method: String,
}

impl Sent {
    pub(crate) fn new(phone: Phone, request: usize, method: &str) -> Self {
        Self { phone, request, method: method.to_owned() }
    }

    /// The response of that status is the next one; time passes until one comes, for 32 s.
    ///
    /// Provisional responses that the test does not ask for are passed over when a final one is expected, a 100 always.
    #[track_caller]
    pub fn expect(&self, status: u16) -> Message {
        self.expect_one_of(&[status])
    }

    /// The same for several statuses, of which any will do.
    #[track_caller]
    pub fn expect_one_of(&self, statuses: &[u16]) -> Message {
        let core = self.phone.core();
        let wanted: Vec<String> = statuses.iter().map(ToString::to_string).collect();
        let wanted = wanted.join(" or ");
        let passes_over = statuses.iter().all(|status| *status >= 200);
        loop {
            match core.wait_for(|came| came.is_for(self.phone.index(), self.request)) {
                Some(Came::Response { message, .. }) if statuses.contains(&message.status) => {
                    return Message::new(core.clone(), message);
                }
                Some(Came::Response { message, .. }) if passes_over && message.status < 200 => {}
                Some(Came::Response { message, .. }) => {
                    core.fail(&format!("expected {wanted}, and {} came", title(&message)))
                }
                Some(_) => core.fail(&format!("expected {wanted}, and no final response came in 32 s")),
                None => core.fail(&format!("expected {wanted}, and nothing came in 32 s")),
            }
        }
    }

    /// No final response comes in 64*T1, and the phone gives up (RFC 3261 §17.1.1.2).
    #[track_caller]
    pub fn expect_timeout(&self) {
        let core = self.phone.core();
        match core.wait_for(|came| came.is_for(self.phone.index(), self.request)) {
            Some(Came::TimedOut { .. }) => {}
            Some(Came::Response { message, .. }) => {
                core.fail(&format!("expected no final response, and {} came", title(&message)))
            }
            _ => core.fail("expected the phone to give up, and it waits on: a provisional response has come"),
        }
    }

    /// Acknowledges the 2xx of this INVITE; its repetitions are acknowledged too.
    #[track_caller]
    pub fn ack(&self) {
        let (phone, request) = (self.phone.index(), self.request);
        self.phone.core().ask(Request::Ack { phone, request, parts: Parts::default() });
    }

    /// Cancels this INVITE, once a provisional response has come. A 487 is to be expected.
    #[track_caller]
    pub fn cancel(&self) {
        let (phone, request) = (self.phone.index(), self.request);
        self.phone.core().ask(Request::Cancel { phone, request, parts: Parts::default() });
    }

    pub(crate) const fn phone(&self) -> &Phone {
        &self.phone
    }

    pub(crate) const fn index(&self) -> usize {
        self.request
    }

    /// Its method.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }
}

/// A request outside every dialog, and the dialog that an INVITE makes.
#[derive(Clone)]
pub struct Call {
    sent: Sent,
}

impl Deref for Call {
    type Target = Sent;

    fn deref(&self) -> &Sent {
        &self.sent
    }
}

impl Call {
    pub(crate) const fn new(sent: Sent) -> Self {
        Self { sent }
    }

    const fn dialog(&self) -> InDialog<'_> {
        InDialog { phone: self.sent.phone(), dialog: Dialog::Request(self.sent.index()) }
    }

    /// Hangs up.
    #[track_caller]
    pub fn bye(&self) -> Sent {
        self.dialog().send("BYE", Parts::default())
    }

    /// Sends another INVITE in the dialog, with the same offer.
    #[track_caller]
    pub fn reinvite(&self) -> Sent {
        self.dialog().send("INVITE", offer())
    }

    /// Sends a request in the dialog.
    #[track_caller]
    pub fn send(&self, method: &str) -> Sent {
        self.dialog().send(method, Parts::default())
    }

    /// Sends a request in the dialog with header lines and a body of that type; an empty body is none.
    #[track_caller]
    pub fn send_with(&self, method: &str, headers: &[(&str, &str)], content_type: &str, body: &str) -> Sent {
        self.dialog().send(method, parts(headers, content_type, body))
    }

    /// A request of that method comes in the dialog; the phone has answered it.
    #[track_caller]
    pub fn expect_request(&self, method: &str) -> Message {
        self.dialog().expect_request(method)
    }

    /// The other side hangs up.
    #[track_caller]
    pub fn expect_bye(&self) -> Message {
        self.dialog().expect_request("BYE")
    }

    /// An INVITE comes in the dialog, and waits for its answer.
    #[track_caller]
    pub fn incoming(&self) -> Incoming {
        self.dialog().incoming()
    }
}

impl OfCall for Call {
    fn call_id(&self) -> String {
        let asked = self.sent.phone().core().asked.borrow();
        let own = asked
            .iter()
            .find(|asked| asked.phone == self.sent.phone().index() && asked.request == self.sent.index());
        own.map(|asked| asked.call_id.clone()).unwrap_or_default()
    }
}

/// A dialog of a phone.
pub(crate) struct InDialog<'a> {
    pub(crate) phone: &'a Phone,
    pub(crate) dialog: Dialog,
}

impl InDialog<'_> {
    #[track_caller]
    pub(crate) fn send(&self, method: &str, parts: Parts) -> Sent {
        let request = Request::SendIn {
            phone: self.phone.index(),
            dialog: self.dialog,
            method: method.to_owned(),
            parts,
        };
        self.phone.send(method, request)
    }

    #[track_caller]
    pub(crate) fn expect_request(&self, method: &str) -> Message {
        let core = self.phone.core();
        match core.wait_for(|came| self.is_mine(came, method)) {
            Some(Came::Request { message, .. }) => Message::new(core.clone(), message),
            _ => core.fail(&format!("expected a {method} to {}, and none came in 32 s", self.phone.name())),
        }
    }

    #[track_caller]
    pub(crate) fn incoming(&self) -> Incoming {
        let core = self.phone.core();
        match core.wait_for(|came| self.is_mine(came, "INVITE")) {
            Some(Came::Request { incoming, message, .. }) => {
                Incoming::new(self.phone.clone(), incoming, message)
            }
            _ => core.fail(&format!("expected an INVITE to {}, and none came in 32 s", self.phone.name())),
        }
    }

    fn is_mine(&self, came: &Came, wanted: &str) -> bool {
        let Came::Request { phone, message, of_incoming, of_request, .. } = came else { return false };
        let dialog = match self.dialog {
            Dialog::Request(request) => *of_request == Some(request),
            Dialog::Incoming(incoming) => *of_incoming == Some(incoming),
        };
        *phone == self.phone.index() && dialog && message.method == wanted
    }
}

pub(crate) fn offer() -> Parts {
    parts(&[], "application/sdp", crate::phone::SDP)
}

pub(crate) fn parts(headers: &[(&str, &str)], content_type: &str, body: &str) -> Parts {
    let mut headers: Vec<(String, String)> =
        headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    if !body.is_empty() {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    Parts { headers, body: body.to_owned() }
}
