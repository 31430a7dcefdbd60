//! `wasi = "lite"`: the part of WASI 0.2 that never waits, for runtimes that cannot be built without it.
//!
//! What a servlet gets by it is what it has anyway: the time of its turn, the turn's random numbers, lines of log. The
//! rest is there so that a runtime starts, and is empty: no arguments, no environment, no file, no input. Whatever
//! would wait, read a file or end the program kills the turn with a sentence that says so.
//!
//! The functions that a component asks for are found in the component itself, so one table here serves every 0.2.x:
//! a function that is known is defined with its type, which wasmtime checks, any other as a death by name.
//!
//! Invariants: the same turn gives the same time and the same random numbers, so it can be replayed; nothing here asks
//! the operating system. Deliberately absent: sockets and HTTP, which are refused at deployment.

mod console;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{
    Component, ComponentType, Lift, Linker, LinkerInstance, Lower, Resource, ResourceType, Val,
};
use wasmtime::{Result, StoreContextMut};

use crate::state::State;
use crate::trap::Stop;
pub(crate) use console::Console;

/// Interfaces that are there, without their versions.
const OFFERED: [&str; 18] = [
    "wasi:cli/environment",
    "wasi:cli/exit",
    "wasi:cli/stderr",
    "wasi:cli/stdin",
    "wasi:cli/stdout",
    "wasi:cli/terminal-input",
    "wasi:cli/terminal-output",
    "wasi:cli/terminal-stderr",
    "wasi:cli/terminal-stdin",
    "wasi:cli/terminal-stdout",
    "wasi:clocks/monotonic-clock",
    "wasi:clocks/wall-clock",
    "wasi:filesystem/preopens",
    "wasi:filesystem/types",
    "wasi:io/error",
    "wasi:io/poll",
    "wasi:io/streams",
    "wasi:random/*",
];

/// Octets of random that one call may ask for.
const RANDOM_BYTES_MAX: u64 = 64 << 10;
/// Octets that a stream takes in one write: what the runtimes' adapter sends at most.
const WRITE_BYTES_MAX: u64 = 4096;
/// The clock stands still during a turn and is told in whole milliseconds.
const NANOS_IN_MILLI: u64 = 1_000_000;

/// Markers of the resources. What a handle names is its number alone.
enum Pollable {}
enum InputStream {}
enum OutputStream {}
enum IoError {}
/// Resources that nobody can get hold of here: files, directories, terminals.
enum Unreachable {}

/// `wasi:clocks/wall-clock.datetime`.
#[derive(ComponentType, Lift, Lower)]
#[component(record)]
struct Datetime {
    seconds: u64,
    nanoseconds: u32,
}

/// `wasi:io/streams.stream-error`.
#[derive(ComponentType, Lift, Lower)]
#[component(variant)]
enum StreamError {
    #[component(name = "last-operation-failed")]
    #[allow(dead_code, reason = "the type has it, and nothing here fails that way")]
    LastOperationFailed(Resource<IoError>),
    #[component(name = "closed")]
    Closed,
}

type Written = (std::result::Result<(), StreamError>,);
type ReadNothing = (std::result::Result<Vec<u8>, StreamError>,);

/// Whether an import is among what `wasi = "lite"` gives. Only 0.2: later versions have other types.
pub(crate) fn offers(import: &str) -> bool {
    let Some((interface, version)) = import.split_once('@') else { return false };
    version.starts_with("0.2.")
        && OFFERED.iter().any(|offered| match offered.strip_suffix('*') {
            Some(package) => interface.starts_with(package),
            None => interface == *offered,
        })
}

/// The linker with everything that this component asks for of WASI and that is offered.
pub(crate) fn linker(base: &Linker<State>, component: &Component) -> Result<Linker<State>> {
    let mut linker = base.clone();
    let engine = component.engine();
    for (name, import) in component.component_type().imports(engine) {
        let ComponentItem::ComponentInstance(wanted) = import.ty else { continue };
        if !offers(name) {
            continue;
        }
        let interface = name.split_once('@').map_or(name, |(interface, _)| interface);
        let mut instance = linker.instance(name)?;
        for (item, wanted) in wanted.exports(engine) {
            #[allow(
                clippy::wildcard_enum_match_arm,
                reason = "the enum is not ours; types need no definition"
            )]
            match wanted.ty {
                ComponentItem::Resource(_) => instance.resource(item, resource(item), |_, _| Ok(()))?,
                ComponentItem::ComponentFunc(_) => define(&mut instance, interface, item)?,
                _ => {}
            }
        }
    }
    Ok(linker)
}

