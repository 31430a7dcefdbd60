//! Where things are: the folders of this checkout, and nothing about how they are made.
//!
//! All paths are absolute and follow from the place of this crate's manifest, so that `cargo xtask` works in every folder.

use std::path::{Path, PathBuf};

/// The checkout that this `xtask` was built in.
#[derive(Debug, Clone)]
pub(crate) struct Project {
    root: PathBuf,
    target: PathBuf,
}

impl Project {
    /// The checkout around this crate.
    pub(crate) fn here() -> Self {
        let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = manifest.parent().unwrap_or(manifest).to_path_buf();
        let target = root.join(std::env::var_os("CARGO_TARGET_DIR").unwrap_or_else(|| "target".into()));
        Self { root, target }
    }

    /// A checkout at another place, for tests of the commands themselves.
    #[cfg(test)]
    pub(crate) fn at(root: &Path) -> Self {
        Self { root: root.to_path_buf(), target: root.join("target") }
    }

    /// A path below the root of the checkout.
    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.root.join(below)
    }

    /// The root of the checkout.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Cargo's target folder of the host workspace.
    pub(crate) fn target(&self) -> PathBuf {
        self.target.clone()
    }

    /// What `xtask` remembers between two runs: decisions of `setup`, hashes of inputs. Safe to delete at any time.
    pub(crate) fn memory(&self) -> PathBuf {
        self.target().join("xtask")
    }

    /// The workspace of the sample servlets.
    pub(crate) fn samples(&self) -> PathBuf {
        self.path("sample-servlets")
    }

    /// The one target folder of everything compiled to WebAssembly, so that a standard library built from source is
    /// built once.
    pub(crate) fn guest_target(&self) -> PathBuf {
        self.samples().join("target")
    }

    /// The host's binary as `cargo build` leaves it.
    pub(crate) fn siplet(&self) -> PathBuf {
        self.target().join("debug").join("siplet")
    }

    /// The deployed sample servlets: `NAME.wasm`.
    pub(crate) fn servlets(&self) -> PathBuf {
        self.target().join("servlets")
    }

    /// The sample servlets in JavaScript, apart from the others: they have the same names.
    pub(crate) fn servlets_in_javascript(&self) -> PathBuf {
        self.target().join("servlets-js")
    }

    /// The misbehaving guests of the tests: `NAME.wasm`.
    pub(crate) fn test_guests(&self) -> PathBuf {
        self.target().join("test-guests")
    }

    /// `path` as a reader of a message wants it: relative to the root where it lies below it.
    pub(crate) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).display().to_string()
    }
}
