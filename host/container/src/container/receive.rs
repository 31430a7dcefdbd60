//! From bytes to work: parse, check, find the transaction, the session or the application. RFC 3261 §8.2, §17.2.3, §18.

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::dialog::remote_target;
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::{Malformed, Message};
use siplet_sip::method::Method;
use siplet_sip::transaction::{
    InviteServerAction, InviteServerEvent, InviteServerState, MergeKey, NonInviteServerAction,
    NonInviteServerEvent, ServerKey,
};
use siplet_sip::uri::Uri;
use siplet_sip::validate::{Verdict, validate};

use crate::app::Application;
use crate::io::{Effect, Flow, Item, Key};
use crate::mutant::{self, Mutant};
use crate::names::Kind;
use crate::report::{DropReason, RefuseReason};
use crate::routing::{self, Decision};
use crate::session::AppSession;
use crate::session::transactions::ServerMachine;
use crate::step::Shared;
use crate::step::request::{Received, admit};
use crate::step::respond::makes_dialogs;
use crate::turn::SipKey;

use super::loading::Packet;
use super::media::{is_in_range, media_type};
use super::slots::Slot;
use super::stateless::hop_of;
use super::{Container, Work};

/// BYEs of one session that are taken beyond its limit `transactions`.
const BYES_SPARE: usize = 16;

/// What an answer repeats of its request (RFC 3261 §8.2.6.2): without it nobody knows what is answered.
const ANSWERED_BY: [HeaderId; 5] =
    [HeaderId::Via, HeaderId::From, HeaderId::To, HeaderId::CallId, HeaderId::CSeq];

/// How far a packet has come. What was done for it once is not done again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Pass {
    /// The shard to which the previous secret leads knows nothing of it: it is for this one.
    pub(super) asked_before: bool,
    /// The store has told of what it waited for.
    pub(super) loaded: bool,
}

impl Container {
    pub(super) fn receive(&mut self, flow: Flow, bytes: Bytes) {
        self.receive_packet(flow, bytes, Pass::default());
    }

    /// The session may still have to be loaded, but a packet that names one is handed on once, and one that names none
    /// twice at most.
    pub(super) fn receive_handed(&mut self, flow: Flow, bytes: Bytes, asked_before: bool) {
        self.receive_packet(flow, bytes, Pass { asked_before, loaded: false });
    }

    pub(super) fn receive_loaded(&mut self, packet: Packet) {
        let Packet { flow, bytes, pass } = packet;
        self.receive_packet(flow, bytes, Pass { loaded: true, ..pass });
        self.run_ready();
    }

    fn receive_packet(&mut self, flow: Flow, bytes: Bytes, pass: Pass) {
        let message = match Message::parse(bytes.clone(), &self.shared.config.limits.message) {
            Ok(message) => Arc::new(message),
            Err(fault) => {
                self.receive_broken(flow, bytes, fault);
                return;
            }
        };
        if message.head_len() > self.shared.config.limits.message.stream_head_bytes {
            // RFC 3261 §21.5.7. What is copied into responses must leave room for what they add.
            self.refuse(&message, flow, 513, RefuseReason::TooLarge, "the head of the message");
            return;
        }
        if let Err(verdict) = validate(&message) {
            match verdict {
                Verdict::Answer { status, .. } => {
                    let text = verdict.reason();
                    self.refuse(&message, flow, status, RefuseReason::Invalid, &text);
                }
                Verdict::Discard { .. } if message.is_request() => self.dropped(DropReason::Malformed, flow),
                Verdict::Discard { .. } => self.dropped(DropReason::InvalidResponse, flow),
            }
            return;
        }
        if message.is_request() {
            self.receive_request(flow, message, pass);
        } else {
            self.receive_response(flow, message, pass);
        }
    }

