use super::super::tests::{
    BOTH, Machine, at, check_any_order, check_round_trip, check_table, message, timeline, words,
};
use super::*;
use core::cell::Cell;

const STATES: [&str; 6] = ["Calling", "Proceeding", "Canceled", "Completed", "Accepted", "Terminated"];
const EVENTS: [&str; 9] = ["100", "180", "200", "486", "701", "CANCEL", "early", "due", "transport error"];

/// The machine in a state, by events alone. "Canceled" is Proceeding after the CANCEL.
fn machine_in(state: &str, reliability: Reliability) -> InviteClient {
    let mut machine = InviteClient::start(message("INVITE"), reliability, at(0), &TimerConfig::default());
    let events: &[&str] = match state {
        "Calling" => &[],
        "Proceeding" => &["183"],
        "Canceled" => &["183", "CANCEL"],
        "Completed" => &["404"],
        "Accepted" => &["202"],
        "Terminated" => &["202", "due"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut machine, event, at(0));
    }
    machine
}

fn give(machine: &mut InviteClient, event: &str, now: Time) -> InviteClientAction {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let early = Time::from_micros(due.as_micros() - 1);
    let ack = || message(&format!("ACK of {event}"));
    let (event, now) = match event {
        "CANCEL" => (InviteClientEvent::CancelSent, now),
        "early" => (InviteClientEvent::Deadline, early),
        "due" => (InviteClientEvent::Deadline, due),
        "transport error" => (InviteClientEvent::TransportFailed, now),
        status => (InviteClientEvent::Response { status: status.parse().unwrap(), ack: &ack }, now),
    };
    machine.on_event(event, now, &TimerConfig::default())
}

fn show(action: InviteClientAction) -> String {
    match action {
        InviteClientAction::Nothing => "-".into(),
        InviteClientAction::Transmit(bytes) | InviteClientAction::TransmitAck(bytes) => words("send", &bytes),
        InviteClientAction::PassAndAck(bytes) => words("Pass, send", &bytes),
        action @ (InviteClientAction::Absorb
        | InviteClientAction::Pass
        | InviteClientAction::CancelDue
        | InviteClientAction::Timeout
        | InviteClientAction::TransportFailed
        | InviteClientAction::Terminated) => format!("{action:?}"),
    }
}

impl Machine for InviteClient {
    fn deadline(&self) -> Option<Deadline> {
        self.next_deadline()
    }

