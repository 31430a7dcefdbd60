//! The frozen lists of `tests/conformance` and the answers beside them.

use std::collections::{BTreeMap, BTreeSet};

use crate::tidy::files::File;

/// Where they are.
const FOLDER: &str = "tests/conformance/";

/// Who a rule can bind.
const BOUND: [&str; 12] = [
    "UAC",
    "UAS",
    "UA",
    "proxy",
    "registrar",
    "redirect",
    "client",
    "server",
    "subscriber",
    "notifier",
    "any",
    "author",
];

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    /// `3261-8.1.1.5-2`, or `SipSession.getId()`.
    pub(super) id: String,
    /// Whom it binds; empty for a method.
    pub(super) binds: String,
    /// The rule; empty for a method.
    pub(super) rule: String,
}

/// What is said of a row by hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// siplet offers something, and this is its name.
    Offered(String),
    /// siplet has nothing, and this is why.
    Nothing(String),
}

/// All rows, in the order of their files.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// Of each RFC, by its number.
    pub(super) rfcs: BTreeMap<u32, Vec<Row>>,
    /// The methods of JSR 289.
    pub(super) methods: Vec<Row>,
    /// What is answered by hand, of both kinds.
    pub(super) answers: BTreeMap<String, Answer>,
    /// The names of all rows.
    pub(super) names: BTreeSet<String>,
}

impl Lists {
    /// Reads the lists out of the files of the checkout; the second value is what is wrong with them.
    pub(super) fn read(files: &[File]) -> (Self, Vec<String>) {
        let mut lists = Self::default();
        let mut problems = Vec::new();
        for file in files {
            let Some(name) = file.path.strip_prefix(FOLDER).and_then(|name| name.strip_suffix(".tsv")) else {
                continue;
            };
            for (at, line) in file.text.lines().enumerate() {
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let fields: Vec<&str> = line.split('\t').map(str::trim).collect();
                if let Err(problem) = lists.take(name, &fields) {
                    problems.push(format!("{}:{}: {problem}", file.path, at + 1));
                }
            }
        }
        for id in lists.answers.keys().filter(|id| !lists.names.contains(*id)) {
            problems.push(format!("{FOLDER}: `{id}` is answered and is no row of a list"));
        }
        (lists, problems)
    }

    fn take(&mut self, file: &str, fields: &[&str]) -> Result<(), String> {
        match file {
            "jsr289-api" => self.take_method(fields),
            "jsr289-answers" => self.take_method_answer(fields),
            "answers" => {
                let [id, why] = fields else { return Err("it is not `row`, tab, `reason`".to_owned()) };
                self.answer(id, why, Answer::Nothing((*why).to_owned()))
            }
            _ => self.take_rule(fields),
        }
    }

    fn take_rule(&mut self, fields: &[&str]) -> Result<(), String> {
        let [id, binds, rule] = fields else {
            return Err("it is not `row`, tab, `who is bound`, tab, `rule`".to_owned());
        };
        let rfc = id
            .split_once('-')
            .and_then(|(rfc, _)| rfc.parse().ok())
            .filter(|_| is_rule(id))
            .ok_or_else(|| format!("`{id}` is no name of a row such as 3261-8.1.1-2"))?;
        if !BOUND.contains(binds) {
            return Err(format!("`{binds}` is bound? It is one of {}", BOUND.join(", ")));
        }
        if rule.is_empty() {
            return Err(format!("`{id}` says no rule"));
        }
        self.name(id)?;
        self.rfcs.entry(rfc).or_default().push(Row {
            id: (*id).to_owned(),
            binds: (*binds).to_owned(),
            rule: (*rule).to_owned(),
        });
        Ok(())
    }

    fn take_method(&mut self, fields: &[&str]) -> Result<(), String> {
        let [interface, method] = fields else {
            return Err("it is not `interface`, tab, `method`".to_owned());
        };
        let id = format!("{interface}.{method}");
        self.name(&id)?;
        self.methods.push(Row { id, binds: String::new(), rule: String::new() });
        Ok(())
    }

    fn take_method_answer(&mut self, fields: &[&str]) -> Result<(), String> {
        let [id, kind, text] = fields else {
            return Err(
                "it is not `method`, tab, `offered` or `nothing`, tab, the name or the reason".to_owned()
            );
        };
        match *kind {
            "offered" => self.answer(id, text, Answer::Offered((*text).to_owned())),
            "nothing" => self.answer(id, text, Answer::Nothing((*text).to_owned())),
            other => Err(format!("`{other}` is neither `offered` nor `nothing`")),
        }
    }

    fn name(&mut self, id: &str) -> Result<(), String> {
        if self.names.insert(id.to_owned()) { Ok(()) } else { Err(format!("`{id}` is there twice")) }
    }