    /// A message that cannot be read as a whole. Its sender is told where that much can be read of it that the answer finds
    /// its request there (RFC 3261 §18.3, §8.2.6.2).
    pub(super) fn receive_broken(&mut self, flow: Flow, head: Bytes, fault: Malformed) {
        // Its number of lines may be what is wrong with it.
        let Ok(message) = Message::parse(head, &Limits::unbounded()) else {
            self.dropped(DropReason::Malformed, flow);
            return;
        };
        let is_whole = ANSWERED_BY.into_iter().all(|id| message.has(id)) && message.top_via().is_ok();
        if !message.is_request() || !is_whole {
            self.dropped(DropReason::Malformed, flow);
            return;
        }
        let why = match fault.status() {
            513 => RefuseReason::TooLarge,
            _ => RefuseReason::Invalid,
        };
        self.refuse(&Arc::new(message), flow, fault.status(), why, &fault.to_string());
    }

    /// The shard that a packet belongs to has no room for it. What begins something new is refused; what belongs to
    /// something that is up already comes again by itself over a transport that loses messages (RFC 3261 §17.1.1.2,
    /// §17.1.2.2), and only then finds more room: it is not answered for its own shard.
    pub(super) fn on_not_handed(&mut self, flow: Flow, bytes: Bytes, is_new: bool) {
        let Ok(message) = Message::parse(bytes, &self.shared.config.limits.message) else {
            self.dropped(DropReason::Malformed, flow);
            return;
        };
        let is_answered = message.is_request() && message.method() != Some(&Method::Ack);
        if is_answered && (is_new || flow.transport.is_reliable()) {
            let (why, text) = (RefuseReason::Handover, "the shard of the request is busy");
            self.refuse(&Arc::new(message), flow, 503, why, text);
        } else {
            self.dropped(DropReason::Handover, flow);
        }
    }

    /// RFC 3261 §18.1.2, §17.1.3: the branch tells the transaction; it is one of ours or none.
    // [3261-18.1.2-2, 3261-18.1.2-3]
    fn receive_response(&mut self, flow: Flow, message: Arc<Message>, pass: Pass) {
        // RFC 3261 §8.1.3.3: a response with more than one Via was not meant for a UAC. [3261-8.1.3.3-s1]
        if message.vias().count() != 1 {
            self.dropped(DropReason::ForeignVia, flow);
            return;
        }
        let named =
            message.top_via().ok().and_then(|via| self.shared.minter.check(Kind::Branch, via.branch()?));
        let Some((key, client)) = named else {
            self.dropped(DropReason::ForeignVia, flow);
            return;
        };
        if !self.is_here(key, flow, &message, pass) {
            return;
        }
        let is_cancel = message.cseq().is_ok_and(|(_, method)| method == Method::Cancel);
        // While a turn is away the transaction may be in its copy only: then the mailbox waits for it.
        let known = self.slots.get(&key).is_some_and(|slot| {
            slot.step.is_some() || !slot.mailbox.is_empty() || slot.live.client(client, is_cancel).is_some()
        });
        if !known {
            self.dropped(DropReason::StrayResponse, flow);
            return;
        }
        self.post(key, Work::Response { client, is_cancel, message, flow });
    }

    fn receive_request(&mut self, flow: Flow, message: Arc<Message>, pass: Pass) {
        // [3261-8.2.2-1, 3261-8.2.2-s1]
        let Some(method) = message.method().cloned() else { return };
        let to_tag = message.to().ok().and_then(|to| to.tag());
        let named = to_tag.and_then(|tag| self.shared.minter.check(Kind::Tag, tag));
        let is_initial = to_tag.is_none() && method != Method::Ack;
        let partitions = match named {
            Some((key, _)) => [key.partition(); 2],
            None => self.partitions_of_call(&message),
        };
        // What began under the previous secret stands where that led: its repetitions ask there first.
        let [home, before] = partitions;
        if self.hand_over(if pass.asked_before { home } else { before }, flow, &message, pass) {
            return;
        }
        let Some(received) = self.received(flow, message, method) else { return };
        if let Some((key, server)) = self.servers.get(&received.key).copied()
            && self.absorb(&received, key, server)
        {
            return;
        }
        if is_initial && self.loads.are_under_way() {
            let packet = Packet { flow, bytes: received.message.bytes().clone(), pass };
            if self.waits_for_loads(partitions, packet) {
                return;
            }
        }
        let asked = Pass { asked_before: true, ..pass };
        if home != before && !self.knows(&received) && self.hand_over(home, flow, &received.message, asked) {
            return;
        }
        match (&received.method, named) {
            (Method::Cancel, _) => self.receive_cancel(received, named.map(|(key, _)| key), pass),
            (_, Some((key, sip))) => self.receive_in_dialog(received, key, SipKey(sip), pass),
            (Method::Ack, None) => self.receive_stray_ack(&received),
            (_, None) if received.message.to().is_ok_and(|to| to.tag().is_some()) => {
                // RFC 3261 §12.2.2: a dialog that nobody here has made. [3261-12.2.2-1]
                self.refuse(&received.message, flow, 481, RefuseReason::NoDialog, "no such dialog");
            }
            (Method::Bye | Method::Prack | Method::Update, None) => {
                // RFC 3261 §15.1.2, RFC 3262 §3, RFC 3311 §5.2: these are requests of a dialog and of nothing else.
                // [3261-15.1.2-s1]
                self.refuse(&received.message, flow, 481, RefuseReason::NoDialog, "no dialog");
            }
            (_, None) => self.receive_initial(received),
        }
    }

