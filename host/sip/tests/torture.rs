//! The torture messages of RFC 4475 and RFC 5118 against `tests/torture/expect.tsv`: parser, validation and output.
#![expect(clippy::unwrap_used, reason = "a test that cannot read its data has failed")]

use bytes::Bytes;
use siplet_sip::draft::Draft;
use siplet_sip::frame::{Frame, Framer};
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::validate::{Verdict, validate};
use std::path::PathBuf;
use std::sync::Arc;

/// One row of `expect.tsv` with its message.
struct Case {
    name: String,
    expect: String,
    fields: Vec<String>,
    octets: Vec<u8>,
}

fn cases() -> Vec<Case> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/torture");
    let table = std::fs::read_to_string(folder.join("expect.tsv")).unwrap();
    let cases: Vec<_> = table
        .lines()
        .skip(1)
        .map(|row| {
            let cells: Vec<_> = row.split('\t').map(str::to_owned).collect();
            let octets = std::fs::read(folder.join(&cells[0]).join(format!("{}.dat", cells[1]))).unwrap();
            Case { name: cells[1].clone(), expect: cells[2].clone(), fields: cells[3..10].to_vec(), octets }
        })
        .collect();
    assert_eq!(cases.len(), 61, "RFC 4475 has 49 messages, RFC 5118 has 12");
    cases
}

fn read(case: &Case) -> Message {
    Message::parse(Bytes::from(case.octets.clone()), &Limits::default())
        .unwrap_or_else(|fault| panic!("{}: not parsed: {fault}", case.name))
}

/// What was done with the message, in the words of `expect.tsv`.
fn outcome(message: &Message) -> String {
    match validate(message) {
        Ok(()) => "ok".to_owned(),
        Err(Verdict::Answer { status, .. }) => status.to_string(),
        Err(Verdict::Discard { .. }) => "discard".to_owned(),
    }
}

/// The fields of `expect.tsv` as this crate reads them.
fn fields(message: &Message) -> Vec<String> {
    let text =
        |value: Option<&[u8]>| value.map_or("-".to_owned(), |v| String::from_utf8_lossy(v).into_owned());
    let (number, method) = message.cseq().unwrap();
    vec![
        text(message.top_via().unwrap().branch()),
        format!("{number} {method}"),
        text(message.call_id()),
        text(message.from_().unwrap().tag()),
        text(message.to().unwrap().tag()),
        message.max_forwards().unwrap().map_or("-".to_owned(), |hops| hops.to_string()),
        message.body().len().to_string(),
    ]
}

#[test]
fn every_torture_message_gets_its_verdict() {
    let wrong: Vec<_> = cases()
        .iter()
        .map(|case| (case, outcome(&read(case))))
        .filter(|(case, got)| case.expect != *got)
        .map(|(case, got)| {
            format!("{}: expected {}, got {got} ({:?})", case.name, case.expect, validate(&read(case)))
        })
        .collect();
    assert!(wrong.is_empty(), "{} of 61 wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_field_of_a_readable_torture_message_is_right() {
    for case in cases() {
        if case.fields[1] != "-" {
            assert_eq!(fields(&read(&case)), case.fields, "{}", case.name);
        }
    }
}

#[test]
fn every_good_torture_message_is_printed_as_it_came() {
    for case in cases().into_iter().filter(|case| case.expect == "ok") {
        let message = Arc::new(read(&case));
        assert!(case.octets.starts_with(message.bytes()), "{}: not the octets that came", case.name);
        let printed = Draft::forward(&message).to_bytes();
        if message.has(HeaderId::ContentLength) {
            assert_eq!(printed, message.bytes(), "{}", case.name);
        } else {
            let again = Message::parse(printed, &Limits::default()).unwrap();
            assert_eq!(again.body(), message.body(), "{}", case.name);
            assert_eq!(again.content_length(), Ok(Some(message.body().len())), "{}", case.name);
        }
    }
}

#[test]
fn an_answer_to_any_torture_request_can_be_read() {
    for case in cases() {
        let request = Arc::new(read(&case));
        if let Err(Verdict::Answer { status, fault }) = validate(&request) {
            let answer = Draft::response(&request, status, Some(&fault.to_string()), None).unwrap();
            let answer = answer.to_message().unwrap_or_else(|fault| panic!("{}: {fault}", case.name));
            assert_eq!(answer.fault(), None, "{}", case.name);
            assert_eq!(answer.status(), Some(status), "{}", case.name);
            assert_eq!(answer.header(HeaderId::Via), request.header(HeaderId::Via), "{}", case.name);
        }
    }
}

/// RFC 4475 §3.1.1.8: over a stream, what stands behind Content-Length is the next message.
#[test]
fn two_requests_in_one_stream_are_two_messages() {
    let case = cases().into_iter().find(|case| case.name == "dblreq").unwrap();
    let mut framer = Framer::new(&Limits::default());
    framer.push(&case.octets);
    for method in ["REGISTER", "INVITE"] {
        let Some(Frame::Message(bytes)) = framer.next().unwrap() else { panic!("no {method}") };
        let message = Message::parse(bytes, &Limits::default()).unwrap();
        assert_eq!(message.method().unwrap().as_str(), method);
    }
}

/// RFC 4475 §3.1.2.2, §3.1.2.3, §3.3.9: what a stream does about a Content-Length that lies.
#[test]
fn a_stream_with_a_lying_content_length_waits_or_fails() {
    for case in cases() {
        let mut framer = Framer::new(&Limits::default());
        framer.push(&case.octets);
        let first = framer.next();
        match case.name.as_str() {
            "clerr" => assert_eq!(first, Ok(None), "waits for the rest of the body"),
            "ncl" | "mcl01" | "inv2543" => {
                let error = first.unwrap_err();
                assert_eq!(error.status(), 400, "{}", case.name);
                assert!(error.answerable_head().is_some(), "{}", case.name);
            }
            _ => assert!(matches!(first, Ok(Some(Frame::Message(_)))), "{}: {first:?}", case.name),
        }
    }
}
