//! The notifier: RFC 6665 §4.2.

use super::*;
use crate::limits::Limits;
use crate::transaction::tests::{at, check_round_trip, check_table};
use bytes::Bytes;

const STATES: [&str; 6] = ["resp_wait", "pending", "active", "ending", "ended", "over"];
const EVENTS: [&str; 16] = [
    "SUBSCRIBE",
    "SUBSCRIBE 0",
    "grant",
    "pend",
    "change",
    "terminate",
    "sent",
    "200",
    "481",
    "404",
    "408",
    "503",
    "100",
    "early",
    "due",
    "end",
];

fn give(machine: &mut Notifier, event: &str, now: Time) -> NotifierAction {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    match event {
        "SUBSCRIBE" => machine.on_subscribe(600, now),
        "SUBSCRIBE 0" => machine.on_subscribe(0, now),
        "grant" => machine.grant(),
        "pend" => machine.pend(),
        "change" => machine.on_change(),
        "terminate" => machine.terminate(Reason::Rejected, None),
        "sent" => {
            machine.on_notify_sent();
            NotifierAction::Nothing
        }
        "early" => machine.on_deadline(Time::from_micros(due.as_micros() - 1)),
        "due" => machine.on_deadline(due),
        "end" => machine.end(),
        status => machine.on_notify_response(status.parse().unwrap()),
    }
}

fn machine_in(state: &str) -> Notifier {
    let mut machine = Notifier::start(600, at(0));
    assert!(machine.owes_notify());
    let events: &[&str] = match state {
        "resp_wait" => &["sent"],
        "pending" => &["pend", "sent"],
        "active" => &["grant", "sent"],
        "ending" => &["grant", "terminate"],
        "ended" => &["grant", "terminate", "sent"],
        "over" => &["end"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut machine, event, at(0));
    }
    machine
}

fn name_of(machine: &Notifier) -> &'static str {
    match machine.state() {
        NotifierState::RespWait => "resp_wait",
        NotifierState::Pending => "pending",
        NotifierState::Active => "active",
        NotifierState::Terminated if machine.owes_notify() => "ending",
        NotifierState::Terminated => "ended",
        NotifierState::Over => "over",
    }
}

