//! Messages that cross each other on their way, and the end of a call: nobody is left hanging, nothing happens twice.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, accept, caller, deploy, request, response, response_in, udp_from};
use siplet_container::app::Handler::{
    DoBye, DoCancel, DoErrorResponse, DoInfo, DoInvite, DoMessage, DoProvisionalResponse, DoSuccessResponse,
    ServletInitialized,
};
use siplet_container::app::{AppId, Descriptor};
use siplet_container::io::{Hop, TransmitError, Transport};
use siplet_container::report::{DropReason, Report};
use siplet_container::turn::{Misuse, Turn};
use siplet_container::{Counts, Input};
use siplet_sip::method::Method;

type Script = fn(&mut Turn) -> Result<(), Misuse>;

/// Accepts the INVITE and hangs up in the same breath.
fn accept_and_end(turn: &mut Turn) -> Result<(), Misuse> {
    accept(turn)?;
    turn.invalidate_application_session()
}

fn end_all_on_ringing(turn: &mut Turn) -> Result<(), Misuse> {
    match response_in(turn) {
        Some(_) => turn.invalidate_application_session(),
        None => caller(turn),
    }
}

fn end_session_on_ringing(turn: &mut Turn) -> Result<(), Misuse> {
    match response_in(turn) {
        Some(ringing) => turn.invalidate_session(turn.session_of(ringing)?),
        None => caller(turn),
    }
}

/// RFC 3261 §15: the UAS sends no BYE before the ACK of its 2xx.
// [3261-15-3]
#[test]
fn a_bye_waits_for_the_ack_of_our_2xx() {
    let mut host = Host::new(&[DoInvite], accept_and_end);
    host.receive(&request("INVITE", 1, "i", ""));
    let tag = host::tag_of(&host.sent[0].message);
    assert_eq!(host.take_sent(), ["200 INVITE"]);
    host.advance(Duration::from_secs(5));
    assert_eq!(host.take_sent(), ["200 INVITE"; 3], "the 2xx is repeated after 0.5, 1 and 2 s (§13.3.1.4)");
    host.receive(&request("ACK", 1, "a", &tag));
    assert_eq!(host.take_sent(), ["BYE"]);
}

/// RFC 3261 §15, §13.3.1.4: after 64*T1 without an ACK the BYE goes nevertheless.
// [3261-15-3, 3261-15.1.1-2]
#[test]
fn a_bye_waits_no_longer_than_the_2xx_is_repeated() {
    let mut host = Host::new(&[DoInvite], accept_and_end);
    host.receive(&request("INVITE", 1, "i", ""));
    host.advance(Duration::from_secs(31));
    assert!(!host.take_sent().contains(&"BYE".to_owned()));
    host.advance(Duration::from_secs(2));
    assert!(host.take_sent().contains(&"BYE".to_owned()));
    host.advance(Duration::from_secs(40));
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() }, "nothing is left");
}

/// RFC 3261 §15.1.2: a peer that hangs up before its ACK has come needs no BYE of ours any more, and no 2xx.
#[test]
fn a_bye_that_waits_is_dropped_when_the_peer_hangs_up_first() {
    let mut host = Host::new(&[DoInvite, DoBye], accept_and_end);
    host.receive(&request("INVITE", 1, "i", ""));
    let tag = host::tag_of(&host.sent[0].message);
    host.receive(&request("BYE", 2, "b", &tag));
    assert_eq!(host.take_sent(), ["200 INVITE", "200 BYE"]);
    host.advance(Duration::from_secs(40));
    assert_eq!(host.take_sent(), [""; 0]);
    assert_eq!(host.turns, ["do-invite"]);
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() }, "nothing is left");
}

/// RFC 5407 §3.2: both hang up at once; each BYE gets its 200, and the servlet is not told of what it has ended.
#[test]
fn byes_that_cross_are_both_answered() {
    let mut host = Host::new(&[DoInvite, DoBye, DoInfo], |turn| {
        accept(turn)?;
        if turn.callback().handler() == DoInfo {
            let caller = *turn.sessions().first().expect("the caller's session");
            let bye = turn.create_request(caller, "BYE")?;
            turn.send(bye)?;
        }
        Ok(())
    });
    let tag = host.establish();
    host.receive(&request("INFO", 2, "x", &tag));
    assert_eq!(host.take_sent(), ["200 INFO", "BYE"]);
    host.receive(&request("BYE", 3, "b", &tag));
    assert_eq!(host.take_sent(), ["200 BYE"]);
    host.receive(&request("INFO", 4, "z", &tag));
    assert_eq!(host.take_sent(), ["481 INFO"], "what is no BYE finds no dialog");
    assert_eq!(host.turns, ["do-invite", "do-info"]);
}

