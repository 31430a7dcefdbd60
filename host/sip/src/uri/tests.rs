use super::*;

fn parse(text: &str) -> Uri<'_> {
    Uri::parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
}

/// Checks user, host, port, parameters and headers of a sip URI.
fn check(text: &str, user: Option<&str>, host: &str, port: Option<u16>, params: &str, headers: Option<&str>) {
    let uri = parse(text);
    assert_eq!(uri.user(), user.map(str::as_bytes), "user of {text:?}");
    assert_eq!(uri.host_port(), (host.as_bytes(), port), "host and port of {text:?}");
    assert_eq!(uri.params().as_bytes(), params.as_bytes(), "parameters of {text:?}");
    assert_eq!(uri.headers(), headers.map(str::as_bytes), "headers of {text:?}");
    assert_eq!(uri.as_bytes(), text.as_bytes());
}

#[test]
fn sip_uris_have_their_parts() {
    check("sip:alice@atlanta.com", Some("alice"), "atlanta.com", None, "", None);
    check("sips:a@b:5061;lr;x=y?s=1&t=2", Some("a"), "b", Some(5061), ";lr;x=y", Some("s=1&t=2"));
    check("SIP:example.com", None, "example.com", None, "", None);
    check("sip:192.0.2.1:5060", None, "192.0.2.1", Some(5060), "", None);
    check("sip:[2001:db8::10]", None, "[2001:db8::10]", None, "", None);
    check("sip:[2001:db8::10:5070]:5070;lr", None, "[2001:db8::10:5070]", Some(5070), ";lr", None);
    check("sip:u;p=a%40b@h", Some("u;p=a%40b"), "h", None, "", None);
    check("sip:a?b/c@h?x=y", Some("a?b/c"), "h", None, "", Some("x=y"));
    check(
        "sip:sips%3Auser%40example.com@example.net",
        Some("sips%3Auser%40example.com"),
        "example.net",
        None,
        "",
        None,
    );
    check("sip:h?x=y", None, "h", None, "", Some("x=y"));
    let uri = parse("sip:alice:secret@h");
    assert_eq!((uri.user(), uri.password()), (Some(&b"alice"[..]), Some(&b"secret"[..])));
}

#[test]
fn other_schemes_are_kept_as_they_are() {
    for (text, scheme) in [
        ("tel:+1-201-555-0123;phone-context=x", Scheme::Tel),
        ("urn:service:sos", Scheme::Other),
        ("soap.beep://192.0.2.103:3002", Scheme::Other),
        ("nobodyKnowsThisScheme:totallyopaquecontent", Scheme::Other),
    ] {
        let uri = parse(text);
        assert_eq!((uri.scheme(), uri.host(), uri.user()), (scheme, &b""[..], None), "{text}");
    }
    assert_eq!(parse("tel:+1").opaque(), b"+1");
}

#[test]
fn malformed_uris_are_refused() {
    for text in [
        "",
        "sip",
        "sip:",
        "sip:@h",
        "sip::p@h",
        "sip:a@",
        "sip:a@b@c",
        "sip:a b@c",
        "sip:a@b c",
        "sip:a@b:",
        "sip:a@b:x",
        "sip:a@b:65536",
        "sip:a@b:-1",
        "sip:2001:db8::10",
        "sip:[2001:db8::10",
        "sip:[]",
        "sip:[x::1]",
        "sip:a@b/c",
        "<sip:a@b>",
        "sip:a@b>",
        "sip:a@\"b\"",
        "1x:y",
        ":y",
        "tel:",
        "tel:1 2",
        "sip:a@b;x=\u{7f}",
    ] {
        assert_eq!(Uri::parse(text.as_bytes()).err(), Some(Malformed::Bad(Part::Uri)), "{text:?}");
    }
}

#[test]
fn parameters_are_found_in_any_case() {
    let uri = parse("sip:h;Transport=TCP;lr;maddr=1.2.3.4;ttl=");
    assert_eq!(uri.transport_param(), Some(&b"TCP"[..]));
    assert!(uri.lr());
    assert_eq!(uri.param(b"ttl").map(|param| param.value), Some(Some(&b""[..])));
    assert_eq!(uri.param(b"none"), None);
    assert!(!parse("sip:h;lrx").lr());
}

#[test]
fn hosts_are_read_as_addresses() {
    assert_eq!(parse("sip:[::1]").ip(), Some("::1".parse().expect("an address")));
    assert_eq!(parse("sip:192.0.2.1").ip(), Some("192.0.2.1".parse().expect("an address")));
    assert_eq!(parse("sip:example.com").ip(), None);
    for text in
        ["0.0.0.0", "255.255.255.255", "1.2.3.4", "10.0.0.1", "192.168.100.200", "::", "2001:db8::192.0.2.1"]
    {
        assert_eq!(host_ip(text.as_bytes()), Some(text.parse().expect("an address")), "{text}");
    }
    for text in [
        "",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "01.2.3.4",
        "1..2.3",
        "1.2.3.",
        "300.1.1.1",
        "[::1",
        "::1]",
        "a1",
        "[1.2.3.4]",
    ] {
        assert_eq!(host_ip(text.as_bytes()), None, "{text}");
    }
    // RFC 5118 §4.10: accepted as a URI, although it is no address.
    assert_eq!(parse("sip:[2001:db8:::192.0.2.1]").ip(), None);
}

