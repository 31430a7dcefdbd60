//! The working copy of a step: one application session being changed, and the outbox that leaves when it is committed.
//!
//! A step handles one input of one application session. Its host part and its turns change the working copy only; nothing
//! of it is seen by anybody until the container commits it. The rooms below are the host part, one for each kind of
//! input; what they share stands here: minting, the outbox, routing to a hop.

pub(crate) mod cancel;
pub(crate) mod deadline;
pub(crate) mod ending;
pub(crate) mod listeners;
pub(crate) mod reliable;
pub(crate) mod request;
pub(crate) mod respond;
pub(crate) mod response;
pub(crate) mod send;

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use siplet_sip::message::Message;
use siplet_sip::time::Time;
use siplet_sip::transaction::{MergeKey, ServerKey};
use siplet_sip::uri::{Scheme, Uri};

use crate::app::{Application, Handler};
use crate::config::Config;
use crate::io::{Flow, Query, Transport};
use crate::names::{Kind, Minter};
use crate::report::Report;
use crate::session::AppSession;
use crate::session::timers::ServletTimer;
use crate::session::transactions::Target;
use crate::turn::{Misuse, SipKey};

use listeners::AttributeChange;

/// What all steps of a container share and none changes.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) config: Config,
    pub(crate) minter: Minter,
}

/// A message that leaves when the step is committed and, for distributable applications, stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outgoing {
    pub(crate) target: Target,
    pub(crate) bytes: Bytes,
    /// Index of the client transaction whose hop is not known yet, and whether it is a CANCEL's.
    pub(crate) client: Option<(u32, bool)>,
}

/// A callback that the host part of a step asks for.
#[derive(Clone, Debug)]
pub(crate) enum Callback {
    /// A request with a server transaction.
    Request { handler: Handler, server: u32 },
    /// An ACK for a 2xx.
    Ack { message: Arc<Message>, sip: SipKey, flow: Flow },
    /// A response, received or made by the host in its place (408, 503).
    Response { handler: Handler, client: u32, message: Arc<Message>, flow: Option<Flow> },
    /// No ACK came for the 2xx of this server transaction.
    NoAck { server: u32, response: Bytes },
    /// No PRACK came for a reliable response of this server transaction.
    NoPrack { server: u32 },
    /// Once for a deployment.
    Initialized,
    /// A timer has fired.
    Timeout { timer: Arc<ServletTimer> },
    /// Something has become of a SIP session.
    Session { handler: Handler, sip: SipKey },
    /// Something has become of the application session.
    ApplicationSession { handler: Handler },
    /// An attribute has another value.
    Attribute { change: Arc<AttributeChange> },
    /// The session may move to that version, from one whose version text this was.
    Upgrade { to: Arc<Application>, from: String },
}

impl Callback {
    pub(crate) fn handler(&self) -> Handler {
        match self {
            Self::Request { handler, .. }
            | Self::Response { handler, .. }
            | Self::Session { handler, .. }
            | Self::ApplicationSession { handler } => *handler,
            Self::Ack { .. } => Handler::DoAck,
            Self::NoAck { .. } => Handler::NoAckReceived,
            Self::NoPrack { .. } => Handler::NoPrackReceived,
            Self::Initialized => Handler::ServletInitialized,
            Self::Timeout { .. } => Handler::Timeout,
            Self::Attribute { change } => listeners::attribute_handler(change.session),
            Self::Upgrade { .. } => Handler::Upgrade,
        }
    }
}

/// The working copy.
#[derive(Clone, Debug)]
pub(crate) struct WorkingCopy {
    pub(crate) session: AppSession,
    pub(crate) outbox: Vec<Outgoing>,
    pub(crate) reports: Vec<Report>,
    /// Server transactions that began in this step, for the container's tables.
    pub(crate) began: Vec<(ServerKey, Option<MergeKey>, u32)>,
    /// Their indexes, once they are in the tables.
    pub(crate) began_indexes: Vec<u32>,
    /// What the servlet's listeners have to be told, in order.
    pub(crate) events: Vec<Callback>,
    /// What was told in this step that it is ready to be invalidated; none: the application session.
    told_ready: Vec<Option<SipKey>>,
    /// Listener callbacks of this step.
    listener_turns: usize,
    pub(crate) now: Time,
    pub(crate) shared: Arc<Shared>,
    pub(crate) application: Arc<Application>,
}

impl WorkingCopy {
    pub(crate) fn new(
        session: AppSession,
        application: Arc<Application>,
        shared: Arc<Shared>,
        now: Time,
    ) -> Self {
        Self {
            session,
            outbox: Vec::new(),
            reports: Vec::new(),
            began: Vec::new(),
            began_indexes: Vec::new(),
            events: Vec::new(),
            told_ready: Vec::new(),
            listener_turns: 0,
            now,
            shared,
            application,
        }
    }

    pub(crate) fn has_handler(&self, handler: Handler) -> bool {
        self.session.valid && self.application.handlers.has(handler)
    }

