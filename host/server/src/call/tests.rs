//! The caller against a called side in virtual time.

use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;

use super::caller::{Caller, End, Names, Plan};
use super::*;

struct Call {
    caller: Caller,
    /// The INVITE, whose headers the called side answers with.
    invite: Message,
    ladder: Ladder,
    now: Duration,
}

fn parse(bytes: bytes::Bytes) -> Message {
    Message::parse(bytes, &Limits::default()).unwrap()
}

impl Call {
    fn new(transport: Transport) -> Self {
        let plan = Plan {
            uri: "sip:bob@192.0.2.9".into(),
            duration: Duration::from_secs(2),
            wait: Duration::from_secs(10),
        };
        let local = "192.0.2.1:40000".parse().unwrap();
        let mut caller = Caller::new(plan, Names::new([1, 2], [3, 4]), transport, local).unwrap();
        let invite = parse(caller.poll_transmit().unwrap());
        Self {
            caller,
            invite,
            ladder: Ladder::new(["siplet call", "bob"].map(Participant::peer)),
            now: Duration::ZERO,
        }
    }

    fn answer(&mut self, status: u16, method: &str) {
        let header = |id: HeaderId| String::from_utf8_lossy(self.invite.header(id).unwrap()).into_owned();
        let tag = if status == 100 { "" } else { ";tag=b" };
        let number = if method == "BYE" { 2 } else { 1 };
        let text = format!(
            "SIP/2.0 {status} {}\r\nVia: {}\r\nFrom: {}\r\nTo: {}{tag}\r\nCall-ID: {}\r\nCSeq: {number} {method}\r\n\
             Contact: <sip:bob@192.0.2.7:5070>\r\nRecord-Route: <sip:192.0.2.8;lr>, <sip:192.0.2.6:5090;lr>\r\n\
             Content-Length: 0\r\n\r\n",
            siplet_sip::draft::reason_phrase(status),
            header(HeaderId::Via),
            header(HeaderId::From),
            header(HeaderId::To),
            header(HeaderId::CallId),
        );
        self.caller.on_message(text.into(), self.now);
    }

    fn advance(&mut self, time: Duration) {
        let until = self.now + time;
        while let Some(due) = self.caller.next_timeout().filter(|due| *due <= until) {
            self.now = due;
            self.caller.on_timeout(due);
        }
        self.now = until;
    }

    fn sent(&mut self) -> Option<Message> {
        self.caller.poll_transmit().map(parse)
    }

    fn drawn(&mut self) -> String {
        while let Some(row) = self.caller.poll_row() {
            self.ladder.push(row);
        }
        self.ladder.to_string()
    }
}

#[test]
fn an_answered_call_is_acknowledged_and_ended_after_its_time() {
    let mut call = Call::new(Transport::Tcp);
    call.answer(180, "INVITE");
    call.advance(Duration::from_millis(300));
    call.answer(200, "INVITE");
    let ack = call.sent().unwrap();
    assert_eq!(ack.request_uri(), b"sip:bob@192.0.2.7:5070");
    assert_eq!(ack.header(HeaderId::Route).unwrap(), b"<sip:192.0.2.6:5090;lr>");
    assert_eq!(call.caller.next_hop(), Some("192.0.2.6:5090".parse().unwrap()));
    call.answer(200, "INVITE");
    assert_eq!(call.sent().unwrap(), ack, "a repeated 200 gets the same ACK");
    call.advance(Duration::from_secs(2));
    let bye = call.sent().unwrap();
    assert_eq!((bye.method().unwrap().as_str(), bye.cseq().unwrap().0), ("BYE", 2));
    assert!(bye.header(HeaderId::To).unwrap().ends_with(b";tag=b"));
    call.answer(200, "BYE");
    let end = call.caller.end().unwrap();
    assert_eq!(end.to_string(), "answered after 300 ms, ended after 2 s more");
    assert!(end.is_good() && call.caller.next_timeout().is_none());
    let expected = r"
  siplet call                     bob
    |------ INVITE --------------->|
    |<----- 180 Ringing -----------|
    |<----- 200 OK ----------------|
    |------ ACK ------------------>|
    |<----- 200 OK ----------------|
    |------ ACK (again) ---------->|
    |            (2 s)             |
    |------ BYE ------------------>|
    |<----- 200 OK ----------------|
";
    assert_eq!(call.drawn().trim_end(), expected.trim_matches('\n'));
}

