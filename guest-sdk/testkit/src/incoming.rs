//! Calls that come to a phone.

use std::ops::Deref;

use siplet_test_protocol::{self as protocol, Dialog, Parts, Request};

use crate::call::{InDialog, Sent, offer, parts};
use crate::core::Came;
use crate::message::Message;
use crate::phone::Phone;
use crate::session::OfCall;

/// An INVITE that came to a phone; it reads as its message.
#[derive(Clone)]
pub struct Incoming {
    phone: Phone,
    incoming: usize,
    invite: Message,
}

impl Deref for Incoming {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.invite
    }
}

impl Incoming {
    pub(crate) fn new(phone: Phone, incoming: usize, invite: protocol::Message) -> Self {
        let invite = Message::new(phone.core().clone(), invite);
        Self { phone, incoming, invite }
    }

    /// Rings: 180.
    #[track_caller]
    pub fn ring(&self) -> &Self {
        self.respond(180)
    }

    /// Answers: 200 with [`SDP`](crate::SDP).
    #[track_caller]
    pub fn answer(&self) -> &Self {
        self.tell(200, "", offer())
    }

    /// Refuses with that status.
    #[track_caller]
    pub fn reject(&self, status: u16) -> &Self {
        self.respond(status)
    }

    /// Responds with that status, without a body.
    #[track_caller]
    pub fn respond(&self, status: u16) -> &Self {
        self.tell(status, "", Parts::default())
    }

    /// Responds with header lines and a body of that type; an empty body is none.
    #[track_caller]
    pub fn respond_with(
        &self,
        status: u16,
        headers: &[(&str, &str)],
        content_type: &str,
        body: &str,
    ) -> &Self {
        self.tell(status, "", parts(headers, content_type, body))
    }

    #[track_caller]
    fn tell(&self, status: u16, reason: &str, parts: Parts) -> &Self {
        self.phone.core().ask(Request::Respond {
            phone: self.phone.index(),
            incoming: self.incoming,
            status,
            reason: reason.to_owned(),
            parts,
        });
        self
    }

    const fn dialog(&self) -> InDialog<'_> {
        InDialog { phone: &self.phone, dialog: Dialog::Incoming(self.incoming) }
    }

    /// The final response is acknowledged.
    #[track_caller]
    pub fn expect_ack(&self) {
        let (at, which) = (self.phone.index(), self.incoming);
        let wanted = |came: &Came| matches!(came, Came::Acknowledged { phone, incoming } if *phone == at && *incoming == which);
        let core = self.phone.core();
        if core.wait_for(wanted).is_none() {
            core.fail(&format!("expected an ACK to {}, and none came in 32 s", self.phone.name()));
        }
    }

    /// The caller cancels; the phone has answered with 200 and 487.
    #[track_caller]
    pub fn expect_cancel(&self) -> Message {
        self.dialog().expect_request("CANCEL")
    }

    /// The caller hangs up; the phone has answered.
    #[track_caller]
    pub fn expect_bye(&self) -> Message {
        self.dialog().expect_request("BYE")
    }

    /// A request of that method comes in the dialog; the phone has answered it.
    #[track_caller]
    pub fn expect_request(&self, method: &str) -> Message {
        self.dialog().expect_request(method)
    }

    /// An INVITE comes in the dialog, and waits for its answer.
    #[track_caller]
    pub fn incoming(&self) -> Self {
        self.dialog().incoming()
    }

    /// Hangs up.
    #[track_caller]
    pub fn bye(&self) -> Sent {
        self.dialog().send("BYE", Parts::default())
    }

    /// Sends another INVITE in the dialog.
    #[track_caller]
    pub fn reinvite(&self) -> Sent {
        self.dialog().send("INVITE", offer())
    }

    /// Sends a request in the dialog.
    #[track_caller]
    pub fn send(&self, method: &str) -> Sent {
        self.dialog().send(method, Parts::default())
    }
}

impl OfCall for Incoming {
    fn call_id(&self) -> String {
        self.invite.header("Call-ID").unwrap_or_default().to_owned()
    }
}
