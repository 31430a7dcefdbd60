use super::*;

#[test]
fn every_header_is_found_in_any_case_and_compact() {
    for id in HeaderId::ALL {
        let name = id.name();
        for text in [name.to_owned(), name.to_lowercase(), name.to_uppercase()] {
            assert_eq!(HeaderId::from_name(text.as_bytes()), *id, "{text}");
        }
        if let Some(letter) = id.compact() {
            assert_eq!(HeaderId::from_name(&[letter]), *id, "{name}");
            assert_eq!(HeaderId::from_name(&[letter.to_ascii_uppercase()]), *id, "{name}");
        }
        assert!(is_token(name.as_bytes()), "{name}");
        let line = format!("{name}: a value behind it");
        let expected = (name.len() <= 15).then_some((*id, name.len() as u8, name.len()));
        assert_eq!(HeaderId::at_line_start(line.as_bytes()), expected, "{line}");
        assert_eq!(HeaderId::from_code(id.code()), Some(*id), "{name}");
    }
}

#[test]
fn codes_are_dense_and_fit_the_set_of_a_message() {
    for (index, id) in HeaderId::ALL.iter().enumerate() {
        assert_eq!(id.code() as usize, index + 1, "{id}: codes are given in order, never twice");
        assert!(id.code() < 128, "{id}: a message keeps 128 bits");
    }
    assert_eq!(HeaderId::from_code(0), Some(HeaderId::Other));
    assert_eq!(HeaderId::from_code(HeaderId::ALL.len() as u32 + 1), None);
}

/// These numbers stand in compiled servlets and in stored sessions.
#[test]
fn codes_never_change() {
    for (code, id) in [
        (1, HeaderId::Via),
        (5, HeaderId::CSeq),
        (9, HeaderId::RecordRoute),
        (10, HeaderId::ContentLength),
        (44, HeaderId::WwwAuthenticate),
        (55, HeaderId::SessionExpires),
        (80, HeaderId::FlowTimer),
        (103, HeaderId::RemotePartyId),
    ] {
        assert_eq!(id.code(), code, "{id}");
    }
}

#[test]
fn other_names_have_no_id() {
    for name in ["", "g", "z", "Vi", "Viaa", "Content-Lengt", "Content-Length ", "X-Foo", "NewFangledHeader"]
    {
        assert_eq!(HeaderId::from_name(name.as_bytes()), HeaderId::Other, "{name:?}");
    }
    for line in [
        "X-Foo: a value behind it",
        ": a value behind it",
        "Via : a value behind it",
        "To: short",
        "Call\rID: a value",
        "Via\0: a value behind it",
        "\0: a value behind it",
    ] {
        assert_eq!(HeaderId::at_line_start(line.as_bytes()), None, "{line:?}");
    }
    assert_eq!(HeaderId::at_line_start(b"v: a value behind it"), Some((HeaderId::Via, 1, 1)));
    assert_eq!(HeaderId::from_name(&[0xf6]), HeaderId::Other, "not v with its high bit set");
}

#[test]
fn a_name_reaches_its_header_however_it_is_written() {
    assert_eq!(HeaderName::from("call-id"), HeaderName::Known(HeaderId::CallId));
    assert_eq!(HeaderName::from(b"i"), HeaderName::Known(HeaderId::CallId));
    assert!(HeaderName::from("x-FOO").matches(HeaderId::Other, b"X-Foo"));
    assert!(!HeaderName::from("X-Foo").matches(HeaderId::Other, b"X-Bar"));
    assert!(!HeaderName::from("Via").matches(HeaderId::To, b"Via"));
}
