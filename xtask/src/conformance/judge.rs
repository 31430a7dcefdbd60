//! What becomes of each row, and what is wrong with claims.

use super::claims::{Claims, Places};
use super::lists::{Answer, Lists, Row};

/// What is known of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Obeyed there and tested there; for a method also what siplet calls it.
    Done(Places, Option<String>),
    /// siplet has nothing for it, and this is why.
    Nothing(String),
    /// Not done and not answered.
    Open,
}

/// The verdict on a row. What is wrong with it is told by [`problems`].
pub(super) fn verdict(row: &Row, lists: &Lists, claims: &Claims) -> Verdict {
    let places =
        claims.rows.get(&row.id).filter(|places| !places.code.is_empty() && !places.tests.is_empty());
    match (lists.answers.get(&row.id), places) {
        (Some(Answer::Nothing(why)), _) => Verdict::Nothing(why.clone()),
        (Some(Answer::Offered(name)), Some(places)) => Verdict::Done(places.clone(), Some(name.clone())),
        // A method without the name of what stands in its place is not done, and `problems` says so.
        (None, Some(places)) if !row.rule.is_empty() => Verdict::Done(places.clone(), None),
        (Some(Answer::Offered(_)) | None, _) => Verdict::Open,
    }
}

/// What is wrong with the claims.
pub(super) fn problems(lists: &Lists, claims: &Claims) -> Vec<String> {
    let mut problems = claims.problems.clone();
    for (id, places) in &claims.rows {
        let first = places.code.iter().chain(&places.tests).next().map_or("", String::as_str);
        if !lists.names.contains(id) {
            problems.push(format!("{first}: `{id}` is claimed and is no row of tests/conformance"));
        } else if matches!(lists.answers.get(id), Some(Answer::Nothing(_))) {
            problems.push(format!(
                "{first}: `{id}` is claimed, and an answer in tests/conformance says that there is nothing"
            ));
        } else if places.tests.is_empty() {
            problems.push(format!(
                "{first}: it claims `{id}`, and no test does: write one, or take the claim back"
            ));
        } else if places.code.is_empty() {
            problems.push(format!(
                "{first}: it claims `{id}`, and no code does: name the row where it is obeyed"
            ));
        }
    }
    for method in &lists.methods {
        let claimed = claims.rows.contains_key(&method.id);
        match lists.answers.get(&method.id) {
            Some(Answer::Offered(_)) if !claimed => problems.push(format!(
                "tests/conformance/jsr289-answers.tsv: `{}` is offered, and neither code nor test claims it",
                method.id
            )),
            None if claimed => problems.push(format!(
                "tests/conformance/jsr289-answers.tsv: `{}` is claimed, and nothing says what siplet calls it",
                method.id
            )),
            Some(_) | None => {}
        }
    }
    problems
}

/// Rows that a table called done and that are no longer so, but for those in `reopened`.
pub(super) fn lost<'a>(before: &'a str, lists: &Lists, claims: &Claims, reopened: &[String]) -> Vec<&'a str> {
    let done = |id: &str| {
        let mut rows = lists.rfcs.values().flatten().chain(&lists.methods);
        rows.find(|row| row.id == id).is_some_and(|row| verdict(row, lists, claims) != Verdict::Open)
    };
    before
        .lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|').map(str::trim);
            let (id, state) = (cells.next()?, cells.next()?);
            (state == super::render::DONE).then_some(id.trim_matches('`'))
        })
        .filter(|id| !done(id) && !reopened.iter().any(|other| other == id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::files::File;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// The lists of these tests and the claims of two files.
    fn world(code: &str, scenario: &str) -> (Lists, Claims) {
        let lists = Lists::read(&[
            file("tests/conformance/answers.tsv", "3261-8-2\tfor authors\n"),
            file("tests/conformance/jsr289-api.tsv", "A\tb()\nA\tc()\n"),
            file("tests/conformance/jsr289-answers.tsv", "A.b()\toffered\t`a::b`\n"),
            file("tests/conformance/rfc3261.tsv", "3261-8-1\tUAC\tA.\n3261-8-2\tany\tB.\n"),
        ]);
        assert_eq!(lists.1, Vec::<String>::new());
        let files = [file("host/a.rs", code), file("tests/scenarios/a.sip", scenario)];
        (lists.0, Claims::of(&files.iter().collect::<Vec<_>>()))
    }

    const GOOD: (&str, &str) = ("// [3261-8-1]\n// jsr289: A.b()\n", "# [3261-8-1]\n# jsr289: A.b()\n");

    #[test]
    fn a_row_is_done_when_code_and_test_claim_it() {
        let (lists, claims) = world(GOOD.0, GOOD.1);
        assert_eq!(problems(&lists, &claims), Vec::<String>::new());
        let rows = &lists.rfcs[&3261];
        assert!(matches!(verdict(&rows[0], &lists, &claims), Verdict::Done(_, None)));
        assert_eq!(verdict(&rows[1], &lists, &claims), Verdict::Nothing("for authors".to_owned()));
        assert!(matches!(verdict(&lists.methods[0], &lists, &claims), Verdict::Done(_, Some(_))));
        assert_eq!(verdict(&lists.methods[1], &lists, &claims), Verdict::Open);
    }

    #[test]
    fn each_wrong_claim_is_told() {
        for (code, scenario, told) in [
            ("// [3261-8-1] [3261-9-1]", "# [3261-8-1]", "host/a.rs: `3261-9-1` is claimed and is no row"),
            ("// [3261-8-1]", "#", "host/a.rs: it claims `3261-8-1`, and no test does"),
            ("//", "# [3261-8-1]", "tests/scenarios/a.sip: it claims `3261-8-1`, and no code does"),
            ("// [3261-8-2]", "# [3261-8-2]", "host/a.rs: `3261-8-2` is claimed, and an answer"),
            (
                "// jsr289: A.c()",
                "# jsr289: A.c()",
                "`A.c()` is claimed, and nothing says what siplet calls it",
            ),
            ("//", "#", "`A.b()` is offered, and neither code nor test claims it"),
        ] {
            let (lists, claims) = world(code, scenario);
            let problems = problems(&lists, &claims).join("\n");
            assert!(problems.contains(told), "{problems}");
        }
    }

    #[test]
    fn a_row_that_was_done_stays_done() {
        let before =
            "| 3261-8-1 | done | x |\n| 3261-8-2 | done | x |\n| `A.b()` | done |\n| `A.c()` | open |\n";
        let (lists, claims) = world(GOOD.0, GOOD.1);
        assert_eq!(lost(before, &lists, &claims, &[]), Vec::<&str>::new());
        let (lists, claims) = world("//", "#");
        assert_eq!(lost(before, &lists, &claims, &[]), ["3261-8-1", "A.b()"]);
        assert_eq!(lost(before, &lists, &claims, &["A.b()".to_owned()]), ["3261-8-1"]);
        // A row that went out of its list is missed as well.
        assert_eq!(lost("| 3261-7-1 | done |\n", &lists, &claims, &[]), ["3261-7-1"]);
    }
}
