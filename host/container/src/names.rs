//! Names that the host mints: Via branches, tags, Call-IDs, ids of sessions.
//!
//! A name is 160 bits: the application session's key (the partition in its top 10 bits), an index inside that session and
//! 64 bits of a keyed hash over kind, key and index, written as 32 characters of base 32. So a packet finds its shard and
//! its session without a table, and a name that was not minted under our secret is known as such. The hash proves that
//! a name is ours, not who sends it. The hash is made under a key that is derived from the secret for each application
//! session, so that a record of a session can tell that key, and with it all names of the session, but never the secret.

#[cfg(test)]
mod tests;

use core::hash::Hasher;

use siphasher::sip::SipHasher24;
use siphasher::sip128::{Hasher128, SipHasher24 as SipHasher128};
use siplet_sip::transaction::HashKey;

use crate::config::{PARTITIONS, Secret};
use crate::io::Key;
use crate::record::NamesKey;

/// What a name names; a hash for one kind is none for another.
// [3261-8.1.1.4-s1, 3261-8.1.1.7-4]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    /// Branch parameter of a Via.
    Branch = 1,
    /// Tag of a SIP session's own side.
    Tag = 2,
    /// Call-ID.
    CallId = 3,
    /// Id of an application session.
    ApplicationSession = 4,
    /// Id of a SIP session.
    SipSession = 5,
    /// Id of a timer.
    Timer = 6,
}

/// Magic cookie of a branch (RFC 3261 §8.1.1.7).
// [3261-8.1.1.7-5]
const COOKIE: &str = "z9hG4bK";
const ALPHABET: &[u8; 32] = b"0123456789abcdefghijklmnopqrstuv";
/// Characters of a name.
pub(crate) const NAME_LEN: usize = 32;

/// Mints and checks names.
#[derive(Clone, Debug)]
pub(crate) struct Minter {
    secret: [u64; 2],
    previous: Option<[u64; 2]>,
    /// The one session whose key is told and not derived: the session of a record that runs again.
    told: Option<(Key, NamesKey)>,
}

fn words(secret: Secret) -> [u64; 2] {
    let wide = u128::from_le_bytes(secret.0);
    [wide as u64, (wide >> 64) as u64]
}

/// The key of one session's names.
fn derive(secret: [u64; 2], key: Key) -> [u64; 2] {
    let mut hasher = SipHasher128::new_with_keys(secret[0], secret[1]);
    hasher.write_u64(key.0);
    let derived = hasher.finish128();
    [derived.h1, derived.h2]
}

fn mac(names: [u64; 2], kind: Kind, index: u32) -> u64 {
    let mut hasher = SipHasher24::new_with_keys(names[0], names[1]);
    hasher.write_u64(u64::from(kind as u8) << 32 | u64::from(index));
    hasher.finish()
}

impl Minter {
    pub(crate) fn new(secret: Secret, previous: Option<Secret>) -> Self {
        Self { secret: words(secret), previous: previous.map(words), told: None }
    }

    /// Names of this session are minted and checked under keys that a record tells.
    pub(crate) const fn tell(&mut self, key: Key, names: NamesKey) {
        self.told = Some((key, names));
    }

    /// The keys of a session's names.
    pub(crate) fn names_of(&self, key: Key) -> NamesKey {
        match self.told {
            Some((told, names)) if told == key => names,
            Some(_) | None => NamesKey {
                mints: derive(self.secret, key),
                previous: self.previous.map(|previous| derive(previous, key)),
            },
        }
    }

    fn mints(&self, key: Key) -> [u64; 2] {
        match self.told {
            Some((told, names)) if told == key => names.mints,
            Some(_) | None => derive(self.secret, key),
        }
    }

    /// The key of hashes over foreign names; the same on all nodes that share the secret.
    pub(crate) fn hash_key(&self) -> HashKey {
        HashKey::new(self.secret[0] ^ 0x7365_7276_6572, self.secret[1])
    }

    /// A name of that kind.
    pub(crate) fn mint(&self, kind: Kind, key: Key, index: u32) -> String {
        let mut bytes = [0_u8; 20];
        bytes[..8].copy_from_slice(&key.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&index.to_be_bytes());
        bytes[12..].copy_from_slice(&mac(self.mints(key), kind, index).to_be_bytes());
        let mut name = String::with_capacity(COOKIE.len() + NAME_LEN);
        if kind == Kind::Branch {
            name.push_str(COOKIE);
        }
        encode(&bytes, &mut name);
        name
    }

    /// Session key and index of a name that was minted under our secret, in whatever case it comes back.
    pub(crate) fn check(&self, kind: Kind, name: &[u8]) -> Option<(Key, u32)> {
        let name = match kind {
            Kind::Branch => {
                let (cookie, rest) = name.split_at_checked(COOKIE.len())?;
                cookie.eq_ignore_ascii_case(COOKIE.as_bytes()).then_some(rest)?
            }
            Kind::Tag | Kind::CallId | Kind::ApplicationSession | Kind::SipSession | Kind::Timer => name,
        };
        let bytes = decode(name)?;
        let key = Key(u64::from_be_bytes(bytes[..8].try_into().ok()?));
        let index = u32::from_be_bytes(bytes[8..12].try_into().ok()?);
        let told = u64::from_be_bytes(bytes[12..].try_into().ok()?);
        let good = |names: [u64; 2]| mac(names, kind, index) == told;
        (good(self.mints(key)) || self.names_of(key).previous.is_some_and(good)).then_some((key, index))
    }

