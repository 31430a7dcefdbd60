//! The thin way through every room of the container: INVITE 200 ACK BYE, stored before it is sent, killed and restored.

#[path = "support/host.rs"]
mod host;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use host::{Host, Setup, request, tag_of};
use siplet_container::app::Handler;
use siplet_container::app::Handler::{DoBye, DoInvite, DoOptions};
use siplet_container::io::{Key, Write};
use siplet_container::turn::{Callback, Misuse, Scope, Turn};
use siplet_container::{Counts, Input};
use siplet_sip::header::HeaderId;
use siplet_sip::time::Time;

/// Rings and answers, and counts its turns.
fn answer(turn: &mut Turn) -> Result<(), Misuse> {
    let Callback::Request { message, handler } = turn.callback() else { return Ok(()) };
    let session = turn.session_of(message)?;
    let turns = turn.attribute(Scope::Session(session), "turns")?.map_or(0, |value| value[0]);
    turn.set_attribute(Scope::Session(session), "turns", &[turns + 1])?;
    let statuses: &[u16] = if handler == Handler::DoInvite { &[180, 200] } else { &[200] };
    for status in statuses {
        let response = turn.create_response(message, *status, None)?;
        turn.send(response)?;
    }
    Ok(())
}

fn start(seed: u64, stored: BTreeMap<Key, Write>, now: Time) -> Host {
    let setup = Setup { durable: true, seed, stored, now, ..Setup::default() };
    Host::start(setup, &[DoInvite, DoBye, DoOptions], answer)
}

fn first_host() -> Host {
    start(1, BTreeMap::new(), Time::from_micros(1_000_000))
}

fn bytes_of(host: &Host) -> Vec<Bytes> {
    host.sent.iter().map(|sent| sent.message.bytes().clone()).collect()
}

#[test]
fn a_call_is_stored_before_anything_of_it_is_sent_and_ends_on_another_host() {
    let mut first = first_host();
    first.receive(&request("INVITE", 1, "i", ""));
    assert!(first.sent.is_empty(), "nothing leaves before the store has it, also no 100");
    first.receive(&request("INVITE", 1, "i", ""));
    assert!(first.sent.is_empty(), "a repeated INVITE makes no second call");
    first.acknowledge();
    let tag = tag_of(&first.sent[1].message);
    assert_eq!(first.take_sent(), ["180 INVITE", "200 INVITE"]);
    first.receive(&request("ACK", 1, "a", &tag));
    first.acknowledge();

    // The first host dies. The second has its store and its secret, and nothing else.
    let mut second = start(2, first.stored.clone(), first.now);
    second.sent.clear();
    second.receive(&request("BYE", 2, "b", &tag));
    assert!(second.sent.is_empty());
    second.acknowledge();
    assert_eq!(second.take_sent(), ["200 BYE"]);
    second.store = host::Store::Acknowledges;
    second.advance(Duration::from_secs(40));
    let counts = Counts { applications: 1, ..Counts::default() };
    assert_eq!(second.container.counts(), counts, "nothing is left");
    assert!(second.stored.is_empty(), "the record has left the store");
}

#[test]
fn a_host_that_dies_before_the_send_sends_the_same_bytes_after_the_restore() {
    let mut first = first_host();
    first.store = host::Store::LosesAnswers;
    first.receive(&request("INVITE", 1, "i", ""));
    assert!(first.sent.is_empty());
    // It was stored, but the host died before it heard so.
    let mut second = start(2, first.stored.clone(), first.now);
    let after = bytes_of(&second);
    assert_eq!(second.take_sent(), ["180 INVITE", "200 INVITE"]);
    // The live host would have sent the very same.
    first.store = host::Store::Acknowledges;
    first.advance(Duration::from_millis(250));
    assert_eq!(bytes_of(&first), after);
    // The 2xx is repeated by the restored host until its ACK comes.
    second.store = host::Store::Acknowledges;
    second.advance(Duration::from_millis(520));
    assert_eq!(second.take_sent(), ["200 INVITE"]);
    second.advance(Duration::from_secs(40));
    let bye = second.sent_request("BYE");
    assert_eq!(bye.header(HeaderId::CallId), Some(&b"call-1"[..]), "no ACK came: the host hangs up");
}

#[test]
fn a_cancel_that_matches_no_invite_gets_481() {
    let mut host = first_host();
    host.receive(&request("OPTIONS", 1, "o", ""));
    host.acknowledge();
    assert_eq!(host.take_sent(), ["200 OPTIONS"]);
    host.receive(&request("CANCEL", 1, "o", ""));
    assert_eq!(host.take_sent(), ["481 CANCEL"], "an OPTIONS is not cancelled");
}

/// A unit that nobody waits for is no concern: an answer that comes twice, or for a session that has gone.
#[test]
fn an_answer_of_the_store_that_nobody_waits_for_changes_nothing() {
    let mut host = first_host();
    let before = host.container.counts();
    host.handle(Input::Stored { unit: siplet_container::io::UnitId(77), result: Ok(()) });
    assert!(host.sent.is_empty());
    assert_eq!(host.container.counts(), before);
}
