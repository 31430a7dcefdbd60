//! What the container costs a call: INVITE 180 200 ACK BYE 200 and the end of its transactions, handlers run natively.
//!
//! `cargo bench -p siplet-container`. Prints nanoseconds a call, with and without snapshots. No socket and no guest: those are
//! measured by `siplet-wasm`'s bench and end to end.

use std::net::SocketAddr;
use std::time::Instant;

use bytes::Bytes;
use siplet_container::app::{AppId, Application, Descriptor, Handler};
use siplet_container::config::{Config, Listener};
use siplet_container::io::{Flow, Transport};
use siplet_container::turn::{Callback, Outcome, Turn};
use siplet_container::{Container, Effect, Input};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::time::{Duration, Time};

const CALLS: u32 = 20_000;

fn container(durable: bool) -> Container {
    let address: SocketAddr = "127.0.0.1:5060".parse().expect("an address");
    let listener = Listener {
        transport: Transport::Udp,
        address,
        advertised_host: "127.0.0.1".to_owned(),
        advertised_port: 5060,
    };
    let mut container = Container::new(Config { listeners: vec![listener], durable, ..Config::default() });
    let id = AppId { name: "answer".into(), digest: 1 };
    let descriptor = Descriptor { name: "answer".to_owned(), ..Descriptor::default() };
    let handlers = [Handler::DoInvite].into_iter().collect();
    container.handle(Input::Deploy(Box::new(Application { id, descriptor, handlers })), Time::ZERO);
    container
}

fn answer(turn: &mut Turn) -> Outcome {
    if let Callback::Request { message, .. } = turn.callback() {
        for status in [180, 200] {
            let response = turn.create_response(message, status, None).expect("an open request");
            if status == 200 {
                turn.set_content(response, "application/sdp", b"v=0\r\n").expect("a body");
            }
            turn.send(response).expect("it can be sent");
        }
    }
    Outcome::Done
}

fn request(method: &str, call: u32, to: &str) -> Bytes {
    let body = if method == "INVITE" {
        "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 6000 RTP/AVP 0\r\n"
    } else {
        ""
    };
    let cseq = if method == "BYE" { 2 } else { 1 };
    Bytes::from(format!(
        "{method} sip:service@127.0.0.1:5060 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5061;branch=z9hG4bK-{call}-{method}\r\n\
         From: sipp <sip:sipp@127.0.0.1:5061>;tag=t{call}\r\nTo: service <sip:service@127.0.0.1:5060>{to}\r\n\
         Call-ID: {call}-1@127.0.0.1\r\nCSeq: {cseq} {method}\r\nContact: sip:sipp@127.0.0.1:5061\r\nMax-Forwards: 70\r\n\
         Subject: Performance Test\r\nContent-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    ))
}

fn handle(container: &mut Container, input: Input, now: Time) -> Option<Bytes> {
    container.handle(input, now);
    let mut last = None;
    while let Some(effect) = container.poll_effect() {
        match effect {
            Effect::RunTurn(mut turn) => {
                let outcome = answer(&mut turn);
                container.handle(Input::TurnEnded { turn, outcome }, now);
            }
            Effect::Store { unit, .. } => container.handle(Input::Stored { unit, result: Ok(()) }, now),
            Effect::Transmit { bytes, .. } => last = Some(bytes),
            Effect::CloseFlow { .. }
            | Effect::Resolve { .. }
            | Effect::Load { .. }
            | Effect::Forget { .. }
            | Effect::Handover { .. }
            | Effect::CommandReply { .. }
            | Effect::Report(_) => {}
        }
    }
    last
}

fn main() {
    let flow = Flow {
        listener: 0,
        transport: Transport::Udp,
        remote: "127.0.0.1:5061".parse().expect("an address"),
        connection: 0,
    };
    for durable in [false, true] {
        let mut container = container(durable);
        let mut now = Time::from_micros(1_000_000);
        let mut total = std::time::Duration::ZERO;
        for call in 0..CALLS {
            let invite = request("INVITE", call, "");
            let start = Instant::now();
            let ok = handle(&mut container, Input::Packet { flow, bytes: invite }, now).expect("a 200");
            total += start.elapsed();
            let ok = Message::parse(ok, &Limits::default()).expect("it can be read");
            let tag = String::from_utf8_lossy(ok.to().expect("To").tag().expect("a tag")).into_owned();
            let to = format!(";tag={tag}");
            let (ack, bye) = (request("ACK", call, &to), request("BYE", call, &to));
            let start = Instant::now();
            handle(&mut container, Input::Packet { flow, bytes: ack }, now);
            handle(&mut container, Input::Packet { flow, bytes: bye }, now);
            total += start.elapsed();
            now += Duration::from_millis(1);
        }
        let start = Instant::now();
        handle(&mut container, Input::Tick, now + Duration::from_secs(60));
        total += start.elapsed();
        let left = container.counts().application_sessions;
        let what = if durable { "stored" } else { "memory" };
        println!("{what}: {} ns a call, {left} sessions left", total.as_nanos() / u128::from(CALLS));
    }
}
