//! Writes `tests/CONFORMANCE.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::claims::{Claims, Places};
use super::judge::{self, Verdict};
use super::lists::{Lists, Row};
use super::marks::Mark;

/// The state of a row that is obeyed and tested.
pub(super) const DONE: &str = "done";

/// Where a section that no list has is named.
pub(super) type Sections = BTreeMap<Mark, Places>;

#[derive(Default)]
struct Count {
    done: usize,
    nothing: usize,
    open: usize,
}

/// The whole page.
pub(super) fn page(lists: &Lists, claims: &Claims, sections: &Sections) -> String {
    let mut totals = String::new();
    let mut tables = String::new();
    for (rfc, rows) in &lists.rfcs {
        let count = rules(&mut tables, *rfc, rows, lists, claims);
        total(&mut totals, &format!("RFC {rfc}"), &count);
    }
    let count = methods(&mut tables, lists, claims);
    total(&mut totals, "SIP Servlet 1.1 (JSR 289)", &count);
    let other = others(sections);
    format!(
        "# Conformance\n\n\
         Made by `cargo xtask conformance` from the lists in `tests/conformance` and from the claims in code and tests; do\n\
         not edit. A row is *done* when the code that obeys it and a test that shows it both claim it, *nothing* when siplet\n\
         has nothing for it and the reason is given, else *open*. siplet follows the model of SIP Servlet 1.1 (JSR 289); it is\n\
         not an implementation of it.\n\n\
         | list | rows | done | nothing | open |\n|---|---:|---:|---:|---:|\n{totals}{tables}{other}"
    )
}

// Writing to a string cannot fail, so what `write!` says is left alone below.

fn total(text: &mut String, name: &str, count: &Count) {
    let rows = count.done + count.nothing + count.open;
    let _ = writeln!(text, "| {name} | {rows} | {} | {} | {} |", count.done, count.nothing, count.open);
}

fn rules(text: &mut String, rfc: u32, rows: &[Row], lists: &Lists, claims: &Claims) -> Count {
    let _ = write!(
        text,
        "\n## RFC {rfc}\n\n| row | state | who | rule | obeyed in | tested by |\n|---|---|---|---|---|---|\n"
    );
    let mut count = Count::default();
    for row in rows {
        let (state, obeyed, tested) = match judge::verdict(row, lists, claims) {
            Verdict::Done(places, _) => (DONE, joined(&places.code), joined(&places.tests)),
            Verdict::Nothing(why) => ("nothing", escaped(&why), String::new()),
            Verdict::Open => ("open", String::new(), String::new()),
        };
        count.take(state);
        let _ = writeln!(
            text,
            "| {} | {state} | {} | {} | {obeyed} | {tested} |",
            row.id,
            row.binds,
            escaped(&row.rule)
        );
    }
    count
}

fn methods(text: &mut String, lists: &Lists, claims: &Claims) -> Count {
    text.push_str(
        "\n## SIP Servlet 1.1 (JSR 289)\n\n| method | state | siplet | offered in | shown by |\n|---|---|---|---|---|\n",
    );
    let mut count = Count::default();
    for row in &lists.methods {
        let (state, name, offered, shown) = match judge::verdict(row, lists, claims) {
            Verdict::Done(places, name) => {
                (DONE, name.unwrap_or_default(), joined(&places.code), joined(&places.tests))
            }
            Verdict::Nothing(why) => ("nothing", why, String::new(), String::new()),
            Verdict::Open => ("open", String::new(), String::new(), String::new()),
        };
        count.take(state);
        let _ = writeln!(text, "| `{}` | {state} | {} | {offered} | {shown} |", row.id, escaped(&name));
    }
    count
}

impl Count {
    fn take(&mut self, state: &str) {
        match state {
            DONE => self.done += 1,
            "open" => self.open += 1,
            _ => self.nothing += 1,
        }
    }
}

fn others(sections: &Sections) -> String {
    let mut text = String::from("\n## Sections that no list has\n\nWhere code and tests name them.\n");
    let mut rfc = 0;
    for (mark, places) in sections {
        if mark.rfc != rfc {
            rfc = mark.rfc;
            let _ = write!(text, "\n### RFC {rfc}\n\n| section | code | tests |\n|---|---|---|\n");
        }
        let _ =
            writeln!(text, "| §{} | {} | {} |", mark.section, joined(&places.code), joined(&places.tests));
    }
    text
}

fn joined(places: &BTreeSet<String>) -> String {
    places.iter().map(|place| format!("`{place}`")).collect::<Vec<_>>().join("<br>")
}

/// A text that stands in one cell.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|")
}
