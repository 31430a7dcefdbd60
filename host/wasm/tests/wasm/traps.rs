//! Every way to die has words, costs the caller nothing but this turn, and leaves a servlet that works.

use serde_json::json;
use siplet_container::turn::{Outcome, Trap, TrapReason};
use siplet_wasm::{Compiler, Engine, EngineConfig, Servlet};

use crate::support::*;

/// Runs the INVITE that kills, then one that must go well in the instance that replaced the dead one.
fn dying(how: &str) -> Trap {
    let servlet = load("dies");
    let mut runner = runner(patient(), &[&servlet]);
    let (_, outcome) = invite(&mut runner, &servlet, how);
    let (_, after) = invite(&mut runner, &servlet, "well");
    assert_eq!(after, Outcome::Done, "the turn after a death");
    assert_eq!(runner.counters().instances_started, 2);
    death(outcome)
}

#[test]
fn a_panic_is_told_in_its_own_words_with_its_place() {
    let trap = dying("panics");
    assert_eq!(trap.reason, TrapReason::Panic);
    assert!(trap.text.starts_with("panicked at dies/src/lib.rs:"), "{}", trap.text);
    assert!(trap.text.ends_with(": the door is locked"), "{}", trap.text);
}

#[test]
fn the_backtrace_has_the_names_that_the_author_gave_and_none_of_the_panic_machinery() {
    let servlet = load("panics");
    let (_, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, "x");
    let trap = death(outcome);
    assert!(trap.text.ends_with("index out of bounds: the len is 3 but the index is 3"), "{}", trap.text);
    assert!(trap.backtrace[0].contains("panics::decide"), "{:#?}", trap.backtrace);
    assert!(trap.backtrace.len() <= 20);
}

#[test]
fn std_calls_that_a_servlet_has_not_are_panics_with_the_words_of_std() {
    for (how, words) in [
        ("unwraps", "called `Option::unwrap()` on a `None` value"),
        ("locks-twice", "cannot recursively acquire mutex"),
        ("sleeps", "can't sleep"),
    ] {
        let trap = dying(how);
        assert_eq!(trap.reason, TrapReason::Panic, "{how}");
        assert!(trap.text.contains(words), "{how}: {}", trap.text);
    }
}

#[test]
fn an_abort_is_never_the_bare_word_unreachable() {
    for how in ["aborts", "exits"] {
        let trap = dying(how);
        assert_eq!(trap.reason, TrapReason::Unreachable, "{how}");
        assert!(trap.text.starts_with("it aborted without a word"), "{how}: {}", trap.text);
    }
}

#[test]
fn a_wild_pointer_is_told_from_a_recursion() {
    let trap = dying("reads-far-away");
    assert_eq!(trap.reason, TrapReason::Memory);
    assert!(trap.text.starts_with("it read or wrote outside its memory"), "{}", trap.text);

    let servlet = load("recurses");
    let (_, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, "x");
    let trap = death(outcome);
    assert_eq!(trap.reason, TrapReason::StackOverflow);
    assert!(trap.text.starts_with("recursion without end: recurses::descend calls itself"), "{}", trap.text);
}

#[test]
fn hoarding_ends_at_the_memory_limit_with_both_numbers() {
    let servlet = load_with("hoards", json!({"limits": {"memory-bytes": 4 << 20, "turn-ms": 10_000}}));
    let (_, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, "x");
    let trap = death(outcome);
    assert_eq!(trap.reason, TrapReason::Memory);
    assert!(trap.text.starts_with("servlet memory limit: wanted "), "{}", trap.text);
    assert!(trap.text.contains("limit 4194304"), "{}", trap.text);
}

#[test]
fn an_endless_loop_ends_at_its_cpu_time_under_both_compilers() {
    for compiler in [Compiler::Cranelift, Compiler::Winch] {
        let engine = Engine::new(EngineConfig { compiler, instances: 8, ..EngineConfig::default() }).unwrap();
        let servlet = Servlet::load(&guest("loops"), "loops.wasm", &engine, None).unwrap();
        let (_, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, "x");
        let trap = death(outcome);
        assert_eq!(trap.reason, TrapReason::Deadline);
        assert!(trap.text.contains("a turn may take 20 ms of CPU time"), "{}", trap.text);
        // Twice the limit is the promise; more here only because tests share their processor with a compiler.
        assert!((20..200).contains(&trap.cpu.as_millis()), "{:?}", trap.cpu);
    }
}

#[test]
fn more_bytes_than_a_host_call_takes_are_refused_before_they_are_copied() {
    let trap = dying("tells-much");
    assert_eq!(trap.reason, TrapReason::HostError);
    assert!(trap.text.contains("carried more bytes"), "{}", trap.text);
}

#[test]
fn a_returned_error_is_no_death_and_keeps_the_instance() {
    let servlet = load("dies");
    let mut runner = runner(patient(), &[&servlet]);
    let (_, outcome) = invite(&mut runner, &servlet, "returns-an-error");
    assert_eq!(failure(outcome), "no such subscriber");
    assert_eq!(invite(&mut runner, &servlet, "well").1, Outcome::Done);
    assert_eq!(runner.counters().instances_started, 1);
}

#[test]
fn nothing_that_a_dead_handler_sent_leaves_the_host() {
    use siplet_container::{Effect, Input};
    let servlet = load("dies");
    let mut runner = runner(patient(), &[&servlet]);
    let mut container = container(&servlet);
    container.handle(packet("INVITE", "panics"), time());
    let turn = first_turn(&mut container).unwrap();
    let siplet_wasm::RunResult::Ran(turn, outcome) = runner.run(turn) else { panic!("sent away") };
    assert_eq!(turn.outbox_summary().len(), 1, "the handler had sent a 200 before it died");
    container.handle(Input::TurnEnded { turn, outcome }, time());
    let sent: Vec<String> = std::iter::from_fn(|| container.poll_effect())
        .filter_map(|effect| match effect {
            Effect::Transmit { bytes, .. } => Some(String::from_utf8_lossy(&bytes[..11]).into_owned()),
            _ => None,
        })
        .collect();
    assert_eq!(sent, ["SIP/2.0 500"]);
}

#[test]
fn a_turn_of_an_application_that_is_not_here_comes_back_at_once() {
    let servlet = load("dies");
    let mut runner = runner(patient(), &[&servlet]);
    runner.undeploy(&servlet.application().id);
    let trap = death(invite(&mut runner, &servlet, "well").1);
    assert_eq!(trap.reason, TrapReason::HostError);
    assert!(trap.text.contains("is not deployed here"), "{}", trap.text);
}
