//! PUBLISH at its compositor: RFC 3903 §6.

use super::*;
use crate::limits::Limits;
use crate::transaction::tests::{at, check_round_trip};

const CONFIG: PublicationConfig =
    PublicationConfig { default_s: 3600, min_s: 60, max_s: 7200, publications: 2, body_bytes: 20 };

fn publish(if_match: &str, expires: &str, body: &str) -> Message {
    let mut text = "PUBLISH sip:b SIP/2.0\r\nContent-Type: text/x\r\n".to_owned();
    for (name, value) in [("SIP-If-Match", if_match), ("Expires", expires)] {
        if !value.is_empty() {
            text += &format!("{name}: {value}\r\n");
        }
    }
    text += &format!("Content-Length: {}\r\n\r\n{body}", body.len());
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

/// Gives one PUBLISH; the new tag is `etag`.
fn give(table: &mut Publications, etag: &'static str, request: &Message, ms: u64) -> String {
    match table.on_publish(request, Bytes::from_static(etag.as_bytes()), &CONFIG, at(ms)) {
        Ok(PublishVerdict::Accepted { etag, expires_s, changed }) => {
            format!("{} {expires_s}{}", String::from_utf8_lossy(&etag), if changed { " changed" } else { "" })
        }
        Ok(verdict) => format!("{verdict:?}"),
        Err(fault) => fault.to_string(),
    }
}

fn states(table: &Publications) -> Vec<&str> {
    table.states().map(|(_, body)| core::str::from_utf8(body).unwrap()).collect()
}

/// RFC 3903 Table 1, one line after the other: tag, Expires, body, new tag; the outcome and what is published then.
#[test]
fn a_publication_goes_through_its_life() {
    let mut table = Publications::default();
    for (if_match, expires, body, etag, expected, published) in [
        ("", "", "", "t0", "Empty", &[][..]),
        ("", "3600", "one", "t1", "t1 3600 changed", &["one"]),
        ("t1", "3600", "", "t2", "t2 3600", &["one"]),
        ("t1", "3600", "", "t3", "NoSuchState", &["one"]),
        ("t2", "1800", "two", "t4", "t4 1800 changed", &["two"]),
        ("", "", "three", "u1", "u1 3600 changed", &["two", "three"]),
        ("", "", "four", "v1", "Full", &["two", "three"]),
        ("t4", "99999", "", "t5", "t5 7200", &["two", "three"]),
        ("t5", "59", "", "t6", "TooBrief { min_expires_s: 60 }", &["two", "three"]),
        ("t9", "59", "", "t6", "NoSuchState", &["two", "three"]),
        ("t5", "60", "", "t6", "t6 60", &["two", "three"]),
        ("t6", "0", "", "t7", "t7 0 changed", &["three"]),
        ("t6", "0", "", "t8", "NoSuchState", &["three"]),
        ("", "0", "gone", "w1", "w1 0", &["three"]),
        ("u1", "", "a body that is too large", "u2", "TooLarge", &["three"]),
        ("u1, t1", "", "x", "u2", "malformed SIP-If-Match", &["three"]),
        ("u1 t1", "", "x", "u2", "malformed SIP-If-Match", &["three"]),
        ("u1", "soon", "x", "u2", "malformed Expires", &["three"]),
        ("u1", "0", "ignored", "u2", "u2 0 changed", &[]),
    ] {
        assert_eq!(
            give(&mut table, etag, &publish(if_match, expires, body), 0),
            expected,
            "{if_match} {expires} {body}"
        );
        assert_eq!(states(&table), published, "{if_match} {expires} {body}");
        check_round_trip(&table);
    }
    assert!(table.is_empty());
}

/// RFC 3903 §6, §4.2: state that is not refreshed goes by itself.
#[test]
fn a_publication_runs_out() {
    let mut table = Publications::default();
    give(&mut table, "t1", &publish("", "60", "one"), 0);
    give(&mut table, "u1", &publish("", "600", "two"), 0);
    assert_eq!(table.next_deadline(), Some(Deadline::due(at(60_000))));
    assert!(!table.on_deadline(at(59_999)));
    assert_eq!(give(&mut table, "t2", &publish("t1", "60", ""), 30_000), "t2 60");
    assert!(!table.on_deadline(at(60_000)));
    assert_eq!(
        give(&mut table, "t3", &publish("t2", "60", ""), 90_000),
        "NoSuchState",
        "it is over, told or not"
    );
    assert_eq!(states(&table), ["two"]);
    assert!(table.on_deadline(at(600_000)));
    assert_eq!((table.is_empty(), table.next_deadline()), (true, None));
}

#[test]
fn two_conditions_are_no_condition() {
    let text = "PUBLISH sip:b SIP/2.0\r\nSIP-If-Match: a\r\nSIP-If-Match: b\r\n\r\n";
    let request = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default()).unwrap();
    assert_eq!(give(&mut Publications::default(), "t", &request, 0), "repeated SIP-If-Match");
}

#[test]
fn a_life_from_a_clock_that_was_ahead_is_shortened() {
    let mut table = Publications::default();
    give(&mut table, "t1", &publish("", "600", "one"), 0);
    let unchanged = table.clone();
    table.clamp_deadlines(at(0), &CONFIG);
    assert_eq!(table, unchanged);
    table.clamp_deadlines(Time::ZERO, &CONFIG);
    assert_eq!(table.next_deadline().unwrap().at, Time::ZERO + seconds(7200));
}
