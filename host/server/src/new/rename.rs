//! The names of a template become those of the new crate: its package, its library, the type of its servlet.

use std::path::{Path, PathBuf};

/// Old and new names.
#[derive(Debug)]
pub(super) struct Names {
    old: String,
    new: String,
    old_type: String,
    new_type: String,
}

impl Names {
    pub(super) fn new(old: &str, new: &str) -> Self {
        Self { old: old.to_owned(), new: new.to_owned(), old_type: type_name(old), new_type: type_name(new) }
    }

    /// A path below the crate: `answer.toml` is called for the crate.
    pub(super) fn path(&self, path: &str) -> PathBuf {
        let path = Path::new(path);
        match path.file_stem() {
            Some(stem) if stem == self.old.as_str() => {
                let end =
                    path.extension().map_or_else(String::new, |end| format!(".{}", end.to_string_lossy()));
                path.with_file_name(format!("{}{end}", self.new))
            }
            Some(_) | None => path.to_owned(),
        }
    }

    /// A source: the servlet's type, and the library where a test names it (`use answer::Answer`). A comment keeps its
    /// words, but for code in it.
    pub(super) fn source(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for line in text.split_inclusive('\n') {
            match line.find("//") {
                Some(at) if line[..at].trim().is_empty() => {
                    let (indent, comment) = line.split_at(at);
                    out.push_str(indent);
                    for (number, part) in comment.split('`').enumerate() {
                        if number > 0 {
                            out.push('`');
                        }
                        // Between a first and a second back quote stands code.
                        if number % 2 == 1 { self.code(part, &mut out) } else { out.push_str(part) }
                    }
                }
                Some(_) | None => self.code(line, &mut out),
            }
        }
        out
    }

    fn code(&self, text: &str, out: &mut String) {
        let mut rest = text;
        let mut before = '\n';
        while let Some(letter) = rest.chars().next() {
            let end = rest.find(|letter: char| !is_word(letter)).unwrap_or(rest.len());
            if end == 0 {
                out.push(letter);
                before = letter;
                rest = &rest[letter.len_utf8()..];
                continue;
            }
            let (word, after) = rest.split_at(end);
            let is_library = word == library(&self.old) && after.starts_with("::") && before != ':';
            if word == self.old_type {
                out.push_str(&self.new_type);
            } else if is_library {
                out.push_str(&library(&self.new));
            } else {
                out.push_str(word);
            }
            before = word.chars().next_back().unwrap_or(before);
            rest = after;
        }
    }

    /// A kept ladder: the name above the servlet's line, in its middle.
    pub(super) fn ladder(&self, text: &str) -> String {
        let (head, rows) = text.split_once('\n').unwrap_or((text, ""));
        let Some(at) = head.find(&format!("{} ", self.old)) else { return text.to_owned() };
        let (before, name) = head.split_at(at);
        let renamed = name.replacen(&self.old, &self.new, 1);
        let line = before.chars().count() + name.chars().count() / 2;
        let begins = line.saturating_sub(renamed.chars().count() / 2);
        format!("{:begins$}{renamed}\n{rows}", before.trim_end())
    }

    /// The page: its heading and files. What it says of building is said anew by the caller.
    pub(super) fn page(&self, text: &str) -> String {
        let text = text.replacen(&format!("# {}\n", self.old), &format!("# {}\n", self.new), 1);
        let text = text.replace(&format!("`{}.toml`", self.old), &format!("`{}.toml`", self.new));
        let paragraphs =
            text.trim_end().split("\n\n").filter(|part| !part.starts_with("`cargo build --release"));
        let mut page = paragraphs.collect::<Vec<_>>().join("\n\n");
        page.push('\n');
        page
    }
}

const fn is_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

/// Name of a package's library.
fn library(package: &str) -> String {
    package.replace('-', "_")
}

/// `night-bell` is `NightBell`.
fn type_name(package: &str) -> String {
    let words = package.split(['-', '_']);
    words
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|first| first.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect()
}
