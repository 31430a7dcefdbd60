//! Rings in do-invite and never answers, so that a caller has the time to change its mind.
#[path = "../../raw.rs"]
mod raw;

struct Rings;

guest!(Rings {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(request: &raw::Request, _: raw::View) -> Result<(), String> {
        let ringing = request.create_response(180, None).map_err(|error| format!("{error:?}"))?;
        ringing.send().map_err(|error| format!("{error:?}"))
    }
});
