//! Calls to `prepaid`, as its callers see them.

use siplet_testkit::*;

fn world() -> World {
    World::with(servlet!())
        .init("credit", r#"{"sip:alice@home": 60, "sip:bob@home": 5}"#)
        .init("warn-before", 10)
}

#[test]
fn a_caller_is_warned_and_then_cut_off() {
    let world = world();
    let call = world.phone("sip:alice@home").invite("sip:news@prepaid.example");
    call.expect(180);
    call.expect(200);
    call.ack();
    world.advance(51.s());
    call.expect_request("INFO").expect_body("10 seconds left");
    world.advance(10.s());
    call.expect_bye().expect_header("Reason", "SIP ;cause=402 ;text=\"Credit used up\"");
    world.expect_quiet();
}

#[test]
fn the_clock_goes_on_where_the_call_is_taken_over() {
    let world = world();
    let call = world.phone("sip:alice@home").invite("sip:news@prepaid.example");
    call.expect(200);
    call.ack();
    world.advance(30.s());
    world.kill_and_restore();
    world.advance(21.s());
    call.expect_request("INFO").expect_body("10 seconds left");
    world.kill_and_restore();
    world.advance(10.s());
    call.expect_bye();
    world.expect_quiet();
}

#[test]
fn a_caller_who_hangs_up_in_time_hears_nothing_more() {
    let world = world();
    let call = world.phone("sip:alice@home").invite("sip:news@prepaid.example");
    call.expect(200);
    call.ack();
    world.advance(5.s());
    call.bye().expect(200);
    world.advance(2.hours());
    world.expect_quiet();
}

#[test]
fn a_credit_shorter_than_the_warning_ends_without_one() {
    let world = world();
    let call = world.phone("sip:bob@home").invite("sip:news@prepaid.example");
    call.expect(200);
    call.ack();
    world.advance(6.s());
    call.expect_bye();
    world.expect_quiet();
}

#[test]
fn a_reinvite_does_not_start_the_clock_again() {
    let world = world();
    let call = world.phone("sip:bob@home").invite("sip:news@prepaid.example");
    call.expect(200);
    call.ack();
    world.advance(3.s());
    let again = call.reinvite();
    again.expect(200);
    again.ack();
    world.advance(3.s());
    call.expect_bye();
    world.expect_quiet();
}

#[test]
fn a_caller_without_credit_does_not_talk() {
    let world = world();
    world.phone("sip:carol@home").invite("sip:news@prepaid.example").expect(402);
    world.expect_quiet();
}
