//! What the fuzz targets check: one function a target, from octets to a panic or nothing.
//!
//! The targets themselves are in `tests/fuzz`, a workspace of its own because they need libFuzzer. The functions are
//! here so that an ordinary `cargo test` replays the committed corpora with the very same checks.
#![forbid(unsafe_code)]

mod digest;
mod frame;
mod parse;
mod stack;

pub use digest::digest;
pub use frame::frame;
pub use parse::parse;
pub use stack::stack;

/// A target: its name, which is that of its corpus folder, and what it does.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 4] = [("digest", digest), ("parse", parse), ("frame", frame), ("stack", stack)];
