//! `cargo xtask conformance`: which section of which RFC is obeyed where, and which test shows it.
//!
//! A branch that obeys an RFC says so in a mark, the word RFC with its number and a section after `§`, and its test
//! bears the same mark. This command collects the marks into `tests/CONFORMANCE.md`.

mod marks;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::tidy::files::{self, File};
use marks::Mark;

/// Options of `cargo xtask conformance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail when the table is not what the marks say
    #[arg(long)]
    check: bool,
}

impl Options {
    /// The options that only compare.
    pub(crate) fn check() -> Self {
        Self { check: true }
    }
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read or written, or the table is stale and only to be checked.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let path = project.path("tests/CONFORMANCE.md");
    let table = table(&files::all(project)?);
    let there = fs::read_to_string(&path).unwrap_or_default();
    if options.check {
        if there != table {
            bail!("tests/CONFORMANCE.md is stale; renew it with `cargo xtask conformance` and commit it");
        }
        println!("tests/CONFORMANCE.md says what the marks say");
    } else if there != table {
        fs::write(&path, &table).with_context(|| format!("cannot write {}", project.shown(&path)))?;
        println!("tests/CONFORMANCE.md renewed");
    } else {
        println!("tests/CONFORMANCE.md is as it was");
    }
    Ok(())
}

/// Where a section is named.
#[derive(Default)]
struct Places {
    code: BTreeSet<String>,
    tests: BTreeSet<String>,
}

fn table(files: &[File]) -> String {
    let mut sections: BTreeMap<Mark, Places> = BTreeMap::new();
    for file in files.iter().filter(|file| counts(&file.path)) {
        for mark in marks::of(&file.text) {
            let places = sections.entry(mark).or_default();
            let side = if is_test(&file.path) { &mut places.tests } else { &mut places.code };
            side.insert(file.path.clone());
        }
    }
    let tested =
        sections.values().filter(|places| !places.code.is_empty() && !places.tests.is_empty()).count();
    let in_code = sections.values().filter(|places| !places.code.is_empty()).count();
    let mut text = format!(
        "# Conformance\n\nMade by `cargo xtask conformance` from the marks in code and tests; do not edit.\n\
         {in_code} sections are named in code, {tested} of them also in a test.\n"
    );
    let mut rfc = 0;
    for (mark, places) in &sections {
        if mark.rfc != rfc {
            rfc = mark.rfc;
            // Writing to a string cannot fail.
            let _ = write!(text, "\n## RFC {rfc}\n\n| section | code | tests |\n|---|---|---|\n");
        }
        let _ =
            writeln!(text, "| §{} | {} | {} |", mark.section, joined(&places.code), joined(&places.tests));
    }
    text
}

fn joined(paths: &BTreeSet<String>) -> String {
    paths.iter().map(|path| format!("`{path}`")).collect::<Vec<_>>().join("<br>")
}

/// The host, the SDK and the tests; not this command line, whose own tests name sections as examples.
fn counts(path: &str) -> bool {
    let ending = [".rs", ".sip", ".xml"].iter().any(|ending| path.ends_with(ending));
    ending && !path.starts_with("xtask/")
}

/// A file of tests: everything under a `tests` folder, and the `tests.rs` of a module.
fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_section_is_listed_with_its_code_and_its_tests() {
        let table = table(&[
            file("host/sip/src/transaction.rs", "// RFC 3261 §17.2.1: 2xx leaves Proceeding\n"),
            file("host/sip/src/transaction/tests.rs", "// RFC 3261 §17.2.1\n// RFC 6026 §7.1\n"),
            file("tests/scenarios/invite.sip", "# RFC 3261 §17.2.1: the 2xx is sent again\n"),
            file("xtask/src/tidy.rs", "// RFC 9999 §1\n"),
        ]);
        assert!(table.contains("1 sections are named in code, 1 of them also in a test."), "{table}");
        let row = "| §17.2.1 | `host/sip/src/transaction.rs` | `host/sip/src/transaction/tests.rs`<br>`tests/scenarios/invite.sip` |";
        assert!(table.contains(row), "{table}");
        assert!(
            table.contains("## RFC 6026\n\n| section | code | tests |\n|---|---|---|\n| §7.1 |  |"),
            "{table}"
        );
        assert!(!table.contains("9999"));
    }
}
