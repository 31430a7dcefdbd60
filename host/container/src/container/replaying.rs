//! A record runs again: the same container, fed with the inputs of recorded steps at their times.
//!
//! A step begins with the very work that it began with when it was recorded: what a session's mailbox and the choice of
//! an application decided then is in the record and is not decided anew. Deadlines are inputs too, because a step runs
//! when its session is free and not when it is due; that the session computes the same deadlines shows in
//! [`StepRecord::next_deadline`]. Keys, names and the seeds of turns come from the record, so that every byte can be the
//! same.

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::message::Message;

use crate::app::Application;
use crate::config::Config;
use crate::io::{Effect, Flow, Input};
use crate::names::Minter;
use crate::record::{Beginning, Role, StepInput, StepRecord};
use crate::report::Report;
use crate::routing::Rollout;
use crate::session::AppSession;
use crate::step::Shared;
use crate::step::request::Received;
use crate::turn::{Outcome, SipKey, Turn};

use super::slots::Slot;
use super::{Container, Work};

/// Octets of a SIP session with its dialog, near enough for a limit.
const SIP_SESSION_BYTES: usize = 1024;

/// What the record says that would else be random.
#[derive(Debug, Default)]
pub(super) struct Replaying {
    /// Seeds of the turns of this step, last first.
    seeds: Vec<[u64; 2]>,
}

impl Container {
    /// A container that runs the record of one application session: nothing but [`Container::replay`] begins a step in
    /// it. Effects are those of every container; turns come back by [`Input::TurnEnded`], and
    /// [`Report::Step`](crate::report::Report::Step) tells what the step was this time.
    #[must_use]
    pub fn replaying(config: Config) -> Self {
        let config = Config { durable: false, shard: 0, shards: 1, keep_trapped: false, ..config };
        let mut container = Self::new(config);
        container.replaying = Some(Replaying::default());
        container
    }

    /// Begins a recorded step, for `application` in the place of the one that the record names; they are the same where
    /// the bytes have to be.
    ///
    /// # Errors
    /// In words, when the step cannot begin: its session is not here (the record begins later, or it ended earlier than
    /// when it was recorded), a handler is still away, its message cannot be read.
    pub fn replay(&mut self, record: &StepRecord, application: &Arc<Application>) -> Result<(), String> {
        if self.replaying.is_none() {
            return Err("this container serves and runs no records".to_owned());
        }
        let work = self.work(record)?;
        self.now = self.now.max(record.at);
        if let Some(beginning) = &record.beginning {
            self.begin_record(record, beginning, application)?;
        }
        let Some(slot) = self.slots.get_mut(&record.key) else {
            return Err("the session is over already in this run".to_owned());
        };
        if slot.step.is_some() {
            return Err("a handler of the step before is still away".to_owned());
        }
        slot.watch_replay();
        if let Some(replaying) = &mut self.replaying {
            replaying.seeds = record.turns.iter().rev().map(|turn| turn.seed).collect();
        }
        self.post(record.key, work);
        self.run_ready();
        Ok(())
    }

    /// Octets that the sessions of a run hold: their attributes and the messages of their transactions.
    #[must_use]
    pub fn replayed_bytes(&self) -> usize {
        let keys = self.slots.sorted_keys();
        let sessions = keys.iter().filter_map(|key| self.slots.get(key)).map(|slot| &slot.live);
        // Each side of a transaction holds about as much as its request.
        let held = sessions.map(|session| {
            let servers = session.servers.iter().map(|tx| 2 * tx.request.bytes().len());
            let clients = session.clients.iter().map(|tx| 2 * tx.request.len());
            let sips = session.sips.iter().map(|sip| sip.remote_party.len() + SIP_SESSION_BYTES);
            session.attribute_bytes() + servers.chain(clients).chain(sips).sum::<usize>()
        });
        held.sum()
    }

    /// Random words for a turn: those of the record where one runs.
    pub(super) fn seed_turn(&mut self) -> [u64; 2] {
        let told = self.replaying.as_mut().and_then(|replaying| replaying.seeds.pop());
        told.unwrap_or_else(|| [self.random.next(), self.random.next()])
    }

