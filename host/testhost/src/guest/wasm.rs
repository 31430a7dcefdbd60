//! Servlets as WebAssembly, run by the host's own runner.

use std::sync::Arc;
use std::time::Duration;

use siplet_container::app::InstanceMode;
use siplet_container::turn::{Outcome, TrapReason, Turn};
use siplet_wasm::{Engine, RunResult, Runner, RunnerConfig, Servlet};

use super::{Guest, Ran};

/// Runs a servlet in the host's runner.
pub struct Wasm {
    runner: Runner,
    servlet: Arc<Servlet>,
    mode: InstanceMode,
    /// The host that the runner's instances live in.
    generation: u32,
}

impl Wasm {
    /// A runner for one servlet, whose instances are used in that way whatever its descriptor says.
    #[must_use]
    pub fn new(servlet: Arc<Servlet>, mode: InstanceMode) -> Self {
        let runner = runner(servlet.engine(), &servlet, mode);
        Self { runner, servlet, mode, generation: 0 }
    }
}

fn runner(engine: &Engine, servlet: &Arc<Servlet>, mode: InstanceMode) -> Runner {
    let config = RunnerConfig {
        instance: Some(mode),
        // Probation is switched off: a side thread has no place in virtual time.
        slow_turn: Duration::from_secs(3600),
        seed: Some(1),
        ..RunnerConfig::default()
    };
    let mut runner = Runner::new(engine, config, Arc::new(never));
    runner.deploy(servlet.clone());
    runner
}

impl Guest for Wasm {
    fn run(&mut self, turn: Box<Turn>, generation: u32) -> Ran {
        if generation != self.generation {
            // Another host: the memory of the one before is gone.
            self.runner = runner(self.servlet.engine(), &self.servlet, self.mode);
            self.generation = generation;
        }
        let key = turn.key();
        match self.runner.run(turn) {
            RunResult::Ran(turn, outcome) => Ran { turn, outcome, takes: Duration::ZERO },
            RunResult::Away => unreachable!("a turn of {key:?} went to a side thread"),
        }
    }
}

fn never(_: Box<Turn>, outcome: Outcome) {
    debug_assert!(
        matches!(&outcome, Outcome::Trapped(trap) if trap.reason == TrapReason::HostError),
        "nothing runs on a side thread"
    );
}
