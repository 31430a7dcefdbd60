//! Reading and changing messages.

use siplet::native::Ended;
use siplet::prelude::*;

use crate::support::{BUSY, INVITE, Msg, run, run_msg};

struct Reader;

#[servlet(name = "reader")]
impl Servlet for Reader {
    fn do_invite(&self, request: Request) -> Result {
        assert_eq!(request.method(), Method::Invite);
        assert_eq!(request.request_uri()?.user(), Some("carol"));
        assert_eq!(request.header("from"), request.header("F"));
        assert_eq!(request.from()?.display_name().as_deref(), Some("Alice A."));
        assert_eq!(request.from()?.uri()?.param("user").as_deref(), Some("phone"));
        assert_eq!((request.from()?.tag(), request.to()?.tag()), (Some("a1"), None));
        assert_eq!(request.headers("Supported").collect::<Vec<_>>(), ["timer, 100rel", "path"]);
        assert_eq!(request.header_values("Supported").collect::<Vec<_>>(), ["timer", "100rel", "path"]);
        assert_eq!(request.content_type().as_deref(), Some("application/sdp"));
        assert_eq!((request.call_id(), request.body()), ("call-1", b"v=0".as_slice()));
        assert_eq!(request.header("Subject"), None);
        let names: Vec<&str> = request.header_lines().map(|(name, _)| name).collect();
        assert_eq!(names[1..3], ["From", "To"], "known names are given in their long form");
        assert_eq!(request.peer()?.map(|peer| peer.port), Some(5060));
        Ok(())
    }
}

// jsr289: SipServletMessage.getHeader(String); SipServletMessage.getHeaders(String)
// jsr289: SipServletMessage.getHeaderNames(); SipServletMessage.getFrom(); SipServletMessage.getTo()
// jsr289: SipServletMessage.getCallId(); SipServletMessage.getContent(); SipServletMessage.getRawContent()
// jsr289: SipServletMessage.getContentLength(); SipServletMessage.getContentType()
// jsr289: SipServletMessage.getRemotePort(); SipServletMessage.getMethod(); SipServletRequest.getRequestURI()
// jsr289: Address.getDisplayName(); Address.getURI(); SipURI.getUser(); URI.getParameter(String)
#[test]
fn a_request_is_read_by_names_in_any_form() {
    let (ended, host) = run::<Reader>("do-invite", INVITE);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.views, 1, "the message is had once");
}

struct Lossy;

#[servlet]
impl Servlet for Lossy {
    fn do_invite(&self, request: Request) -> Result {
        assert_eq!(request.header("x-note"), Some("caf\u{fffd}"));
        assert_eq!(request.header("X-NOTE"), Some("caf\u{fffd}"), "a second time as well");
        assert_eq!(request.header_bytes("X-Note"), Some(b"caf\xe9".as_slice()));
        Ok(())
    }
}

#[test]
fn a_value_that_is_not_utf8_is_read_lossily_and_given_octet_for_octet() {
    let mut invite = Msg::read(INVITE);
    invite.lines.iter_mut().find(|(name, _)| name == "X-Note").unwrap().1 = b"caf\xe9".to_vec();
    assert_eq!(run_msg::<Lossy>("do-invite", invite).0, Ended::Done);
}

struct Answer;

#[servlet]
impl Servlet for Answer {
    fn do_invite(&self, request: Request) -> Result {
        request.create_response(180)?.send()?;
        request.create_response(200)?.with_body("application/sdp", request.body())?.send()
    }
}

// jsr289: SipServletRequest.createResponse(int); SipServletResponse.send()
#[test]
fn what_a_handler_sends_leaves_in_order() {
    let (ended, host) = run::<Answer>("do-invite", INVITE);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.sent(), ["SIP/2.0 180 Phrase", "SIP/2.0 200 Phrase | Content-Type: application/sdp"]);
    assert_eq!(host.messages[2].body, b"v=0");
}

struct Editor;