const TABLE: &str = "
    resp_wait | SUBSCRIBE   | Notify  | resp_wait | RFC 6665 §4.2.1.2
    resp_wait | SUBSCRIBE 0 | Notify  | ending    | RFC 6665 §4.2.1.4
    resp_wait | grant       | Notify  | active    | RFC 6665 §4.2.2
    resp_wait | pend        | Notify  | pending   | RFC 6665 §4.2.2
    resp_wait | change      | Nothing | resp_wait | RFC 6665 §4.2.2
    resp_wait | terminate   | Notify  | ending    | RFC 6665 §4.2.2
    resp_wait | sent        | Nothing | resp_wait | RFC 6665 §4.2.2
    resp_wait | 200         | Nothing | resp_wait | RFC 6665 §4.2.2
    resp_wait | 481         | Over    | over      | RFC 6665 §4.2.2
    resp_wait | 404         | Over    | over      | RFC 6665 §4.2.2
    resp_wait | 408         | Over    | over      | RFC 6665 §4.2.2
    resp_wait | 503         | Nothing | resp_wait | RFC 6665 §4.2.2
    resp_wait | 100         | Nothing | resp_wait | RFC 6665 §4.2.2
    resp_wait | early       | Nothing | resp_wait | RFC 6665 §4.2.1.4
    resp_wait | due         | Notify  | ending    | RFC 6665 §4.2.1.4
    resp_wait | end         | Over    | over      | RFC 6665 §4.4.1
    pending   | SUBSCRIBE   | Notify  | pending   | RFC 6665 §4.2.1.2
    pending   | SUBSCRIBE 0 | Notify  | ending    | RFC 6665 §4.2.1.4
    pending   | grant       | Notify  | active    | RFC 6665 §4.2.2
    pending   | pend        | Nothing | pending   | RFC 6665 §4.2.2
    pending   | change      | Nothing | pending   | RFC 6665 §4.2.2
    pending   | terminate   | Notify  | ending    | RFC 6665 §4.2.2
    pending   | sent        | Nothing | pending   | RFC 6665 §4.2.2
    pending   | 200         | Nothing | pending   | RFC 6665 §4.2.2
    pending   | 481         | Over    | over      | RFC 6665 §4.2.2
    pending   | 404         | Over    | over      | RFC 6665 §4.2.2
    pending   | 408         | Over    | over      | RFC 6665 §4.2.2
    pending   | 503         | Nothing | pending   | RFC 6665 §4.2.2
    pending   | 100         | Nothing | pending   | RFC 6665 §4.2.2
    pending   | early       | Nothing | pending   | RFC 6665 §4.2.1.4
    pending   | due         | Notify  | ending    | RFC 6665 §4.2.1.4
    pending   | end         | Over    | over      | RFC 6665 §4.4.1
    active    | SUBSCRIBE   | Notify  | active    | RFC 6665 §4.2.1.2
    active    | SUBSCRIBE 0 | Notify  | ending    | RFC 6665 §4.2.1.4
    active    | grant       | Nothing | active    | RFC 6665 §4.2.2
    active    | pend        | Nothing | active    | RFC 6665 §4.2.2
    active    | change      | Notify  | active    | RFC 6665 §4.2.2
    active    | terminate   | Notify  | ending    | RFC 6665 §4.2.2
    active    | sent        | Nothing | active    | RFC 6665 §4.2.2
    active    | 200         | Nothing | active    | RFC 6665 §4.2.2
    active    | 481         | Over    | over      | RFC 6665 §4.2.2
    active    | 404         | Over    | over      | RFC 6665 §4.2.2
    active    | 408         | Over    | over      | RFC 6665 §4.2.2
    active    | 503         | Nothing | active    | RFC 6665 §4.2.2
    active    | 100         | Nothing | active    | RFC 6665 §4.2.2
    active    | early       | Nothing | active    | RFC 6665 §4.2.1.4
    active    | due         | Notify  | ending    | RFC 6665 §4.2.1.4
    active    | end         | Over    | over      | RFC 6665 §4.4.1
    ending    | SUBSCRIBE   | Nothing | ending    | RFC 6665 §4.4.1
    ending    | SUBSCRIBE 0 | Nothing | ending    | RFC 6665 §4.4.1
    ending    | grant       | Nothing | ending    | RFC 6665 §4.4.1
    ending    | pend        | Nothing | ending    | RFC 6665 §4.4.1
    ending    | change      | Nothing | ending    | RFC 6665 §4.4.1
    ending    | terminate   | Nothing | ending    | RFC 6665 §4.4.1
    ending    | sent        | Nothing | ended     | RFC 6665 §4.4.1
    ending    | 200         | Nothing | ending    | RFC 6665 §4.4.1
    ending    | 481         | Over    | over      | RFC 6665 §4.2.2
    ending    | 404         | Over    | over      | RFC 6665 §4.2.2
    ending    | 408         | Over    | over      | RFC 6665 §4.2.2
    ending    | 503         | Nothing | ending    | RFC 6665 §4.2.2
    ending    | 100         | Nothing | ending    | RFC 6665 §4.2.2
    ending    | early       | Nothing | ending    | RFC 6665 §4.4.1
    ending    | due         | Nothing | ending    | RFC 6665 §4.4.1
    ending    | end         | Over    | over      | RFC 6665 §4.4.1
    ended     | SUBSCRIBE   | Nothing | ended     | RFC 6665 §4.4.1
    ended     | SUBSCRIBE 0 | Nothing | ended     | RFC 6665 §4.4.1
    ended     | grant       | Nothing | ended     | RFC 6665 §4.4.1
    ended     | pend        | Nothing | ended     | RFC 6665 §4.4.1
    ended     | change      | Nothing | ended     | RFC 6665 §4.4.1
    ended     | terminate   | Nothing | ended     | RFC 6665 §4.4.1
    ended     | sent        | Nothing | ended     | RFC 6665 §4.4.1
    ended     | 200         | Over    | over      | RFC 6665 §4.4.1
    ended     | 481         | Over    | over      | RFC 6665 §4.2.2
    ended     | 404         | Over    | over      | RFC 6665 §4.2.2
    ended     | 408         | Over    | over      | RFC 6665 §4.2.2
    ended     | 503         | Over    | over      | RFC 6665 §4.4.1
    ended     | 100         | Nothing | ended     | RFC 6665 §4.2.2
    ended     | early       | Nothing | ended     | RFC 6665 §4.4.1
    ended     | due         | Nothing | ended     | RFC 6665 §4.4.1
    ended     | end         | Over    | over      | RFC 6665 §4.4.1
    over      | SUBSCRIBE   | Nothing | over      | RFC 6665 §4.4.1
    over      | SUBSCRIBE 0 | Nothing | over      | RFC 6665 §4.4.1
    over      | grant       | Nothing | over      | RFC 6665 §4.4.1
    over      | pend        | Nothing | over      | RFC 6665 §4.4.1
    over      | change      | Nothing | over      | RFC 6665 §4.4.1
    over      | terminate   | Nothing | over      | RFC 6665 §4.4.1
    over      | sent        | Nothing | over      | RFC 6665 §4.4.1
    over      | 200         | Nothing | over      | RFC 6665 §4.4.1
    over      | 481         | Nothing | over      | RFC 6665 §4.4.1
    over      | 404         | Nothing | over      | RFC 6665 §4.4.1
    over      | 408         | Nothing | over      | RFC 6665 §4.4.1
    over      | 503         | Nothing | over      | RFC 6665 §4.4.1
    over      | 100         | Nothing | over      | RFC 6665 §4.4.1
    over      | early       | Nothing | over      | RFC 6665 §4.4.1
    over      | due         | Nothing | over      | RFC 6665 §4.4.1
    over      | end         | Nothing | over      | RFC 6665 §4.4.1
