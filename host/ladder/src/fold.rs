//! What repeats is told once: retransmissions become one row with their number, and rounds that come again and again (a
//! keep-alive, a refresh) become one line after the second.
//!
//! It works row by row and looks at nothing that has not come yet, so that a live ladder folds like one that was kept. It
//! holds back at most one round of [`ROUND_MAX`] rows.

use std::collections::VecDeque;

use crate::model::{Ending, Row, What};

/// Rows of the longest round that is seen as one.
pub(crate) const ROUND_MAX: usize = 12;
/// Labels that stand for a folded round.
const LABELS_MAX: usize = 6;

/// What is drawn next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// A row, or several of its kind as one.
    Row {
        row: Row,
        /// How many it stands for.
        times: u64,
        /// When the last of them was, microseconds.
        until_us: u64,
    },
    /// Rounds that are not drawn.
    More {
        /// How many.
        rounds: u64,
        /// What was in each.
        what: String,
        /// From the last drawn row, microseconds.
        from_us: u64,
        /// To the last that is left out.
        until_us: u64,
    },
}

impl Folded {
    /// A row that stands for itself.
    pub(crate) fn alone(row: &Row) -> Self {
        Self::Row { row: row.clone(), times: 1, until_us: row.at_us }
    }

    pub(crate) const fn until_us(&self) -> u64 {
        match self {
            Self::Row { until_us, .. } | Self::More { until_us, .. } => *until_us,
        }
    }
}

/// What makes two rows alike; none: like no other.
type Shape = Option<String>;

/// A round that repeats.
#[derive(Debug)]
struct Round {
    shapes: Vec<Shape>,
    what: String,
    /// Where in the round the next row is expected.
    next: usize,
    rounds: u64,
    /// The first round that was held back: drawn after all when no second one follows.
    first: Vec<Folded>,
    /// The round that is not complete yet.
    begun: Vec<Folded>,
    from_us: u64,
    until_us: u64,
}

/// Folds rows as they come.
#[derive(Debug, Default)]
pub(crate) struct Folder {
    /// A retransmission and what followed of its kind.
    again: Option<(Row, u64, u64)>,
    /// The last drawn rows.
    drawn: VecDeque<(Shape, String)>,
    round: Option<Round>,
}

impl Folder {
    /// Takes a row; what can be drawn now.
    pub(crate) fn push(&mut self, row: &Row) -> Vec<Folded> {
        if let Some((first, times, until_us)) = &mut self.again
            && is_same_message(first, row)
        {
            *times += 1;
            *until_us = row.at_us;
            return Vec::new();
        }
        let mut out = self.rest();
        if is_repetition(row) {
            self.again = Some((row.clone(), 1, row.at_us));
        } else {
            out.extend(self.round(Folded::alone(row)));
        }
        out
    }

    /// What was held back because more of its kind may come.
    pub(crate) fn rest(&mut self) -> Vec<Folded> {
        match self.again.take() {
            Some((row, times, until_us)) => self.round(Folded::Row { row, times, until_us }),
            None => Vec::new(),
        }
    }

    /// All that was held back: nothing more comes.
    pub(crate) fn end(&mut self) -> Vec<Folded> {
        let mut out = self.rest();
        out.extend(self.leave_round());
        out
    }

    fn round(&mut self, folded: Folded) -> Vec<Folded> {
        let (shape, label) = shape(&folded);
        if let Some(round) = &mut self.round {
            if shape.is_some() && round.shapes[round.next] == shape {
                round.take(folded);
                return Vec::new();
            }
            let mut out = self.leave_round();
            out.extend(self.draw(folded, shape, label));
            return out;
        }
        self.draw(folded, shape, label)
    }

    fn draw(&mut self, folded: Folded, shape: Shape, label: String) -> Vec<Folded> {
        let until_us = folded.until_us();
        self.drawn.push_back((shape, label));
        if self.drawn.len() > 2 * ROUND_MAX {
            self.drawn.pop_front();
        }
        let length = (1..=self.drawn.len() / 2).find(|length| {
            let newest = self.drawn.iter().rev();
            newest.clone().zip(newest.skip(*length)).take(*length).all(|(a, b)| a.0.is_some() && a.0 == b.0)
        });
        if let Some(length) = length {
            let last: Vec<_> = self.drawn.iter().skip(self.drawn.len() - length).cloned().collect();
            self.round = Some(Round::of(&last, until_us));
        }
        vec![folded]
    }

    fn leave_round(&mut self) -> Vec<Folded> {
        let Some(round) = self.round.take() else { return Vec::new() };
        self.drawn.clear();
        let mut out = match round.rounds {
            0 => Vec::new(),
            1 => round.first,
            rounds => vec![Folded::More {
                rounds,
                what: round.what,
                from_us: round.from_us,
                until_us: round.until_us,
            }],
        };
        out.extend(round.begun);
        out
    }
}

impl Round {
    fn of(rows: &[(Shape, String)], from_us: u64) -> Self {
        let mut labels: Vec<&str> =
            rows.iter().map(|(_, label)| label.as_str()).filter(|label| !label.is_empty()).collect();
        let long = labels.len() > LABELS_MAX;
        labels.truncate(LABELS_MAX);
        if long {
            labels.push("..");
        }
        let what = if labels.is_empty() { "rounds like this".to_owned() } else { labels.join("/") };
        Self {
            shapes: rows.iter().map(|(shape, _)| shape.clone()).collect(),
            what,
            next: 0,
            rounds: 0,
            first: Vec::new(),
            begun: Vec::new(),
            from_us,
            until_us: from_us,
        }
    }

    fn take(&mut self, folded: Folded) {
        let until_us = folded.until_us();
        self.begun.push(folded);
        self.next += 1;
        if self.next == self.shapes.len() {
            self.next = 0;
            self.rounds += 1;
            self.until_us = until_us;
            let complete = std::mem::take(&mut self.begun);
            self.first = if self.rounds == 1 { complete } else { Vec::new() };
        }
    }
}

const fn is_repetition(row: &Row) -> bool {
    matches!(row.what, What::Message { again: true, .. } | What::Message { absorbed: true, .. })
        && row.mark.is_none()
}

fn is_same_message(first: &Row, row: &Row) -> bool {
    is_repetition(row) && first.what == row.what
}

/// The shape of a row, and the word that stands for it when its round is folded. What failed, or is marked, is like no
/// other row.
fn shape(folded: &Folded) -> (Shape, String) {
    let Folded::Row { row, .. } = folded else { return (None, String::new()) };
    if row.mark.is_some() {
        return (None, String::new());
    }
    match &row.what {
        What::Message { from, to, label, again, absorbed, lost, remark: _ } => {
            (Some(format!("message {from} {to} {again} {absorbed} {lost} {label}")), label.clone())
        }
        What::Turn { at, handler, changes, ending: Ending::Done, number: _, cpu_us: _ } => {
            let names: Vec<&str> = changes.iter().map(|change| change.name.as_str()).collect();
            (Some(format!("turn {at} {handler} {}", names.join(" "))), String::new())
        }
        What::Turn { ending: Ending::Failed { .. } | Ending::Trapped { .. }, .. } | What::Version { .. } => {
            (None, String::new())
        }
        What::Log { at, level, text } => (Some(format!("log {at} {} {text}", level.name())), String::new()),
        What::Timer { at, name, timer } => (Some(format!("timer {at} {name} {timer:?}")), String::new()),
        What::State { at, session, from, to } => {
            (Some(format!("state {at} {session} {from} {to}")), String::new())
        }
        What::Note { at, text } => (Some(format!("note {at:?} {text}")), String::new()),
    }
}
