//! Event and Subscription-State as they stand in a message (RFC 6665 §8.2).

use crate::header::is_token;
use crate::octets::find;
use crate::session_timer::delta_seconds;
use crate::uri::Params;
use bytes::Bytes;
use core::fmt;
use serde::{Deserialize, Serialize};

/// An Event value: package and parameters, as slices of the text (RFC 6665 §8.2.1).
#[derive(Clone, Copy, Debug)]
pub struct Event<'a> {
    package: &'a [u8],
    params: &'a [u8],
}

impl<'a> Event<'a> {
    /// Reads a value; `None` when the package is no token.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let end = find(b';', value).unwrap_or(value.len());
        let package = value[..end].trim_ascii();
        is_token(package).then_some(Self { package, params: &value[end..] })
    }

    /// The package with its templates, such as `presence` or `presence.winfo`.
    #[must_use]
    pub const fn package(&self) -> &'a [u8] {
        self.package
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params::of(self.params)
    }

    /// The `id` by which subscriptions in one dialog are told apart.
    #[must_use]
    pub fn id(&self) -> Option<&'a [u8]> {
        self.params().named(b"id")?.value
    }

    /// Whether two values name the same subscription of a dialog: package and id octet for octet, no other parameter;
    /// one with an id is never one without (RFC 6665 §8.2.1).
    #[must_use]
    pub fn matches(&self, other: &Event<'_>) -> bool {
        self.package == other.package && self.id() == other.id()
    }

    /// What has to be kept to match later values.
    #[must_use]
    pub fn to_id(&self) -> EventId {
        EventId { package: Bytes::copy_from_slice(self.package), id: self.id().map(Bytes::copy_from_slice) }
    }
}

/// What tells a subscription from the others of its dialog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId {
    /// The package with its templates.
    pub package: Bytes,
    /// The `id` parameter.
    pub id: Option<Bytes>,
}

impl EventId {
    /// Whether a value belongs to this subscription (RFC 6665 §8.2.1).
    #[must_use]
    pub fn matches(&self, event: &Event<'_>) -> bool {
        self.package == event.package() && self.id.as_deref() == event.id()
    }

    /// The Event value of our requests: with the id that the subscription was made with (RFC 6665 §4.5.2).
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        match &self.id {
            Some(id) => [&self.package, &b";id="[..], id].concat(),
            None => self.package.to_vec(),
        }
    }
}

/// The state that a NOTIFY tells (RFC 6665 §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Substate {
    /// Accepted.
    Active,
    /// Waits for somebody to decide.
    Pending,
    /// Over.
    Terminated,
    /// A state of some later RFC: nothing changes.
    Other,
}

/// Why a subscription is over (RFC 6665 §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reason {
    /// `deactivated`: subscribe again at once.
    Deactivated,
    /// `probation`: subscribe again later.
    Probation,
    /// `rejected`: do not subscribe again.
    Rejected,
    /// `timeout`: it was not refreshed.
    Timeout,
    /// `giveup`: nobody has decided in time.
    GiveUp,
    /// `noresource`: there is nothing to watch any more.
    NoResource,
    /// `invariant`: it will not change.
    Invariant,
    /// A reason of some later RFC.
    Other,
}

impl Reason {
    const KNOWN: [Self; 7] = [
        Self::Deactivated,
        Self::Probation,
        Self::Rejected,
        Self::Timeout,
        Self::GiveUp,
        Self::NoResource,
        Self::Invariant,
    ];

    /// As it stands in a message; empty for one that is not known.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deactivated => "deactivated",
            Self::Probation => "probation",
            Self::Rejected => "rejected",
            Self::Timeout => "timeout",
            Self::GiveUp => "giveup",
            Self::NoResource => "noresource",
            Self::Invariant => "invariant",
            Self::Other => "",
        }
    }

    fn of(value: &[u8]) -> Self {
        let is = |known: &Self| value.eq_ignore_ascii_case(known.as_str().as_bytes());
        Self::KNOWN.into_iter().find(is).unwrap_or(Self::Other)
    }
}

/// A Subscription-State value (RFC 6665 §8.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SubscriptionState {
    /// The state.
    pub state: Substate,
    /// How long the subscription still lasts, in seconds.
    pub expires_s: Option<u32>,
    /// Why it is over.
    pub reason: Option<Reason>,
    /// How long to wait before subscribing again, in seconds.
    pub retry_after_s: Option<u32>,
}

impl SubscriptionState {
    /// Reads a value; `None` when the state is no token. Numbers that cannot be read count as absent.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let end = find(b';', value).unwrap_or(value.len());
        let word = value[..end].trim_ascii();
        let params = Params::of(&value[end..]);
        let seconds = |name: &[u8]| delta_seconds(params.named(name)?.value?).map(|(seconds, _)| seconds);
        let state = match word {
            word if word.eq_ignore_ascii_case(b"active") => Substate::Active,
            word if word.eq_ignore_ascii_case(b"pending") => Substate::Pending,
            word if word.eq_ignore_ascii_case(b"terminated") => Substate::Terminated,
            word if is_token(word) => Substate::Other,
            _ => return None,
        };
        Some(Self {
            state,
            expires_s: seconds(b"expires"),
            reason: params.named(b"reason").map(|reason| Reason::of(reason.value.unwrap_or_default())),
            retry_after_s: seconds(b"retry-after"),
        })
    }
}

impl fmt::Display for SubscriptionState {
    /// The value of a NOTIFY of ours. A state or reason that is not known cannot be written: it becomes `pending`, or is
    /// left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.state {
            Substate::Active => "active",
            Substate::Pending | Substate::Other => "pending",
            Substate::Terminated => "terminated",
        })?;
        if let Some(expires_s) = self.expires_s {
            write!(f, ";expires={expires_s}")?;
        }
        if let Some(reason) = self.reason.filter(|reason| *reason != Reason::Other) {
            write!(f, ";reason={}", reason.as_str())?;
        }
        if let Some(retry_after_s) = self.retry_after_s {
            write!(f, ";retry-after={retry_after_s}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
