//! Target `parse`: any octets as one datagram.
//!
//! Nothing panics; a message sent on untouched is the message that came; an edit changes what it names and nothing else.

mod fields;

use std::sync::Arc;

use bytes::Bytes;
use siplet_sip::draft::Draft;
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::{Line, Message};
use siplet_sip::validate::validate;

/// A header that no input is likely to have.
const OWN_NAME: &[u8] = b"X-Siplet-Fuzz";

/// Checks one datagram.
///
/// # Panics
/// A promise of the message layer does not hold.
pub fn parse(data: &[u8]) {
    let Ok(message) = Message::parse(Bytes::copy_from_slice(data), &Limits::default()) else { return };
    look_at_everything(&message);
    fields::read_all(&message);
    let valid = validate(&message).is_ok();
    let message = Arc::new(message);
    let forwarded = Draft::forward(&message);
    let written = forwarded.to_bytes();
    if valid {
        goes_on_unchanged(&message, &written);
        edits_change_what_they_name(&message, forwarded);
    }
}

/// Reads every view; what they find is the business of table tests, that they return is ours.
fn look_at_everything(message: &Message) {
    let _ = (message.start(), message.fault(), message.call_id(), message.cseq(), message.max_forwards());
    let _ = (message.from_(), message.to(), message.contact(), message.content_length(), message.top_via());
    for via in message.vias().flatten() {
        let _ = (via.magic_branch(), via.received(), via.rport(), via.param(b"maddr"));
    }
    let addresses = message.contacts().chain(message.route_set()).chain(message.record_route());
    assert!(addresses.count() <= message.bytes().len(), "there are more addresses than octets");
    for (line, place) in message.lines().zip(message.places()) {
        let at = place.value_at as usize;
        assert!(at + place.value_len as usize <= message.head_len(), "a value ends behind the head");
        if !line.name.is_empty() {
            assert!(message.header_named(line.name).is_some(), "a line is not found by its own name");
        }
    }
    assert!(message.head_len() <= message.bytes().len(), "the head ends behind the message");
    assert!(
        message.body().len() <= message.bytes().len() - message.head_len(),
        "the body is longer than its octets"
    );
}

/// Untouched octets are sent on as they came (RFC 3261 §16.6: a proxy copies what it does not change).
fn goes_on_unchanged(message: &Message, written: &Bytes) {
    let again = Message::parse(written.clone(), &Limits::unbounded())
        .expect("a valid message that was sent on can be read");
    assert_eq!(validate(&again), Ok(()), "a valid message became invalid on its way");
    assert_eq!(message.start(), again.start());
    assert_eq!(message.body(), again.body());
    let others = |message: &Message| lines(message, &[HeaderId::ContentLength]);
    assert_eq!(others(message), others(&again));
    if message.has(HeaderId::ContentLength) && !has_bare_line_feed(&message.bytes()[..message.head_len()]) {
        assert_eq!(message.bytes(), written, "the octets of an untouched message changed");
    }
}

fn edits_change_what_they_name(message: &Message, mut draft: Draft) {
    draft.add(OWN_NAME, b"\"a value\";x=1").expect("name and value are well formed");
    assert!(draft.remove_top(HeaderId::Via), "a valid message has a Via");
    draft
        .prepend(HeaderId::Via, b"SIP/2.0/UDP host;branch=z9hG4bKfuzz")
        .expect("name and value are well formed");
    let edited = draft.to_message().expect("an edited message can be read");
    assert_eq!(edited.headers_named(OWN_NAME).last(), Some(&b"\"a value\";x=1"[..]));
    let branch = edited.top_via().map(|via| via.magic_branch().map(<[u8]>::to_vec));
    assert_eq!(branch, Ok(Some(b"z9hG4bKfuzz".to_vec())));
    assert_eq!(edited.vias().count(), message.vias().count());
    assert_eq!(edited.body(), message.body());
    let untouched = |message: &Message| {
        let mut lines = lines(message, &[HeaderId::Via, HeaderId::ContentLength]);
        lines.retain(|(name, _)| !name.eq_ignore_ascii_case(OWN_NAME));
        lines
    };
    assert_eq!(untouched(&edited), untouched(message));
}

/// Name and value of all header lines but those named, in order. Runs of blanks count as one (RFC 3261 §7.3.1): a fold
/// by a bare line feed has one octet fewer than the fold that is sent on.
fn lines(message: &Message, without: &[HeaderId]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let owned = |line: Line<'_>| (line.name.to_vec(), blanks_joined(line.value));
    message.lines().filter(|line| !without.contains(&line.id)).map(owned).collect()
}

fn blanks_joined(value: &[u8]) -> Vec<u8> {
    let mut joined: Vec<u8> = value.iter().map(|octet| if *octet == b'\t' { b' ' } else { *octet }).collect();
    joined.dedup_by(|next, before| *next == b' ' && *before == b' ');
    joined
}

fn has_bare_line_feed(head: &[u8]) -> bool {
    head.iter().enumerate().any(|(at, octet)| *octet == b'\n' && (at == 0 || head[at - 1] != b'\r'))
}
