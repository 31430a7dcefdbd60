use super::*;
use crate::limits::Limits;

const INVITE: &str = "INVITE sip:b@example.com SIP/2.0\r\n\
    v: SIP/2.0/UDP p;branch=z9hG4bK2, SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
    Via: SIP/2.0/UDP ua;branch=z9hG4bK0\r\n\
    Route: <sip:p1;lr>, <sip:p2;lr>\r\n\
    Max-Forwards: 70\r\n\
    Timestamp: 54\r\n\
    From: <sip:a@example.com>;tag=1\r\n\
    t: Bob\r\n  <sip:b@example.com>\r\n\
    Call-ID:   c  \r\n\
    CSeq: 1 INVITE\r\n\
    X-Foo: one\r\n\
    Contact: <sip:a@192.0.2.1>\r\n\
    x-foo: two\r\n\
    Content-Type: text/plain\r\n\
    l: 4\r\n\r\nbody";

fn read(text: &str) -> Arc<Message> {
    let message = Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default());
    Arc::new(message.unwrap_or_else(|fault| panic!("{text:?}: {fault}")))
}

fn text(draft: &Draft) -> String {
    String::from_utf8_lossy(&draft.to_bytes()).into_owned()
}

/// Edits a forwarded INVITE: the output is the input with `old` replaced by `new`, and reads see what is written.
fn check(edit: impl FnOnce(&mut Draft) -> Result<(), InvalidValue>, old: &str, new: &str) {
    let mut draft = Draft::forward(&read(INVITE));
    edit(&mut draft).expect("a permitted edit");
    assert!(INVITE.contains(old), "{old:?} is part of the INVITE");
    assert_eq!(text(&draft), INVITE.replacen(old, new, 1));
    check_reads(&draft);
}

/// What a draft reads is what its receiver reads.
fn check_reads(draft: &Draft) {
    let written = draft.to_message().expect("a draft writes a message");
    assert_eq!(written.fault(), None);
    assert!(draft.lines().eq(written.lines()), "{draft:?}");
    assert_eq!(draft.body(), written.body());
    assert_eq!(draft.method(), written.method());
    assert_eq!(draft.request_uri(), written.request_uri());
    assert_eq!((draft.status(), draft.reason()), (written.status(), written.reason()));
    assert_eq!(written.content_length(), Ok(Some(draft.body().len())));
}

#[test]
fn a_message_without_edits_is_forwarded_octet_for_octet() {
    check(|_| Ok(()), "", "");
}

#[test]
fn edits_touch_their_line_and_no_other_octet() {
    use HeaderId::{MaxForwards, RecordRoute, Via};
    check(|d| d.prepend(Via, b"SIP/2.0/UDP me"), "v: ", "Via: SIP/2.0/UDP me\r\nv: ");
    check(|d| d.set(MaxForwards, b"69"), "s: 70", "s: 69");
    check(|d| d.prepend(RecordRoute, b"<sip:me;lr>"), "Route:", "Record-Route: <sip:me;lr>\r\nRoute:");
    check(|d| d.add("X-Foo", b" three "), "two\r\n", "two\r\nX-Foo: three\r\n");
    check(|d| d.prepend("X-FOO", b"zero"), "X-Foo: one", "X-FOO: zero\r\nX-Foo: one");
    check(|d| d.add("New", b""), "l: 4\r\n", "l: 4\r\nNew: \r\n");
    check(|d| d.set(HeaderId::Subject, b"x"), "l: 4\r\n", "l: 4\r\nSubject: x\r\n");
    check(|d| d.set("to", b"<sip:x>"), "t: Bob\r\n  <sip:b@example.com>", "To: <sip:x>");
    check(|d| d.set_request_uri(b"tel:+1"), "sip:b@example.com SIP", "tel:+1 SIP");
}

#[test]
fn removed_lines_are_gone_and_the_others_stay() {
    let check_count = |count: usize, expected: usize| {
        assert_eq!(count, expected);
        Ok(())
    };
    check(|d| check_count(d.remove(HeaderId::Timestamp), 1), "Timestamp: 54\r\n", "");
    check(|d| check_count(d.remove("None"), 0), "", "");
    check(|d| check_count(usize::from(d.remove_nth("x-foo", 1)), 1), "x-foo: two\r\n", "");
    check(|d| check_count(usize::from(d.remove_nth("x-foo", 2)), 0), "", "");
    check(|d| check_count(d.remove(HeaderId::ContentLength), 0), "", "");
    let mut draft = Draft::forward(&read(INVITE));
    assert_eq!(draft.remove("X-Foo"), 2);
    assert_eq!(text(&draft), INVITE.replace("X-Foo: one\r\n", "").replace("x-foo: two\r\n", ""));
    draft.set("X-Foo", b"three").expect("a value");
    assert_eq!(draft.headers("X-Foo").collect::<Vec<_>>(), [b"three"]);
    check_reads(&draft);
}

