//! Sessions: the one place where a servlet remembers something.

use core::fmt;
use std::rc::Rc;

use serde::{Serialize, de::DeserializeOwned};
use siplet_sip::time::Time;

#[cfg(doc)]
use crate::Error;
use crate::Result;
use crate::message::Request;
#[allow(unused_imports, reason = "the host is a type in a guest, and the trait itself in a test")]
use crate::seam::Host as _;
use crate::seam::{CurrentHost, Scope, SessionState, SipKey, Turn};

mod attribute;
mod timer;

pub use attribute::{Attribute, AttributeChange};
pub use timer::{Schedule, ServletTimer};

/// A SIP session: the relation with one peer, a dialog or what may become one (SIP Servlet 1.1 §6.2).
///
/// It is always there to be asked for; a session that cannot be reached says so when something is done with it.
#[derive(Clone)]
pub struct SipSession {
    turn: Rc<Turn>,
    key: Result<SipKey>,
}

/// An application session: everything that one application keeps for one call; unit of order, storage and failure.
///
/// A turn has exactly one, and no other can be reached from it: two calls never wait for each other.
#[derive(Clone)]
pub struct ApplicationSession {
    turn: Rc<Turn>,
}

/// The functions that both kinds of session have.
macro_rules! attributes {
    () => {
        /// The attribute; `None` when it is not set.
        ///
        /// # Errors
        /// [`Error::InvalidSession`], [`Error::StaleHandle`]; [`Error::Failed`] when what is stored there is no `T`.
        // jsr289: SipApplicationSession.getAttribute(String); SipSession.getAttribute(String)
        pub fn get<T: DeserializeOwned>(&self, attribute: Attribute<T>) -> Result<Option<T>> {
            let stored = self.host(|host, of| host.attribute(of, attribute.name()))?;
            stored.map(|json| attribute.decode(&json)).transpose()
        }

        /// Sets the attribute. The value is stored as JSON text.
        ///
        /// # Errors
        /// [`Error::InvalidSession`], [`Error::StaleHandle`]; [`Error::Limit`] when the attributes of the call grow too
        /// large; [`Error::Failed`] when JSON cannot express the value.
        // jsr289: SipApplicationSession.setAttribute(String, Object); SipSession.setAttribute(String, Object)
        pub fn set<T: Serialize>(&self, attribute: Attribute<T>, value: &T) -> Result {
            let json = attribute.encode(value)?;
            self.host(|host, of| host.set_attribute(of, attribute.name(), &json))
        }

        /// Removes the attribute; that it is not set is not an error.
        ///
        /// # Errors
        /// [`Error::InvalidSession`], [`Error::StaleHandle`].
        // jsr289: SipApplicationSession.removeAttribute(String)
        pub fn remove<T>(&self, attribute: Attribute<T>) -> Result {
            self.host(|host, of| host.remove_attribute(of, attribute.name()))
        }

        /// The names of all attributes that are set.
        ///
        /// # Errors
        /// [`Error::InvalidSession`], [`Error::StaleHandle`].
        // jsr289: SipApplicationSession.getAttributeNames()
        pub fn attribute_names(&self) -> Result<Vec<String>> {
            self.host(|host, of| host.attribute_names(of))
        }

        /// Whether the session ends by itself when nothing needs it any more (SIP Servlet 1.1 §6.4.2).
        ///
        /// # Errors
        /// [`Error::InvalidSession`], [`Error::StaleHandle`].
        pub fn invalidate_when_ready(&self) -> Result<bool> {
            self.host(|host, of| host.invalidate_when_ready(of))
        }

        /// Sets whether the session ends by itself when nothing needs it any more.
        ///
        /// # Errors
        /// [`Error::InvalidSession`], [`Error::StaleHandle`].
        // jsr289: SipApplicationSession.setInvalidateWhenReady(boolean)
        pub fn set_invalidate_when_ready(&self, on: bool) -> Result {
            self.host(|host, of| host.set_invalidate_when_ready(of, on))
        }
    };
}

impl SipSession {
    pub(crate) const fn new(turn: Rc<Turn>, key: Result<SipKey>) -> Self {
        Self { turn, key }
    }

    fn host<T>(&self, ask: impl FnOnce(&mut CurrentHost, Scope) -> Result<T>) -> Result<T> {
        self.keyed(|host, key| ask(host, Scope::Session(key)))
    }

    fn keyed<T>(&self, ask: impl FnOnce(&mut CurrentHost, SipKey) -> Result<T>) -> Result<T> {
        let key = self.key.clone()?;
        self.turn.host(|host| ask(host, key))
    }

    attributes!();

    /// A name that is unique for ever; a printable token.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipSession.getId()
    pub fn id(&self) -> Result<String> {
        self.keyed(|host, key| host.session_id(key))
    }

    /// False once the session was invalidated.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    // jsr289: SipSession.isValid()
    pub fn is_valid(&self) -> Result<bool> {
        self.keyed(|host, key| host.session_is_valid(key))
    }

    /// The state of the dialog.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipSession.getState()
    pub fn state(&self) -> Result<SessionState> {
        self.keyed(|host, key| host.session_state(key))
    }

