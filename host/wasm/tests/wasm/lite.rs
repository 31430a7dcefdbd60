//! `wasi = "lite"`: what a guest gets by it, and the words for what it does not get.

use serde_json::json;
use siplet_container::app::InstanceMode;
use siplet_container::turn::{Outcome, TrapReason};
use siplet_wasm::{Need, Reason, RunnerConfig, Servlet, inspect};

use crate::support::*;

fn lite() -> std::sync::Arc<Servlet> {
    load_with("lite", json!({"wasi": "lite"}))
}

fn told(what: &str) -> String {
    let servlet = lite();
    let (_, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, what);
    failure(outcome)
}

fn killed(what: &str) -> String {
    let servlet = lite();
    let (_, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, what);
    let trap = death(outcome);
    assert_eq!(trap.reason, TrapReason::Panic);
    trap.text
}

#[test]
fn without_the_grant_the_file_is_refused_and_told_of_it_once() {
    let inspection = inspect(&guest("lite"), "lite.wasm", None, ceilings());
    let refusals = inspection.refusals.join("\n");
    assert!(inspection.refusals.len() > 3, "{refusals}");
    assert_eq!(refusals.matches("`wasi = \"lite\"`").count(), 1, "{refusals}");
    let granted = inspect(&guest("lite"), "lite.wasm", Some(&json!({"wasi": "lite"})), ceilings());
    assert!(granted.is_deployable(), "{:?}", granted.refusals);
}

#[test]
fn the_grant_gives_no_sockets() {
    let wat = r#"(component (import "wasi:sockets/tcp@0.2.3" (instance)) (import "wasi:io/poll@0.2.3" (instance)))"#;
    let overrides = json!({"wasi": "lite"});
    let refusal =
        Servlet::load(&wat::parse_str(wat).unwrap(), "bad.wasm", engine(), Some(&overrides)).unwrap_err();
    assert!(matches!(refusal.reasons.as_slice(), [Reason::Imports { need: Need::Sockets, .. }]), "{refusal}");
    assert!(!refusal.to_string().contains("lite"), "{refusal}");
}

#[test]
fn the_clocks_are_that_of_the_turn() {
    let millis = time().as_millis();
    let expected = format!("{}.{:09} {}", millis / 1000, millis % 1000 * 1_000_000, millis * 1_000_000);
    assert_eq!(told("time"), expected);
}

#[test]
fn random_numbers_are_those_of_the_turn_and_no_instance_repeats_another() {
    // The container of each turn has the same seed, so the same turn draws the same: it can be replayed.
    assert_eq!(told("random"), told("random"));
    let servlet = lite();
    let mut runner = runner(RunnerConfig { instance: Some(InstanceMode::Fresh), ..patient() }, &[&servlet]);
    let mut container = container(&servlet);
    let mut drawn = Vec::new();
    for user in ["random", "random"] {
        container.handle(packet_of_call("INVITE", user, drawn.len()), time());
        let turn = first_turn(&mut container).expect("an INVITE calls do-invite");
        match runner.run(turn) {
            siplet_wasm::RunResult::Ran(_, outcome) => drawn.push(failure(outcome)),
            siplet_wasm::RunResult::Away => panic!("the turn was sent away"),
        }
    }
    assert_ne!(drawn[0], drawn[1], "two turns in two fresh instances");
}

#[test]
fn one_call_gets_no_gigabyte_of_random() {
    assert!(killed("much-random").starts_with("it asked for 1073741824 random octets at once"));
}

#[test]
fn the_surroundings_are_empty() {
    assert_eq!(told("surroundings"), "0 0 0");
}

#[test]
fn what_is_printed_stands_in_the_log_line_by_line() {
    let servlet = lite();
    let mut runner = runner(patient(), &[&servlet]);
    let (turn, outcome) = invite(&mut runner, &servlet, "prints");
    assert_eq!(outcome, Outcome::Done);
    let lines: Vec<String> =
        turn.log_lines().iter().map(|line| format!("{:?} {}", line.level, line.message)).collect();
    assert_eq!(lines, ["Info one line", "Warn an error", "Info and another"]);
}

#[test]
fn whoever_waits_is_told_to_use_a_timer() {
    assert_eq!(
        killed("sleeps"),
        "a servlet may not block: use a timer (it called wasi:clocks/monotonic-clock `subscribe-duration`)"
    );
    assert_eq!(
        killed("waits"),
        "a servlet may not block: use a timer (it called wasi:io/poll `pollable.block`)"
    );
}

#[test]
fn the_last_words_on_stderr_are_why_a_program_ended() {
    assert_eq!(killed("exits"), "it ended the program (`exit`); a handler returns");
    assert_eq!(killed("tells-and-exits"), "Traceback:\n  the door is locked");
}

#[test]
fn a_runtime_that_told_of_an_exception_is_not_listened_to_while_it_dies() {
    let servlet = lite();
    let (turn, outcome) = invite(&mut runner(patient(), &[&servlet]), &servlet, "tells-frames-and-sighs");
    let trap = death(outcome);
    assert_eq!(trap.text, "panicked at src/door.js:3: Error: the door is locked");
    assert_eq!(trap.backtrace, ["open (src/door.js:3)", "doInvite (src/door.js:9)"]);
    assert!(turn.log_lines().is_empty(), "{:?}", turn.log_lines());
}

#[test]
fn limits_that_are_too_small_are_named() {
    let small = json!({"wasi": "lite", "limits": {"table-elements": 1}});
    let refusal = Servlet::load(&guest("lite"), "lite.wasm", engine(), Some(&small)).unwrap_err().to_string();
    assert!(refusal.contains("servlet table limit: wanted "), "{refusal}");
    assert!(refusal.contains("limit 1 (limit `table-elements`)"), "{refusal}");
    let small = json!({"wasi": "lite", "limits": {"memory-bytes": 65536}});
    let refusal = Servlet::load(&guest("lite"), "lite.wasm", engine(), Some(&small)).unwrap_err().to_string();
    assert!(refusal.contains("raise `memory-bytes` in its limits"), "{refusal}");
    let large = json!({"wasi": "lite", "limits": {"table-elements": 1_000_000}});
    let refusal = Servlet::load(&guest("lite"), "lite.wasm", engine(), Some(&large)).unwrap_err().to_string();
    assert!(refusal.contains("this host gives at most 200000"), "{refusal}");
}
