//! The client's side: challenges answered, and requests that carry credentials before anybody asks (RFC 3261 §22.2, §22.3,
//! RFC 7616 §3.4, §3.6, RFC 8760 §2.4).
//!
//! A [`Client`] belongs to a dialog, a registration or one request with its repetitions. It remembers nonces and counts,
//! and no secret: the [`AuthInfo`] comes in with each request. So it can be stored.

use core::fmt;
use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::hash::userhash;
use super::{
    Algorithm, Asker, AuthInfo, AuthenticationInfo, Authorization, Challenge, Exchange, HexDigest, Login,
    Protection, Qop, Username,
};
use crate::header::HeaderId;
use crate::message::Message;

/// What is remembered of those who ask for credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Client {
    known: Vec<Known>,
    /// Answers in a row that brought nothing but another challenge, of whatever realm.
    rounds: u8,
}

/// A realm of one kind of asker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    asker: Asker,
    realm: Box<[u8]>,
    /// Usually one; several where a request was forked to several servers of the realm.
    nonces: Vec<Held>,
    /// Client nonce of the last answer, and a fingerprint of the secret that it was made with; see `Ha1::fingerprint`.
    answered_with: Option<(Box<[u8]>, u64)>,
    /// Challenges of this realm in a row.
    challenges: u8,
}

/// A nonce with what its challenge said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Held {
    nonce: Box<[u8]>,
    algorithm: Algorithm,
    opaque: Option<Box<[u8]>>,
    qop: Option<Qop>,
    userhash: bool,
    /// Requests sent with it.
    nc: u32,
    /// Nonce and client nonce of the first answer to the challenge, for the algorithms with `-sess`.
    session: Option<SessionKey>,
    /// Of the last request.
    sent: Option<Sent>,
}

/// What the session key of a challenge is made with, beside the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SessionKey {
    nonce: Box<[u8]>,
    cnonce: Box<[u8]>,
}

/// What tells whether the response to a request proves the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Sent {
    cnonce: Box<[u8]>,
    /// The proof that is due; empty with `auth-int`, where it depends on the response's body.
    rspauth: Box<[u8]>,
}

/// A request as it is about to be sent.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// Its method.
    pub method: &'a [u8],
    /// Its Request-URI.
    pub uri: &'a [u8],
    /// Its body.
    pub body: &'a [u8],
}

/// A header for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Authorization or Proxy-Authorization.
    pub id: HeaderId,
    /// Its value.
    pub value: Vec<u8>,
}

/// Why a request is not sent again with credentials.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum GiveUp {
    /// The response has no challenge of the scheme Digest that can be read.
    NoChallenge,
    /// All its challenges are of algorithms or qualities of protection that are not known.
    Unsupported,
    /// There is no login for any of its realms, or none that can answer the algorithms; the first realm.
    NoLogin(String),
    /// The same login was refused already (RFC 3261 §22.2: the same credentials are not tried again); the realm.
    Rejected(String),
    /// A server asks again and again, with nonces that are stale as soon as they are used; the realm.
    Endless(String),
    /// More than [`Client::REALMS_MAX`] realms ask.
    TooManyRealms,
}

impl fmt::Display for GiveUp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoChallenge => out.write_str("the response has no digest challenge that can be read"),
            Self::Unsupported => {
                out.write_str("no challenge is of a known algorithm and quality of protection")
            }
            Self::NoLogin(realm) => write!(out, "there is no login for realm {realm:?}"),
            Self::Rejected(realm) => write!(out, "the login for realm {realm:?} was rejected"),
            Self::Endless(realm) => write!(out, "realm {realm:?} asks again and again"),
            Self::TooManyRealms => write!(out, "more than {} realms ask", Client::REALMS_MAX),
        }
    }
}

impl std::error::Error for GiveUp {}

/// What a response says of its server (RFC 7616 §3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ServerProof {
    /// Nothing, or nothing that belongs to a request of ours.
    Absent,
    /// The proof is over the body of the response and was not computed (`auth-int`).
    Unchecked,
    /// The server knows the secret.
    Right,
    /// The proof is wrong: somebody else has answered, or has changed the response.
    Wrong,
}

/// Challenges of one realm in a row that are answered: the first, and further ones while they say `stale`.
const CHALLENGES_MAX: u8 = 3;
/// Challenges in a row that are answered: a way of some proxies and a server that ask one after the other.
const ROUNDS_MAX: u8 = 10;

impl Client {
    /// Realms of one client, those of servers and of proxies counted apart.
    pub const REALMS_MAX: usize = 8;
    /// Challenges of one realm that are answered in one request.
    pub const FORKS_MAX: usize = 8;

