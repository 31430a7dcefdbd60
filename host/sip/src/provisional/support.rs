//! Whether a provisional response is sent reliably (RFC 3262 §3).

use super::{Misuse, OPTION_TAG};
use crate::header::HeaderId;
use crate::message::Message;
use serde::{Deserialize, Serialize};

/// What the client of an INVITE says about reliable provisional responses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Support {
    /// Nothing: none may be sent.
    No,
    /// `Supported: 100rel`: the server chooses.
    Supported,
    /// `Require: 100rel`: every response from 101 to 199 must be reliable.
    Required,
}

/// How a provisional response leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Once, as RFC 3261 has it.
    Plain,
    /// With `Require: 100rel` and RSeq, through [`ProvisionalServer`](super::ProvisionalServer).
    Reliable,
}

impl Support {
    /// What an INVITE says. Any other request permits no reliable response: RFC 3262 §3 is about INVITE alone.
    #[must_use]
    pub fn of(request: &Message) -> Self {
        if request.method() != Some(&crate::method::Method::Invite) {
            return Self::No;
        }
        if has_tag(request, HeaderId::Require) {
            Self::Required
        } else if has_tag(request, HeaderId::Supported) {
            Self::Supported
        } else {
            Self::No
        }
    }

    /// How a response with this status has to leave; `wanted` says whether its author asked for reliability.
    ///
    /// # Errors
    /// [`Misuse::NotSupported`] when it was asked for and the client permits it not; [`Misuse::NotProvisional`] when it
    /// was asked for with another status than 101 to 199.
    pub fn delivery(self, status: u16, wanted: bool) -> Result<Delivery, Misuse> {
        match (self, status, wanted) {
            // RFC 3262 §3 [3262-3-3]: a 100 is never sent reliably, and no final response is.
            (Self::No | Self::Supported | Self::Required, ..=100 | 200.., true) => {
                Err(Misuse::NotProvisional)
            }
            (Self::No | Self::Supported | Self::Required, ..=100 | 200.., false) => Ok(Delivery::Plain),
            // RFC 3262 §3 [3262-3-4]: without the option tag in Supported or Require, no response may be reliable.
            (Self::No, 101..=199, true) => Err(Misuse::NotSupported),
            (Self::No | Self::Supported, 101..=199, false) => Ok(Delivery::Plain),
            (Self::Supported, 101..=199, true) => Ok(Delivery::Reliable),
            // RFC 3262 §3 [3262-3-1, 3262-8.1-1]: what is required is done for every response that is not a 100.
            (Self::Required, 101..=199, _) => Ok(Delivery::Reliable),
        }
    }
}

/// Whether the option tag stands in that list. Option tags are tokens and compared in any case (RFC 3261 §7.3.1).
pub(super) fn has_tag(message: &Message, id: HeaderId) -> bool {
    message.values(id).any(|tag| tag.eq_ignore_ascii_case(OPTION_TAG.as_bytes()))
}

/// Whether and how a 199 may tell that an early dialog is over, before the final response (RFC 6228 §5). Its To tag names the
/// dialog, and its Reason says why: [`Reason::sip`](crate::field::Reason::sip).
///
/// `None`: the client does not want any. Else it leaves plainly, unless all provisional responses have to be reliable.
#[must_use]
pub fn early_dialog_terminated(request: &Message) -> Option<Delivery> {
    let wanted = request.values(HeaderId::Supported).any(|tag| tag == b"199");
    let delivery = match Support::of(request) {
        Support::Required => Delivery::Reliable,
        Support::No | Support::Supported => Delivery::Plain,
    };
    wanted.then_some(delivery)
}
