//! Who may speak in a dialog, and which requests need one.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, Setup, accept, request, udp_from};
use siplet_container::app::Handler::{DoBye, DoInfo, DoInvite, DoMessage, DoNotify, DoPrack, DoUpdate};
use siplet_container::app::{Descriptor, InDialogSource};
use siplet_container::turn::{Callback, Misuse, Turn};

/// RFC 3261 §15.1.2, RFC 3262 §3, RFC 3311 §5.2: a servlet never sees the BYE of a call that is not there.
// [3261-15.1.2-s1]
#[test]
fn a_request_of_a_dialog_is_refused_outside_one() {
    let handlers = [DoInvite, DoBye, DoPrack, DoUpdate, DoMessage, DoNotify];
    for method in ["BYE", "PRACK", "UPDATE"] {
        let mut host = Host::new(&handlers, accept);
        host.receive(&request(method, 1, "x", ""));
        assert_eq!(host.take_sent(), [format!("481 {method}")]);
        assert!(host.turns.is_empty());
        assert_eq!(host.container.counts().application_sessions, 0);
    }
    for method in ["MESSAGE", "NOTIFY"] {
        let mut host = Host::new(&handlers, accept);
        host.receive(&request(method, 1, "x", ""));
        assert_eq!(host.take_sent(), [format!("200 {method}")], "it may stand alone");
    }
}

/// RFC 3261 §12.2.2: the dialog is told by Call-ID and both tags; a name of ours alone is not enough.
#[test]
fn a_request_that_knows_only_our_tag_finds_no_dialog() {
    let mut host = Host::new(&[DoInvite, DoInfo], accept);
    let tag = host.establish();
    let right = request("INFO", 2, "x", &tag);
    for wrong in [
        right.replace("call-1", "call-2"),
        right.replace(";tag=a\n", ";tag=b\n"),
        right.replace(";tag=a\n", "\n"),
    ] {
        host.receive(&wrong);
        assert!(host.sent.pop().is_none_or(|sent| sent.message.status() >= Some(400)), "{wrong}");
    }
    assert_eq!(host.turns, ["do-invite"]);
    host.receive(&right);
    assert_eq!(host.take_sent(), ["200 INFO"], "none of them has used up its number");
}

/// Who sends inside a dialog is the deployer's choice; what is refused costs no transaction and reaches no servlet.
#[test]
fn the_source_of_a_request_in_a_dialog_is_checked_as_deployed() {
    for (in_dialog_source, from, expected) in [
        (InDialogSource::Any, "10.0.0.9:5060", "200 INFO"),
        (InDialogSource::SameHost, "10.0.0.9:5060", "403 INFO"),
        (InDialogSource::SameHost, "10.0.0.2:9999", "200 INFO"),
        (InDialogSource::Authenticated, "10.0.0.2:5070", "403 INFO"),
    ] {
        let descriptor = Descriptor { name: "app".to_owned(), in_dialog_source, ..Descriptor::default() };
        let mut host = Host::start(Setup { descriptor, ..Setup::default() }, &[DoInvite, DoInfo], accept);
        let tag = host.establish();
        host.flow = udp_from(from);
        host.receive(&request("INFO", 2, "x", &tag));
        assert_eq!(host.take_sent(), [expected], "{in_dialog_source:?} {from}");
    }
}

/// RFC 3261 §22.1: an ACK cannot be challenged, so a call comes about also where everything else must be authenticated.
// [3261-22.1-5]
#[test]
fn an_ack_needs_no_authentication() {
    let in_dialog_source = InDialogSource::Authenticated;
    let descriptor = Descriptor { name: "app".to_owned(), in_dialog_source, ..Descriptor::default() };
    let mut host = Host::start(Setup { descriptor, ..Setup::default() }, &[DoInvite], accept);
    host.establish();
    host.advance(Duration::from_secs(40));
    assert!(host.take_sent().is_empty(), "the 200 is not repeated and nobody hangs up");
}

/// Makes an INFO and then a MESSAGE, and sends the later one first.
fn turns_two_round(turn: &mut Turn) -> Result<(), Misuse> {
    if turn.callback().handler() == DoUpdate {
        let Callback::Request { message, .. } = turn.callback() else { return Ok(()) };
        let session = turn.session_of(message)?;
        let info = turn.create_request(session, "INFO")?;
        let text = turn.create_request(session, "MESSAGE")?;
        turn.send(text)?;
        turn.send(info)?;
    }
    accept(turn)
}

/// RFC 3261 §12.2.1.1: the peer sees rising numbers, in whatever order a servlet makes its requests.
// [3261-12.2.1.1-7]
#[test]
fn sequence_numbers_rise_in_the_order_of_sending() {
    let mut host = Host::new(&[DoInvite, DoUpdate], turns_two_round);
    let tag = host.establish();
    host.receive(&request("UPDATE", 2, "x", &tag));
    let numbers: Vec<_> = ["MESSAGE", "INFO"]
        .map(|method| host.sent_request(method).cseq().expect("a CSeq").0)
        .into_iter()
        .collect();
    assert_eq!(numbers, [2, 3]);
    host.receive(&request("UPDATE", 3, "y", &tag));
    assert_eq!(host.sent_request("MESSAGE").cseq().expect("a CSeq").0, 5, "the next turn goes on from there");
}
