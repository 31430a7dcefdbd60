//! What a world did, fact by fact, for the comparison of two; and what of it people are told.

use std::any::Any;

use bytes::Bytes;
use siplet_container::report::{Death, Report};
use siplet_container::turn::{Level, Outcome, Scope, TrapReason, Turn};
use siplet_test_protocol::{self as protocol, Event, LogLine, Trap};

use crate::world::World;
use crate::world::seen::{End, Seen, Watcher};

/// Something that must be the same in both worlds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fact {
    /// The turn that it came of: its number, 1 for the first of the world, its application and handler.
    pub(super) turn: Option<(u32, String, &'static str)>,
    /// What happened, in words.
    pub(super) text: String,
    /// The message, where it is one.
    pub(super) bytes: Bytes,
}

/// Watches a world.
#[derive(Default)]
pub(super) struct Facts {
    all: Vec<Fact>,
    events: Vec<Event>,
    turns: u32,
    turn: Option<(u32, String, &'static str)>,
}

impl Facts {
    pub(super) fn all(&self) -> &[Fact] {
        &self.all
    }

    pub(super) fn forget(&mut self) {
        self.all.clear();
    }

    pub(super) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    fn fact(&mut self, text: String, bytes: Bytes) {
        self.all.push(Fact { turn: self.turn.clone(), text, bytes });
    }

    fn report(&mut self, report: &Report) {
        let Some(event) = event(report) else { return };
        let told = match &event {
            // Its turn has told how it died.
            Event::Trap(trap) => format!("{} died, its request got {:?}", trap.handler, trap.answered),
            Event::Log(line) => format!("logs {:?}", line.text),
            other => format!("{other:?}"),
        };
        self.fact(told, Bytes::new());
        self.events.push(event);
    }
}

impl Watcher for Facts {
    fn see(&mut self, world: &World, seen: &Seen<'_>) {
        match seen {
            Seen::TurnBegan { handler, .. } => {
                self.turns += 1;
                self.turn = Some((self.turns, String::new(), handler.name()));
            }
            Seen::TurnEnded { app, handler, outcome, outbox, after, .. } => {
                self.turn = Some((self.turns, (*app).to_owned(), handler.name()));
                let how = match outcome {
                    Outcome::Done => "ends".to_owned(),
                    Outcome::Failed(text) => format!("fails: {text}"),
                    Outcome::Trapped(trap) => dies(trap.reason, &trap.text),
                };
                let attributes = attributes(after).join(", ");
                self.fact(
                    format!("{how}, sends [{}], attributes {{{attributes}}}", outbox.join(", ")),
                    Bytes::new(),
                );
            }
            Seen::Transmit { bytes, .. } => self.fact("sends".to_owned(), (*bytes).clone()),
            Seen::Sent { from: End::Peer(peer), bytes, .. } => {
                let name = world.peers.get(*peer).map_or("?", |peer| peer.name.as_str());
                self.fact(format!("{name} sends"), (*bytes).clone());
            }
            Seen::Report(report) => self.report(report),
            Seen::Sent { .. }
            | Seen::Arrived { .. }
            | Seen::Store { .. }
            | Seen::Stored { .. }
            | Seen::Load(_)
            | Seen::Forget(_)
            | Seen::Resolve(_)
            | Seen::Closed
            | Seen::Reply(_)
            | Seen::Handled(_)
            | Seen::Killed { .. }
            | Seen::Started { .. } => {}
        }
    }