";

/// RFC 6665 §4.2: every event in every state.
#[test]
fn every_pair_is_as_the_rfc_has_it() {
    check_table(TABLE, &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state);
        let action = give(&mut machine, event, at(0));
        assert_eq!(action == NotifierAction::Notify, machine.owes_notify() && state != "ending");
        assert_eq!(machine.takes_refresh(), machine.next_deadline().is_some());
        check_round_trip(&machine);
        (format!("{action:?}"), name_of(&machine).to_owned())
    });
}

/// RFC 6665 §4.2.2: what the NOTIFY says.
#[test]
fn a_notify_tells_the_state_and_what_is_left_of_it() {
    let told = |state: &str, ms: u64| machine_in(state).told(at(ms)).to_string();
    assert_eq!(told("resp_wait", 0), "pending;expires=600");
    assert_eq!(told("pending", 100_000), "pending;expires=500");
    assert_eq!(told("active", 100_500), "active;expires=499");
    assert_eq!(told("active", 700_000), "active;expires=0");
    assert_eq!(told("ending", 0), "terminated;reason=rejected");
    let mut machine = machine_in("active");
    machine.terminate(Reason::Probation, Some(60));
    assert_eq!(machine.told(at(0)).to_string(), "terminated;reason=probation;retry-after=60");
    let mut machine = machine_in("active");
    machine.on_deadline(at(600_000));
    assert_eq!(machine.told(at(600_000)).to_string(), "terminated;reason=timeout");
    assert_eq!(Notifier::start(0, at(0)).told(at(0)).to_string(), "terminated;reason=timeout", "a fetch");
}

/// RFC 6665 §4.2.2: shorter, never longer.
#[test]
fn a_subscription_can_be_made_shorter() {
    let mut machine = machine_in("active");
    machine.shorten(900, at(0));
    assert_eq!(machine.expires_at(), at(600_000));
    machine.shorten(60, at(0));
    assert_eq!(machine.next_deadline().unwrap().at, at(60_000));
    machine.on_subscribe(600, at(30_000));
    assert_eq!(machine.expires_at(), at(630_000), "a refresh begins anew");
}

fn subscribe(lines: &str) -> Message {
    let text = format!("SUBSCRIBE sip:b SIP/2.0\r\n{lines}\r\n\r\n");
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

/// RFC 6665 §4.2.1.1.
#[test]
fn a_subscribe_is_judged_by_package_and_duration() {
    let config = NotifierConfig { default_s: 900, min_s: 60, max_s: 7200 };
    let strict = NotifierConfig { min_s: 4000, ..config };
    let judge = |lines: &str, config: &NotifierConfig| match judge_subscribe(
        &subscribe(lines),
        &["presence", "dialog"],
        config,
    ) {
        Ok(SubscribeVerdict::Accept { expires_s }) => format!("200 {expires_s}"),
        Ok(SubscribeVerdict::TooBrief { min_expires_s }) => format!("423 {min_expires_s}"),
        Ok(SubscribeVerdict::BadEvent) => "489".to_owned(),
        Err(fault) => format!("400 {fault}"),
    };
    for (lines, expected) in [
        ("Event: presence", "200 900"),
        ("o: dialog;id=7\r\nExpires: 3600", "200 3600"),
        ("Event: presence\r\nExpires: 9999", "200 7200"),
        ("Event: presence\r\nExpires: 0", "200 0"),
        ("Event: presence\r\nExpires: 1", "423 60"),
        ("Event: presence\r\nExpires: 59", "423 60"),
        ("Event: presence\r\nExpires: 60", "200 60"),
        ("Event: presence\r\nExpires: 99999999999999999999", "200 7200"),
        ("Event: presence.winfo", "489"),
        ("Event: Presence", "489"),
        ("Expires: 60", "489"),
        ("Event: presence, dialog", "400 malformed Event"),
        ("Event: presence\r\nEvent: dialog", "400 repeated Event"),
        ("Event: presence\r\nExpires: soon", "400 malformed Expires"),
        ("Event: presence\r\nExpires: -1", "400 malformed Expires"),
    ] {
        assert_eq!(judge(lines, &config), expected, "{lines}");
    }
    assert_eq!(judge("Event: presence\r\nExpires: 3599", &strict), "423 4000");
    assert_eq!(judge("Event: presence\r\nExpires: 3600", &strict), "200 3600", "an hour is never too brief");
}

#[test]
fn a_life_from_a_clock_that_was_ahead_is_shortened() {
    let config = NotifierConfig { default_s: 900, min_s: 60, max_s: 7200 };
    let mut machine = machine_in("active");
    let unchanged = machine;
    machine.clamp_deadlines(at(0), &config);
    assert_eq!(machine, unchanged);
    machine.clamp_deadlines(Time::ZERO, &config);
    assert_eq!(machine.expires_at(), Time::ZERO + Duration::from_secs(7200));
}
