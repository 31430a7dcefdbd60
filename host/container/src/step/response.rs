//! Host part: a response came, or did not. RFC 3261 §8.1.3, §12.1.2, §13.2.2, §17.1.

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::dialog::Dialog;
use siplet_sip::draft::Draft;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::transaction::{
    InviteClientAction, InviteClientEvent, NonInviteClientAction, NonInviteClientEvent,
};

use crate::app::Handler;
use crate::io::Flow;
use crate::mutant::{self, Mutant};
use crate::report::{DropReason, Report};
use crate::session::transactions::{ClientMachine, Target};
use crate::turn::{SessionState, SipKey};

use super::send::to_tag_of;
use super::{Callback, WorkingCopy};

/// What a client machine wants, for INVITE and all others alike.
enum Wanted {
    Nothing,
    Transmit(Bytes),
    Pass { ack: Option<Bytes> },
    CancelDue,
    Gone(u16),
}

impl WorkingCopy {
    /// A response whose branch names that client transaction.
    pub(crate) fn on_response(
        &mut self,
        client: u32,
        is_cancel: bool,
        message: &Arc<Message>,
        flow: Flow,
    ) -> Vec<Callback> {
        let status = message.status().unwrap_or_default();
        let Some(tx) = self.session.client(client, is_cancel) else { return Vec::new() };
        let (sip, method) = (tx.sip, tx.method.clone());
        if method == Method::Invite && (200..300).contains(&status) && self.repeat_ack(client, message) {
            return Vec::new();
        }
        let mut wanted = self.client_event(client, is_cancel, Some((status, message)));
        if mutant::is(Mutant::FailureUnacknowledged) {
            wanted = match wanted {
                Wanted::Pass { .. } => Wanted::Pass { ack: None },
                Wanted::Transmit(_) => Wanted::Nothing,
                Wanted::Nothing | Wanted::CancelDue | Wanted::Gone(_) => wanted,
            };
        }
        let Wanted::Pass { ack } = wanted else {
            self.obey(client, is_cancel, wanted);
            return Vec::new();
        };
        if let Some(ack) = ack.filter(|ack| !ack.is_empty())
            && let Some(tx) = self.session.client(client, is_cancel)
        {
            // [3261-17.1.1.2-14]
            let target = tx.target.clone();
            self.push(target, ack);
        }
        if is_cancel {
            return Vec::new();
        }
        if let Some(session) = self.session.sip_mut(sip)
            && flow.transport.is_reliable()
        {
            session.hop = Some(crate::io::Hop {
                listener: flow.listener,
                transport: flow.transport,
                remote: flow.remote,
                connection: flow.connection,
                fallback: None,
            });
        }
        self.session.dirty = true;
        self.send_wanted_cancel(client);
        if !self.on_reliable_response(client, message) {
            return Vec::new();
        }
        let told = self.track_dialog(client, sip, &method, message, status);
        if let Some(session) = self.session.sip_mut(sip)
            && session.dialog.is_some()
        {
            // Who may speak in the dialog is judged by where its peer first spoke from.
            session.source.get_or_insert(flow.remote.ip());
        }
        if !told {
            return Vec::new();
        }
        if status == 100 {
            // RFC 3261 §8.1.3: 100 is between two hops only. [3261-8.1.3.2-3]
            return Vec::new();
        }
        self.tell(client, message.clone(), status, Some(flow))
    }

    /// The handler for a response, or what is owed where there is none.
    fn tell(&mut self, client: u32, message: Arc<Message>, status: u16, flow: Option<Flow>) -> Vec<Callback> {
        let handler = Handler::of_status(status);
        if self.has_handler(handler) {
            return vec![Callback::Response { handler, client, message, flow }];
        }
        self.prack_all(client);
        // RFC 3261 §13.2.2.4: a 2xx must be acknowledged, also when nobody listens; a call that nobody owns ends.
        self.ack_all(client);
        if !self.session.valid
            && let Some(sip) = self.session.client(client, false).map(|tx| tx.sip)
        {
            self.end_with_what_is_owed(sip);
        }
        Vec::new()
    }

