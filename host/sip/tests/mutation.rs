//! Mutated messages: no panic, limits hold, and what is printed is read again as it was.
//!
//! The mutations come from a fixed seed, so that a failure is the same failure on every machine.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use bytes::Bytes;
use siplet_sip::address::NameAddr;
use siplet_sip::draft::Draft;
use siplet_sip::frame::{Frame, FrameError, Framer};
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::uri::Uri;
use siplet_sip::validate::validate;
use std::path::PathBuf;
use std::sync::Arc;

const ROUNDS: usize = 30_000;

/// Small limits, so that mutations reach them.
const LIMITS: Limits = Limits { message_bytes: 8_000, headers: 60, vias: 40, stream_head_bytes: 6_000 };

/// xorshift64*.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound.max(1) as u64) as usize
    }
}

/// The torture messages.
fn seeds() -> Vec<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/torture");
    let mut paths: Vec<_> = ["rfc4475", "rfc5118"]
        .iter()
        .flat_map(|suite| std::fs::read_dir(folder.join(suite)).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ext| ext == "dat"))
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 61);
    paths.iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// What the grammar is made of.
const PIECES: [&[u8]; 24] = [
    b"\r\n",
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b" ",
    b"\t",
    b"\r\n ",
    b":",
    b";",
    b",",
    b"<",
    b">",
    b"\"",
    b"\\",
    b"@",
    b"[",
    b"]",
    b"?",
    b"\0",
    b"\xff",
    b"Content-Length: 5\r\n",
    b"l:",
    b"Via: SIP/2.0/UDP h;branch=z9hG4bKx\r\n",
    b"=",
];

fn mutate(message: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(6) {
        let at = random.below(message.len() + 1);
        let end = (at + random.below(40)).min(message.len());
        match random.below(6) {
            0 if at < message.len() => message[at] = random.next() as u8,
            1 => drop(message.drain(at..end)),
            2 => {
                let copy = message[at..end].to_vec();
                let to = random.below(message.len() + 1);
                message.splice(to..to, copy);
            }
            3 => message.truncate(at),
            _ => {
                let piece = PIECES[random.below(PIECES.len())];
                message.splice(at..at, piece.iter().copied());
            }
        }
    }
}

/// Reads all that can be read.
fn read_all(message: &Message) {
    let _ = (validate(message), message.top_via().map(|via| via.stamp("192.0.2.1:5060".parse().unwrap())));
    let _ = (message.cseq(), message.max_forwards(), message.call_id(), message.content_length());
    for line in message.lines() {
        let _ = Uri::parse(line.value).map(|uri| uri.is_equivalent(&uri));
        if let Ok(address) = NameAddr::parse_first(line.value) {
            let _ = (address.tag(), address.display_name(), address.uri().map(|uri| (uri.lr(), uri.ip())));
            assert!(address.params().count() <= line.value.len());
        }
    }
    for id in HeaderId::ALL {
        assert_eq!(message.has(*id), message.headers(*id).next().is_some());
        assert!(message.values(*id).count() <= message.bytes().len());
    }
    assert!(message.vias().count() <= message.bytes().len());
}

/// Sends it on through the edits of a proxy, and reads the result as the next hop does.
fn send_on(message: &Arc<Message>, random: &mut Random) {
    let mut draft = Draft::forward(message);
    draft.remove_top(HeaderId::Route);
    draft.prepend(HeaderId::Via, b"SIP/2.0/UDP me;branch=z9hG4bKme").unwrap();
    draft.set(HeaderId::MaxForwards, b"69").unwrap();
    draft.remove_nth(HeaderId::Contact, random.below(3));
    draft.set_body(None, Bytes::from_static(b"new")).unwrap();
    let next = draft.to_message().unwrap();
    // A fold that ended in a line feed alone gets its whole line end: one blank more to read.
    let words =
        |value: &[u8]| value.split(|b| *b == b' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().concat();
    let same = draft.lines().map(|line| words(line.value)).eq(next.lines().map(|line| words(line.value)));
    assert!(same, "{draft:?}");
    assert_eq!((next.body(), next.content_length()), (&b"new"[..], Ok(Some(3))), "{draft:?}");
    assert_eq!(next.header(HeaderId::MaxForwards), Some(&b"69"[..]));
    let again = Draft::forward(&Arc::new(next)).to_bytes();
    assert_eq!(again, draft.to_bytes());
}

/// Answers it, as is done with what the validation refuses too.
fn answer(message: &Arc<Message>) {
    let answer = Draft::response(message, 400, None, None).unwrap().to_message().unwrap();
    assert_eq!((answer.status(), answer.fault()), (Some(400), None), "{answer:?}");
    assert_eq!(answer.headers(HeaderId::Via).count(), message.headers(HeaderId::Via).count());
}

fn frames(bytes: &[u8], piece_len: impl Fn(usize) -> usize) -> (Vec<Frame>, Option<FrameError>) {
    let mut framer = Framer::new(&LIMITS);
    let (mut found, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let end = (at + piece_len(at).max(1)).min(bytes.len());
        framer.push(&bytes[at..end]);
        at = end;
        loop {
            match framer.next() {
                Ok(Some(frame)) => found.push(frame),
                Ok(None) => break,
                Err(error) => return (found, Some(error)),
            }
        }
        assert!(framer.pending() <= LIMITS.message_bytes);
    }
    (found, None)
}

#[test]
fn mutated_messages_break_nothing() {
    let seeds = seeds();
    let mut random = Random(0x5eed_0001);
    let (mut parsed, mut sent_on) = (0, 0);
    for _ in 0..ROUNDS {
        let mut bytes = seeds[random.below(seeds.len())].clone();
        mutate(&mut bytes, &mut random);
        let Ok(message) = Message::parse(Bytes::from(bytes.clone()), &LIMITS) else { continue };
        parsed += 1;
        assert!(message.bytes().len() <= LIMITS.message_bytes && message.lines().len() <= LIMITS.headers);
        assert!(bytes.windows(message.bytes().len()).any(|window| window == message.bytes()));
        read_all(&message);
        let message = Arc::new(message);
        if message.is_request() {
            answer(&message);
        }
        if validate(&message).is_ok() {
            assert!(message.vias().count() <= LIMITS.vias);
            sent_on += 1;
            send_on(&message, &mut random);
        }
    }
    assert!(
        parsed > ROUNDS / 2 && sent_on > ROUNDS / 20,
        "{parsed} parsed, {sent_on} sent on: the test tests little"
    );
}

#[test]
fn mutated_streams_are_cut_the_same_in_any_pieces() {
    let seeds = seeds();
    let mut random = Random(0x5eed_0002);
    let (mut cut, mut lost) = (0, 0);
    for _ in 0..ROUNDS / 10 {
        let mut bytes = Vec::new();
        for _ in 0..3 {
            let mut message = seeds[random.below(seeds.len())].clone();
            if random.below(3) == 0 {
                mutate(&mut message, &mut random);
            }
            bytes.extend(message);
        }
        let whole = frames(&bytes, |_| usize::MAX / 2);
        let step = random.below(90);
        assert_eq!(frames(&bytes, |at| (at * 7 + step) % 97), whole, "{}", String::from_utf8_lossy(&bytes));
        cut += whole.0.len();
        lost += usize::from(whole.1.is_some());
    }
    assert!(cut > ROUNDS / 10 && lost > 0, "{cut} messages, {lost} lost streams: the test tests little");
}
