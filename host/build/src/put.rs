//! Files that appear whole or not at all.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Copies a file so that whoever watches the destination sees it whole or not at all.
///
/// # Errors
/// The file cannot be read, or the folder of the destination cannot be written.
pub fn put(from: &Path, to: &Path) -> io::Result<()> {
    let hidden = hidden(to);
    fs::copy(from, &hidden)?;
    fs::rename(&hidden, to)
}

/// Writes a file in the same way.
///
/// # Errors
/// The folder of the destination cannot be written.
pub fn put_bytes(bytes: &[u8], to: &Path) -> io::Result<()> {
    let hidden = hidden(to);
    fs::write(&hidden, bytes)?;
    fs::rename(&hidden, to)
}

/// A name with a leading dot and another ending: the host's watcher takes only `*.wasm`.
fn hidden(to: &Path) -> PathBuf {
    let name = to.file_name().unwrap_or_default().to_string_lossy();
    to.with_file_name(format!(".{name}.part"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_put_in_place_whole_and_leaves_nothing_beside_it() {
        let folder = std::env::temp_dir().join(format!("siplet-build-put-{}", std::process::id()));
        fs::create_dir_all(&folder).expect("the temporary folder can be written");
        fs::write(folder.join("made"), b"wasm").expect("the temporary folder can be written");
        put(&folder.join("made"), &folder.join("answer.wasm")).expect("both paths are in the folder");
        put_bytes(b"domains = []", &folder.join("answer.toml")).expect("the folder can be written");
        let mut names: Vec<_> = fs::read_dir(&folder)
            .expect("the folder exists")
            .filter_map(|entry| entry.ok().map(|entry| entry.file_name()))
            .collect();
        names.sort();
        assert_eq!(names, ["answer.toml", "answer.wasm", "made"]);
        fs::remove_dir_all(&folder).expect("the folder is ours");
    }
}