    fn answer(&mut self, id: &str, text: &str, answer: Answer) -> Result<(), String> {
        if text.is_empty() {
            return Err(format!("the answer to `{id}` is empty"));
        }
        match self.answers.insert(id.to_owned(), answer) {
            None => Ok(()),
            Some(_) => Err(format!("`{id}` is answered twice")),
        }
    }
}

/// Says whether a text has the form of a rule's name: four digits, a section, and maybe the number of a sentence.
pub(super) fn is_rule(text: &str) -> bool {
    let mut parts = text.split('-');
    let rfc = parts.next().is_some_and(|rfc| rfc.len() == 4 && rfc.bytes().all(|c| c.is_ascii_digit()));
    let is_section = |section: &str| {
        section.split('.').all(|part| !part.is_empty() && part.bytes().all(is_letter_or_digit))
    };
    let is_number = |number: &str| {
        let digits = number.strip_prefix('s').unwrap_or(number);
        !digits.is_empty() && digits.bytes().all(|c| c.is_ascii_digit())
    };
    rfc && parts.next().is_some_and(is_section)
        && parts.next().is_none_or(is_number)
        && parts.next().is_none()
}

fn is_letter_or_digit(c: u8) -> bool {
    c.is_ascii_digit() || c.is_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, text: &str) -> File {
        File { path: format!("{FOLDER}{name}.tsv"), text: text.to_owned() }
    }

    fn problems(files: &[File]) -> String {
        Lists::read(files).1.join("\n")
    }

    #[test]
    fn rows_and_answers_are_read() {
        let (lists, problems) = Lists::read(&[
            file("answers", "3261-8.1.1-2\tbinds authors\n"),
            file("jsr289-answers", "A.b()\toffered\t`a::b`\nA.c(D, E)\tnothing\tno threads\n"),
            file("jsr289-api", "# names\nA\tb()\nA\tc(D, E)\n"),
            file("rfc3261", "# rules\n\n3261-8.1.1-1\tUAC\tSay so.\n3261-8.1.1-2\tany\tDo so.\n"),
            file("sections", "3515-2.4.1\tUAC\tRefer.\n"),
        ]);
        assert_eq!(problems, Vec::<String>::new());
        assert_eq!(lists.rfcs.keys().copied().collect::<Vec<_>>(), [3261, 3515]);
        assert_eq!(lists.rfcs[&3261].len(), 2);
        assert_eq!(lists.methods[1].id, "A.c(D, E)");
        assert_eq!(lists.answers["A.c(D, E)"], Answer::Nothing("no threads".to_owned()));
        assert_eq!(lists.names.len(), 5);
    }

    #[test]
    fn a_bad_row_is_told_with_its_line() {
        let told = problems(&[file("rfc3261", "3261-8-1\tUAC\tA.\n3261-8-1\tUAC\tB.\n")]);
        assert_eq!(told, "tests/conformance/rfc3261.tsv:2: `3261-8-1` is there twice");
        assert!(problems(&[file("rfc3261", "3261-8-1\tUAX\tA.\n")]).contains("`UAX` is bound?"));
        assert!(problems(&[file("rfc3261", "3261-8-1\tUAC\t\n")]).contains("says no rule"));
        assert!(problems(&[file("rfc3261", "8.1\tUAC\tA.\n")]).contains("`8.1` is no name of a row"));
        assert!(problems(&[file("rfc3261", "3261-8-1 UAC A.\n")]).contains("it is not `row`, tab"));
    }

    #[test]
    fn an_answer_needs_a_row_and_a_reason() {
        let rules = file("rfc3261", "3261-8-1\tUAC\tA.\n");
        let told = problems(&[file("answers", "3261-8-2\tnot here\n"), rules.clone()]);
        assert_eq!(told, "tests/conformance/: `3261-8-2` is answered and is no row of a list");
        assert!(problems(&[file("answers", "3261-8-1\t\n"), rules.clone()]).contains("is empty"));
        let twice = file("answers", "3261-8-1\ta\n3261-8-1\tb\n");
        assert!(problems(&[twice, rules]).contains("answered twice"));
        let kind = [file("jsr289-answers", "A.b()\tdone\tx\n"), file("jsr289-api", "A\tb()\n")];
        assert!(problems(&kind).contains("`done` is neither"));
    }

    #[test]
    fn names_of_rules_are_told_from_other_text() {
        for name in ["3261-8.1.1.5-2", "3261-9.2-s1", "3515-2.4.1", "7044-A.1"] {
            assert!(is_rule(name), "{name}");
        }
        for name in ["3261", "3261-", "326-8-1", "3261-8..1", "3261-8-x", "3261-8-1-2", "2026-jan"] {
            assert!(!is_rule(name), "{name}");
        }
    }
}
