//! Host part: a request came. RFC 3261 §8.2 (outside a dialog) and §12.2.2 (inside).

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::dialog::Violation;
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::transaction::{
    InviteServer, InviteServerAction, InviteServerEvent, MergeKey, NonInviteServer, Reliability, ServerKey,
};

use crate::app::{Application, Handler, InDialogSource};
use crate::io::{Flow, Hop};
use crate::mutant::{self, Mutant};
use crate::names::Kind;
use crate::report::{DropReason, RefuseReason, Report};
use crate::session::AppSession;
use crate::session::attributes::Attributes;
use crate::session::sip::SipSession;
use crate::session::transactions::{ServerMachine, ServerTx};
use crate::turn::{SessionState, SipKey};

use super::{Callback, WorkingCopy};

/// A request as the container took it in.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) flow: Flow,
    pub(crate) message: Arc<Message>,
    pub(crate) method: Method,
    pub(crate) key: ServerKey,
    pub(crate) merge: Option<MergeKey>,
    /// The top Via as responses must carry it, where it differs.
    pub(crate) via: Option<Bytes>,
    pub(crate) hop: Hop,
}

/// Whether a request may come into that dialog: the status and reason for its refusal if not.
pub(crate) fn admit(
    session: &AppSession,
    application: &Application,
    received: &Received,
    sip: SipKey,
) -> Result<(), (u16, RefuseReason)> {
    is_from_peer(session, application, received, sip)?;
    match session.sip(sip) {
        Some(known) if known.state != SessionState::Terminated => Ok(()),
        // RFC 5407 §3.2: the peer hangs up while we do.
        Some(_)
            if received.method == Method::Bye
                && session.is_hanging_up(sip)
                && !was_hung_up(session, received, sip) =>
        {
            Ok(())
        }
        // RFC 3261 §12.2.2: the dialog is over.
        Some(_) | None => Err((481, RefuseReason::NoDialog)),
    }
}

/// One BYE of the peer is enough: any further one would be a transaction that nobody needs.
fn was_hung_up(session: &AppSession, received: &Received, sip: SipKey) -> bool {
    session.servers.iter().any(|tx| tx.sip == sip && tx.method == Method::Bye && tx.key != received.key)
}

/// Whether a message is of that dialog's peer, as far as its names and the application's policy tell.
fn is_from_peer(
    session: &AppSession,
    application: &Application,
    received: &Received,
    sip: SipKey,
) -> Result<(), (u16, RefuseReason)> {
    let known = session.sip(sip).filter(|session| {
        session.dialog.as_ref().is_some_and(|dialog| dialog.matches_request(&received.message))
    });
    let Some(known) = known else { return Err((481, RefuseReason::NoDialog)) };
    let allowed = match application.descriptor.in_dialog_source {
        InDialogSource::Any => true,
        InDialogSource::SameHost => {
            known.source.is_none_or(|made_with| made_with == received.flow.remote.ip())
        }
        // Nobody can authenticate yet: the safe reading of a setting that asks for it. An ACK is never challenged, so it
        // carries nothing that could be asked for (RFC 3261 §22.1). [3261-22.1-5]
        InDialogSource::Authenticated => received.method == Method::Ack,
    };
    if allowed { Ok(()) } else { Err((403, RefuseReason::InDialogSource)) }
}

impl WorkingCopy {
    /// A request outside every dialog: a new SIP session and its first server transaction.
    pub(crate) fn on_initial_request(&mut self, received: &Received) -> Vec<Callback> {
        if self.session.is_new() {
            self.tell_application_session(Handler::ApplicationSessionCreated);
        }
        let key = SipKey(self.session.mint_index());
        let tag = Bytes::from(self.mint(Kind::Tag, key.0));
        let message = &received.message;
        self.session.sips.push(Arc::new(SipSession {
            key,
            state: SessionState::Initial,
            valid: true,
            invalidate_when_ready: true,
            call_id: Bytes::copy_from_slice(message.call_id().unwrap_or_default()),
            local_tag: tag,
            local_party: Bytes::copy_from_slice(message.header(HeaderId::To).unwrap_or_default()),
            remote_party: Bytes::copy_from_slice(message.header(HeaderId::From).unwrap_or_default()),
            local_seq: 0,
            sent_seq: 0,
            dialog: None,
            request_uri: Bytes::new(),
            source: Some(received.flow.remote.ip()),
            hop: Some(received.hop),
            held_bye: None,
            attributes: Attributes::default(),
        }));
        self.tell_session(Handler::SessionCreated, key);
        let server = self.begin_server(received, key, true);
        self.call_or_default(&received.method, server)
    }

