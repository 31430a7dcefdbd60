//! The toolchain that compiles guests for `wasm32-unknown-unknown`.
//!
//! `siplet_build` knows which there are; here they are installed and proved. Three sources are tried in order, and each
//! has to compile a small guest: the target as installed for the active rustc, the target that rustup adds, and Debian's
//! rustc for WebAssembly, which compiles the standard library from source. The choice is kept with the version of rustc
//! that it was made for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use siplet_build::{CHOICE, DEBIAN_PACKAGES, TARGET, Toolchain, find_program};

use super::packages;
use crate::child;
use crate::progress::{Phase, line};
use crate::project::Project;

/// A good download takes seconds, and one without a network may never end.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// `cargo build --release` for guests, in the workspace folder given; the caller adds packages and output options.
pub(crate) fn cargo_build(toolchain: &Toolchain, project: &Project, workspace: &Path) -> Command {
    let mut command = toolchain.cargo_build(workspace);
    command.arg("--release").env("CARGO_TARGET_DIR", project.guest_target());
    command
}

/// The toolchain for guests: remembered, found or installed.
///
/// # Errors
/// None of the sources gives one that compiles a guest; the message says what to install.
pub(crate) fn ready(project: &Project) -> Result<Toolchain> {
    let key = key(project)?;
    if let Some(toolchain) = recall(project, &key) {
        line("guest target", &format!("{TARGET} found"));
        return Ok(toolchain);
    }
    let phase = Phase::begin("guest target", "looking for a toolchain that compiles guests");
    let choice = std::env::var(CHOICE).unwrap_or_default();
    let mut tried = Vec::new();
    let (toolchain, became) = find(project, &phase, &choice, &mut tried).with_context(|| {
        format!(
            "no toolchain compiles guests for {TARGET} here:\n  {}\nInstall the target with `rustup target add {TARGET}`, \
             or on Debian `apt-get install {}`, then run `cargo xtask setup` again.",
            tried.join("\n  "),
            DEBIAN_PACKAGES.join(" ")
        )
    })?;
    remember(project, &key, &toolchain)?;
    phase.done(became);
    Ok(toolchain)
}

/// Forgets the choice, so that the next [`ready`] looks again.
pub(crate) fn forget(project: &Project) {
    // A file that is not there is forgotten already.
    let _ = fs::remove_file(memory(project));
}

fn find(
    project: &Project,
    phase: &Phase,
    choice: &str,
    tried: &mut Vec<String>,
) -> Option<(Toolchain, &'static str)> {
    let mut prove = |toolchain: Toolchain, name: &str| match probe(project, &toolchain) {
        Ok(()) => Some(toolchain),
        Err(problem) => {
            tried.push(format!("{name}: {problem:#}"));
            None
        }
    };
    if choice != "debian" {
        phase.now_doing("trying the installed toolchain".to_owned());
        if let Some(toolchain) = prove(Toolchain::Installed, "the installed toolchain") {
            return Some((toolchain, "wasm32-unknown-unknown found"));
        }
        phase.now_doing(format!("rustup target add {TARGET}"));
        match add_by_rustup(project).and_then(|()| probe(project, &Toolchain::Installed)) {
            Ok(()) => return Some((Toolchain::Installed, "wasm32-unknown-unknown added by rustup")),
            Err(problem) => tried.push(format!("rustup: {problem:#}")),
        }
    }
    if choice == "rustup" {
        return None;
    }
    match debian(project, phase) {
        Ok(toolchain) => {
            Some((toolchain, "wasm32-unknown-unknown by Debian's rustc, standard library built"))
        }
        Err(problem) => {
            tried.push(format!("Debian packages: {problem:#}"));
            None
        }
    }
}

fn add_by_rustup(project: &Project) -> Result<()> {
    let rustup = find_program("rustup").context("rustup is not installed")?;
    let mut command = Command::new(rustup);
    command.current_dir(project.root()).args(["target", "add", TARGET]);
    let ended = child::run_within(command, RUSTUP_LIMIT)?;
    if ended.status.is_none() {
        bail!("the download did not end within {} s", RUSTUP_LIMIT.as_secs());
    }
    if !ended.succeeded() {
        let text = ended.tail(20);
        let named = text.lines().find(|line| line.starts_with("error"));
        bail!("{}", named.unwrap_or("`rustup target add` failed"));
    }
    Ok(())
}

fn debian(project: &Project, phase: &Phase) -> Result<Toolchain> {
    if Toolchain::debian().is_none() {
        packages::install(phase, &DEBIAN_PACKAGES)?;
    }
    let toolchain = Toolchain::debian().context("no `wasm-ld` came with the packages")?;
    phase.now_doing("building the standard library for guests (once, about a minute)".to_owned());
    probe(project, &toolchain)?;
    Ok(toolchain)
}

