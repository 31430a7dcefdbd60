//! `cargo xtask fuzz TARGET`: a fuzz target on bytes of its own making, for a while.
//!
//! The targets are in `tests/fuzz`, a workspace of its own. New inputs go to the target folder; the committed corpora
//! in `tests/fuzz/corpus` are only read here, and replayed by every `cargo test`.

use std::fs;
use std::path::PathBuf;

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
        let look = cargo_fuzz(
            project,
            target,
            &[&corpora.grown, &corpora.committed],
            &[
                format!("-max_total_time={}", options.seconds),
                "-timeout=10".to_owned(),
                "-rss_limit_mb=2048".to_owned(),
                "-print_final_stats=1".to_owned(),
            ],
        );
        child::run_shown(look).with_context(|| {
            format!(
                "fuzz target `{target}` found something. Mend it, and copy the input that cargo-fuzz names above into \
                 tests/fuzz/corpus/{target}, so that every `cargo test` replays it."
            )
        })?;
        if options.keep {
            let merge = ["-merge=1".to_owned()];
            child::run_shown(cargo_fuzz(project, target, &[&corpora.committed, &corpora.grown], &merge))?;
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

/// `cargo fuzz run` with the stable compiler; `RUSTC_BOOTSTRAP` lets it take the flags for coverage.
fn cargo_fuzz(
    project: &Project,
    target: &str,
    corpora: &[&PathBuf],
    options: &[String],
) -> std::process::Command {
    let mut command = child::cargo(project);
    // No sanitizer: the crates under test have no unsafe code, and without it twice as many inputs are tried.
    command.args(["fuzz", "run", "--fuzz-dir", "tests/fuzz", "--sanitizer", "none", target]);
    command.args(corpora).arg("--").args(options).env("RUSTC_BOOTSTRAP", "1");
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
