//! What a handler may do to messages: SIP Servlet 1.1 §5 and §8, each rule at its check.

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::address::NameAddr;
use siplet_sip::draft::Draft;
use siplet_sip::header::{HeaderId, HeaderName};
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::uri::Uri;

use crate::io::Flow;
use crate::session::transactions::ServerTx;
use crate::step::send::to_tag_of;
use crate::step::{self, WorkingCopy};

use super::{Callback, Flat, MessageId, Misuse, Peer, SessionState, SipKey, TimerView, Turn, flat};

/// What a created message is for.
#[derive(Clone, Debug)]
pub(super) enum Purpose {
    Response { server: u32 },
    Request { method: Method },
    Ack { client: u32, to_tag: Bytes },
    Cancel { client: u32 },
    Prack { client: u32, response: Arc<Message> },
}

/// A message of the turn.
#[derive(Clone, Debug)]
pub(super) enum TurnMessage {
    /// It came in, or was sent in an earlier turn.
    Received {
        message: Arc<Message>,
        sip: SipKey,
        /// Its server transaction: it can be answered.
        server: Option<u32>,
        /// Its client transaction: it is a response, or a request of ours.
        client: Option<u32>,
        flow: Option<Flow>,
    },
    /// It was created in this turn.
    Created { draft: Box<Draft>, sip: SipKey, purpose: Purpose, sent: bool },
}

impl TurnMessage {
    pub(super) const fn sip(&self) -> SipKey {
        match self {
            Self::Received { sip, .. } | Self::Created { sip, .. } => *sip,
        }
    }
}

/// The request of a server transaction as a message of a turn.
fn received_request(tx: &ServerTx) -> TurnMessage {
    TurnMessage::Received {
        message: tx.request.clone(),
        sip: tx.sip,
        server: Some(tx.index),
        client: None,
        flow: Some(tx.flow),
    }
}

/// Brings the callback's message into the turn.
pub(super) fn enter(
    callback: &step::Callback,
    copy: &WorkingCopy,
    messages: &mut Vec<TurnMessage>,
) -> Option<Callback> {
    let id = MessageId(0);
    match callback {
        step::Callback::Request { handler, server } => {
            let tx = copy.session.server(*server)?;
            messages.push(received_request(tx));
            Some(Callback::Request { handler: *handler, message: id })
        }
        step::Callback::Ack { message, sip, flow } => {
            messages.push(TurnMessage::Received {
                message: message.clone(),
                sip: *sip,
                server: None,
                client: None,
                flow: Some(*flow),
            });
            Some(Callback::Request { handler: crate::app::Handler::DoAck, message: id })
        }
        step::Callback::Response { handler, client, message, flow } => {
            let tx = copy.session.client(*client, false)?;
            messages.push(TurnMessage::Received {
                message: message.clone(),
                sip: tx.sip,
                server: None,
                client: Some(*client),
                flow: *flow,
            });
            Some(Callback::Response { handler: *handler, message: id })
        }
        step::Callback::NoAck { server, response } => {
            let tx = copy.session.server(*server)?;
            messages.push(TurnMessage::Received {
                message: copy.parse_own(response).ok()?,
                sip: tx.sip,
                server: Some(*server),
                client: None,
                flow: None,
            });
            Some(Callback::NoAckReceived { response: id })
        }
        step::Callback::NoPrack { server } => {
            let tx = copy.session.server(*server)?;
            messages.push(received_request(tx));
            Some(Callback::NoPrackReceived { request: id })
        }
        step::Callback::Initialized => Some(Callback::ServletInitialized),
        step::Callback::Timeout { timer } => Some(Callback::Timeout { timer: TimerView::of(timer, copy) }),
        step::Callback::Session { handler, sip } => {
            copy.session.sip(*sip).map(|_| Callback::Session { handler: *handler, session: *sip })
        }
        step::Callback::ApplicationSession { handler } => {
            Some(Callback::ApplicationSession { handler: *handler })
        }
        step::Callback::Attribute { change } => Some(Callback::AttributeChanged { change: change.clone() }),
        step::Callback::Upgrade { .. } => Some(Callback::Upgrade),
    }
}

