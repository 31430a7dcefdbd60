//! What was recorded runs again: the same bytes, states, deadlines and deaths.

use std::sync::Arc;
use std::time::Duration;

use siplet_container::app::Handler::{self, DoBye, DoCancel, DoErrorResponse, DoInfo, DoInvite, DoMessage};
use siplet_container::app::{Application, Descriptor};
use siplet_container::io::{Command, Transport};
use siplet_container::record::compare::first_difference;
use siplet_container::record::redact::Redaction;
use siplet_container::record::watch::Watch;
use siplet_container::record::{Settings, StepRecord};
use siplet_container::report::Report;
use siplet_container::turn::{Callback, Misuse, Outcome, Scope, Trap, TrapReason, Turn};
use siplet_container::{Container, Input, replay_step};
use support::{Host, Setup, accept, caller, request, response};

#[path = "support/host.rs"]
mod support;

const HANDLERS: [Handler; 6] = [DoInvite, DoBye, DoMessage, DoInfo, DoCancel, DoErrorResponse];

fn watch(host: &mut Host, living: bool) {
    let command = Command::Watch { watch: 1, what: Watch { living, ..Watch::default() } };
    host.handle(Input::Command { id: 1, command });
}

fn steps(host: &mut Host) -> Vec<StepRecord> {
    let step = |report| match report {
        Report::Step(record) => Some(*record),
        _ => None,
    };
    host.reports.drain(..).filter_map(step).collect()
}

/// Random numbers, ids and attributes: everything that a handler can put into a message.
fn telling(turn: &mut Turn) -> Result<(), Misuse> {
    if let Callback::Request { message, .. } = turn.callback() {
        let session = turn.session_of(message)?;
        let text = format!("{} {}", turn.application_session_id(), turn.session_id(session)?);
        let count = turn.attribute(Scope::Application, "count")?.map_or(0, |count| count[0]) + 1;
        turn.set_attribute(Scope::Application, "count", &[count])?;
        let random = turn.random();
        let answer = turn.create_response(message, 200, None)?;
        turn.set_header(answer, "X-Told", format!("{text} {random:x} {count}").as_bytes())?;
        return turn.send(answer);
    }
    accept(turn)
}

/// Runs the record with that script; what each step was.
fn replayed(
    host: &Host,
    records: &[StepRecord],
    mut script: impl FnMut(&mut Turn) -> Result<(), Misuse>,
    ends: impl Fn(Handler) -> Outcome,
) -> Vec<StepRecord> {
    let settings = Settings::of(host.container.config());
    let mut container = Container::replaying(settings.config());
    let first = records[0].beginning.as_ref().expect("a record begins somewhere");
    let application: Arc<Application> = Arc::clone(&first.application);
    let mut steps = Vec::new();
    for record in records {
        let step = replay_step(&mut container, record, &application, |mut turn| {
            script(&mut turn).expect("the script does what it did");
            let outcome = ends(turn.callback().handler());
            (turn, outcome)
        });
        steps.push(*step.expect("the step begins"));
    }
    steps
}

fn assert_same(host: &mut Host, script: impl FnMut(&mut Turn) -> Result<(), Misuse>) -> usize {
    let records = steps(host);
    let again = replayed(host, &records, script, |_| Outcome::Done);
    for (number, (record, again)) in records.iter().zip(&again).enumerate() {
        assert_eq!(first_difference(record, again), None, "step {number}: {record:#?}\n{again:#?}");
    }
    records.len()
}

#[test]
fn a_call_runs_again_with_the_same_bytes() {
    let mut host = Host::new(&HANDLERS, telling);
    watch(&mut host, false);
    let tag = host.establish();
    host.receive(&request("INFO", 2, "info", &tag));
    host.advance(Duration::from_secs(1));
    host.receive(&request("BYE", 3, "bye", &tag));
    host.advance(Duration::from_secs(90));
    assert!(assert_same(&mut host, telling) >= 6);
}

#[test]
fn a_call_that_ended_with_its_host_runs_again() {
    let mut host = Host::new(&HANDLERS, telling);
    watch(&mut host, false);
    host.establish();
    host.handle(Input::Command { id: 2, command: Command::EndCalls { most: 9, retry_after_s: 3 } });
    assert_eq!(host.take_sent(), ["BYE"]);
    assert!(assert_same(&mut host, telling) >= 3);
}

