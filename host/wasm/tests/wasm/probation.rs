//! A servlet that takes long runs beside the shard until it has behaved; its neighbours stay where they are.

use std::sync::Arc;
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use serde_json::json;
use siplet_container::turn::{Outcome, TrapReason, Turn};
use siplet_wasm::{RunResult, Runner, RunnerConfig, Servlet};

use crate::support::*;

/// Rounds of the guest `slow` that take longer than 2 ms on every machine of this decade.
const SLOW: &str = "20000";

fn with_side_threads(
    config: RunnerConfig,
    servlets: &[&Arc<Servlet>],
) -> (Runner, Receiver<(Box<Turn>, Outcome)>) {
    let (sender, receiver) = mpsc::channel();
    let mut runner =
        Runner::new(engine(), config, Arc::new(move |turn, outcome| drop(sender.send((turn, outcome)))));
    for servlet in servlets {
        runner.deploy(Arc::clone(servlet));
    }
    (runner, receiver)
}

/// Runs a turn and waits for it; tells whether it ran beside the shard.
fn run(
    runner: &mut Runner,
    done: &Receiver<(Box<Turn>, Outcome)>,
    servlet: &Servlet,
    user: &str,
) -> (Outcome, bool) {
    match runner.run(turn(servlet, user)) {
        RunResult::Ran(_, outcome) => (outcome, false),
        RunResult::Away => (done.recv().unwrap().1, true),
    }
}

#[test]
fn a_slow_servlet_goes_on_probation_and_comes_back_when_it_has_behaved() {
    let servlet = load_with("slow", json!({"limits": {"turn-ms": 10_000}}));
    let config =
        RunnerConfig { calm_turns: 3, calm_turn: Duration::from_millis(2), ..RunnerConfig::default() };
    let (mut runner, done) = with_side_threads(config, &[&servlet]);
    assert_eq!(run(&mut runner, &done, &servlet, SLOW), (Outcome::Done, false), "the one stall");
    assert_eq!(runner.on_probation().count(), 1);
    assert_eq!(run(&mut runner, &done, &servlet, SLOW), (Outcome::Done, true));
    for _ in 0..3 {
        assert_eq!(run(&mut runner, &done, &servlet, "0"), (Outcome::Done, true));
    }
    assert_eq!(runner.on_probation().count(), 0);
    assert_eq!(run(&mut runner, &done, &servlet, "0"), (Outcome::Done, false));
    assert_eq!((runner.counters().turns, runner.counters().turns_away), (2, 4));
}

#[test]
fn a_slow_turn_in_between_begins_the_probation_anew() {
    let servlet = load_with("slow", json!({"limits": {"turn-ms": 10_000}}));
    let config =
        RunnerConfig { calm_turns: 2, calm_turn: Duration::from_millis(2), ..RunnerConfig::default() };
    let (mut runner, done) = with_side_threads(config, &[&servlet]);
    let away = [SLOW, "0", SLOW, "0", "0", "0"].map(|user| run(&mut runner, &done, &servlet, user).1);
    assert_eq!(away, [false, true, true, true, true, false]);
}

#[test]
fn a_servlet_that_loops_for_ever_stalls_its_shard_once() {
    // Long enough that the neighbour comes first also on a busy machine.
    let (looping, neighbour) = (load_with("loops", json!({"limits": {"turn-ms": 200}})), load("dies"));
    let (mut runner, done) = with_side_threads(RunnerConfig::default(), &[&looping, &neighbour]);
    let (outcome, away) = run(&mut runner, &done, &looping, "x");
    assert_eq!((death(outcome).reason, away), (TrapReason::Deadline, false));
    for _ in 0..3 {
        assert!(matches!(runner.run(turn(&looping, "x")), RunResult::Away));
        // The neighbour has its answer before the looping turn has its own.
        assert_eq!(invite(&mut runner, &neighbour, "well").1, Outcome::Done);
        assert!(done.try_recv().is_err());
        let trap = death(done.recv().unwrap().1);
        assert_eq!(trap.reason, TrapReason::Deadline);
        assert!(trap.cpu >= Duration::from_millis(200), "{:?}", trap.cpu);
    }
}

#[test]
fn two_servlets_on_probation_do_not_wait_for_each_other() {
    let (one, two) = (load_with("loops", json!({"limits": {"turn-ms": 400}})), load("dies"));
    let config = RunnerConfig { slow_turn: Duration::ZERO, ..RunnerConfig::default() };
    let (mut runner, done) = with_side_threads(config, &[&one, &two]);
    run(&mut runner, &done, &one, "x");
    run(&mut runner, &done, &two, "well");
    assert!(matches!(runner.run(turn(&one, "x")), RunResult::Away));
    assert!(matches!(runner.run(turn(&two, "well")), RunResult::Away));
    assert_eq!(done.recv().unwrap().1, Outcome::Done, "the second servlet overtakes the first");
    assert_eq!(death(done.recv().unwrap().1).reason, TrapReason::Deadline);
}

#[test]
fn turns_that_wait_too_long_or_are_too_many_fail_in_words() {
    let looping = load("loops");
    let config = RunnerConfig { side_queue: 4, ..RunnerConfig::default() };
    let (mut runner, done) = with_side_threads(config, &[&looping]);
    run(&mut runner, &done, &looping, "x");
    let mut turns: Vec<Box<Turn>> = (0..6).map(|_| turn(&looping, "x")).collect();
    let mut refused = Vec::new();
    let mut away = 0;
    for turn in turns.drain(..) {
        match runner.run(turn) {
            RunResult::Ran(_, outcome) => refused.push(death(outcome)),
            RunResult::Away => away += 1,
        }
    }
    // One may have been taken by its thread already, so one or two of six find the queue full.
    assert!((1..=2).contains(&refused.len()), "{refused:?}");
    assert!(refused.iter().all(|trap| trap.text.starts_with("servlet queue full: 4 of its slow turns")));
    let outcomes: Vec<_> = (0..away).map(|_| death(done.recv().unwrap().1)).collect();
    assert_eq!(outcomes[0].reason, TrapReason::Deadline);
    let last = outcomes.last().unwrap();
    assert_eq!(last.reason, TrapReason::HostError);
    assert!(last.text.starts_with("it waited "), "{}", last.text);
}

#[test]
fn a_turn_that_is_away_comes_back_after_its_application_has_gone() {
    let looping = load("loops");
    let (mut runner, done) = with_side_threads(RunnerConfig::default(), &[&looping]);
    run(&mut runner, &done, &looping, "x");
    assert!(matches!(runner.run(turn(&looping, "x")), RunResult::Away));
    runner.undeploy(&looping.application().id);
    drop(runner);
    assert_eq!(death(done.recv().unwrap().1).reason, TrapReason::Deadline);
}
