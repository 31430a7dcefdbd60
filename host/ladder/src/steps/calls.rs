//! Which steps belong to one call: those of one application session, and those of sessions that share a Call-ID.
//!
//! Two calls that turn out to be one when both have begun stay two: what was drawn is drawn.

use std::collections::{BTreeMap, VecDeque};

use siplet_container::io::Key;
use siplet_container::record::StepRecord;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;

/// Number of a call, 1 for the first.
pub type CallNumber = u64;

/// What leads to a call.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Clue {
    Session(Key),
    CallId(Vec<u8>),
}

/// Finds the call of each step.
#[derive(Debug)]
pub struct Calls {
    clues: BTreeMap<Clue, CallNumber>,
    /// The clues in the order in which they were learnt, for the limit.
    order: VecDeque<Clue>,
    clues_max: usize,
    last: CallNumber,
}

impl Calls {
    /// Remembers at most so many sessions and Call-IDs; the oldest are forgotten first, and a step of theirs begins a new
    /// call.
    #[must_use]
    pub const fn new(clues_max: usize) -> Self {
        Self { clues: BTreeMap::new(), order: VecDeque::new(), clues_max, last: 0 }
    }

    /// The call of a step; a new number when it belongs to none so far.
    pub fn call_of(&mut self, step: &StepRecord) -> CallNumber {
        let session = Clue::Session(step.key);
        let messages = step.message().into_iter().chain(step.sent.iter().map(|sent| &sent.bytes));
        let call_ids = messages.filter_map(|bytes| {
            let message = Message::parse(bytes.clone(), &Limits::default()).ok()?;
            message.call_id().map(|call_id| Clue::CallId(call_id.to_vec()))
        });
        let clues: Vec<Clue> = [session].into_iter().chain(call_ids).collect();
        let call = clues.iter().find_map(|clue| self.clues.get(clue).copied()).unwrap_or(self.last + 1);
        self.last = self.last.max(call);
        for clue in clues {
            if !self.clues.contains_key(&clue) {
                self.clues.insert(clue.clone(), call);
                self.order.push_back(clue);
            }
        }
        while self.order.len() > self.clues_max {
            if let Some(oldest) = self.order.pop_front() {
                self.clues.remove(&oldest);
            }
        }
        call
    }
}
