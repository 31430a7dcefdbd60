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
            let run = move || scenario::check(&path, ring, bless).map_err(Failed::from);
            trials.push(Trial::test(format!("{name}{suffix}"), run));
        }
    }
    libtest_mimic::run(&arguments, trials).exit();
}

/// The rings that a scenario runs in: natively, and with the samples that it deploys as WebAssembly.
fn rings(path: &Path) -> Vec<(&'static str, Ring)> {
    let mut rings = vec![("", Ring::Native)];
    let deploys_sample = std::fs::read_to_string(path).is_ok_and(|text| text.contains(" as="));
    if deploys_sample && cfg!(feature = "wasm") {
        rings.push((" (wasm, reused)", Ring::WasmReused));
        rings.push((" (wasm, fresh)", Ring::WasmFresh));
    }
    rings
}
