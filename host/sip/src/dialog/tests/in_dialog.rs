//! Requests in a dialog, ours and the peer's: RFC 3261 §12.2.

use super::*;
use crate::draft::Draft;
use crate::header::HeaderId;

/// The start line, and the header lines in alphabetical order but for equal names; without Content-Length.
fn lines(draft: &Draft) -> Vec<String> {
    let bytes = draft.to_bytes();
    let all = text(&bytes).trim_end().split("\r\n").map(str::to_owned);
    let mut lines: Vec<String> = all.filter(|line| !line.starts_with("Content-Length")).collect();
    lines[1..].sort_by_key(|line| line.split(':').next().map(str::to_owned));
    lines
}

/// RFC 3261 §12.2.1.1.
// [3261-8.1.1.4-1, 3261-12.2.1.1-1, 3261-12.2.1.1-2, 3261-12.2.1.1-3, 3261-12.2.1.1-4, 3261-12.2.1.1-6]
// [3261-12.2.1.1-9, 3261-12.2.1.1-10, 3261-12.2.1.1-11, 3261-12.2.1.1-12]
// [3261-12.1.1-7]
#[test]
fn our_request_is_written_from_the_dialog() {
    let mut dialog = at_bob(&[]);
    assert_eq!(
        lines(&dialog.next_request(Method::Bye).unwrap()),
        [
            "BYE sip:alice@192.0.2.9:5062 SIP/2.0",
            "CSeq: 1 BYE",
            "Call-ID: call",
            "From: Bob <sip:bob@biloxi.example>;tag=b",
            "Max-Forwards: 70",
            "To: Alice <sip:alice@atlanta.example>;tag=a",
        ]
    );
}

/// Request-URI and Route lines of the next request, for a list of Record-Route values at the UAS.
fn check_routing(record_route: &str, expected: &[&str]) {
    let mut dialog = at_bob(&[&format!("Record-Route: {record_route}")]);
    let request = dialog.next_request(Method::Info).unwrap();
    let routes = request.headers(HeaderId::Route).map(text);
    let seen: Vec<&str> = [text(request.request_uri())].into_iter().chain(routes).collect();
    assert_eq!(seen, expected, "{record_route}");
}

/// RFC 3261 §12.2.1.1, §16.12.1.1: loose and strict routers, alone and mixed; the first one decides.
// [3261-12.2.1.1-13, 3261-12.2.1.1-14, 3261-12.2.1.1-15, 3261-12.2.1.1-16]
#[test]
fn the_first_router_decides_between_loose_and_strict_routing() {
    let target = "sip:alice@192.0.2.9:5062";
    let bracketed = "<sip:alice@192.0.2.9:5062>";
    check_routing("<sip:p1;lr>", &[target, "<sip:p1;lr>"]);
    check_routing("<sip:p1;lr>,<sip:p2;lr>", &[target, "<sip:p1;lr>", "<sip:p2;lr>"]);
    check_routing("<sip:p1;lr>,<sip:p2>", &[target, "<sip:p1;lr>", "<sip:p2>"]);
    check_routing("<sip:p1;LR=on>", &[target, "<sip:p1;LR=on>"]);
    check_routing("<sip:p1>", &["sip:p1", bracketed]);
    check_routing("<sip:p1>,<sip:p2;lr>", &["sip:p1", "<sip:p2;lr>", bracketed]);
    check_routing("\"P\" <sip:u@p1:5070;transport=tcp>;x=y", &["sip:u@p1:5070;transport=tcp", bracketed]);
    check_routing("<sip:p1;lrx>", &["sip:p1;lrx", bracketed]);
    check_routing("<sip:p1>;lr", &["sip:p1", bracketed]);
}

/// RFC 3261 §19.1.1 Table 1: no headers and no method in a Request-URI.
// [3261-12.2.1.1-14]
#[test]
fn what_a_request_uri_must_not_have_is_stripped() {
    check_routing("<sip:p1;method=INVITE;x=y?Subject=a>", &["sip:p1;x=y", "<sip:alice@192.0.2.9:5062>"]);
    let request = invite(&["Contact: <sip:alice@h;transport=tcp;Method=BYE?Route=evil>"]);
    let dialog = Dialog::uas(&request, b"b", 200, false).unwrap();
    assert_eq!(text(&dialog.routing().request_uri), "sip:alice@h;transport=tcp");
    let request = invite(&["Contact: <tel:+358-555-1234567;phone-context=h>"]);
    let dialog = Dialog::uas(&request, b"b", 200, false).unwrap();
    assert_eq!(text(&dialog.routing().request_uri), "tel:+358-555-1234567;phone-context=h");
}

