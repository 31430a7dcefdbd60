//! The flat view of a message: octets and an index of words, as the WIT record `view` documents it.

use bytes::Bytes;
use siplet_sip::limits::Limits;
use siplet_sip::message::{Message, StartLine};
use siplet_sip::method::Method;

use super::Flat;

/// Words before the first header line.
const HEAD_WORDS: usize = 8;
/// Words of a header line.
const LINE_WORDS: usize = 5;

/// The view of a message.
pub(super) fn of(message: &Message) -> Flat {
    let bytes = message.bytes().clone();
    let lines = message.lines();
    let mut index = Vec::with_capacity(HEAD_WORDS + LINE_WORDS * lines.len());
    let span = |part: &[u8]| span(&bytes, part);
    match message.start() {
        StartLine::Request { method, uri } => {
            index.extend([1, method_number(method), 0, length(method.as_bytes())]);
            index.extend(span(uri));
        }
        StartLine::Response { status, reason } => {
            index.extend([2, u32::from(status)]);
            index.extend(span(reason));
            index.extend([0, 0]);
        }
    }
    index.extend(span(message.body()));
    for line in lines {
        index.push(line.id.code());
        index.extend(span(line.name));
        index.extend(span(line.value));
    }
    Flat { bytes, index }
}

/// The view of bytes that were made here.
pub(super) fn of_bytes(bytes: Bytes, limits: &Limits) -> Option<Flat> {
    Some(of(&Message::parse(bytes, limits).ok()?))
}

/// Offset and length of a part of the buffer; 0, 0 for one that is empty or stands elsewhere.
fn span(bytes: &Bytes, part: &[u8]) -> [u32; 2] {
    if part.is_empty() {
        return [0, 0];
    }
    let offset = (part.as_ptr() as usize).wrapping_sub(bytes.as_ptr() as usize);
    match offset.checked_add(part.len()) {
        Some(end) if end <= bytes.len() => [u32::try_from(offset).unwrap_or(0), length(part)],
        Some(_) | None => [0, 0],
    }
}

fn length(part: &[u8]) -> u32 {
    u32::try_from(part.len()).unwrap_or(0)
}

/// The number of a method in a view.
const fn method_number(method: &Method) -> u32 {
    match method {
        Method::Invite => 1,
        Method::Ack => 2,
        Method::Bye => 3,
        Method::Cancel => 4,
        Method::Options => 5,
        Method::Register => 6,
        Method::Prack => 7,
        Method::Update => 8,
        Method::Info => 9,
        Method::Message => 10,
        Method::Subscribe => 11,
        Method::Notify => 12,
        Method::Publish => 13,
        Method::Refer => 14,
        Method::Other(_) => 0,
    }
}