impl Turn {
    fn message(&self, id: MessageId) -> Result<&TurnMessage, Misuse> {
        self.messages.get(id.0 as usize).ok_or(Misuse::StaleHandle)
    }

    /// Fails when the turn can take no more messages; asked before anything is used up for one.
    fn has_room(&self) -> Result<(), Misuse> {
        if self.messages.len() >= self.copy.application.descriptor.limits.handles {
            return Err(Misuse::Limit("handles"));
        }
        Ok(())
    }

    fn push(&mut self, message: TurnMessage) -> Result<MessageId, Misuse> {
        self.has_room()?;
        let id = MessageId(u32::try_from(self.messages.len()).map_err(|_| Misuse::Limit("handles"))?);
        self.messages.push(message);
        Ok(id)
    }

    /// The message as it stands now.
    pub fn flat(&self, id: MessageId) -> Result<Flat, Misuse> {
        match self.message(id)? {
            TurnMessage::Received { message, .. } => Ok(flat::of(message)),
            TurnMessage::Created { draft, .. } => {
                flat::of_bytes(draft.to_bytes(), &self.copy.shared.config.limits.message)
                    .ok_or_else(|| Misuse::InvalidHeader("the message cannot be read back".to_owned()))
            }
        }
    }

    /// True for a request.
    pub fn is_request(&self, id: MessageId) -> Result<bool, Misuse> {
        Ok(match self.message(id)? {
            TurnMessage::Received { message, .. } => message.is_request(),
            TurnMessage::Created { purpose, .. } => !matches!(purpose, Purpose::Response { .. }),
        })
    }

    /// True for a request outside every dialog.
    pub fn is_initial(&self, id: MessageId) -> Result<bool, Misuse> {
        Ok(match self.message(id)? {
            TurnMessage::Received { server: Some(server), message, .. } if message.is_request() => {
                self.copy.session.server(*server).is_some_and(|tx| tx.initial)
            }
            TurnMessage::Created { purpose: Purpose::Request { .. }, draft, .. } => {
                let to = draft.header(HeaderId::To).unwrap_or_default();
                NameAddr::parse(to).is_ok_and(|to| to.tag().is_none())
            }
            TurnMessage::Received { .. } | TurnMessage::Created { .. } => false,
        })
    }

    /// True once the message was sent, or, for a received request, answered finally.
    pub fn is_committed(&self, id: MessageId) -> Result<bool, Misuse> {
        Ok(match self.message(id)? {
            TurnMessage::Received { server: Some(server), message, .. } if message.is_request() => {
                self.copy.session.server(*server).is_none_or(|tx| !tx.is_open())
            }
            TurnMessage::Received { .. } => true,
            TurnMessage::Created { sent, .. } => *sent,
        })
    }

    /// Where the message came from; none for one that was created here.
    pub fn peer(&self, id: MessageId) -> Result<Option<Peer>, Misuse> {
        Ok(match self.message(id)? {
            TurnMessage::Received { flow, .. } => {
                flow.map(|flow| Peer { address: flow.remote, transport: flow.transport })
            }
            TurnMessage::Created { .. } => None,
        })
    }

    /// The SIP session of the message.
    pub fn session_of(&self, id: MessageId) -> Result<SipKey, Misuse> {
        Ok(self.message(id)?.sip())
    }