    /// RFC 3261 §13.2.2.4: a 2xx that was acknowledged before gets the same ACK again.
    // [3261-13.2.2.4-8]
    fn repeat_ack(&mut self, client: u32, message: &Message) -> bool {
        let tag = to_tag_of(message);
        let Some(tx) = self.session.client(client, false) else { return false };
        if let Some(ack) = tx.acks.iter().find(|ack| ack.to_tag == tag) {
            let (target, bytes) = (ack.target.clone(), ack.bytes.clone());
            self.push(target, bytes);
            return true;
        }
        // Not acknowledged yet, but with the application: it is not told twice.
        tx.unacked.iter().any(|response| to_tag_of(response) == tag)
    }

    /// What a response makes of dialog and session; false when the application is not to be told.
    fn track_dialog(
        &mut self,
        client: u32,
        sip: SipKey,
        method: &Method,
        message: &Arc<Message>,
        status: u16,
    ) -> bool {
        let creates = matches!(method, Method::Invite | Method::Subscribe | Method::Refer);
        let tag = to_tag_of(message);
        let Some(tx) = self.session.client(client, false) else { return false };
        let request = tx.request.clone();
        let over_tls = tx.target.listener().1.is_secure();
        let Some(session) = self.session.sip(sip) else { return false };
        let over = !session.valid || session.state == SessionState::Terminated;
        if over && *method == Method::Invite && (200..300).contains(&status) {
            // The callee answered while the application ended the call: acknowledged, and ended (RFC 3261 §15).
            self.end_answered(client, sip, &request, message);
            return false;
        }
        let known = session.dialog.as_ref().map(|dialog| dialog.remote_tag().to_vec());
        let confirmed = session.state == SessionState::Confirmed;
        // RFC 3261 §12.1.2: a 2xx of an old element may come without a tag.
        if creates && (101..300).contains(&status) && (status >= 200 || !tag.is_empty()) {
            match known {
                Some(known) if confirmed && known != tag => {
                    if status >= 200 {
                        self.end_answered(client, sip, &request, message);
                    }
                    return false;
                }
                Some(known) if known == tag => self.confirm(sip, message, status),
                Some(_) | None => self.make_dialog(sip, &request, message, status, over_tls),
            }
            if status >= 200 && *method == Method::Invite {
                let Some(tx) = self.session.client_mut(client, false) else { return false };
                tx.unacked.push(message.clone());
            }
        } else if status >= 300 {
            self.on_failure(sip, creates, status);
        } else if status >= 200 && Dialog::is_target_refresh(method) {
            self.confirm(sip, message, status);
        }
        true
    }

    fn confirm(&mut self, sip: SipKey, message: &Message, status: u16) {
        let Some(session) = self.session.sip_mut(sip) else { return };
        let Some(dialog) = &mut session.dialog else { return };
        if status >= 200 {
            if session.state == SessionState::Early {
                if dialog.confirm(message).is_ok() {
                    session.state = SessionState::Confirmed;
                }
            } else {
                dialog.refresh_target(message);
            }
        }
    }

    fn make_dialog(&mut self, sip: SipKey, request: &Bytes, message: &Message, status: u16, over_tls: bool) {
        let Ok(request) = self.parse_own(request) else { return };
        let Some(session) = self.session.sip_mut(sip) else { return };
        let Ok(dialog) = Dialog::uac(&request, message, over_tls) else { return };
        session.remote_party =
            Bytes::copy_from_slice(message.header(siplet_sip::header::HeaderId::To).unwrap_or_default());
        session.dialog = Some(dialog);
        session.state = if status < 200 { SessionState::Early } else { SessionState::Confirmed };
    }

