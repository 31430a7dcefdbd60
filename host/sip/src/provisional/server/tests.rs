//! The reliable responses of a UAS: RFC 3262 §3 and §5.

use super::*;
use crate::transaction::tests::{at, check_round_trip, check_table, message, words};

const STATES: [&str; 6] = ["Idle", "Waiting", "Held", "Answering", "Overdue", "Final"];
const EVENTS: [&str; 13] = [
    "183",
    "183 sdp",
    "100",
    "200",
    "486",
    "199 final",
    "PRACK",
    "PRACK offer",
    "PRACK other",
    "answered",
    "early",
    "due",
    "end",
];

const CSEQ: u32 = 314;
const TIMERS: fn() -> TimerConfig = TimerConfig::default;

fn start() -> ProvisionalServer {
    // The number 7 comes of it.
    ProvisionalServer::start(CSEQ, 6)
}

fn rack(rseq: u32) -> RAck {
    RAck { rseq, cseq: CSEQ, method: Method::Invite }
}

/// Gives a reliable response with the number that is due.
fn reliable(
    machine: &mut ProvisionalServer,
    name: &str,
    describes: bool,
    now: Time,
) -> Result<ServerAction, Misuse> {
    let rseq = machine.next_rseq()?;
    machine.on_event(
        ServerEvent::Reliable { status: 183, rseq, bytes: message(name), describes },
        now,
        &TIMERS(),
    )
}

fn give(machine: &mut ProvisionalServer, event: &str, now: Time) -> Result<ServerAction, Misuse> {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let waits = match &machine.state {
        State::Waiting { sent, .. } => sent.rseq,
        State::Overdue { unacknowledged } | State::Final { unacknowledged } => unacknowledged.unwrap_or(7),
        State::Idle | State::Answering { .. } => 7,
    };
    let (event, now) = match event {
        "183" => return reliable(machine, "183", false, now),
        "183 sdp" => return reliable(machine, "183s", true, now),
        "100" => {
            let rseq = machine.next_rseq().unwrap_or(7);
            (ServerEvent::Reliable { status: 100, rseq, bytes: message("100"), describes: false }, now)
        }
        "200" | "486" => (ServerEvent::Final { status: event.parse().unwrap(), bytes: message(event) }, now),
        "199 final" => (ServerEvent::Final { status: 199, bytes: message(event) }, now),
        "PRACK" => (ServerEvent::Prack { rack: rack(waits), offers: false }, now),
        "PRACK offer" => (ServerEvent::Prack { rack: rack(waits), offers: true }, now),
        "PRACK other" => (ServerEvent::Prack { rack: rack(waits + 1), offers: false }, now),
        "answered" => (ServerEvent::PrackAnswered, now),
        "early" => (ServerEvent::Deadline, Time::from_micros(due.as_micros() - 1)),
        "due" => (ServerEvent::Deadline, due),
        "end" => (ServerEvent::Deadline, now + TIMERS().timeout()),
        other => panic!("no event {other}"),
    };
    machine.on_event(event, now, &TIMERS())
}

fn show(action: Result<ServerAction, Misuse>) -> String {
    match action {
        Ok(ServerAction::Nothing) => "-".into(),
        Ok(ServerAction::Respond(bytes)) => words("send", &bytes),
        Ok(ServerAction::Repeat(bytes)) => words("repeat", &bytes),
        Ok(ServerAction::Acknowledged { next: Some(bytes) }) => words("ok, send", &bytes),
        Ok(ServerAction::Acknowledged { next: None }) => "ok".into(),
        Ok(ServerAction::NoSuchResponse) => "481".into(),
        Ok(other) => format!("{other:?}"),
        Err(misuse) => format!("refuse {misuse:?}"),
    }
}

fn machine_in(state: &str) -> ProvisionalServer {
    let mut machine = start();
    let events: &[&str] = match state {
        "Idle" => &[],
        "Waiting" => &["183"],
        "Held" => &["183 sdp", "200"],
        "Answering" => &["183", "PRACK offer"],
        "Overdue" => &["183", "end"],
        "Final" => &["183", "200"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut machine, event, at(0)).unwrap();
    }
    machine
}

fn name_of(machine: &ProvisionalServer) -> String {
    if machine.holds_success() { "Held".into() } else { format!("{:?}", machine.state()) }
}

