//! Identities and privacy: RFC 3325, RFC 3323, RFC 3892.

use super::*;
use crate::limits::Limits;
use bytes::Bytes;

/// RFC 3325 §9.1, §9.2.
#[test]
fn an_identity_is_one_or_a_sip_and_a_tel_one() {
    for (values, expected) in [
        (&["<sip:a@h>"][..], true),
        (&["\"A\" <sips:a@h>"], true),
        (&["tel:+1"], true),
        (&["<sip:a@h>", "<tel:+1>"], true),
        (&["<tel:+1>", "<sips:a@h>"], true),
        (&["<sip:a@h>", "<sip:b@h>"], false),
        (&["<tel:+1>", "<tel:+2>"], false),
        (&["<sip:a@h>", "<tel:+1>", "<sip:b@h>"], false),
        (&["<http://h>"], false),
        (&["nobody"], false),
        (&[], false),
    ] {
        assert_eq!(are_identities(values.iter().map(|value| value.as_bytes())), expected, "{values:?}");
    }
}

/// RFC 3323 §4.2, RFC 3325 §9.3, RFC 7044 §10.1.
#[test]
fn privacy_is_read_by_its_words() {
    for (text, expected) in [
        ("id", "id"),
        ("header;session;user;none;critical;id;history", "header;session;user;none;critical;id;history"),
        (" ID ; Critical ", "critical;id"),
        ("id, user", "user;id"),
        ("id;id;;id", "id"),
        ("", ""),
        ("whatever", ""),
    ] {
        assert_eq!(Privacy::parse(text.as_bytes()).to_string(), expected, "{text}");
    }
    let privacy = Privacy::parse(b"id;whatever");
    assert!(
        privacy.has(Privacy::ID)
            && privacy.has(Privacy::OTHER)
            && privacy.has(Privacy::ID.with(Privacy::OTHER))
    );
    assert!(!privacy.has(Privacy::NONE) && !privacy.has(Privacy::ID.with(Privacy::USER)));
    let text = "INVITE sip:b SIP/2.0\r\nPrivacy: id\r\nPrivacy: user;critical\r\n\r\n";
    let message = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default()).unwrap();
    assert_eq!(Privacy::of(&message).to_string(), "user;critical;id");
    assert!(Privacy::default().is_empty() && !privacy.is_empty());
}

/// RFC 3892 §3, and the addresses that are no more than that.
#[test]
fn address_headers_are_read() {
    let text = "REFER sip:b SIP/2.0\r\nr: \"C\" <sip:c@h;method=INVITE?Subject=x>\r\n\
                b: <sip:r@h>;cid=\"20398823.2UWQFN309shb3@h\"\r\nPath: <sip:p2;lr>, <sip:p1;lr>\r\n\
                Service-Route: <sip:s1;lr>\r\nService-Route: <sip:s2;lr>\r\n\
                P-Asserted-Identity: <sip:a@h>, <tel:+1>\r\nP-Preferred-Identity: sip:a@h\r\n\r\n";
    let message = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default()).unwrap();
    let uri = |address: NameAddr<'_>| String::from_utf8(address.uri_bytes().to_vec()).unwrap();
    assert_eq!(uri(message.refer_to().unwrap().unwrap()), "sip:c@h;method=INVITE?Subject=x");
    let by = message.referred_by().unwrap().unwrap();
    assert_eq!(
        (uri(by.referrer), by.cid),
        ("sip:r@h".to_owned(), Some(&b"\"20398823.2UWQFN309shb3@h\""[..]))
    );
    let all = |addresses: &mut dyn Iterator<Item = Result<NameAddr<'_>, crate::message::Malformed>>| {
        addresses.map(|address| uri(address.unwrap())).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(all(&mut message.path()), "sip:p2;lr sip:p1;lr");
    assert_eq!(all(&mut message.service_route()), "sip:s1;lr sip:s2;lr");
    assert_eq!(all(&mut message.asserted_identities()), "sip:a@h tel:+1");
    assert_eq!(all(&mut message.preferred_identities()), "sip:a@h");
    let text = "REFER sip:b SIP/2.0\r\nr: <sip:c\r\nb: <nobody>\r\nPath: <\r\n\r\n";
    let message = Message::parse(Bytes::from_static(text.as_bytes()), &Limits::default()).unwrap();
    assert_eq!(message.refer_to().unwrap_err().to_string(), "malformed Refer-To");
    assert_eq!(message.referred_by().unwrap_err().to_string(), "malformed Referred-By");
    assert_eq!(message.path().next().unwrap().unwrap_err().to_string(), "malformed Path");
}

/// RFC 3261 §10.2.2, §10.3 step 6.
#[test]
fn a_wildcard_contact_stands_alone_and_with_expires_zero() {
    for (lines, expected) in [
        ("Foo: y", Ok(false)),
        ("Contact: <sip:a@h>;expires=0", Ok(false)),
        ("m: *\r\nExpires: 0", Ok(true)),
        ("m: *", Err(())),
        ("m: *\r\nExpires: 60", Err(())),
        ("m: *, <sip:a@h>\r\nExpires: 0", Err(())),
        ("m: <sip:a@h>\r\nm: *\r\nExpires: 0", Err(())),
        ("m: *\r\nm: *\r\nExpires: 0", Err(())),
        ("m: *\r\nExpires: never", Err(())),
    ] {
        let text = format!("REGISTER sip:h SIP/2.0\r\n{lines}\r\n\r\n");
        let message = Message::parse(Bytes::from(text), &Limits::default()).unwrap();
        assert_eq!(message.removes_all_contacts().map_err(|_| ()), expected, "{lines}");
    }
}
