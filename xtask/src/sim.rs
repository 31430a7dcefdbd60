//! `cargo xtask sim`: the simulator, worlds of calls with faults from a seed.

use std::process::Command;

use anyhow::Result;

use crate::child;
use crate::progress::Phase;
use crate::project::Project;

/// Options of `cargo xtask sim`; what they mean to a run is the simulator's.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many seeds to run
    #[arg(long, value_name = "N")]
    seeds: Option<u64>,
    /// One seed, to see again what it found
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// New seeds until this many minutes are over
    #[arg(long, value_name = "M", conflicts_with_all = ["seeds", "seed"])]
    minutes: Option<u64>,
    /// Plant each known defect in turn; the simulator must find it
    #[arg(long)]
    mutants: bool,
}

impl Options {
    /// The options of a run over the first `count` seeds.
    pub(crate) fn seeds(count: u64) -> Self {
        Self { seeds: Some(count), seed: None, minutes: None, mutants: false }
    }

    fn arguments(&self) -> Vec<String> {
        let numbers = [("--seeds", self.seeds), ("--seed", self.seed), ("--minutes", self.minutes)];
        let given = numbers.into_iter().filter_map(|(name, number)| Some((name, number?)));
        let mut arguments: Vec<String> =
            given.flat_map(|(name, number)| [name.to_owned(), number.to_string()]).collect();
        if self.mutants {
            arguments.push("--mutants".to_owned());
        }
        arguments
    }
}

/// Runs the command.
///
/// # Errors
/// The simulator does not compile, or it found something.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let phase = Phase::begin("simulator", "building");
    let mut build = child::cargo(project);
    // The whole workspace is named so that dependencies keep the features that the tests compiled them with.
    build.args(["build", "--workspace", "--bin", "siplet-sim"]);
    child::run_in(&phase, build)?;
    phase.done("built");
    let mut command = Command::new(project.target().join("debug/siplet-sim"));
    command.current_dir(project.root()).args(options.arguments());
    child::run_shown(command)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_reach_the_simulator_as_they_were_given() {
        assert_eq!(Options::seeds(200).arguments(), ["--seeds", "200"]);
        let options = Options { seeds: None, seed: Some(7), minutes: None, mutants: true };
        assert_eq!(options.arguments(), ["--seed", "7", "--mutants"]);
    }
}
