//! Framing of a stream: messages by their Content-Length (RFC 3261 §18.3), and keep-alive pings (RFC 5626 §3.5.1).
//!
//! Octets come in as the transport delivers them, in any pieces; messages go out whole. A line is looked at once,
//! however small the pieces are. After an error the stream has no known place to go on from: it is answered, if it can
//! be, and closed.

use bytes::{Bytes, BytesMut};
use core::fmt;

use crate::limits::Limits;
use crate::message::{Malformed, Message};

/// Cuts one stream into messages.
#[derive(Debug)]
pub struct Framer {
    buffer: BytesMut,
    limits: Limits,
    state: State,
}

#[derive(Clone, Debug)]
enum State {
    /// Between messages.
    Idle,
    /// In a head. Everything before `line` is whole lines; no line feed stands between `line` and `scanned`.
    Head { line: usize, scanned: usize },
    /// The message is `len` octets long.
    Body { len: usize },
    /// The stream is lost.
    Failed(FrameError),
}

/// What a stream brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// One whole message, for [`Message::parse`](crate::message::Message::parse).
    Message(Bytes),
    /// Two line ends between messages: the peer asks for a line end as sign of life (RFC 5626 §4.4.1).
    Ping,
}

/// Why a stream cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameError {
    fault: Malformed,
    head: Option<Bytes>,
}

impl FrameError {
    /// What is wrong.
    #[must_use]
    pub fn fault(&self) -> Malformed {
        self.fault
    }

    /// The head of the message, when it can be read: a request may then be answered with [`FrameError::status`] before
    /// the connection is closed. `None` when there is nothing to answer.
    #[must_use]
    pub fn answerable_head(&self) -> Option<&Bytes> {
        self.head.as_ref()
    }

    /// The status code of the answer: 513 for a body over the limit, 400 for the rest.
    #[must_use]
    pub fn status(&self) -> u16 {
        if self.fault == Malformed::MessageTooLarge { 513 } else { 400 }
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fault.fmt(out)
    }
}

impl std::error::Error for FrameError {}

impl Framer {
    /// A framer at the start of a stream.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        Self { buffer: BytesMut::new(), limits: *limits, state: State::Idle }
    }

    /// Takes in what the transport delivered. After an error it is dropped.
    pub fn push(&mut self, bytes: &[u8]) {
        if !matches!(self.state, State::Failed(_)) {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Octets that wait for the rest of their message.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.buffer.len()
    }

    /// The next message or ping; `None` until more octets have come. To be called until it gives `None`.
    ///
    /// # Errors
    /// [`FrameError`], and the same again ever after.
    #[expect(clippy::should_implement_trait, reason = "none now does not mean none for ever")]
    pub fn next(&mut self) -> Result<Option<Frame>, FrameError> {
        let step = loop {
            match self.state {
                State::Idle => match self.idle() {
                    Some(frame) => break Ok(frame),
                    None => continue,
                },
                State::Head { line, scanned } => match self.head(line, scanned) {
                    Ok(true) => continue,
                    Ok(false) => break Ok(None),
                    Err(error) => break Err(error),
                },
                State::Body { len } if self.buffer.len() < len => break Ok(None),
                State::Body { len } => {
                    self.state = State::Idle;
                    break Ok(Some(Frame::Message(self.buffer.split_to(len).freeze())));
                }
                State::Failed(ref error) => return Err(error.clone()),
            }
        };
        if let Err(error) = &step {
            self.state = State::Failed(error.clone());
            self.buffer = BytesMut::new();
        }
        step
    }

    /// Between messages: a ping, nothing yet (`Some(None)`), or a message begins (`None`).
    fn idle(&mut self) -> Option<Option<Frame>> {
        loop {
            match &self.buffer[..] {
                [b'\r', b'\n', b'\r', b'\n', ..] => {
                    let _ = self.buffer.split_to(4);
                    return Some(Some(Frame::Ping));
                }
                // The rest of a ping may still be under way.
                [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return Some(None),
                // RFC 3261 §7.5: a line end before the start line is ignored.
                [b'\r', b'\n', ..] => {
                    let _ = self.buffer.split_to(2);
                }
                [_, ..] => {
                    self.state = State::Head { line: 0, scanned: 0 };
                    return None;
                }
            }
        }
    }

    /// Goes on in the head; whether it is whole.
    fn head(&mut self, mut line: usize, mut scanned: usize) -> Result<bool, FrameError> {
        loop {
            let Some(found) = memchr::memchr(b'\n', &self.buffer[scanned..]) else {
                self.state = State::Head { line, scanned: self.buffer.len() };
                self.check_head(self.buffer.len())?;
                return Ok(false);
            };
            let end = scanned + found + 1;
            self.check_head(end)?;
            // Where one element sees a line end and the next one does not, a message can hide in another.
            if end - line < 2 || self.buffer[end - 2] != b'\r' {
                return Err(FrameError { fault: Malformed::LineEnd, head: None });
            }
            if end - line == 2 {
                let len = self.message_len(end)?;
                self.state = State::Body { len };
                return Ok(true);
            }
            (line, scanned) = (end, end);
        }
    }

    fn check_head(&self, len: usize) -> Result<(), FrameError> {
        if len > self.limits.stream_head_bytes.min(Limits::HEAD_BYTES_MAX) {
            return Err(FrameError { fault: Malformed::HeadTooLarge, head: None });
        }
        Ok(())
    }

    /// The length of the message whose head is `head_len` octets long.
    fn message_len(&self, head_len: usize) -> Result<usize, FrameError> {
        let head = &self.buffer[..head_len];
        let fault = match Message::content_length_of(head) {
            Ok(Some(body)) => match head_len.checked_add(body) {
                Some(len) if len <= self.limits.message_bytes => return Ok(len),
                _ => Malformed::MessageTooLarge,
            },
            // RFC 3261 §18.3: on a stream the length must be there.
            Ok(None) => Malformed::NoContentLength,
            Err(fault @ (Malformed::ContentLength | Malformed::ContentLengths)) => fault,
            Err(fault) => return Err(FrameError { fault, head: None }),
        };
        Err(FrameError { fault, head: Some(Bytes::copy_from_slice(head)) })
    }
}

#[cfg(test)]
mod tests;
