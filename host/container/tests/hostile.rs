//! Peers that leave out what they owe, send too much, or send things in the order that hurts most.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, Setup, Store, accept, caller, request, response, tag_of, udp_from};
use siplet_container::app::Handler::{DoInfo, DoInvite, DoMessage, DoProvisionalResponse, DoSuccessResponse};
use siplet_container::app::{Descriptor, InDialogSource};
use siplet_container::turn::{Callback, MessageId, Misuse, Turn};

/// RFC 3261 §8.1.1.8: nobody could ever be told that such a call has ended.
#[test]
fn an_invite_without_a_contact_is_refused_and_costs_nothing() {
    let invite = request("INVITE", 1, "i", "");
    let contact = "Contact: <sip:alice@10.0.0.2:5070>\n";
    for without in [invite.replace(contact, ""), invite.replace(contact, "Contact: *\n")] {
        let mut host = Host::new(&[DoInvite], accept);
        host.receive(&without);
        assert_eq!(host.take_sent(), ["400 INVITE"]);
        assert!(host.turns.is_empty());
        assert_eq!(host.container.counts().application_sessions, 0);
    }
}

/// RFC 2543 §6.21: a client of that time may leave Contact out; its From says where it is.
#[test]
fn a_call_of_an_old_client_without_a_contact_can_be_ended_by_both() {
    let old = |method: &str, cseq, tag: &str| {
        let text = request(method, cseq, "", tag).replace(";branch=z9hG4bK", "");
        text.replace("Contact: <sip:alice@10.0.0.2:5070>\n", "")
            .replace("alice@10.0.0.2>", "alice@10.0.0.2:5070>")
    };
    let mut host = Host::new(&[DoInvite, DoInfo], |turn| {
        accept(turn)?;
        if turn.callback().handler() == DoInfo { turn.invalidate_application_session() } else { Ok(()) }
    });
    for ended_by in ["BYE", "INFO"] {
        host.receive(&old("INVITE", 1, ""));
        let tag = tag_of(&host.sent.last().expect("an answer").message);
        host.receive(&old("ACK", 1, &tag));
        host.sent.clear();
        host.receive(&old(ended_by, 2, &tag));
        if ended_by == "BYE" {
            assert_eq!(host.take_sent(), ["200 BYE"]);
        } else {
            let bye = host.sent_request("BYE");
            assert_eq!(bye.request_uri(), b"sip:alice@10.0.0.2:5070");
            host.receive(&response(&bye, 200, "a"));
        }
        host.advance(Duration::from_secs(90));
        assert_eq!(host.container.counts().application_sessions, 0, "{ended_by}");
        host.sent.clear();
    }
}

/// The CANCEL of a request, as its client makes it.
fn cancel_of(request: &str) -> String {
    request
        .replacen("INVITE", "CANCEL", 1)
        .replace(" INVITE\n", " CANCEL\n")
        .replace("Contact: <sip:alice@10.0.0.2:5070>\n", "")
}

/// RFC 3261 §9.2: what came first is dealt with first, also while a handler takes its time.
#[test]
fn a_cancel_waits_behind_its_re_invite() {
    let mut host = Host::new(&[DoInvite, DoInfo], |turn| match turn.callback() {
        // The re-INVITE stays unanswered.
        Callback::Request { message, .. } if turn.is_initial(message)? => accept(turn),
        Callback::Request { handler: DoInfo, .. } => accept(turn),
        _ => Ok(()),
    });
    let tag = host.establish();
    host.hold_turns = true;
    host.receive(&request("INFO", 2, "info", &tag));
    let again = request("INVITE", 3, "again", &tag);
    host.receive(&again);
    host.receive(&cancel_of(&again));
    assert!(host.take_sent().is_empty(), "everything waits for the handler");
    host.end_turn();
    host.end_turn();
    assert_eq!(host.take_sent(), ["200 INFO", "200 CANCEL", "487 INVITE"]);
}