    /// The same for a callback; an upgrade is asked of the version that it leads to, and the end of a session is told
    /// when it is no longer valid.
    pub(crate) fn has_handler_for(&self, callback: &Callback) -> bool {
        match callback {
            Callback::Session { handler, sip } => {
                let is_valid = self.session.sip(*sip).is_some_and(|session| session.valid);
                (is_valid || *handler == Handler::SessionDestroyed) && self.application.handlers.has(*handler)
            }
            Callback::ApplicationSession { handler } => {
                let is_valid = self.session.valid || *handler == Handler::ApplicationSessionDestroyed;
                is_valid && self.application.handlers.has(*handler)
            }
            Callback::Attribute { .. } => self.application.handlers.has(callback.handler()),
            Callback::Upgrade { to, .. } => self.session.valid && to.handlers.has(Handler::Upgrade),
            Callback::Request { .. }
            | Callback::Ack { .. }
            | Callback::Response { .. }
            | Callback::NoAck { .. }
            | Callback::NoPrack { .. }
            | Callback::Timeout { .. }
            | Callback::Initialized => self.has_handler(callback.handler()),
        }
    }

    /// The new version has taken the session over.
    pub(crate) fn on_upgraded(&mut self, from: &str) {
        let app = self.application.id.clone();
        self.session.app = app.clone();
        self.session.dirty = true;
        self.reports.push(Report::Upgraded { app, from: from.to_owned(), key: self.session.key });
    }

    pub(crate) fn mint(&self, kind: Kind, index: u32) -> String {
        self.shared.minter.mint(kind, self.session.key, index)
    }

    pub(crate) fn push(&mut self, target: Target, bytes: Bytes) {
        self.outbox.push(Outgoing { target, bytes, client: None });
    }

    /// `host:port` of a listener as it stands in Via and Contact.
    pub(crate) fn sent_by(&self, listener: u16) -> String {
        match self.shared.config.listeners.get(usize::from(listener)) {
            Some(listener) => format!("{}:{}", listener.advertised_host, listener.advertised_port),
            None => "invalid.invalid".to_owned(),
        }
    }

    /// The Contact of our own side on that listener (RFC 3261 §8.1.1.8).
    // [3261-8.1.1.8-2]
    pub(crate) fn contact(&self, listener: u16, transport: Transport, secure: bool) -> Bytes {
        let scheme = if secure { "sips" } else { "sip" };
        let sent_by = self.sent_by(listener);
        Bytes::from(match transport {
            Transport::Udp => format!("<{scheme}:{sent_by}>"),
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => {
                format!("<{scheme}:{sent_by};transport={}>", transport.param_name())
            }
        })
    }

    /// Where a request with that first hop (a Route's URI or the Request-URI) goes: RFC 3263 without NAPTR and SRV.
    pub(crate) fn route(&self, uri: &[u8]) -> Result<Target, Misuse> {
        let uri = Uri::parse(uri).map_err(|fault| Misuse::InvalidAddress(fault.to_string()))?;
        if !uri.is_sip() {
            return Err(Misuse::NotSupported("a request to a URI that is neither sip nor sips"));
        }
        let transport = match uri.transport_param() {
            None if uri.scheme() == Scheme::Sips => Transport::Tls,
            None => Transport::Udp,
            Some(name) => transport_of(name)
                .ok_or_else(|| Misuse::InvalidAddress("the transport parameter is not known".to_owned()))?,
        };
        let port = uri.port().unwrap_or_else(|| transport.default_port());
        match uri.ip() {
            Some(ip) => {
                let remote = SocketAddr::new(ip, port);
                let listener = self
                    .listener(transport, remote.is_ipv6())
                    .ok_or(Misuse::NotSupported("no listener reaches that transport and address family"))?;
                Ok(Target::Hop(crate::io::Hop { listener, transport, remote, connection: 0, fallback: None }))
            }
            None => {
                let host = String::from_utf8_lossy(uri.host()).to_ascii_lowercase();
                let (listener, ipv6) = self
                    .listener(transport, false)
                    .map(|listener| (listener, false))
                    .or_else(|| self.listener(transport, true).map(|listener| (listener, true)))
                    .ok_or(Misuse::NotSupported("no listener speaks that transport"))?;
                Ok(Target::Name { query: Query { host, ipv6 }, listener, transport, port })
            }
        }
    }

    fn listener(&self, transport: Transport, ipv6: bool) -> Option<u16> {
        let found = self
            .shared
            .config
            .listeners
            .iter()
            .position(|listener| listener.transport == transport && listener.address.is_ipv6() == ipv6)?;
        u16::try_from(found).ok()
    }
}

impl Target {
    /// Listener and transport, known also while the address is not.
    pub(crate) const fn listener(&self) -> (u16, Transport) {
        match self {
            Self::Hop(hop) => (hop.listener, hop.transport),
            Self::Name { listener, transport, .. } => (*listener, *transport),
        }
    }
}

/// The transport of a URI's parameter (RFC 3261 §19.1.1), in whatever case.
fn transport_of(name: &[u8]) -> Option<Transport> {
    [Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Ws, Transport::Wss]
        .into_iter()
        .find(|transport| name.eq_ignore_ascii_case(transport.param_name().as_bytes()))
}

/// True for a URI of the scheme sips, in whatever case (RFC 3261 §19.1.1).
pub(crate) fn is_sips(uri: &[u8]) -> bool {
    uri.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case(b"sips:"))
}
