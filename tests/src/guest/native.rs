//! Servlets of the SDK as plain Rust values: the SDK's seam over the container's own [`Turn`].
//!
//! Each operation is one call of the turn and a conversion of its answer, as in `host/wasm`; there is no rule here.

use std::time::Duration;

use siplet::native::{
    About, Ended, Flat, Host, Instance, Level, MessageId, Peer, Repeat, Scope, SessionState, SipKey,
    TimerState,
};
use siplet::{Error, Result};
use siplet_container::app::{Descriptor, Handler};
use siplet_container::turn::{self as core, Callback, Misuse, Outcome, TimerView, TrapReason, Turn};

use super::{Guest, Ran, Sample, trapped};

/// A turn that a servlet of the SDK acts on.
struct TurnHost(Box<Turn>);

/// Runs a servlet of the SDK natively.
pub struct Native(pub Instance);

impl Guest for Native {
    fn run(&mut self, turn: Box<Turn>, _generation: u32) -> Ran {
        let handler = turn.callback().handler().name();
        let callback = turn.callback();
        let from = turn.upgrade_from().to_owned();
        let host = TurnHost(turn);
        let native = |session: core::SipKey| SipKey(session.0);
        let (ended, TurnHost(turn)) = match callback {
            Callback::Request { message, .. }
            | Callback::Response { message, .. }
            | Callback::NoAckReceived { response: message }
            | Callback::NoPrackReceived { request: message } => {
                self.0.run(handler, Some(MessageId(message.0)), host)
            }
            Callback::ServletInitialized | Callback::ApplicationSession { .. } => {
                self.0.run(handler, None, host)
            }
            Callback::Upgrade => self.0.upgrade(&from, host),
            Callback::Timeout { timer } => self.0.run_about(handler, About::Timer(state(&timer)), host),
            Callback::Session { session, .. } => {
                self.0.run_about(handler, About::Session(native(session)), host)
            }
            Callback::AttributeChanged { change } => {
                let value = |value: &Option<bytes::Bytes>| value.as_ref().map(|value| value.to_vec());
                let (old, new) = (value(&change.old), value(&change.new));
                let about = About::Attribute(change.session.map(native), change.name.clone(), old, new);
                self.0.run_about(handler, about, host)
            }
        };
        let outcome = match ended {
            Ended::Done => Outcome::Done,
            Ended::Failed(text) => Outcome::Failed(text),
            Ended::Panicked(text) => trapped(TrapReason::Panic, &text),
        };
        Ran { turn, outcome, takes: Duration::ZERO }
    }
}

fn refused(misuse: Misuse) -> Error {
    match misuse {
        Misuse::StaleHandle => Error::StaleHandle,
        Misuse::InvalidSession => Error::InvalidSession,
        Misuse::AlreadyCommitted => Error::AlreadyCommitted,
        Misuse::FinalResponseSent => Error::FinalResponseSent,
        Misuse::NoTransaction => Error::NoTransaction,
        Misuse::NoDialog => Error::NoDialog,
        Misuse::SystemHeader(name) => Error::SystemHeader(name),
        Misuse::InvalidHeader(why) => Error::InvalidHeader(why),
        Misuse::InvalidAddress(why) => Error::InvalidAddress(why),
        Misuse::InvalidStatus(status) => Error::InvalidStatus(status),
        Misuse::InvalidMethod(why) => Error::InvalidMethod(why),
        Misuse::Limit(name) => Error::Limit(name.to_owned()),
        Misuse::NotSupported(what) => Error::NotSupported(what.to_owned()),
    }
}

fn state(timer: &TimerView) -> TimerState {
    let millis = |period: Duration| u64::try_from(period.as_millis()).unwrap_or(u64::MAX);
    TimerState {
        id: timer.id.clone(),
        at: timer.at.as_millis(),
        repeat: match timer.repeat {
            core::Repeat::Once => Repeat::Once,
            core::Repeat::FixedDelay(period) => Repeat::FixedDelay(millis(period)),
            core::Repeat::FixedRate(period) => Repeat::FixedRate(millis(period)),
        },
        persistent: timer.persistent,
        payload: timer.payload.to_vec(),
    }
}

const fn id(message: MessageId) -> core::MessageId {
    core::MessageId(message.0)
}

const fn key(session: SipKey) -> core::SipKey {
    core::SipKey(session.0)
}

const fn scope(of: Scope) -> core::Scope {
    match of {
        Scope::Application => core::Scope::Application,
        Scope::Session(session) => core::Scope::Session(key(session)),
    }
}

