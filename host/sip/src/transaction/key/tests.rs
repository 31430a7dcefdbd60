use super::*;
use crate::limits::Limits;
use bytes::Bytes;

const KEY: HashKey = HashKey::new(1, 2);

const INVITE: &str = "INVITE sip:bob@biloxi.example SIP/2.0\r\n\
    Via: SIP/2.0/UDP pc33.atlanta.example:5062;branch=z9hG4bK776asdhds;rport\r\n\
    Max-Forwards: 70\r\n\
    From: Alice <sip:alice@atlanta.example>;tag=1928301774\r\n\
    To: Bob <sip:bob@biloxi.example>\r\n\
    Call-ID: a84b4c76e66710@pc33\r\n\
    CSeq: 314159 INVITE\r\n\
    Content-Length: 0\r\n\r\n";

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

fn torture(name: &str) -> Message {
    let path = format!("{}/../../tests/torture/rfc4475/{name}.dat", env!("CARGO_MANIFEST_DIR"));
    Message::parse(std::fs::read(path).unwrap().into(), &Limits::default()).unwrap()
}

/// `text` with a list of `from -> to` changes.
fn edit(text: &str, edits: &[(&str, &str)]) -> String {
    edits.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "nothing to change: {from}");
        text.replace(from, to)
    })
}

fn rfc2543(branch: &str) -> String {
    INVITE.replace(";branch=z9hG4bK776asdhds", branch)
}

fn key(text: &str) -> ServerKey {
    ServerKey::of_request(&message(text), &KEY).unwrap()
}

/// Whether the request after the edits has the name of the one before.
fn check(source: &str, base: &str, edits: &[(&str, &str)], same: bool) {
    assert!(source.starts_with("RFC "), "a row names its source");
    assert_eq!(key(base) == key(&edit(base, edits)), same, "{source}: {edits:?}");
}

/// RFC 3261 §17.2.3: branch, sent-by and method, and nothing else.
#[test]
fn with_the_cookie_the_name_is_branch_sent_by_and_method() {
    let same = |edits: &[(&str, &str)]| check("RFC 3261 §17.2.3", INVITE, edits, true);
    let differs = |edits: &[(&str, &str)]| check("RFC 3261 §17.2.3", INVITE, edits, false);
    same(&[]);
    same(&[("INVITE", "ACK")]);
    same(&[("sip:bob@biloxi.example SIP", "sip:carol@biloxi.example SIP"), ("314159", "7")]);
    same(&[("tag=1928301774", "tag=other"), ("a84b4c76e66710", "other"), ("UDP", "TCP")]);
    same(&[("pc33.atlanta.example:5062", "PC33.Atlanta.EXAMPLE:5062")]);
    same(&[(";rport", ";received=192.0.2.1;rport=9988")]);
    same(&[("Max-Forwards", "Via: SIP/2.0/UDP other;branch=z9hG4bKother\r\nMax-Forwards")]);
    differs(&[("INVITE", "OPTIONS")]);
    differs(&[("INVITE", "CANCEL")]);
    differs(&[("INVITE", "invite")]);
    differs(&[("776asdhds", "776asdhdt")]);
    differs(&[("776asdhds", "776ASDHDS")]);
    differs(&[("pc33.atlanta.example:5062", "pc34.atlanta.example:5062")]);
    differs(&[(":5062", ":5063")]);
    differs(&[(":5062", "")]);
}

/// RFC 3261 §17.2.3: without the cookie the rules of RFC 2543; so too when the cookie is all there is.
#[test]
fn without_the_cookie_the_name_is_made_of_the_fields_of_rfc_2543() {
    for branch in ["", ";branch=1", ";branch=z9hG4bK", ";branch=Z9hG4bk"] {
        let base = rfc2543(branch);
        let same = |edits: &[(&str, &str)]| check("RFC 3261 §17.2.3", &base, edits, true);
        let differs = |edits: &[(&str, &str)]| check("RFC 3261 §17.2.3", &base, edits, false);
        same(&[]);
        same(&[("INVITE", "ACK")]);
        same(&[("INVITE", "ACK"), ("bob@biloxi.example>\r\nCall", "bob@biloxi.example>;tag=uas\r\nCall")]);
        same(&[(";rport", ";received=192.0.2.1;rport=9988"), ("pc33.atlanta", "PC33.atlanta")]);
        differs(&[("INVITE", "OPTIONS")]);
        differs(&[("sip:bob@biloxi.example SIP", "sip:carol@biloxi.example SIP")]);
        differs(&[("tag=1928301774", "tag=other")]);
        differs(&[(";tag=1928301774", "")]);
        differs(&[("a84b4c76e66710", "other")]);
        differs(&[("314159", "314160")]);
        differs(&[("pc33.atlanta", "pc34.atlanta")]);
        differs(&[("UDP", "TCP")]);
        let other = if branch.is_empty() { ";rport" } else { branch };
        differs(&[(other, ";branch=other")]);
    }
}

/// RFC 3261 §17.2.3: for any other method the To tag counts.
#[test]
fn without_the_cookie_the_to_tag_names_a_request_that_is_no_invite() {
    let bye = rfc2543("").replace("INVITE", "BYE");
    let tagged = [("bob@biloxi.example>\r\nCall", "bob@biloxi.example>;tag=uas\r\nCall")];
    check("RFC 3261 §17.2.3", &bye, &tagged, false);
}

