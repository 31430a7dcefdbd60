//! `advance 2s`: lets time pass.

use crate::text::duration;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    stage.world.advance(duration(command.word(1, "a time")?)?);
    Ok(())
}