#[servlet]
impl Servlet for Editor {
    fn do_invite(&self, request: Request) -> Result {
        let before = request.header("Subject").map(str::to_owned);
        let from = request.header("From").map(str::to_owned);
        request.set_header("s", "changed")?;
        request.add_header("X-Note", "two")?;
        request.remove_header("Supported")?;
        request.set_body("text/plain", "hello")?;
        request.set_request_uri("sip:dave@example.com")?;
        assert_eq!((before.as_deref(), request.header("Subject")), (None, Some("changed")));
        assert_eq!(request.headers("X-Note").last(), Some("two"));
        assert_eq!(request.header("Supported"), None);
        assert_eq!(
            (request.body(), request.content_type().as_deref()),
            (b"hello".as_slice(), Some("text/plain"))
        );
        assert_eq!(request.request_uri_text(), "sip:dave@example.com");
        assert_eq!(request.header("From"), from.as_deref());
        Ok(())
    }
}

// jsr289: SipServletMessage.setHeader(String, String); SipServletMessage.addHeader(String, String)
// jsr289: SipServletMessage.removeHeader(String); SipServletMessage.setContent(Object, String)
// jsr289: SipServletRequest.setRequestURI(URI)
#[test]
fn a_read_after_a_write_is_right_and_costs_one_view() {
    let (ended, host) = run::<Editor>("do-invite", INVITE);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.views, 2, "one before the changes, one behind them");
}

struct Careful;

#[servlet]
impl Servlet for Careful {
    fn do_invite(&self, request: Request) -> Result {
        let lent = request.header("To").unwrap_or_default();
        request.set_header("To", "<sip:erin@example.com>")?;
        let anew = request.header("To").unwrap_or_default();
        assert_eq!((lent, anew), ("<sip:carol@example.com>", "<sip:erin@example.com>"));
        Ok(())
    }
}

#[test]
fn a_text_that_was_lent_before_a_change_stays_as_it_was() {
    assert_eq!(run::<Careful>("do-invite", INVITE).0, Ended::Done);
}

struct Asker;

#[servlet]
impl Servlet for Asker {
    fn do_error_response(&self, response: Response) -> Result {
        assert_eq!((response.status(), response.reason()), (486, "Busy Here"));
        let (first, second) = (response.request(), response.request());
        assert_eq!((first.method(), first.call_id()), (Method::Invite, "call-1"));
        assert_eq!(second.header("To"), first.header("To"));
        response.create_ack()?.send()?;
        response.session().create_request("BYE")?.with_header("Reason", "SIP;cause=486")?.send()?;
        let other = response.application_session();
        other.create_request("INVITE", "<sip:a@x>", "<sip:b@x>")?.with_body("text/plain", "hi")?.send()
    }
}

// jsr289: SipServletRequest.send(); SipServletMessage.send(); SipServletResponse.getStatus()
// jsr289: SipServletResponse.getReasonPhrase(); SipServletResponse.getRequest(); SipServletResponse.createAck()
// jsr289: SipSession.createRequest(String)
// jsr289: SipFactory.createRequest(SipApplicationSession, String, String, String)
#[test]
fn the_request_of_a_response_is_had_by_one_view_and_requests_are_made() {
    let (ended, host) = run::<Asker>("do-error-response", BUSY);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.views, 2, "the response and its request, each once");
    let methods: Vec<String> =
        host.sent().iter().map(|line| line.split(' ').next().unwrap().to_owned()).collect();
    assert_eq!(methods, ["ACK", "BYE", "INVITE"]);
}

struct Defaults;

#[servlet]
impl Servlet for Defaults {
    fn do_invite(&self, _: Request) -> Result {
        Ok(())
    }

    fn do_info(&self, _: Request) -> Result {
        Ok(())
    }
}

#[test]
fn what_has_no_handler_gets_the_default() {
    let sent = |handler: &str, message: &str| run::<Defaults>(handler, message).1.sent();
    assert_eq!(sent("do-bye", INVITE), ["SIP/2.0 200 Phrase"]);
    assert_eq!(
        sent("do-message", INVITE),
        ["SIP/2.0 405 Phrase | Allow: INVITE, INFO, OPTIONS, ACK, CANCEL, BYE"]
    );
    assert!(sent("do-options", INVITE)[0].starts_with("SIP/2.0 200 Phrase | Allow: INVITE"));
    assert_eq!(sent("do-ack", INVITE), [""; 0]);
    assert_eq!(sent("do-error-response", BUSY), [""; 0]);
}
