//! What lies in the folder: a servlet crate, and how it is built.

use std::path::{Path, PathBuf};

use anyhow::Result;
use siplet_build::{Failed, Made, Order, Package, Profile, Toolchain};

/// A servlet's project.
#[derive(Clone, Debug)]
pub(super) struct Project {
    package: Package,
    toolchain: Toolchain,
}

impl Project {
    /// Looks what lies in the folder.
    ///
    /// # Errors
    /// No servlet, or nothing here that can build it: in words that say what to do.
    pub(super) fn find(folder: &Path) -> Result<Self> {
        let toolchain = Toolchain::find(folder)?;
        let package = Package::read(folder, &toolchain)?;
        Ok(Self { package, toolchain })
    }

    /// Its name, and that of its file in the folder of servlets.
    pub(super) fn name(&self) -> &str {
        &self.package.name
    }

    /// Its folder, absolute.
    pub(super) fn folder(&self) -> &Path {
        &self.package.folder
    }

    /// The operator's changes to its descriptor; may be missing.
    pub(super) fn settings(&self) -> PathBuf {
        self.package.settings()
    }

    /// A folder of our own among what is made and may be thrown away.
    pub(super) fn scratch(&self) -> PathBuf {
        self.package.target.join("siplet-dev").join(&self.package.name)
    }

    /// Builds it. `progress` hears what the build does.
    ///
    /// # Errors
    /// It does not compile.
    pub(super) fn build(&self, colours: bool, progress: impl FnMut(&str)) -> Result<Made, Failed> {
        let order = Order {
            package: self.package.clone(),
            toolchain: self.toolchain.clone(),
            profile: Profile::Dev,
            colours,
            target: None,
        };
        siplet_build::build(&order, progress)
    }
}
