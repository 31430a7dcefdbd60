use super::*;

fn check(name: &str, expected: Option<&str>) {
    let method = Method::from_bytes(name.as_bytes());
    assert_eq!(method.as_ref().ok().map(Method::as_str), expected, "{name:?}");
}

#[test]
fn methods_are_tokens_and_case_matters() {
    for known in [
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "REGISTER",
        "PRACK",
        "UPDATE",
        "INFO",
        "MESSAGE",
        "SUBSCRIBE",
        "NOTIFY",
        "PUBLISH",
        "REFER",
    ] {
        check(known, Some(known));
        let method = Method::from_bytes(known.as_bytes()).expect("a known method is a token");
        assert!(!matches!(method, Method::Other(_)), "{known} has a variant");
    }
    check("invite", Some("invite"));
    assert_ne!(Method::from_bytes(b"invite"), Ok(Method::Invite));
    check("RE%47IST%45R", Some("RE%47IST%45R"));
    check("", None);
    check("IN VITE", None);
    check("INVITE\r\n", None);
    check("INV/TE", None);
    check("caf\u{e9}", None);
}

#[test]
fn a_stored_method_comes_back_and_a_forged_one_does_not() {
    for name in ["INVITE", "FOO"] {
        let method = Method::from_bytes(name.as_bytes()).expect("a token");
        let stored = postcard::to_stdvec(&method).expect("a method can be stored");
        assert_eq!(postcard::from_bytes::<Method>(&stored), Ok(method));
    }
    let forged = postcard::to_stdvec("FOO\r\nX: y").expect("a text can be stored");
    assert!(postcard::from_bytes::<Method>(&forged).is_err());
}
