//! Which sessions are watched, and what of a step is kept for a record.

use std::sync::Arc;

use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

use crate::io::{CommandReply, Key};
use crate::names::Minter;
use crate::record::watch::{WATCHES, Watch};
use crate::record::{Recorder, Role, StepInput};
use crate::report::Report;
use crate::snapshot;
use crate::step::WorkingCopy;

use super::slots::Slot;
use super::{Container, Work};

/// A watch and how many sessions it has taken in.
#[derive(Debug)]
pub(super) struct Watching {
    what: Watch,
    taken: usize,
}

/// What watches of a session have to know.
#[derive(Debug, Default)]
pub(super) struct Watched {
    by: Vec<u64>,
    /// The next record of a step tells what the session was before it.
    begins: bool,
    /// Number of the last step that was told.
    told: u64,
}

/// How many steps with a death were kept in this second.
#[derive(Debug, Default)]
pub(super) struct Kept {
    second: u64,
    steps: u32,
}

/// What a step keeps of its beginning while its turns are away.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) input: Work,
    pub(super) recorder: Option<Box<Recorder>>,
}

impl Work {
    /// The input as it can be given again.
    pub(super) fn told(&self) -> StepInput {
        let packet =
            |flow, message: &Message, role| StepInput::Packet { flow, bytes: message.bytes().clone(), role };
        match self {
            Self::Initial(received) => packet(received.flow, &received.message, Role::Initial),
            Self::Subsequent(received, sip) => {
                packet(received.flow, &received.message, Role::Subsequent(sip.0))
            }
            Self::Cancel(received, invite) => {
                packet(received.flow, &received.message, Role::Cancel(invite.unwrap_or_default()))
            }
            Self::AckOfFailure { server, message, flow } => {
                packet(*flow, message, Role::AckOfFailure(*server))
            }
            Self::Ack(received, sip) => packet(received.flow, &received.message, Role::Ack(sip.0)),
            Self::Response { client, is_cancel: false, message, flow } => {
                packet(*flow, message, Role::Response(*client))
            }
            Self::Response { client, is_cancel: true, message, flow } => {
                packet(*flow, message, Role::CancelResponse(*client))
            }
            Self::Deadline => StepInput::Deadline,
            Self::TransmitFailed { client, is_cancel } => {
                StepInput::TransmitFailed { client: *client, is_cancel: *is_cancel }
            }
            Self::Resolved { client, is_cancel, answer } => {
                StepInput::Resolved { client: *client, is_cancel: *is_cancel, answer: answer.clone() }
            }
            Self::Initialized => StepInput::Deployed,
            Self::Activated => StepInput::Activated,
            Self::End => StepInput::Undeployed,
            Self::Stop { retry_after_s } => StepInput::Stopped { retry_after_s: *retry_after_s },
            Self::Upgrade { to, restored_from } => {
                StepInput::Upgrade { to: Arc::clone(to), restored_from: restored_from.clone() }
            }
        }
    }
}

impl Container {
    pub(super) fn watch(&mut self, watch: u64, what: Watch) -> CommandReply {
        self.unwatch(watch);
        if self.watches.len() >= WATCHES {
            return CommandReply::Refused(format!("{WATCHES} watches are on already, which is the limit"));
        }
        let living = what.living;
        self.watches.insert(watch, Watching { what, taken: 0 });
        let keys = if living { self.slots.sorted_keys() } else { Vec::new() };
        for key in keys {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            look(&mut self.watches, &self.shared.minter, slot, None, true);
        }
        let sessions = self.watches.get(&watch).map_or(0, |watching| watching.taken);
        CommandReply::Watching { sessions }
    }

    pub(super) fn unwatch(&mut self, watch: u64) {
        if self.watches.remove(&watch).is_none() {
            return;
        }
        for key in self.slots.sorted_keys() {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            if let Some(watched) = &mut slot.watched {
                watched.by.retain(|number| *number != watch);
                if watched.by.is_empty() {
                    slot.watched = None;
                }
            }
        }
    }

    /// A session begins with that request, or comes in with what it is (none).
    pub(super) fn look_at(&mut self, slot: &mut Slot, request: Option<&Message>) {
        if self.watches.is_empty() {
            return;
        }
        let living = request.is_none() && !slot.live.is_new();
        if look(&mut self.watches, &self.shared.minter, slot, request, living) {
            let app = slot.application.id.clone();
            self.report(Report::Unrecorded { app, limit: "sessions" });
        }
    }

