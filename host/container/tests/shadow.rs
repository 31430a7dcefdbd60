//! Another version of an application runs the told steps of a live call beside it: what it does otherwise is told, and
//! nothing of it leaves.

use std::sync::Arc;
use std::time::Duration;

use siplet_container::app::Handler::{self, DoAck, DoBye, DoInfo, DoInvite, DoMessage};
use siplet_container::app::{AppId, Application, Descriptor};
use siplet_container::io::Command;
use siplet_container::record::effects::{self, Compared};
use siplet_container::record::watch::{Filter, Watch};
use siplet_container::record::{Settings, StepRecord};
use siplet_container::report::Report;
use siplet_container::turn::{Callback, Misuse, Outcome, Scope, Trap, TrapReason, Turn};
use siplet_container::{Container, Input, replay_step};
use support::{Host, accept, request};

#[path = "support/host.rs"]
mod support;

const HANDLERS: [Handler; 4] = [DoInvite, DoBye, DoInfo, DoMessage];

/// Answers with that header, and counts its requests in an attribute.
fn labelled(label: &'static str) -> impl Fn(&mut Turn) -> Result<(), Misuse> {
    move |turn| {
        let Callback::Request { message, handler } = turn.callback() else { return Ok(()) };
        let count = turn.attribute(Scope::Application, "count")?.map_or(0, |count| count[0]) + 1;
        turn.set_attribute(Scope::Application, "count", &[count])?;
        if handler == DoAck {
            return Ok(());
        }
        let answer = turn.create_response(message, 200, None)?;
        turn.set_header(answer, "X-Version", label.as_bytes())?;
        turn.set_header(answer, "X-Count", &[b'0' + count])?;
        turn.send(answer)
    }
}

fn watched(script: impl FnMut(&mut Turn) -> Result<(), Misuse> + 'static) -> Host {
    let mut host = Host::new(&HANDLERS, script);
    let filter =
        Filter { application: Some("app".into()), version: Some(1), share: Some(100), ..Filter::default() };
    let what = Watch { filter, ..Watch::default() };
    host.handle(Input::Command { id: 1, command: Command::Watch { watch: 1, what } });
    host
}

fn steps(host: &mut Host) -> Vec<StepRecord> {
    let step = |report| match report {
        Report::Step(record) => Some(*record),
        _ => None,
    };
    host.reports.drain(..).filter_map(step).collect()
}

/// A call with a request in it, to the end of its last transaction.
fn whole_call(host: &mut Host) -> Vec<StepRecord> {
    let tag = host.establish();
    host.receive(&request("INFO", 2, "info", &tag));
    host.advance(Duration::from_secs(1));
    host.receive(&request("BYE", 3, "bye", &tag));
    host.advance(Duration::from_secs(90));
    steps(host)
}

/// The second version in the shadow of the first.
struct Shadow {
    container: Container,
    application: Arc<Application>,
}

impl Shadow {
    fn of(host: &Host, handlers: &[Handler]) -> Self {
        let id = AppId { name: "app".into(), digest: 2 };
        let handlers = handlers.iter().copied().collect();
        let application = Arc::new(Application { id, descriptor: Descriptor::default(), handlers });
        let container = Container::replaying(Settings::of(host.container.config()).config());
        Self { container, application }
    }

    fn run(
        &mut self,
        step: &StepRecord,
        script: &impl Fn(&mut Turn) -> Result<(), Misuse>,
        outcome: &Outcome,
    ) -> Result<Compared, String> {
        let again = replay_step(&mut self.container, step, &self.application, |mut turn| {
            let done = script(&mut turn);
            let failed = |misuse: Misuse| Outcome::Failed(misuse.to_string());
            let outcome = done.map_or_else(failed, |()| outcome.clone());
            (turn, outcome)
        });
        again.map(|again| effects::compare(step, &again))
    }
}

fn names(compared: &Compared) -> Vec<String> {
    compared.changes.iter().map(|change| format!("{}: {}", change.handler, change.what)).collect()
}

