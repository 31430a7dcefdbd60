//! What each kind of row looks like.

use core::time::Duration;

use crate::canvas::Canvas;
use crate::harmless::{cut, harmless, width, wrap};
use crate::lanes::LEFT;
use crate::line::{Line, Paint};
use crate::model::{Change, Ending, Row, Timer, What};
use crate::spoken;

use super::{Form, Painter};

/// Dashes before an arrow's label, where there is room.
const LEAD: usize = 6;
/// Columns that a text needs beside its lane; where there are fewer it stands over the lanes.
const ROOM_MIN: usize = 30;
/// Columns of a text that stands over the lanes.
const ROOM_OVER: usize = 64;
/// Letters of an attribute's value in the compact form.
const VALUE: usize = 40;
/// Letters of an attribute's value in the full form.
const VALUE_FULL: usize = 2000;
/// Lines of one text, compact and full.
const LINES: (usize, usize) = (4, 60);

impl Painter {
    /// The lines of a row whose participants are known.
    pub(super) fn draw(&self, row: &Row, times: u64) -> Vec<Line> {
        let mut canvases = match &row.what {
            What::Message { from, to, label, again, absorbed, lost, remark } => {
                let label = repeated(label, times, *again, *absorbed);
                let mut canvas = self.arrow(*from, *to, &label, *lost);
                let time = spoken(Duration::from_micros(row.at_us));
                let remark = match (self.options.times && row.at_us > 0, remark.is_empty()) {
                    (true, true) => time,
                    (true, false) => format!("{time}  {}", harmless(remark)),
                    (false, _) => harmless(remark),
                };
                self.append(&mut canvas, &remark, Paint::Plain);
                vec![canvas]
            }
            What::Turn { at, number, handler, cpu_us, changes, ending } => {
                let mut head = format!("turn {number}  {}", harmless(handler));
                if let Some(micros) = cpu_us {
                    head.push_str(&format!("  {}", spoken(Duration::from_micros(*micros))));
                }
                self.turn(*at, head, changes, ending)
            }
            What::Log { at, level, text } => {
                let paint = match level {
                    crate::Level::Error | crate::Level::Warn => Paint::Error,
                    crate::Level::Info | crate::Level::Debug | crate::Level::Trace => Paint::Plain,
                };
                self.texts(*at, &format!("{}: {text}", level.name()), paint)
            }
            What::Timer { at, name, timer } => {
                let name = if name.is_empty() { "timer".to_owned() } else { format!("timer {name}") };
                let text = match timer {
                    Timer::Set { after_us } => {
                        format!("{name} set: due in {}", spoken(Duration::from_micros(*after_us)))
                    }
                    Timer::Fired => format!("{name} fired"),
                    Timer::Cancelled => format!("{name} cancelled"),
                };
                self.texts(*at, &text, Paint::Servlet)
            }
            What::State { at, session, from, to } => {
                let session =
                    if session.is_empty() { "session".to_owned() } else { format!("session {session}") };
                let from = if from.is_empty() { "-" } else { from };
                self.texts(*at, &format!("{session}: {from} -> {to}"), Paint::Plain)
            }
            What::Version { at, text } => self.texts(*at, text, Paint::Servlet),
            What::Note { at: Some(at), text } => self.texts(*at, text, Paint::Plain),
            What::Note { at: None, text } if text.is_empty() => vec![self.lanes.bars()],
            What::Note { at: None, text } => self.over(text, Paint::Plain),
        };
        if let Some(mark) = &row.mark {
            self.mark(&mut canvases, mark);
        }
        canvases.iter().map(Canvas::line).collect()
    }

    /// A line between the rows: time that passed, rows that are left out.
    pub(crate) fn between(&self, text: &str) -> Line {
        let text = cut(&harmless(text), self.options.columns.saturating_sub(LEFT + 2));
        let mut canvas = self.lanes.bars();
        let middle = LEFT + self.lanes.distance() / 2;
        let start = if self.lanes.own() < 2 {
            LEFT + 2
        } else {
            middle.saturating_sub(width(&text) / 2).max(LEFT + 2)
        };
        canvas.put(start, &text, Paint::Gap);
        canvas.line()
    }

