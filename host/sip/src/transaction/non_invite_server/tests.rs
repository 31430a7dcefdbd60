use super::super::tests::{
    BOTH, Machine, at, check_any_order, check_round_trip, check_table, message, refusal, timeline, words,
};
use super::*;

const STATES: [&str; 5] = ["Trying", "Asked", "Proceeding", "Completed", "Terminated"];
const EVENTS: [&str; 9] = ["request", "100", "180", "200", "408", "700", "early", "due", "transport error"];

/// The machine in a state, by events alone. "Asked" is Trying after the 100 was asked for.
fn machine_in(state: &str, reliability: Reliability) -> NonInviteServer {
    let mut machine = NonInviteServer::start(reliability, at(0), &TimerConfig::default());
    let events: &[&str] = match state {
        "Trying" => &[],
        "Asked" => &["due"],
        "Proceeding" => &["due", "100"],
        "Completed" => &["202"],
        "Terminated" => &["202", "due"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut machine, event, at(4000)).unwrap();
    }
    machine
}

fn give(machine: &mut NonInviteServer, event: &str, now: Time) -> Result<NonInviteServerAction, Misuse> {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let early = Time::from_micros(due.as_micros() - 1);
    let (event, now) = match event {
        "request" => (NonInviteServerEvent::Retransmission, now),
        "early" => (NonInviteServerEvent::Deadline, early),
        "due" => (NonInviteServerEvent::Deadline, due),
        "transport error" => (NonInviteServerEvent::TransportFailed, now),
        status => {
            (NonInviteServerEvent::Respond { status: status.parse().unwrap(), bytes: message(status) }, now)
        }
    };
    machine.on_event(event, now, &TimerConfig::default())
}

fn show(action: Result<NonInviteServerAction, Misuse>) -> String {
    match action {
        Ok(NonInviteServerAction::Nothing) => "-".into(),
        Ok(NonInviteServerAction::Transmit(bytes)) => words("send", &bytes),
        Ok(other) => format!("{other:?}"),
        Err(misuse) => refusal(misuse),
    }
}

impl Machine for NonInviteServer {
    fn deadline(&self) -> Option<Deadline> {
        self.next_deadline()
    }

    fn fire(&mut self, now: Time) -> String {
        show(self.on_event(NonInviteServerEvent::Deadline, now, &TimerConfig::default()))
    }

    fn state_name(&self) -> String {
        format!("{:?}", self.state())
    }
}

/// Checks the table with events at one second (before Timer E of the client reaches T2) unless they are deadlines.
fn check(reliability: Reliability, table: &str) {
    check_table(table, &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state, reliability);
        let before = machine.clone();
        let action = give(&mut machine, event, at(1000));
        assert!(action.is_ok() || machine == before, "a refused response changes nothing");
        assert_eq!(machine.is_terminated(), machine.next_deadline().is_none());
        (show(action), machine.state_name())
    });
}

