//! How a peer answers an INVITE: a list of responses with their delays.

use std::time::Duration;

/// One response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// How long after the response before it.
    pub after: Duration,
    /// Its status.
    pub status: u16,
    /// Which of several user agents behind one address says it: a tag of its own for each.
    pub fork: u32,
    /// Its reason phrase; empty: a usual one.
    pub reason: String,
    /// Header lines.
    pub headers: Vec<(String, String)>,
    /// The body; its type is `application/sdp` where no header line says another.
    pub body: String,
}

impl Reply {
    /// A response at once.
    #[must_use]
    pub const fn now(status: u16) -> Self {
        Self {
            after: Duration::ZERO,
            status,
            fork: 0,
            reason: String::new(),
            headers: Vec::new(),
            body: String::new(),
        }
    }
}

/// All responses to one INVITE, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The responses; none: the INVITE stays unanswered.
    pub replies: Vec<Reply>,
}

impl Answer {
    /// These responses at once.
    #[must_use]
    pub fn of(statuses: &[u16]) -> Self {
        Self { replies: statuses.iter().map(|status| Reply::now(*status)).collect() }
    }
}
