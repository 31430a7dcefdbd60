//! Host part: reliable provisional responses and their PRACKs (RFC 3262), of both sides.
//!
//! The machines stand in the transactions of the INVITE ([`ServerTx::provisional`](crate::session::transactions::ServerTx),
//! [`ClientTx::provisional`](crate::session::transactions::ClientTx)). A response that waits for the PRACK of another one is
//! given for the servlet, and leaves when that PRACK comes.

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::dialog::Dialog;
use siplet_sip::draft::Draft;
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::provisional::{
    self, Delivery, OPTION_TAG, ProvisionalAction, ProvisionalClient, ProvisionalServer, RAck, ServerAction,
    ServerEvent, Support,
};

use crate::app::Handler;
use crate::report::{DropReason, Report};
use crate::session::transactions::{ServerTx, Target};
use crate::turn::{Misuse, SipKey};

use super::respond::add;
use super::send::to_tag_of;
use super::{Callback, WorkingCopy};

/// The type of a session description (RFC 3264).
const SDP: &[u8] = b"application/sdp";

impl WorkingCopy {
    /// How a response of this status to that request leaves; `wanted`: its author asked for reliability.
    pub(crate) fn delivery(&self, server: u32, status: u16, wanted: bool) -> Result<Delivery, Misuse> {
        let tx = self.session.server(server).ok_or(Misuse::NoTransaction)?;
        Support::of(&tx.request).delivery(status, wanted).map_err(|misuse| misuse_of(misuse, status))
    }

    /// Gives a finished response to the machine of reliable responses where it belongs there: what leaves now, if anything.
    pub(super) fn through_provisional(
        &mut self,
        server: u32,
        status: u16,
        draft: &mut Draft,
        delivery: Delivery,
    ) -> Result<Option<Bytes>, Misuse> {
        let (now, timers) = (self.now, self.shared.config.timers.clone());
        let key = self.session.key;
        let random = self.shared.minter.number(key, server);
        let tx = self.session.server_mut(server).ok_or(Misuse::NoTransaction)?;
        if delivery == Delivery::Plain && (tx.provisional.is_none() || status < 200) {
            return Ok(Some(draft.to_bytes()));
        }
        let (cseq, _) = tx.request.cseq().map_err(|_| Misuse::NoTransaction)?;
        let machine = tx.provisional.get_or_insert_with(|| Box::new(ProvisionalServer::start(cseq, random)));
        let event = match delivery {
            Delivery::Plain => ServerEvent::Final { status, bytes: draft.to_bytes() },
            Delivery::Reliable => {
                let rseq = machine.next_rseq().map_err(|misuse| misuse_of(misuse, status))?;
                add(draft, HeaderId::Require, OPTION_TAG.as_bytes())?;
                add(draft, HeaderId::RSeq, rseq.to_string().as_bytes())?;
                let describes = is_sdp(draft.header(HeaderId::ContentType)) && !draft.body().is_empty();
                ServerEvent::Reliable { status, rseq, bytes: draft.to_bytes(), describes }
            }
        };
        let action = machine.on_event(event, now, &timers).map_err(|misuse| misuse_of(misuse, status))?;
        self.session.dirty = true;
        Ok(match action {
            ServerAction::Respond(bytes) => Some(bytes),
            ServerAction::Nothing
            | ServerAction::Repeat(_)
            | ServerAction::Kept
            | ServerAction::Acknowledged { .. }
            | ServerAction::NoSuchResponse
            | ServerAction::NoPrack => None,
        })
    }

    /// A PRACK in the dialog: it acknowledges a response of ours, or nothing (RFC 3262 §3).
    pub(super) fn on_prack(&mut self, server: u32, sip: SipKey) -> Vec<Callback> {
        let Some(tx) = self.session.server(server) else { return Vec::new() };
        let request = tx.request.clone();
        let Ok(Some(rack)) = request.rack() else {
            // RFC 3262 §7.2: a PRACK says what it acknowledges.
            self.answer(server, 400, &[]);
            return Vec::new();
        };
        let offers = is_sdp(request.header(HeaderId::ContentType)) && !request.body().is_empty();
        let Some((invite, next)) = self.acknowledge(sip, &rack, offers) else {
            self.answer(server, 481, &[]);
            return Vec::new();
        };
        if let Some(bytes) = next {
            self.respond_kept(invite, bytes);
        }
        if self.has_handler(Handler::DoPrack) {
            return vec![Callback::Request { handler: Handler::DoPrack, server }];
        }
        // RFC 3262 §3: a PRACK that matches gets a 2xx. Where it offers something, nobody is there to answer that.
        self.answer(server, if offers { 488 } else { 200 }, &[]);
        Vec::new()
    }

