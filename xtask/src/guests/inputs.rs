//! What a guest is made from, as one hash: its sources, the SDK, the WIT, the header types, the toolchain.

use std::fs;
use std::hash::Hasher;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use siphasher::sip128::{Hasher128, SipHasher24};

use crate::project::Project;

/// What every guest shares, below the root of the checkout.
const SHARED: [&str; 7] = [
    "Cargo.toml",
    "Cargo.lock",
    "guest-sdk/sdk",
    "guest-sdk/macros",
    "wit",
    "host/sip/src",
    "host/sip/Cargo.toml",
];

/// Folders that are made and not written.
const MADE: [&str; 3] = ["target", ".git", "node_modules"];

/// The hash of all inputs of a workspace of guests, for a toolchain named by `toolchain`.
///
/// # Errors
/// A file cannot be read.
pub(super) fn hash(project: &Project, workspace: &Path, toolchain: &str) -> Result<String> {
    let mut made_from: Vec<PathBuf> = SHARED.iter().map(|shared| project.path(shared)).collect();
    made_from.push(workspace.to_path_buf());
    of(project, &made_from, toolchain)
}

/// The hash of all files in and below these paths, for a toolchain named by `toolchain`. What is not there counts as
/// nothing.
///
/// # Errors
/// A file cannot be read.
pub(super) fn of(project: &Project, made_from: &[PathBuf], toolchain: &str) -> Result<String> {
    let mut files = Vec::new();
    for path in made_from {
        collect(path, &mut files)?;
    }
    files.sort();
    let mut hasher = SipHasher24::new();
    hasher.write(toolchain.as_bytes());
    for file in files {
        let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
        hasher.write(project.shown(&file).as_bytes());
        hasher.write_usize(bytes.len());
        hasher.write(&bytes);
    }
    let hash = hasher.finish128();
    Ok(format!("{:016x}{:016x}", hash.h1, hash.h2))
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_path_buf());
        return Ok(());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("cannot read {}", path.display()))? {
        let entry = entry?;
        let made = entry.file_name().to_str().is_some_and(|name| MADE.contains(&name));
        if !made {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_changes_with_a_source_and_with_the_toolchain_and_not_with_what_was_made() {
        let root = std::env::temp_dir().join(format!("siplet-xtask-inputs-{}", std::process::id()));
        let samples = root.join("sample-servlets");
        fs::create_dir_all(samples.join("answer/src")).expect("the temporary folder can be written");
        fs::create_dir_all(samples.join("target")).expect("the temporary folder can be written");
        let write =
            |path: &str, text: &str| fs::write(root.join(path), text).expect("the folder can be written");
        write("sample-servlets/answer/src/lib.rs", "one");
        let project = Project::at(&root);
        let of = |toolchain: &str| hash(&project, &samples, toolchain).expect("all files can be read");

        let first = of("rustc 1");
        assert_eq!(of("rustc 1"), first);
        assert_ne!(of("rustc 2"), first);
        write("sample-servlets/target/answer.wasm", "made");
        assert_eq!(of("rustc 1"), first);
        write("sample-servlets/answer/src/lib.rs", "two");
        assert_ne!(of("rustc 1"), first);
        fs::remove_dir_all(&root).expect("the folder is ours");
    }
}
