//! Every kind of difference and the name that it has, and what is told once only.

use std::time::Duration;

use siplet_sip::time::Time;

use crate::app::{AppId, Handler};
use crate::io::{Hop, Transport};
use crate::record::{LogRecord, SessionChange, StepInput};
use crate::turn::{Level, SessionState, TrapReason};

use super::*;

const OK: &str =
    "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP a\r\nTo: <sip:b@c>;tag=1\r\nCSeq: 1 INVITE\r\nX-Version: 1\r\n\r\n";

fn sent(text: &str, turn: Option<u32>) -> Sent {
    let remote = "10.0.0.2:5060".parse().expect("an address");
    let hop = Hop { listener: 0, transport: Transport::Udp, remote, connection: 0, fallback: None };
    Sent { to: Destination::Hop(hop), bytes: Bytes::from(text.to_owned()), turn, after: 0 }
}

fn turn_of(handler: Handler) -> TurnRecord {
    TurnRecord {
        number: 1,
        handler,
        about: None,
        seed: [1, 2],
        outcome: TurnOutcome::Done,
        cpu_us: Some(3),
        attributes: Vec::new(),
        log: Vec::new(),
        log_dropped: 0,
        unsent: Vec::new(),
    }
}

/// A step of do-invite that sent these.
fn step(messages: &[&str]) -> StepRecord {
    StepRecord {
        key: Key(0x0123_4567_89ab_cdef),
        id: "id".to_owned(),
        app: AppId { name: "app".into(), digest: 1 },
        version: "1".to_owned(),
        number: 1,
        watches: vec![1],
        trapped: None,
        beginning: None,
        at: Time::from_micros(1_000_000),
        input: StepInput::Deadline,
        turns: vec![turn_of(Handler::DoInvite)],
        sent: messages.iter().map(|text| sent(text, Some(0))).collect(),
        sessions: Vec::new(),
        next_deadline: None,
        ended: false,
    }
}

/// The differences as `handler: what: was -> is`, and whether the runs parted.
fn told(old: &StepRecord, new: &StepRecord) -> (Vec<String>, bool) {
    let Compared { changes, parted } = compare(old, new);
    let line =
        |change: &Change| format!("{}: {}: {} -> {}", change.handler, change.what, change.was, change.is);
    (changes.iter().map(line).collect(), parted)
}

fn of_messages(old: &[&str], new: &[&str]) -> (Vec<String>, bool) {
    told(&step(old), &step(new))
}

#[test]
fn the_same_step_is_the_same() {
    assert_eq!(of_messages(&[OK], &[OK]), (vec![], false));
    let turn = TurnRecord { number: 9, cpu_us: Some(900), ..turn_of(Handler::DoInvite) };
    let other = StepRecord { turns: vec![turn], ..step(&[OK]) };
    assert_eq!(told(&step(&[OK]), &other), (vec![], false), "numbers and times are another each time");
}

#[test]
fn one_changed_header_is_one_line() {
    let two = OK.replace("X-Version: 1", "X-Version: 2");
    let line = "do-invite: 200 INVITE, header X-Version: X-Version: 1 -> X-Version: 2";
    assert_eq!(of_messages(&[OK], &[&two]), (vec![line.to_owned()], false));
}

#[test]
fn each_part_of_a_message_has_its_name() {
    let names = "Via, To, CSeq, X-Version";
    let table = [
        ("x", "x", String::new()),
        ("200 OK", "200 Fine", "first line: SIP/2.0 200 OK -> SIP/2.0 200 Fine".to_owned()),
        ("X-Version: 1\r\n", "", "header X-Version: X-Version: 1 -> ".to_owned()),
        (
            "X-Version: 1\r\n",
            "x-VERSION: 1\r\nx-version: 2\r\n",
            "header X-Version: X-Version: 1 -> X-Version: 1\nX-Version: 2".to_owned(),
        ),
        (
            "Via: SIP/2.0/UDP a\r\nTo: <sip:b@c>;tag=1",
            "To: <sip:b@c>;tag=1\r\nVia: SIP/2.0/UDP a",
            format!("the order of its headers: {names} -> To, Via, CSeq, X-Version"),
        ),
        // RFC 3261 §7.3.1, §7.3.3: another way to write the same.
        ("Via: ", "v:", format!("how its headers are written: {names} -> {names}")),
        (
            "tag=1\r\n",
            "tag=1\r\n ;x=y\r\n",
            "header To: To: <sip:b@c>;tag=1 -> To: <sip:b@c>;tag=1 ;x=y".to_owned(),
        ),
    ];
    for (from, to, expected) in table {
        let (changes, parted) = of_messages(&[OK], &[&OK.replace(from, to)]);
        let whole = format!("do-invite: 200 INVITE, {expected}");
        let expected = if expected.is_empty() { vec![] } else { vec![whole] };
        assert_eq!((changes, parted), (expected, false), "{from:?} -> {to:?}");
    }
}

