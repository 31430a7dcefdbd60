//! What runs a turn in a world.
//!
//! A guest gets the turn and gives it back. It answers at once; how long it took is told beside the outcome, and the world
//! brings the turn back to the container when that time has passed.

#[cfg(feature = "wasm")]
pub mod wasm;

use std::time::Duration;

use bytes::Bytes;
use siplet_container::turn::{Callback, MessageId, Outcome, Trap, TrapReason, Turn};

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
    /// Runs the turn's callback. `generation` tells hosts apart that ran under one name: what a guest remembers of an earlier
    /// one died with it.
    fn run(&mut self, turn: Box<Turn>, generation: u32) -> Ran;
}

/// A death with a text, as a runner of guests would report it.
#[must_use]
pub fn trapped(reason: TrapReason, text: &str) -> Outcome {
    Outcome::Trapped(Trap { reason, text: text.to_owned(), backtrace: Vec::new(), cpu: Duration::ZERO })
}

/// The message that the handler of a turn is called with.
#[must_use]
pub fn message_of(turn: &Turn) -> Option<MessageId> {
    match turn.callback() {
        Callback::Request { message, .. } | Callback::Response { message, .. } => Some(message),
        Callback::NoAckReceived { response } => Some(response),
        Callback::NoPrackReceived { request } => Some(request),
        Callback::ServletInitialized
        | Callback::Upgrade
        | Callback::Timeout { .. }
        | Callback::Session { .. }
        | Callback::ApplicationSession { .. }
        | Callback::AttributeChanged { .. } => None,
    }
}

/// Its bytes.
#[must_use]
pub fn message(turn: &Turn) -> Option<Bytes> {
    turn.flat(message_of(turn)?).ok().map(|flat| flat.bytes)
}
