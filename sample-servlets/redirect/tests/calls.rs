//! Calls to `redirect`, as its callers see them.

use siplet_testkit::*;

#[test]
fn a_caller_is_told_where_the_user_is() {
    let world = World::with(servlet!()).init("users", r#"{"bob": "sip:bob@192.0.2.7:5070"}"#);
    let alice = world.phone("sip:alice@home");
    alice.invite("sip:bob@redirect.example").expect(302).expect_header("Contact", "<sip:bob@192.0.2.7:5070>");
    alice.invite("sip:carol@redirect.example").expect(404).expect_no_header("Contact");
    world.expect_quiet();
}

#[test]
fn the_table_beside_the_servlet_is_used_where_the_test_names_none() {
    let world = World::with(servlet!());
    let alice = world.phone("sip:alice@home");
    alice.invite("sip:alice@redirect.example").expect(302).expect_header("Contact", "<sip:alice@192.0.2.7>");
    world.expect_quiet();
}

#[test]
#[should_panic(expected = "init parameter `users`: bob: invalid address")]
fn a_line_that_is_no_uri_refuses_the_deployment() {
    let world = World::with(servlet!()).init("users", r#"{"bob": "192.0.2.8"}"#);
    let _ = world.phone("sip:alice@home");
}