#[test]
fn another_body_is_told_without_its_length() {
    let with = |length: &str, body: &str| {
        OK.replace("\r\n\r\n", &format!("\r\nContent-Length: {length}\r\n\r\n{body}"))
    };
    let table = [
        (with("6", "a\r\nb\r\n"), with("9", "a\r\nlater"), "body: b -> later"),
        (with("6", "a\r\nb\r\n"), with("3", "a\r\n"), "body: b -> (ends after 3 bytes)"),
        (with("4", "a\r\nb"), with("3", "a\nb"), "body: (4 bytes) -> (3 bytes)"),
        (OK.to_owned(), with("0", ""), "header Content-Length:  -> Content-Length: 0"),
    ];
    for (old, new, expected) in table {
        assert_eq!(of_messages(&[&old], &[&new]).0, [format!("do-invite: 200 INVITE, {expected}")]);
    }
}

#[test]
fn messages_more_and_less_are_told_and_the_others_are_compared() {
    let ringing = OK.replace("200 OK", "180 Ringing");
    let two = OK.replace("X-Version: 1", "X-Version: 2");
    let lines = [
        "do-invite: 180 INVITE is sent:  -> SIP/2.0 180 Ringing",
        "do-invite: 200 INVITE, header X-Version: X-Version: 1 -> X-Version: 2",
    ];
    assert_eq!(of_messages(&[OK], &[&ringing, &two]), (lines.map(str::to_owned).to_vec(), false));
    let line = "do-invite: 180 INVITE is not sent: SIP/2.0 180 Ringing -> ";
    assert_eq!(of_messages(&[&ringing, OK], &[OK]).0, [line]);
    let line = "do-invite: the order of its messages: 180 INVITE, 200 INVITE -> 200 INVITE, 180 INVITE";
    assert_eq!(of_messages(&[&ringing, OK], &[OK, &ringing]).0, [line]);
    // A request that is not in the first run has nobody who answers it.
    let bye = "BYE sip:a@b SIP/2.0\r\nCSeq: 2 BYE\r\n\r\n";
    let line = "do-invite: BYE is sent:  -> BYE sip:a@b SIP/2.0".to_owned();
    assert_eq!(of_messages(&[OK], &[OK, bye]), (vec![line], true));
    assert!(of_messages(&[bye], &[]).1);
}

#[test]
fn names_that_were_minted_in_another_order_are_no_difference() {
    let request = |method: &str, index: u32| {
        let minter = crate::names::Minter::new(crate::config::Secret(*b"0123456789abcdef"), None);
        let branch = minter.mint(crate::names::Kind::Branch, Key(0x0123_4567_89ab_cdef), index);
        format!("{method} sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch={branch}\r\nCSeq: 1 {method}\r\n\r\n")
    };
    let (changes, parted) =
        of_messages(&[&request("INVITE", 1)], &[&request("MESSAGE", 1), &request("INVITE", 2)]);
    let line = "do-invite: MESSAGE is sent:  -> MESSAGE sip:a@b SIP/2.0";
    assert_eq!((changes, parted), (vec![line.to_owned()], true));
    let (changes, _) = of_messages(&[&request("INVITE", 1)], &[&request("INVITE", 2)]);
    assert_eq!(changes.len(), 1, "without another message a name is a difference: {changes:?}");
}

#[test]
fn where_a_message_goes_and_who_sends_it_is_compared() {
    let mut new = step(&[OK]);
    let Destination::Hop(hop) = &mut new.sent[0].to else { panic!("a hop") };
    hop.remote.set_port(5080);
    let line = "do-invite: 200 INVITE, where it goes: udp 10.0.0.2:5060 -> udp 10.0.0.2:5080";
    assert_eq!(told(&step(&[OK]), &new).0, [line]);
    let mut new = step(&[OK]);
    new.sent[0].turn = None;
    let line = "do-invite: 200 INVITE, who sends it: do-invite -> host";
    assert_eq!(told(&step(&[OK]), &new).0, [line]);
}

#[test]
fn a_handler_that_dies_is_one_line() {
    let died = |frame: &str| {
        let mut step = step(&["SIP/2.0 500 Server Internal Error\r\nCSeq: 1 INVITE\r\n\r\n"]);
        let (reason, text) = (TrapReason::Panic, "no".to_owned());
        step.turns[0].outcome = TurnOutcome::Trapped { reason, text, backtrace: vec![frame.to_owned()] };
        StepRecord { ended: true, ..step }
    };
    let line = "do-invite: how it ended: well -> it died (panic): no\nat f".to_owned();
    assert_eq!(told(&step(&[OK]), &died("f")), (vec![line], true));
    assert_eq!(told(&died("f"), &died("g")), (vec![], false), "two versions have other frames");
    let failed = |text: &str| {
        let mut step = step(&[]);
        step.turns[0].outcome = TurnOutcome::Failed(text.to_owned());
        step
    };
    let line = "do-invite: how it ended: it returned an error: a -> it returned an error: b";
    assert_eq!(told(&failed("a"), &failed("b")).0, [line]);
}

