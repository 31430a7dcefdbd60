//! What a container tells of the steps of sessions that are watched, and of steps in which a handler died.

use std::time::Duration;

use siplet_container::Input;
use siplet_container::app::Handler::{self, DoBye, DoInvite, DoMessage};
use siplet_container::io::{Command, CommandReply};
use siplet_container::record::watch::{Filter, Watch};
use siplet_container::record::{Role, StepInput, StepRecord, TurnOutcome};
use siplet_container::report::Report;
use siplet_container::turn::{Callback, Level, Misuse, Outcome, Scope, SessionState, Trap, TrapReason, Turn};
use support::{Host, Setup, accept, request, summary};

#[path = "support/host.rs"]
mod support;

const HANDLERS: [Handler; 3] = [DoInvite, DoBye, DoMessage];

/// Answers, remembers the method and says so.
fn script(turn: &mut Turn) -> Result<(), Misuse> {
    if let Callback::Request { handler, message } = turn.callback() {
        let session = turn.session_of(message)?;
        turn.set_attribute(Scope::Application, "last", handler.name().as_bytes())?;
        turn.set_attribute(Scope::Session(session), "seen", b"1")?;
        turn.log(Level::Info, format!("{} came", handler.name()));
    }
    accept(turn)
}

fn watch(host: &mut Host, what: Watch) {
    host.handle(Input::Command { id: 1, command: Command::Watch { watch: 7, what } });
}

