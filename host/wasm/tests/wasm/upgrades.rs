//! Live calls move to a newer version by the `upgrade` of the SDK, in real WebAssembly, and run again that way.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use siplet_container::io::{Command, Flow, Transport};
use siplet_container::record::compare::first_difference;
use siplet_container::record::watch::Watch;
use siplet_container::record::{Settings, StepInput, StepRecord};
use siplet_container::report::{Death, Report};
use siplet_container::turn::{Outcome, TrapReason, Turn};
use siplet_container::{Container, Effect, Input, replay_step};
use siplet_sip::time::Time;
use siplet_wasm::{RunResult, Runner, Servlet};

use crate::support::*;

/// The guest `moves` as that version.
fn moves(version: &str, form: &str, upgrade: &str) -> Arc<Servlet> {
    load_with("moves", json!({ "version": version, "init-parameters": { "form": form, "upgrade": upgrade } }))
}

fn run(runner: &mut Runner, turn: Box<Turn>) -> (Box<Turn>, Outcome) {
    match runner.run(turn) {
        RunResult::Ran(turn, outcome) => (turn, outcome),
        RunResult::Away => panic!("the turn was sent away"),
    }
}

/// A host with one call, which is watched.
struct Host {
    container: Container,
    runner: Runner,
    now: Time,
    tag: String,
    /// Answers by their header lines `X-Requests` and `X-From`.
    answers: Vec<String>,
    steps: Vec<StepRecord>,
    reports: Vec<Report>,
}

impl Host {
    fn new(first: &Arc<Servlet>) -> Self {
        let mut host = Self {
            container: container(first),
            runner: runner(patient(), &[first]),
            now: time(),
            tag: String::new(),
            answers: Vec::new(),
            steps: Vec::new(),
            reports: Vec::new(),
        };
        let what = Watch { living: true, ..Watch::default() };
        host.handle(Input::Command { id: 1, command: Command::Watch { watch: 1, what } });
        host
    }

    fn handle(&mut self, input: Input) {
        self.container.handle(input, self.now);
        while let Some(effect) = self.container.poll_effect() {
            match effect {
                Effect::RunTurn(turn) => {
                    let (turn, outcome) = run(&mut self.runner, turn);
                    self.container.handle(Input::TurnEnded { turn, outcome }, self.now);
                }
                Effect::Transmit { bytes, .. } => self.hear(&String::from_utf8(bytes.to_vec()).unwrap()),
                Effect::Report(Report::Step(step)) => self.steps.push(*step),
                Effect::Report(report) => self.reports.push(report),
                _ => {}
            }
        }
    }

    fn hear(&mut self, text: &str) {
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.unwrap_or_default().trim().to_owned()
        };
        if let Some((_, tag)) = value("To").split_once(";tag=") {
            self.tag = tag.to_owned();
        }
        let status = text.split(' ').nth(1).unwrap();
        self.answers.push(format!("{status} {} from {}", value("X-Requests"), value("X-From")));
    }

    /// What the request of the call is answered with.
    fn ask(&mut self, method: &str, cseq: u32) -> String {
        let tag = if self.tag.is_empty() { String::new() } else { format!(";tag={}", self.tag) };
        let text = format!(
            "{method} sip:b@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{cseq}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:a@192.0.2.9>;tag=a\r\nTo: <sip:b@192.0.2.1>{tag}\r\nCall-ID: call\r\n\
             CSeq: {cseq} {method}\r\nContact: <sip:a@192.0.2.9>\r\nContent-Length: 0\r\n\r\n"
        );
        let remote = "192.0.2.9:5060".parse().unwrap();
        let flow = Flow { listener: 0, transport: Transport::Udp, remote, connection: 0 };
        self.handle(Input::Packet { flow, bytes: text.into() });
        self.answers.pop().unwrap_or_default()
    }

    fn advance(&mut self, milliseconds: u64) {
        let end = self.now + Duration::from_millis(milliseconds);
        while let Some(at) = self.container.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Input::Tick);
        }
        self.now = end;
    }

    /// A call that is up with the first version.
    fn establish(&mut self) {
        assert_eq!(self.ask("INVITE", 1), "200 count 1 from none");
        self.ask("ACK", 1);
        assert_eq!(self.ask("INFO", 2), "200 count 2 from none");
    }

    fn deploy(&mut self, servlet: &Arc<Servlet>) {
        self.runner.deploy(Arc::clone(servlet));
        self.handle(Input::Deploy(Box::new(servlet.application().clone())));
        self.advance(100);
    }

    /// Runs all told steps again, with the code of these versions.
    fn replay(&self, servlets: &[&Arc<Servlet>]) {
        let settings = Settings::of(self.container.config());
        let mut containers = BTreeMap::new();
        let mut runner = runner(patient(), servlets);
        assert!(self.steps.iter().any(|step| matches!(step.input, StepInput::Upgrade { .. })));
        for (number, step) in self.steps.iter().enumerate() {
            let container =
                containers.entry(step.key).or_insert_with(|| Container::replaying(settings.config()));
            let application = Arc::new(servlets[0].application().clone());
            let again = replay_step(container, step, &application, |turn| run(&mut runner, turn)).unwrap();
            assert_eq!(first_difference(step, &again), None, "step {number}");
        }
    }
}

