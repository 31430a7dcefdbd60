//! Writes down a step while it goes on: what changed is found by comparing copies, so nobody else has to tell.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;

use crate::names::Kind;
use crate::session::AppSession;
use crate::session::attributes::Attributes;
use crate::session::transactions::Target;
use crate::step::{Callback, Outgoing, WorkingCopy};
use crate::turn::{LogLine, Outcome, Turn};

use super::{
    AttributeChange, Beginning, Destination, LogRecord, Sent, SessionChange, StepInput, StepRecord,
    TurnOutcome, TurnRecord,
};

/// A step that is written down.
#[derive(Debug)]
pub(crate) struct Recorder {
    record: StepRecord,
    /// Whose each message of the outbox is, as far as that is told.
    authors: Vec<(Option<u32>, u32)>,
}

impl Recorder {
    /// A step begins with that copy.
    pub(crate) fn new(copy: &WorkingCopy, input: StepInput) -> Self {
        let record = StepRecord {
            key: copy.session.key,
            id: copy.mint(Kind::ApplicationSession, 0),
            app: copy.application.id.clone(),
            version: copy.application.descriptor.version.clone(),
            number: 0,
            watches: Vec::new(),
            trapped: None,
            beginning: None,
            at: copy.now,
            input,
            turns: Vec::new(),
            sent: Vec::new(),
            sessions: Vec::new(),
            next_deadline: None,
            ended: false,
        };
        Self { record, authors: Vec::new() }
    }

    /// The watches that the session is in.
    pub(crate) fn watched_by(&mut self, watches: &[u64]) {
        self.record.watches = watches.to_vec();
    }

    /// The record of the session begins here; `snapshot`: what it was before, none when it is new.
    pub(crate) fn begins(&mut self, copy: &WorkingCopy, snapshot: Option<Bytes>) {
        self.record.beginning = Some(Box::new(Beginning {
            application: Arc::clone(&copy.application),
            snapshot,
            names: copy.shared.minter.names_of(copy.session.key),
        }));
    }

    /// The step is kept under this name, whoever watches.
    pub(crate) fn keep_as(&mut self, name: String) {
        self.record.trapped = Some(name);
    }

    /// The name that it is kept under, if it is.
    pub(crate) fn kept_as(&self) -> Option<&str> {
        self.record.trapped.as_deref()
    }

    pub(crate) const fn has_beginning(&self) -> bool {
        self.record.beginning.is_some()
    }

    /// True when somebody wants it: a watch, or the death of a handler.
    pub(crate) fn is_wanted(&self) -> bool {
        self.record.trapped.is_some() || !self.record.watches.is_empty()
    }

    /// A turn has ended: `before` is the copy that it began with.
    pub(crate) fn on_turn(
        &mut self,
        turn: &Turn,
        callback: &Callback,
        before: &WorkingCopy,
        outcome: &Outcome,
        (log, log_dropped): (&[LogLine], u32),
    ) {
        let index = u32::try_from(self.record.turns.len()).unwrap_or(u32::MAX);
        self.author(before.outbox.len(), None, index);
        let copy = &turn.copy;
        let unsent = match outcome {
            Outcome::Done => {
                self.author(copy.outbox.len(), Some(index), index);
                Vec::new()
            }
            Outcome::Failed(_) | Outcome::Trapped(_) => {
                let put = copy.outbox.iter().skip(before.outbox.len());
                put.map(|outgoing| sent(outgoing, (Some(index), index))).collect()
            }
        };
        self.record.turns.push(TurnRecord {
            number: turn.id().0,
            handler: callback.handler(),
            about: turn.message_bytes().map(crate::trace::summary),
            seed: turn.seed(),
            outcome: told(outcome),
            cpu_us: turn.cpu().map(|cpu| u64::try_from(cpu.as_micros()).unwrap_or(u64::MAX)),
            attributes: changes(&before.session, &copy.session),
            log: log
                .iter()
                .map(|line| LogRecord { level: line.level, message: line.message.clone() })
                .collect(),
            log_dropped,
            unsent,
        });
    }