fn steps(host: &mut Host) -> Vec<StepRecord> {
    let step = |report| match report {
        Report::Step(record) => Some(*record),
        _ => None,
    };
    host.reports.drain(..).filter_map(step).collect()
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
fn nobody_is_told_of_steps_that_nobody_watches() {
    let mut host = Host::new(&HANDLERS, script);
    host.establish();
    assert_eq!(steps(&mut host), []);
}

#[test]
fn a_watched_call_is_told_step_by_step() {
    let mut host = Host::new(&HANDLERS, script);
    watch(&mut host, Watch::default());
    assert_eq!(host.replies, [CommandReply::Watching { sessions: 0 }]);
    let invite = request("INVITE", 1, "invite", "");
    let tag = host.establish();
    host.receive(&request("BYE", 2, "bye", &tag));
    let all = steps(&mut host);
    let [call, ack, bye] = &all[..] else { panic!("{all:#?}") };
    let StepInput::Packet { bytes, flow, role: Role::Initial } = &call.input else { panic!("{call:?}") };
    assert_eq!((&bytes[..], *flow), (invite.replace('\n', "\r\n").as_bytes(), host.flow));
    assert_eq!((call.watches.as_slice(), &*call.app.name, call.ended), (&[7][..], "app", false));
    assert!(call.beginning.as_ref().is_some_and(|beginning| beginning.snapshot.is_none()));
    let [turn] = &call.turns[..] else { panic!("{call:?}") };
    assert_eq!((turn.handler, &turn.outcome), (DoInvite, &TurnOutcome::Done));
    assert_eq!(turn.about.as_deref(), Some("INVITE"));
    assert_eq!((turn.log[0].level, &*turn.log[0].message), (Level::Info, "do-invite came"));
    let changes: Vec<_> = turn.attributes.iter().map(|change| (change.session, &*change.name)).collect();
    assert_eq!(changes, [(None, "last"), (Some(1), "seen")]);
    assert_eq!((call.sent.len(), call.sent[0].turn, call.sent[0].after), (1, Some(0), 0));
    assert_eq!((call.sessions[0].old, call.sessions[0].new), (None, Some(SessionState::Confirmed)));
    assert!(matches!(ack.input, StepInput::Packet { role: Role::Ack(1), .. }) && ack.beginning.is_none());
    assert_eq!(bye.turns[0].attributes[0].old.as_deref(), Some(&b"do-invite"[..]));
    assert!(bye.ended, "{bye:?}");
    let read = bye.turns[0].seed;
    assert_ne!(read, turn.seed);
}

#[test]
fn what_is_due_is_a_step_without_a_message() {
    let mut host = Host::new(&HANDLERS, script);
    watch(&mut host, Watch::default());
    host.receive(&request("INVITE", 1, "invite", ""));
    let due = steps(&mut host)[0].next_deadline.expect("the 200 is sent again");
    host.advance(Duration::from_millis(600));
    let again = steps(&mut host).remove(0);
    assert_eq!(again.input, StepInput::Deadline);
    assert!(again.at >= due && again.turns.is_empty());
    assert_eq!((again.sent.len(), again.sent[0].turn), (1, None), "the host repeats");
    assert_eq!(summary(&host.sent[0].message), "200 INVITE");
}

#[test]
fn a_watch_takes_in_what_its_filter_fits() {
    let fits = |filter: Filter| {
        let mut host = Host::new(&HANDLERS, script);
        watch(&mut host, Watch { filter, ..Watch::default() });
        host.receive(&request("INVITE", 1, "invite", ""));
        !steps(&mut host).is_empty()
    };
    let named = |name: &str| Filter { application: Some(name.to_owned()), ..Filter::default() };
    assert!(fits(named("app")) && !fits(named("other")));
    let call = |id: &str| Filter { call_id: Some(id.to_owned()), ..Filter::default() };
    assert!(fits(call("call-1")) && !fits(call("call-2")));
    for good in ["sip:alice@10.0.0.2", "alice@10.0.0.2", "alice", "@10.0.0.2"] {
        assert!(fits(Filter::default().by_caller(good)), "{good}");
    }
    for bad in ["bob", "alice@10.0.0.3", "Alice"] {
        assert!(!fits(Filter::default().by_caller(bad)), "{bad}");
    }
}

#[test]
fn a_living_session_is_taken_in_with_what_it_is() {
    let mut host = Host::new(&HANDLERS, script);
    let tag = host.establish();
    let filter = Filter::default().by_caller("alice");
    watch(&mut host, Watch { filter, sessions: 1, living: true });
    assert_eq!(host.replies, [CommandReply::Watching { sessions: 1 }]);
    host.receive(&request("BYE", 2, "bye", &tag));
    let bye = steps(&mut host).remove(0);
    assert!(bye.beginning.is_some_and(|beginning| beginning.snapshot.is_some()));
}

#[test]
fn a_watch_that_is_full_says_so_and_one_that_ended_tells_nothing() {
    let mut host = Host::new(&HANDLERS, script);
    watch(&mut host, Watch { sessions: 1, ..Watch::default() });
    host.receive(&request("INVITE", 1, "invite", ""));
    host.receive(&request("INVITE", 1, "other", "").replace("call-1", "call-2"));
    let full = |report: &Report| matches!(report, Report::Unrecorded { limit: "sessions", .. });
    assert!(host.reports.iter().any(full));
    assert_eq!(steps(&mut host).len(), 1);
    host.handle(Input::Command { id: 2, command: Command::Unwatch { watch: 7 } });
    host.advance(Duration::from_millis(600));
    assert_eq!(steps(&mut host), []);
}

#[test]
fn a_step_in_which_a_handler_died_is_kept_with_what_was_before() {
    let mut host = Host::start(Setup { keep_trapped: true, ..Setup::default() }, &HANDLERS, script);
    let tag = host.establish();
    host.ends.insert(DoBye, trap());
    host.receive(&request("BYE", 2, "bye", &tag));
    let named = |report: &Report| match report {
        Report::TurnAbandoned { record, .. } => record.clone(),
        _ => None,
    };
    let name = host.reports.iter().find_map(named).expect("the record has a name");
    let all = steps(&mut host);
    let [died] = &all[..] else { panic!("{all:?}") };
    assert_eq!(died.trapped.as_ref(), Some(&name));
    assert_eq!(died.watches, [0_u64; 0]);
    assert!(died.beginning.as_ref().is_some_and(|beginning| beginning.snapshot.is_some()));
    let turn = &died.turns[0];
    assert!(matches!(&turn.outcome, TurnOutcome::Trapped { reason: TrapReason::Panic, .. }));
    assert_eq!(turn.unsent.len(), 1, "the 200 of the handler never left");
    let sent: Vec<_> = died.sent.iter().map(|sent| (sent.turn, sent.after)).collect();
    assert_eq!(sent, [(None, 1)], "the 200 of the host");
}

#[test]
fn of_many_deaths_a_second_few_are_kept() {
    let mut host = Host::start(Setup { keep_trapped: true, ..Setup::default() }, &HANDLERS, script);
    host.ends.insert(DoMessage, trap());
    for call in 0..5 {
        host.receive(&request("MESSAGE", 1, &format!("m{call}"), "").replace("call-1", &format!("c{call}")));
    }
    let left = host.reports.iter().filter(|report| matches!(report, Report::Unrecorded { .. })).count();
    assert_eq!((steps(&mut host).len(), left), (2, 3));
    host.advance(Duration::from_secs(1));
    host.receive(&request("MESSAGE", 1, "again", "").replace("call-1", "again"));
    assert_eq!(steps(&mut host).len(), 1);
}

#[test]
fn a_watch_takes_in_a_share_of_the_calls_of_one_version() {
    let taken = |filter: Filter| {
        let mut host = Host::new(&HANDLERS, script);
        watch(&mut host, Watch { filter, ..Watch::default() });
        for call in 0..200 {
            let message = request("MESSAGE", 1, &format!("m{call}"), "");
            host.receive(&message.replace("call-1", &format!("call-{call}")));
        }
        steps(&mut host).iter().filter(|step| step.beginning.is_some()).count()
    };
    let share = |share: u8| Filter { share: Some(share), version: Some(1), ..Filter::default() };
    assert_eq!((taken(share(0)), taken(share(100))), (0, 200));
    assert!((10..70).contains(&taken(share(20))), "{}", taken(share(20)));
    assert_eq!(taken(Filter { version: Some(2), ..share(100) }), 0);
}

#[test]
fn told_steps_are_numbered_and_a_session_that_went_back_leaves_a_gap() {
    let setup = Setup { durable: true, ..Setup::default() };
    let mut host = Host::start(setup, &HANDLERS, script);
    watch(&mut host, Watch::default());
    host.store = support::Store::Acknowledges;
    let tag = host.establish();
    host.store = support::Store::IsAway;
    host.receive(&request("MESSAGE", 2, "lost", &tag));
    host.advance(Duration::from_secs(5));
    host.store = support::Store::Acknowledges;
    host.receive(&request("MESSAGE", 3, "again", &tag));
    assert!(host.reports.iter().any(|report| matches!(report, Report::RolledBack { .. })));
    let all = steps(&mut host);
    assert_eq!(all[0].number, 1);
    for pair in all.windows(2) {
        let went_back = pair[1].beginning.is_some();
        let next = pair[0].number + if went_back { 2 } else { 1 };
        assert_eq!(pair[1].number, next, "{:?} after {:?}", pair[1].input, pair[0].input);
    }
    assert_eq!(all.iter().filter(|step| step.beginning.is_some()).count(), 2);
}
