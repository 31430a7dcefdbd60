//! `alice cancel`: cancels her latest INVITE, once a provisional response came; `alice cancel now` does not wait for one.

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    let now = stage.world.now;
    let headers = command.headers()?;
    let peer = &mut stage.world.peers[peer];
    let invite =
        peer.clients.iter().rposition(|client| client.method == "INVITE").ok_or("there is no INVITE")?;
    if command.words.get(2).is_some_and(|word| word == "now") {
        peer.send_cancel(invite, now);
    } else {
        peer.cancel(invite, &headers, now);
    }
    Ok(())
}
