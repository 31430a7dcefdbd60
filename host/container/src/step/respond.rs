//! Responses of a server transaction, the host's own and those of a servlet: RFC 3261 §8.2.6, §12.1.1, §13.3.1.

use bytes::Bytes;
use siplet_sip::dialog::{AcceptRetransmit, Dialog};
use siplet_sip::draft::Draft;
use siplet_sip::header::{HeaderId, HeaderName};
use siplet_sip::method::Method;
use siplet_sip::provisional::Delivery;
use siplet_sip::transaction::{
    InviteServerAction, InviteServerEvent, Misuse as TransactionMisuse, NonInviteServerAction,
    NonInviteServerEvent,
};

use crate::session::transactions::{ServerMachine, Target};
use crate::turn::{Misuse, SessionState};

use super::{WorkingCopy, is_sips};

impl WorkingCopy {
    /// A response to the request of that server transaction, with what the request lends it (RFC 3261 §8.2.6.2).
    // [3261-8.2.6.2-5, 3261-8.2.6.2-6, 3261-8.2.6.2-7, 3261-13.3.1.1-1]
    pub(crate) fn draft_response(
        &self,
        server: u32,
        status: u16,
        reason: Option<&str>,
    ) -> Result<Draft, Misuse> {
        let tx = self.session.server(server).ok_or(Misuse::NoTransaction)?;
        let mut draft = Draft::response(&tx.request, status, reason, tx.via.clone())
            .map_err(|fault| Misuse::InvalidHeader(fault.to_string()))?;
        let has_tag = tx.request.to().ok().and_then(|to| to.tag()).is_some();
        // [3261-17.2.1-s1]
        if status > 100 && !has_tag {
            let sip = self.session.sip(tx.sip).ok_or(Misuse::NoTransaction)?;
            draft.set_to_tag(&sip.local_tag).map_err(|_| Misuse::NoTransaction)?;
        }
        if makes_dialog(&tx.method, status) {
            // RFC 3261 §12.1.1: the Record-Route of the request, in order. [3261-12.1.1-1]
            for line in tx.request.headers(HeaderId::RecordRoute) {
                add(&mut draft, HeaderId::RecordRoute, line)?;
            }
        }
        if may_have_our_contact(&tx.method, status) {
            let secure = is_sips(tx.request.request_uri());
            add(&mut draft, HeaderId::Contact, &self.contact(tx.hop.listener, tx.hop.transport, secure))?;
        }
        Ok(draft)
    }

    /// Gives a finished response to its transaction: machine, dialog and session change, the bytes go into the outbox. A
    /// provisional response leaves reliably where its client requires that (RFC 3262 §3).
    pub(crate) fn respond(&mut self, server: u32, draft: &Draft) -> Result<(), Misuse> {
        let delivery = self.delivery(server, draft.status().unwrap_or_default(), false)?;
        self.respond_by(server, draft, delivery)
    }

    /// The same for a provisional response that is to leave reliably.
    pub(crate) fn respond_reliably(&mut self, server: u32, draft: &Draft) -> Result<(), Misuse> {
        let delivery = self.delivery(server, draft.status().unwrap_or_default(), true)?;
        self.respond_by(server, draft, delivery)
    }

    fn respond_by(&mut self, server: u32, draft: &Draft, delivery: Delivery) -> Result<(), Misuse> {
        let status = draft.status().unwrap_or_default();
        let dialog = self.dialog_of_response(server, status)?;
        let has_machine = self.session.server(server).is_some_and(|tx| tx.provisional.is_some());
        let bytes = if delivery == Delivery::Plain && !has_machine {
            draft.to_bytes()
        } else {
            match self.through_provisional(server, status, &mut draft.clone(), delivery)? {
                Some(bytes) => bytes,
                // It waits for a PRACK. Its dialog is there from now on, its success is not.
                None => {
                    if status < 200 {
                        self.on_responded(server, status, dialog);
                    }
                    return Ok(());
                }
            }
        };
        self.leave(server, status, bytes, dialog)
    }

    /// A response that waited for a PRACK leaves.
    pub(super) fn respond_kept(&mut self, server: u32, bytes: Bytes) {
        self.session.dirty = true;
        let Ok(response) = self.parse_own(&bytes) else { return };
        let status = response.status().unwrap_or_default();
        let dialog = self.dialog_of_response(server, status).unwrap_or_default();
        // The transaction has no final response, or nothing would have waited.
        let _ = self.leave(server, status, bytes, dialog);
    }

    fn leave(
        &mut self,
        server: u32,
        status: u16,
        bytes: Bytes,
        dialog: Option<Dialog>,
    ) -> Result<(), Misuse> {
        let now = self.now;
        let timers = self.shared.config.timers.clone();
        let tx = self.session.server_mut(server).ok_or(Misuse::NoTransaction)?;
        let transmit = match &mut tx.machine {
            ServerMachine::Invite(machine) => {
                let event = InviteServerEvent::Respond { status, bytes };
                match machine.on_event(event, now, &timers).map_err(|misuse| misuse_of(misuse, status))? {
                    InviteServerAction::Transmit(bytes) => Some(bytes),
                    InviteServerAction::Nothing
                    | InviteServerAction::SendTrying
                    | InviteServerAction::Confirmed
                    | InviteServerAction::PassAck
                    | InviteServerAction::AckTimeout
                    | InviteServerAction::TransportFailed
                    | InviteServerAction::Terminated => None,
                }
            }
            ServerMachine::Other(machine) => {
                let event = NonInviteServerEvent::Respond { status, bytes };
                match machine.on_event(event, now, &timers).map_err(|misuse| misuse_of(misuse, status))? {
                    NonInviteServerAction::Transmit(bytes) => Some(bytes),
                    NonInviteServerAction::Nothing
                    | NonInviteServerAction::SendTrying
                    | NonInviteServerAction::Expired
                    | NonInviteServerAction::TransportFailed
                    | NonInviteServerAction::Terminated => None,
                }
            }
        };
        let (hop, sip, is_prack) = (tx.hop, tx.sip, tx.method == Method::Prack);
        if let Some(bytes) = transmit {
            if tx.method == Method::Invite && (200..300).contains(&status) {
                tx.accept = Some(AcceptRetransmit::start(bytes.clone(), now, &timers));
            }
            self.push(Target::Hop(hop), bytes);
        }
        if status > 100 {
            self.session.dirty = true;
            self.on_responded(server, status, dialog);
        }
        if is_prack && status >= 200 {
            self.on_prack_answered(sip);
        }
        Ok(())
    }

