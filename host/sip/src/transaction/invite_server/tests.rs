use super::super::tests::{
    BOTH, Machine, at, check_any_order, check_round_trip, check_table, message, refusal, timeline, words,
};
use super::*;

const STATES: [&str; 6] = ["Silent", "Proceeding", "Completed", "Confirmed", "Accepted", "Terminated"];
const EVENTS: [&str; 10] =
    ["INVITE", "ACK", "100", "180", "200", "486", "99", "early", "due", "transport error"];

/// The machine in a state, by events alone. "Silent" is Proceeding before any response.
fn machine_in(state: &str, reliability: Reliability) -> InviteServer {
    let mut machine = InviteServer::start(reliability, at(0), &TimerConfig::default());
    let responses: &[u16] = match state {
        "Silent" => &[],
        "Proceeding" => &[183],
        "Completed" | "Confirmed" => &[183, 404],
        "Accepted" | "Terminated" => &[183, 202],
        other => panic!("no state {other}"),
    };
    for status in responses {
        give(&mut machine, &status.to_string(), at(0)).unwrap();
    }
    match state {
        "Confirmed" => drop(give(&mut machine, "ACK", at(0))),
        "Terminated" => drop(give(&mut machine, "due", at(0))),
        _ => {}
    }
    machine
}

fn give(machine: &mut InviteServer, event: &str, now: Time) -> Result<InviteServerAction, Misuse> {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let early = Time::from_micros(due.as_micros() - 1);
    let (event, now) = match event {
        "INVITE" => (InviteServerEvent::Retransmission, now),
        "ACK" => (InviteServerEvent::Ack, now),
        "early" => (InviteServerEvent::Deadline, early),
        "due" => (InviteServerEvent::Deadline, due),
        "transport error" => (InviteServerEvent::TransportFailed, now),
        status => {
            (InviteServerEvent::Respond { status: status.parse().unwrap(), bytes: message(status) }, now)
        }
    };
    machine.on_event(event, now, &TimerConfig::default())
}

fn show(action: Result<InviteServerAction, Misuse>) -> String {
    match action {
        Ok(InviteServerAction::Nothing) => "-".into(),
        Ok(InviteServerAction::Transmit(bytes)) => words("send", &bytes),
        Ok(other) => format!("{other:?}"),
        Err(misuse) => refusal(misuse),
    }
}

impl Machine for InviteServer {
    fn deadline(&self) -> Option<Deadline> {
        self.next_deadline()
    }

    fn fire(&mut self, now: Time) -> String {
        show(self.on_event(InviteServerEvent::Deadline, now, &TimerConfig::default()))
    }

    fn state_name(&self) -> String {
        format!("{:?}", self.state())
    }
}

fn check(reliability: Reliability, table: &str) {
    check_table(table, &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state, reliability);
        let before = machine.clone();
        let action = give(&mut machine, event, at(0));
        assert!(action.is_ok() || machine == before, "a refused response changes nothing");
        assert_eq!(machine.is_terminated(), machine.next_deadline().is_none() && !is_open(&machine));
        (show(action), machine.state_name())
    });
}

/// Proceeding is the one state that may have no deadline and is not over.
fn is_open(machine: &InviteServer) -> bool {
    machine.state() == InviteServerState::Proceeding
}

