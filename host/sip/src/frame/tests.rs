use super::*;

const ONE: &str = "MESSAGE sip:a@b SIP/2.0\r\nTo: x\r\nContent-Length: 9\r\n\r\nbody\r\n\r\n.";
const TWO: &str = "SIP/2.0 200 OK\r\nl:\r\n 0\r\nTo: y\r\n\r\n";

/// All frames that the pieces bring, pings as an empty text.
fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<String>, FrameError> {
    let mut framer =
        Framer::new(&Limits { message_bytes: 2000, stream_head_bytes: 300, ..Limits::default() });
    let mut found = Vec::new();
    for piece in pieces {
        framer.push(piece);
        while let Some(frame) = framer.next()? {
            found.push(match frame {
                Frame::Message(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
                Frame::Ping => String::new(),
            });
        }
    }
    Ok(found)
}

#[test]
fn every_split_of_a_stream_gives_the_same_messages() {
    let stream = format!("\r\n{ONE}{TWO}\r\n\r\n{TWO}\r\n{ONE}");
    let expected = [ONE, TWO, "", TWO, ONE];
    let bytes = stream.as_bytes();
    assert_eq!(frames([bytes]).expect("a good stream"), expected);
    assert_eq!(frames(bytes.chunks(1)).expect("a good stream"), expected);
    for first in 0..bytes.len() {
        let (head, tail) = bytes.split_at(first);
        assert_eq!(frames([head, tail]).expect("a good stream"), expected, "split at {first}");
        for len in [2, 3, 7] {
            let (middle, end) = tail.split_at(len.min(tail.len()));
            assert_eq!(frames([head, middle, end]).expect("a good stream"), expected, "{first} and {len}");
        }
    }
}

#[test]
fn a_stream_octet_by_octet_is_looked_at_once() {
    let mut framer = Framer::new(&Limits::default());
    let head = format!("MESSAGE sip:a@b SIP/2.0\r\nX: {}", "x".repeat(10_000));
    for (sent, byte) in head.bytes().enumerate() {
        framer.push(&[byte]);
        assert_eq!(framer.next(), Ok(None));
        let State::Head { scanned, .. } = framer.state else { panic!("in the head") };
        assert_eq!(scanned, sent + 1, "nothing is left to look at again");
    }
}

#[test]
fn pings_stand_between_messages_only() {
    assert_eq!(frames([&b"\r\n\r\n"[..]]), Ok(vec![String::new()]));
    assert_eq!(frames([&b"\r\n\r\n\r\n\r\n"[..]]), Ok(vec![String::new(); 2]));
    assert_eq!(frames([&b"\r\n"[..]]), Ok(vec![]));
    assert_eq!(frames([&b"\r\n"[..], TWO.as_bytes()]), Ok(vec![TWO.to_owned()]));
}

/// Checks the fault, whether it can be answered, and that the stream stays lost.
fn check_error(stream: &str, fault: Malformed, answer: Option<u16>) {
    let mut framer =
        Framer::new(&Limits { message_bytes: 2000, stream_head_bytes: 300, ..Limits::default() });
    framer.push(stream.as_bytes());
    let error = framer.next().expect_err("a bad stream");
    assert_eq!(error.fault(), fault, "{stream:?}");
    assert_eq!(error.answerable_head().map(|_| error.status()), answer, "{stream:?}");
    framer.push(TWO.as_bytes());
    assert_eq!(framer.next(), Err(error), "there is no way back");
    assert_eq!(framer.pending(), 0, "nothing more is kept");
}

#[test]
fn a_stream_that_cannot_be_cut_is_lost() {
    let with = |lines: &str| format!("MESSAGE sip:a@b SIP/2.0\r\nTo: x\r\n{lines}\r\n");
    check_error(&with(""), Malformed::NoContentLength, Some(400));
    check_error(&with("Content-Length: -1\r\n"), Malformed::ContentLength, Some(400));
    check_error(&with("Content-Length: x\r\n"), Malformed::ContentLength, Some(400));
    check_error(&with("l: 1\r\nContent-Length: 2\r\n"), Malformed::ContentLengths, Some(400));
    check_error(&with("Content-Length: 5000\r\n"), Malformed::MessageTooLarge, Some(513));
    check_error(&with("Content-Length: 18446744073709551609\r\n"), Malformed::MessageTooLarge, Some(513));
    check_error(&with("X: y\n"), Malformed::LineEnd, Some(400));
    check_error("GET / HTTP/1.1\r\n\r\n", Malformed::NotSip, None);
    check_error("MESSAGE sip:a@b SIP/2.0\n\n", Malformed::LineEnd, Some(400));
    check_error("GET / HTTP/1.1\n\n", Malformed::LineEnd, None);
    check_error(&with(&format!("X: {}\r\n", "x".repeat(300))), Malformed::HeadTooLarge, Some(513));
    check_error(&"x".repeat(301), Malformed::HeadTooLarge, None);
}

/// RFC 3261 §18.3: what is answered is read from the head, so the head is all of it, or all that was read of it.
#[test]
fn what_can_be_answered_of_a_lost_stream_is_its_head() {
    let head_of = |stream: &str| {
        let mut framer =
            Framer::new(&Limits { message_bytes: 2000, stream_head_bytes: 60, ..Limits::default() });
        framer.push(stream.as_bytes());
        let error = framer.next().expect_err("a bad stream");
        error.answerable_head().map(|head| String::from_utf8_lossy(head).into_owned())
    };
    let start = "MESSAGE sip:a@b SIP/2.0\r\n";
    let uneven = format!("{start}To: x\nFrom: y\r\n\r\n");
    assert_eq!(head_of(&format!("{uneven}body")).as_deref(), Some(&*uneven), "read to its end");
    let long = format!("{start}To: x\r\nX: {}", "x".repeat(60));
    assert_eq!(head_of(&long).as_deref(), Some("MESSAGE sip:a@b SIP/2.0\r\nTo: x\r\n"), "whole lines");
}

/// RFC 5626 §3.5.1: a line end alone is no message, so nobody waits for the rest of it.
#[test]
fn line_ends_between_messages_are_no_message() {
    let mut framer = Framer::new(&Limits::default());
    for (octets, expected) in [("\r\n", false), ("M", true), ("ESSAGE sip:a@b SIP/2.0\r\nl: 2\r\n\r\n", true)]
    {
        framer.push(octets.as_bytes());
        assert_eq!(framer.next(), Ok(None));
        assert_eq!(framer.is_in_message(), expected, "{octets:?}");
    }
    framer.push(b"ab");
    assert!(matches!(framer.next(), Ok(Some(Frame::Message(_)))));
    assert_eq!(framer.next(), Ok(None));
    assert!(!framer.is_in_message());
}
