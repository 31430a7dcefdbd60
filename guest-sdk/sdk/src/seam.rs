//! The seam under the SDK: the operations of the WIT imports as one trait, and the turn that they belong to.
//!
//! In a guest the seam is the imports themselves, called without indirection so that a guest imports what it uses and no
//! more. Elsewhere it is whatever a test puts there ([`crate::native`]). A turn owns its host and gives it back when the
//! handler has returned; what is kept longer finds no host and gets [`Error::StaleHandle`].

use core::cell::RefCell;
use std::rc::Rc;

use crate::message::Shared;
use crate::view::View;
use crate::{Error, Result};

#[cfg(target_arch = "wasm32")]
pub(crate) type CurrentHost = crate::wasm::Imports;
#[cfg(not(target_arch = "wasm32"))]
pub(crate) type CurrentHost = dyn Host;

/// A message in the turn's table of messages. One message has one number in a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct MessageId(pub u32);

/// A SIP session of the turn's application session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SipKey(pub u32);

/// What an attribute or a mode belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The application session.
    Application,
    /// One of its SIP sessions.
    Session(SipKey),
}

/// How loud a line of log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Level {
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// A message as `view` in `wit/v0.1` describes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flat {
    /// The message as it stands on the wire.
    pub bytes: Vec<u8>,
    /// Eight words of head and five for each header line.
    pub index: Vec<u32>,
}

/// The far end of the hop that a message came from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Peer {
    /// IP address, without brackets.
    pub address: String,
    /// Port.
    pub port: u16,
    /// `udp`, `tcp`, `tls`, `ws` or `wss`.
    pub transport: String,
}

/// The state of a SIP session's dialog (SIP Servlet 1.1 §6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SessionState {
    /// There is no dialog.
    Initial,
    /// A provisional response with a To tag made a dialog (RFC 3261 §12.1).
    Early,
    /// A 2xx confirmed the dialog.
    Confirmed,
    /// The dialog is over.
    Terminated,
}

/// Whether and how a timer repeats; durations are milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Repeat {
    /// It fires once.
    Once,
    /// Again this long after each firing.
    FixedDelay(u64),
    /// At multiples of this after its first firing.
    FixedRate(u64),
}

/// A timer as the WIT record `servlet-timer` describes it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimerState {
    /// A printable token.
    pub id: String,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Whether and how it repeats.
    pub repeat: Repeat,
    /// It outlives the host.
    pub persistent: bool,
    /// What its maker wanted to be told.
    pub payload: Vec<u8>,
}

/// The operations of the WIT imports during one turn. Each answers at once; nothing leaves before the turn is committed.
///
/// An implementation keeps the rules of `wit/v0.1/types.wit` and never answers [`Error::Failed`].
#[allow(missing_docs, reason = "the functions of wit/v0.1 by their own names")]
#[allow(clippy::missing_errors_doc, reason = "Error says what each refusal means")]
pub trait Host {
    /// The message as it stands now.
    fn view(&mut self, message: MessageId) -> Result<Flat>;
    fn is_initial(&mut self, message: MessageId) -> Result<bool>;
    fn is_committed(&mut self, message: MessageId) -> Result<bool>;
    fn peer(&mut self, message: MessageId) -> Result<Option<Peer>>;
    fn session_of(&mut self, message: MessageId) -> Result<SipKey>;
    fn request_of(&mut self, response: MessageId) -> Result<MessageId>;
    fn create_response(&mut self, request: MessageId, status: u16, reason: Option<&str>)
    -> Result<MessageId>;
    fn create_cancel(&mut self, request: MessageId) -> Result<MessageId>;
    fn create_ack(&mut self, response: MessageId) -> Result<MessageId>;
    fn create_prack(&mut self, response: MessageId) -> Result<MessageId>;
    fn send_reliably(&mut self, response: MessageId) -> Result;
    /// A request in the session's dialog, or one more outside it where there is none.
    fn create_request(&mut self, session: SipKey, method: &str) -> Result<MessageId>;
    /// The first request of a new SIP session.
    fn create_initial_request(&mut self, method: &str, from: &str, to: &str) -> Result<MessageId>;
    fn set_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result;
    fn add_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result;
    fn remove_header(&mut self, message: MessageId, name: &str) -> Result;
    fn set_request_uri(&mut self, request: MessageId, uri: &[u8]) -> Result;
    fn set_content(&mut self, message: MessageId, content_type: &str, content: &[u8]) -> Result;
    /// Puts the message into the outbox of the turn.
    fn send(&mut self, message: MessageId) -> Result;

