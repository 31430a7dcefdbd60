//! Sample servlets as WebAssembly, run by the host's own runner.

use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};

use serde_json::json;
use siplet_container::app::InstanceMode;
use siplet_testhost::guest::wasm::Wasm;
use siplet_wasm::{Engine, EngineConfig, Servlet};

use super::Sample;
use crate::scenario::Ring;

/// Where `cargo xtask guests` puts the samples.
#[must_use]
pub fn folder() -> PathBuf {
    place("SIPLET_TEST_SERVLETS", "../target/servlets")
}

/// Where it puts those in JavaScript.
#[must_use]
pub fn folder_in_javascript() -> PathBuf {
    place("SIPLET_TEST_SERVLETS_JS", "../target/servlets-js")
}

fn place(variable: &str, otherwise: &str) -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    std::env::var_os(variable).map_or_else(|| here.join(otherwise), PathBuf::from)
}

fn engine() -> Result<&'static Engine, String> {
    static ENGINE: OnceLock<Result<Engine, String>> = OnceLock::new();
    let made = ENGINE.get_or_init(|| {
        // An engine of JavaScript takes seconds to compile, and every scenario loads one.
        let cache = place("SIPLET_TEST_CODE", "../target/test-code");
        let config = EngineConfig { instances: 50, code_cache: Some(cache), ..EngineConfig::dev() };
        Engine::new(config).map_err(|why| why.to_string())
    });
    made.as_ref().map_err(Clone::clone)
}

/// A sample servlet by its name.
pub(super) fn sample(name: &str, parameters: Vec<(String, String)>, ring: Ring) -> Result<Sample, String> {
    let (folder, fresh) = match ring {
        Ring::JsReused | Ring::JsFresh => (folder_in_javascript(), ring == Ring::JsFresh),
        Ring::Native | Ring::WasmReused | Ring::WasmFresh => (folder(), ring == Ring::WasmFresh),
    };
    let path = folder.join(format!("{name}.wasm"));
    let bytes = std::fs::read(&path).map_err(|why| format!("{}: {why}", path.display()))?;
    let parameters: serde_json::Map<_, _> =
        parameters.into_iter().map(|(name, value)| (name, json!(value))).collect();
    let overrides = json!({ "init-parameters": parameters });
    let engine = engine()?;
    // One at a time: whoever comes second finds the code in the cache instead of compiling the same file beside.
    static LOADING: Mutex<()> = Mutex::new(());
    let loading = LOADING.lock().unwrap_or_else(PoisonError::into_inner);
    let servlet = Servlet::load(&bytes, name, engine, Some(&overrides)).map_err(|why| why.to_string())?;
    drop(loading);
    let application = servlet.application().clone();
    let mode = if fresh { InstanceMode::Fresh } else { InstanceMode::Reused };
    Ok(Sample {
        guest: Box::new(Wasm::new(servlet, mode)),
        descriptor: application.descriptor,
        handlers: application.handlers,
        id: Some(application.id),
    })
}
