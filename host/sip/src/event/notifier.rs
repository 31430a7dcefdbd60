//! The notifier's end of a subscription (RFC 6665 §4.2).

use super::{Reason, SubscriptionState, Substate, ends_subscription};
use crate::message::{Malformed, Message};
use crate::time::{Duration, Time};
use crate::transaction::{Deadline, clamp};
use serde::{Deserialize, Serialize};

/// How long subscriptions may last, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotifierConfig {
    /// For a SUBSCRIBE without Expires: what the package says.
    pub default_s: u32,
    /// The shortest one; what is an hour or more is never too short (RFC 6665 §4.2.1.1).
    pub min_s: u32,
    /// The longest one.
    pub max_s: u32,
}

/// How a SUBSCRIBE is answered, as far as its headers tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubscribeVerdict {
    /// With 489, and Allow-Events with the packages that are there.
    BadEvent,
    /// With 423 and this Min-Expires, in seconds.
    TooBrief {
        /// Seconds.
        min_expires_s: u32,
    },
    /// With a 2xx that has this Expires, if the subscriber may have it; 0 to fetch the state or to end the subscription.
    Accept {
        /// Seconds.
        expires_s: u32,
    },
}

/// Judges a SUBSCRIBE; `packages` are those that we notify of.
///
/// # Errors
/// [`Malformed`] when Event or Expires cannot be read or stand there twice; the SUBSCRIBE is answered with 400 then.
pub fn judge_subscribe(
    request: &Message,
    packages: &[&str],
    config: &NotifierConfig,
) -> Result<SubscribeVerdict, Malformed> {
    let expires_s = request.expires()?;
    // RFC 6665 §4.2.1.1: the package has to be understood; packages are compared octet for octet.
    let Some(event) = request.event()? else { return Ok(SubscribeVerdict::BadEvent) };
    if !packages.iter().any(|package| package.as_bytes() == event.package()) {
        return Ok(SubscribeVerdict::BadEvent);
    }
    let wanted_s = expires_s.unwrap_or(config.default_s);
    // RFC 6665 §4.2.1.1: above zero, below an hour, and below the minimum.
    if (1..3600).contains(&wanted_s) && wanted_s < config.min_s {
        return Ok(SubscribeVerdict::TooBrief { min_expires_s: config.min_s });
    }
    // RFC 6665 §4.2.1.1: shorter, never longer.
    Ok(SubscribeVerdict::Accept { expires_s: wanted_s.min(config.max_s) })
}

/// One subscription at its notifier.
///
/// ```text
///                      | SUBSCRIBE: 2xx, NOTIFY
///                      V
///               +-------------+  NOTIFY failed: none
///          +----|  resp_wait  |  expiry, end: NOTIFY ----+
///          |    +-------------+                          |
///    grant |           | pend                            V
///          |           V                          +------------+  NOTIFY sent,
///          |      +---------+  the same           | terminated |  answered: over
///          |      | pending |-------------------->+------------+
///          |      +---------+                            A
///          |           | grant                           |
///          |           V                                 |
///          |      +--------+  the same                   |
///          +----->| active |-----------------------------+
///                 +--------+
/// ```
/// After each 2xx to a SUBSCRIBE, and after each change of the state, a NOTIFY is owed (RFC 6665 §4.2.2):
/// [`Notifier::owes_notify`] says so until it is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notifier {
    state: State,
    expires_at: Time,
    owes: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    RespWait,
    Pending,
    Active,
    Terminated { reason: Reason, retry_after_s: Option<u32> },
    Over,
}

/// The states of RFC 6665 §4.2.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotifierState {
    /// Nobody has said yet whether the subscriber may see the state.
    RespWait,
    /// Somebody has to be asked.
    Pending,
    /// The subscriber may see the state.
    Active,
    /// It has ended; its last NOTIFY is due or under way.
    Terminated,
    /// Over.
    Over,
}

/// What the owner of a [`Notifier`] has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NotifierAction {
    /// Nothing.
    Nothing,
    /// Send a NOTIFY with [`Notifier::told`], and tell [`Notifier::on_notify_sent`].
    Notify,
    /// The subscription is over, without another NOTIFY.
    Over,
}

impl Notifier {
    /// The subscription of a SUBSCRIBE that was answered with a 2xx and this Expires; with 0 it only fetches the state.
    #[must_use]
    pub fn start(expires_s: u32, now: Time) -> Self {
        let mut notifier = Self { state: State::RespWait, expires_at: now, owes: false };
        notifier.on_subscribe(expires_s, now);
        notifier
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> NotifierState {
        match self.state {
            State::RespWait => NotifierState::RespWait,
            State::Pending => NotifierState::Pending,
            State::Active => NotifierState::Active,
            State::Terminated { .. } => NotifierState::Terminated,
            State::Over => NotifierState::Over,
        }
    }

    /// Whether nothing more is to be done.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Over)
    }

    /// Whether a SUBSCRIBE may still refresh it; else that one gets 481.
    #[must_use]
    pub const fn takes_refresh(&self) -> bool {
        matches!(self.state, State::RespWait | State::Pending | State::Active)
    }

    /// Whether a NOTIFY has to be sent at once.
    #[must_use]
    pub const fn owes_notify(&self) -> bool {
        self.owes
    }

    /// When it ends unless it is refreshed.
    #[must_use]
    pub const fn expires_at(&self) -> Time {
        self.expires_at
    }

