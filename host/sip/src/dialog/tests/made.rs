//! How dialogs are made and confirmed: RFC 3261 §12.1, §13.2.2.4.

use super::*;
use crate::message::Part;

/// RFC 3261 §12.1.1.
// [3261-12.1.1-6, 3261-12.1.1-8, 3261-12.1.1-9, 3261-12.1.1-10, 3261-12.1.1-11, 3261-12.1.1-12, 3261-12.1.1-14]
#[test]
fn the_uas_takes_route_set_target_and_numbers_from_the_request() {
    let request = invite(&[
        ALICE_CONTACT,
        "Record-Route: <sip:p3.example;lr>, \"P, 2\" <sip:p2.example;lr>;x=1",
        "Record-Route: <sip:p1.example;lr>",
    ]);
    let dialog = Dialog::uas(&request, b"b", 180, false).unwrap();
    assert_eq!(
        routes(&dialog),
        ["<sip:p3.example;lr>", "\"P, 2\" <sip:p2.example;lr>;x=1", "<sip:p1.example;lr>"]
    );
    assert_eq!(text(dialog.remote_target()), "sip:alice@192.0.2.9:5062");
    assert_eq!((dialog.local_seq(), dialog.remote_seq()), (None, Some(314)));
    assert_eq!(text(dialog.local_party()), format!("{BOB};tag=b"));
    assert_eq!(text(dialog.remote_party()), ALICE);
    assert_eq!(
        (text(dialog.call_id()), text(dialog.local_tag()), text(dialog.remote_tag())),
        ("call", "b", "a")
    );
    assert_eq!((dialog.role(), dialog.state(), dialog.is_secure()), (Role::Uas, DialogState::Early, false));
}

/// RFC 3261 §12.1.2.
// [3261-12.1.2-4, 3261-12.1.2-6, 3261-12.1.2-7, 3261-12.1.2-8, 3261-12.1.2-9, 3261-12.1.2-10, 3261-12.1.2-12]
#[test]
fn the_uac_reverses_the_route_set_and_takes_target_and_tag_from_the_response() {
    let dialog = at_alice(200, "b", &["Record-Route: <sip:p3;lr>,<sip:p2;lr>", "Record-Route: <sip:p1;lr>"]);
    assert_eq!(routes(&dialog), ["<sip:p1;lr>", "<sip:p2;lr>", "<sip:p3;lr>"]);
    assert_eq!(text(dialog.remote_target()), "sip:bob@192.0.2.4");
    assert_eq!((dialog.local_seq(), dialog.remote_seq()), (Some(314), None));
    assert_eq!(text(dialog.local_party()), ALICE);
    assert_eq!(text(dialog.remote_party()), format!("{BOB};tag=b"));
    assert_eq!(
        (text(dialog.call_id()), text(dialog.local_tag()), text(dialog.remote_tag())),
        ("call", "a", "b")
    );
    assert_eq!((dialog.role(), dialog.state()), (Role::Uac, DialogState::Confirmed));
}

/// RFC 3261 §12.1: 101 to 199 with a tag, and 2xx.
#[test]
fn only_responses_from_101_to_299_make_a_dialog() {
    let uac = |status, tag| Dialog::uac(&invite(&[]), &answer(status, tag, &[BOB_CONTACT]), false);
    let uas = |status| Dialog::uas(&invite(&[ALICE_CONTACT]), b"b", status, false);
    for status in [100, 300, 486, 603] {
        assert_eq!(uac(status, "b"), Err(Violation::NotDialogForming), "{status}");
        assert_eq!(uas(status), Err(Violation::NotDialogForming), "{status}");
    }
    for (status, state) in
        [(101, DialogState::Early), (199, DialogState::Early), (299, DialogState::Confirmed)]
    {
        assert_eq!(uac(status, "b").unwrap().state(), state);
        assert_eq!(uas(status).unwrap().state(), state);
    }
    assert_eq!(uac(180, ""), Err(Violation::NotDialogForming), "a provisional response without a tag");
}

/// RFC 3261 §12.1.1, §12.1.2: a peer of RFC 2543 has no tag, which is the null tag.
// [3261-12.1.1-13, 3261-12.1.2-11, 3261-12.2.1.1-5]
#[test]
fn a_peer_without_a_tag_has_the_null_tag() {
    let uac = at_alice(200, "", &[]);
    assert_eq!(text(uac.remote_tag()), "");
    assert!(uac.matches_response(&answer(200, "", &[])));
    assert!(!uac.matches_response(&answer(200, "b", &[])));
    let old = of_call("INVITE sip:bob@h SIP/2.0", "sip:alice@h", BOB, "1 INVITE", &[ALICE_CONTACT]);
    let uas = Dialog::uas(&old, b"b", 200, false).unwrap();
    assert_eq!((text(uas.remote_tag()), text(uas.remote_party())), ("", "sip:alice@h"));
}

