//! Ladders of what a real container tells of its steps.

use std::time::Duration;

use siplet_container::Input;
use siplet_container::app::Handler::{self, DoBye, DoInvite, DoMessage, DoSuccessResponse};
use siplet_container::io::Command;
use siplet_container::record::StepRecord;
use siplet_container::record::watch::Watch;
use siplet_container::report::Report;
use siplet_container::turn::{Callback, Level, Misuse, Outcome, Scope, Trap, TrapReason, Turn};
use siplet_ladder::steps::calls::Calls;
use siplet_ladder::{Ladder, Options, steps};
use support::{Host, accept, caller, request, response};

#[path = "../../container/tests/support/host.rs"]
mod support;

const HANDLERS: [Handler; 4] = [DoInvite, DoBye, DoMessage, DoSuccessResponse];

/// Answers, counts and logs.
fn counting(turn: &mut Turn) -> Result<(), Misuse> {
    if let Callback::Request { handler, message } = turn.callback() {
        let session = turn.session_of(message)?;
        turn.set_attribute(Scope::Application, "last", format!("{:?}", handler.name()).as_bytes())?;
        turn.set_attribute(Scope::Session(session), "seen", b"1")?;
        turn.log(Level::Info, format!("{} came", handler.name()));
    }
    accept(turn)
}

fn watched(script: impl FnMut(&mut Turn) -> Result<(), Misuse> + 'static) -> Host {
    let mut host = Host::new(&HANDLERS, script);
    host.handle(Input::Command { id: 1, command: Command::Watch { watch: 1, what: Watch::default() } });
    host
}

fn take(host: &mut Host) -> Vec<StepRecord> {
    let step = |report| match report {
        Report::Step(record) => Some(*record),
        _ => None,
    };
    host.reports.drain(..).filter_map(step).collect()
}

#[track_caller]
fn check(ladder: &Ladder, options: &Options, expected: &str) {
    let drawn = ladder.draw(options);
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    assert!(drawn == expected, "drawn:\n{drawn}\nexpected:\n{expected}");
}

#[test]
fn a_call_with_a_retransmission_and_a_handler_that_died() {
    let mut host = watched(counting);
    host.receive(&request("INVITE", 1, "invite", ""));
    host.advance(Duration::from_millis(1600));
    let tag = support::tag_of(&host.sent[0].message);
    host.receive(&request("ACK", 1, "ack", &tag));
    host.advance(Duration::from_secs(3600));
    let text = "panicked at src/lib.rs:42: no".to_owned();
    let backtrace = vec!["app::App::do_bye  src/lib.rs:42".to_owned()];
    let cpu = Duration::from_micros(31);
    host.ends.insert(DoBye, Outcome::Trapped(Trap { reason: TrapReason::Panic, text, backtrace, cpu }));
    host.receive(&request("BYE", 2, "bye", &tag));
    let all = take(&mut host);
    check(
        &steps::ladder(&all),
        &Options::default(),
        r#"
  alice                    app 0.0.0 #000000
    |------ INVITE --------------->|
    |                              | turn 1  do-invite     last: - -> "do-invite"   s1.seen: - -> 1
    |                              | info: do-invite came
    |<----- 200 OK ----------------|
    |<----- 200 OK (again x2) -----|
    |------ ACK ------------------>|
    |            (1 h)             |
    |------ BYE ------------------>|
    |                              | turn 2  do-bye     void: last: "do-invite" -> "do-bye"
    |                              |   died (panic): panicked at src/lib.rs:42: no
    |                              |   at app::App::do_bye  src/lib.rs:42
    |                              | info: do-bye came
    |                              | never left: 200 OK
    |<----- 200 OK ----------------|
"#,
    );
    check(
        &steps::ladder(&all),
        &Options::full(),
        r#"
  alice                    app 0.0.0 #000000
    |------ INVITE --------------->|
    |                              | turn 1  do-invite     last: - -> "do-invite"   s1.seen: - -> 1
    |                              | info: do-invite came
    |<----- 200 OK ----------------|
    |                              | session s1: - -> confirmed
    |<----- 200 OK (again x2) -----|
    |------ ACK ------------------>|
    |            (1 h)             |
    |------ BYE ------------------>|
    |                              | turn 2  do-bye     void: last: "do-invite" -> "do-bye"
    |                              |   died (panic): panicked at src/lib.rs:42: no
    |                              |   at app::App::do_bye  src/lib.rs:42
    |                              | info: do-bye came
    |                              | never left: 200 OK
    |<----- 200 OK ----------------|
    |                              | session s1: confirmed -> terminated
    |                              | session 21pesmct: valid -> ended
"#,
    );
}

