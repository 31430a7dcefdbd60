//! What our messages carry on the wire, line by line, and what comes of messages that carry something odd.

#[path = "support/host.rs"]
mod host;

use std::collections::BTreeSet;

use host::{Host, accept, caller, request, response, response_in, udp_from};
use siplet_container::Input;
use siplet_container::app::Handler::{
    DoBye, DoErrorResponse, DoInfo, DoInvite, DoMessage, DoProvisionalResponse, DoSuccessResponse,
};
use siplet_container::io::{TransmitError, Transport};
use siplet_container::report::{DropReason, Report};
use siplet_container::turn::{Callback, Misuse, Turn};
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;

/// All lines of a header, as text.
fn lines(message: &Message, id: HeaderId) -> Vec<String> {
    message.headers(id).map(|line| String::from_utf8_lossy(line).into_owned()).collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// RFC 3261 §8.1.1: what each request outside a dialog carries.
/// [3261-8.1.1-1, 3261-8.1.1.1-s1, 3261-8.1.1.3-1, 3261-8.1.1.5-1, 3261-8.1.1.6-1, 3261-8.1.1.7-1, 3261-8.1.1.7-2]
/// [3261-8.1.1.7-3, 3261-8.1.1.7-5, 3261-8.1.1.8-1, 3261-12.1.2-1, 3261-18.1.1-5]
// [3581-3]
#[test]
fn our_first_request_has_what_every_request_has() {
    let mut host = Host::new(&[DoMessage], caller);
    let invite = host.call_out();
    assert_eq!(text(invite.request_uri()), "sip:callee@10.0.0.3");
    assert_eq!(lines(&invite, HeaderId::To), ["<sip:callee@10.0.0.3>"], "and no tag");
    let from = invite.from_().expect("a From");
    assert_eq!(text(from.uri_bytes()), "sip:me@here");
    assert!(from.tag().is_some_and(|tag| tag.len() == 32));
    assert_eq!(lines(&invite, HeaderId::MaxForwards), ["70"]);
    assert_eq!(lines(&invite, HeaderId::CallId).len(), 1);
    assert_eq!(lines(&invite, HeaderId::CSeq), ["1 INVITE"]);
    let vias = lines(&invite, HeaderId::Via);
    let branch = vias[0].strip_prefix("SIP/2.0/UDP 10.0.0.1:5060;branch=").expect("our sent-by");
    assert!(vias.len() == 1 && branch.starts_with("z9hG4bK") && branch.ends_with(";rport"), "{vias:?}");
    assert_eq!(lines(&invite, HeaderId::Contact), ["<sip:10.0.0.1:5060>"]);
}

/// RFC 3261 §8.1.1.4, §8.1.1.7 [3261-8.1.1.4-2, 3261-8.1.1.7-4]: no two calls share a name.
#[test]
fn every_call_has_names_of_its_own() {
    let mut host = Host::new(&[DoMessage], caller);
    let mut names = BTreeSet::new();
    for n in 0..50 {
        host.receive(&request("MESSAGE", 1, &format!("m{n}"), "").replace("call-1", &format!("call-{n}")));
        let invite = host.sent_request("INVITE");
        names.insert(lines(&invite, HeaderId::CallId)[0].clone());
        names.insert(lines(&invite, HeaderId::Via)[0].clone());
        names.insert(text(invite.from_().expect("a From").tag().expect("a tag")));
    }
    assert_eq!(names.len(), 150);
}

/// Lets the callee's 180 end the call, with headers in the INVITE that are none of its CANCEL's.
fn cancels_what_requires(turn: &mut Turn) -> Result<(), Misuse> {
    if let Some(ringing) = response_in(turn) {
        let invite = turn.request_of(ringing)?;
        let cancel = turn.create_cancel(invite)?;
        return turn.send(cancel);
    }
    let invite = turn.create_initial_request("INVITE", "<sip:me@here>", "<sip:callee@10.0.0.3>")?;
    turn.set_header(invite, "Require", b"x-ray")?;
    turn.set_header(invite, "Proxy-Require", b"x-proxy")?;
    turn.set_header(invite, "Route", b"<sip:10.0.0.5:5088;lr>")?;
    turn.send(invite)
}

/// RFC 3261 §9.1, §17.1.1.3, §8.2.2.3: CANCEL and the ACK of a failure repeat their INVITE and go where it went.
/// [3261-9.1-1, 3261-9.1-2, 3261-9.1-3, 3261-9.1-4, 3261-9.1-5, 3261-9.1-6, 3261-9.1-7, 3261-8.2.2.3-3, 3261-8.1.2-s1]
/// [3261-17.1.1.2-14, 3261-17.1.1.3-2, 3261-17.1.1.3-3, 3261-17.1.1.3-4, 3261-17.1.1.3-5, 3261-17.1.1.3-6]
#[test]
fn cancel_and_ack_repeat_their_invite() {
    let mut host = Host::new(&[DoMessage, DoProvisionalResponse], cancels_what_requires);
    host.receive(&request("MESSAGE", 1, "m", ""));
    let sent = host.sent.pop().expect("the INVITE");
    let (invite, hop) = (sent.message, sent.hop);
    assert_eq!(hop.remote.to_string(), "10.0.0.5:5088", "the first Route is where it goes");
    assert!(host.sent.is_empty());
    host.receive(&response(&invite, 180, ""));
    let cancel = host.sent.pop().expect("the CANCEL");
    host.receive(&response(&invite, 487, "t"));
    let ack = host.sent.pop().expect("the ACK");
    for (sent, cseq, to) in
        [(cancel, "1 CANCEL", "<sip:callee@10.0.0.3>"), (ack, "1 ACK", "<sip:callee@10.0.0.3>;tag=t")]
    {
        let message = sent.message;
        assert_eq!(sent.hop, hop);
        assert_eq!(message.request_uri(), invite.request_uri());
        for id in [HeaderId::Via, HeaderId::From, HeaderId::CallId, HeaderId::Route] {
            assert_eq!(lines(&message, id), lines(&invite, id), "{cseq}: {id:?}");
        }
        assert_eq!(lines(&message, HeaderId::CSeq), [cseq]);
        assert_eq!(lines(&message, HeaderId::To), [to]);
        assert!(!message.has(HeaderId::Require) && !message.has(HeaderId::ProxyRequire), "{cseq}");
    }
}

/// RFC 3261 §9.1 [3261-9.1-6]: before any response there is nothing to cancel.
#[test]
fn a_cancel_waits_for_a_provisional_response() {
    let mut host = Host::new(&[DoMessage], |turn| {
        caller(turn)?;
        turn.invalidate_application_session()
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    let invite = host.sent_request("INVITE");
    assert!(!host.take_sent().contains(&"CANCEL".to_owned()));
    host.receive(&response(&invite, 100, ""));
    assert_eq!(host.take_sent(), ["CANCEL"]);
}

/// Rings, then accepts.
fn rings_and_accepts(turn: &mut Turn) -> Result<(), Misuse> {
    if let Callback::Request { message, handler: DoInvite } = turn.callback() {
        let ringing = turn.create_response(message, 180, None)?;
        turn.send(ringing)?;
    }
    accept(turn)
}

/// RFC 3261 §8.2.6.2, §12.1.1: what a response takes along, and what makes its dialog.
/// [3261-8.2.6.2-1, 3261-8.2.6.2-2, 3261-8.2.6.2-3, 3261-8.2.6.2-4, 3261-8.2.6.2-6, 3261-8.2.6.2-7]
/// [3261-12.1.1-1, 3261-12.1.1-2, 3261-12.1.1-3, 3261-13.3.1.1-1]
#[test]
fn our_responses_repeat_what_their_request_said() {
    const ROUTES: &str = "Record-Route: <sip:p2.example;lr;x=1>;y=\"a,b\", <sip:p1.example;lr>\n";
    let mut host = Host::new(&[DoInvite], rings_and_accepts);
    let more = format!("Via: SIP/2.0/UDP ua.example;branch=z9hG4bKua\n{ROUTES}Max-F");
    let invite = request("INVITE", 1, "i", "").replace("Max-F", &more);
    host.receive(&invite);
    let mut tags = BTreeSet::new();
    assert_eq!(host.sent.len(), 2);
    for sent in host.sent.drain(..) {
        let message = sent.message;
        assert_eq!(
            lines(&message, HeaderId::Via),
            ["SIP/2.0/UDP 10.0.0.2:5070;branch=z9hG4bKi", "SIP/2.0/UDP ua.example;branch=z9hG4bKua"]
        );
        assert_eq!(lines(&message, HeaderId::From), ["<sip:alice@10.0.0.2>;tag=a"]);
        assert_eq!(lines(&message, HeaderId::CallId), ["call-1"]);
        assert_eq!(lines(&message, HeaderId::CSeq), ["1 INVITE"]);
        let routes: Vec<String> = message.values(HeaderId::RecordRoute).map(text).collect();
        assert_eq!(routes, ["<sip:p2.example;lr;x=1>;y=\"a,b\"", "<sip:p1.example;lr>"]);
        assert_eq!(lines(&message, HeaderId::Contact), ["<sip:10.0.0.1:5060>"]);
        assert_eq!(text(message.to().expect("a To").uri_bytes()), "sip:bob@10.0.0.1");
        tags.insert(host::tag_of(&message));
    }
    assert_eq!(tags.len(), 1, "both have the same tag");
}

/// RFC 3261 §8.2.6.2 [3261-8.2.6.2-5]: inside a dialog To is as it came. RFC 3428 §2 [3428-2]: a MESSAGE makes none.
#[test]
fn a_response_in_a_dialog_keeps_its_to() {
    let mut host = Host::new(&[DoInvite, DoInfo, DoMessage], accept);
    let tag = host.establish();
    host.receive(&request("INFO", 2, "x", &tag));
    assert_eq!(lines(&host.sent[0].message, HeaderId::To), [format!("<sip:bob@10.0.0.1>;tag={tag}")]);
    host.sent.clear();
    host.receive(&request("MESSAGE", 1, "m", "").replace("call-1", "call-2"));
    let answer = host.sent.pop().expect("a 200").message;
    assert!(!answer.has(HeaderId::Contact));
    let tag = host::tag_of(&answer);
    host.receive(&request("INFO", 2, "y", &tag).replace("call-1", "call-2"));
    assert_eq!(host.take_sent(), ["481 INFO"]);
}

/// RFC 3261 §8.2.2 [3261-8.2.2-1, 3261-8.2.2-s1]: what nobody knows or needs is passed over.
#[test]
fn unknown_headers_and_malformed_ones_that_nobody_needs_are_ignored() {
    let mut host = Host::new(&[DoInvite], accept);
    let odd = "X-Unknown: ;;=\"\nDate: the day after\nExpires: soon\nAccept-Language: ;;\nMax-F";
    host.receive(&request("INVITE", 1, "i", "").replace("Max-F", odd));
    assert_eq!(host.take_sent(), ["200 INVITE"]);
}

/// RFC 3261 §8.2.2.3 [3261-8.2.2.3-4]: what a CANCEL or the ACK of a failure requires is passed over.
#[test]
fn nothing_that_a_cancel_or_an_ack_requires_matters() {
    let mut host = Host::new(&[DoInvite], |_| Ok(()));
    let requires = |text: String| text.replace("Max-F", "Require: x-ray\nProxy-Require: x-ray\nMax-F");
    host.receive(&request("INVITE", 1, "i", ""));
    host.receive(&requires(request("CANCEL", 1, "i", "")));
    assert_eq!(host.take_sent(), ["200 CANCEL", "487 INVITE"]);
    host.receive(&requires(request("ACK", 1, "i", "")));
    host.advance(std::time::Duration::from_secs(3));
    assert_eq!(host.take_sent(), [""; 0], "the 487 is acknowledged");
}

/// RFC 3261 §8.1.3.2 [3261-8.1.3.2-1, 3261-8.1.3.2-2, 3261-8.1.3.2-3]: a status that nobody knows is that of its class.
#[test]
fn an_unknown_status_is_that_of_its_class() {
    for (status, expected) in [
        (183, &["do-message", "do-provisional-response"][..]),
        (100, &["do-message"]),
        (199, &["do-message", "do-provisional-response"]),
        (299, &["do-message", "do-success-response"]),
        (499, &["do-message", "do-error-response"]),
        (599, &["do-message", "do-error-response"]),
        (699, &["do-message", "do-error-response"]),
    ] {
        let handlers = [DoMessage, DoProvisionalResponse, DoSuccessResponse, DoErrorResponse];
        let mut host = Host::new(&handlers, |turn| match response_in(turn) {
            Some(_) => Ok(()),
            None => caller(turn),
        });
        let invite = host.call_out();
        host.receive(&response(&invite, status, "t"));
        assert_eq!(host.turns, expected, "{status}");
        let ended = host.take_sent();
        assert_eq!(ended, if status > 299 { vec!["ACK"] } else { vec![] }, "{status}");
    }
}

/// RFC 3261 §8.1.3.3, §18.1.2: what was not meant for us, or comes when all is over, is dropped and counted.
/// [3261-8.1.3.3-s1, 3261-18.1.2-2, 3261-18.1.2-3]
#[test]
fn a_response_that_is_not_ours_is_dropped() {
    let mut host = Host::new(&[DoMessage, DoErrorResponse], caller);
    let invite = host.call_out();
    let failure = response(&invite, 486, "t");
    let forwarded = failure.replace("From:", "Via: SIP/2.0/UDP other.example;branch=z9hG4bKo\nFrom:");
    host.receive(&forwarded);
    host.receive(&failure.replace("branch=z9hG4bK", "branch=z9hG4bKx"));
    let foreign = Report::Dropped { why: DropReason::ForeignVia, flow: Some(host.flow) };
    assert_eq!(host.reports.iter().filter(|report| **report == foreign).count(), 2);
    assert_eq!(host.turns, ["do-message"]);
    host.receive(&failure);
    assert_eq!((host.take_sent(), host.turns.len()), (vec!["ACK".to_owned()], 2));
    host.advance(std::time::Duration::from_secs(40));
    host.receive(&failure);
    let stray = Report::Dropped { why: DropReason::StrayResponse, flow: Some(host.flow) };
    assert!(host.reports.contains(&stray), "its transaction is over");
}

/// RFC 3261 §8.1.3.1, §17.1.4, §18.4: a request that cannot be sent is answered as by a 503.
/// [3261-8.1.3.1-2, 3261-17.1.4-s1, 3261-18.4-s1]
#[test]
fn a_request_that_cannot_leave_is_a_503() {
    let mut host = Host::new(&[DoMessage, DoErrorResponse], |turn| {
        let Some(failure) = response_in(turn) else { return caller(turn) };
        assert!(turn.flat(failure)?.bytes.starts_with(b"SIP/2.0 503 "));
        Ok(())
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    let sent = host.sent.iter().rev().find(|sent| sent.message.is_request()).expect("the INVITE");
    let (bytes, hop) = (sent.message.bytes().clone(), sent.hop);
    host.handle(Input::TransmitFailed { bytes, hop, error: TransmitError::Unreachable });
    assert_eq!(host.turns, ["do-message", "do-error-response"]);
    assert_eq!(host.container.counts().client_transactions, 0);
}

/// RFC 3261 §18.2.1, §18.2.2, RFC 3581 §4: where the answer of a datagram goes, and from where.
/// [3261-18.2.1-2, 3261-18.2.1-3, 3261-18.2.1-4, 3261-18.2.2-1, 3261-18.2.2-4, 3261-18.2.2-5, 3581-4]
#[test]
fn an_answer_goes_back_by_the_top_via() {
    for (via, from, to, stamped) in [
        ("10.0.0.2:5070", "10.0.0.2:5070", "10.0.0.2:5070", ""),
        ("10.0.0.2:5099", "10.0.0.2:5070", "10.0.0.2:5099", ""),
        ("10.0.0.2", "10.0.0.2:5070", "10.0.0.2:5060", ""),
        ("pc.example:5099", "10.0.0.2:5070", "10.0.0.2:5099", ";received=10.0.0.2"),
        ("192.0.2.9:5099", "10.0.0.2:5070", "10.0.0.2:5099", ";received=10.0.0.2"),
        ("10.0.0.2:5099;rport", "10.0.0.2:5070", "10.0.0.2:5070", ";received=10.0.0.2"),
        ("pc.example;rport", "10.0.0.2:5070", "10.0.0.2:5070", ";received=10.0.0.2"),
    ] {
        let mut host = Host::new(&[DoMessage], accept);
        host.flow = udp_from(from);
        host.receive(
            &request("MESSAGE", 1, "m", "").replace("10.0.0.2:5070;branch", &format!("{via};branch")),
        );
        let sent = host.sent.pop().expect("an answer");
        assert_eq!((sent.hop.remote.to_string(), sent.hop.listener), (to.to_owned(), 0), "{via}");
        let line = &lines(&sent.message, HeaderId::Via)[0];
        assert!(line.contains(stamped), "{via}: {line}");
        assert_eq!(line.contains(";rport=5070"), via.contains(";rport"), "{via}: {line}");
    }
}

/// RFC 3261 §18.2.2 [3261-18.2.2-2, 3261-18.2.2-s1]: over a stream the answer goes where the request came from; should that
/// connection be gone, to the source address and the port of sent-by.
#[test]
fn an_answer_over_a_stream_goes_over_its_connection() {
    let mut host = Host::new(&[DoMessage], accept);
    host.flow.transport = Transport::Tcp;
    host.flow.listener = 1;
    host.flow.connection = 7;
    host.flow.remote = "10.0.0.2:40123".parse().expect("an address");
    host.receive(&request("MESSAGE", 1, "m", "").replace("SIP/2.0/UDP", "SIP/2.0/TCP"));
    let hop = host.sent.pop().expect("an answer").hop;
    assert_eq!((hop.connection, hop.transport, hop.remote), (7, Transport::Tcp, host.flow.remote));
    assert_eq!(hop.fallback, Some("10.0.0.2:5070".parse().expect("an address")));
}

/// RFC 3261 §12.2.1.2 [3261-12.2.1.2-s1, 3261-12.2.1.2-s2]: a peer that has lost the dialog, or does not speak any more, has
/// ended it.
#[test]
fn a_dialog_ends_with_481_408_or_silence() {
    fn asks(turn: &mut Turn) -> Result<(), Misuse> {
        if let Callback::Request { message, handler: DoInfo } = turn.callback() {
            let session = turn.session_of(message)?;
            let options = turn.create_request(session, "OPTIONS")?;
            turn.send(options)?;
        }
        accept(turn)
    }
    for (status, expected) in
        [(Some(481), "481 INFO"), (Some(408), "481 INFO"), (None, "481 INFO"), (Some(404), "200 INFO")]
    {
        let mut host = Host::new(&[DoInvite, DoInfo], asks);
        let tag = host.establish();
        host.receive(&request("INFO", 2, "x", &tag));
        let options = host.sent_request("OPTIONS");
        match status {
            Some(status) => host.receive(&response(&options, status, "")),
            None => host.advance(std::time::Duration::from_secs(33)),
        }
        host.sent.clear();
        host.receive(&request("INFO", 3, "y", &tag));
        let answers = host.take_sent();
        assert!(answers.contains(&expected.to_owned()), "{status:?}: {answers:?}");
    }
}

/// RFC 3261 §14.1 [3261-14.1-1, 3261-14.1-3]: an INVITE of the peer that we have refused is in the way until its ACK has come.
#[test]
fn our_re_invite_waits_for_the_ack_of_a_refusal() {
    fn refuses_and_asks_back(turn: &mut Turn) -> Result<(), Misuse> {
        match turn.callback() {
            Callback::Request { message, handler: DoInvite } if !turn.is_initial(message)? => {
                let refusal = turn.create_response(message, 488, None)?;
                turn.send(refusal)
            }
            Callback::Request { message, handler: DoInfo } => {
                let session = turn.session_of(message)?;
                let status = match turn.create_request(session, "INVITE").and_then(|invite| turn.send(invite))
                {
                    Ok(()) => 200,
                    Err(_) => 403,
                };
                let answer = turn.create_response(message, status, None)?;
                turn.send(answer)
            }
            _ => accept(turn),
        }
    }
    let mut host = Host::new(&[DoInvite, DoInfo, DoBye], refuses_and_asks_back);
    let tag = host.establish();
    host.receive(&request("INVITE", 2, "re", &tag));
    host.receive(&request("INFO", 3, "x", &tag));
    assert_eq!(host.take_sent(), ["488 INVITE", "403 INFO"]);
    host.receive(&request("ACK", 2, "re", &tag));
    host.receive(&request("INFO", 4, "y", &tag));
    assert_eq!(host.take_sent(), ["INVITE", "200 INFO"]);
}

/// RFC 3261 §14.2 [3261-14.2-2]: two INVITEs that cross in a dialog: each side refuses the other's.
#[test]
fn an_invite_that_crosses_ours_gets_491() {
    let mut host = Host::new(&[DoInvite, DoInfo], |turn| {
        if let Callback::Request { message, handler: DoInfo } = turn.callback() {
            let session = turn.session_of(message)?;
            let invite = turn.create_request(session, "INVITE")?;
            turn.send(invite)?;
        }
        accept(turn)
    });
    let tag = host.establish();
    host.receive(&request("INFO", 2, "x", &tag));
    host.sent.clear();
    host.receive(&request("INVITE", 3, "re", &tag));
    assert_eq!(host.take_sent(), ["491 INVITE"]);
}

/// RFC 3261 §14.2 [3261-14.2-1]: a second INVITE before the first is answered comes again after a random time.
#[test]
fn a_second_invite_gets_500_with_a_random_retry_after() {
    let mut seen = BTreeSet::new();
    for call in 0..60 {
        let mut host = Host::new(&[DoInvite], |turn| match turn.callback() {
            Callback::Request { message, .. } if turn.is_initial(message)? => accept(turn),
            _ => Ok(()),
        });
        let named = |text: String| text.replace("call-1", &format!("call-{call}"));
        host.receive(&named(request("INVITE", 1, "i", "")));
        let tag = host::tag_of(&host.sent[0].message);
        host.receive(&named(request("ACK", 1, "a", &tag)));
        host.receive(&named(request("INVITE", 2, "b", &tag)));
        host.receive(&named(request("INVITE", 3, "c", &tag)));
        let refused = host.sent.pop().expect("an answer").message;
        assert_eq!(host::summary(&refused), "500 INVITE");
        let seconds: u32 = lines(&refused, HeaderId::RetryAfter)[0].parse().expect("seconds");
        assert!(seconds <= 10, "{seconds}");
        seen.insert(seconds);
    }
    assert!(seen.len() > 5, "{seen:?}");
}
