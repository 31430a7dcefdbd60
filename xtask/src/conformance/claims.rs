//! Finds claims: the names of rows in the comments of code and tests, and the tests that bear them.

use std::collections::{BTreeMap, BTreeSet};

use super::lists::is_rule;
use crate::tidy::files::File;
use crate::tidy::scanner;

/// What stands before the names of JSR 289.
const METHODS: &str = "jsr289:";

/// Where a row is claimed.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Places {
    pub(super) code: BTreeSet<String>,
    pub(super) tests: BTreeSet<String>,
}

/// All claims by the name of the row.
#[derive(Debug, Default)]
pub(super) struct Claims {
    pub(super) rows: BTreeMap<String, Places>,
    /// Claims that stand where no test is.
    pub(super) problems: Vec<String>,
}

impl Claims {
    /// Collects the claims of these files, which are the host's, the SDK's, WIT's and the tests'.
    pub(super) fn of(files: &[&File]) -> Self {
        let mut claims = Self::default();
        let driver: String =
            files.iter().filter(|file| is_end_to_end(&file.path)).map(|file| file.text.as_str()).collect();
        for file in files {
            if file.is_rust() {
                claims.take_rust(file);
            } else if file.path.ends_with(".sip") {
                let heads = file.text.lines().map(|line| if line.starts_with('#') { line } else { "" });
                claims.take_whole(&file.path, heads, true);
            } else if file.path.ends_with(".xml") {
                let name = file.path.rsplit('/').next().unwrap_or(&file.path);
                if driver.contains(name) {
                    claims.take_whole(&file.path, file.text.lines(), true);
                } else if file.text.lines().any(|line| !names(line).is_empty()) {
                    claims
                        .problems
                        .push(format!("{}: it claims rows, and no end-to-end test names it", file.path));
                }
            } else if file.path.ends_with(".wit") {
                let comments =
                    file.text.lines().map(|line| line.split_once("//").map_or("", |(_, comment)| comment));
                claims.take_whole(&file.path, comments, false);
            }
        }
        claims
    }

    fn take_whole<'a>(&mut self, path: &str, lines: impl Iterator<Item = &'a str>, test: bool) {
        for id in lines.flat_map(names) {
            self.add(id, path, test);
        }
    }

    fn take_rust(&mut self, file: &File) {
        // Nearly all files claim nothing, and to scan them all takes seconds.
        if !file.text.contains('[') && !file.text.contains(METHODS) {
            return;
        }
        if file.text.lines().all(|line| names(line).is_empty()) {
            return;
        }
        let scanned = scanner::scan(&file.text);
        let code: Vec<&str> = scanned.code.lines().collect();
        let inline = inline_tests(&code);
        for (at, comment) in scanned.comments.lines().enumerate() {
            for id in names(comment) {
                if !is_test(&file.path) && inline.is_none_or(|start| at < start) {
                    self.add(id, &file.path, false);
                    continue;
                }
                match test_at(&code, at, indentation(comment)) {
                    Ok(name) if runs(&code, &name, &file.text) => {
                        self.add(id, &format!("{}: {name}", file.path), true);
                    }
                    Ok(name) => self.problems.push(format!(
                        "{}:{}: `{id}` is claimed by `{name}`, which is no test that runs",
                        file.path,
                        at + 1
                    )),
                    Err(why) => self.problems.push(format!("{}:{}: `{id}` {why}", file.path, at + 1)),
                }
            }
        }
    }

    fn add(&mut self, id: String, place: &str, test: bool) {
        let places = self.rows.entry(id).or_default();
        let side = if test { &mut places.tests } else { &mut places.code };
        side.insert(place.to_owned());
    }
}

/// A file of tests: everything under a `tests` folder, and the `tests.rs` of a module.
pub(super) fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "tests.rs")
}

fn is_end_to_end(path: &str) -> bool {
    path.starts_with("tests/tests/e2e/")
}

