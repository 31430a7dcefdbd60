//! The subscriber's end of a subscription (RFC 6665 §4.1).

use super::{Reason, SubscriptionState, Substate, ends_subscription};
use crate::time::{Duration, Time};
use crate::transaction::{Deadline, TimerConfig, clamp};
use serde::{Deserialize, Serialize};

/// The wait before subscribing again where `probation` tells none, in seconds.
const PROBATION_S: u32 = 300;

/// The shortest pause before a refresh that failed is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// The shortest time from a NOTIFY or 2xx to the next refresh.
const REFRESH_PAUSE: Duration = Duration::from_secs(1);

/// One subscription at its subscriber, or the attempt to make one.
///
/// ```text
///                      | SUBSCRIBE sent: timer N
///                      V
///              +---------------+  timer N, failure or
///         +----|  notify_wait  |  NOTIFY terminated -----+
///         |    +---------------+                         |
///  NOTIFY |            | NOTIFY pending                  |
///  active |            V                                 |
///         |        +---------+  NOTIFY terminated,       V
///         |        | pending |  481 etc. to refresh,  +------------+  retry-after:
///         |        +---------+  timer N, expiry ----->| terminated |  subscribe anew
///         |            | NOTIFY active                +------------+----------------->
///         |            V                                 A
///         |        +--------+  the same                  |
///         +------->| active |----------------------------+
///                  +--------+
/// ```
/// A SUBSCRIBE that forks makes several subscriptions: for a NOTIFY of another dialog the owner takes
/// [`Subscriber::fork`] until timer N has run out, and answers 481 from then on (RFC 6665 §4.1.2.4). The dialog is made by the
/// NOTIFY and not by the 2xx (§4.4.1): see [`Dialog::by_notify`](crate::dialog::Dialog::by_notify).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscriber {
    state: State,
    /// What the last SUBSCRIBE asked for.
    wanted_s: u32,
    /// Until then a NOTIFY of another dialog belongs to the first SUBSCRIBE.
    forks_until: Time,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    NotifyWait {
        n_at: Time,
        expires_at: Option<Time>,
    },
    Live {
        is_active: bool,
        expires_at: Time,
        refresh_at: Option<Time>,
        n_at: Option<Time>,
        unsubscribing: bool,
    },
    Terminated {
        retry_at: Option<Time>,
    },
}

/// The states of RFC 6665 §4.1.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriberState {
    /// No NOTIFY has come yet.
    NotifyWait,
    /// Nobody has decided yet.
    Pending,
    /// Accepted.
    Active,
    /// Over.
    Terminated,
}

/// Whether and when to subscribe again (RFC 6665 §4.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Retry {
    /// At once: the notifier asks for it, or does not mind.
    Now,
    /// Not before so many seconds.
    After(u32),
    /// Not at all.
    Never,
}

impl Retry {
    /// What a NOTIFY with `terminated` asks for.
    #[must_use]
    pub const fn of(state: &SubscriptionState) -> Self {
        match (state.reason, state.retry_after_s) {
            // retry-after has no meaning for these.
            (Some(Reason::Deactivated | Reason::Timeout), _) => Self::Now,
            (Some(Reason::Rejected | Reason::NoResource | Reason::Invariant), _) => Self::Never,
            (Some(Reason::Probation | Reason::GiveUp | Reason::Other) | None, Some(seconds)) => {
                Self::After(seconds)
            }
            (Some(Reason::Probation), None) => Self::After(PROBATION_S),
            (Some(Reason::GiveUp | Reason::Other) | None, None) => Self::Now,
        }
    }
}

/// How a subscription ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ended {
    /// A NOTIFY said so.
    Notified(Retry),
    /// The SUBSCRIBE, or its refresh, was refused with this status.
    Refused(u16),
    /// Timer N: no NOTIFY came.
    NoNotify,
    /// It was not refreshed in time, or its end was confirmed by a 204.
    Expired,
}