    /// The dialog that a response makes which is about to be sent, where it makes the session's first one. A response whose
    /// dialog cannot be made does not leave: its call could never be ended.
    fn dialog_of_response(&self, server: u32, status: u16) -> Result<Option<Dialog>, Misuse> {
        let tx = self.session.server(server).ok_or(Misuse::NoTransaction)?;
        let Some(sip) = self.session.sip(tx.sip) else { return Ok(None) };
        if !tx.initial || !makes_dialog(&tx.method, status) || sip.dialog.is_some() {
            return Ok(None);
        }
        let over_tls = tx.hop.transport.is_secure();
        Dialog::uas(&tx.request, &sip.local_tag, status, over_tls).map(Some).map_err(|_| Misuse::NoDialog)
    }

    /// A response of the host's own; silent when the transaction takes none any more.
    pub(crate) fn answer(&mut self, server: u32, status: u16, extra: &[(HeaderId, &[u8])]) {
        // A final response that came before is the better answer, and the limit on a received head leaves room for ours.
        let _ = self.try_answer(server, status, extra);
    }

    fn try_answer(&mut self, server: u32, status: u16, extra: &[(HeaderId, &[u8])]) -> Result<(), Misuse> {
        let mut draft = self.draft_response(server, status, None)?;
        for (id, value) in extra {
            add(&mut draft, *id, value)?;
        }
        if !self.shared.config.server_header.is_empty() {
            add(&mut draft, HeaderId::Server, self.shared.config.server_header.as_bytes())?;
        }
        self.respond(server, &draft)
    }

    /// What a response that was sent makes of session and dialog (RFC 3261 §12.1.1, SIP Servlet 1.1 §6.2.1).
    fn on_responded(&mut self, server: u32, status: u16, made: Option<Dialog>) {
        let Some(tx) = self.session.server(server) else { return };
        let (sip, method, in_dialog) = (tx.sip, tx.method.clone(), !tx.initial);
        let request = tx.request.clone();
        let Some(sip) = self.session.sip_mut(sip) else { return };
        if in_dialog {
            if (200..300).contains(&status)
                && let Some(dialog) = &mut sip.dialog
            {
                // [3261-12.2.2-5]
                dialog.refresh_target(&request);
            }
            return;
        }
        let next = match status {
            ..=199 => SessionState::Early,
            200..=299 => SessionState::Confirmed,
            // A dialog that did not come to be: for the servlet that answered it is over.
            300.. => SessionState::Terminated,
        };
        if !makes_dialogs(&method) {
            return;
        }
        if status < 300 {
            match &mut sip.dialog {
                Some(dialog) if status >= 200 => dialog.accept(),
                Some(_) => {}
                None => sip.dialog = made,
            }
        }
        if sip.state != SessionState::Terminated {
            sip.state = next;
        }
    }
}

/// Adds a line of the host's own; a head that would grow too long is the only thing that can be wrong with it.
pub(crate) fn add(draft: &mut Draft, id: HeaderId, value: &[u8]) -> Result<(), Misuse> {
    draft.add(HeaderName::from(id), value).map_err(|fault| Misuse::InvalidHeader(fault.to_string()))
}

/// Requests whose success makes a dialog: RFC 3261 §12.1, RFC 6665, RFC 3515.
// [3428-2]
pub(crate) const fn makes_dialogs(method: &Method) -> bool {
    matches!(method, Method::Invite | Method::Subscribe | Method::Refer)
}

/// RFC 3261 §12.1: responses that make a dialog.
const fn makes_dialog(method: &Method, status: u16) -> bool {
    makes_dialogs(method) && status > 100 && status < 300
}

/// RFC 3261 §20.10, Table 2: where the Contact is the dialog's own.
// [3261-12.1.1-2, 3261-12.1.1-3]
const fn may_have_our_contact(method: &Method, status: u16) -> bool {
    makes_dialog(method, status)
        || (matches!(method, Method::Update | Method::Notify) && status >= 200 && status < 300)
}

const fn misuse_of(misuse: TransactionMisuse, status: u16) -> Misuse {
    match misuse {
        TransactionMisuse::FinalAlreadySent => Misuse::FinalResponseSent,
        TransactionMisuse::Terminated => Misuse::NoTransaction,
        TransactionMisuse::NoSuchStatus
        | TransactionMisuse::ProvisionalToNonInvite
        | TransactionMisuse::TryingTooEarly
        | TransactionMisuse::TimeoutToNonInvite => Misuse::InvalidStatus(status),
    }
}
