//! Words for the death of a guest.
//!
//! A WebAssembly trap says little: a panic, an `abort` and a failed allocation are all "unreachable", and a recursion
//! without end is a memory fault, because a guest's own stack lies in its linear memory and ends first. What really
//! happened is put together here from the panic text that the guest told, the error of the host function or limit that
//! stopped it, and the names in the backtrace.

use std::fmt;
use std::time::Duration;

use siplet_container::turn::{Trap, TrapReason};
use wasmtime::{Error, FrameInfo, Trap as Code, WasmBacktrace};

/// Characters of a guest's own text that are kept.
const TEXT_MAX: usize = 4096;
/// Frames that are kept of a backtrace that the guest told.
const FRAMES_TOLD_MAX: usize = 20;
/// Why a frame has a number instead of a name.
const NAMELESS: &str = "(the file carries no names: build with `strip = \"debuginfo\"` to keep them)";
/// Frames of one function, of those kept, from which a memory fault is a recursion.
const FRAMES_OF_RECURSION: usize = 8;

/// Why the host stopped a guest.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The turn used more CPU time than it may.
    Deadline { cpu: Duration, limit_ms: u64 },
    /// The instance asked for more memory than it may have. Bytes.
    Memory { wanted: u64, limit: u64 },
    /// A table would have more elements than it may have.
    Table { wanted: usize, limit: usize },
    /// It called something that a servlet does not have: why, in a sentence.
    Denied(String),
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deadline { cpu, limit_ms } => write!(
                f,
                "it had run for {} ms when it was stopped; a turn may take {limit_ms} ms of CPU time (limit `turn-ms`)",
                cpu.as_millis()
            ),
            Self::Memory { wanted, limit } => {
                write!(f, "servlet memory limit: wanted {wanted} bytes, limit {limit} (limit `memory-bytes`)")
            }
            Self::Table { wanted, limit } => {
                write!(
                    f,
                    "servlet table limit: wanted {wanted} elements, limit {limit} (limit `table-elements`)"
                )
            }
            Self::Denied(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Stop {}

/// A panic as the guest told it: the text of a report, and its own backtrace where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Panic {
    text: String,
    /// Innermost first; empty: that of the WebAssembly frames is the right one.
    frames: Vec<String>,
    /// It was not told but found on stderr, so it may be about something else.
    found: bool,
}

impl Panic {
    /// Of the import `panicked`. Interpreted languages send their own backtrace behind the message, a line for each
    /// frame that begins with `    at `: the frames of their interpreter say nothing to an author.
    pub(crate) fn told(message: &str, file: &str, line: u32) -> Self {
        const FRAME: &str = "\n    at ";
        let (message, frames) = match message.find(FRAME) {
            Some(end) => message.split_at(end),
            None => (message, ""),
        };
        let frames = frames.split(FRAME).skip(1).take(FRAMES_TOLD_MAX);
        Self {
            text: format!("panicked at {}:{line}: {}", shorten(file), shorten(message)),
            frames: frames.map(|frame| shorten(frame).to_owned()).collect(),
            found: false,
        }
    }

    /// Of what stood on stderr when a guest died without another word.
    pub(crate) fn written(text: &str) -> Self {
        Self { text: shorten(text).to_owned(), frames: Vec::new(), found: true }
    }
}

/// At most [`TEXT_MAX`] characters of a guest's text.
pub(crate) fn shorten(text: &str) -> &str {
    match text.char_indices().nth(TEXT_MAX) {
        Some((end, _)) => &text[..end],
        None => text,
    }
}

/// A death that is the host's own doing and not a trap of the guest.
pub(crate) fn host_error(text: impl Into<String>) -> Trap {
    Trap { reason: TrapReason::HostError, text: text.into(), backtrace: Vec::new(), cpu: Duration::ZERO }
}

