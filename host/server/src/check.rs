//! `siplet check FILE.wasm`: explains a deployment without deploying anything.
//!
//! The file is read, compiled and started once on trial, as a deployment does it, and nothing is kept. Exit code 0: it can
//! be deployed; 1: it would be refused, or it cannot be read; 2: the command line is wrong. What is only odd is a warning and
//! changes no exit code.

#[cfg(test)]
mod explained;
mod odd;
mod show;
#[cfg(test)]
mod tests;

use std::path::Path;

use anyhow::{Context, Result};
use serde::Serialize;
use siplet_container::app::AppLimits;
use siplet_wasm::{Engine, EngineConfig, Inspection, Servlet, inspect};

use crate::deploy::parse_overrides;
use crate::wasmfile;

pub use show::explain;

/// A file explained.
#[derive(Clone, Debug, Serialize)]
pub struct Checked {
    /// What stands in the file, and in NAME.toml beside it.
    #[serde(flatten)]
    pub inspection: Inspection,
    /// NAME.toml, where it is there.
    pub overrides: Option<String>,
    /// Bytes of the machine code; none when it was not compiled.
    pub compiled_bytes: Option<usize>,
    /// It can be deployed.
    pub deployable: bool,
    /// What is odd and refuses nothing, as sentences.
    pub warnings: Vec<String>,
}

/// Reads the file, and NAME.toml beside it where there is one, and explains them for a host with these ceilings. The
/// second value is true when nothing stands against a deployment.
///
/// # Errors
/// The file cannot be read.
pub fn check(file: &Path, ceilings: &AppLimits, json: bool) -> Result<(String, bool)> {
    let checked = look(file, ceilings)?;
    let text = if json { format!("{}\n", serde_json::to_string(&checked)?) } else { explain(&checked) };
    Ok((text, checked.deployable))
}

/// As [`check`], as facts.
///
/// # Errors
/// The file cannot be read.
pub fn look(file: &Path, ceilings: &AppLimits) -> Result<Checked> {
    let shown = file.display().to_string();
    let bytes = std::fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
    let beside = file.with_extension("toml");
    let beside_shown = beside.display().to_string();
    let (overrides, read) = match std::fs::read_to_string(&beside) {
        Ok(text) => (Some(beside_shown.clone()), parse_overrides(&beside_shown, &text).map(Some)),
        Err(_) => (None, Ok(None)),
    };
    let values = read.as_ref().ok().and_then(Option::as_ref);
    let mut inspection = inspect(&bytes, &shown, values, ceilings);
    if let Err(why) = &read {
        inspection.refusals.insert(0, why.clone());
        inspection.refused_at.insert(0, "descriptor");
    }
    if let Some(cut) = wasmfile::cut(&bytes)
        && inspection.is_deployable()
    {
        inspection.refusals.push(cut);
        inspection.refused_at.push("file");
    }
    let mut compiled_bytes = None;
    if inspection.is_deployable() {
        match try_start(&bytes, &shown, values, ceilings)? {
            Ok(servlet) => compiled_bytes = Some(servlet.compiled_bytes()),
            Err(refusal) => {
                for reason in refusal.reasons {
                    inspection.refused_at.push(reason.stage());
                    inspection.refusals.push(reason.to_string());
                }
            }
        }
    }
    let warnings = odd::warnings(&inspection, values);
    let deployable = inspection.is_deployable();
    Ok(Checked { inspection, overrides, compiled_bytes, deployable, warnings })
}

/// Compiles and starts it as a server would, without a cache.
fn try_start(
    bytes: &[u8],
    shown: &str,
    overrides: Option<&serde_json::Value>,
    ceilings: &AppLimits,
) -> Result<Result<std::sync::Arc<Servlet>, siplet_wasm::Refusal>> {
    // One instance lives at a time, for a moment.
    let engine =
        Engine::new(EngineConfig { instances: 4, ceilings: ceilings.clone(), ..EngineConfig::default() })?;
    Ok(Servlet::load(bytes, shown, &engine, overrides))
}
