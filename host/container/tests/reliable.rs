//! Reliable provisional responses in the container (RFC 3262): sent, acknowledged, given up, and over a restart.
#![allow(clippy::wildcard_enum_match_arm, reason = "a script minds the callbacks that its test is about")]

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, Setup, Store, accept, request, response, tag_of};
use siplet_container::app::Handler::{
    self, DoAck, DoBye, DoInvite, DoMessage, DoPrack, DoProvisionalResponse, DoSuccessResponse,
    NoPrackReceived,
};
use siplet_container::report::{DropReason, Report};
use siplet_container::turn::{Callback, MessageId, Misuse, Turn};
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;

const SDP: &[u8] = b"v=0\r\n";

/// An INVITE whose client knows 100rel in that header.
fn invite(header: &str) -> String {
    request("INVITE", 1, "i", "").replace("Content-Length", &format!("{header}: 100rel\nContent-Length"))
}

/// The PRACK for a response of ours.
fn prack(of: &Message, cseq: u32, branch: &str) -> String {
    let rseq = of.rseq().expect("readable").expect("it has an RSeq");
    let text = request("PRACK", cseq, branch, &tag_of(of));
    text.replace("Content-Length", &format!("RAck: {rseq} 1 INVITE\nContent-Length"))
}

fn respond(turn: &mut Turn, to: MessageId, status: u16, reliably: bool, body: &[u8]) -> Result<(), Misuse> {
    let response = turn.create_response(to, status, None)?;
    turn.set_content(response, "application/sdp", body)?;
    if reliably { turn.send_reliably(response) } else { turn.send(response) }
}

/// Rings reliably with a description and answers at once.
fn ring(turn: &mut Turn) -> Result<(), Misuse> {
    match turn.callback() {
        Callback::Request { handler: DoInvite, message } => {
            respond(turn, message, 183, true, SDP)?;
            respond(turn, message, 200, false, b"")
        }
        _ => accept(turn),
    }
}

fn last(host: &Host) -> Message {
    host.sent.last().expect("something was sent").message.clone()
}

const HANDLERS: [Handler; 5] = [DoInvite, DoAck, DoBye, DoPrack, DoMessage];

/// RFC 3262 §3, §5: the response is repeated until its PRACK comes; a 2xx waits for that of a session description.
#[test]
fn a_reliable_response_is_repeated_and_the_success_waits_for_its_prack() {
    let mut host = Host::new(&HANDLERS, ring);
    host.receive(&invite("Supported"));
    let early = last(&host);
    assert_eq!(early.header(HeaderId::Require), Some(&b"100rel"[..]));
    assert_eq!(host.take_sent(), ["183 INVITE"], "the 200 waits");
    host.advance(Duration::from_millis(1600));
    assert_eq!(host.take_sent(), ["183 INVITE"; 2], "T1, then doubled");
    host.receive(&prack(&early, 2, "p"));
    let mut sent = host.take_sent();
    sent.sort();
    assert_eq!(sent, ["200 INVITE", "200 PRACK"]);
    assert_eq!(host.turns, ["do-invite", "do-prack"]);
    host.receive(&request("ACK", 1, "a", &tag_of(&early)));
    host.advance(Duration::from_secs(10));
    assert_eq!(host.take_sent(), [""; 0], "nothing is repeated any more");
    host.receive(&request("BYE", 3, "b", &tag_of(&early)));
    host.advance(Duration::from_secs(60));
    assert_eq!(host.container.counts().application_sessions, 0);
}

/// RFC 3262 §3: a PRACK that acknowledges nothing that waits gets 481, and one without RAck 400.
#[test]
fn a_prack_for_nothing_is_refused() {
    let mut host = Host::new(&HANDLERS, ring);
    host.receive(&invite("Supported"));
    let early = last(&host);
    host.take_sent();
    host.receive(&prack(&early, 2, "wrong").replace("1 INVITE", "2 INVITE"));
    assert_eq!(host.take_sent(), ["481 PRACK"]);
    host.receive(&request("PRACK", 3, "none", &tag_of(&early)));
    assert_eq!(host.take_sent(), ["400 PRACK"]);
    host.receive(&prack(&early, 4, "right"));
    assert!(host.take_sent().contains(&"200 INVITE".to_owned()));
    host.receive(&prack(&early, 5, "again"));
    assert!(host.take_sent().contains(&"481 PRACK".to_owned()), "it was acknowledged before");
    assert_eq!(host.turns, ["do-invite", "do-prack"]);
}

