//! Nonces minted, checked and counted: RFC 7616 §3.3, §3.4, §5.4, §5.5.

use super::*;

const KEY: NonceKey = NonceKey::new([1, 2]);
const OTHER: NonceKey = NonceKey::new([1, 3]);
const LIFETIME: Duration = Duration::from_secs(300);

fn nonce(place: u64, seconds: u64) -> Nonce {
    Nonce::mint(&KEY, place, at(seconds), &[b"realm"])
}

#[test]
fn a_nonce_comes_back_as_it_was_written() {
    let nonce = Nonce::mint(&KEY, u64::MAX, at(1_700_000_000), &[b"realm", b"call"]);
    let text = nonce.to_string();
    assert_eq!(text.len(), 64);
    assert_eq!(Nonce::read(text.as_bytes()), Some(nonce));
    for other in [
        "",
        &text[1..],
        &text.to_uppercase(),
        &text.replace(|c: char| c.is_ascii_digit(), "x"),
        &format!("{text}0"),
    ] {
        assert_eq!(Nonce::read(other.as_bytes()), None, "{other}");
    }
}

#[test]
fn a_nonce_is_known_by_key_time_place_and_what_it_is_bound_to() {
    let nonce = Nonce::mint(&KEY, 7, at(1000), &[b"realm", b"call"]);
    let check =
        |nonce: &Nonce, keys: &[NonceKey], bound: &[&[u8]], now| nonce.check(keys, bound, now, LIFETIME);
    let good: &[&[u8]] = &[b"realm", b"call"];
    assert_eq!(check(&nonce, &[KEY], good, at(1000)), Ok(()));
    // A change of keys: the previous one is known too.
    assert_eq!(check(&nonce, &[OTHER, KEY], good, at(1300)), Ok(()));
    assert_eq!(check(&nonce, &[KEY], good, at(1301)), Err(Refusal::StaleNonce));
    assert_eq!(check(&nonce, &[OTHER], good, at(1000)), Err(Refusal::ForeignNonce));
    assert_eq!(check(&nonce, &[], good, at(1000)), Err(Refusal::ForeignNonce));
    // The clock of who took over may be a little behind.
    assert_eq!(check(&nonce, &[KEY], good, at(999)), Ok(()));
    assert_eq!(check(&nonce, &[KEY], good, at(998)), Err(Refusal::StaleNonce));
    let others: [&[&[u8]]; 5] =
        [&[b"realm"], &[b"realm", b"cal"], &[b"real", b"mcall"], &[b"realmcall"], &[b"realm", b"call", b""]];
    for bound in others {
        assert_eq!(check(&nonce, &[KEY], bound, at(1000)), Err(Refusal::ForeignNonce), "{bound:?}");
    }
    // Each digit counts.
    let text = nonce.to_string();
    for digit in 0..text.len() {
        let mut forged = text.clone().into_bytes();
        forged[digit] = if forged[digit] == b'0' { b'1' } else { b'0' };
        let forged = Nonce::read(&forged).unwrap();
        assert_eq!(check(&forged, &[KEY], good, at(1000)), Err(Refusal::ForeignNonce), "digit {digit}");
    }
}

fn count(counts: &mut NonceCounts, nonce: &Nonce, nc: u32) -> Result<(), NotFresh> {
    counts.reserve(nonce, nc)?;
    counts.keep(nonce, nc, None);
    Ok(())
}

#[test]
fn a_count_is_good_once_and_may_overtake_others() {
    let nonce = nonce(1, 10);
    let mut counts = NonceCounts::new(10, at(0));
    let replayed = Err(NotFresh::Replayed);
    for (nc, expected) in [
        (1, Ok(())),
        (1, replayed),
        (3, Ok(())),
        (2, Ok(())),
        (2, replayed),
        (3, replayed),
        (70, Ok(())),
        // 64 counts are told apart.
        (7, Ok(())),
        (6, replayed),
        (69, Ok(())),
        (69, replayed),
        (1000, Ok(())),
        (70, replayed),
        (u32::MAX, Ok(())),
        (u32::MAX - 63, Ok(())),
        (u32::MAX, replayed),
        (1, replayed),
    ] {
        assert_eq!(count(&mut counts, &nonce, nc), expected, "count {nc}");
    }
    assert_eq!(counts.len(), 1);
}

