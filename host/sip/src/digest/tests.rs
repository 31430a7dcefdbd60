use super::*;
use crate::limits::Limits;
use crate::message::Message;
use crate::time::{Duration, Time};
use bytes::Bytes;

mod answering;
mod hashes;
mod nonces;
mod rounds;
mod verifying;
mod views;

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

/// A request with more header lines, each with its line end.
fn request(method: &str, uri: &str, lines: &str, body: &str) -> Message {
    let length = body.len();
    message(&format!(
        "{method} {uri} SIP/2.0\r\n\
         Via: SIP/2.0/UDP pc33.example;branch=z9hG4bK776asdhds\r\n\
         Max-Forwards: 70\r\n\
         From: <sip:bob@biloxi.com>;tag=1928301774\r\n\
         To: <sip:bob@biloxi.com>\r\n\
         Call-ID: a84b4c76e66710\r\n\
         CSeq: 1 {method}\r\n\
         {lines}Content-Length: {length}\r\n\r\n{body}"
    ))
}

fn response(status: u16, lines: &str) -> Message {
    message(&format!(
        "SIP/2.0 {status} Whatever\r\n\
         Via: SIP/2.0/UDP pc33.example;branch=z9hG4bK776asdhds\r\n\
         From: <sip:bob@biloxi.com>;tag=1928301774\r\n\
         To: <sip:bob@biloxi.com>;tag=2\r\n\
         Call-ID: a84b4c76e66710\r\n\
         CSeq: 1 INVITE\r\n\
         {lines}Content-Length: 0\r\n\r\n"
    ))
}

/// The one scheme of a line.
fn scheme(line: &str) -> Scheme<'_> {
    let mut schemes = Schemes::of(line.as_bytes());
    let scheme = schemes.next().expect("a scheme").expect("a well-formed line");
    assert_eq!(schemes.next(), None, "{line:?} holds one scheme");
    scheme
}

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}