#[test]
fn a_set_header_has_one_line() {
    let mut draft = Draft::forward(&read(INVITE));
    draft.set("x-foo", b"only").expect("a value");
    assert_eq!(text(&draft), INVITE.replace("X-Foo: one", "x-foo: only").replace("x-foo: two\r\n", ""));
    check_reads(&draft);
}

#[test]
fn the_first_value_of_a_list_goes_or_changes_alone() {
    use HeaderId::{Route, Via};
    let done = |done: bool| if done { Ok(()) } else { Err(InvalidValue::Name) };
    check(|d| done(d.remove_top(Route)), "<sip:p1;lr>, ", "");
    check(
        |d| done(d.remove_top(Via)),
        "v: SIP/2.0/UDP p;branch=z9hG4bK2, SIP/2.0/UDP h;branch=z9hG4bK1",
        "Via: SIP/2.0/UDP h;branch=z9hG4bK1",
    );
    check(|d| done(d.remove_top(Route) && d.remove_top(Route)), "Route: <sip:p1;lr>, <sip:p2;lr>\r\n", "");
    check(|d| d.replace_top(Via, b"SIP/2.0/UDP q"), "v: SIP/2.0/UDP p;branch=z9hG4bK2", "Via: SIP/2.0/UDP q");
    check(|d| done(!d.remove_top(HeaderId::Path)), "", "");
}

// [3261-18.3-3]
#[test]
fn content_length_follows_the_body() {
    let mut draft = Draft::forward(&read(INVITE));
    draft.set_body(Some(b"application/sdp"), Bytes::from_static(b"v=0\r\n")).expect("a type");
    let expected = INVITE.replace("text/plain", "application/sdp").replace("l: 4", "Content-Length: 5");
    assert_eq!(text(&draft), expected.replace("\r\n\r\nbody", "\r\n\r\nv=0\r\n"));
    check_reads(&draft);
    draft.set_body(None, Bytes::new()).expect("no type");
    assert_eq!(draft.header(HeaderId::ContentType), None, "an empty body has no type");
    check_reads(&draft);
    for name in ["Content-Length", "l"] {
        assert_eq!(draft.set(name, b"7"), Err(InvalidValue::ContentLength));
        assert_eq!(draft.add(name, b"7"), Err(InvalidValue::ContentLength));
    }
    let mut endless = Draft::forward(&read("OPTIONS sip:a SIP/2.0\nTo: x\n\nbody"));
    endless.add("X-Y", b"y").expect("a value");
    assert_eq!(text(&endless), "OPTIONS sip:a SIP/2.0\r\nTo: x\r\nX-Y: y\r\nContent-Length: 4\r\n\r\nbody");
}

#[test]
fn no_edit_can_smuggle_a_line_in() {
    let mut draft = Draft::forward(&read(INVITE));
    for value in ["a\r\nX: y", "a\nb", "a\rb", "\r\n", "a\0b"] {
        let value = value.as_bytes();
        assert_eq!(draft.set("X", value), Err(InvalidValue::Value));
        assert_eq!(draft.add("X", value), Err(InvalidValue::Value));
        assert_eq!(draft.prepend("X", value), Err(InvalidValue::Value));
        assert_eq!(draft.replace_top(HeaderId::Via, value), Err(InvalidValue::Value));
        assert_eq!(draft.set_body(Some(value), Bytes::new()), Err(InvalidValue::Value));
    }
    for name in ["", "a b", "a:b", "a\r\nb", "\u{e9}"] {
        assert_eq!(draft.add(name, b"x"), Err(InvalidValue::Name), "{name:?}");
    }
    assert_eq!(draft.add(HeaderId::Other, b"x"), Err(InvalidValue::Name));
    for uri in ["", "sip:a b", "sip:a\r\nX: y", "<sip:a>", "sip:a SIP/2.0\r\nX:"] {
        assert_eq!(draft.set_request_uri(uri.as_bytes()), Err(InvalidValue::Uri), "{uri:?}");
        assert_eq!(Draft::request(Method::Bye, uri.as_bytes()), Err(InvalidValue::Uri), "{uri:?}");
    }
    assert_eq!(draft.set_to_tag(b"a;b"), Err(InvalidValue::Value));
    let response = |status, reason| Draft::response(&read(INVITE), status, reason, None).err();
    assert_eq!(response(200, Some("OK\r\nX: y")), Some(InvalidValue::Value));
    assert_eq!(response(99, None), Some(InvalidValue::Status));
    assert_eq!(response(700, None), Some(InvalidValue::Status));
    assert_eq!(draft.set_status(200, None), Err(InvalidValue::StartLine));
    assert_eq!(text(&draft), INVITE, "a refused edit leaves nothing behind");
}

