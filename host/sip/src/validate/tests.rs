use super::*;
use crate::limits::Limits;
use bytes::Bytes;

const GOOD: &str = "INVITE sip:b@example.com SIP/2.0\r\n\
    Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n\
    Max-Forwards: 70\r\n\
    From: <sip:a@example.com>;tag=1\r\n\
    To: <sip:b@example.com>\r\n\
    Call-ID: c\r\n\
    CSeq: 1 INVITE\r\n\
    Contact: <sip:a@192.0.2.1>\r\n\
    Content-Length: 0\r\n\r\n";

fn verdict_of(text: &str) -> Result<(), Verdict> {
    let message = Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default());
    validate(&message.unwrap_or_else(|fault| panic!("{text:?}: {fault}")))
}

/// The verdict on the good request with `old` replaced by `new`.
fn check(old: &str, new: &str, expected: Result<(), Malformed>) {
    assert!(GOOD.contains(old), "{old:?} is part of the good request");
    let expected = expected.map_err(|fault| Verdict::Answer { status: 400, fault });
    assert_eq!(verdict_of(&GOOD.replace(old, new)), expected, "{old:?} -> {new:?}");
}

#[test]
fn what_must_be_there_is_there_once() {
    check("Via", "Via", Ok(()));
    for (line, part, once) in [
        ("From: <sip:a@example.com>;tag=1\r\n", Part::From, true),
        ("To: <sip:b@example.com>\r\n", Part::To, true),
        ("Call-ID: c\r\n", Part::CallId, true),
        ("CSeq: 1 INVITE\r\n", Part::CSeq, true),
        ("Max-Forwards: 70\r\n", Part::MaxForwards, false),
    ] {
        let missing = if once { Err(Malformed::Missing(part)) } else { Ok(()) };
        check(line, "", missing);
        check(line, &line.repeat(2), Err(Malformed::Repeated(part)));
    }
    check("Call-ID: c", "Call-ID:", Err(Malformed::Bad(Part::CallId)));
}

#[test]
fn values_that_decide_must_be_readable() {
    check("1 INVITE", "2147483648 INVITE", Err(Malformed::Bad(Part::CSeq)));
    check("1 INVITE", "1 OPTIONS", Err(Malformed::MethodMismatch));
    check("1 INVITE", "1 invite", Err(Malformed::MethodMismatch));
    check(": 70", ": 256", Err(Malformed::Bad(Part::MaxForwards)));
    check("UDP 192", "UDP, 192", Err(Malformed::Bad(Part::Via)));
    check("<sip:a@example.com>;tag", "\"a <sip:a@example.com>;tag", Err(Malformed::Bad(Part::From)));
    check("To: <sip:b@example.com>", "To: <sip:b@[::1>", Err(Malformed::Bad(Part::To)));
    check("To: <sip:b@example.com>", "To: <urn:service:sos>", Ok(()));
    check("<sip:a@192.0.2.1>", "*", Ok(()));
    check("<sip:a@192.0.2.1>", "<sip:a@192.0.2.1>,,", Err(Malformed::Bad(Part::Contact)));
    check("<sip:a@192.0.2.1>", "sip:a@192.0.2.1?Route=x", Err(Malformed::Bad(Part::Contact)));
    check("Contact:", "Route: <sip:p;lr>, x\r\nContact:", Err(Malformed::Bad(Part::Route)));
    check("Contact:", "Record-Route: <>\r\nContact:", Err(Malformed::Bad(Part::RecordRoute)));
}

#[test]
fn the_request_uri_is_a_uri_and_nothing_else() {
    for bad in ["<sip:b@example.com>", "sip:b@example.com; lr", "sip:b@x?h=v", "sip:2001:db8::1", "b"] {
        check("sip:b@example.com SIP", &format!("{bad} SIP"), Err(Malformed::Bad(Part::RequestUri)));
    }
    for good in ["tel:+1", "sips:x", "soap.beep://192.0.2.103:3002", "sip:[2001:db8::1]:5060;lr"] {
        check("sip:b@example.com SIP", &format!("{good} SIP"), Ok(()));
    }
}

