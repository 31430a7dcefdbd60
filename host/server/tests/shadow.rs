//! A shadow follows calls of real WebAssembly: what it tells, where its limits end it, what it holds.
//!
//! The guests are those of `tests/guests`; where they are not built (`cargo xtask guests`), the tests say so and pass.
#![allow(missing_docs, clippy::unwrap_used)]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use serde_json::{Value, json};
use siplet_container::config::{Config, Listener};
use siplet_container::io::{Command, Flow, Transport};
use siplet_container::record::redact::Redaction;
use siplet_container::record::watch::Watch;
use siplet_container::record::{Settings, StepRecord};
use siplet_container::report::Report as ContainerReport;
use siplet_container::{Container, Effect, Input};
use siplet_server::config::Shadow as Limits;
use siplet_server::shadow::Surroundings;
use siplet_server::shadow::follow::Follower;
use siplet_server::shadow::report::Report;
use siplet_sip::time::Time;
use siplet_wasm::{Engine, EngineConfig, RunResult, Runner, RunnerConfig, Servlet};

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| Engine::new(EngineConfig { instances: 64, ..EngineConfig::default() }).unwrap())
}

/// A guest as `cargo xtask guests` built it, with these overrides; none where it did not.
fn servlet(name: &str, overrides: &Value) -> Option<Arc<Servlet>> {
    let folder = std::env::var_os("SIPLET_TEST_GUESTS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/test-guests"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.wasm"));
    if !path.is_file() {
        assert!(std::env::var_os("SIPLET_TEST_GUESTS").is_none(), "{} is missing", path.display());
        eprintln!("skipped: there is no {}; `cargo xtask guests` builds it", path.display());
        return None;
    }
    let bytes = std::fs::read(path).unwrap();
    Some(Servlet::load(&bytes, &format!("{name}.wasm"), engine(), Some(overrides)).unwrap())
}

fn versioned(changed: &str) -> Option<Arc<Servlet>> {
    servlet("versioned", &json!({ "init-parameters": { "label": "one", "changed": changed } }))
}

/// The version that serves, watched from its first call on.
struct Live {
    container: Container,
    runner: Runner,
    now: Time,
    tag: String,
    told: Vec<StepRecord>,
}

impl Live {
    fn new(servlet: &Arc<Servlet>) -> Self {
        let address: SocketAddr = "192.0.2.1:5060".parse().unwrap();
        let (advertised_host, advertised_port) = ("192.0.2.1".to_owned(), 5060);
        let listener = Listener { transport: Transport::Udp, address, advertised_host, advertised_port };
        let config = Config { listeners: vec![listener], seed: [1, 2], ..Config::default() };
        let now = Time::from_micros(1_800_000_000_000_000);
        let container = Container::new(config);
        let mut live = Self { container, runner: runner(servlet), now, tag: String::new(), told: Vec::new() };
        live.handle(Input::Deploy(Box::new(servlet.application().clone())));
        live.handle(Input::Command { id: 1, command: Command::Watch { watch: 1, what: Watch::default() } });
        live
    }

    fn handle(&mut self, input: Input) {
        self.container.handle(input, self.now);
        while let Some(effect) = self.container.poll_effect() {
            match effect {
                Effect::RunTurn(turn) => {
                    let RunResult::Ran(turn, outcome) = self.runner.run(turn) else { panic!("away") };
                    self.container.handle(Input::TurnEnded { turn, outcome }, self.now);
                }
                Effect::Report(ContainerReport::Step(step)) => self.told.push(*step),
                Effect::Transmit { bytes, .. } => {
                    let text = String::from_utf8(bytes.to_vec()).unwrap();
                    let to = text.lines().find_map(|line| line.strip_prefix("To:")).unwrap_or_default();
                    self.tag = to.split_once(";tag=").map_or("", |(_, tag)| tag).trim().to_owned();
                }
                _ => {}
            }
        }
    }

    fn receive(&mut self, call: u32, method: &str, cseq: u32, body: &str) {
        let tag = if cseq > 1 || method == "ACK" { format!(";tag={}", self.tag) } else { String::new() };
        let text = format!(
            "{method} sip:4930123456@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}{call}\r\n\
             Max-Forwards: 70\r\nFrom: <sip:4930999999@192.0.2.9>;tag=a\r\nTo: <sip:4930123456@192.0.2.1>{tag}\r\n\
             Call-ID: call-{call}\r\nCSeq: {cseq} {method}\r\nContact: <sip:4930999999@192.0.2.9>\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let remote = "192.0.2.9:5060".parse().unwrap();
        let flow = Flow { listener: 0, transport: Transport::Udp, remote, connection: 0 };
        self.handle(Input::Packet { flow, bytes: text.into() });
    }

    fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.container.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Input::Tick);
        }
        self.now = end;
    }

    /// INVITE, ACK, BYE, and what runs out after it.
    fn call(&mut self, call: u32) {
        self.receive(call, "INVITE", 1, "v=0");
        self.receive(call, "ACK", 1, "");
        self.receive(call, "BYE", 2, "");
    }

    fn take(&mut self) -> Vec<StepRecord> {
        std::mem::take(&mut self.told)
    }
}

