//! TCP as a stream: messages do not come one a segment.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::Host;
use crate::phone::{PATIENCE, Phone, Request, header, status};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("streams":
        shared a_keep_alive_ping_gets_its_pong,
        shared two_messages_in_one_segment_are_both_answered,
        shared a_message_in_many_segments_is_answered,
        shared a_peer_that_has_said_all_still_hears_its_answers,
        shared a_stream_that_lost_its_frame_is_closed_and_others_go_on,
        shared a_stream_that_is_no_sip_is_closed_without_a_word,
        shared a_datagram_with_too_many_headers_is_answered;)
}

/// One connection with what was read of it so far.
struct Connection {
    stream: TcpStream,
    text: String,
}

impl Connection {
    fn open(host: SocketAddr) -> Self {
        let stream = TcpStream::connect(host).expect("the host listens on TCP");
        stream.set_nodelay(true).expect("it is open");
        stream.set_read_timeout(Some(PATIENCE)).expect("it is above zero");
        Self { stream, text: String::new() }
    }

    fn options(&self) -> Request {
        let local = self.stream.local_addr().expect("it is open");
        Request::new("OPTIONS", "sip:anybody@anywhere.example", local).over_tcp()
    }

    fn send(&mut self, text: &str) {
        self.stream.write_all(text.as_bytes()).expect("the connection is open");
    }

    /// Reads on; false when the host has closed.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 4096];
        let length = match self.stream.read(&mut buffer) {
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("nothing comes within {PATIENCE:?} ({error}); so far:\n{}", self.text),
        };
        self.text.push_str(&String::from_utf8_lossy(&buffer[..length]));
        length > 0
    }

    /// The next message; these have no body.
    fn message(&mut self) -> String {
        loop {
            if let Some(end) = self.text.find("\r\n\r\n") {
                return self.text.drain(..end + 4).collect();
            }
            assert!(self.read(), "the host has closed the connection; so far:\n{}", self.text);
        }
    }

    fn expect_200(&mut self, request: &Request) {
        let answer = self.message();
        assert_eq!(status(&answer), Some(200), "{answer}");
        assert_eq!(header(&answer, "Call-ID"), Some(&*request.call_id), "{answer}");
    }
}

fn a_keep_alive_ping_gets_its_pong() {
    let host = Host::with(&["answer"]);
    let mut connection = Connection::open(host.sip);
    // RFC 5626 §3.5.1: CRLF CRLF is answered by one CRLF, also between messages.
    for _ in 0..3 {
        connection.send("\r\n\r\n");
        while connection.text.len() < 2 {
            assert!(connection.read(), "a ping must not close the connection");
        }
        assert_eq!(std::mem::take(&mut connection.text), "\r\n");
        let options = connection.options();
        connection.send(&options.text());
        connection.expect_200(&options);
    }
    host.stop();
}

fn two_messages_in_one_segment_are_both_answered() {
    let host = Host::with(&["answer"]);
    let mut connection = Connection::open(host.sip);
    let (first, second) = (connection.options(), connection.options());
    connection.send(&format!("{}{}", first.text(), second.text()));
    connection.expect_200(&first);
    connection.expect_200(&second);
    host.stop();
}

fn a_message_in_many_segments_is_answered() {
    let host = Host::with(&["answer"]);
    let mut connection = Connection::open(host.sip);
    let (first, second) = (connection.options(), connection.options());
    let text = format!("{}{}", first.text(), second.text());
    for piece in text.as_bytes().chunks(11) {
        connection.stream.write_all(piece).expect("the connection is open");
        std::thread::sleep(Duration::from_millis(2));
    }
    connection.expect_200(&first);
    connection.expect_200(&second);
    host.stop();
}

/// A client may close its side after its last request (`nc -N` does); what is answered later still reaches it.
fn a_peer_that_has_said_all_still_hears_its_answers() {
    let host = Host::with(&["answer"]);
    let mut connection = Connection::open(host.sip);
    let local = connection.stream.local_addr().expect("it is open");
    let invite = Request::new("INVITE", "sip:anybody@anywhere.example", local).over_tcp();
    connection.send(&invite.text());
    connection.stream.shutdown(Shutdown::Write).expect("it is open");
    // Over a stream only the missing ACK makes the 200 come again, half a second later (RFC 3261 §13.3.1.4).
    while connection.text.matches("SIP/2.0 200 ").count() < 2 {
        assert!(connection.read(), "the host has closed the connection; so far:\n{}", connection.text);
    }
    // The call is up and nobody will end it: the host is not asked to wait for that.
}

