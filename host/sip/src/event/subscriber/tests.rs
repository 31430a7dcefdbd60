//! The subscriber: RFC 6665 §4.1.

use super::*;
use crate::transaction::tests::{START, at, check_round_trip, check_table};

const STATES: [&str; 7] = ["wait", "pending", "active", "refreshing", "unsubscribing", "terminated", "retry"];
const EVENTS: [&str; 18] = [
    "200",
    "204",
    "481",
    "489",
    "403",
    "408",
    "503",
    "refresh",
    "unsubscribe",
    "active",
    "pending",
    "other",
    "rejected",
    "probation",
    "early",
    "due",
    "timer N",
    "hour",
];

fn timers() -> TimerConfig {
    TimerConfig::default()
}

fn give(machine: &mut Subscriber, event: &str, now: Time) -> SubscriberAction {
    let due = machine.next_deadline().map_or(now, |deadline| deadline.at);
    let told = |text: &str| SubscriptionState::parse(text.as_bytes()).unwrap();
    match event {
        "200" | "204" => machine.on_response(event.parse().unwrap(), Some(3600), now, &timers()),
        "active" => machine.on_notify(&told("active;expires=3600"), now, &timers()),
        "pending" => machine.on_notify(&told("pending;expires=3600"), now, &timers()),
        "other" => machine.on_notify(&told("waiting;expires=3600"), now, &timers()),
        "rejected" => machine.on_notify(&told("terminated;reason=rejected"), now, &timers()),
        "probation" => machine.on_notify(&told("terminated;reason=probation;retry-after=60"), now, &timers()),
        "refresh" | "unsubscribe" => {
            machine.on_subscribe_sent(if event == "refresh" { 3600 } else { 0 }, now, &timers());
            SubscriberAction::Nothing
        }
        "early" => machine.on_deadline(Time::from_micros(due.as_micros() - 1)),
        "due" => machine.on_deadline(due),
        "timer N" => machine.on_deadline(now + timers().timeout()),
        "hour" => machine.on_deadline(at(3_600_000)),
        status => machine.on_response(status.parse().unwrap(), None, now, &timers()),
    }
}

fn machine_in(state: &str) -> Subscriber {
    let mut machine = Subscriber::start(3600, at(0), &timers());
    let events: &[&str] = match state {
        "wait" => &[],
        "pending" => &["pending"],
        "active" => &["200", "active"],
        "refreshing" => &["active", "refresh"],
        "unsubscribing" => &["active", "unsubscribe"],
        "terminated" => &["rejected"],
        "retry" => &["active", "probation"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut machine, event, at(0));
    }
    machine
}

fn name_of(machine: &Subscriber) -> &'static str {
    match machine.state {
        State::NotifyWait { .. } => "wait",
        State::Live { unsubscribing: true, .. } => "unsubscribing",
        State::Live { n_at: Some(_), .. } => "refreshing",
        State::Live { is_active: false, .. } => "pending",
        State::Live { is_active: true, .. } => "active",
        State::Terminated { retry_at: None } => "terminated",
        State::Terminated { retry_at: Some(_) } => "retry",
    }
}

fn show(action: SubscriberAction) -> String {
    match action {
        SubscriberAction::Nothing => "-".to_owned(),
        SubscriberAction::Ended(Ended::Notified(retry)) => format!("told, {retry:?}"),
        SubscriberAction::Ended(ended) => format!("{ended:?}"),
        SubscriberAction::Changed | SubscriberAction::Refresh | SubscriberAction::SubscribeAnew => {
            format!("{action:?}")
        }
    }
}

#[test]
fn every_pair_is_as_the_rfc_has_it() {
    check_table(include_str!("tests/table.txt"), &STATES, &EVENTS, |state, event| {
        let mut machine = machine_in(state);
        let action = give(&mut machine, event, at(0));
        assert_eq!(machine.next_deadline().is_none(), machine.is_over());
        check_round_trip(&machine);
        (show(action), name_of(&machine).to_owned())
    });
}

/// RFC 6665 §4.1.2.1, §4.1.3, §4.2.2: what counts as the duration.
#[test]
fn the_duration_is_that_of_the_notifier_and_never_longer_than_wanted() {
    let until = |machine: &Subscriber| machine.expires_at().map(|at| at.since(START).as_secs());
    for (wanted, response, notify, expected) in [
        (3600, None, "active", 3600),
        (3600, Some(600), "active", 600),
        (3600, Some(7200), "active", 3600),
        (3600, Some(600), "active;expires=300", 300),
        (3600, None, "active;expires=300", 300),
        (3600, Some(600), "active;expires=900", 900),
        (3600, Some(600), "active;expires=99999999", 3600),
        (3600, Some(600), "pending;expires=0", 0),
    ] {
        let mut machine = Subscriber::start(wanted, at(0), &timers());
        if let Some(expires) = response {
            machine.on_response(200, Some(expires), at(0), &timers());
        }
        machine.on_notify(&SubscriptionState::parse(notify.as_bytes()).unwrap(), at(0), &timers());
        assert_eq!(until(&machine), Some(expected), "{wanted} {response:?} {notify}");
        let before = machine;
        machine.on_response(200, response, at(0), &timers());
        assert!(until(&machine) <= Some(u64::from(wanted)), "{before:?}: the response may come last");
    }
}

