//! Exports the optional interfaces beside `sip-servlet`, and tells by its errors that they were called.
wit_bindgen::generate!({
    inline: "
        package siplet:guests;
        world listens {
            include siplet:servlet/servlet@0.1.0;
            include siplet:servlet/lifecycle-servlet@0.1.0;
            include siplet:servlet/error-listener-servlet@0.1.0;
            include siplet:servlet/upgrade-servlet@0.1.0;
        }
    ",
    path: "../../../wit/v0.1",
    world: "siplet:guests/listens",
    generate_all,
});

use exports::siplet::servlet::{error_listener, lifecycle, sip_servlet, upgrade};
use siplet::servlet::types::{ApplicationSession, Request, Response, View};

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
}

impl upgrade::Guest for Listens {
    fn upgrade(from: String, session: &ApplicationSession) -> Result<(), String> {
        session.set_attribute("seen", b"1").map_err(|error| format!("{error:?}"))?;
        Err(format!("upgrade from {from}"))
    }
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

    quiet! {
        do_invite do_ack do_bye do_cancel do_prack do_update do_info do_message do_options do_register do_subscribe
        do_notify do_publish do_refer do_request;
        do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
    }
}

export!(Listens);
