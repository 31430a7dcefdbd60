//! Dialogs: the state that two user agents share from one request to the next (RFC 3261 §12).
//!
//! A [`Dialog`] is a value made from a request and its response. It checks the order of the peer's requests and writes
//! ours: Request-URI, Route, From, To, Call-ID, CSeq and Max-Forwards. An INVITE may have several dialogs at its UAC,
//! one for each To tag; the owner keeps them by [`DialogId`].
//!
//! Its texts are copies in one small buffer, so that no dialog keeps a whole message alive.
//!
//! Deliberately not here: tables; Via and Contact of our requests; offers and answers ([`crate::offer`]), 100rel
//! ([`crate::provisional`]); the glare of two INVITEs (§14.1, [`crate::modification`]); and when a BYE is due.

mod accept;
mod build;
mod request;

pub use accept::{AcceptAction, AcceptRetransmit};
pub use build::remote_target;
pub use request::{CSEQ_MAX, Misuse, Routing};

use crate::message::{Malformed, Message};
use crate::method::Method;
use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

/// One dialog, seen from our side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dialog {
    call_id: Bytes,
    local_tag: Bytes,
    /// Empty: the null tag of an RFC 2543 peer (RFC 3261 §12.1.1, §12.1.2).
    remote_tag: Bytes,
    /// The From value of our requests, tag and all.
    local_party: Bytes,
    /// The To value of our requests, tag and all.
    remote_party: Bytes,
    /// A URI without brackets.
    remote_target: Bytes,
    /// Route values in the order of our requests, each a `name-addr`.
    route_set: Vec<Bytes>,
    local_seq: Option<u32>,
    remote_seq: Option<u32>,
    role: Role,
    state: DialogState,
    secure: bool,
}

/// The state of a dialog (RFC 3261 §12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DialogState {
    /// Made by a provisional response.
    Early,
    /// Made or confirmed by a 2xx.
    Confirmed,
    /// Over.
    Terminated,
}

/// Who sent the request that made the dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Role {
    /// We did.
    Uac,
    /// The peer did.
    Uas,
}

/// The name of a dialog (RFC 3261 §12): the tags as they are seen from our side.
// [3261-12.1-1]
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DialogId {
    /// Call-ID, octet for octet.
    pub call_id: Bytes,
    /// Our tag.
    pub local_tag: Bytes,
    /// The peer's tag; empty when it has none.
    pub remote_tag: Bytes,
}

impl DialogId {
    /// The dialog that a request we received is in; `None` when it is in none (no To tag) or cannot be read.
    #[must_use]
    pub fn of_request(request: &Message) -> Option<Self> {
        Some(Self::copy(request.call_id()?, request.to().ok()?.tag()?, request.from_().ok()?.tag()))
    }

    /// The dialog that a response we received is in, or would make; `None` when it has no From tag or cannot be read.
    #[must_use]
    pub fn of_response(response: &Message) -> Option<Self> {
        Some(Self::copy(response.call_id()?, response.from_().ok()?.tag()?, response.to().ok()?.tag()))
    }

    fn copy(call_id: &[u8], local_tag: &[u8], remote_tag: Option<&[u8]>) -> Self {
        let mut parts = build::pack(&[call_id, local_tag, remote_tag.unwrap_or_default()]).into_iter();
        let mut next = || parts.next().unwrap_or_default();
        Self { call_id: next(), local_tag: next(), remote_tag: next() }
    }
}

/// What a peer did that does not fit a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Violation {
    /// A field that the dialog needs is missing or cannot be read.
    Malformed(Malformed),
    /// The request that would make the dialog has no Contact (RFC 3261 §8.1.1.8).
    NoContact,
    /// The request is in a dialog already, and the response is not one that makes a dialog (RFC 3261 §12.1).
    NotDialogForming,
    /// The CSeq number is not above that of the request before (RFC 3261 §12.2.2).
    // [3261-12.2.2-3]
    OutOfOrder,
    /// The dialog is over.
    Terminated,
}

impl Violation {
    /// The status with which a request is refused.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Malformed(_) | Self::NoContact | Self::NotDialogForming => 400,
            Self::OutOfOrder => 500,
            Self::Terminated => 481,
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(malformed) => malformed.fmt(f),
            Self::NoContact => f.write_str("missing Contact"),
            Self::NotDialogForming => f.write_str("the response makes no dialog"),
            Self::OutOfOrder => f.write_str("CSeq number is not above that of the request before"),
            Self::Terminated => f.write_str("the dialog is over"),
        }
    }
}

impl core::error::Error for Violation {}

impl From<Malformed> for Violation {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}

impl Dialog {
    /// The name of this dialog.
    #[must_use]
    pub fn id(&self) -> DialogId {
        DialogId {
            call_id: self.call_id.clone(),
            local_tag: self.local_tag.clone(),
            remote_tag: self.remote_tag.clone(),
        }
    }

    /// Call-ID.
    #[must_use]
    pub const fn call_id(&self) -> &Bytes {
        &self.call_id
    }

    /// Our tag.
    #[must_use]
    pub const fn local_tag(&self) -> &Bytes {
        &self.local_tag
    }

    /// The peer's tag; empty when it has none.
    #[must_use]
    pub const fn remote_tag(&self) -> &Bytes {
        &self.remote_tag
    }

    /// Our address as we write it in From, tag and all.
    #[must_use]
    pub const fn local_party(&self) -> &Bytes {
        &self.local_party
    }