/// RFC 3261 §12.1.1, §12.1.2: SIPS and TLS together.
#[test]
fn a_dialog_is_secure_by_a_sips_uri_over_tls() {
    for (uri, over_tls, secure) in
        [("sips:bob@h", true, true), ("sips:bob@h", false, false), ("sip:bob@h", true, false)]
    {
        let start = format!("INVITE {uri} SIP/2.0");
        let request = of_call(&start, ALICE, BOB, "1 INVITE", &["Contact: <sips:alice@h>"]);
        assert_eq!(Dialog::uas(&request, b"b", 200, over_tls).unwrap().is_secure(), secure);
        let response = answer(200, "b", &["Contact: <sips:bob@h>"]);
        assert_eq!(Dialog::uac(&request, &response, over_tls).unwrap().is_secure(), secure);
    }
}

#[test]
fn a_request_that_cannot_make_a_dialog_is_a_violation() {
    let check = |request: &Message, violation: Violation| {
        assert_eq!(Dialog::uas(request, b"b", 200, false), Err(violation));
        assert_eq!(violation.status(), 400);
    };
    check(&invite(&[]), Violation::NoContact);
    check(&invite(&["Contact: *"]), Violation::NoContact);
    check(&invite(&["Contact: <sip:a b@h>"]), Malformed::Bad(Part::Contact).into());
    check(&invite(&["Contact: <sip:a@h"]), Malformed::Bad(Part::Contact).into());
    check(&invite(&[ALICE_CONTACT, "Record-Route: <sip:p1;lr"]), Malformed::Bad(Part::RecordRoute).into());
    check(&invite(&[ALICE_CONTACT, "Record-Route: <sip:p 1;lr>"]), Malformed::Bad(Part::RecordRoute).into());
    check(&from_alice("INVITE", 5, &[ALICE_CONTACT]), Violation::NotDialogForming);
}

/// The field sends 180 and even 200 without Contact: the call goes on by the Request-URI.
#[test]
fn a_response_without_a_readable_contact_leaves_the_request_uri_as_target() {
    for contact in ["X: y", "Contact: <sip:b ob@h>", "Contact: <sip:bob@h", "Contact: *"] {
        let dialog = Dialog::uac(&invite(&[]), &answer(200, "b", &[contact]), false).unwrap();
        assert_eq!(text(dialog.remote_target()), "sip:bob@biloxi.example", "{contact}");
    }
}

/// RFC 3261 §13.2.2.4: the 2xx tells the route set anew, even if it is empty, and the target.
// [3261-12.1.2-5, 3261-13.2.2.4-1]
#[test]
fn the_2xx_recomputes_the_route_set_of_an_early_dialog() {
    let early = at_alice(180, "b", &["Record-Route: <sip:p2;lr>, <sip:p1;lr>"]);
    assert_eq!(routes(&early), ["<sip:p1;lr>", "<sip:p2;lr>"]);
    let mut dialog = early.clone();
    dialog.confirm(&answer(200, "b", &["Contact: <sip:bob@desk>", "Record-Route: <sip:p3;lr>"])).unwrap();
    assert_eq!(routes(&dialog), ["<sip:p3;lr>"]);
    assert_eq!((text(dialog.remote_target()), dialog.state()), ("sip:bob@desk", DialogState::Confirmed));
    let mut dialog = early.clone();
    dialog.confirm(&answer(200, "b", &[])).unwrap();
    assert_eq!((routes(&dialog), text(dialog.remote_target())), (vec![], "sip:bob@192.0.2.4"));
    let mut dialog = early.clone();
    assert_eq!(dialog.confirm(&answer(183, "b", &[BOB_CONTACT])), Err(Violation::NotDialogForming));
    assert_eq!(dialog.confirm(&answer(200, "b", &["Record-Route: <sip:"])).unwrap_err().status(), 400);
    assert_eq!(dialog, early);
}

/// RFC 3261 §12.2: in a confirmed dialog the target may change and the route set never does.
#[test]
fn a_later_2xx_changes_the_target_and_not_the_route_set() {
    let mut dialog = at_alice(200, "b", &["Record-Route: <sip:p1;lr>"]);
    dialog.confirm(&answer(200, "b", &["Contact: <sip:bob@desk>", "Record-Route: <sip:p3;lr>"])).unwrap();
    assert_eq!((routes(&dialog), text(dialog.remote_target())), (vec!["<sip:p1;lr>"], "sip:bob@desk"));
    dialog.terminate();
    dialog.confirm(&answer(200, "b", &["Contact: <sip:late@desk>"])).unwrap();
    assert_eq!((dialog.state(), text(dialog.remote_target())), (DialogState::Terminated, "sip:bob@desk"));
}

#[test]
fn our_own_2xx_confirms_an_early_dialog_and_revives_none() {
    let mut dialog = Dialog::uas(&invite(&[ALICE_CONTACT]), b"b", 180, false).unwrap();
    dialog.accept();
    assert_eq!(dialog.state(), DialogState::Confirmed);
    dialog.terminate();
    dialog.accept();
    assert_eq!(dialog.state(), DialogState::Terminated);
}

