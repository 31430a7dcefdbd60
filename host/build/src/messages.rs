//! What cargo says with `--message-format json`, one object a line.

use std::path::{Path, PathBuf};

use serde_json::Value;

/// A line of cargo that matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A target was made, or was up to date.
    Artifact {
        /// Manifest of its package.
        manifest: PathBuf,
        /// Its files.
        files: Vec<PathBuf>,
    },
    /// The compiler says something.
    Diagnostic {
        /// As rustc draws it, with a line break at its end.
        rendered: String,
        /// It is an error and no warning.
        is_error: bool,
    },
}

impl Message {
    /// The `.wasm` of that package, where this message tells of it.
    #[must_use]
    pub fn wasm_of(&self, package: &Path) -> Option<&Path> {
        match self {
            Self::Artifact { manifest, files } if manifest == package => files
                .iter()
                .map(PathBuf::as_path)
                .find(|file| file.extension().is_some_and(|end| end == "wasm")),
            Self::Artifact { .. } | Self::Diagnostic { .. } => None,
        }
    }
}

/// Reads a line, none when it is no message or one that does not matter.
#[must_use]
pub fn parse(line: &str) -> Option<Message> {
    let message: Value = serde_json::from_str(line).ok()?;
    match message["reason"].as_str()? {
        "compiler-artifact" => {
            let files = message["filenames"].as_array().map(Vec::as_slice).unwrap_or_default();
            let files = files.iter().filter_map(Value::as_str).map(PathBuf::from).collect();
            Some(Message::Artifact { manifest: PathBuf::from(message["manifest_path"].as_str()?), files })
        }
        "compiler-message" => {
            let message = &message["message"];
            let level = message["level"].as_str().unwrap_or_default();
            let rendered = message["rendered"].as_str()?.to_owned();
            Some(Message::Diagnostic { rendered, is_error: level.starts_with("error") })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wasm_of_each_package_is_read_from_cargos_messages() {
        let artifact = r#"{"reason":"compiler-artifact","manifest_path":"/s/answer/Cargo.toml","filenames":["/t/libanswer.rlib","/t/answer.wasm"]}"#;
        let artifact = parse(artifact).expect("an artifact");
        assert_eq!(artifact.wasm_of(Path::new("/s/answer/Cargo.toml")), Some(Path::new("/t/answer.wasm")));
        assert_eq!(artifact.wasm_of(Path::new("/s/screen/Cargo.toml")), None);
        let library = r#"{"reason":"compiler-artifact","manifest_path":"/sdk/Cargo.toml","filenames":["/t/libsiplet.rlib"]}"#;
        assert_eq!(parse(library).expect("an artifact").wasm_of(Path::new("/sdk/Cargo.toml")), None);
    }

    #[test]
    fn the_compilers_words_are_kept_as_it_draws_them() {
        let line =
            r#"{"reason":"compiler-message","message":{"level":"error","rendered":"error[E0425]: no\n"}}"#;
        let expected = Message::Diagnostic { rendered: "error[E0425]: no\n".to_owned(), is_error: true };
        assert_eq!(parse(line), Some(expected));
        let warning =
            r#"{"reason":"compiler-message","message":{"level":"warning","rendered":"warning: unused\n"}}"#;
        assert!(matches!(parse(warning), Some(Message::Diagnostic { is_error: false, .. })));
    }

    #[test]
    fn other_lines_do_not_matter() {
        assert_eq!(parse(r#"{"reason":"build-script-executed"}"#), None);
        assert_eq!(parse("not json"), None);
    }
}
