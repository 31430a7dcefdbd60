//! Which names a servlet crate can have: those that cargo takes and rustc does not warn of.

use std::fmt;

/// Letters of a name at most.
const LETTERS_MAX: usize = 64;

/// What the language keeps for itself; a crate of such a name cannot be named in a program.
const KEYWORDS: [&str; 51] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "crate", "do", "dyn",
    "else", "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop",
    "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "self", "static",
    "struct", "super", "trait", "true", "try", "type", "typeof", "unsafe", "unsized", "use", "virtual",
    "where", "while", "yield",
];

/// Crates that the new one may use, or that are always there.
const TAKEN: [&str; 10] = [
    "alloc",
    "core",
    "proc-macro",
    "serde",
    "siplet",
    "siplet-sdk",
    "siplet-testkit",
    "std",
    "test",
    "wit-bindgen",
];

/// Why a name cannot be, and one that can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// The name.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
    /// A name that would do.
    pub instead: String,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a servlet cannot be called `{}`: {}; `{}` would do", self.name, self.why, self.instead)
    }
}

impl std::error::Error for Refused {}

/// Checks a name.
///
/// # Errors
/// It is none for a crate.
pub fn check(name: &str) -> Result<(), Refused> {
    match fault(name) {
        None => Ok(()),
        Some(why) => Err(Refused { name: name.to_owned(), why, instead: instead_of(name) }),
    }
}

fn fault(name: &str) -> Option<String> {
    let first = name.chars().next();
    let strange = name.chars().find(|letter| !letter.is_ascii_alphanumeric() && !"-_".contains(*letter));
    if name.is_empty() {
        Some("it is empty".to_owned())
    } else if let Some(strange) = strange {
        Some(format!("a crate's name has no `{strange}`"))
    } else if first.is_some_and(|first| !first.is_ascii_alphabetic()) {
        Some("a crate's name begins with a letter".to_owned())
    } else if name.ends_with(['-', '_']) {
        Some("it ends in the middle".to_owned())
    } else if name.chars().any(|letter| letter.is_ascii_uppercase()) {
        Some("rustc warns of capital letters in a crate's name".to_owned())
    } else if name.len() > LETTERS_MAX {
        Some(format!("a crate's name has at most {LETTERS_MAX} letters"))
    } else if KEYWORDS.contains(&name) {
        Some("that is a word of the language".to_owned())
    } else if TAKEN.contains(&name.replace('_', "-").as_str()) {
        Some("another crate of that name is needed".to_owned())
    } else {
        None
    }
}

/// The nearest name that can be.
fn instead_of(name: &str) -> String {
    let mut words = String::new();
    let mut before = '-';
    for letter in name.chars() {
        let next = if letter.is_ascii_alphanumeric() { letter } else { '-' };
        let begins_word = next.is_ascii_uppercase() && !before.is_ascii_uppercase();
        if (begins_word || next == '-') && !words.is_empty() && !words.ends_with('-') {
            words.push('-');
        }
        if next != '-' {
            words.push(next.to_ascii_lowercase());
        }
        before = next;
    }
    words.truncate(LETTERS_MAX - "-servlet".len());
    let words = words.trim_matches('-');
    let candidates =
        [words.to_owned(), format!("{words}-servlet"), format!("servlet-{words}"), "hello".to_owned()];
    candidates.into_iter().find(|name| fault(name).is_none()).unwrap_or_default()
}
