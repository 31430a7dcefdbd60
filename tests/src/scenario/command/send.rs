//! `alice send INVITE sip:bob@host body=sdp` with header lines below; without a URI inside her latest dialog.
//!
//! Options: `cseq`, `branch`, `call-id`, `from-tag`, `to-tag`, `body`, and `dialog=N` for the N-th dialog. `same` stands for
//! that of her latest request. `alice send ACK` acknowledges by hand. `alice resend` sends her latest request again.

use crate::peer::Extras;
use crate::wire;

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    let now = stage.world.now;
    let method = command.word(2, "a method")?;
    let extras = extras(stage, peer, command)?;
    let peer = &mut stage.world.peers[peer];
    if let Some(uri) = command.words.get(3) {
        peer.request(method, uri, &extras, now);
        return Ok(());
    }
    let last = peer.dialogs.len();
    let dialog = match command.option("dialog") {
        Some(number) => number.parse().map_err(|_| format!("`{number}` is no number"))?,
        None => last,
    };
    let dialog = dialog.checked_sub(1).filter(|at| *at < last).ok_or("there is no such dialog")?;
    if method == "ACK" {
        let invite = peer.clients.iter().rposition(|client| client.method == "INVITE").ok_or("no INVITE")?;
        peer.ack_headers = extras.headers;
        peer.ack_success(invite, dialog);
    } else {
        peer.request_in(dialog, method, &extras, now);
    }
    Ok(())
}

pub(super) fn again(stage: &mut Stage, peer: usize, command: &Command) -> Result<(), String> {
    let peer = &mut stage.world.peers[peer];
    let method = command.words.get(2);
    let fits = |client: &&crate::peer::Client| method.is_none_or(|method| *method == client.method);
    let bytes = peer.clients.iter().rev().find(fits).ok_or("nothing was sent")?.bytes.clone();
    peer.send(bytes);
    Ok(())
}

fn extras(stage: &Stage, peer: usize, command: &Command) -> Result<Extras, String> {
    let last = stage.world.peers[peer].clients.last();
    let name = |option: &str, same: fn(&crate::peer::Client) -> String| {
        command.option(option).map(|value| match last {
            Some(last) if value == "same" => same(last),
            Some(_) | None => value.to_owned(),
        })
    };
    let cseq = match command.option("cseq") {
        Some(number) => Some(number.parse().map_err(|_| format!("`{number}` is no number"))?),
        None => None,
    };
    let to_tag = |client: &crate::peer::Client| {
        client
            .responses
            .last()
            .and_then(wire::parse)
            .map(|message| wire::to_tag(&message))
            .unwrap_or_default()
    };
    let body = match command.option("body") {
        // Long bodies are told by their length.
        Some(body) if body.ends_with('x') && body[..body.len() - 1].parse::<usize>().is_ok() => {
            "x".repeat(body[..body.len() - 1].parse().unwrap_or_default())
        }
        Some(body) => body.to_owned(),
        None => String::new(),
    };
    Ok(Extras {
        headers: command.headers()?,
        body,
        cseq,
        branch: name("branch", |client| client.branch.clone()),
        call_id: name("call-id", |client| client.call_id.clone()),
        from_tag: name("from-tag", |client| client.from_tag.clone()),
        to_tag: name("to-tag", to_tag),
    })
}
