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

/// The view of a message. RFC 3261 §7.3.1: a folded line is handed over with blanks in place of its folds.
pub(super) fn of(message: &Message) -> Flat {
    let (whole, head) = (message.bytes(), message.head());
    let is_folded = head.as_ptr() != whole.as_ptr();
    let bytes = if is_folded { [head, &whole[head.len()..]].concat().into() } else { whole.clone() };
    let lines = message.lines();
    let mut index = Vec::with_capacity(HEAD_WORDS + LINE_WORDS * lines.len());
    // Both buffers have the same offsets, and a part stands in one of them.
    let span = |part: &[u8]| match span(whole, part) {
        [0, 0] if is_folded => span(head, part),
        found => found,
    };
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
fn span(bytes: &[u8], part: &[u8]) -> [u32; 2] {
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Names and values of all header lines, as a guest reads them.
    fn lines(flat: &Flat) -> Vec<(String, String)> {
        let text = |at: &[u32]| {
            let (start, length) = (at[0] as usize, at[1] as usize);
            String::from_utf8_lossy(&flat.bytes[start..start + length]).into_owned()
        };
        flat.index[HEAD_WORDS..]
            .chunks_exact(LINE_WORDS)
            .map(|line| (text(&line[1..]), text(&line[3..])))
            .collect()
    }

    #[test]
    fn the_lines_of_a_message_with_a_fold_are_all_there() {
        let text = "OPTIONS sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP c;branch=z9hG4bK1\r\nSubject: one\r\n  two\r\n\
                    Contact:\r\n <sip:c>\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
        let message = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default())
            .expect("it is well formed");
        let flat = of(&message);
        let read = lines(&flat);
        let value =
            |name: &str| read.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        assert_eq!(value("Via"), Some("SIP/2.0/UDP c;branch=z9hG4bK1"));
        assert_eq!(value("Subject").map(|text| text.split_whitespace().collect()), Some(vec!["one", "two"]));
        assert_eq!(value("Contact"), Some("<sip:c>"));
        assert_eq!(value("Content-Type"), Some("text/plain"));
        let part = |at: usize| &flat.bytes[flat.index[at] as usize..][..flat.index[at + 1] as usize];
        assert_eq!((part(4), part(6)), (&b"sip:a@b"[..], &b"hello"[..]));
    }
}
