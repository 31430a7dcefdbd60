//! Offers and answers against RFC 3264 §4, RFC 3261 §13.2.1 and §14, RFC 3262 §5, RFC 3311 §5 and RFC 6337.

use super::*;
use crate::limits::Limits;
use crate::message::Message;
use crate::transaction::tests::{check_round_trip, check_table};
use bytes::Bytes;

/// One move: `> INVITE/1 sdp` is a request of ours, `< 183r INVITE/1 sdp` a reliable response of the peer.
fn step(machine: &mut OfferAnswer, text: &str) -> String {
    let words: Vec<&str> = text.split(' ').collect();
    let describes = words.last() == Some(&"sdp");
    let status: Option<u16> = words[1].trim_end_matches('r').parse().ok();
    let reliable = words[1].ends_with('r');
    let (method, cseq) = words[if status.is_some() { 2 } else { 1 }].split_once('/').unwrap();
    let (method, cseq) = (Method::from_bytes(method.as_bytes()).unwrap(), cseq.parse().unwrap());
    let ours = match words[0] {
        ">" => true,
        "<" => false,
        other => panic!("no direction {other}"),
    };
    match (ours, status) {
        (true, None) => show(machine.on_sent_request(&method, cseq, describes)),
        (true, Some(status)) => show(machine.on_sent_response(&method, cseq, status, reliable, describes)),
        (false, None) => match machine.on_received_request(&method, cseq, describes) {
            Ok(role) => format!("{role:?}"),
            Err(Refusal { status, retry_after, .. }) => {
                format!("{status}{}", if retry_after { " later" } else { "" })
            }
        },
        (false, Some(status)) => {
            format!("{:?}", machine.on_received_response(&method, cseq, status, reliable, describes))
        }
    }
}

fn show(result: Result<Role, Conflict>) -> String {
    match result {
        Ok(role) => format!("{role:?}"),
        Err(conflict) => format!("refuse {conflict:?}"),
    }
}

/// Runs lines of `move = outcome` from the start.
fn check(script: &str) -> OfferAnswer {
    let mut machine = OfferAnswer::start();
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (text, expected) = line.split_once(" = ").unwrap_or_else(|| panic!("no outcome in {line}"));
        let before = machine;
        let outcome = step(&mut machine, text.trim());
        assert_eq!(outcome, expected.trim(), "{line} after {before:?}");
        let refused = outcome.starts_with("refuse") || outcome.starts_with('4') || outcome.starts_with('5');
        assert!(!refused || machine == before, "a refused message changes nothing: {line}");
        check_round_trip(&machine);
    }
    machine
}

/// Swaps the two ends: what is right for the one is right for the other, where nobody refuses.
fn mirrored(script: &str) -> String {
    let turned = |line: &str| match line.trim().split_at(1) {
        (">", rest) => format!("<{rest}\n"),
        ("<", rest) => format!(">{rest}\n"),
        other => panic!("no direction in {other:?}"),
    };
    script.lines().filter(|line| !line.trim().is_empty()).map(turned).collect()
}

fn check_both(script: &str) {
    let end = check(script);
    let mirrored_end = check(&mirrored(script));
    assert_eq!((end.is_established(), end.pending().is_none()), (true, true), "{end:?}");
    assert_eq!((mirrored_end.is_established(), mirrored_end.pending()), (true, None));
    assert_eq!((end.invite(), mirrored_end.invite()), (None, None));
}

/// RFC 6337 Table 1, RFC 3262 §5 [3262-5-5], all six patterns, from either end.
#[test]
fn every_pattern_of_offer_and_answer_is_known() {
    check_both(
        "> INVITE/1 sdp = Offer\n < 180 INVITE/1 = None\n < 200 INVITE/1 sdp = Answer\n > ACK/1 = None",
    );
    check_both("> INVITE/1 = None\n < 200 INVITE/1 sdp = Offer\n > ACK/1 sdp = Answer");
    check_both(
        "> INVITE/1 sdp = Offer
         < 183r INVITE/1 sdp = Answer
         > PRACK/2 = None
         < 200 PRACK/2 = None
         < 200 INVITE/1 = None
         > ACK/1 = None",
    );
    check_both(
        "> INVITE/1 = None
         < 183r INVITE/1 sdp = Offer
         > PRACK/2 sdp = Answer
         < 200 PRACK/2 = None
         < 200 INVITE/1 = None
         > ACK/1 = None",
    );
    check_both(
        "> INVITE/1 sdp = Offer
         < 183r INVITE/1 sdp = Answer
         > PRACK/2 sdp = Offer
         < 200 PRACK/2 sdp = Answer
         < 180r INVITE/1 = None
         > PRACK/3 = None
         < 200 PRACK/3 = None
         < 200 INVITE/1 = None
         > ACK/1 = None",
    );
    check_both(
        "> INVITE/1 sdp = Offer
         < 183r INVITE/1 sdp = Answer
         > PRACK/2 = None
         < 200 PRACK/2 = None
         > UPDATE/3 sdp = Offer
         < 200 UPDATE/3 sdp = Answer
         < UPDATE/7 sdp = Offer
         > 200 UPDATE/7 sdp = Answer
         < 200 INVITE/1 = None
         > ACK/1 = None
         < INVITE/8 sdp = Offer
         > 200 INVITE/8 sdp = Answer
         < ACK/8 = None
         > UPDATE/4 sdp = Offer
         < 200 UPDATE/4 sdp = Answer",
    );
}

