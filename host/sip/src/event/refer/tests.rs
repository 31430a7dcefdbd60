//! REFER: RFC 3515, RFC 4488.

use super::*;
use crate::limits::Limits;

fn refer(lines: &str) -> Message {
    let text = format!("REFER sip:b SIP/2.0\r\nCSeq: 93809823 REFER\r\n{lines}\r\n\r\n");
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

/// RFC 3515 §2.4.2, §2.4.6; RFC 4488 §4.
#[test]
fn a_refer_has_one_target_and_makes_a_subscription_unless_asked_not_to() {
    for (lines, silent, first, expected) in [
        ("Refer-To: sip:c@h", true, true, "refer"),
        ("r: <sip:c@h;method=BYE?Replaces=a%40b>", true, false, "refer;id=93809823"),
        ("Refer-To: \"C, d\" <sip:c@h>", true, true, "refer"),
        ("Refer-To: <http://h/page>", true, true, "refer"),
        ("Refer-To: sip:c@h\r\nRefer-Sub: false", true, true, "silent"),
        ("Refer-To: sip:c@h\r\nRefer-Sub: FALSE;x=y", true, true, "silent"),
        ("Refer-To: sip:c@h\r\nRefer-Sub: false", false, true, "refer"),
        ("Refer-To: sip:c@h\r\nRefer-Sub: true", true, true, "refer"),
        ("Foo: y", true, true, "missing Refer-To"),
        ("Refer-To: sip:c@h\r\nRefer-To: sip:d@h", true, true, "repeated Refer-To"),
        ("Refer-To: sip:c@h, sip:d@h", true, true, "malformed Refer-To"),
        ("Refer-To: <sip:c@h>, <sip:d@h>", true, true, "malformed Refer-To"),
        ("Refer-To: sip:", true, true, "malformed Refer-To"),
        ("Refer-To: <sip:c@h", true, true, "malformed Refer-To"),
    ] {
        let verdict = match judge_refer(&refer(lines), silent, first) {
            Ok(ReferVerdict::Silent) => "silent".to_owned(),
            Ok(ReferVerdict::Subscribe { event }) => String::from_utf8(event.to_value()).unwrap(),
            Err(fault) => fault.to_string(),
        };
        assert_eq!(verdict, expected, "{lines} {silent} {first}");
    }
}

/// RFC 3515 §2.4.5.
#[test]
fn a_sipfrag_tells_a_status() {
    assert_eq!(&*sipfrag_of(100), b"SIP/2.0 100 Trying\r\n");
    assert_eq!(sipfrag_status(&sipfrag_of(603)), Some(603));
    for (body, expected) in [
        ("SIP/2.0 200 OK", Some(200)),
        ("SIP/2.0 503 Service Unavailable\r\nVia: x\r\n\r\n", Some(503)),
        ("SIP/2.0 486", Some(486)),
        ("SIP/2.0 99 x", None),
        ("SIP/2.0 700 x", None),
        ("SIP/2.0 2000 x", None),
        ("SIP/2.0 +20 x", None),
        ("SIP/1.0 200 OK", None),
        ("INVITE sip:b SIP/2.0", None),
        ("SIP/2.0 ", None),
        ("", None),
    ] {
        assert_eq!(sipfrag_status(body.as_bytes()), expected, "{body:?}");
    }
}