    /// A failure: an initial request leaves its session as new (SIP Servlet 1.1 §6.2.1); inside a dialog, 408 and 481
    /// end it (RFC 3261 §12.2.1.2).
    // [3261-12.2.1.2-s1, 3261-12.2.1.2-s2]
    fn on_failure(&mut self, sip: SipKey, creates: bool, status: u16) {
        let Some(session) = self.session.sip_mut(sip) else { return };
        match session.state {
            SessionState::Confirmed if matches!(status, 408 | 481) => self.terminate_dialog(sip),
            SessionState::Initial | SessionState::Early if creates => {
                session.state = SessionState::Initial;
                session.dialog = None;
            }
            SessionState::Initial
            | SessionState::Early
            | SessionState::Confirmed
            | SessionState::Terminated => {}
        }
    }

    /// RFC 3261 §13.2.2.4: a 2xx that nobody wants (of another branch, of a call that was ended) is acknowledged and its
    /// dialog ended.
    // [3261-13.2.2.4-9]
    fn end_answered(&mut self, client: u32, sip: SipKey, request: &Bytes, message: &Arc<Message>) {
        let acked = self.session.client(client, false).map_or(0, |tx| tx.acks.len());
        if acked >= self.shared.config.limits.forks {
            self.reports.push(Report::Dropped { why: DropReason::ForkLimit, flow: None });
            return;
        }
        let Ok(request) = self.parse_own(request) else { return };
        let Ok(mut dialog) = Dialog::uac(&request, message, false) else { return };
        let Ok((cseq, _)) = request.cseq() else { return };
        let Ok(ack) = dialog.ack(cseq) else { return };
        if self.send_ack(client, to_tag_of(message), ack).is_err() {
            return;
        }
        let Ok(bye) = dialog.next_request(Method::Bye) else { return };
        let state = self.session.sip(sip).map(|session| session.state);
        // It ends that dialog and waits for no ACK of the session's own. Without a hop there is nobody to tell.
        let _ = self.send_request_now(sip, &Method::Bye, bye);
        // The BYE was for that dialog: the session's own stands.
        if let (Some(session), Some(state)) = (self.session.sip_mut(sip), state) {
            session.state = state;
        }
    }

    /// A deadline of a client transaction.
    pub(crate) fn on_client_deadline(&mut self, client: u32, is_cancel: bool) -> Vec<Callback> {
        let wanted = self.client_event(client, is_cancel, None);
        self.obey_or_tell(client, is_cancel, wanted)
    }

    /// The request of a client transaction could not be sent, or its name has no address.
    // [3261-18.4-s1]
    pub(crate) fn on_client_transport_failed(&mut self, client: u32, is_cancel: bool) -> Vec<Callback> {
        let now = self.now;
        let timers = self.shared.config.timers.clone();
        let Some(tx) = self.session.client_mut(client, is_cancel) else { return Vec::new() };
        let failed = match &mut tx.machine {
            ClientMachine::Invite(machine) => {
                machine.on_event(InviteClientEvent::TransportFailed, now, &timers)
                    == InviteClientAction::TransportFailed
            }
            ClientMachine::Other(machine) => {
                machine.on_event(NonInviteClientEvent::TransportFailed, now, &timers)
                    == NonInviteClientAction::TransportFailed
            }
        };
        let wanted = if failed { Wanted::Gone(503) } else { Wanted::Nothing };
        self.obey_or_tell(client, is_cancel, wanted)
    }

