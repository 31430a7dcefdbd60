//! Ladders of several calls as one stream of lines, where lines can only follow each other.
//!
//! One call has the floor at a time. Its rows are drawn as they come; those of others wait until it is over or has been
//! silent for a while ([`HOLDS`]), so that what belongs together stands together, and calls that go on for hours change
//! places only when one of them has something to say. Where more calls wait than fit ([`Live::new`]), the oldest that
//! went well are not drawn: they are counted and told, and each call that is drawn stays long enough to be read.
//!
//! Pure: times are those since the beginning, and come in.

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::harmless::harmless;
use crate::line::{Line, Paint};
use crate::model::{Participant, Row};
use crate::paint::{Options, Painter};
use crate::steps::calls::CallNumber;

/// A call keeps the floor for this time after its last row.
const HOLDS: Duration = Duration::from_millis(400);
/// A call that is over keeps it for this time: an ACK may still come.
const HOLDS_WHEN_OVER: Duration = Duration::from_millis(150);
/// A call that never falls silent gives the floor away after this time.
const HOLDS_AT_MOST: Duration = Duration::from_secs(3);
/// Where calls are not drawn for want of room, each that is drawn stays for this time.
const READ: Duration = Duration::from_secs(1);
/// Calls whose place in their ladder is remembered; one that comes again after it was forgotten gets a new head.
const REMEMBERED: usize = 200;
/// Rows of one call that wait.
const WAITING_ROWS: usize = 500;

/// News of a call.
#[derive(Clone, Copy, Debug)]
pub struct News<'a> {
    /// Its number.
    pub number: CallNumber,
    /// What began it, and who: `INVITE alice`.
    pub title: &'a str,
    /// The last status that was heard in it; empty before.
    pub standing: &'a str,
    /// Its columns so far.
    pub participants: &'a [Participant],
    /// The new rows.
    pub rows: &'a [Row],
    /// It is over.
    pub is_over: bool,
    /// It is to be drawn whatever else waits.
    pub matters: bool,
}

/// Calls as lines.
#[derive(Debug)]
pub struct Live {
    options: Options,
    waiting_max: usize,
    calls: VecDeque<Drawn>,
    /// The call whose rows are drawn, and since when.
    floor: Option<(CallNumber, Duration)>,
    /// Calls that are not drawn; the oldest are forgotten.
    left_out: BTreeSet<CallNumber>,
    /// The last status of calls that were left out and have not been told.
    untold: BTreeMap<String, u64>,
    has_drawn: bool,
}

/// A call that was drawn or waits for it.
#[derive(Debug)]
struct Drawn {
    number: CallNumber,
    title: String,
    standing: String,
    participants: Vec<Participant>,
    painter: Painter,
    has_begun: bool,
    /// Another call was drawn since.
    owes_name: bool,
    waiting: VecDeque<Row>,
    /// Rows that found no room among those that wait.
    skipped: u64,
    last_at: Duration,
    is_over: bool,
    matters: bool,
}

impl Live {
    /// Draws so. At most so many calls wait; of more, some are only counted.
    #[must_use]
    pub const fn new(options: Options, waiting_max: usize) -> Self {
        Self {
            options,
            waiting_max,
            calls: VecDeque::new(),
            floor: None,
            left_out: BTreeSet::new(),
            untold: BTreeMap::new(),
            has_drawn: false,
        }
    }

    /// Takes news of a call; what can be drawn now.
    pub fn take(&mut self, news: &News<'_>, at: Duration) -> Vec<Line> {
        let mut lines = self.look(at);
        if self.left_out.contains(&news.number) {
            if !news.matters {
                return lines;
            }
            self.left_out.remove(&news.number);
        }
        let call = self.call(news);
        call.last_at = at;
        let has_floor = self.floor.is_some_and(|(number, _)| number == news.number);
        if self.floor.is_none() {
            lines.extend(self.give_floor(news.number, at));
        } else if has_floor {
            lines.extend(self.draw(news.number));
        } else {
            self.make_room();
        }
        lines
    }

    /// Time has passed; what can be drawn now.
    pub fn look(&mut self, at: Duration) -> Vec<Line> {
        let mut lines = Vec::new();
        while let Some((number, since)) = self.floor {
            let Some(call) = self.calls.iter_mut().find(|call| call.number == number) else {
                self.floor = None;
                break;
            };
            let silent = at.saturating_sub(call.last_at);
            let holds = if call.is_over { HOLDS_WHEN_OVER } else { HOLDS };
            let had = at.saturating_sub(since);
            if silent >= holds {
                lines.extend(call.rest(&mut self.has_drawn));
            } else if had < HOLDS_AT_MOST {
                break;
            }
            let Some(next) = self.next_waiting() else { break };
            if !self.untold.is_empty() && had < READ {
                break;
            }
            lines.extend(self.tell_left_out());
            lines.extend(self.give_floor(next, at));
        }
        lines
    }

    /// Everything that waits: nothing more comes.
    pub fn end(&mut self) -> Vec<Line> {
        let mut lines = self.end_floor();
        lines.extend(self.tell_left_out());
        while let Some(next) = self.next_waiting() {
            lines.extend(self.give_floor(next, Duration::ZERO));
            lines.extend(self.end_floor());
        }
        self.floor = None;
        lines
    }

    fn end_floor(&mut self) -> Vec<Line> {
        let Some((number, _)) = self.floor else { return Vec::new() };
        let Some(call) = self.calls.iter_mut().find(|call| call.number == number) else { return Vec::new() };
        let rest = call.painter.end();
        call.named(rest, &mut self.has_drawn)
    }

