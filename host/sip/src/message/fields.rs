//! Typed views of what extensions put into a message: read when it is asked for, never on the way of a plain call.

use super::{Malformed, Message, Part};
use crate::event::{Event, SubscriptionState};
use crate::header::HeaderId;
use crate::provisional::RAck;
use crate::session_timer::{SessionExpires, delta_seconds};

impl Message {
    /// The number of RSeq; `None` when there is none (RFC 3262 §7.1).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when it is no number of 32 bits.
    pub fn rseq(&self) -> Result<Option<u32>, Malformed> {
        self.field(HeaderId::RSeq, crate::provisional::rseq_number)
    }

    /// RAck; `None` when there is none (RFC 3262 §7.2).
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn rack(&self) -> Result<Option<RAck>, Malformed> {
        self.field(HeaderId::RAck, RAck::parse)
    }

    /// Session-Expires; `None` when there is none (RFC 4028 §4).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when it does not begin with a number.
    pub fn session_expires(&self) -> Result<Option<SessionExpires>, Malformed> {
        self.field(HeaderId::SessionExpires, SessionExpires::parse)
    }

    /// Min-SE in seconds; `None` when there is none (RFC 4028 §5).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when it does not begin with a number.
    pub fn min_se(&self) -> Result<Option<u32>, Malformed> {
        self.field(HeaderId::MinSe, seconds)
    }

    /// Expires in seconds; `None` when there is none (RFC 3261 §20.19).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when it is no number. One beyond 32 bits counts as the largest one.
    pub fn expires(&self) -> Result<Option<u32>, Malformed> {
        self.field(HeaderId::Expires, seconds)
    }

    /// Min-Expires in seconds; `None` when there is none (RFC 3261 §20.23).
    ///
    /// # Errors
    /// As [`Message::expires`].
    pub fn min_expires(&self) -> Result<Option<u32>, Malformed> {
        self.field(HeaderId::MinExpires, seconds)
    }

    /// Event; `None` when there is none (RFC 6665 §8.2.1).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when it names no package, [`Malformed::Repeated`] when it stands there twice.
    pub fn event(&self) -> Result<Option<Event<'_>>, Malformed> {
        self.field(HeaderId::Event, Event::parse)
    }

    /// Subscription-State; `None` when there is none (RFC 6665 §8.2.3).
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn subscription_state(&self) -> Result<Option<SubscriptionState>, Malformed> {
        self.field(HeaderId::SubscriptionState, SubscriptionState::parse)
    }

    /// The first line of a header that stands once, as `read` has it.
    fn field<'m, T>(
        &'m self,
        id: HeaderId,
        read: impl FnOnce(&'m [u8]) -> Option<T>,
    ) -> Result<Option<T>, Malformed> {
        let Some(value) = self.header(id) else { return Ok(None) };
        if self.repeats(id) {
            return Err(Malformed::Repeated(Part::Header(id)));
        }
        read(value).map(Some).ok_or(Malformed::Bad(Part::Header(id)))
    }
}

/// Seconds; parameters behind them are left aside.
fn seconds(value: &[u8]) -> Option<u32> {
    delta_seconds(value).map(|(seconds, _)| seconds)
}
