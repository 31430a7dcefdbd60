//! `cargo xtask test`: every ring of tests, and one line at the end that sums them.
//!
//! The rings run one after the other and all of them run, also after a failure. Each runner's own output is shown as
//! it comes; [`summary`] only reads along.

mod summary;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::progress::spoken;
use crate::project::Project;
use crate::{child, e2e, guests, host, sim, tidy};
use summary::Count;

/// Seeds of the short simulation: enough to meet every kind of fault, few enough for each run of the tests.
const SHORT_SIMULATION_SEEDS: u64 = 2_000;

/// A part of the tests that can be left out by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Ring {
    /// Crate edges, banned names, sizes, invariants, samples
    Tidy,
    /// Unit tests, scenarios, torture, replay of the fuzz corpora, documentation tests
    Workspace,
    /// The tests that stand beside the sample servlets, with the test kit
    Samples,
    /// A short simulation with faults
    Sim,
    /// The real binary on real sockets, with sipp
    E2e,
}

const RINGS: [Ring; 5] = [Ring::Tidy, Ring::Workspace, Ring::Samples, Ring::Sim, Ring::E2e];

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave out a ring; may be given several times
    #[arg(long, value_name = "RING")]
    skip: Vec<Ring>,
}

/// Runs the command.
///
/// # Errors
/// The set-up fails, or a test does.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let started = Instant::now();
    let rings: Vec<Ring> = RINGS.into_iter().filter(|ring| !options.skip.contains(ring)).collect();
    guests::ready(project)?;
    let mut sum = Count::default();
    let mut failed = Vec::new();
    for ring in &rings {
        println!("\n== {} ==", ring.name());
        let count = ring.run(project, &rings).unwrap_or_else(|problem| {
            println!("{problem:#}");
            Count { failed: 1, ..Count::default() }
        });
        if count.failed > 0 {
            failed.push(ring.name());
        }
        sum += count;
    }
    println!("\nall rings in {}", spoken(started.elapsed()));
    println!("{sum}");
    if sum.failed > 0 {
        bail!("failed: {}", failed.join(", "));
    }
    if sum.passed == 0 {
        bail!("no test ran");
    }
    Ok(())
}

impl Ring {
    fn name(self) -> &'static str {
        match self {
            Self::Tidy => "tidy",
            Self::Workspace => "workspace",
            Self::Samples => "samples",
            Self::Sim => "sim",
            Self::E2e => "e2e",
        }
    }

    fn run(self, project: &Project, rings: &[Self]) -> Result<Count> {
        match self {
            Self::Tidy => Ok(alone(tidy::run(project))),
            Self::Workspace => {
                let mut command = child::cargo(project);
                command.args(["test", "--workspace", "--no-fail-fast"]);
                if rings.contains(&Self::E2e) {
                    command.env("SIPLET_E2E", "later");
                }
                guests::tell(project, &mut command);
                counted(command)
            }
            Self::Samples => samples(project),
            Self::Sim => Ok(alone(sim::run(project, &sim::Options::seeds(SHORT_SIMULATION_SEEDS)))),
            Self::E2e => {
                host::ready(project)?;
                counted(e2e::command(project, &[])?)
            }
        }
    }
}

/// Tests beside the samples run in the samples' own workspace: natively, with the servlet's WebAssembly in the host that
/// the test kit starts.
fn samples(project: &Project) -> Result<Count> {
    if !project.samples().join("Cargo.lock").is_file() {
        bail!("there are no samples in {}", project.shown(&project.samples()));
    }
    let mut command = child::cargo(project);
    command.current_dir(project.samples()).args(["test", "--workspace", "--no-fail-fast"]);
    host::ready(project)?;
    command.env("CARGO_TARGET_DIR", project.guest_target()).env("SIPLET_BIN", project.siplet());
    guests::tell(project, &mut command);
    Ok(counted(command)? + javascript(project)?)
}

/// Tests of the SDK for JavaScript and beside its samples: each folder is one test, skipped where there is no node.
fn javascript(project: &Project) -> Result<Count> {
    let tests = match guests::javascript::tests(project)? {
        Ok(tests) => tests,
        Err(missing) => {
            println!("the tests in JavaScript are skipped: {missing}");
            return Ok(Count { skipped: 1, ..Count::default() });
        }
    };
    let mut count = Count::default();
    for (folder, command) in tests {
        println!("\n{folder}");
        count += alone(child::run_shown(command));
    }
    Ok(count)
}

/// A ring without a runner that counts is one test.
fn alone(outcome: Result<()>) -> Count {
    match outcome {
        Ok(()) => Count { passed: 1, ..Count::default() },
        Err(problem) => {
            println!("{problem:#}");
            Count { failed: 1, ..Count::default() }
        }
    }
}

/// Runs a `cargo test`, shows what it prints and counts its tests.
fn counted(mut command: Command) -> Result<Count> {
    let shown = child::shown(&command);
    command.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{shown}`"))?;
    let mut count = Count::default();
    if let Some(pipe) = child.stdout.take() {
        for line in BufReader::new(pipe).split(b'\n') {
            let line = line?;
            let line = String::from_utf8_lossy(&line);
            println!("{line}");
            count += Count::of_line(&line);
        }
    }
    let status = child.wait()?;
    if !status.success() && count.failed == 0 {
        // It did not compile, or a test binary died: no summary line tells of it.
        println!("this failed ({status}): {shown}");
        count.failed = 1;
    }
    Ok(count)
}