/// RFC 3261 §13.2.1: the first description is the answer, later ones say nothing new.
#[test]
fn unreliable_responses_only_preview_the_answer() {
    check_both(
        "> INVITE/1 sdp = Offer
         < 183 INVITE/1 sdp = Preview
         < 183 INVITE/1 sdp = Preview
         < 200 INVITE/1 sdp = Answer
         < 200 INVITE/1 sdp = Repeated
         > ACK/1 = None",
    );
    check_both(
        "> INVITE/1 sdp = Offer\n < 183 INVITE/1 sdp = Preview\n < 200 INVITE/1 = None\n > ACK/1 = None",
    );
    check_both(
        "> INVITE/1 sdp = Offer
         < 183r INVITE/1 sdp = Answer
         < 183 INVITE/1 sdp = Repeated
         < 200 INVITE/1 sdp = Repeated
         > ACK/1 = None",
    );
    check(
        "> INVITE/1 = None\n < 183 INVITE/1 sdp = Ignored\n < 200 INVITE/1 sdp = Offer\n > ACK/1 sdp = Answer",
    );
    check(
        "< INVITE/1 = None\n > 183 INVITE/1 sdp = refuse NoPlace\n > 200 INVITE/1 sdp = Offer\n < ACK/1 sdp = Answer",
    );
}

/// RFC 3262 §5, RFC 3261 §13.2.1: what is owed and does not come is told, and the next offer is free again.
#[test]
fn a_missing_offer_or_answer_is_told() {
    for (script, established) in [
        ("> INVITE/1 sdp = Offer\n < 200 INVITE/1 = AnswerMissing\n > ACK/1 = None", false),
        ("> INVITE/1 = None\n < 200 INVITE/1 = OfferMissing\n > ACK/1 = None", false),
        ("> INVITE/1 = None\n < 200 INVITE/1 sdp = Offer\n > ACK/1 = AnswerMissing", false),
        (
            "> INVITE/1 = None
             < 180r INVITE/1 = OfferMissing
             > PRACK/2 = None
             < 183r INVITE/1 sdp = Offer
             > PRACK/3 sdp = Answer
             < 200 PRACK/3 = None
             < 200 INVITE/1 = None
             > ACK/1 = None",
            true,
        ),
        (
            "> INVITE/1 = None\n < 183r INVITE/1 sdp = Offer\n > PRACK/2 = AnswerMissing\n < 200 INVITE/1 = None\n > ACK/1 = None",
            false,
        ),
        ("> UPDATE/1 sdp = Offer\n < 200 UPDATE/1 = AnswerMissing", false),
    ] {
        for script in [script.to_owned(), mirrored(script)] {
            let end = check(&script);
            assert_eq!(
                (end.is_established(), end.pending(), end.invite()),
                (established, None, None),
                "{script}"
            );
        }
    }
}

