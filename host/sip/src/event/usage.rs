//! What lives in a dialog, and when it ends (RFC 6665 §4.5.2, RFC 5057).

use super::{Event, EventId};
use crate::method::Method;
use crate::offer::Party;
use serde::{Deserialize, Serialize};

/// How many usages one dialog may have.
const USAGES_MAX: usize = 32;

/// Something that keeps a dialog alive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Usage {
    /// A session, begun by INVITE and ended by BYE.
    Session,
    /// A subscription.
    Subscription {
        /// Which one.
        event: EventId,
        /// Who is told of the state.
        subscriber: Party,
    },
}

/// All usages of one dialog: it ends with the last one, and a BYE need not end it (RFC 6665 §4.5.2).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usages {
    all: Vec<Usage>,
}

impl Usages {
    /// Adds a usage; `false` when the dialog has too many already. One that is there is not added again.
    pub fn add(&mut self, usage: Usage) -> bool {
        if self.all.contains(&usage) {
            return true;
        }
        if self.all.len() >= USAGES_MAX {
            return false;
        }
        self.all.push(usage);
        true
    }

    /// Takes a usage away; whether it was there.
    pub fn remove(&mut self, usage: &Usage) -> bool {
        let before = self.all.len();
        self.all.retain(|kept| kept != usage);
        self.all.len() < before
    }

    /// All usages, in the order in which they began.
    #[must_use]
    pub fn all(&self) -> &[Usage] {
        &self.all
    }

    /// The subscription with that Event value whose subscriber is that end; `None`: a NOTIFY gets 481, a SUBSCRIBE asks for
    /// a new subscription (RFC 6665 §4.1.3, §4.5.2).
    #[must_use]
    pub fn subscription(&self, event: &Event<'_>, of: Party) -> Option<&EventId> {
        self.all.iter().find_map(|usage| match usage {
            Usage::Subscription { event: known, subscriber } if *subscriber == of && known.matches(event) => {
                Some(known)
            }
            Usage::Subscription { .. } | Usage::Session => None,
        })
    }

    /// Whether nothing lives in the dialog any more: it ends.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.all.is_empty()
    }
}

/// How far a failure reaches that a request in a dialog has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FailureEffect {
    /// Only the request has failed.
    Request,
    /// The usage is over that the request belongs to: the session, or one subscription.
    Usage,
    /// The dialog is over, with all that lives in it.
    Dialog,
}

/// How far a failure status reaches (RFC 5057 §5.1, RFC 3261 §12.2.1.2, RFC 6665 §4.1.2.2, §4.2.2); a request that got no
/// response is told as 408.
#[must_use]
pub const fn failure_effect(method: &Method, status: u16) -> FailureEffect {
    let is_subscription = matches!(method, Method::Subscribe | Method::Notify);
    match status {
        // The far end cannot be reached by the target and routes of the dialog: no usage can.
        404 | 410 | 416 | 482..=485 | 502 | 604 => FailureEffect::Dialog,
        // RFC 3261 §12.2.1.2: there is no such call there, or nobody answers.
        408 | 481 => FailureEffect::Usage,
        // It is not there for this usage, or the usage needs a method that is not known there.
        480 | 405 | 489 | 501 if is_subscription => FailureEffect::Usage,
        480 | 501 if matches!(method, Method::Invite | Method::Bye) => FailureEffect::Usage,
        _ => FailureEffect::Request,
    }
}

#[cfg(test)]
mod tests;
