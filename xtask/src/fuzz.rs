//! `cargo xtask fuzz TARGET`: a fuzz target on bytes of its own making, for a while.
//!
//! The targets are in `tests/fuzz`, a workspace of its own. New inputs go to the target folder; the committed corpora
//! in `tests/fuzz/corpus` are only read here, and replayed by every `cargo test`.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::child::{self, find_program};
use crate::progress::Phase;
use crate::project::Project;
use crate::setup::packages;

/// Options of `cargo xtask fuzz`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The target: one of the files in tests/fuzz/fuzz_targets, or `all`
    target: String,
    /// How long to look, for each target
    #[arg(long, value_name = "N", default_value_t = 60)]
    seconds: u64,
    /// Keep what reached new code: add it to the committed corpus, smallest inputs first
    #[arg(long)]
    keep: bool,
}

/// Runs the command.
///
/// # Errors
/// The tools are not to be had, the target is unknown, or it found something.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let known = targets(project)?;
    let chosen: Vec<&String> =
        known.iter().filter(|name| options.target == "all" || **name == options.target).collect();
    if chosen.is_empty() {
        bail!("there is no fuzz target `{}`; there are {}", options.target, known.join(", "));
    }
    tools(project)?;
    for target in chosen {
        let corpora = Corpora::of(project, target)?;
        build(project, target)?;
        let limits = [
            format!("-max_total_time={}", options.seconds),
            "-timeout=10".to_owned(),
            "-rss_limit_mb=2048".to_owned(),
            "-print_final_stats=1".to_owned(),
        ];
        let search = look(project, target, &[&corpora.grown, &corpora.committed], &limits);
        child::run_shown(search).with_context(|| {
            format!(
                "fuzz target `{target}` found something. Mend it, and copy the input that cargo-fuzz names above into \
                 tests/fuzz/corpus/{target}, so that every `cargo test` replays it."
            )
        })?;
        if options.keep {
            let merge = ["-merge=1".to_owned()];
            child::run_shown(look(project, target, &[&corpora.committed, &corpora.grown], &merge))?;
        }
    }
    Ok(())
}

/// Where the inputs of a target are.
struct Corpora {
    committed: PathBuf,
    grown: PathBuf,
}

impl Corpora {
    fn of(project: &Project, target: &str) -> Result<Self> {
        let committed = project.path("tests/fuzz/corpus").join(target);
        let grown = project.target().join("fuzz-corpus").join(target);
        fs::create_dir_all(&committed)?;
        fs::create_dir_all(&grown)?;
        Ok(Self { committed, grown })
    }
}

/// Compiles a target, so that what does not compile is not taken for a finding.
fn build(project: &Project, target: &str) -> Result<()> {
    let phase = Phase::begin("target", &format!("compiling {target}"));
    child::run_in(&phase, cargo_fuzz("build", project, target))?;
    phase.done(&format!("{target} compiled"));
    Ok(())
}

/// Gives a target the inputs of the corpora, and what it makes of them; new inputs go to the first.
fn look(project: &Project, target: &str, corpora: &[&PathBuf], options: &[String]) -> Command {
    let mut command = cargo_fuzz("run", project, target);
    command.args(corpora).arg("--").args(options);
    command
}

/// `cargo fuzz` with the stable compiler; `RUSTC_BOOTSTRAP` lets it take the flags for coverage.
fn cargo_fuzz(verb: &str, project: &Project, target: &str) -> Command {
    let mut command = child::cargo(project);
    // No sanitizer: the crates under test have no unsafe code, and without it twice as many inputs are tried.
    command.args(["fuzz", verb, "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target]);
    command.env("RUSTC_BOOTSTRAP", "1");
    command
}

/// The names of all targets, sorted.
fn targets(project: &Project) -> Result<Vec<String>> {
    let folder = project.path("tests/fuzz/fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", project.shown(&folder)))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}

/// Finds or installs `cargo-fuzz` and the C++ compiler that libFuzzer needs.
fn tools(project: &Project) -> Result<()> {
    if find_program("c++").is_none() {
        let phase = Phase::begin("c++", "libFuzzer needs it");
        packages::install(&phase, &["g++"]).context("libFuzzer needs a C++ compiler; install g++")?;
        phase.done("g++ installed");
    }
    if find_program("cargo-fuzz").is_none() {
        let phase = Phase::begin("cargo-fuzz", "installing");
        let mut command = child::cargo(project);
        command.args(["install", "cargo-fuzz", "--locked"]);
        child::run_in(&phase, command).context("cargo-fuzz cannot be installed")?;
        phase.done("cargo-fuzz installed");
    }
    Ok(())
}
