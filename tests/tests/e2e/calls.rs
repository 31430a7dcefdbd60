//! The thin way with sipp's own scenarios: calls, OPTIONS and MESSAGE through the wasm `answer`.

use libtest_mimic::Trial;

use crate::host::{Host, siplet};
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("calls":
        shared two_hundred_calls_over_udp_are_answered,
        shared two_hundred_calls_over_tcp_are_answered,
        shared options_and_messages_are_answered,
        shared a_call_by_hand_prints_its_ladder;)
}

// [3261-18-1]
fn two_hundred_calls_over_udp_are_answered() {
    let host = Host::with(&["answer"]);
    Sipp::built_in("uac", host.sip).calls(200).rate(100).hold_ms(100).run().expect_clean();
    let metrics = host.metrics();
    assert!(metrics.sum("siplet_turns_total", "application=\"answer\"") >= 200.0, "the servlet was called");
    host.stop();
}

// [3261-18-1]
fn two_hundred_calls_over_tcp_are_answered() {
    let host = Host::with(&["answer"]);
    Sipp::built_in("uac", host.sip).tcp().calls(200).rate(100).hold_ms(100).run().expect_clean();
    let metrics = host.metrics();
    assert!(metrics.value("siplet_connections_accepted_total") >= 1.0, "they came over TCP");
    host.stop();
}

fn options_and_messages_are_answered() {
    let host = Host::with(&["answer"]);
    for scenario in ["options", "message"] {
        for tcp in [false, true] {
            let sipp = Sipp::ours(scenario, host.sip).key("domain", "anywhere.example").calls(20);
            if tcp { sipp.tcp() } else { sipp }.run().expect_clean();
        }
    }
    host.stop();
}

fn a_call_by_hand_prints_its_ladder() {
    let host = Host::with(&["answer"]);
    let (code, ladder, errors) = siplet(&["call", &format!("sip:hello@{}", host.sip)]);
    assert_eq!(code, Some(0), "{ladder}{errors}");
    let order = ["INVITE", "180", "200", "ACK", "BYE", "200"];
    let mut rest = ladder.as_str();
    for word in order {
        let found =
            rest.find(word).unwrap_or_else(|| panic!("no {word} in its place among {order:?}:\n{ladder}"));
        rest = &rest[found + word.len()..];
    }
    assert!(ladder.contains("-->|"), "it is a picture:\n{ladder}");
    host.stop();
}