/// RFC 3261 §12.1, §13.2.2.4: a forked INVITE makes one dialog for each To tag; a 2xx may make a new one.
// [3261-13.2.2.4-2]
#[test]
fn each_fork_makes_its_own_dialog() {
    let request = invite(&[ALICE_CONTACT]);
    let mut dialogs: Vec<Dialog> = Vec::new();
    for (status, tag, contact) in [
        (180, "b1", "Contact: <sip:bob@desk>"),
        (180, "b2", "Contact: <sip:bob@mobile>"),
        (183, "b1", "Contact: <sip:bob@desk>"),
        (200, "b2", "Contact: <sip:bob@mobile>"),
        (200, "b3", "Contact: <sip:bob@home>"),
    ] {
        let response = answer(status, tag, &[contact]);
        match dialogs.iter_mut().find(|dialog| dialog.matches_response(&response)) {
            Some(dialog) if status == 200 => dialog.confirm(&response).unwrap(),
            Some(_) => {}
            None => dialogs.push(Dialog::uac(&request, &response, false).unwrap()),
        }
    }
    let seen: Vec<_> = dialogs
        .iter()
        .map(|dialog| (text(dialog.remote_tag()), text(dialog.remote_target()), dialog.state()))
        .collect();
    assert_eq!(
        seen,
        [
            ("b1", "sip:bob@desk", DialogState::Early),
            ("b2", "sip:bob@mobile", DialogState::Confirmed),
            ("b3", "sip:bob@home", DialogState::Confirmed),
        ]
    );
}

/// RFC 3261 §12: the id is made of Call-ID and tags, seen from our side.
// [3261-12.1-1]
#[test]
fn a_dialog_is_found_by_the_id_of_its_messages() {
    let bob = at_bob(&[]);
    let request = from_alice("BYE", 315, &[]);
    assert_eq!(DialogId::of_request(&request), Some(bob.id()));
    assert!(bob.matches_request(&request) && !bob.matches_response(&request));
    assert_eq!(DialogId::of_request(&invite(&[])), None, "an initial request is in no dialog");
    let alice = at_alice(200, "b", &[]);
    assert_eq!(DialogId::of_response(&answer(200, "b", &[])), Some(alice.id()));
    assert!(
        alice.matches_response(&answer(200, "b", &[])) && !alice.matches_response(&answer(200, "c", &[]))
    );
}

/// A proxy that leaves the brackets out means a loose router all the same.
#[test]
fn a_record_route_without_brackets_gets_them() {
    let dialog = at_bob(&["Record-Route: sip:p1.example;lr"]);
    assert_eq!(routes(&dialog), ["<sip:p1.example;lr>"]);
    assert!(!dialog.routing().is_strict);
}

/// The texts are copies: the message goes when the dialog stays.
#[test]
fn a_dialog_keeps_no_message_alive() {
    let request = invite(&[ALICE_CONTACT]);
    let dialog = Dialog::uas(&request, b"b", 200, false).unwrap();
    let held = request.bytes().as_ptr_range();
    for part in [dialog.call_id(), dialog.remote_party(), dialog.remote_target()] {
        assert!(!held.contains(&part.as_ptr()));
    }
}

/// RFC 6665 §4.4.1: the NOTIFY makes the dialog of a subscription, with its own route set and target.
#[test]
fn a_notify_makes_the_dialog_of_its_subscriber() {
    let subscribe =
        of_call("SUBSCRIBE sips:bob@biloxi.example SIP/2.0", ALICE, BOB, "314 SUBSCRIBE", &[ALICE_CONTACT]);
    let from = format!("{BOB};tag=b2");
    let lines = [BOB_CONTACT, "Record-Route: <sip:p1;lr>, <sip:p2;lr>"];
    let notify = |from: &str, to: &str, lines: &[&str]| {
        of_call("NOTIFY sip:alice@h SIP/2.0", from, to, "7 NOTIFY", lines)
    };
    let mut dialog = Dialog::by_notify(&subscribe, &notify(&from, ALICE, &lines), true).unwrap();
    assert_eq!((dialog.role(), dialog.state()), (Role::Uac, DialogState::Confirmed));
    assert_eq!((text(dialog.local_tag()), text(dialog.remote_tag())), ("a", "b2"));
    assert_eq!((dialog.local_seq(), dialog.remote_seq()), (Some(314), Some(7)));
    assert_eq!((text(dialog.remote_target()), dialog.is_secure()), ("sip:bob@192.0.2.4", true));
    assert_eq!(routes(&dialog), ["<sip:p1;lr>", "<sip:p2;lr>"], "in the order of the NOTIFY");
    let refresh = dialog.next_request(Method::Subscribe).unwrap();
    assert_eq!(refresh.cseq().unwrap(), (315, Method::Subscribe));
    assert_eq!(text(refresh.header(crate::header::HeaderId::To).unwrap()), from);
    for (from, to, lines, expected) in [
        (&*from, "<sip:a@h>;tag=other", &lines[..], Violation::NotDialogForming),
        (&*from, "<sip:a@h>", &lines[..], Violation::NotDialogForming),
        (&*from, ALICE, &[][..], Violation::NoContact),
    ] {
        let made = Dialog::by_notify(&subscribe, &notify(from, to, lines), false);
        assert_eq!(made.unwrap_err(), expected, "{from} {to}");
    }
}