#[test]
fn a_use_that_is_being_checked_is_not_good_a_second_time() {
    let nonce = nonce(1, 10);
    let mut counts = NonceCounts::new(10, at(0));
    assert_eq!(counts.reserve(&nonce, 1), Ok(()));
    assert_eq!(counts.reserve(&nonce, 1), Err(NotFresh::Replayed));
    counts.release(&nonce, 1);
    assert!(counts.is_empty(), "who guesses leaves nothing behind");
    assert_eq!(count(&mut counts, &nonce, 1), Ok(()));
    // A guess with a large count does not make the small ones old.
    assert_eq!(counts.reserve(&nonce, u32::MAX), Ok(()));
    counts.release(&nonce, u32::MAX);
    assert_eq!(count(&mut counts, &nonce, 2), Ok(()));
    assert_eq!(counts.reserve(&nonce, 1), Err(NotFresh::Replayed));
}

/// A table that was begun anew, after a restart or on another node, knows no use of an older nonce.
#[test]
fn a_new_table_lets_no_older_nonce_in() {
    let mut counts = NonceCounts::new(10, at(100));
    assert_eq!(count(&mut counts, &nonce(1, 99), 1), Err(NotFresh::Stale));
    assert_eq!(count(&mut counts, &nonce(1, 100), 1), Err(NotFresh::Stale));
    assert_eq!(count(&mut counts, &nonce(1, 101), 1), Ok(()));
}

#[test]
fn a_full_table_makes_the_oldest_nonces_stale_and_forgets_no_use() {
    let mut counts = NonceCounts::new(3, at(0));
    for seconds in [10, 20, 30, 40] {
        assert_eq!(count(&mut counts, &nonce(1, seconds), 1), Ok(()));
    }
    assert_eq!(counts.len(), 3);
    assert_eq!(count(&mut counts, &nonce(1, 10), 2), Err(NotFresh::Stale));
    assert_eq!(count(&mut counts, &nonce(1, 20), 1), Err(NotFresh::Replayed));
    // One that is older than all that are kept has its one use, and is then forgotten with all before it.
    assert_eq!(count(&mut counts, &nonce(1, 15), 1), Ok(()));
    assert_eq!(count(&mut counts, &nonce(1, 15), 2), Err(NotFresh::Stale));
    assert_eq!(count(&mut counts, &nonce(1, 20), 2), Ok(()));
}

#[test]
fn expired_nonces_leave_the_table() {
    let mut counts = NonceCounts::new(10, at(0));
    for seconds in [10, 20, 30] {
        assert_eq!(count(&mut counts, &nonce(1, seconds), 1), Ok(()));
    }
    counts.forget_expired(at(320), LIFETIME);
    assert_eq!(counts.len(), 2);
    assert_eq!(count(&mut counts, &nonce(1, 10), 1), Err(NotFresh::Stale), "forgotten is not unused");
    counts.forget_expired(at(1000), LIFETIME);
    assert!(counts.is_empty());
}

#[test]
fn the_first_client_nonce_is_kept_for_session_keys() {
    let nonce = nonce(1, 10);
    let mut counts = NonceCounts::new(10, at(0));
    counts.reserve(&nonce, 1).unwrap();
    counts.keep(&nonce, 1, Some(b"first"));
    counts.reserve(&nonce, 2).unwrap();
    counts.keep(&nonce, 2, Some(b"second"));
    assert_eq!(counts.first_cnonce(&nonce), Some(&b"first"[..]));
    assert_eq!(counts.first_cnonce(&super::nonces::nonce(2, 10)), None, "another place");
}
