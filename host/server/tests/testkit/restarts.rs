//! The death of the host in the middle of a test.

use siplet_testkit::{Times, World};

use crate::{assert_says, failure, guest};

#[test]
fn state_that_was_in_memory_only_is_lost_at_a_restart() {
    let text = failure(|world| {
        let world = world.one_mode();
        let call = world.phone("sip:alice@home").invite("sip:remembers@home");
        call.expect(200);
        call.ack();
        assert_eq!(call.send("INFO").expect(200).reason(), "alice");
        world.kill_and_restore();
        let answer = call.send("INFO").expect(200);
        assert_eq!(answer.reason(), "alice", "\n{}", world.ladder());
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &["the host was killed", "the host starts with 1 stored", "200 Nobody", "left: \"Nobody\""],
    );
}

#[test]
fn both_modes_find_it_without_a_restart() {
    let text = failure(|world| {
        let call = world.phone("sip:alice@home").invite("sip:remembers@home");
        call.expect(200);
        call.ack();
        call.send("INFO").expect(200);
    });
    let Some(text) = text else { return };
    assert_says(&text, &["do-info of faults", "SIP/2.0 200 alice", "SIP/2.0 200 Nobody"]);
}

#[test]
fn an_attribute_survives_a_restart_and_the_call_goes_on() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    let call = world.phone("sip:alice@home").invite("sip:remembers@home");
    call.expect(200);
    call.ack();
    world.session(&call).expect_attribute("in-call", "alice");
    world.kill_and_restore();
    world.session(&call).expect_attribute("in-call", "alice");
    let answer = call.send_with("INFO", &[("Subject", "attribute")], "", "");
    assert_eq!(answer.expect(200).reason(), "\"alice\"");
    call.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn a_call_that_is_not_distributable_dies_with_its_host() {
    let text = failure(|world| {
        let world = world.settings("distributable = false");
        let call = world.phone("sip:alice@home").invite("sip:greets@home");
        call.expect(200);
        call.ack();
        world.kill_and_restore();
        call.bye().expect(200);
    });
    let Some(text) = text else { return };
    assert_says(&text, &["expected 200, and 481 ", " came", "the host starts with 0 stored"]);
}

#[test]
fn nothing_leaves_before_it_is_stored_and_what_was_not_stored_is_asked_again() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    world.store().latency(100.ms());
    let alice = world.phone("sip:alice@home");
    let call = alice.invite("sip:greets@home");
    world.kill();
    world.store().heal();
    world.start();
    // Alice's INVITE is repeated after T1, and the new host knows nothing of the first.
    call.expect(200);
    assert_eq!(world.now(), 500.ms());
    call.ack();
    call.bye().expect(200);
    world.expect_quiet();
}
