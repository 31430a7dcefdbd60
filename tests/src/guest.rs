//! What runs a turn in tests: scripted servlets, and the servlets of the SDK as plain Rust values.
//!
//! A sample servlet is a value of its Rust type in one ring and WebAssembly in the others (`siplet_testhost::guest::wasm`).

pub mod native;
pub mod script;
#[cfg(feature = "wasm")]
pub mod wasm;

use siplet_container::app::{AppId, Descriptor, Handlers};

pub use script::{Script, Scripted};
pub use siplet_testhost::guest::{Guest, Ran, message, message_of, trapped};

use crate::scenario::Ring;

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
