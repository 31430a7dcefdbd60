use super::super::tests::{
    BOTH, Machine, at, check_any_order, check_round_trip, check_table, message, timeline, words,
};
use super::*;

const STATES: [&str; 4] = ["Trying", "Proceeding", "Completed", "Terminated"];
const EVENTS: [&str; 8] = ["100", "180", "200", "486", "99", "early", "due", "transport error"];

/// The machine in a state, by events alone.
fn machine_in(state: &str, reliability: Reliability) -> NonInviteClient {
    let mut machine = NonInviteClient::start(message("BYE"), reliability, at(0), &TimerConfig::default());
    let events: &[&str] = match state {
        "Trying" => &[],
        "Proceeding" => &["100"],
        "Completed" => &["202"],
        "Terminated" => &["202", "due"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut machine, event, at(0));
    }
    machine
}

fn give(machine: &mut NonInviteClient, event: &str, now: Time) -> NonInviteClientAction {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let early = Time::from_micros(due.as_micros() - 1);
    let (event, now) = match event {
        "early" => (NonInviteClientEvent::Deadline, early),
        "due" => (NonInviteClientEvent::Deadline, due),
        "transport error" => (NonInviteClientEvent::TransportFailed, now),
        status => (NonInviteClientEvent::Response { status: status.parse().unwrap() }, now),
    };
    machine.on_event(event, now, &TimerConfig::default())
}

fn show(action: NonInviteClientAction) -> String {
    match action {
        NonInviteClientAction::Nothing => "-".into(),
        NonInviteClientAction::Transmit(bytes) => words("send", &bytes),
        action @ (NonInviteClientAction::Absorb
        | NonInviteClientAction::Pass
        | NonInviteClientAction::Timeout
        | NonInviteClientAction::TransportFailed
        | NonInviteClientAction::Terminated) => format!("{action:?}"),
    }
}

impl Machine for NonInviteClient {
    fn deadline(&self) -> Option<Deadline> {
        self.next_deadline()
    }

    fn fire(&mut self, now: Time) -> String {
        show(self.on_event(NonInviteClientEvent::Deadline, now, &TimerConfig::default()))
    }

    fn state_name(&self) -> String {
        format!("{:?}", self.state())
    }
}

fn check(reliability: Reliability, table: &str) {
    check_table(table, &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state, reliability);
        let action = give(&mut machine, event, at(0));
        assert_eq!(machine.is_terminated(), machine.next_deadline().is_none(), "it always ends");
        (show(action), machine.state_name())
    });
}

const UNRELIABLE: &str = "
    Trying     | 100             | Pass            | Proceeding | RFC 3261 §17.1.2.2
    Trying     | 180             | Pass            | Proceeding | RFC 3261 §17.1.2.2
    Trying     | 200             | Pass            | Completed  | RFC 3261 §17.1.2.2
    Trying     | 486             | Pass            | Completed  | RFC 3261 §17.1.2.2
    Trying     | 99              | Absorb          | Trying     | RFC 3261 §7.2
    Trying     | early           | -               | Trying     | RFC 3261 §17.1.2.2
    Trying     | due             | send BYE        | Trying     | RFC 3261 §17.1.2.2
    Trying     | transport error | TransportFailed | Terminated | RFC 3261 §17.1.2.2
    Proceeding | 100             | Pass            | Proceeding | RFC 3261 §17.1.2.2
    Proceeding | 180             | Pass            | Proceeding | RFC 3261 §17.1.2.2
    Proceeding | 200             | Pass            | Completed  | RFC 3261 §17.1.2.2
    Proceeding | 486             | Pass            | Completed  | RFC 3261 §17.1.2.2
    Proceeding | 99              | Absorb          | Proceeding | RFC 3261 §7.2
    Proceeding | early           | -               | Proceeding | RFC 3261 §17.1.2.2
    Proceeding | due             | send BYE        | Proceeding | RFC 3261 §17.1.2.2
    Proceeding | transport error | TransportFailed | Terminated | RFC 3261 §17.1.2.2
    Completed  | 100             | Absorb          | Completed  | RFC 3261 §17.1.2.2
    Completed  | 180             | Absorb          | Completed  | RFC 3261 §17.1.2.2
    Completed  | 200             | Absorb          | Completed  | RFC 3261 §17.1.2.2
    Completed  | 486             | Absorb          | Completed  | RFC 3261 §17.1.2.2
    Completed  | 99              | Absorb          | Completed  | RFC 3261 §7.2
    Completed  | early           | -               | Completed  | RFC 3261 §17.1.2.2
    Completed  | due             | Terminated      | Terminated | RFC 3261 §17.1.2.2
    Completed  | transport error | -               | Completed  | RFC 3261 §17.1.2.2
    Terminated | 100             | Absorb          | Terminated | RFC 3261 §17.1.2.2
    Terminated | 180             | Absorb          | Terminated | RFC 3261 §17.1.2.2
    Terminated | 200             | Absorb          | Terminated | RFC 3261 §17.1.2.2
    Terminated | 486             | Absorb          | Terminated | RFC 3261 §17.1.2.2
    Terminated | 99              | Absorb          | Terminated | RFC 3261 §17.1.2.2
    Terminated | early           | -               | Terminated | RFC 3261 §17.1.2.2
    Terminated | due             | -               | Terminated | RFC 3261 §17.1.2.2
    Terminated | transport error | -               | Terminated | RFC 3261 §17.1.2.2