    /// A SUBSCRIBE in the dialog was answered with a 2xx and this Expires: a refresh, or with 0 the end (RFC 6665 §4.2.1.4).
    pub fn on_subscribe(&mut self, expires_s: u32, now: Time) -> NotifierAction {
        match (&self.state, expires_s) {
            (State::Terminated { .. } | State::Over, _) => return NotifierAction::Nothing,
            // RFC 6665 §4.2.1.4, §4.4.3: the last NOTIFY says timeout.
            (State::RespWait | State::Pending | State::Active, 0) => {
                self.state = State::Terminated { reason: Reason::Timeout, retry_after_s: None };
                self.expires_at = now;
            }
            (State::RespWait | State::Pending | State::Active, 1..) => {
                self.expires_at = now + Duration::from_secs(u64::from(expires_s));
            }
        }
        // RFC 6665 §4.2.2: a NOTIFY at once, whatever was decided.
        self.notify()
    }

    /// The subscriber may see the state.
    pub fn grant(&mut self) -> NotifierAction {
        match self.state {
            State::RespWait | State::Pending => {
                self.state = State::Active;
                self.notify()
            }
            State::Active | State::Terminated { .. } | State::Over => NotifierAction::Nothing,
        }
    }

    /// Somebody has to be asked first.
    pub fn pend(&mut self) -> NotifierAction {
        match self.state {
            State::RespWait => {
                self.state = State::Pending;
                self.notify()
            }
            State::Pending | State::Active | State::Terminated { .. } | State::Over => {
                NotifierAction::Nothing
            }
        }
    }

    /// The watched state has changed: only who may see it is told.
    pub fn on_change(&mut self) -> NotifierAction {
        match self.state {
            State::Active => self.notify(),
            State::RespWait | State::Pending | State::Terminated { .. } | State::Over => {
                NotifierAction::Nothing
            }
        }
    }

    /// The subscription ends, for this reason.
    pub fn terminate(&mut self, reason: Reason, retry_after_s: Option<u32>) -> NotifierAction {
        match self.state {
            State::RespWait | State::Pending | State::Active => {
                self.state = State::Terminated { reason, retry_after_s };
                self.notify()
            }
            State::Terminated { .. } | State::Over => NotifierAction::Nothing,
        }
    }

    /// Makes the rest of the time shorter; a longer one changes nothing (RFC 6665 §4.2.2).
    pub fn shorten(&mut self, expires_s: u32, now: Time) {
        self.expires_at = self.expires_at.min(now + Duration::from_secs(u64::from(expires_s)));
    }

    /// Subscription-State of a NOTIFY that is sent now.
    #[must_use]
    pub fn told(&self, now: Time) -> SubscriptionState {
        let left = u32::try_from(self.expires_at.since(now).as_secs()).unwrap_or(u32::MAX);
        let live =
            |state| SubscriptionState { state, expires_s: Some(left), reason: None, retry_after_s: None };
        match self.state {
            // RFC 6665 §4.2.2: beside active and pending stands how long it still lasts.
            State::Active => live(Substate::Active),
            State::RespWait | State::Pending => live(Substate::Pending),
            // RFC 6665 §4.1.3: beside terminated it does not; a reason does.
            State::Terminated { reason, retry_after_s } => SubscriptionState {
                state: Substate::Terminated,
                expires_s: None,
                reason: Some(reason),
                retry_after_s,
            },
            State::Over => SubscriptionState {
                state: Substate::Terminated,
                expires_s: None,
                reason: Some(Reason::NoResource),
                retry_after_s: None,
            },
        }
    }

    /// A NOTIFY with [`Notifier::told`] has left.
    pub fn on_notify_sent(&mut self) {
        self.owes = false;
    }

    /// The final response to a NOTIFY has come; one that got none is told as 408.
    pub fn on_notify_response(&mut self, status: u16) -> NotifierAction {
        let is_last = matches!(self.state, State::Terminated { .. }) && !self.owes;
        match status {
            ..=199 => NotifierAction::Nothing,
            // RFC 6665 §4.2.2: the subscriber is gone, or knows of no subscription; §4.4.1: or the last NOTIFY is through.
            200.. if status == 408 || ends_subscription(status) || is_last => self.end(),
            200.. => NotifierAction::Nothing,
        }
    }

    /// The dialog is gone, and the subscription with it.
    pub fn end(&mut self) -> NotifierAction {
        if self.is_over() {
            return NotifierAction::Nothing;
        }
        self.state = State::Over;
        self.owes = false;
        NotifierAction::Over
    }

    /// When [`Notifier::on_deadline`] is due.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Deadline> {
        match self.state {
            State::RespWait | State::Pending | State::Active => Some(Deadline::due(self.expires_at)),
            State::Terminated { .. } | State::Over => None,
        }
    }

    /// The deadline has come: a subscription that was not refreshed ends with a NOTIFY (RFC 6665 §4.2.1.4).
    pub fn on_deadline(&mut self, now: Time) -> NotifierAction {
        if self.takes_refresh() && self.expires_at <= now {
            return self.terminate(Reason::Timeout, None);
        }
        NotifierAction::Nothing
    }

    /// Shortens a life that is longer than any can be: for a snapshot that was written by a machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, config: &NotifierConfig) {
        clamp(&mut self.expires_at, now, Duration::from_secs(u64::from(config.max_s)));
    }

    fn notify(&mut self) -> NotifierAction {
        self.owes = true;
        NotifierAction::Notify
    }
}

#[cfg(test)]
mod tests;
