//! What a handler may do with timers: SIP Servlet 1.1 §9.

use std::time::Duration;

use bytes::Bytes;
use siplet_sip::time::Time;

use crate::app::Handler;
use crate::names::Kind;
use crate::session::timers::{LONGEST_DELAY, Repeat, SHORTEST_PERIOD, ServletTimer};
use crate::step::WorkingCopy;

use super::{Misuse, Turn};

/// A timer as a handler sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimerView {
    /// Its id; a printable token, unique for ever.
    pub id: String,
    /// When it fires next, or when it was due.
    pub at: Time,
    /// Whether and how it repeats.
    pub repeat: Repeat,
    /// It outlives the host.
    pub persistent: bool,
    /// What its maker wanted to be told.
    pub payload: Bytes,
}

impl TimerView {
    pub(super) fn of(timer: &ServletTimer, copy: &WorkingCopy) -> Self {
        Self {
            id: copy.mint(Kind::Timer, timer.index),
            at: timer.at,
            repeat: timer.repeat,
            persistent: timer.persistent,
            payload: timer.payload.clone(),
        }
    }
}

impl Turn {
    /// Arms a timer of the application session; its id. It fires `delay` after the turn began, at the earliest; `timers`
    /// bounds their number and `attribute-bytes` their payloads together with all attributes.
    pub fn create_timer(
        &mut self,
        delay: Duration,
        repeat: Repeat,
        persistent: bool,
        payload: &[u8],
    ) -> Result<String, Misuse> {
        if !self.copy.session.valid {
            return Err(Misuse::InvalidSession);
        }
        // SIP Servlet 1.1 §9.1: only an application that listens has timers.
        if !self.copy.application.handlers.has(Handler::Timeout) {
            return Err(Misuse::NotSupported("a timer of a servlet without a handler `timeout`"));
        }
        let (shortest, longest) = match repeat {
            Repeat::Once => (SHORTEST_PERIOD, delay),
            Repeat::FixedDelay(period) | Repeat::FixedRate(period) => (period, delay.max(period)),
        };
        if shortest < SHORTEST_PERIOD {
            return Err(Misuse::Limit("shortest-period"));
        }
        if longest > LONGEST_DELAY {
            return Err(Misuse::Limit("longest-delay"));
        }
        let limits = &self.copy.application.descriptor.limits;
        if self.copy.session.timers.len() >= limits.timers {
            return Err(Misuse::Limit("timers"));
        }
        if self.copy.session.kept_bytes() + payload.len() > limits.attribute_bytes {
            return Err(Misuse::Limit("attribute-bytes"));
        }
        let index = self.copy.session.mint_index();
        self.copy.session.timers.insert(ServletTimer {
            index,
            at: self.copy.now + delay,
            repeat,
            persistent,
            payload: Bytes::copy_from_slice(payload),
        });
        Ok(self.copy.mint(Kind::Timer, index))
    }

    /// The timers of the application session that have not fired for the last time, in the order of their making.
    #[must_use]
    pub fn timers(&self) -> Vec<TimerView> {
        self.copy.session.timers.iter().map(|timer| TimerView::of(timer, &self.copy)).collect()
    }

    /// The timer of that id, if it is armed in this application session.
    #[must_use]
    pub fn timer(&self, id: &str) -> Option<TimerView> {
        let timer = self.copy.session.timers.get(self.timer_index(id)?)?;
        Some(TimerView::of(timer, &self.copy))
    }

    /// Disarms a timer; false when there is none of that id (any more).
    pub fn cancel_timer(&mut self, id: &str) -> bool {
        let Some(index) = self.timer_index(id) else { return false };
        let is_there = self.copy.session.timers.remove(index);
        self.copy.session.dirty |= is_there;
        is_there
    }

    fn timer_index(&self, id: &str) -> Option<u32> {
        let (key, index) = self.copy.shared.minter.check(Kind::Timer, id.as_bytes())?;
        (key == self.copy.session.key).then_some(index)
    }
}