const TABLE: &str = "
    Idle      | 183         | send 183                | Waiting   | RFC 3262 §3
    Idle      | 183 sdp     | send 183s               | Waiting   | RFC 3262 §3
    Idle      | 100         | refuse NotProvisional   | Idle      | RFC 3262 §3
    Idle      | 200         | send 200                | Final     | RFC 3262 §3
    Idle      | 486         | send 486                | Final     | RFC 3262 §3
    Idle      | 199 final   | refuse NotFinal         | Idle      | RFC 3261 §7.2
    Idle      | PRACK       | 481                     | Idle      | RFC 3262 §3
    Idle      | PRACK offer | 481                     | Idle      | RFC 3262 §3
    Idle      | PRACK other | 481                     | Idle      | RFC 3262 §3
    Idle      | answered    | -                       | Idle      | RFC 3262 §3
    Idle      | early       | -                       | Idle      | RFC 3262 §3
    Idle      | due         | -                       | Idle      | RFC 3262 §3
    Idle      | end         | -                       | Idle      | RFC 3262 §3
    Waiting   | 183         | Kept                    | Waiting   | RFC 3262 §3
    Waiting   | 183 sdp     | Kept                    | Waiting   | RFC 3262 §3
    Waiting   | 100         | refuse NotProvisional   | Waiting   | RFC 3262 §3
    Waiting   | 200         | send 200                | Final     | RFC 3262 §3
    Waiting   | 486         | send 486                | Final     | RFC 3262 §3
    Waiting   | 199 final   | refuse NotFinal         | Waiting   | RFC 3261 §7.2
    Waiting   | PRACK       | ok                      | Idle      | RFC 3262 §3
    Waiting   | PRACK offer | ok                      | Answering | RFC 3262 §5
    Waiting   | PRACK other | 481                     | Waiting   | RFC 3262 §3
    Waiting   | answered    | -                       | Waiting   | RFC 3262 §3
    Waiting   | early       | -                       | Waiting   | RFC 3262 §3
    Waiting   | due         | repeat 183              | Waiting   | RFC 3262 §3
    Waiting   | end         | NoPrack                 | Overdue   | RFC 3262 §3
    Held      | 183         | refuse FinalAlreadySent | Held      | RFC 3262 §3
    Held      | 183 sdp     | refuse FinalAlreadySent | Held      | RFC 3262 §3
    Held      | 100         | refuse NotProvisional   | Held      | RFC 3262 §3
    Held      | 200         | refuse FinalAlreadySent | Held      | RFC 3262 §3
    Held      | 486         | send 486                | Final     | RFC 3262 §3
    Held      | 199 final   | refuse NotFinal         | Held      | RFC 3261 §7.2
    Held      | PRACK       | ok, send 200            | Final     | RFC 3262 §5
    Held      | PRACK offer | ok                      | Held      | RFC 3262 §5
    Held      | PRACK other | 481                     | Held      | RFC 3262 §3
    Held      | answered    | -                       | Held      | RFC 3262 §3
    Held      | early       | -                       | Held      | RFC 3262 §3
    Held      | due         | repeat 183s             | Held      | RFC 3262 §3
    Held      | end         | NoPrack                 | Overdue   | RFC 3262 §3
    Answering | 183         | Kept                    | Answering | RFC 3262 §5
    Answering | 183 sdp     | Kept                    | Answering | RFC 3262 §5
    Answering | 100         | refuse NotProvisional   | Answering | RFC 3262 §3
    Answering | 200         | Kept                    | Held      | RFC 3262 §5
    Answering | 486         | send 486                | Final     | RFC 3262 §3
    Answering | 199 final   | refuse NotFinal         | Answering | RFC 3261 §7.2
    Answering | PRACK       | 481                     | Answering | RFC 3262 §3
    Answering | PRACK offer | 481                     | Answering | RFC 3262 §3
    Answering | PRACK other | 481                     | Answering | RFC 3262 §3
    Answering | answered    | -                       | Idle      | RFC 3262 §5
    Answering | early       | -                       | Answering | RFC 3262 §5
    Answering | due         | -                       | Idle      | RFC 3262 §5
    Answering | end         | -                       | Idle      | RFC 3262 §5
    Overdue   | 183         | refuse NotAcknowledged  | Overdue   | RFC 3262 §3
    Overdue   | 183 sdp     | refuse NotAcknowledged  | Overdue   | RFC 3262 §3
    Overdue   | 100         | refuse NotProvisional   | Overdue   | RFC 3262 §3
    Overdue   | 200         | refuse NotAcknowledged  | Overdue   | RFC 3262 §3
    Overdue   | 486         | send 486                | Final     | RFC 3262 §3
    Overdue   | 199 final   | refuse NotFinal         | Overdue   | RFC 3261 §7.2
    Overdue   | PRACK       | ok                      | Overdue   | RFC 3262 §3
    Overdue   | PRACK offer | ok                      | Overdue   | RFC 3262 §3
    Overdue   | PRACK other | 481                     | Overdue   | RFC 3262 §3
    Overdue   | answered    | -                       | Overdue   | RFC 3262 §3
    Overdue   | early       | -                       | Overdue   | RFC 3262 §3
    Overdue   | due         | -                       | Overdue   | RFC 3262 §3
    Overdue   | end         | -                       | Overdue   | RFC 3262 §3
    Final     | 183         | refuse FinalAlreadySent | Final     | RFC 3262 §3
    Final     | 183 sdp     | refuse FinalAlreadySent | Final     | RFC 3262 §3
    Final     | 100         | refuse NotProvisional   | Final     | RFC 3262 §3
    Final     | 200         | refuse FinalAlreadySent | Final     | RFC 3262 §3
    Final     | 486         | refuse FinalAlreadySent | Final     | RFC 3262 §3
    Final     | 199 final   | refuse NotFinal         | Final     | RFC 3261 §7.2
    Final     | PRACK       | ok                      | Final     | RFC 3262 §3
    Final     | PRACK offer | ok                      | Final     | RFC 3262 §3
    Final     | PRACK other | 481                     | Final     | RFC 3262 §3
    Final     | answered    | -                       | Final     | RFC 3262 §3
    Final     | early       | -                       | Final     | RFC 3262 §3
    Final     | due         | -                       | Final     | RFC 3262 §3
    Final     | end         | -                       | Final     | RFC 3262 §3
