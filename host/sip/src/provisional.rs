//! Reliable provisional responses: the option tag `100rel` and PRACK (RFC 3262).
//!
//! [`ProvisionalServer`] stands beside the server transaction of an INVITE: it numbers the reliable responses, repeats
//! the one that waits for its PRACK, and holds a 2xx back that must not overtake a session description.
//! [`ProvisionalClient`] stands beside the client transaction of an INVITE: it says which response is new, and what PRACK
//! acknowledges it. [`Support`] tells what the client of an INVITE permits, and with it how a response is to be sent.
//!
//! Deliberately not here: messages (the owner builds every response and PRACK), the dialog that a PRACK is found by, and
//! offers and answers (see [`crate::offer`]).

mod client;
mod rack;
mod server;
mod support;

pub use client::{PROVISIONAL_FORKS_MAX, ProvisionalAction, ProvisionalClient};
pub use rack::RAck;
pub(crate) use rack::rseq as rseq_number;
pub use server::{
    PROVISIONAL_QUEUE_MAX, ProvisionalServer, ProvisionalServerState, ServerAction, ServerEvent,
};
pub use support::{Delivery, Support, early_dialog_terminated};

use core::fmt;

/// The option tag of this extension.
pub const OPTION_TAG: &str = "100rel";

/// A response that a [`ProvisionalServer`] does not take from its user. The machine is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misuse {
    /// Only 101 to 199 are sent reliably (RFC 3262 §3).
    NotProvisional,
    /// The client supports no reliable provisional responses (RFC 3262 §3).
    NotSupported,
    /// A final response was given before (RFC 3262 §3).
    FinalAlreadySent,
    /// The status is none of a final response.
    NotFinal,
    /// The response does not carry the number that is next ([`ProvisionalServer::next_rseq`]).
    WrongNumber,
    /// The numbers are used up; they must not begin anew (RFC 3262 §3).
    NumbersExhausted,
    /// [`PROVISIONAL_QUEUE_MAX`] responses wait for the PRACK of the one before them.
    QueueFull,
    /// A response was not acknowledged in time: the INVITE takes nothing but its refusal any more (RFC 3262 §3).
    NotAcknowledged,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotProvisional => "only a response from 101 to 199 is sent reliably",
            Self::NotSupported => "the client supports no reliable provisional responses",
            Self::FinalAlreadySent => "a final response was already sent",
            Self::NotFinal => "the status is none of a final response",
            Self::WrongNumber => "the response does not carry the RSeq number that is next",
            Self::NumbersExhausted => "the RSeq numbers are used up",
            Self::QueueFull => "too many reliable responses wait for a PRACK",
            Self::NotAcknowledged => "a reliable response was never acknowledged",
        })
    }
}

impl core::error::Error for Misuse {}
