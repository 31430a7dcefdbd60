//! What `#[servlet]` says of a servlet.

use serde_json::{Value, json};
use siplet::native::{Handler, NativeServlet};
use siplet::prelude::*;

struct Plain;

#[servlet]
impl Servlet for Plain {
    fn do_options(&self, _: Request) -> Result {
        Ok(())
    }

    fn do_invite(&self, _: Request) -> Result {
        Ok(())
    }
}

struct Said(u8);

#[servlet(
    name = "said",
    version = "2.1.0",
    methods = ["INVITE", "X-DANCE"],
    domains = ["a.example", "say \"b\""],
    accept = ["application/sdp"],
    supported = ["timer"],
    distributable = false,
    session_timeout_s = 0,
    on_trap = "end-call",
    in_dialog_source = "same-host",
    instance = "fresh",
)]
impl Servlet for Said {
    fn init(_: &Config) -> Result<Self> {
        Ok(Self(1))
    }

    fn do_request(&self, _: Request) -> Result {
        log::debug!("{}", self.0);
        Ok(())
    }
}

fn descriptor<S: NativeServlet>() -> Value {
    serde_json::from_str(S::DESCRIPTOR).unwrap()
}

#[test]
fn without_arguments_the_descriptor_is_that_of_the_package() {
    let expected = json!({"name": "siplet-sdk", "version": "0.1.0", "handlers": ["do-invite", "do-options"]});
    assert_eq!(descriptor::<Plain>(), expected);
}

#[test]
fn every_argument_stands_in_the_descriptor() {
    let expected = json!({
        "name": "said", "version": "2.1.0", "handlers": ["do-request"], "methods": ["INVITE", "X-DANCE"],
        "domains": ["a.example", "say \"b\""], "accept": ["application/sdp"], "supported": ["timer"],
        "distributable": false, "session-timeout-s": 0, "on-trap": "end-call", "in-dialog-source": "same-host",
        "instance": "fresh",
    });
    assert_eq!(descriptor::<Said>(), expected);
}

struct All;

macro_rules! all {
    ($($request:ident)* ; $($response:ident)*) => {
        #[servlet]
        impl Servlet for All {
            $(fn $request(&self, _: Request) -> Result { Ok(()) })*
            $(fn $response(&self, _: Response) -> Result { Ok(()) })*
            fn servlet_initialized(&self, _: ApplicationSession) -> Result { Ok(()) }
            fn upgrade(&self, _: &str, _: ApplicationSession) -> Result { Ok(()) }
            fn timeout(&self, _: ServletTimer) -> Result { Ok(()) }
            fn session_created(&self, _: SipSession) -> Result { Ok(()) }
            fn session_ready_to_invalidate(&self, _: SipSession) -> Result { Ok(()) }
            fn session_destroyed(&self, _: SipSession) -> Result { Ok(()) }
            fn application_session_created(&self, _: ApplicationSession) -> Result { Ok(()) }
            fn application_session_expired(&self, _: ApplicationSession) -> Result { Ok(()) }
            fn application_session_ready_to_invalidate(&self, _: ApplicationSession) -> Result { Ok(()) }
            fn application_session_destroyed(&self, _: ApplicationSession) -> Result { Ok(()) }
            fn session_attribute_changed(&self, _: SipSession, _: AttributeChange) -> Result { Ok(()) }
            fn application_session_attribute_changed(
                &self, _: ApplicationSession, _: AttributeChange,
            ) -> Result { Ok(()) }
            fn application_session_did_activate(&self, _: ApplicationSession) -> Result { Ok(()) }
        }
    };
}

all! {
    do_invite do_ack do_bye do_cancel do_prack do_update do_info do_message do_options do_register do_subscribe
    do_notify do_publish do_refer do_request no_prack_received;
    do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
    no_ack_received
}

#[test]
fn the_macro_and_the_library_know_the_same_handlers() {
    let names: Vec<&str> = Handler::ALL.iter().map(|handler| handler.name()).collect();
    assert_eq!(descriptor::<All>()["handlers"], json!(names));
}