    /// The INVITE whose response a PRACK acknowledges, and what may leave for it now.
    fn acknowledge(&mut self, sip: SipKey, rack: &RAck, offers: bool) -> Option<(u32, Option<Bytes>)> {
        let (now, timers) = (self.now, self.shared.config.timers.clone());
        let of_the_dialog = |tx: &&Arc<ServerTx>| tx.sip == sip && tx.provisional.is_some();
        let waiting: Vec<u32> =
            self.session.servers.iter().filter(of_the_dialog).map(|tx| tx.index).collect();
        for invite in waiting {
            let Some(machine) = self.session.server_mut(invite).and_then(|tx| tx.provisional.as_mut()) else {
                continue;
            };
            let event = ServerEvent::Prack { rack: rack.clone(), offers };
            if let Ok(ServerAction::Acknowledged { next }) = machine.on_event(event, now, &timers) {
                self.session.dirty = true;
                return Some((invite, next));
            }
        }
        None
    }

    /// The PRACK with an offer has its answer: what waited for that leaves (RFC 3262 §5).
    pub(super) fn on_prack_answered(&mut self, sip: SipKey) {
        let (now, timers) = (self.now, self.shared.config.timers.clone());
        let of_the_dialog = |tx: &&Arc<ServerTx>| tx.sip == sip && tx.provisional.is_some();
        let waiting: Vec<u32> =
            self.session.servers.iter().filter(of_the_dialog).map(|tx| tx.index).collect();
        for invite in waiting {
            let machine = self.session.server_mut(invite).and_then(|tx| tx.provisional.as_mut());
            let action = machine.map(|machine| machine.on_event(ServerEvent::PrackAnswered, now, &timers));
            if let Some(Ok(ServerAction::Respond(bytes))) = action {
                self.respond_kept(invite, bytes);
            }
        }
    }

    /// A deadline of reliable responses: one again, the end of the wait, or what waited for an answer.
    pub(super) fn on_provisional_deadline(&mut self, server: u32, callbacks: &mut Vec<Callback>) {
        let (now, timers) = (self.now, self.shared.config.timers.clone());
        let Some(tx) = self.session.server_mut(server) else { return };
        let hop = tx.hop;
        let Some(machine) = &mut tx.provisional else { return };
        match machine.on_event(ServerEvent::Deadline, now, &timers) {
            Ok(ServerAction::Repeat(bytes)) => self.push(Target::Hop(hop), bytes),
            Ok(ServerAction::Respond(bytes)) => self.respond_kept(server, bytes),
            Ok(ServerAction::NoPrack) => {
                self.session.dirty = true;
                self.reports.push(Report::NoPrack { app: self.application.id.clone() });
                if self.has_handler(Handler::NoPrackReceived) {
                    callbacks.push(Callback::NoPrack { server });
                } else {
                    self.refuse_unacknowledged(server);
                }
            }
            Ok(
                ServerAction::Nothing
                | ServerAction::Kept
                | ServerAction::Acknowledged { .. }
                | ServerAction::NoSuchResponse,
            )
            | Err(_) => {}
        }
    }

    /// RFC 3262 §3: an INVITE whose response was never acknowledged is refused, unless the servlet has done it.
    pub(crate) fn refuse_unacknowledged(&mut self, server: u32) {
        self.answer(server, 504, &[]);
    }

    /// A reliable response to an INVITE of ours; false when the application is not to be told of it.
    pub(super) fn on_reliable_response(&mut self, client: u32, message: &Arc<Message>) -> bool {
        let Some(tx) = self.session.client_mut(client, false) else { return false };
        let status = message.status().unwrap_or_default();
        if tx.method != Method::Invite {
            return true;
        }
        if status >= 200 {
            if let Some(machine) = &mut tx.provisional {
                machine.on_final();
            }
            tx.unpracked.clear();
            return true;
        }
        if !ProvisionalClient::is_reliable(message) {
            return true;
        }
        let cseq = Message::parse(tx.request.clone(), &siplet_sip::limits::Limits::unbounded())
            .ok()
            .and_then(|request| request.cseq().ok())
            .map_or(0, |(cseq, _)| cseq);
        let machine = tx.provisional.get_or_insert_with(|| Box::new(ProvisionalClient::start(cseq)));
        match machine.on_response(message) {
            ProvisionalAction::Plain => true,
            ProvisionalAction::Acknowledge(_) => {
                tx.unpracked.push(message.clone());
                self.session.dirty = true;
                true
            }
            ProvisionalAction::Repeated
            | ProvisionalAction::OutOfOrder
            | ProvisionalAction::Late
            | ProvisionalAction::Unusable
            | ProvisionalAction::TooMany => {
                self.reports.push(Report::Dropped { why: DropReason::UnorderedResponse, flow: None });
                false
            }
        }
    }

