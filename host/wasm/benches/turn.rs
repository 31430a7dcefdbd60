//! What a turn costs: `cargo bench -p siplet-wasm` (or `cargo xtask bench wasm`), guests built by `cargo xtask guests`.
//!
//! Prints the median of each row beside the figure that was measured bare, without turns and servlet rules, on the same
//! kind of machine (wasmtime 48, 2 cores), and beside the budget where there is one. Absolute times hold for one machine;
//! the ratios hold elsewhere. Times are CPU times of the thread. The turns are made by a real container beforehand and are not part of the time; dropping
//! them is not either.

#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::wildcard_enum_match_arm, clippy::vec_box)]
#![allow(missing_docs, unreachable_pub)]

#[path = "../tests/support/turns.rs"]
mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

use siplet_container::app::InstanceMode;
use siplet_container::turn::{Outcome, Turn};
use siplet_container::{Container, Input};
use siplet_wasm::{CodeSource, Engine, EngineConfig, RunResult, Runner, RunnerConfig, Servlet};
use support::{container, first_turn, guest, packet, patient, time};

/// As the server has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Turns of one sample, and samples of one row. Few turns at a time, for a turn comes fresh from its container.
const TURNS: usize = 64;
const SAMPLES: usize = 101;

struct Row {
    name: &'static str,
    /// Method of the request; its handler is what is measured.
    method: &'static str,
    instance: InstanceMode,
    /// Nanoseconds without the container's part (research figures), and the budget.
    bare: f64,
    budget: Option<f64>,
}

const ROWS: [Row; 4] = [
    Row {
        name: "empty turn, reused",
        method: "OPTIONS",
        instance: InstanceMode::Reused,
        bare: 301.0,
        budget: None,
    },
    Row {
        name: "10 operations, reused",
        method: "INVITE",
        instance: InstanceMode::Reused,
        bare: 1173.0,
        budget: Some(1500.0),
    },
    Row {
        name: "empty turn, fresh",
        method: "OPTIONS",
        instance: InstanceMode::Fresh,
        bare: 9746.0,
        budget: None,
    },
    Row {
        name: "10 operations, fresh",
        method: "INVITE",
        instance: InstanceMode::Fresh,
        bare: 23793.0,
        budget: None,
    },
];

fn main() {
    let engine = Engine::new(EngineConfig { instances: 64, ..EngineConfig::default() }).unwrap();
    let servlet = Servlet::load(&guest("measured"), "measured.wasm", &engine, None).unwrap();
    println!("{:?}, {} turns a sample, median of {SAMPLES}", engine.allocator(), TURNS);
    println!("{:<28}{:>12}{:>12}{:>12}{:>12}", "ns a turn", "median", "best", "bare", "budget");
    for row in &ROWS {
        let mut samples: Vec<f64> = (0..SAMPLES).map(|_| sample(&servlet, row)).collect();
        samples.sort_by(f64::total_cmp);
        let budget = row.budget.map_or_else(|| "-".to_owned(), |budget| format!("{budget:.0}"));
        let median = samples[SAMPLES / 2];
        println!("{:<28}{median:>12.0}{:>12.0}{:>12.0}{budget:>12}", row.name, samples[0], row.bare);
    }
    native(&servlet);
    trap(&engine);
    load(&engine);
}

/// Mean nanoseconds of a turn in one batch.
fn sample(servlet: &Arc<Servlet>, row: &Row) -> f64 {
    let config = RunnerConfig { instance: Some(row.instance), ..patient() };
    let mut runner = Runner::new(servlet.engine(), config, Arc::new(|_, _| {}));
    runner.deploy(servlet.clone());
    warm(&mut runner, servlet, row.method);
    let turns = turns(servlet, row.method, TURNS);
    let mut done = Vec::with_capacity(TURNS);
    let start = cpu();
    for turn in turns {
        match runner.run(turn) {
            RunResult::Ran(turn, outcome) => done.push((turn, outcome)),
            RunResult::Away => unreachable!("patient"),
        }
    }
    let elapsed = cpu() - start;
    assert!(done.iter().all(|(_, outcome)| *outcome == Outcome::Done), "{:?}", done[0].1);
    per_turn(elapsed, TURNS)
}

