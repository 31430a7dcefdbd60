//! What is a name of ours, and what only looks like one.

use std::collections::BTreeSet;

use super::*;

const KINDS: [Kind; 5] = [Kind::Branch, Kind::Tag, Kind::CallId, Kind::ApplicationSession, Kind::SipSession];
const SECRET: Secret = Secret(*b"0123456789abcdef");
const OTHER: Secret = Secret(*b"fedcba9876543210");
const NAMED: [(Key, u32); 4] =
    [(Key(0), 0), (Key(u64::MAX), u32::MAX), (Key(1 << 54), 1), (Key(0x0123_4567_89ab_cdef), 77)];

fn minter() -> Minter {
    Minter::new(SECRET, None)
}

#[test]
fn a_name_tells_key_and_index_for_its_own_kind_only() {
    for (key, index) in NAMED {
        for kind in KINDS {
            let name = minter().mint(kind, key, index);
            assert_eq!(minter().check(kind, name.as_bytes()), Some((key, index)), "{name}");
            // As any other kind, with the cookie of a branch or without it.
            let bare = name.strip_prefix(COOKIE).unwrap_or(&name);
            let branch = format!("{COOKIE}{bare}");
            for other in KINDS.into_iter().filter(|other| *other != kind) {
                assert_eq!(minter().check(other, bare.as_bytes()), None, "{kind:?} as {other:?}");
                assert_eq!(minter().check(other, branch.as_bytes()), None, "{kind:?} as {other:?}");
            }
        }
    }
}

/// RFC 3261 §7.3.1: parameters are compared without regard to case, and some elements change it.
#[test]
fn a_name_is_known_in_whatever_case_it_comes_back() {
    for kind in KINDS {
        let name = minter().mint(kind, Key(0xdead_beef), 5);
        for name in [name.to_ascii_uppercase(), name.to_ascii_lowercase()] {
            assert_eq!(minter().check(kind, name.as_bytes()), Some((Key(0xdead_beef), 5)), "{name}");
        }
    }
}

/// RFC 3261 §8.1.1.7, §19.3: a branch has the cookie, and what is minted fits into a token.
#[test]
fn names_are_tokens_of_one_length() {
    for (key, index) in NAMED {
        let branch = minter().mint(Kind::Branch, key, index);
        assert_eq!(branch.strip_prefix(COOKIE).map(str::len), Some(NAME_LEN));
        let tag = minter().mint(Kind::Tag, key, index);
        assert_eq!(tag.len(), NAME_LEN);
        assert!(branch.bytes().chain(tag.bytes()).all(|byte| byte.is_ascii_alphanumeric()));
    }
}

#[test]
fn names_of_another_secret_are_foreign_unless_it_was_ours_before() {
    for kind in KINDS {
        let name = Minter::new(OTHER, None).mint(kind, Key(9), 9);
        assert_eq!(minter().check(kind, name.as_bytes()), None);
        let rotated = Minter::new(SECRET, Some(OTHER));
        assert_eq!(rotated.check(kind, name.as_bytes()), Some((Key(9), 9)), "the previous secret is good");
        let fresh = rotated.mint(kind, Key(9), 9);
        assert_eq!(
            minter().check(kind, fresh.as_bytes()),
            Some((Key(9), 9)),
            "new names have the new secret"
        );
    }
}

// [3261-8.1.1.4-s1]
#[test]
fn a_name_with_one_character_changed_is_foreign() {
    let name = minter().mint(Kind::Tag, Key(0x00ff_00ff_00ff_00ff), 3);
    for at in 0..name.len() {
        for digit in ALPHABET {
            let mut forged = name.clone().into_bytes();
            if forged[at] != *digit {
                forged[at] = *digit;
                assert_eq!(minter().check(Kind::Tag, &forged), None, "character {at}");
            }
        }
    }
}

#[test]
fn arbitrary_bytes_are_no_name_and_no_harm() {
    let mut random = Random::new([7, 7]);
    for _ in 0..20_000 {
        let length = (random.next() % 48) as usize;
        let mut bytes: Vec<u8> = (0..length).map(|_| random.next() as u8).collect();
        if random.next().is_multiple_of(4) {
            bytes.splice(0..0, COOKIE.bytes());
        }
        for kind in KINDS {
            assert_eq!(minter().check(kind, &bytes), None);
        }
    }
    let multibyte = "é".repeat(16);
    assert_eq!(
        minter().check(Kind::Tag, multibyte.as_bytes()),
        None,
        "32 bytes that are no characters of ours"
    );
}

/// RFC 3261 §8.2.7: the same request gets the same tag, another one another; it leads to no session.
// [3261-8.2.7-5]
#[test]
fn a_stateless_tag_is_the_requests_own() {
    let tag = |fields: [&[u8]; 3]| minter().stateless_tag(fields);
    assert_eq!(tag([b"call", b"from", b"branch"]), tag([b"call", b"from", b"branch"]));
    let tags: BTreeSet<String> = [
        [&b"call"[..], b"from", b"branch"],
        [b"call", b"from", b"other"],
        [b"callf", b"rom", b"branch"],
        [b"", b"callfrom", b"branch"],
        [b"", b"", b""],
    ]
    .map(tag)
    .into();
    assert_eq!(tags.len(), 5);
    assert!(tags.iter().all(|tag| minter().check(Kind::Tag, tag.as_bytes()).is_none()));
}

#[test]
fn foreign_calls_are_spread_over_all_partitions() {
    let mut calls = [0_u32; PARTITIONS as usize];
    for n in 0..PARTITIONS * 16 {
        calls[usize::from(minter().partition_of_call(format!("call-{n}@host").as_bytes()))] += 1;
    }
    assert!(calls.iter().all(|calls| (1..64).contains(calls)), "{calls:?}");
    assert_eq!(minter().partition_of_call(b"call"), minter().partition_of_call(b"call"));
}

#[test]
fn names_of_one_session_can_be_taken_out_of_a_text() {
    let own = Key(0x0123_4567_89ab_cdef);
    for kind in KINDS {
        let (one, other) = (minter().mint(kind, own, 1), minter().mint(kind, own, 2));
        let text = |name: &str| format!("Via: SIP/2.0/UDP a;branch={name}\r\nnext: {name};{name} end");
        let plain = without_names(text(&one).as_bytes(), own);
        assert_eq!(plain, without_names(text(&other).as_bytes(), own), "{kind:?}");
        assert!(plain.ends_with(b"end") && plain.contains(&b'~'), "{}", plain.escape_ascii());
        let foreign = text(&minter().mint(kind, Key(1), 1));
        assert_eq!(without_names(foreign.as_bytes(), own), foreign.as_bytes());
    }
    for text in ["", "0", "\r\n", &"0".repeat(31), &"v".repeat(33)] {
        assert_eq!(without_names(text.as_bytes(), own), text.as_bytes());
    }
}

#[test]
fn a_share_of_calls_for_a_watch_is_about_that_share_and_no_canary_s() {
    let minter = minter();
    let calls: Vec<String> = (0..10_000).map(|call| format!("call-{call}@host")).collect();
    let taken =
        |percent: u8| calls.iter().filter(|call| minter.percent_for_watch(call.as_bytes()) < percent).count();
    assert_eq!((taken(0), taken(100)), (0, 10_000));
    assert!((900..1100).contains(&taken(10)), "{}", taken(10));
    let both = calls.iter().filter(|call| {
        minter.percent_for_watch(call.as_bytes()) < 10 && minter.percent_of_call(call.as_bytes(), "app") < 10
    });
    assert!((50..150).contains(&both.count()));
}