/// A subscription is refreshed a transaction before its end, or at half of a short one; and ends if that fails.
#[test]
fn a_refresh_is_sent_before_the_end() {
    for (expires, seen) in [
        (3600, "3568 Refresh, 3600 Expired"),
        (60, "30 Refresh, 60 Expired"),
        (2, "1 Refresh, 2 Expired"),
        (1, "1 Expired"),
        (0, "0 Expired"),
    ] {
        let mut machine = Subscriber::start(3600, at(0), &timers());
        let told = format!("active;expires={expires}");
        machine.on_notify(&SubscriptionState::parse(told.as_bytes()).unwrap(), at(0), &timers());
        let mut was = Vec::new();
        while let Some(Deadline { at: due, lazy: false }) = machine.next_deadline() {
            was.push(format!("{} {}", due.since(START).as_secs(), show(machine.on_deadline(due))));
        }
        assert_eq!(was.join(", "), seen);
    }
}

/// RFC 6665 §4.1.2.2: after a failure of another kind it is tried again while it lasts.
#[test]
fn a_refresh_that_fails_is_tried_again_while_the_subscription_lasts() {
    let mut machine = machine_in("active");
    let mut seen = Vec::new();
    while let Some(Deadline { at: due, .. }) = machine.next_deadline() {
        let action = machine.on_deadline(due);
        seen.push(format!("{} {}", due.since(START).as_secs(), show(action)));
        if action == SubscriberAction::Refresh {
            machine.on_subscribe_sent(3600, due, &timers());
            machine.on_response(500, None, due, &timers());
        }
    }
    assert_eq!(seen, ["3568 Refresh", "3584 Refresh", "3594 Refresh", "3600 Expired"]);
}

/// RFC 6665 §4.1.2.4: until timer N each other dialog is a subscription of its own, then 481.
#[test]
fn a_fork_makes_its_own_subscription_until_timer_n() {
    let mut first = Subscriber::start(3600, at(0), &timers());
    give(&mut first, "active", at(1000));
    let mut second = first.fork(at(2000)).unwrap();
    assert_eq!((second.state(), first.state()), (SubscriberState::NotifyWait, SubscriberState::Active));
    assert_eq!(show(give(&mut second, "pending", at(2000))), "Changed");
    assert_eq!(show(give(&mut first, "rejected", at(3000))), "told, Never");
    assert_eq!(second.state(), SubscriberState::Pending, "each lives for itself");
    assert!(first.fork(at(31_999)).is_some(), "also when the first one is over");
    assert_eq!(first.fork(at(32_000)), None);
    let mut silent = Subscriber::start(3600, at(0), &timers()).fork(at(10_000)).unwrap();
    assert_eq!(silent.next_deadline().unwrap().at, at(32_000));
    assert_eq!(show(silent.on_deadline(at(32_000))), "NoNotify");
}

/// RFC 6665 §4.1.3: all reasons.
#[test]
fn the_reason_says_whether_to_subscribe_again() {
    for (text, expected) in [
        ("terminated;reason=deactivated;retry-after=9", Retry::Now),
        ("terminated;reason=timeout;retry-after=9", Retry::Now),
        ("terminated;reason=probation", Retry::After(PROBATION_S)),
        ("terminated;reason=probation;retry-after=9", Retry::After(9)),
        ("terminated;reason=giveup", Retry::Now),
        ("terminated;reason=giveup;retry-after=9", Retry::After(9)),
        ("terminated;reason=rejected;retry-after=9", Retry::Never),
        ("terminated;reason=noresource;retry-after=9", Retry::Never),
        ("terminated;reason=invariant;retry-after=31536000", Retry::Never),
        ("terminated;expires=100", Retry::Now),
        ("terminated;retry-after=9", Retry::After(9)),
        ("terminated;reason=expired", Retry::Now),
        ("terminated;reason=expired;retry-after=9", Retry::After(9)),
    ] {
        let told = SubscriptionState::parse(text.as_bytes()).unwrap();
        assert_eq!(Retry::of(&told), expected, "{text}");
        let mut machine = machine_in("active");
        assert_eq!(
            machine.on_notify(&told, at(0), &timers()),
            SubscriberAction::Ended(Ended::Notified(expected))
        );
        let mut unwanted = machine_in("unsubscribing");
        let action = unwanted.on_notify(&told, at(0), &timers());
        assert_eq!(action, SubscriberAction::Ended(Ended::Notified(Retry::Never)), "who has left stays away");
    }
    let mut machine = machine_in("retry");
    assert_eq!(machine.next_deadline().unwrap().at, at(60_000));
    assert_eq!(machine.on_deadline(at(60_000)), SubscriberAction::SubscribeAnew);
    assert!(machine.is_over());
    let mut machine = machine_in("retry");
    machine.stop();
    assert!(machine.is_over());
}

/// RFC 6665 §4.4.3: a fetch is over with its one NOTIFY.
#[test]
fn a_fetch_ends_with_its_notify() {
    let mut machine = Subscriber::start(0, at(0), &timers());
    machine.on_response(200, Some(0), at(0), &timers());
    let told = SubscriptionState::parse(b"terminated;reason=timeout").unwrap();
    let action = machine.on_notify(&told, at(0), &timers());
    assert_eq!(action, SubscriberAction::Ended(Ended::Notified(Retry::Never)));
}

#[test]
fn deadlines_from_a_clock_that_was_ahead_are_shortened() {
    for state in STATES {
        let mut machine = machine_in(state);
        let unchanged = machine;
        machine.clamp_deadlines(at(0), &timers());
        assert_eq!(machine, unchanged, "deadlines in their range stay");
        machine.clamp_deadlines(Time::ZERO, &timers());
        let longest = Time::ZERO + Duration::from_secs(3600);
        assert!(state == "retry" || machine.next_deadline().is_none_or(|due| due.at <= longest), "{state}");
    }
}
