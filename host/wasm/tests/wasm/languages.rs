//! What a servlet costs in each language. Not a test: it asserts nothing about time, and runs only when it is asked for.
//!
//! `SIPLET_LANGUAGES=rust=a.wasm,js=b.wasm cargo test --workspace --test wasm languages -- --ignored --nocapture`

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use siplet_container::app::InstanceMode;
use siplet_container::turn::Outcome;
use siplet_wasm::{Compiler, Engine, EngineConfig, RunResult, Runner, RunnerConfig, Servlet};

use crate::support::*;

/// Turns that are measured, after as many that are not.
const TURNS: usize = 400;
/// Instances that live at one time while their memory is measured.
const INSTANCES: u64 = 16;

#[test]
#[ignore = "a measurement"]
fn languages() {
    let Ok(list) = std::env::var("SIPLET_LANGUAGES") else { return };
    println!("language  file KB  cranelift ms  winch ms  reused us  fresh us  KB an instance");
    for entry in list.split(',') {
        let (language, path) = entry.split_once('=').expect("LANGUAGE=FILE");
        let bytes = std::fs::read(path).expect("the file can be read");
        let winch = compile(&bytes, path, Compiler::Winch).1;
        let (servlet, cranelift) = compile(&bytes, path, Compiler::Cranelift);
        let reused = turn_time(&servlet, InstanceMode::Reused);
        let fresh = turn_time(&servlet, InstanceMode::Fresh);
        println!(
            "{language:<9} {:>7} {:>13} {:>9} {:>10.1} {:>9.1} {:>15}",
            bytes.len() / 1000,
            cranelift.as_millis(),
            winch.as_millis(),
            micros(reused),
            micros(fresh),
            instance_kb(&servlet)
        );
    }
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}

fn compile(bytes: &[u8], path: &str, compiler: Compiler) -> (std::sync::Arc<Servlet>, Duration) {
    let config = EngineConfig { compiler, instances: 64, ..EngineConfig::default() };
    let engine = Engine::new(config).expect("this machine runs WebAssembly");
    let beside = std::fs::read_to_string(Path::new(path).with_extension("json")).unwrap_or_default();
    let overrides = serde_json::from_str(&beside).unwrap_or(json!({}));
    let started = Instant::now();
    let servlet = Servlet::load(bytes, path, &engine, Some(&overrides)).unwrap_or_else(|why| panic!("{why}"));
    (servlet, started.elapsed())
}

/// The median time of the turn of an INVITE that is answered with 180 and 200.
fn turn_time(servlet: &std::sync::Arc<Servlet>, mode: InstanceMode) -> Duration {
    let config = RunnerConfig { instance: Some(mode), ..patient() };
    let mut runner = Runner::new(servlet.engine(), config, std::sync::Arc::new(|_, _| ()));
    runner.deploy(std::sync::Arc::clone(servlet));
    let mut times: Vec<Duration> = (0..TURNS * 2).map(|_| one(&mut runner, servlet)).skip(TURNS).collect();
    times.sort();
    times[TURNS / 2]
}

fn one(runner: &mut Runner, servlet: &Servlet) -> Duration {
    let turn = turn(servlet, "bob");
    let started = Instant::now();
    match runner.run(turn) {
        RunResult::Ran(_, Outcome::Done) => started.elapsed(),
        RunResult::Ran(_, outcome) => panic!("{outcome:?}"),
        RunResult::Away => panic!("the turn was sent away"),
    }
}

/// Resident memory of an instance that has run one turn.
fn instance_kb(servlet: &std::sync::Arc<Servlet>) -> u64 {
    let mut runners: Vec<Runner> = Vec::new();
    let mut before = 0;
    for number in 0..=INSTANCES {
        let mut runner = Runner::new(servlet.engine(), patient(), std::sync::Arc::new(|_, _| ()));
        runner.deploy(std::sync::Arc::clone(servlet));
        one(&mut runner, servlet);
        runners.push(runner);
        // The first one brings in pages that all share.
        if number == 0 {
            before = resident_kb();
        }
    }
    resident_kb().saturating_sub(before) / INSTANCES
}

fn resident_kb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}
