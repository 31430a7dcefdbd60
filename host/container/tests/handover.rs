//! Packets of other shards: each is given to its owner with a word on what it begins, and what its owner has no room for
//! is refused, or dropped where nothing else is right.

use std::net::SocketAddr;

use bytes::Bytes;
use siplet_container::config::Config;
use siplet_container::io::{Flow, Item, Transport};
use siplet_container::report::{DropReason, RefuseReason, Report};
use siplet_container::{Container, Effect, Input};
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

fn flow(transport: Transport) -> Flow {
    let remote: SocketAddr = "10.0.0.2:5070".parse().expect("an address");
    Flow { listener: 0, transport, remote, connection: 0 }
}

fn text(method: &str, to_tag: &str, call: u32) -> Bytes {
    let start = match method {
        "200" => "SIP/2.0 200 OK".to_owned(),
        method => format!("{method} sip:bob@10.0.0.1 SIP/2.0"),
    };
    let method = if method == "200" { "BYE" } else { method };
    Bytes::from(format!(
        "{start}\r\nVia: SIP/2.0/UDP 10.0.0.2:5070;branch=z9hG4bK{call}\r\nMax-Forwards: 70\r\n\
         From: <sip:alice@10.0.0.2>;tag=a\r\nTo: <sip:bob@10.0.0.1>{to_tag}\r\nCall-ID: call-{call}\r\n\
         CSeq: 1 {method}\r\nContact: <sip:alice@10.0.0.2:5070>\r\nContent-Length: 0\r\n\r\n"
    ))
}

fn effects(container: &mut Container, input: Input) -> Vec<Effect> {
    container.handle(input, Time::from_micros(1));
    std::iter::from_fn(|| container.poll_effect()).collect()
}

#[test]
fn only_what_begins_something_goes_behind_the_others() {
    let mut container = Container::new(Config { shards: 2, ..Config::default() });
    let cases = [
        ("INVITE", "", true),
        ("MESSAGE", "", true),
        ("INVITE", ";tag=x", false),
        ("BYE", ";tag=x", false),
        ("CANCEL", "", false),
        ("ACK", "", false),
    ];
    for (method, to_tag, expected) in cases {
        // About half of all calls are the other shard's.
        let handed = (0..100).find_map(|call| {
            let packet = Input::Packet { flow: flow(Transport::Udp), bytes: text(method, to_tag, call) };
            effects(&mut container, packet).into_iter().find_map(|effect| match effect {
                Effect::Handover { shard: 1, item: Item::Packet { is_new, .. } } => Some(is_new),
                _ => None,
            })
        });
        assert_eq!(handed, Some(expected), "{method}{to_tag}");
    }
}

/// RFC 3261 §21.5.4: a new call is told to come again; over UDP the rest comes again by itself (§17.1.2.2), over a stream
/// it does not.
#[test]
fn what_a_busy_shard_has_no_room_for_is_refused_or_comes_again() {
    use Transport::{Tcp, Udp};
    let cases = [
        ("INVITE", "", true, Udp, true),
        ("MESSAGE", "", true, Tcp, true),
        ("BYE", ";tag=x", false, Udp, false),
        ("BYE", ";tag=x", false, Tcp, true),
        ("CANCEL", "", false, Udp, false),
        ("ACK", ";tag=x", false, Tcp, false),
        ("200", ";tag=x", false, Tcp, false),
    ];
    for (method, to_tag, is_new, transport, is_refused) in cases {
        let mut container = Container::new(Config { shards: 2, ..Config::default() });
        let item = Item::Packet {
            flow: flow(transport),
            bytes: text(method, to_tag, 1),
            is_new,
            asked_before: false,
        };
        let effects = effects(&mut container, Input::NotHanded { item });
        match &effects[..] {
            [Effect::Transmit { bytes, .. }, Effect::Report(Report::Refused { status: 503, why, .. })] => {
                assert!(is_refused, "{method}");
                assert_eq!(*why, RefuseReason::Handover);
                let answer = Message::parse(bytes.clone(), &Default::default()).expect("an answer");
                assert_eq!(
                    (answer.status(), answer.header(HeaderId::RetryAfter)),
                    (Some(503), Some(&b"1"[..]))
                );
            }
            [Effect::Report(Report::Dropped { why, .. })] => {
                assert!(!is_refused, "{method}");
                assert_eq!(*why, DropReason::Handover);
            }
            _ => panic!("{method}: {effects:?}"),
        }
    }
}
