//! Headers read and written: RFC 7235 §2.1, RFC 7616 §3.3 to §3.5, RFC 3261 §20, §25.1.

use super::*;
use std::borrow::Cow;

/// What a line is split into: scheme and parameters with a colon between them, or the mark of an error.
fn split(line: &str) -> Vec<String> {
    let shown = |scheme: Scheme<'_>| {
        let name = String::from_utf8_lossy(scheme.name()).into_owned();
        let token68 = scheme.token68().map(|text| format!("68 {}", String::from_utf8_lossy(text)));
        let params = scheme.params().map(|it| {
            format!("{}={}", String::from_utf8_lossy(it.name), String::from_utf8_lossy(&it.unquoted()))
        });
        let rest: Vec<String> = token68.into_iter().chain(params).collect();
        format!("{name}:{}", rest.join("|"))
    };
    Schemes::of(line.as_bytes()).map(|it| it.map_or_else(|bad| format!("! {bad}"), shown)).collect()
}

#[test]
fn lines_are_split_into_schemes() {
    for (source, line, expected) in [
        ("RFC 7235 §2.1", "Digest realm=\"a\"", &["Digest:realm=a"][..]),
        ("RFC 7235 §2.1", "digest realm = \"a\" , nonce\t=\"b\"", &["digest:realm=a|nonce=b"]),
        (
            "RFC 7235 §4.1",
            "Newauth realm=\"apps\", type=1, title=\"Login to \\\"apps\\\"\", Basic realm=\"simple\"",
            &["Newauth:realm=apps|type=1|title=Login to \"apps\"", "Basic:realm=simple"],
        ),
        (
            "RFC 7235 §2.1, several",
            "Digest realm=\"a\",nonce=\"1\",Digest realm=\"b\",nonce=\"2\"",
            &["Digest:realm=a|nonce=1", "Digest:realm=b|nonce=2"],
        ),
        (
            "RFC 7235 §2.1, token68",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            &["Basic:68 QWxhZGRpbjpvcGVuIHNlc2FtZQ=="],
        ),
        (
            "RFC 7235 §2.1, token68 first",
            "Basic YTpi, Digest realm=\"a\"",
            &["Basic:68 YTpi", "Digest:realm=a"],
        ),
        ("RFC 7235 §2.1, a scheme alone", "Negotiate", &["Negotiate:"]),
        (
            "RFC 7235 §2.1, schemes alone",
            "Negotiate, NTLM , Digest realm=\"a\", Negotiate",
            &["Negotiate:", "NTLM:", "Digest:realm=a", "Negotiate:"],
        ),
        (
            "RFC 7230 §7, empty elements",
            ", ,Digest ,realm=\"a\",, nonce=\"b\" ,",
            &["Digest:realm=a|nonce=b"],
        ),
        ("RFC 7230 §3.2.6, escapes", "Digest realm=\"a\\\\b\\\",c\"", &["Digest:realm=a\\b\",c"]),
        (
            "RFC 7230 §3.2.6, a comma in quotes",
            "Digest qop=\"auth,auth-int\", stale=FALSE",
            &["Digest:qop=auth,auth-int|stale=FALSE"],
        ),
        (
            "old phones leave out quotes",
            "Digest uri=sip:a@b;x=1, nonce=ab/+==",
            &["Digest:uri=sip:a@b;x=1|nonce=ab/+=="],
        ),
        ("RFC 7235 §2.1, an empty quoted value", "Digest opaque=\"\"", &["Digest:opaque="]),
        ("nothing", " , ", &[]),
    ] {
        assert_eq!(split(line), expected, "{source}: {line}");
    }
}

#[test]
fn lines_that_are_no_schemes_are_told_so() {
    for (source, line, expected) in [
        (
            "malformed: a quote is not closed",
            "Digest realm=\"a, nonce=\"b",
            &["! parameters that cannot be read"][..],
        ),
        (
            "malformed: no value",
            "Digest realm=, nonce=\"b\"",
            &["Digest:68 realm=", "! parameters that cannot be read"],
        ),
        ("malformed: no value", "Digest realm=\"a\", nonce=", &["! parameters that cannot be read"]),
        ("malformed: two values", "Digest realm=\"a\" \"b\"", &["! parameters that cannot be read"]),
        ("malformed: no scheme", "realm=\"a\"", &["! parameters that cannot be read"]),
        (
            "malformed: an octet that is no token",
            "Digest r\u{e9}alm=\"a\"",
            &["! parameters that cannot be read"],
        ),
        (
            "malformed: blanks for commas",
            "Digest realm=\"a\" nonce=\"b\"",
            &["! parameters that cannot be read"],
        ),
        ("malformed behind a good one", "Basic YTpi, Digest realm", &["Basic:68 YTpi", "Digest:68 realm"]),
    ] {
        assert_eq!(split(line), expected, "{source}: {line}");
    }
}