#[test]
fn the_one_changed_header_is_told_for_the_whole_life_of_a_call() {
    let mut host = watched(labelled("one"));
    let told = whole_call(&mut host);
    let mut shadow = Shadow::of(&host, &HANDLERS);
    let mut all = Vec::new();
    for step in &told {
        let compared = shadow.run(step, &labelled("two"), &Outcome::Done).expect("the step begins");
        assert!(!compared.parted);
        all.extend(names(&compared));
    }
    // X-Count is the same: the shadow goes on with its own state.
    let expected = ["do-invite: 200 INVITE", "do-info: 200 INFO", "do-bye: 200 BYE"];
    assert_eq!(all, expected.map(|message| format!("{message}, header X-Version")));
    assert_eq!(shadow.container.counts().application_sessions, 0, "the shadow ends with the call");
    assert_eq!(shadow.container.replayed_bytes(), 0);
}

#[test]
fn a_handler_that_only_the_shadow_has_changes_its_own_state() {
    let mut host = watched(labelled("one"));
    let told = whole_call(&mut host);
    let mut shadow = Shadow::of(&host, &[DoInvite, DoAck, DoBye, DoInfo]);
    let run = |step: &StepRecord| shadow.run(step, &labelled("one"), &Outcome::Done).expect("it begins");
    let all: Vec<_> = told.iter().map(run).flat_map(|compared| names(&compared)).collect();
    let count = |handler: &str, message: &str| {
        [format!("{handler}: attribute count"), format!("{handler}: 200 {message}, header X-Count")]
    };
    let expected =
        [&["do-ack: it is called".to_owned()][..], &count("do-info", "INFO"), &count("do-bye", "BYE")];
    assert_eq!(all, expected.concat());
}

#[test]
fn a_shadow_that_refuses_the_call_parts_from_it() {
    let mut host = watched(labelled("one"));
    let told = whole_call(&mut host);
    let mut shadow = Shadow::of(&host, &HANDLERS);
    let busy = |turn: &mut Turn| {
        let Callback::Request { message, handler: DoInvite } = turn.callback() else { return accept(turn) };
        let busy = turn.create_response(message, 486, None)?;
        turn.send(busy)
    };
    let compared = shadow.run(&told[0], &busy, &Outcome::Done).expect("it begins");
    assert!(compared.parted);
    let expected =
        ["do-invite: attribute count", "do-invite: 200 INVITE is not sent", "do-invite: 486 INVITE is sent"];
    assert_eq!(names(&compared), expected);
}

#[test]
fn a_shadow_that_dies_is_told_in_one_line() {
    let mut host = watched(labelled("one"));
    let told = whole_call(&mut host);
    let mut shadow = Shadow::of(&host, &HANDLERS);
    let text = "panicked at src/lib.rs:42: no".to_owned();
    let trap = Trap { reason: TrapReason::Panic, text, backtrace: Vec::new(), cpu: Duration::ZERO };
    let compared = shadow.run(&told[0], &labelled("one"), &Outcome::Trapped(trap)).expect("it begins");
    assert_eq!((names(&compared), compared.parted), (vec!["do-invite: how it ended".to_owned()], true));
    assert_eq!(compared.changes[0].is, "it died (panic): panicked at src/lib.rs:42: no");
}

/// What a shadow sends to a name waits for no DNS of its own: the answer comes with the live call's.
#[test]
fn questions_of_a_shadow_do_not_pile_up() {
    let out = |turn: &mut Turn| {
        if turn.callback().handler() == DoMessage {
            let message =
                turn.create_initial_request("MESSAGE", "<sip:me@here>", "<sip:you@host.example>")?;
            turn.send(message)?;
        }
        accept(turn)
    };
    let mut host = watched(out);
    host.receive(&request("MESSAGE", 1, "message", ""));
    let query = host.queries.remove(0);
    host.handle(Input::Resolved { query, answer: Ok(vec!["10.0.0.3".parse().expect("an address")]) });
    host.advance(Duration::from_secs(90));
    let mut shadow = Shadow::of(&host, &HANDLERS);
    for step in steps(&mut host) {
        let compared = shadow.run(&step, &out, &Outcome::Done).expect("the step begins");
        assert_eq!((names(&compared), compared.parted), (vec![], false));
        assert_eq!(shadow.container.counts().resolving, 0);
    }
}