/// What a call into a guest died of. `panic` is what the guest told through `panicked` in the same call.
pub(crate) fn explain(error: &Error, panic: Option<Panic>, cpu: Duration) -> Trap {
    let names = error.downcast_ref::<WasmBacktrace>().map(|trace| names(trace.frames())).unwrap_or_default();
    let told = panic.as_ref().map(|panic| panic.frames.clone()).unwrap_or_default();
    let (reason, text) = reason(error, panic, &names);
    let backtrace = if told.is_empty() || reason != TrapReason::Panic {
        gathered(names.into_iter().filter(|name| !is_machinery(name)))
    } else {
        told
    };
    Trap { reason, text, backtrace, cpu }
}

fn reason(error: &Error, panic: Option<Panic>, names: &[String]) -> (TrapReason, String) {
    if let Some(stop) = error.downcast_ref::<Stop>() {
        let reason = match stop {
            Stop::Deadline { .. } => TrapReason::Deadline,
            Stop::Memory { .. } | Stop::Table { .. } => TrapReason::Memory,
            Stop::Denied(_) => TrapReason::Panic,
        };
        return (reason, stop.to_string());
    }
    let code = error.downcast_ref::<Code>();
    if let Some(panic) = panic
        && (!panic.found || code.is_none_or(|code| *code == Code::UnreachableCodeReached))
    {
        return (TrapReason::Panic, panic.text);
    }
    match code {
        Some(code) => from_code(*code, names),
        None => (TrapReason::HostError, of_host(error)),
    }
}

/// What a trap code means to the author of a servlet.
fn from_code(code: Code, names: &[String]) -> (TrapReason, String) {
    let recursion = || match repeated(names) {
        Some(name) => format!("recursion without end: {name} calls itself until the stack is full"),
        None => "the stack is full: a recursion without end, or very large local variables".to_owned(),
    };
    #[allow(clippy::wildcard_enum_match_arm, reason = "the enum is not ours and open")]
    match code {
        Code::StackOverflow => (TrapReason::StackOverflow, recursion()),
        Code::MemoryOutOfBounds if repeated(names).is_some() => (TrapReason::StackOverflow, recursion()),
        Code::MemoryOutOfBounds => {
            (TrapReason::Memory, "it read or wrote outside its memory (a wild pointer in unsafe code or C)".to_owned())
        }
        Code::UnreachableCodeReached if names.iter().any(|name| is_out_of_memory(name)) => {
            (TrapReason::Memory, "an allocation failed: the guest's allocator found no memory".to_owned())
        }
        Code::UnreachableCodeReached => (
            TrapReason::Unreachable,
            "it aborted without a word: `abort`, `process::exit`, or a panic in a build without the SDK's panic hook"
                .to_owned(),
        ),
        Code::IntegerDivisionByZero => (TrapReason::Unreachable, "it divided an integer by zero".to_owned()),
        Code::Interrupt => (TrapReason::Deadline, "it was interrupted".to_owned()),
        Code::CannotEnterComponent => {
            (TrapReason::HostError, "its instance had died before and was called again".to_owned())
        }
        other => (TrapReason::Unreachable, format!("it did what WebAssembly forbids: {other}")),
    }
}

/// Frames without names, one line for those that stand together: their numbers tell nobody anything.
fn gathered(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut nameless = 0_usize;
    for name in names {
        if !is_nameless(&name) {
            nameless = 0;
            lines.push(name);
            continue;
        }
        nameless += 1;
        if nameless == 1 {
            lines.push(name);
        } else if let Some(last) = lines.last_mut() {
            *last = format!("{nameless} functions {NAMELESS}");
        }
    }
    lines
}

fn is_nameless(name: &str) -> bool {
    name.ends_with(NAMELESS)
}

/// Errors that wasmtime found at the boundary.
fn of_host(error: &Error) -> String {
    let text = error.root_cause().to_string();
    if text.contains("fuel allocated for hostcalls") {
        return "one call to the host carried more bytes than the host takes".to_owned();
    }
    if text.contains("borrow handles still remain") {
        return "it kept a borrowed handle beyond its handler; a handle must be dropped before the handler returns".to_owned();
    }
    shorten(&text).to_owned()
}

