//! What runs a turn in tests: scripted servlets, and the servlets of the SDK as plain Rust values.
//!
//! A guest gets the turn and gives it back. It answers at once; how long it took is told beside the outcome, and the world
//! brings the turn back to the container when that time has passed.

pub mod script;

use std::time::Duration;

use siplet_container::turn::{Outcome, Trap, TrapReason, Turn};

pub use script::{Script, Scripted};

/// A turn that a guest gives back.
#[derive(Debug)]
pub struct Ran {
    /// The turn with what the handler put into it.
    pub turn: Box<Turn>,
    /// How the handler ended.
    pub outcome: Outcome,
    /// How long it took.
    pub takes: Duration,
}

/// Something that runs turns.
pub trait Guest {
    /// Runs the turn's callback. `generation` tells hosts apart that ran under one name.
    fn run(&mut self, turn: Box<Turn>, generation: u32) -> Ran;
}

/// A death with a text, as a runner of guests would report it.
#[must_use]
pub fn trapped(reason: TrapReason, text: &str) -> Outcome {
    Outcome::Trapped(Trap { reason, text: text.to_owned(), backtrace: Vec::new(), cpu: Duration::ZERO })
}

/// A sample servlet by its name, with its init parameters (`name = value`), for a ring.
///
/// # Errors
/// There is no such sample, or it cannot be made.
pub fn sample(
    name: &str,
    _ring: crate::scenario::Ring,
    _parameters: &[String],
    _descriptor: &mut siplet_container::app::Descriptor,
) -> Result<(Box<dyn Guest>, siplet_container::app::Handlers), String> {
    Err(format!("there is no sample `{name}`"))
}
