//! `cargo xtask package`: a Debian package of the release binary, with service, settings, man pages and completions.
//!
//! The files lie in `packaging`; what the binary says of itself (man pages, completions, schemas) is asked from it. The
//! package is put together by dpkg-deb alone.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::child;
use crate::progress::Phase;
use crate::project::Project;

/// Options of `cargo xtask package`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// A binary that is there already, instead of a release build
    #[arg(long, value_name = "FILE")]
    binary: Option<PathBuf>,
}

/// Runs the command.
///
/// # Errors
/// The binary does not compile, a file cannot be written, or there is no dpkg-deb.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => release(project)?,
    };
    let phase = Phase::begin("package", "putting together");
    let package = package(project, &binary)?;
    phase.done(&project.shown(&package));
    Ok(())
}

fn release(project: &Project) -> Result<PathBuf> {
    let phase = Phase::begin("release", "building (takes some minutes)");
    let mut command = child::cargo(project);
    command.args(["build", "--release", "--locked", "-p", "siplet"]);
    child::run_in(&phase, command)?;
    phase.done("built");
    Ok(project.target().join("release/siplet"))
}

/// The version of the workspace, which is also this crate's.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// Builds the package of that binary into `target/package`.
fn package(project: &Project, binary: &Path) -> Result<PathBuf> {
    let Some(dpkg) = child::find_program("dpkg-deb") else {
        bail!("a Debian package is made by dpkg-deb, and there is none here (Debian package dpkg)");
    };
    let architecture = said(Command::new("dpkg").arg("--print-architecture"))?;
    let folder = project.target().join("package");
    let stage = folder.join("stage");
    if stage.exists() {
        fs::remove_dir_all(&stage)?;
    }
    lay_out(project, binary, &stage)?;
    let control = format!(
        "Package: siplet\nVersion: {VERSION}\nArchitecture: {}\nMaintainer: the siplet authors\nSection: net\n\
         Priority: optional\nDepends: adduser, libc6, libgcc-s1\nInstalled-Size: {}\nDescription: SIP application server for \
         servlets in WebAssembly\n Serves SIP calls with applications that are SIP servlets compiled to WebAssembly, in the\n \
         programming model of SIP Servlet 1.1.\n",
        architecture.trim(),
        kilobytes(&stage)?
    );
    put(&stage.join("DEBIAN/control"), control.as_bytes(), 0o644)?;
    put(&stage.join("DEBIAN/conffiles"), b"/etc/siplet/siplet.toml\n", 0o644)?;
    let package = folder.join(format!("siplet_{VERSION}_{}.deb", architecture.trim()));
    said(Command::new(dpkg).args(["--root-owner-group", "--build"]).arg(&stage).arg(&package))?;
    Ok(package)
}

/// The files as they will lie on the machine.
fn lay_out(project: &Project, binary: &Path, stage: &Path) -> Result<()> {
    let from = |name: &str| fs::read(project.path(name)).with_context(|| format!("cannot read {name}"));
    let program = fs::read(binary).with_context(|| format!("cannot read {}", binary.display()))?;
    put(&stage.join("usr/bin/siplet"), &program, 0o755)?;
    put(&stage.join("etc/siplet/siplet.toml"), &from("packaging/siplet.toml")?, 0o644)?;
    put(&stage.join("lib/systemd/system/siplet.service"), &from("packaging/siplet.service")?, 0o644)?;
    for script in ["postinst", "prerm", "postrm"] {
        put(&stage.join("DEBIAN").join(script), &from(&format!("packaging/debian/{script}"))?, 0o755)?;
    }
    let documentation = stage.join("usr/share/doc/siplet");
    for (file, name) in [
        ("LICENSE", "copyright"),
        ("README.md", "README.md"),
        ("CHANGELOG.md", "CHANGELOG.md"),
        ("host/server/siplet.example.toml", "siplet.example.toml"),
        ("host/server/descriptor.example.toml", "servlet.example.toml"),
    ] {
        put(&documentation.join(name), &from(file)?, 0o644)?;
    }
    let asked = |arguments: &[&str]| said(Command::new(binary).args(arguments));
    for (arguments, path) in [
        (&["man"][..], "usr/share/man/man1/siplet.1"),
        (&["man", "serve"], "usr/share/man/man1/siplet-serve.1"),
        (&["completions", "bash"], "usr/share/bash-completion/completions/siplet"),
        (&["completions", "zsh"], "usr/share/zsh/vendor-completions/_siplet"),
        (&["completions", "fish"], "usr/share/fish/vendor_completions.d/siplet.fish"),
        (&["schema", "settings"], "usr/share/siplet/settings.schema.json"),
        (&["schema", "servlet"], "usr/share/siplet/servlet.schema.json"),
    ] {
        put(&stage.join(path), asked(arguments)?.as_bytes(), 0o644)?;
    }
    Ok(())
}

fn put(path: &Path, bytes: &[u8], mode: u32) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    Ok(())
}

/// Size of all files, rounded up.
fn kilobytes(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let data = entry.metadata()?;
        sum += if data.is_dir() { kilobytes(&entry.path())? } else { data.len().div_ceil(1024) };
    }
    Ok(sum)
}

/// What a program prints, or why it failed.
fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("cannot start `{}`", child::shown(command)))?;
    if !output.status.success() {
        bail!("`{}` failed: {}", child::shown(command), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A program that says what it was asked, in place of the binary.
    #[test]
    fn a_package_holds_program_service_settings_and_what_the_program_says_of_itself() {
        if child::find_program("dpkg-deb").is_none() {
            println!("skipped: there is no dpkg-deb here");
            return;
        }
        let here = Project::here();
        let binary = here.target().join("package-test/siplet");
        put(&binary, b"#!/bin/sh\necho \"said $*\"\n", 0o755).expect("the target folder takes it");
        let package = package(&here, &binary).expect("all files are there");
        let list = said(Command::new("dpkg-deb").arg("--contents").arg(&package)).expect("it is a package");
        for path in [
            "./usr/bin/siplet",
            "./etc/siplet/siplet.toml",
            "./lib/systemd/system/siplet.service",
            "./usr/share/man/man1/siplet.1",
            "./usr/share/bash-completion/completions/siplet",
            "./usr/share/siplet/settings.schema.json",
            "./usr/share/doc/siplet/copyright",
        ] {
            assert!(list.lines().any(|line| line.ends_with(path)), "{path} is missing in\n{list}");
        }
        let control =
            said(Command::new("dpkg-deb").arg("--field").arg(&package)).expect("it has a control file");
        assert!(control.contains(&format!("Version: {VERSION}")), "{control}");
        let stage = here.target().join("package/stage");
        let page =
            fs::read_to_string(stage.join("usr/share/man/man1/siplet-serve.1")).expect("it was laid out");
        assert_eq!(page, "said man serve\n");
    }
}
