//! Loops and spirals: RFC 5393 §4.2.

use super::*;
use crate::limits::Limits;
use bytes::Bytes;

const KEY: HashKey = HashKey::new(1, 2);

fn request(start: &str, lines: &str) -> Message {
    let text = format!(
        "{start} SIP/2.0\r\n{lines}\r\nFrom: <sip:a@h>;tag=a\r\nTo: <sip:b@h>\r\nCall-ID: c\r\nCSeq: 7 INVITE\r\n\r\n"
    );
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

fn hash(start: &str, lines: &str) -> u64 {
    loop_hash(&request(start, lines), &[], &KEY)
}

/// RFC 5393 §4.2.1: what decides the way changes the hash, the method and what passes leave behind do not.
#[test]
fn the_hash_depends_on_what_decides_the_way() {
    let usual = hash("INVITE sip:b@h", "Via: SIP/2.0/UDP p;branch=z9hG4bK1\r\nMax-Forwards: 70");
    for (start, lines) in [
        (
            "INVITE sip:b@h",
            "Via: SIP/2.0/UDP q;branch=z9hG4bK2, SIP/2.0/UDP p;branch=z9hG4bK1\r\nMax-Forwards: 69",
        ),
        ("ACK sip:b@h", "Foo: y"),
        ("CANCEL sip:b@h", "Foo: y"),
        ("INVITE sip:b@h", "Record-Route: <sip:p;lr>"),
    ] {
        assert_eq!(hash(start, lines), usual, "{start} {lines}");
    }
    let others = [
        hash("INVITE sip:c@h", "Foo: y"),
        hash("INVITE sip:b@h", "Route: <sip:p;lr>"),
        hash("INVITE sip:b@h", "Route: <sip:p;lr>\r\nRoute: <sip:q;lr>"),
        hash("INVITE sip:b@h", "Proxy-Require: <sip:p;lr>"),
        hash("INVITE sip:b@h", "Proxy-Authorization: Digest x=y"),
        loop_hash(&request("INVITE sip:b@h", "Foo: y"), &[b"night"], &KEY),
        loop_hash(&request("INVITE sip:b@h", "Foo: y"), &[b"nig", b"ht"], &KEY),
        loop_hash(&request("INVITE sip:b@h", "Foo: y"), &[], &HashKey::new(1, 3)),
    ];
    let mut all: Vec<u64> = others.into_iter().chain([usual]).collect();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), others.len() + 1);
}

/// RFC 5393 §4.2.2: the same again is a loop, another one a spiral.
#[test]
fn a_loop_is_told_from_a_spiral() {
    let first = request("INVITE sip:b@h", "Via: SIP/2.0/UDP ua;branch=z9hG4bK0");
    let hash = loop_hash(&first, &[], &KEY);
    let ours = format!("Via: SIP/2.0/UDP us;branch=z9hG4bKx.{hash:x}, SIP/2.0/UDP ua;branch=z9hG4bK0");
    let second_part = |via: &Via<'_>| {
        let branch = core::str::from_utf8(via.branch()?).ok()?;
        (via.host() == b"us").then(|| u64::from_str_radix(branch.split_once('.')?.1, 16).ok())?
    };
    let looped = |start: &str, via: &str| {
        let again = request(start, via);
        has_looped(&again, second_part, loop_hash(&again, &[], &KEY))
    };
    assert!(looped("INVITE sip:b@h", &ours));
    assert!(!looped("INVITE sip:other@h", &ours), "a spiral");
    assert!(!looped("INVITE sip:b@h", &ours.replace("UDP us", "UDP they")), "somebody else's branch");
    assert!(!looped("INVITE sip:b@h", "Via: SIP/2.0/UDP us;branch=z9hG4bKnone"));
    assert!(!looped("INVITE sip:b@h", "Via: nonsense"));
    assert!(!has_looped(&first, second_part, hash));
}