    /// The entry of a call, with the news in it.
    fn call(&mut self, news: &News<'_>) -> &mut Drawn {
        let known = self.calls.iter().position(|call| call.number == news.number);
        let place = known.unwrap_or_else(|| {
            self.forget();
            self.calls.push_back(Drawn {
                number: news.number,
                title: String::new(),
                standing: String::new(),
                participants: Vec::new(),
                painter: Painter::new(news.participants, self.options),
                has_begun: false,
                owes_name: false,
                waiting: VecDeque::new(),
                skipped: 0,
                last_at: Duration::ZERO,
                is_over: false,
                matters: false,
            });
            self.calls.len() - 1
        });
        let call = &mut self.calls[place];
        news.title.clone_into(&mut call.title);
        news.standing.clone_into(&mut call.standing);
        call.participants = news.participants.to_vec();
        call.is_over = news.is_over;
        call.matters |= news.matters;
        for row in news.rows {
            call.waiting.push_back(row.clone());
            if call.waiting.len() > WAITING_ROWS {
                call.waiting.pop_front();
                call.skipped += 1;
            }
        }
        call
    }

    /// Lets the oldest calls go that have nothing to say.
    fn forget(&mut self) {
        while self.calls.len() >= REMEMBERED.max(self.waiting_max.saturating_add(1)) {
            let floor = self.floor.map(|(number, _)| number);
            let idle = |call: &Drawn| call.waiting.is_empty() && Some(call.number) != floor;
            let over = self.calls.iter().position(|call| idle(call) && call.is_over);
            let Some(at) = over.or_else(|| self.calls.iter().position(idle)) else { return };
            self.calls.remove(at);
        }
    }

    /// The call that waits longest.
    fn next_waiting(&self) -> Option<CallNumber> {
        let floor = self.floor.map(|(number, _)| number);
        let mut waiting =
            self.calls.iter().filter(|call| !call.waiting.is_empty() && Some(call.number) != floor);
        waiting.next().map(|call| call.number)
    }

    /// Leaves calls out when too many wait.
    fn make_room(&mut self) {
        let floor = self.floor.map(|(number, _)| number);
        loop {
            let waits = |call: &&Drawn| !call.waiting.is_empty() && Some(call.number) != floor;
            if self.calls.iter().filter(waits).count() <= self.waiting_max {
                return;
            }
            let all = || self.calls.iter().enumerate().filter(|(_, call)| waits(call));
            let harmless = all().find(|(_, call)| !call.matters && !call.has_begun);
            let Some((at, _)) = harmless.or_else(|| all().next()) else { return };
            let Some(call) = self.calls.remove(at) else { return };
            self.left_out.insert(call.number);
            if self.left_out.len() > REMEMBERED {
                self.left_out.pop_first();
            }
            *self.untold.entry(call.standing).or_default() += 1;
        }
    }

    /// `+ 49 calls that are not drawn: 48 x 200, 1 x 486`.
    fn tell_left_out(&mut self) -> Option<Line> {
        let count: u64 = self.untold.values().sum();
        if count == 0 {
            return None;
        }
        let told = core::mem::take(&mut self.untold);
        let told = told.iter().map(|(standing, count)| match standing.as_str() {
            "" => format!("{count} without a response"),
            standing => format!("{count} x {standing}"),
        });
        let told: Vec<_> = told.collect();
        let calls = if count == 1 { "call that is" } else { "calls that are" };
        Some(alone(Paint::Gap, &format!("+ {count} {calls} not drawn: {}", told.join(", "))))
    }

    /// The call says who it is, and all that waits of it.
    fn give_floor(&mut self, number: CallNumber, at: Duration) -> Vec<Line> {
        self.floor = Some((number, at));
        if let Some(call) = self.calls.iter_mut().find(|call| call.number == number) {
            call.owes_name = true;
            call.painter.show_head();
        }
        self.draw(number)
    }

    /// The rows that wait, of the call that has the floor.
    fn draw(&mut self, number: CallNumber) -> Vec<Line> {
        let Some(call) = self.calls.iter_mut().find(|call| call.number == number) else { return Vec::new() };
        call.painter.join(&call.participants);
        let mut lines = Vec::new();
        if core::mem::take(&mut call.skipped) > 0 {
            lines.push(alone(Paint::Gap, "    ... earlier rows are not drawn ..."));
        }
        for row in call.waiting.drain(..) {
            lines.extend(call.painter.row(&row));
        }
        call.named(lines, &mut self.has_drawn)
    }
}

impl Drawn {
    /// The lines with the call's name above them, where it has not been said since another call was drawn. A row that is
    /// not drawn in this form names nobody.
    fn named(&mut self, lines: Vec<Line>, has_drawn: &mut bool) -> Vec<Line> {
        if lines.is_empty() || !core::mem::take(&mut self.owes_name) {
            return lines;
        }
        let mut name = Line::default();
        name.push(Paint::Name, &format!("call {}", self.number));
        let goes_on = if core::mem::replace(&mut self.has_begun, true) { "  goes on" } else { "" };
        name.push(Paint::Plain, &format!("  {}{goes_on}", harmless(&self.title)));
        let blank = core::mem::replace(has_drawn, true).then(Line::default);
        blank.into_iter().chain([name]).chain(lines).collect()
    }

    /// What the painter holds back: a retransmission, of which more could come, and a round.
    fn rest(&mut self, has_drawn: &mut bool) -> Vec<Line> {
        let lines = if self.is_over { self.painter.end() } else { self.painter.pause() };
        self.named(lines, has_drawn)
    }
}

/// A line of its own.
fn alone(paint: Paint, text: &str) -> Line {
    let mut line = Line::default();
    line.push(paint, text);
    line
}

#[cfg(test)]
mod tests;
