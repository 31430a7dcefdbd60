//! Every Rust source stands as rustfmt writes it.

use std::process::Stdio;

use anyhow::Result;

use crate::child;
use crate::project::Project;

/// The manifests of the workspaces that `cargo fmt --all` has to be asked for one by one.
const WORKSPACES: [&str; 4] =
    ["Cargo.toml", "sample-servlets/Cargo.toml", "tests/guests/Cargo.toml", "tests/fuzz/Cargo.toml"];

/// The files that `cargo fmt` would change. A toolchain without rustfmt checks nothing and says so.
///
/// # Errors
/// cargo cannot be started.
pub(super) fn check(project: &Project) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for manifest in WORKSPACES {
        let mut command = child::cargo(project);
        command.args(["fmt", "--all", "--check", "--manifest-path"]).arg(project.path(manifest));
        let output = command.args(["--", "-l"]).stdin(Stdio::null()).output()?;
        if output.status.success() {
            continue;
        }
        let root = format!("{}/", project.root().display());
        let listed = String::from_utf8_lossy(&output.stdout);
        let files: Vec<_> = listed.lines().map(str::trim).filter(|line| line.ends_with(".rs")).collect();
        if files.is_empty() {
            let why = String::from_utf8_lossy(&output.stderr);
            if why.contains("rustup component add rustfmt") || why.contains("no such command: `fmt`") {
                println!("tidy: the format is not checked, because rustfmt is not installed");
                return Ok(Vec::new());
            }
            problems.push(format!("{manifest}: cargo fmt fails: {}", why.trim()));
        }
        problems.extend(files.iter().map(|file| {
            format!("{}: not as rustfmt writes it; run `cargo fmt --all`", file.trim_start_matches(&root))
        }));
    }
    problems.sort();
    problems.dedup();
    Ok(problems)
}
