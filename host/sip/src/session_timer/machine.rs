//! The session timer of a user agent (RFC 4028 §7, §9, §10).

use super::{MIN_SE_S, Refresher, SessionExpires, SessionTimerConfig, supports_timer};
use crate::message::{Malformed, Message};
use crate::offer::Party;
use crate::time::{Duration, Time};
use crate::transaction::{Deadline, clamp};
use serde::{Deserialize, Serialize};

/// How often in a row a request is sent again because of a 422, each time with a larger interval.
const RETRIES_MAX: u8 = 4;

/// The shortest pause before a refresh that failed is tried again.
const RETRY_PAUSE: Duration = Duration::from_secs(10);

/// The session timer of one dialog; before there is one, that of the INVITE which is to make it.
///
/// ```text
///     +-----+  2xx with Session-Expires, ours or the peer's   +---------------------------+
///     | Off |------------------------------------------------>| Running                   |
///     |     |<------------------------------------------------| half the interval: refresh|
///     +-----+  2xx without                                    |   (if that is our part)   |
///                                                             +---------------------------+
///                  interval - min(32 s, interval / 3): BYE      |        | refresh got 408,
///                                                               V        V 481 or nothing: BYE
///                                                             +---------------------------+
///                                                             |          Expired          |
///                                                             +---------------------------+
/// ```
/// A 2xx to any session refresh request, whoever sent it and whatever for, begins the interval anew (RFC 4028 §7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTimer {
    /// The largest Min-SE that was seen, in seconds (RFC 4028 §7.4).
    min_se_s: Option<u32>,
    /// What our last request asked for.
    asked_s: Option<u32>,
    retries: u8,
    in_dialog: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    #[default]
    Off,
    Running {
        interval_s: u32,
        refresher: Party,
        /// `None` when the peer refreshes, or our refresh is under way.
        refresh_at: Option<Time>,
        ends_at: Time,
    },
    Expired,
}

/// What a session refresh request says about timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Whether its sender supports session timers.
    pub supports: bool,
    /// Session-Expires.
    pub session_expires: Option<SessionExpires>,
    /// Min-SE in seconds.
    pub min_se_s: Option<u32>,
}

impl Asked {
    /// What a request says.
    ///
    /// # Errors
    /// [`Malformed`] when a value cannot be read; the request is answered with 400 then.
    pub fn of(request: &Message) -> Result<Self, Malformed> {
        Ok(Self {
            supports: supports_timer(request),
            session_expires: request.session_expires()?,
            min_se_s: request.min_se()?,
        })
    }
}

/// How a session refresh request of the peer is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// With 422 and this Min-SE, in seconds.
    TooSmall {
        /// Seconds.
        min_se_s: u32,
    },
    /// As its user likes; a 2xx gets this.
    Accept {
        /// Session-Expires of the 2xx; `None` for none: then the session has no timer.
        session_expires: Option<SessionExpires>,
        /// Whether the 2xx gets `Require: timer`.
        require: bool,
    },
}

/// What the owner of a [`SessionTimer`] has to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimerAction {
    /// Nothing.
    Nothing,
    /// Refresh the session: send an UPDATE or a re-INVITE.
    Refresh,
    /// Send the request again, with what [`SessionTimer::request`] says now: the same Call-ID, From and To, the next CSeq.
    SendAgain,
    /// End the session by a BYE: nobody has refreshed it, or the peer is gone.
    Expired,
}

impl SessionTimer {
    /// No timer yet.
    #[must_use]
    pub const fn start() -> Self {
        Self { min_se_s: None, asked_s: None, retries: 0, in_dialog: false, state: State::Off }
    }

