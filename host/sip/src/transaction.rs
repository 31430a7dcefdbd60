//! The four transaction machines of RFC 3261 §17, with RFC 6026 and RFC 4320, and the keys that find them.
//!
//! A machine is a value: events and the time come in, one action comes out. It holds the bytes that it may have to send
//! again and its own deadlines as absolute times, nothing else, so that a step can clone it and a snapshot can hold it.
//! After each event the owner looks at `is_terminated()` and drops the machine when it is.
//!
//! Deliberately not here: messages (the owner builds every response, request and ACK), tables, sockets, the
//! retransmission of a 2xx (see [`crate::dialog::AcceptRetransmit`]) and 100rel.
//!
//! Rules for all machines: an event that an RFC figure does not name in a state does nothing; a deadline given early
//! does nothing; a deadline given late acts once and never in a burst; a terminated machine has no deadline.

mod invite_client;
mod invite_server;
mod key;
mod non_invite_client;
mod non_invite_server;
mod timers;

pub use invite_client::{InviteClient, InviteClientAction, InviteClientEvent, InviteClientState};
pub use invite_server::{InviteServer, InviteServerAction, InviteServerEvent, InviteServerState};
pub use key::{HashKey, MergeKey, ServerKey};
pub use non_invite_client::{
    NonInviteClient, NonInviteClientAction, NonInviteClientEvent, NonInviteClientState,
};
pub use non_invite_server::{
    NonInviteServer, NonInviteServerAction, NonInviteServerEvent, NonInviteServerState,
};
pub(crate) use timers::clamp;
pub use timers::{Deadline, Reliability, TimerConfig};

use core::fmt;

/// A response that a server transaction does not take from its transaction user. The machine is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misuse {
    /// A final response was given before (RFC 3261 §17.2.1, §17.2.2).
    FinalAlreadySent,
    /// The transaction has ended; nobody waits for a response any more.
    Terminated,
    /// The status is not one of 100 to 699.
    NoSuchStatus,
    /// A non-INVITE request takes no provisional response but 100 (RFC 4320 §4.1).
    ProvisionalToNonInvite,
    /// A 100 to a non-INVITE request over an unreliable transport before Timer E of the client has reached T2
    /// (RFC 4320 §4.1): it would only slow the client's retransmissions down.
    TryingTooEarly,
    /// A 408 to a non-INVITE request (RFC 4320 §4.2): it would arrive after the client has given up.
    TimeoutToNonInvite,
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::FinalAlreadySent => "a final response was already sent",
            Self::Terminated => "the transaction has ended",
            Self::NoSuchStatus => "the status is not one of 100 to 699",
            Self::ProvisionalToNonInvite => "a non-INVITE request takes no provisional response but 100",
            Self::TryingTooEarly => {
                "a 100 to a non-INVITE request came too early for an unreliable transport"
            }
            Self::TimeoutToNonInvite => "a non-INVITE request is never answered with 408",
        })
    }
}

impl core::error::Error for Misuse {}

/// What a status means to a transaction machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StatusClass {
    /// 100.
    Trying,
    /// 101 to 199.
    Provisional,
    /// 200 to 299.
    Success,
    /// 300 to 699.
    Failure,
}

impl StatusClass {
    /// `None` for a number that is no SIP status.
    const fn of(status: u16) -> Option<Self> {
        match status {
            100 => Some(Self::Trying),
            101..=199 => Some(Self::Provisional),
            200..=299 => Some(Self::Success),
            300..=699 => Some(Self::Failure),
            0..=99 | 700..=u16::MAX => None,
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
