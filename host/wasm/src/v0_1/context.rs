//! The interface `context`: time, random bits, log lines and the text of a panic.
//!
//! During `init` the time and the log are those of the turn that needed the instance, but its random bits are not:
//! an instance may be made anew at any turn, and that must not change what the turn draws.

use super::{convert, wit_context};
use crate::state::State;

impl wit_context::Host for State {
    fn now(&mut self) -> u64 {
        match &self.turn {
            Some(turn) => turn.now().as_millis(),
            None => crate::clock::unix_millis(),
        }
    }

    fn random(&mut self) -> u64 {
        match &mut self.turn {
            Some(turn) if !self.initialising => turn.random(),
            Some(_) | None => self.noise.next(),
        }
    }

    fn log(&mut self, level: wit_context::Level, message: String) {
        if let Some(turn) = &mut self.turn {
            turn.log(convert::level(level), message);
        }
    }

    fn panicked(&mut self, message: String, file: String, line: u32, _column: u32) {
        self.panic = Some(crate::trap::panic_text(&message, &file, line));
    }
}
