//! The start line (RFC 3261 §7.1, §7.2).
//!
//! Faults in it are remembered and not raised as long as the line names a version of SIP at its start or end: then the
//! peer speaks SIP and can be told what is wrong.

use super::{Malformed, Start};
use crate::header::is_token;
use crate::method::Method;

/// Reads the start line, given without its line end; with the first fault in it.
///
/// # Errors
/// It does not speak SIP.
pub(super) fn read(line: &[u8]) -> Result<(Start, Option<Malformed>), Malformed> {
    if is_response(line) { Ok(response(line)) } else { request(line) }
}

/// No method holds a slash, so a line that begins so is a response.
fn is_response(line: &[u8]) -> bool {
    line.len() >= 4 && line[..4].eq_ignore_ascii_case(b"SIP/")
}

fn request(line: &[u8]) -> Result<(Start, Option<Malformed>), Malformed> {
    let mut fault = None;
    let mut note = |found| {
        fault.get_or_insert(found);
    };
    let trimmed = line.trim_ascii_end();
    if trimmed.len() != line.len() {
        note(Malformed::StartLine);
    }
    let last = memchr::memrchr2(b' ', b'\t', trimmed).ok_or(Malformed::NotSip)?;
    let version = &trimmed[last + 1..];
    if version != b"SIP/2.0" {
        if !is_response(version) {
            return Err(Malformed::NotSip);
        }
        // RFC 3261 §7.1: the version is case-insensitive.
        if !version.eq_ignore_ascii_case(b"SIP/2.0") {
            note(Malformed::Version);
        }
    }
    let first = memchr::memchr2(b' ', b'\t', trimmed).unwrap_or(last);
    let name = &trimmed[..first];
    let method = match Method::from_bytes(name) {
        Ok(method) => method,
        Err(_) => return Err(Malformed::NotSip),
    };
    // RFC 3261 §7.1: single SP between the elements, no other blanks.
    if first == last || line[first] != b' ' || line[last] != b' ' {
        note(Malformed::StartLine);
    }
    let from = (first + 1).min(last);
    let uri = &line[from..last];
    if uri.is_empty() || matches!(uri[0], b' ' | b'\t') || matches!(uri[uri.len() - 1], b' ' | b'\t') {
        note(Malformed::StartLine);
    }
    debug_assert!(is_token(name), "a method is a token");
    Ok((Start::Request { method, uri: (from as u16, last as u16) }, fault))
}

fn response(line: &[u8]) -> (Start, Option<Malformed>) {
    let mut fault = None;
    let blank = memchr::memchr(b' ', line).unwrap_or(line.len());
    if !line[..blank].eq_ignore_ascii_case(b"SIP/2.0") {
        fault = Some(Malformed::Version);
    }
    let code_at = (blank + 1).min(line.len());
    let code_end = memchr::memchr(b' ', &line[code_at..]).map_or(line.len(), |found| code_at + found);
    let status = match &line[code_at..code_end] {
        [a @ b'1'..=b'6', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => {
            fault.get_or_insert(Malformed::Status);
            0
        }
    };
    // The space before an empty phrase is often left out: that costs nobody anything.
    let reason_at = (code_end + 1).min(line.len());
    (Start::Response { status, reason: (reason_at as u16, line.len() as u16) }, fault)
}
