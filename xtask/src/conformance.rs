//! `cargo xtask conformance`: which rule of which RFC, and which method of SIP Servlet 1.1, is obeyed where, and which test shows it.
//!
//! The rules are frozen lists in `tests/conformance`, whose `README.md` says how code and tests claim a row. This command
//! collects the claims into `tests/CONFORMANCE.md`. Sections of RFCs that no list has are collected from marks: the word
//! RFC with its number and a section after `§`.

mod claims;
mod judge;
mod lists;
mod marks;
mod render;

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::project::Project;
use crate::tidy::files::{self, File};
use claims::{Claims, is_test};
use lists::Lists;
use render::Sections;

/// The page that this command writes.
const PAGE: &str = "tests/CONFORMANCE.md";

/// Options of `cargo xtask conformance`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Write nothing; fail when the page is not what lists and claims say
    #[arg(long)]
    check: bool,
    /// A row that was done and is meant to be so no longer
    #[arg(long, value_name = "ROW")]
    reopen: Vec<String>,
}

/// Runs the command.
///
/// # Errors
/// A file cannot be read or written, a claim is wrong, a row is no longer done, or the page is stale and only to be checked.
pub(crate) fn run(project: &Project, options: &Options) -> Result<()> {
    let files = files::all(project)?;
    if options.check {
        let problems = check(&files);
        if !problems.is_empty() {
            bail!("{}", problems.join("\n"));
        }
        println!("{PAGE} says what lists and claims say");
        return Ok(());
    }
    let (page, mut problems) = made(&files);
    let there = text_of(&files, PAGE);
    let (lists, claims) = read(&files);
    for id in judge::lost(there, &lists, &claims, &options.reopen) {
        problems.push(format!(
            "{PAGE}: `{id}` was done and is so no longer; where that is meant, `--reopen '{id}'`"
        ));
    }
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    if there == page {
        println!("{PAGE} is as it was");
    } else {
        let path = project.path(PAGE);
        fs::write(&path, &page).with_context(|| format!("cannot write {}", project.shown(&path)))?;
        println!("{PAGE} renewed");
    }
    Ok(())
}

/// What is wrong with lists, claims and page.
pub(crate) fn check(files: &[File]) -> Vec<String> {
    let (page, mut problems) = made(files);
    if problems.is_empty() && text_of(files, PAGE) != page {
        problems.push(format!("{PAGE} is stale: renew it with `cargo xtask conformance` and commit it"));
    }
    problems
}

fn text_of<'a>(files: &'a [File], path: &str) -> &'a str {
    files.iter().find(|file| file.path == path).map_or("", |file| &file.text)
}

fn read(files: &[File]) -> (Lists, Claims) {
    let counted: Vec<&File> = files.iter().filter(|file| counts(&file.path)).collect();
    (Lists::read(files).0, Claims::of(&counted))
}

/// The page, and what is wrong with lists and claims.
fn made(files: &[File]) -> (String, Vec<String>) {
    let (lists, claims) = read(files);
    let mut problems = Lists::read(files).1;
    problems.extend(judge::problems(&lists, &claims));
    (render::page(&lists, &claims, &sections(files, &lists)), problems)
}

/// Sections that code or tests name and that no list has.
fn sections(files: &[File], lists: &Lists) -> Sections {
    let listed: BTreeSet<(u32, &str)> = lists
        .rfcs
        .iter()
        .flat_map(|(rfc, rows)| rows.iter().filter_map(|row| Some((*rfc, row.id.split('-').nth(1)?))))
        .collect();
    let mut sections = Sections::new();
    for file in files.iter().filter(|file| counts(&file.path)) {
        for mark in marks::of(&file.text) {
            if listed.contains(&(mark.rfc, mark.section.as_str())) {
                continue;
            }
            let places = sections.entry(mark).or_default();
            let side = if is_test(&file.path) { &mut places.tests } else { &mut places.code };
            side.insert(file.path.clone());
        }
    }
    sections
}

/// The host, the SDK, WIT and the tests; not this command line, whose own tests name rows as examples.
fn counts(path: &str) -> bool {
    let ending = [".rs", ".sip", ".xml", ".wit"].iter().any(|ending| path.ends_with(ending));
    ending && !path.starts_with("xtask/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    fn checkout() -> Vec<File> {
        vec![
            file("host/sip/src/transaction.rs", "// RFC 3261 §17.2.1 [3261-17.2.1-1]: 2xx; RFC 6026 §9\n"),
            file(
                "tests/conformance/rfc3261.tsv",
                "3261-17.2.1-1\tserver\tA | B.\n3261-17.2.1-2\tserver\tC.\n",
            ),
            file("tests/conformance/jsr289-api.tsv", "A\tb()\n"),
            file("tests/conformance/jsr289-answers.tsv", "A.b()\tnothing\tno threads\n"),
            file("tests/scenarios/invite.sip", "# RFC 3261 §17.2.1 [3261-17.2.1-1]: sent again\n"),
            file("xtask/src/tidy.rs", "// RFC 9999 §1 [3261-1-1]\n"),
        ]
    }

    #[test]
    fn the_page_tells_of_rows_methods_and_other_sections() {
        let (page, problems) = made(&checkout());
        assert_eq!(problems, Vec::<String>::new());
        for line in [
            "| RFC 3261 | 2 | 1 | 0 | 1 |",
            "| SIP Servlet 1.1 (JSR 289) | 1 | 0 | 1 | 0 |",
            "| 3261-17.2.1-1 | done | server | A \\| B. | `host/sip/src/transaction.rs` | `tests/scenarios/invite.sip` |",
            "| 3261-17.2.1-2 | open | server | C. |  |  |",
            "| `A.b()` | nothing | no threads |  |  |",
            "### RFC 6026",
            "| §9 | `host/sip/src/transaction.rs` |  |",
        ] {
            assert!(page.contains(line), "no `{line}` in\n{page}");
        }
        assert!(!page.contains("§17.2.1 |") && !page.contains("9999"), "{page}");
    }

    #[test]
    fn a_stale_page_and_a_lost_test_fail_the_check() {
        let mut files = checkout();
        assert!(check(&files)[0].contains("is stale"));
        let page = made(&files).0;
        files.push(file(PAGE, &page));
        assert_eq!(check(&files), Vec::<String>::new());
        files.retain(|file| !file.path.ends_with(".sip"));
        assert_eq!(check(&files).len(), 1);
        assert!(check(&files)[0].contains("it claims `3261-17.2.1-1`, and no test does"));
        // The claim in the code gone as well, only the page tells of what was.
        files.retain(|file| !file.path.starts_with("host/"));
        let (lists, claims) = read(&files);
        assert_eq!(judge::lost(&page, &lists, &claims, &[]), ["3261-17.2.1-1"]);
        assert!(check(&files)[0].contains("is stale"));
    }
}
