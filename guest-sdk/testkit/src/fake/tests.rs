use siplet::prelude::*;
use siplet::{Attribute, Time};

use super::Fake;

const CALLS: Attribute<u32> = Attribute::new("calls");

/// What a handler might be.
fn counts(request: &Request) -> Result {
    let session = request.application_session();
    let calls = session.get(CALLS)?.unwrap_or(0) + 1;
    session.set(CALLS, &calls)?;
    log::info!("call {calls} at {}", siplet::now().as_millis());
    if !request.is_initial()? {
        return request.create_response(491)?.send();
    }
    request.create_response(180)?.send()?;
    request.create_response(200)?.with_body("text/plain", request.body())?.send()
}

#[test]
fn what_a_handler_sends_sets_and_logs_is_kept() {
    let fake = Fake::new().at(Time::from_micros(1_000_000)).with_attribute("calls", 6);
    let request =
        fake.request("INVITE", "sip:bob@home").header("Subject", "hi").body("text/plain", "hello").build();
    assert_eq!((request.header("s"), request.request_uri().unwrap().user()), (Some("hi"), Some("bob")));
    counts(&request).unwrap();
    let sent = fake.sent();
    assert_eq!(sent.iter().map(|message| message.status()).collect::<Vec<_>>(), [180, 200]);
    assert_eq!(
        (sent[1].reason(), sent[1].body(), sent[1].header("c")),
        ("OK", b"hello".as_slice(), Some("text/plain"))
    );
    assert_eq!(
        (fake.attribute::<u32>("calls"), fake.log()),
        (Some(7), vec!["Info call 7 at 1000".to_owned()])
    );
}

#[test]
fn the_rules_that_a_handler_meets_most_are_kept() {
    let fake = Fake::new();
    let request = fake.request("INVITE", "sip:bob@home").in_dialog().build();
    counts(&request).unwrap();
    assert_eq!(fake.sent()[0].status(), 491);
    assert_eq!(request.create_response(200).unwrap().send(), Err(Error::FinalResponseSent));
    let late = request.create_response(200).unwrap();
    assert_eq!(late.set_header("Via", "mine"), Err(Error::SystemHeader("Via".into())));
    fake.application_session().invalidate().unwrap();
    assert!(!fake.is_valid());
    assert_eq!(request.application_session().get(CALLS), Err(Error::InvalidSession));
}

#[test]
fn a_response_leads_back_to_its_request() {
    let fake = Fake::new();
    let response = fake.response(486, "INVITE");
    assert_eq!((response.status(), response.request().method()), (486, Method::Invite));
}
