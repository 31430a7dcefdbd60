use super::*;

const HEAD: &str = "OPTIONS sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\n";

fn parse(text: &str) -> Result<Message, Malformed> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), &Limits::default())
}

fn message(text: &str) -> Message {
    parse(text).unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
}

/// A request with these lines, each without its line end.
fn with_lines(lines: &str) -> Message {
    message(&format!("{HEAD}{}\r\n\r\n", lines.replace('\n', "\r\n")))
}

fn check_header(lines: &str, name: &str, expected: &[&str]) {
    let message = with_lines(lines);
    let found: Vec<_> = message.headers_named(name.as_bytes()).map(String::from_utf8_lossy).collect();
    assert_eq!(found, expected, "{name} in {lines:?}");
    assert_eq!(message.header_named(name.as_bytes()), expected.first().map(|value| value.as_bytes()));
}

#[test]
fn headers_are_found_by_any_form_of_their_name() {
    check_header("Call-ID: a", "i", &["a"]);
    check_header("i: a", "Call-ID", &["a"]);
    check_header("cALL-iD:a", "call-id", &["a"]);
    check_header("Subject : a", "Subject", &["a"]);
    check_header("Subject \t:\t a \t", "s", &["a"]);
    check_header("X-Foo: a\nx-foo: b", "X-FOO", &["a", "b"]);
    check_header("Subject:", "Subject", &[""]);
    check_header("Subject: a", "X-Foo", &[]);
}

#[test]
fn folded_values_are_read_with_blanks_in_place_of_line_ends() {
    check_header("Subject: a\n b", "Subject", &["a   b"]);
    check_header("Subject:\n b\n\tc", "Subject", &["b  \tc"]);
    check_header("Subject: a\n \nTo: x", "Subject", &["a"]);
    check_header("Subject: a\n \nTo: x", "To", &["x"]);
    let message = with_lines("Subject: a\n b");
    assert!(message.bytes().ends_with(b"Subject: a\r\n b\r\n\r\n"), "the octets stay as they came");
    assert_eq!(message.fault(), None);
}