const UNRELIABLE: &str = "
    Trying     | request         | -                             | Trying     | RFC 3261 §17.2.2
    Trying     | 100             | refuse TryingTooEarly         | Trying     | RFC 4320 §4.1
    Trying     | 180             | refuse ProvisionalToNonInvite | Trying     | RFC 4320 §4.1
    Trying     | 200             | send 200                      | Completed  | RFC 3261 §17.2.2
    Trying     | 408             | refuse TimeoutToNonInvite     | Trying     | RFC 4320 §4.2
    Trying     | 700             | refuse NoSuchStatus           | Trying     | RFC 3261 §7.2
    Trying     | early           | -                             | Trying     | RFC 4320 §4.1
    Trying     | due             | SendTrying                    | Trying     | RFC 4320 §4.1
    Trying     | transport error | TransportFailed               | Trying     | RFC 6026 §8.8
    Asked      | request         | -                             | Trying     | RFC 3261 §17.2.2
    Asked      | 100             | refuse TryingTooEarly         | Trying     | RFC 4320 §4.1
    Asked      | 180             | refuse ProvisionalToNonInvite | Trying     | RFC 4320 §4.1
    Asked      | 200             | send 200                      | Completed  | RFC 3261 §17.2.2
    Asked      | 408             | refuse TimeoutToNonInvite     | Trying     | RFC 4320 §4.2
    Asked      | 700             | refuse NoSuchStatus           | Trying     | RFC 3261 §7.2
    Asked      | early           | -                             | Trying     | RFC 4320 §4.2
    Asked      | due             | Expired                       | Terminated | RFC 4320 §4.2
    Asked      | transport error | TransportFailed               | Trying     | RFC 6026 §8.8
    Proceeding | request         | send 100                      | Proceeding | RFC 3261 §17.2.2
    Proceeding | 100             | send 100                      | Proceeding | RFC 3261 §17.2.2
    Proceeding | 180             | refuse ProvisionalToNonInvite | Proceeding | RFC 4320 §4.1
    Proceeding | 200             | send 200                      | Completed  | RFC 3261 §17.2.2
    Proceeding | 408             | refuse TimeoutToNonInvite     | Proceeding | RFC 4320 §4.2
    Proceeding | 700             | refuse NoSuchStatus           | Proceeding | RFC 3261 §7.2
    Proceeding | early           | -                             | Proceeding | RFC 4320 §4.2
    Proceeding | due             | Expired                       | Terminated | RFC 4320 §4.2
    Proceeding | transport error | TransportFailed               | Proceeding | RFC 6026 §8.8
    Completed  | request         | send 202                      | Completed  | RFC 3261 §17.2.2
    Completed  | 100             | refuse FinalAlreadySent       | Completed  | RFC 3261 §17.2.2
    Completed  | 180             | refuse FinalAlreadySent       | Completed  | RFC 3261 §17.2.2
    Completed  | 200             | refuse FinalAlreadySent       | Completed  | RFC 3261 §17.2.2
    Completed  | 408             | refuse FinalAlreadySent       | Completed  | RFC 3261 §17.2.2
    Completed  | 700             | refuse FinalAlreadySent       | Completed  | RFC 3261 §17.2.2
    Completed  | early           | -                             | Completed  | RFC 3261 §17.2.2
    Completed  | due             | Terminated                    | Terminated | RFC 3261 §17.2.2
    Completed  | transport error | TransportFailed               | Completed  | RFC 6026 §8.8
    Terminated | request         | -                             | Terminated | RFC 3261 §17.2.2
    Terminated | 100             | refuse Terminated             | Terminated | RFC 3261 §17.2.2
    Terminated | 180             | refuse Terminated             | Terminated | RFC 3261 §17.2.2
    Terminated | 200             | refuse Terminated             | Terminated | RFC 3261 §17.2.2
    Terminated | 408             | refuse Terminated             | Terminated | RFC 3261 §17.2.2
    Terminated | 700             | refuse Terminated             | Terminated | RFC 3261 §17.2.2
    Terminated | early           | -                             | Terminated | RFC 3261 §17.2.2
    Terminated | due             | -                             | Terminated | RFC 3261 §17.2.2
    Terminated | transport error | -                             | Terminated | RFC 3261 §17.2.2
";

// [3261-8.2.6.1-s1, 3261-17.2.2-3, 3261-17.2.2-4, 3261-17.2.2-5, 3261-17.2.2-7, 3261-17.2.2-8, 3261-17.2.2-9]
// [3261-17.2.2-10, 4320-4.1, 4320-4.2]
#[test]
fn every_pair_over_udp_is_as_the_rfc_has_it() {
    check(Reliability::Unreliable, UNRELIABLE);
}

/// RFC 3261 §17.2.2: timer J is zero. RFC 4320 §4.1: a 100 may be sent at any time.
// [3261-17.2.2-1, 3261-17.2.2-2, 3261-17.2.2-6]
#[test]
fn every_pair_over_tcp_is_the_same_but_for_j_and_the_100() {
    let completed: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| line.trim_start().starts_with("Terminated"))
        .map(|line| line.replacen("Terminated", "Completed ", 1))
        .collect();
    let table: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| !line.trim_start().starts_with("Completed"))
        .map(|line| {
            line.replace(
                "refuse TryingTooEarly         | Trying    ",
                "send 100                      | Proceeding",
            )
            .replace(
                "send 200                      | Completed ",
                "send 200                      | Terminated",
            )
        })
        .chain(completed)
        .collect();
    check(Reliability::Reliable, &table.join("\n"));
}

/// RFC 4320 §4.1 and §4.2; RFC 3261 §17.2.2 (J).
// [3261-17.2.2-6, 3261-17.2.2-9, 4320-4.1]
#[test]
fn a_silent_transaction_asks_for_a_100_and_then_expires() {
    for reliability in BOTH {
        assert_eq!(timeline(machine_in("Trying", reliability)), "3.5 SendTrying, 32.0 Expired");
        assert_eq!(timeline(machine_in("Proceeding", reliability)), "32.0 Expired");
    }
    assert_eq!(timeline(machine_in("Completed", Reliability::Unreliable)), "36.0 Terminated (lazy)");
}

/// A restored host that slept over both deadlines tells the end and does not ask for a 100 that nobody reads.
#[test]
fn the_end_comes_before_a_missed_100() {
    let mut machine = machine_in("Trying", Reliability::Unreliable);
    assert_eq!(machine.fire(at(60_000)), "Expired");
    assert!(machine.is_terminated());
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
    assert!(size_of::<NonInviteServer>() <= 56, "{}", size_of::<NonInviteServer>());
}
