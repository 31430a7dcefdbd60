//! Embeds the templates of `siplet new`: every sample servlet of the checkout, and `templates` beside this file.
//!
//! A template is a folder with a manifest. Its files go into the binary as they stand; `src/new` makes a crate of them. A
//! new sample is a template without a line here.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Folders whose folders are templates, below this crate.
const ROOTS: [&str; 2] = ["../../sample-servlets", "templates"];
/// Folders that are made and not written.
const MADE: [&str; 2] = ["target", "node_modules"];

fn main() -> io::Result<()> {
    let here = PathBuf::from(env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?);
    let mut table = "pub(super) static TEMPLATES: &[Template] = &[\n".to_owned();
    for root in ROOTS {
        for folder in templates(&here.join(root))? {
            // Not the root itself: the samples' target folder lies in it, and it changes with every build.
            println!("cargo::rerun-if-changed={}", folder.display());
            let name = name_of(&folder);
            let _ = writeln!(table, "Template {{ name: {name:?}, files: &[");
            let mut files = Vec::new();
            collect(&folder, &mut files)?;
            for file in files {
                let below = file.strip_prefix(&folder).map_err(io::Error::other)?;
                let _ = writeln!(table, "({:?}, include_str!({file:?})),", below.display().to_string());
            }
            table.push_str("] },\n");
        }
    }
    table.push_str("];\n");
    // cargo writes a new sample into the lock file of the samples, so this also tells of a new folder.
    for (constant, file) in
        [("WORKSPACE", "Cargo.toml"), ("LOCK", "Cargo.lock"), ("RUSTFMT", "../rustfmt.toml")]
    {
        let path = here.join(ROOTS[0]).join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        let _ = writeln!(table, "pub(super) const {constant}: &str = include_str!({path:?});");
    }
    println!("cargo::rerun-if-changed=templates");
    println!("cargo::rerun-if-changed=build.rs");
    let out = PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?);
    fs::write(out.join("templates.rs"), table)
}

fn templates(root: &Path) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(root)? {
        let path = entry?.path();
        if path.join("Cargo.toml").is_file() {
            folders.push(path.canonicalize()?);
        }
    }
    folders.sort();
    Ok(folders)
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    let mut entries = fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let path = entry.path();
        let name = name_of(&path);
        if name.starts_with('.') || MADE.contains(&name.as_str()) || name == "Cargo.lock" {
            continue;
        }
        if path.is_dir() {
            collect(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}
