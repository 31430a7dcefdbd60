//! Compiled code on disk, by the digest of the file and of everything that the compiler's output depends on.
//!
//! Compiled code is machine code: whoever can write it rules the process. So it lives in a directory of its own with
//! mode 0700 that belongs to the user of the process; a file counts only when it is a plain file of that user that
//! nobody else can write, and when its bytes have the SHA-256 that was written beside it. The bytes that were checked
//! are the bytes that are loaded. Every fault is a miss: the servlet is compiled and the file written anew.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};
use wasmtime::component::Component;

use crate::engine::Engine;

/// Bits of a mode that let others than the owner in.
const OTHERS: u32 = 0o077;

/// How a component came into memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSource {
    /// It was compiled now.
    Compiled,
    /// It was compiled before and read from the cache.
    Cached,
}

/// The compiled component, from the cache where it is there, else compiled and put there.
pub(super) fn compile(
    engine: &Engine,
    digest: &[u8; 32],
    component: &[u8],
) -> wasmtime::Result<(Component, CodeSource)> {
    let Some(directory) = &engine.config().code_cache else {
        return Ok((Component::new(engine.wasmtime(), component)?, CodeSource::Compiled));
    };
    let path = directory.join(file_name(engine, digest));
    if let Ok(code) = read(directory, &path)
        && let Ok(component) = load(engine, &code)
    {
        return Ok((component, CodeSource::Cached));
    }
    let component = Component::new(engine.wasmtime(), component)?;
    // A cache that cannot be written costs a compilation at the next start and nothing else.
    let _ = component.serialize().map_err(io::Error::other).and_then(|code| write(directory, &path, &code));
    Ok((component, CodeSource::Compiled))
}

/// The one line of unsafe code in this crate.
#[allow(unsafe_code)]
fn load(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: `deserialize` asks for bytes that `Component::serialize` made. `read` gives only bytes whose SHA-256 this
    // process's user wrote beside them into a directory that no other user can enter, and `compile` writes nothing
    // there but what `serialize` gave. Code of another engine or version is refused by `deserialize` itself.
    unsafe { Component::deserialize(engine.wasmtime(), code) }
}

/// `<digest of the file>-<hash of engine and settings>.code`
fn file_name(engine: &Engine, digest: &[u8; 32]) -> String {
    use std::hash::Hash;
    let mut settings = Hashed(Sha256::new());
    engine.wasmtime().precompile_compatibility_hash().hash(&mut settings);
    let settings = settings.0.finalize();
    format!("{}-{}.code", hex(digest), hex(&settings[..8]))
}

/// SHA-256 as a `Hasher`: the standard library's hashers may differ from one release to the next.
struct Hashed(Sha256);

impl std::hash::Hasher for Hashed {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Of no use here: the digest is read instead.
    fn finish(&self) -> u64 {
        0
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The file's bytes behind its checksum.
fn read(directory: &Path, path: &Path) -> io::Result<Vec<u8>> {
    check_directory(directory)?;
    let mut file =
        OpenOptions::new().read(true).custom_flags(OFlags::NOFOLLOW.bits().cast_signed()).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file()
        || metadata.uid() != own_user()
        || metadata.mode() & OTHERS != 0
        || metadata.nlink() != 1
    {
        return Err(io::Error::other("not a private file of this user"));
    }
    let mut sum = [0; 32];
    file.read_exact(&mut sum)?;
    let mut code = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
    file.read_to_end(&mut code)?;
    if Sha256::digest(&code)[..] == sum { Ok(code) } else { Err(io::Error::other("checksum")) }
}

/// Writes beside the place and renames, so that a reader sees all of a file or none.
fn write(directory: &Path, path: &Path, code: &[u8]) -> io::Result<()> {
    if !directory.exists() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    check_directory(directory)?;
    let unique = crate::clock::Noise::from_system().next();
    let temporary: PathBuf = path.with_extension(format!("{unique:016x}"));
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
    let written = file.write_all(&Sha256::digest(code)).and_then(|()| file.write_all(code));
    let renamed = written.and_then(|()| fs::rename(&temporary, path));
    if renamed.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    renamed
}

fn check_directory(directory: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(directory)?;
    if metadata.is_dir() && metadata.uid() == own_user() && metadata.mode() & OTHERS == 0 {
        return Ok(());
    }
    Err(io::Error::other("not a private directory of this user"))
}

fn own_user() -> u32 {
    rustix::process::geteuid().as_raw()
}
