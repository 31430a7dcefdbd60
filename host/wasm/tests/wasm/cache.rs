//! Compiled code is found again by digest, and never taken from a place that others can write.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use siplet_container::turn::Outcome;
use siplet_wasm::{CodeSource, Compiler, Engine, EngineConfig, Servlet};

use crate::support::*;

/// A directory that is gone after the test.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("siplet-code-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn load_with_cache(directory: &Path, compiler: Compiler) -> CodeSource {
    let config = EngineConfig {
        compiler,
        code_cache: Some(directory.to_owned()),
        instances: 8,
        ..EngineConfig::default()
    };
    let engine = Engine::new(config).unwrap();
    let servlet = Servlet::load(&guest("dies"), "dies.wasm", &engine, None).unwrap();
    let mut runner = runner(patient(), &[&servlet]);
    assert_eq!(invite(&mut runner, &servlet, "well").1, Outcome::Done);
    servlet.code()
}

fn only_file(directory: &Path) -> PathBuf {
    let files: Vec<PathBuf> = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn code_is_compiled_once_and_kept_privately() {
    let scratch = Scratch::new("once");
    assert_eq!(load_with_cache(&scratch.0, Compiler::Cranelift), CodeSource::Compiled);
    assert_eq!(load_with_cache(&scratch.0, Compiler::Cranelift), CodeSource::Cached);
    assert_eq!(fs::metadata(&scratch.0).unwrap().permissions().mode() & 0o777, 0o700);
    assert_eq!(fs::metadata(only_file(&scratch.0)).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(
        load_with_cache(&scratch.0, Compiler::Winch),
        CodeSource::Compiled,
        "another compiler, other code"
    );
}

#[test]
fn damaged_code_is_compiled_anew() {
    let scratch = Scratch::new("damaged");
    load_with_cache(&scratch.0, Compiler::Winch);
    let file = only_file(&scratch.0);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(load_with_cache(&scratch.0, Compiler::Winch), CodeSource::Compiled);
    assert_eq!(load_with_cache(&scratch.0, Compiler::Winch), CodeSource::Cached);
    fs::write(&file, &bytes[..100]).unwrap();
    assert_eq!(load_with_cache(&scratch.0, Compiler::Winch), CodeSource::Compiled);
}

#[test]
fn code_that_others_could_have_written_is_not_loaded() {
    let scratch = Scratch::new("others");
    load_with_cache(&scratch.0, Compiler::Winch);
    let file = only_file(&scratch.0);
    fs::set_permissions(&file, Permissions::from_mode(0o620)).unwrap();
    assert_eq!(load_with_cache(&scratch.0, Compiler::Winch), CodeSource::Compiled);
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o770)).unwrap();
    assert_eq!(load_with_cache(&scratch.0, Compiler::Winch), CodeSource::Compiled);
    assert_eq!(
        load_with_cache(&scratch.0, Compiler::Winch),
        CodeSource::Compiled,
        "nothing is written there either"
    );
}

#[test]
fn a_link_is_not_followed() {
    let scratch = Scratch::new("link");
    load_with_cache(&scratch.0, Compiler::Winch);
    let file = only_file(&scratch.0);
    let elsewhere = scratch.0.with_extension("elsewhere");
    fs::rename(&file, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &file).unwrap();
    assert_eq!(load_with_cache(&scratch.0, Compiler::Winch), CodeSource::Compiled);
    fs::remove_file(&elsewhere).unwrap();
}
