//! Published event state at its compositor (RFC 3903 §6).

use crate::header::{HeaderId, is_token};
use crate::message::{Malformed, Message, Part};
use crate::time::{Duration, Time};
use crate::transaction::{Deadline, clamp};
use bytes::Bytes;
use serde::{Deserialize, Serialize};

/// What a compositor takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublicationConfig {
    /// For a PUBLISH without Expires, in seconds.
    pub default_s: u32,
    /// The shortest life that is taken, in seconds.
    pub min_s: u32,
    /// The longest one, in seconds.
    pub max_s: u32,
    /// How many publications one resource and package may have.
    pub publications: usize,
    /// How many octets one body may have.
    pub body_bytes: usize,
}

/// All publications for one resource and one package: the state of each is known by its entity-tag.
///
/// ```text
///     PUBLISH                  SIP-If-Match   body   Expires   -> what comes of it
///     initial                  none           yes    > 0       -> kept under a new tag
///     refresh                  yes            no     > 0       -> the same state under a new tag
///     modify                   yes            yes    > 0       -> another state under a new tag
///     remove                   yes            any    0         -> gone
/// ```
/// The table is RFC 3903 Table 1. Deliberately not here: which package and which resource it is (404, 489), whether the body
/// is understood (415), and how the states are composed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Publications {
    all: Vec<Publication>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Publication {
    etag: Bytes,
    content_type: Bytes,
    body: Bytes,
    expires_at: Time,
}

/// How a PUBLISH is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PublishVerdict {
    /// With 200, this SIP-ETag and this Expires in seconds; the state has changed unless it was a refresh.
    Accepted {
        /// The new entity-tag.
        etag: Bytes,
        /// Seconds; 0 when the state is gone.
        expires_s: u32,
        /// Whether there is other state to tell than before.
        changed: bool,
    },
    /// With 412: there is no state with that tag, or no longer.
    NoSuchState,
    /// With 423 and this Min-Expires in seconds.
    TooBrief {
        /// Seconds.
        min_expires_s: u32,
    },
    /// With 400: it brings no state and refers to none.
    Empty,
    /// With 413: the body is larger than the limit `body_bytes`.
    TooLarge,
    /// With 503: there are as many publications as the limit `publications` permits.
    Full,
}

impl Publications {
    /// Takes a PUBLISH that is for this resource and package. `etag` is a new entity-tag: a token that was never given
    /// before for this resource.
    ///
    /// # Errors
    /// [`Malformed`]: SIP-If-Match or Expires cannot be read or holds more than one value; the PUBLISH is answered with 400.
    pub fn on_publish(
        &mut self,
        request: &Message,
        etag: Bytes,
        config: &PublicationConfig,
        now: Time,
    ) -> Result<PublishVerdict, Malformed> {
        let known = if_match(request)?;
        let wanted_s = request.expires()?.unwrap_or(config.default_s);
        self.expire(now);
        // RFC 3903 §6 step 3: the tag of the last publication, and no older one.
        let place = match known {
            Some(tag) => match self.all.iter().position(|kept| kept.etag == tag) {
                Some(place) => Some(place),
                None => return Ok(PublishVerdict::NoSuchState),
            },
            None => None,
        };
        // RFC 3903 §6 step 4: zero is never too brief.
        if wanted_s > 0 && wanted_s < config.min_s {
            return Ok(PublishVerdict::TooBrief { min_expires_s: config.min_s });
        }
        let expires_s = wanted_s.min(config.max_s);
        let body = request.body_bytes();
        if body.len() > config.body_bytes {
            return Ok(PublishVerdict::TooLarge);
        }
        let changed = match (place, expires_s, body.is_empty()) {
            // RFC 3903 §6 step 5.
            (None, _, true) => return Ok(PublishVerdict::Empty),
            // RFC 3903 §6 step 5: nothing is kept with zero, and what was there goes.
            (None, 0, false) => false,
            (Some(place), 0, _) => {
                self.all.remove(place);
                true
            }
            (None, 1.., false) if self.all.len() >= config.publications => return Ok(PublishVerdict::Full),
            (None, 1.., false) => {
                self.all.push(Publication::of(request, etag.clone(), expires_s, now));
                true
            }
            (Some(place), 1.., true) => {
                let kept = &mut self.all[place];
                (kept.etag, kept.expires_at) = (etag.clone(), now + seconds(expires_s));
                false
            }
            (Some(place), 1.., false) => {
                self.all[place] = Publication::of(request, etag.clone(), expires_s, now);
                true
            }
        };
        Ok(PublishVerdict::Accepted { etag, expires_s, changed })
    }

    /// The published states that are in force: Content-Type and body, the oldest one first.
    pub fn states(&self) -> impl ExactSizeIterator<Item = (&Bytes, &Bytes)> + Clone {
        self.all.iter().map(|kept| (&kept.content_type, &kept.body))
    }

    /// Whether nothing is published.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// When [`Publications::on_deadline`] is due.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Deadline> {
        self.all.iter().map(|kept| kept.expires_at).min().map(Deadline::due)
    }

    /// The deadline has come. Whether there is other state to tell than before.
    pub fn on_deadline(&mut self, now: Time) -> bool {
        self.expire(now)
    }

    /// Shortens lives that are longer than any can be: for a snapshot that was written by a machine whose clock was ahead.
    pub fn clamp_deadlines(&mut self, now: Time, config: &PublicationConfig) {
        for kept in &mut self.all {
            clamp(&mut kept.expires_at, now, seconds(config.max_s));
        }
    }

    fn expire(&mut self, now: Time) -> bool {
        let before = self.all.len();
        self.all.retain(|kept| kept.expires_at > now);
        self.all.len() < before
    }
}

impl Publication {
    fn of(request: &Message, etag: Bytes, expires_s: u32, now: Time) -> Self {
        Self {
            etag,
            content_type: Bytes::copy_from_slice(request.header(HeaderId::ContentType).unwrap_or_default()),
            // A copy, so that the state does not keep the whole message alive.
            body: Bytes::copy_from_slice(request.body()),
            expires_at: now + seconds(expires_s),
        }
    }
}

const fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds as u64)
}

/// The one entity-tag of SIP-If-Match (RFC 3903 §6 step 3, §11.3.2).
fn if_match(request: &Message) -> Result<Option<&[u8]>, Malformed> {
    let part = Part::Header(HeaderId::SipIfMatch);
    let Some(value) = request.header(HeaderId::SipIfMatch) else { return Ok(None) };
    if request.headers(HeaderId::SipIfMatch).nth(1).is_some() {
        return Err(Malformed::Repeated(part));
    }
    if is_token(value) { Ok(Some(value)) } else { Err(Malformed::Bad(part)) }
}

#[cfg(test)]
mod tests;
