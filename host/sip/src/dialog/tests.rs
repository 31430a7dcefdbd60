//! Dialogs against RFC 3261 §12, §13.2.2.4 and §13.3.1.4.

use super::*;
use crate::limits::Limits;
use crate::time::{Duration, Time};
use crate::transaction::{Deadline, TimerConfig};
use std::fmt::Write as _;

mod accept;
mod in_dialog;
mod made;

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

/// The octets as text, for comparison.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap()
}

/// A message of the call in which Alice, with tag `a`, called Bob: `start` and lines given, the others usual.
/// `to` is the whole To value, so that a message of either direction is written with `from` and `to`.
fn of_call(start: &str, from: &str, to: &str, cseq: &str, more: &[&str]) -> Message {
    let mut out = format!(
        "{start}\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bKx\r\nMax-Forwards: 70\r\nFrom: {from}\r\n\
         To: {to}\r\nCall-ID: call\r\nCSeq: {cseq}\r\n"
    );
    for line in more {
        write!(out, "{line}\r\n").unwrap();
    }
    out.push_str("Content-Length: 0\r\n\r\n");
    message(&out)
}

const ALICE: &str = "Alice <sip:alice@atlanta.example>;tag=a";
const BOB: &str = "Bob <sip:bob@biloxi.example>";
const ALICE_CONTACT: &str = "Contact: <sip:alice@192.0.2.9:5062>";
const BOB_CONTACT: &str = "Contact: <sip:bob@192.0.2.4>";

/// Alice's INVITE to Bob, with these lines.
fn invite(more: &[&str]) -> Message {
    of_call("INVITE sip:bob@biloxi.example SIP/2.0", ALICE, BOB, "314 INVITE", more)
}

/// Bob's response with To tag `tag` (none when empty) and these lines.
fn answer(status: u16, tag: &str, more: &[&str]) -> Message {
    let to = if tag.is_empty() { BOB.to_owned() } else { format!("{BOB};tag={tag}") };
    of_call(&format!("SIP/2.0 {status} Reason"), ALICE, &to, "314 INVITE", more)
}

/// The dialog at Bob, confirmed, with Record-Route values as given.
fn at_bob(more: &[&str]) -> Dialog {
    let lines: Vec<&str> = [ALICE_CONTACT].iter().chain(more).copied().collect();
    Dialog::uas(&invite(&lines), b"b", 200, false).unwrap()
}

/// The dialog at Alice after a response of Bob.
fn at_alice(status: u16, tag: &str, more: &[&str]) -> Dialog {
    let lines: Vec<&str> = [BOB_CONTACT].iter().chain(more).copied().collect();
    Dialog::uac(&invite(&[ALICE_CONTACT]), &answer(status, tag, &lines), false).unwrap()
}

/// A request of Alice to Bob in the dialog.
fn from_alice(method: &str, number: u32, more: &[&str]) -> Message {
    let start = format!("{method} sip:bob@192.0.2.4 SIP/2.0");
    of_call(&start, ALICE, &format!("{BOB};tag=b"), &format!("{number} {method}"), more)
}

fn routes(dialog: &Dialog) -> Vec<&str> {
    dialog.route_set().iter().map(|route| text(route)).collect()
}

#[test]
fn a_dialog_reads_back_equal_from_a_snapshot() {
    for dialog in [at_bob(&["Record-Route: <sip:p2;lr>, <sip:p1;lr>"]), at_alice(180, "b1", &[])] {
        let bytes = postcard::to_stdvec(&dialog).unwrap();
        assert_eq!(postcard::from_bytes::<Dialog>(&bytes).unwrap(), dialog);
    }
}

#[test]
fn a_dialog_is_small_because_each_step_clones_it() {
    assert!(size_of::<Dialog>() <= 240, "{}", size_of::<Dialog>());
    assert!(size_of::<AcceptRetransmit>() <= 56, "{}", size_of::<AcceptRetransmit>());
}