    fn as_any(&mut self) -> &mut dyn Any {
        self
    }
}

/// How a handler died. When exactly a loop was stopped is chance.
fn dies(reason: TrapReason, text: &str) -> String {
    if reason == TrapReason::Deadline {
        "dies: deadline".to_owned()
    } else {
        format!("dies: {}: {text}", reason.name())
    }
}

/// `name = value` of all attributes after a turn.
pub(super) fn attributes(turn: &Turn) -> Vec<String> {
    let scopes = std::iter::once(Scope::Application).chain(turn.sessions().into_iter().map(Scope::Session));
    let mut all = Vec::new();
    for scope in scopes {
        for name in turn.attribute_names(scope).unwrap_or_default() {
            let value = turn.attribute(scope, &name).ok().flatten().unwrap_or_default();
            all.push(format!("{name} = {}", String::from_utf8_lossy(&value)));
        }
    }
    all
}

/// What the store did not do, in a sentence.
fn of_the_store(report: &Report) -> Option<Event> {
    let sentence = |text: String| Some(Event::Report { text });
    #[allow(clippy::wildcard_enum_match_arm, reason = "whoever calls this has told the others apart")]
    match report {
        Report::StoreRefused { .. } => sentence("the store refused a unit".to_owned()),
        Report::StoreUnavailable { attempt, .. } => {
            sentence(format!("the store could not be reached, attempt {attempt}"))
        }
        Report::RolledBack { units, requests, .. } => sentence(format!(
            "a session went back to its stored version: {units} units and {requests} requests are lost"
        )),
        Report::LoadFailed { why, .. } => sentence(format!("a stored session could not be loaded: {why}")),
        Report::RecordLeft { .. } => sentence("the record of an ended session stays in the store".to_owned()),
        _ => None,
    }
}

/// What people are told of a report.
fn event(report: &Report) -> Option<Event> {
    let sentence = |text: String| Some(Event::Report { text });
    match report {
        Report::Log { app, level, message, .. } => {
            let level = match level {
                Level::Error => protocol::Level::Error,
                Level::Warn => protocol::Level::Warn,
                Level::Info => protocol::Level::Info,
                Level::Debug => protocol::Level::Debug,
                Level::Trace => protocol::Level::Trace,
            };
            Some(Event::Log(LogLine { application: app.name.to_string(), level, text: message.clone() }))
        }
        Report::TurnAbandoned { app, handler, answered, death, .. } => {
            let (reason, text, backtrace) = match death {
                Death::Failed(text) => ("failed", text.clone(), Vec::new()),
                Death::Trapped(trap) => (trap.reason.name(), trap.text.clone(), trap.backtrace.clone()),
            };
            Some(Event::Trap(Trap {
                application: app.name.to_string(),
                handler: handler.name().to_owned(),
                reason: reason.to_owned(),
                text,
                backtrace,
                answered: *answered,
            }))
        }
        Report::Unanswered { app, method, answered } => {
            let answered = answered.map_or(String::new(), |status| format!("; the host answered {status}"));
            sentence(format!("{} left a {method} without a final response{answered}", app.name))
        }
        Report::Refused { status, why, text, .. } => {
            sentence(format!("the host refused a request: {status} {text} ({})", why.name()))
        }
        Report::Dropped { why, .. } => sentence(format!("the host dropped a message: {}", why.name())),
        Report::NoPrack { app } => sentence(format!("no PRACK came for a reliable response of {}", app.name)),
        Report::NoAck { app } => sentence(format!("no ACK came for a 2xx of {}", app.name)),
        Report::ClientTimeout { app, method } => {
            sentence(format!("a {method} of {} got no final response in time", app.name))
        }
        Report::TransmitFailed { app } => {
            let whose = app.as_ref().map_or(String::new(), |app| format!(" of {}", app.name));
            sentence(format!("a message{whose} could not be sent: nobody is there"))
        }
        Report::ListenersDropped { app, turns } => {
            sentence(format!("{turns} listeners of {} are beyond its limit `listener-turns`", app.name))
        }
        Report::LogDropped { app, lines } => {
            sentence(format!("{lines} log lines of {} are beyond its limit `log-bytes`", app.name))
        }
        Report::StoreRefused { .. }
        | Report::StoreUnavailable { .. }
        | Report::RolledBack { .. }
        | Report::LoadFailed { .. }
        | Report::RecordLeft { .. } => of_the_store(report),
        Report::ResolveFailed { host, why, .. } => {
            sentence(format!("a message was for {host}, which has no address: {}", why.name()))
        }
        Report::Broken { what, .. } => sentence(format!("a rule of the container is broken: {what}")),
        Report::NotDeployed(app) => {
            sentence(format!("new calls were to go to a version of {} that is not deployed", app.name))
        }
        Report::Step(_)
        | Report::Unrecorded { .. }
        | Report::Upgraded { .. }
        | Report::Restored { .. }
        | Report::Deployed(_)
        | Report::Left(_) => None,
    }
}