/// The function that stands in the frames again and again.
fn repeated(names: &[String]) -> Option<&str> {
    let bare = |name: &String| name.split("  ").next().unwrap_or_default().to_owned();
    names.iter().find_map(|name| {
        let count = names.iter().filter(|other| bare(other) == bare(name)).count();
        (count >= FRAMES_OF_RECURSION).then(|| name.split("  ").next().unwrap_or_default())
    })
}

fn is_out_of_memory(name: &str) -> bool {
    ["rust_oom", "alloc_error", "handle_alloc_error", "capacity_overflow"]
        .iter()
        .any(|part| name.contains(part))
}

/// Frames that are the same in every panic and tell an author nothing.
fn is_machinery(name: &str) -> bool {
    const PREFIXES: [&str; 7] = [
        "std::panicking",
        "core::panicking",
        "std::sys::",
        "std::process::abort",
        "__rust",
        "rust_panic",
        "std::alloc::rust_oom",
    ];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// `name  file:line` for each frame, innermost first, inlined functions included where debug information has them.
fn names(frames: &[FrameInfo]) -> Vec<String> {
    let mut names = Vec::with_capacity(frames.len());
    for frame in frames {
        if frame.symbols().is_empty() {
            names.push(demangled(frame.func_name(), frame.func_index()));
        }
        for symbol in frame.symbols() {
            let name = demangled(symbol.name().or(frame.func_name()), frame.func_index());
            match (symbol.file(), symbol.line()) {
                (Some(file), Some(line)) => names.push(format!("{name}  {file}:{line}")),
                (Some(_) | None, _) => names.push(name),
            }
        }
    }
    names
}

fn demangled(name: Option<&str>, index: u32) -> String {
    match name {
        Some(name) => shorten(&format!("{:#}", rustc_demangle::demangle(name))).to_owned(),
        None => format!("function {index} {NAMELESS}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_memory_fault_under_repeated_frames_is_a_recursion() {
        let names: Vec<String> =
            (0..20).map(|i| if i % 2 == 0 { "walk  src/lib.rs:7".into() } else { "step".into() }).collect();
        let (reason, text) = from_code(Code::MemoryOutOfBounds, &names);
        assert_eq!(reason, TrapReason::StackOverflow);
        assert_eq!(text, "recursion without end: walk calls itself until the stack is full");
        let (reason, _) = from_code(Code::MemoryOutOfBounds, &names[..4]);
        assert_eq!(reason, TrapReason::Memory);
    }

    #[test]
    fn the_bare_word_unreachable_is_never_shown() {
        let (_, text) = from_code(Code::UnreachableCodeReached, &[]);
        assert!(!text.contains("unreachable"));
    }

    #[test]
    fn frames_behind_a_told_message_are_its_backtrace() {
        let told = Panic::told("TypeError: no x\n of y\n    at f (a.js:3)\n    at g (a.js:9)", "a.js", 3);
        assert_eq!(told.text, "panicked at a.js:3: TypeError: no x\n of y");
        assert_eq!(told.frames, ["f (a.js:3)", "g (a.js:9)"]);
        let trap = explain(&Error::msg("dead"), Some(told), Duration::ZERO);
        assert_eq!((trap.reason, trap.backtrace.len()), (TrapReason::Panic, 2));
        assert!(Panic::told("plain", "src/lib.rs", 1).frames.is_empty());
    }

    #[test]
    fn frames_without_names_stand_in_one_line() {
        let names = [demangled(None, 7), "f".into(), demangled(None, 8), demangled(None, 9), "g".into()];
        let told = gathered(names.into_iter());
        assert_eq!(told.len(), 4, "{told:?}");
        assert!(told[0].starts_with("function 7 (") && told[2].starts_with("2 functions ("), "{told:?}");
        assert_eq!((told[1].as_str(), told[3].as_str()), ("f", "g"));
    }

    #[test]
    fn a_guest_text_is_cut_at_a_character() {
        let long = "ä".repeat(TEXT_MAX + 1);
        assert_eq!(shorten(&long).chars().count(), TEXT_MAX);
    }
}
