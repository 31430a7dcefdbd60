//! Rings 2 and 3: every file under `scenarios/` is a test. With `SIPLET_BLESS=1` the traces are renewed.

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use siplet_tests::scenario::{self, Ring};

fn main() {
    let arguments = Arguments::from_args();
    let bless = std::env::var_os("SIPLET_BLESS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let found = scenario::all(&folder).expect("the folder of the scenarios is there");
    let mut trials = Vec::new();
    for (name, path) in found {
        for (suffix, ring) in rings(&path) {
            // The native ring writes the traces; the others are held to them.
            let bless = bless && ring == Ring::Native;
            let path = path.clone();
            let missing = matches!(ring, Ring::JsReused | Ring::JsFresh) && !is_built(&path);
            let run = move || scenario::check(&path, ring, bless).map_err(Failed::from);
            trials.push(Trial::test(format!("{name}{suffix}"), run).with_ignored_flag(missing));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The rings that a scenario runs in: natively, and with the samples that it deploys as WebAssembly.
fn rings(path: &Path) -> Vec<(&'static str, Ring)> {
    let mut rings = vec![("", Ring::Native)];
    let samples = samples(path);
    if !samples.is_empty() && cfg!(feature = "wasm") {
        rings.push((" (wasm, reused)", Ring::WasmReused));
        rings.push((" (wasm, fresh)", Ring::WasmFresh));
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../sample-servlets/js");
        if samples.iter().all(|name| folder.join(name).is_dir()) {
            rings.push((" (js, reused)", Ring::JsReused));
            rings.push((" (js, fresh)", Ring::JsFresh));
        }
    }
    rings
}

/// The samples that a scenario deploys.
fn samples(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let words = text.split_whitespace().filter_map(|word| word.strip_prefix("as="));
    words.map(str::to_owned).collect()
}

/// Whether the samples in JavaScript are there: without node they are not built, and their trials are left out.
#[cfg(feature = "wasm")]
fn is_built(path: &Path) -> bool {
    let folder = siplet_tests::guest::wasm::folder_in_javascript();
    samples(path).iter().all(|name| folder.join(format!("{name}.wasm")).is_file())
}

#[cfg(not(feature = "wasm"))]
const fn is_built(_: &Path) -> bool {
    false
}
