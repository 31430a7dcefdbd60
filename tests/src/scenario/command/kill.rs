//! `kill`: the host dies now; `kill after=3 arrived=1`: after three more effects, while one order still reaches the store.
//! `restart` starts a new host with what was stored.

use crate::world::node::Kill;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let number = |name: &str| match command.option(name) {
        Some(value) => value.parse::<u64>().map(Some).map_err(|_| format!("`{value}` is no number")),
        None => Ok(None),
    };
    let arrived = usize::try_from(number("arrived")?.unwrap_or(0)).map_err(|_| "too many")?;
    match number("after")? {
        None => stage.world.kill_host(arrived),
        Some(after) => {
            let after_effects = stage.world.host.effects + after;
            stage.world.host.kills.push(Kill { after_effects, arrived, down_us: None });
        }
    }
    Ok(())
}

pub(super) fn restart(stage: &mut Stage) -> Result<(), String> {
    stage.world.start_host();
    Ok(())
}
