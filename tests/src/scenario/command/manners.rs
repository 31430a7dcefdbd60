//! `alice never acks`, `bob never answers`, `alice never repeats`, and `always` again; `alice over tcp`; `bob knows alice`: he has
//! the names of her latest dialog.

use siplet_container::io::Transport;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    let on = command.words[1] == "always";
    let manners = &mut stage.world.peers[peer].manners;
    match command.word(2, "a habit")? {
        "acks" => {
            manners.acks_success = on;
            manners.acks_failure = on;
        }
        "answers" => manners.answers = on,
        "repeats" => manners.repeats = on,
        other => return Err(format!("no peer has the habit `{other}`")),
    }
    Ok(())
}

pub(super) fn over(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    stage.world.peers[peer].transport = match command.word(2, "udp or tcp")? {
        "udp" => Transport::Udp,
        "tcp" => Transport::Tcp,
        other => return Err(format!("no peer speaks `{other}`")),
    };
    Ok(())
}

pub(super) fn knows(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    let other = command.word(2, "another peer")?;
    let other = stage.world.peer(other).ok_or_else(|| format!("`{other}` is nobody"))?;
    let dialog = stage.world.peers[other].dialogs.last().ok_or("there is no dialog")?.clone();
    stage.world.peers[peer].dialogs.push(dialog);
    Ok(())
}
