//! One test for each fault of a servlet.

use siplet_testkit::Times;

use crate::{assert_says, failure};

#[test]
fn state_in_the_memory_of_an_instance_is_found_and_the_attribute_is_named() {
    let text = failure(|world| {
        let alice = world.phone("sip:alice@home");
        for _ in 0..2 {
            let call = alice.invite("sip:counts@home");
            call.expect(200);
            call.ack();
            call.bye().expect(200);
        }
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "faults keeps something in its own memory: do-invite of faults, turn 4,",
            "one instance for all turns   SIP/2.0 200 Call 2",
            "a new instance each turn     SIP/2.0 200 Call 1",
            "Attribute::new(",
            "`.one_mode()`",
            " INVITE ",
            "<- host/server/tests/testkit/catches.rs:",
        ],
    );
}

#[test]
fn state_in_the_memory_of_an_instance_goes_unseen_in_one_mode() {
    let Some(servlet) = crate::guest("faults") else { return };
    let world = siplet_testkit::World::with(servlet).one_mode();
    let alice = world.phone("sip:alice@home");
    for number in 1..=2 {
        let call = alice.invite("sip:counts@home");
        assert_eq!(call.expect(200).reason(), format!("Call {number}"));
        call.ack();
        call.bye().expect(200);
    }
    world.expect_quiet();
    world.finish();
}

#[test]
fn a_missing_final_response_is_told_with_the_line_of_its_request() {
    let text = failure(|world| {
        let alice = world.phone("sip:alice@home");
        alice.invite("sip:rings@home").expect(180);
        world.finish();
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "the INVITE of alice (host/server/tests/testkit/catches.rs:",
            ") never got a final response",
            "180 Ringing",
        ],
    );
}

#[test]
fn waiting_for_a_final_response_that_never_comes_ends_after_64_t1() {
    let text = failure(|world| {
        let alice = world.phone("sip:alice@home");
        alice.invite("sip:rings@home").expect(200);
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "expected 200, and nothing came in 32 s",
            " 180 Ringing ",
            "<- host/server/tests/testkit/catches.rs:",
        ],
    );
}

#[test]
fn a_wrong_header_is_told_with_both_values() {
    let text = failure(|world| {
        let alice = world.phone("sip:alice@home");
        alice.invite("sip:misspells@home").expect(200).expect_header("X-Decision", "accept");
    });
    let Some(text) = text else { return };
    assert_says(&text, &["expected X-Decision: accept, and 200 OK has X-Decision: acept", "200 OK"]);
}

#[test]
fn a_wrong_status_is_told_with_the_ladder_and_the_line() {
    let text = failure(|world| {
        let alice = world.phone("sip:alice@home");
        alice.invite("sip:greets@home").expect_one_of(&[480, 486]);
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "expected 480 or 486, and 200 OK came",
            "faults 0.0.0",
            " INVITE ",
            "do-invite",
            "<- host/server/tests/testkit/catches.rs:",
        ],
    );
}

#[test]
fn a_final_response_that_nobody_looked_at_fails_the_test() {
    let text = failure(|world| {
        let call = world.phone("sip:alice@home").invite("sip:greets@home");
        call.expect(200);
        call.ack();
        let _ = call.bye();
        world.finish();
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "alice got 200 OK to the BYE that was sent at host/server/tests/testkit/catches.rs:",
            "did not look at it",
        ],
    );
}

#[test]
fn a_bye_that_the_test_did_not_expect_fails_it() {
    let text = failure(|world| {
        // Nobody acknowledges the 2xx: the host hangs up (RFC 3261 §13.3.1.4).
        let call = world.phone("sip:alice@home").invite("sip:greets@home");
        call.expect(200);
        world.advance(40.s());
        world.finish();
    });
    let Some(text) = text else { return };
    assert_says(&text, &["alice got a BYE that the test did not expect"]);
}

#[test]
fn a_session_that_nobody_ends_is_named_with_what_it_holds() {
    let text = failure(|world| {
        let call = world.phone("sip:alice@home").invite("sip:leaks@home");
        call.expect(200);
        call.ack();
        call.bye().expect(200);
        world.expect_quiet();
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "the world is not quiet: application sessions 1",
            "a session of faults with cause, which never expires",
        ],
    );
}

#[test]
fn a_handler_over_its_deadline_is_told_as_such() {
    let text = failure(|world| {
        world.phone("sip:alice@home").invite("sip:loops@home").expect(500);
        world.finish();
    });
    let Some(text) = text else { return };
    assert_says(&text, &["faults died in do-invite (deadline): ", "the request got 500"]);
}

#[test]
fn a_panic_is_told_with_its_text_and_where_it_was() {
    let text = failure(|world| {
        world.phone("sip:alice@home").invite("sip:panics@home").expect(500);
        world.finish();
    });
    let Some(text) = text else { return };
    assert_says(&text, &["faults died in do-invite (panic): ", "there is no panics", "the request got 500"]);
}

#[test]
fn an_error_of_a_handler_is_told_with_its_text() {
    let text = failure(|world| {
        world.phone("sip:alice@home").invite("sip:fails@home").expect(500);
        world.finish();
    });
    let Some(text) = text else { return };
    assert_says(&text, &["faults failed in do-invite: no gateway is left; the request got 500"]);
}

#[test]
fn a_file_that_is_no_servlet_is_refused_in_the_words_of_the_host() {
    let Some(_) = crate::guest("faults") else { return };
    let failed = std::panic::catch_unwind(|| {
        let servlet = siplet_testkit::Servlet::file(concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
        let _ = siplet_testkit::World::with(servlet).phone("sip:alice@home");
    });
    let text = crate::text_of(failed.expect_err("it is refused").as_ref());
    assert_says(&text, &["Cargo:", "WebAssembly"]);
}