";

/// RFC 3262 §3 [3262-3-9, 3262-3-10, 3262-3-11, 3262-3-16, 3262-3-17]: every event in every state.
#[test]
fn every_pair_is_as_the_rfc_has_it() {
    check_table(TABLE, &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state);
        let before = machine.clone();
        let action = give(&mut machine, event, at(0));
        assert!(action.is_ok() || machine == before, "a refused response changes nothing");
        (show(action), name_of(&machine))
    });
}

/// RFC 3262 §3 [3262-3-s1]: T1, doubling without the bound of T2, for 64*T1.
#[test]
fn an_unacknowledged_response_is_repeated_until_64_t1() {
    let mut machine = machine_in("Waiting");
    let mut seen = Vec::new();
    while let Some(Deadline { at: due, lazy }) = machine.next_deadline() {
        assert!(!lazy && seen.len() < 20);
        let seconds = due.since(at(0)).as_secs_f64();
        seen.push(format!("{seconds:.1} {}", show(machine.on_event(ServerEvent::Deadline, due, &TIMERS()))));
    }
    assert_eq!(
        seen.join(", "),
        "0.5 repeat 183, 1.5 repeat 183, 3.5 repeat 183, 7.5 repeat 183, 15.5 repeat 183, 31.5 repeat 183, \
         32.0 NoPrack"
    );
    assert_eq!(show(give(&mut machine, "486", at(40_000))), "send 486");
}

#[test]
fn a_late_deadline_repeats_once_and_not_in_a_burst() {
    let mut machine = machine_in("Waiting");
    let mut fire = |ms| show(machine.on_event(ServerEvent::Deadline, at(ms), &TIMERS()));
    assert_eq!(
        [fire(10_000), fire(10_000), fire(10_999), fire(11_000)],
        ["repeat 183", "-", "-", "repeat 183"]
    );
}

/// RFC 3262 §3 [3262-3-11, 3262-3-12, 3262-3-13]: one after the other, each number one higher.
#[test]
fn responses_leave_in_order_one_for_each_prack() {
    let mut machine = start();
    let mut seen = Vec::new();
    for name in ["a", "b", "c"] {
        seen.push(show(reliable(&mut machine, name, false, at(0))));
    }
    for rseq in [7, 8, 9, 9] {
        let event = ServerEvent::Prack { rack: rack(rseq), offers: false };
        seen.push(show(machine.on_event(event, at(0), &TIMERS())));
    }
    assert_eq!(seen, ["send a", "Kept", "Kept", "ok, send b", "ok, send c", "ok", "481"]);
    assert_eq!(machine.next_rseq(), Ok(10));
}