    fn arrow(&self, from: usize, to: usize, label: &str, lost: bool) -> Canvas {
        let (lane_from, lane_to) = (self.lanes.column(from), self.lanes.column(to));
        let label = harmless(label);
        if lane_from == lane_to {
            let text = if from == to {
                format!("{label} to itself")
            } else {
                format!("{} -> {}: {label}", self.lanes.name(from), self.lanes.name(to))
            };
            let mut canvas = self.lanes.bars();
            let room = self.options.columns.saturating_sub(lane_from + 2);
            canvas.put(lane_from + 2, &cut(&text, room), Paint::of_label(&label));
            return canvas;
        }
        let mut canvas = self.lanes.bars();
        let (mut left, right) = (lane_from.min(lane_to), lane_from.max(lane_to));
        let rightwards = lane_from < lane_to;
        // Of the two at most one has no lane of its own: else they would stand in the same one.
        if let Some(name) = self.lanes.shared_name(if rightwards { from } else { to }) {
            canvas.fill(2, left + 1, " ", Paint::Plain);
            left = canvas.put(2, &name, Paint::Name);
            canvas.put(left, " ", Paint::Plain);
        }
        // What is lost ends on its way.
        let missing = if lost { (right - left) / 4 } else { 0 };
        let (start, end) = if rightwards { (left + 1, right - missing) } else { (left + 1 + missing, right) };
        canvas.fill(start, end, "-", Paint::Bar);
        let (at, head) = if rightwards { (end - 1, ">") } else { (start, "<") };
        canvas.put(at, if lost { "x" } else { head }, if lost { Paint::Error } else { Paint::Bar });
        // A blank on both sides of the label, the head, and a dash before and behind it.
        let room = (end - start).saturating_sub(5).max(1);
        let text = cut(&label, room);
        let least = if rightwards { 1 } else { 2 };
        let lead = (least + room.saturating_sub(width(&text))).min(LEAD);
        canvas.put(start + lead, &format!(" {text} "), Paint::of_label(&text));
        canvas
    }

    fn turn(&self, at: usize, head: String, changes: &[Change], ending: &Ending) -> Vec<Canvas> {
        let side = self.side(at);
        // What a handler that failed had changed was never there.
        let void = if *ending == Ending::Done { "" } else { "void: " };
        let shown: Vec<String> =
            changes.iter().map(|change| format!("{void}{}", self.change(change))).collect();
        let (before, after) = (width(&head) + width(&side.name), shown.join("   "));
        let fits = before + 5 + width(&after) <= side.room;
        let mut canvases = Vec::new();
        if shown.is_empty() || fits {
            let mut canvas = self.beside(&side, &head, Paint::Servlet);
            if !shown.is_empty() {
                canvas.put(side.start + before + 5, &after, Paint::Plain);
            }
            canvases.push(canvas);
        } else {
            canvases.push(self.beside(&side, &head, Paint::Servlet));
            for change in shown {
                canvases.extend(self.lines(at, &change, 2, Paint::Plain));
            }
        }
        match ending {
            Ending::Done => {}
            Ending::Failed { text } => {
                canvases.extend(self.lines(at, &format!("error: {text}"), 2, Paint::Error))
            }
            Ending::Trapped { reason, text } => {
                canvases.extend(self.lines(at, &format!("died ({reason}): {text}"), 2, Paint::Error));
            }
        }
        canvases
    }

    /// `decision: - -> "accept"`.
    fn change(&self, change: &Change) -> String {
        let letters = match self.options.form {
            Form::Compact => VALUE,
            Form::Full => VALUE_FULL,
        };
        let value = |value: &Option<String>| match value {
            Some(value) => cut(&harmless(value), letters),
            None => "-".to_owned(),
        };
        let of = if change.of.is_empty() { String::new() } else { format!("{}.", harmless(&change.of)) };
        format!("{of}{}: {} -> {}", harmless(&change.name), value(&change.before), value(&change.after))
    }