fn runner(servlet: &Arc<Servlet>) -> Runner {
    let config = RunnerConfig { slow_turn: Duration::MAX, ..RunnerConfig::default() };
    let mut runner = Runner::new(engine(), config, Arc::new(|_, _| {}));
    runner.deploy(Arc::clone(servlet));
    runner
}

fn follower(live: &Live, servlet: &Arc<Servlet>, change: impl FnOnce(&mut Limits)) -> Follower {
    let mut limits = siplet_server::config::Config::default().shadow;
    limits.cpu_percent = 100;
    change(&mut limits);
    Follower::new(
        servlet,
        Surroundings {
            engine: engine().clone(),
            runner: RunnerConfig::default(),
            settings: Settings::of(live.container.config()),
            limits,
            redaction: Redaction { key: [3, 4], keep_bodies: false, headers: Vec::new() },
        },
    )
}

fn follow(follower: &mut Follower, steps: Vec<StepRecord>) -> Report {
    let mut report = Report::default();
    follow_into(follower, steps, &mut report);
    report
}

fn follow_into(follower: &mut Follower, steps: Vec<StepRecord>, report: &mut Report) {
    for step in steps {
        follower.take(step, 0).into_report(report);
    }
}

#[test]
fn the_one_changed_header_is_one_difference_over_all_calls() {
    let (Some(one), Some(two)) = (versioned("a"), versioned("b")) else { return };
    let mut live = Live::new(&one);
    let mut follower = follower(&live, &two, |_| {});
    (0..20).for_each(|call| live.call(call));
    live.advance(Duration::from_secs(90));
    let steps = live.take();
    let count = steps.len() as u64;
    let report = follow(&mut follower, steps);
    assert_eq!((report.calls, report.steps, report.parted, report.traps), (20, count, 0, 0));
    assert_eq!((report.calls_now, report.held_bytes), (0, 0), "all calls have ended");
    assert_eq!(report.differ(), 40, "the answers to INVITE and BYE");
    let told: Vec<_> =
        report.sorted().iter().map(|one| (one.handler.clone(), one.what.clone(), one.steps)).collect();
    let line = |handler: &str, what: &str| (handler.to_owned(), what.to_owned(), 20);
    assert_eq!(
        told,
        [line("do-invite", "200 INVITE, header X-Changed"), line("do-bye", "200 BYE, header X-Changed")]
    );
    let example = &report.differences[0];
    assert_eq!((&*example.was, &*example.is), ("X-Changed: a", "X-Changed: b"));
    assert!(!example.session.is_empty());
}

#[test]
fn the_same_version_in_its_own_shadow_is_the_same_in_every_step() {
    let Some(one) = versioned("a") else { return };
    let mut live = Live::new(&one);
    let mut follower = follower(&live, &one, |_| {});
    live.receive(1, "INVITE", 1, "");
    live.advance(Duration::from_secs(40));
    live.call(2);
    live.advance(Duration::from_secs(90));
    let report = follow(&mut follower, live.take());
    assert!(report.steps > 10, "{report:?}");
    assert_eq!((report.differ(), report.differences.len(), report.calls_now), (0, 0, 0));
}

/// A shadow that dies, loops or eats memory is told, and goes on with the next call.
#[test]
fn deaths_of_a_shadow_are_told_and_end_with_the_step() {
    let Some(one) = versioned("a") else { return };
    for (guest, words) in
        [("panics", "it died (panic)"), ("loops", "it died (deadline)"), ("hoards", "it died (memory)")]
    {
        let Some(other) = servlet(guest, &json!({ "name": "versioned" })) else { return };
        let mut live = Live::new(&one);
        let mut follower = follower(&live, &other, |_| {});
        live.call(1);
        live.call(2);
        live.advance(Duration::from_secs(90));
        let report = follow(&mut follower, live.take());
        assert_eq!((report.calls, report.traps, report.parted, report.calls_now), (2, 2, 2, 0), "{guest}");
        let [difference] = &report.differences[..] else { panic!("{report:?}") };
        assert_eq!((&*difference.handler, &*difference.what), ("do-invite", "how it ended"));
        assert_eq!((&*difference.was, difference.steps), ("well", 2));
        assert!(difference.is.starts_with(words), "{difference:?}");
    }
}

