//! What digest authentication costs: one check of a server and one answer of a client, in microseconds.
//!
//! `cargo bench -p siplet-sip --bench digest` prints the table.
#![expect(clippy::disallowed_types, clippy::disallowed_methods, reason = "a bench measures time")]
#![expect(clippy::print_stdout, reason = "a bench prints its table")]
#![expect(clippy::unwrap_used, reason = "the messages of the bench are good")]

use bytes::Bytes;
use siplet_sip::digest::{
    Algorithm, Asker, AuthInfo, Client, Ha1, Login, NonceKey, Qops, Realm, Refusal, Request, Verifier,
};
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::time::Time;
use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 2_000;
const URI: &str = "sip:bob@biloxi.example";

fn message(text: &str) -> Message {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default()).unwrap()
}

fn invite(credentials: &str) -> Message {
    message(&format!(
        "INVITE {URI} SIP/2.0\r\n\
         Via: SIP/2.0/UDP pc33.atlanta.example;branch=z9hG4bK776asdhds;rport\r\n\
         Max-Forwards: 70\r\n\
         From: Alice <sip:alice@atlanta.example>;tag=1928301774\r\n\
         To: Bob <{URI}>\r\n\
         Call-ID: a84b4c76e66710@pc33\r\n\
         CSeq: 314159 INVITE\r\n\
         Contact: <sip:alice@pc33.atlanta.example>\r\n\
         {credentials}Content-Length: 0\r\n\r\n"
    ))
}

/// The best time of a round of each, over a few runs.
fn best(mut run: impl FnMut() -> u32) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..30 {
        let start = Instant::now();
        let rounds = run();
        best = best.min(start.elapsed().as_nanos() as f64 / 1000.0 / f64::from(rounds));
    }
    best
}

fn main() {
    println!(
        "best time in us: a request refused without credentials (401 with its challenges), one let in, a replay,"
    );
    println!("and a client's answer");
    let logins = AuthInfo::new().with(None, None, Login::with_password("alice", "wonderland"));
    for algorithm in [Algorithm::Md5, Algorithm::Sha256, Algorithm::Sha512_256] {
        let realm = Realm { algorithms: vec![algorithm], qops: Qops::AUTH, ..Realm::new("biloxi.example") };
        let ha1 = Ha1::new(algorithm.function(), b"alice", b"biloxi.example", b"wonderland");
        let now = Time::from_micros(1_700_000_000_000_000);
        let mut verifier = Verifier::new(NonceKey::new([1, 2]), None, 1, 65_536, now);
        let bare = invite("");
        let refused = best(|| {
            for _ in 0..ROUNDS {
                let refusal = verifier.check(&realm, Asker::Server, &bare, b"", now, |_| None).map(drop);
                assert_eq!(refusal, Err(Refusal::NoCredentials));
                black_box(verifier.challenges(&realm, Asker::Server, Refusal::NoCredentials, b"", now));
            }
            ROUNDS
        });
        // A request for each count, so that each is let in once.
        let mut client = Client::new();
        let nonce = verifier.challenges(&realm, Asker::Server, Refusal::NoCredentials, b"", now).remove(0);
        let asked = format!(
            "SIP/2.0 401 Unauthorized\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <{URI}>;tag=1\r\nTo: <{URI}>;tag=2\r\n\
             Call-ID: 1\r\nCSeq: 1 INVITE\r\nWWW-Authenticate: {}\r\nContent-Length: 0\r\n\r\n",
            String::from_utf8(nonce).unwrap()
        );
        client.on_challenge(&message(&asked), &logins).unwrap();
        let sent = Request { method: b"INVITE", uri: URI.as_bytes(), body: b"" };
        let answer = best(|| {
            (0..ROUNDS).for_each(|_| drop(black_box(client.authorize(&sent, &logins, "0a4f113b0a4f113b"))));
            ROUNDS
        });
        let mut next = || -> Vec<Message> {
            (0..ROUNDS)
                .map(|_| client.authorize(&sent, &logins, "0a4f113b0a4f113b").remove(0).value)
                .map(|value| invite(&format!("Authorization: {}\r\n", String::from_utf8(value).unwrap())))
                .collect()
        };
        let mut let_in = f64::MAX;
        let mut replayed = f64::MAX;
        for _ in 0..30 {
            let requests = next();
            let mut check = |expected: bool| {
                let start = Instant::now();
                for request in &requests {
                    let proven =
                        verifier.check(&realm, Asker::Server, request, b"", now, |_| Some(ha1.clone()));
                    assert_eq!(black_box(proven).is_ok(), expected);
                }
                start.elapsed().as_nanos() as f64 / 1000.0 / f64::from(ROUNDS)
            };
            let_in = let_in.min(check(true));
            replayed = replayed.min(check(false));
        }
        println!(
            "  {:<12} refused {refused:>6.2}  let in {let_in:>6.2}  replay {replayed:>6.2}  answer {answer:>6.2}",
            algorithm.name()
        );
    }
}
