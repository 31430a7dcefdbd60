//! Which SDK the new crate is built with: a folder, or a published version.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

/// Where the SDK's crates come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sdk {
    /// From this folder, which holds `sdk` and `testkit`.
    Folder(PathBuf),
    /// From the registry.
    Version(String),
}

impl Sdk {
    /// The SDK that was named, else that of the checkout in which this program was built, else the published one.
    ///
    /// # Errors
    /// The folder that was named holds no SDK.
    pub fn choose(named: Option<&Path>) -> Result<Self> {
        if let Some(named) = named {
            return Self::at(named);
        }
        let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../guest-sdk");
        Ok(match Self::at(&own) {
            Ok(folder) => folder,
            Err(_) => Self::Version(env!("CARGO_PKG_VERSION").to_owned()),
        })
    }

    /// In a checkout, in its `guest-sdk`, or in `guest-sdk/sdk`.
    fn at(named: &Path) -> Result<Self> {
        let folders = [named.join("guest-sdk"), named.to_owned(), named.join("..")];
        let found = folders.into_iter().find(|folder| {
            std::fs::read_to_string(folder.join("sdk/Cargo.toml"))
                .is_ok_and(|manifest| manifest.contains("name = \"siplet-sdk\""))
        });
        let Some(found) = found else {
            bail!(
                "there is no SDK in {}: name a checkout of siplet, or its folder guest-sdk",
                named.display()
            )
        };
        let found = found.canonicalize().with_context(|| format!("{} cannot be read", named.display()))?;
        Ok(Self::Folder(found))
    }

    /// The value of a dependency on the crate of the SDK with this package name, none when it is not of the SDK.
    #[must_use]
    pub fn dependency(&self, package: &str) -> Option<toml::Table> {
        let folder = package.strip_prefix("siplet-").filter(|name| ["sdk", "testkit"].contains(name))?;
        let (key, value) = match self {
            Self::Folder(root) => ("path", root.join(folder).display().to_string()),
            Self::Version(version) => {
                // 0.1.3 is compatible with 0.1.0, and Cargo knows.
                ("version", version.rsplit_once('.').map_or(version.as_str(), |(minor, _)| minor).to_owned())
            }
        };
        Some([(key.to_owned(), toml::Value::String(value))].into_iter().collect())
    }
}

impl fmt::Display for Sdk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "with the SDK of {}", folder.display()),
            Self::Version(version) => write!(f, "with the published SDK {version}"),
        }
    }
}