/// RFC 3262 §3: without 100rel in Supported nothing is sent reliably; where it is required, everything is.
#[test]
fn the_client_decides_what_may_and_must_be_reliable() {
    let mut host = Host::new(&HANDLERS, |turn| match turn.callback() {
        Callback::Request { handler: DoInvite, message } => {
            let refused = respond(turn, message, 180, true, b"");
            assert!(matches!(refused, Err(Misuse::NotSupported(_))), "{refused:?}");
            respond(turn, message, 180, false, b"")
        }
        _ => accept(turn),
    });
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(last(&host).header(HeaderId::RSeq), None);
    let mut host = Host::new(&HANDLERS, |turn| match turn.callback() {
        Callback::Request { handler: DoInvite, message } => {
            respond(turn, message, 180, false, b"")?;
            assert_eq!(respond(turn, message, 200, true, b""), Err(Misuse::InvalidStatus(200)));
            Ok(())
        }
        _ => accept(turn),
    });
    host.receive(&invite("Require"));
    let ringing = last(&host);
    assert!(ringing.header(HeaderId::RSeq).is_some() && ringing.header(HeaderId::Require).is_some());
}

/// RFC 3262 §3: a second response waits for the PRACK of the first, and has the next number.
#[test]
fn responses_leave_one_after_the_other() {
    let mut host = Host::new(&HANDLERS, |turn| match turn.callback() {
        Callback::Request { handler: DoInvite, message } => {
            respond(turn, message, 180, true, b"")?;
            respond(turn, message, 183, true, b"")
        }
        _ => accept(turn),
    });
    host.receive(&invite("Supported"));
    let first = last(&host);
    assert_eq!(host.take_sent(), ["180 INVITE"]);
    host.receive(&prack(&first, 2, "p"));
    let second = host.sent.iter().find(|sent| sent.message.status() == Some(183)).expect("the next one");
    let number = |message: &Message| message.rseq().expect("readable").expect("reliable");
    assert_eq!(number(&second.message), number(&first) + 1);
}

/// RFC 3262 §3: what nobody acknowledges in 64*T1 ends the INVITE; the servlet is told and may answer itself.
#[test]
fn a_response_that_nobody_acknowledges_ends_the_invite() {
    for (handlers, status) in [(&HANDLERS[..], "504 INVITE"), (&[DoInvite, NoPrackReceived], "500 INVITE")] {
        let mut host = Host::new(handlers, |turn| match turn.callback() {
            Callback::NoPrackReceived { request } => respond(turn, request, 500, false, b""),
            Callback::Request { handler: DoInvite, message } => respond(turn, message, 183, true, SDP),
            _ => accept(turn),
        });
        host.receive(&invite("Supported"));
        host.advance(Duration::from_millis(32_100));
        assert!(host.take_sent().contains(&status.to_owned()), "{status}");
        assert!(host.reports.iter().any(|report| matches!(report, Report::NoPrack { .. })));
        host.advance(Duration::from_secs(70));
        assert_eq!(host.container.counts().application_sessions, 0);
    }
}

/// RFC 3261 §9.2: a success that still waits for a PRACK has not been given: the CANCEL wins.
#[test]
fn a_cancel_overtakes_a_success_that_waits() {
    let mut host = Host::new(&HANDLERS, ring);
    host.receive(&invite("Supported"));
    host.take_sent();
    host.receive(&request("CANCEL", 1, "i", ""));
    assert_eq!(host.take_sent(), ["200 CANCEL", "487 INVITE"]);
}

/// What waits for its PRACK is in the snapshot: another host repeats it, and takes the PRACK.
#[test]
fn a_reliable_response_outlives_its_host() {
    let mut first = Host::start(Setup { durable: true, ..Setup::default() }, &HANDLERS, ring);
    first.store = Store::Acknowledges;
    first.receive(&invite("Supported"));
    let early = last(&first);
    let (stored, now) = (first.stored.clone(), first.now);
    let setup = Setup { durable: true, seed: 2, stored, now, ..Setup::default() };
    let mut second = Host::start(setup, &HANDLERS, ring);
    second.store = Store::Acknowledges;
    second.take_sent();
    second.advance(Duration::from_millis(600));
    assert_eq!(second.sent.last().expect("it is repeated").message.bytes(), early.bytes());
    second.receive(&prack(&early, 2, "p"));
    assert!(second.take_sent().contains(&"200 INVITE".to_owned()));
}