/// What the owner of a [`Subscriber`] has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SubscriberAction {
    /// Nothing.
    Nothing,
    /// The subscription is there now, or its state has changed: [`Subscriber::state`].
    Changed,
    /// Send a SUBSCRIBE in the dialog, and tell [`Subscriber::on_subscribe_sent`].
    Refresh,
    /// It is over.
    Ended(Ended),
    /// Subscribe anew, with a new Call-ID: the time has come that the notifier asked for.
    SubscribeAnew,
}

impl Subscriber {
    /// A SUBSCRIBE outside a dialog, or the first of a package inside one, has just left, asking for so many seconds; 0 to
    /// fetch the state once (RFC 6665 §4.4.3).
    #[must_use]
    pub fn start(expires_s: u32, now: Time, timers: &TimerConfig) -> Self {
        let n_at = now + timers.timeout();
        Self { state: State::NotifyWait { n_at, expires_at: None }, wanted_s: expires_s, forks_until: n_at }
    }

    /// The subscription that the NOTIFY of another dialog makes, to which it is then given; `None` when timer N has run
    /// out: then the NOTIFY gets 481 (RFC 6665 §4.1.2.4).
    #[must_use]
    pub fn fork(&self, now: Time) -> Option<Self> {
        (now < self.forks_until).then_some(Self {
            state: State::NotifyWait { n_at: self.forks_until, expires_at: None },
            ..*self
        })
    }

    /// The state of the figure.
    #[must_use]
    pub const fn state(&self) -> SubscriberState {
        match self.state {
            State::NotifyWait { .. } => SubscriberState::NotifyWait,
            State::Live { is_active: false, .. } => SubscriberState::Pending,
            State::Live { is_active: true, .. } => SubscriberState::Active,
            State::Terminated { .. } => SubscriberState::Terminated,
        }
    }

