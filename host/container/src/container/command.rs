//! Commands of an operator: what changes or shows calls.

use crate::io::{Command, CommandReply, Effect};

use super::Container;

impl Container {
    pub(super) fn on_command(&mut self, id: u64, command: Command) {
        let reply = match command {
            Command::Drain { retry_after_s } => {
                self.draining = Some(retry_after_s);
                CommandReply::Done
            }
            Command::Resume => {
                self.draining = None;
                CommandReply::Done
            }
            Command::EndCalls { most, retry_after_s } => {
                CommandReply::Ending(self.end_calls(most, retry_after_s))
            }
            Command::ListSessions { limit, which } => CommandReply::Sessions(self.list(limit, &which)),
            Command::Watch { watch, what } => self.watch(watch, what),
            Command::Unwatch { watch } => {
                self.unwatch(watch);
                CommandReply::Done
            }
            Command::Inspect(name) => CommandReply::Found(self.inspect(&name)),
        };
        self.effects.push_back(Effect::CommandReply { id, reply });
    }
}