/// RFC 3262 §3, §5 [3262-3-15, 3262-5-4]: a description that waits in the queue holds the 2xx back as well; one without lets it go.
#[test]
fn a_success_overtakes_no_session_description() {
    for (kept, seen) in [
        ("183 sdp", ["send 183", "Kept", "Kept", "ok, send 183s", "ok, send 200"]),
        ("183", ["send 183", "Kept", "send 200", "ok", "481"]),
    ] {
        let mut machine = start();
        let was: Vec<_> =
            ["183", kept, "200", "PRACK", "PRACK"].map(|event| show(give(&mut machine, event, at(0)))).into();
        assert_eq!(was[..4], seen[..4], "{kept}");
        assert!(kept == "183" || was[4] == seen[4]);
        assert_eq!(name_of(&machine), "Final");
        assert_eq!(machine.queued(), 0);
    }
}

/// RFC 3262 §5: the offer of a PRACK is answered before the INVITE is, at the latest when the PRACK has ended.
#[test]
fn the_answer_to_a_prack_leaves_before_the_success() {
    let mut machine = machine_in("Answering");
    assert_eq!(show(give(&mut machine, "200", at(0))), "Kept");
    assert_eq!(show(give(&mut machine, "answered", at(0))), "send 200");
    let mut machine = machine_in("Answering");
    assert_eq!(show(give(&mut machine, "200", at(0))), "Kept");
    assert_eq!(show(give(&mut machine, "end", at(0))), "send 200");
}

/// RFC 3262 §3 [3262-3-9]: the method and both numbers match.
#[test]
fn a_prack_for_something_else_is_refused() {
    for other in [
        RAck { cseq: CSEQ + 1, ..rack(7) },
        RAck { method: Method::Update, ..rack(7) },
        rack(8),
        rack(0),
        rack(u32::MAX),
    ] {
        let mut machine = machine_in("Waiting");
        let event = ServerEvent::Prack { rack: other.clone(), offers: false };
        assert_eq!(machine.on_event(event, at(0), &TIMERS()), Ok(ServerAction::NoSuchResponse), "{other}");
        assert_eq!(machine, machine_in("Waiting"));
    }
}

/// RFC 3262 §3 [3262-3-8, 3262-3-14]: the first number is between 1 and 2^31 - 1; none comes twice.
#[test]
fn numbers_begin_in_the_first_half_and_do_not_wrap() {
    for (random, first) in [(0, 1), (6, 7), ((1 << 31) - 2, (1 << 31) - 1), ((1 << 31) - 1, 1)] {
        assert_eq!(ProvisionalServer::start(CSEQ, random).next_rseq(), Ok(first));
    }
    for random in [u64::MAX, 1 << 63, 0xdead_beef_dead_beef] {
        assert!((1..1 << 31).contains(&ProvisionalServer::start(CSEQ, random).next_rseq().unwrap()));
    }
    let mut machine = ProvisionalServer { next_rseq: Some(u32::MAX), ..start() };
    assert_eq!(show(reliable(&mut machine, "last", false, at(0))), "send last");
    assert_eq!(machine.next_rseq(), Err(Misuse::NumbersExhausted));
    let wrong = ServerEvent::Reliable { status: 183, rseq: 6, bytes: message("x"), describes: false };
    assert_eq!(start().on_event(wrong, at(0), &TIMERS()), Err(Misuse::WrongNumber));
}

#[test]
fn the_queue_has_a_limit() {
    let mut machine = machine_in("Waiting");
    for _ in 0..PROVISIONAL_QUEUE_MAX {
        assert_eq!(show(give(&mut machine, "183", at(0))), "Kept");
    }
    assert_eq!(show(give(&mut machine, "183", at(0))), "refuse QueueFull");
    assert_eq!(show(give(&mut machine, "PRACK", at(0))), "ok, send 183");
    assert_eq!(show(give(&mut machine, "183", at(0))), "Kept");
}

#[test]
fn a_snapshot_of_every_state_reads_back_equal_and_can_be_shortened() {
    for state in STATES {
        let mut machine = machine_in(state);
        check_round_trip(&machine);
        let unchanged = machine.clone();
        machine.clamp_deadlines(at(0), &TIMERS());
        assert_eq!(machine, unchanged, "deadlines in their range stay");
        machine.clamp_deadlines(Time::from_micros(7), &TIMERS());
        let longest = Time::from_micros(7) + TIMERS().timeout();
        assert!(machine.next_deadline().is_none_or(|deadline| deadline.at <= longest), "{state}");
    }
}

#[test]
fn the_machine_is_small_because_each_step_clones_it() {
    assert!(size_of::<ProvisionalServer>() <= 160, "{}", size_of::<ProvisionalServer>());
}
