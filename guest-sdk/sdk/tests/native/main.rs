//! The SDK over a small host of its own: what handlers read, do and remember, without WebAssembly.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod ambient;
mod descriptor;
mod errors;
mod messages;
mod sessions;
mod support;
