//! The calls of late with their rows: what a screen shows, and what is told of a call when it turns out to be worth it.
//!
//! Everything is bounded ([`Limits`]): of too many calls those that are over go first, of too many rows of one call those
//! in its middle, because a reader wants to see how it began and what it does now.

use std::collections::{BTreeSet, VecDeque};

use siplet_container::io::Key;
use siplet_container::record::{StepInput, StepRecord};

use crate::model::{Ending, Ladder, Level, Participant, Row, What};

use super::Builder;
use super::calls::{CallNumber, Calls};

/// Rows of the beginning of a call that stay however long it gets.
const BEGINNING: usize = 100;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls.
    pub calls: usize,
    /// Rows of one call.
    pub rows: usize,
    /// Octets of the rows of all calls, near enough.
    pub bytes: usize,
}

/// One call.
#[derive(Debug)]
pub struct Call {
    number: CallNumber,
    title: String,
    standing: String,
    builder: Builder,
    rows: VecDeque<Row>,
    bytes: usize,
    left_out: u64,
    /// How many rows stand before those that were left out.
    gap: usize,
    /// Application sessions of it that are not over.
    open: BTreeSet<Key>,
    failed: bool,
}

/// What a step was to its call.
#[derive(Debug)]
pub struct News<'a> {
    /// The call, its newest rows included.
    pub call: &'a Call,
    /// How many rows the step has added.
    pub added: usize,
    /// The call was not known before.
    pub is_new: bool,
}

/// The calls of late, in the order in which they began.
#[derive(Debug)]
pub struct Kept {
    list: VecDeque<Call>,
    finder: Calls,
    limits: Limits,
    bytes: usize,
    evicted: u64,
}

impl Call {
    fn new(number: CallNumber) -> Self {
        Self {
            number,
            title: String::new(),
            standing: String::new(),
            builder: Builder::default(),
            rows: VecDeque::new(),
            bytes: 0,
            left_out: 0,
            gap: 0,
            open: BTreeSet::new(),
            failed: false,
        }
    }

    /// Its number, 1 for the first of all.
    #[must_use]
    pub const fn number(&self) -> CallNumber {
        self.number
    }

    /// What began it, and who: `INVITE alice`.
    #[must_use]
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The last status that was heard in it, as digits; empty before.
    #[must_use]
    pub fn standing(&self) -> &str {
        &self.standing
    }

    /// True when none of its application sessions is left.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.open.is_empty()
    }

    /// True when a handler died or returned an error in it, or logged a warning or an error.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        self.failed
    }

    /// Its columns so far.
    #[must_use]
    pub fn participants(&self) -> &[Participant] {
        self.builder.participants()
    }

    /// Its rows, without those in the middle that were left out; the last one is the newest.
    pub fn rows(&self) -> impl DoubleEndedIterator<Item = &Row> + ExactSizeIterator {
        self.rows.iter()
    }

    /// Its ladder so far; a row stands for those that were left out.
    #[must_use]
    pub fn ladder(&self) -> Ladder {
        Ladder {
            participants: self.participants().to_vec(),
            rows: with_gap(self.rows.iter(), self.gap, self.left_out).collect(),
        }
    }

    /// Takes in a step; how many rows it adds.
    fn add(&mut self, step: &StepRecord) -> usize {
        if step.ended {
            self.open.remove(&step.key);
        } else {
            self.open.insert(step.key);
        }
        let rows = self.builder.add(step);
        let added = rows.len();
        for row in rows {
            self.look_at(&row);
            self.bytes += size_of(&row);
            self.rows.push_back(row);
        }
        added
    }

    fn look_at(&mut self, row: &Row) {
        match &row.what {
            What::Message { from, label, .. } => {
                match label.split(' ').next().filter(|word| word.parse::<u16>().is_ok()) {
                    Some(status) => self.standing = status.to_owned(),
                    None if self.title.is_empty() => {
                        let who = self.participants().get(*from).map_or("", |who| who.name.as_str());
                        self.title = format!("{label} {who}");
                    }
                    None => {}
                }
            }
            What::Turn { ending: Ending::Failed { .. } | Ending::Trapped { .. }, .. }
            | What::Log { level: Level::Error | Level::Warn, .. } => self.failed = true,
            What::Turn { ending: Ending::Done, .. }
            | What::Log { level: Level::Info | Level::Debug | Level::Trace, .. }
            | What::Timer { .. }
            | What::State { .. }
            | What::Version { .. }
            | What::Note { .. } => {}
        }
    }

    /// Takes out a row of the middle, never the newest; its octets.
    fn leave_out(&mut self) -> usize {
        if self.left_out == 0 {
            self.gap = BEGINNING.min(self.rows.len() / 2);
        } else if self.gap + 1 >= self.rows.len() {
            self.gap = self.gap.saturating_sub(1);
        }
        let Some(row) = self.rows.remove(self.gap) else { return 0 };
        let bytes = size_of(&row);
        self.bytes -= bytes;
        self.left_out += 1;
        bytes
    }
}

