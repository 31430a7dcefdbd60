//! Answers every call with the caller's own media description, so that a caller hears itself.
#![forbid(unsafe_code)]

use siplet::prelude::*;

/// Rings and answers. A BYE is answered by the default handler.
#[derive(Debug)]
pub struct Hello;

#[servlet]
impl Servlet for Hello {
    fn do_invite(&self, request: Request) -> Result {
        log::info!("{} calls", request.from()?.uri_text());
        request.create_response(180)?.send()?;
        request.create_response(200)?.with_body("application/sdp", request.body())?.send()
    }
}

#[cfg(test)]
mod tests {
    use siplet::native::Instance;

    use super::Hello;

    #[test]
    fn it_has_a_handler_for_calls_and_leaves_the_rest_to_the_host() {
        let hello = Instance::of::<Hello>([] as [(&str, &str); 0]).expect("it needs no parameters");
        assert!(hello.descriptor().contains(r#""handlers":["do-invite"]"#));
    }
}
