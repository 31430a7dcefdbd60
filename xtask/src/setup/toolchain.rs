//! The toolchain that compiles guests for `wasm32-unknown-unknown`.
//!
//! Three sources are tried in order, and each has to prove itself by compiling a small guest: the target as installed
//! for the active rustc, the target that rustup adds, and Debian's rustc for WebAssembly, which compiles the standard
//! library from source. The choice is kept with the version of rustc that it was made for.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::packages;
use crate::child::{self, find_program};
use crate::progress::{Phase, line};
use crate::project::Project;

/// The only target of guests: it has no WASI, so a guest cannot even name what it is not granted.
pub(crate) const TARGET: &str = "wasm32-unknown-unknown";

/// What Debian's way needs: a compiler and cargo that agree, the library's source, a linker.
const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// Set to `rustup` or `debian`, this leaves the other sources untried.
const CHOICE: &str = "SIPLET_GUEST_TOOLCHAIN";

/// A good download takes seconds, and one without a network may never end.
const RUSTUP_LIMIT: Duration = Duration::from_secs(180);

/// A toolchain that has compiled a guest on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Toolchain {
    /// The active rustc has the target's standard library.
    Installed,
    /// Debian's compiler, with the standard library compiled from its source and linked by this program.
    Debian { linker: PathBuf },
}

impl Toolchain {
    /// `cargo build` for guests, in the workspace folder given; the caller adds packages and output options.
    pub(crate) fn cargo_build(&self, project: &Project, workspace: &Path) -> Command {
        let mut command = match self {
            Self::Installed => child::cargo(project),
            Self::Debian { linker } => {
                let mut command = Command::new("/usr/bin/cargo");
                child::forget_own_build(&mut command);
                // rustup's wrappers set these for their own compiler, and this is another one.
                command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
                command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
                command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                command
            }
        };
        command.current_dir(workspace).args(["build", "--release", "--target", TARGET]);
        if matches!(self, Self::Debian { .. }) {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command.env("CARGO_TARGET_DIR", project.guest_target());
        command
    }

    /// What one types in a guest's folder to build it with this toolchain.
    pub(crate) fn command_line(&self) -> String {
        let plain = format!("cargo build --release --target {TARGET}");
        match self {
            Self::Installed => plain,
            Self::Debian { linker } => format!(
                "RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER={} \
                 /usr/bin/{plain} -Zbuild-std=std,panic_abort",
                linker.display()
            ),
        }
    }

    fn remembered_as(&self) -> String {
        match self {
            Self::Installed => "installed".to_owned(),
            Self::Debian { linker } => format!("debian {}", linker.display()),
        }
    }

    fn from_memory(text: &str) -> Option<Self> {
        match text.split_once(' ') {
            None if text == "installed" => Some(Self::Installed),
            Some(("debian", linker)) => Some(Self::Debian { linker: PathBuf::from(linker) }),
            None | Some(_) => None,
        }
    }

    /// True when nothing it needs has gone since it proved itself.
    fn is_still_there(&self, project: &Project) -> bool {
        match self {
            Self::Installed => target_folder(project).is_some_and(|folder| folder.is_dir()),
            Self::Debian { linker } => linker.is_file() && Path::new("/usr/bin/cargo").is_file(),
        }
    }
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
    let complete = || {
        let parts = ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/std/Cargo.toml"];
        parts.iter().all(|part| Path::new(part).is_file())
    };
    if !complete() || wasm_linker().is_none() {
        packages::install(phase, &DEBIAN_PACKAGES)?;
    }
    let linker = wasm_linker().context("no `wasm-ld` came with the packages")?;
    phase.now_doing("building the standard library for guests (once, about a minute)".to_owned());
    let toolchain = Toolchain::Debian { linker };
    probe(project, &toolchain)?;
    Ok(toolchain)
}

/// The newest `wasm-ld`: Debian's name has the version of LLVM at its end.
fn wasm_linker() -> Option<PathBuf> {
    let versioned = (14..40).rev().map(|version| format!("wasm-ld-{version}"));
    versioned.chain(["wasm-ld".to_owned()]).find_map(|name| find_program(&name))
}

/// Compiles a small guest that needs the standard library and the linker. Its profile is that of the samples, so that a
/// standard library compiled here serves them as well.
fn probe(project: &Project, toolchain: &Toolchain) -> Result<()> {
    if *toolchain == Toolchain::Installed && !target_folder(project).is_some_and(|folder| folder.is_dir()) {
        bail!("it has no standard library for {TARGET}");
    }
    let folder = project.memory().join("probe");
    fs::create_dir_all(folder.join("src"))?;
    let profile = fs::read_to_string(project.samples().join("Cargo.toml"))
        .ok()
        .and_then(|manifest| manifest.find("[profile.release]").map(|at| manifest[at..].to_owned()))
        .unwrap_or_else(|| "[profile.release]\npanic = \"abort\"\n".to_owned());
    fs::write(folder.join("Cargo.toml"), format!("{PROBE_MANIFEST}\n{profile}"))?;
    fs::write(folder.join("src/lib.rs"), PROBE_SOURCE)?;
    let mut command = toolchain.cargo_build(project, &folder);
    command.arg("--offline");
    let mut ended = child::run_within(command, Duration::from_secs(900))?;
    if !ended.succeeded() && matches!(toolchain, Toolchain::Debian { .. }) {
        // The standard library's own dependencies may have to be fetched the first time.
        ended = child::run_within(toolchain.cargo_build(project, &folder), Duration::from_secs(900))?;
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

fn target_folder(project: &Project) -> Option<PathBuf> {
    let mut command = rustc(project);
    command.args(["--print", "sysroot"]);
    let ended = child::run_within(command, Duration::from_secs(60)).ok()?;
    let sysroot = ended.stdout.trim();
    ended.succeeded().then(|| Path::new(sysroot).join("lib/rustlib").join(TARGET))
}

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
    fs::write(memory(project), format!("{key}\n{}\n", toolchain.remembered_as()))?;
    Ok(())
}

fn recall(project: &Project, key: &str) -> Option<Toolchain> {
    let text = fs::read_to_string(memory(project)).ok()?;
    let (for_key, toolchain) = text.split_once('\n')?;
    let toolchain = Toolchain::from_memory(toolchain.trim())?;
    (for_key == key && toolchain.is_still_there(project)).then_some(toolchain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remembered_toolchain_is_read_back_as_it_was() {
        for toolchain in
            [Toolchain::Installed, Toolchain::Debian { linker: PathBuf::from("/usr/bin/wasm-ld-22") }]
        {
            assert_eq!(Toolchain::from_memory(&toolchain.remembered_as()), Some(toolchain));
        }
        assert_eq!(Toolchain::from_memory("something else"), None);
    }
}