fn message(created: std::result::Result<core::MessageId, Misuse>) -> Result<MessageId> {
    created.map(|id| MessageId(id.0)).map_err(refused)
}

impl Host for TurnHost {
    fn view(&mut self, message: MessageId) -> Result<Flat> {
        let flat = self.0.flat(id(message)).map_err(refused)?;
        Ok(Flat { bytes: flat.bytes.to_vec(), index: flat.index })
    }

    fn is_initial(&mut self, message: MessageId) -> Result<bool> {
        self.0.is_initial(id(message)).map_err(refused)
    }

    fn is_committed(&mut self, message: MessageId) -> Result<bool> {
        self.0.is_committed(id(message)).map_err(refused)
    }

    fn peer(&mut self, message: MessageId) -> Result<Option<Peer>> {
        let peer = self.0.peer(id(message)).map_err(refused)?;
        Ok(peer.map(|peer| Peer {
            address: peer.address.ip().to_string(),
            port: peer.address.port(),
            transport: peer.transport.param_name().to_owned(),
        }))
    }

    fn session_of(&mut self, message: MessageId) -> Result<SipKey> {
        self.0.session_of(id(message)).map(|key| SipKey(key.0)).map_err(refused)
    }

    fn request_of(&mut self, response: MessageId) -> Result<MessageId> {
        message(self.0.request_of(id(response)))
    }

    fn create_response(
        &mut self,
        request: MessageId,
        status: u16,
        reason: Option<&str>,
    ) -> Result<MessageId> {
        message(self.0.create_response(id(request), status, reason))
    }

    fn create_cancel(&mut self, request: MessageId) -> Result<MessageId> {
        message(self.0.create_cancel(id(request)))
    }

    fn create_prack(&mut self, response: MessageId) -> Result<MessageId> {
        message(self.0.create_prack(id(response)))
    }

    fn send_reliably(&mut self, response: MessageId) -> Result {
        self.0.send_reliably(id(response)).map_err(refused)
    }

    fn create_ack(&mut self, response: MessageId) -> Result<MessageId> {
        message(self.0.create_ack(id(response)))
    }

    fn create_request(&mut self, session: SipKey, method: &str) -> Result<MessageId> {
        message(self.0.create_request(key(session), method))
    }

    fn create_initial_request(&mut self, method: &str, from: &str, to: &str) -> Result<MessageId> {
        message(self.0.create_initial_request(method, from, to))
    }

