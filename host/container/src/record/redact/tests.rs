//! What is unreadable afterwards, and what is as it was.

use super::*;

fn redaction() -> Redaction {
    Redaction { key: [1, 2], keep_bodies: false, headers: vec!["X-Secret".to_owned()] }
}

fn redacted(text: &str) -> String {
    redacted_by(&redaction(), text)
}

fn redacted_by(redaction: &Redaction, text: &str) -> String {
    let mut numbers = BTreeSet::new();
    learn(text.as_bytes(), &mut numbers);
    let out = redaction.replace(text.as_bytes(), &numbers).unwrap_or_else(|| text.as_bytes().to_vec());
    assert_eq!(out.len(), text.len(), "{text}");
    String::from_utf8(out).expect("text stays text")
}

#[test]
fn a_message_keeps_its_shape_and_loses_its_people() {
    let text = "INVITE sip:+4930123456@pbx.example SIP/2.0\r\nFrom: \"Alice\" <sip:4930123456@pbx.example>;tag=1\r\n\
                Authorization: Digest username=\"alice\", response=\"0a1b\"\r\n  , nonce=\"77\"\r\nX-Secret: abc 1\r\n\
                Contact: <sip:alice@10.0.0.2:5070>\r\nContent-Length: 15\r\n\r\nv=0\r\nm=audio 4\r\n";
    let out = redacted(text);
    for gone in ["4930123456", "alice\"", "0a1b", "77", "abc", "audio"] {
        assert!(!out.contains(gone), "{gone}: {out}");
    }
    for stays in ["INVITE sip:+", "@pbx.example SIP/2.0", "\"Alice\"", "Contact: <sip:alice@10.0.0.2:5070>"] {
        assert!(out.contains(stays), "{stays}: {out}");
    }
    assert!(out.ends_with("\r\n\r\nx=0\r\nx=xxxxx 0\r\n"), "{out}");
    let number = |text: &str, before: &str| {
        let at = text.find(before).expect("it is there") + before.len();
        text[at..at + 10].to_owned()
    };
    assert_eq!(number(&out, "INVITE sip:+"), number(&out, "<sip:"), "one number, one pseudonym");
}

#[test]
fn numbers_in_other_texts_have_the_pseudonym_of_the_uri() {
    let out = redacted("{\"caller\": \"4930123456\", \"uri\": \"sip:4930123456@a\", \"n\": 4930123457}");
    let pseudonym: String = out.chars().skip(12).take(10).collect();
    assert_ne!(pseudonym, "4930123456");
    assert!(out.contains(&format!("sip:{pseudonym}@a")), "{out}");
    assert!(out.contains("4930123457"), "another number stays: {out}");
}

#[test]
fn numbers_with_separators_are_numbers() {
    assert!(!redacted("<tel:+49-30-123-456;phone-context=x>").contains("123-456"));
    let short = "<sip:1001@pbx> tel:110 sip:10.0.0.1:50600 z9hG4bK1234567a";
    assert_eq!(redacted(short), short);
}

#[test]
fn a_credential_alone_is_known_by_its_scheme() {
    assert_eq!(redacted("Digest user=\"a1\""), "xxxxxx xxxx=\"x0\"");
    assert_eq!(redacted("Digestive"), "Digestive");
}

#[test]
fn bodies_stay_where_that_is_wished() {
    let open = Redaction { keep_bodies: true, ..redaction() };
    let text = "SIP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0x";
    assert_eq!(redacted_by(&open, text), text);
    assert!(!open.words().contains(&"bodies".to_owned()));
}
