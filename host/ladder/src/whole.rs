//! A ladder as one text.

use core::fmt;
use core::time::Duration;

use crate::line::Line;
use crate::model::{Ending, Ladder, Row, What};
use crate::paint::{Options, Painter};
use crate::spoken;

/// Rows in a middle that is left out which are drawn all the same, because they failed or are marked.
const KEPT_MAX: usize = 40;

/// What one row adds to the text.
struct Block {
    lines: Vec<Line>,
    at_us: u64,
    is_kept: bool,
}

impl Ladder {
    /// The whole ladder, each line with its line break: the lines that a [`Painter`] draws for its rows one by one. Of a
    /// ladder longer than [`Options::lines_max`] the middle is left out, but for rows that failed or are marked.
    #[must_use]
    pub fn draw(&self, options: &Options) -> String {
        let mut painter = Painter::new(&self.participants, *options);
        let head = painter.head();
        let mut blocks: Vec<Block> = self
            .rows
            .iter()
            .map(|row| Block { lines: painter.row(row), at_us: row.at_us, is_kept: is_kept(row) })
            .collect();
        let at_us = self.rows.last().map_or(0, |row| row.at_us);
        blocks.push(Block { lines: painter.end(), at_us, is_kept: false });
        let mut text = String::new();
        let mut write = |line: &Line| {
            text.push_str(&line.text(options.colour));
            text.push('\n');
        };
        head.iter().for_each(&mut write);
        let total: usize = blocks.iter().map(|block| block.lines.len()).sum();
        if total <= options.lines_max {
            blocks.iter().flat_map(|block| &block.lines).for_each(&mut write);
            return text;
        }
        let (begin, end) = middle(&blocks, options.lines_max);
        blocks[..begin].iter().flat_map(|block| &block.lines).for_each(&mut write);
        let mut kept = 0;
        let mut left_out = LeftOut::default();
        for block in &blocks[begin..end] {
            if block.is_kept && kept < KEPT_MAX {
                kept += 1;
                left_out.tell(&painter, &mut write);
                block.lines.iter().for_each(&mut write);
            } else {
                left_out.add(block);
            }
        }
        left_out.tell(&painter, &mut write);
        blocks[end..].iter().flat_map(|block| &block.lines).for_each(&mut write);
        text
    }
}

impl fmt::Display for Ladder {
    /// The compact form without colours, 100 columns wide.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.draw(&Options::default()))
    }
}

/// Rows in a row that are not drawn.
#[derive(Default)]
struct LeftOut {
    rows: usize,
    from_us: Option<u64>,
    until_us: u64,
}

impl LeftOut {
    fn add(&mut self, block: &Block) {
        self.rows += usize::from(!block.lines.is_empty());
        self.from_us = self.from_us.or(Some(block.at_us));
        self.until_us = block.at_us;
    }

    fn tell(&mut self, painter: &Painter, write: &mut impl FnMut(&Line)) {
        if self.rows > 0 {
            let time = Duration::from_micros(self.until_us.saturating_sub(self.from_us.unwrap_or_default()));
            write(&painter.between(&format!("... {} rows left out, {} ...", self.rows, spoken(time))));
        }
        *self = Self::default();
    }
}

/// The blocks between which the middle lies: three fifths of the lines before it, the rest behind.
fn middle(blocks: &[Block], lines_max: usize) -> (usize, usize) {
    let before = lines_max.saturating_mul(3) / 5;
    let behind = lines_max - before;
    let fitting = |room: usize, lines: &mut dyn Iterator<Item = usize>| {
        let mut used = 0;
        lines
            .take_while(|lines| {
                used += lines;
                used <= room
            })
            .count()
    };
    let begin = fitting(before, &mut blocks.iter().map(|block| block.lines.len()));
    let last = fitting(behind, &mut blocks.iter().rev().map(|block| block.lines.len()));
    (begin, (blocks.len() - last).max(begin))
}

const fn is_kept(row: &Row) -> bool {
    let failed =
        matches!(row.what, What::Turn { ending: Ending::Failed { .. } | Ending::Trapped { .. }, .. });
    failed || row.mark.is_some()
}