    /// The recorder of a step that begins, where the session is watched.
    pub(super) fn recorder(&self, slot: &Slot, copy: &WorkingCopy, work: &Work) -> Option<Box<Recorder>> {
        let watched = slot.watched.as_ref()?;
        let mut recorder = Box::new(Recorder::new(copy, work.told()));
        recorder.watched_by(&watched.by);
        if watched.begins {
            recorder.begins(copy, snapshot_of(slot));
        }
        Some(recorder)
    }

    /// A handler has died: the step is kept if that is wanted and within its limit. The name of the record.
    pub(super) fn keep(&mut self, key: Key, course: &mut Course, before: &WorkingCopy) -> Option<String> {
        if !self.shared.config.keep_trapped {
            return None;
        }
        if let Some(name) = course.recorder.as_ref().and_then(|recorder| recorder.kept_as()) {
            return Some(name.to_owned());
        }
        let second = self.now.as_millis() / 1000;
        if self.kept.second != second {
            self.kept = Kept { second, steps: 0 };
        }
        if self.kept.steps >= self.shared.config.limits.trapped_per_s {
            let app = before.application.id.clone();
            self.report(Report::Unrecorded { app, limit: "trapped-per-s" });
            return None;
        }
        self.kept.steps += 1;
        let name = name_of(before.now, key, self.kept.steps);
        let slot = self.slots.get(&key)?;
        let recorder =
            course.recorder.get_or_insert_with(|| Box::new(Recorder::new(before, course.input.told())));
        if !recorder.has_beginning() {
            // Until the commit the slot holds the session as it was before the step.
            recorder.begins(before, snapshot_of(slot));
        }
        recorder.keep_as(name.clone());
        Some(name)
    }

    /// The step is being committed: whoever wanted it is told.
    pub(super) fn tell_step(&mut self, key: Key, copy: &WorkingCopy, recorder: Recorder) {
        if !recorder.is_wanted() {
            return;
        }
        let Some(slot) = self.slots.get_mut(&key) else { return };
        let mut record = recorder.end(&slot.live, copy);
        if let Some(watched) = &mut slot.watched {
            watched.begins = false;
            watched.told += 1;
            record.number = watched.told;
        }
        self.report(Report::Step(Box::new(record)));
    }
}

impl Slot {
    /// The one session of a record that runs again is watched by nobody but the record.
    pub(super) fn watch_replay(&mut self) {
        self.watched.get_or_insert_default().by = vec![0];
    }

    /// The session went back to what it was before: the next record begins anew.
    pub(super) fn begins_anew(&mut self) {
        if let Some(watched) = &mut self.watched {
            watched.begins = true;
            // Told steps are void: whoever follows the session sees that one is missing.
            watched.told += 1;
        }
    }
}

/// Takes the session in where a watch wants it; true when one would have, but is full.
fn look(
    watches: &mut std::collections::BTreeMap<u64, Watching>,
    minter: &Minter,
    slot: &mut Slot,
    request: Option<&Message>,
    living: bool,
) -> bool {
    let mut full = false;
    for (number, watching) in watches {
        let from = request.and_then(|request| request.header(HeaderId::From));
        let call_id = request.and_then(Message::call_id);
        let begun = from.zip(call_id).into_iter();
        let sips = slot.live.sips.iter();
        let held = sips.flat_map(|sip| {
            [&sip.remote_party, &sip.local_party].map(|party| (&party[..], &sip.call_id[..]))
        });
        if (living && !watching.what.living)
            || slot.watched.as_ref().is_some_and(|watched| watched.by.contains(number))
            || !watching.what.filter.fits(&slot.application, minter, begun.chain(held))
        {
            continue;
        }
        if watching.taken >= watching.what.sessions {
            full = true;
            continue;
        }
        watching.taken += 1;
        let watched = slot.watched.get_or_insert_default();
        watched.by.push(*number);
        watched.begins = true;
    }
    full
}

/// What a session was before its first recorded step; none when there was nothing.
fn snapshot_of(slot: &Slot) -> Option<bytes::Bytes> {
    let (version, session) = (&slot.application.descriptor.version, &slot.live);
    if session.is_new() {
        return None;
    }
    // Its messages have left; a session that cannot be written has no record that could run again.
    snapshot::encode(version, session, Vec::new()).ok()
}

/// A name that is never given twice: milliseconds, session and number, in base 32 as ULIDs have it.
fn name_of(at: Time, key: Key, number: u32) -> String {
    const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
    let bits = u128::from(at.as_millis() & 0xff_ffff_ffff) << 25
        | u128::from(key.0 & 0xf_ffff) << 5
        | u128::from(number & 31);
    (0..13).rev().map(|at| char::from(ALPHABET[(bits >> (at * 5) & 31) as usize])).collect()
}
