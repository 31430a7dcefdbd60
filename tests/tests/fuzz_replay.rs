//! The committed corpora of the fuzz targets, replayed with the targets' own checks.
//!
//! An input that once broke something stays in `tests/fuzz/corpus/TARGET`, and this test keeps it mended. The torture
//! messages go through the same checks. Looking for new inputs is `cargo xtask fuzz TARGET`.

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use siplet_fuzz_bodies::TARGETS;

/// All files below a folder, sorted.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder is committed") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            files.extend(self::files(&path));
        } else {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn replay(check: fn(&[u8]), prefix: &[u8], path: &Path) -> Result<(), String> {
    let bytes = fs::read(path).expect("a committed file can be read");
    let input = [prefix, &bytes].concat();
    // The file's name is what one needs; the panic itself is printed as it happens.
    catch_unwind(|| check(&input)).map_err(|_| path.display().to_string())
}

#[test]
fn every_input_of_the_committed_corpora_passes_its_target() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, check) in TARGETS {
        let corpus = files(&root.join("fuzz/corpus").join(name));
        assert!(!corpus.is_empty(), "target {name} has no corpus");
        let broken: Vec<String> = corpus.iter().filter_map(|path| replay(check, b"", path).err()).collect();
        assert!(broken.is_empty(), "target {name} fails for {broken:#?}");
    }
}

#[test]
fn every_torture_message_passes_the_parser_and_the_framer() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut messages = files(&root.join("torture"));
    messages.retain(|path| path.extension().is_some_and(|ending| ending == "dat"));
    assert!(messages.len() >= 61, "there are 61 torture messages, and {} are here", messages.len());
    let parse = |path: &PathBuf| replay(siplet_fuzz_bodies::parse, b"", path).err();
    let frame = |path: &PathBuf| replay(siplet_fuzz_bodies::frame, &[messages.len() as u8], path).err();
    let broken: Vec<String> =
        messages.iter().filter_map(|path| parse(path).or_else(|| frame(path))).collect();
    assert!(broken.is_empty(), "broken: {broken:#?}");
}
