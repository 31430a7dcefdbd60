//! Requests that leave: Via, Contact, CSeq, the first hop and the client transaction. RFC 3261 §8.1.1, §9.1, §12.2.1.1.

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::address::NameAddr;
use siplet_sip::dialog::Role;
use siplet_sip::draft::Draft;
use siplet_sip::header::{HeaderId, HeaderName};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::transaction::{InviteClient, InviteClientEvent, NonInviteClient, Reliability};

use crate::app::Handler;
use crate::names::Kind;
use crate::session::attributes::Attributes;
use crate::session::sip::SipSession;
use crate::session::transactions::{Cancel, ClientMachine, ClientTx, SentAck, Target};
use crate::turn::{Misuse, SessionState, SipKey};

use super::respond::add;
use super::{Outgoing, WorkingCopy, is_sips};

impl WorkingCopy {
    /// A new SIP session for a request of our own, with addresses as in From and To.
    // [3261-8.1.1.1-s1, 3261-8.1.1.3-1, 3261-8.1.1.4-2]
    pub(crate) fn new_uac_session(&mut self, from: &str, to: &str) -> Result<SipKey, Misuse> {
        let bad = |fault: siplet_sip::message::Malformed| Misuse::InvalidAddress(fault.to_string());
        if from.bytes().chain(to.bytes()).any(|byte| byte.is_ascii_control()) {
            return Err(Misuse::InvalidAddress("an address holds no control characters".to_owned()));
        }
        let from_address = NameAddr::parse(from.as_bytes()).map_err(bad)?;
        let to_address = NameAddr::parse(to.as_bytes()).map_err(bad)?;
        from_address.uri().map_err(bad)?;
        to_address.uri().map_err(bad)?;
        if from_address.tag().is_some() {
            return Err(Misuse::InvalidAddress("the tag of From is the container's".to_owned()));
        }
        if to_address.tag().is_some() {
            // RFC 3261 §8.1.1.2: a request outside a dialog has no To tag. [3261-8.1.1.2-3]
            return Err(Misuse::InvalidAddress("the tag of To is the peer's".to_owned()));
        }
        if self.session.sips.len() >= self.application.descriptor.limits.sip_sessions {
            return Err(Misuse::Limit("sip-sessions"));
        }
        let request_uri = Bytes::copy_from_slice(to_address.uri_bytes());
        let key = SipKey(self.session.mint_index());
        self.session.sips.push(Arc::new(SipSession {
            key,
            state: SessionState::Initial,
            valid: true,
            invalidate_when_ready: true,
            call_id: Bytes::from(self.mint(Kind::CallId, key.0)),
            local_tag: Bytes::from(self.mint(Kind::Tag, key.0)),
            local_party: Bytes::copy_from_slice(from.as_bytes()),
            remote_party: Bytes::copy_from_slice(to.as_bytes()),
            local_seq: 0,
            sent_seq: 0,
            dialog: None,
            request_uri,
            source: None,
            hop: None,
            held_bye: None,
            attributes: Attributes::default(),
        }));
        self.tell_session(Handler::SessionCreated, key);
        Ok(key)
    }

    /// A request inside the dialog (RFC 3261 §12.2.1.1).
    pub(crate) fn draft_in_dialog(&mut self, sip: SipKey, method: &Method) -> Result<Draft, Misuse> {
        let session = self.session.sip_mut(sip).ok_or(Misuse::InvalidSession)?;
        if session.state == SessionState::Terminated {
            return Err(Misuse::NoDialog);
        }
        let dialog = session.dialog.as_mut().ok_or(Misuse::NoDialog)?;
        dialog.next_request(method.clone()).map_err(|_| Misuse::NoDialog)
    }

    /// A request outside a dialog: the first of its session, or another of a series (RFC 3261 §8.1.1).
    // [3261-8.1.1-1, 3261-8.1.1.5-1, 3261-8.1.1.6-1]
    pub(crate) fn draft_outside_dialog(&mut self, sip: SipKey, method: &Method) -> Result<Draft, Misuse> {
        if matches!(method, Method::Bye | Method::Prack | Method::Update) {
            // RFC 3261 §15 [3261-15-1], RFC 3262 §6, RFC 3311 §5.1: these are requests of a dialog and of nothing else.
            return Err(Misuse::NoDialog);
        }
        let session = self.session.sip_mut(sip).ok_or(Misuse::InvalidSession)?;
        session.local_seq += 1;
        let mut draft = Draft::request(method.clone(), &session.request_uri)
            .map_err(|fault| Misuse::InvalidAddress(fault.to_string()))?;
        add(&mut draft, HeaderId::MaxForwards, b"70")?;
        add(&mut draft, HeaderId::From, &session.local_party_with_tag())?;
        add(&mut draft, HeaderId::To, &session.remote_party)?;
        add(&mut draft, HeaderId::CallId, &session.call_id)?;
        add(&mut draft, HeaderId::CSeq, format!("{} {}", session.local_seq, method.as_str()).as_bytes())?;
        Ok(draft)
    }

