//! The steps of watched sessions until each is over: bounded in sessions, steps and bytes.

use std::collections::{BTreeMap, BTreeSet};

use siplet_container::io::Key;
use siplet_container::record::redact::Redaction;
use siplet_container::record::{StepInput, StepRecord, TurnOutcome};

use crate::config;

/// Sessions that are being recorded.
#[derive(Debug)]
pub struct Collector {
    limits: config::Record,
    failures: bool,
    redaction: Redaction,
    open: BTreeMap<Key, Open>,
    /// Sessions whose record is complete or was given up.
    closed: BTreeSet<Key>,
    bytes: usize,
    /// Steps that a limit kept out, by its name.
    dropped: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
struct Open {
    steps: Vec<StepRecord>,
    bytes: usize,
}

impl Collector {
    /// For these limits; `failures`: only sessions in which something went wrong.
    #[must_use]
    pub const fn new(limits: config::Record, failures: bool, redaction: Redaction) -> Self {
        Self {
            limits,
            failures,
            redaction,
            open: BTreeMap::new(),
            closed: BTreeSet::new(),
            bytes: 0,
            dropped: BTreeMap::new(),
        }
    }

    /// Takes a step; gives back the record that is complete with it.
    pub fn take(&mut self, step: StepRecord) -> Option<Vec<StepRecord>> {
        let key = step.key;
        if self.closed.contains(&key) {
            self.drop("session-steps");
            return None;
        }
        if !self.open.contains_key(&key) {
            if self.open.len() + self.closed.len() >= self.limits.sessions {
                self.drop("sessions");
                return None;
            }
            if step.beginning.is_none() {
                // It was lost on the way; nothing can run without it.
                self.drop("feed");
                return None;
            }
        }
        let bytes = size_of(&step);
        if self.bytes + bytes > self.limits.bytes {
            self.drop("bytes");
            return self.close(key);
        }
        let open = self.open.entry(key).or_default();
        let too_long = open.steps.len() >= self.limits.session_steps;
        if too_long || open.bytes + bytes > self.limits.session_bytes {
            self.drop(if too_long { "session-steps" } else { "session-bytes" });
            return self.close(key);
        }
        let is_over = step.ended && step.next_deadline.is_none();
        open.steps.push(step);
        open.bytes += bytes;
        self.bytes += bytes;
        if is_over { self.close(key) } else { None }
    }

    /// The time is over: what the sessions were so far.
    pub fn finish(&mut self) -> Vec<Vec<StepRecord>> {
        let keys: Vec<Key> = self.open.keys().copied().collect();
        keys.into_iter().filter_map(|key| self.close(key)).collect()
    }

    /// Steps that a limit kept out, by its name.
    #[must_use]
    pub const fn dropped(&self) -> &BTreeMap<&'static str, u64> {
        &self.dropped
    }

    fn drop(&mut self, limit: &'static str) {
        *self.dropped.entry(limit).or_default() += 1;
    }

    fn close(&mut self, key: Key) -> Option<Vec<StepRecord>> {
        self.closed.insert(key);
        let Open { mut steps, bytes } = self.open.remove(&key)?;
        self.bytes -= bytes;
        if steps.is_empty() || (self.failures && !steps.iter().any(has_failed)) {
            return None;
        }
        if let Err(why) = self.redaction.apply(&mut steps) {
            tracing::warn!("a record is given up: {why}");
            self.drop("redaction");
            return None;
        }
        Some(steps)
    }
}

/// Octets that a step holds in memory, near enough for a limit.
fn size_of(step: &StepRecord) -> usize {
    let input = match &step.input {
        StepInput::Packet { bytes, .. } => bytes.len(),
        StepInput::Deadline
        | StepInput::TransmitFailed { .. }
        | StepInput::Resolved { .. }
        | StepInput::Deployed
        | StepInput::Undeployed
        | StepInput::Activated
        | StepInput::Upgrade { .. }
        | StepInput::Stopped { .. } => 0,
    };
    let snapshot = step.beginning.as_ref().and_then(|beginning| beginning.snapshot.as_ref());
    let sent: usize = step.sent.iter().map(|sent| sent.bytes.len()).sum();
    let turns = step.turns.iter().map(|turn| {
        let log: usize = turn.log.iter().map(|line| line.message.len()).sum();
        let changes = turn.attributes.iter();
        let values = changes.flat_map(|change| [&change.old, &change.new]).flatten().map(|value| value.len());
        log + values.sum::<usize>() + 256
    });
    input + sent + turns.sum::<usize>() + snapshot.map_or(0, |snapshot| snapshot.len()) + 512
}

/// A handler died or returned an error, or somebody was told that it does not work. A challenge, a redirection and the
/// end of a cancelled call are no failures.
fn has_failed(step: &StepRecord) -> bool {
    let bad_turn = step.turns.iter().any(|turn| match turn.outcome {
        TurnOutcome::Done => false,
        TurnOutcome::Failed(_) | TurnOutcome::Trapped { .. } => true,
    });
    let came = step.message().map(|bytes| &bytes[..]);
    bad_turn || step.sent.iter().map(|sent| &sent.bytes[..]).chain(came).any(is_failure)
}

fn is_failure(message: &[u8]) -> bool {
    let Some(rest) = message.strip_prefix(b"SIP/2.0 ") else { return false };
    let status =
        rest.get(..3).and_then(|digits| core::str::from_utf8(digits).ok()).and_then(|it| it.parse().ok());
    status.is_some_and(|status: u16| status >= 400 && ![401, 407, 487].contains(&status))
}