#[test]
fn an_invite_that_nobody_hears_is_repeated_and_given_up_after_64_t1() {
    let mut call = Call::new(Transport::Udp);
    let invite = call.invite.clone();
    call.advance(Duration::from_secs(31));
    let mut repeats = 0;
    while let Some(again) = call.sent() {
        assert_eq!(again, invite);
        repeats += 1;
    }
    // After 0.5, 1.5, 3.5, 7.5, 15.5 and 31.5 s.
    assert_eq!((repeats, call.caller.end()), (5, None));
    call.advance(Duration::from_secs(1));
    assert_eq!(call.caller.end(), Some(End::Silent));
}

#[test]
fn a_refusal_is_acknowledged_in_the_transaction_of_the_invite() {
    let mut call = Call::new(Transport::Udp);
    call.answer(486, "INVITE");
    let ack = call.sent().unwrap();
    assert_eq!(ack.header(HeaderId::Via), call.invite.header(HeaderId::Via));
    let end = call.caller.end().unwrap();
    assert_eq!(
        (end.to_string().as_str(), end.status(), end.is_good()),
        ("refused: 486 Busy Here", Some(486), false)
    );
}

#[test]
fn a_call_that_rings_for_too_long_is_cancelled() {
    let mut call = Call::new(Transport::Udp);
    call.answer(180, "INVITE");
    call.advance(Duration::from_secs(10));
    assert_eq!(call.sent().unwrap().method().unwrap().as_str(), "CANCEL");
    call.answer(200, "CANCEL");
    call.answer(487, "INVITE");
    assert_eq!(call.sent().unwrap().method().unwrap().as_str(), "ACK");
    assert_eq!(call.caller.end(), Some(End::Cancelled));
}

#[test]
fn an_answer_that_crosses_the_cancel_is_ended_by_bye() {
    let mut call = Call::new(Transport::Tcp);
    call.answer(180, "INVITE");
    call.caller.on_stop(call.now);
    call.answer(200, "INVITE");
    let methods: Vec<_> =
        std::iter::from_fn(|| call.sent()).map(|sent| sent.method().unwrap().as_str().to_owned()).collect();
    assert_eq!(methods, ["CANCEL", "ACK", "BYE"]);
}

#[test]
fn a_bye_from_the_other_side_is_answered_and_ends_the_call() {
    let mut call = Call::new(Transport::Tcp);
    call.answer(200, "INVITE");
    let _ack = call.sent();
    let bye = "BYE sip:siplet-call@192.0.2.1:40000 SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7;branch=z9hG4bKx\r\n\
               From: <sip:bob@192.0.2.9>;tag=b\r\nTo: <sip:siplet-call@192.0.2.1>;tag=a\r\nCall-ID: c\r\n\
               CSeq: 7 BYE\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";
    call.caller.on_message(bye.into(), call.now);
    assert_eq!(call.sent().unwrap().status(), Some(200));
    assert!(call.caller.end().unwrap().is_good());
}

#[test]
fn bytes_that_are_no_sip_change_nothing() {
    let mut call = Call::new(Transport::Udp);
    call.caller.on_message("hello".into(), call.now);
    call.caller.on_message(bytes::Bytes::new(), call.now);
    call.answer(200, "BYE");
    assert!(call.caller.end().is_none() && call.sent().is_none());
}

#[test]
fn a_call_goes_to_the_server_that_is_named_or_to_the_host_of_the_uri() {
    let cases = [
        ("sip:a@192.0.2.1", None, "192.0.2.1:5060"),
        ("sip:a@[::1]:5070", None, "[::1]:5070"),
        ("sip:a@screen.example", Some("127.0.0.1"), "127.0.0.1:5060"),
        ("sip:a@screen.example:99", Some("127.0.0.1:5080"), "127.0.0.1:5080"),
        ("sip:a@screen.example", Some("[::1]:5080"), "[::1]:5080"),
        ("sip:a@screen.example", Some("::1"), "[::1]:5060"),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    for (uri, server, expected) in cases {
        let order = Order {
            uri: uri.to_owned(),
            server: server.map(str::to_owned),
            transport: None,
            duration: Duration::ZERO,
            wait: Duration::ZERO,
            json: false,
        };
        let (transport, remote) = runtime.block_on(target(&order)).unwrap();
        assert_eq!((transport, remote.to_string().as_str()), (Transport::Udp, expected), "{uri} {server:?}");
    }
}
