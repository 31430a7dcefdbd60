//! The servlets folder: opened once, and nothing outside it can be reached through it.
//!
//! All access goes through one directory handle (cap-std): a name with `..`, a symbolic link that leads out, and a
//! folder that is swapped for a link between two calls all end in an error of the kernel, not in a foreign file. A link
//! to another file inside the folder is followed. Only regular files are read, opened without waiting, so that a FIFO
//! stops nobody. Deliberately not here: when a file is read (see [`crate::watch`]).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use cap_std::fs::{Dir, Metadata, MetadataExt, OpenOptions, OpenOptionsExt};

/// What tells one state of a file from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stamp {
    /// Octets.
    pub bytes: u64,
    /// Last change, since the Unix epoch.
    pub changed: Duration,
    /// Number of the file on its disk.
    pub inode: u64,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let changed =
            metadata.modified().ok().and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
        Self { bytes: metadata.len(), changed: changed.unwrap_or_default(), inode: metadata.ino() }
    }
}

/// A servlet's files as they are at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Print {
    /// `NAME.wasm`.
    pub wasm: Stamp,
    /// `NAME.toml`, where there is one.
    pub overrides: Option<Stamp>,
}

impl Print {
    /// The later of both files' last changes.
    #[must_use]
    pub fn changed(&self) -> Duration {
        self.overrides.map_or(self.wasm.changed, |stamp| stamp.changed.max(self.wasm.changed))
    }
}

/// What lies in the folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Servlets by the NAME of their file.
    pub servlets: BTreeMap<String, Print>,
    /// Files that look like servlets and are none, with the reason.
    pub refused: BTreeMap<String, String>,
}

/// An open folder.
#[derive(Debug)]
pub struct Folder {
    dir: Dir,
    path: PathBuf,
}

impl Folder {
    /// Opens the folder. Later changes to the path, such as another folder put in its place, are not seen.
    ///
    /// # Errors
    /// There is no folder of that name, or it may not be read.
    pub fn open(path: &Path) -> io::Result<Self> {
        let dir = Dir::open_ambient_dir(path, cap_std::ambient_authority())?;
        Ok(Self { dir, path: path.to_owned() })
    }

    /// How people call a file of the folder.
    #[must_use]
    pub fn shown(&self, file: &str) -> String {
        self.path.join(file).display().to_string()
    }

    /// The path that was opened, for hints of changes only.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Lists the servlets. Files that begin with a dot belong to whoever copies and are not looked at.
    ///
    /// # Errors
    /// The folder cannot be read.
    pub fn list(&self, files_max: usize) -> io::Result<Listing> {
        let mut listing = Listing::default();
        for entry in self.dir.entries()? {
            let Ok(name) = entry?.file_name().into_string() else {
                continue;
            };
            let Some(stem) =
                name.strip_suffix(".wasm").filter(|stem| !stem.starts_with('.') && !stem.is_empty())
            else {
                continue;
            };
            if listing.servlets.len() >= files_max {
                let why = format!("the folder holds more than {files_max} servlets (limit `servlet-files`)");
                listing.refused.insert(name, why);
                continue;
            }
            match self.stamp(&name) {
                Ok(wasm) => {
                    let overrides = self.stamp(&format!("{stem}.toml")).ok();
                    listing.servlets.insert(stem.to_owned(), Print { wasm, overrides });
                }
                // Removed since it was listed.
                Err(Unreadable::Gone) => {}
                Err(why) => {
                    listing.refused.insert(name, why.to_string());
                }
            }
        }
        Ok(listing)
    }

    fn stamp(&self, name: &str) -> Result<Stamp, Unreadable> {
        let metadata = self.dir.metadata(name).map_err(|error| Unreadable::of(&error))?;
        if metadata.is_file() { Ok(Stamp::of(&metadata)) } else { Err(Unreadable::NoFile) }
    }

    /// Reads a file whole, as one state of it.
    ///
    /// # Errors
    /// See [`Unreadable`].
    pub fn read(&self, name: &str, bytes_max: u64) -> Result<(Vec<u8>, Stamp), Unreadable> {
        let mut options = OpenOptions::new();
        let nonblock = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
        let file = self.dir.open_with(name, options.read(true).custom_flags(nonblock));
        let mut file = file.map_err(|error| Unreadable::of(&error))?;
        let before = file.metadata().map_err(|error| Unreadable::of(&error))?;
        if !before.is_file() {
            return Err(Unreadable::NoFile);
        }
        if before.len() > bytes_max {
            return Err(Unreadable::TooLarge { bytes: before.len(), bytes_max });
        }
        let mut bytes = Vec::with_capacity(usize::try_from(before.len()).unwrap_or_default());
        let read = (&mut file).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
        read.map_err(|error| Unreadable::of(&error))?;
        let after = file.metadata().map_err(|error| Unreadable::of(&error))?;
        let stamp = Stamp::of(&before);
        if stamp != Stamp::of(&after) || bytes.len() as u64 != stamp.bytes {
            return Err(Unreadable::Changing);
        }
        Ok((bytes, stamp))
    }
}

/// Why a file of the folder is not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is not there, or no longer.
    Gone,
    /// It is a folder, a FIFO, a device or a socket.
    NoFile,
    /// It leads out of the folder.
    Outside,
    /// It is larger than the limit `wasm-bytes`.
    TooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        bytes_max: u64,
    },
    /// Somebody is writing to it.
    Changing,
    /// The system says something else.
    System(String),
}

impl Unreadable {
    #[expect(clippy::wildcard_enum_match_arm, reason = "the kinds of errors are not ours")]
    fn of(error: &io::Error) -> Self {
        let outside = rustix::io::Errno::XDEV.raw_os_error();
        match error.kind() {
            io::ErrorKind::NotFound => Self::Gone,
            _ if error.raw_os_error() == Some(outside) => Self::Outside,
            // cap-std's own check, where the kernel has none, answers without an errno.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => Self::Outside,
            _ => Self::System(error.to_string()),
        }
    }
}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone => f.write_str("it is not there"),
            Self::NoFile => f.write_str("it is no regular file"),
            Self::Outside => f.write_str(
                "it is a link that leads out of the folder, and nothing outside is read: copy the file itself",
            ),
            Self::TooLarge { bytes, bytes_max } => {
                write!(f, "it has {bytes} bytes, and {bytes_max} are allowed (limit `wasm-bytes`)")
            }
            Self::Changing => f.write_str("it is being written"),
            Self::System(why) => write!(f, "it cannot be read: {why}"),
        }
    }
}

impl std::error::Error for Unreadable {}
