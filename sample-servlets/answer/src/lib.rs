//! Answers every call with the caller's own media description, so that a caller hears itself.
#![forbid(unsafe_code)]

use siplet::prelude::*;

/// What this servlet has handlers for, as it tells those who ask.
const ALLOW: &str = "INVITE, ACK, BYE, CANCEL, OPTIONS, MESSAGE";
const SDP: &str = "application/sdp";

/// A media description that takes part and sends nothing, for a caller who wants us to make the offer.
const NO_MEDIA: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                        m=audio 9 RTP/AVP 0\r\na=inactive\r\n";

/// Rings and answers. That the caller hangs up is the default handler's business.
#[derive(Debug)]
pub struct Answer;

#[servlet]
impl Servlet for Answer {
    fn do_invite(&self, request: Request) -> Result {
        if !understands(request.content_type().as_deref()) {
            // RFC 3261 §8.2.3: 415 names in Accept what would be understood.
            return request.create_response(415)?.with_header("Accept", SDP)?.send();
        }
        if request.is_initial()? {
            request.create_response(180)?.send()?;
        }
        let body = if request.body().is_empty() { NO_MEDIA.as_bytes() } else { request.body() };
        request.create_response(200)?.with_body(SDP, body)?.send()
    }

    fn do_options(&self, request: Request) -> Result {
        request.create_response(200)?.with_header("Allow", ALLOW)?.with_header("Accept", SDP)?.send()
    }

    fn do_message(&self, request: Request) -> Result {
        log::debug!("{} wrote {} octets", request.from()?.uri_text(), request.body().len());
        request.create_response(200)?.send()
    }
}

/// Whether a call with that body can be answered; one without a body can.
fn understands(content_type: Option<&str>) -> bool {
    content_type.is_none_or(|content_type| content_type == SDP)
}

#[cfg(test)]
mod tests {
    use super::understands;

    #[test]
    fn a_call_with_another_body_than_sdp_is_not_understood() {
        assert!(understands(None));
        assert!(understands(Some("application/sdp")));
        assert!(!understands(Some("application/isup")));
    }
}
