//! The terminal of the `siplet` commands: how wide, and whether it understands colours.

use std::io::{IsTerminal, Write};

use siplet_ladder::{Line, Options};

/// Narrower terminals are drawn for as for this one, and wrap.
const COLUMNS_MIN: usize = 60;
/// What stands further right is not read together with what stands left.
const COLUMNS_MAX: usize = 160;

/// How ladders are drawn on standard output: as wide as `COLUMNS` says, else 100 columns, with colours where it is a
/// terminal and neither `NO_COLOR` is set nor `TERM` is `dumb`.
#[must_use]
pub fn options() -> Options {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse::<usize>().ok());
    let columns =
        columns.map_or(Options::default().columns, |columns| columns.clamp(COLUMNS_MIN, COLUMNS_MAX));
    Options { columns, colour: wants_colour(), ..Options::default() }
}

/// True where standard output takes colours.
fn wants_colour() -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    std::io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}

/// Writes lines of a ladder, at once.
///
/// # Errors
/// The output is closed.
pub fn write(out: &mut impl Write, lines: &[Line], colour: bool) -> std::io::Result<()> {
    for line in lines {
        writeln!(out, "{}", line.text(colour))?;
    }
    out.flush()
}
