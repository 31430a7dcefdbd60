//! The host stops: every call ends with what its peers are owed, and the numbers say what still is.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, Setup, accept, caller, request, response};
use siplet_container::app::Handler::{DoBye, DoInfo, DoInvite, DoMessage};
use siplet_container::io::{Command, CommandReply, Ending};
use siplet_container::{Counts, Input};
use siplet_sip::header::HeaderId;

/// Asks the host to end its calls; what it says.
fn end(host: &mut Host, most: usize) -> Ending {
    host.handle(Input::Command { id: 1, command: Command::EndCalls { most, retry_after_s: 7 } });
    match host.replies.pop() {
        Some(CommandReply::Ending(ending)) => ending,
        other => panic!("{other:?}"),
    }
}

fn owed(counts: Counts) -> (usize, usize, usize) {
    (counts.unanswered_requests, counts.pending_invites, counts.awaited)
}

/// RFC 3261 §15.1.1: a confirmed dialog gets a BYE, and nothing is owed once that is answered.
#[test]
fn a_call_that_is_up_gets_a_bye() {
    let mut host = Host::new(&[DoInvite], accept);
    host.establish();
    assert_eq!(end(&mut host, 10), Ending { calls: 1, ..Ending::default() });
    assert_eq!(owed(host.container.counts()), (0, 0, 1), "the answer to the BYE");
    let bye = host.sent_request("BYE");
    assert_eq!(host.take_sent(), ["BYE"]);
    host.receive(&response(&bye, 200, ""));
    assert_eq!(owed(host.container.counts()), (0, 0, 0));
    assert_eq!(end(&mut host, 10), Ending::default(), "nobody is asked twice");
    assert!(host.take_sent().is_empty());
}

/// RFC 3261 §21.5.4: whoever waits for an answer gets 503 with Retry-After; until it is acknowledged it is owed (§17.2.1).
#[test]
fn an_unanswered_invite_gets_503_and_its_caller_a_time_to_come_again() {
    let mut host = Host::new(&[DoInvite], |_| Ok(()));
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(owed(host.container.counts()), (1, 0, 0), "no dialog stands, and yet it is waited for");
    assert_eq!(host.container.counts().dialogs, 0);
    assert_eq!(end(&mut host, 10), Ending { requests: 1, ..Ending::default() });
    let answer = host.sent[0].message.clone();
    assert_eq!(answer.header(HeaderId::RetryAfter), Some(&b"7"[..]));
    assert_eq!(host.take_sent(), ["503 INVITE"]);
    assert_eq!(owed(host.container.counts()), (0, 0, 1), "its ACK");
    host.receive(&request("ACK", 1, "i", &host::tag_of(&answer)));
    assert_eq!(owed(host.container.counts()), (0, 0, 0));
}

/// RFC 3261 §15.1.2, §21.4.25: a request of a dialog that a BYE ends was terminated by it.
#[test]
fn an_unanswered_request_in_a_dialog_gets_487_beside_the_bye() {
    let mut host = Host::new(&[DoInvite, DoInfo], |turn| {
        if turn.callback().handler() == DoInfo { Ok(()) } else { accept(turn) }
    });
    let tag = host.establish();
    host.receive(&request("INFO", 2, "info", &tag));
    assert_eq!(end(&mut host, 10), Ending { calls: 1, requests: 1, ..Ending::default() });
    assert_eq!(host.take_sent(), ["487 INFO", "BYE"]);
}

/// RFC 3261 §9.1: an INVITE of ours is cancelled once it has had a provisional response, and a success that crosses the
/// CANCEL gets its ACK and a BYE (§15).
#[test]
fn an_invite_of_ours_is_cancelled() {
    let mut host = Host::new(&[DoMessage], caller);
    let invite = host.call_out();
    host.receive(&response(&invite, 180, "callee"));
    assert_eq!(end(&mut host, 10), Ending { invites: 1, ..Ending::default() });
    assert_eq!(host.take_sent(), ["CANCEL"]);
    assert_eq!(owed(host.container.counts()), (0, 1, 2), "answers to INVITE and CANCEL");
    host.receive(&response(&invite, 200, "callee"));
    assert_eq!(host.take_sent(), ["ACK", "BYE"]);

    let mut host = Host::new(&[DoMessage], caller);
    let invite = host.call_out();
    end(&mut host, 10);
    assert!(host.take_sent().is_empty(), "nothing was heard of it yet, so it may not be cancelled yet");
    host.receive(&response(&invite, 180, "callee"));
    assert_eq!(host.take_sent(), ["CANCEL"]);
}

/// RFC 3261 §15: a callee sends no BYE before the ACK of its 2xx.
#[test]
fn a_bye_waits_for_the_ack() {
    let mut host = Host::new(&[DoInvite], accept);
    host.receive(&request("INVITE", 1, "invite", ""));
    let tag = host::tag_of(&host.sent[0].message);
    host.take_sent();
    assert_eq!(end(&mut host, 10), Ending { calls: 1, ..Ending::default() });
    assert!(host.take_sent().is_empty());
    assert_eq!(owed(host.container.counts()), (0, 0, 1), "the ACK that the BYE waits for");
    host.receive(&request("ACK", 1, "ack", &tag));
    assert_eq!(host.take_sent(), ["BYE"]);
}

#[test]
fn a_session_whose_handler_runs_ends_behind_it() {
    let mut host = Host::new(&[DoInvite, DoBye], accept);
    host.hold_turns = true;
    host.receive(&request("INVITE", 1, "invite", ""));
    assert_eq!(end(&mut host, 10), Ending { requests: 1, ..Ending::default() });
    assert!(host.take_sent().is_empty());
    host.end_turn();
    assert_eq!(host.take_sent(), ["200 INVITE"], "its answer is its own; the BYE waits for the ACK");
    assert_eq!(host.container.counts().awaited, 1);
}

#[test]
fn calls_end_a_few_at_a_time() {
    let mut host = Host::start(Setup::default(), &[DoInvite], |_| Ok(()));
    for n in 0..5 {
        host.receive(&request("INVITE", 1, &format!("i{n}"), "").replace("call-1", &format!("call-{n}")));
    }
    assert_eq!(end(&mut host, 2), Ending { requests: 2, left: 3, ..Ending::default() });
    assert_eq!(end(&mut host, 2), Ending { requests: 2, left: 1, ..Ending::default() });
    assert_eq!(end(&mut host, 2), Ending { requests: 1, ..Ending::default() });
    assert_eq!(host.take_sent(), ["503 INVITE"; 5]);
    host.advance(Duration::from_secs(40));
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() }, "nothing is left");
}
