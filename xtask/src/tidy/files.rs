//! The written files of the checkout, with their paths relative to its root.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::project::Project;

/// A text file.
#[derive(Debug, Clone)]
pub(crate) struct File {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl File {
    /// True for a Rust source.
    pub(crate) fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }
}

/// Folders that hold what is made or found, not written.
const SKIPPED: [&str; 6] = ["target", ".git", "corpus", "artifacts", "torture", "node_modules"];

/// Endings of the files that the checks read.
const ENDINGS: [&str; 7] = [".rs", ".toml", ".md", ".wit", ".sip", ".xml", ".tsv"];

/// All written files, sorted by path.
///
/// # Errors
/// A folder or file cannot be read.
pub(crate) fn all(project: &Project) -> Result<Vec<File>> {
    let mut files = Vec::new();
    collect(project.root(), "", &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let entry = entry?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type()?;
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            collect(&entry.path(), &format!("{path}/"), files)?;
        } else if kind.is_file() && ENDINGS.iter().any(|ending| name.ends_with(ending)) {
            let bytes = fs::read(entry.path()).with_context(|| format!("cannot read {path}"))?;
            files.push(File { path, text: String::from_utf8_lossy(&bytes).into_owned() });
        }
    }
    Ok(())
}
