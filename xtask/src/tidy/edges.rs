//! Which crate may know which: arrows only downwards, and no I/O crate under the pure ones.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::child;
use crate::project::Project;

/// Each crate of ours and those of ours that it may depend on. A new crate is a new line.
const EDGES: [(&str, &[&str]); 16] = [
    ("siplet-sip", &[]),
    ("siplet-container", &["siplet-sip"]),
    ("siplet-store", &[]),
    ("siplet-wasm", &["siplet-container", "siplet-sip"]),
    ("siplet-build", &[]),
    ("siplet-ladder", &["siplet-container", "siplet-sip"]),
    (
        "siplet-testhost",
        &[
            "siplet-wasm",
            "siplet-container",
            "siplet-store",
            "siplet-sip",
            "siplet-ladder",
            "siplet-test-protocol",
        ],
    ),
    (
        "siplet",
        // The test kit only for the tests of `siplet test-host`.
        &[
            "siplet-testhost",
            "siplet-test-protocol",
            "siplet-testkit",
            "siplet-build",
            "siplet-ladder",
            "siplet-wasm",
            "siplet-container",
            "siplet-store",
            "siplet-sip",
        ],
    ),
    ("siplet-sdk", &["siplet-sip", "siplet-sdk-macros"]),
    ("siplet-sdk-macros", &[]),
    ("siplet-test-protocol", &[]),
    ("siplet-testkit", &["siplet-test-protocol", "siplet-build", "siplet-sdk", "siplet-sip"]),
    ("siplet-fuzz-bodies", &["siplet-container", "siplet-sip"]),
    ("siplet-tests", ANYTHING),
    ("siplet-book", &["siplet-sdk", "siplet-testkit"]),
    ("xtask", &["siplet-build"]),
];

/// Stands for every crate of ours.
const ANYTHING: &[&str] = &["*"];

/// The crates that do no I/O and take no chance, so nothing that does may stand in their manifests.
const PURE: [&str; 3] = ["siplet-sip", "siplet-container", "siplet-ladder"];

/// Crates that bring I/O, clocks, threads, locks or chance.
const IMPURE: [&str; 13] = [
    "async-std",
    "crossbeam",
    "getrandom",
    "log",
    "mio",
    "once_cell",
    "parking_lot",
    "rand",
    "rayon",
    "smol",
    "socket2",
    "tokio",
    "tracing",
];

/// Compares the manifests with the lists above.
///
/// # Errors
/// cargo cannot read the manifests.
pub(super) fn check(project: &Project) -> Result<Vec<String>> {
    let mut command = child::cargo(project);
    command.args(["metadata", "--no-deps", "--format-version", "1"]);
    let ended = child::run_within(command, Duration::from_secs(60))?;
    if !ended.succeeded() {
        bail!("cargo cannot read the manifests:\n{}", ended.tail(10));
    }
    problems(&serde_json::from_str(&ended.stdout).context("cargo metadata gave no JSON")?)
}

fn problems(metadata: &Value) -> Result<Vec<String>> {
    let packages = metadata["packages"].as_array().context("cargo metadata lists no packages")?;
    let ours: Vec<&str> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
    let mut problems = Vec::new();
    for package in packages {
        let name = package["name"].as_str().context("a package without a name")?;
        let Some((_, allowed)) = EDGES.iter().find(|(crate_name, _)| *crate_name == name) else {
            problems.push(format!(
                "crate {name} has no line in xtask/src/tidy/edges.rs: say what it may depend on"
            ));
            continue;
        };
        let dependencies = package["dependencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        for dependency in dependencies {
            let other = dependency["name"].as_str().unwrap_or_default();
            let may = *allowed == ANYTHING || allowed.contains(&other);
            if ours.contains(&other) && !may {
                problems.push(format!(
                    "{name} may not depend on {other}: arrows point only downwards (ARCHITECTURE.md)"
                ));
            }
            // A test or bench of a pure crate may measure time with whatever it likes.
            let normal = dependency["kind"].is_null();
            if PURE.contains(&name) && normal && IMPURE.contains(&other) {
                problems
                    .push(format!("{name} may not depend on {other}: it does no I/O and takes no chance"));
            }
        }
    }
    Ok(problems)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_arrow_upwards_an_unknown_crate_and_an_impure_dependency_are_found() {
        let metadata = json!({ "packages": [
            { "name": "siplet-sip", "dependencies": [
                { "name": "siplet-container", "kind": null },
                { "name": "tokio", "kind": null },
                { "name": "tokio", "kind": "dev" },
                { "name": "bytes", "kind": null },
            ]},
            { "name": "siplet-container", "dependencies": [{ "name": "siplet-sip", "kind": null }] },
            { "name": "siplet-tests", "dependencies": [{ "name": "siplet-container", "kind": null }] },
            { "name": "siplet-new", "dependencies": [] },
        ]});
        let problems = problems(&metadata).expect("the metadata is well formed");
        assert_eq!(problems.len(), 3, "{problems:?}");
        assert!(problems[0].starts_with("siplet-sip may not depend on siplet-container"));
        assert!(problems[1].starts_with("siplet-sip may not depend on tokio"));
        assert!(problems[2].starts_with("crate siplet-new has no line"));
    }
}
