//! Draws rows as lines, one row after the other.
//!
//! What a row looks like depends on the participants and on the rows before it, never on those behind it. A participant
//! that comes later makes a new head.

mod rows;

use core::time::Duration;

use crate::fold::{Folded, Folder};
use crate::lanes::Lanes;
use crate::line::{Line, Paint};
use crate::model::{Level, Participant, Row, What};

/// How much is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// What a reader of a call wants: no states, no lines of debugging, long values cut.
    #[default]
    Compact,
    /// Everything.
    Full,
}

/// How a ladder is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// Columns of the widest line, at least 40.
    pub columns: usize,
    /// How much is drawn.
    pub form: Form,
    /// With the colours of a terminal.
    pub colour: bool,
    /// The time since the beginning stands behind each message.
    pub times: bool,
    /// A pause of at least this time is told; zero: none is.
    pub gap: Duration,
    /// Lines of a ladder that is drawn as a whole; in a longer one the middle is left out.
    pub lines_max: usize,
    /// Letters that an arrow has room for, where the lanes allow it.
    pub label_room: usize,
    /// Retransmissions, and rounds that repeat, are told once with their number; else each row is drawn when it comes.
    pub fold: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            columns: 100,
            form: Form::Compact,
            colour: false,
            times: false,
            gap: Duration::from_secs(2),
            lines_max: 240,
            label_room: 25,
            fold: true,
        }
    }
}

impl Options {
    /// Everything, however long it gets.
    #[must_use]
    pub fn full() -> Self {
        Self { form: Form::Full, lines_max: usize::MAX, ..Self::default() }
    }
}

/// Draws a ladder as it grows.
#[derive(Debug)]
pub struct Painter {
    options: Options,
    participants: Vec<Participant>,
    lanes: Lanes,
    folder: Folder,
    head_is_due: bool,
    /// Time of the last drawn row.
    last_us: Option<u64>,
}

impl Painter {
    /// A painter for these columns, from left to right.
    #[must_use]
    pub fn new(participants: &[Participant], options: Options) -> Self {
        let options = Options { columns: options.columns.max(40), ..options };
        Self {
            options,
            participants: participants.to_vec(),
            lanes: Lanes::new(participants, options.columns, options.label_room),
            folder: Folder::default(),
            head_is_due: true,
            last_us: None,
        }
    }

    /// All participants that there are now: those of before, and maybe new ones at the end. The next row draws a new head
    /// if there are.
    pub fn join(&mut self, participants: &[Participant]) {
        if self.participants != participants {
            self.participants = participants.to_vec();
            self.lanes = Lanes::new(participants, self.options.columns, self.options.label_room);
            self.head_is_due = true;
        }
    }

    /// The next row draws the head once more: something else was drawn in between.
    pub const fn show_head(&mut self) {
        self.head_is_due = true;
    }

    /// The names above the columns, where they have not been drawn yet.
    pub fn head(&mut self) -> Vec<Line> {
        if !self.head_is_due {
            return Vec::new();
        }
        self.head_is_due = false;
        let mut lines = vec![self.lanes.head(self.options.columns).line()];
        let shared: Vec<&str> =
            (self.lanes.own()..self.participants.len()).map(|other| self.lanes.name(other)).collect();
        if !shared.is_empty() {
            let text = format!("and {}, named in their rows", shared.join(", "));
            for text in crate::harmless::wrap(&text, self.options.columns.saturating_sub(2), 4) {
                let mut line = Line::default();
                line.push(Paint::Plain, "  ");
                line.push(Paint::Name, &text);
                lines.push(line);
            }
        }
        lines
    }

    /// The lines of a row, and of rows that were held back because more of their kind could have come.
    pub fn row(&mut self, row: &Row) -> Vec<Line> {
        if self.is_hidden(&row.what) && row.mark.is_none() {
            return Vec::new();
        }
        let folded = if self.options.fold { self.folder.push(row) } else { vec![Folded::alone(row)] };
        self.draw_all(folded)
    }

    /// The lines of a retransmission that is held back: nothing came for a while.
    pub fn pause(&mut self) -> Vec<Line> {
        let folded = self.folder.rest();
        self.draw_all(folded)
    }

    /// The lines of everything that is held back: nothing more comes.
    pub fn end(&mut self) -> Vec<Line> {
        let folded = self.folder.end();
        self.draw_all(folded)
    }

    fn is_hidden(&self, what: &What) -> bool {
        let is_detail = match what {
            What::State { .. } => true,
            What::Log { level, .. } => matches!(level, Level::Debug | Level::Trace),
            What::Message { .. }
            | What::Turn { .. }
            | What::Timer { .. }
            | What::Version { .. }
            | What::Note { .. } => false,
        };
        is_detail && self.options.form == Form::Compact
    }

    fn draw_all(&mut self, folded: Vec<Folded>) -> Vec<Line> {
        let mut lines = Vec::new();
        for folded in folded {
            if let Folded::Row { row, .. } = &folded
                && !self.is_drawable(&row.what)
            {
                continue;
            }
            lines.extend(self.head());
            if let Folded::Row { row, .. } = &folded {
                lines.extend(self.gap_before(row));
            }
            self.last_us = Some(folded.until_us());
            match &folded {
                Folded::Row { row, times, .. } => lines.extend(self.draw(row, *times)),
                Folded::More { rounds, what, from_us, until_us } => {
                    let time = Duration::from_micros(until_us.saturating_sub(*from_us));
                    let text = format!("... {} more {what}, {} ...", grouped(*rounds), crate::spoken(time));
                    lines.push(self.between(&text));
                }
            }
        }
        lines
    }

    /// True when all participants of the row are known.
    fn is_drawable(&self, what: &What) -> bool {
        match what {
            What::Message { from, to, .. } => self.lanes.knows(*from) && self.lanes.knows(*to),
            What::Turn { at, .. }
            | What::Log { at, .. }
            | What::Timer { at, .. }
            | What::State { at, .. }
            | What::Version { at, .. } => self.lanes.knows(*at),
            What::Note { at, .. } => at.is_none_or(|at| self.lanes.knows(at)),
        }
    }

    fn gap_before(&self, row: &Row) -> Option<Line> {
        let time = Duration::from_micros(row.at_us.saturating_sub(self.last_us?));
        let is_told = !self.options.gap.is_zero() && time >= self.options.gap;
        is_told.then(|| self.between(&format!("({})", crate::spoken(rounded(time)))))
    }
}

/// Nobody waits for 8 h 59 min: a pause is told as the time that it nearly was.
const fn rounded(time: Duration) -> Duration {
    let millis = time.as_millis() as u64;
    match millis {
        0..1_000 => time,
        1_000..60_000 => Duration::from_millis((millis + 50) / 100 * 100),
        _ => Duration::from_secs((millis + 500) / 1000),
    }
}

/// `1,204`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
