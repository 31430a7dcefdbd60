//! Offers and answers in a dialog: whose turn it is to describe the session (RFC 3264, RFC 3262 §5, RFC 3311 §5, RFC 6337).
//!
//! [`OfferAnswer`] is told of every request and response of a dialog that may hold a session description, ours and the
//! peer's. It says what the description is, and refuses what would make two offers meet: with a status for the peer's
//! request, with a typed error for ours. [`describes_session`] tells whether a message holds a description at all.
//!
//! Deliberately not here: what descriptions say, who waits how long after a 491 ([`crate::modification`]), and going back to
//! an older description when a re-INVITE fails (RFC 6141 §3), which is the application's.

mod description;
mod moves;

pub use description::{describes_session, draft_describes_session};

use crate::method::Method;
use core::fmt;
use serde::{Deserialize, Serialize};

/// The offers and answers of one dialog.
///
/// ```text
///                  offer of A                        answer of B
///     +------+ ------------------> +--------------+ -------------> +------+
///     | free |                     | pending of A |                | free |
///     +------+ <------------------ +--------------+                +------+
///                 rejected by B     | offer of A: refused, A is not answered yet
///                                   | offer of B: refused, B has not answered yet
///
///     offer in      INVITE          1xx-rel    2xx       PRACK        UPDATE
///     answer in     1xx-rel, 2xx    PRACK      ACK       2xx          2xx
/// ```
/// The lower table is RFC 6337 Table 1. A UAC whose INVITE forks gives each early dialog a copy of the machine that the
/// INVITE was told to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferAnswer {
    established: bool,
    pending: Option<Pending>,
    invite: Option<Invite>,
    /// CSeq numbers of UPDATEs without a final response.
    our_update: Option<u32>,
    peers_update: Option<u32>,
    /// Our answer has left in a reliable 1xx without a PRACK yet, or in a PRACK without a 2xx yet.
    settling: bool,
}

/// One of the two ends of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Party {
    /// This host.
    Us,
    /// The other end.
    Peer,
}

impl Party {
    const fn other(self) -> Self {
        match self {
            Self::Us => Self::Peer,
            Self::Peer => Self::Us,
        }
    }
}

/// An offer without an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    by: Party,
    carrier: Carrier,
    /// Of the request in which, or in the response to which, it stands.
    cseq: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Carrier {
    Invite,
    Reliable,
    Success,
    Prack,
    Update,
}

/// An INVITE that is not over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Invite {
    by: Party,
    cseq: u32,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Phase {
    /// It holds an offer, which waits for its answer.
    Offered,
    /// The same, and an unreliable response has told what the answer will be.
    Previewed,
    /// It holds none: the first reliable response that is no failure has to.
    Owed,
    /// Its first exchange has been begun by a response, or is done.
    Exchanged,
    /// Its 2xx is there, the ACK is not.
    Accepted,
}

/// What a session description is in the message that holds it, or that it is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// The message holds none, and need not.
    None,
    /// An offer.
    Offer,
    /// The answer to the offer that was pending.
    Answer,
    /// An unreliable response tells beforehand what the answer will be (RFC 3261 §13.2.1).
    Preview,
    /// The answer of this INVITE was there before; this is to be ignored (RFC 3261 §13.2.1).
    Repeated,
    /// The peer put it where it can be neither offer nor answer: it is to be ignored.
    Ignored,
    /// The message has to hold an offer and does not (RFC 3262 §5, RFC 3261 §13.2.1).
    OfferMissing,
    /// The message has to hold the answer and does not; the offer has failed.
    AnswerMissing,
}

/// Why a message may not be sent now, from the side of its sender.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Conflict {
    /// An INVITE of its sender has no final response yet (RFC 3261 §14.1, §14.2).
    InviteOfSender,
    /// An INVITE of the other end is not over (RFC 3261 §14.1, §14.2).
    InviteOfOther,
    /// An UPDATE of its sender has no final response yet (RFC 3311 §5.2).
    UpdateOfSender,
    /// It holds an offer, and an offer of its sender has no answer yet (RFC 3264 §4).
    OfferOfSender,
    /// It holds an offer, and its sender has not answered one of the other end (RFC 3264 §4).
    OfferOfOther,
    /// It holds an offer, and the first one of an INVITE without an offer is still to come (RFC 3311 §5.1).
    OfferOwed,
    /// It holds an offer, and the answer of its sender was not acknowledged yet (RFC 3311 §5.1).
    AnswerUnacknowledged,
    /// It holds a description, which would be neither offer nor answer.
    NoPlace,
}

impl fmt::Display for Conflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InviteOfSender => "an INVITE before this one has no final response yet",
            Self::InviteOfOther => "an INVITE of the other end is in progress",
            Self::UpdateOfSender => "an UPDATE before this one has no final response yet",
            Self::OfferOfSender => "an offer before this one has no answer yet",
            Self::OfferOfOther => "an offer of the other end is not answered yet",
            Self::OfferOwed => "the response to an INVITE has to make the first offer",
            Self::AnswerUnacknowledged => "the answer before this offer was not acknowledged yet",
            Self::NoPlace => "a session description can stand here neither as offer nor as answer",
        })
    }
}

impl core::error::Error for Conflict {}