    /// Challenges of one kind that are looked at in one response; those behind them are passed over.
    pub const CHALLENGES_READ_MAX: usize = 64;

    /// A client that nobody has asked yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nobody has asked yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// The realms that have asked, in the order in which they came.
    pub fn realms(&self) -> impl Iterator<Item = (Asker, &[u8])> {
        self.known.iter().map(|known| (known.asker, &*known.realm))
    }

    /// A 401 or 407 came: remembers the challenges that `logins` can answer. [`Client::authorize`] answers them.
    ///
    /// Both headers are read, since a proxy that forked puts the challenges of all branches into its one response
    /// (RFC 3261 §16.7). Of a realm's challenges the topmost one that can be answered decides the algorithm
    /// (RFC 8760 §2.4).
    ///
    /// # Errors
    /// [`GiveUp`] when no challenge can be answered, or answering would go on for ever; then nothing has changed. Realms
    /// without a login are passed over as long as another one can be answered: another branch of the fork may let the
    /// request in.
    pub fn on_challenge(&mut self, response: &Message, logins: &AuthInfo) -> Result<(), GiveUp> {
        let mut reasons = Reasons::default();
        let mut asked: Vec<Known> = Vec::new();
        for asker in Asker::ALL {
            for (realm, challenges) in by_realm(response, asker, &mut reasons) {
                match self.answerable(asker, &realm, &challenges, logins) {
                    Ok(known) => asked.push(known),
                    // The same login again would be refused again, whoever else could be answered.
                    Err(rejected @ (GiveUp::Rejected(_) | GiveUp::Endless(_))) => return Err(rejected),
                    Err(
                        reason @ (GiveUp::NoChallenge
                        | GiveUp::Unsupported
                        | GiveUp::NoLogin(_)
                        | GiveUp::TooManyRealms),
                    ) => reasons.add(reason),
                }
            }
        }
        let Some(first) = asked.first() else { return Err(reasons.worst()) };
        if self.rounds >= ROUNDS_MAX {
            return Err(GiveUp::Endless(named(&first.realm)));
        }
        let others = |known: &&Known| !asked.iter().any(|new| known.is_same(new));
        if asked.len() + self.known.iter().filter(others).count() > Self::REALMS_MAX {
            return Err(GiveUp::TooManyRealms);
        }
        self.rounds += 1;
        for known in &mut self.known {
            match asked.iter().position(|new| known.is_same(new)) {
                Some(at) => *known = asked.swap_remove(at),
                // Whoever does not ask again has let the request pass, or it has not come as far.
                None => known.challenges = 0,
            }
        }
        self.known.append(&mut asked);
        Ok(())
    }

