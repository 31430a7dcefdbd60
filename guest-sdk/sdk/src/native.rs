//! Calling handlers without WebAssembly: for tests that run a servlet as a plain Rust value.
//!
//! `#[servlet]` implements [`NativeServlet`] for the author's type. A test makes an [`Instance`] of it and calls a handler
//! by name with a [`Host`] of its own, for instance the real container's turn. It is the same handler code that a guest
//! runs; what differs is only who answers its actions.
//!
//! ```
//! use siplet::native::{self, Ended, Host};
//! use siplet::prelude::*;
//!
//! struct Quiet;
//!
//! #[servlet(name = "quiet")]
//! impl Servlet for Quiet {
//!     fn do_ack(&self, _: Request) -> Result {
//!         Ok(())
//!     }
//! }
//!
//! let quiet = native::Instance::of::<Quiet>([] as [(&str, &str); 0])?;
//! assert!(quiet.descriptor().contains(r#""handlers":["do-ack"]"#));
//! # Ok::<(), siplet::Error>(())
//! ```

use core::any::Any;
use core::cell::RefCell;
use core::fmt;
use core::panic::AssertUnwindSafe;
use std::panic::catch_unwind;
use std::rc::Rc;

pub use crate::handler::{Handler, Takes};
pub use crate::seam::{Flat, Host, Level, MessageId, Peer, Repeat, Scope, SessionState, SipKey, TimerState};

use crate::handler::{Dispatch, Given, Upgrade};
use crate::seam::Turn;
use crate::{
    ApplicationSession, AttributeChange, Config, Error, Request, Response, Result, Servlet, ServletTimer,
    SipSession,
};

/// A servlet that is linked into a native program. Implemented by `#[servlet]`.
pub trait NativeServlet: Servlet + 'static {
    /// What the custom section `siplet-descriptor` of the guest would carry: JSON.
    const DESCRIPTOR: &'static str;
}

/// What a handler of an optional interface is about, beside the application session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum About {
    /// A SIP session.
    Session(SipKey),
    /// A timer that has fired.
    Timer(TimerState),
    /// An attribute of a SIP session, or (none) of the application session: its name, its value before and its value now.
    Attribute(Option<SipKey>, String, Option<Vec<u8>>, Option<Vec<u8>>),
}

/// A servlet made from its init parameters, its type forgotten.
#[derive(Clone)]
pub struct Instance {
    servlet: Rc<dyn Dispatch>,
    descriptor: &'static str,
}

/// How a handler ended, and so what becomes of the turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It returned `Ok`: the turn is committed.
    Done,
    /// It returned `Err` with this text: the turn is abandoned.
    Failed(String),
    /// It panicked with this text: a guest would be dead.
    Panicked(String),
}

impl Instance {
    /// Makes the servlet by its [`Servlet::init`].
    ///
    /// # Errors
    /// What `init` says.
    pub fn of<S: NativeServlet>(
        parameters: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Result<Self> {
        let servlet = S::init(&Config::from_iter(parameters))?;
        Ok(Self { servlet: Rc::new(servlet), descriptor: S::DESCRIPTOR })
    }

    /// What the servlet says of itself: JSON, as in the custom section `siplet-descriptor`.
    #[must_use]
    pub const fn descriptor(&self) -> &'static str {
        self.descriptor
    }

    /// Runs one handler on a host and gives the host back, with all that was done on it.
    ///
    /// `message` is the request or response that the handler is called with; `None` for `servlet-initialized`. A handler
    /// that the servlet does not have runs its default. An unknown name, or a message where none belongs, is
    /// [`Ended::Failed`].
    pub fn run<H: Host + 'static>(&self, handler: &str, message: Option<MessageId>, host: H) -> (Ended, H) {
        self.run_with(host, |turn| self.call(handler, message, turn))
    }

    /// Runs a handler of an optional interface that is about something. A handler that takes something else is
    /// [`Ended::Failed`].
    pub fn run_about<H: Host + 'static>(&self, handler: &str, about: About, host: H) -> (Ended, H) {
        self.run_with(host, |turn| {
            let Some(handler) = Handler::from_name(handler) else {
                return Err(Error::Failed(format!("{handler:?} is no handler of a servlet")));
            };
            let session = |key| SipSession::new(turn.clone(), Ok(key));
            let given = match about {
                About::Session(key) => Given::SipSession(session(key)),
                About::Timer(timer) => Given::Timer(ServletTimer::new(turn.clone(), timer)),
                About::Attribute(Some(key), name, old, new) => {
                    Given::SessionAttribute((session(key), AttributeChange::new(name, old, new)))
                }
                About::Attribute(None, name, old, new) => Given::ApplicationSessionAttribute((
                    ApplicationSession::new(turn.clone()),
                    AttributeChange::new(name, old, new),
                )),
            };
            self.servlet.dispatch(handler, given)
        })
    }

    /// Runs [`Servlet::upgrade`] for a session that is with a version of this text.
    pub fn upgrade<H: Host + 'static>(&self, from: &str, host: H) -> (Ended, H) {
        self.run_with(host, |turn| {
            let session = ApplicationSession::new(turn.clone());
            self.servlet
                .dispatch(Handler::Upgrade, Given::Upgrade(Upgrade { from: from.to_owned(), session }))
        })
    }

    fn run_with<H: Host + 'static>(&self, host: H, call: impl FnOnce(&Rc<Turn>) -> Result) -> (Ended, H) {
        let host = Rc::new(RefCell::new(host));
        let turn = Turn::begin(host.clone());
        let outer = CURRENT.replace(Some(turn.clone()));
        let result = catch_unwind(AssertUnwindSafe(|| call(&turn)));
        CURRENT.set(outer);
        turn.end();
        let ended = match result {
            Ok(Ok(())) => Ended::Done,
            Ok(Err(error)) => Ended::Failed(error.to_string()),
            Err(panic) => Ended::Panicked(panic_text(&*panic)),
        };
        let host = Rc::into_inner(host).expect("the turn gave up its share when it ended");
        (ended, host.into_inner())
    }

    fn call(&self, handler: &str, message: Option<MessageId>, turn: &Rc<Turn>) -> Result {
        let Some(handler) = Handler::from_name(handler) else {
            return Err(Error::Failed(format!("{handler:?} is no handler of a servlet")));
        };
        let given = match (handler.takes(), message) {
            (Takes::Request, Some(message)) => Given::Request(Request::new(turn.message(message))),
            (Takes::Response, Some(message)) => Given::Response(Response::new(turn.message(message))),
            (Takes::ApplicationSession, None) => {
                Given::ApplicationSession(ApplicationSession::new(turn.clone()))
            }
            (takes, _) => return Err(Error::Failed(format!("{} is called with {takes:?}", handler.name()))),
        };
        self.servlet.dispatch(handler, given)
    }
}