    /// The partitions to which a request without a name of ours belongs: under the secret, and under the previous one.
    fn partitions_of_call(&self, message: &Message) -> [u16; 2] {
        let (minter, call_id) = (&self.shared.minter, message.call_id().unwrap_or_default());
        let home = minter.partition_of_call(call_id);
        match self.shared.config.previous_secret {
            Some(_) => [home, minter.previous_partition_of_call(call_id)],
            None => [home; 2],
        }
    }

    /// True for a request that belongs to a transaction of this shard.
    fn knows(&self, received: &Received) -> bool {
        let is_cancel = received.method == Method::Cancel;
        let invite = if is_cancel { self.canceled(received) } else { None };
        received.merge.is_some_and(|merge| self.merges.contains(&merge))
            || [Some(received.key), invite].into_iter().flatten().any(|key| self.servers.contains(&key))
    }

    /// The ACK for an answer without a transaction is expected; any other belongs to nothing here.
    fn receive_stray_ack(&mut self, received: &Received) {
        let tag = received.message.to().ok().and_then(|to| to.tag()).unwrap_or_default();
        if !tag.starts_with(b"sl-") {
            self.dropped(DropReason::StrayAck, received.flow);
        }
    }

    fn received(&mut self, flow: Flow, message: Arc<Message>, method: Method) -> Option<Box<Received>> {
        let received = self.shared.received(flow, message, method);
        if received.is_none() {
            self.dropped(DropReason::Malformed, flow);
        }
        received
    }

    /// A request whose transaction is known: a repetition, or the ACK of a failure. False: it is something else.
    fn absorb(&mut self, received: &Received, key: Key, server: u32) -> bool {
        let now = self.now;
        let Some(slot) = self.slots.get_mut(&key) else { return false };
        let timers = &self.shared.config.timers;
        let Some(tx) = slot.live.server_mut(server) else {
            // Its first step is still open: its answers are to come.
            return received.method != Method::Ack;
        };
        let hop = tx.hop;
        let repeated = match &mut tx.machine {
            ServerMachine::Invite(machine) if received.method == Method::Ack => {
                // RFC 6026 §7.1: in Accepted the ACK is the transaction user's.
                match machine.state() {
                    InviteServerState::Accepted => return false,
                    InviteServerState::Completed => {
                        let (message, flow) = (received.message.clone(), received.flow);
                        self.post(key, Work::AckOfFailure { server, message, flow });
                    }
                    InviteServerState::Proceeding
                    | InviteServerState::Confirmed
                    | InviteServerState::Terminated => {}
                }
                return true;
            }
            ServerMachine::Invite(machine) => {
                match machine.on_event(InviteServerEvent::Retransmission, now, timers) {
                    Ok(InviteServerAction::Transmit(bytes)) => Some(bytes),
                    Ok(
                        InviteServerAction::Nothing
                        | InviteServerAction::SendTrying
                        | InviteServerAction::Confirmed
                        | InviteServerAction::PassAck
                        | InviteServerAction::AckTimeout
                        | InviteServerAction::TransportFailed
                        | InviteServerAction::Terminated,
                    )
                    | Err(_) => None,
                }
            }
            ServerMachine::Other(machine) => {
                match machine.on_event(NonInviteServerEvent::Retransmission, now, timers) {
                    Ok(NonInviteServerAction::Transmit(bytes)) => Some(bytes),
                    Ok(
                        NonInviteServerAction::Nothing
                        | NonInviteServerAction::SendTrying
                        | NonInviteServerAction::Expired
                        | NonInviteServerAction::TransportFailed
                        | NonInviteServerAction::Terminated,
                    )
                    | Err(_) => None,
                }
            }
        };
        // What is parked leaves when the store has it, and not before.
        if let Some(bytes) = repeated
            && (slot.parked.is_empty() || mutant::is(Mutant::RepetitionLeavesUnstored))
        {
            self.effects.push_back(Effect::Transmit { hop, bytes });
        }
        true
    }