const UNRELIABLE: &str = "
    Silent     | INVITE          | -                       | Proceeding | RFC 3261 §17.2.1
    Silent     | ACK             | -                       | Proceeding | RFC 6026 §7.1
    Silent     | 100             | send 100                | Proceeding | RFC 3261 §17.2.1
    Silent     | 180             | send 180                | Proceeding | RFC 3261 §17.2.1
    Silent     | 200             | send 200                | Accepted   | RFC 6026 §7.1
    Silent     | 486             | send 486                | Completed  | RFC 3261 §17.2.1
    Silent     | 99              | refuse NoSuchStatus     | Proceeding | RFC 3261 §7.2
    Silent     | early           | -                       | Proceeding | RFC 3261 §17.2.1
    Silent     | due             | SendTrying              | Proceeding | RFC 3261 §17.2.1
    Silent     | transport error | TransportFailed         | Proceeding | RFC 6026 §8.8
    Proceeding | INVITE          | send 183                | Proceeding | RFC 3261 §17.2.1
    Proceeding | ACK             | -                       | Proceeding | RFC 6026 §7.1
    Proceeding | 100             | -                       | Proceeding | RFC 3261 §17.2.1
    Proceeding | 180             | send 180                | Proceeding | RFC 3261 §17.2.1
    Proceeding | 200             | send 200                | Accepted   | RFC 6026 §7.1
    Proceeding | 486             | send 486                | Completed  | RFC 3261 §17.2.1
    Proceeding | 99              | refuse NoSuchStatus     | Proceeding | RFC 3261 §7.2
    Proceeding | early           | -                       | Proceeding | RFC 3261 §17.2.1
    Proceeding | due             | -                       | Proceeding | RFC 3261 §17.2.1
    Proceeding | transport error | TransportFailed         | Proceeding | RFC 6026 §8.8
    Completed  | INVITE          | send 404                | Completed  | RFC 3261 §17.2.1
    Completed  | ACK             | Confirmed               | Confirmed  | RFC 3261 §17.2.1
    Completed  | 100             | refuse FinalAlreadySent | Completed  | RFC 3261 §17.2.1
    Completed  | 180             | refuse FinalAlreadySent | Completed  | RFC 3261 §17.2.1
    Completed  | 200             | refuse FinalAlreadySent | Completed  | RFC 3261 §17.2.1
    Completed  | 486             | refuse FinalAlreadySent | Completed  | RFC 3261 §17.2.1
    Completed  | 99              | refuse FinalAlreadySent | Completed  | RFC 3261 §17.2.1
    Completed  | early           | -                       | Completed  | RFC 3261 §17.2.1
    Completed  | due             | send 404                | Completed  | RFC 3261 §17.2.1
    Completed  | transport error | TransportFailed         | Completed  | RFC 6026 §8.8
    Confirmed  | INVITE          | -                       | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | ACK             | -                       | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | 100             | refuse FinalAlreadySent | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | 180             | refuse FinalAlreadySent | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | 200             | refuse FinalAlreadySent | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | 486             | refuse FinalAlreadySent | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | 99              | refuse FinalAlreadySent | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | early           | -                       | Confirmed  | RFC 3261 §17.2.1
    Confirmed  | due             | Terminated              | Terminated | RFC 3261 §17.2.1
    Confirmed  | transport error | -                       | Confirmed  | RFC 6026 §7.1
    Accepted   | INVITE          | -                       | Accepted   | RFC 6026 §7.1
    Accepted   | ACK             | PassAck                 | Accepted   | RFC 6026 §7.1
    Accepted   | 100             | refuse FinalAlreadySent | Accepted   | RFC 6026 §7.1
    Accepted   | 180             | refuse FinalAlreadySent | Accepted   | RFC 6026 §7.1
    Accepted   | 200             | send 200                | Accepted   | RFC 6026 §7.1
    Accepted   | 486             | refuse FinalAlreadySent | Accepted   | RFC 6026 §7.1
    Accepted   | 99              | refuse NoSuchStatus     | Accepted   | RFC 3261 §7.2
    Accepted   | early           | -                       | Accepted   | RFC 6026 §7.1
    Accepted   | due             | Terminated              | Terminated | RFC 6026 §7.1
    Accepted   | transport error | TransportFailed         | Accepted   | RFC 6026 §8.8
    Terminated | INVITE          | -                       | Terminated | RFC 6026 §7.1
    Terminated | ACK             | -                       | Terminated | RFC 6026 §7.1
    Terminated | 100             | refuse Terminated       | Terminated | RFC 6026 §7.1
    Terminated | 180             | refuse Terminated       | Terminated | RFC 6026 §7.1
    Terminated | 200             | refuse Terminated       | Terminated | RFC 6026 §7.1
    Terminated | 486             | refuse Terminated       | Terminated | RFC 6026 §7.1
    Terminated | 99              | refuse Terminated       | Terminated | RFC 6026 §7.1
    Terminated | early           | -                       | Terminated | RFC 6026 §7.1
    Terminated | due             | -                       | Terminated | RFC 6026 §7.1
    Terminated | transport error | -                       | Terminated | RFC 6026 §7.1
";

// [3261-17.2.1-1, 3261-17.2.1-3, 3261-17.2.1-4, 3261-17.2.1-5, 3261-17.2.1-6, 3261-17.2.1-7, 3261-17.2.1-9]
// [3261-17.2.1-11, 3261-17.2.1-12, 3261-17.2.1-s2, 6026-6, 6026-7.1]
#[test]
fn every_pair_over_udp_is_as_the_rfc_has_it() {
    check(Reliability::Unreliable, UNRELIABLE);
}