/// RFC 3261 §9.1, §13.2.2.4, §15: the callee answered while its CANCEL was on the way.
#[test]
fn a_2xx_that_crosses_the_end_of_its_call_is_acknowledged_and_ended() {
    for script in [end_all_on_ringing as Script, end_session_on_ringing] {
        for early_tag in ["", "t"] {
            let mut host = Host::new(&[DoMessage, DoProvisionalResponse, DoSuccessResponse], script);
            let invite = host.call_out();
            host.receive(&response(&invite, 180, early_tag));
            assert_eq!(host.take_sent(), ["CANCEL"]);
            host.receive(&response(&invite, 200, "t"));
            assert_eq!(host.take_sent(), ["ACK", "BYE"]);
            host.receive(&response(&invite, 200, "t"));
            assert_eq!(host.take_sent(), ["ACK"], "the 2xx again gets the ACK again, and no second BYE");
            assert_eq!(host.turns, ["do-message", "do-provisional-response"], "nobody is told any more");
        }
    }
}

/// RFC 3261 §17.2.1, §17.2.2: a repeated request has one transaction, also when neither has begun.
#[test]
fn a_request_that_is_repeated_in_the_mailbox_is_one_request() {
    let mut host = Host::new(&[DoInvite, DoInfo], accept);
    let tag = host.establish();
    host.hold_turns = true;
    host.receive(&request("INFO", 2, "x", &tag));
    host.receive(&request("INVITE", 3, "y", &tag));
    host.receive(&request("INVITE", 3, "y", &tag));
    host.end_turn();
    host.end_turn();
    assert_eq!(host.take_sent(), ["200 INFO", "200 INVITE"]);
    assert_eq!(host.turns, ["do-invite", "do-info", "do-invite"]);
    host.advance(Duration::from_secs(2));
    assert_eq!(host.take_sent(), ["200 INVITE"; 2], "the 2xx is repeated, and nothing refused");
}

/// RFC 3261 §9.2: one 200 for the CANCEL, one 487 for the INVITE.
#[test]
fn a_cancel_that_is_repeated_while_a_turn_is_away_is_one_cancel() {
    let mut host = Host::new(&[DoInvite, DoCancel], |_| Ok(()));
    host.hold_turns = true;
    host.receive(&request("INVITE", 1, "i", ""));
    for _ in 0..3 {
        host.receive(&request("CANCEL", 1, "i", ""));
    }
    assert!(host.take_sent().is_empty(), "the step of the INVITE is open");
    host.hold_turns = false;
    host.end_turn();
    assert_eq!(host.take_sent(), ["200 CANCEL", "487 INVITE"]);
    assert_eq!(host.turns, ["do-invite", "do-cancel"]);
    assert_eq!(host.container.counts().server_transactions, 2);
}

/// RFC 3261 §9.1: a CANCEL is due at once when the INVITE has a provisional response; who stays silent is given up.
#[test]
fn a_cancel_of_the_servlet_leaves_at_once_and_a_silent_callee_is_given_up() {
    let mut host = Host::new(&[DoMessage, DoProvisionalResponse], |turn| {
        let Some(ringing) = response_in(turn) else { return caller(turn) };
        let invite = turn.request_of(ringing)?;
        let cancel = turn.create_cancel(invite)?;
        turn.send(cancel)
    });
    let invite = host.call_out();
    host.receive(&response(&invite, 180, "t"));
    assert_eq!(host.take_sent(), ["CANCEL"]);
    host.advance(Duration::from_secs(250));
    assert!(host.take_sent().iter().all(|sent| sent == "CANCEL"), "nothing but its repetitions");
    assert_eq!(host.container.counts().client_transactions, 0);
}

/// RFC 3261 §13.3.1.4: only the dialog's peer can acknowledge its 2xx.
#[test]
fn an_ack_from_elsewhere_stops_nothing() {
    let mut host = Host::new(&[DoInvite], accept);
    host.receive(&request("INVITE", 1, "i", ""));
    let tag = host::tag_of(&host.sent[0].message);
    host.take_sent();
    host.flow = udp_from("6.6.6.6:666");
    let forged = request("ACK", 1, "z", &tag).replace("call-1", "call-2").replace(";tag=a\n", ";tag=evil\n");
    host.receive(&forged);
    let stray = Report::Dropped { why: DropReason::StrayAck, flow: Some(host.flow) };
    assert!(host.reports.contains(&stray));
    host.advance(Duration::from_secs(20));
    assert_eq!(host.take_sent(), ["200 INVITE"; 7], "after 0.5, 1, 2, then every 4 s");
}

/// RFC 3261 §13.3.1.4, RFC 6026 §7.1: an INVITE has one 2xx.
#[test]
fn an_invite_is_accepted_once() {
    let mut host = Host::new(&[DoInvite], |turn| {
        let siplet_container::turn::Callback::Request { message, .. } = turn.callback() else {
            return Ok(());
        };
        let first = turn.create_response(message, 200, None)?;
        let second = turn.create_response(message, 202, None)?;
        turn.send(first)?;
        assert_eq!(turn.send(second), Err(Misuse::FinalResponseSent));
        Ok(())
    });
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.take_sent(), ["200 INVITE"]);
}