/// RFC 3311 §5.3, RFC 3261 §14.1: a failure ends the offer and changes nothing else.
#[test]
fn a_failure_rejects_the_offer() {
    for script in [
        "> INVITE/1 sdp = Offer\n < 488 INVITE/1 = None",
        "> INVITE/1 = None\n < 183r INVITE/1 sdp = Offer\n < 500 INVITE/1 = None",
        "> UPDATE/1 sdp = Offer\n < 488 UPDATE/1 sdp = None",
        "> UPDATE/1 sdp = Offer\n < 408 UPDATE/1 = None\n > UPDATE/2 sdp = Offer\n < 504 UPDATE/2 = None",
        "> INVITE/1 sdp = Offer\n < 183r INVITE/1 sdp = Answer\n > PRACK/2 sdp = Offer\n < 488 PRACK/2 = None\n < 486 INVITE/1 = None",
    ] {
        for script in [script.to_owned(), mirrored(script)] {
            let end = check(&script);
            assert_eq!(
                (end.pending(), end.invite(), end.our_update, end.peers_update),
                (None, None, None, None)
            );
        }
    }
    let mut waits = check("< INVITE/1 = None\n > 200 INVITE/1 sdp = Offer");
    waits.on_no_ack();
    assert_eq!((waits.pending(), waits.invite()), (None, None));
}

/// RFC 3311 §5.1: who may send an UPDATE with an offer before the INVITE is over.
#[test]
fn an_update_with_an_offer_waits_for_the_first_exchange() {
    // The INVITE has an offer: caller.
    check(
        "> INVITE/1 sdp = Offer
         < 180 INVITE/1 = None
         > UPDATE/2 sdp = refuse OfferOfSender
         > UPDATE/2 = None
         < 200 UPDATE/2 = None
         < 183r INVITE/1 sdp = Answer
         > UPDATE/3 sdp = Offer",
    );
    // The same: callee, who has to see the PRACK first.
    check(
        "< INVITE/1 sdp = Offer
         > 180 INVITE/1 = None
         > UPDATE/1 sdp = refuse OfferOfOther
         > 183r INVITE/1 sdp = Answer
         > UPDATE/1 sdp = refuse AnswerUnacknowledged
         > UPDATE/1 = None
         < 200 UPDATE/1 = None
         < PRACK/2 = None
         > UPDATE/2 sdp = Offer",
    );
    // The INVITE has none: caller, who has to see the 2xx of the PRACK first.
    check(
        "> INVITE/1 = None
         > UPDATE/2 sdp = refuse OfferOwed
         < 183r INVITE/1 sdp = Offer
         > UPDATE/2 sdp = refuse OfferOfOther
         > PRACK/2 sdp = Answer
         > UPDATE/3 sdp = refuse AnswerUnacknowledged
         < 200 PRACK/2 = None
         > UPDATE/3 sdp = Offer",
    );
    // The same: callee.
    check(
        "< INVITE/1 = None
         > UPDATE/1 sdp = refuse OfferOwed
         > 183r INVITE/1 sdp = Offer
         > UPDATE/1 sdp = refuse OfferOfSender
         < PRACK/2 sdp = Answer
         > UPDATE/1 sdp = Offer",
    );
}

/// RFC 6337 §4: offers that cross on their way.
#[test]
fn of_two_crossing_offers_both_are_refused() {
    check("> UPDATE/1 sdp = Offer\n < UPDATE/9 sdp = 491\n < 491 UPDATE/1 = None\n < UPDATE/10 sdp = Offer");
    check(
        "> UPDATE/1 sdp = Offer\n < INVITE/9 sdp = 491\n < 200 UPDATE/1 sdp = Answer\n < INVITE/10 sdp = Offer",
    );
    check("> INVITE/1 sdp = Offer\n < INVITE/9 sdp = 491\n < 491 INVITE/1 = None\n < INVITE/10 sdp = Offer");
    check("> INVITE/1 = None\n < INVITE/9 = 491");
    check("> INVITE/1 sdp = Offer\n < UPDATE/9 sdp = 491\n < UPDATE/10 = None\n > 200 UPDATE/10 = None");
    // A PRACK with an offer that meets our UPDATE.
    check(
        "< INVITE/1 sdp = Offer
         > 183r INVITE/1 sdp = Answer
         < PRACK/2 = None
         > 180r INVITE/1 = None
         > UPDATE/1 sdp = Offer
         < PRACK/3 sdp = 491
         < PRACK/4 = None
         < 200 UPDATE/1 sdp = Answer",
    );
}

