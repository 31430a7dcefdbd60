//! Does one wrong thing, which the user part of the Request-URI names, so that the test kit can be seen to find it.
#[path = "../../raw.rs"]
mod raw;

use std::cell::{Cell, RefCell};

struct Faults;

thread_local! {
    /// State where none may be: how many calls there were.
    static CALLS: Cell<u32> = const { Cell::new(0) };
    /// State where none may be: who is in a call.
    static IN_CALL: RefCell<Option<String>> = const { RefCell::new(None) };
}

fn text(error: raw::Error) -> String {
    format!("{error:?}")
}

guest!(Faults {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(request: &raw::Request, view: raw::View) -> Result<(), String> {
        let user = raw::user(&view);
        match user.as_str() {
            "counts" => {
                CALLS.set(CALLS.get() + 1);
                raw::answer(request, &format!("Call {}", CALLS.get()))
            }
            "remembers" => {
                let session = request.application_session().map_err(text)?;
                IN_CALL.set(Some("alice".to_owned()));
                session.set_attribute("in-call", b"\"alice\"").map_err(text)?;
                raw::answer(request, "OK")
            }
            "rings" => request.create_response(180, None).map_err(text)?.send().map_err(text),
            "silent" => Ok(()),
            "misspells" => {
                let response = request.create_response(200, None).map_err(text)?;
                response.set_header("X-Decision", b"acept").map_err(text)?;
                response.send().map_err(text)
            }
            "leaks" => {
                let session = request.application_session().map_err(text)?;
                session.set_invalidate_when_ready(false).map_err(text)?;
                session.set_expires(0).map_err(text)?;
                session.set_attribute("cause", b"\"kept\"").map_err(text)?;
                raw::answer(request, "OK")
            }
            "loops" => loop {
                std::hint::black_box(&user);
            },
            "panics" => panic!("there is no {user}"),
            "fails" => Err("no gateway is left".to_owned()),
            "greets" => {
                raw::context::log(raw::context::Level::Info, "a call comes");
                raw::answer(request, "OK")
            }
            other => Err(format!("the test asks for {other:?}, which this guest does not know")),
        }
    }

    fn do_bye(request: &raw::Request, _: raw::View) -> Result<(), String> {
        raw::answer(request, "OK")
    }

    fn do_info(request: &raw::Request, view: raw::View) -> Result<(), String> {
        let session = request.application_session().map_err(text)?;
        let name = String::from_utf8_lossy(&view.bytes).contains("attribute");
        let known = if name {
            session.get_attribute("in-call").map_err(text)?.map(|value| String::from_utf8_lossy(&value).into_owned())
        } else {
            IN_CALL.with_borrow(Clone::clone)
        };
        raw::answer(request, &known.unwrap_or_else(|| "Nobody".to_owned()))
    }
} also
    do_ack do_cancel do_prack do_update do_message do_options do_register do_subscribe
    do_notify do_publish do_refer do_request;
    do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
);
