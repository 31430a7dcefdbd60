//! What the tables of the four machines share: a text table with every (state, event) pair, and a run of deadlines.

use super::{Deadline, Misuse, Reliability, TimerConfig};
use crate::time::{Duration, Time};
use bytes::Bytes;

/// A moment far from zero, so that a lost deadline shows.
pub(crate) const START: Time = Time::from_micros(1_700_000_000_000_000);

/// `START` and so many milliseconds.
pub(crate) fn at(ms: u64) -> Time {
    START + Duration::from_millis(ms)
}

/// The two kinds of transport.
pub(crate) const BOTH: [Reliability; 2] = [Reliability::Unreliable, Reliability::Reliable];

/// Message bytes, named by a word.
pub(crate) fn message(name: &str) -> Bytes {
    Bytes::copy_from_slice(name.as_bytes())
}

/// The action `verb` on message bytes, in words.
pub(crate) fn words(verb: &str, bytes: &Bytes) -> String {
    format!("{verb} {}", String::from_utf8_lossy(bytes))
}

/// A refusal in the words of a table.
pub(crate) fn refusal(misuse: Misuse) -> String {
    format!("refuse {misuse:?}")
}

/// A machine that can be driven by its deadlines alone.
pub(crate) trait Machine: Clone {
    fn deadline(&self) -> Option<Deadline>;
    /// The `Deadline` event; the action in words.
    fn fire(&mut self, now: Time) -> String;
    fn state_name(&self) -> String;
}

/// Fires each deadline at its time until there is none: one line for each, `seconds action`.
pub(crate) fn timeline(mut machine: impl Machine) -> String {
    let mut lines = Vec::new();
    while let Some(Deadline { at, lazy }) = machine.deadline() {
        assert!(lines.len() < 100, "the deadlines never end: {lines:#?}");
        let seconds = at.since(START).as_secs_f64();
        let action = machine.fire(at);
        lines.push(format!("{seconds:.1} {action}{}", if lazy { " (lazy)" } else { "" }));
    }
    assert_eq!(machine.state_name(), "Terminated", "a machine without a deadline has ended: {lines:#?}");
    lines.join(", ")
}

/// Checks a table of `state | event | action | next state | source` lines that names every pair of `states` and
/// `events` exactly once. `run` puts a machine in the state, gives it the event, and tells action and next state.
pub(crate) fn check_table(
    table: &str,
    states: &[&str],
    events: &[&str],
    run: impl Fn(&str, &str) -> (String, String),
) {
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.split('|').map(str::trim).collect())
        .collect();
    for row in &rows {
        let [state, event, action, next, source] = row[..] else {
            panic!("five columns are needed: {row:?}");
        };
        assert!(states.contains(&state) && events.contains(&event), "unknown state or event: {row:?}");
        assert!(source.starts_with("RFC "), "a row names its source: {row:?}");
        let (was_action, was_next) = run(state, event);
        assert_eq!((was_action.as_str(), was_next.as_str()), (action, next), "{state} + {event} ({source})");
    }
    for state in states {
        for event in events {
            let count = rows.iter().filter(|row| row[0] == *state && row[1] == *event).count();
            assert_eq!(count, 1, "rows for {state} + {event}");
        }
    }
}

/// A machine is the same after its way through a snapshot.
pub(crate) fn check_round_trip<M>(machine: &M)
where
    M: serde::Serialize + serde::de::DeserializeOwned + PartialEq + core::fmt::Debug,
{
    let bytes = postcard::to_stdvec(machine).unwrap();
    assert_eq!(&postcard::from_bytes::<M>(&bytes).unwrap(), machine);
}

/// Gives each machine of `starts` many sequences of events in an order drawn from a seed, and checks after each event
/// what holds for all machines: the end is final and has no deadline, and a due deadline moves on or ends.
pub(crate) fn check_any_order<M>(
    starts: &[M],
    events: &[&str],
    may_stay_open: impl Fn(&M) -> bool,
    give: impl Fn(&mut M, &str, Time) -> String,
) where
    M: Machine + PartialEq + core::fmt::Debug,
{
    for seed in 1..=300_u64 {
        let mut machine = starts[seed as usize % starts.len()].clone();
        let (mut random, mut now, mut trace) = (seed, START, Vec::new());
        for _ in 0..40 {
            // Numerical Recipes' generator: the tests need no more than an order that is the same each time.
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let event = events[(random >> 33) as usize % events.len()];
            now += Duration::from_millis(random >> 40 & 0x7ff);
            let before = machine.clone();
            trace.push(format!("{event}: {}", give(&mut machine, event, now)));
            let due = before.deadline().filter(|_| event == "due");
            if let Some(due) = due {
                now = now.max(due.at);
                let moved = machine.deadline().is_none_or(|next| next.at > due.at) || machine != before;
                assert!(moved, "seed {seed}: a due deadline stays: {trace:#?}");
            }
            if before.state_name() == "Terminated" {
                assert_eq!(machine, before, "seed {seed}: the end is final: {trace:#?}");
            }
            let is_over = machine.state_name() == "Terminated";
            let has_deadline = machine.deadline().is_some();
            assert!(!(is_over && has_deadline), "seed {seed}: a deadline after the end: {trace:#?}");
            assert!(
                is_over || has_deadline || may_stay_open(&machine),
                "seed {seed}: never ends: {trace:#?}"
            );
        }
        if !may_stay_open(&machine) {
            timeline(machine);
        }
    }
}

#[test]
fn no_configuration_makes_a_machine_send_without_a_pause() {
    let timers = TimerConfig { t2: Duration::ZERO, t4: Duration::ZERO, ..TimerConfig::default() };
    assert_eq!(timers.doubled_to_t2(3), timers.t1);
    assert_eq!(timers.slowest(), timers.t1);
}

#[test]
fn timer_values_are_those_of_rfc_3261_table_4() {
    let timers = TimerConfig::default();
    assert_eq!(timers.timeout(), Duration::from_secs(32));
    let doubled: Vec<_> = (0..8).map(|sent| timers.doubled(sent).as_millis()).collect();
    assert_eq!(doubled, [500, 1000, 2000, 4000, 8000, 16_000, 32_000, 64_000]);
    let to_t2: Vec<_> = (0..6).map(|sent| timers.doubled_to_t2(sent).as_millis()).collect();
    assert_eq!(to_t2, [500, 1000, 2000, 4000, 4000, 4000]);
    assert!(timers.timer_d >= Duration::from_secs(32) && timers.timer_c > Duration::from_secs(180));
}

#[test]
fn timer_e_reaches_t2_after_three_and_a_half_seconds() {
    assert_eq!(TimerConfig::default().until_timer_e_is_t2(), Duration::from_millis(3500));
}

#[test]
fn odd_timer_values_neither_overflow_nor_hang() {
    let huge = TimerConfig { t1: Duration::MAX, t2: Duration::MAX, ..TimerConfig::default() };
    assert_eq!(huge.doubled(255), Duration::MAX);
    assert_eq!(huge.timeout(), Duration::MAX);
    assert_eq!(huge.until_timer_e_is_t2(), Duration::ZERO);
    let zero = TimerConfig { t1: Duration::ZERO, ..TimerConfig::default() };
    assert_eq!(zero.until_timer_e_is_t2(), Duration::ZERO);
    assert_eq!(zero.doubled_to_t2(9), Duration::ZERO);
}
