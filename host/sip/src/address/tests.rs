use super::*;

/// Checks display name, URI and tag.
fn check(text: &str, display: Option<&str>, uri: &str, tag: Option<&str>) {
    let address = NameAddr::parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{text:?}: {fault}"));
    let name = address.display_name();
    assert_eq!(name.as_deref(), display.map(str::as_bytes), "display name of {text:?}");
    assert_eq!(address.uri_bytes(), uri.as_bytes(), "URI of {text:?}");
    assert_eq!(address.tag(), tag.map(str::as_bytes), "tag of {text:?}");
}

#[test]
fn addresses_have_their_parts() {
    check("<sip:a@b>", None, "sip:a@b", None);
    check("sip:a@b", None, "sip:a@b", None);
    check("Bob <sip:a@b>;tag=1", Some("Bob"), "sip:a@b", Some("1"));
    check("Bob the Builder<sip:a@b;tag=x>;TAG=1;q=0.3", Some("Bob the Builder"), "sip:a@b;tag=x", Some("1"));
    check("\"B, <o> \\\"b\\\"\" <sip:a@b>", Some("B, <o> \"b\""), "sip:a@b", None);
    check("\"\"<sip:a@b>", Some(""), "sip:a@b", None);
    check("  <sip:a@b>  ; tag = 1 ", None, "sip:a@b", Some("1"));
    check("<sip:a@b?h=v>", None, "sip:a@b?h=v", None);
}

/// RFC 3261 §20.10: without brackets all parameters belong to the header.
#[test]
fn parameters_behind_a_bare_uri_belong_to_the_header() {
    check("sip:a@b;tag=1;lr", None, "sip:a@b", Some("1"));
    check("sip:a@b ;   tag    = 1", None, "sip:a@b", Some("1"));
    check("tel:+1;tag=1", None, "tel:+1", Some("1"));
}

#[test]
fn malformed_addresses_are_refused() {
    for text in [
        "",
        ";tag=1",
        "\"Bob <sip:a@b>",
        "\"Bob\" x <sip:a@b>",
        "\"Bob\" sip:a@b",
        "Bell, A <sip:a@b>",
        "<sip:a@b",
        "sip:a@b>x",
        "<sip:a@b> x",
        "sip:a@b?h=v",
        "<sip:a@b>;;tag=1",
        "<sip:a@b>;",
        "<sip:a@b>;x=\"y",
        "sip:a,b@c",
    ] {
        let accepted = NameAddr::parse(text.as_bytes())
            .is_ok_and(|address| address.uri().is_ok() && address.params().are_well_formed());
        assert!(!accepted, "{text:?}");
    }
}

#[test]
fn the_wildcard_is_a_star_without_brackets() {
    let is_wildcard = |text: &[u8]| NameAddr::parse(text).map(|address| address.is_wildcard());
    assert_eq!(is_wildcard(b"*"), Ok(true));
    assert_eq!(is_wildcard(b"<*>"), Ok(false));
    assert_eq!(is_wildcard(b"sip:a@b"), Ok(false));
}

#[test]
fn the_first_of_a_list_is_read_alone() {
    let first = NameAddr::parse_first(b"\"a, b\" <sip:a@b>;q=1, <sip:c@d>").expect("an address");
    assert_eq!(first.uri_bytes(), b"sip:a@b");
    assert_eq!(first.param(b"Q").map(|q| q.value), Some(Some(&b"1"[..])));
}

/// RFC 3261 §20.20: URI and common parameters.
#[test]
fn addresses_are_the_same_by_uri_and_common_parameters() {
    let parse = |text: &'static str| NameAddr::parse(text.as_bytes()).expect("an address");
    for (one, other, expected) in [
        ("\"Bob\" <sip:bob@h>;tag=1", "sip:bob@H;tag=1", true),
        ("<sip:bob@h>;tag=1", "<sip:bob@h>", true),
        ("<sip:bob@h>;tag=1;x=y", "<sip:bob@h>;TAG=1;z", true),
        ("<sip:bob@h>;tag=1", "<sip:bob@h>;tag=2", false),
        ("<sip:bob@h>;x", "<sip:bob@h>;x=1", false),
        ("<sip:bob@h>;x=Y", "<sip:bob@h>;x=y", true),
        ("<sip:bob@h>;x=\"Y\"", "<sip:bob@h>;x=\"y\"", false),
        ("<sip:bob@h>;x=\"a\\b\"", "<sip:bob@h>;x=\"ab\"", true),
        ("<sip:bob@h>", "<sips:bob@h>", false),
        ("<tel:+1-2>", "tel:+12", true),
        ("*", "*", true),
        ("*", "<sip:bob@h>", false),
    ] {
        assert_eq!(parse(one).is_equivalent(&parse(other)), expected, "{one} {other}");
        assert_eq!(parse(other).is_equivalent(&parse(one)), expected, "{other} {one}");
    }
}

/// RFC 3261 §10.2.1.1, §20.10.
#[test]
fn a_contact_has_a_q_and_an_expiry() {
    for (text, q, expires) in [
        ("<sip:a@b>", None, None),
        ("<sip:a@b>;q=0.7;expires=60", Some(700), Some(60)),
        ("sip:a@b;Expires=0;Q=1", Some(1000), Some(0)),
        ("<sip:a@b>;q=7;expires=soon", None, Some(3600)),
        ("<sip:a@b>;q;expires", None, Some(3600)),
        ("<sip:a@b;q=0.5;expires=9>", None, None),
        ("<sip:a@b>;expires=99999999999", None, Some(u32::MAX)),
    ] {
        let address = NameAddr::parse(text.as_bytes()).expect("an address");
        assert_eq!((address.q(), address.expires()), (q, expires), "{text}");
    }
}