/// RFC 3261 §14.1, §14.2: an INVITE waits for the one before it.
#[test]
fn invites_do_not_overlap() {
    check(
        "< INVITE/1 sdp = Offer
         < INVITE/2 sdp = 500 later
         < INVITE/2 = 500 later
         > INVITE/1 sdp = refuse InviteOfOther
         > 200 INVITE/1 sdp = Answer
         > INVITE/1 sdp = refuse InviteOfOther
         < ACK/1 = None
         > INVITE/1 sdp = Offer
         > INVITE/2 sdp = refuse InviteOfSender
         < 200 INVITE/1 sdp = Answer
         > INVITE/2 sdp = Offer",
    );
    // The ACK was lost or overtaken: the exchange is done, so the next INVITE is good; the late ACK harms nothing.
    check(
        "< INVITE/1 sdp = Offer
         > 200 INVITE/1 sdp = Answer
         < INVITE/2 sdp = Offer
         < ACK/1 = None
         > 200 INVITE/2 sdp = Answer
         < ACK/2 = None",
    );
    // With the offer in the 2xx it is not done.
    check(
        "< INVITE/1 = None
         > 200 INVITE/1 sdp = Offer
         < INVITE/2 sdp = 491
         < ACK/1 sdp = Answer
         < INVITE/3 sdp = Offer",
    );
}

/// RFC 3311 §5.2.
#[test]
fn updates_do_not_overlap() {
    check(
        "< UPDATE/1 = None
         < UPDATE/2 = 500 later
         < UPDATE/2 sdp = 500 later
         > 200 UPDATE/1 = None
         < UPDATE/3 sdp = Offer
         > UPDATE/1 = None
         > UPDATE/2 = refuse UpdateOfSender
         > UPDATE/2 sdp = refuse UpdateOfSender
         < 200 UPDATE/1 = None
         > UPDATE/2 sdp = refuse OfferOfOther
         > INVITE/2 sdp = refuse OfferOfOther
         < INVITE/4 sdp = 500 later
         > 200 UPDATE/3 sdp = Answer",
    );
}

#[test]
fn hostile_descriptions_have_no_place() {
    check(
        "< ACK/1 sdp = Ignored
         < 200 INVITE/5 sdp = Ignored
         < 200 UPDATE/5 sdp = Ignored
         < 200 PRACK/5 sdp = Ignored
         < BYE/2 sdp = None
         > ACK/1 sdp = refuse NoPlace
         > 200 UPDATE/9 sdp = refuse NoPlace
         > 200 INVITE/9 sdp = refuse NoPlace
         > INVITE/1 sdp = Offer
         < 200 INVITE/2 sdp = Ignored
         < 100 INVITE/1 sdp = Ignored
         < 200 INVITE/1 sdp = Answer",
    );
}

const STATES: [&str; 12] = [
    "free",
    "our INVITE",
    "our INVITE, previewed",
    "our empty INVITE",
    "offered to us in 1xx",
    "offered to us in 2xx",
    "our UPDATE",
    "peer's INVITE",
    "peer's empty INVITE",
    "offered by us in 1xx",
    "offered by us in 2xx",
    "peer's UPDATE",
];

const EVENTS: [&str; 12] = [
    "< INVITE/9 sdp",
    "< INVITE/9",
    "< UPDATE/9 sdp",
    "< UPDATE/9",
    "< PRACK/9 sdp",
    "< PRACK/9",
    "> INVITE/9 sdp",
    "> INVITE/9",
    "> UPDATE/9 sdp",
    "> UPDATE/9",
    "> PRACK/9 sdp",
    "> PRACK/9",
];

fn machine_in(state: &str) -> OfferAnswer {
    let moves: &[&str] = match state {
        "free" => &["> INVITE/1 sdp", "< 200 INVITE/1 sdp", "> ACK/1"],
        "our INVITE" => &["> INVITE/1 sdp"],
        "our INVITE, previewed" => &["> INVITE/1 sdp", "< 183 INVITE/1 sdp"],
        "our empty INVITE" => &["> INVITE/1"],
        "offered to us in 1xx" => &["> INVITE/1", "< 183r INVITE/1 sdp"],
        "offered to us in 2xx" => &["> INVITE/1", "< 200 INVITE/1 sdp"],
        "our UPDATE" => &["> UPDATE/1 sdp"],
        "peer's INVITE" => &["< INVITE/1 sdp"],
        "peer's empty INVITE" => &["< INVITE/1"],
        "offered by us in 1xx" => &["< INVITE/1", "> 183r INVITE/1 sdp"],
        "offered by us in 2xx" => &["< INVITE/1", "> 200 INVITE/1 sdp"],
        "peer's UPDATE" => &["< UPDATE/1 sdp"],
        other => panic!("no state {other}"),
    };
    let mut machine = OfferAnswer::start();
    for text in moves {
        step(&mut machine, text);
    }
    machine
}

/// Whose offer is pending behind an event.
fn pending(machine: &OfferAnswer) -> String {
    machine.pending().map_or_else(|| "none".to_owned(), |by| format!("{by:?}"))
}