impl Kept {
    /// Nothing yet.
    #[must_use]
    pub const fn new(limits: Limits) -> Self {
        // A call has a session and a Call-ID or two on each side; what was evicted is still told apart for a while.
        let finder = Calls::new(limits.calls.saturating_mul(8));
        Self { list: VecDeque::new(), finder, limits, bytes: 0, evicted: 0 }
    }

    /// Takes in a step. None for one that belongs to no call: that of a deployment's root session.
    pub fn add(&mut self, step: &StepRecord) -> Option<News<'_>> {
        if matches!(step.input, StepInput::Deployed | StepInput::Undeployed) {
            return None;
        }
        let number = self.finder.call_of(step);
        let known = self.list.iter().rposition(|call| call.number == number);
        if known.is_none() {
            self.list.push_back(Call::new(number));
        }
        let mut place = known.unwrap_or(self.list.len() - 1);
        let call = self.list.get_mut(place)?;
        let before = call.bytes;
        let added = call.add(step);
        self.bytes += call.bytes - before;
        while call.rows.len() > self.limits.rows {
            self.bytes -= call.leave_out();
        }
        while self.list.len() > self.limits.calls || (self.bytes > self.limits.bytes && self.list.len() > 1) {
            place = self.evict(place);
        }
        let call = self.list.get_mut(place)?;
        while self.bytes > self.limits.bytes && call.rows.len() > 1 {
            self.bytes -= call.leave_out();
        }
        let call = self.list.get(place)?;
        Some(News { call, added: added.min(call.rows.len()), is_new: known.is_none() })
    }

    /// Lets a call go that is not the one at `place`; where that one is then.
    fn evict(&mut self, place: usize) -> usize {
        let others = || self.list.iter().enumerate().filter(|(at, _)| *at != place);
        let over = others().find(|(_, call)| call.is_over());
        let Some((at, _)) = over.or_else(|| others().next()) else { return place };
        if let Some(call) = self.list.remove(at) {
            self.bytes -= call.bytes;
            self.evicted += 1;
        }
        if at < place { place - 1 } else { place }
    }

    /// The calls, the oldest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Call> + ExactSizeIterator {
        self.list.iter()
    }

    /// The call of that number, where it is kept.
    #[must_use]
    pub fn get(&self, number: CallNumber) -> Option<&Call> {
        self.list.iter().rfind(|call| call.number == number)
    }

    /// Lets a call go; its later steps begin it anew under its number.
    pub fn remove(&mut self, number: CallNumber) {
        if let Some(at) = self.list.iter().rposition(|call| call.number == number)
            && let Some(call) = self.list.remove(at)
        {
            self.bytes -= call.bytes;
        }
    }

    /// Lets all calls go; numbers go on.
    pub fn clear(&mut self) {
        self.list.clear();
        self.bytes = 0;
    }

    /// How many calls made room for others.
    #[must_use]
    pub const fn evicted(&self) -> u64 {
        self.evicted
    }
}

/// The rows, and one for those that are missing behind the first `gap`.
fn with_gap<'a>(rows: impl Iterator<Item = &'a Row>, gap: usize, left_out: u64) -> impl Iterator<Item = Row> {
    rows.enumerate().flat_map(move |(at, row)| {
        let gap = (left_out > 0 && at == gap).then(|| Row {
            at_us: row.at_us,
            what: What::Note { at: None, text: format!("... {left_out} rows are not kept ...") },
            mark: None,
        });
        gap.into_iter().chain([row.clone()])
    })
}

/// Octets of a row, near enough for a limit.
pub(crate) fn size_of(row: &Row) -> usize {
    let change = |change: &crate::Change| {
        let value = |value: &Option<String>| value.as_ref().map_or(0, String::len);
        96 + change.of.len() + change.name.len() + value(&change.before) + value(&change.after)
    };
    let texts = match &row.what {
        What::Message { label, remark, .. } => label.len() + remark.len(),
        What::Turn { handler, changes, ending, .. } => {
            let ending = match ending {
                Ending::Done => 0,
                Ending::Failed { text } => text.len(),
                Ending::Trapped { reason, text } => reason.len() + text.len(),
            };
            handler.len() + ending + changes.iter().map(change).sum::<usize>()
        }
        What::Log { text, .. } | What::Version { text, .. } | What::Note { text, .. } => text.len(),
        What::Timer { name, .. } => name.len(),
        What::State { session, from, to, .. } => session.len() + from.len() + to.len(),
    };
    size_of_val(row) + texts
}

#[cfg(test)]
mod tests;