/// The rows that a line of comment names.
fn names(line: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut rest = line;
    while let Some((_, after)) = rest.split_once('[') {
        let Some((inside, behind)) = after.split_once(']') else { break };
        // Either all of the bracket is names, or it is text.
        if inside.split(',').all(|name| is_rule(name.trim())) {
            names.extend(inside.split(',').map(|name| name.trim().to_owned()));
            rest = behind;
        } else {
            rest = after;
        }
    }
    if let Some((_, methods)) = line.split_once(METHODS) {
        names.extend(methods.split(';').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty()));
    }
    names
}

/// The line at which the tests of a module of code begin, if they stand in the same file.
fn inline_tests(code: &[&str]) -> Option<usize> {
    code.iter().position(|line| line.trim() == "#[cfg(test)]").filter(|at| {
        code[at + 1..]
            .iter()
            .find(|line| !line.trim().is_empty())
            .is_some_and(|line| line.trim_end().ends_with('{'))
    })
}

/// The function that a comment at this line belongs to: the next one where only comments and attributes are between,
/// else the one around it.
fn test_at(code: &[&str], at: usize, depth: usize) -> Result<String, &'static str> {
    if code[at].trim().is_empty() {
        for line in &code[at + 1..] {
            if let Some(name) = function(line) {
                return Ok(name);
            }
            let line = line.trim();
            if !line.is_empty() && !line.starts_with("#[") {
                break;
            }
        }
    }
    code[..at]
        .iter()
        .rev()
        .find(|line| function(line).is_some() && indentation(line) < depth)
        .and_then(|line| function(line))
        .ok_or("is claimed beside no test: put it above a test or into one")
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

/// The name of the function that begins in this line.
fn function(line: &str) -> Option<String> {
    let (before, after) = line.split_once("fn ")?;
    if !before.is_empty() && !before.ends_with(' ') {
        return None;
    }
    let end = after.find(|c: char| !scanner::is_word(c)).unwrap_or(after.len());
    (end > 0 && after[end..].starts_with(['(', '<'])).then(|| after[..end].to_owned())
}

