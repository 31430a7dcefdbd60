//! The WIT imports as the seam's host: a table of handles for one turn.

use crate::seam::{Flat, Host, Level, MessageId, Peer, Repeat, Scope, SessionState, SipKey, TimerState};
use crate::{Error, Result};

use super::bindings::servlet::siplet::servlet::{context, types};

/// The handles of one turn, by the numbers that the SDK gives them.
pub(crate) struct Imports {
    messages: Vec<Entry>,
    sessions: Vec<types::SipSession>,
    application_session: Option<types::ApplicationSession>,
}

struct Entry {
    handle: Handle,
    /// The request of a response, once it is known: a message has one number in a turn.
    request: Option<MessageId>,
    session: Option<SipKey>,
}

enum Handle {
    Request(types::Request),
    Response(types::Response),
}

/// Calls a function that both kinds of message have.
macro_rules! both {
    ($handle:expr, $function:ident($($argument:expr),*)) => {
        match $handle {
            Handle::Request(request) => request.$function($($argument),*),
            Handle::Response(response) => response.$function($($argument),*),
        }
    };
}

impl Imports {
    fn new() -> Self {
        Self { messages: Vec::new(), sessions: Vec::new(), application_session: None }
    }

    /// A turn that begins with a borrowed request.
    #[allow(unsafe_code, reason = "the bindings give a reference where the table must own the handle")]
    pub(super) fn with_request(request: &types::Request) -> (Self, MessageId) {
        let mut imports = Self::new();
        // SAFETY: the handle is taken out of the reference, so it has one owner, the table, which drops it before the
        // export returns.
        let owned = unsafe { types::Request::from_handle(request.take_handle()) };
        let id = imports.add(Handle::Request(owned), None);
        (imports, id)
    }

    /// A turn that begins with a borrowed response.
    #[allow(unsafe_code, reason = "the bindings give a reference where the table must own the handle")]
    pub(super) fn with_response(response: &types::Response) -> (Self, MessageId) {
        let mut imports = Self::new();
        // SAFETY: as in `with_request`.
        let owned = unsafe { types::Response::from_handle(response.take_handle()) };
        let id = imports.add(Handle::Response(owned), None);
        (imports, id)
    }

    /// A turn that begins with the borrowed application session.
    #[allow(unsafe_code, reason = "the bindings give a reference where the table must own the handle")]
    pub(super) fn with_application_session(session: &types::ApplicationSession) -> Self {
        let mut imports = Self::new();
        // SAFETY: as in `with_request`.
        imports.application_session =
            Some(unsafe { types::ApplicationSession::from_handle(session.take_handle()) });
        imports
    }

    /// A turn that begins with a borrowed SIP session.
    #[allow(unsafe_code, reason = "the bindings give a reference where the table must own the handle")]
    pub(super) fn with_session(session: &types::SipSession) -> (Self, SipKey) {
        let mut imports = Self::new();
        // SAFETY: as in `with_request`.
        let owned = unsafe { types::SipSession::from_handle(session.take_handle()) };
        let key = imports.add_session(owned);
        (imports, key)
    }

    fn add(&mut self, handle: Handle, request: Option<MessageId>) -> MessageId {
        let id = MessageId(self.messages.len() as u32);
        self.messages.push(Entry { handle, request, session: None });
        id
    }

    fn add_request(&mut self, request: types::Request) -> MessageId {
        self.add(Handle::Request(request), None)
    }

    fn add_session(&mut self, session: types::SipSession) -> SipKey {
        let key = SipKey(self.sessions.len() as u32);
        self.sessions.push(session);
        key
    }

    fn entry(&mut self, message: MessageId) -> Result<&mut Entry> {
        self.messages.get_mut(message.0 as usize).ok_or(Error::StaleHandle)
    }

    fn request(&mut self, message: MessageId) -> Result<&types::Request> {
        match &self.entry(message)?.handle {
            Handle::Request(request) => Ok(request),
            Handle::Response(_) => Err(Error::NoTransaction),
        }
    }

