//! The reliable responses that a UAC hears: RFC 3262 §4; and the two headers, §7.

use super::*;
use crate::limits::Limits;
use crate::provisional::{Delivery, Misuse, Support};
use crate::transaction::tests::check_round_trip;

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.replace('\n', "\r\n").as_bytes()), &Limits::default()).unwrap()
}

/// A response of the fork with that To tag; `rseq` is the whole line.
fn response(status: u16, tag: &str, require: &str, rseq: &str) -> Message {
    let tag = if tag.is_empty() { String::new() } else { format!(";tag={tag}") };
    message(&format!(
        "SIP/2.0 {status} R\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\nFrom: <sip:a@h>;tag=a\nTo: <sip:b@h>{tag}\n\
         Call-ID: c\nCSeq: 314 INVITE\n{require}\n{rseq}\nContent-Length: 0\n\n"
    ))
}

const REQUIRE: &str = "Require: 100rel";

fn show(action: &ProvisionalAction) -> String {
    if let ProvisionalAction::Acknowledge(rack) = action {
        return format!("PRACK {rack}");
    }
    format!("{action:?}")
}

/// Gives `tag number` responses, one after the other.
fn run(machine: &mut ProvisionalClient, events: &[(&str, u32)]) -> Vec<String> {
    let take = |(tag, number): &(&str, u32)| {
        show(&machine.on_response(&response(183, tag, REQUIRE, &format!("RSeq: {number}"))))
    };
    events.iter().map(take).collect()
}

/// RFC 3262 §4 [3262-4-6, 3262-4-7, 3262-4-9, 3262-4-10, 3262-4-s2]: new and next is acknowledged, anything else is not.
#[test]
fn responses_are_acknowledged_in_the_order_of_their_numbers() {
    let mut machine = ProvisionalClient::start(314);
    let events = [("b", 7), ("b", 7), ("b", 9), ("b", 8), ("b", 7), ("b", 9), ("b", 0), ("b", u32::MAX)];
    assert_eq!(
        run(&mut machine, &events),
        [
            "PRACK 7 314 INVITE",
            "Repeated",
            "OutOfOrder",
            "PRACK 8 314 INVITE",
            "OutOfOrder",
            "PRACK 9 314 INVITE",
            "OutOfOrder",
            "OutOfOrder",
        ]
    );
}

/// RFC 3262 §4, erratum 4604: each early dialog counts for itself.
#[test]
fn forks_have_numbers_of_their_own() {
    let mut machine = ProvisionalClient::start(314);
    let events = [("b", 7), ("c", 1), ("b", 8), ("c", 8), ("c", 2)];
    assert_eq!(
        run(&mut machine, &events),
        [
            "PRACK 7 314 INVITE",
            "PRACK 1 314 INVITE",
            "PRACK 8 314 INVITE",
            "OutOfOrder",
            "PRACK 2 314 INVITE"
        ]
    );
    check_round_trip(&machine);
}

#[test]
fn the_number_after_the_highest_one_does_not_come() {
    let mut machine = ProvisionalClient::start(314);
    assert_eq!(
        run(&mut machine, &[("b", u32::MAX), ("b", 0)]),
        ["PRACK 4294967295 314 INVITE", "OutOfOrder"]
    );
}

/// RFC 3262 §4 [3262-4-3]: the option tag makes a response reliable; not in a 100, and not without its number.
#[test]
fn what_is_not_reliable_is_left_alone_and_what_cannot_be_acknowledged_is_dropped() {
    for (status, tag, require, rseq, expected) in [
        (183, "b", "Supported: 100rel", "RSeq: 1", "Plain"),
        (183, "b", "X: y", "RSeq: 1", "Plain"),
        (100, "b", REQUIRE, "RSeq: 1", "Plain"),
        (200, "b", REQUIRE, "RSeq: 1", "Plain"),
        (486, "b", REQUIRE, "RSeq: 1", "Plain"),
        (183, "b", "Require: precondition, 100REL", "RSeq: 1", "PRACK 1 314 INVITE"),
        (183, "", REQUIRE, "RSeq: 1", "Unusable"),
        (183, "b", REQUIRE, "X: 1", "Unusable"),
        (183, "b", REQUIRE, "RSeq: ", "Unusable"),
        (183, "b", REQUIRE, "RSeq: -1", "Unusable"),
        (183, "b", REQUIRE, "RSeq: 4294967296", "Unusable"),
        (183, "b", REQUIRE, "RSeq: 99999999999999999999999", "Unusable"),
        (183, "b", REQUIRE, "RSeq: 1\nRSeq: 2", "Unusable"),
    ] {
        let mut machine = ProvisionalClient::start(314);
        let action = machine.on_response(&response(status, tag, require, rseq));
        assert_eq!(show(&action), expected, "{status} {tag} {require} {rseq}");
    }
}