#[test]
fn a_challenge_has_its_parts() {
    // RFC 3261 §20.44
    let line = "Digest realm=\"atlanta.com\",\r\n domain=\"sip:boxesbybob.com\", qop=\"auth\",\
        nonce=\"f84f1cec41e6cbe5aea9c8e88d359\", opaque=\"\", stale=FALSE, algorithm=MD5";
    let challenge = Challenge::read(&scheme(line)).unwrap();
    let expected = Challenge {
        realm: b"atlanta.com".into(),
        nonce: b"f84f1cec41e6cbe5aea9c8e88d359".into(),
        domain: Some(b"sip:boxesbybob.com".into()),
        opaque: Some(b"".into()),
        stale: false,
        algorithm: Some(Algorithm::Md5),
        qops: Qops::AUTH,
        userhash: false,
    };
    assert_eq!(challenge, expected);
    // RFC 7616 §3.9.2
    let line = "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, nonce=\"5Ts\", opaque=\"HRP\", \
        charset=UTF-8, userhash=true, stale=\"TRUE\", unknown=\"x\"";
    let challenge = Challenge::read(&scheme(line)).unwrap();
    assert_eq!(challenge.algorithm, Some(Algorithm::Sha512_256));
    assert!(challenge.userhash && challenge.stale);
}

#[test]
fn what_a_challenge_offers_is_read_from_its_lists() {
    // RFC 7616 §3.3: unknown qualities are ignored, and without the parameter it is the way of RFC 2069.
    for (list, listed, auth, auth_int) in [
        ("qop=\"auth\"", true, true, false),
        ("qop=\"auth-int\"", true, false, true),
        ("qop=\"AUTH , auth-int\"", true, true, true),
        ("qop=auth", true, true, false),
        ("qop=\"new,auth\"", true, true, false),
        ("qop=\"new\"", true, false, false),
        ("x=y", false, false, false),
    ] {
        let line = format!("Digest realm=\"a\", nonce=\"b\", {list}");
        let qops = Challenge::read(&scheme(&line)).unwrap().qops;
        assert_eq!(qops, Qops { listed, auth, auth_int }, "{list}");
    }
    for (name, algorithm) in [
        ("MD5", Some(Algorithm::Md5)),
        ("md5-SESS", Some(Algorithm::Md5Sess)),
        ("\"SHA-256\"", Some(Algorithm::Sha256)),
        ("SHA-512-256-sess", Some(Algorithm::Sha512_256Sess)),
        ("SHA-1", None),
        ("AKAv1-MD5", None),
    ] {
        let line = format!("Digest realm=\"a\", nonce=\"b\", algorithm={name}");
        assert_eq!(Challenge::read(&scheme(&line)).unwrap().algorithm, algorithm, "{name}");
    }
}

#[test]
fn challenges_that_cannot_be_answered_are_told_apart() {
    for (line, bad) in [
        ("Basic realm=\"a\"", BadParameters::Scheme),
        ("Digest nonce=\"b\"", BadParameters::Missing("realm")),
        ("Digest realm=\"a\"", BadParameters::Missing("nonce")),
        ("Digest realm", BadParameters::Missing("realm")),
        ("Digest realm=\"a\", nonce=\"b\", NONCE=\"c\"", BadParameters::Repeated("nonce")),
        ("Digest realm=\"a\", nonce=\"b\", charset=ISO-8859-1", BadParameters::Bad("charset")),
    ] {
        assert_eq!(Challenge::read(&scheme(line)), Err(bad), "{line}");
    }
}

/// RFC 7616 §3.3: what is quoted and what never.
#[test]
fn a_challenge_is_written_with_its_quotes() {
    let challenge = Challenge {
        realm: b"a \"b\" \\".into(),
        nonce: b"n".into(),
        domain: Some(b"sip:a sip:b".into()),
        opaque: Some(b"o".into()),
        stale: true,
        algorithm: Some(Algorithm::Sha256),
        qops: Qops::BOTH,
        userhash: true,
    };
    let text = String::from_utf8(challenge.write()).unwrap();
    assert_eq!(
        text,
        "Digest realm=\"a \\\"b\\\" \\\\\", nonce=\"n\", domain=\"sip:a sip:b\", opaque=\"o\", stale=true, \
         algorithm=SHA-256, qop=\"auth,auth-int\", userhash=true"
    );
    assert_eq!(Challenge::read(&scheme(&text)), Ok(challenge));
}

const GOOD: &str = "Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"n\", uri=\"sip:bob@biloxi.com\", \
    response=\"89eb0059246c02b2f6ee02c7961d5ea3\", algorithm=MD5, qop=auth, nc=0000000A, cnonce=\"0a4f113b\", opaque=\"o\"";

