//! Every `INV-` name that `ARCHITECTURE.md` promises is checked somewhere: under `tests/`, or by a check of this command.

use std::collections::BTreeSet;

use super::files::File;

const PAGE: &str = "ARCHITECTURE.md";

/// Where checkers are.
const CHECKERS: [&str; 3] = ["tests/", "xtask/src/tidy/names.rs", "xtask/src/tidy/edges.rs"];

/// Finds invariants without a checker, and checkers of invariants that nobody promised.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let Some(page) = files.iter().find(|file| file.path == PAGE) else {
        return vec![format!("{PAGE} is missing: it names the invariants")];
    };
    let promised = names(&page.text);
    let checked: BTreeSet<String> = files
        .iter()
        .filter(|file| file.is_rust() && CHECKERS.iter().any(|place| file.path.starts_with(place)))
        .flat_map(|file| names(&file.text))
        .collect();
    let without = promised.difference(&checked).map(|name| {
        format!("{PAGE} promises {name}, and no checker names it: write one under tests/, or take the promise back")
    });
    let unknown = checked
        .difference(&promised)
        .map(|name| format!("a checker names {name}, which {PAGE} does not explain: add it there"));
    without.chain(unknown).collect()
}

/// The `INV-` names in a text.
fn names(text: &str) -> BTreeSet<String> {
    text.match_indices("INV-")
        .map(|(at, _)| {
            let rest = &text[at..];
            let end = rest.find(|c: char| !(c.is_ascii_uppercase() || c == '-')).unwrap_or(rest.len());
            rest[..end].trim_end_matches('-').to_owned()
        })
        .filter(|name| name != "INV")
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_promise_needs_a_checker_and_a_checker_a_promise() {
        let page = file(PAGE, "`INV-TURN` one turn. INV-COMMIT, and every `INV-*` name.");
        let both = file("tests/src/sim/check.rs", "// INV-TURN\nconst NAME: &str = \"INV-COMMIT\";");
        assert_eq!(check(&[page.clone(), both]), Vec::<String>::new());
        let one = file("tests/src/sim/check.rs", "// INV-TURN and INV-OTHER");
        let problems = check(&[page, one, file("host/sip/src/lib.rs", "// INV-COMMIT")]);
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems[0].contains("promises INV-COMMIT"));
        assert!(problems[1].contains("names INV-OTHER"));
    }
}
