//! Tells its version (the init parameter `label`) in the header X-Version of each answer, and dies in a share of its
//! calls (`dies`, percent). A BYE says in X-Expect which version its call began with.
#[path = "../../raw.rs"]
mod raw;

use std::sync::OnceLock;

struct Versioned;

struct Parameters {
    label: String,
    changed: String,
    dies: u64,
}

static PARAMETERS: OnceLock<Parameters> = OnceLock::new();

fn parameters() -> &'static Parameters {
    PARAMETERS.get().expect("init ran before")
}

/// The value of a header of an unknown name.
fn header(view: &raw::View, name: &str) -> Option<String> {
    let text = String::from_utf8_lossy(&view.bytes).into_owned();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

fn answer(request: &raw::Request, status: u16) -> Result<(), String> {
    let words = |error: raw::Error| format!("{error:?}");
    let response = request.create_response(status, None).map_err(words)?;
    response.add_header("X-Version", parameters().label.as_bytes()).map_err(words)?;
    response.add_header("X-Changed", parameters().changed.as_bytes()).map_err(words)?;
    response.send().map_err(words)
}

guest!(Versioned {
    fn init(given: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        let value = |name: &str| given.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone());
        let dies = value("dies").unwrap_or_else(|| "0".to_owned()).parse().map_err(|_| "dies is no number")?;
        let label = value("label").unwrap_or_default();
        let changed = value("changed").unwrap_or_else(|| "a".to_owned());
        let _ = PARAMETERS.set(Parameters { label, changed, dies });
        Ok(())
    }

    fn do_invite(request: &raw::Request, _: raw::View) -> Result<(), String> {
        if raw::context::random() % 100 < parameters().dies {
            panic!("version {} dies", parameters().label);
        }
        answer(request, 200)
    }

    fn do_bye(request: &raw::Request, view: raw::View) -> Result<(), String> {
        let expected = header(&view, "X-Expect");
        let fits = expected.is_none_or(|expected| expected == parameters().label);
        answer(request, if fits { 200 } else { 488 })
    }
} also
    do_ack do_cancel do_prack do_update do_info do_message do_options do_register do_subscribe
    do_notify do_publish do_refer do_request;
    do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
);