    /// The request that a response answers.
    pub fn request_of(&mut self, id: MessageId) -> Result<MessageId, Misuse> {
        let (server, client, sip) = match self.message(id)? {
            TurnMessage::Received { server, client, sip, .. } => (*server, *client, *sip),
            TurnMessage::Created { purpose: Purpose::Response { server }, sip, .. } => {
                (Some(*server), None, *sip)
            }
            TurnMessage::Created { .. } => (None, None, self.message(id)?.sip()),
        };
        if let Some(server) = server {
            let tx = self.copy.session.server(server).ok_or(Misuse::NoTransaction)?.clone();
            return self.received_request(&tx);
        }
        let client = client.ok_or(Misuse::NoTransaction)?;
        let tx = self.copy.session.client(client, false).ok_or(Misuse::NoTransaction)?;
        let message = self.copy.parse_own(&tx.request)?;
        self.push(TurnMessage::Received { message, sip, server: None, client: Some(client), flow: None })
    }

    /// Requests of a SIP session that no final response was given to, oldest first: a handler may return without one and
    /// a later turn answers (SIP Servlet 1.1 §8.2.1).
    pub fn pending_requests(&mut self, sip: SipKey) -> Result<Vec<MessageId>, Misuse> {
        self.copy.session.sip(sip).ok_or(Misuse::StaleHandle)?;
        let waits = |tx: &&Arc<ServerTx>| tx.sip == sip && tx.is_open() && tx.method != Method::Cancel;
        let open: Vec<Arc<ServerTx>> = self.copy.session.servers.iter().filter(waits).cloned().collect();
        open.into_iter().map(|tx| self.received_request(&tx)).collect()
    }

    /// A received request as a message of the turn: the one that it has already where it is known.
    fn received_request(&mut self, tx: &ServerTx) -> Result<MessageId, Misuse> {
        let is_it = |message: &TurnMessage| match message {
            TurnMessage::Received { message, server: Some(server), .. } => {
                *server == tx.index && message.is_request()
            }
            TurnMessage::Received { .. } | TurnMessage::Created { .. } => false,
        };
        if let Some(at) = self.messages.iter().position(is_it) {
            return u32::try_from(at).map(MessageId).map_err(|_| Misuse::Limit("handles"));
        }
        self.push(received_request(tx))
    }

    /// A response to a received request.
    pub fn create_response(
        &mut self,
        request: MessageId,
        status: u16,
        reason: Option<&str>,
    ) -> Result<MessageId, Misuse> {
        let TurnMessage::Received { message, sip, server: Some(server), .. } = self.message(request)? else {
            return Err(Misuse::NoTransaction);
        };
        if !message.is_request() {
            return Err(Misuse::NoTransaction);
        }
        let (sip, server) = (*sip, *server);
        if !(100..=699).contains(&status) {
            return Err(Misuse::InvalidStatus(status));
        }
        if reason.is_some_and(|reason| reason.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t')) {
            return Err(Misuse::InvalidHeader("a reason phrase holds no control characters".to_owned()));
        }
        if !self.copy.session.server(server).ok_or(Misuse::NoTransaction)?.is_open() {
            return Err(Misuse::FinalResponseSent);
        }
        let draft = self.copy.draft_response(server, status, reason)?;
        self.push(TurnMessage::Created {
            draft: Box::new(draft),
            sip,
            purpose: Purpose::Response { server },
            sent: false,
        })
    }

    /// A request in the dialog of a session, or one more outside a dialog for a session that has none.
    pub fn create_request(&mut self, sip: SipKey, method: &str) -> Result<MessageId, Misuse> {
        let method = creatable(method)?;
        self.has_room()?;
        let session = self.copy.session.sip(sip).ok_or(Misuse::StaleHandle)?;
        if !session.valid {
            return Err(Misuse::InvalidSession);
        }
        self.copy.may_send_in_dialog(sip, &method)?;
        let draft = match session.state {
            SessionState::Early | SessionState::Confirmed => self.copy.draft_in_dialog(sip, &method)?,
            SessionState::Initial if !session.request_uri.is_empty() => {
                self.copy.draft_outside_dialog(sip, &method)?
            }
            SessionState::Initial | SessionState::Terminated => return Err(Misuse::NoDialog),
        };
        self.push_request(draft, sip, method)
    }