    /// What will be remembered of a realm that asks with these challenges.
    fn answerable(
        &self,
        asker: Asker,
        realm: &[u8],
        challenges: &[Challenge<'_>],
        logins: &AuthInfo,
    ) -> Result<Known, GiveUp> {
        let login = logins.find(asker, realm).ok_or_else(|| GiveUp::NoLogin(named(realm)))?;
        let supported: Vec<&Challenge<'_>> = challenges.iter().filter(|it| is_supported(it)).collect();
        if supported.is_empty() {
            return Err(GiveUp::Unsupported);
        }
        let chosen =
            supported.iter().find_map(|it| it.algorithm.filter(|algorithm| login.answers(*algorithm)));
        let algorithm = chosen.ok_or_else(|| GiveUp::NoLogin(named(realm)))?;
        let before = self.known.iter().find(|known| known.asker == asker && *known.realm == *realm);
        if let Some(before) = before {
            before.guard(supported.iter().any(|it| it.stale), login, algorithm)?;
        }
        // RFC 3261 §22.3: several servers of a realm may have been reached, each of which knows its own nonce.
        let chosen = supported.iter().filter(|it| it.algorithm == Some(algorithm));
        let mut nonces: Vec<Held> = chosen.map(|it| Held::of(it, algorithm)).collect();
        nonces.dedup_by(|next, before| next.nonce == before.nonce);
        nonces.truncate(Self::FORKS_MAX);
        Ok(Known {
            asker,
            realm: realm.into(),
            nonces,
            answered_with: before.and_then(|before| before.answered_with.clone()),
            challenges: before.map_or(0, |before| before.challenges) + 1,
        })
    }

    /// The credentials of a request for all realms that have asked and for which there is a login: also of a request that
    /// nobody has asked for yet (RFC 3261 §22.2 permits it within a dialog or registration).
    ///
    /// Counts the nonces up, so what it gives belongs to one request: it replaces all credentials of a request that is
    /// sent again, and an ACK takes the INVITE's (RFC 3261 §22.1). `cnonce` is a number that nobody can foresee.
    pub fn authorize(&mut self, request: &Request<'_>, logins: &AuthInfo, cnonce: &str) -> Vec<Header> {
        let mut headers = Vec::new();
        for known in &mut self.known {
            let Some(login) = logins.find(known.asker, &known.realm) else { continue };
            for held in &mut known.nonces {
                let Some(ha1) = login.ha1(held.algorithm, &known.realm) else { continue };
                known.answered_with = Some((cnonce.as_bytes().into(), ha1.fingerprint(cnonce.as_bytes())));
                let value = held.answer(request, &known.realm, login, &ha1, cnonce.as_bytes());
                headers.push(Header { id: known.asker.credentials_header(), value });
            }
        }
        headers
    }

    /// Any other final response than 401 and 407 came: credentials were believed, or not asked for. Takes the nonce for
    /// the next request out of it, and says whether the server has proven itself.
    pub fn on_response(&mut self, response: &Message) -> ServerProof {
        self.rounds = 0;
        self.known.iter_mut().for_each(|known| known.challenges = 0);
        let mut proof = ServerProof::Absent;
        for asker in Asker::ALL {
            for value in response.headers_named(asker.info_header().as_bytes()) {
                if let Ok(info) = AuthenticationInfo::read(value) {
                    proof = proof.max(self.on_info(asker, &info));
                }
            }
        }
        proof
    }

    /// The header names no realm: with several of one kind the proof itself tells whose it is.
    fn on_info(&mut self, asker: Asker, info: &AuthenticationInfo<'_>) -> ServerProof {
        let of_asker = self.known.iter_mut().filter(|known| known.asker == asker);
        let mut candidates: Vec<&mut Held> =
            of_asker.flat_map(|known| &mut known.nonces).filter(|held| held.is_named_by(info)).collect();
        let proofs: Vec<ServerProof> = candidates.iter().map(|held| held.proof(info)).collect();
        let proof = match proofs.iter().position(|proof| *proof == ServerProof::Right) {
            Some(at) => {
                candidates = vec![candidates.swap_remove(at)];
                ServerProof::Right
            }
            None => proofs.into_iter().max().unwrap_or(ServerProof::Absent),
        };
        if let Some(next) = &info.nextnonce
            && proof != ServerProof::Wrong
            && let [held] = &mut candidates[..]
        {
            held.nonce = (**next).into();
            held.nc = 0;
            held.sent = None;
        }
        proof
    }
}

impl Known {
    fn is_same(&self, other: &Self) -> bool {
        self.asker == other.asker && self.realm == other.realm
    }

    /// Whether answering once more may help: RFC 3261 §22.2 forbids credentials that were just rejected, unless the nonce
    /// was stale.
    fn guard(&self, is_stale: bool, login: &Login, algorithm: Algorithm) -> Result<(), GiveUp> {
        if self.challenges >= CHALLENGES_MAX {
            return Err(GiveUp::Endless(named(&self.realm)));
        }
        // After a success the nonce may have been good for one request only, whether the challenge says so or not.
        let was_answered = self.challenges > 0 && self.nonces.iter().any(|held| held.nc > 0);
        let is_same_login = self.answered_with.as_ref().is_some_and(|(cnonce, fingerprint)| {
            login.ha1(algorithm, &self.realm).is_some_and(|ha1| ha1.fingerprint(cnonce) == *fingerprint)
        });
        if is_same_login && was_answered && !is_stale {
            return Err(GiveUp::Rejected(named(&self.realm)));
        }
        Ok(())
    }
}

fn named(realm: &[u8]) -> String {
    String::from_utf8_lossy(realm).into_owned()
}

/// The challenges of one kind by realm, in the order in which the realms come.
fn by_realm<'a>(
    response: &'a Message,
    asker: Asker,
    reasons: &mut Reasons,
) -> Vec<(Cow<'a, [u8]>, Vec<Challenge<'a>>)> {
    let mut groups: Vec<(Cow<'a, [u8]>, Vec<Challenge<'a>>)> = Vec::new();
    let challenges = response.headers(asker.challenge_header()).flat_map(Challenge::all);
    for challenge in challenges.take(Client::CHALLENGES_READ_MAX) {
        // RFC 7235 §4.1: one that cannot be read does not spoil the others.
        let Ok(challenge) = challenge else {
            reasons.add(GiveUp::NoChallenge);
            continue;
        };
        match groups.iter_mut().find(|(realm, _)| *realm == challenge.realm) {
            Some((_, group)) => group.push(challenge),
            None => groups.push((challenge.realm.clone(), vec![challenge])),
        }
    }
    groups
}