    /// The session as it was before its first recorded step.
    fn begin_record(
        &mut self,
        record: &StepRecord,
        beginning: &Beginning,
        application: &Arc<Application>,
    ) -> Result<(), String> {
        let key = record.key;
        self.remove_slot(key, false);
        let config = self.shared.config.clone();
        let mut minter = Minter::new(config.secret, config.previous_secret);
        minter.tell(key, beginning.names);
        self.shared = Arc::new(Shared { config, minter });
        let rollout = Rollout { stable: Arc::clone(application), canary: None };
        self.applications.insert(application.id.name.clone(), rollout);
        let is_root = matches!(record.input, StepInput::Deployed);
        match &beginning.snapshot {
            Some(snapshot) => {
                // A root session that is restored stays the root of its application.
                self.roots.insert(application.id.clone(), key);
                self.restore_as(key, snapshot, application).map_err(|fault| fault.to_string())?;
            }
            None => {
                let timeout_s = if is_root { 0 } else { application.descriptor.session_timeout_s };
                let mut session = AppSession::new(key, application.id.clone(), timeout_s, self.now);
                session.root = is_root;
                session.invalidate_when_ready = !is_root;
                self.insert_slot(Slot::new(session, Arc::clone(application)));
            }
        }
        self.effects.clear();
        Ok(())
    }

    /// What a session has to do for that input.
    fn work(&self, record: &StepRecord) -> Result<Work, String> {
        Ok(match &record.input {
            StepInput::Packet { flow, bytes, role } => self.work_of_packet(*flow, bytes, *role)?,
            StepInput::Deadline => Work::Deadline,
            StepInput::TransmitFailed { client, is_cancel } => {
                Work::TransmitFailed { client: *client, is_cancel: *is_cancel }
            }
            StepInput::Resolved { client, is_cancel, answer } => {
                Work::Resolved { client: *client, is_cancel: *is_cancel, answer: answer.clone() }
            }
            StepInput::Deployed => Work::Initialized,
            StepInput::Activated => Work::Activated,
            StepInput::Undeployed => Work::End,
            StepInput::Stopped { retry_after_s } => Work::Stop { retry_after_s: *retry_after_s },
            StepInput::Upgrade { to, restored_from } => {
                let from = restored_from.clone().unwrap_or_else(|| record.version.clone());
                Work::Upgrade { to: Arc::clone(to), restored_from: Some(from) }
            }
        })
    }

    fn work_of_packet(&self, flow: Flow, bytes: &Bytes, role: Role) -> Result<Work, String> {
        let message = Message::parse(bytes.clone(), &self.shared.config.limits.message)
            .map_err(|fault| format!("its message cannot be read: {fault}"))?;
        let message = Arc::new(message);
        let request = |message| self.recorded_request(flow, message);
        Ok(match role {
            Role::Initial => Work::Initial(request(message)?),
            Role::Subsequent(sip) => Work::Subsequent(request(message)?, SipKey(sip)),
            Role::Cancel(invite) => Work::Cancel(request(message)?, (invite != 0).then_some(invite)),
            Role::Ack(sip) => Work::Ack(request(message)?, SipKey(sip)),
            Role::AckOfFailure(server) => Work::AckOfFailure { server, message, flow },
            Role::Response(client) => Work::Response { client, is_cancel: false, message, flow },
            Role::CancelResponse(client) => Work::Response { client, is_cancel: true, message, flow },
        })
    }

    fn recorded_request(&self, flow: Flow, message: Arc<Message>) -> Result<Box<Received>, String> {
        let method = message.method().cloned().ok_or("its message is no request")?;
        self.shared.received(flow, message, method).ok_or_else(|| "its message has no Via".to_owned())
    }
}

/// Runs a whole step: `run` is whoever runs a turn. What the step was this time, or why it could not begin.
///
/// # Errors
/// As of [`Container::replay`]; also when the step was begun but did nothing that could be told.
pub fn replay_step(
    container: &mut Container,
    record: &StepRecord,
    application: &Arc<Application>,
    mut run: impl FnMut(Box<Turn>) -> (Box<Turn>, Outcome),
) -> Result<Box<StepRecord>, String> {
    container.replay(record, application)?;
    let mut told = None;
    while let Some(effect) = container.poll_effect() {
        match effect {
            Effect::RunTurn(turn) => {
                let (turn, outcome) = run(turn);
                container.handle(Input::TurnEnded { turn, outcome }, record.at);
            }
            Effect::Report(Report::Step(step)) => told = Some(step),
            // What leaves is in the step that is told.
            Effect::Transmit { .. }
            | Effect::CloseFlow { .. }
            | Effect::Resolve { .. }
            | Effect::Store { .. }
            | Effect::Load { .. }
            | Effect::Forget { .. }
            | Effect::Handover { .. }
            | Effect::CommandReply { .. }
            | Effect::Report(_) => {}
        }
    }
    told.ok_or_else(|| "the input does nothing in this run".to_owned())
}