    /// The first request of a new SIP session.
    pub fn create_initial_request(
        &mut self,
        method: &str,
        from: &str,
        to: &str,
    ) -> Result<MessageId, Misuse> {
        let method = creatable(method)?;
        self.has_room()?;
        if !self.copy.session.valid {
            return Err(Misuse::InvalidSession);
        }
        let sip = self.copy.new_uac_session(from, to)?;
        match self.copy.draft_outside_dialog(sip, &method) {
            Ok(draft) => self.push_request(draft, sip, method),
            Err(misuse) => {
                // Nothing is left of what was refused.
                self.copy.session.sips.retain(|session| session.key != sip);
                self.copy.forget_events_of(sip);
                Err(misuse)
            }
        }
    }

    fn push_request(&mut self, draft: Draft, sip: SipKey, method: Method) -> Result<MessageId, Misuse> {
        self.push(TurnMessage::Created {
            draft: Box::new(draft),
            sip,
            purpose: Purpose::Request { method },
            sent: false,
        })
    }

    /// The ACK for a received 2xx of an INVITE.
    pub fn create_ack(&mut self, response: MessageId) -> Result<MessageId, Misuse> {
        let TurnMessage::Received { message, sip, client: Some(client), .. } = self.message(response)? else {
            return Err(Misuse::NoTransaction);
        };
        let (message, sip, client) = (message.clone(), *sip, *client);
        let waits = |waiting: &Arc<Message>| to_tag_of(waiting) == to_tag_of(&message);
        if !self.copy.session.client(client, false).is_some_and(|tx| tx.unacked.iter().any(waits)) {
            return Err(Misuse::NoTransaction);
        }
        let draft = self.copy.draft_ack(client)?;
        let to_tag = Bytes::copy_from_slice(to_tag_of(&message));
        self.push(TurnMessage::Created {
            draft: Box::new(draft),
            sip,
            purpose: Purpose::Ack { client, to_tag },
            sent: false,
        })
    }

    /// The PRACK for a received reliable provisional response that has none yet (RFC 3262 §4).
    pub fn create_prack(&mut self, response: MessageId) -> Result<MessageId, Misuse> {
        self.has_room()?;
        let TurnMessage::Received { message, sip, client: Some(client), .. } = self.message(response)? else {
            return Err(Misuse::NoTransaction);
        };
        let (message, sip, client) = (message.clone(), *sip, *client);
        let draft = self.copy.draft_prack(client, &message)?;
        let purpose = Purpose::Prack { client, response: message };
        self.push(TurnMessage::Created { draft: Box::new(draft), sip, purpose, sent: false })
    }

    /// The CANCEL of an INVITE that was sent from here and has no final response.
    pub fn create_cancel(&mut self, request: MessageId) -> Result<MessageId, Misuse> {
        let TurnMessage::Received { client: Some(client), sip, .. } = self.message(request)? else {
            return Err(Misuse::NoTransaction);
        };
        let (client, sip) = (*client, *sip);
        if !self.copy.session.client(client, false).is_some_and(|tx| tx.is_open()) {
            return Err(Misuse::NoTransaction);
        }
        let draft = self.copy.draft_cancel(client)?;
        self.push(TurnMessage::Created {
            draft: Box::new(draft),
            sip,
            purpose: Purpose::Cancel { client },
            sent: false,
        })
    }

    /// A created message that may still be changed.
    fn draft_mut(&mut self, id: MessageId) -> Result<(&mut Draft, &Purpose), Misuse> {
        match self.messages.get_mut(id.0 as usize) {
            None => Err(Misuse::StaleHandle),
            Some(TurnMessage::Received { .. } | TurnMessage::Created { sent: true, .. }) => {
                Err(Misuse::AlreadyCommitted)
            }
            Some(TurnMessage::Created { draft, purpose, .. }) => Ok((draft, purpose)),
        }
    }

