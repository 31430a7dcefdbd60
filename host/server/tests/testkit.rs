//! The test kit against servlets that have exactly one fault each: it must find them, and say what a person can act on.
//!
//! These run the real kit over the real `siplet test-host`. The guests are those of `tests/guests`; where they are not built
//! (`cargo xtask guests`), the tests say so and pass.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "testkit/catches.rs"]
mod catches;
#[path = "testkit/passes.rs"]
mod passes;
#[path = "testkit/restarts.rs"]
mod restarts;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use siplet_testkit::{Servlet, World};

/// A guest as `cargo xtask guests` built it; none where it did not.
fn guest(name: &str) -> Option<Servlet> {
    siplet_testkit::use_siplet(env!("CARGO_BIN_EXE_siplet"));
    let folder = std::env::var_os("SIPLET_TEST_GUESTS").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../target/test-guests"),
        PathBuf::from,
    );
    let path = folder.join(format!("{name}.wasm"));
    if !path.is_file() {
        assert!(std::env::var_os("SIPLET_TEST_GUESTS").is_none(), "{} is missing", path.display());
        eprintln!("skipped: there is no {}; `cargo xtask guests` builds it", path.display());
        return None;
    }
    Some(Servlet::file(path))
}

/// What a test that fails says: the text of its panic. `test` is given a world with the guest `faults`.
fn failure(test: impl FnOnce(World)) -> Option<String> {
    let servlet = guest("faults")?;
    let failed = catch_unwind(AssertUnwindSafe(|| test(World::with(servlet))));
    Some(text_of(failed.expect_err("the test should fail").as_ref()))
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_default()
}

/// The text has all of these in it, in this order.
#[track_caller]
fn assert_says(text: &str, parts: &[&str]) {
    let mut rest = text;
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => panic!("{part:?} is not said, or not in its place:\n{text}"),
        }
    }
}
