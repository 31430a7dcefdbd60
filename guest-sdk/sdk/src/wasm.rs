//! The guest's side of the seam: the WIT imports behind it, and the exports that call the servlet.
//!
//! Handles live in a table for one turn. The table is emptied before an export returns, whatever the author kept, so a
//! borrowed handle never outlives its call and none is left for the host to count.

use core::cell::{OnceCell, RefCell};
use core::marker::PhantomData;
use std::rc::Rc;

use crate::handler::{Dispatch, Given, Handler, Upgrade};
use crate::seam::{Flat, Turn};
use crate::view::View;
use crate::{
    ApplicationSession, AttributeChange, Config, Request, Response, Servlet, ServletTimer, SipSession,
};

pub mod bindings;
mod imports;
mod panic;

pub(crate) use imports::{Imports, ambient};

use bindings::activation_listener::exports::siplet::servlet::activation_listener;
use bindings::application_session_listener::exports::siplet::servlet::application_session_listener;
use bindings::attribute_listener::exports::siplet::servlet::attribute_listener;
use bindings::error_listener::exports::siplet::servlet::error_listener;
use bindings::lifecycle::exports::siplet::servlet::lifecycle;
use bindings::servlet::exports::siplet::servlet::sip_servlet;
use bindings::servlet::siplet::servlet::types;
use bindings::session_listener::exports::siplet::servlet::session_listener;
use bindings::timer_listener::exports::siplet::servlet::timer_listener;
use bindings::upgrade::exports::siplet::servlet::upgrade;

thread_local! {
    /// The servlet of this instance. A guest has one thread.
    static SERVLET: OnceCell<Rc<dyn Dispatch>> = const { OnceCell::new() };
}

/// The exports of a guest whose servlet is `S`.
pub struct Exported<S>(PhantomData<S>);

fn init<S: Servlet + 'static>(parameters: Vec<(String, String)>) -> Result<(), String> {
    panic::set_hook();
    let servlet = S::init(&Config::from_iter(parameters)).map_err(|error| error.to_string())?;
    SERVLET.with(|cell| cell.set(Rc::new(servlet))).map_err(|_| "init was called twice".to_owned())
}

/// Runs one handler in a turn of its own.
fn run(handler: Handler, imports: Imports, given: impl FnOnce(&Rc<Turn>) -> Given) -> Result<(), String> {
    let servlet = SERVLET.with(|cell| cell.get().cloned()).ok_or("a handler was called before init")?;
    let turn = Turn::begin(Rc::new(RefCell::new(imports)));
    let result = servlet.dispatch(handler, given(&turn));
    turn.end();
    result.map_err(|error| error.to_string())
}

fn on_request(handler: Handler, request: &types::Request, view: types::View) -> Result<(), String> {
    let (imports, id) = Imports::with_request(request);
    run(handler, imports, |turn| Given::Request(Request::new(turn.message_with(id, Some(view_of(view))))))
}

fn on_response(
    handler: Handler,
    response: &types::Response,
    view: Option<types::View>,
) -> Result<(), String> {
    let (imports, id) = Imports::with_response(response);
    run(handler, imports, |turn| Given::Response(Response::new(turn.message_with(id, view.map(view_of)))))
}

fn view_of(view: types::View) -> View {
    View::new(Flat { bytes: view.bytes, index: view.index })
}

macro_rules! requests {
    ($($method:ident $handler:ident)*) => {
        $(fn $method(request: &types::Request, view: types::View) -> Result<(), String> {
            on_request(Handler::$handler, request, view)
        })*
    };
}

macro_rules! responses {
    ($($method:ident $handler:ident)*) => {
        $(fn $method(response: &types::Response, view: types::View) -> Result<(), String> {
            on_response(Handler::$handler, response, Some(view))
        })*
    };
}

impl<S: Servlet + 'static> sip_servlet::Guest for Exported<S> {
    fn init(parameters: Vec<(String, String)>) -> Result<(), String> {
        init::<S>(parameters)
    }

    requests! {
        do_invite DoInvite
        do_ack DoAck
        do_bye DoBye
        do_cancel DoCancel
        do_prack DoPrack
        do_update DoUpdate
        do_info DoInfo
        do_message DoMessage
        do_options DoOptions
        do_register DoRegister
        do_subscribe DoSubscribe
        do_notify DoNotify
        do_publish DoPublish
        do_refer DoRefer
        do_request DoRequest
    }

    responses! {
        do_provisional_response DoProvisionalResponse
        do_success_response DoSuccessResponse
        do_redirect_response DoRedirectResponse
        do_error_response DoErrorResponse
        do_branch_response DoBranchResponse
    }
}