fn warm(runner: &mut Runner, servlet: &Servlet, method: &str) {
    for turn in turns(servlet, method, 100) {
        drop(runner.run(turn));
    }
}

fn turns(servlet: &Servlet, method: &str, count: usize) -> Vec<Box<Turn>> {
    (0..count)
        .map(|_| {
            let mut container: Container = container(servlet);
            let packet: Input = packet(method, "bob");
            container.handle(packet, time());
            first_turn(&mut container).unwrap()
        })
        .collect()
}

/// CPU time of this thread: a turn does not cost more because something else runs on the machine.
fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap())
}

fn per_turn(elapsed: Duration, count: usize) -> f64 {
    elapsed.as_nanos() as f64 / count as f64
}

/// The flat message, and the four actions after it, as plain calls: what of the rows above is the container's part.
fn native(servlet: &Arc<Servlet>) {
    use siplet_container::turn::{Callback, Scope};
    let mut flat = Vec::with_capacity(SAMPLES);
    let mut actions = Vec::with_capacity(SAMPLES);
    for _ in 0..SAMPLES {
        let mut turns = turns(servlet, "INVITE", TURNS);
        let Callback::Request { message, .. } = turns[0].callback() else { unreachable!("an INVITE") };
        let start = cpu();
        for turn in &turns {
            std::hint::black_box(turn.flat(message).unwrap());
        }
        flat.push(per_turn(cpu() - start, TURNS));
        let start = cpu();
        for turn in &mut turns {
            let session = turn.session_of(message).unwrap();
            turn.set_attribute(Scope::Session(session), "decision", &[7; 32]).unwrap();
            let response = turn.create_response(message, 200, None).unwrap();
            turn.send(response).unwrap();
        }
        actions.push(per_turn(cpu() - start, TURNS));
    }
    for (name, mut samples) in [("  of it the flat message", flat), ("  of it the four actions", actions)] {
        samples.sort_by(f64::total_cmp);
        println!("{name:<28}{:>12.0}{:>12.0}", samples[SAMPLES / 2], samples[0]);
    }
}

/// A panic with its words, and the instance that replaces the dead one.
fn trap(engine: &Engine) {
    let servlet = Servlet::load(&guest("panics"), "panics.wasm", engine, None).unwrap();
    let mut runner = Runner::new(engine, patient(), Arc::new(|_, _| {}));
    runner.deploy(servlet.clone());
    warm(&mut runner, &servlet, "INVITE");
    let turns = turns(&servlet, "INVITE", TURNS);
    let start = cpu();
    for turn in turns {
        drop(runner.run(turn));
    }
    println!(
        "{:<28}{:>12.0}{:>12}{:>12.0}",
        "panic and replacement",
        per_turn(cpu() - start, TURNS),
        "",
        55_000.0
    );
}

/// Loading: compiled, and from the cache.
fn load(engine: &Engine) {
    let cache = std::env::temp_dir().join(format!("siplet-bench-{}", std::process::id()));
    let bytes = guest("measured");
    let config = EngineConfig { code_cache: Some(cache.clone()), ..engine.config().clone() };
    let caching = Engine::new(config).unwrap();
    for (name, expected) in
        [("load, compiled (ms)", CodeSource::Compiled), ("load, cached (ms)", CodeSource::Cached)]
    {
        let start = Instant::now();
        let servlet = Servlet::load(&bytes, "measured.wasm", &caching, None).unwrap();
        assert_eq!(servlet.code(), expected);
        println!("{name:<28}{:>12.2}", start.elapsed().as_secs_f64() * 1e3);
    }
    let _ = std::fs::remove_dir_all(cache);
}
