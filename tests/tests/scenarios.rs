//! Rings 2 and 3: every file under `scenarios/` is a test. With `SIPLET_BLESS=1` the traces are renewed.

use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};
use siplet_tests::scenario::{self, Ring};

fn main() {
    let arguments = Arguments::from_args();
    let bless = std::env::var_os("SIPLET_BLESS").is_some();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let found = scenario::all(&folder).expect("the folder of the scenarios is there");
    let trials = found
        .into_iter()
        .map(|(name, path)| Trial::test(name, move || scenario::check(&path, Ring::Native, bless).map_err(Failed::from)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}
