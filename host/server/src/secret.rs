//! The secret under which names are minted, and other random words.
//!
//! The secret is a file of 32 hexadecimal digits, mode 0600, made at the first start: a restart voids no live name. The
//! host's own randomness comes from the kernel; the pure crates are seeded from here.

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use anyhow::{Context, bail};
use siplet_container::config::Secret;

/// Reads `secret` in this folder, or makes it.
///
/// # Errors
/// A file that others may read, that holds something else, or a folder that cannot be written.
pub fn load_or_make(folder: &Path) -> anyhow::Result<Secret> {
    let path = folder.join("secret");
    let shown = path.display();
    match File::open(&path) {
        Ok(file) => return read(file).with_context(|| format!("{shown} is not usable")),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("{shown} cannot be read")),
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
        bail!("others may read it: `chmod 600` it, or remove it to have a new one made");
    }
    let mut text = String::new();
    file.take(1024).read_to_string(&mut text)?;
    let number = u128::from_str_radix(text.trim(), 16).ok().filter(|_| text.trim().len() == 32);
    let number =
        number.context("it does not hold 32 hexadecimal digits; remove it to have a new one made")?;
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
