//! Programs that a command starts: cargo, rustup, the package manager, the host.
//!
//! A child gets an environment without what cargo adds for `xtask` itself, its output is kept for the error message, and
//! where it may hang (a download without a network) its time is bounded.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
pub(crate) use siplet_build::find_program;

use crate::progress::Phase;
use crate::project::Project;

/// What a child left behind: how it ended and what it wrote.
pub(crate) struct Ended {
    /// `None` when it was ended because its time was over.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ended {
    /// True when it ended in time and with success.
    pub(crate) fn succeeded(&self) -> bool {
        self.status.is_some_and(|status| status.success())
    }

    /// The last lines of what it wrote, for a message.
    pub(crate) fn tail(&self, lines: usize) -> String {
        let text = if self.stderr.trim().is_empty() { &self.stdout } else { &self.stderr };
        let all: Vec<&str> = text.lines().collect();
        all[all.len().saturating_sub(lines)..].join("\n")
    }
}

/// The cargo that runs `xtask`, in the root of the checkout.
pub(crate) fn cargo(project: &Project) -> Command {
    let mut command = siplet_build::cargo();
    command.current_dir(project.root());
    command
}

/// Runs a child to its end, or ends it when `limit` is over; its output is kept.
///
/// # Errors
/// The program cannot be started. That it ends badly is in the answer.
pub(crate) fn run_within(mut command: Command, limit: Duration) -> Result<Ended> {
    let started = Instant::now();
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(&command)))?;
    let stdout = reader(child.stdout.take());
    let stderr = reader(child.stderr.take());
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break Some(status);
        }
        if started.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            break None;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    if status.is_none() {
        // Its own children may hold the pipes open for ever, so nobody waits for their end.
        return Ok(Ended { status, stdout: String::new(), stderr: String::new() });
    }
    Ok(Ended { status, stdout: joined(stdout), stderr: joined(stderr) })
}

/// Runs a child that may take long inside a phase, with the phase's line telling how far it is.
///
/// # Errors
/// The program cannot be started, or ends badly: then with its last words and the line that starts it by hand.
pub(crate) fn run_in(phase: &Phase, mut command: Command) -> Result<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().with_context(|| format!("cannot start `{}`", shown(&command)))?;
    let stdout = reader(child.stdout.take());
    let mut stderr = String::new();
    let mut compiled = 0_u32;
    if let Some(pipe) = child.stderr.take() {
        for line in BufReader::new(pipe).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            if let Some(package) = line.trim_start().strip_prefix("Compiling ") {
                compiled += 1;
                let name = package.split(' ').next().unwrap_or(package);
                phase.now_doing(format!("compiling, package {compiled}: {name}"));
            }
            stderr.push_str(&line);
            stderr.push('\n');
        }
    }
    let status = child.wait()?;
    let ended = Ended { status: Some(status), stdout: joined(stdout), stderr };
    if !ended.succeeded() {
        bail!("{}\n\nthis failed: {}", ended.tail(80), shown(&command));
    }
    Ok(ended)
}

/// Runs a child whose output goes straight to the terminal.
///
/// # Errors
/// The program cannot be started or ends badly.
pub(crate) fn run_shown(mut command: Command) -> Result<()> {
    let status = command.status().with_context(|| format!("cannot start `{}`", shown(&command)))?;
    if !status.success() {
        bail!("this failed ({status}): {}", shown(&command));
    }
    Ok(())
}

/// The command line as one would type it.
pub(crate) fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            words.push(format!("{}={}", name.to_string_lossy(), quoted(&value.to_string_lossy())));
        }
    }
    let program = Path::new(command.get_program());
    // The cargo of a rustup toolchain is called by its full path; by hand one types its name.
    let program = match program.file_name() {
        Some(name) if name == "cargo" && !program.starts_with("/usr/bin") => name.to_string_lossy(),
        _ => command.get_program().to_string_lossy(),
    };
    words.push(program.into_owned());
    words.extend(command.get_args().map(|argument| quoted(&argument.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains([' ', '\'', '"', '$', '*']) {
        format!("'{word}'")
    } else {
        word.to_owned()
    }
}

type Reader = Option<std::thread::JoinHandle<String>>;

fn reader<R: Read + Send + 'static>(pipe: Option<R>) -> Reader {
    pipe.map(|mut pipe| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What was read before a broken pipe is all there is to show.
            let _ = pipe.read_to_end(&mut bytes);
            String::from_utf8_lossy(&bytes).into_owned()
        })
    })
}

fn joined(reader: Reader) -> String {
    reader.and_then(|thread| thread.join().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_hangs_is_ended_when_its_time_is_over() {
        let mut command = Command::new("sleep");
        command.arg("30");
        let ended = run_within(command, Duration::from_millis(50)).expect("sleep exists");
        assert!(ended.status.is_none());
        assert!(!ended.succeeded());
    }

    #[test]
    fn the_last_words_of_a_child_are_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; echo three >&2; exit 3"]);
        let ended = run_within(command, Duration::from_secs(10)).expect("sh exists");
        assert!(!ended.succeeded());
        assert_eq!(ended.stdout, "one\n");
        assert_eq!(ended.tail(1), "three");
    }

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let mut command = Command::new("/usr/bin/cargo");
        command.env("RUSTC_BOOTSTRAP", "1").args(["build", "a b"]);
        assert_eq!(shown(&command), "RUSTC_BOOTSTRAP=1 /usr/bin/cargo build 'a b'");
    }
}