/// Compiles a small guest that needs the standard library and the linker. Its profile is that of the samples, so that a
/// standard library compiled here serves them as well.
fn probe(project: &Project, toolchain: &Toolchain) -> Result<()> {
    if !toolchain.is_still_there(project.root()) {
        bail!("it lacks what it needs for {TARGET}");
    }
    let folder = project.memory().join("probe");
    fs::create_dir_all(folder.join("src"))?;
    let profile = fs::read_to_string(project.samples().join("Cargo.toml"))
        .ok()
        .and_then(|manifest| manifest.find("[profile.release]").map(|at| manifest[at..].to_owned()))
        .unwrap_or_else(|| "[profile.release]\npanic = \"abort\"\n".to_owned());
    fs::write(folder.join("Cargo.toml"), format!("{PROBE_MANIFEST}\n{profile}"))?;
    fs::write(folder.join("src/lib.rs"), PROBE_SOURCE)?;
    let mut command = cargo_build(toolchain, project, &folder);
    command.arg("--offline");
    let mut ended = child::run_within(command, Duration::from_secs(900))?;
    if !ended.succeeded() && matches!(toolchain, Toolchain::Debian { .. }) {
        // The standard library's own dependencies may have to be fetched the first time.
        ended = child::run_within(cargo_build(toolchain, project, &folder), Duration::from_secs(900))?;
    }
    if !ended.succeeded() {
        let text = ended.tail(40);
        let named = text.lines().find(|line| line.starts_with("error"));
        bail!("{}", named.unwrap_or("it does not compile a small guest"));
    }
    Ok(())
}

const PROBE_MANIFEST: &str = r#"[package]
name = "siplet-probe"
version = "0.0.0"
edition = "2024"

[lib]
crate-type = ["cdylib"]

[workspace]
"#;

const PROBE_SOURCE: &str = r#"//! Proves that a toolchain has a standard library and a linker for guests.

/// Uses the allocator and the formatter.
#[unsafe(no_mangle)]
pub extern "C" fn probe(number: u32) -> usize {
    format!("{number}").len()
}
"#;

/// Everything that the choice depends on: the active rustc, the wish of the user.
fn key(project: &Project) -> Result<String> {
    let mut command = rustc(project);
    command.arg("-vV");
    let ended = child::run_within(command, Duration::from_secs(60))?;
    if !ended.succeeded() {
        bail!("`rustc -vV` fails, so there is no Rust toolchain to start from; install one with rustup");
    }
    let version = ended.stdout.lines().find(|line| line.starts_with("commit-hash")).unwrap_or("unknown");
    let choice = std::env::var(CHOICE).unwrap_or_default();
    Ok(format!("{version} {choice}").trim().to_owned())
}

fn rustc(project: &Project) -> Command {
    let mut command = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
    command.current_dir(project.root());
    command
}

fn memory(project: &Project) -> PathBuf {
    project.memory().join("guest-toolchain")
}

fn remember(project: &Project, key: &str, toolchain: &Toolchain) -> Result<()> {
    fs::create_dir_all(project.memory())?;
    fs::write(memory(project), format!("{key}\n{}\n", remembered_as(toolchain)))?;
    Ok(())
}

fn recall(project: &Project, key: &str) -> Option<Toolchain> {
    let text = fs::read_to_string(memory(project)).ok()?;
    let (for_key, toolchain) = text.split_once('\n')?;
    let toolchain = from_memory(toolchain.trim())?;
    (for_key == key && toolchain.is_still_there(project.root())).then_some(toolchain)
}

fn remembered_as(toolchain: &Toolchain) -> String {
    match toolchain {
        Toolchain::Installed => "installed".to_owned(),
        Toolchain::Debian { linker } => format!("debian {}", linker.display()),
    }
}

fn from_memory(text: &str) -> Option<Toolchain> {
    match text.split_once(' ') {
        None if text == "installed" => Some(Toolchain::Installed),
        Some(("debian", linker)) => Some(Toolchain::Debian { linker: PathBuf::from(linker) }),
        None | Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_toolchain_is_read_back_as_it_was() {
        for toolchain in
            [Toolchain::Installed, Toolchain::Debian { linker: PathBuf::from("/usr/bin/wasm-ld-22") }]
        {
            assert_eq!(from_memory(&remembered_as(&toolchain)), Some(toolchain));
        }
        assert_eq!(from_memory("something else"), None);
    }
}