#[test]
fn every_request_in_every_state_is_as_the_rfcs_have_it() {
    check_table(include_str!("tests/table.txt"), &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state);
        let outcome = step(&mut machine, event);
        if let Some(text) = event.strip_prefix("> ") {
            let (method, rest) = text.split_once('/').unwrap();
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            let may = machine_in(state).may_send(&method, rest.ends_with("sdp"));
            assert_eq!(may.is_ok(), !outcome.starts_with("refuse"), "{state} {event}");
        }
        (outcome, pending(&machine))
    });
}

/// RFC 3261 §14.2, RFC 3311 §5.2: 0 to 10 seconds.
#[test]
fn a_refused_peer_waits_up_to_ten_seconds() {
    let all: std::collections::BTreeSet<u32> = (0..1000).map(retry_after_s).collect();
    assert_eq!(all, (0..=10).collect());
    assert!(retry_after_s(u64::MAX) <= 10);
    for (conflict, status, later) in [
        (Conflict::InviteOfSender, 500, true),
        (Conflict::UpdateOfSender, 500, true),
        (Conflict::OfferOfSender, 500, true),
        (Conflict::InviteOfOther, 491, false),
        (Conflict::OfferOfOther, 491, false),
    ] {
        assert_eq!(Refusal::of(conflict), Refusal { status, retry_after: later, conflict });
    }
}

fn body(head: &str, body: &str) -> Message {
    let text = format!("INVITE sip:b SIP/2.0\r\n{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

/// RFC 3261 §20.11: by type and disposition, alone or as a part.
#[test]
fn a_session_description_is_found() {
    let mixed = "Content-Type: multipart/mixed; boundary=\"b 1\"";
    let part = |head: &str| {
        format!(
            "preamble\r\n--b 1\r\nContent-Type: text/plain\r\n\r\nx\r\n--b 1\r\n{head}\r\n\r\nv=0\r\n--b 1--\r\n"
        )
    };
    let nested = "--a\r\nContent-Type: multipart/alternative;boundary=b\r\n\r\n--b\nc: application/sdp\n\nv=0\n--b--\r\n--a--";
    for (head, text, expected) in [
        ("Content-Type: application/sdp", "v=0\r\n", true),
        ("c: Application/SDP;charset=utf-8", "v=0\r\n", true),
        ("Content-Type: application/sdp\r\nContent-Disposition: session;handling=optional", "v=0", true),
        ("Content-Type: application/sdp\r\nContent-Disposition: early-session", "v=0", false),
        ("Content-Type: application/sdp", "", false),
        ("X: y", "v=0", false),
        ("Content-Type: text/plain", "v=0", false),
        (mixed, &part("Content-Type: application/sdp"), true),
        (mixed, &part("CONTENT-TYPE : application/sdp\r\nContent-Disposition: session"), true),
        (mixed, &part("Content-Type: application/sdp\r\nContent-Disposition: preview"), false),
        (mixed, &part("Content-Type: application/isup"), false),
        (mixed, &part("X: y").replace("--b 1--", ""), false),
        ("Content-Type: multipart/mixed;boundary=a", nested, true),
        ("Content-Type: multipart/mixed", nested, false),
        ("Content-Type: multipart/mixed;boundary=\"\"", nested, false),
        ("Content-Type: multipart/mixed;boundary=c", nested, false),
        ("Content-Type: multipart/mixed;boundary=a", "x--a\r\nc: application/sdp\r\n\r\nv\r\n--a--", false),
        ("Content-Type: multipart/mixed;boundary=a", "--a", false),
        ("Content-Type: multipart/mixed;boundary=a", "--a\r\n--a\r\n--a\r\n--a--", false),
    ] {
        let message = body(head, text);
        assert_eq!(describes_session(&message), expected, "{head} {text:?}");
        let draft = crate::draft::Draft::forward(&std::sync::Arc::new(message));
        assert_eq!(draft_describes_session(&draft), expected, "{head} as a draft");
    }
}

#[test]
fn endless_nesting_is_not_followed() {
    let mut text = "c: application/sdp\r\n\r\nv=0".to_owned();
    for depth in 0..20 {
        text = format!("c: multipart/mixed;boundary=b{depth}\r\n\r\n--b{depth}\r\n{text}\r\n--b{depth}--");
    }
    let message = body("Content-Type: multipart/mixed;boundary=out", &format!("--out\r\n{text}\r\n--out--"));
    assert!(!describes_session(&message));
}
