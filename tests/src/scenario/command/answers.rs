//! `bob answers 180 500ms:200 200/1`: how a peer answers INVITEs; with indented header lines for all of them.
//!
//! A time before the status is the wait since the response before it; a number behind it is another user agent behind
//! the same address, with a tag of its own. `user=name` is for one user part only. `answers nothing` leaves INVITEs alone.

use crate::peer::{Answer, Reply};
use crate::text::duration;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    let headers = command.headers()?;
    let mut answer = Answer::default();
    for word in command.words.iter().skip(2).filter(|word| *word != "nothing") {
        let (after, status) = word.split_once(':').unwrap_or(("0s", word));
        let (status, fork) = status.split_once('/').unwrap_or((status, "0"));
        answer.replies.push(Reply {
            after: duration(after)?,
            status: status.parse().map_err(|_| format!("`{status}` is no status"))?,
            fork: fork.parse().map_err(|_| format!("`{fork}` is no number"))?,
            headers: headers.clone(),
            ..Reply::now(0)
        });
    }
    let user = command.option("user").unwrap_or_default().to_owned();
    stage.world.peers[peer].answers.insert(user, answer);
    Ok(())
}