    /// The Call-ID.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    pub fn call_id(&self) -> Result<String> {
        self.keyed(|host, key| host.session_call_id(key))
    }

    /// Our own side as it stands in From or To; read it with [`Address::parse`](crate::Address::parse).
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipSession.getLocalParty()
    pub fn local_party(&self) -> Result<String> {
        self.keyed(|host, key| host.local_party(key)).map(lossy)
    }

    /// The peer as it stands in From or To, with its tag where it is known.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipSession.getRemoteParty()
    pub fn remote_party(&self) -> Result<String> {
        self.keyed(|host, key| host.remote_party(key)).map(lossy)
    }

    /// The application session that it belongs to.
    #[must_use]
    pub fn application_session(&self) -> ApplicationSession {
        ApplicationSession::new(self.turn.clone())
    }

    /// A request in the session's dialog, or one more outside it where there is none (RFC 3261 §12.2.1.1).
    ///
    /// # Errors
    /// [`Error::NoDialog`]; [`Error::InvalidMethod`] for ACK and CANCEL, which are made of the message they belong to.
    // jsr289: SipSession.createRequest(String)
    pub fn create_request(&self, method: &str) -> Result<Request> {
        let id = self.keyed(|host, key| host.create_request(key, method))?;
        Ok(Request::new(self.turn.message(id)))
    }

    /// Requests that came in the session and have no final response yet, oldest first. A handler may return without an
    /// answer; whoever has it later, a timer for instance, finds the request here and answers it.
    ///
    /// # Errors
    /// [`Error::Limit`], [`Error::StaleHandle`].
    pub fn pending_requests(&self) -> Result<Vec<Request>> {
        let ids = self.keyed(|host, key| host.pending_requests(key))?;
        Ok(ids.into_iter().map(|id| Request::new(self.turn.message(id))).collect())
    }

    /// Ends the session now. A dialog that is up is ended by the host with what the peer is owed.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipSession.invalidate()
    pub fn invalidate(&self) -> Result {
        self.keyed(|host, key| host.invalidate_session(key))
    }
}

impl ApplicationSession {
    pub(crate) const fn new(turn: Rc<Turn>) -> Self {
        Self { turn }
    }

    fn host<T>(&self, ask: impl FnOnce(&mut CurrentHost, Scope) -> Result<T>) -> Result<T> {
        self.turn.host(|host| ask(host, Scope::Application))
    }

    attributes!();

    /// A name that is unique for ever; a printable token.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipApplicationSession.getId()
    pub fn id(&self) -> Result<String> {
        self.turn.host(|host| host.application_session_id())
    }

    /// False once the session was invalidated.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    pub fn is_valid(&self) -> Result<bool> {
        self.turn.host(|host| host.application_session_is_valid())
    }

    /// Its SIP sessions, oldest first.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipApplicationSession.getSessions()
    pub fn sessions(&self) -> Result<Vec<SipSession>> {
        let keys = self.turn.host(|host| host.sessions())?;
        Ok(keys.into_iter().map(|key| SipSession::new(self.turn.clone(), Ok(key))).collect())
    }

    /// The first request of a new SIP session, with addresses as in From and To (`"Bob" <sip:bob@example.com>`).
    ///
    /// # Errors
    /// [`Error::InvalidAddress`], [`Error::InvalidMethod`], [`Error::Limit`], [`Error::InvalidSession`].
    // jsr289: SipFactory.createRequest(SipApplicationSession, String, String, String)
    pub fn create_request(&self, method: &str, from: &str, to: &str) -> Result<Request> {
        let id = self.turn.host(|host| host.create_initial_request(method, from, to))?;
        Ok(Request::new(self.turn.message(id)))
    }

    /// Arms a timer, which tells `info` to [`Servlet::timeout`](crate::Servlet::timeout) when it fires, to within 10 ms.
    ///
    /// # Errors
    /// [`Error::NotSupported`] for a servlet without a handler `timeout`; [`Error::Limit`] by the name of the limit:
    /// `timers`, `attribute-bytes` (what timers tell counts with the attributes), `shortest-period` (10 ms),
    /// `longest-delay` (100 years); [`Error::InvalidSession`], [`Error::StaleHandle`]; [`Error::Failed`] when JSON cannot
    /// express `info`.
    pub fn create_timer<T: Serialize + ?Sized>(&self, schedule: Schedule, info: &T) -> Result<ServletTimer> {
        timer::create(&self.turn, schedule, info)
    }

    /// The timers that have not fired for the last time, in the order of their making.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    pub fn timers(&self) -> Result<Vec<ServletTimer>> {
        let timers = self.turn.host(|host| host.timers())?;
        Ok(timers.into_iter().map(|timer| ServletTimer::new(self.turn.clone(), timer)).collect())
    }

    /// The timer of that id, if it is armed in this session.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    pub fn timer(&self, id: &str) -> Result<Option<ServletTimer>> {
        let timer = self.turn.host(|host| host.timer(id))?;
        Ok(timer.map(|timer| ServletTimer::new(self.turn.clone(), timer)))
    }

    /// When the session expires; `None`: never.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipApplicationSession.getExpirationTime()
    pub fn expires_at(&self) -> Result<Option<Time>> {
        Ok(self.turn.host(|host| host.expires_at())?.map(crate::ambient::time_of))
    }

    /// Sets when the session expires, in seconds from now; 0: never.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    pub fn set_expires(&self, seconds: u32) -> Result {
        self.turn.host(|host| host.set_expires(seconds))
    }

    /// Ends the session and all its SIP sessions now.
    ///
    /// # Errors
    /// [`Error::InvalidSession`], [`Error::StaleHandle`].
    // jsr289: SipApplicationSession.invalidate()
    pub fn invalidate(&self) -> Result {
        self.turn.host(|host| host.invalidate_application_session())
    }
}

impl fmt::Debug for SipSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("SipSession").field(&self.key).finish()
    }
}

impl fmt::Debug for ApplicationSession {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("ApplicationSession")
    }
}

fn lossy(address: Vec<u8>) -> String {
    String::from_utf8(address).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}