/// RFC 3261 §18.3, §8.2.6.2, §18.2.1 and RFC 3581 §4: without a usable Content-Length nobody knows where the next message
/// begins; the sender hears so in an answer that finds its request, and the stream is closed.
fn a_stream_that_lost_its_frame_is_closed_and_others_go_on() {
    let host = Host::with(&["answer"]);
    let mut good = Connection::open(host.sip);
    let long = format!("X: {}\r\nContent-Length", "y".repeat(20_000));
    let cases = [
        ("Content-Length: 0", "Content-Length: -7", 400, "malformed Content-Length"),
        ("Content-Length: 0\r\n", "", 400, "no Content-Length on a stream"),
        ("Content-Length: 0", "Content-Length: 0\r\nl: 5", 400, "different Content-Length values"),
        ("Max-Forwards: 70\r\n", "Max-Forwards: 70\n", 400, "stray carriage return or line feed"),
        ("Content-Length: 0", "Content-Length: 99999999", 513, "Message Too Large"),
        ("Content-Length", long.as_str(), 513, "Message Too Large"),
    ];
    for (whole, broken, expected, reason) in cases {
        let mut bad = Connection::open(host.sip);
        let local = bad.stream.local_addr().expect("it is open");
        // A sent-by that is not where the request comes from, so that the answer has to say where that is.
        let text = bad.options().text().replace(&format!("TCP {local}"), "TCP client.invalid:5060;rport");
        // Behind it stands more that nobody will read; the answer arrives all the same.
        bad.send(&(text.replacen(whole, broken, 1) + &"x".repeat(50_000)));
        while bad.read() {}
        assert_eq!(status(&bad.text), Some(expected), "{broken:.40}: {}", bad.text);
        assert!(
            bad.text.starts_with(&format!("SIP/2.0 {expected} ")) && bad.text.contains(reason),
            "{}",
            bad.text
        );
        let via = header(&bad.text, "Via").unwrap_or_default();
        let came_from = [format!("received={}", local.ip()), format!("rport={}", local.port())];
        assert!(came_from.iter().all(|part| via.contains(part)), "{via}");
        assert!(header(&bad.text, "To").is_some_and(|to| to.contains(";tag=")), "{}", bad.text);
        assert_eq!(bad.text.matches("SIP/2.0 ").count(), 1, "one answer: {}", bad.text);
    }
    let closed = host.metrics().value("siplet_connections_closed_total{reason=\"framing\"}");
    assert_eq!(closed, cases.len() as f64);
    let options = good.options();
    good.send(&options.text());
    good.expect_200(&options);
    host.stop();
}

/// What nobody could match to a request is not answered: the stream is closed, and that is counted.
fn a_stream_that_is_no_sip_is_closed_without_a_word() {
    let host = Host::with(&["answer"]);
    for text in
        ["GET / HTTP/1.1\r\nHost: x\r\n\r\n", "ACK sip:a@b SIP/2.0\r\nl: x\r\n\r\n", "\u{16}\u{3}\u{1}\n\n"]
    {
        let mut stranger = Connection::open(host.sip);
        stranger.send(text);
        while stranger.read() {}
        assert_eq!(stranger.text, "", "{text}");
    }
    host.stop();
}

/// RFC 3261 §21.4.1: also a datagram with more header lines than are read is answered.
fn a_datagram_with_too_many_headers_is_answered() {
    let host = Host::with(&["answer"]);
    let phone = Phone::new(host.sip);
    let options =
        Request { more: "X: y\r\n".repeat(500), ..phone.request("OPTIONS", "sip:bob@anywhere.example") };
    let answer = phone.ask(&options);
    assert_eq!(status(&answer), Some(400), "{answer}");
    assert!(answer.contains("more header lines than the limit"), "{answer}");
    assert!(header(&answer, "To").is_some_and(|to| to.contains(";tag=")), "{answer}");
    host.stop();
}