    /// Whether it is over and waits for nothing.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.state, State::Terminated { retry_at: None })
    }

    /// When it ends unless it is refreshed; `None` before the first NOTIFY.
    #[must_use]
    pub const fn expires_at(&self) -> Option<Time> {
        match self.state {
            State::Live { expires_at, .. } => Some(expires_at),
            State::NotifyWait { .. } | State::Terminated { .. } => None,
        }
    }

    /// A SUBSCRIBE has left in the dialog: a refresh, or with 0 the end of the subscription (RFC 6665 §4.1.2.2, §4.1.2.3).
    pub fn on_subscribe_sent(&mut self, expires_s: u32, now: Time, timers: &TimerConfig) {
        match &mut self.state {
            State::Live { refresh_at, n_at, unsubscribing, .. } => {
                // RFC 6665 §4.1.2.2: timer N runs for each SUBSCRIBE.
                *n_at = Some(now + timers.timeout());
                *refresh_at = None;
                *unsubscribing = expires_s == 0;
                if expires_s > 0 {
                    self.wanted_s = expires_s;
                }
            }
            State::NotifyWait { .. } | State::Terminated { .. } => {}
        }
    }

    /// The final response to a SUBSCRIBE has come; one that got none is told as 408. Challenges that are answered, and
    /// redirections that are followed, are not told: only what the last request got.
    pub fn on_response(
        &mut self,
        status: u16,
        expires_s: Option<u32>,
        now: Time,
        timers: &TimerConfig,
    ) -> SubscriberAction {
        match status {
            ..=199 => SubscriberAction::Nothing,
            200..=299 => self.on_success(status, expires_s, now, timers),
            300.. => self.on_failure(status, now),
        }
    }

    fn on_success(
        &mut self,
        status: u16,
        expires_s: Option<u32>,
        now: Time,
        timers: &TimerConfig,
    ) -> SubscriberAction {
        // RFC 6665 §4.1.2.1: it may be shorter than what was asked for, and cannot be longer.
        let granted_s = expires_s.unwrap_or(self.wanted_s).min(self.wanted_s);
        let until = now + Duration::from_secs(u64::from(granted_s));
        match &mut self.state {
            State::NotifyWait { expires_at, .. } => *expires_at = Some(until),
            State::Live { expires_at, refresh_at, n_at, unsubscribing: false, .. } => {
                *expires_at = until;
                *refresh_at = refresh_before(until, now, timers);
                // RFC 6665 §4.1.2.2: a 204 says that no NOTIFY comes.
                if status == 204 {
                    *n_at = None;
                }
            }
            State::Live { unsubscribing: true, .. } if status == 204 => {
                return self.end(Ended::Expired, None);
            }
            // Its end is the NOTIFY with `terminated`, or timer N.
            State::Live { unsubscribing: true, .. } | State::Terminated { .. } => {}
        }
        SubscriberAction::Nothing
    }

    fn on_failure(&mut self, status: u16, now: Time) -> SubscriberAction {
        match &mut self.state {
            // RFC 6665 §4.1.2.1: no subscription was made.
            State::NotifyWait { .. } => self.end(Ended::Refused(status), None),
            // RFC 6665 §4.1.2.2: these say that there is none any more.
            State::Live { .. } if ends_subscription(status) => self.end(Ended::Refused(status), None),
            // RFC 6665 §4.1.2.2: after another failure it lasts as long as was known. Timer N goes on where nothing came.
            State::Live { expires_at, refresh_at, n_at, unsubscribing: false, .. } => {
                if status != 408 {
                    *n_at = None;
                }
                let left = u64::try_from(expires_at.since(now).as_micros() / 2).unwrap_or(u64::MAX);
                let again_at = now + Duration::from_micros(left).max(RETRY_PAUSE);
                *refresh_at = (again_at < *expires_at).then_some(again_at);
                SubscriberAction::Nothing
            }
            State::Live { unsubscribing: true, .. } | State::Terminated { .. } => SubscriberAction::Nothing,
        }
    }

    /// A NOTIFY has come in the dialog, for this subscription. It is answered with 200 whatever comes of it.
    pub fn on_notify(
        &mut self,
        told: &SubscriptionState,
        now: Time,
        timers: &TimerConfig,
    ) -> SubscriberAction {
        let wants_active = match told.state {
            Substate::Active => true,
            Substate::Pending => false,
            // RFC 6665 §4.1.3: it is over; an expires beside it means nothing.
            Substate::Terminated => return self.on_notify_terminated(told, now),
            // It is a NOTIFY all the same, and so ends the wait for one.
            Substate::Other => self.state() == SubscriberState::Active,
        };
        let longest = now + Duration::from_secs(u64::from(self.wanted_s));
        // RFC 6665 §4.1.3: expires is the duration that counts; §4.2.2: it makes none longer than was asked for.
        let until = |known: Time| {
            told.expires_s
                .map_or(known, |seconds| now + Duration::from_secs(u64::from(seconds)).min(longest - now))
        };
        match &mut self.state {
            State::NotifyWait { expires_at, .. } => {
                let expires_at = until(expires_at.unwrap_or(longest));
                self.state = State::Live {
                    is_active: wants_active,
                    expires_at,
                    refresh_at: refresh_before(expires_at, now, timers),
                    n_at: None,
                    unsubscribing: false,
                };
                SubscriberAction::Changed
            }
            State::Live { is_active, expires_at, refresh_at, n_at, unsubscribing } => {
                // One that crosses our last SUBSCRIBE changes nothing of the end.
                if !*unsubscribing {
                    *n_at = None;
                    *expires_at = until(*expires_at);
                    *refresh_at = refresh_before(*expires_at, now, timers);
                }
                let changed = core::mem::replace(is_active, wants_active) != wants_active;
                if changed { SubscriberAction::Changed } else { SubscriberAction::Nothing }
            }
            State::Terminated { .. } => SubscriberAction::Nothing,
        }
    }

    fn on_notify_terminated(&mut self, told: &SubscriptionState, now: Time) -> SubscriberAction {
        if self.state() == SubscriberState::Terminated {
            return SubscriberAction::Nothing;
        }
        let is_leaving = matches!(self.state, State::Live { unsubscribing: true, .. }) || self.wanted_s == 0;
        let retry = if is_leaving { Retry::Never } else { Retry::of(told) };
        let retry_at = match retry {
            Retry::After(seconds) => Some(now + Duration::from_secs(u64::from(seconds))),
            Retry::Now | Retry::Never => None,
        };
        self.end(Ended::Notified(retry), retry_at)
    }

    /// When [`Subscriber::on_deadline`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match self.state {
            State::NotifyWait { n_at, .. } => Some(Deadline::due(n_at)),
            State::Live { expires_at, refresh_at, n_at, .. } => {
                let first = [refresh_at, n_at].into_iter().flatten().fold(expires_at, Time::min);
                Some(Deadline::due(first))
            }
            State::Terminated { retry_at } => retry_at.map(Deadline::due),
        }
    }

    /// The deadline has come.
    pub fn on_deadline(&mut self, now: Time) -> SubscriberAction {
        match &mut self.state {
            // RFC 6665 §4.1.2.4, §4.1.2.2: timer N.
            State::NotifyWait { n_at, .. } if *n_at <= now => self.end(Ended::NoNotify, None),
            State::Live { n_at: Some(n_at), .. } if *n_at <= now => self.end(Ended::NoNotify, None),
            State::Live { expires_at, .. } if *expires_at <= now => self.end(Ended::Expired, None),
            State::Live { refresh_at, .. } if refresh_at.is_some_and(|at| at <= now) => {
                *refresh_at = None;
                SubscriberAction::Refresh
            }
            State::Terminated { retry_at } if retry_at.is_some_and(|at| at <= now) => {
                *retry_at = None;
                SubscriberAction::SubscribeAnew
            }
            State::NotifyWait { .. } | State::Live { .. } | State::Terminated { .. } => {
                SubscriberAction::Nothing
            }
        }
    }

    /// Nobody wants the subscription any more, nor a new one: the dialog is gone, or its owner is.
    pub fn stop(&mut self) {
        self.state = State::Terminated { retry_at: None };
    }

    /// Shortens deadlines that lie further ahead than they can: for a snapshot that was written by a machine whose clock
    /// was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, timers: &TimerConfig) {
        let wanted = Duration::from_secs(u64::from(self.wanted_s));
        clamp(&mut self.forks_until, now, timers.timeout());
        match &mut self.state {
            State::NotifyWait { n_at, expires_at } => {
                clamp(n_at, now, timers.timeout());
                expires_at.iter_mut().for_each(|at| clamp(at, now, wanted));
            }
            State::Live { expires_at, refresh_at, n_at, .. } => {
                clamp(expires_at, now, wanted.max(timers.timeout()));
                refresh_at.iter_mut().for_each(|at| clamp(at, now, wanted));
                n_at.iter_mut().for_each(|at| clamp(at, now, timers.timeout()));
            }
            State::Terminated { .. } => {}
        }
    }

    fn end(&mut self, ended: Ended, retry_at: Option<Time>) -> SubscriberAction {
        self.state = State::Terminated { retry_at };
        SubscriberAction::Ended(ended)
    }
}

/// When to refresh: a whole transaction before the end, and not before half of the time is over; `None` where that would
/// be so soon that a notifier could make us send without a pause.
fn refresh_before(expires_at: Time, now: Time, timers: &TimerConfig) -> Option<Time> {
    let left = expires_at.since(now);
    let wait = left.saturating_sub(timers.timeout().min(left / 2));
    (wait >= REFRESH_PAUSE).then(|| now + wait)
}

#[cfg(test)]
mod tests;