fn resource(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<Pollable>(),
        "input-stream" => ResourceType::host::<InputStream>(),
        "output-stream" => ResourceType::host::<OutputStream>(),
        "error" => ResourceType::host::<IoError>(),
        _ => ResourceType::host::<Unreachable>(),
    }
}

type Store<'a> = StoreContextMut<'a, State>;

fn define(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> Result<()> {
    match interface {
        "wasi:clocks/wall-clock" | "wasi:clocks/monotonic-clock" => clocks(instance, interface, item),
        "wasi:io/poll" | "wasi:io/error" | "wasi:io/streams" => streams(instance, interface, item),
        "wasi:filesystem/preopens" | "wasi:filesystem/types" => files(instance, interface, item),
        _ if interface.starts_with("wasi:random/") => random(instance, interface, item),
        _ => command_line(instance, interface, item),
    }
}

fn clocks(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> Result<()> {
    let wall = interface == "wasi:clocks/wall-clock";
    match item {
        "now" if wall => {
            instance.func_wrap(item, |store: Store<'_>, ()| Ok((datetime(store.data().now_millis()),)))
        }
        "resolution" if wall => instance.func_wrap(item, |_: Store<'_>, ()| Ok((datetime(1),))),
        "now" => instance.func_wrap(item, |store: Store<'_>, ()| {
            Ok((store.data().now_millis().saturating_mul(NANOS_IN_MILLI),))
        }),
        "resolution" => instance.func_wrap(item, |_: Store<'_>, ()| Ok((NANOS_IN_MILLI,))),
        _ => deny(instance, item, may_not_block(interface, item)),
    }
}

fn datetime(millis: u64) -> Datetime {
    let nanoseconds = u32::try_from(millis % 1000 * NANOS_IN_MILLI).unwrap_or(0);
    Datetime { seconds: millis / 1000, nanoseconds }
}

fn random(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> Result<()> {
    match item {
        "get-random-u64" | "get-insecure-random-u64" => {
            instance.func_wrap(item, |mut store: Store<'_>, ()| Ok((store.data_mut().random_bits(),)))
        }
        "get-random-bytes" | "get-insecure-random-bytes" => instance
            .func_wrap(item, |mut store: Store<'_>, (length,): (u64,)| {
                Ok((random_bytes(store.data_mut(), length)?,))
            }),
        "insecure-seed" => instance.func_wrap(item, |mut store: Store<'_>, ()| {
            let state = store.data_mut();
            Ok(((state.random_bits(), state.random_bits()),))
        }),
        _ => deny(instance, item, format!("this host has no {interface} `{item}`")),
    }
}

fn random_bytes(state: &mut State, length: u64) -> Result<Vec<u8>> {
    let length = match usize::try_from(length) {
        Ok(short) if length <= RANDOM_BYTES_MAX => short,
        Ok(_) | Err(_) => {
            let text =
                format!("it asked for {length} random octets at once; the limit is {RANDOM_BYTES_MAX}");
            return Err(wasmtime::Error::new(Stop::Denied(text)));
        }
    };
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        bytes.extend_from_slice(&state.random_bits().to_le_bytes());
    }
    bytes.truncate(length);
    Ok(bytes)
}

fn streams(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> Result<()> {
    const WRITE: [&str; 2] =
        ["[method]output-stream.write", "[method]output-stream.blocking-write-and-flush"];
    const FLUSH: [&str; 2] = ["[method]output-stream.flush", "[method]output-stream.blocking-flush"];
    const READ: [&str; 2] = ["[method]input-stream.read", "[method]input-stream.blocking-read"];
    match item {
        _ if WRITE.contains(&item) => instance.func_wrap(
            item,
            |mut store: Store<'_>, (stream, bytes): (Resource<OutputStream>, Vec<u8>)| -> Result<Written> {
                store.data_mut().write(stream.rep(), &bytes);
                Ok((Ok(()),))
            },
        ),
        _ if FLUSH.contains(&item) => instance
            .func_wrap(item, |_: Store<'_>, (_,): (Resource<OutputStream>,)| -> Result<Written> {
                Ok((Ok(()),))
            }),
        _ if READ.contains(&item) => instance.func_wrap(
            item,
            |_: Store<'_>, (_, _): (Resource<InputStream>, u64)| -> Result<ReadNothing> {
                Ok((Err(StreamError::Closed),))
            },
        ),
        "[method]output-stream.check-write" => instance.func_wrap(
            item,
            |_: Store<'_>,
             (_,): (Resource<OutputStream>,)|
             -> Result<(std::result::Result<u64, StreamError>,)> { Ok((Ok(WRITE_BYTES_MAX),)) },
        ),
        "[method]output-stream.subscribe" => instance
            .func_wrap(item, |_: Store<'_>, (_,): (Resource<OutputStream>,)| {
                Ok((Resource::<Pollable>::new_own(0),))
            }),
        "[method]input-stream.subscribe" => instance
            .func_wrap(item, |_: Store<'_>, (_,): (Resource<InputStream>,)| {
                Ok((Resource::<Pollable>::new_own(0),))
            }),
        "[method]pollable.ready" => {
            instance.func_wrap(item, |_: Store<'_>, (_,): (Resource<Pollable>,)| Ok((true,)))
        }
        "[method]error.to-debug-string" => {
            instance.func_wrap(item, |_: Store<'_>, (_,): (Resource<IoError>,)| Ok((String::new(),)))
        }
        _ => deny(instance, item, may_not_block(interface, item)),
    }
}

fn files(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> Result<()> {
    match item {
        "get-directories" => {
            instance.func_wrap(item, |_: Store<'_>, ()| Ok((Vec::<(Resource<Unreachable>, String)>::new(),)))
        }
        // An error of a stream that is none of a file. Its type is a long list of codes, so it is told dynamically.
        "filesystem-error-code" => instance.func_new(item, |_, _, _, results| {
            results.fill(Val::Option(None));
            Ok(())
        }),
        _ => {
            let text = format!("a servlet has no files: it called {interface} `{}`", function(item));
            deny(instance, item, text)
        }
    }
}

fn command_line(instance: &mut LinkerInstance<'_, State>, interface: &str, item: &str) -> Result<()> {
    match item {
        "get-environment" => {
            instance.func_wrap(item, |_: Store<'_>, ()| Ok((Vec::<(String, String)>::new(),)))
        }
        "get-arguments" => instance.func_wrap(item, |_: Store<'_>, ()| Ok((Vec::<String>::new(),))),
        "initial-cwd" => instance.func_wrap(item, |_: Store<'_>, ()| Ok((None::<String>,))),
        "get-stdin" => {
            instance.func_wrap(item, |_: Store<'_>, ()| Ok((Resource::<InputStream>::new_own(0),)))
        }
        "get-stdout" => instance
            .func_wrap(item, |_: Store<'_>, ()| Ok((Resource::<OutputStream>::new_own(console::STDOUT),))),
        "get-stderr" => instance
            .func_wrap(item, |_: Store<'_>, ()| Ok((Resource::<OutputStream>::new_own(console::STDERR),))),
        "get-terminal-stdin" | "get-terminal-stdout" | "get-terminal-stderr" => {
            instance.func_wrap(item, |_: Store<'_>, ()| Ok((None::<Resource<Unreachable>>,)))
        }
        // A runtime ends the program after it has told on stderr why: those words are the better ones.
        "exit" | "exit-with-code" => instance.func_new(item, |store, _, _, _| {
            let text = "it ended the program (`exit`); a handler returns";
            Err(match store.data().console.last_words() {
                Some(_) => wasmtime::Error::msg(text),
                None => wasmtime::Error::new(Stop::Denied(text.to_owned())),
            })
        }),
        _ => deny(instance, item, format!("this host has no {interface} `{item}`")),
    }
}

/// The one sentence that everybody who waits in a handler must read.
fn may_not_block(interface: &str, item: &str) -> String {
    format!("a servlet may not block: use a timer (it called {interface} `{}`)", function(item))
}

/// The name of a function without the mark of its kind: `pollable.block`.
fn function(item: &str) -> &str {
    item.split_once(']').map_or(item, |(_, name)| name)
}

/// A function that kills the turn with a sentence.
fn deny(instance: &mut LinkerInstance<'_, State>, item: &str, text: String) -> Result<()> {
    instance.func_new(item, move |_, _, _, _| Err(wasmtime::Error::new(Stop::Denied(text.clone()))))
}

#[cfg(test)]
mod tests {
    use super::offers;

    #[test]
    fn only_what_never_waits_is_offered_and_only_of_its_version() {
        for (import, offered) in [
            ("wasi:clocks/wall-clock@0.2.3", true),
            ("wasi:random/insecure-seed@0.2.12", true),
            ("wasi:io/poll@0.2.0", true),
            ("wasi:clocks/wall-clock@0.3.0", false),
            ("wasi:clocks/wall-clock", false),
            ("wasi:sockets/tcp@0.2.3", false),
            ("wasi:http/types@0.2.3", false),
            ("wasi:cli/run@0.2.3", false),
            ("acme:random/random@0.2.3", false),
        ] {
            assert_eq!(offers(import), offered, "{import}");
        }
    }
}