#[test]
fn attributes_and_log_lines_are_compared_by_what_they_become() {
    let attribute = |session, old: Option<&'static [u8]>, new: Option<&'static [u8]>| AttributeChange {
        session,
        name: "count".to_owned(),
        old: old.map(Bytes::from_static),
        new: new.map(Bytes::from_static),
    };
    let with = |changes: Vec<AttributeChange>| {
        let mut step = step(&[]);
        step.turns[0].attributes = changes;
        step
    };
    let one = with(vec![attribute(None, None, Some(b"1"))]);
    let two = with(vec![attribute(None, None, Some(b"2"))]);
    assert_eq!(told(&one, &two), (vec!["do-invite: attribute count: 1 -> 2".to_owned()], false));
    assert_eq!(told(&one, &with(vec![attribute(None, Some(b"x"), Some(b"1"))])).0, [""; 0]);
    assert_eq!(told(&one, &with(vec![])).0, ["do-invite: attribute count: 1 -> not changed"]);
    let removed = with(vec![attribute(Some(1), Some(b"x"), None)]);
    let line = "do-invite: attribute of a SIP session count: removed -> not changed";
    assert_eq!(told(&removed, &with(vec![])).0, [line]);
    let logs = |text: &str| {
        let mut step = step(&[]);
        step.turns[0].log = vec![LogRecord { level: Level::Info, message: text.to_owned() }];
        step
    };
    assert_eq!(told(&logs("a"), &logs("b")).0, ["do-invite: its log: Info: a -> Info: b"]);
}

#[test]
fn handlers_that_only_one_version_has_are_told() {
    let mut new = step(&[OK]);
    new.turns.push(turn_of(Handler::DoAck));
    assert_eq!(told(&step(&[OK]), &new).0, ["do-ack: it is called: not called -> called"]);
    assert_eq!(told(&new, &step(&[OK])).0, ["do-ack: it is not called: called -> not called"]);
}

#[test]
fn what_a_step_leaves_behind_is_told_where_its_messages_do_not_tell() {
    let later = |seconds: u64| {
        let step = step(&[OK]);
        StepRecord { next_deadline: Some(step.at + Duration::from_secs(seconds)), ..step }
    };
    let line = "do-invite: the next deadline: in 180.000 s -> in 60.000 s".to_owned();
    assert_eq!(told(&later(180), &later(60)), (vec![line], false));
    let over = StepRecord { ended: true, ..step(&[OK]) };
    let line = "do-invite: the application session: alive -> over".to_owned();
    assert_eq!(told(&step(&[OK]), &over), (vec![line], true));
    let with = |new, messages: &[&str]| {
        let change = SessionChange { session: 1, call_id: "c".to_owned(), old: None, new: Some(new) };
        StepRecord { sessions: vec![change], ..step(messages) }
    };
    let (early, up) = (with(SessionState::Early, &[OK]), with(SessionState::Confirmed, &[OK]));
    let line = "do-invite: states of SIP sessions: none -> early -> none -> confirmed".to_owned();
    assert_eq!(told(&early, &up), (vec![line], true));
    // 486 in the place of 200: the states follow from that.
    let busy = with(SessionState::Terminated, &[&OK.replace("200 OK", "486 Busy Here")]);
    let (changes, parted) = told(&up, &busy);
    assert_eq!((changes.len(), parted), (2, true), "{changes:?}");
}

#[test]
fn long_values_are_cut_and_still_differ() {
    let long = |last: char| OK.replace("X-Version: 1", &format!("X-Version: {}{last}", "x".repeat(900)));
    let (changes, _) = of_messages(&[&long('a')], &[&long('b')]);
    assert!(changes[0].ends_with("... (901 bytes)") && changes[0].len() < 1200, "{changes:?}");
}

#[test]
fn lists_are_aligned_also_when_they_are_long() {
    let pairs = [(Some(0), None), (Some(1), Some(0)), (Some(2), Some(1)), (None, Some(2))];
    assert_eq!(align(&[1, 2, 3], &[2, 3, 4]), pairs);
    assert_eq!(align::<u8>(&[], &[]), []);
    let (many, more) = (vec![1_u8; 100], vec![2_u8; 101]);
    let pairs = align(&many, &more);
    assert_eq!((pairs.len(), pairs[100]), (101, (None, Some(100))));
}
