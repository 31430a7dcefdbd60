//! A peer's side of a call.

use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;

use crate::wire;

/// Who ended a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedBy {
    /// This peer sent a BYE.
    Us,
    /// The host sent a BYE.
    Host,
}

/// A dialog as the peer knows it.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// Call-ID.
    pub call_id: String,
    /// The peer's own tag.
    pub local_tag: String,
    /// The host's tag.
    pub remote_tag: String,
    /// From of its requests.
    pub local: String,
    /// To of its requests.
    pub remote: String,
    /// Request-URI of its requests.
    pub target: String,
    /// Route lines of its requests.
    pub routes: Vec<String>,
    /// CSeq of the last request that it sent.
    pub local_seq: u32,
    /// True after the 2xx.
    pub confirmed: bool,
    /// Who ended it.
    pub ended: Option<EndedBy>,
    /// Index of the INVITE that made it among the peer's clients, for a caller.
    pub client: Option<usize>,
}

impl Dialog {
    /// RFC 3261 §12.1.2: the caller's side, from a response.
    pub(super) fn of_response(response: &Message, client: usize, cseq: u32) -> Self {
        let mut routes = wire::texts(response, HeaderId::RecordRoute);
        routes.reverse();
        Self {
            call_id: wire::text(response, HeaderId::CallId),
            local_tag: wire::from_tag(response),
            remote_tag: wire::to_tag(response),
            local: wire::text(response, HeaderId::From),
            remote: wire::text(response, HeaderId::To),
            target: wire::contact(response).unwrap_or_default(),
            routes,
            local_seq: cseq,
            confirmed: false,
            ended: None,
            client: Some(client),
        }
    }

    /// RFC 3261 §12.1.1: the callee's side, from a request and the tag that answers it.
    pub(super) fn of_request(request: &Message, tag: &str) -> Self {
        Self {
            call_id: wire::text(request, HeaderId::CallId),
            local_tag: tag.to_owned(),
            remote_tag: wire::from_tag(request),
            local: format!("{};tag={tag}", wire::text(request, HeaderId::To)),
            remote: wire::text(request, HeaderId::From),
            target: wire::contact(request).unwrap_or_default(),
            routes: wire::texts(request, HeaderId::RecordRoute),
            local_seq: 0,
            confirmed: false,
            ended: None,
            client: None,
        }
    }

    /// True while it is up.
    #[must_use]
    pub const fn is_up(&self) -> bool {
        self.confirmed && self.ended.is_none()
    }
}
