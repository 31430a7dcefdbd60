//! Where things are: told by `cargo xtask e2e` through the environment, else in `target` of this checkout.

use std::path::{Path, PathBuf};

/// A file of this crate's folder, such as `sipp/cancel.xml`.
pub(crate) fn ours(below: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(below)
}

/// The binary `siplet`.
pub(crate) fn siplet() -> PathBuf {
    told("SIPLET_TEST_BIN", "debug/siplet")
}

/// The program `sipp`.
pub(crate) fn sipp() -> PathBuf {
    std::env::var_os("SIPLET_TEST_SIPP").map_or_else(|| "sipp".into(), PathBuf::from)
}

/// A sample servlet, as `cargo xtask guests` builds it.
pub(crate) fn sample(name: &str) -> PathBuf {
    told("SIPLET_TEST_SERVLETS", "servlets").join(format!("{name}.wasm"))
}

/// A sample servlet in JavaScript; it is there only where node is.
pub(crate) fn sample_in_javascript(name: &str) -> PathBuf {
    told("SIPLET_TEST_SERVLETS_JS", "servlets-js").join(format!("{name}.wasm"))
}

/// A guest of the tests.
pub(crate) fn guest(name: &str) -> PathBuf {
    told("SIPLET_TEST_GUESTS", "test-guests").join(format!("{name}.wasm"))
}

/// What lies beside a sample: its `NAME.toml`, empty for none.
pub(crate) fn sample_settings(name: &str) -> String {
    let file = ours("../sample-servlets").join(name).join(format!("{name}.toml"));
    std::fs::read_to_string(file).unwrap_or_default()
}

fn told(variable: &str, below_target: &str) -> PathBuf {
    std::env::var_os(variable).map_or_else(|| ours("../target").join(below_target), PathBuf::from)
}
