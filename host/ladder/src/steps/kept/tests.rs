use std::sync::Arc;

use siplet_container::app::AppId;
use siplet_container::io::{Flow, Transport};
use siplet_container::record::Role;
use siplet_sip::time::Time;

use super::*;
use crate::Options;

const LIMITS: Limits = Limits { calls: 5, rows: 300, bytes: 1 << 20 };

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
        remote: "127.0.0.1:5070".parse().expect("an address"),
        connection: 0,
    };
    StepRecord {
        number: 0,
        key: Key(session),
        id: session.to_string(),
        app: AppId { name: Arc::from("hello"), digest: 1 << 40 },
        version: "0.1.0".to_owned(),
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
fn a_call_is_named_for_what_began_it_and_is_over_with_its_last_session() {
    let mut kept = Kept::new(LIMITS);
    let news = kept.add(&step(1, "alice", false)).expect("a call");
    assert!(news.is_new && !news.call.is_over());
    let news = kept.add(&step(1, "alice", true)).expect("a call");
    assert!(!news.is_new && news.call.is_over());
    assert_eq!((news.call.title(), news.added), ("BYE alice", 2), "the message, and the end of the session");
    let drawn = news.call.ladder().draw(&Options { columns: 80, ..Options::default() });
    assert!(drawn.contains("alice") && drawn.contains("hello 0.1.0 #000001"), "{drawn}");
    assert_eq!(kept.iter().len(), 1, "two steps of one session are one call");
}

#[test]
fn what_a_deployment_does_is_no_call() {
    let mut kept = Kept::new(LIMITS);
    assert!(kept.add(&StepRecord { input: StepInput::Deployed, ..step(1, "alice", false) }).is_none());
    assert_eq!(kept.iter().len(), 0);
}

#[test]
fn calls_that_are_over_make_room_first() {
    let mut kept = Kept::new(LIMITS);
    for number in 1..=5 {
        kept.add(&step(number, "alice", number == 3));
    }
    kept.add(&step(6, "alice", false));
    let numbers = |kept: &Kept| kept.iter().map(Call::number).collect::<Vec<_>>();
    assert_eq!(numbers(&kept), [1, 2, 4, 5, 6]);
    kept.add(&step(7, "alice", false));
    assert_eq!((numbers(&kept), kept.evicted()), (vec![2, 4, 5, 6, 7], 2));
    let news = kept.add(&step(1, "alice", false)).expect("a call");
    assert_eq!(news.call.number(), 1, "it is still known by its number");
}

#[test]
fn of_a_long_call_beginning_and_end_are_kept() {
    let mut kept = Kept::new(LIMITS);
    for number in 0..1000 {
        let mut step = step(1, &format!("caller{number}"), false);
        step.at = Time::from_micros(number);
        kept.add(&step);
    }
    let call = kept.get(1).expect("it is kept");
    assert_eq!(call.rows().len(), LIMITS.rows);
    let times: Vec<u64> = call.rows().map(|row| row.at_us).collect();
    assert_eq!((times[0], times[99], times[100], times[299]), (0, 99, 800, 999));
    let ladder = call.ladder();
    let gap = What::Note { at: None, text: "... 700 rows are not kept ...".to_owned() };
    assert_eq!(ladder.rows[100].what, gap);
    assert!(call.participants().len() <= 65, "whoever writes can name as many as he likes");
}

#[test]
fn octets_are_bounded_over_all_calls_and_in_one() {
    let limits = Limits { bytes: 20_000, ..LIMITS };
    let mut kept = Kept::new(limits);
    let loud = |session, letters| {
        let mut step = step(session, "alice", false);
        step.input = StepInput::Resolved { client: 0, is_cancel: false, answer: Vec::new() };
        step.turns = vec![siplet_container::record::TurnRecord {
            number: 1,
            handler: siplet_container::app::Handler::DoInvite,
            about: None,
            seed: [0, 0],
            outcome: siplet_container::record::TurnOutcome::Failed("x".repeat(letters)),
            cpu_us: None,
            attributes: Vec::new(),
            log: Vec::new(),
            log_dropped: 0,
            unsent: Vec::new(),
        }];
        step
    };
    for session in 1..=4 {
        assert!(kept.add(&loud(session, 7000)).expect("a call").call.has_failed());
    }
    assert!(kept.bytes <= limits.bytes && kept.iter().len() == 2, "{} octets", kept.bytes);
    for _ in 0..10 {
        kept.add(&loud(4, 1 << 20));
    }
    assert!(kept.bytes <= limits.bytes && kept.get(4).is_some());
    let counted: usize = kept.iter().flat_map(Call::rows).map(size_of).sum();
    assert_eq!(kept.bytes, counted, "the sum is that of the rows");
}