#[test]
fn credentials_have_their_parts() {
    let it = Authorization::read(&scheme(GOOD)).unwrap();
    assert_eq!(it.username, Username::Plain(b"bob".into()));
    assert_eq!(
        (&*it.realm, &*it.nonce, &*it.uri),
        (&b"biloxi.com"[..], &b"n"[..], &b"sip:bob@biloxi.com"[..])
    );
    let protection = it.protection.as_ref().unwrap();
    assert_eq!((protection.qop, protection.nc, &*protection.cnonce), (Qop::Auth, 10, &b"0a4f113b"[..]));
    // What was hashed is what was written, capital letters and all.
    assert_eq!(protection.nc_text(), b"0000000A");
    assert_eq!(it.opaque.as_deref(), Some(&b"o"[..]));
}

#[test]
fn credentials_of_before_rfc_2617_have_no_protection() {
    let line = "Digest username=\"bob\", realm=\"r\", nonce=\"n\", uri=\"sip:b\", response=\"89eb0059246c02b2f6ee02c7961d5ea3\"";
    let it = Authorization::read(&scheme(line)).unwrap();
    assert_eq!((it.protection, it.algorithm), (None, Algorithm::Md5));
}

#[test]
fn a_user_name_comes_in_three_forms() {
    let read = |names: &str| {
        let line = GOOD.replace("username=\"bob\"", names);
        Authorization::read(&scheme(&line)).map(|it| match it.username {
            Username::Plain(name) => format!("plain {}", String::from_utf8_lossy(&name)),
            Username::Hashed(name) => format!("hashed {}", String::from_utf8_lossy(&name)),
        })
    };
    for (source, names, expected) in [
        ("RFC 3261 §25.1", "username=\"J\u{e4}s\u{f8}n Doe\"", Ok("plain J\u{e4}s\u{f8}n Doe")),
        ("RFC 7616 §3.9.2", "username*=UTF-8''J%C3%A4s%C3%B8n%20Doe", Ok("plain J\u{e4}s\u{f8}n Doe")),
        ("RFC 5987 §3.2, a language", "username*=utf-8'en'bob", Ok("plain bob")),
        ("RFC 7616 §3.4.4", "username=\"4888\", userhash=true", Ok("hashed 4888")),
        ("RFC 7616 §3.4", "username=\"bob\", userhash=false", Ok("plain bob")),
        ("RFC 7616 §3.4", "username*=UTF-8''bob, userhash=true", Err(BadParameters::Bad("userhash"))),
        ("RFC 7616 §3.4", "username=\"bob\", username*=UTF-8''bob", Err(BadParameters::Repeated("username"))),
        ("RFC 5987 §3.2, charset", "username*=ISO-8859-1''b%E9", Err(BadParameters::Bad("username*"))),
        ("RFC 5987 §3.2, no quotes", "username*=UTF-8bob", Err(BadParameters::Bad("username*"))),
        ("RFC 5987 §3.2, half an escape", "username*=UTF-8''b%4", Err(BadParameters::Bad("username*"))),
        ("RFC 5987 §3.2, not UTF-8", "username*=UTF-8''b%ff", Err(BadParameters::Bad("username*"))),
        ("RFC 5987 §3.2, no attr-char", "username*=UTF-8''b@c", Err(BadParameters::Bad("username*"))),
    ] {
        assert_eq!(read(names), expected.map(str::to_owned), "{source}: {names}");
    }
}

#[test]
fn malformed_credentials_are_told_apart() {
    let edit = |from: &str, to: &str| GOOD.replace(from, to);
    for (line, bad) in [
        ("Basic YTpi".to_owned(), BadParameters::Scheme),
        (edit("username=\"bob\", ", ""), BadParameters::Missing("username")),
        (edit("realm=\"biloxi.com\", ", ""), BadParameters::Missing("realm")),
        (edit("nonce=\"n\", ", ""), BadParameters::Missing("nonce")),
        (edit("uri=\"sip:bob@biloxi.com\", ", ""), BadParameters::Missing("uri")),
        (edit("response=\"89eb0059246c02b2f6ee02c7961d5ea3\", ", ""), BadParameters::Missing("response")),
        (edit("nc=0000000A, ", ""), BadParameters::Missing("nc")),
        (edit(", cnonce=\"0a4f113b\"", ""), BadParameters::Missing("cnonce")),
        (edit("\"0a4f113b\"", "\"\""), BadParameters::Bad("cnonce")),
        (edit("nc=0000000A", "nc=00000000"), BadParameters::Bad("nc")),
        (edit("nc=0000000A", "nc=1"), BadParameters::Bad("nc")),
        (edit("nc=0000000A", "nc=+0000001"), BadParameters::Bad("nc")),
        (edit("nc=0000000A", "nc=000000010"), BadParameters::Bad("nc")),
        (edit("nc=0000000A", "nc=0000000A, nc=0000000B"), BadParameters::Repeated("nc")),
        (edit("89eb0059", "xxxx0059"), BadParameters::Bad("response")),
        (edit("89eb0059", ""), BadParameters::Bad("response")),
        (edit("algorithm=MD5", "algorithm=SHA-256"), BadParameters::Bad("response")),
        (edit("algorithm=MD5", "algorithm=SHA-1"), BadParameters::UnknownAlgorithm),
        (edit("qop=auth", "qop=auth-conf"), BadParameters::UnknownQop),
    ] {
        assert_eq!(Authorization::read(&scheme(&line)).err(), Some(bad), "{line}");
    }
}