/// How a request of the peer is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Refusal {
    /// 491 or 500.
    pub status: u16,
    /// Whether the response carries Retry-After with a random number of 0 to 10 seconds: see [`retry_after_s`].
    pub retry_after: bool,
    /// Why.
    pub conflict: Conflict,
}

impl Refusal {
    const fn of(conflict: Conflict) -> Self {
        let (status, retry_after) = match conflict {
            // RFC 3261 §14.2: our INVITE is in progress. RFC 3311 §5.2: our offer is.
            Conflict::InviteOfOther
            | Conflict::OfferOfOther
            | Conflict::OfferOwed
            | Conflict::AnswerUnacknowledged
            | Conflict::NoPlace => (491, false),
            // RFC 3261 §14.2, RFC 3311 §5.2: the peer did not wait for us.
            Conflict::InviteOfSender | Conflict::UpdateOfSender | Conflict::OfferOfSender => (500, true),
        };
        Self { status, retry_after, conflict }
    }
}

/// Seconds for the Retry-After of a 500: 0 to 10, all of them as likely (RFC 3261 §14.2, RFC 3311 §5.2).
#[must_use]
pub const fn retry_after_s(random: u64) -> u32 {
    (random % 11) as u32
}

impl OfferAnswer {
    /// Nothing was said yet.
    #[must_use]
    pub const fn start() -> Self {
        Self {
            established: false,
            pending: None,
            invite: None,
            our_update: None,
            peers_update: None,
            settling: false,
        }
    }

    /// Whether there was an answer in this dialog: the session is described.
    #[must_use]
    pub const fn is_established(&self) -> bool {
        self.established
    }

    /// Whose offer waits for an answer.
    #[must_use]
    pub const fn pending(&self) -> Option<Party> {
        match self.pending {
            Some(pending) => Some(pending.by),
            None => None,
        }
    }

    /// Whose INVITE is in progress: without a final response, or with a 2xx whose ACK is not there.
    #[must_use]
    pub const fn invite(&self) -> Option<Party> {
        match self.invite {
            Some(invite) => Some(invite.by),
            None => None,
        }
    }

    /// Whether we could send this request now, without sending it.
    ///
    /// # Errors
    /// What stands in its way.
    pub fn may_send(&self, method: &Method, describes: bool) -> Result<(), Conflict> {
        let mut tried = *self;
        tried.on_sent_request(method, 0, describes).map(|_| ())
    }

    /// We are about to send a request; `describes` says whether it holds a session description.
    ///
    /// # Errors
    /// [`Conflict`]; nothing has changed then.
    pub fn on_sent_request(&mut self, method: &Method, cseq: u32, describes: bool) -> Result<Role, Conflict> {
        self.on_request(Party::Us, method, cseq, describes)
    }

    /// We are about to send a response to a request of the peer. `reliable` is of use for 101 to 199 to an INVITE only.
    ///
    /// What the response should hold and does not is told as [`Role::OfferMissing`] or [`Role::AnswerMissing`]; whether it
    /// leaves all the same is for the owner to say.
    ///
    /// # Errors
    /// [`Conflict`]; nothing has changed then.
    pub fn on_sent_response(
        &mut self,
        method: &Method,
        cseq: u32,
        status: u16,
        reliable: bool,
        describes: bool,
    ) -> Result<Role, Conflict> {
        let delivery = Delivered { by: Party::Us, cseq, status, reliable, describes };
        self.on_response(method, delivery)
    }

    /// The peer's request has come, in the order of its CSeq.
    ///
    /// # Errors
    /// How it is to be refused; nothing has changed then.
    pub fn on_received_request(
        &mut self,
        method: &Method,
        cseq: u32,
        describes: bool,
    ) -> Result<Role, Refusal> {
        match self.on_request(Party::Peer, method, cseq, describes) {
            Ok(role) => Ok(role),
            // An ACK is never refused, and what has no place is no offer.
            Err(Conflict::NoPlace) => Ok(Role::Ignored),
            Err(
                conflict @ (Conflict::InviteOfSender
                | Conflict::InviteOfOther
                | Conflict::UpdateOfSender
                | Conflict::OfferOfSender
                | Conflict::OfferOfOther
                | Conflict::OfferOwed
                | Conflict::AnswerUnacknowledged),
            ) => Err(Refusal::of(conflict)),
        }
    }

    /// The peer's response to a request of ours has come; a request that got none is told as 408.
    pub fn on_received_response(
        &mut self,
        method: &Method,
        cseq: u32,
        status: u16,
        reliable: bool,
        describes: bool,
    ) -> Role {
        let delivery = Delivered { by: Party::Peer, cseq, status, reliable, describes };
        self.on_response(method, delivery).unwrap_or(Role::Ignored)
    }

    /// The ACK of a 2xx of ours is not waited for any more (RFC 3261 §13.3.1.4).
    pub fn on_no_ack(&mut self) {
        if self.invite.is_some_and(|invite| invite.phase == Phase::Accepted) {
            self.invite = None;
        }
        if self.pending.is_some_and(|pending| pending.carrier == Carrier::Success) {
            self.pending = None;
        }
    }
}

/// A response and who sends it.
#[derive(Clone, Copy, Debug)]
struct Delivered {
    by: Party,
    cseq: u32,
    status: u16,
    reliable: bool,
    describes: bool,
}

#[cfg(test)]
mod tests;
