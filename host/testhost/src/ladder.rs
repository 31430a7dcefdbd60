//! The ladder of a world: what a test that failed prints.

use std::any::Any;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use siplet_container::io::Key;
use siplet_container::report::Report;
use siplet_container::turn::{Level, Outcome, Scope, SipKey, TrapReason, Turn};
use siplet_ladder::{Change, Ending, Ladder, Participant, Row, What};

use crate::wire;
use crate::world::World;
use crate::world::seen::{End, Fate, Seen, Watcher};

/// Watches a world and draws what it sees.
#[derive(Debug)]
pub struct LadderWatcher {
    ladder: Ladder,
    host: Participant,
    /// Names of the applications stand at their turns; else the host's column has the name of the only one.
    names_turns: bool,
    sent: BTreeSet<(End, Bytes)>,
    turns: u64,
    /// Attributes of each session after its last turn: whose, name, value.
    attributes: BTreeMap<Key, BTreeMap<(String, String), String>>,
}

impl Default for LadderWatcher {
    fn default() -> Self {
        Self {
            ladder: Ladder::default(),
            host: Participant::host("host"),
            names_turns: true,
            sent: BTreeSet::new(),
            turns: 0,
            attributes: BTreeMap::new(),
        }
    }
}

impl LadderWatcher {
    /// A watcher that has seen nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What happened so far.
    #[must_use]
    pub const fn ladder(&self) -> &Ladder {
        &self.ladder
    }

    /// Writes behind the last row that a test wanted something else.
    pub fn mark(&mut self, text: &str) {
        self.ladder.mark(text);
    }

    /// Names the host's column for the only application that it has: `screen 0.1.0`.
    pub fn name_host(&mut self, application: &str) {
        self.rename(Participant::servlet(application));
        self.names_turns = false;
    }

    /// Names the host's column for several applications, whose names then stand at their turns.
    pub fn name_all(&mut self, applications: &str) {
        self.rename(Participant::host(applications));
        self.names_turns = true;
    }

    fn rename(&mut self, named: Participant) {
        for participant in self.ladder.participants.iter_mut().filter(|known| **known == self.host) {
            participant.clone_from(&named);
        }
        self.host = named;
    }

    /// The host is one column: which application a message is for is told by its turns.
    fn host(&mut self) -> usize {
        let host = self.host.clone();
        self.ladder.participant(&host)
    }

    /// What a turn changed; what it did before it died was never there.
    fn changes(&mut self, turn: &Turn, outcome: &Outcome) -> Vec<Change> {
        if *outcome != Outcome::Done {
            return Vec::new();
        }
        let mut now = BTreeMap::new();
        let sips = turn.sessions();
        let scopes = std::iter::once((String::new(), Scope::Application));
        let of =
            |sip: &SipKey| if sips.len() > 1 { format!("session {}", sip.0) } else { "session".to_owned() };
        for (of, scope) in scopes.chain(sips.iter().map(|sip| (of(sip), Scope::Session(*sip)))) {
            for name in turn.attribute_names(scope).unwrap_or_default() {
                let value = turn.attribute(scope, &name).ok().flatten().unwrap_or_default();
                now.insert((of.clone(), name), String::from_utf8_lossy(&value).into_owned());
            }
        }
        let before = self.attributes.insert(turn.key(), now.clone()).unwrap_or_default();
        let names: BTreeSet<_> = before.keys().chain(now.keys()).cloned().collect();
        let changed = names.into_iter().filter(|name| before.get(name) != now.get(name));
        changed
            .map(|name| {
                let (before, after) = (before.get(&name).cloned(), now.get(&name).cloned());
                Change { of: name.0, name: name.1, before, after }
            })
            .collect()
    }

    fn end(&mut self, world: &World, end: End) -> usize {
        match end {
            End::Host => self.host(),
            End::Peer(at) => {
                let name = world.peers.get(at).map_or("?", |peer| peer.name.as_str());
                self.ladder.participant(&Participant::peer(name))
            }
            End::Nowhere => self.ladder.participant(&Participant::peer("nowhere")),
        }
    }

