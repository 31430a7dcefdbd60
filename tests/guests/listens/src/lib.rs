//! Exports the optional interfaces beside `sip-servlet`, and tells by its errors that they were called.
wit_bindgen::generate!({
    inline: "
        package siplet:guests;
        world listens {
            include siplet:servlet/servlet@0.1.0;
            include siplet:servlet/lifecycle-servlet@0.1.0;
            include siplet:servlet/error-listener-servlet@0.1.0;
            include siplet:servlet/upgrade-servlet@0.1.0;
            include siplet:servlet/timer-listener-servlet@0.1.0;
            include siplet:servlet/session-listener-servlet@0.1.0;
            include siplet:servlet/application-session-listener-servlet@0.1.0;
            include siplet:servlet/attribute-listener-servlet@0.1.0;
            include siplet:servlet/activation-listener-servlet@0.1.0;
        }
    ",
    path: "../../../wit/v0.1",
    world: "siplet:guests/listens",
    generate_all,
});

use exports::siplet::servlet::{
    activation_listener, application_session_listener, attribute_listener, error_listener, lifecycle,
    session_listener, sip_servlet, timer_listener, upgrade,
};
use siplet::servlet::context::{Level, log};
use siplet::servlet::types::{ApplicationSession, Repeat, Request, Response, ServletTimer, SipSession, View};

struct Listens;

impl lifecycle::Guest for Listens {
    fn servlet_initialized(session: &ApplicationSession) -> Result<(), String> {
        let valid = session.is_valid().map_err(|error| format!("{error:?}"))?;
        Err(format!("initialized in {} session", if valid { "a valid" } else { "an invalid" }))
    }
}

impl error_listener::Guest for Listens {
    fn no_ack_received(response: &Response) -> Result<(), String> {
        let view = response.view().map_err(|error| format!("{error:?}"))?;
        Err(format!("no ACK for a {}", view.index[1]))
    }

    fn no_prack_received(request: &Request) -> Result<(), String> {
        let view = request.view().map_err(|error| format!("{error:?}"))?;
        Err(format!("no PRACK for a request of method {}", view.index[1]))
    }
}

impl upgrade::Guest for Listens {
    fn upgrade(from: String, session: &ApplicationSession) -> Result<(), String> {
        session.set_attribute("seen", b"1").map_err(|error| format!("{error:?}"))?;
        Err(format!("upgrade from {from}"))
    }
}

/// What a listener was told goes to the log.
macro_rules! tells {
    ($what:ident: $($method:ident)*) => {
        $(fn $method(session: &$what) -> Result<(), String> {
            let valid = session.is_valid().map_err(|error| format!("{error:?}"))?;
            log(Level::Info, &format!("{} {}", stringify!($method), if valid { "valid" } else { "over" }));
            Ok(())
        })*
    };
}

impl session_listener::Guest for Listens {
    tells! { SipSession: session_created session_ready_to_invalidate session_destroyed }
}

impl application_session_listener::Guest for Listens {
    tells! {
        ApplicationSession:
        application_session_created application_session_ready_to_invalidate application_session_destroyed
        application_session_expired
    }
}

impl activation_listener::Guest for Listens {
    tells! { ApplicationSession: application_session_did_activate }
}

impl attribute_listener::Guest for Listens {
    fn session_attribute_changed(
        _: &SipSession,
        name: String,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<(), String> {
        log(Level::Info, &format!("session {name} {old:?} {new:?}"));
        Ok(())
    }

    fn application_session_attribute_changed(
        _: &ApplicationSession,
        name: String,
        old: Option<Vec<u8>>,
        new: Option<Vec<u8>>,
    ) -> Result<(), String> {
        log(Level::Info, &format!("application {name} {old:?} {new:?}"));
        Ok(())
    }
}

impl timer_listener::Guest for Listens {
    fn timeout(timer: ServletTimer, session: &ApplicationSession) -> Result<(), String> {
        let armed = session.timers().map_err(|error| format!("{error:?}"))?.len();
        let text = String::from_utf8_lossy(&timer.payload).into_owned();
        log(
            Level::Info,
            &format!("timeout {text} {:?} persistent={} armed={armed}", timer.repeat, timer.persistent),
        );
        for sip in session.sessions().map_err(|error| format!("{error:?}"))? {
            for request in sip.pending_requests().map_err(|error| format!("{error:?}"))? {
                let response = request.create_response(486, None).map_err(|error| format!("{error:?}"))?;
                response.send().map_err(|error| format!("{error:?}"))?;
            }
        }
        Ok(())
    }
}

/// A MESSAGE sets an attribute of each session and arms two timers of which one is cancelled; it stays unanswered.
fn arm(request: &Request) -> Result<(), siplet::servlet::types::Error> {
    let session = request.application_session()?;
    session.set_attribute("a", b"1")?;
    request.session()?.set_attribute("b", b"2")?;
    session.create_timer(1000, Repeat::Once, false, b"once")?;
    let id = session.create_timer(1000, Repeat::FixedRate(500), true, b"rate")?;
    assert_eq!(session.timer(&id)?.map(|timer| timer.payload), Some(b"rate".to_vec()));
    assert!(session.cancel_timer(&id)? && !session.cancel_timer(&id)?);
    Ok(())
}

macro_rules! quiet {
    ($($request:ident)* ; $($response:ident)*) => {
        $(fn $request(_: &Request, _: View) -> Result<(), String> { Ok(()) })*
        $(fn $response(_: &Response, _: View) -> Result<(), String> { Ok(()) })*
    };
}

impl sip_servlet::Guest for Listens {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        Ok(())
    }

    fn do_message(request: &Request, _: View) -> Result<(), String> {
        arm(request).map_err(|error| format!("{error:?}"))
    }

    quiet! {
        do_invite do_ack do_bye do_cancel do_prack do_update do_info do_options do_register do_subscribe
        do_notify do_publish do_refer do_request;
        do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
    }
}

export!(Listens);
