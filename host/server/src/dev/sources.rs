//! Watches the sources of a project and tells of saves, several at once where an editor or a formatter writes several.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use notify::{RecommendedWatcher, RecursiveMode, Watcher};

/// After a save, other saves are waited for until nothing has happened for this time.
const QUIET: Duration = Duration::from_millis(40);
/// A project that never falls quiet is built all the same.
const GATHER_MAX: Duration = Duration::from_millis(500);

/// Folders of a project whose files are made, or make no servlet.
const OTHER_FOLDERS: [&str; 8] =
    ["target", "node_modules", "dist", "build", "tests", "test", "benches", "examples"];
/// Files that are written by the build, or are for readers.
const OTHER_FILES: [&str; 4] = ["Cargo.lock", "package-lock.json", "LICENSE", "4913"];
/// Ends of names of files that are for readers, or that editors keep beside a file for a while.
const OTHER_ENDS: [&str; 7] = [".md", ".swp", ".swx", ".tmp", ".bak", ".part", "~"];

/// Whether a save of this file, a path below the project, can change the servlet.
pub(super) fn is_source(below: &Path) -> bool {
    let parts: Vec<_> = below.components().filter_map(part).collect();
    let Some((file, folders)) = parts.split_last() else { return false };
    let hidden = parts.iter().any(|part| part.starts_with(['.', '#']));
    let elsewhere = folders.iter().any(|folder| OTHER_FOLDERS.contains(&folder.as_str()));
    !hidden
        && !elsewhere
        && !OTHER_FILES.contains(&file.as_str())
        && !OTHER_ENDS.iter().any(|end| file.ends_with(end))
}

fn part(component: Component<'_>) -> Option<String> {
    match component {
        Component::Normal(part) => Some(part.to_string_lossy().into_owned()),
        Component::Prefix(_) | Component::RootDir | Component::CurDir | Component::ParentDir => None,
    }
}

/// Watches until the process ends. `tell` gets the files that were saved, as paths below the project.
///
/// # Errors
/// The system does not tell of changes.
pub(super) fn watch(folder: &Path, tell: impl Fn(Vec<String>) -> bool + Send + 'static) -> Result<()> {
    let folder = folder.to_owned();
    let (changes, inbox) = channel();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if let Ok(event) = event
            && !event.kind.is_access()
        {
            for path in event.paths {
                // Whoever does not listen any more has ended.
                let _ = changes.send(path);
            }
        }
    });
    let cannot = || format!("changes of {} are not told by the system", folder.display());
    let mut watcher = watcher.with_context(cannot)?;
    watcher.watch(&folder, RecursiveMode::NonRecursive).with_context(cannot)?;
    for entry in fs::read_dir(&folder).with_context(cannot)?.flatten() {
        follow(&mut watcher, &folder, &entry.path());
    }
    std::thread::Builder::new().name("sources".to_owned()).spawn(move || {
        while let Some(files) = gather(&inbox, &folder, &mut watcher) {
            if !files.is_empty() && !tell(files) {
                return;
            }
        }
    })?;
    Ok(())
}

/// Watches a folder of the project, unless it holds no sources: a target folder has thousands of others.
fn follow(watcher: &mut RecommendedWatcher, project: &Path, path: &Path) {
    let is_meant = path.strip_prefix(project).is_ok_and(|below| is_source(&below.join("any")));
    if is_meant && path.is_dir() && path.parent() == Some(project) {
        // A folder that went again in the meantime needs no watch.
        let _ = watcher.watch(path, RecursiveMode::Recursive);
    }
}

/// The next saves, none when there will be no more.
fn gather(
    inbox: &Receiver<PathBuf>,
    project: &Path,
    watcher: &mut RecommendedWatcher,
) -> Option<Vec<String>> {
    let mut files = BTreeSet::new();
    let mut take = |path: PathBuf| {
        follow(watcher, project, &path);
        if let Ok(below) = path.strip_prefix(project)
            && is_source(below)
            && !path.is_dir()
        {
            files.insert(below.display().to_string());
        }
    };
    take(inbox.recv().ok()?);
    let until = Instant::now() + GATHER_MAX;
    while Instant::now() < until {
        match inbox.recv_timeout(QUIET) {
            Ok(path) => take(path),
            Err(RecvTimeoutError::Timeout) => break,
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
    // An editor or a tool writes beside a file and renames: what has gone again was not saved.
    let there: Vec<String> = files.iter().filter(|file| project.join(file).exists()).cloned().collect();
    Some(if there.is_empty() { files.into_iter().collect() } else { there })
}
