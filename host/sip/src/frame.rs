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
    /// In a head. Everything before `line` is whole lines; no line feed stands between `line` and `scanned`. `uneven`: a
    /// line has ended in a line feed alone, so this is read on only to have something to answer.
    Head { line: usize, scanned: usize, uneven: bool },
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

    /// The head of the message in whole lines, all of it or as far as it was read: a request may then be answered with
    /// [`FrameError::status`] before the connection is closed (RFC 3261 §18.3). `None` when there is nothing to answer.
    #[must_use]
    pub fn answerable_head(&self) -> Option<&Bytes> {
        self.head.as_ref()
    }

    /// The status code of the answer: [`Malformed::status`].
    #[must_use]
    pub fn status(&self) -> u16 {
        self.fault.status()
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

    /// True when the first octets of a message are there and its end is not. Line ends between messages are none.
    #[must_use]
    pub fn is_in_message(&self) -> bool {
        match self.state {
            State::Idle | State::Failed(_) => false,
            State::Head { .. } | State::Body { .. } => true,
        }
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
                State::Head { line, scanned, uneven } => match self.head(line, scanned, uneven) {
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
                    self.state = State::Head { line: 0, scanned: 0, uneven: false };
                    return None;
                }
            }
        }
    }

    /// Goes on in the head; whether it is whole.
    fn head(&mut self, mut line: usize, mut scanned: usize, mut uneven: bool) -> Result<bool, FrameError> {
        loop {
            let Some(found) = memchr::memchr(b'\n', &self.buffer[scanned..]) else {
                self.state = State::Head { line, scanned: self.buffer.len(), uneven };
                self.check_head(line, self.buffer.len())?;
                return Ok(false);
            };
            let end = scanned + found + 1;
            self.check_head(line, end)?;
            // Where one element sees a line end and the next one does not, a message can hide in another: no message comes
            // of this, but its sender is told.
            let has_return = end - line >= 2 && self.buffer[end - 2] == b'\r';
            uneven |= !has_return;
            if end - line == 1 || (end - line == 2 && has_return) {
                if uneven {
                    return Err(self.error(Malformed::LineEnd, end));
                }
                let len = self.message_len(end)?;
                self.state = State::Body { len };
                return Ok(true);
            }
            (line, scanned) = (end, end);
        }
    }

    /// The lines up to `line` are whole, and `len` octets of head are there.
    fn check_head(&self, line: usize, len: usize) -> Result<(), FrameError> {
        if len > self.limits.stream_head_bytes.min(Limits::HEAD_BYTES_MAX) {
            return Err(self.error(Malformed::HeadTooLarge, line));
        }
        Ok(())
    }

    /// The fault with what can be answered: the first `head_len` octets, unless they are no SIP.
    fn error(&self, fault: Malformed, head_len: usize) -> FrameError {
        let head = &self.buffer[..head_len];
        let head = Message::content_length_of(head)
            .map_or_else(|fault| fault.is_answerable(), |_| true)
            .then(|| head);
        FrameError { fault, head: head.map(Bytes::copy_from_slice) }
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
            Err(fault) => fault,
        };
        Err(self.error(fault, head_len))
    }
}

#[cfg(test)]
mod tests;
