//! `cargo xtask e2e`: the end-to-end tests, with the real binary, real sockets and sipp.
//!
//! They are the integration test `e2e` of the crate `siplet-tests`, which does nothing unless `SIPLET_E2E=1`; where
//! things are it learns from `SIPLET_TEST_BIN`, `SIPLET_TEST_SERVLETS`, `SIPLET_TEST_GUESTS` and `SIPLET_TEST_SIPP`.

use std::ffi::OsString;
use std::process::Command;

use anyhow::{Context, Result};

use crate::project::Project;
use crate::setup::sipp;
use crate::{child, guests, host};

/// Options of `cargo xtask e2e`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Passed on to the test runner, such as a part of a test's name
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, value_name = "ARGUMENTS")]
    arguments: Vec<OsString>,
}

/// Runs the command.
///
/// # Errors
/// Something cannot be built, sipp is not to be had, or a test fails.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    guests::ready(project)?;
    host::ready(project)?;
    child::run_shown(command(project, &options.arguments)?)
}

/// The command that runs the tests, once guests and host are built.
///
/// # Errors
/// sipp is not to be had.
pub(crate) fn command(project: &Project, arguments: &[OsString]) -> Result<Command> {
    let sipp = sipp::ready().context("the end-to-end tests need sipp (Debian package sip-tester)")?;
    let mut command = child::cargo(project);
    // The whole workspace is named, although one package has the target: so its dependencies keep the features that
    // the other tests compiled them with, and wasmtime is not compiled a second time.
    command.args(["test", "--workspace", "--test", "e2e", "--"]).args(arguments);
    command.env("SIPLET_E2E", "1").env("SIPLET_TEST_SIPP", sipp).env("SIPLET_TEST_BIN", project.siplet());
    guests::tell(project, &mut command);
    Ok(command)
}