    fn response(&mut self, message: MessageId) -> Result<&types::Response> {
        match &self.entry(message)?.handle {
            Handle::Response(response) => Ok(response),
            Handle::Request(_) => Err(Error::NoTransaction),
        }
    }

    fn session(&self, session: SipKey) -> Result<&types::SipSession> {
        self.sessions.get(session.0 as usize).ok_or(Error::StaleHandle)
    }

    /// The application session, asked for when it is first needed.
    fn application_session(&mut self) -> Result<&types::ApplicationSession> {
        if self.application_session.is_none() {
            let asked = match (self.messages.first(), self.sessions.first()) {
                (Some(first), _) => both!(&first.handle, application_session()),
                (None, Some(first)) => first.application_session(),
                (None, None) => return Err(Error::StaleHandle),
            };
            self.application_session = Some(asked.map_err(error_of)?);
        }
        self.application_session.as_ref().ok_or(Error::StaleHandle)
    }
}

impl Host for Imports {
    fn view(&mut self, message: MessageId) -> Result<Flat> {
        let view = both!(&self.entry(message)?.handle, view()).map_err(error_of)?;
        Ok(Flat { bytes: view.bytes, index: view.index })
    }

    fn is_initial(&mut self, message: MessageId) -> Result<bool> {
        self.request(message)?.is_initial().map_err(error_of)
    }

    fn is_committed(&mut self, message: MessageId) -> Result<bool> {
        both!(&self.entry(message)?.handle, is_committed()).map_err(error_of)
    }

    fn peer(&mut self, message: MessageId) -> Result<Option<Peer>> {
        let peer = both!(&self.entry(message)?.handle, peer()).map_err(error_of)?;
        Ok(peer.map(|peer| Peer { address: peer.address, port: peer.port, transport: peer.transport }))
    }

    fn session_of(&mut self, message: MessageId) -> Result<SipKey> {
        let entry = self.entry(message)?;
        if let Some(known) = entry.session {
            return Ok(known);
        }
        let session = both!(&entry.handle, session()).map_err(error_of)?;
        let key = self.add_session(session);
        self.entry(message)?.session = Some(key);
        Ok(key)
    }

    fn request_of(&mut self, response: MessageId) -> Result<MessageId> {
        if let Some(known) = self.entry(response)?.request {
            return Ok(known);
        }
        let request = self.response(response)?.request().map_err(error_of)?;
        let id = self.add_request(request);
        self.entry(response)?.request = Some(id);
        Ok(id)
    }

    fn create_response(
        &mut self,
        request: MessageId,
        status: u16,
        reason: Option<&str>,
    ) -> Result<MessageId> {
        let response = self.request(request)?.create_response(status, reason).map_err(error_of)?;
        Ok(self.add(Handle::Response(response), Some(request)))
    }

    fn create_cancel(&mut self, request: MessageId) -> Result<MessageId> {
        let cancel = self.request(request)?.create_cancel().map_err(error_of)?;
        Ok(self.add_request(cancel))
    }

    fn create_ack(&mut self, response: MessageId) -> Result<MessageId> {
        let ack = self.response(response)?.create_ack().map_err(error_of)?;
        Ok(self.add_request(ack))
    }

    fn create_prack(&mut self, response: MessageId) -> Result<MessageId> {
        let prack = self.response(response)?.create_prack().map_err(error_of)?;
        Ok(self.add_request(prack))
    }

    fn send_reliably(&mut self, response: MessageId) -> Result {
        self.response(response)?.send_reliably().map_err(error_of)
    }

    fn create_request(&mut self, session: SipKey, method: &str) -> Result<MessageId> {
        let request = self.session(session)?.create_request(method).map_err(error_of)?;
        Ok(self.add_request(request))
    }

    fn create_initial_request(&mut self, method: &str, from: &str, to: &str) -> Result<MessageId> {
        let request = self.application_session()?.create_request(method, from, to).map_err(error_of)?;
        Ok(self.add_request(request))
    }

