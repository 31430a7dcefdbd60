//! `cargo xtask bless`: renews the golden traces; the difference is then reviewed like any change.

use std::ffi::OsString;

use anyhow::Result;

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
    command.args(["test", "-p", "siplet-tests", "--"]).args(&options.arguments);
    command.env("SIPLET_BLESS", "1");
    guests::tell(project, &mut command);
    child::run_shown(command)?;
    println!("golden traces renewed; look at the difference with `git diff tests`");
    Ok(())
}
