//! Typed views of what extensions put into a message: read when it is asked for, never on the way of a plain call.

use super::views::number;
use super::{Malformed, Message, Part};
use crate::address::NameAddr;
use crate::event::{Event, SubscriptionState};
use crate::field::{Diversion, HistoryEntry, Reason, ReferredBy, RetryAfter, Warning, date_of};
use crate::header::HeaderId;
use crate::provisional::RAck;
use crate::session_timer::{SessionExpires, delta_seconds};
use crate::time::Time;

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

    /// Refer-To; `None` when there is none (RFC 3515 §2.1).
    ///
    /// # Errors
    /// [`Malformed::Bad`], or [`Malformed::Repeated`] when there is more than one.
    pub fn refer_to(&self) -> Result<Option<NameAddr<'_>>, Malformed> {
        self.field(HeaderId::ReferTo, |value| NameAddr::parse(value).ok())
    }

    /// Referred-By; `None` when there is none (RFC 3892 §3).
    ///
    /// # Errors
    /// As [`Message::refer_to`].
    pub fn referred_by(&self) -> Result<Option<ReferredBy<'_>>, Malformed> {
        self.field(HeaderId::ReferredBy, ReferredBy::parse)
    }

    /// The Path values, the proxy next to us first (RFC 3327 §4).
    pub fn path(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses_of(HeaderId::Path)
    }

    /// The Service-Route values in the order in which requests pass them (RFC 3608 §5).
    pub fn service_route(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses_of(HeaderId::ServiceRoute)
    }

    /// The P-Asserted-Identity values (RFC 3325 §9.1).
    pub fn asserted_identities(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses_of(HeaderId::PAssertedIdentity)
    }

    /// The P-Preferred-Identity values (RFC 3325 §9.2).
    pub fn preferred_identities(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses_of(HeaderId::PPreferredIdentity)
    }

    /// The History-Info values in the order of the message (RFC 7044 §5).
    pub fn history(&self) -> impl Iterator<Item = Result<HistoryEntry<'_>, Malformed>> + Clone {
        let bad = Malformed::Bad(Part::Header(HeaderId::HistoryInfo));
        self.values(HeaderId::HistoryInfo).map(move |value| HistoryEntry::parse(value).ok_or(bad))
    }

    /// The Diversion values, the last one first (RFC 5806 §4).
    pub fn diversions(&self) -> impl Iterator<Item = Result<Diversion<'_>, Malformed>> + Clone {
        let bad = Malformed::Bad(Part::Header(HeaderId::Diversion));
        self.values(HeaderId::Diversion).map(move |value| Diversion::parse(value).ok_or(bad))
    }

    /// The Reason values (RFC 3326 §2).
    pub fn reasons(&self) -> impl Iterator<Item = Result<Reason<'_>, Malformed>> + Clone {
        let bad = Malformed::Bad(Part::Header(HeaderId::Reason));
        self.values(HeaderId::Reason).map(move |value| Reason::parse(value).ok_or(bad))
    }

    /// The Warning values (RFC 3261 §20.43).
    pub fn warnings(&self) -> impl Iterator<Item = Result<Warning<'_>, Malformed>> + Clone {
        let bad = Malformed::Bad(Part::Header(HeaderId::Warning));
        self.values(HeaderId::Warning).map(move |value| Warning::parse(value).ok_or(bad))
    }

    /// Retry-After; `None` when there is none (RFC 3261 §20.33).
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn retry_after(&self) -> Result<Option<RetryAfter>, Malformed> {
        self.field(HeaderId::RetryAfter, RetryAfter::parse)
    }

    /// Date; `None` when there is none (RFC 3261 §20.17).
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn date(&self) -> Result<Option<Time>, Malformed> {
        self.field(HeaderId::Date, date_of)
    }

    /// Max-Breadth; `None` when there is none (RFC 5393 §5.3.1).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when it is no positive number of 32 bits.
    pub fn max_breadth(&self) -> Result<Option<u32>, Malformed> {
        let positive = |value| u32::try_from(number(value)?).ok().filter(|breadth| *breadth > 0);
        self.field(HeaderId::MaxBreadth, positive)
    }

    /// Whether a REGISTER takes all bindings away: `Contact: *` with `Expires: 0` (RFC 3261 §10.2.2, §10.3 step 6).
    ///
    /// # Errors
    /// [`Malformed::Bad`] when `*` stands beside other contacts, or with another expiry: the REGISTER gets 400.
    pub fn removes_all_contacts(&self) -> Result<bool, Malformed> {
        let (mut all, mut wildcards) = (0, 0);
        for contact in self.contacts() {
            all += 1;
            wildcards += usize::from(contact?.is_wildcard());
        }
        match (wildcards, all) {
            (0, _) => Ok(false),
            (1, 1) if self.expires()? == Some(0) => Ok(true),
            _ => Err(Malformed::Bad(Part::Contact)),
        }
    }

    fn addresses_of(&self, id: HeaderId) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        let bad = Malformed::Bad(Part::Header(id));
        self.values(id).map(move |value| NameAddr::parse(value).map_err(|_| bad))
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