fn check_equal(expected: bool, one: &str, other: &str) {
    assert_eq!(parse(one).is_equivalent(&parse(other)), expected, "{one} and {other}");
    assert_eq!(parse(other).is_equivalent(&parse(one)), expected, "{other} and {one}");
}

/// The examples of RFC 3261 §19.1.4 and the sentences they illustrate.
#[test]
fn uris_are_equivalent_by_the_rules_of_rfc_3261_19_1_4() {
    for (one, other) in [
        ("sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5"),
        ("sip:carol@chicago.com;newparam=5", "sip:carol@chicago.com;security=on"),
        (
            "sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com",
        ),
        (
            "sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x",
        ),
        ("sip:carol@chicago.com", "sip:carol@chicago.com;security=on"),
        ("sip:a%3Bb@h", "sip:a%3bb@h"),
        ("sip:a@[2001:DB8::1]", "sip:a@[2001:db8::1]"),
        ("URN:a", "urn:a"),
        ("TEL:+1", "tel:+1"),
    ] {
        check_equal(true, one, other);
    }
    for (one, other) in [
        ("SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:5060"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp"),
        ("sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp"),
        ("sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting"),
        ("sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4"),
        ("sip:a@b", "sips:a@b"),
        ("sip:a@b;x=1", "sip:a@b;x=2"),
        ("sip:a@b;user=phone", "sip:a@b"),
        ("sip:a%3bb@h", "sip:a;b@h"),
        ("sip:a@h", "sip:h"),
        ("sip:a:x@h", "sip:a@h"),
        ("sip:a@h?x=1&x=1", "sip:a@h?x=1"),
        ("sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off"),
        ("sip:a@b;method=INVITE", "sip:a@b"),
        ("sip:a@b;ttl=1", "sip:a@b"),
        ("sip:a@b;maddr=239.255.255.1", "sip:a@b"),
        ("sip:a@b;transport=tcp", "sip:a@b;transport=udp"),
        ("sip:Alice@b", "sip:alice@b"),
        ("urn:a", "urn:b"),
        ("tel:+1", "tel:+2"),
    ] {
        check_equal(false, one, other);
    }
}

#[test]
fn quoted_values_lose_quotes_and_escapes() {
    let params = Params::of(br#";a="x;y";b="q\"r" ; c = d;e"#);
    let plain = |name: &[u8]| params.named(name).map(|param| param.unquoted().into_owned());
    assert_eq!(plain(b"a"), Some(b"x;y".to_vec()));
    assert_eq!(plain(b"b"), Some(b"q\"r".to_vec()));
    assert_eq!(plain(b"c"), Some(b"d".to_vec()));
    assert_eq!(plain(b"e"), Some(Vec::new()));
    assert!(params.are_well_formed());
    for bad in [&b";;a"[..], b";", b"a", b";a=\"x", b";=b"] {
        assert!(!Params::of(bad).are_well_formed(), "{}", String::from_utf8_lossy(bad));
    }
}

/// RFC 3261 §25.1 `qvalue`.
#[test]
fn a_q_is_between_zero_and_one() {
    for (text, expected) in [
        (";q=0", Some(0)),
        (";q=1", Some(1000)),
        (";q=0.5", Some(500)),
        (";x;Q=0.125;y", Some(125)),
        (";q=1.000", Some(1000)),
        (";q=0.", Some(0)),
        (";q=1.001", None),
        (";q=2", None),
        (";q=0.1234", None),
        (";q=.5", None),
        (";q=-1", None),
        (";q=", None),
        (";q", None),
        ("", None),
    ] {
        assert_eq!(Params::of(text.as_bytes()).q(), expected, "{text}");
    }
}

/// RFC 3261 §19.1.5, RFC 3891 §7: what a Refer-To puts into the request that it asks for.
#[test]
fn the_headers_component_is_read_by_its_fields() {
    let fields = |text: &str| {
        let as_text = |text: Cow<'_, [u8]>| String::from_utf8(text.into_owned()).unwrap();
        let all = parse(text).header_fields().map(|(name, value)| (as_text(name), as_text(value)));
        all.collect::<Vec<_>>()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(
        fields("sip:b@h;x=y?Replaces=12345%40h%3Bto-tag%3D1%3Bfrom-tag%3D2&Subject=a%20b"),
        [pair("Replaces", "12345@h;to-tag=1;from-tag=2"), pair("Subject", "a b")]
    );
    assert_eq!(fields("sip:b@h?&a&b=&%63=%zz%4"), [pair("a", ""), pair("b", ""), pair("c", "%zz%4")]);
    assert!(fields("sip:b@h").is_empty());
    assert_eq!(fields("sip:b@h?x=%0d%0aEvil:%201"), [pair("x", "\r\nEvil: 1")], "who writes it checks it");
}