    fn sessions(&mut self) -> Result<Vec<SipKey>>;
    fn session_id(&mut self, session: SipKey) -> Result<String>;
    fn session_is_valid(&mut self, session: SipKey) -> Result<bool>;
    fn session_state(&mut self, session: SipKey) -> Result<SessionState>;
    fn session_call_id(&mut self, session: SipKey) -> Result<String>;
    fn local_party(&mut self, session: SipKey) -> Result<Vec<u8>>;
    fn remote_party(&mut self, session: SipKey) -> Result<Vec<u8>>;
    fn invalidate_session(&mut self, session: SipKey) -> Result;
    /// Received requests of the session without a final response, oldest first.
    fn pending_requests(&mut self, session: SipKey) -> Result<Vec<MessageId>>;

    fn application_session_id(&mut self) -> Result<String>;
    fn application_session_is_valid(&mut self) -> Result<bool>;
    /// Milliseconds since the Unix epoch.
    fn expires_at(&mut self) -> Result<Option<u64>>;
    /// Seconds from now; 0: never.
    fn set_expires(&mut self, seconds: u32) -> Result;
    fn invalidate_application_session(&mut self) -> Result;
    /// Arms a timer; its id.
    fn create_timer(
        &mut self,
        delay_ms: u64,
        repeat: Repeat,
        persistent: bool,
        payload: &[u8],
    ) -> Result<String>;
    fn timers(&mut self) -> Result<Vec<TimerState>>;
    fn timer(&mut self, id: &str) -> Result<Option<TimerState>>;
    /// False when there is none of that id.
    fn cancel_timer(&mut self, id: &str) -> Result<bool>;

    fn invalidate_when_ready(&mut self, of: Scope) -> Result<bool>;
    fn set_invalidate_when_ready(&mut self, of: Scope, on: bool) -> Result;
    fn attribute(&mut self, of: Scope, name: &str) -> Result<Option<Vec<u8>>>;
    fn set_attribute(&mut self, of: Scope, name: &str, value: &[u8]) -> Result;
    fn remove_attribute(&mut self, of: Scope, name: &str) -> Result;
    fn attribute_names(&mut self, of: Scope) -> Result<Vec<String>>;

    /// Milliseconds since the Unix epoch at which the turn began.
    fn now(&mut self) -> u64;
    /// 64 random bits.
    fn random(&mut self) -> u64;
    fn log(&mut self, level: Level, message: &str);
}

/// One call of a handler: its host, and the messages that were touched in it.
pub(crate) struct Turn {
    host: RefCell<Option<Rc<RefCell<CurrentHost>>>>,
    messages: RefCell<Vec<Rc<Shared>>>,
}

impl Turn {
    pub(crate) fn begin(host: Rc<RefCell<CurrentHost>>) -> Rc<Self> {
        Rc::new(Self { host: RefCell::new(Some(host)), messages: RefCell::default() })
    }

    /// Lets the host go: every action from now on is refused with [`Error::StaleHandle`].
    pub(crate) fn end(&self) {
        // The messages know their turn: without this the two would keep each other alive.
        self.messages.borrow_mut().clear();
        *self.host.borrow_mut() = None;
    }

    pub(crate) fn host<T>(&self, ask: impl FnOnce(&mut CurrentHost) -> Result<T>) -> Result<T> {
        match &*self.host.borrow() {
            Some(host) => ask(&mut *host.borrow_mut()),
            None => Err(Error::StaleHandle),
        }
    }

    /// The message of that number; one and the same for all who ask, so that all see its changes.
    pub(crate) fn message(self: &Rc<Self>, id: MessageId) -> Rc<Shared> {
        self.message_with(id, None)
    }

    /// The same, with the view that was handed over.
    pub(crate) fn message_with(self: &Rc<Self>, id: MessageId, view: Option<View>) -> Rc<Shared> {
        let known = self.messages.borrow().iter().find(|message| message.id() == Ok(id)).cloned();
        known.unwrap_or_else(|| {
            let message = Rc::new(Shared::new(self.clone(), Ok(id), view));
            self.messages.borrow_mut().push(message.clone());
            message
        })
    }
}