    /// What RFC 3261 does not let a UA send in a dialog at that time. Outside one everything may be sent.
    pub(crate) fn may_send_in_dialog(&self, sip: SipKey, method: &Method) -> Result<(), Misuse> {
        let Some(session) = self.session.sip(sip) else { return Ok(()) };
        let Some(dialog) = &session.dialog else { return Ok(()) };
        if *method == Method::Bye && session.state == SessionState::Early && dialog.role() == Role::Uas {
            // RFC 3261 §15: the callee answers its INVITE with a failure instead. [3261-15-2]
            return Err(Misuse::NoDialog);
        }
        let servers = || self.session.servers.iter().any(|tx| tx.blocks_invite(sip));
        let clients = || self.session.clients.iter().any(|tx| tx.is_pending_invite(sip));
        if *method == Method::Invite && (servers() || clients()) {
            // RFC 3261 §14.1.
            // [3261-14.1-1, 3261-14.1-2, 3261-14.1-3]
            return Err(Misuse::InvalidMethod(
                "INVITE while another one is under way in the dialog".to_owned(),
            ));
        }
        Ok(())
    }

    /// Puts a request into the outbox and starts its transaction.
    pub(crate) fn send_request(
        &mut self,
        sip: SipKey,
        method: &Method,
        mut draft: Draft,
    ) -> Result<(), Misuse> {
        let transactions = self.session.clients.len() + self.session.servers.len();
        if transactions >= self.application.descriptor.limits.transactions && *method != Method::Bye {
            return Err(Misuse::Limit("transactions"));
        }
        if *method == Method::Bye && self.awaits_ack(sip) {
            // RFC 3261 §15: no BYE before the ACK of our 2xx has come, or its wait is over. [3261-15-3]
            if let Some(session) = self.session.sip_mut(sip) {
                session.held_bye.get_or_insert(Box::new(draft));
                session.state = SessionState::Terminated;
            }
            return Ok(());
        }
        self.number_in_order(sip, method, &mut draft)?;
        self.send_request_now(sip, method, draft)
    }

    /// RFC 3261 §12.2.1.1: CSeq numbers rise in the order of sending. A request that was made before one that has left
    /// takes the next number.
    // [3261-12.2.1.1-7]
    fn number_in_order(&mut self, sip: SipKey, method: &Method, draft: &mut Draft) -> Result<(), Misuse> {
        let Ok((told, _)) = draft.cseq() else { return Ok(()) };
        let session = self.session.sip_mut(sip).ok_or(Misuse::InvalidSession)?;
        let number = if told > session.sent_seq {
            told
        } else {
            let next = match &mut session.dialog {
                Some(dialog) => dialog.next_number().map_err(|_| Misuse::NoDialog)?,
                None => session.local_seq + 1,
            };
            draft
                .set(HeaderId::CSeq, format!("{next} {}", method.as_str()).as_bytes())
                .map_err(|fault| Misuse::InvalidHeader(fault.to_string()))?;
            next
        };
        session.sent_seq = number;
        session.local_seq = session.local_seq.max(number);
        Ok(())
    }

    /// True while a 2xx of ours waits for its ACK in that session.
    pub(crate) fn awaits_ack(&self, sip: SipKey) -> bool {
        self.session.servers.iter().any(|tx| tx.sip == sip && tx.accept.is_some())
    }

    /// Sends the BYE that waited for the ACK of our 2xx.
    pub(crate) fn send_held_bye(&mut self, sip: SipKey) {
        let held = self.session.sip(sip).is_some_and(|session| session.held_bye.is_some());
        if !held || self.awaits_ack(sip) {
            return;
        }
        let held = self.session.sip_mut(sip).and_then(|session| session.held_bye.take());
        if let Some(mut draft) = held {
            // Without a hop to the peer, or with its numbers used up, there is no way to tell it.
            let _ = self
                .number_in_order(sip, &Method::Bye, &mut draft)
                .and_then(|()| self.send_request_now(sip, &Method::Bye, *draft));
        }
    }