    fn edit(
        &mut self,
        id: MessageId,
        name: &str,
        change: impl FnOnce(&mut Draft, HeaderName<'_>) -> Result<(), Misuse>,
    ) -> Result<(), Misuse> {
        let (draft, purpose) = self.draft_mut(id)?;
        let header = HeaderName::from(name.as_bytes());
        if is_system(header.id(), draft, purpose) {
            return Err(Misuse::SystemHeader(name.to_owned()));
        }
        change(draft, header)
    }

    /// Replaces all lines of that name by one.
    pub fn set_header(&mut self, id: MessageId, name: &str, value: &[u8]) -> Result<(), Misuse> {
        self.edit(id, name, |draft, header| {
            draft.set(header, value).map_err(|fault| Misuse::InvalidHeader(fault.to_string()))
        })
    }

    /// Adds a line behind the last of that name.
    pub fn add_header(&mut self, id: MessageId, name: &str, value: &[u8]) -> Result<(), Misuse> {
        self.edit(id, name, |draft, header| {
            draft.add(header, value).map_err(|fault| Misuse::InvalidHeader(fault.to_string()))
        })
    }

    /// Removes all lines of that name.
    pub fn remove_header(&mut self, id: MessageId, name: &str) -> Result<(), Misuse> {
        self.edit(id, name, |draft, header| {
            draft.remove(header);
            Ok(())
        })
    }

    /// Sets the Request-URI of a created request outside a dialog.
    pub fn set_request_uri(&mut self, id: MessageId, uri: &[u8]) -> Result<(), Misuse> {
        Uri::parse(uri).map_err(|fault| Misuse::InvalidAddress(fault.to_string()))?;
        if !self.is_initial(id)? {
            return Err(Misuse::SystemHeader("Request-URI".to_owned()));
        }
        let (draft, _) = self.draft_mut(id)?;
        draft.set_request_uri(uri).map_err(|fault| Misuse::InvalidAddress(fault.to_string()))
    }

    /// Body and Content-Type; an empty body removes both.
    pub fn set_content(&mut self, id: MessageId, content_type: &str, content: &[u8]) -> Result<(), Misuse> {
        if content.len() > self.copy.application.descriptor.limits.outbox_bytes {
            return Err(Misuse::Limit("outbox-bytes"));
        }
        let (draft, _) = self.draft_mut(id)?;
        let content_type = (!content.is_empty()).then_some(content_type.as_bytes());
        draft
            .set_body(content_type, Bytes::copy_from_slice(content))
            .map_err(|fault| Misuse::InvalidHeader(fault.to_string()))
    }

    /// Puts a created message into the outbox.
    pub fn send(&mut self, id: MessageId) -> Result<(), Misuse> {
        self.send_as(id, false)
    }

    /// Puts a provisional response to an INVITE into the outbox, to be repeated until its PRACK comes (RFC 3262 §3). While
    /// an earlier one waits for its PRACK, this one waits behind it.
    pub fn send_reliably(&mut self, id: MessageId) -> Result<(), Misuse> {
        self.send_as(id, true)
    }

    fn send_as(&mut self, id: MessageId, reliably: bool) -> Result<(), Misuse> {
        let limits = &self.copy.application.descriptor.limits;
        let (most, most_bytes) = (limits.outbox_messages, limits.outbox_bytes);
        let TurnMessage::Created { draft, sip, purpose, sent } = self.message(id)? else {
            return Err(Misuse::AlreadyCommitted);
        };
        if *sent {
            return Err(Misuse::AlreadyCommitted);
        }
        if self.sent >= most {
            return Err(Misuse::Limit("outbox-messages"));
        }
        let (draft, sip, purpose) = (draft.clone(), *sip, purpose.clone());
        let bytes = size_of(&draft);
        if self.sent_bytes.saturating_add(bytes) > most_bytes {
            return Err(Misuse::Limit("outbox-bytes"));
        }
        if !self.copy.session.sip(sip).is_some_and(|session| session.valid) {
            return Err(Misuse::InvalidSession);
        }
        match purpose {
            Purpose::Response { server } => {
                if self.copy.session.server(server).is_some_and(|tx| !tx.is_open()) {
                    return Err(Misuse::FinalResponseSent);
                }
                if reliably {
                    self.copy.respond_reliably(server, &draft)?;
                } else {
                    self.copy.respond(server, &draft)?;
                }
            }
            _ if reliably => return Err(Misuse::NotSupported("to send a request reliably")),
            Purpose::Request { method } => {
                self.copy.may_send_in_dialog(sip, &method)?;
                self.copy.send_request(sip, &method, *draft)?;
            }
            Purpose::Ack { client, to_tag } => self.copy.send_ack(client, &to_tag, *draft)?,
            Purpose::Cancel { client } => self.copy.cancel_invite(client, Some(&draft)),
            Purpose::Prack { client, response } => {
                self.copy.send_request(sip, &Method::Prack, *draft)?;
                self.copy.on_prack_sent(client, &response);
            }
        }
        self.sent += 1;
        self.sent_bytes += bytes;
        if let Some(TurnMessage::Created { sent, .. }) = self.messages.get_mut(id.0 as usize) {
            *sent = true;
        }
        Ok(())
    }
}

/// Octets of a message, near enough for a limit.
fn size_of(draft: &Draft) -> usize {
    let lines: usize = draft.lines().map(|line| line.name.len() + line.value.len() + 4).sum();
    lines + draft.body().len()
}

/// A method that a servlet may create a request of.
fn creatable(method: &str) -> Result<Method, Misuse> {
    let parsed = Method::from_bytes(method.as_bytes())
        .map_err(|_| Misuse::InvalidMethod("it is no token".to_owned()))?;
    match parsed {
        // SIP Servlet 1.1: createRequest throws for both; they have functions of their own.
        Method::Ack | Method::Cancel => {
            Err(Misuse::InvalidMethod(format!("{method} has a function of its own")))
        }
        Method::Invite
        | Method::Bye
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
        | Method::Other(_) => Ok(parsed),
    }
}

/// SIP Servlet 1.1 §4.1.2: headers that the container writes. Contact is the servlet's in a REGISTER, in 3xx and 485, and
/// in the 200 of a REGISTER or OPTIONS.
fn is_system(id: HeaderId, draft: &Draft, purpose: &Purpose) -> bool {
    const ALWAYS: [HeaderId; 10] = [
        HeaderId::Via,
        HeaderId::From,
        HeaderId::To,
        HeaderId::CallId,
        HeaderId::CSeq,
        HeaderId::MaxForwards,
        HeaderId::RecordRoute,
        HeaderId::ContentLength,
        HeaderId::RSeq,
        HeaderId::RAck,
    ];
    if ALWAYS.contains(&id) {
        return true;
    }
    if id == HeaderId::Route {
        // RFC 3261 §12.2.1.1: inside a dialog the route set is the container's.
        let in_dialog = || draft.to().is_ok_and(|to| to.tag().is_some());
        return !matches!(purpose, Purpose::Request { .. }) || in_dialog();
    }
    if id != HeaderId::Contact {
        return false;
    }
    match purpose {
        Purpose::Response { .. } => {
            let status = draft.status().unwrap_or_default();
            let lists = matches!(draft.cseq(), Ok((_, Method::Register | Method::Options)));
            !((300..400).contains(&status) || status == 485 || (lists && (200..300).contains(&status)))
        }
        Purpose::Request { method } => *method != Method::Register,
        Purpose::Ack { .. } | Purpose::Cancel { .. } | Purpose::Prack { .. } => true,
    }
}
