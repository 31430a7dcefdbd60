//! A draft as octets, in one pass.

use bytes::Bytes;

use super::{Draft, Piece, Start};
use crate::limits::Limits;
use crate::message::{Malformed, Message};

impl Draft {
    /// Appends the whole message to `out`. Octets of the base that no edit touched are copied as they came.
    pub fn write(&self, out: &mut Vec<u8>) {
        let body = self.body();
        // The base is the best guess at the size of what is made over it.
        let head = self.base.as_ref().map_or(0, |base| base.head_len());
        out.reserve(head + self.text.len() + body.len() + START_LINE);
        self.write_start(out);
        for piece in self.pieces.iter() {
            match (piece, &self.base) {
                (Piece::Base { from, to }, Some(base)) => {
                    copy_lines(base, base.run(usize::from(*from), usize::from(*to)), out);
                }
                (Piece::Base { .. }, None) => {
                    debug_assert!(false, "a draft without a base has own lines only")
                }
                (Piece::Own(own), _) => out.extend_from_slice(self.span(own.line)),
            }
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
    }

    /// The whole message.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = Vec::new();
        self.write(&mut out);
        out.into()
    }

    /// The message as its receiver will read it.
    ///
    /// # Errors
    /// As [`Message::parse`], without limits: only what a draft over a malformed message can bring.
    pub fn to_message(&self) -> Result<Message, Malformed> {
        Message::parse(self.to_bytes(), &Limits::unbounded())
    }

    fn write_start(&self, out: &mut Vec<u8>) {
        match &self.start {
            Start::Kept => {
                if let Some(base) = &self.base {
                    copy_lines(base, base.start_run(), out);
                }
            }
            Start::Request { method, uri } => {
                out.extend_from_slice(method.as_bytes());
                out.push(b' ');
                out.extend_from_slice(self.span(*uri));
                out.extend_from_slice(b" SIP/2.0\r\n");
            }
            Start::Response { status, .. } => {
                out.extend_from_slice(b"SIP/2.0 ");
                out.extend([status / 100, status / 10 % 10, status % 10].map(|digit| b'0' + digit as u8));
                out.push(b' ');
                out.extend_from_slice(self.reason());
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// Room for a start line of our own.
const START_LINE: usize = 64;

/// Copies lines of the base: as they came, when all line ends of the base are whole.
#[inline]
fn copy_lines(base: &Message, lines: &[u8], out: &mut Vec<u8>) {
    if base.is_uneven() { copy_uneven_lines(lines, out) } else { out.extend_from_slice(lines) }
}

/// A line feed alone, which a datagram may have brought, becomes a whole line end, and a carriage return alone a blank:
/// the next hop may be a stream, and may see lines where we saw none.
#[cold]
fn copy_uneven_lines(lines: &[u8], out: &mut Vec<u8>) {
    for line in lines.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").unwrap_or(line);
        let text = text.strip_suffix(b"\r").unwrap_or(text);
        out.extend(text.iter().map(|byte| if *byte == b'\r' { b' ' } else { *byte }));
        out.extend_from_slice(b"\r\n");
    }
}
