//! Answers without a transaction: RFC 3261 §8.2.7. The same request gets the same answer, tag and all.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use siplet_sip::draft::Draft;
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::via::Via;

use crate::io::{Effect, Flow, Hop};
use crate::report::{DropReason, RefuseReason, Report};
use crate::step::respond::add;

use super::Container;

impl Container {
    /// Refuses a request without a transaction.
    // [3261-8.2.7-1, 3261-8.2.7-2, 3261-8.2.7-3]
    pub(super) fn refuse(
        &mut self,
        message: &Arc<Message>,
        flow: Flow,
        status: u16,
        why: RefuseReason,
        text: &str,
    ) {
        let retry_after = match status {
            503 => Some(self.draining.unwrap_or(1).to_string()),
            _ => None,
        };
        match &retry_after {
            Some(seconds) => {
                self.refuse_with(
                    message,
                    flow,
                    status,
                    why,
                    text,
                    &[(HeaderId::RetryAfter, seconds.as_bytes())],
                );
            }
            None => self.refuse_with(message, flow, status, why, text, &[]),
        }
    }

    /// The same with header lines of its own. A 400 says what is wrong in its reason phrase (RFC 3261 §21.4.1).
    pub(super) fn refuse_with(
        &mut self,
        message: &Arc<Message>,
        flow: Flow,
        status: u16,
        why: RefuseReason,
        text: &str,
        extra: &[(HeaderId, &[u8])],
    ) {
        // RFC 3261 §17.1.1.3: an ACK is never answered.
        if message.method() == Some(&Method::Ack) {
            self.dropped(DropReason::StrayAck, flow);
            return;
        }
        let reason = (why == RefuseReason::Invalid).then_some(text);
        if !message.has(HeaderId::Via) {
            self.dropped(DropReason::NoRoute, flow);
            return;
        }
        let via = message.top_via().ok();
        let stamped = via.as_ref().and_then(|via| via.stamp(flow.remote));
        let Ok(mut draft) = Draft::response(message, status, reason, stamped) else {
            self.dropped(DropReason::Malformed, flow);
            return;
        };
        let tag = self.shared.minter.stateless_tag([
            message.call_id().unwrap_or_default(),
            message.header(HeaderId::From).unwrap_or_default(),
            via.as_ref().and_then(|via| via.branch()).unwrap_or_default(),
        ]);
        // A To that cannot be read gets no tag; the client matches by branch.
        let _ = draft.set_to_tag(tag.as_bytes());
        for (id, value) in extra {
            // Without room for it the answer is still the answer.
            let _ = add(&mut draft, *id, value);
        }
        if !self.shared.config.server_header.is_empty() {
            let _ = add(&mut draft, HeaderId::Server, self.shared.config.server_header.as_bytes());
        }
        // A Via that cannot be read names no place: its sender is told where the request came from.
        let hop = via.map_or_else(|| back_to_source(flow), |via| hop_of(&via, flow));
        self.effects.push_back(Effect::Transmit { hop, bytes: draft.to_bytes() });
        self.report(Report::Refused { status, why, text: text.to_owned(), flow });
    }
}

/// Where responses to a request with that top Via go (RFC 3261 §18.2.2, RFC 3581 §4).
///
/// `maddr` is not followed, although RFC 3261 §18.2.2 asks for it: it would let anybody aim our answers, and their
/// repetitions, at anybody.
// [3261-18.2.2-1, 3261-18.2.2-2, 3261-18.2.2-4, 3261-18.2.2-5, 3261-18.2.2-s1]
pub(super) fn hop_of(via: &Via<'_>, flow: Flow) -> Hop {
    let Flow { listener, transport, remote, connection } = flow;
    if !transport.is_reliable() {
        // RFC 3581 §4: to the port that the request came from, if the client asked so; else to that of the Via.
        let port = match via.rport() {
            Some(_) => remote.port(),
            None => via.port().unwrap_or_else(|| transport.default_port()),
        };
        let remote = SocketAddr::new(remote.ip(), port);
        return Hop { listener, transport, remote, connection: 0, fallback: None };
    }
    let port = via.port().unwrap_or_else(|| transport.default_port());
    let host: IpAddr = remote.ip();
    Hop { listener, transport, remote, connection, fallback: Some(SocketAddr::new(host, port)) }
}

/// Where the answer to a request goes whose top Via cannot be read: to its source, by the same way.
fn back_to_source(flow: Flow) -> Hop {
    let Flow { listener, transport, remote, connection } = flow;
    Hop { listener, transport, remote, connection, fallback: None }
}
