//! Commands of an operator: what changes or shows calls.

use core::fmt::Write as _;

use crate::io::{Command, CommandReply, Effect, SessionLine};
use crate::names::Kind;
use crate::session::AppSession;

use super::Container;

impl Container {
    pub(super) fn on_command(&mut self, id: u64, command: Command) {
        let reply = match command {
            Command::Drain { retry_after_s } => {
                self.draining = Some(retry_after_s);
                CommandReply::Done
            }
            Command::Resume => {
                self.draining = None;
                CommandReply::Done
            }
            Command::ListSessions { limit } => CommandReply::Sessions(self.list(limit)),
            Command::Watch { watch, what } => self.watch(watch, what),
            Command::Unwatch { watch } => {
                self.unwatch(watch);
                CommandReply::Done
            }
            Command::ShowSession(name) => CommandReply::Session(self.show(&name)),
        };
        self.effects.push_back(Effect::CommandReply { id, reply });
    }

    fn list(&self, limit: usize) -> Vec<SessionLine> {
        self.slots
            .sorted_keys()
            .into_iter()
            .take(limit)
            .filter_map(|key| self.slots.get(&key))
            .map(|slot| SessionLine {
                id: self.shared.minter.mint(Kind::ApplicationSession, slot.live.key, 0),
                application: slot.application.id.to_string(),
                age_s: self.now.since(slot.live.created).as_secs(),
                sessions: slot
                    .live
                    .sips
                    .iter()
                    .map(|sip| {
                        (String::from_utf8_lossy(&sip.call_id).into_owned(), sip.state.name().to_owned())
                    })
                    .collect(),
            })
            .collect()
    }

    fn show(&self, name: &str) -> Option<String> {
        let (key, _) = self.shared.minter.check(Kind::ApplicationSession, name.as_bytes())?;
        let slot = self.slots.get(&key)?;
        let session = &slot.live;
        let mut text = String::new();
        let _ = writeln!(text, "application session {name}");
        let _ = writeln!(
            text,
            "  application {}   version {}   valid {}",
            slot.application.id, session.version, session.valid
        );
        if let Some(at) = session.expires {
            let _ = writeln!(text, "  expires in {} s", at.since(self.now).as_secs());
        }
        let _ = writeln!(
            text,
            "  mailbox {}   parked units {}   turn away {}",
            slot.mailbox.len(),
            slot.parked.len(),
            slot.step.is_some()
        );
        show_attributes(&mut text, "  ", session.attributes.iter());
        self.show_sips(&mut text, session);
        for tx in &session.servers {
            let _ = writeln!(text, "  server transaction {} {}", tx.index, tx.method.as_str());
        }
        for tx in &session.clients {
            let _ = writeln!(text, "  client transaction {} {}", tx.index, tx.method.as_str());
        }
        Some(text)
    }

    fn show_sips(&self, text: &mut String, session: &AppSession) {
        for sip in &session.sips {
            let id = self.shared.minter.mint(Kind::SipSession, session.key, sip.key.0);
            let _ = writeln!(text, "  sip session {id} {}", sip.state.name());
            let _ = writeln!(text, "    call-id {}", String::from_utf8_lossy(&sip.call_id));
            let _ = writeln!(text, "    local   {}", String::from_utf8_lossy(&sip.local_party_with_tag()));
            let _ = writeln!(text, "    remote  {}", String::from_utf8_lossy(&sip.remote_party));
            show_attributes(text, "    ", sip.attributes.iter());
        }
    }
}

fn show_attributes<'a>(
    text: &mut String,
    indent: &str,
    attributes: impl Iterator<Item = (&'a str, &'a bytes::Bytes)>,
) {
    for (name, value) in attributes {
        let _ = writeln!(text, "{indent}{name}: {}", String::from_utf8_lossy(value));
    }
}
