//! Calls to `answer`, as its callers see them.

use siplet_testkit::*;

#[test]
fn a_caller_hears_itself() {
    let world = World::with(servlet!());
    let alice = world.phone("sip:alice@home");
    let call = alice.invite("sip:hello@home");
    call.expect(180);
    call.expect(200).expect_header("Content-Type", "application/sdp").expect_body(SDP);
    call.ack();
    call.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn a_reinvite_is_answered_without_ringing() {
    let world = World::with(servlet!());
    let call = world.phone("sip:alice@home").invite("sip:hello@home");
    call.expect(180);
    call.expect(200);
    call.ack();
    let again = call.reinvite();
    assert_eq!(again.expect_one_of(&[180, 200]).status(), 200);
    again.ack();
    call.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn a_body_that_is_no_sdp_is_refused_with_what_would_be_taken() {
    let world = World::with(servlet!());
    let alice = world.phone("sip:alice@home");
    let call = alice.request("INVITE", "sip:hello@home").body("text/plain", "hello").send();
    call.expect(415).expect_header("Accept", "application/sdp");
    let call = alice.request("INVITE", "sip:hello@home").header("Accept", "text/plain").send();
    call.expect(406);
    world.expect_quiet();
}

#[test]
fn options_and_messages_are_answered() {
    let world = World::with(servlet!());
    let alice = world.phone("sip:alice@home");
    let options = alice.request("OPTIONS", "sip:hello@home").send();
    options.expect(200).expect_header("Accept", "application/sdp");
    alice.request("MESSAGE", "sip:hello@home").body("text/plain", "are you there?").send().expect(200);
    world.expect_log("sip:alice@home wrote 14 octets");
    world.expect_quiet();
}

#[test]
fn a_call_survives_lost_messages_and_the_death_of_its_host() {
    let world = World::with(servlet!());
    let alice = world.phone("sip:alice@home");
    world.network().lose_next_of("INVITE", 1).lose_to(&alice, "200", 2);
    let call = alice.invite("sip:hello@home");
    call.expect(200);
    call.ack();
    world.kill_and_restore();
    world.advance(2.hours());
    call.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn the_picture_of_a_call_is_the_one_that_is_kept() {
    let world = World::with(servlet!());
    let call = world.phone("sip:alice@home").invite("sip:hello@home");
    call.expect(180);
    call.expect(200);
    call.ack();
    world.advance(90.s());
    call.bye().expect(200);
    world.expect_ladder("a_call");
}