/// RFC 3262 §4: after the final response nothing needs to be acknowledged.
#[test]
fn nothing_is_acknowledged_after_the_final_response() {
    let mut machine = ProvisionalClient::start(314);
    run(&mut machine, &[("b", 1)]);
    machine.on_final();
    assert_eq!(run(&mut machine, &[("b", 2), ("c", 1)]), ["Late", "Late"]);
    assert_eq!(machine.on_response(&response(180, "b", "X: y", "X: y")), ProvisionalAction::Plain);
    check_round_trip(&machine);
}

#[test]
fn a_peer_cannot_make_forks_without_end() {
    let mut machine = ProvisionalClient::start(314);
    for fork in 0..PROVISIONAL_FORKS_MAX {
        assert_eq!(run(&mut machine, &[(&format!("t{fork}"), 1)]), ["PRACK 1 314 INVITE"]);
    }
    assert_eq!(run(&mut machine, &[("more", 1), ("t0", 2)]), ["TooMany", "PRACK 2 314 INVITE"]);
}

/// RFC 3262 §7.2.
#[test]
fn rack_is_read_and_written() {
    for (text, expected) in [
        ("776656 1 INVITE", Some((776_656, 1, "INVITE"))),
        ("  1\t\t2  FOO ", Some((1, 2, "FOO"))),
        ("4294967295 2147483647 INVITE", Some((u32::MAX, 2_147_483_647, "INVITE"))),
        ("4294967296 1 INVITE", None),
        ("1 2147483648 INVITE", None),
        ("1 INVITE", None),
        ("1 2", None),
        ("1 2 IN VITE", None),
        ("-1 2 INVITE", None),
        ("a 2 INVITE", None),
        ("1 2 \u{e9}", None),
        (" ", None),
        ("", None),
    ] {
        let rack = RAck::parse(text.as_bytes());
        let read = rack.as_ref().map(|rack| (rack.rseq, rack.cseq, rack.method.as_str()));
        assert_eq!(read, expected, "{text:?}");
        if let Some(rack) = rack {
            assert_eq!(RAck::parse(rack.to_string().as_bytes()), Some(rack));
        }
    }
    let prack = message("PRACK sip:b SIP/2.0\nRAck: 1 2 INVITE\n\n");
    assert_eq!(prack.rack().unwrap().unwrap().to_string(), "1 2 INVITE");
    assert_eq!(prack.rseq(), Ok(None));
    let fault = message("PRACK sip:b SIP/2.0\nRAck: 1\n\n").rack().unwrap_err();
    assert_eq!(fault.to_string(), "malformed RAck");
}

/// RFC 3262 §3 [3262-3-1, 3262-3-3, 3262-3-4, 3262-8.1-1]: Require, Supported or nothing, and what follows for each status.
#[test]
fn what_the_client_says_decides_how_a_response_leaves() {
    use Delivery::{Plain, Reliable};
    let invite = |lines: &str| message(&format!("INVITE sip:b SIP/2.0\n{lines}\n\n"));
    for (lines, support) in [
        ("X: y", Support::No),
        ("Supported: timer", Support::No),
        ("k: timer, 100rel", Support::Supported),
        ("Supported: 100rel\nRequire: 100Rel", Support::Required),
        ("Require: 100rel", Support::Required),
    ] {
        assert_eq!(Support::of(&invite(lines)), support, "{lines}");
    }
    assert_eq!(Support::of(&message("UPDATE sip:b SIP/2.0\nRequire: 100rel\n\n")), Support::No);
    for (support, status, wanted, expected) in [
        (Support::No, 180, false, Ok(Plain)),
        (Support::No, 180, true, Err(Misuse::NotSupported)),
        (Support::Supported, 180, false, Ok(Plain)),
        (Support::Supported, 180, true, Ok(Reliable)),
        (Support::Required, 101, false, Ok(Reliable)),
        (Support::Required, 199, true, Ok(Reliable)),
        (Support::Required, 100, false, Ok(Plain)),
        (Support::Required, 100, true, Err(Misuse::NotProvisional)),
        (Support::Required, 200, false, Ok(Plain)),
        (Support::Supported, 486, true, Err(Misuse::NotProvisional)),
    ] {
        assert_eq!(support.delivery(status, wanted), expected, "{support:?} {status} {wanted}");
    }
}

/// RFC 6228 §5: only who supports 199 gets one, and reliably only who demands that of all.
#[test]
fn a_199_goes_to_who_supports_it() {
    use crate::provisional::early_dialog_terminated;
    for (lines, expected) in [
        ("Supported: 100rel", None),
        ("Require: 199", None),
        ("Supported: 100rel, 199", Some(Delivery::Plain)),
        ("Supported: 199\nRequire: 100rel", Some(Delivery::Reliable)),
    ] {
        let invite = message(&format!("INVITE sip:b SIP/2.0\n{lines}\n\n"));
        assert_eq!(early_dialog_terminated(&invite), expected, "{lines}");
    }
    let reason = crate::field::Reason::sip(404, "");
    assert_eq!(reason.to_value(), b"SIP;cause=404");
}