fn on_session(handler: Handler, session: &types::SipSession) -> Result<(), String> {
    let (imports, key) = Imports::with_session(session);
    run(handler, imports, |turn| Given::SipSession(SipSession::new(turn.clone(), Ok(key))))
}

fn on_application_session(handler: Handler, session: &types::ApplicationSession) -> Result<(), String> {
    run(handler, Imports::with_application_session(session), |turn| {
        Given::ApplicationSession(ApplicationSession::new(turn.clone()))
    })
}

macro_rules! listens {
    ($run:ident $what:ident: $($method:ident $handler:ident)*) => {
        $(fn $method(session: &types::$what) -> Result<(), String> {
            $run(Handler::$handler, session)
        })*
    };
}

impl<S: Servlet + 'static> lifecycle::Guest for Exported<S> {
    listens! { on_application_session ApplicationSession: servlet_initialized ServletInitialized }
}

impl<S: Servlet + 'static> activation_listener::Guest for Exported<S> {
    listens! { on_application_session ApplicationSession: application_session_did_activate ApplicationSessionDidActivate }
}

impl<S: Servlet + 'static> session_listener::Guest for Exported<S> {
    listens! {
        on_session SipSession:
        session_created SessionCreated
        session_ready_to_invalidate SessionReadyToInvalidate
        session_destroyed SessionDestroyed
    }
}

impl<S: Servlet + 'static> application_session_listener::Guest for Exported<S> {
    listens! {
        on_application_session ApplicationSession:
        application_session_created ApplicationSessionCreated
        application_session_expired ApplicationSessionExpired
        application_session_ready_to_invalidate ApplicationSessionReadyToInvalidate
        application_session_destroyed ApplicationSessionDestroyed
    }
}

impl<S: Servlet + 'static> attribute_listener::Guest for Exported<S> {
    fn session_attribute_changed(
        session: &types::SipSession,
        name: String,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<(), String> {
        let (imports, key) = Imports::with_session(session);
        run(Handler::SessionAttributeChanged, imports, |turn| {
            let session = SipSession::new(turn.clone(), Ok(key));
            Given::SessionAttribute((session, AttributeChange::new(name, old, new)))
        })
    }

    fn application_session_attribute_changed(
        session: &types::ApplicationSession,
        name: String,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<(), String> {
        let imports = Imports::with_application_session(session);
        run(Handler::ApplicationSessionAttributeChanged, imports, |turn| {
            let session = ApplicationSession::new(turn.clone());
            Given::ApplicationSessionAttribute((session, AttributeChange::new(name, old, new)))
        })
    }
}

impl<S: Servlet + 'static> timer_listener::Guest for Exported<S> {
    fn timeout(timer: types::ServletTimer, session: &types::ApplicationSession) -> Result<(), String> {
        run(Handler::Timeout, Imports::with_application_session(session), |turn| {
            Given::Timer(ServletTimer::new(turn.clone(), imports::timer_state(timer)))
        })
    }
}

impl<S: Servlet + 'static> upgrade::Guest for Exported<S> {
    fn upgrade(from_version: String, application_session: &types::ApplicationSession) -> Result<(), String> {
        run(Handler::Upgrade, Imports::with_application_session(application_session), |turn| {
            Given::Upgrade(Upgrade { from: from_version, session: ApplicationSession::new(turn.clone()) })
        })
    }
}

impl<S: Servlet + 'static> error_listener::Guest for Exported<S> {
    fn no_ack_received(response: &types::Response) -> Result<(), String> {
        on_response(Handler::NoAckReceived, response, None)
    }

    fn no_prack_received(request: &types::Request) -> Result<(), String> {
        let (imports, id) = Imports::with_request(request);
        run(Handler::NoPrackReceived, imports, |turn| Given::Request(Request::new(turn.message(id))))
    }
}
