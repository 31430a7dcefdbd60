//! What is right passes, and what a test can say.

use siplet_testkit::{Times, World};

use crate::{assert_says, failure, guest};

#[test]
fn a_call_from_start_to_end_is_quiet_and_is_the_same_picture_each_time() {
    let Some(servlet) = guest("faults") else { return };
    let pictures = [1, 2].map(|_| {
        let world = World::with(servlet.clone());
        let call = world.phone("sip:alice@home").invite("sip:greets@home");
        call.expect(200);
        call.ack();
        assert_eq!((world.session(&call).state(), world.sessions()), ("confirmed", 1));
        world.advance(9.hours());
        call.bye().expect(200);
        world.expect_log("a call comes");
        world.expect_quiet();
        assert_eq!(world.sessions(), 0);
        world.ladder()
    });
    assert_eq!(pictures[0], pictures[1]);
    assert_says(&pictures[0], &["INVITE", "do-invite", "200 OK", "ACK", "(9 h)", "BYE"]);
}

#[test]
fn lost_messages_are_sent_again_and_the_call_is_the_same() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    let alice = world.phone("sip:alice@home");
    world.network().lose_next(1);
    world.network().lose_to(&alice, "200", 1);
    let call = alice.invite("sip:greets@home");
    call.expect(200);
    assert!(world.now() >= 1.s(), "the INVITE was lost, and then the 200: {:?}", world.now());
    call.ack();
    world.network().delay(30.ms()).reorder(50.ms()).duplicate(50).loss(20);
    call.bye().expect(200);
    world.network().heal();
    world.expect_quiet();
    world.finish();
}

#[test]
fn a_cancelled_call_ends_with_487() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    let call = world.phone("sip:alice@home").invite("sip:rings@home");
    call.expect(180);
    call.cancel();
    call.expect(487);
    world.expect_quiet();
    world.finish();
}

#[test]
fn a_trap_that_is_expected_does_not_fail_the_test() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    world.phone("sip:alice@home").invite("sip:panics@home").expect(500);
    let trap = world.expect_trap("there is no panics");
    assert_eq!(
        (trap.application.as_str(), trap.handler.as_str(), trap.answered),
        ("faults", "do-invite", Some(500))
    );
    world.expect_quiet();
    world.finish();
}

#[test]
fn a_trap_that_did_not_come_fails_the_test() {
    let text = failure(|world| {
        world.phone("sip:alice@home").invite("sip:fails@home").expect(500);
        world.expect_trap("deadline");
    });
    let Some(text) = text else { return };
    assert_says(
        &text,
        &[
            "no handler died with \"deadline\" in its words:",
            "faults failed in do-invite: no gateway is left",
        ],
    );
}

#[test]
fn calls_over_tcp_and_calls_of_several_phones_do_not_meet() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    let (alice, bob) = (world.tcp_phone("sip:alice@home"), world.phone("sip:bob@home"));
    let (first, second) = (alice.invite("sip:greets@home"), bob.invite("sip:remembers@home"));
    for call in [&first, &second] {
        call.expect(200);
        call.ack();
    }
    assert_eq!(world.session(&first).attribute::<String>("in-call"), None);
    world.session(&second).expect_attribute("in-call", "alice");
    first.bye().expect(200);
    second.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn a_call_to_somebody_whom_no_servlet_serves_is_refused_while_draining() {
    let Some(servlet) = guest("faults") else { return };
    let world = World::with(servlet);
    let alice = world.phone("sip:alice@home");
    world.drain();
    alice.invite("sip:greets@home").expect(503).expect_header("Retry-After", "1");
    world.finish();
}