/// RFC 7616 §3.3: challenges of unknown algorithms and qualities of protection are ignored.
const fn is_supported(challenge: &Challenge<'_>) -> bool {
    let Some(algorithm) = challenge.algorithm else { return false };
    let qops = challenge.qops;
    // A session key needs a client nonce, and without a quality of protection there is none.
    qops.auth || qops.auth_int || (!qops.listed && !algorithm.is_session())
}

impl Held {
    fn of(challenge: &Challenge<'_>, algorithm: Algorithm) -> Self {
        let qops = challenge.qops;
        Self {
            nonce: (*challenge.nonce).into(),
            algorithm,
            opaque: challenge.opaque.as_deref().map(Into::into),
            // `auth` where there is a choice: on the way of a request there may be somebody who changes bodies.
            qop: match (qops.auth, qops.auth_int) {
                (true, _) => Some(Qop::Auth),
                (false, true) => Some(Qop::AuthInt),
                (false, false) => None,
            },
            userhash: challenge.userhash,
            nc: 0,
            session: None,
            sent: None,
        }
    }

    fn answer(
        &mut self,
        request: &Request<'_>,
        realm: &[u8],
        login: &Login,
        ha1: &super::Ha1,
        cnonce: &[u8],
    ) -> Vec<u8> {
        // At the end of the count the server has to give a new nonce; it will say that this one is stale.
        self.nc = self.nc.saturating_add(1);
        if self.algorithm.is_session() && self.session.is_none() {
            self.session = Some(SessionKey { nonce: self.nonce.clone(), cnonce: cnonce.into() });
        }
        let protection = self.qop.map(|qop| Protection::new(qop, self.nc, cnonce));
        let exchange = Exchange {
            algorithm: self.algorithm,
            method: request.method,
            uri: request.uri,
            nonce: &self.nonce,
            protection: protection.as_ref(),
            session: self.session.as_ref().map(|first| (&*first.nonce, &*first.cnonce)),
            body: request.body,
        };
        let rspauth: Box<[u8]> = match self.qop {
            Some(Qop::Auth) => exchange.rspauth(ha1, b"").as_bytes().into(),
            Some(Qop::AuthInt) | None => Box::default(),
        };
        let response: HexDigest = exchange.response(ha1);
        let name = login.username().as_bytes();
        let hash = self.userhash.then(|| userhash(self.algorithm.function(), name, realm));
        let username = match &hash {
            // RFC 7616 §3.4.4.
            Some(hash) => Username::Hashed(hash.as_bytes().into()),
            None => Username::Plain(name.into()),
        };
        let value = Authorization {
            username,
            realm: realm.into(),
            nonce: (&*self.nonce).into(),
            uri: request.uri.into(),
            response: response.as_bytes().into(),
            algorithm: self.algorithm,
            protection: protection.clone(),
            opaque: self.opaque.as_deref().map(Into::into),
        }
        .write();
        self.sent = Some(Sent { cnonce: cnonce.into(), rspauth });
        value
    }

    /// Whether an info can be about the last request with this nonce.
    fn is_named_by(&self, info: &AuthenticationInfo<'_>) -> bool {
        let Some(sent) = &self.sent else { return false };
        let own = Protection::new(Qop::Auth, self.nc, &*sent.cnonce);
        info.cnonce.as_ref().is_none_or(|cnonce| **cnonce == *sent.cnonce)
            && info.nc.as_ref().is_none_or(|nc| nc.eq_ignore_ascii_case(own.nc_text()))
    }

    fn proof(&self, info: &AuthenticationInfo<'_>) -> ServerProof {
        match (&info.rspauth, &self.sent) {
            (Some(_), Some(sent)) if sent.rspauth.is_empty() => ServerProof::Unchecked,
            (Some(told), Some(sent)) if told.eq_ignore_ascii_case(&sent.rspauth) => ServerProof::Right,
            (Some(_), Some(_)) => ServerProof::Wrong,
            (None, _) | (Some(_), None) => ServerProof::Absent,
        }
    }
}

/// Why no realm could be answered: the reason that helps most.
#[derive(Default)]
struct Reasons {
    worst: Option<GiveUp>,
}

impl Reasons {
    fn add(&mut self, reason: GiveUp) {
        // A login that is missing can be mended, an unreadable challenge cannot.
        let rank = |reason: &GiveUp| match reason {
            GiveUp::NoChallenge => 0,
            GiveUp::Unsupported => 1,
            GiveUp::TooManyRealms => 2,
            GiveUp::NoLogin(_) | GiveUp::Rejected(_) | GiveUp::Endless(_) => 3,
        };
        if self.worst.as_ref().is_none_or(|worst| rank(worst) < rank(&reason)) {
            self.worst = Some(reason);
        }
    }

    fn worst(self) -> GiveUp {
        self.worst.unwrap_or(GiveUp::NoChallenge)
    }
}
