//! One build of one servlet crate.

#[cfg(test)]
mod tests;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::error::Error;
use crate::messages::{Message, parse};
use crate::package::Package;
use crate::toolchain::Toolchain;

/// How a crate is compiled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// The crate's own `release`: small and quick to run.
    Release,
    /// `dev-servlet`: quick to compile again, with overflow checks and with lines for backtraces. It is brought along
    /// for a crate that does not define a profile of that name.
    Dev,
}

/// What `dev-servlet` is. One unit of a small crate compiles in a fraction of a second; without the debug information of
/// the dependencies the file stays small enough to be loaded at once.
const DEV: [&str; 6] = [
    "profile.dev-servlet.inherits=\"dev\"",
    "profile.dev-servlet.opt-level=1",
    "profile.dev-servlet.debug=\"line-tables-only\"",
    "profile.dev-servlet.panic=\"abort\"",
    "profile.dev-servlet.incremental=true",
    "profile.dev-servlet.package.\"*\".debug=false",
];

/// What is to be built.
#[derive(Clone, Debug)]
pub struct Order {
    /// The crate.
    pub package: Package,
    /// By which toolchain.
    pub toolchain: Toolchain,
    /// How.
    pub profile: Profile,
    /// With the colours of a terminal in what the compiler says.
    pub colours: bool,
    /// A target folder that is not cargo's own.
    pub target: Option<PathBuf>,
}

/// What a build has made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Made {
    /// The file.
    pub wasm: PathBuf,
    /// Warnings as rustc draws them, one after the other.
    pub warnings: String,
    /// How many warnings.
    pub warning_count: usize,
}

/// Why there is no file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failed {
    /// The crate does not compile.
    Errors {
        /// As rustc (or cargo, or the linker) draws it.
        text: String,
        /// Number of errors of the compiler; 0 where cargo or the linker failed.
        count: usize,
    },
    /// Nothing was compiled at all.
    NotStarted(Error),
}

/// The command of a build, without the format of its messages.
fn command(order: &Order) -> Command {
    let mut command = order.toolchain.cargo_build(&order.package.folder);
    command.arg("--lib").arg("--manifest-path").arg(&order.package.manifest);
    match order.profile {
        Profile::Release => {
            command.arg("--release");
        }
        Profile::Dev => {
            command.args(["--profile", "dev-servlet"]);
            let own = fs::read_to_string(&order.package.workspace).unwrap_or_default();
            if !own.contains("[profile.dev-servlet]") {
                command.args(DEV.iter().flat_map(|setting| ["--config", setting]));
            }
        }
    }
    if let Some(target) = &order.target {
        command.env("CARGO_TARGET_DIR", target);
    }
    command
}

/// Builds a crate. `progress` hears each line that cargo says about what it does (`Compiling serde v1.0.228`).
///
/// # Errors
/// [`Failed`]: the compiler's words, or why there was no compiler.
pub fn build(order: &Order, progress: impl FnMut(&str)) -> Result<Made, Failed> {
    let mut command = command(order);
    let format = if order.colours { "json-diagnostic-rendered-ansi" } else { "json" };
    command.args(["--message-format", format, "--color", if order.colours { "always" } else { "never" }]);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(not_started)?;
    let pipe = child.stdout.take();
    // Both pipes are read at once: a full one would stop cargo.
    let messages =
        std::thread::spawn(move || lines(pipe).filter_map(|line| parse(&line)).collect::<Vec<_>>());
    let said = follow(lines(child.stderr.take()), progress);
    let status = child.wait().map_err(not_started)?;
    // The thread only reads.
    let messages = messages.join().unwrap_or_default();
    judge(&order.package, &messages, status.success(), said)
}

fn not_started(error: std::io::Error) -> Failed {
    Failed::NotStarted(Error(format!("cargo cannot be started: {error}")))
}

/// The lines of a pipe; what is no UTF-8 in them is replaced.
fn lines<R: Read>(pipe: Option<R>) -> impl Iterator<Item = String> {
    let lines = pipe.into_iter().flat_map(|pipe| BufReader::new(pipe).split(b'\n'));
    lines.map_while(Result::ok).map(|line| String::from_utf8_lossy(&line).into_owned())
}

/// Tells of cargo's progress and keeps the rest: what cargo itself and the linker complain of.
fn follow(lines: impl Iterator<Item = String>, mut progress: impl FnMut(&str)) -> String {
    let mut said = String::new();
    for line in lines {
        let plain = without_colours(&line);
        let first = plain.trim_start().split(' ').next().unwrap_or_default();
        if PROGRESS.contains(&first) {
            progress(plain.trim());
        } else {
            said.push_str(&line);
            said.push('\n');
        }
    }
    said
}

/// First words of the lines in which cargo says what it does.
const PROGRESS: [&str; 11] = [
    "Adding",
    "Blocking",
    "Building",
    "Compiling",
    "Downloaded",
    "Downloading",
    "Finished",
    "Fresh",
    "Locking",
    "Removing",
    "Updating",
];

fn judge(package: &Package, messages: &[Message], success: bool, said: String) -> Result<Made, Failed> {
    let (mut errors, mut warnings) = (Vec::new(), Vec::new());
    for message in messages {
        match message {
            Message::Diagnostic { rendered, is_error: true } => errors.push(rendered.as_str()),
            Message::Diagnostic { rendered, is_error: false } => warnings.push(rendered.as_str()),
            Message::Artifact { .. } => {}
        }
    }
    if !success {
        // rustc ends with a line that only counts; it is drawn and not counted.
        let count =
            errors.iter().filter(|error| !without_colours(error).starts_with("error: aborting")).count();
        let text = if errors.is_empty() { said } else { errors.concat() };
        return Err(Failed::Errors { text, count });
    }
    match messages.iter().find_map(|message| message.wasm_of(&package.manifest)) {
        Some(wasm) => {
            Ok(Made { wasm: wasm.to_owned(), warning_count: warnings.len(), warnings: warnings.concat() })
        }
        None => {
            let text = format!("{} was built and made no .wasm", package.name);
            Err(Failed::Errors { text, count: 0 })
        }
    }
}

/// A line without the escape sequences that colour it.
fn without_colours(line: &str) -> String {
    let mut plain = String::with_capacity(line.len());
    let mut letters = line.chars();
    while let Some(letter) = letters.next() {
        if letter == '\x1b' {
            // A sequence ends with its first letter: `ESC [ 1 ; 31 m`.
            let _ = letters.by_ref().find(char::is_ascii_alphabetic);
        } else {
            plain.push(letter);
        }
    }
    plain
}
