//! What the bench of the host measures: an empty handler (do-options), and one of ten operations (do-invite): six look
//! headers up in the message that was handed over, four are actions of the host.
#[path = "../../raw.rs"]
mod raw;

struct Measured;

guest!(Measured {
    fn init(_: Vec<(String, String)>) -> Result<(), String> {
        raw::tell_panics();
        Ok(())
    }

    fn do_invite(request: &raw::Request, view: raw::View) -> Result<(), String> {
        let mut length = 0;
        for name in ["from", "to", "call-id", "cseq", "contact", "content-type"] {
            length += header(&view, name).map_or(0, <[u8]>::len);
        }
        let session = request.session().map_err(text)?;
        session.set_attribute("decision", &[length as u8; 32]).map_err(text)?;
        let response = request.create_response(200, None).map_err(text)?;
        response.send().map_err(text)
    }
} also
    do_ack do_bye do_cancel do_prack do_update do_info do_message do_options do_register do_subscribe do_notify
    do_publish do_refer do_request;
    do_provisional_response do_success_response do_redirect_response do_error_response do_branch_response
);

fn text(error: raw::Error) -> String {
    format!("{error:?}")
}

/// Value of the first header line of that name.
fn header<'a>(view: &'a raw::View, name: &str) -> Option<&'a [u8]> {
    let line = view.index[8..].chunks_exact(5).find(|line| {
        let (start, length) = (line[1] as usize, line[2] as usize);
        view.bytes[start..start + length].eq_ignore_ascii_case(name.as_bytes())
    })?;
    Some(&view.bytes[line[3] as usize..][..line[4] as usize])
}