/// RFC 3261 §8.2.6.
// [3261-8.2.6.1-1, 3261-8.2.6.2-1, 3261-8.2.6.2-2, 3261-8.2.6.2-3, 3261-8.2.6.2-4, 3261-8.2.6.2-6]
#[test]
fn a_response_takes_along_what_the_rfc_says() {
    let request = read(INVITE);
    let stamped = Bytes::from_static(b"SIP/2.0/UDP p;branch=z9hG4bK2;received=192.0.2.9");
    let mut ringing = Draft::response(&request, 180, None, Some(stamped)).expect("a status");
    ringing.set_to_tag(b"77").expect("a tag");
    assert_eq!(
        text(&ringing),
        "SIP/2.0 180 Ringing\r\n\
        Via: SIP/2.0/UDP p;branch=z9hG4bK2;received=192.0.2.9, SIP/2.0/UDP h;branch=z9hG4bK1\r\n\
        Via: SIP/2.0/UDP ua;branch=z9hG4bK0\r\n\
        From: <sip:a@example.com>;tag=1\r\n\
        To: Bob    <sip:b@example.com>;tag=77\r\n\
        Call-ID:   c  \r\n\
        CSeq: 1 INVITE\r\n\
        Content-Length: 0\r\n\r\n"
    );
    check_reads(&ringing);
    ringing.set_to_tag(b"88").expect("a tag");
    assert_eq!(ringing.to().map(|to| to.tag()), Ok(Some(&b"77"[..])), "a tag is given once");
    let trying = Draft::response(&request, 100, Some("Wait"), None).expect("a status");
    assert_eq!((trying.reason(), trying.header(HeaderId::Timestamp)), (&b"Wait"[..], Some(&b"54"[..])));
    check_reads(&trying);
}

#[test]
fn an_answer_has_even_lines_whatever_its_request_had() {
    let request = read("INVITE sip:a SIP/2.0\nVia: x\ry\nTo: a\r\n\rb\nCall-ID: cut");
    let answer = Draft::response(&request, 400, None, None).expect("a status");
    let head = "SIP/2.0 400 Bad Request\r\nVia: x y\r\nTo: a\r\nCall-ID: cut\r\nContent-Length: 0\r\n\r\n";
    assert_eq!(text(&answer), head);
}

#[test]
fn the_status_of_a_response_can_change() {
    let mut draft = Draft::response(&read(INVITE), 200, Some("Fine"), None).expect("a status");
    draft.set_status(486, None).expect("a status");
    assert_eq!((draft.status(), draft.reason()), (Some(486), &b"Busy Here"[..]));
    assert_eq!(draft.set_request_uri(b"sip:a"), Err(InvalidValue::StartLine));
    check_reads(&draft);
}

#[test]
fn a_response_repeats_nothing_that_stands_once() {
    let request = read(&INVITE.replace("X-Foo: one", "From: <sip:z>;tag=9"));
    let draft = Draft::response(&request, 400, None, None).expect("a status");
    assert_eq!(draft.headers(HeaderId::From).collect::<Vec<_>>(), [b"<sip:a@example.com>;tag=1"]);
}

/// RFC 3261 §17.1.1.3.
// [3261-17.1.1.3-2, 3261-17.1.1.3-3, 3261-17.1.1.3-4, 3261-17.1.1.3-5, 3261-17.1.1.3-6]
#[test]
fn the_ack_for_a_failure_belongs_to_the_transaction_of_its_invite() {
    let invite = read(INVITE);
    let mut busy = Draft::response(&invite, 486, None, None).expect("a status");
    busy.set_to_tag(b"77").expect("a tag");
    let busy = busy.to_message().expect("a message");
    let ack = Draft::ack_for(&invite, &busy);
    assert_eq!(
        text(&ack),
        "ACK sip:b@example.com SIP/2.0\r\n\
        Via: SIP/2.0/UDP p;branch=z9hG4bK2\r\n\
        Route: <sip:p1;lr>, <sip:p2;lr>\r\n\
        Max-Forwards: 70\r\n\
        From: <sip:a@example.com>;tag=1\r\n\
        To: Bob    <sip:b@example.com>;tag=77\r\n\
        Call-ID: c\r\n\
        CSeq: 1 ACK\r\n\
        Content-Length: 0\r\n\r\n"
    );
    check_reads(&ack);
}

