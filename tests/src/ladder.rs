//! The ladder of a world: what a test that failed prints.

use std::any::Any;
use std::collections::BTreeSet;

use bytes::Bytes;
use siplet_container::report::Report;
use siplet_container::turn::{Level, Outcome};
use siplet_ladder::{Ending, Ladder, Participant, Row, What};

use crate::wire;
use crate::world::World;
use crate::world::seen::{End, Fate, Seen, Watcher};

/// Watches a world and draws what it sees.
#[derive(Debug, Default)]
pub struct LadderWatcher {
    ladder: Ladder,
    sent: BTreeSet<(End, Bytes)>,
    turns: u64,
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

    /// The host is one column: which application a message is for is told by its turns.
    fn host(&mut self) -> usize {
        self.ladder.participant(&Participant::host("host"))
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
            Seen::TurnEnded { app, handler, outcome, .. } => {
                self.turns += 1;
                let ending = match outcome {
                    Outcome::Done => Ending::Done,
                    Outcome::Failed(text) => Ending::Failed { text: text.clone() },
                    Outcome::Trapped(trap) => {
                        Ending::Trapped { reason: trap.reason.name().to_owned(), text: trap.text.clone() }
                    }
                };
                What::Turn {
                    at: self.host(),
                    number: self.turns,
                    handler: format!("{app} {}", handler.name()),
                    cpu_us: None,
                    changes: Vec::new(),
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