#[test]
fn repetitions_and_timeouts_come_at_the_same_times() {
    let mut host = Host::new(&HANDLERS, telling);
    watch(&mut host, false);
    host.receive(&request("INVITE", 1, "invite", ""));
    host.receive(&request("INVITE", 1, "invite", ""));
    host.advance(Duration::from_secs(90));
    assert!(assert_same(&mut host, telling) > 8);
}

#[test]
fn a_call_to_a_name_runs_again() {
    let out = |turn: &mut Turn| {
        if turn.callback().handler() == DoMessage {
            let invite =
                turn.create_initial_request("INVITE", "<sip:me@here>", "<sip:callee@host.example>")?;
            turn.send(invite)?;
        }
        accept(turn)
    };
    let mut host = Host::new(&HANDLERS, out);
    watch(&mut host, false);
    host.receive(&request("MESSAGE", 1, "message", ""));
    let query = host.queries.remove(0);
    host.advance(Duration::from_millis(30));
    host.handle(Input::Resolved { query, answer: Ok(vec!["10.0.0.3".parse().expect("an address")]) });
    let invite = host.sent_request("INVITE");
    host.receive(&response(&invite, 180, "b"));
    host.receive(&response(&invite, 486, "b"));
    host.advance(Duration::from_secs(90));
    assert!(assert_same(&mut host, out) >= 5);
}

#[test]
fn a_request_that_could_not_be_sent_runs_again() {
    let mut host = Host::new(&HANDLERS, caller);
    watch(&mut host, false);
    let invite = host.call_out();
    let hop = siplet_container::io::Hop {
        listener: 0,
        transport: Transport::Udp,
        remote: "10.0.0.3:5060".parse().expect("an address"),
        connection: 0,
        fallback: None,
    };
    let bytes = invite.bytes().clone();
    let error = siplet_container::io::TransmitError::Unreachable;
    host.handle(Input::TransmitFailed { bytes, hop, error });
    host.advance(Duration::from_secs(90));
    assert!(assert_same(&mut host, caller) >= 3);
}

/// What waited in the mailbox is in the record in the order of its steps, at their times.
#[test]
fn inputs_that_waited_for_a_handler_run_again_in_their_order() {
    let mut host = Host::new(&HANDLERS, telling);
    watch(&mut host, false);
    let tag = host.establish();
    host.hold_turns = true;
    host.receive(&request("INFO", 2, "info", &tag));
    host.receive(&request("MESSAGE", 3, "message", &tag));
    host.receive(&request("BYE", 4, "bye", &tag));
    host.receive(&request("INFO", 5, "late", &tag));
    host.advance(Duration::from_millis(700));
    for _ in 0..4 {
        host.advance(Duration::from_millis(100));
        if host.container.counts().open_steps > 0 {
            host.end_turn();
        }
    }
    host.hold_turns = false;
    host.advance(Duration::from_secs(90));
    assert!(assert_same(&mut host, telling) >= 6);
}

#[test]
fn a_record_that_begins_in_the_middle_of_a_call_runs_again() {
    for durable in [false, true] {
        let setup = Setup { durable, ..Setup::default() };
        let mut host = Host::start(setup, &HANDLERS, telling);
        host.store = support::Store::Acknowledges;
        let tag = host.establish();
        host.receive(&request("INFO", 2, "info", &tag));
        watch(&mut host, true);
        host.receive(&request("INFO", 3, "next", &tag));
        host.receive(&request("BYE", 4, "bye", &tag));
        host.advance(Duration::from_secs(90));
        assert!(assert_same(&mut host, telling) >= 3);
    }
}

fn trap() -> Outcome {
    Outcome::Trapped(Trap {
        reason: TrapReason::Panic,
        text: "panicked at src/lib.rs:42: no".to_owned(),
        backtrace: vec!["app::do_bye".to_owned()],
        cpu: Duration::from_micros(31),
    })
}

#[test]
fn a_death_that_was_kept_dies_again_and_a_better_servlet_lives() {
    let setup = Setup { keep_trapped: true, ..Setup::default() };
    let mut host = Host::start(setup, &HANDLERS, telling);
    let tag = host.establish();
    host.receive(&request("INFO", 2, "info", &tag));
    host.ends.insert(DoBye, trap());
    host.receive(&request("BYE", 3, "bye", &tag));
    let records = steps(&mut host);
    assert_eq!(records.len(), 1, "only the step that died");
    let dies = |handler| if handler == DoBye { trap() } else { Outcome::Done };
    let again = replayed(&host, &records, telling, dies);
    assert_eq!(first_difference(&records[0], &again[0]), None);
    assert!(again[0].has_trap());
    let better = replayed(&host, &records, telling, |_| Outcome::Done);
    let difference = first_difference(&records[0], &better[0]).expect("it lives");
    assert_eq!((difference.turn, &*difference.what), (Some(0), "how the handler ended"));
    assert_eq!(difference.replayed, "well");
}

