//! The calls that are shown: the list at the left, and which one's ladder is at the right.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;

use siplet_container::record::{StepInput, StepRecord};
use siplet_ladder::steps::Builder;
use siplet_ladder::steps::calls::{CallNumber, Calls as Finder};
use siplet_ladder::{Ladder, Options, What};

/// Calls that are kept; of more, the oldest go.
pub(in crate::dev) const CALLS: usize = 100;
/// Rows that are kept of one call; of more only the number is told.
pub(in crate::dev) const ROWS: usize = 2000;
/// Sessions and Call-IDs by which the steps of a call are found.
const CLUES: usize = 4 * CALLS;

/// One call.
#[derive(Debug)]
pub(in crate::dev) struct Call {
    number: CallNumber,
    /// What began it and who: `INVITE alice`.
    pub(in crate::dev) title: String,
    /// The last status that it heard; empty before.
    pub(in crate::dev) standing: String,
    builder: Builder,
    ladder: Ladder,
    /// Rows beyond [`ROWS`].
    left_out: usize,
}

/// All calls, the oldest first.
#[derive(Debug)]
pub(in crate::dev) struct Calls {
    list: VecDeque<Call>,
    finder: Finder,
    /// The one that was chosen; none: the latest.
    chosen: Option<CallNumber>,
    /// What is shown stays until this is over.
    paused: bool,
}

impl Default for Calls {
    fn default() -> Self {
        Self { list: VecDeque::new(), finder: Finder::new(CLUES), chosen: None, paused: false }
    }
}

impl Call {
    /// Its ladder, no wider than this, as lines with or without colours.
    pub(in crate::dev) fn draw(&self, columns: usize, colour: bool) -> String {
        let options = Options { columns, colour, ..Options::default() };
        let mut text = self.ladder.draw(&options);
        if self.left_out > 0 {
            text.push_str(&format!(
                "  and {} more rows (at most {ROWS} are kept of a call)\n",
                self.left_out
            ));
        }
        text
    }

    fn add(&mut self, step: &StepRecord) {
        let rows = self.builder.add(step);
        self.ladder.participants = self.builder.participants().to_vec();
        for row in rows {
            if let What::Message { from, label, .. } = &row.what {
                match label.split(' ').next().filter(|word| word.parse::<u16>().is_ok()) {
                    Some(status) => self.standing = status.to_owned(),
                    None if self.title.is_empty() => {
                        let who = self.ladder.participants.get(*from).map_or("", |who| who.name.as_str());
                        self.title = format!("{label} {who}");
                    }
                    None => {}
                }
            }
            if self.ladder.rows.len() < ROWS {
                self.ladder.rows.push(row);
            } else {
                self.left_out += 1;
            }
        }
    }
}

impl Calls {
    /// The calls, the oldest first.
    pub(in crate::dev) fn iter(&self) -> impl DoubleEndedIterator<Item = &Call> {
        self.list.iter()
    }

    /// The place of the call whose ladder is shown.
    pub(in crate::dev) fn shown(&self) -> Option<usize> {
        let chosen = self.chosen.and_then(|number| self.list.iter().position(|call| call.number == number));
        chosen.or(self.list.len().checked_sub(1))
    }

    /// True while the shown call stays though others come.
    pub(in crate::dev) const fn is_paused(&self) -> bool {
        self.paused
    }

    /// Takes in a step. The call when its session is over with it.
    pub(super) fn add(&mut self, step: &StepRecord) -> Option<&Call> {
        // The root session of a deployment is no call.
        if matches!(step.input, StepInput::Deployed | StepInput::Undeployed) {
            return None;
        }
        let number = self.finder.call_of(step);
        let place = match self.list.iter().position(|call| call.number == number) {
            Some(place) => place,
            None => {
                if self.list.len() == CALLS {
                    self.list.pop_front();
                }
                self.list.push_back(Call {
                    number,
                    title: String::new(),
                    standing: String::new(),
                    builder: Builder::default(),
                    ladder: Ladder::default(),
                    left_out: 0,
                });
                self.list.len() - 1
            }
        };
        let call = self.list.get_mut(place)?;
        call.add(step);
        step.ended.then_some(&*call)
    }

    pub(super) fn up(&mut self) {
        let above = self.shown().and_then(|shown| shown.checked_sub(1));
        self.chosen =
            above.and_then(|place| self.list.get(place)).or(self.list.front()).map(|call| call.number);
    }

    pub(super) fn down(&mut self) {
        let below = self.shown().map(|shown| shown + 1);
        // Below the last one the latest is followed again.
        self.chosen = below.and_then(|place| self.list.get(place)).map(|call| call.number);
    }

    pub(super) fn pause(&mut self) {
        self.paused = !self.paused;
        let shown = self.shown().and_then(|place| self.list.get(place)).map(|call| call.number);
        self.chosen = shown.filter(|_| self.paused);
    }

    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.chosen = None;
        self.paused = false;
    }
}
