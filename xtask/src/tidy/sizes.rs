//! Files of at most 600 lines, functions of at most 70: a ratchet.
//!
//! What is longer stands in `xtask/tidy-exceptions.txt` with its present length, one a line: `path 645` for a file,
//! `path::name 82` for a function. A number that is no longer true fails in both directions, so the list only shrinks.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use super::files::File;
use super::scanner::{is_word, scan};

const FILE_LINES_MAX: usize = 600;
const FUNCTION_LINES_MAX: usize = 70;

/// Compares every Rust file and function with the limits and the exceptions.
///
/// # Errors
/// The list of exceptions cannot be read.
pub(super) fn check(files: &[File], exceptions: &Path) -> Result<Vec<String>> {
    let text = if exceptions.is_file() {
        fs::read_to_string(exceptions).context("cannot read xtask/tidy-exceptions.txt")?
    } else {
        String::new()
    };
    Ok(compare(&lengths(files), &parsed(&text)?))
}

/// A thing's name, its length and its limit.
type Lengths = BTreeMap<String, (usize, usize)>;

fn lengths(files: &[File]) -> Lengths {
    let mut lengths = Lengths::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        lengths.insert(file.path.clone(), (file.text.lines().count(), FILE_LINES_MAX));
        for function in functions(&scan(&file.text).code) {
            // Functions of one name in one file share an entry, that of the longest.
            let entry =
                lengths.entry(format!("{}::{}", file.path, function.name)).or_insert((0, FUNCTION_LINES_MAX));
            entry.0 = entry.0.max(function.lines);
        }
    }
    lengths
}

fn parsed(text: &str) -> Result<BTreeMap<String, usize>> {
    let mut exceptions = BTreeMap::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        match line.rsplit_once(' ').map(|(name, number)| (name.trim(), number.parse())) {
            Some((name, Ok(number))) => exceptions.insert(name.to_owned(), number),
            _ => bail!("xtask/tidy-exceptions.txt: `{line}` is not `path 645` or `path::function 82`"),
        };
    }
    Ok(exceptions)
}

fn compare(lengths: &Lengths, exceptions: &BTreeMap<String, usize>) -> Vec<String> {
    let mut problems = Vec::new();
    for (name, (lines, limit)) in lengths {
        match exceptions.get(name) {
            None if lines > limit => {
                problems.push(format!("{name} has {lines} lines; the limit is {limit}: split it by meaning"));
            }
            Some(_) if lines <= limit => {
                problems
                    .push(format!("{name} is short enough now: take it out of xtask/tidy-exceptions.txt"));
            }
            Some(allowed) if lines > allowed => problems.push(format!(
                "{name} grew to {lines} lines; its exception allows {allowed} and only ever shrinks"
            )),
            Some(allowed) if lines < allowed => problems.push(format!(
                "{name} shrank to {lines} lines: write {lines} into xtask/tidy-exceptions.txt"
            )),
            None | Some(_) => {}
        }
    }
    for name in exceptions.keys().filter(|name| !lengths.contains_key(*name)) {
        problems.push(format!("{name} is no more: take it out of xtask/tidy-exceptions.txt"));
    }
    problems
}

/// A function with a body.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    name: String,
    lines: usize,
}

/// The functions in code that [`scan`] has cleaned, closures counting as part of theirs.
fn functions(code: &str) -> Vec<Function> {
    let chars: Vec<char> = code.chars().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at + 2 < chars.len() {
        let begins = chars[at] == 'f'
            && chars[at + 1] == 'n'
            && chars[at + 2].is_whitespace()
            && (at == 0 || !is_word(chars[at - 1]));
        if begins {
            let name: String = chars[at + 2..]
                .iter()
                .skip_while(|c| c.is_whitespace())
                .take_while(|c| is_word(**c))
                .collect();
            if let (false, Some(end)) = (name.is_empty(), end_of_body(&chars, at)) {
                let lines = chars[at..=end].iter().filter(|c| **c == '\n').count() + 1;
                found.push(Function { name, lines });
            }
        }
        at += 1;
    }
    found
}

/// Where the body of the function that begins at `from` ends; `None` for a declaration without one.
fn end_of_body(chars: &[char], from: usize) -> Option<usize> {
    // A `;` inside brackets is that of an array's type.
    let mut brackets = 0_i32;
    let mut braces = 0_i32;
    for (at, c) in chars.iter().enumerate().skip(from) {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets -= 1,
            ';' if brackets == 0 && braces == 0 => return None,
            '{' => braces += 1,
            '}' => {
                braces -= 1;
                if braces == 0 && brackets == 0 {
                    return Some(at);
                }
                if braces < 0 {
                    return None;
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, lines: usize) -> Function {
        Function { name: name.to_owned(), lines }
    }

    #[test]
    fn functions_are_found_with_their_lines() {
        let code = "trait T {\n    fn declared(a: [u8; 4]) -> [u8; 2];\n    fn with_default(&self) {\n        {\n        }\n    }\n}\n\
                    fn one_line() {}\nlet pointer: fn (u8) -> u8;\npub const fn last<F: Fn(u8)>(f: F)\nwhere\n    F: X,\n{\n    fn inner() {\n    }\n}\n";
        let expected =
            [function("with_default", 4), function("one_line", 1), function("last", 7), function("inner", 2)];
        assert_eq!(functions(&scan(code).code), expected);
    }

    #[test]
    fn braces_in_strings_and_comments_are_none() {
        let code = "fn a() {\n    x(\"}\"); // }\n    '}';\n}\nfn b() {\n}\n";
        assert_eq!(functions(&scan(code).code), [function("a", 4), function("b", 2)]);
    }

    #[test]
    fn an_exception_has_to_tell_the_present_length() {
        let lengths = |lines| Lengths::from([("a.rs".to_owned(), (lines, 600))]);
        let exceptions = BTreeMap::from([("a.rs".to_owned(), 650)]);
        assert_eq!(compare(&lengths(650), &exceptions), Vec::<String>::new());
        assert!(compare(&lengths(651), &exceptions)[0].contains("grew to 651"));
        assert!(compare(&lengths(649), &exceptions)[0].contains("write 649"));
        assert!(compare(&lengths(600), &exceptions)[0].contains("take it out"));
        assert!(compare(&lengths(651), &BTreeMap::new())[0].contains("split it"));
        assert!(compare(&Lengths::new(), &exceptions)[0].contains("is no more"));
    }

    #[test]
    fn the_list_of_exceptions_is_read_with_its_comments() {
        let read =
            parsed("# long ones\nhost/a.rs 645\nhost/a.rs::b 82\n").expect("both lines are well formed");
        assert_eq!(read, BTreeMap::from([("host/a.rs".to_owned(), 645), ("host/a.rs::b".to_owned(), 82)]));
        assert!(parsed("host/a.rs\n").is_err());
    }
}
