//! The thin way through every room of the container: INVITE 200 ACK BYE, stored before it is sent, killed and restored.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use siplet_container::app::{AppId, Application, Descriptor, Handler};
use siplet_container::config::{Config, Listener, Secret};
use siplet_container::io::{Flow, Key, Transport, UnitId};
use siplet_container::report::Report;
use siplet_container::turn::{Callback, Outcome, Scope, Turn};
use siplet_container::{Container, Counts, Effect, Input};
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

/// A host: a container, what it sent, and a store that acknowledges when the test says so.
struct Host {
    container: Container,
    sent: Vec<Message>,
    units: VecDeque<(UnitId, Vec<(Key, Bytes)>)>,
    stored: BTreeMap<Key, Bytes>,
    now: Time,
}

fn answer(turn: &mut Turn) -> Outcome {
    let Callback::Request { message, .. } = turn.callback() else { return Outcome::Done };
    let session = turn.session_of(message).expect("a request has a session");
    let calls = turn.attribute(Scope::Session(session), "turns").expect("valid").map_or(0, |value| value[0]);
    turn.set_attribute(Scope::Session(session), "turns", &[calls + 1]).expect("room for it");
    for status in [180, 200] {
        if turn.callback().handler().name() == "do-invite" || status == 200 {
            let response = turn.create_response(message, status, None).expect("an open request");
            turn.send(response).expect("it can be sent");
        }
    }
    Outcome::Done
}

impl Host {
    fn new(seed: u64, stored: BTreeMap<Key, Bytes>, now: Time) -> Self {
        let address: SocketAddr = "10.0.0.1:5060".parse().expect("an address");
        let config = Config {
            listeners: vec![Listener {
                transport: Transport::Udp,
                address,
                advertised_host: "10.0.0.1".to_owned(),
                advertised_port: 5060,
            }],
            durable: true,
            secret: Secret(*b"0123456789abcdef"),
            seed: [seed, 1],
            ..Config::default()
        };
        let mut host =
            Self { container: Container::new(config), sent: Vec::new(), units: VecDeque::new(), stored, now };
        let id = AppId { name: "answer".into(), digest: 1 };
        let handlers = [Handler::DoInvite, Handler::DoBye, Handler::DoOptions].into_iter().collect();
        let descriptor = Descriptor { name: "answer".to_owned(), ..Descriptor::default() };
        host.handle(Input::Deploy(Box::new(Application { id, descriptor, handlers })));
        for (key, snapshot) in host.stored.clone() {
            host.handle(Input::Restored { key, snapshot: Some(snapshot) });
        }
        host
    }

    fn handle(&mut self, input: Input) {
        self.container.handle(input, self.now);
        while let Some(effect) = self.container.poll_effect() {
            match effect {
                Effect::Transmit { bytes, .. } => {
                    self.sent
                        .push(Message::parse(bytes, &Limits::default()).expect("what we send can be read"));
                }
                Effect::RunTurn(mut turn) => {
                    let outcome = answer(&mut turn);
                    self.container.handle(Input::TurnEnded { turn, outcome }, self.now);
                }
                Effect::Store { unit, writes } => {
                    let writes = writes.into_iter().map(|write| (write.key, write.snapshot)).collect();
                    self.units.push_back((unit, writes));
                }
                Effect::Forget { key } => {
                    self.stored.remove(&key);
                }
                Effect::Report(
                    Report::Deployed(_)
                    | Report::Restored { .. }
                    | Report::NoAck { .. }
                    | Report::Refused { .. },
                ) => {}
                other => panic!("unexpected effect {other:?}"),
            }
        }
    }

    fn receive(&mut self, text: &str) {
        let flow = Flow {
            listener: 0,
            transport: Transport::Udp,
            remote: "10.0.0.2:5070".parse().expect("an address"),
            connection: 0,
        };
        let bytes = Bytes::from(text.replace('\n', "\r\n"));
        self.handle(Input::Packet { flow, bytes });
    }

    fn acknowledge(&mut self) {
        while let Some((unit, writes)) = self.units.pop_front() {
            self.stored.extend(writes);
            self.handle(Input::Stored { unit, result: Ok(()) });
        }
    }