    /// Puts a request into the outbox, also a BYE while a 2xx of ours waits for its ACK: for one of another dialog.
    // [3261-8.1.1.7-1, 3261-8.1.1.7-2, 3261-8.1.1.7-3, 3261-8.1.1.8-1, 3261-12.1.2-1, 3261-18.1.1-5] [3581-3]
    pub(super) fn send_request_now(
        &mut self,
        sip: SipKey,
        method: &Method,
        mut draft: Draft,
    ) -> Result<(), Misuse> {
        let target = self.target_of(sip, &draft)?;
        let (listener, transport) = target.listener();
        let index = self.session.mint_index();
        let branch = self.mint(Kind::Branch, index);
        let via =
            format!("SIP/2.0/{} {};branch={branch};rport", transport.via_name(), self.sent_by(listener));
        draft
            .prepend(HeaderName::from(HeaderId::Via), via.as_bytes())
            .map_err(|fault| Misuse::InvalidHeader(fault.to_string()))?;
        if needs_contact(method) && draft.header(HeaderId::Contact).is_none() {
            let secure = is_sips(draft.request_uri());
            add(&mut draft, HeaderId::Contact, &self.contact(listener, transport, secure))?;
        }
        let bytes = draft.to_bytes();
        let reliability =
            if transport.is_reliable() { Reliability::Reliable } else { Reliability::Unreliable };
        let timers = &self.shared.config.timers;
        let machine = if *method == Method::Invite {
            ClientMachine::Invite(InviteClient::start(bytes.clone(), reliability, self.now, timers))
        } else {
            ClientMachine::Other(NonInviteClient::start(bytes.clone(), reliability, self.now, timers))
        };
        self.start_client(ClientTx {
            index,
            is_cancel: false,
            sip,
            method: method.clone(),
            request: bytes,
            target,
            machine,
            cancel: Cancel::No,
            acks: Vec::new(),
            unacked: Vec::new(),
            provisional: None,
            unpracked: Vec::new(),
        });
        if *method == Method::Bye {
            // RFC 3261 §15.1.1: the UAC considers the session terminated once the BYE is sent.
            // [3261-15.1.1-1, 3261-15.1.1-2]
            if let Some(session) = self.session.sip_mut(sip) {
                session.state = SessionState::Terminated;
            }
        }
        Ok(())
    }

    fn start_client(&mut self, tx: ClientTx) {
        let client = matches!(tx.target, Target::Name { .. }).then_some((tx.index, tx.is_cancel));
        self.outbox.push(Outgoing { target: tx.target.clone(), bytes: tx.request.clone(), client });
        self.session.insert_client(tx);
    }

    /// The first hop: the topmost Route, or the Request-URI (RFC 3261 §8.1.2); over the peer's connection where it fits.
    // [3261-8.1.2-s1]
    fn target_of(&self, sip: SipKey, draft: &Draft) -> Result<Target, Misuse> {
        let mut target = match draft.header(HeaderId::Route) {
            Some(route) => {
                let first = NameAddr::parse_first(route)
                    .map_err(|fault| Misuse::InvalidAddress(fault.to_string()))?;
                self.route(first.uri_bytes())?
            }
            None => self.route(draft.request_uri())?,
        };
        let last = self.session.sip(sip).and_then(|session| session.hop);
        if let (Target::Hop(hop), Some(last)) = (&mut target, last)
            && hop.transport == last.transport
            && last.transport.is_reliable()
            && hop.remote.ip() == last.remote.ip()
        {
            // RFC 5923 in spirit: the stream that the peer opened leads back to it.
            hop.connection = last.connection;
            hop.listener = last.listener;
        }
        Ok(target)
    }

    /// The ACK for a 2xx (RFC 3261 §13.2.2.4), for a servlet to fill or for the host to send.
    // [3261-17.1.1.3-1]
    pub(crate) fn draft_ack(&self, client: u32) -> Result<Draft, Misuse> {
        let tx = self.session.client(client, false).ok_or(Misuse::NoTransaction)?;
        let session = self.session.sip(tx.sip).ok_or(Misuse::InvalidSession)?;
        // RFC 3261 §13.2.2.4: the CSeq number of the INVITE, whatever the response says.
        let invite = self.parse_own(&tx.request)?;
        let (cseq, _) = invite.cseq().map_err(|_| Misuse::NoTransaction)?;
        let dialog = session.dialog.as_ref().ok_or(Misuse::NoDialog)?;
        dialog.ack(cseq).map_err(|_| Misuse::NoDialog)
    }

    /// Sends an ACK for a 2xx and keeps it for the 2xx's retransmissions.
    pub(crate) fn send_ack(&mut self, client: u32, to_tag: &[u8], mut draft: Draft) -> Result<(), Misuse> {
        let tx = self.session.client(client, false).ok_or(Misuse::NoTransaction)?;
        let target = self.target_of(tx.sip, &draft)?;
        let (listener, transport) = target.listener();
        let index = self.session.mint_index();
        let branch = self.mint(Kind::Branch, index);
        let via =
            format!("SIP/2.0/{} {};branch={branch};rport", transport.via_name(), self.sent_by(listener));
        draft
            .prepend(HeaderName::from(HeaderId::Via), via.as_bytes())
            .map_err(|fault| Misuse::InvalidHeader(fault.to_string()))?;
        let bytes = draft.to_bytes();
        let tx = self.session.client_mut(client, false).ok_or(Misuse::NoTransaction)?;
        tx.unacked.retain(|response| to_tag_of(response) != to_tag);
        tx.acks.push(SentAck {
            to_tag: Bytes::copy_from_slice(to_tag),
            bytes: bytes.clone(),
            target: target.clone(),
        });
        self.session.dirty = true;
        self.push(target, bytes);
        Ok(())
    }

