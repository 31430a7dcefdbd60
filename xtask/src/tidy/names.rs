//! `INV-PURE`: names that the pure crates must not know: clocks, threads, locks, chance, sockets, unordered tables.
//!
//! The manifests keep out whole crates ([`super::edges`]) and `clippy.toml` the calls; this check also sees what is only
//! named, and works without clippy.

use super::files::File;
use super::scanner::{is_word, scan};

/// The crates without a clock, a thread, a socket, chance.
const PURE: [&str; 3] = ["host/sip/src/", "host/container/src/", "host/ladder/src/"];

/// A name and why it is banned.
const BANNED: [(&str, &str); 14] = [
    ("Instant", "time comes in as an argument: `siplet_sip::time::Time`"),
    ("SystemTime", "time comes in as an argument: `siplet_sip::time::Time`"),
    ("thread", "a shard is one thread, and the core does not know it"),
    ("Mutex", "a session has one owner; nothing is shared"),
    ("RwLock", "a session has one owner; nothing is shared"),
    ("Condvar", "nothing in the core waits"),
    ("tokio", "the core does no I/O"),
    ("UdpSocket", "the core does no I/O"),
    ("TcpStream", "the core does no I/O"),
    ("HashMap", "use `Table`, which is keyed by the container's seed"),
    ("HashSet", "use `Table`, which is keyed by the container's seed"),
    ("RandomState", "the same seed and inputs give the same bytes"),
    ("rand", "names are minted by the keyed hash"),
    ("getrandom", "names are minted by the keyed hash"),
];

/// Unordered tables are the business of one file, and a test may gather names in a set.
const TABLES: [&str; 3] = ["HashMap", "HashSet", "RandomState"];

/// Finds banned names in the code of the pure crates.
pub(super) fn check(files: &[File]) -> Vec<String> {
    let mut problems = Vec::new();
    for file in
        files.iter().filter(|file| file.is_rust() && PURE.iter().any(|pure| file.path.starts_with(pure)))
    {
        let may_hash = file.path.ends_with("/table.rs") || is_test(&file.path);
        for (number, line) in scan(&file.text).code.lines().enumerate() {
            for (name, reason) in BANNED {
                if may_hash && TABLES.contains(&name) {
                    continue;
                }
                if names(line, name) {
                    problems.push(format!(
                        "{}:{}: `{name}` has no place here: {reason}",
                        file.path,
                        number + 1
                    ));
                }
            }
        }
    }
    problems
}

fn is_test(path: &str) -> bool {
    path.ends_with("/tests.rs") || path.contains("/tests/")
}

/// True when a line of code has the word.
fn names(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_banned_name_is_found_in_code_and_not_in_words_comments_or_strings() {
        let text = "// Instant\nuse std::time::Instant;\nlet instant = InstantLike;\nlet text = \"tokio\";\n";
        let problems = check(&[file("host/sip/src/time.rs", text)]);
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].starts_with("host/sip/src/time.rs:2: `Instant`"), "{problems:?}");
    }

    #[test]
    fn only_the_pure_crates_are_bound_and_only_the_table_may_hash() {
        let text = "use std::collections::HashMap;";
        assert!(check(&[file("host/server/src/main.rs", text)]).is_empty());
        assert!(check(&[file("host/container/src/table.rs", text)]).is_empty());
        assert!(check(&[file("host/container/src/session/tests.rs", text)]).is_empty());
        assert_eq!(check(&[file("host/container/src/session.rs", text)]).len(), 1);
    }
}