/// RFC 3261 §9.1.
// [3261-9.1-2, 3261-9.1-3, 3261-9.1-4]
#[test]
fn a_cancel_repeats_its_invite() {
    let cancel = Draft::cancel_of(&read(INVITE));
    assert_eq!(cancel.method(), Some(&Method::Cancel));
    assert_eq!(cancel.cseq(), Ok((1, Method::Cancel)));
    assert_eq!(cancel.to().map(|to| to.tag()), Ok(None));
    assert_eq!(cancel.headers(HeaderId::Via).collect::<Vec<_>>(), [b"SIP/2.0/UDP p;branch=z9hG4bK2"]);
    assert_eq!(cancel.header(HeaderId::Route), Some(&b"<sip:p1;lr>, <sip:p2;lr>"[..]));
    check_reads(&cancel);
}

#[test]
fn a_request_of_our_own_keeps_content_length_last() {
    let mut bye = Draft::request(Method::Bye, b"sip:a@b").expect("a URI");
    bye.add(HeaderId::CallId, b"c").expect("a value");
    bye.add(HeaderId::Via, b"SIP/2.0/UDP h").expect("a value");
    bye.add(HeaderId::MaxForwards, b"70").expect("a value");
    assert_eq!(
        text(&bye),
        "BYE sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP h\r\nMax-Forwards: 70\r\nCall-ID: c\r\nContent-Length: 0\r\n\r\n"
    );
    check_reads(&bye);
}

#[test]
fn a_header_set_a_million_times_takes_no_more_room() {
    let mut draft = Draft::forward(&read(INVITE));
    draft.set_request_uri(b"sip:c@d").expect("a URI");
    for round in 0..100_000_u32 {
        draft.set("X-Round", round.to_string().as_bytes()).expect("a value");
    }
    assert!(draft.text.len() < 10_000, "{} octets kept", draft.text.len());
    assert_eq!(draft.header("X-Round"), Some(&b"99999"[..]));
    assert_eq!(draft.request_uri(), b"sip:c@d");
    check_reads(&draft);
}

#[test]
fn headers_do_not_grow_beyond_what_can_be_read() {
    let mut draft = Draft::forward(&read(INVITE));
    let refused = (0..70).find_map(|_| draft.add("X", &[b'x'; 1000]).err());
    assert_eq!(refused, Some(InvalidValue::TooLong));
    check_reads(&draft);
}

#[test]
fn a_stored_draft_comes_back_as_it_was_written() {
    let mut draft = Draft::forward(&read(INVITE));
    draft.set("X-Foo", b"three").expect("a value");
    draft.set_request_uri(b"sip:c@d").expect("a URI");
    let stored = postcard::to_stdvec(&draft).expect("a draft can be stored");
    let mut again: Draft = postcard::from_bytes(&stored).expect("what was stored is a draft");
    assert_eq!(again, draft);
    again.remove("X-Foo");
    check_reads(&again);
}

#[test]
fn every_class_of_status_has_a_phrase() {
    assert_eq!(reason_phrase(200), "OK");
    assert_eq!(reason_phrase(481), "Call/Transaction Does Not Exist");
    for status in 100..700 {
        assert!(!reason_phrase(status).is_empty(), "{status}");
    }
}

/// RFC 8224 §4: what a signature covers goes through octet for octet, folds, odd blanks and compact names too.
#[test]
fn identity_headers_pass_byte_exact() {
    let token = "eyJhbGciOiJFUzI1NiJ9".repeat(20);
    let lines = format!(
        "Identity: {token}..{token};info=<https://h/c.cer>;alg=ES256 ;ppt=\"shaken\"\r\n\
         y:  {token} ;info=<https://h>,\r\n   second;info=<https://i> \r\n\
         Identity-Info:\t<https://h/c.cer>;alg=rsa-sha1\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
    );
    let request = read(&INVITE.replace("X-Foo: one", &format!("{lines}X-Foo: one")));
    let mut draft = Draft::forward(&request);
    draft.prepend(HeaderId::Via, b"SIP/2.0/UDP us;branch=z9hG4bK9").expect("a value");
    draft.set(HeaderId::MaxForwards, b"69").expect("a value");
    draft.set_request_uri(b"sip:c@d").expect("a URI");
    assert!(text(&draft).contains(&lines), "{}", text(&draft));
}
