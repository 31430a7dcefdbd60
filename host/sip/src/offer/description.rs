//! Whether a message holds a session description (RFC 3261 §13.2.1, §20.11).

use crate::draft::Draft;
use crate::header::HeaderId;
use crate::message::Message;
use crate::octets::find;
use crate::uri::Params;

/// How deep a body may be wrapped in multiparts before it is not looked at.
const DEPTH_MAX: u8 = 4;

/// Whether a received message describes the session: a body `application/sdp` whose disposition is `session`, by itself
/// or as a part of a multipart body.
#[must_use]
pub fn describes_session(message: &Message) -> bool {
    let head = Head {
        content_type: message.header(HeaderId::ContentType),
        disposition: message.header(HeaderId::ContentDisposition),
    };
    describes(&head, message.body(), 0)
}

/// [`describes_session`] of a message of ours.
#[must_use]
pub fn draft_describes_session(draft: &Draft) -> bool {
    let head = Head {
        content_type: draft.header(HeaderId::ContentType),
        disposition: draft.header(HeaderId::ContentDisposition),
    };
    describes(&head, draft.body(), 0)
}

/// What a body is.
#[derive(Default)]
struct Head<'a> {
    content_type: Option<&'a [u8]>,
    disposition: Option<&'a [u8]>,
}

fn describes(head: &Head<'_>, body: &[u8], depth: u8) -> bool {
    let Some(content_type) = head.content_type.filter(|_| !body.is_empty()) else { return false };
    let (media, params) = split(content_type);
    if media.eq_ignore_ascii_case(b"application/sdp") {
        // RFC 3261 §20.11: without Content-Disposition, a body application/sdp is a session description.
        return head.disposition.is_none_or(|value| split(value).0.eq_ignore_ascii_case(b"session"));
    }
    let is_multipart = media.get(..10).is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/"));
    let boundary = params.named(b"boundary").map(|param| param.unquoted());
    match boundary {
        Some(boundary) if is_multipart && !boundary.is_empty() && depth < DEPTH_MAX => parts(body, &boundary)
            .any(|part| {
                let (head, body) = split_part(part);
                describes(&head, body, depth + 1)
            }),
        Some(_) | None => false,
    }
}

/// The word at the start of a value, and its parameters.
fn split(value: &[u8]) -> (&[u8], Params<'_>) {
    let end = find(b';', value).unwrap_or(value.len());
    (value[..end].trim_ascii(), Params::of(&value[end..]))
}

/// The parts of a multipart body (RFC 2046 §5.1.1): what stands between two delimiter lines.
fn parts<'b>(body: &'b [u8], boundary: &[u8]) -> impl Iterator<Item = &'b [u8]> + use<'b> {
    let delimiter = [b"--", boundary].concat();
    let finder = memchr::memmem::Finder::new(&delimiter).into_owned();
    let mut rest = next_delimiter(body, &finder).map(|(_, behind)| behind);
    core::iter::from_fn(move || {
        let part = rest?;
        // The last delimiter has two hyphens behind it.
        if part.starts_with(b"--") {
            return None;
        }
        let line_end = find(b'\n', part)?;
        let part = &part[line_end + 1..];
        let (end, behind) = next_delimiter(part, &finder)?;
        rest = Some(behind);
        Some(&part[..end])
    })
}

/// Where the next delimiter at the start of a line begins, and what stands behind it.
fn next_delimiter<'b>(body: &'b [u8], finder: &memchr::memmem::Finder<'_>) -> Option<(usize, &'b [u8])> {
    let mut from = 0;
    loop {
        let at = from + finder.find(&body[from..])?;
        let behind = at + finder.needle().len();
        if at == 0 || body[at - 1] == b'\n' {
            return Some((at, &body[behind..]));
        }
        from = behind;
    }
}

/// The headers and the body of a part; a part without headers is text (RFC 2046 §5.1).
fn split_part(part: &[u8]) -> (Head<'_>, &[u8]) {
    let mut head = Head::default();
    let mut rest = part;
    loop {
        let Some(end) = find(b'\n', rest) else { return (head, &[]) };
        let line = rest[..end].trim_ascii_end();
        rest = &rest[end + 1..];
        if line.is_empty() {
            return (head, rest);
        }
        if let Some(colon) = find(b':', line) {
            let value = Some(line[colon + 1..].trim_ascii());
            let id = HeaderId::from_name(line[..colon].trim_ascii_end());
            if id == HeaderId::ContentType {
                head.content_type = value;
            } else if id == HeaderId::ContentDisposition {
                head.disposition = value;
            }
        }
    }
}