    /// A text at a lane, with as many lines as it needs.
    fn texts(&self, at: usize, text: &str, paint: Paint) -> Vec<Canvas> {
        self.lines(at, text, 0, paint)
    }

    fn lines(&self, at: usize, text: &str, indent: usize, paint: Paint) -> Vec<Canvas> {
        let side = self.side(at);
        let lines_max = match self.options.form {
            Form::Compact => LINES.0,
            Form::Full => LINES.1,
        };
        let room = side.room.saturating_sub(indent + width(&side.name));
        let mut canvases: Vec<Canvas> = Vec::new();
        for line in text.split('\n') {
            let line = harmless(line.trim_end());
            // Further lines stand two columns to the right.
            let narrow = room.saturating_sub(if indent == 0 { 2 } else { 0 });
            let alone = canvases.is_empty() && width(&line) <= room;
            let pieces = if alone { vec![line] } else { wrap(&line, narrow, lines_max) };
            for piece in pieces {
                if canvases.len() == lines_max {
                    return canvases;
                }
                let further = if canvases.is_empty() { indent } else { indent.max(2) };
                canvases.push(self.beside(&side, &format!("{}{piece}", " ".repeat(further)), paint));
            }
        }
        canvases
    }

    fn beside(&self, side: &Side, text: &str, paint: Paint) -> Canvas {
        let mut canvas = self.lanes.bars();
        let start = canvas.put(side.start, &side.name, Paint::Name);
        let room = self.options.columns.saturating_sub(start);
        canvas.put(start, &cut(text, room), paint);
        canvas
    }

    /// Where texts of that participant stand.
    fn side(&self, at: usize) -> Side {
        let columns = self.options.columns;
        let start = self.lanes.column(at) + 2;
        let shared = self.lanes.shared_name(at);
        if columns.saturating_sub(start) >= ROOM_MIN {
            let name = shared.map_or(String::new(), |name| format!("{name}: "));
            return Side { start, room: columns - start, name };
        }
        let start = columns.saturating_sub(ROOM_OVER).max(LEFT + 2);
        Side { start, room: columns - start, name: format!("{}: ", cut(self.lanes.name(at), 14)) }
    }

    /// A text that belongs to nobody.
    fn over(&self, text: &str, paint: Paint) -> Vec<Canvas> {
        let room = self.options.columns.saturating_sub(LEFT + 2);
        let lines = text.split('\n').flat_map(|line| wrap(&harmless(line), room, LINES.0));
        lines
            .map(|line| {
                let mut canvas = self.lanes.bars();
                canvas.put(LEFT + 2, &line, paint);
                canvas
            })
            .collect()
    }

    /// Behind the line where there is room; cut where there is not.
    fn append(&self, canvas: &mut Canvas, text: &str, paint: Paint) {
        let start = canvas.width() + 3;
        let room = self.options.columns.saturating_sub(start);
        if !text.is_empty() && room > 3 {
            canvas.put(start, &cut(text, room), paint);
        }
    }

    /// A mark stands behind the row's first line, or below the row where there is no room.
    fn mark(&self, canvases: &mut Vec<Canvas>, mark: &str) {
        let text = format!("<- {}", harmless(mark));
        if let Some(first) = canvases.first_mut()
            && first.width() + 3 + width(&text) <= self.options.columns
        {
            first.put(first.width() + 3, &text, Paint::Mark);
            return;
        }
        canvases.extend(self.over(&text, Paint::Mark));
    }
}

/// Where the texts of one participant stand.
struct Side {
    start: usize,
    /// Columns from there.
    room: usize,
    /// Stands before each text where it is not plain whose it is.
    name: String,
}

/// `INVITE (again x3, absorbed)`.
fn repeated(label: &str, times: u64, again: bool, absorbed: bool) -> String {
    let mut marks = Vec::new();
    match (again || absorbed, times) {
        (true, 0 | 1) => marks.push("again".to_owned()),
        (true, times) => marks.push(format!("again x{times}")),
        (false, _) => {}
    }
    if absorbed {
        marks.push("absorbed".to_owned());
    }
    if marks.is_empty() { label.to_owned() } else { format!("{label} ({})", marks.join(", ")) }
}