#[test]
fn what_identifies_people_is_in_no_example() {
    let (Some(one), Some(other)) = (versioned("4930123456"), servlet("versioned", &json!({}))) else {
        return;
    };
    let mut live = Live::new(&one);
    let mut follower = follower(&live, &other, |_| {});
    live.call(1);
    let report = follow(&mut follower, live.take());
    let text = format!("{report:?}");
    assert!(report.differ() > 0 && !text.contains("4930123456"), "{text}");
}

#[test]
fn limits_keep_calls_out_and_are_named() {
    let (Some(one), Some(two)) = (versioned("a"), versioned("b")) else { return };
    let begun = |change: fn(&mut Limits)| {
        let mut live = Live::new(&one);
        let mut follower = follower(&live, &two, change);
        for call in 0..5 {
            live.receive(call, "INVITE", 1, "");
        }
        follow(&mut follower, live.take())
    };
    let report = begun(|limits| limits.sessions = 2);
    assert_eq!((report.calls, report.not_followed.get("sessions")), (2, Some(&3)));
    let report = begun(|limits| limits.bytes = 30_000);
    let refused = report.not_followed.get("bytes").copied().unwrap_or_default();
    assert!(report.calls + refused >= 5 && refused > 0 && report.held_bytes <= 30_000, "{report:?}");
    let report = begun(|limits| limits.differences = 0);
    assert_eq!((report.differences.len(), report.differences_untold, report.differ()), (0, 5, 5));

    let mut live = Live::new(&one);
    let mut full = follower(&live, &two, |limits| limits.queue_steps = 10);
    live.call(1);
    let mut report = Report::default();
    for step in live.take() {
        full.take(step, 6).into_report(&mut report);
    }
    assert_eq!((report.calls, report.steps, report.not_followed.get("queue-steps")), (0, 0, Some(&1)));
}

#[test]
fn a_call_of_which_a_step_was_lost_is_followed_no_further() {
    let (Some(one), Some(two)) = (versioned("a"), versioned("b")) else { return };
    let mut live = Live::new(&one);
    let mut follower = follower(&live, &two, |_| {});
    live.call(1);
    live.advance(Duration::from_secs(90));
    let mut steps = live.take();
    assert!(steps.len() > 3);
    steps.remove(1);
    let report = follow(&mut follower, steps);
    assert_eq!((report.calls, report.steps, report.calls_now), (1, 1, 0));
    assert_eq!(report.not_followed.get("steps-lost"), Some(&1));
}

/// Another record of the same session that begins in mid-call changes nothing for the shadow.
#[test]
fn another_watch_leaves_the_shadow_its_own_state() {
    let (Some(one), Some(two)) = (versioned("a"), versioned("b")) else { return };
    let mut live = Live::new(&one);
    let mut follower = follower(&live, &two, |_| {});
    live.receive(1, "INVITE", 1, "");
    live.receive(1, "ACK", 1, "");
    let what = Watch { living: true, ..Watch::default() };
    live.handle(Input::Command { id: 2, command: Command::Watch { watch: 2, what } });
    live.receive(1, "BYE", 2, "");
    live.advance(Duration::from_secs(90));
    let steps = live.take();
    let beginnings = steps.iter().filter(|step| step.beginning.is_some()).count();
    assert_eq!(beginnings, 2, "the second record begins with what the session was");
    let report = follow(&mut follower, steps);
    assert_eq!((report.calls, report.parted, report.calls_now), (1, 0, 0));
    assert!(report.not_followed.is_empty() && report.differences.len() == 2, "{report:?}");
}

/// Sessions that leave their shard without a last step (another node owns them) hold no room for ever.
#[test]
fn calls_that_went_without_a_word_make_room() {
    let (Some(one), Some(two)) = (versioned("a"), versioned("b")) else { return };
    let mut live = Live::new(&one);
    let mut follower = follower(&live, &two, |limits| limits.sessions = 2);
    live.receive(1, "INVITE", 1, "");
    live.receive(2, "INVITE", 1, "");
    let mut report = follow(&mut follower, live.take());
    assert_eq!(report.calls_now, 2);
    live.advance(Duration::from_secs(600));
    drop(live.take());
    live.receive(3, "INVITE", 1, "");
    follow_into(&mut follower, live.take(), &mut report);
    assert_eq!((report.calls, report.calls_now), (3, 1));
}