    fn fire(&mut self, now: Time) -> String {
        show(self.on_event(InviteClientEvent::Deadline, now, &TimerConfig::default()))
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
    Calling    | 100             | Pass                   | Proceeding | RFC 3261 §17.1.1.2
    Calling    | 180             | Pass                   | Proceeding | RFC 3261 §17.1.1.2
    Calling    | 200             | Pass                   | Accepted   | RFC 6026 §7.2
    Calling    | 486             | Pass, send ACK of 486  | Completed  | RFC 3261 §17.1.1.2
    Calling    | 701             | Absorb                 | Calling    | RFC 3261 §7.2
    Calling    | CANCEL          | -                      | Calling    | RFC 3261 §9.1
    Calling    | early           | -                      | Calling    | RFC 3261 §17.1.1.2
    Calling    | due             | send INVITE            | Calling    | RFC 3261 §17.1.1.2
    Calling    | transport error | TransportFailed        | Terminated | RFC 3261 §17.1.1.2
    Proceeding | 100             | Pass                   | Proceeding | RFC 3261 §17.1.1.2
    Proceeding | 180             | Pass                   | Proceeding | RFC 3261 §17.1.1.2
    Proceeding | 200             | Pass                   | Accepted   | RFC 6026 §7.2
    Proceeding | 486             | Pass, send ACK of 486  | Completed  | RFC 3261 §17.1.1.2
    Proceeding | 701             | Absorb                 | Proceeding | RFC 3261 §7.2
    Proceeding | CANCEL          | -                      | Proceeding | RFC 3261 §9.1
    Proceeding | early           | -                      | Proceeding | RFC 3261 §16.8
    Proceeding | due             | CancelDue              | Proceeding | RFC 3261 §16.8
    Proceeding | transport error | -                      | Proceeding | RFC 6026 §7.2
    Canceled   | 100             | Pass                   | Proceeding | RFC 3261 §17.1.1.2
    Canceled   | 180             | Pass                   | Proceeding | RFC 3261 §17.1.1.2
    Canceled   | 200             | Pass                   | Accepted   | RFC 6026 §7.2
    Canceled   | 486             | Pass, send ACK of 486  | Completed  | RFC 3261 §17.1.1.2
    Canceled   | 701             | Absorb                 | Proceeding | RFC 3261 §7.2
    Canceled   | CANCEL          | -                      | Proceeding | RFC 3261 §9.1
    Canceled   | early           | -                      | Proceeding | RFC 3261 §9.1
    Canceled   | due             | Timeout                | Terminated | RFC 3261 §9.1
    Canceled   | transport error | -                      | Proceeding | RFC 6026 §7.2
    Completed  | 100             | Absorb                 | Completed  | RFC 3261 §17.1.1.2
    Completed  | 180             | Absorb                 | Completed  | RFC 3261 §17.1.1.2
    Completed  | 200             | Absorb                 | Completed  | RFC 3261 §17.1.1.2
    Completed  | 486             | send ACK of 404        | Completed  | RFC 3261 §17.1.1.2
    Completed  | 701             | Absorb                 | Completed  | RFC 3261 §7.2
    Completed  | CANCEL          | -                      | Completed  | RFC 3261 §9.1
    Completed  | early           | -                      | Completed  | RFC 3261 §17.1.1.2
    Completed  | due             | Terminated             | Terminated | RFC 3261 §17.1.1.2
    Completed  | transport error | TransportFailed        | Terminated | RFC 3261 §17.1.1.2
    Accepted   | 100             | Absorb                 | Accepted   | RFC 6026 §7.2
    Accepted   | 180             | Absorb                 | Accepted   | RFC 6026 §7.2
    Accepted   | 200             | Pass                   | Accepted   | RFC 6026 §7.2
    Accepted   | 486             | Absorb                 | Accepted   | RFC 6026 §7.2
    Accepted   | 701             | Absorb                 | Accepted   | RFC 3261 §7.2
    Accepted   | CANCEL          | -                      | Accepted   | RFC 3261 §9.1
    Accepted   | early           | -                      | Accepted   | RFC 6026 §7.2
    Accepted   | due             | Terminated             | Terminated | RFC 6026 §7.2
    Accepted   | transport error | -                      | Accepted   | RFC 6026 §7.2
    Terminated | 100             | Absorb                 | Terminated | RFC 6026 §7.2
    Terminated | 180             | Absorb                 | Terminated | RFC 6026 §7.2
    Terminated | 200             | Absorb                 | Terminated | RFC 6026 §7.2
    Terminated | 486             | Absorb                 | Terminated | RFC 6026 §7.2
    Terminated | 701             | Absorb                 | Terminated | RFC 6026 §7.2
    Terminated | CANCEL          | -                      | Terminated | RFC 6026 §7.2
    Terminated | early           | -                      | Terminated | RFC 6026 §7.2
    Terminated | due             | -                      | Terminated | RFC 6026 §7.2
    Terminated | transport error | -                      | Terminated | RFC 6026 §7.2
";

// [3261-13.2.2.3-1, 3261-17.1.1.2-1, 3261-17.1.1.2-9, 3261-17.1.1.2-10, 3261-17.1.1.2-11, 3261-17.1.1.2-12]
// [3261-17.1.1.2-13, 3261-17.1.1.2-15, 3261-17.1.1.2-16, 3261-17.1.1.2-17, 3261-17.1.1.2-18, 3261-17.1.1.2-s2]
// [3261-17.1.4-s1, 6026-6, 6026-7.2]
#[test]
fn every_pair_over_udp_is_as_the_rfc_has_it() {
    check(Reliability::Unreliable, UNRELIABLE);
}

/// RFC 3261 §17.1.1.2: timer A never runs, so B comes first, and timer D is zero.
// [3261-17.1.1.2-13, 3261-17.1.1.2-s4]
#[test]
fn every_pair_over_tcp_is_the_same_but_for_a_and_d() {
    let completed: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| line.trim_start().starts_with("Terminated"))
        .map(|line| line.replacen("Terminated", "Completed ", 1))
        .collect();
    let table: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| !line.trim_start().starts_with("Completed"))
        .map(|line| {
            line.replace("send INVITE            | Calling   ", "Timeout                | Terminated")
                .replace("ACK of 486  | Completed ", "ACK of 486  | Terminated")
        })
        .chain(completed)
        .collect();
    check(Reliability::Reliable, &table.join("\n"));
}

