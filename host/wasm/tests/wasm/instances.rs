//! Instances are reused, replaced and fresh; handles end with their turn.

use serde_json::json;
use siplet_container::app::InstanceMode;
use siplet_container::turn::{Outcome, TrapReason};
use siplet_container::{Effect, Input};
use siplet_wasm::{Allocator, Engine, EngineConfig, RunResult, RunnerConfig, Servlet};

use crate::support::*;

#[test]
fn a_reused_instance_remembers_and_a_fresh_one_does_not() {
    let servlet = load("keeps");
    for (mode, expected) in
        [(InstanceMode::Reused, ["turn 1", "turn 2", "turn 3"]), (InstanceMode::Fresh, ["turn 1"; 3])]
    {
        let mut runner = runner(RunnerConfig { instance: Some(mode), ..patient() }, &[&servlet]);
        let turns = [(); 3].map(|()| failure(invite(&mut runner, &servlet, "counts").1));
        assert_eq!(turns, expected);
    }
}

#[test]
fn the_descriptor_alone_can_ask_for_fresh_instances() {
    let servlet = load_with("keeps", json!({"instance": "fresh"}));
    let mut runner = runner(patient(), &[&servlet]);
    let turns = [(); 2].map(|()| failure(invite(&mut runner, &servlet, "counts").1));
    assert_eq!(turns, ["turn 1", "turn 1"]);
}

#[test]
fn a_handle_kept_in_a_static_is_stale_in_the_next_turn() {
    let servlet = load("keeps");
    let mut runner = runner(patient(), &[&servlet]);
    assert_eq!(invite(&mut runner, &servlet, "keeps").1, Outcome::Done);
    let (turn, outcome) = invite(&mut runner, &servlet, "uses");
    assert_eq!(failure(outcome), "Error::StaleHandle");
    assert!(turn.outbox_summary().is_empty());
}

#[test]
fn an_instance_that_leaks_handles_is_replaced_before_it_runs_out() {
    let servlet = load_with("keeps", json!({"limits": {"handles": 6}}));
    let mut runner = runner(patient(), &[&servlet]);
    let turns: Vec<String> = (0..6).map(|_| failure(invite(&mut runner, &servlet, "leaks").1)).collect();
    assert_eq!(turns, ["turn 1", "turn 2", "turn 3", "turn 4", "turn 1", "turn 2"]);
    assert_eq!(runner.counters().instances_worn, 1);
}

#[test]
fn handles_of_one_turn_are_limited() {
    let servlet = load_with("dies", json!({"limits": {"handles": 16}}));
    let mut runner = runner(patient(), &[&servlet]);
    let text = failure(invite(&mut runner, &servlet, "takes-many-handles").1);
    assert_eq!(text, "15 handles, then Error::Limit(\"handles\")", "the response is the sixteenth");
}

#[test]
fn an_instance_that_grows_is_replaced_before_it_reaches_its_limit() {
    let servlet = load_with("keeps", json!({"limits": {"memory-bytes": 4 << 20}}));
    let mut runner = runner(patient(), &[&servlet]);
    let turns: Vec<String> = (0..4).map(|_| failure(invite(&mut runner, &servlet, "grows").1)).collect();
    assert_eq!(turns, ["turn 1", "turn 2", "turn 1", "turn 2"]);
}

#[test]
fn an_instance_is_replaced_after_its_number_of_turns() {
    let servlet = load("keeps");
    let mut runner = runner(RunnerConfig { turns_per_instance: (2, 2), ..patient() }, &[&servlet]);
    let turns = [(); 4].map(|()| failure(invite(&mut runner, &servlet, "counts").1));
    assert_eq!(turns, ["turn 1", "turn 2", "turn 1", "turn 2"]);
}

#[test]
fn a_servlet_whose_init_fails_is_refused_with_its_words() {
    for (parameters, words) in [
        (json!({"fail": "no table"}), "a trial start failed: init failed: no table."),
        (json!({"panic": "no table"}), "init failed: panicked at dies/src/lib.rs:"),
    ] {
        let overrides = json!({ "init-parameters": parameters });
        let refusal = Servlet::load(&guest("dies"), "dies.wasm", engine(), Some(&overrides)).unwrap_err();
        assert!(refusal.to_string().contains(words), "{refusal}");
    }
}

#[test]
fn versions_of_one_application_run_side_by_side() {
    let old = load("keeps");
    let new = load_with("keeps", json!({"version": "2.0.0"}));
    assert_ne!(old.application().id, new.application().id);
    let mut runner = runner(patient(), &[&old, &new]);
    let turns = [&old, &new, &old].map(|servlet| failure(invite(&mut runner, servlet, "counts").1));
    assert_eq!(turns, ["turn 1", "turn 1", "turn 2"]);
}

#[test]
fn without_address_space_for_a_pool_instances_are_made_one_by_one() {
    let engine = Engine::new(EngineConfig { instances: 1_000_000, ..EngineConfig::default() }).unwrap();
    assert_eq!(engine.allocator(), Allocator::OnDemand);
    let servlet = Servlet::load(&guest("dies"), "dies.wasm", &engine, None).unwrap();
    let mut runner = runner(patient(), &[&servlet]);
    assert_eq!(invite(&mut runner, &servlet, "well").1, Outcome::Done);
    let trap = death(invite(&mut runner, &servlet, "reads-far-away").1);
    assert_eq!(trap.reason, TrapReason::Memory);
}

#[test]
fn optional_interfaces_are_called_where_they_are_exported() {
    let servlet = load("listens");
    let names: Vec<&str> = siplet_wasm::inspect(&guest("listens"), "listens.wasm", None, ceilings()).handlers;
    assert!(names.contains(&"servlet-initialized") && names.contains(&"no-ack-received"), "{names:?}");
    let mut runner = runner(patient(), &[&servlet]);
    let mut container = container(&servlet);
    let turn = first_turn(&mut container).expect("servlet-initialized runs at deployment");
    assert_eq!(turn.callback().handler().name(), "servlet-initialized");
    let RunResult::Ran(turn, outcome) = runner.run(turn) else { panic!("sent away") };
    assert_eq!(failure(outcome.clone()), "initialized in a valid session");
    container.handle(Input::TurnEnded { turn, outcome }, time());
    assert!(
        !std::iter::from_fn(|| container.poll_effect())
            .any(|effect| matches!(effect, Effect::Transmit { .. }))
    );
}

#[test]
fn deaths_and_reloads_leave_no_instance_behind() {
    let engine = Engine::new(EngineConfig { instances: 4, ..EngineConfig::default() }).unwrap();
    let mut runner = runner(patient(), &[]);
    for version in 0..20 {
        let overrides = json!({ "version": format!("0.0.{version}") });
        let servlet = Servlet::load(&guest("dies"), "dies.wasm", &engine, Some(&overrides)).unwrap();
        runner.deploy(servlet.clone());
        assert_eq!(invite(&mut runner, &servlet, "well").1, Outcome::Done);
        for _ in 0..5 {
            assert_eq!(death(invite(&mut runner, &servlet, "panics").1).reason, TrapReason::Panic);
        }
        assert_eq!(invite(&mut runner, &servlet, "well").1, Outcome::Done);
        runner.undeploy(&servlet.application().id);
    }
}