    /// RFC 3261 §9.2. `named` is the session that the To tag names: a re-INVITE of it may wait in its mailbox, or the
    /// session may still have to be loaded.
    // [3261-8.2.2.3-4]
    fn receive_cancel(&mut self, received: Box<Received>, named: Option<Key>, pass: Pass) {
        let Some(invite) = self.canceled(&received) else {
            self.refuse_cancel(&received);
            return;
        };
        if let Some((key, server)) = self.servers.get(&invite).copied() {
            self.post(key, Work::Cancel(received, Some(server)));
            return;
        }
        let Some(key) = named else {
            self.refuse_cancel(&received);
            return;
        };
        if !self.is_here(key, received.flow, &received.message, pass) {
            return;
        }
        let waits =
            |slot: &Slot| slot.mailbox.iter().filter_map(Work::request).any(|waiting| waiting.key == invite);
        if self.slots.get(&key).is_some_and(|slot| waits(slot)) {
            self.post(key, Work::Cancel(received, None));
        } else {
            self.refuse_cancel(&received);
        }
    }

    fn canceled(&self, received: &Received) -> Option<ServerKey> {
        ServerKey::of_canceled_invite(&received.message, &self.shared.minter.hash_key()).ok()
    }

    /// The transaction that a CANCEL of that session matches, now that all before it has begun.
    pub(super) fn find_canceled(&self, key: Key, received: &Received) -> Option<u32> {
        let (home, server) = self.servers.get(&self.canceled(received)?).copied()?;
        (home == key).then_some(server)
    }

    pub(super) fn refuse_cancel(&mut self, received: &Received) {
        // [3261-9.2-s1]
        let (why, text) = (RefuseReason::NothingToCancel, "nothing to cancel");
        self.refuse(&received.message, received.flow, 481, why, text);
    }

    fn receive_in_dialog(&mut self, received: Box<Received>, key: Key, sip: SipKey, pass: Pass) {
        if !self.is_here(key, received.flow, &received.message, pass) {
            return;
        }
        let Some(slot) = self.slots.get(&key) else {
            let flow = received.flow;
            self.refuse(&received.message, flow, 481, RefuseReason::NoDialog, "no such dialog");
            return;
        };
        if received.method == Method::Ack {
            self.post(key, Work::Ack(received, sip));
            return;
        }
        let application = slot.application.clone();
        // A request that cannot be the peer's costs no transaction.
        if let Err((status, why)) = admit(&slot.live, &application, &received, sip) {
            let flow = received.flow;
            let before = self.effects.len();
            self.refuse(&received.message, flow, status, why, "not this dialog's peer");
            // The dialog may have ended in a step that is not stored, and be back after a rollback.
            self.hold_behind_units(key, before);
            return;
        }
        // A call can be ended also when it can do nothing else any more.
        let spare = if received.method == Method::Bye { BYES_SPARE } else { 0 };
        let limit = application.descriptor.limits.transactions.saturating_add(spare);
        if slot.live.servers.len() + slot.live.clients.len() >= limit {
            let flow = received.flow;
            self.refuse(&received.message, flow, 503, RefuseReason::Limit, "transactions");
            return;
        }
        if self.is_acceptable(&received, &application) {
            self.post(key, Work::Subsequent(received, sip));
        }
    }

