//! Re-INVITE and UPDATE tried again: RFC 3261 §14.1, §14.2, RFC 3311 §5.

use super::*;
use crate::limits::Limits;
use crate::transaction::tests::{at, check_round_trip, check_table};
use bytes::Bytes;
use std::collections::BTreeSet;

const STATES: [&str; 4] = ["Sent", "Sent last", "Waiting", "Done"];
const EVENTS: [&str; 13] = [
    "100",
    "200",
    "491",
    "500",
    "500 later",
    "503 later",
    "500 endless",
    "481",
    "408",
    "488",
    "blocked",
    "early",
    "due",
];

fn give(machine: &mut Modification, event: &str, now: Time) -> ModificationAction {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let (status, retry_after) = match event {
        "blocked" => return machine.on_blocked(0, now),
        "early" => return machine.on_deadline(Time::from_micros(due.as_micros() - 1)),
        "due" => return machine.on_deadline(due),
        "500 later" => (500, Some(3)),
        "503 later" => (503, Some(RETRY_AFTER_MAX_S)),
        "500 endless" => (500, Some(RETRY_AFTER_MAX_S + 1)),
        status => (status.parse().unwrap(), None),
    };
    machine.on_response(status, retry_after, 0, now)
}

fn machine_in(state: &str) -> Modification {
    let mut machine = Modification::sent(true);
    match state {
        "Sent" => {}
        "Sent last" => {
            for _ in 1..MODIFICATION_ATTEMPTS_MAX {
                give(&mut machine, "491", at(0));
                give(&mut machine, "due", at(0));
            }
        }
        "Waiting" => drop(give(&mut machine, "491", at(0))),
        "Done" => drop(give(&mut machine, "200", at(0))),
        other => panic!("no state {other}"),
    }
    machine
}

fn name_of(machine: &Modification) -> &'static str {
    match machine.state {
        State::Sent if machine.attempts == MODIFICATION_ATTEMPTS_MAX => "Sent last",
        State::Sent => "Sent",
        State::Waiting { .. } => "Waiting",
        State::Done => "Done",
    }
}

const TABLE: &str = "
    Sent      | 100         | Nothing    | Sent      | RFC 3261 §14.1
    Sent      | 200         | Accepted   | Done      | RFC 3261 §14.1
    Sent      | 491         | Wait       | Waiting   | RFC 3261 §14.1
    Sent      | 500         | Failed     | Done      | RFC 3261 §14.1
    Sent      | 500 later   | Wait       | Waiting   | RFC 3261 §14.2
    Sent      | 503 later   | Wait       | Waiting   | RFC 3261 §21.5.4
    Sent      | 500 endless | GaveUp     | Done      | RFC 3261 §21.5.1
    Sent      | 481         | DialogOver | Done      | RFC 3261 §12.2.1.2
    Sent      | 408         | DialogOver | Done      | RFC 3261 §12.2.1.2
    Sent      | 488         | Failed     | Done      | RFC 3261 §14.1
    Sent      | blocked     | Wait       | Waiting   | RFC 3261 §14.1
    Sent      | early       | Nothing    | Sent      | RFC 3261 §14.1
    Sent      | due         | Nothing    | Sent      | RFC 3261 §14.1
    Sent last | 100         | Nothing    | Sent last | RFC 3261 §14.1
    Sent last | 200         | Accepted   | Done      | RFC 3261 §14.1
    Sent last | 491         | GaveUp     | Done      | RFC 3261 §14.1
    Sent last | 500         | Failed     | Done      | RFC 3261 §14.1
    Sent last | 500 later   | GaveUp     | Done      | RFC 3261 §14.2
    Sent last | 503 later   | GaveUp     | Done      | RFC 3261 §21.5.4
    Sent last | 500 endless | GaveUp     | Done      | RFC 3261 §21.5.1
    Sent last | 481         | DialogOver | Done      | RFC 3261 §12.2.1.2
    Sent last | 408         | DialogOver | Done      | RFC 3261 §12.2.1.2
    Sent last | 488         | Failed     | Done      | RFC 3261 §14.1
    Sent last | blocked     | GaveUp     | Done      | RFC 3261 §14.1
    Sent last | early       | Nothing    | Sent last | RFC 3261 §14.1
    Sent last | due         | Nothing    | Sent last | RFC 3261 §14.1
    Waiting   | 100         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 200         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 491         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 500         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 500 later   | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 503 later   | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 500 endless | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 481         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 408         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | 488         | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | blocked     | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | early       | Nothing    | Waiting   | RFC 3261 §14.1
    Waiting   | due         | SendAgain  | Sent      | RFC 3261 §14.1
    Done      | 100         | Nothing    | Done      | RFC 3261 §14.1
    Done      | 200         | Nothing    | Done      | RFC 3261 §14.1
    Done      | 491         | Nothing    | Done      | RFC 3261 §14.1
    Done      | 500         | Nothing    | Done      | RFC 3261 §14.1
    Done      | 500 later   | Nothing    | Done      | RFC 3261 §14.1
    Done      | 503 later   | Nothing    | Done      | RFC 3261 §14.1
    Done      | 500 endless | Nothing    | Done      | RFC 3261 §14.1
    Done      | 481         | Nothing    | Done      | RFC 3261 §14.1
    Done      | 408         | Nothing    | Done      | RFC 3261 §14.1
    Done      | 488         | Nothing    | Done      | RFC 3261 §14.1
    Done      | blocked     | Nothing    | Done      | RFC 3261 §14.1
    Done      | early       | Nothing    | Done      | RFC 3261 §14.1
    Done      | due         | Nothing    | Done      | RFC 3261 §14.1