/// The session has to be fetched from the store before anybody knows what the CANCEL is about.
#[test]
fn a_cancel_of_a_re_invite_waits_for_the_session_to_be_loaded() {
    let mut first = Host::start(Setup { durable: true, ..Setup::default() }, &[DoInvite], accept);
    let tag = first.establish();
    let again = request("INVITE", 3, "again", &tag);
    first.store = Store::Acknowledges;
    first.receive(&request("OPTIONS", 2, "o", &tag));
    let stored = first.stored.clone();
    let setup = Setup { durable: true, seed: 2, now: first.now, ..Setup::default() };
    let mut second = Host::start(setup, &[DoInvite], |_| Ok(()));
    (second.stored, second.store) = (stored, Store::Acknowledges);
    second.hold_loads = true;
    second.receive(&again);
    second.receive(&cancel_of(&again));
    assert!(second.take_sent().is_empty(), "both wait");
    second.load_all();
    let sent = second.take_sent();
    // The first host's last answer leaves again.
    assert_eq!(sent, ["200 OPTIONS", "200 CANCEL", "487 INVITE"]);
}

/// While our BYE has no answer yet, one BYE of the peer is welcome (RFC 5407 §3.2) and a thousand are not.
#[test]
fn a_peer_that_hangs_up_a_thousand_times_makes_one_transaction() {
    let mut host = Host::new(&[DoInvite], accept);
    host.receive(&request("INVITE", 1, "i", ""));
    let tag = tag_of(&host.sent[0].message);
    host.advance(Duration::from_secs(33));
    assert!(host.take_sent().contains(&"BYE".to_owned()), "nobody acknowledged");
    for number in 2..1000 {
        host.receive(&request("BYE", number, &format!("b{number}"), &tag));
    }
    let (answers, refusals): (Vec<_>, Vec<_>) =
        host.take_sent().into_iter().partition(|sent| sent == "200 BYE");
    assert_eq!((answers.len(), refusals.len()), (1, 997));
    assert!(host.container.counts().server_transactions < 4);
}

/// In a call that is up, BYEs that are refused by their number are transactions too, and as few as any.
#[test]
fn byes_out_of_order_are_bounded() {
    let mut host = Host::new(&[DoInvite, DoInfo], accept);
    let tag = host.establish();
    host.receive(&request("INFO", 5000, "info", &tag));
    for number in 2..3000 {
        host.receive(&request("BYE", number, &format!("b{number}"), &tag));
    }
    let most = Descriptor::default().limits.transactions + 16;
    assert!(host.container.counts().server_transactions <= most, "{:?}", host.container.counts());
    host.take_sent();
}

/// RFC 3261 §17.2.1: the ACK of a failure is absorbed, however often it comes.
#[test]
fn acks_of_a_failure_do_not_pile_up_behind_a_slow_handler() {
    let mut host = Host::new(&[DoInvite, DoInfo], |turn| match turn.callback() {
        Callback::Request { message, .. } if turn.is_initial(message)? => accept(turn),
        Callback::Request { handler: DoInvite, message } => {
            let refusal = turn.create_response(message, 488, None)?;
            turn.send(refusal)
        }
        _ => accept(turn),
    });
    let tag = host.establish();
    host.receive(&request("INVITE", 2, "again", &tag));
    assert_eq!(host.take_sent(), ["488 INVITE"]);
    host.hold_turns = true;
    host.receive(&request("INFO", 3, "info", &tag));
    for _ in 0..10_000 {
        host.receive(&request("ACK", 2, "again", &tag));
    }
    assert_eq!(host.container.counts().mailbox, 1);
    host.end_turn();
    assert_eq!(host.container.counts().mailbox, 0);
}

/// What a handler tried to send in the dialog of its message, and what it was told.
fn tried(turn: &mut Turn, message: MessageId, method: &str) -> Result<(), Misuse> {
    let session = turn.session_of(message)?;
    let request = turn.create_request(session, method)?;
    turn.send(request)
}

/// RFC 3261 §15: the callee of a call that only rings refuses it and does not hang up.
// [3261-15-2]
#[test]
fn no_bye_leaves_a_call_that_rings_here() {
    let mut host = Host::new(&[DoInvite], |turn| {
        let Callback::Request { message, .. } = turn.callback() else { return Ok(()) };
        let ringing = turn.create_response(message, 180, None)?;
        turn.send(ringing)?;
        assert_eq!(tried(turn, message, "BYE"), Err(Misuse::NoDialog));
        Ok(())
    });
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.take_sent(), ["180 INVITE"]);
}

