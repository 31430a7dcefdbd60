//! The cargo that is called, in an environment that is not that of the program which calls it.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// What cargo tells a program that it runs or tests about that program's own build. A build that inherits it would take
/// itself for that program.
const OWN_BUILD: [&str; 5] =
    ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_", "CARGO_PRIMARY_"];

/// The cargo that this program was started by, else the one on the search path; no arguments yet.
#[must_use]
pub fn cargo() -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(program);
    forget_own_build(&mut command);
    command
}

/// Takes out of a child's environment what cargo has set for this very program.
pub fn forget_own_build(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        if OWN_BUILD.iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(text);
        }
    }
}

/// Where a program of this name lies on the search path.
#[must_use]
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
