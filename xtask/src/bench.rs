//! `cargo xtask bench`: what was measured beside the budgets, for the message layer and for guest calls.

use std::ffi::OsString;

use anyhow::Result;

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

/// The crates with budgets.
const CRATES: [&str; 2] = ["siplet-sip", "siplet-wasm"];

/// Runs the command.
///
/// # Errors
/// A bench does not compile or fails.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let crates = match &options.package {
        Some(package) => vec![package.as_str()],
        None => CRATES.to_vec(),
    };
    if crates.contains(&"siplet-wasm") {
        guests::ready(project)?;
    }
    for name in crates {
        let mut command = child::cargo(project);
        command.args(["bench", "-p", name, "--bench", "*"]);
        guests::tell(project, &mut command);
        if !options.arguments.is_empty() {
            command.arg("--").args(&options.arguments);
        }
        child::run_shown(command)?;
    }
    Ok(())
}