    /// A request inside a dialog, or what claims to be one.
    pub(crate) fn on_subsequent_request(&mut self, received: &Received, sip: SipKey) -> Vec<Callback> {
        let server = self.begin_server(received, sip, false);
        if let Err((status, _)) = admit(&self.session, &self.application, received, sip) {
            self.answer(server, status, &[]);
            return Vec::new();
        }
        let verdict = self.session.sip_mut(sip).and_then(|session| {
            let verdict = session.dialog.as_mut()?.on_request(&received.message);
            if verdict.is_ok() {
                session.hop = Some(received.hop);
            }
            Some(verdict)
        });
        if let Some(Err(violation)) = verdict {
            self.refuse_in_dialog(server, violation);
            return Vec::new();
        }
        if received.method == Method::Bye {
            return self.on_bye(server, sip);
        }
        if received.method == Method::Invite
            && self.session.clients.iter().any(|tx| tx.is_pending_invite(sip))
        {
            // RFC 3261 §14.2: our own INVITE is under way in this dialog. [3261-14.2-2]
            self.answer(server, 491, &[]);
            return Vec::new();
        }
        if received.method == Method::Invite && self.has_pending_invite(sip, server) {
            // RFC 3261 §14.2 [3261-14.2-1]: an INVITE is being answered in this dialog.
            let retry_after = self.random_up_to_10(server).to_string();
            self.answer(server, 500, &[(HeaderId::RetryAfter, retry_after.as_bytes())]);
            return Vec::new();
        }
        if received.method == Method::Prack {
            return self.on_prack(server, sip);
        }
        self.call_or_default(&received.method, server)
    }

    /// RFC 3261 §15.1.2: the dialog ends with the BYE, whatever the application does.
    // [3261-15.1.2-1, 3261-15.1.2-2, 3261-15.1.2-3, 3261-15.1.2-s2]
    fn on_bye(&mut self, server: u32, sip: SipKey) -> Vec<Callback> {
        let was_over = self.session.sip(sip).is_none_or(|session| session.state == SessionState::Terminated);
        // Requests that are still pending get 487.
        let pending: Vec<u32> = self
            .session
            .servers
            .iter()
            .filter(|tx| tx.sip == sip && tx.awaits_final() && tx.index != server)
            .map(|tx| tx.index)
            .collect();
        for index in pending {
            self.answer(index, 487, &[]);
        }
        self.terminate_dialog(sip);
        if was_over {
            // The application has ended it itself, and knows.
            self.answer(server, 200, &[]);
            return Vec::new();
        }
        self.call_or_default(&Method::Bye, server)
    }

    fn refuse_in_dialog(&mut self, server: u32, violation: Violation) {
        match violation.status() {
            // RFC 3261 §12.2.2: a CSeq out of order. [3261-12.2.2-3]
            status @ 500 => self.answer(server, status, &[(HeaderId::RetryAfter, b"1")]),
            status => self.answer(server, status, &[]),
        }
    }