/// RFC 3261 §17.2.1: timer G never runs and timer I is zero, so Confirmed is left as soon as it is entered.
#[test]
fn every_pair_over_tcp_is_the_same_but_for_g_and_i() {
    let table = UNRELIABLE
        .replace(
            "Completed  | ACK             | Confirmed               | Confirmed  |",
            "Completed  | ACK             | Confirmed               | Terminated |",
        )
        .replace(
            "Completed  | due             | send 404                | Completed  |",
            "Completed  | due             | AckTimeout              | Terminated |",
        );
    let mut table: Vec<&str> =
        table.lines().filter(|line| !line.trim_start().starts_with("Confirmed ")).collect();
    let confirmed: Vec<String> = UNRELIABLE
        .lines()
        .filter(|line| line.trim_start().starts_with("Terminated"))
        .map(|line| line.replacen("Terminated", "Confirmed ", 1))
        .collect();
    table.extend(confirmed.iter().map(String::as_str));
    check(Reliability::Reliable, &table.join("\n"));
}

/// RFC 3261 §17.2.1: G doubles from T1 up to T2, H ends it at 64*T1.
#[test]
fn an_unacknowledged_failure_is_repeated_up_to_t2_until_timer_h() {
    assert_eq!(
        timeline(machine_in("Completed", Reliability::Unreliable)),
        "0.5 send 404, 1.5 send 404, 3.5 send 404, 7.5 send 404, 11.5 send 404, 15.5 send 404, \
         19.5 send 404, 23.5 send 404, 27.5 send 404, 31.5 send 404, 32.0 AckTimeout"
    );
}

/// RFC 3261 §17.2.1 (G, H, I) and RFC 6026 §7.1 (L).
#[test]
fn the_other_deadlines_are_h_i_and_l() {
    assert_eq!(timeline(machine_in("Completed", Reliability::Reliable)), "32.0 AckTimeout");
    assert_eq!(timeline(machine_in("Confirmed", Reliability::Unreliable)), "5.0 Terminated (lazy)");
    for reliability in BOTH {
        assert_eq!(timeline(machine_in("Accepted", reliability)), "32.0 Terminated (lazy)");
    }
}

/// RFC 3261 §17.2.1: a 100 is due after 200 ms, once, and not after a response.
#[test]
fn a_100_is_due_after_200_ms_of_silence() {
    let mut machine = machine_in("Silent", Reliability::Unreliable);
    assert_eq!(machine.next_deadline(), Some(Deadline { at: at(200), lazy: false }));
    assert_eq!(machine.fire(at(200)), "SendTrying");
    assert_eq!(machine.next_deadline(), None);
    assert_eq!(machine.fire(at(400)), "-");
    assert_eq!(show(give(&mut machine, "100", at(400))), "send 100");
    assert_eq!(show(give(&mut machine, "INVITE", at(500))), "send 100");
    assert_eq!(machine_in("Proceeding", Reliability::Reliable).next_deadline(), None);
}

/// A host that was away for ten seconds sends one response and goes on from there.
#[test]
fn a_late_deadline_sends_once_and_not_in_a_burst() {
    let mut machine = machine_in("Completed", Reliability::Unreliable);
    assert_eq!(machine.fire(at(10_000)), "send 404");
    assert_eq!(machine.fire(at(10_000)), "-");
    assert_eq!(machine.next_deadline().unwrap().at, at(11_000));
    assert_eq!(machine.fire(at(40_000)), "AckTimeout");
}

#[test]
fn no_order_of_events_leaves_the_machine_stuck() {
    let starts = BOTH.map(|reliability| machine_in("Silent", reliability));
    check_any_order(&starts, &EVENTS, is_open, |machine, event, now| show(give(machine, event, now)));
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
        let unchanged = machine.clone();
        machine.clamp_deadlines(at(0), &TimerConfig::default());
        assert_eq!(machine, unchanged, "deadlines in their range stay");
        let restored_at = Time::from_micros(7);
        machine.clamp_deadlines(restored_at, &TimerConfig::default());
        let longest = restored_at + TimerConfig::default().timeout();
        assert!(machine.next_deadline().is_none_or(|deadline| deadline.at <= longest), "{state}");
    }
}

#[test]
fn the_machine_is_small_because_each_step_clones_it() {
    assert!(size_of::<InviteServer>() <= 72, "{}", size_of::<InviteServer>());
}