    fn set_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        both!(&self.entry(message)?.handle, set_header(name, value)).map_err(error_of)
    }

    fn add_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        both!(&self.entry(message)?.handle, add_header(name, value)).map_err(error_of)
    }

    fn remove_header(&mut self, message: MessageId, name: &str) -> Result {
        both!(&self.entry(message)?.handle, remove_header(name)).map_err(error_of)
    }

    fn set_request_uri(&mut self, request: MessageId, uri: &[u8]) -> Result {
        self.request(request)?.set_request_uri(uri).map_err(error_of)
    }

    fn set_content(&mut self, message: MessageId, content_type: &str, content: &[u8]) -> Result {
        both!(&self.entry(message)?.handle, set_content(content_type, content)).map_err(error_of)
    }

    fn send(&mut self, message: MessageId) -> Result {
        both!(&self.entry(message)?.handle, send()).map_err(error_of)
    }

    fn sessions(&mut self) -> Result<Vec<SipKey>> {
        let sessions = self.application_session()?.sessions().map_err(error_of)?;
        Ok(sessions.into_iter().map(|session| self.add_session(session)).collect())
    }

    fn session_id(&mut self, session: SipKey) -> Result<String> {
        self.session(session)?.id().map_err(error_of)
    }

    fn session_is_valid(&mut self, session: SipKey) -> Result<bool> {
        self.session(session)?.is_valid().map_err(error_of)
    }

    fn session_state(&mut self, session: SipKey) -> Result<SessionState> {
        Ok(match self.session(session)?.state().map_err(error_of)? {
            types::SessionState::Initial => SessionState::Initial,
            types::SessionState::Early => SessionState::Early,
            types::SessionState::Confirmed => SessionState::Confirmed,
            types::SessionState::Terminated => SessionState::Terminated,
        })
    }

    fn session_call_id(&mut self, session: SipKey) -> Result<String> {
        self.session(session)?.call_id().map_err(error_of)
    }

    fn local_party(&mut self, session: SipKey) -> Result<Vec<u8>> {
        self.session(session)?.local_party().map_err(error_of)
    }

    fn remote_party(&mut self, session: SipKey) -> Result<Vec<u8>> {
        self.session(session)?.remote_party().map_err(error_of)
    }

    fn invalidate_session(&mut self, session: SipKey) -> Result {
        self.session(session)?.invalidate().map_err(error_of)
    }

    fn pending_requests(&mut self, session: SipKey) -> Result<Vec<MessageId>> {
        let requests = self.session(session)?.pending_requests().map_err(error_of)?;
        Ok(requests.into_iter().map(|request| self.add_request(request)).collect())
    }

    fn create_timer(
        &mut self,
        delay_ms: u64,
        repeat: Repeat,
        persistent: bool,
        payload: &[u8],
    ) -> Result<String> {
        let repeat = match repeat {
            Repeat::Once => types::Repeat::Once,
            Repeat::FixedDelay(period) => types::Repeat::FixedDelay(period),
            Repeat::FixedRate(period) => types::Repeat::FixedRate(period),
        };
        self.application_session()?.create_timer(delay_ms, repeat, persistent, payload).map_err(error_of)
    }

    fn timers(&mut self) -> Result<Vec<TimerState>> {
        let timers = self.application_session()?.timers().map_err(error_of)?;
        Ok(timers.into_iter().map(timer_state).collect())
    }

    fn timer(&mut self, id: &str) -> Result<Option<TimerState>> {
        Ok(self.application_session()?.timer(id).map_err(error_of)?.map(timer_state))
    }

    fn cancel_timer(&mut self, id: &str) -> Result<bool> {
        self.application_session()?.cancel_timer(id).map_err(error_of)
    }

    fn application_session_id(&mut self) -> Result<String> {
        self.application_session()?.id().map_err(error_of)
    }

    fn application_session_is_valid(&mut self) -> Result<bool> {
        self.application_session()?.is_valid().map_err(error_of)
    }

    fn expires_at(&mut self) -> Result<Option<u64>> {
        self.application_session()?.expires_at().map_err(error_of)
    }

    fn set_expires(&mut self, seconds: u32) -> Result {
        self.application_session()?.set_expires(seconds).map_err(error_of)
    }

    fn invalidate_application_session(&mut self) -> Result {
        self.application_session()?.invalidate().map_err(error_of)
    }

    fn invalidate_when_ready(&mut self, of: Scope) -> Result<bool> {
        match of {
            Scope::Application => self.application_session()?.invalidate_when_ready(),
            Scope::Session(session) => self.session(session)?.invalidate_when_ready(),
        }
        .map_err(error_of)
    }

    fn set_invalidate_when_ready(&mut self, of: Scope, on: bool) -> Result {
        match of {
            Scope::Application => self.application_session()?.set_invalidate_when_ready(on),
            Scope::Session(session) => self.session(session)?.set_invalidate_when_ready(on),
        }
        .map_err(error_of)
    }

    fn attribute(&mut self, of: Scope, name: &str) -> Result<Option<Vec<u8>>> {
        match of {
            Scope::Application => self.application_session()?.get_attribute(name),
            Scope::Session(session) => self.session(session)?.get_attribute(name),
        }
        .map_err(error_of)
    }

    fn set_attribute(&mut self, of: Scope, name: &str, value: &[u8]) -> Result {
        match of {
            Scope::Application => self.application_session()?.set_attribute(name, value),
            Scope::Session(session) => self.session(session)?.set_attribute(name, value),
        }
        .map_err(error_of)
    }

    fn remove_attribute(&mut self, of: Scope, name: &str) -> Result {
        match of {
            Scope::Application => self.application_session()?.remove_attribute(name),
            Scope::Session(session) => self.session(session)?.remove_attribute(name),
        }
        .map_err(error_of)
    }

    fn attribute_names(&mut self, of: Scope) -> Result<Vec<String>> {
        match of {
            Scope::Application => self.application_session()?.attribute_names(),
            Scope::Session(session) => self.session(session)?.attribute_names(),
        }
        .map_err(error_of)
    }

    fn now(&mut self) -> u64 {
        ambient::now()
    }

    fn random(&mut self) -> u64 {
        ambient::random()
    }

    fn log(&mut self, level: Level, message: &str) {
        ambient::log(level, message);
    }
}