/// RFC 3261 §9.2: a CANCEL finds its INVITE and has a name of its own.
#[test]
fn a_cancel_finds_its_invite() {
    for invite in [INVITE.to_owned(), rfc2543(""), rfc2543(";branch=1")] {
        let cancel = message(&invite.replace("INVITE", "CANCEL"));
        assert_eq!(ServerKey::of_canceled_invite(&cancel, &KEY).unwrap(), key(&invite));
        assert_ne!(ServerKey::of_request(&cancel, &KEY).unwrap(), key(&invite));
        let other = message(&edit(&invite, &[("INVITE", "CANCEL"), (":5062", ":5063")]));
        assert_ne!(ServerKey::of_canceled_invite(&other, &KEY).unwrap(), key(&invite));
    }
}

/// RFC 3261 §8.2.2.2: the same request over two paths has two transactions and one merge name.
#[test]
fn a_merged_request_is_known_by_from_tag_call_id_and_cseq() {
    let merge = |edits: &[(&str, &str)]| {
        MergeKey::of_request(&message(&edit(INVITE, edits)), &KEY).unwrap().expect("an initial request")
    };
    assert_ne!(key(INVITE), key(&edit(INVITE, &[("776asdhds", "another")])));
    assert_eq!(merge(&[]), merge(&[("776asdhds", "another"), ("sip:bob@biloxi.example SIP", "sip:b@h SIP")]));
    assert_ne!(merge(&[]), merge(&[("tag=1928301774", "tag=other")]));
    assert_ne!(merge(&[]), merge(&[("a84b4c76e66710", "other")]));
    assert_ne!(merge(&[]), merge(&[("314159", "314160")]));
    assert_ne!(merge(&[]), merge(&[("INVITE", "OPTIONS")]));
}

/// RFC 3261 §8.2.2.2: only a request without a To tag can be merged; ACK and CANCEL go with their INVITE.
#[test]
fn a_request_in_a_dialog_has_no_merge_name() {
    let none = |edits: &[(&str, &str)]| {
        assert_eq!(MergeKey::of_request(&message(&edit(INVITE, edits)), &KEY), Ok(None), "{edits:?}");
    };
    none(&[("bob@biloxi.example>\r\nCall", "bob@biloxi.example>;tag=uas\r\nCall")]);
    none(&[("INVITE", "ACK")]);
    none(&[("INVITE", "CANCEL")]);
}

#[test]
fn a_message_without_the_fields_of_a_name_is_malformed() {
    let response = INVITE.replace("INVITE sip:bob@biloxi.example SIP/2.0", "SIP/2.0 200 OK");
    assert_eq!(ServerKey::of_request(&message(&response), &KEY), Err(Malformed::StartLine));
    let without = |name: &str, text: &str| {
        let kept: Vec<&str> = text.split("\r\n").filter(|line| !line.starts_with(name)).collect();
        ServerKey::of_request(&message(&kept.join("\r\n")), &KEY)
    };
    assert_eq!(without("Via", INVITE), Err(Malformed::Missing(Part::Via)));
    assert_eq!(without("CSeq", &rfc2543("")), Err(Malformed::Missing(Part::CSeq)));
    assert_eq!(without("Call-ID", &rfc2543("")), Err(Malformed::Missing(Part::CallId)));
    assert!(without("Call-ID", INVITE).is_ok(), "the branch alone names the transaction");
}

/// RFC 4475 §3.4.1 (inv2543) and §3.2.1 (badbranch) take the way of RFC 2543.
#[test]
fn torture_requests_without_a_usable_branch_still_have_a_name() {
    for name in ["inv2543", "badbranch"] {
        let request = torture(name);
        assert_eq!(request.top_via().unwrap().magic_branch(), None, "{name}");
        let first = ServerKey::of_request(&request, &KEY).unwrap();
        assert_eq!(first, ServerKey::of_request(&torture(name), &KEY).unwrap());
    }
    let names =
        ["inv2543", "badbranch", "wsinv", "intmeth", "esc01", "longreq", "semiuri", "transports", "lwsdisp"];
    let mut keys: Vec<_> =
        names.map(|name| ServerKey::of_request(&torture(name), &KEY).unwrap()).into_iter().collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), names.len(), "different requests have different names");
}

#[test]
fn another_secret_gives_other_names() {
    let other = HashKey::new(1, 3);
    assert_ne!(key(INVITE), ServerKey::of_request(&message(INVITE), &other).unwrap());
    assert_eq!(format!("{other:?}"), "HashKey(..)");
}

/// A peer cannot move octets from one field into the next and keep the name.
#[test]
fn fields_do_not_run_into_each_other() {
    let moved = [("tag=1928301774", "tag=1928301774a84b4c76e"), ("ID: a84b4c76e", "ID: ")];
    check("RFC 3261 §17.2.3", &rfc2543(""), &moved, false);
    let moved = [("776asdhds", "776asdhdspc33"), ("UDP pc33.atlanta", "UDP atlanta")];
    check("RFC 3261 §17.2.3", INVITE, &moved, false);
}
