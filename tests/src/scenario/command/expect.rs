//! `expect quiet`: prints what is left in the host, the store and the peers; `quiet` when nothing is.

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    if command.word(1, "quiet")? != "quiet" {
        return Err("only `quiet` can be expected".to_owned());
    }
    let left = crate::world::left::left(&stage.world);
    let line = if left.is_empty() { "quiet".to_owned() } else { format!("left: {}", left.join(", ")) };
    stage.trace().note(&line);
    Ok(())
}
