//! Why a file is not deployed, in sentences that say what to change.

use std::fmt;

/// A file that is not deployed. The version that was running keeps running.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The file, as it was named to [`Servlet::load`](crate::Servlet::load).
    pub file: String,
    /// All that is wrong, at least one.
    pub reasons: Vec<Reason>,
}

impl fmt::Display for Refusal {
    /// `FILE: it imports wasi:sockets/tcp@0.2.3, and a servlet has no sockets. ...`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file)?;
        for reason in &self.reasons {
            write!(f, " {reason}.")?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// One thing that is wrong with a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The file has no bytes, or text in it, or another format.
    NotWebAssembly(String),
    /// The file ends too early or is damaged: where and how.
    Damaged(String),
    /// The file has more bytes than a servlet may have.
    TooLarge {
        /// Its bytes.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// WebAssembly, but no servlet: what is missing.
    NotServlet(String),
    /// It asks for something that a servlet does not have.
    Imports {
        /// What kind of thing.
        need: Need,
        /// Names of the imports.
        names: Vec<String>,
        /// True in the last of them, when `wasi = "lite"` would give all that is asked for.
        lite: bool,
    },
    /// It declares a memory that threads share.
    SharedMemory,
    /// It was built for another version of the package `siplet:servlet`.
    Version {
        /// The interface with its version.
        name: String,
    },
    /// An interface of the right version has not the shape that it should have.
    Shape(String),
    /// Its descriptor, or the file that overrides it, is wrong.
    Descriptor(String),
    /// Limits that it sets for itself, or that the file beside it sets, are not those that this host allows.
    Limits(Vec<WrongLimit>),
    /// It needs more memory to start than it may have.
    Memory {
        /// Bytes that it starts with.
        bytes: u64,
        /// Bytes that it may have.
        limit: u64,
    },
    /// The compiler refuses it.
    Compile(String),
    /// Its `init` failed in a trial.
    Init(String),
}

/// A limit that a descriptor sets and that this host does not allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrongLimit {
    /// Its name.
    pub limit: &'static str,
    /// What was asked for, as JSON.
    pub asked: String,
    /// The host's ceiling.
    pub most: u64,
}

impl fmt::Display for WrongLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { limit, asked, most } = self;
        write!(f, "its limit `{limit}` is {asked}, and ")?;
        match asked.parse::<u64>() {
            Ok(0) => f.write_str("it must be at least 1"),
            Ok(_) => write!(
                f,
                "this host gives at most {most}; ask for less in its descriptor or in the .toml beside it, or raise \
                 `{limit}` under [ceilings] in siplet.toml"
            ),
            Err(_) => write!(f, "it must be a whole number, 1 to {most}"),
        }
    }
}

/// Things that programs import and servlets do not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// `wasi:sockets`.
    Sockets,
    /// `wasi:http`.
    Http,
    /// `wasi:io/poll`: waiting.
    Waiting,
    /// Other streams of `wasi:io`.
    Streams,
    /// Threads, atomics, shared memory.
    Threads,
    /// `wasi:filesystem`.
    Files,
    /// `wasi:clocks`.
    Clocks,
    /// `wasi:random`.
    Random,
    /// `wasi:cli`: arguments, environment, standard streams, exit.
    CommandLine,
    /// `wasi_snapshot_preview1`.
    Preview1,
    /// What wasm-bindgen expects of a browser.
    Browser,
    /// `env`: C functions that nobody linked in.
    Env,
    /// An interface of siplet's own package that does not exist.
    Siplet,
    /// Anything else.
    Unknown,
}

const TARGET: &str = "cargo build --target wasm32-unknown-unknown";

impl Need {
    /// What an import of that module or interface asks for.
    pub(crate) fn of(import: &str) -> Self {
        let starts = |prefix: &str| import.starts_with(prefix);
        let package = crate::v0_1::PACKAGE;
        match import {
            _ if starts("wasi:sockets") => Self::Sockets,
            _ if starts("wasi:http") => Self::Http,
            _ if starts("wasi:io/poll") => Self::Waiting,
            _ if starts("wasi:io") => Self::Streams,
            _ if starts("wasi:filesystem") => Self::Files,
            _ if starts("wasi:clocks") => Self::Clocks,
            _ if starts("wasi:random") => Self::Random,
            _ if starts("wasi:cli") => Self::CommandLine,
            _ if starts("wasi:thread") || starts("wasi_thread") || import == "wasi" => Self::Threads,
            _ if starts("wasi_snapshot") || import == "wasi_unstable" => Self::Preview1,
            _ if starts("__wbindgen") || starts("./") || import == "wbg" => Self::Browser,
            "env" => Self::Env,
            _ if import.split('/').next() == Some(package) => Self::Siplet,
            _ => Self::Unknown,
        }
    }

