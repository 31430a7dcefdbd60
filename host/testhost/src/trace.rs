//! The trace of a world: one line for each thing that happened, the same in every run.
//!
//! Names that are minted (tags, branches, Call-IDs, sessions) print as T1, B1, C1, A1 in the order in which they are first
//! seen, addresses as the names of those who are there, times in seconds since the world began.

mod names;
mod report;

use std::any::Any;
use std::collections::BTreeSet;

use bytes::Bytes;
use siplet_container::io::CommandReply;
use siplet_container::turn::Outcome;
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;

use crate::wire;
use crate::world::World;
use crate::world::seen::{End, Fate, Seen, Watcher};

pub use names::Names;

/// Headers that print when they are there.
const SHOWN: [HeaderId; 10] = [
    HeaderId::Allow,
    HeaderId::Accept,
    HeaderId::Contact,
    HeaderId::Reason,
    HeaderId::RecordRoute,
    HeaderId::RetryAfter,
    HeaderId::Route,
    HeaderId::Subject,
    HeaderId::Unsupported,
    HeaderId::Warning,
];

/// Collects lines.
#[derive(Debug, Default)]
pub struct Trace {
    lines: Vec<String>,
    names: Names,
    sent: BTreeSet<(End, Bytes)>,
    /// Leaves the store's orders out.
    pub without_store: bool,
}

impl Trace {
    /// An empty trace.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines since the last call.
    pub fn take(&mut self) -> Vec<String> {
        std::mem::take(&mut self.lines)
    }

    /// Adds a line of the test's own.
    pub fn note(&mut self, line: &str) {
        self.lines.push(line.to_owned());
    }

    /// The names that are given to what is minted.
    pub fn names(&mut self) -> &mut Names {
        &mut self.names
    }

    fn end(world: &World, end: End) -> &str {
        match end {
            End::Host => "host",
            End::Peer(at) => world.peers.get(at).map_or("?", |peer| peer.name.as_str()),
            End::Nowhere => "nowhere",
        }
    }

    fn message(&mut self, world: &World, bytes: &Bytes) -> String {
        let Some(message) = wire::parse(bytes) else {
            return format!("{} bytes that are no message", bytes.len());
        };
        let mut line = match message.status() {
            None => {
                let uri = self.names.plain(world, &String::from_utf8_lossy(message.request_uri()));
                format!("{} {uri}", wire::method(&message))
            }
            Some(status) => format!("{status} {}", wire::cseq(&message).1),
        };
        let call = self.names.call(&wire::text(&message, HeaderId::CallId));
        line.push_str(&format!(
            " {call} cseq={} {}",
            wire::cseq(&message).0,
            self.names.branch(&wire::branch(&message))
        ));
        for (what, tag) in [("from", wire::from_tag(&message)), ("to", wire::to_tag(&message))] {
            if !tag.is_empty() {
                line.push_str(&format!(" {what}={}", self.names.tag(&tag)));
            }
        }
        self.headers(world, &message, &mut line);
        line
    }

    fn headers(&mut self, world: &World, message: &Message, line: &mut String) {
        for id in SHOWN {
            // Where a dialog leads to prints when it is not simply where the message came from.
            let all = wire::texts(message, id);
            for value in all {
                let value = self.names.plain(world, &value);
                if id == HeaderId::Contact && is_usual(&value) {
                    continue;
                }
                line.push_str(&format!(" {}=\"{value}\"", id.name()));
            }
        }
        if !message.body().is_empty() {
            line.push_str(&format!(" body={}", message.body().len()));
        }
    }