/// The free functions of the SDK: imports that need no handle.
pub(crate) mod ambient {
    use super::{Level, context};

    pub(crate) fn now() -> u64 {
        context::now()
    }

    pub(crate) fn random() -> u64 {
        context::random()
    }

    pub(crate) fn log(level: Level, text: &str) {
        let level = match level {
            Level::Error => context::Level::Error,
            Level::Warn => context::Level::Warn,
            Level::Info => context::Level::Info,
            Level::Debug => context::Level::Debug,
            Level::Trace => context::Level::Trace,
        };
        context::log(level, text);
    }
}

/// One field of WIT's `servlet-timer` is one field of the seam's.
pub(super) fn timer_state(timer: types::ServletTimer) -> TimerState {
    let repeat = match timer.repeat {
        types::Repeat::Once => Repeat::Once,
        types::Repeat::FixedDelay(period) => Repeat::FixedDelay(period),
        types::Repeat::FixedRate(period) => Repeat::FixedRate(period),
    };
    TimerState { id: timer.id, at: timer.at, repeat, persistent: timer.persistent, payload: timer.payload }
}

/// One case of WIT's `error` is one case of the SDK's.
fn error_of(error: types::Error) -> Error {
    match error {
        types::Error::StaleHandle => Error::StaleHandle,
        types::Error::InvalidSession => Error::InvalidSession,
        types::Error::AlreadyCommitted => Error::AlreadyCommitted,
        types::Error::FinalResponseSent => Error::FinalResponseSent,
        types::Error::NoTransaction => Error::NoTransaction,
        types::Error::NoDialog => Error::NoDialog,
        types::Error::SystemHeader(name) => Error::SystemHeader(name),
        types::Error::InvalidHeader(why) => Error::InvalidHeader(why),
        types::Error::InvalidAddress(why) => Error::InvalidAddress(why),
        types::Error::InvalidStatus(status) => Error::InvalidStatus(status),
        types::Error::InvalidMethod(method) => Error::InvalidMethod(method),
        types::Error::Limit(name) => Error::Limit(name),
        types::Error::NotSupported(what) => Error::NotSupported(what),
    }
}
