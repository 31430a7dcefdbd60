//! `cargo xtask bench`: what was measured beside the budgets, for the message layer, the container and guest calls.

use std::ffi::{OsStr, OsString};
use std::process::Command;

use anyhow::{Result, bail};

use crate::progress::Phase;
use crate::project::Project;
use crate::{child, guests};

/// Options of `cargo xtask bench`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// One crate instead of all that have benches, such as `siplet-sip`
    #[arg(short, long, value_name = "CRATE")]
    package: Option<String>,
    /// Passed on to the bench, such as a part of its name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// The crates with benches, and what each of them measures.
const CRATES: [(&str, &str); 3] = [
    ("siplet-sip", "the message layer"),
    ("siplet-container", "calls through the container, handlers run natively"),
    ("siplet-wasm", "guest calls"),
];

/// Runs the command: all benches are compiled before the first one runs, and their tables come together at the end.
///
/// # Errors
/// A bench does not compile or fails, or no crate of that name has one.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let chosen = chosen(options.package.as_deref())?;
    if chosen.iter().any(|(name, _)| *name == "siplet-wasm") {
        guests::ready(project)?;
    }
    for (name, _) in &chosen {
        let phase = Phase::begin(name, "compiling its bench");
        child::run_in(&phase, bench(project, name, &["--no-run".as_ref()]))?;
        phase.done("bench compiled");
    }
    let mut tables = String::new();
    for (name, what) in chosen {
        let phase = Phase::begin(name, "measuring");
        let mut command = bench(project, name, &[]);
        if !options.arguments.is_empty() {
            command.arg("--").args(&options.arguments);
        }
        let ended = child::run_in(&phase, command)?;
        phase.done("measured");
        tables.push_str(&table(name, what, &ended.stdout));
    }
    print!("{tables}");
    Ok(())
}

/// The crates to be measured.
fn chosen(package: Option<&str>) -> Result<Vec<(&'static str, &'static str)>> {
    let chosen: Vec<_> =
        CRATES.into_iter().filter(|(name, _)| package.is_none_or(|package| package == *name)).collect();
    if chosen.is_empty() {
        let names = CRATES.map(|(name, _)| name).join(", ");
        bail!("no bench belongs to `{}`; these crates have one: {names}", package.unwrap_or_default());
    }
    Ok(chosen)
}

fn bench(project: &Project, name: &str, options: &[&OsStr]) -> Command {
    let mut command = child::cargo(project);
    command.args(["bench", "-p", name, "--bench", "*"]).args(options);
    guests::tell(project, &mut command);
    command
}

/// What one bench printed, under a heading.
fn table(name: &str, what: &str, printed: &str) -> String {
    format!("\n== {name}: {what}\n{}\n", printed.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bench that nobody runs measures nothing.
    #[test]
    fn every_crate_with_benches_is_measured() {
        let hosts = std::fs::read_dir(Project::here().path("host")).expect("the crates of the host");
        let mut found: Vec<_> = hosts
            .map(|folder| folder.expect("a folder").path())
            .filter(|folder| folder.join("benches").is_dir())
            .map(|folder| format!("siplet-{}", folder.file_name().expect("a name").to_string_lossy()))
            .collect();
        found.sort();
        let mut known = CRATES.map(|(name, _)| name.to_owned()).to_vec();
        known.sort();
        assert_eq!(found, known);
    }

    #[test]
    fn one_crate_or_all_are_chosen_and_no_other() {
        assert_eq!(chosen(None).expect("all").len(), CRATES.len());
        assert_eq!(chosen(Some("siplet-sip")).expect("one"), [CRATES[0]]);
        let refused = chosen(Some("siplet-store")).expect_err("no bench").to_string();
        assert!(refused.contains("siplet-store") && refused.contains("siplet-container"), "{refused}");
    }

    #[test]
    fn a_table_stands_under_its_heading() {
        assert_eq!(table("siplet-x", "what it is", "a 1\nb 2\n\n"), "\n== siplet-x: what it is\na 1\nb 2\n");
    }
}
