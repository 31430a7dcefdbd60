use std::sync::Arc;

use siplet_container::app::AppId;
use siplet_container::io::{Flow, Key, Transport};
use siplet_container::record::Role;
use siplet_sip::time::Time;

use super::*;

/// A step of that session: a BYE of a caller who is called so.
fn step(session: u64, caller: &str, ended: bool) -> StepRecord {
    let message = format!(
        "BYE sip:hello@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5070;branch=z9hG4bK{session}\r\nMax-Forwards: 70\r\n\
         From: <sip:{caller}@home>;tag=a\r\nTo: <sip:hello@127.0.0.1>;tag=b\r\nCall-ID: {session}\r\nCSeq: 1 BYE\r\n\
         Content-Length: 0\r\n\r\n"
    );
    let flow = Flow {
        listener: 0,
        transport: Transport::Udp,
        remote: "127.0.0.1:5070".parse().unwrap(),
        connection: 0,
    };
    StepRecord {
        key: Key(session),
        id: session.to_string(),
        app: AppId { name: Arc::from("hello"), digest: 1 << 40 },
        version: "0.1.0".to_owned(),
        number: 0,
        watches: vec![1],
        trapped: None,
        beginning: None,
        at: Time::from_micros(session),
        input: StepInput::Packet { flow, bytes: message.into_bytes().into(), role: Role::Subsequent(0) },
        turns: Vec::new(),
        sent: Vec::new(),
        sessions: Vec::new(),
        next_deadline: None,
        ended,
    }
}

#[test]
fn the_latest_call_is_shown_until_another_is_chosen_or_the_view_is_paused() {
    let mut calls = Calls::default();
    assert_eq!(calls.shown(), None);
    calls.add(&step(1, "alice", false));
    calls.add(&step(2, "bob", false));
    assert_eq!(calls.shown(), Some(1));
    calls.up();
    calls.add(&step(3, "carol", false));
    assert_eq!(calls.shown(), Some(0), "the chosen one stays");
    calls.down();
    calls.down();
    calls.down();
    calls.add(&step(4, "dave", false));
    assert_eq!(calls.shown(), Some(3), "below the last one the latest is followed again");
    calls.pause();
    calls.add(&step(5, "eve", false));
    assert_eq!((calls.shown(), calls.is_paused()), (Some(3), true));
    calls.pause();
    assert_eq!(calls.shown(), Some(4));
    calls.clear();
    assert_eq!(calls.shown(), None);
}

#[test]
fn a_call_is_named_for_what_began_it_and_told_when_its_session_is_over() {
    let mut calls = Calls::default();
    assert!(calls.add(&step(1, "alice", false)).is_none());
    let ended = calls.add(&step(1, "alice", true)).expect("it is over");
    assert_eq!(ended.title, "BYE alice");
    let drawn = ended.draw(80, false);
    assert!(
        drawn.contains("alice") && drawn.contains("hello 0.1.0 #000001") && drawn.contains("- BYE -"),
        "{drawn}"
    );
    assert_eq!(calls.iter().count(), 1, "two steps of one session are one call");
}

#[test]
fn calls_and_their_rows_are_kept_up_to_a_limit() {
    let mut calls = Calls::default();
    for number in 0..2 * CALLS as u64 {
        calls.add(&step(number, "alice", false));
    }
    assert_eq!(calls.iter().count(), CALLS);
    for _ in 0..ROWS {
        calls.add(&step(10_000, "bob", false));
    }
    let call = calls.iter().next_back().expect("the latest");
    assert!(call.ladder.rows.len() <= ROWS);
}
