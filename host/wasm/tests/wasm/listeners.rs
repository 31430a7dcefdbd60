//! Optional interfaces of a real guest: timers, the life of sessions, attributes, activation.

use std::time::Duration;

use siplet_container::app::AppLimits;
use siplet_container::report::Report;
use siplet_container::{Container, Effect, Input};
use siplet_sip::time::Time;
use siplet_wasm::{RunResult, Runner};

use crate::support::*;

/// Runs a container with the guest `listens` until it has nothing more to do; what the guest logged.
fn settle(container: &mut Container, runner: &mut Runner, now: Time) -> Vec<String> {
    let mut told = Vec::new();
    while let Some(effect) = container.poll_effect() {
        match effect {
            Effect::RunTurn(turn) => {
                let RunResult::Ran(turn, outcome) = runner.run(turn) else { panic!("sent away") };
                container.handle(Input::TurnEnded { turn, outcome }, now);
            }
            Effect::Report(Report::Log { message, .. }) => told.push(message),
            Effect::Report(Report::TurnAbandoned { handler, death, .. }) => {
                told.push(format!("{} {death:?}", handler.name()));
            }
            _ => {}
        }
    }
    told
}

#[test]
fn a_guest_hears_of_timers_sessions_and_attributes() {
    let servlet = load("listens");
    let mut runner = runner(patient(), &[&servlet]);
    let mut container = container(&servlet);
    settle(&mut container, &mut runner, time());
    container.handle(packet("MESSAGE", "listener"), time());
    assert_eq!(
        settle(&mut container, &mut runner, time()),
        [
            "application_session_created valid",
            "session_created valid",
            "application a None Some([49])",
            "session b None Some([50])",
        ]
    );
    let later = time() + Duration::from_millis(1010);
    container.handle(Input::Tick, later);
    assert_eq!(
        settle(&mut container, &mut runner, later),
        [
            "timeout once Repeat::Once persistent=false armed=0",
            "session_ready_to_invalidate valid",
            "session_destroyed over",
            "application_session_ready_to_invalidate valid",
            "application_session_destroyed over",
        ],
        "the timer answers the MESSAGE, and nothing is due any more"
    );
}

#[test]
fn a_guest_that_listens_says_so_in_its_handlers() {
    let names = siplet_wasm::inspect(&guest("listens"), "listens.wasm", None, &AppLimits::CEILINGS).handlers;
    for name in ["timeout", "session-created", "application-session-expired", "session-attribute-changed"] {
        assert!(names.contains(&name), "{name} is none of {names:?}");
    }
    let names = siplet_wasm::inspect(&guest("dies"), "dies.wasm", None, &AppLimits::CEILINGS).handlers;
    assert!(!names.contains(&"timeout"), "{names:?}");
}
