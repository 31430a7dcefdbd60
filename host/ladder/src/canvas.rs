//! One line while it is drawn: cells of a terminal, over which later things are written.

use unicode_width::UnicodeWidthChar;

use crate::line::{Line, Paint};

/// One column of a terminal. A wide letter fills its own cell and leaves the next one empty.
#[derive(Clone, Debug)]
struct Cell {
    text: String,
    paint: Paint,
}

/// A line of cells, blank where nothing was written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Canvas {
    cells: Vec<Cell>,
}

impl Canvas {
    /// Writes over what is there. The text must be harmless. Gives the first column behind it.
    pub(crate) fn put(&mut self, column: usize, text: &str, paint: Paint) -> usize {
        let mut at = column;
        for letter in text.chars() {
            match letter.width().unwrap_or(0) {
                0 => {
                    if let Some(cell) = at
                        .checked_sub(1)
                        .and_then(|at| self.cells[..=at].iter_mut().rfind(|cell| !cell.text.is_empty()))
                    {
                        cell.text.push(letter);
                    }
                }
                wide => {
                    self.cell(at + wide - 1);
                    self.cells[at] = Cell { text: letter.to_string(), paint };
                    for hidden in &mut self.cells[at + 1..at + wide] {
                        *hidden = Cell { text: String::new(), paint };
                    }
                    at += wide;
                }
            }
        }
        at
    }

    /// Writes one letter into all cells from one column up to, and without, another.
    pub(crate) fn fill(&mut self, from: usize, to: usize, letter: &str, paint: Paint) {
        for at in from..to {
            self.put(at, letter, paint);
        }
    }

    fn cell(&mut self, at: usize) {
        while self.cells.len() <= at {
            self.cells.push(Cell { text: " ".to_owned(), paint: Paint::Plain });
        }
    }

    /// Columns that are written.
    pub(crate) fn width(&self) -> usize {
        self.cells.len()
    }

    /// The line, without blanks at its end.
    pub(crate) fn line(&self) -> Line {
        let used = self.cells.iter().rposition(|cell| cell.text != " ").map_or(0, |at| at + 1);
        let mut line = Line::default();
        for cell in &self.cells[..used] {
            line.push(cell.paint, &cell.text);
        }
        line
    }
}
