//! The SIP servlet container without I/O: applications, sessions, steps and turns.
//!
//! One [`Container`] is one shard. It is a synchronous machine with a single owner: [`Input`]s and the time go in,
//! [`Effect`]s come out, and those two closed enums are all there is to it. The server's shell, the simulator and the test
//! kit are loops around the same container; there is never a mock of it.
//!
//! Start reading at [`io`] (the two enums), then `container` (what becomes of an input), `step` (the host part of each
//! kind of input) and [`turn`] (what a guest may do). No clock, socket, thread, lock or randomness is in this crate.
#![forbid(unsafe_code)]

// The harness of the tests names the crate from outside; unit tests use it too.
#[cfg(test)]
extern crate self as siplet_container;

pub mod app;
pub mod config;
mod container;
mod deadlines;
pub mod inspect;
pub mod io;
pub mod mutant;
mod names;
pub mod record;
pub mod report;
mod routing;
mod session;
mod snapshot;
mod step;
mod table;
mod trace;
pub mod turn;

pub use container::{Container, Counts, SessionView, SipView, VersionCounts, replay_step};
pub use io::{Effect, Input};
