//! The secret under which names are minted, and other random words.
//!
//! The secret is a file of 32 hexadecimal digits, mode 0600, made at the first start: a restart voids no live name. It is
//! rotated by naming the old one as the previous secret, whose names stay good. The host's own randomness comes from the
//! kernel; the pure crates are seeded from here.

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use siplet_container::config::Secret;

use crate::config::{Config, StoreKind};

/// Names of the two files in the state folder.
const SECRET: &str = "secret";
const PREVIOUS: &str = "previous-secret";

/// The secret under which names are minted, and the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Names are minted under it.
    pub current: Secret,
    /// Names that were minted under it are still good.
    pub previous: Option<Secret>,
}

/// The secrets of a server with these settings. A file that the settings name has to be there; in the state folder the
/// secret is made where it is missing.
///
/// Live names outlive a restart only where calls do: without a durable store a state folder that cannot be used is no
/// reason to stop, and the names of this run are minted under a secret of its own.
///
/// # Errors
/// A file that cannot be used: which, and why.
pub fn load(config: &Config) -> anyhow::Result<Secrets> {
    let current = match named(&config.secret_file) {
        Some(path) => open(path)?
            .with_context(|| format!("{} is named by `secret-file` and is not there", path.display()))?,
        None => match load_or_make(&config.state_dir) {
            Ok(secret) => secret,
            Err(error) if config.store == StoreKind::Memory => {
                tracing::warn!("names are minted under a secret of this run alone: {error:#}");
                Secret(random_bytes()?)
            }
            Err(error) => return Err(error),
        },
    };
    let previous = match named(&config.previous_secret_file) {
        Some(path) => Some(open(path)?.with_context(|| {
            format!("{} is named by `previous-secret-file` and is not there", path.display())
        })?),
        None => match open(&config.state_dir.join(PREVIOUS)) {
            Ok(previous) => previous,
            Err(error) if config.store == StoreKind::Memory => {
                tracing::warn!("names of the previous secret are void: {error:#}");
                None
            }
            Err(error) => return Err(error),
        },
    };
    match previous {
        Some(same) if same == current => {
            tracing::warn!(
                "the previous secret is the secret itself, so nothing was rotated: move the file `secret` away to \
                 `previous-secret` instead of copying it"
            );
            Ok(Secrets { current, previous: None })
        }
        Some(_) => {
            tracing::info!("names of the previous secret are taken too");
            Ok(Secrets { current, previous })
        }
        None => Ok(Secrets { current, previous }),
    }
}

/// A file that the settings name.
fn named(path: &Path) -> Option<&Path> {
    (!path.as_os_str().is_empty()).then_some(path)
}

/// Reads a secret, none where there is no such file.
fn open(path: &Path) -> anyhow::Result<Option<Secret>> {
    let shown = path.display();
    match File::open(path) {
        Ok(file) => read(file).map(Some).with_context(|| format!("{shown} is not usable")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{shown} cannot be read")),
    }
}

/// Reads `secret` in this folder, or makes it.
///
/// # Errors
/// A file that others may read, that holds something else, or a folder that cannot be written.
pub fn load_or_make(folder: &Path) -> anyhow::Result<Secret> {
    let path = folder.join(SECRET);
    let shown = path.display();
    if let Some(secret) = open(&path)? {
        return Ok(secret);
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let bytes = random_bytes()?;
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let made = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path);
    match made {
        Ok(mut file) => {
            writeln!(file, "{text}").with_context(|| format!("{shown} cannot be written"))?;
            Ok(Secret(bytes))
        }
        // Another process was faster: its secret is as good.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
            read(File::open(&path)?).with_context(|| format!("{shown} is not usable"))
        }
        Err(error) => Err(error).with_context(|| format!("{shown} cannot be made")),
    }
}

fn read(file: File) -> anyhow::Result<Secret> {
    let mode = file.metadata()?.mode() & 0o077;
    if mode != 0 {
        bail!("others may read it: `chmod 600` it");
    }
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text)?;
    let number = u128::from_str_radix(text.trim(), 16).ok().filter(|_| text.trim().len() == 32);
    let number = number.context("it does not hold 32 hexadecimal digits")?;
    Ok(Secret(number.to_be_bytes()))
}

/// 16 bytes from the kernel.
///
/// # Errors
/// No `/dev/urandom`.
pub fn random_bytes() -> anyhow::Result<[u8; 16]> {
    let mut bytes = [0; 16];
    let mut source = File::open("/dev/urandom").context("no source of randomness")?;
    source.read_exact(&mut bytes).context("no source of randomness")?;
    Ok(bytes)
}

/// Two words from the kernel.
///
/// # Errors
/// No `/dev/urandom`.
pub fn random_words() -> anyhow::Result<[u64; 2]> {
    let wide = u128::from_le_bytes(random_bytes()?);
    Ok([wide as u64, (wide >> 64) as u64])
}