    /// The peer's address as we write it in To, tag and all.
    #[must_use]
    pub const fn remote_party(&self) -> &Bytes {
        &self.remote_party
    }

    /// The URI at which the peer wants our requests.
    #[must_use]
    pub const fn remote_target(&self) -> &Bytes {
        &self.remote_target
    }

    /// The Route values of our requests, the next hop first.
    #[must_use]
    pub fn route_set(&self) -> &[Bytes] {
        &self.route_set
    }

    /// The CSeq number of our last request; `None` before the first one.
    #[must_use]
    pub const fn local_seq(&self) -> Option<u32> {
        self.local_seq
    }

    /// The CSeq number of the peer's last request; `None` before the first one.
    #[must_use]
    pub const fn remote_seq(&self) -> Option<u32> {
        self.remote_seq
    }

    /// Who sent the request that made the dialog.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// Whether we made its Call-ID: who did waits longer when two re-INVITEs meet (RFC 3261 §14.1).
    #[must_use]
    pub const fn owns_call_id(&self) -> bool {
        matches!(self.role, Role::Uac)
    }

    /// The state.
    #[must_use]
    pub const fn state(&self) -> DialogState {
        self.state
    }

    /// Whether the dialog was made with a SIPS URI over TLS: then targets must be SIPS URIs too (RFC 3261 §12.1).
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        self.secure
    }

    /// Whether a request that we received names this dialog (RFC 3261 §12.2.2).
    #[must_use]
    pub fn matches_request(&self, request: &Message) -> bool {
        let (Ok(to), Ok(from)) = (request.to(), request.from_()) else { return false };
        self.is_named(request.call_id(), to.tag(), from.tag())
    }

    /// Whether a response that we received names this dialog (RFC 3261 §13.2.2).
    #[must_use]
    pub fn matches_response(&self, response: &Message) -> bool {
        let (Ok(to), Ok(from)) = (response.to(), response.from_()) else { return false };
        self.is_named(response.call_id(), from.tag(), to.tag())
    }

    fn is_named(&self, call_id: Option<&[u8]>, local_tag: Option<&[u8]>, remote_tag: Option<&[u8]>) -> bool {
        call_id == Some(&*self.call_id)
            && local_tag == Some(&*self.local_tag)
            && remote_tag.unwrap_or_default() == self.remote_tag
    }

    /// Takes a request of the peer in this dialog, in the order of its CSeq (RFC 3261 §12.2.2).
    ///
    /// Gaps are permitted. ACK and CANCEL carry the number of their INVITE and are not counted. The target is left as
    /// it is: see [`Dialog::refresh_target`].
    ///
    /// # Errors
    /// [`Violation::OutOfOrder`], also for a number that was used before: the transaction of that request is over, and
    /// doing it twice is worse than refusing it. [`Violation::Terminated`]. The dialog is unchanged then.
    // [3261-12.2.2-2, 3261-12.2.2-4, 3261-12.2.2-s1]
    pub fn on_request(&mut self, request: &Message) -> Result<(), Violation> {
        let (number, method) = request.cseq()?;
        if matches!(method, Method::Ack | Method::Cancel) {
            return Ok(());
        }
        if self.state == DialogState::Terminated {
            return Err(Violation::Terminated);
        }
        // RFC 3261 §12.2.2: a lower number is out of order and is refused with 500.
        if self.remote_seq.is_some_and(|last| number <= last) {
            return Err(Violation::OutOfOrder);
        }
        self.remote_seq = Some(number);
        Ok(())
    }

    /// Whether a request of this method, and its 2xx, tell a new target (RFC 3261 §12.2, RFC 3311, RFC 6665, RFC 3515).
    #[must_use]
    pub const fn is_target_refresh(method: &Method) -> bool {
        match method {
            Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer => true,
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Prack
            | Method::Info
            | Method::Message
            | Method::Publish
            | Method::Other(_) => false,
        }
    }

    /// Takes the peer's new target from its target refresh request, or from its 2xx to ours (RFC 3261 §12.2.1.2,
    /// §12.2.2). Whether there was one: other methods, other statuses and messages without Contact change nothing.
    ///
    /// For a re-INVITE the owner calls this when it accepts the request and not when it refuses it (RFC 6141 §4).
    // [3261-12.2.1.2-1, 3261-12.2.2-5, 3261-14.1-4]
    pub fn refresh_target(&mut self, message: &Message) -> bool {
        let Ok((_, method)) = message.cseq() else { return false };
        if !Self::is_target_refresh(&method) || message.status().is_some_and(|status| status / 100 != 2) {
            return false;
        }
        match message.contact() {
            Ok(Some(contact)) if !contact.is_wildcard() && contact.uri().is_ok() => {
                self.remote_target = Bytes::copy_from_slice(contact.uri_bytes());
                true
            }
            Ok(_) | Err(_) => false,
        }
    }

    /// We have answered with a 2xx: an early dialog is confirmed. A dialog that is over stays so.
    pub fn accept(&mut self) {
        if self.state == DialogState::Early {
            self.state = DialogState::Confirmed;
        }
    }

    /// The dialog is over: by BYE, by a failure of the request that made it, by 481 or 408 (RFC 3261 §12.3).
    pub fn terminate(&mut self) {
        self.state = DialogState::Terminated;
    }
}

#[cfg(test)]
mod tests;
