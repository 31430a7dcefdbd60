//! `drop host>alice 200 times=2`, `duplicate alice>host INVITE`, `delay alice>host BYE by=2s`: rules of the net.
//!
//! The message is a method, a status, or `*`; `of=INVITE` asks for the method of a response's CSeq.

use crate::text::duration;
use crate::world::net::{Effect, Rule};

use super::super::{Command, Stage};

pub(super) fn run(stage: &mut Stage, command: &Command) -> Result<(), String> {
    let way = command.word(1, "a way such as host>alice")?;
    let (from, to) = way.split_once('>').ok_or("a way has a `>`")?;
    let effect = match command.words[0].as_str() {
        "drop" => Effect::Drop,
        "duplicate" => Effect::Duplicate,
        _ => Effect::Delay(duration(command.option("by").ok_or("`delay` wants by=TIME")?)?),
    };
    let times = command.option("times").unwrap_or("1");
    let rule = Rule {
        from: Some(super::end(stage, from)?),
        to: Some(super::end(stage, to)?),
        what: command.word(2, "a method, a status or *")?.to_owned(),
        cseq_method: command.option("of").map(str::to_owned),
        times: times.parse().map_err(|_| format!("`{times}` is no number"))?,
        effect,
    };
    stage.world.net.rules.push(rule);
    Ok(())
}
