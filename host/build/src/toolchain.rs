//! Which toolchain compiles guests here.
//!
//! Two are known: the active rustc, where it has the standard library for the target, and Debian's rustc for
//! WebAssembly, which compiles the standard library from its source.

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::cargo::{cargo, find_program, forget_own_build};

/// The only target of guests: it has no WASI, so a guest cannot even name what it is not granted.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// What Debian's way needs: a compiler and cargo that agree, the library's source, a linker.
pub const DEBIAN_PACKAGES: [&str; 4] = ["rustc-web", "cargo-web", "rust-web-src", "lld-22"];

/// Set to `rustup` or `debian`, this environment variable leaves the other source untried.
pub const CHOICE: &str = "SIPLET_GUEST_TOOLCHAIN";

/// What has to be there of Debian's packages, beside the linker.
const DEBIAN_PARTS: [&str; 3] =
    ["/usr/bin/rustc", "/usr/bin/cargo", "/usr/lib/rustlib/src/rust/library/std/Cargo.toml"];

/// A toolchain that can compile guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Toolchain {
    /// The active rustc has the target's standard library.
    Installed,
    /// Debian's compiler, with the standard library compiled from its source and linked by this program.
    Debian {
        /// `wasm-ld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// The toolchain for crates in `folder` (which may name a toolchain of its own). Nothing is installed.
    ///
    /// # Errors
    /// There is none; the text says how to get one.
    pub fn find(folder: &Path) -> Result<Self, Missing> {
        let choice = std::env::var(CHOICE).unwrap_or_default();
        if choice != "debian" && target_folder(folder).is_some_and(|folder| folder.is_dir()) {
            return Ok(Self::Installed);
        }
        if choice != "rustup"
            && let Some(debian) = Self::debian()
        {
            return Ok(debian);
        }
        Err(Missing { command: remedy(&choice, |program| find_program(program).is_some()) })
    }

    /// Debian's, where all of its packages are there.
    #[must_use]
    pub fn debian() -> Option<Self> {
        let complete = DEBIAN_PARTS.iter().all(|part| Path::new(part).is_file());
        wasm_linker().filter(|_| complete).map(|linker| Self::Debian { linker })
    }

    /// Its cargo, in `folder`, without arguments.
    #[must_use]
    pub fn cargo(&self, folder: &Path) -> Command {
        let mut command = match self {
            Self::Installed => cargo(),
            Self::Debian { linker } => {
                let mut command = Command::new("/usr/bin/cargo");
                forget_own_build(&mut command);
                // rustup's wrappers set these for their own compiler, and this is another one.
                command.env_remove("LD_LIBRARY_PATH").env_remove("RUSTUP_TOOLCHAIN").env_remove("CARGO");
                command.env("RUSTC", "/usr/bin/rustc").env("RUSTC_BOOTSTRAP", "1");
                command.env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker);
                command
            }
        };
        command.current_dir(folder);
        command
    }

    /// `cargo build` for the target, in `folder`; the caller adds packages, profile and output.
    #[must_use]
    pub fn cargo_build(&self, folder: &Path) -> Command {
        let mut command = self.cargo(folder);
        command.args(["build", "--target", TARGET]);
        if matches!(self, Self::Debian { .. }) {
            command.arg("-Zbuild-std=std,panic_abort");
        }
        command
    }

    /// What one types in a guest's folder to build it with this toolchain.
    #[must_use]
    pub fn command_line(&self) -> String {
        let plain = format!("cargo build --release --target {TARGET}");
        match self {
            Self::Installed => plain,
            Self::Debian { linker } => format!(
                "RUSTC_BOOTSTRAP=1 RUSTC=/usr/bin/rustc CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER={} \
                 /usr/bin/{plain} -Zbuild-std=std,panic_abort",
                linker.display()
            ),
        }
    }

    /// True when nothing that it needs in `folder` has gone.
    #[must_use]
    pub fn is_still_there(&self, folder: &Path) -> bool {
        match self {
            Self::Installed => target_folder(folder).is_some_and(|folder| folder.is_dir()),
            Self::Debian { linker } => linker.is_file() && Path::new("/usr/bin/cargo").is_file(),
        }
    }
}

/// No toolchain here compiles guests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The one command that changes it, none where no installer is known.
    pub command: Option<String>,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no Rust toolchain here compiles servlets (target {TARGET}). ")?;
        match &self.command {
            Some(command) => write!(f, "Run this once: {command}"),
            None => write!(f, "Install Rust from https://rustup.rs, then run: rustup target add {TARGET}"),
        }
    }
}

impl std::error::Error for Missing {}

/// The command for whoever has one of the installers.
fn remedy(choice: &str, is_there: impl Fn(&str) -> bool) -> Option<String> {
    if choice != "debian" && is_there("rustup") {
        return Some(format!("rustup target add {TARGET}"));
    }
    if choice != "rustup" && is_there("apt-get") {
        return Some(format!("apt-get install {}", DEBIAN_PACKAGES.join(" ")));
    }
    None
}

/// The newest `wasm-ld`: Debian's name has the version of LLVM at its end.
fn wasm_linker() -> Option<PathBuf> {
    let versioned = (14..40).rev().map(|version| format!("wasm-ld-{version}"));
    versioned.chain(["wasm-ld".to_owned()]).find_map(|name| find_program(&name))
}

/// Where the active rustc of that folder keeps its standard library for the target; the folder may be missing.
fn target_folder(folder: &Path) -> Option<PathBuf> {
    let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(folder).args(["--print", "sysroot"]);
    let output = command.output().ok().filter(|output| output.status.success())?;
    let sysroot = String::from_utf8(output.stdout).ok()?;
    Some(Path::new(sysroot.trim()).join("lib/rustlib").join(TARGET))
}