    /// True when the session can be asked; else the packet waits for it or is answered.
    fn is_here(&mut self, key: Key, flow: Flow, message: &Arc<Message>, pass: Pass) -> bool {
        if self.slots.contains(&key) {
            return true;
        }
        if self.hand_over(key.partition(), flow, message, pass) {
            return false;
        }
        // A session whose record is to go has ended.
        if !self.shared.config.durable || pass.loaded || self.forgetting.contains(key) {
            if message.is_request() && message.method() != Some(&Method::Ack) {
                return true;
            }
            let why = if message.is_request() { DropReason::StrayAck } else { DropReason::StrayResponse };
            self.dropped(why, flow);
            return false;
        }
        self.wait_for_session(key, Packet { flow, bytes: message.bytes().clone(), pass });
        false
    }

    /// True when the partition is another shard's, which gets the packet.
    fn hand_over(&mut self, partition: u16, flow: Flow, message: &Arc<Message>, pass: Pass) -> bool {
        let config = &self.shared.config;
        let shard = partition % config.shards.max(1);
        if shard == config.shard {
            return false;
        }
        let is_new = match message.method() {
            None | Some(Method::Ack | Method::Cancel) => false,
            Some(_) => message.to().is_ok_and(|to| to.tag().is_none()),
        };
        let asked_before = pass.asked_before;
        let item = Item::Packet { flow, bytes: message.bytes().clone(), is_new, asked_before };
        self.effects.push_back(Effect::Handover { shard, item });
        true
    }

    fn receive_initial(&mut self, received: Box<Received>) {
        let flow = received.flow;
        if let Some(merge) = &received.merge
            && self.merges.get(merge).is_some_and(|server| *server != received.key)
        {
            // RFC 3261 §8.2.2.2. [3261-8.2.2.2-1, 3261-8.2.2.2-s1]
            self.refuse(
                &received.message,
                flow,
                482,
                RefuseReason::Merged,
                "the request came by another path",
            );
            return;
        }
        if self.draining.is_some() {
            self.refuse(&received.message, flow, 503, RefuseReason::Draining, "no new calls are taken");
            return;
        }
        let Some(application) = self.choose(&received) else { return };
        if !self.is_acceptable(&received, &application) {
            return;
        }
        if makes_dialogs(&received.method)
            && let Err(violation) = remote_target(&received.message)
        {
            // RFC 3261 §8.1.1.8: a dialog without a target could never be ended.
            self.refuse(&received.message, flow, 400, RefuseReason::Invalid, &violation.to_string());
            return;
        }
        let limit = application.descriptor.limits.sessions;
        let full = self.slots.len() >= self.shared.config.limits.sessions
            || self.versions.get(&application.id).is_some_and(|version| version.sessions >= limit);
        if full {
            self.refuse(&received.message, flow, 503, RefuseReason::Limit, "sessions");
            return;
        }
        let partition = self.shared.minter.partition_of_call(received.message.call_id().unwrap_or_default());
        let key = self.new_key(partition);
        let timeout_s = application.descriptor.session_timeout_s;
        let session = AppSession::new(key, application.id.clone(), timeout_s, self.now);
        if let Some(version) = self.versions.get_mut(&application.id) {
            version.calls += 1;
        }
        let mut slot = Slot::new(session, application);
        self.look_at(&mut slot, Some(&received.message));
        self.insert_slot(slot);
        self.post(key, Work::Initial(received));
    }

    /// The application of a request outside every dialog; none: it was refused.
    fn choose(&mut self, received: &Received) -> Option<Arc<Application>> {
        let flow = received.flow;
        let uri = Uri::parse(received.message.request_uri());
        // RFC 3261 §8.2.2.1: a scheme that is not served. [3261-8.2.2.1-s1]
        let Some(uri) = uri.ok().filter(|uri| is_served(uri.scheme_name())) else {
            self.refuse(&received.message, flow, 416, RefuseReason::Scheme, "the scheme of the Request-URI");
            return None;
        };
        let call_id = received.message.call_id().unwrap_or_default();
        let percent_of = |name: &str| self.shared.minter.percent_of_call(call_id, name);
        let routes = &self.shared.config.routes;
        match routing::route(routes, &self.applications, percent_of, &received.method, uri.host()) {
            Decision::To(application) => Some(application),
            Decision::MethodNotAllowed(allow) => {
                // [3261-8.2.1-1, 3261-8.2.1-2, 3261-8.2.1-3, 3261-8.2.1-4]
                let allow = [(HeaderId::Allow, allow.as_bytes())];
                let text = received.method.as_str();
                self.refuse_with(&received.message, flow, 405, RefuseReason::Method, text, &allow);
                None
            }
            // [3261-8.2.2.1-s2]
            Decision::Nobody => {
                self.refuse(
                    &received.message,
                    flow,
                    404,
                    RefuseReason::NoApplication,
                    "no application takes it",
                );
                None
            }
        }
    }

