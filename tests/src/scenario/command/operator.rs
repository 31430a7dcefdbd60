//! `drain retry-after=5` and `resume`: the operator's commands.

use siplet_container::Input;
use siplet_container::io::Command as Order;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let order = if command.words[0] == "resume" {
        Order::Resume
    } else {
        let seconds = command.option("retry-after").unwrap_or("1");
        Order::Drain { retry_after_s: seconds.parse().map_err(|_| format!("`{seconds}` is no number"))? }
    };
    stage.world.feed(Input::Command { id: 1, command: order });
    Ok(())
}