#[test]
fn another_servlet_shows_its_first_difference() {
    let mut host = Host::new(&HANDLERS, telling);
    watch(&mut host, false);
    host.establish();
    let records = steps(&mut host);
    let other = |turn: &mut Turn| {
        telling(turn)?;
        turn.set_attribute(Scope::Application, "count", b"9")
    };
    let again = replayed(&host, &records, other, |_| Outcome::Done);
    let difference = first_difference(&records[0], &again[0]).expect("another value");
    assert_eq!(difference.what, "attribute \"count\"");
    assert_eq!((&*difference.recorded, &*difference.replayed), ("- -> \\x01", "- -> 9"));
    let other = |turn: &mut Turn| {
        let Callback::Request { message, handler: DoInvite } = turn.callback() else { return telling(turn) };
        let busy = turn.create_response(message, 486, None)?;
        turn.send(busy)
    };
    let again = replayed(&host, &records[..1], other, |_| Outcome::Done);
    assert!(first_difference(&records[0], &again[0]).is_some());
}

/// Numbers, credentials and bodies are gone, also from the snapshot, and every byte is the same again.
#[test]
fn a_redacted_record_runs_again() {
    let remembering = |turn: &mut Turn| {
        if let Callback::Request { message, .. } = turn.callback() {
            let from = turn.remote_party(turn.session_of(message)?)?;
            let user: Vec<u8> = from.iter().copied().filter(u8::is_ascii_digit).take(10).collect();
            turn.set_attribute(Scope::Application, "from", &user)?;
        }
        telling(turn)
    };
    let setup = Setup { keep_trapped: true, ..Setup::default() };
    let mut host = Host::start(setup, &HANDLERS, remembering);
    let spoken = |text: String| {
        let text =
            text.replace("sip:alice@", "sip:4930123456@").replace("Content-Length: 0", "Content-Length: 6");
        text.replace("Contact", "Authorization: Digest username=\"carol\"\nContact") + "secret"
    };
    host.receive(&spoken(request("INVITE", 1, "invite", "")));
    let tag = support::tag_of(&host.sent[0].message);
    host.receive(&spoken(request("ACK", 1, "ack", &tag)));
    host.ends.insert(DoBye, trap());
    host.receive(&spoken(request("BYE", 2, "bye", &tag)));
    let mut records = steps(&mut host);
    let redaction = Redaction { key: [3, 4], keep_bodies: false, headers: Vec::new() };
    redaction.apply(&mut records).expect("the snapshot is whole");
    let written = format!("{records:?}");
    for gone in ["4930123456", "carol", "secret"] {
        assert!(!written.contains(gone), "{gone}: {written}");
    }
    let dies = |handler| if handler == DoBye { trap() } else { Outcome::Done };
    let again = replayed(&host, &records, remembering, dies);
    assert_eq!(first_difference(&records[0], &again[0]), None);
}

#[test]
fn what_cannot_begin_says_why() {
    let mut host = Host::new(&HANDLERS, telling);
    watch(&mut host, false);
    let tag = host.establish();
    host.receive(&request("BYE", 2, "bye", &tag));
    let mut records = steps(&mut host);
    let application = Arc::new(Application {
        id: records[0].app.clone(),
        descriptor: Descriptor::default(),
        handlers: HANDLERS.into_iter().collect(),
    });
    let run = |turn: Box<Turn>| (turn, Outcome::Done);
    let config = Settings::of(host.container.config()).config();
    let mut container = Container::replaying(config.clone());
    let late = replay_step(&mut container, &records[1], &application, run).expect_err("no session yet");
    assert_eq!(late, "the session is over already in this run");
    let beginning = records[0].beginning.as_mut().expect("it begins");
    beginning.snapshot = Some(bytes::Bytes::from_static(b"\x01no session"));
    assert!(replay_step(&mut container, &records[0], &application, run).is_err());
    let mut serving = Container::new(config);
    assert!(serving.replay(&records[1], &application).is_err());
}
