//! The interface `context`: time, random bits, log lines and the text of a panic.

use super::{convert, wit_context};
use crate::state::State;

impl wit_context::Host for State {
    fn now(&mut self) -> u64 {
        self.now_millis()
    }

    fn random(&mut self) -> u64 {
        self.random_bits()
    }

    fn log(&mut self, level: wit_context::Level, message: String) {
        if let Some(turn) = &mut self.turn {
            turn.log(convert::level(level), message);
        }
    }

    fn panicked(&mut self, message: String, file: String, line: u32, _column: u32) {
        self.panic = Some(crate::trap::Panic::told(&message, &file, line));
    }
}
