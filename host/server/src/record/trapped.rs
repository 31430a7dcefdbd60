//! Steps in which a handler died, each as a record that runs alone: a ring of files, bounded by number and bytes.

use std::collections::VecDeque;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use siplet_container::record::redact::Redaction;
use siplet_container::record::{Header, StepRecord};

use super::file;
use crate::config::Config;

/// How the names of records end.
pub const SUFFIX: &str = ".rec";

/// Where a server keeps them; none: it does not.
#[must_use]
pub fn folder(config: &Config) -> Option<PathBuf> {
    config.record.trapped.then(|| config.state_dir.join("trapped"))
}

/// The ring.
#[derive(Debug)]
pub struct Trapped {
    folder: PathBuf,
    files_max: usize,
    bytes_max: u64,
    header: Header,
    redaction: Redaction,
    /// Names and sizes, oldest first.
    kept: VecDeque<(String, u64)>,
}

impl Trapped {
    /// A ring in that folder; what lies there already is a part of it.
    #[must_use]
    pub fn open(folder: PathBuf, config: &Config, header: Header, redaction: Redaction) -> Self {
        let mut kept: Vec<_> = std::fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let name = entry.file_name().into_string().ok().filter(|name| is_ours(name))?;
                Some((name, entry.metadata().ok().filter(std::fs::Metadata::is_file)?.len()))
            })
            .collect();
        // Their names begin with the time.
        kept.sort();
        let (files_max, bytes_max) = (config.record.trapped_files, config.record.trapped_bytes);
        Self { folder, files_max, bytes_max, header, redaction, kept: kept.into() }
    }

    /// Writes a step as a record of its own; the oldest records make room.
    ///
    /// # Errors
    /// In words.
    pub fn keep(&mut self, mut step: StepRecord) -> Result<(), String> {
        let Some(name) = step.trapped.as_ref().map(|name| format!("{name}{SUFFIX}")) else {
            return Err("it has no name".to_owned());
        };
        self.redaction.apply(std::slice::from_mut(&mut step))?;
        let text = file::text(&self.header, &[step])?;
        let bytes = text.len() as u64;
        if bytes > self.bytes_max || self.files_max == 0 {
            return Err(format!("{name} has {bytes} bytes (limits `trapped-bytes` and `trapped-files`)"));
        }
        self.make_folder()?;
        self.make_room(bytes);
        let path = self.folder.join(&name);
        file::create(&path, &text).map_err(|error| format!("{}: {error}", path.display()))?;
        self.kept.push_back((name, bytes));
        Ok(())
    }

    fn make_folder(&self) -> Result<(), String> {
        let wrong = |error: std::io::Error| format!("{}: {error}", self.folder.display());
        if !self.folder.exists() {
            std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.folder).map_err(wrong)?;
        }
        let mode = std::fs::metadata(&self.folder).map_err(wrong)?.permissions().mode();
        if mode & 0o022 != 0 {
            return Err(format!("others may write to {}", self.folder.display()));
        }
        Ok(())
    }

    fn make_room(&mut self, bytes: u64) {
        let mut sum: u64 = self.kept.iter().map(|(_, bytes)| bytes).sum();
        while self.kept.len() >= self.files_max || sum + bytes > self.bytes_max {
            let Some((name, size)) = self.kept.pop_front() else { return };
            sum -= size;
            // Whoever took it away made the room.
            let _ = std::fs::remove_file(self.folder.join(name));
        }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

/// A name that only this ring gives: 13 characters in base 32.
fn is_ours(name: &str) -> bool {
    name.strip_suffix(SUFFIX).is_some_and(|stem| {
        stem.len() == 13 && stem.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    })
}