/// RFC 3261 §15: the caller of a call that only rings there may hang up in the early dialog.
#[test]
fn a_caller_may_end_an_early_dialog_by_a_bye() {
    let mut host = Host::new(&[DoMessage, DoProvisionalResponse], |turn| match turn.callback() {
        Callback::Response { message, .. } => tried(turn, message, "BYE"),
        _ => caller(turn),
    });
    let invite = host.call_out();
    host.receive(&response(&invite, 180, "b"));
    assert_eq!(host.take_sent(), ["BYE"]);
}

/// RFC 3261 §14.1: one INVITE at a time in a dialog, whoever sent it.
// [3261-14.1-1, 3261-14.1-2]
#[test]
fn a_second_invite_of_ours_waits_for_the_first() {
    let refused =
        Err(Misuse::InvalidMethod("INVITE while another one is under way in the dialog".to_owned()));
    let mut host = Host::new(&[DoInvite, DoInfo], move |turn| match turn.callback() {
        Callback::Request { handler: DoInfo, message } => {
            let session = turn.session_of(message)?;
            // Both are made before either is sent: the rule is asked again when they leave.
            let (first, second) =
                (turn.create_request(session, "INVITE")?, turn.create_request(session, "INVITE")?);
            turn.send(first)?;
            assert_eq!(turn.send(second), refused);
            assert_eq!(tried(turn, message, "INVITE"), refused);
            accept(turn)
        }
        _ => accept(turn),
    });
    let tag = host.establish();
    host.receive(&request("INFO", 2, "info", &tag));
    assert_eq!(host.take_sent(), ["INVITE", "200 INFO"]);
}

/// RFC 3261 §12.2.1.1: inside a dialog the route set is the dialog's.
#[test]
fn a_servlet_does_not_reroute_a_request_of_a_dialog() {
    let mut host = Host::new(&[DoInvite, DoInfo], |turn| {
        if let Callback::Request { handler: DoInfo, message } = turn.callback() {
            let session = turn.session_of(message)?;
            let update = turn.create_request(session, "UPDATE")?;
            let told = turn.set_header(update, "Route", b"<sip:10.0.0.9;lr>");
            assert_eq!(told, Err(Misuse::SystemHeader("Route".to_owned())));
        }
        accept(turn)
    });
    let tag = host.establish();
    host.receive(&request("INFO", 2, "info", &tag));
    assert_eq!(host.take_sent(), ["200 INFO"]);
}

/// The setting holds for calls that a servlet makes too: the callee's host is the one that answered.
#[test]
fn a_call_out_is_ended_by_its_own_callee_only() {
    let descriptor = Descriptor {
        name: "app".to_owned(),
        in_dialog_source: InDialogSource::SameHost,
        ..Descriptor::default()
    };
    let mut host =
        Host::start(Setup { descriptor, ..Setup::default() }, &[DoMessage, DoSuccessResponse], |turn| {
            match turn.callback() {
                Callback::Response { message, .. } => {
                    let ack = turn.create_ack(message)?;
                    turn.send(ack)
                }
                _ => caller(turn),
            }
        });
    let invite = host.call_out();
    host.flow = udp_from("10.0.0.3:5060");
    host.receive(&response(&invite, 200, "b"));
    assert_eq!(host.take_sent(), ["ACK"]);
    let from =
        String::from_utf8(invite.from_().expect("a From").tag().expect("a tag").to_vec()).expect("text");
    let call = String::from_utf8(invite.call_id().expect("a Call-ID").to_vec()).expect("text");
    let bye = request("BYE", 1, "bye", &from).replace("call-1", &call).replace(";tag=a", ";tag=b");
    host.flow = udp_from("10.0.0.66:5060");
    host.receive(&bye);
    assert_eq!(host.take_sent(), ["403 BYE"]);
    host.flow = udp_from("10.0.0.3:5060");
    host.receive(&bye.replace("z9hG4bKbye", "z9hG4bKbye2"));
    assert_eq!(host.take_sent(), ["200 BYE"]);
}
