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
        if request.header("Accept").is_some() && !request.header_values("Accept").any(includes_sdp) {
            // RFC 3261 §21.4.7: whatever we say, this caller will not have it.
            return request.create_response(406)?.send();
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

/// Whether a media range of an Accept header includes a session description (RFC 3261 §20.1).
fn includes_sdp(range: &str) -> bool {
    let media = range.split(';').next().unwrap_or_default().trim();
    ["*/*", "application/*", SDP].iter().any(|known| media.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::{includes_sdp, understands};

    #[test]
    fn a_caller_that_takes_no_sdp_is_told_so() {
        assert!(includes_sdp("application/sdp;level=1"));
        assert!(includes_sdp("Application/*"));
        assert!(includes_sdp("*/*;q=0.1"));
        assert!(!includes_sdp("text/nobodyKnowsThis"));
    }

    #[test]
    fn a_call_with_another_body_than_sdp_is_not_understood() {
        assert!(understands(None));
        assert!(understands(Some("application/sdp")));
        assert!(!understands(Some("application/isup")));
    }
}
