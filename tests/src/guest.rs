//! What runs a turn in tests: scripted servlets, and the servlets of the SDK as plain Rust values.
//!
//! A guest gets the turn and gives it back. It answers at once; how long it took is told beside the outcome, and the world
//! brings the turn back to the container when that time has passed.

pub mod native;
pub mod script;
#[cfg(feature = "wasm")]
pub mod wasm;

use std::time::Duration;

use siplet_container::app::{AppId, Descriptor, Handlers};
use siplet_container::turn::{Outcome, Trap, TrapReason, Turn};

pub use script::{Script, Scripted};

use crate::scenario::Ring;

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

/// A sample servlet as a scenario deploys it.
pub struct Sample {
    /// Runs its turns.
    pub guest: Box<dyn Guest>,
    /// What it says of itself.
    pub descriptor: Descriptor,
    /// Its handlers.
    pub handlers: Handlers,
    /// Its name and digest, where the runner knows it by them.
    pub id: Option<AppId>,
}

/// A sample servlet by its name, with its init parameters (`name = value`), for a ring.
///
/// # Errors
/// There is no such sample, or it cannot be made.
pub fn sample(name: &str, ring: Ring, parameters: &[String]) -> Result<Sample, String> {
    let pair = |line: &String| {
        let (name, value) = line.split_once('=').ok_or_else(|| format!("`{line}` is no init parameter"))?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    let parameters: Vec<(String, String)> = parameters.iter().map(pair).collect::<Result<_, String>>()?;
    match ring {
        Ring::Native => native::sample(name, parameters),
        #[cfg(feature = "wasm")]
        Ring::WasmReused | Ring::WasmFresh | Ring::JsReused | Ring::JsFresh => {
            wasm::sample(name, parameters, ring)
        }
        #[cfg(not(feature = "wasm"))]
        Ring::WasmReused | Ring::WasmFresh | Ring::JsReused | Ring::JsFresh => {
            Err("this build has no WebAssembly in it".to_owned())
        }
    }
}