    fn sent(
        &mut self,
        world: &World,
        from: End,
        to: End,
        bytes: &Bytes,
        fate: Fate,
        reliable: bool,
    ) -> String {
        let text = self.message(world, bytes);
        let mut line = format!("{}>{} {text}", Self::end(world, from), Self::end(world, to));
        if reliable {
            line.push_str(" tcp");
        }
        if !self.sent.insert((from, bytes.clone())) {
            line.push_str(" (again)");
        }
        match fate {
            Fate::Arrives(1) => {}
            Fate::Arrives(copies) => line.push_str(&format!(" ({copies} copies)")),
            Fate::Lost => line.push_str(" (lost)"),
            Fate::Dropped => line.push_str(" (dropped)"),
            Fate::Unreachable => line.push_str(" (unreachable)"),
        }
        line
    }

    fn line(&mut self, world: &World, seen: &Seen<'_>) -> Option<String> {
        Some(match seen {
            Seen::Sent { from, to, bytes, fate, reliable } => {
                self.sent(world, *from, *to, bytes, *fate, *reliable)
            }
            Seen::TurnEnded { app, handler, outcome, outbox, .. } => {
                let how = match outcome {
                    Outcome::Done => "ok".to_owned(),
                    Outcome::Failed(text) => format!("failed \"{text}\""),
                    Outcome::Trapped(trap) => format!("trapped {} \"{}\"", trap.reason.name(), trap.text),
                };
                format!("turn {app} {} {how} outbox=[{}]", handler.name(), outbox.join(", "))
            }
            Seen::Store { unit, writes } if !self.without_store => {
                let writes: Vec<String> = writes
                    .iter()
                    .map(|write| format!("{} v{}", self.names.session(write.key), write.version))
                    .collect();
                format!("store {} {}", self.names.unit(world, *unit), writes.join(" "))
            }
            Seen::Stored { unit, result } if !self.without_store => {
                let how = match result {
                    Ok(()) => "ok".to_owned(),
                    Err(error) => format!("{error:?}").to_lowercase(),
                };
                format!("stored {} {how}", self.names.unit(world, *unit))
            }
            Seen::Load(key) => format!("load {}", self.names.session(*key)),
            Seen::Forget(key) if !self.without_store => format!("forget {}", self.names.session(*key)),
            Seen::Resolve(host) => format!("resolve {host}"),
            Seen::Closed => "host closes a connection".to_owned(),
            Seen::Report(report) => report::line(report, &mut self.names)?,
            Seen::Reply(CommandReply::Sessions(lines)) => self.sessions(lines),
            Seen::Killed { .. } => "host killed".to_owned(),
            Seen::Started { sessions: 0 } if world.host.generation == 1 => return None,
            Seen::Started { sessions } => format!("host starts with {sessions} stored"),
            Seen::Reply(_)
            | Seen::Store { .. }
            | Seen::Stored { .. }
            | Seen::Forget(_)
            | Seen::Transmit { .. }
            | Seen::Arrived { .. }
            | Seen::TurnBegan { .. }
            | Seen::Handled(_) => return None,
        })
    }

    fn sessions(&mut self, lines: &[siplet_container::io::SessionLine]) -> String {
        let mut all = Vec::new();
        for line in lines {
            let sips: Vec<String> = line
                .sessions
                .iter()
                .map(|(call, state)| format!("{} {state}", self.names.call(call)))
                .collect();
            let application = line.application.split(' ').next().unwrap_or_default();
            all.push(format!("{application} {} s [{}]", line.age_s, sips.join(", ")));
        }
        format!("sessions: {}", if all.is_empty() { "none".to_owned() } else { all.join("; ") })
    }
}

/// `<sip:host>`, `<sip:alice@alice>`.
fn is_usual(contact: &str) -> bool {
    let inner = contact.trim_start_matches("<sip:").trim_end_matches('>').trim_end_matches(";transport=tcp");
    inner == "host" || inner.split_once('@').is_some_and(|(user, host)| user == host)
}

impl Watcher for Trace {
    fn see(&mut self, world: &World, seen: &Seen<'_>) {
        if let Some(line) = self.line(world, seen) {
            let time = world.now.since(world.start);
            self.lines.push(format!("{}.{:03} {line}", time.as_secs(), time.subsec_millis()));
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
