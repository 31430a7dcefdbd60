//! Typed values of header fields that applications and proxies read: parsed when asked for, written as RFCs have them.
//!
//! A value with slices is a view of the text. Those that one machine alone reads stand beside that machine; what is an
//! address and no more ([`Message::path`](crate::message::Message::path)) is a
//! [`NameAddr`](crate::address::NameAddr).

mod caller;
mod history;
mod reason;
mod replaces;
mod time;

pub use caller::{Privacy, ReferredBy, are_identities};
pub use history::{Diversion, HistoryEntry, HistoryIndex};
pub use reason::{Reason, Warning};
pub use replaces::{
    DialogRef, Join, JoinVerdict, KnownDialog, Replaces, ReplacesVerdict, Shutdown, judge_join,
    judge_replaces,
};
pub use time::{RetryAfter, date_of, http_date, timestamp_with_delay};

/// A text as a quoted string: backslash before quote and backslash (RFC 3261 §25.1).
fn quote(text: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'"');
    for byte in text {
        if matches!(byte, b'"' | b'\\') {
            quoted.push(b'\\');
        }
        quoted.push(*byte);
    }
    quoted.push(b'"');
    quoted
}
