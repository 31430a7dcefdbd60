//! The last words of a guest: told to the host just before it dies.

use std::panic::PanicHookInfo;

use super::bindings::servlet::siplet::servlet::context;

/// What the standard library says about things that a guest does not have, and what to do instead.
const INSTEAD: [(&str, &str); 5] = [
    ("time not implemented", "a servlet has no clock of its own: use siplet::now()"),
    ("can't sleep", "a servlet does not wait: return, and go on in a later turn"),
    ("failed to spawn thread", "a servlet has no threads"),
    ("condvar wait not supported", "a servlet does not wait: return, and go on in a later turn"),
    (
        "cannot recursively acquire mutex",
        "a servlet needs no lock: use RefCell, or an attribute for what a call remembers",
    ),
];

pub(super) fn set_hook() {
    std::panic::set_hook(Box::new(|info: &PanicHookInfo<'_>| {
        let text = info.payload_as_str().unwrap_or("a panic without a text");
        let (file, line, column) =
            info.location().map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
        match INSTEAD.iter().find(|(words, _)| says(text, words)) {
            Some((_, instead)) => context::panicked(&[text, " (", instead, ")"].concat(), file, line, column),
            None => context::panicked(text, file, line, column),
        }
    }));
}

/// Whether `text` holds `words`. The standard search is made for long texts and would be a tenth of a small guest.
fn says(text: &str, words: &str) -> bool {
    text.as_bytes().windows(words.len()).any(|window| window == words.as_bytes())
}
