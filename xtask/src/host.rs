//! The host's binary `siplet`, built as the tests build it, so that wasmtime is compiled once.

use anyhow::Result;

use crate::child;
use crate::progress::Phase;
use crate::project::Project;

/// Makes the binary be there and up to date.
///
/// # Errors
/// It does not compile: then with the compiler's own words.
pub(crate) fn ready(project: &Project) -> Result<()> {
    let first = !project.siplet().is_file();
    let doing = if first { "building (the first time takes some minutes)" } else { "building" };
    let phase = Phase::begin("host", doing);
    let mut command = child::cargo(project);
    // The whole workspace is named, although one package has the binary: so its dependencies have the features that
    // the tests compile them with, and wasmtime is compiled once for both.
    command.args(["build", "--workspace", "--bin", "siplet"]);
    child::run_in(&phase, command)?;
    phase.done("built");
    Ok(())
}
