//! The UAC side of reliable provisional responses (RFC 3262 §4).

use super::RAck;
use super::support::has_tag;
use crate::header::HeaderId;
use crate::message::Message;
use crate::method::Method;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// How many early dialogs of one INVITE are followed; a response of another one is refused as [`ProvisionalAction::TooMany`].
pub const PROVISIONAL_FORKS_MAX: usize = 64;

/// Which reliable provisional responses to one INVITE of ours are new, for each of its early dialogs.
///
/// ```text
///              | first reliable 1xx of a To tag: PRACK
///              V
///       +---------------+  number + 1: PRACK
///       | last = number |-----------------------+
///       |               |<----------------------+
///       +---------------+
///         last again: repeated    any other number: out of order
/// ```
/// RFC 3262 §4 [3262-4-6, 3262-4-7, 3262-4-10, 3262-4-s2], with its erratum 4604: the numbers are those of one dialog, and forks count each for itself. A response
/// that is out of order is neither acknowledged nor looked at: it comes again. After the final response nothing is
/// acknowledged any more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvisionalClient {
    /// The CSeq number of the INVITE.
    cseq: u32,
    forks: Vec<Fork>,
    is_over: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Fork {
    to_tag: Bytes,
    last: u32,
}

/// What to do with a provisional response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProvisionalAction {
    /// It is not a reliable one: give it to the transaction user.
    Plain,
    /// It is new and in order: give it to the transaction user, and send a PRACK with this RAck in its dialog.
    Acknowledge(RAck),
    /// It came before and was acknowledged: drop it. The PRACK is not sent again (RFC 3262 §4).
    Repeated,
    /// One before it is missing: drop it without a PRACK.
    OutOfOrder,
    /// The INVITE has its final response: drop it without a PRACK.
    Late,
    /// It demands a PRACK and makes none possible, for it has no RSeq that can be read, or no To tag: drop it.
    Unusable,
    /// It is of one early dialog more than [`PROVISIONAL_FORKS_MAX`]: drop it without a PRACK.
    TooMany,
}

impl ProvisionalClient {
    /// No response yet, for an INVITE with this CSeq number.
    #[must_use]
    pub const fn start(cseq: u32) -> Self {
        Self { cseq, forks: Vec::new(), is_over: false }
    }

    /// Whether a response demands to be acknowledged by PRACK: 101 to 199 with `Require: 100rel`.
    #[must_use]
    pub fn is_reliable(response: &Message) -> bool {
        // RFC 3262 §4 [3262-4-3]: in a 100 the option tag is ignored.
        response.status().is_some_and(|status| (101..=199).contains(&status))
            && has_tag(response, HeaderId::Require)
    }

    /// Takes a provisional response to the INVITE.
    pub fn on_response(&mut self, response: &Message) -> ProvisionalAction {
        if !Self::is_reliable(response) {
            return ProvisionalAction::Plain;
        }
        if self.is_over {
            return ProvisionalAction::Late;
        }
        let tag = response.to().ok().and_then(|to| to.tag()).filter(|tag| !tag.is_empty());
        let (Some(tag), Ok(Some(number))) = (tag, response.rseq()) else {
            return ProvisionalAction::Unusable;
        };
        let is_full = self.forks.len() >= PROVISIONAL_FORKS_MAX;
        match self.forks.iter_mut().find(|fork| fork.to_tag == tag) {
            Some(fork) if number == fork.last => return ProvisionalAction::Repeated,
            Some(fork) if fork.last.checked_add(1) != Some(number) => return ProvisionalAction::OutOfOrder,
            Some(fork) => fork.last = number,
            None if is_full => return ProvisionalAction::TooMany,
            // RFC 3262 §4 [3262-4-9]: the first number is any.
            None => self.forks.push(Fork { to_tag: Bytes::copy_from_slice(tag), last: number }),
        }
        ProvisionalAction::Acknowledge(RAck { rseq: number, cseq: self.cseq, method: Method::Invite })
    }

    /// The final response of the INVITE has come: the numbers are of no use any more (RFC 3262 §4).
    pub fn on_final(&mut self) {
        self.forks.clear();
        self.is_over = true;
    }
}

#[cfg(test)]
mod tests;