    fn obey_or_tell(&mut self, client: u32, is_cancel: bool, wanted: Wanted) -> Vec<Callback> {
        let Wanted::Gone(status) = wanted else {
            self.obey(client, is_cancel, wanted);
            return Vec::new();
        };
        self.session.dirty = true;
        let Some(tx) = self.session.client(client, is_cancel) else { return Vec::new() };
        let (sip, method, request) = (tx.sip, tx.method.clone(), tx.request.clone());
        self.reports.push(Report::ClientTimeout {
            app: self.application.id.clone(),
            method: method.as_str().to_owned(),
        });
        if is_cancel {
            return Vec::new();
        }
        let creates = matches!(method, Method::Invite | Method::Subscribe | Method::Refer);
        self.on_failure(sip, creates, status);
        // RFC 3261 §8.1.3.1: a timeout is as a 408, a transport error as a 503.
        // [3261-8.1.3.1-1, 3261-8.1.3.1-2]
        let Ok(request) = self.parse_own(&request) else { return Vec::new() };
        let Ok(made) = Draft::response(&request, status, None, None) else { return Vec::new() };
        let Ok(message) = self.parse_own(&made.to_bytes()) else { return Vec::new() };
        self.tell(client, message, status, None)
    }

    fn obey(&mut self, client: u32, is_cancel: bool, wanted: Wanted) {
        match wanted {
            Wanted::Transmit(bytes) => {
                if let Some(tx) = self.session.client(client, is_cancel)
                    && let Target::Hop(_) = tx.target
                {
                    let target = tx.target.clone();
                    self.push(target, bytes);
                }
            }
            Wanted::CancelDue => self.cancel_invite(client, None),
            Wanted::Nothing | Wanted::Pass { .. } | Wanted::Gone(_) => {}
        }
    }

    /// Runs the machine of a client transaction over a response, or over its deadline.
    fn client_event(
        &mut self,
        client: u32,
        is_cancel: bool,
        response: Option<(u16, &Arc<Message>)>,
    ) -> Wanted {
        let now = self.now;
        let shared = self.shared.clone();
        let timers = &shared.config.timers;
        let Some(tx) = self.session.client_mut(client, is_cancel) else { return Wanted::Nothing };
        let request = tx.request.clone();
        match &mut tx.machine {
            ClientMachine::Invite(machine) => {
                let ack = || match (response, Message::parse(request.clone(), &Limits::unbounded())) {
                    // RFC 3261 §17.1.1.3.
                    (Some((_, response)), Ok(invite)) => {
                        Draft::ack_for(&Arc::new(invite), response).to_bytes()
                    }
                    (Some(_) | None, Ok(_) | Err(_)) => Bytes::new(),
                };
                let event = match response {
                    Some((status, _)) => InviteClientEvent::Response { status, ack: &ack },
                    None => InviteClientEvent::Deadline,
                };
                match machine.on_event(event, now, timers) {
                    InviteClientAction::Nothing
                    | InviteClientAction::Absorb
                    | InviteClientAction::Terminated => Wanted::Nothing,
                    InviteClientAction::Transmit(bytes) | InviteClientAction::TransmitAck(bytes) => {
                        Wanted::Transmit(bytes)
                    }
                    InviteClientAction::Pass => Wanted::Pass { ack: None },
                    InviteClientAction::PassAndAck(ack) => Wanted::Pass { ack: Some(ack) },
                    InviteClientAction::CancelDue => Wanted::CancelDue,
                    InviteClientAction::Timeout => Wanted::Gone(408),
                    InviteClientAction::TransportFailed => Wanted::Gone(503),
                }
            }
            ClientMachine::Other(machine) => {
                let event = match response {
                    Some((status, _)) => NonInviteClientEvent::Response { status },
                    None => NonInviteClientEvent::Deadline,
                };
                match machine.on_event(event, now, timers) {
                    NonInviteClientAction::Nothing
                    | NonInviteClientAction::Absorb
                    | NonInviteClientAction::Terminated => Wanted::Nothing,
                    NonInviteClientAction::Transmit(bytes) => Wanted::Transmit(bytes),
                    NonInviteClientAction::Pass => Wanted::Pass { ack: None },
                    NonInviteClientAction::Timeout => Wanted::Gone(408),
                    NonInviteClientAction::TransportFailed => Wanted::Gone(503),
                }
            }
        }
    }
}