    fn set_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        self.0.set_header(id(message), name, value).map_err(refused)
    }

    fn add_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        self.0.add_header(id(message), name, value).map_err(refused)
    }

    fn remove_header(&mut self, message: MessageId, name: &str) -> Result {
        self.0.remove_header(id(message), name).map_err(refused)
    }

    fn set_request_uri(&mut self, request: MessageId, uri: &[u8]) -> Result {
        self.0.set_request_uri(id(request), uri).map_err(refused)
    }

    fn set_content(&mut self, message: MessageId, content_type: &str, content: &[u8]) -> Result {
        self.0.set_content(id(message), content_type, content).map_err(refused)
    }

    fn send(&mut self, message: MessageId) -> Result {
        self.0.send(id(message)).map_err(refused)
    }

    fn sessions(&mut self) -> Result<Vec<SipKey>> {
        Ok(self.0.sessions().into_iter().map(|key| SipKey(key.0)).collect())
    }

    fn session_id(&mut self, session: SipKey) -> Result<String> {
        self.0.session_id(key(session)).map_err(refused)
    }

    fn session_is_valid(&mut self, session: SipKey) -> Result<bool> {
        Ok(self.0.session_is_valid(key(session)))
    }

    fn session_state(&mut self, session: SipKey) -> Result<SessionState> {
        Ok(match self.0.session_state(key(session)).map_err(refused)? {
            core::SessionState::Initial => SessionState::Initial,
            core::SessionState::Early => SessionState::Early,
            core::SessionState::Confirmed => SessionState::Confirmed,
            core::SessionState::Terminated => SessionState::Terminated,
        })
    }

    fn session_call_id(&mut self, session: SipKey) -> Result<String> {
        self.0.session_call_id(key(session)).map_err(refused)
    }

    fn local_party(&mut self, session: SipKey) -> Result<Vec<u8>> {
        self.0.local_party(key(session)).map_err(refused)
    }

    fn remote_party(&mut self, session: SipKey) -> Result<Vec<u8>> {
        self.0.remote_party(key(session)).map_err(refused)
    }

    fn invalidate_session(&mut self, session: SipKey) -> Result {
        self.0.invalidate_session(key(session)).map_err(refused)
    }

    fn pending_requests(&mut self, session: SipKey) -> Result<Vec<MessageId>> {
        let requests = self.0.pending_requests(key(session)).map_err(refused)?;
        Ok(requests.into_iter().map(|id| MessageId(id.0)).collect())
    }

    fn create_timer(
        &mut self,
        delay_ms: u64,
        repeat: Repeat,
        persistent: bool,
        payload: &[u8],
    ) -> Result<String> {
        let repeat = match repeat {
            Repeat::Once => core::Repeat::Once,
            Repeat::FixedDelay(period) => core::Repeat::FixedDelay(Duration::from_millis(period)),
            Repeat::FixedRate(period) => core::Repeat::FixedRate(Duration::from_millis(period)),
        };
        self.0.create_timer(Duration::from_millis(delay_ms), repeat, persistent, payload).map_err(refused)
    }

    fn timers(&mut self) -> Result<Vec<TimerState>> {
        Ok(self.0.timers().iter().map(state).collect())
    }

    fn timer(&mut self, id: &str) -> Result<Option<TimerState>> {
        Ok(self.0.timer(id).as_ref().map(state))
    }

    fn cancel_timer(&mut self, id: &str) -> Result<bool> {
        Ok(self.0.cancel_timer(id))
    }

    fn application_session_id(&mut self) -> Result<String> {
        Ok(self.0.application_session_id())
    }

    fn application_session_is_valid(&mut self) -> Result<bool> {
        Ok(self.0.application_session_is_valid())
    }

    fn expires_at(&mut self) -> Result<Option<u64>> {
        self.0.expires_at().map_err(refused)
    }

    fn set_expires(&mut self, seconds: u32) -> Result {
        self.0.set_expires(seconds).map_err(refused)
    }

    fn invalidate_application_session(&mut self) -> Result {
        self.0.invalidate_application_session().map_err(refused)
    }

    fn invalidate_when_ready(&mut self, of: Scope) -> Result<bool> {
        self.0.invalidate_when_ready(scope(of)).map_err(refused)
    }

    fn set_invalidate_when_ready(&mut self, of: Scope, on: bool) -> Result {
        self.0.set_invalidate_when_ready(scope(of), on).map_err(refused)
    }

    fn attribute(&mut self, of: Scope, name: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.attribute(scope(of), name).map_err(refused)?.map(|value| value.to_vec()))
    }

    fn set_attribute(&mut self, of: Scope, name: &str, value: &[u8]) -> Result {
        self.0.set_attribute(scope(of), name, value).map_err(refused)
    }

    fn remove_attribute(&mut self, of: Scope, name: &str) -> Result {
        self.0.remove_attribute(scope(of), name).map_err(refused)
    }

    fn attribute_names(&mut self, of: Scope) -> Result<Vec<String>> {
        self.0.attribute_names(scope(of)).map_err(refused)
    }

    fn now(&mut self) -> u64 {
        self.0.now().as_millis()
    }

    fn random(&mut self) -> u64 {
        self.0.random()
    }

    fn log(&mut self, level: Level, message: &str) {
        let level = match level {
            Level::Error => core::Level::Error,
            Level::Warn => core::Level::Warn,
            Level::Info => core::Level::Info,
            Level::Debug => core::Level::Debug,
            Level::Trace => core::Level::Trace,
        };
        self.0.log(level, message.to_owned());
    }
}

/// A sample servlet by its name. A new sample is one more line.
pub(super) fn sample(name: &str, parameters: Vec<(String, String)>) -> std::result::Result<Sample, String> {
    let instance = match name {
        "answer" => Instance::of::<answer::Answer>(parameters),
        "prepaid" => Instance::of::<prepaid::Prepaid>(parameters),
        "redirect" => Instance::of::<redirect::Redirect>(parameters),
        "screen" => Instance::of::<screen::Screen>(parameters),
        other => return Err(format!("there is no sample `{other}`")),
    };
    let instance = instance.map_err(|why| format!("{name} cannot be made: {why}"))?;
    let descriptor: Descriptor =
        serde_json::from_str(instance.descriptor()).map_err(|why| why.to_string())?;
    let names = descriptor.handlers.clone().unwrap_or_default();
    let handlers = names.iter().filter_map(|name| Handler::from_name(name)).collect();
    Ok(Sample { guest: Box::new(Native(instance)), descriptor, handlers, id: None })
}
