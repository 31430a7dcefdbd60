//! Replaces and Join: RFC 3891, RFC 3911.

use super::*;
use crate::limits::Limits;
use bytes::Bytes;

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

/// A dialog of ours with Call-ID `c`, our tag `us` and the peer's tag `they` (none when empty).
fn dialog(role: Role, state: DialogState, they: &str) -> Dialog {
    let lines =
        "Call-ID: c\r\nCSeq: 1 INVITE\r\nContact: <sip:x@h>\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\r\n\r\n";
    let theirs = if they.is_empty() { String::new() } else { format!(";tag={they}") };
    let status = if state == DialogState::Early { 180 } else { 200 };
    let mut dialog = match role {
        Role::Uas => {
            let invite =
                format!("INVITE sip:b@h SIP/2.0\r\nFrom: <sip:a@h>{theirs}\r\nTo: <sip:b@h>\r\n{lines}");
            Dialog::uas(&message(&invite), b"us", status, false).unwrap()
        }
        Role::Uac => {
            let head = format!("From: <sip:a@h>;tag=us\r\nTo: <sip:b@h>{theirs}\r\n{lines}");
            let invite = message(&format!(
                "INVITE sip:b@h SIP/2.0\r\nFrom: <sip:a@h>;tag=us\r\nTo: <sip:b@h>\r\n{lines}"
            ));
            Dialog::uac(&invite, &message(&format!("SIP/2.0 {status} R\r\n{head}")), false).unwrap()
        }
    };
    if state == DialogState::Terminated {
        dialog.terminate();
    }
    dialog
}

fn known(dialogs: &[(Dialog, bool)]) -> impl Iterator<Item = KnownDialog<'_, usize>> {
    dialogs.iter().enumerate().map(|(key, (dialog, by_invite))| KnownDialog {
        key,
        dialog,
        by_invite: *by_invite,
    })
}

fn request(method: &str, lines: &str) -> Message {
    message(&format!("{method} sip:b SIP/2.0\r\n{lines}\r\n\r\n"))
}

fn replaces(lines: &str, dialogs: &[(Dialog, bool)]) -> String {
    match judge_replaces(&request("INVITE", lines), known(dialogs)) {
        Ok(verdict) => format!("{verdict:?}"),
        Err(fault) => fault.to_string(),
    }
}

fn join(lines: &str, dialogs: &[(Dialog, bool)]) -> String {
    match judge_join(&request("INVITE", lines), known(dialogs)) {
        Ok(verdict) => format!("{verdict:?}"),
        Err(fault) => fault.to_string(),
    }
}

const USUAL: &str = "c;to-tag=us;from-tag=they";

/// RFC 3891 §3, RFC 3911 §4: what becomes of each kind of dialog.
#[test]
fn the_state_of_the_dialog_decides() {
    use DialogState::{Confirmed, Early, Terminated};
    for (role, state, by_invite, plain, early_only, joined) in [
        (Role::Uac, Confirmed, true, "Replace { key: 0, shutdown: Bye }", "Refuse(486)", "Join { key: 0 }"),
        (Role::Uas, Confirmed, true, "Replace { key: 0, shutdown: Bye }", "Refuse(486)", "Join { key: 0 }"),
        (
            Role::Uac,
            Early,
            true,
            "Replace { key: 0, shutdown: Cancel }",
            "Replace { key: 0, shutdown: Cancel }",
            "Join { key: 0 }",
        ),
        (Role::Uas, Early, true, "Refuse(481)", "Refuse(481)", "Join { key: 0 }"),
        (Role::Uac, Terminated, true, "Refuse(603)", "Refuse(603)", "Refuse(603)"),
        (Role::Uas, Confirmed, false, "Refuse(481)", "Refuse(481)", "Refuse(481)"),
    ] {
        let dialogs = [(dialog(role, state, "they"), by_invite)];
        assert_eq!(replaces(&format!("Replaces: {USUAL}"), &dialogs), plain, "{role:?} {state:?}");
        assert_eq!(
            replaces(&format!("Replaces: {USUAL};early-only"), &dialogs),
            early_only,
            "{role:?} {state:?}"
        );
        assert_eq!(join(&format!("Join: {USUAL}"), &dialogs), joined, "{role:?} {state:?}");
    }
}

