//! How much a peer may send before it is refused.
//!
//! Every bound on input from the network that the message layer obeys is a field here, so that the configuration can
//! name it. What is deliberately not here: limits on sessions, queues and guests, which belong to the container.

use serde::{Deserialize, Serialize};

/// Bounds on one received message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Octets of a whole message, head and body.
    pub message_bytes: usize,
    /// Header lines of a message; a folded header counts once.
    pub headers: usize,
    /// Via values of a message, counted over all lines and comma lists (RFC 3261 §16.3 leaves the bound to us).
    pub vias: usize,
    /// Octets of start line and headers on a stream, before the empty line must have come.
    pub stream_head_bytes: usize,
}

impl Limits {
    /// The largest start line and header part that can be indexed, whatever the limits say: offsets are 16 bits wide.
    pub const HEAD_BYTES_MAX: usize = u16::MAX as usize;

    /// No bound but those of the format itself: for bytes that this host has written.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self {
            message_bytes: usize::MAX,
            headers: usize::MAX,
            vias: usize::MAX,
            stream_head_bytes: Self::HEAD_BYTES_MAX,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { message_bytes: 65_535, headers: 128, vias: 64, stream_head_bytes: 16_384 }
    }
}
