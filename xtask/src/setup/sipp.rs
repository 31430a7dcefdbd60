//! sipp, the peer of the end-to-end tests.

use std::path::PathBuf;

use anyhow::{Context, Result};

use super::packages;
use crate::child::find_program;
use crate::progress::{Phase, line};

/// The Debian package that holds it.
const PACKAGE: &str = "sip-tester";

/// The path of sipp; installs it when it is missing.
///
/// # Errors
/// It is neither here nor to be had as a package.
pub(crate) fn ready() -> Result<PathBuf> {
    if let Some(path) = find_program("sipp") {
        line("sipp", &format!("{} found", path.display()));
        return Ok(path);
    }
    let phase = Phase::begin("sipp", "looking for it");
    packages::install(&phase, &[PACKAGE])?;
    let path =
        find_program("sipp").with_context(|| format!("the package {PACKAGE} brought no program `sipp`"))?;
    phase.done(&format!("{} installed", path.display()));
    Ok(path)
}
