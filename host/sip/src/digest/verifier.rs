//! A whole verifier: nonces minted and counted, credentials checked, for whoever needs no more than that.

use super::server::{Claim, Realm, Refusal};
use super::{Asker, AuthenticationInfo, Ha1, Nonce, NonceCounts, NonceKey, NotFresh};
use crate::message::Message;
use crate::time::Time;

/// Asks for credentials and checks them. It keeps counts of nonces and no secret but its keys.
#[derive(Debug)]
pub struct Verifier {
    /// The one that mints first.
    keys: Vec<NonceKey>,
    place: u64,
    last_minted: Time,
    counts: NonceCounts,
}

/// A request that was let in.
#[derive(Clone, Debug)]
pub struct Proven<'a> {
    /// What it claimed.
    pub claim: Claim<'a>,
    /// The value of Authentication-Info for the response, as far as it can be told before: empty for `auth-int`.
    pub info: Vec<u8>,
}

impl Verifier {
    /// A verifier that mints under `key` and knows nonces of `previous` too, for a change of keys.
    ///
    /// `place` tells its nonces from those of other verifiers with the same keys: what another one has minted is stale
    /// here, because its uses are counted there. At most `nonces_max` nonces are counted at a time; when there are more,
    /// the oldest become stale.
    #[must_use]
    pub fn new(key: NonceKey, previous: Option<NonceKey>, place: u64, nonces_max: usize, now: Time) -> Self {
        let keys = core::iter::once(key).chain(previous).collect();
        Self { keys, place, last_minted: now, counts: NonceCounts::new(nonces_max, now) }
    }

    /// Changes the key: nonces of the last one are good for as long as they live, those of earlier ones are not.
    pub fn rotate(&mut self, key: NonceKey) {
        self.keys.insert(0, key);
        self.keys.truncate(2);
    }

    /// How many nonces are counted.
    #[must_use]
    pub fn nonces(&self) -> usize {
        self.counts.len()
    }

    /// A nonce that nobody has seen yet, for that realm and for whatever else it is `bound` to.
    pub fn mint(&mut self, realm: &Realm, bound: &[u8], now: Time) -> Nonce {
        // Two in one microsecond would share a count.
        let next = Time::from_micros(self.last_minted.as_micros().saturating_add(1));
        self.last_minted = now.max(next);
        Nonce::mint(&self.keys[0], self.place, self.last_minted, &[realm.name.as_bytes(), bound])
    }

    /// The challenges of an answer to a request that was not let in: the values of the asker's header, in order.
    pub fn challenges(
        &mut self,
        realm: &Realm,
        asker: Asker,
        refusal: Refusal,
        bound: &[u8],
        now: Time,
    ) -> Vec<Vec<u8>> {
        let nonce = self.mint(realm, bound, now);
        realm.challenges(asker, &nonce, refusal.is_stale()).collect()
    }

    /// Checks a request. `bound` is what its nonce must have been minted for; `ha1_of` is asked once, when everything but
    /// the secret is in order.
    ///
    /// A request that is let in is counted: the same one is not let in again, so a retransmission has to be told from a
    /// new request before (RFC 3261 §17.2.3).
    ///
    /// # Errors
    /// [`Refusal`]
    pub fn check<'a>(
        &mut self,
        realm: &Realm,
        asker: Asker,
        request: &'a Message,
        bound: &[u8],
        now: Time,
        ha1_of: impl FnOnce(&Claim<'a>) -> Option<Ha1>,
    ) -> Result<Proven<'a>, Refusal> {
        let claim = realm.claim(request, asker)?;
        let nonce = *claim.nonce().ok_or(Refusal::ForeignNonce)?;
        nonce.check(&self.keys, &[realm.name.as_bytes(), bound], now, realm.nonce_lifetime)?;
        if nonce.place() != self.place {
            return Err(Refusal::StaleNonce);
        }
        self.counts.forget_expired(now, realm.nonce_lifetime);
        self.counts.look(&nonce, claim.nc()).map_err(refusal_of)?;
        let ha1 = ha1_of(&claim);
        let first_cnonce = self.counts.first_cnonce(&nonce);
        if !claim.is_proven_by(ha1.as_ref(), first_cnonce) {
            return Err(Refusal::WrongResponse);
        }
        let rspauth = ha1.and_then(|ha1| claim.rspauth(&ha1, first_cnonce));
        let info = rspauth.map(|rspauth| info(&claim, rspauth.as_bytes())).unwrap_or_default();
        self.counts.reserve(&nonce, claim.nc()).map_err(refusal_of)?;
        let cnonce = claim.algorithm().is_session().then(|| claim.cnonce());
        self.counts.keep(&nonce, claim.nc(), cnonce);
        Ok(Proven { claim, info })
    }
}

fn info(claim: &Claim<'_>, rspauth: &[u8]) -> Vec<u8> {
    let protection = claim.authorization().protection.as_ref();
    let info = AuthenticationInfo {
        nextnonce: None,
        rspauth: Some(rspauth.into()),
        qop: protection.map(|it| it.qop),
        cnonce: protection.map(|it| it.cnonce.clone()),
        nc: protection.map(|it| it.nc_text()[..].into()),
    };
    info.write()
}

/// In the words of a refusal.
pub(super) const fn refusal_of(not_fresh: NotFresh) -> Refusal {
    match not_fresh {
        NotFresh::Stale => Refusal::StaleNonce,
        NotFresh::Replayed => Refusal::Replayed,
    }
}
