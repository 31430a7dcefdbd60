//! Calls to `screen`, as its callers see them.

use screen::Decision;
use siplet_testkit::*;

/// 2026-11-23 16:00 UTC: an hour before the office closes.
const FOUR: u64 = 1_795_449_600;

fn office() -> World {
    let hours = World::with(servlet!()).init("open", "09:00-17:00").init("utc-offset", "+00:00");
    hours.init("refused", r#"["*@bad.example"]"#).starts_at(FOUR)
}

#[test]
fn outside_opening_hours_the_caller_hears_480() {
    let world = office();
    let (alice, bob) = (world.phone("sip:alice@home"), world.phone("sip:bob@home"));
    let call = alice.invite("sip:carol@screen.example");
    call.expect(180);
    call.expect(200);
    call.ack();
    world.session(&call).expect_attribute("decision", Decision::Accept);
    world.advance(2.hours()); // it is evening now
    let refused = bob.invite("sip:carol@screen.example").expect(480);
    assert_eq!(refused.reason(), "Outside Opening Hours");
    call.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn a_call_that_began_in_time_is_not_thrown_out_by_its_reinvite() {
    let world = office();
    let call = world.phone("sip:alice@home").invite("sip:carol@screen.example");
    call.expect(200);
    call.ack();
    world.advance(2.hours());
    world.kill_and_restore();
    assert_eq!(world.session(&call).attribute("decision"), Some(Decision::Accept));
    let again = call.reinvite();
    again.expect(200);
    again.ack();
    call.bye().expect(200);
    world.expect_quiet();
}

#[test]
fn an_unwanted_caller_is_forbidden_at_any_hour() {
    let world = office();
    let spam = world.phone("sip:spam@bad.example");
    spam.invite("sip:carol@screen.example").expect(403);
    world.advance(5.hours());
    spam.invite("sip:carol@screen.example").expect(403);
    world.expect_quiet();
}