    /// A number that nobody can foresee, the same each time for that index of the session.
    pub(crate) fn number(&self, key: Key, index: u32) -> u64 {
        let mut hasher = SipHasher24::new_with_keys(self.secret[0], self.secret[1]);
        hasher.write_u8(0x83);
        hasher.write_u64(key.0);
        hasher.write_u32(index);
        hasher.finish()
    }

    /// A To tag for an answer without a transaction: the same for the same request (RFC 3261 §8.2.7).
    // [3261-8.2.7-5]
    pub(crate) fn stateless_tag(&self, fields: [&[u8]; 3]) -> String {
        let mut hasher = SipHasher24::new_with_keys(self.secret[0], self.secret[1]);
        hasher.write_u8(0x80);
        for field in fields {
            hasher.write_usize(field.len());
            hasher.write(field);
        }
        let mut tag = String::with_capacity(16);
        tag.push_str("sl-");
        let mut bytes = [0_u8; 10];
        bytes[..8].copy_from_slice(&hasher.finish().to_be_bytes());
        encode(&bytes, &mut tag);
        tag
    }

    /// Where a call stands among the calls of an application, 0 to 99: the same on every shard and after a repetition.
    pub(crate) fn percent_of_call(&self, call_id: &[u8], application: &str) -> u8 {
        let mut hasher = SipHasher24::new_with_keys(self.secret[0], self.secret[1]);
        hasher.write_u8(0x82);
        hasher.write_usize(call_id.len());
        hasher.write(call_id);
        hasher.write(application.as_bytes());
        (hasher.finish() % 100) as u8
    }

    /// Where a call stands among all calls for a watch that takes a share of them, 0 to 99. It tells nothing of where it
    /// stands for a canary.
    pub(crate) fn percent_for_watch(&self, call_id: &[u8]) -> u8 {
        let mut hasher = SipHasher24::new_with_keys(self.secret[0], self.secret[1]);
        hasher.write_u8(0x83);
        hasher.write(call_id);
        (hasher.finish() % 100) as u8
    }

    /// The partition of a call that was named elsewhere.
    pub(crate) fn partition_of_call(&self, call_id: &[u8]) -> u16 {
        partition_of_call(self.secret, call_id)
    }

    /// The same under the previous secret: where the call stands that began before the secret was rotated. The partition
    /// under the secret where there is no previous one.
    pub(crate) fn previous_partition_of_call(&self, call_id: &[u8]) -> u16 {
        partition_of_call(self.previous.unwrap_or(self.secret), call_id)
    }
}

fn partition_of_call(secret: [u64; 2], call_id: &[u8]) -> u16 {
    let mut hasher = SipHasher24::new_with_keys(secret[0], secret[1]);
    hasher.write_u8(0x81);
    hasher.write(call_id);
    (hasher.finish() % u64::from(PARTITIONS)) as u16
}

/// The same text without the names of that session, so that two runs of it that minted in another order can be compared.
pub(crate) fn without_names(text: &[u8], key: Key) -> Vec<u8> {
    let prefix = key.0.to_be_bytes();
    let is_letter = |byte: &u8| ALPHABET.contains(&byte.to_ascii_lowercase());
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let run = rest.iter().position(|byte| !is_letter(byte)).unwrap_or(rest.len());
        // The cookie before a branch is made of the same letters, but for its capital K, which is one too.
        let name = run.checked_sub(NAME_LEN).and_then(|start| Some((start, decode(&rest[start..run])?)));
        match name {
            Some((start, bytes)) if bytes[..8] == prefix => {
                out.extend_from_slice(&rest[..start]);
                out.push(b'~');
            }
            Some(_) | None => out.extend_from_slice(&rest[..run]),
        }
        if let Some(after) = rest.get(run) {
            out.push(*after);
        }
        at += run + 1;
    }
    out
}

/// Five bits a character; `bytes` is a multiple of five long.
fn encode(bytes: &[u8], out: &mut String) {
    for chunk in bytes.chunks_exact(5) {
        let bits = chunk.iter().fold(0_u64, |bits, byte| bits << 8 | u64::from(*byte));
        for at in (0..8).rev() {
            out.push(char::from(ALPHABET[(bits >> (at * 5) & 31) as usize]));
        }
    }
}

fn decode(name: &[u8]) -> Option<[u8; 20]> {
    if name.len() != NAME_LEN {
        return None;
    }
    let mut bytes = [0_u8; 20];
    for (chunk, out) in name.chunks_exact(8).zip(bytes.chunks_exact_mut(5)) {
        let mut bits = 0_u64;
        for character in chunk {
            let value = match character.to_ascii_lowercase() {
                digit @ b'0'..=b'9' => digit - b'0',
                letter @ b'a'..=b'v' => letter - b'a' + 10,
                _ => return None,
            };
            bits = bits << 5 | u64::from(value);
        }
        out.copy_from_slice(&bits.to_be_bytes()[3..]);
    }
    Some(bytes)
}

/// Numbers that nobody can foresee: a keyed hash over a counter.
#[derive(Clone, Debug)]
pub(crate) struct Random {
    seed: [u64; 2],
    counter: u64,
}

impl Random {
    pub(crate) const fn new(seed: [u64; 2]) -> Self {
        Self { seed, counter: 0 }
    }

    /// What it began with.
    pub(crate) const fn seed(&self) -> [u64; 2] {
        self.seed
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        let mut hasher = SipHasher24::new_with_keys(self.seed[0], self.seed[1]);
        hasher.write_u64(self.counter);
        hasher.finish()
    }
}