/// A turn that stays open, for tests that call handlers as the plain functions that they are.
///
/// What the free functions of the SDK ask (time, randomness, log) is asked of the turn that was opened last on this thread.
/// Requests and responses that outlive it are good for reading and nothing else, as in a guest.
pub struct OpenTurn<H: Host + 'static> {
    host: Rc<RefCell<H>>,
    turn: Rc<Turn>,
    outer: Option<Rc<Turn>>,
}

impl<H: Host + 'static> OpenTurn<H> {
    /// Opens a turn on a host.
    pub fn begin(host: H) -> Self {
        let host = Rc::new(RefCell::new(host));
        let turn = Turn::begin(host.clone());
        let outer = CURRENT.replace(Some(turn.clone()));
        Self { host, turn, outer }
    }

    /// The request of that number, as a handler is called with it.
    #[must_use]
    pub fn request(&self, id: MessageId) -> Request {
        Request::new(self.turn.message(id))
    }

    /// The response of that number, as a handler is called with it.
    #[must_use]
    pub fn response(&self, id: MessageId) -> Response {
        Response::new(self.turn.message(id))
    }

    /// The application session of the turn.
    #[must_use]
    pub fn application_session(&self) -> ApplicationSession {
        ApplicationSession::new(self.turn.clone())
    }

    /// Looks at the host, or changes it.
    ///
    /// # Panics
    /// When it is called from inside the host.
    pub fn host<T>(&self, look: impl FnOnce(&mut H) -> T) -> T {
        look(&mut self.host.borrow_mut())
    }
}

impl<H: Host + 'static> Drop for OpenTurn<H> {
    fn drop(&mut self) {
        CURRENT.set(self.outer.take());
        self.turn.end();
    }
}

impl<H: Host + 'static> fmt::Debug for OpenTurn<H> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("OpenTurn")
    }
}

impl fmt::Debug for Instance {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("Instance").field(&self.descriptor).finish()
    }
}

/// The text of a panic as the panic hook of a guest would tell it.
fn panic_text(panic: &(dyn Any + Send)) -> String {
    match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_owned(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a panic without a text".to_owned(),
    }
}

thread_local! {
    /// The turn that runs on this thread, for what is asked without a message: time, randomness, log.
    static CURRENT: RefCell<Option<Rc<Turn>>> = const { RefCell::new(None) };
}

/// The free functions of the SDK, answered by the host of the running turn.
pub(crate) mod ambient {
    use super::{CURRENT, Error, Host, Level, Result};

    fn ask<T>(question: impl FnOnce(&mut dyn Host) -> T) -> Result<T> {
        let turn = CURRENT.with_borrow(Clone::clone).ok_or(Error::StaleHandle)?;
        turn.host(|host| Ok(question(host)))
    }

    #[track_caller]
    pub(crate) fn now() -> u64 {
        ask(|host| host.now()).unwrap_or_else(|_| outside("now"))
    }

    #[track_caller]
    pub(crate) fn random() -> u64 {
        ask(|host| host.random()).unwrap_or_else(|_| outside("random"))
    }

    /// Outside a turn, as in `init` or a plain unit test, the line goes to stderr.
    pub(crate) fn log(level: Level, text: &str) {
        if ask(|host| host.log(level, text)).is_err() {
            eprintln!("{level:?}: {text}");
        }
    }

    #[track_caller]
    fn outside(function: &str) -> ! {
        panic!("siplet::{function}() outside a turn: run the handler through siplet::native::Instance::run")
    }
}
