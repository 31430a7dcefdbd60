//! Reason and Warning: RFC 3326 §2, RFC 3261 §20.43.

use super::*;

/// RFC 3326 §2.
#[test]
fn reasons_are_read_and_written() {
    for (text, written) in [
        (
            "SIP ;cause=200 ;text=\"Call completed elsewhere\"",
            "SIP;cause=200;text=\"Call completed elsewhere\"",
        ),
        ("Q.850;cause=16;text=\"Terminated\"", "Q.850;cause=16;text=\"Terminated\""),
        ("SIP;text=\"a \\\"b\\\" \\\\ c\";cause=600", "SIP;cause=600;text=\"a \\\"b\\\" \\\\ c\""),
        ("preemption", "preemption"),
        ("SIP;cause=x", "SIP"),
        ("SIP;cause", "SIP"),
        ("SIP;cause=99999999999", "SIP"),
        ("SIP;text=word", "SIP;text=\"word\""),
        ("SIP;text", "SIP;text=\"\""),
    ] {
        let reason = Reason::parse(text.as_bytes()).unwrap();
        let value = reason.to_value();
        assert_eq!(String::from_utf8_lossy(&value), written, "{text}");
        assert_eq!(Reason::parse(&value), Some(reason));
    }
    for text in ["", ";cause=200", "S IP;cause=1", "\"SIP\""] {
        assert_eq!(Reason::parse(text.as_bytes()), None, "{text:?}");
    }
    assert_eq!(
        Reason::sip(200, "Call completed elsewhere").to_value(),
        b"SIP;cause=200;text=\"Call completed elsewhere\""
    );
    let odd = Reason { protocol: b"SIP", cause: None, text: Some(Cow::Borrowed(b"a\r\nEvil: 1")) };
    let mut draft = crate::draft::Draft::request(crate::method::Method::Bye, b"sip:b").unwrap();
    assert!(draft.add("Reason", &odd.to_value()).is_err(), "no text brings a line in");
}

/// RFC 3261 §20.43.
#[test]
fn warnings_are_read_and_written() {
    for (text, written) in [
        (
            "307 isi.edu \"Session parameter 'foo' not understood\"",
            "307 isi.edu \"Session parameter 'foo' not understood\"",
        ),
        (" 301  isi.edu:5060  \"a \\\"b\\\"\" ", "301 isi.edu:5060 \"a \\\"b\\\"\""),
        ("399 x \"\"", "399 x \"\""),
    ] {
        let warning = Warning::parse(text.as_bytes()).unwrap();
        let value = warning.to_value();
        assert_eq!(String::from_utf8_lossy(&value), written, "{text}");
        assert_eq!(Warning::parse(&value), Some(warning));
    }
    for text in [
        "",
        "307",
        "307 h",
        "307 h text",
        "307 h \"open",
        "30 h \"x\"",
        "3070 h \"x\"",
        "3x7 h \"x\"",
        "307 \"x\"",
        "307 h \"x\" y",
        "\u{e9}\u{e9}",
    ] {
        assert_eq!(Warning::parse(text.as_bytes()), None, "{text:?}");
    }
}