";

#[test]
fn every_pair_is_as_the_rfc_has_it() {
    check_table(TABLE, &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state);
        let action = give(&mut machine, event, at(0));
        assert_eq!(machine.next_deadline().is_some(), name_of(&machine) == "Waiting");
        check_round_trip(&machine);
        (format!("{action:?}"), name_of(&machine).to_owned())
    });
}

/// RFC 3261 §14.1: 2.1 to 4 s in steps of 10 ms for the one, 0 to 2 s for the other; they never meet.
#[test]
fn the_two_ends_of_a_glare_wait_differently() {
    let all = |owns: bool| (0..5000).map(|random| glare_interval(owns, random)).collect::<BTreeSet<_>>();
    let millis =
        |from: u64, to: u64| (from / 10..=to / 10).map(|unit| Duration::from_millis(unit * 10)).collect();
    assert_eq!(all(true), millis(2100, 4000));
    assert_eq!(all(false), millis(0, 2000));
    for random in [u64::MAX, 1 << 63] {
        assert!(glare_interval(false, random) < glare_interval(true, random));
    }
    let mut machine = Modification::sent(false);
    assert_eq!(machine.on_response(491, None, 200, at(0)), ModificationAction::Wait);
    assert_eq!(machine.next_deadline(), Some(Deadline { at: at(2000), lazy: false }));
    assert_eq!(machine.on_deadline(at(1999)), ModificationAction::Nothing);
    assert_eq!(machine.on_deadline(at(9000)), ModificationAction::SendAgain);
}

#[test]
fn a_peer_that_always_answers_491_is_given_up() {
    let mut machine = Modification::sent(true);
    let mut sent = 1;
    while machine.on_response(491, None, 7, at(0)) == ModificationAction::Wait {
        assert_eq!(machine.on_deadline(at(10_000)), ModificationAction::SendAgain);
        sent += 1;
    }
    assert_eq!((sent, machine.is_done()), (MODIFICATION_ATTEMPTS_MAX, true));
}

#[test]
fn a_change_that_nobody_wants_any_more_waits_for_nothing() {
    let mut machine = machine_in("Waiting");
    machine.cancel();
    assert_eq!((machine.is_done(), machine.next_deadline()), (true, None));
}

#[test]
fn a_wait_from_a_clock_that_was_ahead_is_shortened() {
    let mut machine = machine_in("Waiting");
    let unchanged = machine;
    machine.clamp_deadlines(at(0));
    assert_eq!(machine, unchanged);
    machine.clamp_deadlines(Time::ZERO);
    assert_eq!(
        machine.next_deadline().unwrap().at,
        Time::ZERO + Duration::from_secs(u64::from(RETRY_AFTER_MAX_S))
    );
}

/// RFC 3311 §4, §5.1; RFC 4028 §7.4.
#[test]
fn an_update_needs_a_dialog_and_the_peers_allow() {
    use DialogState::{Confirmed, Early, Terminated};
    for (dialog, allowed, may, method) in [
        (Early, Some(true), Ok(()), Some(Method::Update)),
        (Confirmed, Some(true), Ok(()), Some(Method::Update)),
        (Early, Some(false), Err(UpdateMisuse::NotAllowed), None),
        (Early, None, Err(UpdateMisuse::NotAllowed), None),
        (Confirmed, Some(false), Err(UpdateMisuse::NotAllowed), Some(Method::Invite)),
        (Confirmed, None, Err(UpdateMisuse::NotAllowed), Some(Method::Invite)),
        (Terminated, Some(true), Err(UpdateMisuse::NoDialog), None),
        (Terminated, Some(false), Err(UpdateMisuse::NoDialog), None),
        (Terminated, None, Err(UpdateMisuse::NoDialog), None),
    ] {
        assert_eq!(may_update(dialog, allowed), may, "{dialog:?} {allowed:?}");
        assert_eq!(refresh_method(dialog, allowed), method, "{dialog:?} {allowed:?}");
    }
    for (lines, expected) in [
        ("X: y", None),
        ("Allow: INVITE, ACK\r\nAllow: UPDATE", Some(true)),
        ("Allow: INVITE, ACK", Some(false)),
        ("Allow: update", Some(false)),
        ("Allow:", Some(false)),
    ] {
        let text = format!("SIP/2.0 200 OK\r\n{lines}\r\n\r\n");
        let message = Message::parse(Bytes::from(text), &Limits::default()).unwrap();
        assert_eq!(allows(&message, &Method::Update), expected, "{lines}");
    }
}
