//! Messages that cannot be read as a whole: whoever can be told is told (RFC 3261 §18.3), and the answer finds its request.

#[path = "support/host.rs"]
mod host;

use std::fmt::Write as _;

use bytes::Bytes;
use host::{Host, accept, request, tag_of, udp_from};
use siplet_container::app::Handler::DoOptions;
use siplet_container::io::{Flow, Transport};
use siplet_container::report::{DropReason, Report};
use siplet_container::{Counts, Input};
use siplet_sip::header::HeaderId;
use siplet_sip::message::Malformed;

fn broken(host: &mut Host, head: &str, fault: Malformed) {
    let head = Bytes::from(head.replace('\n', "\r\n"));
    host.handle(Input::Broken { flow: host.flow, head, fault });
}

fn tcp_from(remote: &str) -> Flow {
    Flow { listener: 1, transport: Transport::Tcp, connection: 9, ..udp_from(remote) }
}

/// RFC 3261 §18.2.1, §8.2.6.2, RFC 3581 §4: status, reason, `received`, `rport` and a To tag, by the same connection.
#[test]
fn the_answer_to_a_broken_request_finds_it() {
    let cases = [
        (Malformed::ContentLength, 400, "malformed Content-Length"),
        (Malformed::NoContentLength, 400, "no Content-Length on a stream"),
        (Malformed::LineEnd, 400, "stray carriage return or line feed"),
        (Malformed::MessageTooLarge, 513, "Message Too Large"),
        (Malformed::HeadTooLarge, 513, "Message Too Large"),
    ];
    for (fault, status, reason) in cases {
        let mut host = Host::new(&[DoOptions], accept);
        host.flow = tcp_from("10.0.0.9:40000");
        let asked = request("OPTIONS", 1, "o", "").replace("SIP/2.0/UDP", "SIP/2.0/TCP");
        broken(&mut host, &asked.replace(";branch", ";rport;branch"), fault);
        let sent = host.sent.pop().expect("an answer");
        assert_eq!(sent.message.status(), Some(status), "{fault}");
        assert_eq!(sent.hop.connection, 9, "it goes back by its own connection");
        assert!(tag_of(&sent.message).starts_with("sl-"), "RFC 3261 §8.2.6.2");
        let via = sent.message.header(HeaderId::Via).map(|via| String::from_utf8_lossy(via).into_owned());
        let via = via.unwrap_or_default();
        assert!(via.contains(";received=10.0.0.9") && via.contains(";rport=40000"), "{via}");
        let line =
            String::from_utf8_lossy(sent.message.bytes()).lines().next().unwrap_or_default().to_owned();
        assert!(line.contains(reason), "{line}");
        assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });
        assert!(
            matches!(host.reports[..], [Report::Deployed(_), Report::Refused { .. }]),
            "{:?}",
            host.reports
        );
    }
}

/// RFC 3261 §17.1.1.3, §8.2.6.2: no answer to an ACK, to a response, and to what nobody could find an answer for.
#[test]
fn what_cannot_be_answered_is_dropped_and_counted() {
    let whole = request("OPTIONS", 1, "o", "");
    let without = |name: &str| {
        let lines = whole.lines().filter(|line| !line.starts_with(name));
        lines.fold(String::new(), |mut text, line| {
            let _ = writeln!(text, "{line}");
            text
        })
    };
    let cases = [
        (without("Via:"), DropReason::Malformed),
        (without("From:"), DropReason::Malformed),
        (without("To:"), DropReason::Malformed),
        (without("Call-ID:"), DropReason::Malformed),
        (without("CSeq:"), DropReason::Malformed),
        (whole.replace("Via: SIP/2.0/UDP 10", "Via: nonsense 10"), DropReason::Malformed),
        (whole.replace("OPTIONS sip:bob@10.0.0.1 SIP/2.0", "SIP/2.0 200 OK"), DropReason::Malformed),
        (whole.replace("OPTIONS sip:bob@10.0.0.1 SIP/2.0", "GET / HTTP/1.1"), DropReason::Malformed),
        (request("ACK", 1, "o", ""), DropReason::StrayAck),
    ];
    for (head, why) in cases {
        let mut host = Host::new(&[DoOptions], accept);
        broken(&mut host, &head, Malformed::NoContentLength);
        assert!(host.take_sent().is_empty(), "{head}");
        let flow = Some(host.flow);
        assert_eq!(host.reports.last(), Some(&Report::Dropped { why, flow }), "{head}");
    }
}

/// RFC 3261 §21.4.1, §21.5.7: a datagram over a limit is told so, as far as it can be read.
#[test]
fn a_datagram_over_a_limit_is_answered() {
    let mut host = Host::new(&[DoOptions], accept);
    let many = "X: y\n".repeat(200);
    host.receive(&request("OPTIONS", 1, "o", "").replace("Contact:", &format!("{many}Contact:")));
    assert_eq!(host.take_sent(), ["400 OPTIONS"]);
    let limits = siplet_container::config::Limits {
        message: siplet_sip::limits::Limits { message_bytes: 2000, ..Default::default() },
        ..Default::default()
    };
    let mut host = Host::start(host::Setup { limits, ..host::Setup::default() }, &[DoOptions], accept);
    host.receive(&(request("OPTIONS", 1, "o", "").replace("Length: 0", "Length: 2000") + &"x".repeat(2000)));
    assert_eq!(host.take_sent(), ["513 OPTIONS"]);
}
