//! What tests and the bench share: guests, an engine, and turns that a real container made of a real INVITE.

#![allow(dead_code, reason = "each user takes what it needs")]

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use serde_json::Value;
use siplet_container::app::AppLimits;
use siplet_container::config::{Config, Listener};
use siplet_container::io::{Flow, Transport};
use siplet_container::turn::{Outcome, Trap, Turn};
use siplet_container::{Container, Effect, Input};
use siplet_sip::time::Time;
use siplet_wasm::{Engine, EngineConfig, RunResult, Runner, RunnerConfig, Servlet};

/// A guest of `tests/guests`, as `cargo xtask guests` built it.
pub fn guest(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("SIPLET_TEST_GUESTS")
        .map(PathBuf::from)
        .unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/test-guests"));
    let path = folder.join(format!("{name}.wasm"));
    std::fs::read(&path)
        .unwrap_or_else(|error| panic!("{}: {error}; run `cargo xtask guests`", path.display()))
}

/// The engine of all tests that need no engine of their own.
pub fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE.get_or_init(|| {
        let ceilings = AppLimits { turn_ms: 10_000, ..AppLimits::CEILINGS };
        Engine::new(EngineConfig { instances: 64, ceilings, ..EngineConfig::default() })
            .expect("this machine runs WebAssembly")
    })
}

/// The ceilings of that engine: some guests of the tests run for long.
pub fn ceilings() -> &'static AppLimits {
    &engine().config().ceilings
}

/// A deployed guest.
pub fn load(name: &str) -> Arc<Servlet> {
    load_with(name, Value::Null)
}

/// A deployed guest with an operator's changes.
pub fn load_with(name: &str, overrides: Value) -> Arc<Servlet> {
    let overrides = (!overrides.is_null()).then_some(&overrides);
    match Servlet::load(&guest(name), &format!("{name}.wasm"), engine(), overrides) {
        Ok(servlet) => servlet,
        Err(refusal) => panic!("{refusal}"),
    }
}

/// A runner that calls no turn slow, so that nothing leaves the thread of the test.
pub fn patient() -> RunnerConfig {
    RunnerConfig { slow_turn: std::time::Duration::MAX, ..RunnerConfig::default() }
}

/// A runner with these servlets, which is not expected to send a turn away.
pub fn runner(config: RunnerConfig, servlets: &[&Arc<Servlet>]) -> Runner {
    let mut runner =
        Runner::new(engine(), config, Arc::new(|_, _| panic!("no turn should run beside the shard")));
    for servlet in servlets {
        runner.deploy(Arc::clone(servlet));
    }
    runner
}

/// Runs the turn of an INVITE to that user.
pub fn invite(runner: &mut Runner, servlet: &Servlet, user: &str) -> (Box<Turn>, Outcome) {
    match runner.run(turn(servlet, user)) {
        RunResult::Ran(turn, outcome) => (turn, outcome),
        RunResult::Away => panic!("the turn was sent away"),
    }
}

/// The text of the error that the handler returned.
pub fn failure(outcome: Outcome) -> String {
    match outcome {
        Outcome::Failed(text) => text,
        Outcome::Done | Outcome::Trapped(_) => panic!("{outcome:?}"),
    }
}

/// The trap that the handler died of.
pub fn death(outcome: Outcome) -> Trap {
    match outcome {
        Outcome::Trapped(trap) => trap,
        Outcome::Done | Outcome::Failed(_) => panic!("{outcome:?}"),
    }
}

/// A container in which this servlet alone is deployed.
pub fn container(servlet: &Servlet) -> Container {
    let address: SocketAddr = "192.0.2.1:5060".parse().expect("an address");
    let listener = Listener {
        transport: Transport::Udp,
        address,
        advertised_host: "192.0.2.1".to_owned(),
        advertised_port: 5060,
    };
    let mut container =
        Container::new(Config { listeners: vec![listener], seed: [1, 2], ..Config::default() });
    container.handle(Input::Deploy(Box::new(servlet.application().clone())), time());
    container
}

/// The only time there is in these tests.
pub fn time() -> Time {
    Time::from_micros(1_800_000_000_000_000)
}

/// The first turn that the container asks for.
pub fn first_turn(container: &mut Container) -> Option<Box<Turn>> {
    std::iter::from_fn(|| container.poll_effect()).find_map(|effect| match effect {
        Effect::RunTurn(turn) => Some(turn),
        _ => None,
    })
}

/// The turn of an INVITE to that user, in a container of its own.
pub fn turn(servlet: &Servlet, user: &str) -> Box<Turn> {
    let mut container = container(servlet);
    container.handle(packet("INVITE", user), time());
    first_turn(&mut container).expect("an INVITE calls do-invite")
}

/// A request outside dialogs with 12 headers and 600 octets of SDP.
pub fn packet(method: &str, user: &str) -> Input {
    packet_of_call(method, user, 0)
}

/// The same in the call of that number.
pub fn packet_of_call(method: &str, user: &str, call: usize) -> Input {
    let mut sdp =
        String::from("v=0\r\no=alice 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n");
    while sdp.len() < 560 {
        sdp.push_str("a=rtpmap:101 telephone-event/8000\r\n");
    }
    let length = sdp.len();
    let text = format!(
        "{method} sip:{user}@example.com SIP/2.0\r\n\
         Via: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-524287-1---a1b2c3d{call};rport\r\n\
         Max-Forwards: 70\r\n\
         From: \"Alice\" <sip:alice@example.com>;tag=a48s-9fxced76sl\r\n\
         To: <sip:{user}@example.com>\r\n\
         Call-ID: 384827629822018851{call}@192.0.2.9\r\n\
         CSeq: 1 {method}\r\n\
         Contact: <sip:alice@192.0.2.9:5062;transport=udp>\r\n\
         Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, UPDATE, INFO, REFER, NOTIFY, MESSAGE\r\n\
         Supported: replaces, timer, outbound\r\n\
         User-Agent: a telephone\r\n\
         Content-Type: application/sdp\r\n\
         Content-Length: {length}\r\n\r\n{sdp}"
    );
    let remote: SocketAddr = "192.0.2.9:5062".parse().expect("an address");
    Input::Packet {
        flow: Flow { listener: 0, transport: Transport::Udp, remote, connection: 0 },
        bytes: text.into(),
    }
}