    /// Whether the session has a timer that runs.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        matches!(self.state, State::Running { .. })
    }

    /// The interval in seconds and who refreshes, while the timer runs.
    #[must_use]
    pub const fn interval(&self) -> Option<(u32, Party)> {
        match self.state {
            State::Running { interval_s, refresher, .. } => Some((interval_s, refresher)),
            State::Off | State::Expired => None,
        }
    }

    /// Session-Expires and Min-SE of our next session refresh request.
    pub fn request(&mut self, config: &SessionTimerConfig) -> (Option<SessionExpires>, Option<u32>) {
        let least = self.min_se_s.unwrap_or(MIN_SE_S);
        let session_expires = match self.state {
            // RFC 4028 §7.4: the interval that is in force, and who refreshes now.
            State::Running { interval_s, refresher, .. } => Some(SessionExpires {
                interval_s: interval_s.max(least),
                refresher: Some(match refresher {
                    Party::Us => Refresher::Uac,
                    Party::Peer => Refresher::Uas,
                }),
            }),
            // RFC 4028 §7.1: not below Min-SE; the refresher is left to negotiation.
            State::Off | State::Expired => config
                .interval_s
                .map(|interval_s| SessionExpires { interval_s: interval_s.max(least), refresher: None }),
        };
        self.asked_s = session_expires.map(|asked| asked.interval_s);
        // RFC 4028 §7.4: Min-SE where one was seen.
        (session_expires, self.min_se_s)
    }

    /// The final response to a session refresh request of ours has come; one that got none is told as 408.
    ///
    /// # Errors
    /// [`Malformed`] when Session-Expires of a 2xx or Min-SE of a 422 cannot be read; the timer is as it was.
    pub fn on_response(
        &mut self,
        response: &Message,
        config: &SessionTimerConfig,
        now: Time,
    ) -> Result<TimerAction, Malformed> {
        let status = response.status().unwrap_or_default();
        Ok(match status {
            200..=299 => {
                self.on_success(response.session_expires()?, config, now);
                TimerAction::Nothing
            }
            422 => self.on_too_small(response.min_se()?, now),
            ..=199 | 300.. => self.on_failure(status, now),
        })
    }

    /// A session refresh request of ours got no response at all.
    pub fn on_timeout(&mut self, now: Time) -> TimerAction {
        self.on_failure(408, now)
    }

    fn on_success(&mut self, answered: Option<SessionExpires>, config: &SessionTimerConfig, now: Time) {
        self.enter_dialog();
        let asked_s = self.asked_s.take();
        match (answered, asked_s) {
            // RFC 4028 §7.2: the 2xx says who refreshes; without a word it is we who asked.
            (Some(expires), _) => {
                let refresher = match expires.refresher {
                    Some(Refresher::Uac) | None => Party::Us,
                    Some(Refresher::Uas) => Party::Peer,
                };
                self.run(expires.interval_s, refresher, now);
            }
            // RFC 4028 §7.2: only we know of timers, and may have one for ourselves.
            (None, Some(asked_s)) if config.alone => self.run(asked_s, Party::Us, now),
            // RFC 4028 §7.2: no expiry, or no longer one.
            (None, Some(_) | None) => self.stop(),
        }
    }

    /// RFC 4028 §7.3: once more with the interval that the 422 asks for.
    fn on_too_small(&mut self, min_se_s: Option<u32>, now: Time) -> TimerAction {
        let asked_s = self.asked_s.unwrap_or(0);
        match min_se_s {
            // RFC 4028 §7.4: the largest of all Min-SE that were seen.
            Some(min_se_s)
                if min_se_s > asked_s && self.retries < RETRIES_MAX && self.state != State::Expired =>
            {
                self.min_se_s = Some(self.min_se_s.unwrap_or(MIN_SE_S).max(min_se_s));
                self.retries += 1;
                TimerAction::SendAgain
            }
            // RFC 4028 §10: the same request would get the same answer.
            Some(_) | None => self.on_failure(422, now),
        }
    }

    fn on_failure(&mut self, status: u16, now: Time) -> TimerAction {
        let State::Running { refresher, refresh_at, ends_at, .. } = &mut self.state else {
            return TimerAction::Nothing;
        };
        match status {
            ..=199 => TimerAction::Nothing,
            // RFC 4028 §10: the peer is gone, or knows the dialog no longer.
            408 | 481 => {
                self.state = State::Expired;
                TimerAction::Expired
            }
            // RFC 4028 §10: the session is not refreshed; it is tried again, seldom enough to be no burden.
            200.. => {
                let pause = Duration::from_micros(
                    u64::try_from(ends_at.since(now).as_micros() / 2).unwrap_or(u64::MAX),
                );
                let again_at = now + pause.max(RETRY_PAUSE);
                *refresh_at = (*refresher == Party::Us && again_at < *ends_at).then_some(again_at);
                TimerAction::Nothing
            }
        }
    }

    /// A session refresh request of the peer has come: how it is answered. Its failure changes nothing else.
    pub fn on_request(&mut self, asked: Asked, config: &SessionTimerConfig) -> Answer {
        let Asked { supports, session_expires, min_se_s } = asked;
        let smallest = config.min_se_s();
        // RFC 4028 §9: only a UAC that knows of timers can do something with a 422.
        if supports && session_expires.is_some_and(|wanted| wanted.interval_s < smallest) {
            return Answer::TooSmall { min_se_s: smallest };
        }
        // RFC 4028 §7.4: our own requests in this dialog have the largest Min-SE that was seen.
        if let Some(seen) = min_se_s {
            self.min_se_s = Some(self.min_se_s.unwrap_or(MIN_SE_S).max(seen));
        }
        let least = min_se_s.unwrap_or(0).max(MIN_SE_S);
        let interval_s = match (session_expires, config.interval_s) {
            // RFC 4028 §9: it may be made smaller, down to Min-SE and 90 s, and never larger. Below that no 2xx may go.
            (Some(wanted), own) => {
                let wanted_s = wanted.interval_s;
                let shortened_s = own.map_or(wanted_s, |own| own.max(least).min(wanted_s));
                (wanted_s >= MIN_SE_S).then_some(shortened_s)
            }
            // RFC 4028 §9: we may ask for a timer by ourselves, not below Min-SE.
            (None, Some(own)) => (supports || config.alone).then_some(own.max(least)),
            (None, None) => None,
        };
        let session_expires = interval_s.map(|interval_s| SessionExpires {
            interval_s,
            // RFC 4028 Table 2.
            refresher: Some(match session_expires.and_then(|wanted| wanted.refresher) {
                Some(refresher) if supports => refresher,
                None if supports => config.refresher,
                Some(_) | None => Refresher::Uas,
            }),
        });
        // RFC 4028 §9: Require is a must for refresher uac and a should for uas, where the UAC knows of timers.
        Answer::Accept { session_expires, require: supports && session_expires.is_some() }
    }

    /// Our 2xx to a session refresh request has left, with this Session-Expires.
    pub fn on_answered(&mut self, session_expires: Option<SessionExpires>, now: Time) {
        self.in_dialog = true;
        match session_expires {
            Some(expires) => {
                let refresher = match expires.refresher {
                    Some(Refresher::Uac) => Party::Peer,
                    Some(Refresher::Uas) | None => Party::Us,
                };
                self.run(expires.interval_s, refresher, now);
            }
            // RFC 4028 §9: no expiry, or no longer one.
            None => self.stop(),
        }
    }

    /// When [`SessionTimer::on_deadline`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        match self.state {
            State::Running { refresh_at, ends_at, .. } => {
                Some(Deadline::due(refresh_at.map_or(ends_at, |at| at.min(ends_at))))
            }
            State::Off | State::Expired => None,
        }
    }

    /// The deadline has come.
    pub fn on_deadline(&mut self, now: Time) -> TimerAction {
        match &mut self.state {
            // RFC 4028 §10: the BYE goes before the session expires.
            State::Running { ends_at, .. } if *ends_at <= now => {
                self.state = State::Expired;
                TimerAction::Expired
            }
            State::Running { refresh_at, .. } if refresh_at.is_some_and(|at| at <= now) => {
                *refresh_at = None;
                self.retries = 0;
                TimerAction::Refresh
            }
            State::Running { .. } | State::Off | State::Expired => TimerAction::Nothing,
        }
    }

    /// The session is over, or has a timer no longer. One that has expired stays so: its BYE is on the way.
    pub fn stop(&mut self) {
        if self.state != State::Expired {
            self.state = State::Off;
        }
    }

    /// Shortens deadlines that lie further ahead than the interval: for a snapshot that was written by a machine whose
    /// clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time) {
        if let State::Running { interval_s, refresh_at, ends_at, .. } = &mut self.state {
            let (half, end) = spans(*interval_s);
            refresh_at.iter_mut().for_each(|at| clamp(at, now, half.max(end)));
            clamp(ends_at, now, end);
        }
    }

    fn run(&mut self, interval_s: u32, refresher: Party, now: Time) {
        if self.state == State::Expired {
            return;
        }
        // RFC 4028 §4: nobody may want less, and it would make us send without a pause.
        let interval_s = interval_s.max(MIN_SE_S);
        let (half, end) = spans(interval_s);
        self.retries = 0;
        self.state = State::Running {
            interval_s,
            refresher,
            refresh_at: (refresher == Party::Us).then(|| now + half),
            ends_at: now + end,
        };
    }

    /// RFC 4028 §7.4: with the dialog begins a new list of Min-SE, from those that are on its path.
    fn enter_dialog(&mut self) {
        if !self.in_dialog {
            self.in_dialog = true;
            self.min_se_s = None;
        }
    }
}

/// From the 2xx to the refresh, and to the BYE (RFC 4028 §7.2, §10).
fn spans(interval_s: u32) -> (Duration, Duration) {
    let interval = Duration::from_secs(u64::from(interval_s));
    (interval / 2, interval - (interval / 3).min(Duration::from_secs(32)))
}

#[cfg(test)]
mod tests;
