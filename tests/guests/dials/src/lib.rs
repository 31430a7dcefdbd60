//! Calls out in do-message: the user part of the Request-URI is the port of the callee on 127.0.0.1.
#[path = "../../raw.rs"]
mod raw;

struct Dials;

guest!(Dials {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_message(request: &raw::Request, view: raw::View) -> Result<(), String> {
        let to = format!("<sip:callee@127.0.0.1:{}>", raw::user(&view));
        let session = request.application_session().map_err(text)?;
        session.create_request("INVITE", "<sip:dials@127.0.0.1>", &to).map_err(text)?.send().map_err(text)?;
        raw::answer(request, "Dialled")
    }
} also
    do_invite do_ack do_bye do_cancel do_prack do_update do_info do_options do_register do_subscribe do_notify
    do_publish do_refer do_request;
    do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
);

fn text(error: raw::Error) -> String {
    format!("{error:?}")
}