/// RFC 3261 §17.1.1.2: A doubles without a bound of its own, B ends it at 64*T1.
// [3261-17.1.1.2-2, 3261-17.1.1.2-3, 3261-17.1.1.2-4, 3261-17.1.1.2-5, 3261-17.1.1.2-6, 3261-17.1.1.2-7]
// [3261-17.1.1.2-8, 3261-17.1.1.2-s1, 3261-17.1.1.2-s3]
#[test]
fn an_unanswered_invite_is_repeated_until_timer_b() {
    assert_eq!(
        timeline(machine_in("Calling", Reliability::Unreliable)),
        "0.5 send INVITE, 1.5 send INVITE, 3.5 send INVITE, 7.5 send INVITE, 15.5 send INVITE, \
         31.5 send INVITE, 32.0 Timeout"
    );
    assert_eq!(timeline(machine_in("Calling", Reliability::Reliable)), "32.0 Timeout");
}

/// RFC 3261 §16.8 and §9.1: an INVITE that rings for ever is cancelled, and then given up.
// [3261-9.1-s3]
#[test]
fn timer_c_ends_an_invite_that_is_never_answered() {
    for reliability in BOTH {
        assert_eq!(timeline(machine_in("Proceeding", reliability)), "181.0 CancelDue, 213.0 Timeout");
        assert_eq!(timeline(machine_in("Canceled", reliability)), "32.0 Timeout");
    }
}

/// RFC 3261 §16.7 item 2: a 100 leaves timer C as it is, any other provisional response starts it anew.
#[test]
fn only_provisional_responses_above_100_prolong_timer_c() {
    let mut machine = machine_in("Calling", Reliability::Unreliable);
    give(&mut machine, "100", at(10_000));
    assert_eq!(machine.next_deadline().unwrap().at, at(181_000));
    give(&mut machine, "180", at(20_000));
    assert_eq!(machine.next_deadline().unwrap().at, at(201_000));
    give(&mut machine, "100", at(30_000));
    assert_eq!(machine.next_deadline().unwrap().at, at(201_000));
}

/// RFC 3261 §9.1: a callee that keeps ringing after the CANCEL does not keep the transaction.
// [3261-9.1-s3]
#[test]
fn after_a_cancel_nothing_prolongs_the_transaction() {
    let mut machine = machine_in("Canceled", Reliability::Unreliable);
    give(&mut machine, "180", at(20_000));
    give(&mut machine, "CANCEL", at(25_000));
    assert_eq!(machine.next_deadline().unwrap().at, at(32_000));
}

/// RFC 3261 §17.1.1.2 (D) and RFC 6026 §7.2 (M).
// [3261-17.1.1.2-16, 3261-17.1.1.2-s4]
#[test]
fn the_last_states_are_left_lazily() {
    assert_eq!(timeline(machine_in("Completed", Reliability::Unreliable)), "32.0 Terminated (lazy)");
    for reliability in BOTH {
        assert_eq!(timeline(machine_in("Accepted", reliability)), "32.0 Terminated (lazy)");
    }
}

/// RFC 3261 §17.1.1.3: the ACK is made from the first failure response and from no other.
#[test]
fn the_ack_is_built_once() {
    let built = Cell::new(0);
    let ack = || {
        built.set(built.get() + 1);
        message("ACK")
    };
    let mut machine = machine_in("Calling", Reliability::Unreliable);
    for status in [100, 180, 486, 486, 486] {
        let event = InviteClientEvent::Response { status, ack: &ack };
        machine.on_event(event, at(0), &TimerConfig::default());
    }
    assert_eq!(built.get(), 1);
}

/// A host that was away for ten seconds repeats the INVITE once and goes on from there.
#[test]
fn a_late_deadline_sends_once_and_not_in_a_burst() {
    let mut machine = machine_in("Calling", Reliability::Unreliable);
    assert_eq!(machine.fire(at(10_000)), "send INVITE");
    assert_eq!(machine.fire(at(10_000)), "-");
    assert_eq!(machine.next_deadline().unwrap().at, at(11_000));
    assert_eq!(machine.fire(at(32_000)), "Timeout");
}

#[test]
fn no_order_of_events_leaves_the_machine_stuck() {
    let starts = BOTH.map(|reliability| machine_in("Calling", reliability));
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
        let longest = restored_at + TimerConfig::default().timer_c;
        assert!(machine.next_deadline().is_none_or(|deadline| deadline.at <= longest), "{state}");
    }
}

#[test]
fn the_machine_is_small_because_each_step_clones_it() {
    assert!(size_of::<InviteClient>() <= 80, "{}", size_of::<InviteClient>());
}
