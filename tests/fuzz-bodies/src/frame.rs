//! Target `frame`: any octets as a stream, in any pieces.
//!
//! The pieces in which a transport delivers a stream mean nothing (RFC 3261 §18.3): the same messages, pings and error
//! come out of it, and nothing is left over or lost.

use siplet_sip::frame::{Frame, FrameError, Framer};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;

/// What a stream brought, up to its end or its error.
#[derive(Debug, PartialEq, Eq)]
struct Brought {
    frames: Vec<Frame>,
    error: Option<FrameError>,
    pending: usize,
}

/// Checks one stream: the first octet says how long the pieces are, the rest is the stream.
///
/// # Panics
/// A promise of the framer does not hold.
pub fn frame(data: &[u8]) {
    let Some((pattern, stream)) = data.split_first() else { return };
    // Small bounds, so that a small input meets them.
    let limits = Limits { message_bytes: 2_048, stream_head_bytes: 1_024, ..Limits::default() };
    let whole = read(&limits, std::iter::once(stream));
    let octets = read(&limits, stream.chunks(1));
    assert_eq!(whole, octets, "one octet at a time reads otherwise than all at once");
    let mixed = read(&limits, pieces(stream, *pattern).into_iter());
    assert_eq!(whole, mixed, "pieces of pattern {pattern} read otherwise than all at once");
    let taken: usize = whole.frames.iter().map(octets_of).sum();
    assert!(taken + whole.pending <= stream.len(), "more came out than went in");
    for frame in whole.frames {
        if let Frame::Message(bytes) = frame {
            // What the framer cuts out, the parser has to bear; whether it is a good message is another matter.
            let _ = Message::parse(bytes, &limits);
        }
    }
}

fn read<'a>(limits: &Limits, pieces: impl Iterator<Item = &'a [u8]>) -> Brought {
    let mut framer = Framer::new(limits);
    let mut brought = Brought { frames: Vec::new(), error: None, pending: 0 };
    for piece in pieces {
        framer.push(piece);
        loop {
            match framer.next() {
                Ok(Some(frame)) => brought.frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    assert_eq!(framer.next(), Err(error.clone()), "a lost stream came back");
                    brought.error = Some(error);
                    return brought;
                }
            }
        }
    }
    brought.pending = framer.pending();
    brought
}

/// Pieces of lengths that follow from the pattern and differ from each other.
fn pieces(mut stream: &[u8], pattern: u8) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut length = usize::from(pattern % 31) + 1;
    while !stream.is_empty() {
        let (piece, rest) = stream.split_at(length.min(stream.len()));
        pieces.push(piece);
        stream = rest;
        length = (length * 7 + usize::from(pattern)) % 97 + 1;
    }
    pieces
}

fn octets_of(frame: &Frame) -> usize {
    match frame {
        Frame::Message(bytes) => bytes.len(),
        Frame::Ping => 4,
    }
}
