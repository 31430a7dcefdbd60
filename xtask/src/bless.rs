//! `cargo xtask bless`: renews the golden traces; the difference is then reviewed like any change.

use std::ffi::OsString;
use std::fs;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::{child, guests};

/// Options of `cargo xtask bless`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on to the test runner, such as a part of a scenario's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
/// A test fails that has no golden trace, or one that cannot be written.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    guests::ready(project)?;
    let mut command = child::cargo(project);
    // The whole workspace is named, and then the targets of one package: so dependencies keep the features that the
    // other tests compiled them with, and wasmtime is not compiled a second time.
    command.args(["test", "--workspace"]);
    for target in targets(project)? {
        command.args(["--test", &target]);
    }
    command.arg("--").args(&options.arguments);
    command.env("SIPLET_BLESS", "1");
    guests::tell(project, &mut command);
    child::run_shown(command)?;
    println!("golden traces renewed; look at the difference with `git diff tests`");
    Ok(())
}

/// The integration tests of the crate `siplet-tests`: each file, and each folder with a `main.rs`.
fn targets(project: &Project) -> Result<Vec<String>> {
    let folder = project.path("tests/tests");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", project.shown(&folder)))? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "rs") || path.join("main.rs").is_file() {
            names.extend(path.file_stem().and_then(|stem| stem.to_str()).map(str::to_owned));
        }
    }
    names.sort();
    Ok(names)
}
