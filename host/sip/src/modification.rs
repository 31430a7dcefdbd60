//! Changing a session by re-INVITE or UPDATE: when the change is tried again, and by which of the two (RFC 3261 §14, RFC
//! 3311 §5).
//!
//! A [`Modification`] is one wish to change the session. It lives from its first request to its success or failure, and
//! says how long to wait when both ends wished at the same time. Whether a request may leave at all is
//! [`OfferAnswer`](crate::offer::OfferAnswer)'s to say; what it changes of the dialog is in
//! [`Dialog::refresh_target`](crate::dialog::Dialog::refresh_target).

use crate::dialog::DialogState;
use crate::header::HeaderId;
use crate::message::Message;
use crate::method::Method;
use crate::time::{Duration, Time};
use crate::transaction::{Deadline, clamp};
use core::fmt;
use serde::{Deserialize, Serialize};

/// How often one change is tried: two ends that draw their waits by chance meet again and again only by intent.
pub const MODIFICATION_ATTEMPTS_MAX: u8 = 8;

/// The longest Retry-After that a change waits for, in seconds.
pub const RETRY_AFTER_MAX_S: u32 = 600;

/// One change of the session, from its first request on.
///
/// ```text
///                | request sent
///                V
///          +----------+  2xx                  +------+
///          |   Sent   |---------------------->|      |
///          |          |  failure: tell TU     |      |
///          |          |---------------------->| Done |
///          |          |  481, 408: end dialog |      |
///          +----------+---------------------->|      |
///            |     A                          +------+
///   491, 500 |     | timer: send                 A
///   or 503   V     | again                       |
///          +----------+  given up: tell TU        |
///          | Waiting  |---------------------------+
///          +----------+
/// ```
/// RFC 3261 §14.1, and RFC 3311 §5.3 for UPDATE. A 500 or 503 counts where it has Retry-After (§14.2, §21.5.1, §21.5.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Modification {
    /// Whether we made the Call-ID of the dialog.
    owns_call_id: bool,
    /// Requests that were sent or could not be.
    attempts: u8,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Sent,
    Waiting { until: Time },
    Done,
}

/// What has become of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModificationAction {
    /// Nothing.
    Nothing,
    /// It is tried again at the time of [`Modification::next_deadline`].
    Wait,
    /// Send the request again now, with a new CSeq number.
    SendAgain,
    /// It is done.
    Accepted,
    /// It has failed; the session stays as it was (RFC 3261 §14.1).
    Failed,
    /// The peer does not know the dialog, or is gone: the dialog ends (RFC 3261 §12.2.1.2).
    DialogOver,
    /// It was tried [`MODIFICATION_ATTEMPTS_MAX`] times, or would have to wait too long; the session stays as it was.
    GaveUp,
}

impl Modification {
    /// The first request has just been sent, in a dialog whose Call-ID is ours or not
    /// ([`Dialog::owns_call_id`](crate::dialog::Dialog::owns_call_id)).
    #[must_use]
    pub const fn sent(owns_call_id: bool) -> Self {
        Self { owns_call_id, attempts: 1, state: State::Sent }
    }

