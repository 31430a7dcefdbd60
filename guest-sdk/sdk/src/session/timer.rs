//! Timers of an application session: SIP Servlet 1.1 §9.

use core::fmt;
use std::rc::Rc;

use serde::{Serialize, de::DeserializeOwned};
use siplet_sip::time::{Duration, Time};

use super::ApplicationSession;
#[allow(unused_imports, reason = "the host is a type in a guest, and the trait itself in a test")]
use crate::seam::Host as _;
use crate::seam::{Repeat, TimerState, Turn};
use crate::{Error, Result};

/// When a timer fires, and whether it outlives the host.
///
/// ```
/// use siplet::prelude::*;
///
/// let once = Schedule::once(Duration::from_secs(30));
/// let each_minute = Schedule::fixed_rate(Duration::ZERO, Duration::from_secs(60)).volatile();
/// # let _ = (once, each_minute);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    first: Duration,
    repeat: Repeat,
    persistent: bool,
}

impl Schedule {
    /// Once, after this delay.
    #[must_use]
    pub const fn once(delay: Duration) -> Self {
        Self { first: delay, repeat: Repeat::Once, persistent: true }
    }

    /// First after `delay`, then at multiples of `period` after that, however late one firing was. What was missed, because
    /// the host was down for instance, is made up for once. `period` is at least 10 ms.
    #[must_use]
    pub const fn fixed_rate(delay: Duration, period: Duration) -> Self {
        Self { first: delay, repeat: Repeat::FixedRate(millis(period)), persistent: true }
    }

    /// First after `delay`, then again `period` after each firing. `period` is at least 10 ms.
    #[must_use]
    pub const fn fixed_delay(delay: Duration, period: Duration) -> Self {
        Self { first: delay, repeat: Repeat::FixedDelay(millis(period)), persistent: true }
    }

    /// It need not outlive the host. Where calls are stored, other timers are stored with them and fire on the host that
    /// has the call then.
    #[must_use]
    pub const fn volatile(self) -> Self {
        Self { persistent: false, ..self }
    }
}

const fn millis(duration: Duration) -> u64 {
    let millis = duration.as_millis();
    if millis > u64::MAX as u128 { u64::MAX } else { millis as u64 }
}

/// A timer of an application session.
#[derive(Clone)]
pub struct ServletTimer {
    turn: Rc<Turn>,
    state: TimerState,
}

pub(super) fn create<T: Serialize + ?Sized>(
    turn: &Rc<Turn>,
    schedule: Schedule,
    info: &T,
) -> Result<ServletTimer> {
    let payload =
        serde_json::to_vec(info).map_err(|error| Error::Failed(format!("the info of a timer: {error}")))?;
    let Schedule { first, repeat, persistent } = schedule;
    let id = turn.host(|host| host.create_timer(millis(first), repeat, persistent, &payload))?;
    let state = turn.host(|host| host.timer(&id))?.ok_or(Error::StaleHandle)?;
    Ok(ServletTimer::new(turn.clone(), state))
}

impl ServletTimer {
    pub(crate) const fn new(turn: Rc<Turn>, state: TimerState) -> Self {
        Self { turn, state }
    }

    /// A name that is unique for ever; a printable token.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.state.id
    }

    /// When it fires next; in [`Servlet::timeout`](crate::Servlet::timeout): when it was due.
    #[must_use]
    pub fn at(&self) -> Time {
        crate::ambient::time_of(self.state.at)
    }

    /// True when it outlives the host.
    #[must_use]
    pub const fn is_persistent(&self) -> bool {
        self.state.persistent
    }

    /// What its maker wanted to be told.
    ///
    /// # Errors
    /// [`Error::Failed`] when that is no `T`.
    pub fn info<T: DeserializeOwned>(&self) -> Result<T> {
        serde_json::from_slice(&self.state.payload)
            .map_err(|error| Error::Failed(format!("the info of timer {}: {error}", self.state.id)))
    }

    /// Disarms the timer; false when it has fired for the last time or was cancelled before.
    ///
    /// # Errors
    /// [`Error::StaleHandle`].
    pub fn cancel(&self) -> Result<bool> {
        self.turn.host(|host| host.cancel_timer(&self.state.id))
    }

    /// The application session that it belongs to.
    #[must_use]
    pub fn application_session(&self) -> ApplicationSession {
        ApplicationSession::new(self.turn.clone())
    }
}

impl fmt::Debug for ServletTimer {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_tuple("ServletTimer").field(&self.state).finish()
    }
}