    fn message(&mut self, world: &World, from: End, to: End, bytes: &Bytes, fate: Fate) -> What {
        // The columns stand in the order in which they are first seen, the sender left.
        let (from_at, to_at) = (self.end(world, from), self.end(world, to));
        let (lost, remark) = match fate {
            Fate::Arrives(1) => (false, String::new()),
            Fate::Arrives(copies) => (false, format!("{copies} copies")),
            Fate::Lost => (true, "lost".to_owned()),
            Fate::Dropped => (true, "dropped by the test".to_owned()),
            Fate::Unreachable => (true, "nobody is there".to_owned()),
        };
        let again = !self.sent.insert((from, bytes.clone()));
        let label = wire::parse(bytes).map_or_else(
            || format!("{} bytes that are no message", bytes.len()),
            |message| match message.status() {
                None => wire::method(&message),
                Some(status) => format!("{status} {}", String::from_utf8_lossy(message.reason())),
            },
        );
        What::Message { from: from_at, to: to_at, label, again, absorbed: false, lost, remark }
    }

    fn what(&mut self, world: &World, seen: &Seen<'_>) -> Option<What> {
        Some(match seen {
            Seen::Sent { from, to, bytes, fate, reliable: _ } => {
                self.message(world, *from, *to, bytes, *fate)
            }
            Seen::TurnEnded { app, handler, outcome, after, .. } => {
                self.turns += 1;
                let ending = match outcome {
                    Outcome::Done => Ending::Done,
                    Outcome::Failed(text) => Ending::Failed { text: text.clone() },
                    Outcome::Trapped(trap) => {
                        // The first words tell when exactly a loop was stopped, which is chance.
                        let at_deadline = trap.reason == TrapReason::Deadline;
                        let stable = trap.text.split_once("; ").filter(|_| at_deadline);
                        let text = stable.map_or(trap.text.as_str(), |(_, rest)| rest).to_owned();
                        Ending::Trapped { reason: trap.reason.name().to_owned(), text }
                    }
                };
                What::Turn {
                    at: self.host(),
                    number: self.turns,
                    handler: if self.names_turns {
                        format!("{app} {}", handler.name())
                    } else {
                        handler.name().to_owned()
                    },
                    cpu_us: None,
                    changes: self.changes(after, outcome),
                    ending,
                }
            }
            Seen::Report(Report::Log { level, message, .. }) => {
                let level = match level {
                    Level::Error => siplet_ladder::Level::Error,
                    Level::Warn => siplet_ladder::Level::Warn,
                    Level::Info => siplet_ladder::Level::Info,
                    Level::Debug => siplet_ladder::Level::Debug,
                    Level::Trace => siplet_ladder::Level::Trace,
                };
                What::Log { at: self.host(), level, text: message.clone() }
            }
            Seen::Killed { .. } => What::note(self.host(), "the host was killed"),
            Seen::Started { sessions } => {
                What::note(self.host(), format!("the host starts with {sessions} stored"))
            }
            Seen::Resolve(host) => What::note(self.host(), format!("asks the DNS for {host}")),
            Seen::Transmit { .. }
            | Seen::Arrived { .. }
            | Seen::TurnBegan { .. }
            | Seen::Store { .. }
            | Seen::Stored { .. }
            | Seen::Load(_)
            | Seen::Forget(_)
            | Seen::Closed
            | Seen::Report(_)
            | Seen::Reply(_)
            | Seen::Handled(_) => return None,
        })
    }
}

impl Watcher for LadderWatcher {
    fn see(&mut self, world: &World, seen: &Seen<'_>) {
        let first_start = matches!(seen, Seen::Started { sessions: 0 }) && world.host.generation == 1;
        if first_start {
            return;
        }
        if let Some(what) = self.what(world, seen) {
            self.ladder.push(Row::at(world.now.since(world.start), what));
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}