/// A reliable response to an INVITE of ours with that number, of that branch.
fn reliable(invite: &Message, status: u16, tag: &str, rseq: u32, body: &str) -> String {
    let head = response(invite, status, tag);
    let sdp = if body.is_empty() { "" } else { "Content-Type: application/sdp\n" };
    let tail = format!("Require: 100rel\nRSeq: {rseq}\n{sdp}Content-Length: {}\n\n{body}", body.len());
    head.replace("Content-Length: 0\n\n", &tail)
}

const CALLER: [Handler; 3] = [DoMessage, DoProvisionalResponse, DoSuccessResponse];

/// RFC 3262 §4: each new response in order gets one PRACK, by the host where the servlet sends none.
#[test]
fn the_host_acknowledges_what_asks_for_nothing_more() {
    let mut host = Host::new(&CALLER, |turn| match turn.callback() {
        Callback::Response { .. } => Ok(()),
        _ => host::caller(turn),
    });
    let invite = host.call_out();
    host.receive(&reliable(&invite, 180, "b", 7, ""));
    let sent = host.sent_request("PRACK");
    assert_eq!(sent.header(HeaderId::RAck), Some(&b"7 1 INVITE"[..]));
    assert_eq!(host.take_sent(), ["PRACK"]);
    host.receive(&reliable(&invite, 180, "b", 7, ""));
    host.receive(&reliable(&invite, 183, "b", 9, ""));
    assert_eq!(host.take_sent(), [""; 0], "a repetition, and one that is out of order");
    host.receive(&reliable(&invite, 183, "b", 8, ""));
    assert_eq!(host.take_sent(), ["PRACK"]);
    let dropped = Report::Dropped { why: DropReason::UnorderedResponse, flow: None };
    assert_eq!(host.reports.iter().filter(|report| **report == dropped).count(), 2);
    assert_eq!(host.turns, ["do-message", "do-provisional-response", "do-provisional-response"]);
}

/// RFC 3262 §4: forks number their responses each for itself, and each PRACK goes to its branch.
#[test]
fn each_fork_is_acknowledged_by_itself() {
    let mut host = Host::new(&CALLER, |turn| match turn.callback() {
        Callback::Response { .. } => Ok(()),
        _ => host::caller(turn),
    });
    let invite = host.call_out();
    host.receive(&reliable(&invite, 180, "b", 7, ""));
    host.receive(&reliable(&invite, 180, "c", 100, ""));
    let tags: Vec<String> = host.sent.iter().map(|sent| tag_of(&sent.message)).collect();
    assert_eq!(tags, ["b", "c"]);
}

/// RFC 3262 §5: an offer in a response is answered in the PRACK, which the servlet alone can do.
#[test]
fn an_offer_waits_for_the_servlets_own_prack() {
    let mut host = Host::new(&CALLER, |turn| match turn.callback() {
        Callback::Response { handler: DoProvisionalResponse, message } => {
            let prack = turn.create_prack(message)?;
            turn.set_content(prack, "application/sdp", SDP)?;
            turn.send(prack)?;
            assert_eq!(turn.create_prack(message), Err(Misuse::NoTransaction), "it has its PRACK");
            Ok(())
        }
        Callback::Response { .. } => Ok(()),
        _ => host::caller(turn),
    });
    let invite = host.call_out();
    host.receive(&reliable(&invite, 183, "b", 1, "v=0\n"));
    assert_eq!(host.sent_request("PRACK").body(), SDP);
    assert_eq!(host.take_sent(), ["PRACK"]);
}

/// A servlet that forgets such an offer leaves it unacknowledged: the host answers nothing in its name.
#[test]
fn an_offer_that_nobody_answers_gets_no_prack() {
    let mut host = Host::new(&CALLER, |turn| match turn.callback() {
        Callback::Response { .. } => Ok(()),
        _ => host::caller(turn),
    });
    let invite = host.call_out();
    host.receive(&reliable(&invite, 183, "b", 1, "v=0\n"));
    assert_eq!(host.take_sent(), [""; 0]);
}
