//! `store latency=10ms`, `store outage`, `store loses-answers`, `store ok`, `store refuse A1`: what is wrong with the store.

use siplet_store::memory::Faults;

use crate::text::duration;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let mut faults = stage.world.host.store.faults();
    if let Some(latency) = command.option("latency") {
        faults.latency_us = u64::try_from(duration(latency)?.as_micros()).map_err(|_| "too long")?;
    }
    match command.words.get(1).map(String::as_str) {
        None => {}
        Some("outage") => faults.outage = true,
        Some("loses-answers") => faults.lose_answers = true,
        Some("ok") => faults = Faults { latency_us: faults.latency_us, ..Faults::default() },
        Some("refuse") => {
            let name = command.word(2, "a session such as A1")?.to_owned();
            let key = stage.trace().names().session_named(&name).ok_or("there is no such session")?;
            stage.world.fence(key);
        }
        Some(other) => return Err(format!("the store has no fault `{other}`")),
    }
    stage.world.set_store_faults(faults);
    Ok(())
}
