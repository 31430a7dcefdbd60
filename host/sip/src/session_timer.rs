//! Session timers: a session that nobody refreshes ends (RFC 4028).
//!
//! [`SessionTimer`] is the timer of one dialog: what our session refresh requests ask for, what we answer to the peer's,
//! when to refresh and when to give the session up. [`ProxyTimer`] is a proxy's part of one request.
//!
//! A session refresh request is an INVITE or an UPDATE (RFC 4028 §2). Each request but ACK, and each response to them,
//! says `Supported: timer` where session timers are supported at all (§7.1), which the owner adds.
//!
//! Deliberately not here: which of the two methods refreshes ([`crate::modification::refresh_method`]), the wait after a
//! 491 ([`crate::modification::Modification`]), and the description in a refresh, which says that nothing has changed (§7.4).

mod machine;
mod proxy;
mod value;

pub use machine::{Answer, Asked, SessionTimer, TimerAction};
pub use proxy::{ProxyTimer, ProxyVerdict};
pub(crate) use value::delta_seconds;
pub use value::{Refresher, SessionExpires};

use crate::header::HeaderId;
use crate::message::Message;
use serde::{Deserialize, Serialize};

/// The option tag of this extension.
pub const OPTION_TAG: &str = "timer";

/// The smallest interval that anybody may ask for, in seconds; Min-SE where there is none (RFC 4028 §5).
pub const MIN_SE_S: u32 = 90;

/// What an end or a proxy wants of session timers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTimerConfig {
    /// The interval that is asked for, in seconds; `None` to ask for none, and to take what others ask for.
    pub interval_s: Option<u32>,
    /// The smallest interval that is taken, in seconds; less than [`MIN_SE_S`] counts as that.
    pub min_se_s: u32,
    /// Who refreshes where a UAC leaves the choice to us.
    pub refresher: Refresher,
    /// Whether a session has a timer also when the peer knows of none: then we refresh (RFC 4028 §7.2, Table 2).
    pub alone: bool,
}

impl Default for SessionTimerConfig {
    /// Half an hour, as RFC 4028 §4 recommends, down to 90 s; the UAC refreshes.
    fn default() -> Self {
        Self { interval_s: Some(1800), min_se_s: MIN_SE_S, refresher: Refresher::Uac, alone: false }
    }
}

impl SessionTimerConfig {
    /// RFC 4028 §5, §8.1, §9: never below 90 seconds.
    fn min_se_s(&self) -> u32 {
        self.min_se_s.max(MIN_SE_S)
    }
}

/// Whether the sender of a message supports session timers.
#[must_use]
pub fn supports_timer(message: &Message) -> bool {
    message.values(HeaderId::Supported).any(|tag| tag.eq_ignore_ascii_case(OPTION_TAG.as_bytes()))
}