    fn author(&mut self, up_to: usize, turn: Option<u32>, after: u32) {
        while self.authors.len() < up_to {
            self.authors.push((turn, after));
        }
    }

    /// The step is being committed: `before` is the session as it was, `copy` what it becomes.
    pub(crate) fn end(mut self, before: &AppSession, copy: &WorkingCopy) -> StepRecord {
        let turns = u32::try_from(self.record.turns.len()).unwrap_or(u32::MAX);
        self.author(copy.outbox.len(), None, turns);
        self.record.sent =
            copy.outbox.iter().zip(&self.authors).map(|(outgoing, by)| sent(outgoing, *by)).collect();
        self.record.sessions = session_changes(before, &copy.session);
        let config = &copy.shared.config;
        let (due, lazy) = copy.session.next_deadlines(&config.limits, &config.timers);
        self.record.next_deadline = due.into_iter().chain(lazy).min();
        self.record.ended = !copy.session.valid;
        self.record
    }
}

fn sent(outgoing: &Outgoing, (turn, after): (Option<u32>, u32)) -> Sent {
    let to = match &outgoing.target {
        Target::Hop(hop) => Destination::Hop(*hop),
        Target::Name { query, listener, transport, port } => Destination::Name {
            host: query.host.clone(),
            port: *port,
            transport: *transport,
            listener: *listener,
        },
    };
    Sent { to, bytes: outgoing.bytes.clone(), turn, after }
}

fn told(outcome: &Outcome) -> TurnOutcome {
    match outcome {
        Outcome::Done => TurnOutcome::Done,
        Outcome::Failed(text) => TurnOutcome::Failed(text.clone()),
        Outcome::Trapped(trap) => TurnOutcome::Trapped {
            reason: trap.reason,
            text: trap.text.clone(),
            backtrace: trap.backtrace.clone(),
        },
    }
}

/// Attributes of all scopes that differ.
fn changes(before: &AppSession, after: &AppSession) -> Vec<AttributeChange> {
    let mut all = Vec::new();
    compare(None, &before.attributes, &after.attributes, &mut all);
    let none = Attributes::default();
    for sip in &after.sips {
        let old = before.sip(sip.key).map_or(&none, |sip| &sip.attributes);
        compare(Some(sip.key.0), old, &sip.attributes, &mut all);
    }
    all
}

fn compare(session: Option<u32>, old: &Attributes, new: &Attributes, all: &mut Vec<AttributeChange>) {
    if old.is_same(new) {
        return;
    }
    let mut names: BTreeMap<&str, (Option<&Bytes>, Option<&Bytes>)> = BTreeMap::new();
    old.iter().for_each(|(name, value)| names.entry(name).or_default().0 = Some(value));
    new.iter().for_each(|(name, value)| names.entry(name).or_default().1 = Some(value));
    all.extend(names.into_iter().filter(|(_, (old, new))| old != new).map(|(name, (old, new))| {
        AttributeChange { session, name: name.to_owned(), old: old.cloned(), new: new.cloned() }
    }));
}

fn session_changes(before: &AppSession, after: &AppSession) -> Vec<SessionChange> {
    let mut all = Vec::new();
    for sip in &after.sips {
        let old = before.sip(sip.key).map(|sip| sip.state);
        if old != Some(sip.state) {
            let call_id = String::from_utf8_lossy(&sip.call_id).into_owned();
            all.push(SessionChange { session: sip.key.0, call_id, old, new: Some(sip.state) });
        }
    }
    for sip in before.sips.iter().filter(|sip| after.sip(sip.key).is_none()) {
        let call_id = String::from_utf8_lossy(&sip.call_id).into_owned();
        all.push(SessionChange { session: sip.key.0, call_id, old: Some(sip.state), new: None });
    }
    all
}