/// RFC 7616 §3.4: what is quoted and what never.
#[test]
fn credentials_are_written_with_their_quotes() {
    let it = Authorization {
        username: Username::Plain(Cow::Borrowed("b\u{f6}b \"x\"".as_bytes())),
        realm: b"r".into(),
        nonce: b"n".into(),
        uri: b"sip:a@b".into(),
        response: b"89eb0059246c02b2f6ee02c7961d5ea3".into(),
        algorithm: Algorithm::Md5,
        protection: Some(Protection::new(Qop::AuthInt, 0x1f, &b"c"[..])),
        opaque: Some(b"o".into()),
    };
    let text = String::from_utf8(it.write()).unwrap();
    assert_eq!(
        text,
        "Digest username=\"b\u{f6}b \\\"x\\\"\", realm=\"r\", nonce=\"n\", uri=\"sip:a@b\", \
         response=\"89eb0059246c02b2f6ee02c7961d5ea3\", algorithm=MD5, qop=auth-int, nc=0000001f, cnonce=\"c\", opaque=\"o\""
    );
    assert_eq!(Authorization::read(&scheme(&text)), Ok(it.clone()));
    // A line end in quotes would end the header.
    let it = Authorization { username: Username::Plain(b"b\r\n\tb%".into()), ..it };
    let text = String::from_utf8(it.write()).unwrap();
    assert!(text.starts_with("Digest username*=UTF-8''b%0D%0A%09b%25, realm"), "{text}");
    assert_eq!(Authorization::read(&scheme(&text)), Ok(it.clone()));
    let it = Authorization { username: Username::Hashed(b"ab".into()), protection: None, ..it };
    let text = String::from_utf8(it.write()).unwrap();
    assert!(text.ends_with("algorithm=MD5, opaque=\"o\", userhash=true"), "{text}");
    assert_eq!(Authorization::read(&scheme(&text)), Ok(it));
}

#[test]
fn authentication_info_is_read_and_written() {
    // RFC 3261 §20.6
    let info = AuthenticationInfo::read(b"nextnonce=\"47364c23432d2e131a5fb210812c\"").unwrap();
    assert_eq!(info.nextnonce.as_deref(), Some(&b"47364c23432d2e131a5fb210812c"[..]));
    let text = b"nextnonce=\"n\", qop=auth-int, rspauth=\"ab\", cnonce=\"c\", nc=00000001";
    let info = AuthenticationInfo::read(text).unwrap();
    assert_eq!(info.qop, Some(Qop::AuthInt));
    assert_eq!(info.write(), text);
    assert_eq!(AuthenticationInfo::default().write(), b"");
    assert_eq!(AuthenticationInfo::read(b""), Ok(AuthenticationInfo::default()));
    for (value, bad) in [
        (&b"Digest nextnonce=\"n\""[..], BadParameters::Syntax),
        (b"nextnonce", BadParameters::Syntax),
        (b"nextnonce=\"n", BadParameters::Syntax),
        (b"nc=1, nc=2", BadParameters::Repeated("nc")),
        (b"nc=\"1, x=2\"", BadParameters::Bad("nc")),
        (b"qop=other", BadParameters::UnknownQop),
    ] {
        assert_eq!(AuthenticationInfo::read(value), Err(bad), "{value:?}");
    }
}

#[test]
fn who_asks_decides_status_and_headers() {
    let shown = |asker: Asker| {
        let (challenge, credentials) = (asker.challenge_header().name(), asker.credentials_header().name());
        let info = String::from_utf8_lossy(asker.info_header().as_bytes()).into_owned();
        format!("{} {challenge} {credentials} {info}", asker.status())
    };
    assert_eq!(shown(Asker::Server), "401 WWW-Authenticate Authorization Authentication-Info");
    assert_eq!(shown(Asker::Proxy), "407 Proxy-Authenticate Proxy-Authorization Proxy-Authentication-Info");
}
