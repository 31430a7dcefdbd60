//! What `siplet dev` tells where there is no screen: lines, as they come.

use std::io::{self, Write};

use super::state::{Entry, Kind};

/// Writes entries as lines. `colours` says whether the reader is a terminal.
///
/// # Errors
/// Nobody reads.
pub(super) fn write(out: &mut impl Write, entries: &[Entry], colours: bool) -> io::Result<()> {
    for entry in entries {
        let (on, off) = match (colours, entry.kind) {
            (true, Kind::Good) => ("\x1b[32m", "\x1b[0m"),
            (true, Kind::Bad) => ("\x1b[31m", "\x1b[0m"),
            (true, Kind::Note) => ("\x1b[2m", "\x1b[0m"),
            (true, Kind::Compiler | Kind::Log | Kind::Ladder) | (false, _) => ("", ""),
        };
        for line in entry.text.lines() {
            writeln!(out, "{on}{line}{off}")?;
        }
    }
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_coloured_for_a_terminal_alone() {
        let entries = [
            Entry { kind: Kind::Good, text: "live: hello".into() },
            Entry { kind: Kind::Compiler, text: "error: no\n --> here".into() },
        ];
        let written = |colours| {
            let mut out = Vec::new();
            write(&mut out, &entries, colours).unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(written(false), "live: hello\nerror: no\n --> here\n");
        assert_eq!(written(true), "\x1b[32mlive: hello\x1b[0m\nerror: no\n --> here\n");
    }
}
