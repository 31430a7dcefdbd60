//! `show sessions`: the operator's list.

use siplet_container::Input;
use siplet_container::io::Command as Order;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    if command.word(1, "sessions")? != "sessions" {
        return Err("only `sessions` can be shown".to_owned());
    }
    stage.world.feed(Input::Command {
        id: 2,
        command: Order::ListSessions { limit: 100, which: Default::default() },
    });
    Ok(())
}