/// RFC 3261 §12.2.1.1: each request has the number after the last one.
// [3261-12.2.1.1-7, 3261-12.2.1.1-8]
#[test]
fn our_numbers_go_up_by_one() {
    let mut uac = at_alice(200, "b", &[]);
    for number in [315, 316, 317] {
        let draft = uac.next_request(Method::Info).unwrap();
        assert_eq!(draft.cseq().unwrap(), (number, Method::Info));
    }
    assert_eq!(uac.next_request(Method::Ack).unwrap_err(), Misuse::AckOrCancel);
    assert_eq!(uac.next_request(Method::Cancel).unwrap_err(), Misuse::AckOrCancel);
    assert_eq!(uac.local_seq(), Some(317), "a refused request uses no number");
}

/// RFC 3261 §8.1.1.5: a number is below 2^31.
// [3261-8.1.1.5-2]
#[test]
fn the_last_number_is_the_last() {
    let last = of_call("INVITE sip:bob@h SIP/2.0", ALICE, BOB, &format!("{} INVITE", CSEQ_MAX - 1), &[]);
    let mut dialog = Dialog::uac(&last, &answer(200, "b", &[BOB_CONTACT]), false).unwrap();
    assert!(dialog.next_request(Method::Bye).is_ok());
    assert_eq!(dialog.next_request(Method::Bye).unwrap_err(), Misuse::SequenceExhausted);
    assert_eq!(dialog.local_seq(), Some(CSEQ_MAX));
}

/// RFC 3261 §13.2.2.4: the ACK has the number of its INVITE, also after later requests.
// [3261-13.2.2.4-4, 3261-17.1.1.3-1]
#[test]
fn the_ack_of_a_2xx_takes_the_number_of_its_invite_and_the_way_of_the_dialog() {
    let mut dialog = at_alice(200, "b", &["Record-Route: <sip:p1;lr>"]);
    dialog.next_request(Method::Info).unwrap();
    let ack = dialog.ack(314).unwrap();
    assert_eq!(
        lines(&ack),
        [
            "ACK sip:bob@192.0.2.4 SIP/2.0",
            "CSeq: 314 ACK",
            "Call-ID: call",
            "From: Alice <sip:alice@atlanta.example>;tag=a",
            "Max-Forwards: 70",
            "Route: <sip:p1;lr>",
            "To: Bob <sip:bob@biloxi.example>;tag=b",
        ]
    );
    assert_eq!(dialog.local_seq(), Some(315));
}

/// RFC 3261 §12.2.2: upwards with gaps; not downwards, and no number twice.
// [3261-12.2.2-3, 3261-12.2.2-4, 3261-12.2.2-s1]
// [3261-15.1.2-1]
#[test]
fn the_peers_numbers_go_up() {
    let mut dialog = at_bob(&[]);
    let mut check = |method: &str, number: u32, expected: Result<(), Violation>, last: u32| {
        assert_eq!(dialog.on_request(&from_alice(method, number, &[])), expected, "{method} {number}");
        assert_eq!(dialog.remote_seq(), Some(last), "{method} {number}");
    };
    check("ACK", 314, Ok(()), 314);
    check("INFO", 315, Ok(()), 315);
    check("INFO", 400, Ok(()), 400);
    check("INFO", 399, Err(Violation::OutOfOrder), 400);
    check("INFO", 400, Err(Violation::OutOfOrder), 400);
    check("BYE", 1, Err(Violation::OutOfOrder), 400);
    check("CANCEL", 314, Ok(()), 400);
    check("ACK", 314, Ok(()), 400);
    check("BYE", CSEQ_MAX, Ok(()), CSEQ_MAX);
    assert_eq!(Violation::OutOfOrder.status(), 500);
}

/// RFC 3261 §12.2.2: at the UAC the first request of the peer may have any number.
// [3261-12.2.2-2]
#[test]
fn the_first_number_of_the_callee_is_any() {
    let mut dialog = at_alice(200, "b", &[]);
    assert!(dialog.on_request(&from_alice("BYE", 0, &[])).is_ok());
    assert_eq!(dialog.remote_seq(), Some(0));
}

/// RFC 3261 §12.2.2: a request in a dialog that is over gets 481; an ACK gets no response at all.
#[test]
fn a_dialog_that_is_over_takes_no_request() {
    let mut dialog = at_bob(&[]);
    dialog.terminate();
    assert_eq!(dialog.on_request(&from_alice("INFO", 400, &[])), Err(Violation::Terminated));
    assert_eq!(dialog.on_request(&from_alice("ACK", 314, &[])), Ok(()));
    assert_eq!((Violation::Terminated.status(), dialog.remote_seq()), (481, Some(314)));
}