";

// [3261-17.1.2.2-3, 3261-17.1.2.2-4, 3261-17.1.2.2-7, 3261-17.1.2.2-9, 3261-17.1.2.2-10, 3261-17.1.4-s1]
#[test]
fn every_pair_over_udp_is_as_the_rfc_has_it() {
    check(Reliability::Unreliable, UNRELIABLE);
}

/// RFC 3261 §17.1.2.2: timer E never runs, so F comes first, and timer K is zero.
// [3261-17.1.2.2-8]
#[test]
fn every_pair_over_tcp_is_the_same_but_for_e_and_k() {
    let completed: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| line.trim_start().starts_with("Terminated"))
        .map(|line| line.replacen("Terminated", "Completed ", 1))
        .collect();
    let table: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| !line.trim_start().starts_with("Completed"))
        .map(|line| {
            line.replace("send BYE        | Trying    ", "Timeout         | Terminated")
                .replace("send BYE        | Proceeding", "Timeout         | Terminated")
                .replace("Pass            | Completed ", "Pass            | Terminated")
        })
        .chain(completed)
        .collect();
    check(Reliability::Reliable, &table.join("\n"));
}

/// RFC 3261 §17.1.2.2: in Trying E doubles from T1 up to T2, F ends it at 64*T1.
// [3261-17.1.2.2-1, 3261-17.1.2.2-2, 3261-17.1.2.2-s1]
#[test]
fn an_unanswered_request_is_repeated_up_to_t2_until_timer_f() {
    assert_eq!(
        timeline(machine_in("Trying", Reliability::Unreliable)),
        "0.5 send BYE, 1.5 send BYE, 3.5 send BYE, 7.5 send BYE, 11.5 send BYE, 15.5 send BYE, \
         19.5 send BYE, 23.5 send BYE, 27.5 send BYE, 31.5 send BYE, 32.0 Timeout"
    );
    assert_eq!(timeline(machine_in("Trying", Reliability::Reliable)), "32.0 Timeout");
}

/// RFC 3261 §17.1.2.2: in Proceeding E goes on, with T2 after its next firing, and F goes on too.
// [3261-17.1.2.2-5, 3261-17.1.2.2-6]
#[test]
fn a_provisional_response_slows_timer_e_down_to_t2() {
    assert_eq!(
        timeline(machine_in("Proceeding", Reliability::Unreliable)),
        "0.5 send BYE, 4.5 send BYE, 8.5 send BYE, 12.5 send BYE, 16.5 send BYE, 20.5 send BYE, \
         24.5 send BYE, 28.5 send BYE, 32.0 Timeout"
    );
    assert_eq!(timeline(machine_in("Proceeding", Reliability::Reliable)), "32.0 Timeout");
}

/// RFC 3261 §17.1.2.2: K is T4.
// [3261-17.1.2.2-8, 3261-17.1.2.2-9]
#[test]
fn a_completed_transaction_is_left_lazily_after_t4() {
    assert_eq!(timeline(machine_in("Completed", Reliability::Unreliable)), "5.0 Terminated (lazy)");
}

/// A host that was away for ten seconds repeats the request once and goes on from there.
#[test]
fn a_late_deadline_sends_once_and_not_in_a_burst() {
    let mut machine = machine_in("Trying", Reliability::Unreliable);
    assert_eq!(machine.fire(at(10_000)), "send BYE");
    assert_eq!(machine.fire(at(10_000)), "-");
    assert_eq!(machine.next_deadline().unwrap().at, at(11_000));
    assert_eq!(machine.fire(at(32_000)), "Timeout");
}

#[test]
fn no_order_of_events_leaves_the_machine_stuck() {
    let starts = BOTH.map(|reliability| machine_in("Trying", reliability));
    check_any_order(&starts, &EVENTS, |_| false, |machine, event, now| show(give(machine, event, now)));
}

#[test]
fn a_snapshot_of_every_state_reads_back_equal() {
    for reliability in BOTH {
        for state in STATES {
            check_round_trip(&machine_in(state, reliability));
        }
    }
}

#[test]
fn deadlines_from_a_clock_that_was_ahead_are_shortened() {
    for state in STATES {
        let mut machine = machine_in(state, Reliability::Unreliable);
        let restored_at = Time::from_micros(7);
        machine.clamp_deadlines(restored_at, &TimerConfig::default());
        let longest = restored_at + TimerConfig::default().timeout();
        assert!(machine.next_deadline().is_none_or(|deadline| deadline.at <= longest), "{state}");
    }
}

#[test]
fn the_machine_is_small_because_each_step_clones_it() {
    assert!(size_of::<NonInviteClient>() <= 72, "{}", size_of::<NonInviteClient>());
}