#[test]
fn an_upgrade_brings_a_typed_attribute_into_its_new_form() {
    let (one, two) = (moves("1.0.0", "count", ""), moves("2.0.0", "list", "moves"));
    let mut host = Host::new(&one);
    host.establish();
    host.deploy(&two);
    let upgraded = |report: &Report| matches!(report, Report::Upgraded { app, from, .. } if *app == two.application().id && from == "1.0.0");
    assert!(host.reports.iter().any(upgraded), "{:?}", host.reports);
    let counts: BTreeMap<_, _> = host.container.versions().collect();
    let sessions = [&one, &two].map(|servlet| counts[&servlet.application().id].sessions);
    assert_eq!(sessions, [0, 1], "the call has left the older version");
    assert_eq!(host.ask("INFO", 3), "200 list ?,?,INFO from 1.0.0");
    assert_eq!(host.ask("BYE", 4), "200 list ?,?,INFO,BYE from 1.0.0");
    host.advance(60_000);
    assert_eq!(host.container.counts().application_sessions, 0);
    host.replay(&[&one, &two]);
}

/// Nothing of the attempt is kept: not the version, and no attribute.
#[test]
fn an_upgrade_that_fails_or_dies_leaves_the_call_with_its_version() {
    let one = moves("1.0.0", "count", "");
    for (how, words) in [("refuses", "the form of version 1.0.0"), ("dies", "panicked at moves/src/lib.rs:")]
    {
        let two = moves("2.0.0", "list", how);
        let mut host = Host::new(&one);
        host.establish();
        host.deploy(&two);
        let abandoned = host.reports.iter().find_map(|report| match report {
            Report::TurnAbandoned { app, death, answered: None, .. } if *app == two.application().id => {
                Some(death)
            }
            _ => None,
        });
        let text = match abandoned.unwrap() {
            Death::Failed(text) if how == "refuses" => text,
            Death::Trapped(trap) if how == "dies" && trap.reason == TrapReason::Panic => &trap.text,
            other => panic!("{other:?}"),
        };
        assert!(text.starts_with(words), "{text}");
        assert_eq!(host.ask("INFO", 3), "200 count 3 from none", "{how}");
        assert_eq!(host.ask("BYE", 4), "200 count 4 from none", "{how}");
        host.advance(60_000);
        assert_eq!(host.container.counts().application_sessions, 0);
        host.replay(&[&one, &two]);
    }
}

#[test]
fn a_version_without_the_handler_takes_no_live_call_over() {
    let one = moves("1.0.0", "count", "");
    let two = load_with(
        "moves",
        json!({
            "version": "2.0.0",
            "handlers": ["do-invite", "do-info", "do-bye"],
            "init-parameters": { "form": "list" },
        }),
    );
    let mut host = Host::new(&one);
    host.establish();
    host.deploy(&two);
    assert_eq!(host.ask("INFO", 3), "200 count 3 from none");
    assert_eq!(host.ask("BYE", 4), "200 count 4 from none");
}