// [3261-18.3-s1]
#[test]
fn faults_of_the_form_are_answered() {
    check("Content-Length: 0", "Content-Length: 9", Err(Malformed::BodyTooShort));
    check("Contact", "Con tact", Err(Malformed::HeaderLine));
    let verdict = verdict_of(&GOOD.replace("SIP/2.0\r\n", "SIP/7.0\r\n"));
    assert_eq!(verdict, Err(Verdict::Answer { status: 505, fault: Malformed::Version }));
}

#[test]
fn vias_are_counted_over_lines_and_lists() {
    let via = "SIP/2.0/UDP h;branch=z9hG4bK1";
    let list = |count: usize| vec![via; count].join(", ");
    check("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", &list(64), Ok(()));
    check("SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1", &list(65), Err(Malformed::TooManyVias));
}

/// RFC 3261 §16.3: what is not looked at is let pass; a response goes by all of its Vias in turn.
#[test]
fn a_lower_via_of_a_request_is_the_business_of_others() {
    let two = GOOD.replace("Max-Forwards", "Via: nonsense\r\nMax-Forwards");
    assert_eq!(verdict_of(&two), Ok(()));
    let response = two.replace("INVITE sip:b@example.com SIP/2.0", "SIP/2.0 200 OK");
    assert_eq!(verdict_of(&response), Err(Verdict::Discard { fault: Malformed::Bad(Part::Via) }));
}

// [3261-18.3-2]
#[test]
fn what_cannot_or_must_not_be_answered_is_dropped() {
    let dropped =
        |text: String, fault| assert_eq!(verdict_of(&text), Err(Verdict::Discard { fault }), "{text}");
    let ack = GOOD.replace("INVITE", "ACK").replace("Call-ID: c\r\n", "");
    dropped(ack, Malformed::Missing(Part::CallId));
    dropped(GOOD.replace("Via:", "X-Via:"), Malformed::Missing(Part::Via));
    let response = |line: &str| GOOD.replace("INVITE sip:b@example.com SIP/2.0", line);
    assert_eq!(verdict_of(&response("SIP/2.0 200 OK")), Ok(()));
    dropped(response("SIP/2.0 200 OK").replace("1 INVITE", "x INVITE"), Malformed::Bad(Part::CSeq));
    dropped(response("SIP/2.0 4294967301 OK"), Malformed::Status);
    dropped(response("SIP/2.0 200 OK").replace("Length: 0", "Length: 9"), Malformed::BodyTooShort);
    for via in [
        "255.255.255.255",
        "[::ffff:255.255.255.255]",
        "192.0.2.1;received=255.255.255.255",
        "h;received=[::ffff:255.255.255.255]",
    ] {
        let via = format!("Via: SIP/2.0/UDP {via}\r\nMax-F");
        dropped(response("SIP/2.0 200 OK").replace("Max-F", &via), Malformed::Broadcast);
        let request = GOOD.replace("Max-F", &via);
        assert_eq!(verdict_of(&request), Ok(()), "a request goes back by its top Via only");
    }
}

/// RFC 3261 §17.1.3 compares the method of a response's CSeq, §25.1 makes it a token.
#[test]
fn the_method_in_the_cseq_of_a_response_is_a_token() {
    let response = GOOD.replace("INVITE sip:b@example.com SIP/2.0", "SIP/2.0 200 OK");
    for (method, expected) in [
        ("FOO", Ok(())),
        ("IN VITE", Err(Malformed::Bad(Part::CSeq))),
        ("INVITE;x", Err(Malformed::Bad(Part::CSeq))),
        ("INV\0ITE", Err(Malformed::Bad(Part::CSeq))),
    ] {
        let verdict = verdict_of(&response.replace("1 INVITE", &format!("1 {method}")));
        assert_eq!(verdict.map_err(|verdict| verdict.fault()), expected, "{method:?}");
    }
}
