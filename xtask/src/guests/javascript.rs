//! The sample servlets in JavaScript and TypeScript: `sample-servlets/js`, built by the SDK in `guest-sdk/js`.
//!
//! They need node and npm. Where those are missing the samples are left out with a sentence, their tests are counted as
//! skipped, and everything else goes on. Packages come by npm in the versions of the lock file; they are fetched once for
//! a lock file, and a sample is built once for its inputs.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::{inputs, name_of, put};
use crate::child;
use crate::progress::{Phase, line};
use crate::project::Project;

/// What the line of this command begins with.
const LABEL: &str = "js samples";
/// The oldest node that the build runs on.
const NODE_MAJOR_MIN: u32 = 20;
/// What a sample is made from beside its own folder.
const SHARED: [&str; 6] = [
    "guest-sdk/js/package.json",
    "guest-sdk/js/package-lock.json",
    "guest-sdk/js/bin",
    "guest-sdk/js/build",
    "guest-sdk/js/src",
    "wit",
];
/// The tool that builds a sample and runs its tests.
const TOOL: &str = "guest-sdk/js/bin/siplet-js.js";

/// Makes the samples be there and up to date, or says why they are not.
///
/// # Errors
/// node and npm are here, and a package cannot be had or a sample cannot be built.
pub(super) fn ready(project: &Project) -> Result<()> {
    let node = match node() {
        Ok(node) => node,
        Err(missing) => {
            line(LABEL, &format!("left out: {missing}"));
            return Ok(());
        }
    };
    packages(project)?;
    let folders = folders(project)?;
    let mut built = Vec::new();
    for folder in &folders {
        built.extend(build(project, folder, &node)?);
    }
    if built.is_empty() {
        let names: Vec<String> = folders.iter().filter_map(|folder| name_of(folder)).collect();
        line(LABEL, &names.join(", "));
    }
    Ok(())
}

/// Fetches the packages of the SDK where node is, for `cargo xtask setup`; else says what is missing.
///
/// # Errors
/// node and npm are here, and a package cannot be had.
pub(crate) fn set_up(project: &Project) -> Result<()> {
    match node() {
        Ok(version) => {
            packages(project)?;
            line(LABEL, &format!("built by node {version}"));
        }
        Err(missing) => line(LABEL, &format!("left out: {missing}")),
    }
    Ok(())
}

/// The commands that test the SDK and the samples, each with the folder that it tests; or why there are none.
///
/// # Errors
/// The packages cannot be had.
pub(crate) fn tests(project: &Project) -> Result<Result<Vec<(String, Command)>, String>> {
    if let Err(missing) = node() {
        return Ok(Err(missing));
    }
    packages(project)?;
    let sdk = project.path("guest-sdk/js");
    let mut own = Command::new("npm");
    own.args(["test", "--silent"]).current_dir(&sdk);
    let mut tests = vec![(project.shown(&sdk), own)];
    for folder in folders(project)? {
        let mut command = Command::new("node");
        command.arg(project.path(TOOL)).arg("test").arg(&folder).current_dir(project.root());
        tests.push((project.shown(&folder), command));
    }
    Ok(Ok(tests))
}

/// The version of node, when it and npm can be used; else what is missing.
fn node() -> Result<String, String> {
    let wanted = format!(
        "they need node {NODE_MAJOR_MIN} or later and npm (Debian: `apt install nodejs npm`), and a build here has no"
    );
    if std::env::var_os("SIPLET_WITHOUT_JS").is_some() {
        return Err("SIPLET_WITHOUT_JS is set".to_owned());
    }
    if child::find_program("npm").is_none() {
        return Err(format!("{wanted} npm"));
    }
    let mut command = Command::new("node");
    command.arg("--version");
    let version = match child::run_within(command, Duration::from_secs(20)) {
        Ok(ended) if ended.succeeded() => ended.stdout.trim().to_owned(),
        Ok(_) | Err(_) => return Err(format!("{wanted} node")),
    };
    let major = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < NODE_MAJOR_MIN) {
        return Err(format!("{wanted} such node: it is {version}"));
    }
    Ok(version)
}

/// The packages of the SDK as its lock file names them, once for each lock file.
fn packages(project: &Project) -> Result<()> {
    let sdk = project.path("guest-sdk/js");
    let wanted =
        inputs::of(project, &[sdk.join("package.json"), sdk.join("package-lock.json")], "npm install")?;
    let memory = project.memory().join("js-packages");
    if sdk.join("node_modules").is_dir() && recalled(&memory) == wanted {
        return Ok(());
    }
    let phase = Phase::begin("npm", "fetching the packages of guest-sdk/js");
    let mut command = Command::new("npm");
    // Not `npm ci`: it wants an entry in the lock file for every optional package of every platform, and the lock file
    // has those that could be had. What is installed is what the lock file names all the same, and it stays as it is.
    command.args(["install", "--no-save", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(&sdk);
    if let Err(problem) = child::run_in(&phase, command) {
        bail!("{problem:#}\n\nWithout the JavaScript samples: SIPLET_WITHOUT_JS=1 cargo xtask ...");
    }
    phase.done("packages of guest-sdk/js fetched");
    remember(&memory, &wanted)
}

/// The folders that hold a sample, sorted.
fn folders(project: &Project) -> Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(project.samples().join("js"))? {
        let path = entry?.path();
        if path.join("package.json").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// Builds one sample when its inputs are not those of the last time; its name when it was built.
fn build(project: &Project, folder: &Path, node: &str) -> Result<Option<String>> {
    let Some(name) = name_of(folder) else { return Ok(None) };
    let mut made_from: Vec<PathBuf> = SHARED.iter().map(|shared| project.path(shared)).collect();
    made_from.push(folder.to_path_buf());
    let wanted = inputs::of(project, &made_from, node)?;
    let memory = project.memory().join(format!("js-{name}"));
    let destination = project.servlets_in_javascript();
    let file = destination.join(format!("{name}.wasm"));
    if file.is_file() && recalled(&memory) == wanted {
        return Ok(None);
    }
    fs::create_dir_all(&destination)?;
    let toml = format!("{name}.toml");
    if folder.join(&toml).is_file() {
        put(&folder.join(&toml), &destination.join(&toml))?;
    }
    let phase = Phase::begin(LABEL, &format!("building {name}"));
    let mut command = Command::new("node");
    command.arg(project.path(TOOL)).arg("build").arg(folder).arg("--out").arg(&destination);
    child::run_in(&phase, command)?;
    phase.done(&format!("{name} built"));
    remember(&memory, &wanted)?;
    Ok(Some(name))
}

fn recalled(memory: &Path) -> String {
    fs::read_to_string(memory).unwrap_or_default()
}

fn remember(memory: &Path, hash: &str) -> Result<()> {
    if let Some(folder) = memory.parent() {
        fs::create_dir_all(folder)?;
    }
    Ok(fs::write(memory, hash)?)
}

/// Forgets what was built, so that everything is built again.
pub(super) fn forget(project: &Project) {
    for folder in folders(project).unwrap_or_default() {
        if let Some(name) = name_of(&folder) {
            // A file that is not there is forgotten already.
            let _ = fs::remove_file(project.memory().join(format!("js-{name}")));
        }
    }
}