    /// Time passes; every deadline on the way is met.
    fn advance(&mut self, duration: Duration) {
        let end = self.now + duration;
        while let Some(at) = self.container.next_timeout().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.handle(Input::Tick);
            self.acknowledge();
        }
        self.now = end;
    }

    fn statuses(&mut self) -> Vec<u16> {
        self.sent.drain(..).map(|message| message.status().unwrap_or_default()).collect()
    }
}

fn request(method: &str, cseq: u32, branch: &str, to_tag: &str) -> String {
    let to_tag = if to_tag.is_empty() { String::new() } else { format!(";tag={to_tag}") };
    format!(
        "{method} sip:bob@10.0.0.1 SIP/2.0\nVia: SIP/2.0/UDP 10.0.0.2:5070;branch=z9hG4bK{branch}\nMax-Forwards: 70\n\
         From: <sip:alice@10.0.0.2>;tag=a\nTo: <sip:bob@10.0.0.1>{to_tag}\nCall-ID: call-1\nCSeq: {cseq} {method}\n\
         Contact: <sip:alice@10.0.0.2:5070>\nContent-Length: 0\n\n"
    )
}

fn tag_of(message: &Message) -> String {
    let tag = message.to().expect("a To").tag().expect("a tag").to_vec();
    String::from_utf8(tag).expect("tags are text")
}

#[test]
fn a_call_is_stored_before_anything_of_it_is_sent_and_ends_on_another_host() {
    let mut first = Host::new(1, BTreeMap::new(), Time::from_micros(1_000_000));
    first.receive(&request("INVITE", 1, "i", ""));
    assert!(first.sent.is_empty(), "nothing leaves before the store has it, also no 100");
    first.receive(&request("INVITE", 1, "i", ""));
    assert!(first.sent.is_empty(), "a repeated INVITE makes no second call");
    first.acknowledge();
    let tag = tag_of(&first.sent[1]);
    assert_eq!(first.statuses(), [180, 200]);
    first.receive(&request("ACK", 1, "a", &tag));
    first.acknowledge();

    // The first host dies. The second has its store and its secret, and nothing else.
    let mut second = Host::new(2, first.stored.clone(), first.now);
    second.sent.clear();
    second.receive(&request("BYE", 2, "b", &tag));
    assert!(second.sent.is_empty());
    second.acknowledge();
    assert_eq!(second.statuses(), [200]);
    second.advance(Duration::from_secs(40));
    let counts = Counts { applications: 1, ..Counts::default() };
    assert_eq!(second.container.counts(), counts, "nothing is left");
    assert!(second.stored.is_empty(), "the record has left the store");
}

#[test]
fn a_host_that_dies_before_the_send_sends_the_same_bytes_after_the_restore() {
    let mut first = Host::new(1, BTreeMap::new(), Time::from_micros(1_000_000));
    first.receive(&request("INVITE", 1, "i", ""));
    let (_, writes) = first.units.pop_front().expect("one unit");
    let stored: BTreeMap<Key, Bytes> = writes.into_iter().collect();
    // It was stored, but the host died before it heard so.
    let mut second = Host::new(2, stored, first.now);
    let after = second.sent.iter().map(|message| message.bytes().clone()).collect::<Vec<_>>();
    assert_eq!(second.statuses(), [180, 200]);
    // The live host would have sent the very same.
    first.units.clear();
    first.handle(Input::Stored { unit: UnitId(0), result: Ok(()) });
    let before = first.sent.iter().map(|message| message.bytes().clone()).collect::<Vec<_>>();
    assert_eq!(before, after);
    // The 2xx is repeated by the restored host until its ACK comes.
    second.advance(Duration::from_millis(520));
    assert_eq!(second.statuses(), [200]);
    second.advance(Duration::from_secs(40));
    let bye =
        second.sent.iter().find(|message| message.is_request()).expect("no ACK came: the host hangs up");
    assert_eq!(bye.method().map(siplet_sip::method::Method::as_str), Some("BYE"));
    assert_eq!(bye.header(HeaderId::CallId), Some(&b"call-1"[..]));
}

#[test]
fn a_cancel_that_matches_no_invite_gets_481() {
    let mut host = Host::new(1, BTreeMap::new(), Time::from_micros(1_000_000));
    host.receive(&request("OPTIONS", 1, "o", ""));
    host.acknowledge();
    assert_eq!(host.statuses(), [200]);
    host.receive(&request("CANCEL", 1, "o", ""));
    assert_eq!(host.statuses(), [481], "an OPTIONS is not cancelled");
}