    /// The host's ACK for every 2xx of that INVITE that the application did not acknowledge.
    pub(crate) fn ack_all(&mut self, client: u32) {
        let waiting: Vec<Arc<Message>> =
            self.session.client(client, false).map(|tx| tx.unacked.clone()).unwrap_or_default();
        for response in waiting {
            if let Ok(draft) = self.draft_ack(client) {
                // Without a hop to the peer there is nobody to acknowledge to.
                let _ = self.send_ack(client, to_tag_of(&response), draft);
            }
        }
    }

    /// RFC 3261 §9.1: cancels an INVITE of ours, at once when a provisional response has come, else when one comes.
    // [3261-9.1-6, 3261-9.1-s2]
    pub(crate) fn cancel_invite(&mut self, client: u32, draft: Option<&Draft>) {
        let Some(tx) = self.session.client(client, false) else { return };
        if !tx.is_open() || tx.cancel != Cancel::No {
            return;
        }
        let bytes = match draft {
            Some(draft) => draft.to_bytes(),
            None => match self.draft_cancel(client) {
                Ok(draft) => draft.to_bytes(),
                Err(_) => return,
            },
        };
        let Some(tx) = self.session.client_mut(client, false) else { return };
        tx.cancel = Cancel::Wanted(bytes);
        self.session.dirty = true;
        self.send_wanted_cancel(client);
    }

    /// The CANCEL of an INVITE that was sent from here.
    // [3261-9.1-s1]
    pub(crate) fn draft_cancel(&self, client: u32) -> Result<Draft, Misuse> {
        let tx = self.session.client(client, false).ok_or(Misuse::NoTransaction)?;
        if tx.method != Method::Invite {
            return Err(Misuse::InvalidMethod("only an INVITE is cancelled".to_owned()));
        }
        let invite = self.parse_own(&tx.request)?;
        Ok(Draft::cancel_of(&invite))
    }

    /// A message that was made here, as a message again.
    pub(crate) fn parse_own(&self, bytes: &Bytes) -> Result<Arc<Message>, Misuse> {
        Message::parse(bytes.clone(), &Limits::unbounded()).map(Arc::new).map_err(|_| Misuse::NoTransaction)
    }

    /// Sends a CANCEL that is wanted, if the INVITE has had a provisional response.
    pub(crate) fn send_wanted_cancel(&mut self, client: u32) {
        let now = self.now;
        let timers = self.shared.config.timers.clone();
        let Some(tx) = self.session.client_mut(client, false) else { return };
        let ClientMachine::Invite(machine) = &mut tx.machine else { return };
        if machine.state() != siplet_sip::transaction::InviteClientState::Proceeding {
            return;
        }
        let Cancel::Wanted(bytes) = &tx.cancel else { return };
        let bytes = bytes.clone();
        tx.cancel = Cancel::Sent;
        let _ = machine.on_event(InviteClientEvent::CancelSent, now, &timers);
        // RFC 3261 §9.1 [3261-9.1-7]: where the INVITE went.
        let (target, sip, index) = (tx.target.clone(), tx.sip, tx.index);
        let (_, transport) = target.listener();
        let reliability =
            if transport.is_reliable() { Reliability::Reliable } else { Reliability::Unreliable };
        self.start_client(ClientTx {
            index,
            is_cancel: true,
            sip,
            method: Method::Cancel,
            request: bytes.clone(),
            target,
            machine: ClientMachine::Other(NonInviteClient::start(bytes, reliability, now, &timers)),
            cancel: Cancel::No,
            acks: Vec::new(),
            unacked: Vec::new(),
            provisional: None,
            unpracked: Vec::new(),
        });
    }
}

/// To tag of a response, empty where there is none.
pub(crate) fn to_tag_of(response: &Message) -> &[u8] {
    response.to().ok().and_then(|to| to.tag()).unwrap_or_default()
}

/// RFC 3261 §20.10, RFC 3311, RFC 6665, RFC 3515: requests whose Contact is the dialog's.
const fn needs_contact(method: &Method) -> bool {
    matches!(method, Method::Invite | Method::Update | Method::Subscribe | Method::Notify | Method::Refer)
}