/// RFC 3891 §3, §6.1: our tag is to-tag, and all three parts have to match one dialog alone.
#[test]
fn a_dialog_is_found_by_all_three_parts() {
    let one = || (dialog(Role::Uas, DialogState::Confirmed, "they"), true);
    let nameless = || (dialog(Role::Uas, DialogState::Confirmed, ""), true);
    let found = "Replace { key: 0, shutdown: Bye }";
    for (value, dialogs, expected) in [
        (USUAL, vec![one()], found),
        ("c ; From-Tag = they ; TO-TAG=us;x=y", vec![one()], found),
        ("c;to-tag=they;from-tag=us", vec![one()], "Refuse(481)"),
        ("C;to-tag=us;from-tag=they", vec![one()], "Refuse(481)"),
        ("c;to-tag=us;from-tag=They", vec![one()], "Refuse(481)"),
        ("c;to-tag=us;from-tag=0", vec![one()], "Refuse(481)"),
        ("c;to-tag=us;from-tag=0", vec![nameless()], found),
        (
            "c;to-tag=us;from-tag=0",
            vec![nameless(), (dialog(Role::Uas, DialogState::Confirmed, "0"), true)],
            "Refuse(481)",
        ),
        (USUAL, vec![one(), one()], "Refuse(481)"),
        (USUAL, vec![], "Refuse(481)"),
    ] {
        assert_eq!(replaces(&format!("Replaces: {value}"), &dialogs), expected, "{value}");
    }
}

/// RFC 3891 §3, RFC 3911 §4: once, in an INVITE, and not both.
#[test]
fn a_request_that_makes_no_sense_is_refused() {
    let dialogs = [(dialog(Role::Uas, DialogState::Confirmed, "they"), true)];
    for (lines, expected) in [
        ("Foo: y".to_owned(), "None"),
        (format!("Replaces: {USUAL}\r\nReplaces: {USUAL}"), "repeated Replaces"),
        (format!("Replaces: {USUAL}\r\nJoin: {USUAL}"), "malformed Replaces"),
        (format!("Replaces: {USUAL}, {USUAL}"), "malformed Replaces"),
        ("Replaces: c;to-tag=us".to_owned(), "malformed Replaces"),
        ("Replaces: c;from-tag=they".to_owned(), "malformed Replaces"),
        (format!("Replaces: {USUAL};to-tag=us"), "malformed Replaces"),
        ("Replaces: c;to-tag;from-tag=they".to_owned(), "malformed Replaces"),
        (format!("Replaces: {USUAL};"), "malformed Replaces"),
        ("Replaces: ;to-tag=us;from-tag=they".to_owned(), "malformed Replaces"),
        ("Replaces: c".to_owned(), "malformed Replaces"),
        ("Replaces:".to_owned(), "malformed Replaces"),
    ] {
        assert_eq!(replaces(&lines, &dialogs), expected, "{lines}");
    }
    assert_eq!(join("Foo: y", &dialogs), "None");
    assert_eq!(join(&format!("Join: {USUAL}\r\nJoin: {USUAL}"), &dialogs), "repeated Join");
    assert_eq!(join(&format!("Join: {USUAL}\r\nReplaces: {USUAL}"), &dialogs), "malformed Join");
    for method in ["BYE", "OPTIONS", "invite"] {
        let replaces = request(method, &format!("Replaces: {USUAL}"));
        assert!(judge_replaces(&replaces, known(&dialogs)).is_err(), "{method}");
        assert!(
            judge_join(&request(method, &format!("Join: {USUAL}")), known(&dialogs)).is_err(),
            "{method}"
        );
    }
}

#[test]
fn values_are_written_as_they_are_read() {
    for text in ["98asjd8@pc33;to-tag=0;from-tag=1", "c;to-tag=us;from-tag=they;early-only"] {
        let value = Replaces::parse(text.as_bytes()).unwrap();
        assert_eq!(value.to_value(), text.as_bytes());
        assert_eq!(
            Join::parse(text.as_bytes()).unwrap().to_value(),
            text.trim_end_matches(";early-only").as_bytes()
        );
    }
}
