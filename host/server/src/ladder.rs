//! The picture of a call: who sent what to whom, in order, with participants as columns.
//!
//! One renderer for `siplet call`, for tests that fail, for records: the same picture everywhere. It knows no SIP; the
//! caller says what stands on an arrow.

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Duration;

/// Column of the first participant's line.
const LEFT: usize = 4;
/// Least distance between two participants' lines.
const DISTANCE_MIN: usize = 29;
/// Dashes before an arrow's label.
const LEAD: usize = 6;

/// One line of a ladder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A message.
    Message {
        /// Index of the sender.
        from: usize,
        /// Index of the receiver.
        to: usize,
        /// What stands on the arrow.
        label: String,
        /// What stands behind the line; may be empty.
        remark: String,
    },
    /// Something that happened at a participant.
    Note {
        /// Index of the participant.
        at: usize,
        /// What.
        text: String,
    },
    /// Time that passed.
    Gap(Duration),
}

/// Participants and what went between them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ladder {
    participants: Vec<String>,
    events: Vec<Event>,
    /// Letters that a label may have at least, for ladders whose events come later.
    room: usize,
}

impl Ladder {
    /// A ladder with these columns, from left to right.
    pub fn new<S: Into<String>>(participants: impl IntoIterator<Item = S>) -> Self {
        Self { participants: participants.into_iter().map(Into::into).collect(), events: Vec::new(), room: 0 }
    }

    /// Makes room for labels of this many letters, for a ladder that is drawn line by line.
    #[must_use]
    pub fn with_room(mut self, letters: usize) -> Self {
        self.room = letters;
        self
    }

    /// The column of that name; a new one at the right when there is none.
    pub fn participant(&mut self, name: &str) -> usize {
        if let Some(index) = self.participants.iter().position(|known| known == name) {
            return index;
        }
        self.participants.push(name.to_owned());
        self.participants.len() - 1
    }

    /// Adds a line below.
    pub fn push(&mut self, event: Event) {
        self.events.push(event);
    }

    /// The head line with the names.
    #[must_use]
    pub fn head(&self) -> String {
        let mut line = String::new();
        for (index, name) in self.participants.iter().enumerate() {
            let start = self.column(index).saturating_sub(name.chars().count() / 2).max(2);
            let free = if index == 0 { 0 } else { line.chars().count() + 1 };
            pad_to(&mut line, start.max(free));
            line.push_str(name);
        }
        line
    }

    /// One event as a line, without a line break; none when it names a participant that is not there.
    #[must_use]
    pub fn line(&self, event: &Event) -> Option<String> {
        let known = |index: usize| index < self.participants.len();
        match event {
            Event::Message { from, to, label, remark } if known(*from) && known(*to) => {
                let mut line = if from == to {
                    self.note(*from, &format!("{label} to itself"))
                } else {
                    self.arrow(*from, *to, label)
                };
                if !remark.is_empty() {
                    line.push_str("   ");
                    line.push_str(remark);
                }
                Some(line)
            }
            Event::Note { at, text } if known(*at) => Some(self.note(*at, text)),
            Event::Gap(time) => Some(self.gap(*time)),
            Event::Message { .. } | Event::Note { .. } => None,
        }
    }

    fn distance(&self) -> usize {
        let names = self.participants.iter().map(|name| name.chars().count() + 4);
        let labels = self.events.iter().map(|event| match event {
            Event::Message { from, to, label, .. } if from.abs_diff(*to) == 1 => {
                label.chars().count() + LEAD + 6
            }
            Event::Message { .. } | Event::Note { .. } | Event::Gap(_) => 0,
        });
        names.chain(labels).chain([self.room + LEAD + 6]).max().unwrap_or(0).clamp(DISTANCE_MIN, 60)
    }

    fn column(&self, index: usize) -> usize {
        LEFT + index * self.distance()
    }

    /// Empty lines of all participants.
    fn bars(&self) -> Vec<char> {
        let mut line = vec![' '; self.column(self.participants.len().saturating_sub(1)) + 1];
        for index in 0..self.participants.len() {
            line[self.column(index)] = '|';
        }
        line
    }

    fn arrow(&self, from: usize, to: usize, label: &str) -> String {
        let (left, right) = (self.column(from.min(to)), self.column(from.max(to)));
        let mut line = self.bars();
        line[left + 1..right].fill('-');
        if from < to {
            line[right - 1] = '>';
        } else {
            line[left + 1] = '<';
        }
        let room = right - left - LEAD - 5;
        let text = format!(" {} ", shortened(label, room));
        for (place, letter) in line[left + 1 + LEAD..].iter_mut().zip(text.chars()) {
            *place = letter;
        }
        line.into_iter().collect()
    }

    fn note(&self, at: usize, text: &str) -> String {
        let mut line: String = self.bars().into_iter().take(self.column(at) + 1).collect();
        line.push(' ');
        line.push_str(text);
        line
    }

    fn gap(&self, time: Duration) -> String {
        let mut line = self.bars();
        let text = format!("({})", spoken(time));
        let width = text.chars().count();
        let middle = LEFT + self.distance() / 2;
        let start = middle.saturating_sub(width / 2);
        if self.participants.len() < 2 {
            return self.note(0, &text);
        }
        for (place, letter) in line[start..].iter_mut().zip(text.chars()) {
            *place = letter;
        }
        line.into_iter().collect()
    }
}

impl fmt::Display for Ladder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.head())?;
        for event in &self.events {
            if let Some(line) = self.line(event) {
                writeln!(f, "{}", line.trim_end())?;
            }
        }
        Ok(())
    }
}

fn pad_to(line: &mut String, column: usize) {
    for _ in line.chars().count()..column {
        line.push(' ');
    }
}

/// Control characters of a peer never reach the terminal.
fn shortened(text: &str, room: usize) -> String {
    let clean = text.chars().map(|letter| if letter.is_control() { '?' } else { letter });
    if text.chars().count() <= room {
        return clean.collect();
    }
    let mut short: String = clean.take(room.saturating_sub(2)).collect();
    short.push_str("..");
    short
}

/// A time as people say it: `41 us`, `12 ms`, `3.2 s`, `9 h`.
#[must_use]
pub fn spoken(time: Duration) -> String {
    let (micros, seconds) = (time.as_micros(), time.as_secs());
    match seconds {
        0 if micros < 1000 => format!("{micros} us"),
        0 => format!("{} ms", micros / 1000),
        1..=59 if time.subsec_millis() >= 100 => format!("{seconds}.{} s", time.subsec_millis() / 100),
        1..=59 => format!("{seconds} s"),
        60..=3599 if seconds % 60 == 0 => format!("{} min", seconds / 60),
        60..=3599 => format!("{} min {} s", seconds / 60, seconds % 60),
        3600..=86_399 if seconds % 3600 < 60 => format!("{} h", seconds / 3600),
        3600..=86_399 => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
        _ => format!("{} d {} h", seconds / 86_400, seconds % 86_400 / 3600),
    }
}