#[test]
fn a_servlet_that_calls_out_stands_between_two_peers() {
    let mut host = watched(caller);
    let invite = host.call_out();
    host.flow = support::udp_from("10.0.0.3:5060");
    host.receive(&response(&invite, 180, "c"));
    host.receive(&response(&invite, 200, "c"));
    check(
        &steps::ladder(&take(&mut host)),
        &Options::default(),
        r#"
  alice                    app 0.0.0 #000000                   callee
    |------ MESSAGE -------------->|                              |
    |                              | turn 1  do-message           |
    |                              |------ INVITE --------------->|
    |<----- 200 OK ----------------|                              |
    |                              |<----- 180 Reason ------------|
    |                              |<----- 200 Reason ------------|
    |                              | turn 2  do-success-response  |
"#,
    );
}

#[test]
fn the_hosts_part_stands_before_the_turn_and_behind_it() {
    let mut host = watched(|turn| {
        let Callback::Request { handler: DoInvite, message } = turn.callback() else { return accept(turn) };
        let ringing = turn.create_response(message, 180, None)?;
        turn.send(ringing).map(|_| ())
    });
    host.receive(&request("INVITE", 1, "invite", ""));
    host.receive(&request("CANCEL", 1, "invite", ""));
    check(
        &steps::ladder(&take(&mut host)),
        &Options::default(),
        r#"
  alice                    app 0.0.0 #000000
    |------ INVITE --------------->|
    |                              | turn 1  do-invite
    |<----- 180 Ringing -----------|
    |------ CANCEL --------------->|
    |<----- 200 OK ----------------|
    |<---- 487 Request Terminated -|
"#,
    );
}

#[test]
fn who_has_no_user_is_called_by_the_address_and_two_of_one_name_are_told_apart() {
    let mut host = watched(accept);
    host.receive(&request("MESSAGE", 1, "one", "").replace("sip:alice@10.0.0.2>", "sip:10.0.0.2>"));
    let hidden =
        request("MESSAGE", 1, "two", "").replace("sip:alice@10.0.0.2>", "sip:anonymous@anonymous.invalid>");
    host.receive(&hidden.replace("call-1", "call-2"));
    host.receive(&request("MESSAGE", 1, "three", "").replace("call-1", "call-3"));
    host.receive(
        &request("MESSAGE", 1, "four", "")
            .replace("alice@10.0.0.2", "alice@home")
            .replace("call-1", "call-4"),
    );
    let names: Vec<String> = steps::ladder(&take(&mut host))
        .participants
        .into_iter()
        .map(|participant| participant.name)
        .collect();
    assert_eq!(names, ["10.0.0.2:5070", "app 0.0.0 #000000", "alice", "alice@home"]);
}

#[test]
fn steps_of_one_call_share_a_session_or_a_call_id() {
    let mut host = watched(accept);
    host.receive(&request("MESSAGE", 1, "one", ""));
    host.receive(&request("MESSAGE", 1, "two", "").replace("call-1", "call-2"));
    host.receive(&request("MESSAGE", 2, "three", ""));
    let all = take(&mut host);
    let mut calls = Calls::new(100);
    assert_eq!(all.iter().map(|step| calls.call_of(step)).collect::<Vec<_>>(), [1, 2, 1]);
    let mut forgetful = Calls::new(2);
    assert_eq!(all.iter().map(|step| forgetful.call_of(step)).collect::<Vec<_>>(), [1, 2, 3]);
}
