//! Golden pictures: what is drawn is compared letter by letter.

mod folding;
mod hostile;
mod pictures;

use core::time::Duration;

use crate::{Ladder, Options, Painter, Row, What};

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn arrow(at: Duration, from: usize, to: usize, label: &str) -> Row {
    Row::at(at, What::message(from, to, label))
}

fn again(at: Duration, from: usize, to: usize, label: &str, absorbed: bool) -> Row {
    let mut row = arrow(at, from, to, label);
    if let What::Message { again, absorbed: other, .. } = &mut row.what {
        (*again, *other) = (true, absorbed);
    }
    row
}

fn turn(at: Duration, participant: usize, number: u64, handler: &str) -> Row {
    let what = What::Turn {
        at: participant,
        number,
        handler: handler.into(),
        cpu_us: Some(41),
        changes: Vec::new(),
        ending: crate::Ending::Done,
    };
    Row::at(at, what)
}

/// Compares the picture, and checks what holds for every ladder: it fits the columns, a painter that gets row by row draws
/// the same, and it comes back from JSON as it was.
#[track_caller]
fn check_with(ladder: &Ladder, options: &Options, expected: &str) {
    let drawn = ladder.draw(options);
    let expected = expected.strip_prefix('\n').unwrap_or(expected);
    assert!(drawn == expected, "drawn:\n{drawn}\nexpected:\n{expected}");
    for line in drawn.lines() {
        assert!(crate::harmless::width(line) <= options.columns, "too wide: {line}");
    }
    let back: Ladder = serde_json::from_value(ladder.to_json()).expect("its own JSON");
    assert_eq!(&back, ladder);
    let all = Options { lines_max: usize::MAX, ..*options };
    let mut painter = Painter::new(&ladder.participants, all);
    let mut lines = painter.head();
    for row in &ladder.rows {
        lines.extend(painter.row(row));
    }
    lines.extend(painter.end());
    let live: String = lines.iter().map(|line| line.text(false) + "\n").collect();
    assert_eq!(live, ladder.draw(&all));
}

#[track_caller]
fn check(ladder: &Ladder, expected: &str) {
    check_with(ladder, &Options::default(), expected);
}
