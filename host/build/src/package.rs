//! What a servlet crate is called and where its things are.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::error::Error;
use crate::toolchain::Toolchain;

/// A servlet crate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// Name of the package, and of its servlet where it names no other.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its folder, absolute.
    pub folder: PathBuf,
    /// Its `Cargo.toml`.
    pub manifest: PathBuf,
    /// Cargo's target folder, shared by the whole workspace.
    pub target: PathBuf,
    /// The manifest that holds the profiles.
    pub workspace: PathBuf,
}

impl Package {
    /// Asks cargo for the crate in `folder`. Nothing is fetched.
    ///
    /// # Errors
    /// There is no crate, its manifest is wrong, or it makes no `.wasm`: in words that say what to do.
    pub fn read(folder: &Path, toolchain: &Toolchain) -> Result<Self, Error> {
        let folder = folder
            .canonicalize()
            .map_err(|error| Error(format!("the folder {} cannot be read: {error}", folder.display())))?;
        let manifest = folder.join("Cargo.toml");
        if !manifest.is_file() {
            return Err(Error(format!(
                "{} holds no Cargo.toml: go to the folder of a servlet, or make one with `siplet new NAME`",
                folder.display()
            )));
        }
        let mut command = toolchain.cargo(&folder);
        command.args(["metadata", "--no-deps", "--format-version", "1", "--color", "never"]);
        let output = command.output().map_err(|error| Error(format!("cargo cannot be started: {error}")))?;
        if !output.status.success() {
            return Err(Error(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
        }
        let metadata = serde_json::from_slice(&output.stdout)
            .map_err(|error| Error(format!("cargo metadata gave no JSON: {error}")))?;
        Self::from_metadata(&folder, &metadata)
    }

    fn from_metadata(folder: &Path, metadata: &Value) -> Result<Self, Error> {
        let manifest = folder.join("Cargo.toml");
        let packages = metadata["packages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let own = |package: &&Value| package["manifest_path"].as_str().map(Path::new) == Some(&manifest);
        let Some(package) = packages.iter().find(own) else {
            let names: Vec<_> = packages.iter().filter_map(|package| package["name"].as_str()).collect();
            return Err(Error(format!(
                "{} is a workspace and no servlet: name the folder of one of its crates ({})",
                folder.display(),
                names.join(", ")
            )));
        };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if !makes_wasm(package) {
            return Err(Error(format!(
                "{} makes no .wasm: write `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]` into it",
                manifest.display()
            )));
        }
        Ok(Self {
            name: text(&package["name"]),
            version: text(&package["version"]),
            folder: folder.to_owned(),
            manifest,
            target: PathBuf::from(text(&metadata["target_directory"])),
            workspace: Path::new(&text(&metadata["workspace_root"])).join("Cargo.toml"),
        })
    }

    /// The descriptor's changes that belong beside the `.wasm`: `NAME.toml`. It may be missing.
    #[must_use]
    pub fn settings(&self) -> PathBuf {
        self.folder.join(format!("{}.toml", self.name))
    }
}

/// One of its targets is a `cdylib`.
fn makes_wasm(package: &Value) -> bool {
    let targets = package["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    targets.iter().any(|target| {
        let kinds = target["crate_types"].as_array().map(Vec::as_slice).unwrap_or_default();
        kinds.iter().any(|kind| kind == "cdylib")
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(kinds: &[&str]) -> Value {
        json!({
            "packages": [{
                "name": "hello",
                "version": "0.1.0",
                "manifest_path": "/w/hello/Cargo.toml",
                "targets": [{ "crate_types": kinds }],
            }],
            "target_directory": "/w/target",
            "workspace_root": "/w",
        })
    }

    #[test]
    fn a_crate_is_read_from_cargos_metadata() {
        let package = Package::from_metadata(Path::new("/w/hello"), &metadata(&["cdylib", "rlib"]));
        let package = package.expect("a servlet crate");
        assert_eq!((package.name.as_str(), package.version.as_str()), ("hello", "0.1.0"));
        assert_eq!(package.target, Path::new("/w/target"));
        assert_eq!(package.workspace, Path::new("/w/Cargo.toml"));
        assert_eq!(package.settings(), Path::new("/w/hello/hello.toml"));
    }

    #[test]
    fn a_crate_without_a_cdylib_and_a_whole_workspace_are_refused_with_the_remedy() {
        let library = Package::from_metadata(Path::new("/w/hello"), &metadata(&["lib"]));
        assert!(library.expect_err("no cdylib").to_string().contains("crate-type = [\"cdylib\", \"rlib\"]"));
        let workspace = Package::from_metadata(Path::new("/w"), &metadata(&["cdylib"]));
        assert!(workspace.expect_err("no package").to_string().contains("one of its crates (hello)"));
    }
}