/// RFC 3261 §13.2.2.4: a 2xx that comes again gets the ACK again, and is one answer, with a tag or (§12.1.2) without.
// [3261-13.2.2.4-8]
#[test]
fn a_2xx_is_told_once_and_acknowledged_each_time() {
    for tag in ["t", ""] {
        let mut host = Host::new(&[DoMessage, DoSuccessResponse], |turn| {
            let Some(answer) = response_in(turn) else { return caller(turn) };
            let ack = turn.create_ack(answer)?;
            turn.send(ack)
        });
        let invite = host.call_out();
        for _ in 0..2 {
            host.receive(&response(&invite, 200, tag));
            assert_eq!(host.take_sent(), ["ACK"]);
        }
        assert_eq!(host.turns, ["do-message", "do-success-response"]);
    }
}

/// SIP Servlet 1.1 §5.2: a servlet may acknowledge later; that the callee repeats its 2xx meanwhile is not told again.
#[test]
fn a_2xx_that_waits_for_its_servlet_is_told_once() {
    for tag in ["t", ""] {
        let mut host = Host::new(&[DoMessage, DoSuccessResponse], caller);
        let invite = host.call_out();
        for _ in 0..3 {
            host.receive(&response(&invite, 200, tag));
        }
        assert!(host.take_sent().is_empty());
        assert_eq!(host.turns, ["do-message", "do-success-response"]);
    }
}

/// RFC 3261 §17.1.1.2: the ACK of a failure has the branch of its INVITE; that it cannot leave ends nothing twice.
#[test]
fn a_failure_is_told_once_also_when_its_ack_cannot_be_sent() {
    let mut host = Host::new(&[DoMessage, DoErrorResponse], caller);
    let invite = host.call_out();
    host.receive(&response(&invite, 486, "t"));
    let sent = host.sent.pop().expect("the ACK");
    assert_eq!(host::summary(&sent.message), "ACK");
    let remote = "10.0.0.3:5060".parse().expect("an address");
    let hop = Hop { listener: 0, transport: Transport::Udp, remote, connection: 0, fallback: None };
    let bytes = sent.message.bytes().clone();
    host.handle(Input::TransmitFailed { bytes, hop, error: TransmitError::Unreachable });
    assert_eq!(host.turns, ["do-message", "do-error-response"]);
    assert!(host.reports.contains(&Report::TransmitFailed { app: None }));
}

/// A version that was replaced while its first turn was away leaves when that turn has ended, and its session with it.
#[test]
fn a_version_that_is_replaced_during_its_first_turn_leaves_after_it() {
    let mut host = Host::new(&[DoInvite], |_| Ok(()));
    host.hold_turns = true;
    host.handle(deploy(7, Descriptor::default(), &[ServletInitialized, DoInvite]));
    host.handle(deploy(8, Descriptor::default(), &[DoInvite]));
    let replaced = AppId { name: "app".into(), digest: 7 };
    host.handle(Input::Undeploy(replaced.clone()));
    let left = Report::Left(replaced);
    assert!(!host.reports.contains(&left), "its turn is away");
    host.end_turn();
    assert!(host.reports.contains(&left));
    let kept = Counts { applications: 2, ..Counts::default() };
    assert_eq!(host.container.counts(), kept, "the version that serves, and the first one, which is kept");
}

/// RFC 3261 §17.1.1.2, §17.1.4: over UDP what a full queue did not take is repeated; over a stream nobody repeats it, so the
/// application hears at once.
#[test]
fn a_full_queue_fails_a_request_only_where_it_is_not_repeated() {
    for (transport, expected) in [(Transport::Udp, 0), (Transport::Tcp, 1)] {
        let mut host = Host::new(&[DoMessage, DoErrorResponse], move |turn| {
            if turn.callback().handler() == DoMessage {
                let to = format!("<sip:callee@10.0.0.3;transport={}>", transport.param_name());
                let invite = turn.create_initial_request("INVITE", "<sip:me@here>", &to)?;
                turn.send(invite)?;
            }
            accept(turn)
        });
        host.receive(&request("MESSAGE", 1, "message", ""));
        let sent = host.sent.iter().find(|sent| sent.message.method() == Some(&Method::Invite));
        let (bytes, hop) = sent.map(|sent| (sent.message.bytes().clone(), sent.hop)).expect("an INVITE");
        assert_eq!(hop.transport, transport);
        host.handle(Input::TransmitFailed { bytes, hop, error: TransmitError::Congested });
        let told = host.turns.iter().filter(|turn| **turn == "do-error-response").count();
        assert_eq!(told, expected, "{transport:?}");
    }
}