    /// Whether nothing more is to be done.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.state, State::Done)
    }

    /// When [`Modification::on_deadline`] is due.
    #[must_use]
    pub const fn next_deadline(&self) -> Option<Deadline> {
        match self.state {
            State::Waiting { until } => Some(Deadline::due(until)),
            State::Sent | State::Done => None,
        }
    }

    /// The response to the request has come; one that got none is told as 408. `retry_after_s` is what its Retry-After
    /// says, `random` any number.
    pub fn on_response(
        &mut self,
        status: u16,
        retry_after_s: Option<u32>,
        random: u64,
        now: Time,
    ) -> ModificationAction {
        match self.state {
            State::Waiting { .. } | State::Done => ModificationAction::Nothing,
            State::Sent => match (status, retry_after_s) {
                (..=199, _) => ModificationAction::Nothing,
                (200..=299, _) => self.end(ModificationAction::Accepted),
                // RFC 3261 §14.1: both ends wished to change the session at once.
                (491, _) => self.wait(glare_interval(self.owns_call_id, random), now),
                // RFC 3261 §14.2, RFC 3311 §5.2: the peer has not answered our request before this one.
                (500 | 503, Some(seconds)) if seconds <= RETRY_AFTER_MAX_S => {
                    self.wait(Duration::from_secs(u64::from(seconds)), now)
                }
                (500 | 503, Some(_)) => self.end(ModificationAction::GaveUp),
                // RFC 3261 §14.1, §12.2.1.2.
                (408 | 481, _) => self.end(ModificationAction::DialogOver),
                (300.., _) => self.end(ModificationAction::Failed),
            },
        }
    }

    /// The request could not be sent, because something of the peer is in progress: it waits as after a 491.
    pub fn on_blocked(&mut self, random: u64, now: Time) -> ModificationAction {
        match self.state {
            State::Sent => self.wait(glare_interval(self.owns_call_id, random), now),
            State::Waiting { .. } | State::Done => ModificationAction::Nothing,
        }
    }

    /// The deadline has come.
    pub fn on_deadline(&mut self, now: Time) -> ModificationAction {
        match self.state {
            State::Waiting { until } if until <= now => {
                self.state = State::Sent;
                self.attempts = self.attempts.saturating_add(1);
                ModificationAction::SendAgain
            }
            State::Waiting { .. } | State::Sent | State::Done => ModificationAction::Nothing,
        }
    }

    /// Nobody wants the change any more, or the dialog is over.
    pub fn cancel(&mut self) {
        self.state = State::Done;
    }

    /// Shortens a wait that is longer than any can be: for a snapshot that was written by a machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time) {
        if let State::Waiting { until } = &mut self.state {
            clamp(until, now, Duration::from_secs(u64::from(RETRY_AFTER_MAX_S)));
        }
    }

    fn wait(&mut self, interval: Duration, now: Time) -> ModificationAction {
        if self.attempts >= MODIFICATION_ATTEMPTS_MAX {
            return self.end(ModificationAction::GaveUp);
        }
        self.state = State::Waiting { until: now + interval };
        ModificationAction::Wait
    }

    fn end(&mut self, action: ModificationAction) -> ModificationAction {
        self.state = State::Done;
        action
    }
}

/// The wait after a 491 (RFC 3261 §14.1): in units of 10 ms, 2.1 to 4 s for the end that made the Call-ID, 0 to 2 s for
/// the other one, each value as likely as the others.
#[must_use]
pub const fn glare_interval(owns_call_id: bool, random: u64) -> Duration {
    let units = if owns_call_id { 210 + random % 191 } else { random % 201 };
    Duration::from_millis(units * 10)
}

/// Why no UPDATE can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UpdateMisuse {
    /// There is no dialog any more (RFC 3311 §5.1).
    NoDialog,
    /// The peer's Allow does not list UPDATE (RFC 3311 §5.1).
    NotAllowed,
}

impl fmt::Display for UpdateMisuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoDialog => "an UPDATE needs a dialog, early or confirmed",
            Self::NotAllowed => "the peer does not allow UPDATE",
        })
    }
}

impl core::error::Error for UpdateMisuse {}

/// Whether the peer takes a method, as its INVITE, UPDATE, or their responses tell; `None` when the message does not say.
#[must_use]
pub fn allows(message: &Message, method: &Method) -> Option<bool> {
    message
        .has(HeaderId::Allow)
        .then(|| message.values(HeaderId::Allow).any(|allowed| allowed == method.as_bytes()))
}

/// Whether an UPDATE may be sent in a dialog (RFC 3311 §5.1). `allowed` is the last that [`allows`] told of the peer.
///
/// # Errors
/// [`UpdateMisuse`].
pub const fn may_update(dialog: DialogState, allowed: Option<bool>) -> Result<(), UpdateMisuse> {
    match (dialog, allowed) {
        (DialogState::Terminated, _) => Err(UpdateMisuse::NoDialog),
        // RFC 3311 §4: UPDATE is sent when the peer has said in Allow that it takes it.
        (DialogState::Early | DialogState::Confirmed, Some(true)) => Ok(()),
        (DialogState::Early | DialogState::Confirmed, Some(false) | None) => Err(UpdateMisuse::NotAllowed),
    }
}

/// The method that changes or refreshes a session without asking a person: UPDATE where it can be used, a re-INVITE in
/// a confirmed dialog else (RFC 3311 §5.1, RFC 4028 §7.4); `None` when there is no way.
#[must_use]
pub const fn refresh_method(dialog: DialogState, allowed: Option<bool>) -> Option<Method> {
    match (may_update(dialog, allowed), dialog) {
        (Ok(()), _) => Some(Method::Update),
        (Err(_), DialogState::Confirmed) => Some(Method::Invite),
        (Err(_), DialogState::Early | DialogState::Terminated) => None,
    }
}

#[cfg(test)]
mod tests;