    /// The PRACK of a reliable response that has none yet, for a servlet to fill or for the host to send (RFC 3262 §4).
    pub(crate) fn draft_prack(&mut self, client: u32, response: &Arc<Message>) -> Result<Draft, Misuse> {
        let tx = self.session.client(client, false).ok_or(Misuse::NoTransaction)?;
        let (sip, request) = (tx.sip, tx.request.clone());
        if !tx.unpracked.iter().any(|waiting| is_same(waiting, response)) {
            return Err(Misuse::NoTransaction);
        }
        let rseq = response.rseq().ok().flatten().ok_or(Misuse::NoTransaction)?;
        let (cseq, method) = response.cseq().map_err(|_| Misuse::NoTransaction)?;
        let tag = to_tag_of(response);
        let session = self.session.sip_mut(sip).ok_or(Misuse::InvalidSession)?;
        let mut draft = match &mut session.dialog {
            Some(dialog) if dialog.remote_tag() == tag => dialog.next_request(Method::Prack),
            // Another branch has answered: its PRACK goes there.
            Some(_) | None => {
                let request = self.parse_own(&request)?;
                Dialog::uac(&request, response, false)
                    .map_err(|_| Misuse::NoDialog)?
                    .next_request(Method::Prack)
            }
        }
        .map_err(|_| Misuse::NoDialog)?;
        let rack = RAck { rseq, cseq, method };
        add(&mut draft, HeaderId::RAck, rack.to_string().as_bytes())?;
        Ok(draft)
    }

    /// A PRACK for that response is being sent: it needs no other.
    pub(crate) fn on_prack_sent(&mut self, client: u32, response: &Arc<Message>) {
        if let Some(tx) = self.session.client_mut(client, false) {
            tx.unpracked.retain(|waiting| !is_same(waiting, response));
        }
    }

    /// The host's PRACK for every reliable response that the servlet did not acknowledge and that asks for nothing more: one
    /// that makes an offer waits for the servlet, which alone can answer it (RFC 3262 §5).
    pub(crate) fn prack_all(&mut self, client: u32) {
        let Some(tx) = self.session.client(client, false) else { return };
        let (sip, waiting) = (tx.sip, tx.unpracked.clone());
        if waiting.is_empty() {
            return;
        }
        let we_offered = Message::parse(tx.request.clone(), &siplet_sip::limits::Limits::unbounded())
            .is_ok_and(|invite| !invite.body().is_empty());
        for response in waiting {
            if !we_offered && !response.body().is_empty() {
                continue;
            }
            if let Ok(draft) = self.draft_prack(client, &response) {
                // Without a hop to the peer there is nobody to acknowledge to.
                let _ = self.send_request(sip, &Method::Prack, draft);
                self.on_prack_sent(client, &response);
            }
        }
    }
}

/// Whether two responses are of one early dialog and have one number.
fn is_same(one: &Message, other: &Message) -> bool {
    to_tag_of(one) == to_tag_of(other) && one.rseq().ok() == other.rseq().ok()
}

fn is_sdp(content_type: Option<&[u8]>) -> bool {
    content_type.is_some_and(|kind| {
        let kind = kind.split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(SDP)
    })
}

const fn misuse_of(misuse: provisional::Misuse, status: u16) -> Misuse {
    match misuse {
        provisional::Misuse::NotProvisional | provisional::Misuse::NotFinal => Misuse::InvalidStatus(status),
        provisional::Misuse::NotSupported => {
            Misuse::NotSupported("a reliable response to a client that does not support 100rel")
        }
        provisional::Misuse::FinalAlreadySent => Misuse::FinalResponseSent,
        provisional::Misuse::WrongNumber | provisional::Misuse::NotAcknowledged => Misuse::NoTransaction,
        provisional::Misuse::NumbersExhausted | provisional::Misuse::QueueFull => {
            Misuse::Limit("reliable-responses")
        }
    }
}
