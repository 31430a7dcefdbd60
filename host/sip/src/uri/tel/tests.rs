//! Telephone numbers: RFC 3966, RFC 3261 §19.1.6.

use super::*;
use crate::uri::Uri;

fn number(text: &str) -> Option<TelephoneNumber<'_>> {
    Uri::parse(text.as_bytes()).unwrap().telephone_number()
}

fn digits(text: &str) -> Option<String> {
    number(text).map(|number| number.digits().map(char::from).collect())
}

/// RFC 3966 §3; RFC 3261 §19.1.6: where a number stands.
#[test]
fn a_number_stands_in_a_tel_uri_or_in_a_user_part_that_says_so() {
    for (text, expected) in [
        ("tel:+1-201-555-0123", Some("+12015550123")),
        ("tel:+358.(555)-1234567;postd=pp22", Some("+3585551234567")),
        ("tel:7042;phone-context=example.com", Some("7042")),
        ("tel:*21#;phone-context=+1", Some("*21#")),
        ("tel:1-800-CAB", Some("1800cab")),
        ("sip:+358-555-1234567;postd=pp22@foo.com;user=phone", Some("+3585551234567")),
        ("sips:+1-2@h;User=Phone", Some("+12")),
        ("sip:+1-2@h", None),
        ("sip:+1-2@h;user=ip", None),
        ("sip:bob@h;user=phone", None),
        ("sip:h;user=phone", None),
        ("tel:+", None),
        ("tel:+12a", None),
        ("tel:+--", None),
        ("tel:1+2", None),
        ("tel:;x=y", None),
        ("urn:+1", None),
    ] {
        assert_eq!(digits(text).as_deref(), expected, "{text}");
    }
    assert!(number("tel:+1").unwrap().is_global() && !number("tel:1;phone-context=h").unwrap().is_global());
    assert_eq!(number("tel:+1-2;ext=3").unwrap().as_bytes(), b"+1-2");
}

/// RFC 3966 §4.
#[test]
fn numbers_are_equivalent_by_digits_and_parameters() {
    for (one, other, expected) in [
        ("tel:+1-201-555-0123", "TEL:+1(201)555.0123", true),
        ("tel:+12015550123", "tel:12015550123", false),
        ("tel:+1", "tel:+2", false),
        ("tel:+1;ext=1-2;isub=9", "tel:+1;isub=9;ext=12", true),
        ("tel:+1;ext=12", "tel:+1;ext=13", false),
        ("tel:+1;ext=12", "tel:+1", false),
        ("tel:+1", "tel:+1;npdi", false),
        ("tel:+1;npdi", "tel:+1;NPDI", true),
        ("tel:+1;npdi", "tel:+1;npdi=yes", false),
        ("tel:7042;phone-context=Example.COM", "tel:7042;phone-context=example.com", true),
        ("tel:7042;phone-context=+1-9", "tel:7042;phone-context=+19", true),
        ("tel:7042;phone-context=+1", "tel:7042;phone-context=example.com", false),
        ("tel:7a", "tel:7A", true),
        ("tel:nobody", "tel:nobody", true),
        ("tel:nobody", "tel:somebody", false),
        ("tel:+1", "tel:nobody", false),
    ] {
        let (first, second) = (Uri::parse(one.as_bytes()).unwrap(), Uri::parse(other.as_bytes()).unwrap());
        assert_eq!(first.is_equivalent(&second), expected, "{one} {other}");
        assert_eq!(second.is_equivalent(&first), expected, "{other} {one}");
    }
    let tel = number("tel:+1-2").unwrap();
    assert!(tel.is_equivalent(&number("sip:+12@h;user=phone").unwrap()), "one number, whatever it stands in");
}
