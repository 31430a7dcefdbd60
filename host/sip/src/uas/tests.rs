//! What a UAS refuses: RFC 3261 §8.2, §20.1, §21.4.

use super::*;
use crate::limits::Limits;
use bytes::Bytes;

const ABILITIES: Abilities<'static> = Abilities {
    methods: &["INVITE", "ACK", "CANCEL", "OPTIONS"],
    schemes: &["sip", "sips"],
    extensions: &["100rel", "timer"],
    needs: &[],
    body_types: &["application/sdp", "text/plain"],
    encodings: &["gzip"],
    languages: &["en"],
    produces: &["application/sdp"],
    body_bytes: 10,
};

fn message(start: &str, lines: &str, body: &str) -> Message {
    let text = format!("{start} SIP/2.0\r\n{lines}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

fn verdict(start: &str, lines: &str, body: &str, abilities: &Abilities<'_>) -> String {
    match judge(&message(start, lines, body), abilities) {
        Ok(()) => "-".to_owned(),
        Err(Refusal { status, headers }) => {
            let lines: Vec<String> = headers.iter().map(|(id, value)| format!("{id}: {value}")).collect();
            [status.to_string()].into_iter().chain(lines).collect::<Vec<_>>().join(" ")
        }
    }
}

/// RFC 3261 §8.2.1, §8.2.2.1, §8.2.2.3, §8.2.3, §21.4.7, §21.4.11, §21.4.13.
#[test]
fn what_cannot_be_done_is_refused_with_what_can() {
    let invite = "INVITE sip:b";
    let allow = "405 Allow: INVITE, ACK, CANCEL, OPTIONS";
    for (start, lines, body, expected) in [
        (invite, "Foo: y", "", "-"),
        ("MESSAGE sip:b", "Require: foo", "", allow),
        ("invite sip:b", "Foo: y", "", allow),
        ("INVITE tel:+1", "Require: foo", "", "416"),
        ("INVITE SIPS:b", "Foo: y", "", "-"),
        ("INVITE nobody:b", "Foo: y", "", "416"),
        (invite, "Require: 100rel, Timer", "", "-"),
        (invite, "Require: foo, 100rel, bar, FOO", "", "420 Unsupported: foo, bar"),
        (invite, "Require: foo\r\nRequire: bar", "", "420 Unsupported: foo, bar"),
        (invite, "Proxy-Require: foo", "", "-"),
        ("CANCEL sip:b", "Require: foo", "", "-"),
        ("ACK sip:b", "Require: foo", "", "-"),
        (invite, "Content-Type: application/sdp", "v=0", "-"),
        (invite, "Content-Type: APPLICATION/sdp;x=y", "v=0", "-"),
        (invite, "Content-Type: application/isup", "v=0", "415 Accept: application/sdp, text/plain"),
        (invite, "Foo: y", "v=0", "415 Accept: application/sdp, text/plain"),
        (
            invite,
            "Content-Type: application/isup\r\nContent-Disposition: signal;handling=optional",
            "v=0",
            "-",
        ),
        (
            invite,
            "Content-Type: application/isup\r\nContent-Disposition: signal;handling=required",
            "v=0",
            "415 Accept: application/sdp, text/plain",
        ),
        (invite, "Content-Type: application/isup", "", "-"),
        (invite, "Content-Type: application/sdp\r\ne: gzip", "v=0", "-"),
        (invite, "Content-Type: application/sdp\r\ne: identity", "v=0", "-"),
        (invite, "Content-Type: application/sdp\r\ne: gzip, tar", "v=0", "415 Accept-Encoding: gzip"),
        (invite, "Content-Type: application/sdp\r\nContent-Language: fr", "v=0", "415 Accept-Language: en"),
        (invite, "Content-Type: application/sdp", "0123456789a", "413"),
        (invite, "Accept: text/html", "", "406"),
        (invite, "Accept: application/*;q=0.1", "", "-"),
        (invite, "Accept:", "", "406"),
    ] {
        assert_eq!(verdict(start, lines, body, &ABILITIES), expected, "{start} {lines}");
    }
    let plain = Abilities { encodings: &[], body_types: &[], languages: &[], produces: &[], ..ABILITIES };
    assert_eq!(verdict(invite, "Content-Type: x/y\r\nContent-Language: fr", "v=0", &plain), "-");
    assert_eq!(verdict(invite, "e: gzip", "v=0", &plain), "415 Accept-Encoding: identity");
    assert_eq!(verdict(invite, "Accept: text/html", "", &plain), "-");
}

/// RFC 3261 §21.4.16: what the client has to know.
#[test]
fn an_extension_that_is_needed_is_asked_for() {
    let abilities = Abilities { needs: &["100rel", "timer"], ..ABILITIES };
    for (lines, expected) in [
        ("Foo: y", "421 Require: 100rel, timer"),
        ("Supported: Timer", "421 Require: 100rel"),
        ("k: timer\r\nRequire: 100rel", "-"),
    ] {
        assert_eq!(verdict("INVITE sip:b", lines, "", &abilities), expected, "{lines}");
    }
    assert_eq!(verdict("CANCEL sip:b", "Foo: y", "", &abilities), "-");
}

/// RFC 3261 §20.1.
#[test]
fn the_most_specific_range_of_accept_decides() {
    for (lines, media, expected) in [
        ("Foo: y", "application/sdp", true),
        ("Foo: y", "text/plain", false),
        ("Accept: */*", "text/plain", true),
        ("Accept: */*;q=0", "text/plain", false),
        ("Accept: text/*, */*;q=0", "text/plain", true),
        ("Accept: text/plain;q=0, text/*", "text/plain", false),
        ("Accept: text/plain;q=0, text/*", "text/html", true),
        ("Accept: TEXT/Plain;level=1", "text/plain", true),
        ("Accept: text/plainer", "text/plain", false),
        ("Accept: text", "text/plain", false),
        ("Accept: ,", "text/plain", false),
    ] {
        assert_eq!(accepts(&message("INVITE sip:b", lines, ""), media), expected, "{lines} {media}");
    }
}