#[test]
fn lists_are_split_outside_quotes_and_brackets() {
    let check = |line: &str, expected: &[&str]| {
        let found: Vec<_> = Values::of(line.as_bytes()).map(String::from_utf8_lossy).collect();
        assert_eq!(found, expected, "{line:?}");
    };
    check("a, b ,c", &["a", "b", "c"]);
    check("", &[]);
    check(" , ,a,", &["a"]);
    check(
        "\"x, y\" <sip:a@b>, <sip:c,d@e;p=1>;q=\"1,2\"",
        &["\"x, y\" <sip:a@b>", "<sip:c,d@e;p=1>;q=\"1,2\""],
    );
    check(r#""a\",b", c"#, &[r#""a\",b""#, "c"]);
    check("\"open, to the end", &["\"open, to the end"]);
    check("<open, to the end", &["<open, to the end"]);
}

#[test]
fn a_header_is_found_however_many_lines_stand_before_it() {
    for before in [0, 31, 253, 254, 255, 256, 600] {
        let text = format!("{HEAD}{}To: x\r\nExpires: 1\r\nt: y\r\n\r\n", "X-A: b\r\n".repeat(before));
        let message = Message::parse(Bytes::from(text), &Limits::unbounded()).expect("no limit");
        assert_eq!(message.headers(HeaderId::To).collect::<Vec<_>>(), [b"x", b"y"], "{before} lines before");
        assert_eq!(message.header(HeaderId::Expires), Some(&b"1"[..]));
        assert_eq!((message.has(HeaderId::From), message.header(HeaderId::From)), (false, None));
    }
}

#[test]
fn only_list_headers_are_split() {
    let message = with_lines("Supported: a, b\nk: c\nSubject: a, b\nDate: Sat, 13 Nov 2010 23:29:00 GMT");
    let values = |id| message.values(id).map(|v| String::from_utf8_lossy(v).into_owned()).collect::<Vec<_>>();
    assert_eq!(values(HeaderId::Supported), ["a", "b", "c"]);
    assert_eq!(values(HeaderId::Subject), ["a, b"]);
    assert_eq!(values(HeaderId::Date), ["Sat, 13 Nov 2010 23:29:00 GMT"]);
    assert_eq!(values(HeaderId::Require), [""; 0]);
}

#[test]
fn the_start_line_is_read_strictly_and_its_faults_are_remembered() {
    let check = |line: &str, expected: Result<Option<Malformed>, Malformed>| {
        let got = parse(&format!("{line}\r\nTo: x\r\n\r\n")).map(|message| message.fault());
        assert_eq!(got, expected, "{line:?}");
    };
    check("INVITE sip:a@b SIP/2.0", Ok(None));
    check("INVITE sip:a@b sip/2.0", Ok(None));
    check("INVITE  sip:a@b SIP/2.0", Ok(Some(Malformed::StartLine)));
    check("INVITE sip:a@b  SIP/2.0", Ok(Some(Malformed::StartLine)));
    check("INVITE\tsip:a@b SIP/2.0", Ok(Some(Malformed::StartLine)));
    check("INVITE sip:a@b SIP/2.0 ", Ok(Some(Malformed::StartLine)));
    check("INVITE SIP/2.0", Ok(Some(Malformed::StartLine)));
    check("INVITE sip:a@b SIP/3.0", Ok(Some(Malformed::Version)));
    check("INVITE sip:a\rb SIP/2.0", Ok(Some(Malformed::LineEnd)));
    check("GET / HTTP/1.1", Err(Malformed::NotSip));
    check("hello", Err(Malformed::NotSip));
    check(" INVITE sip:a@b SIP/2.0", Err(Malformed::NotSip));
    check("SIP/2.0 200 OK", Ok(None));
    check("SIP/2.0 200 ", Ok(None));
    check("SIP/2.0 200", Ok(None));
    check("sip/2.0 699 x y", Ok(None));
    check("SIP/3.0 200 OK", Ok(Some(Malformed::Version)));
    for status in ["", "99", "099", "700", "2000", "20x", "4294967301", "-200"] {
        check(&format!("SIP/2.0 {status} OK"), Ok(Some(Malformed::Status)));
    }
}

#[test]
fn faults_in_header_lines_are_remembered() {
    let check = |lines: &str, fault| assert_eq!(with_lines(lines).fault(), fault, "{lines:?}");
    check("Subject: a", None);
    check("Subject a", Some(Malformed::HeaderLine));
    check(": a", Some(Malformed::HeaderLine));
    check("Sub ject: a", Some(Malformed::HeaderLine));
    check("S\u{fc}bject: a", Some(Malformed::HeaderLine));
    check("Subject: a\rb", Some(Malformed::LineEnd));
    check("Content-Length: -1", Some(Malformed::ContentLength));
    check("Content-Length: 0 0", Some(Malformed::ContentLength));
    check("Content-Length: 99999999999999999999999", Some(Malformed::ContentLength));
    check("Content-Length: 18446744073709551609", Some(Malformed::BodyTooShort));
    check("Content-Length: 5", Some(Malformed::BodyTooShort));
    check("Content-Length: 0\nl: 1", Some(Malformed::ContentLengths));
    check("Content-Length: 0\nl: 00", None);
    let folded_start = message("OPTIONS sip:a@b SIP/2.0\r\n folded: x\r\nTo: y\r\n\r\n");
    assert_eq!(folded_start.fault(), Some(Malformed::HeaderLine));
    let cut = message("OPTIONS sip:a@b SIP/2.0\r\nTo: y\r\n");
    assert_eq!(cut.fault(), Some(Malformed::HeadEnd));
    assert_eq!(message("OPTIONS sip:a@b SIP/2.0").fault(), Some(Malformed::HeadEnd));
}

// [3261-18.3-1]
#[test]
fn the_body_is_what_content_length_says() {
    let body = |lines: &str, rest: &str| {
        let message = message(&format!("{HEAD}{lines}\r\n{rest}"));
        assert!(message.bytes().ends_with(message.body()));
        assert_eq!(message.body(), &message.body_bytes()[..]);
        String::from_utf8_lossy(message.body()).into_owned()
    };
    assert_eq!(body("Content-Length: 3\r\n", "abcdef"), "abc");
    assert_eq!(body("l:\r\n 3\r\n", "abc"), "abc");
    assert_eq!(body("", "abc"), "abc");
    assert_eq!(body("Content-Length: 0\r\n", "\r\n"), "");
}

#[test]
fn line_feeds_alone_end_lines_of_a_datagram() {
    let message = message("OPTIONS sip:a@b SIP/2.0\nTo: x\nSubject: y\n\nbody");
    assert_eq!(message.fault(), None);
    assert_eq!(message.header(HeaderId::Subject), Some(&b"y"[..]));
    assert_eq!(message.body(), b"body");
}

#[test]
fn line_ends_before_the_message_are_ignored_and_alone_are_a_keep_alive() {
    assert_eq!(message(&format!("\r\n\r\n{HEAD}\r\n")).bytes()[0], b'O');
    for text in ["", "\r\n", "\r\n\r\n", "\0", "\0\0\0\0"] {
        assert_eq!(parse(text), Err(Malformed::Empty), "{text:?}");
    }
}

#[test]
fn limits_hold_before_anything_is_kept() {
    let limits = Limits { headers: 40, message_bytes: 2000, ..Limits::default() };
    let parse =
        |text: String| Message::parse(Bytes::from(text), &limits).map(|message| message.lines().len());
    let lines = |count: usize| format!("{HEAD}{}\r\n", "X-A: b\r\n".repeat(count - 1));
    for count in [31, 32, 33, 40] {
        assert_eq!(parse(lines(count)), Ok(count));
    }
    assert_eq!(parse(lines(41)), Err(Malformed::TooManyHeaders));
    assert_eq!(parse(format!("{HEAD}\r\n{}", "x".repeat(2000))), Err(Malformed::MessageTooLarge));
    let endless = format!("{HEAD}X: {}", "x".repeat(70_000));
    let unbounded = Message::parse(Bytes::from(endless), &Limits::unbounded());
    assert_eq!(unbounded, Err(Malformed::HeadTooLarge));
}

#[test]
fn a_body_may_be_larger_than_any_head() {
    let text = format!("{HEAD}Content-Length: 100000\r\n\r\n{}", "x".repeat(100_000));
    let message = Message::parse(Bytes::from(text), &Limits::unbounded()).expect("no limit");
    assert_eq!((message.fault(), message.body().len()), (None, 100_000));
}

#[test]
fn numbers_have_their_range() {
    let cseq = |value: &str| {
        with_lines(&format!("CSeq: {value}")).cseq().ok().map(|(number, method)| (number, method.to_string()))
    };
    assert_eq!(cseq("0009\n  INVITE"), Some((9, "INVITE".to_owned())));
    assert_eq!(cseq("2147483647 FOO"), Some((0x7fff_ffff, "FOO".to_owned())));
    for bad in ["2147483648 A", "36893488147419103232 A", "A", "1", "1A", "-1 A", "1 A B", " ", "1 "] {
        assert_eq!(cseq(bad), None, "{bad:?}");
    }
    let hops = |value: &str| with_lines(&format!("Max-Forwards: {value}")).max_forwards();
    assert_eq!(hops("0068"), Ok(Some(68)));
    assert_eq!(hops("255"), Ok(Some(255)));
    for bad in ["256", "", "-1", "7 0", "x"] {
        assert_eq!(hops(bad), Err(Malformed::Bad(Part::MaxForwards)), "{bad:?}");
    }
    assert_eq!(with_lines("To: x").max_forwards(), Ok(None));
}

#[test]
fn typed_views_read_the_fields_of_a_dialog() {
    let message = with_lines(
        "f: \"A\" <sip:a@x>;tag=1\nt: <sip:b@y>;tag=2\nm: <sip:a@1.2.3.4>, <sip:a@1.2.3.5>\n\
         Route: <sip:p1;lr>, <sip:p2;lr>\nRoute: <sip:p3>\nRecord-Route: <sip:r;lr>",
    );
    assert_eq!(message.from_().map(|from| from.tag()), Ok(Some(&b"1"[..])));
    assert_eq!(message.to().map(|to| to.tag()), Ok(Some(&b"2"[..])));
    assert_eq!(message.contact().map(|one| one.map(|one| one.uri_bytes())), Ok(Some(&b"sip:a@1.2.3.4"[..])));
    assert_eq!(message.contacts().count(), 2);
    let routes: Vec<_> = message.route_set().map(|route| route.map(|route| route.uri_bytes())).collect();
    assert_eq!(routes, [Ok(&b"sip:p1;lr"[..]), Ok(&b"sip:p2;lr"[..]), Ok(&b"sip:p3"[..])]);
    assert_eq!(message.record_route().count(), 1);
    assert_eq!(message.call_id(), None);
    assert_eq!(message.cseq(), Err(Malformed::Missing(Part::CSeq)));
}

#[test]
fn places_are_the_offsets_of_the_lines() {
    let message = with_lines("Subject : a\n b\nv: c\nX-Foo:d ");
    for (line, place) in message.lines().zip(message.places()) {
        let cut = |at: u32, len: u32| &message.head()[at as usize..(at + len) as usize];
        assert_eq!(cut(place.name_at, place.name_len), line.name);
        assert_eq!(cut(place.value_at, place.value_len), line.value);
        assert_eq!(place.id, line.id);
    }
    let names: Vec<_> = message.lines().map(|line| String::from_utf8_lossy(line.name)).collect();
    assert_eq!(names, ["Via", "Subject", "v", "X-Foo"]);
}

#[test]
fn a_stored_message_comes_back_octet_for_octet() {
    let message = with_lines("Subject: a\n b\nContent-Length: 0");
    let stored = postcard::to_stdvec(&message).expect("a message can be stored");
    let again: Message = postcard::from_bytes(&stored).expect("what was stored is a message");
    assert_eq!(again.bytes(), message.bytes());
    assert_eq!(again.header(HeaderId::Subject), message.header(HeaderId::Subject));
    assert!(postcard::from_bytes::<Message>(&postcard::to_stdvec("hello").expect("a text")).is_err());
}
