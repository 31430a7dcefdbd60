//! What a peer or a servlet can make the host spend is bounded, and each bound answers as its RFC says.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, Setup, accept, caller, request, response};
use siplet_container::app::Handler::{DoBye, DoInfo, DoInvite, DoMessage, DoOptions};
use siplet_container::app::{AppLimits, Descriptor};
use siplet_container::config::Limits;
use siplet_container::report::{DropReason, RefuseReason, Report};

fn limited(limits: AppLimits) -> Setup {
    let descriptor = Descriptor { name: "app".to_owned(), limits, ..Descriptor::default() };
    Setup { descriptor, ..Setup::default() }
}

fn refusals(host: &Host, reason: RefuseReason) -> usize {
    let refused = |report: &&Report| matches!(report, Report::Refused { why, .. } if *why == reason);
    host.reports.iter().filter(refused).count()
}

/// RFC 3261 §12.2.2, §8.2.7: who does not know both tags is answered without a transaction, and nothing is stored.
#[test]
fn a_flood_of_forged_requests_costs_no_transaction() {
    for durable in [false, true] {
        let setup = Setup { durable, ..Setup::default() };
        let mut host = Host::start(setup, &[DoInvite, DoOptions], accept);
        let tag = host.establish();
        let before = host.container.counts();
        for n in 0..500 {
            let forged = request("OPTIONS", 2, &format!("o{n}"), &tag).replace(";tag=a\n", ";tag=forged\n");
            host.receive(&forged);
        }
        assert_eq!(host.take_sent(), vec!["481 OPTIONS"; 500]);
        assert_eq!(host.container.counts(), before);
        assert_eq!((host.units(), host.turns.len()), (0, 1), "no unit, no turn but that of the INVITE");
    }
}

/// RFC 3261 §21.5.7: what responses copy must leave room for what they add.
#[test]
fn a_head_that_no_answer_could_repeat_gets_513() {
    let mut host = Host::new(&[DoInvite], accept);
    let route = format!("Record-Route: <sip:p.x;lr;x={}>\n", "y".repeat(600)).repeat(60);
    host.receive(&request("INVITE", 1, "i", "").replace("Contact:", &format!("{route}Contact:")));
    assert_eq!(host.take_sent(), ["513 INVITE"]);
    assert_eq!(refusals(&host, RefuseReason::TooLarge), 1);
    assert_eq!(host.container.counts().application_sessions, 0);
}

/// RFC 3261 §13.2.2.4: every fork that answers is acknowledged and ended, but not without end.
#[test]
fn forks_of_one_invite_are_acknowledged_up_to_a_limit() {
    let limits = Limits { forks: 3, ..Limits::default() };
    let mut host = Host::start(Setup { limits, ..Setup::default() }, &[DoMessage], caller);
    let invite = host.call_out();
    for n in 0..100 {
        host.receive(&response(&invite, 200, &format!("fork{n}")));
    }
    assert_eq!(host.take_sent(), ["ACK", "ACK", "BYE", "ACK", "BYE"], "the first stays, two are ended");
    let dropped = Report::Dropped { why: DropReason::ForkLimit, flow: None };
    assert_eq!(host.reports.iter().filter(|report| **report == dropped).count(), 97);
    host.receive(&response(&invite, 200, "fork2"));
    assert_eq!(host.take_sent(), ["ACK"], "a repetition is no new fork");
    assert_eq!(host.container.counts().client_transactions, 3, "the INVITE and two BYEs");
}

/// RFC 3261 §17.1.1.3, §13.2.2.4: the host reads back what it wrote, whatever it would refuse from a peer.
#[test]
fn an_answer_is_acknowledged_however_many_headers_the_servlet_wrote() {
    for status in [200, 486] {
        let mut host = Host::new(&[DoMessage], |turn| {
            let invite = turn.create_initial_request("INVITE", "<sip:me@here>", "<sip:callee@10.0.0.3>")?;
            for n in 0..130 {
                turn.add_header(invite, &format!("X-{n}"), b"v")?;
            }
            turn.send(invite)?;
            accept(turn)
        });
        let invite = host.call_out();
        host.receive(&response(&invite, status, "t"));
        let ack = host.sent_request("ACK");
        assert_eq!(ack.cseq().expect("a CSeq").0, invite.cseq().expect("a CSeq").0);
        assert_eq!(host.take_sent(), ["ACK"], "{status}");
    }
}

/// RFC 3261 §21.5.4: beyond the limit of transactions a dialog takes a BYE and nothing else.
#[test]
fn a_dialog_beyond_its_limit_of_transactions_takes_only_a_bye() {
    let setup = limited(AppLimits { transactions: 4, ..AppLimits::default() });
    let mut host = Host::start(setup, &[DoInvite, DoInfo, DoBye], accept);
    let tag = host.establish();
    for cseq in 2..10 {
        host.receive(&request("INFO", cseq, &format!("i{cseq}"), &tag));
    }
    let sent = host.take_sent();
    assert_eq!(sent[..3], ["200 INFO"; 3], "the INVITE's transaction is one of the four");
    assert_eq!(sent[3..], ["503 INFO"; 5]);
    assert_eq!(refusals(&host, RefuseReason::Limit), 5);
    host.receive(&request("BYE", 10, "b", &tag));
    assert_eq!(host.take_sent(), ["200 BYE"]);
}

/// RFC 3261 §21.5.4: who finds the mailbox full hears so, with Retry-After, and can come again.
#[test]
fn a_full_mailbox_refuses_requests_and_loses_none() {
    let mut host =
        Host::start(limited(AppLimits { mailbox: 2, ..AppLimits::default() }), &[DoInvite, DoInfo], accept);
    let tag = host.establish();
    host.hold_turns = true;
    for cseq in 2..7 {
        host.receive(&request("INFO", cseq, &format!("i{cseq}"), &tag));
    }
    let retry = host.sent[0].message.header(siplet_sip::header::HeaderId::RetryAfter).map(<[u8]>::to_vec);
    assert_eq!(retry.as_deref(), Some(&b"1"[..]));
    assert_eq!(host.take_sent(), ["503 INFO"; 2], "one is with the guest, two wait");
    host.hold_turns = false;
    host.end_turn();
    assert_eq!(host.take_sent(), ["200 INFO"; 3]);
    assert_eq!(host.container.counts().mailbox, 0);
}

/// RFC 3261 §21.5.4: a deployment that is full takes no new call until one has ended.
#[test]
fn sessions_are_limited_and_come_free_again() {
    let mut host =
        Host::start(limited(AppLimits { sessions: 1, ..AppLimits::default() }), &[DoInvite, DoBye], accept);
    let tag = host.establish();
    let other = request("INVITE", 1, "j", "").replace("call-1", "call-2");
    host.receive(&other);
    assert_eq!(host.take_sent(), ["503 INVITE"]);
    host.receive(&request("BYE", 2, "b", &tag));
    host.advance(Duration::from_secs(33));
    host.take_sent();
    host.receive(&other.replace("branch=z9hG4bKj", "branch=z9hG4bKk"));
    assert_eq!(host.take_sent(), ["200 INVITE"]);
}
