//! `cargo xtask guests`: compiles the sample servlets and the tests' misbehaving guests to WebAssembly.
//!
//! Each workspace of crates is one [`Kind`]; every folder in it with a manifest is one guest, named for the folder. Those in
//! JavaScript are [`javascript`]'s business. A guest appears under its name by one rename, so a host that watches the
//! folder never sees half a file. Nothing is compiled when the inputs are the ones of the last time.

mod inputs;
pub(crate) mod javascript;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use siplet_build::{Toolchain, parse_message};

use crate::child;
use crate::progress::{Phase, line};
use crate::project::Project;
use crate::setup::toolchain;

/// Options of `cargo xtask guests`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Compile even when nothing has changed
    #[arg(long)]
    again: bool,
}

/// Runs the command.
///
/// # Errors
/// No guest toolchain, or a guest does not compile: then with the compiler's own words.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    if options.again {
        for kind in kinds(project) {
            // A file that is not there is forgotten already.
            let _ = fs::remove_file(kind.memory);
        }
        javascript::forget(project);
    }
    ready(project)
}

/// Makes all guests be there and up to date.
///
/// # Errors
/// As [`run`].
pub(crate) fn ready(project: &Project) -> Result<()> {
    let toolchain = toolchain::ready(project)?;
    kinds(project).iter().try_for_each(|kind| kind.build(project, &toolchain))?;
    javascript::ready(project)
}

/// Makes the samples be there and up to date, and not the guests that only tests need.
///
/// # Errors
/// As [`run`].
pub(crate) fn samples_ready(project: &Project) -> Result<()> {
    let toolchain = toolchain::ready(project)?;
    kinds(project).iter().take(1).try_for_each(|kind| kind.build(project, &toolchain))
}

/// Tells a test where the guests are. Without it a test looks into `target` of the checkout.
pub(crate) fn tell(project: &Project, command: &mut Command) {
    command
        .env("SIPLET_TEST_SERVLETS", project.servlets())
        .env("SIPLET_TEST_SERVLETS_JS", project.servlets_in_javascript())
        .env("SIPLET_TEST_GUESTS", project.test_guests());
}

/// A workspace of guests and where they go.
struct Kind {
    label: &'static str,
    workspace: PathBuf,
    destination: PathBuf,
    memory: PathBuf,
}

/// The samples first.
fn kinds(project: &Project) -> [Kind; 2] {
    [
        Kind {
            label: "samples",
            workspace: project.samples(),
            destination: project.servlets(),
            memory: project.memory().join("samples"),
        },
        Kind {
            label: "test guests",
            workspace: project.path("tests/guests"),
            destination: project.test_guests(),
            memory: project.memory().join("test-guests"),
        },
    ]
}

/// What is remembered of the last build: the hash of its inputs, and the guests it put out.
#[derive(Default, PartialEq, Eq)]
struct Memory {
    inputs: String,
    names: Vec<String>,
}

impl Kind {
    fn build(&self, project: &Project, toolchain: &Toolchain) -> Result<()> {
        let folders = guest_folders(&self.workspace)?;
        let names: Vec<String> = folders.iter().filter_map(|folder| name_of(folder)).collect();
        let before = self.recall();
        let mut inputs = inputs::hash(project, &self.workspace, &toolchain.command_line())?;
        let complete = names.iter().all(|name| self.file(name).is_file());
        if before == (Memory { inputs: inputs.clone(), names: names.clone() }) && complete {
            if !names.is_empty() {
                line(self.label, &names.join(", "));
            }
            return Ok(());
        }
        if !names.is_empty() {
            let phase = Phase::begin(self.label, &format!("compiling {}", names.join(", ")));
            self.compile(project, toolchain, &phase, &folders)?;
            phase.done(&format!("{} built", names.join(", ")));
            // The build may have written the lock file of the workspace, which is an input of the next one.
            inputs = inputs::hash(project, &self.workspace, &toolchain.command_line())?;
        }
        for gone in before.names.iter().filter(|name| !names.contains(name)) {
            // Only guests that this command made are taken away; a file that is gone already is as wished.
            let _ = fs::remove_file(self.file(gone));
            let _ = fs::remove_file(self.descriptor(gone));
        }
        self.remember(&Memory { inputs, names })
    }

    fn compile(
        &self,
        project: &Project,
        toolchain: &Toolchain,
        phase: &Phase,
        folders: &[PathBuf],
    ) -> Result<()> {
        let mut command = toolchain::cargo_build(toolchain, project, &self.workspace);
        command.args(["--workspace", "--lib", "--message-format", "json-render-diagnostics"]);
        let ended = child::run_in(phase, command)?;
        let made: Vec<_> = ended.stdout.lines().filter_map(parse_message).collect();
        fs::create_dir_all(&self.destination)?;
        for folder in folders {
            let Some(name) = name_of(folder) else { continue };
            let manifest = folder.join("Cargo.toml");
            let Some(wasm) = made.iter().find_map(|message| message.wasm_of(&manifest)) else {
                bail!(
                    "{} makes no .wasm: its Cargo.toml needs `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`",
                    project.shown(folder)
                );
            };
            self.put_descriptor(folder, &name)?;
            put(wasm, &self.file(&name))?;
        }
        Ok(())
    }

    /// Puts `NAME.toml` beside `NAME.wasm`, and before it: the host reads both when it sees the `.wasm`.
    fn put_descriptor(&self, folder: &Path, name: &str) -> Result<()> {
        let (from, to) = (folder.join(format!("{name}.toml")), self.descriptor(name));
        if from.is_file() {
            return put(&from, &to);
        }
        // Most guests have none; one that had one before has it no longer.
        let _ = fs::remove_file(to);
        Ok(())
    }

    fn file(&self, name: &str) -> PathBuf {
        self.destination.join(format!("{name}.wasm"))
    }

    fn descriptor(&self, name: &str) -> PathBuf {
        self.destination.join(format!("{name}.toml"))
    }

    fn recall(&self) -> Memory {
        let text = fs::read_to_string(&self.memory).unwrap_or_default();
        let mut lines = text.lines().map(str::to_owned);
        Memory { inputs: lines.next().unwrap_or_default(), names: lines.collect() }
    }

    fn remember(&self, memory: &Memory) -> Result<()> {
        if let Some(folder) = self.memory.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(&self.memory, format!("{}\n{}\n", memory.inputs, memory.names.join("\n")))?;
        Ok(())
    }
}

/// The folders of a workspace that hold a guest, sorted.
fn guest_folders(workspace: &Path) -> Result<Vec<PathBuf>> {
    if !workspace.is_dir() {
        return Ok(Vec::new());
    }
    let mut folders = Vec::new();
    for entry in fs::read_dir(workspace)? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            folders.push(path);
        }
    }
    folders.sort();
    Ok(folders)
}

/// A guest is named for its folder.
fn name_of(folder: &Path) -> Option<String> {
    folder.file_name().and_then(|name| name.to_str()).map(str::to_owned)
}

/// Copies a file so that whoever watches the destination sees it whole or not at all.
fn put(from: &Path, to: &Path) -> Result<()> {
    siplet_build::put(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))
}