    /// A number from 0 to 10 that no client guesses, and that is the same when the step runs again. It comes of a name that
    /// nobody else gets: names are the only chance in a step.
    fn random_up_to_10(&self, server: u32) -> u32 {
        let name = self.mint(Kind::Tag, server);
        name.bytes().fold(0_u32, |sum, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 11
    }

    fn has_pending_invite(&self, sip: SipKey, other_than: u32) -> bool {
        self.session.servers.iter().any(|tx| tx.index != other_than && tx.is_pending_invite(sip))
    }

    /// The servlet's handler, or what the default handler of SIP Servlet 1.1 would do.
    // [3261-17.2.1-2]
    fn call_or_default(&mut self, method: &Method, server: u32) -> Vec<Callback> {
        let handler = Handler::of_method(method);
        if self.has_handler(handler) {
            return vec![Callback::Request { handler, server }];
        }
        match method {
            Method::Bye => self.answer(server, 200, &[]),
            Method::Options => {
                let allow = self.allow();
                self.answer(server, 200, &[(HeaderId::Allow, allow.as_bytes())]);
            }
            Method::Invite
            | Method::Ack
            | Method::Cancel
            | Method::Register
            | Method::Prack
            | Method::Update
            | Method::Info
            | Method::Message
            | Method::Subscribe
            | Method::Notify
            | Method::Publish
            | Method::Refer
            | Method::Other(_) => {
                // RFC 3261 §8.2.1: a method that is not supported.
                let allow = self.allow();
                self.answer(server, 405, &[(HeaderId::Allow, allow.as_bytes())]);
            }
        }
        Vec::new()
    }

    fn allow(&self) -> String {
        crate::routing::allow(&self.application)
    }

    fn begin_server(&mut self, received: &Received, sip: SipKey, initial: bool) -> u32 {
        let reliability = if received.flow.transport.is_reliable() {
            Reliability::Reliable
        } else {
            Reliability::Unreliable
        };
        let timers = &self.shared.config.timers;
        let machine = match received.method {
            Method::Invite => ServerMachine::Invite(InviteServer::start(reliability, self.now, timers)),
            Method::Ack
            | Method::Bye
            | Method::Cancel
            | Method::Options
            | Method::Register
            | Method::Prack
            | Method::Update
            | Method::Info
            | Method::Message
            | Method::Subscribe
            | Method::Notify
            | Method::Publish
            | Method::Refer
            | Method::Other(_) => ServerMachine::Other(NonInviteServer::start(reliability, self.now, timers)),
        };
        let index = self.session.mint_index();
        self.session.servers.push(Arc::new(ServerTx {
            index,
            key: received.key,
            merge: received.merge,
            sip,
            request: received.message.clone(),
            method: received.method.clone(),
            via: received.via.clone(),
            flow: received.flow,
            hop: received.hop,
            initial,
            started: self.now,
            machine,
            accept: None,
            provisional: None,
        }));
        self.began.push((received.key, received.merge, index));
        index
    }

    /// An ACK that matches an INVITE server transaction by its branch: one for a failure response.
    pub(crate) fn on_ack_of_failure(&mut self, server: u32) {
        let now = self.now;
        let timers = self.shared.config.timers.clone();
        let Some(tx) = self.session.server_mut(server) else { return };
        if let ServerMachine::Invite(machine) = &mut tx.machine {
            match machine.on_event(InviteServerEvent::Ack, now, &timers) {
                Ok(
                    InviteServerAction::Confirmed
                    | InviteServerAction::Nothing
                    | InviteServerAction::Terminated
                    | InviteServerAction::PassAck
                    | InviteServerAction::Transmit(_)
                    | InviteServerAction::SendTrying
                    | InviteServerAction::AckTimeout
                    | InviteServerAction::TransportFailed,
                )
                | Err(_) => {}
            }
        }
    }

    /// An ACK inside a dialog: the one for a 2xx (RFC 3261 §13.3.1.4). Its CSeq tells which.
    pub(crate) fn on_ack(&mut self, received: &Received, sip: SipKey) -> Vec<Callback> {
        let Ok((cseq, _)) = received.message.cseq() else { return Vec::new() };
        if is_from_peer(&self.session, &self.application, received, sip).is_err() {
            self.reports.push(Report::Dropped { why: DropReason::StrayAck, flow: Some(received.flow) });
            return Vec::new();
        }
        let accepted = self.session.servers.iter().find(|tx| {
            tx.sip == sip && tx.accept.is_some() && tx.request.cseq().is_ok_and(|(number, _)| number == cseq)
        });
        let Some(index) = accepted.map(|tx| tx.index) else {
            // A repeated ACK, or one that comes after we gave up.
            return Vec::new();
        };
        if let Some(tx) = self.session.server_mut(index)
            && !mutant::is(Mutant::AckDoesNotStopSuccess)
        {
            tx.accept = None;
        }
        self.session.dirty = true;
        self.send_held_bye(sip);
        if !self.has_handler(Handler::DoAck) {
            return Vec::new();
        }
        vec![Callback::Ack { message: received.message.clone(), sip, flow: received.flow }]
    }
}

impl WorkingCopy {
    /// The transaction of a CANCEL, in the SIP session of its INVITE.
    pub(super) fn begin_cancel(&mut self, received: &Received, sip: SipKey) -> u32 {
        self.begin_server(received, sip, false)
    }
}