    /// RFC 3261 §8.2.2.3 and §8.2.3: what the client requires and offers; false: the request was refused.
    fn is_acceptable(&mut self, received: &Received, application: &Application) -> bool {
        let (message, flow) = (&received.message, received.flow);
        let descriptor = &application.descriptor;
        let missing: Vec<String> = message
            .values(HeaderId::Require)
            .map(|tag| String::from_utf8_lossy(tag).into_owned())
            // RFC 3262 is the host's own business.
            .filter(|tag| !tag.eq_ignore_ascii_case(siplet_sip::provisional::OPTION_TAG))
            .filter(|tag| !descriptor.supported.iter().any(|known| known.eq_ignore_ascii_case(tag)))
            .collect();
        if !missing.is_empty() {
            // [3261-8.2.2.3-1, 3261-8.2.2.3-2]
            let unsupported = missing.join(", ");
            let extra = [(HeaderId::Unsupported, unsupported.as_bytes())];
            self.refuse_with(message, flow, 420, RefuseReason::Extension, &unsupported, &extra);
            return false;
        }
        if descriptor.accept.is_empty() {
            return true;
        }
        let accept = descriptor.accept.join(", ");
        let takes =
            |kind: &[u8]| descriptor.accept.iter().any(|known| known.as_bytes().eq_ignore_ascii_case(kind));
        let kind = message.header(HeaderId::ContentType).map(media_type).unwrap_or_default();
        let optional = message.header(HeaderId::ContentDisposition).is_some_and(|value| {
            value.to_ascii_lowercase().windows(17).any(|part| part == b"handling=optional")
        });
        if !message.body().is_empty() && !takes(kind) && !optional {
            // [3261-8.2.3-2]
            let extra = [(HeaderId::Accept, accept.as_bytes())];
            self.refuse_with(message, flow, 415, RefuseReason::BodyType, "the type of the body", &extra);
            return false;
        }
        if received.method == Method::Invite && message.has(HeaderId::Accept) {
            let ranges: Vec<&[u8]> = message.values(HeaderId::Accept).map(media_type).collect();
            let fits =
                |range: &[u8]| descriptor.accept.iter().any(|kind| is_in_range(kind.as_bytes(), range));
            if !ranges.iter().any(|range| fits(range)) {
                self.refuse(
                    message,
                    flow,
                    406,
                    RefuseReason::NotAcceptable,
                    "nothing that the client accepts",
                );
                return false;
            }
        }
        true
    }
}

impl Shared {
    /// A request with the keys of its transaction and the way of its responses; none where its Via cannot be read.
    pub(super) fn received(
        &self,
        flow: Flow,
        message: Arc<Message>,
        method: Method,
    ) -> Option<Box<Received>> {
        let hash_key = self.minter.hash_key();
        let via = message.top_via().ok()?;
        let (stamped, hop) = (via.stamp(flow.remote), hop_of(&via, flow));
        let key = ServerKey::of_request(&message, &hash_key).ok()?;
        let merge = MergeKey::of_request(&message, &hash_key).ok().flatten();
        Some(Box::new(Received { flow, message, method, key, merge, via: stamped, hop }))
    }
}

/// Schemes of a Request-URI that calls are made to.
// [3261-8.1.1.2-1]
fn is_served(scheme: &[u8]) -> bool {
    ["sip", "sips", "tel", "urn"].iter().any(|known| scheme.eq_ignore_ascii_case(known.as_bytes()))
}