/// RFC 3261 §12.2.1.2, §12.2.2; RFC 3311, RFC 6665, RFC 3515: who refreshes the target.
// [3261-12.2.1.2-1, 3261-12.2.2-5, 3261-14.1-4]
#[test]
fn only_target_refresh_requests_and_their_2xx_change_the_target() {
    for (method, refreshes) in [
        ("INVITE", true),
        ("UPDATE", true),
        ("SUBSCRIBE", true),
        ("NOTIFY", true),
        ("REFER", true),
        ("INFO", false),
        ("BYE", false),
        ("PRACK", false),
        ("MESSAGE", false),
        ("OPTIONS", false),
        ("FOO", false),
    ] {
        let contact = ["Contact: <sip:alice@mobile>"];
        let request = from_alice(method, 400, &contact);
        assert_eq!(at_bob(&[]).refresh_target(&request), refreshes, "{method}");
        let cseq = format!("315 {method}");
        for (status, accepted) in [(200, true), (202, true), (183, false), (302, false), (491, false)] {
            let response = of_call(&format!("SIP/2.0 {status} R"), BOB, ALICE, &cseq, &contact);
            let mut dialog = at_bob(&[]);
            assert_eq!(dialog.refresh_target(&response), refreshes && accepted, "{method} {status}");
            let changed = text(dialog.remote_target()) == "sip:alice@mobile";
            assert_eq!(changed, refreshes && accepted, "{method} {status}");
        }
    }
}

/// RFC 3311 §5.1, §5.2: UPDATE and its 2xx refresh the target of early and confirmed dialogs, and confirm none.
#[test]
fn an_update_refreshes_the_target_of_an_early_dialog_too() {
    for status in [180, 200] {
        let mut uac = at_alice(status, "b", &["Record-Route: <sip:p1;lr>"]);
        assert!(uac.owns_call_id() && !at_bob(&[]).owns_call_id());
        let state = uac.state();
        let draft = uac.next_request(Method::Update).unwrap();
        assert_eq!(
            (draft.cseq(), text(draft.header(HeaderId::Route).unwrap())),
            (Ok((315, Method::Update)), "<sip:p1;lr>")
        );
        let to = format!("{BOB};tag=b");
        let moved = ["Contact: <sip:bob@moved>", "Record-Route: <sip:other;lr>"];
        for (status, expected) in
            [(488, "sip:bob@192.0.2.4"), (491, "sip:bob@192.0.2.4"), (200, "sip:bob@moved")]
        {
            let response = of_call(&format!("SIP/2.0 {status} R"), ALICE, &to, "315 UPDATE", &moved);
            uac.refresh_target(&response);
            assert_eq!(text(uac.remote_target()), expected, "{status}");
        }
        assert_eq!(
            (uac.state(), routes(&uac)),
            (state, vec!["<sip:p1;lr>"]),
            "the route set stays (RFC 3261 §12.2)"
        );
        let from = format!("{BOB};tag=b");
        let update =
            of_call("UPDATE sip:alice@h SIP/2.0", &from, ALICE, "7 UPDATE", &["Contact: <sip:bob@again>"]);
        assert_eq!(uac.on_request(&update), Ok(()));
        assert!(uac.refresh_target(&update));
        assert_eq!(text(uac.remote_target()), "sip:bob@again");
    }
}

#[test]
fn a_refresh_without_a_readable_contact_changes_nothing() {
    for contact in ["X: y", "Contact: *", "Contact: <sip:a b@h>", "Contact: <sip:a@h"] {
        let mut dialog = at_bob(&[]);
        assert!(!dialog.refresh_target(&from_alice("INVITE", 400, &[contact])), "{contact}");
        assert_eq!(dialog, at_bob(&[]));
    }
}

/// An altered snapshot cannot make the host write lines that it did not mean.
#[test]
fn a_text_with_a_line_end_is_refused() {
    let mut dialog = at_alice(200, "b", &[]);
    dialog.remote_party = Bytes::from_static(b"x\r\nEvil: 1");
    assert!(matches!(dialog.next_request(Method::Bye), Err(Misuse::Invalid(_))));
    dialog = at_alice(200, "b", &[]);
    dialog.remote_target = Bytes::from_static(b"sip:a SIP/2.0\r\nEvil: 1");
    assert!(matches!(dialog.ack(314), Err(Misuse::Invalid(_))));
    assert_eq!(dialog.local_seq(), Some(314));
}
