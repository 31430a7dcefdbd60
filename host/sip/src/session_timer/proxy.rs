//! The proxy's part of session timers (RFC 4028 §8).

use super::{MIN_SE_S, Refresher, SessionExpires, SessionTimerConfig};
use crate::session_timer::Asked;
use serde::{Deserialize, Serialize};

/// What a stateful proxy remembers of a session refresh request until its response has passed (RFC 4028 §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProxyTimer {
    interval_s: Option<u32>,
    uac_supports: bool,
}

/// What becomes of a session refresh request at a proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProxyVerdict {
    /// Refuse it with 422 and this Min-SE.
    TooSmall {
        /// Seconds.
        min_se_s: u32,
    },
    /// Send it on.
    Forward {
        /// Session-Expires as it is to stand in the request; `None` for none.
        session_expires: Option<SessionExpires>,
        /// Min-SE as it is to stand in the request, in seconds; `None` for none.
        min_se_s: Option<u32>,
        /// What to remember.
        timer: ProxyTimer,
    },
}

impl ProxyTimer {
    /// What to do with a session refresh request. A stateless proxy asks for no timer (RFC 4028 §8), so it does not ask
    /// this either; one that asks should put itself into Record-Route.
    #[must_use]
    pub fn on_request(asked: Asked, config: &SessionTimerConfig) -> ProxyVerdict {
        let Asked { supports, session_expires, mut min_se_s } = asked;
        let smallest = config.min_se_s();
        let is_too_small = session_expires.is_some_and(|wanted| wanted.interval_s < smallest);
        match (is_too_small, supports) {
            // RFC 4028 §8.1: a UAC that knows of timers tries again with the Min-SE of the 422.
            (true, true) => return ProxyVerdict::TooSmall { min_se_s: smallest },
            // RFC 4028 §8.1: for one that does not, the 422 would be the end: Min-SE grows, and never shrinks.
            (true, false) => min_se_s = Some(min_se_s.unwrap_or(0).max(smallest)),
            // RFC 4028 §8.1: else Min-SE is left alone.
            (false, true | false) => {}
        }
        let least = min_se_s.unwrap_or(MIN_SE_S);
        let interval_s = match (session_expires, config.interval_s) {
            (None, None) => None,
            // RFC 4028 §8.1: what the proxy asks for is not below Min-SE.
            (None, Some(own)) => Some(own.max(least)),
            // RFC 4028 §8.1: it never makes larger what is not below Min-SE, and raises to Min-SE what is.
            (Some(wanted), None) => Some(wanted.interval_s.max(least)),
            // RFC 4028 §8.1: it may make it smaller, down to Min-SE.
            (Some(wanted), Some(own)) => Some(wanted.interval_s.min(own).max(least)),
        };
        let session_expires = interval_s.map(|interval_s| SessionExpires {
            interval_s,
            // RFC 4028 §8.1: the refresher is neither added nor changed.
            refresher: session_expires.and_then(|wanted| wanted.refresher),
        });
        ProxyVerdict::Forward {
            session_expires,
            min_se_s,
            timer: Self { interval_s, uac_supports: supports },
        }
    }

    /// What to put into a 2xx, given what it has: with a Session-Expires goes `Require: timer`, added to what Require
    /// says. `None`: send it on as it is.
    #[must_use]
    pub fn on_success(self, session_expires: Option<SessionExpires>) -> Option<SessionExpires> {
        match (session_expires, self.interval_s) {
            // RFC 4028 §8.2: the UAS knows of no timer, the UAC does: it shall refresh.
            (None, Some(interval_s)) if self.uac_supports => {
                Some(SessionExpires { interval_s, refresher: Some(Refresher::Uac) })
            }
            // RFC 4028 §8.2: neither knows of timers, or a Session-Expires is there, which is left alone.
            (None, Some(_) | None) | (Some(_), Some(_) | None) => None,
        }
    }
}

#[cfg(test)]
mod tests;
