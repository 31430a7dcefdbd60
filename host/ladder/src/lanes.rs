//! Where the participants stand: one lane each as long as there is room, and beyond that one lane for several, which then
//! name themselves in each row.

use crate::canvas::Canvas;
use crate::harmless::{cut, harmless, width};
use crate::line::Paint;
use crate::model::Participant;

/// Column of the first lane.
pub(crate) const LEFT: usize = 4;
/// Usual distance between two lanes.
const DISTANCE: usize = 31;
/// Most columns between two lanes, however long a name is.
const DISTANCE_MAX: usize = 60;
/// Columns that a lane needs at least, so that a method still stands on an arrow.
const DISTANCE_MIN: usize = 16;
/// Columns that are kept right of the last lane.
const TAIL: usize = 12;
/// Columns right of the last lane where few lanes leave room for what servlets tell.
const TAIL_WIDE: usize = 26;
/// Columns of a name in a row, for participants that share a lane.
const SHARED_NAME: usize = 14;

/// The lanes of some participants in some width.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lanes {
    names: Vec<String>,
    /// How many have a lane of their own.
    own: usize,
    distance: usize,
}

impl Lanes {
    pub(crate) fn new(participants: &[Participant], columns: usize, label_room: usize) -> Self {
        let names: Vec<String> = participants.iter().map(|one| harmless(&one.name)).collect();
        let most = (columns.saturating_sub(LEFT + TAIL) / DISTANCE_MIN + 1).max(2);
        let own = names.len().min(most);
        let between = own.saturating_sub(1).max(1);
        let tail = if own <= 3 { TAIL_WIDE } else { TAIL };
        let room = columns.saturating_sub(LEFT + tail) / between;
        let longest = names.iter().take(own).map(|name| width(name) + 4).max().unwrap_or(0);
        let wanted = longest.max(label_room + 6).clamp(DISTANCE, DISTANCE_MAX);
        Self { distance: wanted.min(room).max(DISTANCE_MIN), names, own }
    }

    pub(crate) const fn knows(&self, participant: usize) -> bool {
        participant < self.names.len()
    }

    pub(crate) fn name(&self, participant: usize) -> &str {
        self.names.get(participant).map_or("", String::as_str)
    }

    /// The column of a participant's lane; that of the first for those who have none.
    pub(crate) const fn column(&self, participant: usize) -> usize {
        if participant < self.own { LEFT + participant * self.distance } else { LEFT }
    }

    /// Columns from one lane to the next.
    pub(crate) const fn distance(&self) -> usize {
        self.distance
    }

    /// How many lanes there are.
    pub(crate) const fn own(&self) -> usize {
        self.own
    }

    /// The name that must stand in the row, for a participant without a lane.
    pub(crate) fn shared_name(&self, participant: usize) -> Option<String> {
        (participant >= self.own).then(|| cut(self.name(participant), SHARED_NAME))
    }

    /// A line with nothing but the lanes.
    pub(crate) fn bars(&self) -> Canvas {
        let mut canvas = Canvas::default();
        for lane in 0..self.own {
            canvas.put(self.column(lane), "|", Paint::Bar);
        }
        canvas
    }

    /// The names above their lanes.
    pub(crate) fn head(&self, columns: usize) -> Canvas {
        let mut canvas = Canvas::default();
        let mut free = 2;
        for lane in 0..self.own {
            let column = self.column(lane);
            // The next name begins half a lane before its own column at the earliest.
            let end =
                if lane + 1 == self.own { columns } else { column + self.distance / 2 + self.distance % 2 };
            let long = width(self.name(lane));
            let start = column.saturating_sub(long / 2).max(free).min(end.saturating_sub(long).max(free));
            let name = cut(self.name(lane), end.saturating_sub(start).max(4));
            free = canvas.put(start, &name, Paint::Name) + 2;
        }
        canvas
    }
}
