//! `cargo xtask setup`: finds or installs what the host's Rust toolchain does not bring.
//!
//! That is a toolchain that compiles guests ([`toolchain`]) and sipp for the end-to-end ring ([`sipp`]). A decision is
//! remembered in the target folder, so that a second run takes no time; deleting that folder is always safe. Packages
//! of the system are installed only where nothing else helped ([`packages`]).

pub(crate) mod packages;
pub(crate) mod sipp;
pub(crate) mod toolchain;

use anyhow::Result;

use crate::guests::javascript;
use crate::progress::line;
use crate::project::Project;

/// Options of `cargo xtask setup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave out sipp, which only the end-to-end tests need
    #[arg(long)]
    without_sipp: bool,
    /// Forget what an earlier run decided and look again
    #[arg(long)]
    again: bool,
}

/// Runs the command.
///
/// # Errors
/// No guest toolchain can be had. That sipp cannot be had is said and is no error here: only `e2e` needs it.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    if options.again {
        toolchain::forget(project);
    }
    let toolchain = toolchain::ready(project)?;
    line("guests", &format!("built by `{}`", toolchain.command_line()));
    javascript::set_up(project)?;
    if options.without_sipp {
        return Ok(());
    }
    if let Err(problem) = sipp::ready() {
        line("sipp", &format!("not here, so `cargo xtask e2e` will fail: {problem}"));
    }
    Ok(())
}