    /// Why a servlet has it not, and what to do instead.
    fn advice(self) -> String {
        match self {
            Self::Sockets => "a servlet has no sockets: the host alone speaks to the network. Leave out the crate that \
                              opens them (`cargo tree` names who brings it in; try `--no-default-features`)"
                .to_owned(),
            Self::Http => "a servlet speaks no HTTP by itself. Leave out the HTTP client (`cargo tree` names who brings \
                           it in; try `--no-default-features`)"
                .to_owned(),
            Self::Waiting => {
                format!("a servlet may not wait: a handler returns, and what comes later calls another one. Build with `{TARGET}`")
            }
            Self::Streams | Self::CommandLine => {
                format!("a servlet has no standard streams, arguments or environment: log through the SDK. Build with `{TARGET}`")
            }
            Self::Threads => "a servlet has no threads: the host runs one handler at a time. Build without `atomics` in \
                              the target features, and leave out the crate that starts threads"
                .to_owned(),
            Self::Files => {
                format!("a servlet has no files: give it init parameters, or `include_str!` at build time. Build with `{TARGET}`")
            }
            Self::Clocks => format!("a servlet has the time of its turn, `siplet::now()`, and no other clock. Build with `{TARGET}`"),
            Self::Random => format!("a servlet has random numbers from the host, `siplet::random()`. Build with `{TARGET}`"),
            Self::Preview1 => format!("it was built for a WASI target. Build with `{TARGET}`"),
            Self::Browser => "it was built for a browser: a crate uses wasm-bindgen. Turn off that crate's feature for \
                              JavaScript (often `js`, `wasm-bindgen` or `wasmbind`)"
                .to_owned(),
            Self::Env => "nothing provides it: an `extern \"C\"` function whose library is not linked in. Link it, or \
                          leave out the crate that declares it"
                .to_owned(),
            Self::Siplet => "this host has no such interface: it is older than the SDK that built the file. Update \
                             the host, or build with an older SDK"
                .to_owned(),
            Self::Unknown => "a servlet may import only siplet:servlet/types and siplet:servlet/context".to_owned(),
        }
    }
}

impl Reason {
    /// Where a deployment stops for it: `file`, `imports`, `exports`, `descriptor`, `memory`, `compile` or `start`.
    #[must_use]
    pub const fn stage(&self) -> &'static str {
        match self {
            Self::NotWebAssembly(_) | Self::Damaged(_) | Self::TooLarge { .. } => "file",
            Self::Imports { .. } | Self::Version { .. } => "imports",
            Self::NotServlet(_) | Self::Shape(_) => "exports",
            Self::Descriptor(_) | Self::Limits(_) => "descriptor",
            Self::SharedMemory | Self::Memory { .. } => "memory",
            Self::Compile(_) => "compile",
            Self::Init(_) => "start",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotWebAssembly(what) => write!(f, "it is no WebAssembly file: {what}"),
            Self::Damaged(how) => write!(f, "it ends too early or is damaged ({how}); copy it again"),
            Self::TooLarge { bytes, limit } => write!(
                f,
                "it has {bytes} bytes, and a servlet may have {limit}; build with `--release` and `strip = \"debuginfo\"`"
            ),
            Self::NotServlet(what) => write!(f, "it is no servlet: {what}"),
            Self::Imports { need, names, lite } => {
                let first = names.first().map_or("", String::as_str);
                match names.len() {
                    0 | 1 => write!(f, "it imports {first}, and {}", need.advice()),
                    2 => write!(f, "it imports {first} and {}, and {}", names[1], need.advice()),
                    more => write!(
                        f,
                        "it imports {first} and {} more of its kind, and {}",
                        more - 1,
                        need.advice()
                    ),
                }?;
                if *lite {
                    f.write_str(
                        ". A language whose runtime needs it (JavaScript, Python) sets `wasi = \"lite\"` in its \
                         descriptor or in the .toml beside the file",
                    )?;
                }
                Ok(())
            }
            Self::SharedMemory => {
                write!(f, "it shares its memory between threads, and {}", Need::Threads.advice())
            }
            Self::Version { name } => write!(
                f,
                "it was built for {name}, and this host speaks siplet:servlet {}; build it with the SDK of this host's \
                 version",
                crate::v0_1::VERSION
            ),
            Self::Shape(how) => write!(
                f,
                "its interfaces are not those of siplet:servlet {} ({how}); build it with the SDK of this host's version",
                crate::v0_1::VERSION
            ),
            Self::Descriptor(what) => write!(f, "its descriptor is wrong: {what}"),
            Self::Limits(wrong) => {
                for (index, limit) in wrong.iter().enumerate() {
                    write!(f, "{}{limit}", if index == 0 { "" } else { ". " })?;
                }
                Ok(())
            }
            Self::Memory { bytes, limit } => write!(
                f,
                "it starts with {bytes} bytes of memory, and its limit is {limit}; raise `memory-bytes` in its limits"
            ),
            Self::Compile(how) => write!(f, "it cannot be compiled: {how}"),
            Self::Init(how) => write!(f, "a trial start failed: {how}"),
        }
    }
}