/// Says whether a function is a test that runs: one with `#[test]` and without `#[ignore]`, or one of `trials!`.
fn runs(code: &[&str], name: &str, text: &str) -> bool {
    let Some(at) = code.iter().position(|line| function(line).as_deref() == Some(name)) else { return false };
    let attributes = code[..at]
        .iter()
        .rev()
        .map(|line| line.trim())
        .take_while(|line| line.is_empty() || line.starts_with("#["));
    let (mut test, mut ignored) = (false, false);
    for attribute in attributes {
        test |= attribute == "#[test]";
        ignored |= attribute.starts_with("#[ignore");
    }
    if test {
        return !ignored;
    }
    text.split_once("trials!(").is_some_and(|(_, trials)| {
        trials
            .split(|c: char| !scanner::is_word(c))
            .collect::<Vec<_>>()
            .windows(2)
            .any(|pair| matches!(pair[0], "shared" | "alone") && pair[1] == name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims(files: &[(&str, &str)]) -> Claims {
        let files: Vec<File> = files
            .iter()
            .map(|(path, text)| File { path: (*path).to_owned(), text: (*text).to_owned() })
            .collect();
        Claims::of(&files.iter().collect::<Vec<_>>())
    }

    fn tests_of(path: &str, text: &str, id: &str) -> Vec<String> {
        let claims = claims(&[(path, text)]);
        assert_eq!(claims.problems, Vec::<String>::new());
        claims.rows[id].tests.iter().cloned().collect()
    }

    #[test]
    fn names_stand_in_brackets_or_behind_the_word() {
        assert_eq!(
            names("RFC 3261 §8.1.1 [3261-8.1.1-1, 3261-9.2-s1]: x [3515-2]"),
            ["3261-8.1.1-1", "3261-9.2-s1", "3515-2"]
        );
        assert_eq!(names("an [array] of [0; 1024] and [1024-65535, x] and [`Link`]"), Vec::<String>::new());
        assert_eq!(names("/// jsr289: A.b(C, D); A.e(F[])"), ["A.b(C, D)", "A.e(F[])"]);
        assert_eq!(names("[[3261-8.1.1-1]"), ["3261-8.1.1-1"]);
    }

    #[test]
    fn code_claims_in_its_comments_only() {
        let code = "// [3261-8-1]\nlet x = \"[3261-8-2]\"; // [3261-8-3]\n";
        let claims =
            claims(&[("host/sip/src/a.rs", code), ("wit/v0.1/types.wit", "/// jsr289: A.b()\n[3261-8-4]\n")]);
        let claimed: Vec<_> = claims.rows.keys().map(String::as_str).collect();
        assert_eq!(claimed, ["3261-8-1", "3261-8-3", "A.b()"]);
        assert!(claims.rows["3261-8-1"].code.contains("host/sip/src/a.rs"));
        assert!(claims.rows["A.b()"].tests.is_empty());
    }

    #[test]
    fn a_test_claims_above_it_or_in_it() {
        let path = "host/sip/src/a/tests.rs";
        let above = "/// [3261-8-1]: why\n#[test]\nfn one() {\n    // [3261-8-1]\n    check();\n}\n\n#[test]\n// [3261-8-1]\nfn two() {}\n";
        assert_eq!(tests_of(path, above, "3261-8-1"), [format!("{path}: one"), format!("{path}: two")]);
        let inline = "fn code() {} // [3261-8-1]\n#[cfg(test)]\nmod tests {\n    // [3261-8-2]\n    #[test]\n    fn three() {}\n}\n";
        assert_eq!(tests_of("host/sip/src/a.rs", inline, "3261-8-2"), ["host/sip/src/a.rs: three"]);
    }

    #[test]
    fn a_claim_where_no_test_runs_is_a_problem() {
        for (text, told) in [
            ("// [3261-8-1]\nfn helper() {}\n", "claimed by `helper`, which is no test that runs"),
            (
                "#[test]\n#[ignore = \"slow\"]\n// [3261-8-1]\nfn slow() {}\n",
                "claimed by `slow`, which is no test that runs",
            ),
            ("//! [3261-8-1]\nuse x;\n", "claimed beside no test"),
        ] {
            let claims = claims(&[("host/sip/tests/a.rs", text)]);
            assert!(claims.problems[0].contains(told), "{:?}", claims.problems);
            assert!(claims.rows.is_empty());
        }
    }

    #[test]
    fn end_to_end_tests_are_those_of_trials() {
        let driver = "pub fn trials() { trials!(\"calls\": shared options; alone load) }\n\
                      // [3261-11-1]\nfn options() { sipp(\"options.xml\") }\n";
        let claims = claims(&[
            ("tests/tests/e2e/calls.rs", driver),
            ("tests/sipp/options.xml", "<!-- [3261-11-2] -->"),
            ("tests/sipp/left.xml", "<!-- [3261-11-2] -->"),
        ]);
        assert!(claims.rows["3261-11-1"].tests.contains("tests/tests/e2e/calls.rs: options"));
        assert!(claims.rows["3261-11-2"].tests.contains("tests/sipp/options.xml"));
        assert_eq!(claims.problems, ["tests/sipp/left.xml: it claims rows, and no end-to-end test names it"]);
    }

    #[test]
    fn a_scenario_claims_in_its_comments() {
        let text = "# RFC 3261 §9.2 [3261-9.2-s1]: x\ndeploy uas\n  [3261-9.2-s2]\n# [3261-9.2-s3]\n";
        let path = "tests/scenarios/cancel/a.sip";
        assert_eq!(tests_of(path, text, "3261-9.2-s1"), [path]);
        assert_eq!(tests_of(path, text, "3261-9.2-s3"), [path]);
        assert!(!claims(&[(path, text)]).rows.contains_key("3261-9.2-s2"));
    }
}
