//! The client's side: which challenges are answered, and how (RFC 3261 §22.2, §22.3, RFC 8760 §2.4, RFC 7616 §3.4).

use super::*;

fn logins() -> AuthInfo {
    AuthInfo::new().with(None, None, Login::with_password("bob", "zanzibar"))
}

const INVITE: Request<'static> = Request { method: b"INVITE", uri: b"sip:bob@biloxi.com", body: b"body" };

/// The headers of an answer to a response with these lines.
fn answered(status: u16, lines: &str, logins: &AuthInfo) -> Result<Vec<String>, GiveUp> {
    let mut client = Client::new();
    client.on_challenge(&response(status, lines), logins)?;
    Ok(headers(&mut client, logins, "0a4f113b"))
}

fn headers(client: &mut Client, logins: &AuthInfo, cnonce: &str) -> Vec<String> {
    let shown =
        |header: Header| format!("{}: {}", header.id.name(), String::from_utf8(header.value).unwrap());
    client.authorize(&INVITE, logins, cnonce).into_iter().map(shown).collect()
}

/// Header, realm, algorithm and nonce of an answer in a word.
fn word(header: &str) -> String {
    let (name, value) = header.split_once(": ").unwrap();
    let scheme = scheme(value);
    let it = Authorization::read(&scheme).unwrap();
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    format!("{name} {} {} {}", text(&it.realm), it.algorithm, text(&it.nonce))
}

fn words(status: u16, lines: &str, logins: &AuthInfo) -> Result<Vec<String>, GiveUp> {
    Ok(answered(status, lines, logins)?.iter().map(|header| word(header)).collect())
}

#[test]
fn a_challenge_is_answered_in_its_own_words() {
    // The drafted examples for SIP, RFC 7616 §3.4 for the quotes.
    let lines = "WWW-Authenticate: Digest realm=\"biloxi.com\", qop=\"auth,auth-int\", algorithm=MD5, \
        nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"\r\n";
    assert_eq!(
        answered(401, lines, &logins()).unwrap(),
        [
            "Authorization: Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
          uri=\"sip:bob@biloxi.com\", response=\"89eb0059246c02b2f6ee02c7961d5ea3\", algorithm=MD5, qop=auth, nc=00000001, \
          cnonce=\"0a4f113b\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
        ]
    );
    // RFC 2069: neither quality nor count.
    let lines =
        "Proxy-Authenticate: Digest realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"\r\n";
    assert_eq!(
        answered(407, lines, &logins()).unwrap(),
        [
            "Proxy-Authorization: Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", \
          uri=\"sip:bob@biloxi.com\", response=\"bf57e4e0d0bffc0fbaedce64d59add5e\", algorithm=MD5"
        ]
    );
}

#[test]
fn a_hashed_user_name_is_sent_where_it_is_offered() {
    let lines = "WWW-Authenticate: Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, \
        nonce=\"n\", charset=UTF-8, userhash=true\r\n";
    let jason =
        AuthInfo::new().with(None, None, Login::with_password("J\u{e4}s\u{f8}n Doe", "Secret, or not?"));
    let sent = &answered(401, lines, &jason).unwrap()[0];
    assert!(
        sent.contains("username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\""),
        "{sent}"
    );
    assert!(sent.ends_with("userhash=true"), "{sent}");
}

fn www(realm: &str, algorithm: &str, nonce: &str) -> String {
    format!(
        "WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", algorithm={algorithm}, qop=\"auth\"\r\n"
    )
}

fn proxy(realm: &str, nonce: &str) -> String {
    format!("Proxy-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"\r\n")
}

#[test]
fn the_topmost_challenge_that_can_be_answered_decides() {
    let ha1 = |function| Ha1::new(function, b"bob", b"r", b"zanzibar");
    let with = |known: &[HashFunction]| {
        AuthInfo::new().with(None, None, Login::with_ha1("bob", known.iter().copied().map(ha1).collect()))
    };
    let all = www("r", "SHA-512-256", "1") + &www("r", "SHA-256", "2") + &www("r", "MD5", "3");
    let unknown_first = www("r", "SHA-1", "0") + &www("r", "MD5", "3") + &www("r", "SHA-256", "2");
    for (source, lines, logins, expected) in [
        ("RFC 8760 §2.4", &all, logins(), "Authorization r SHA-512-256 1"),
        ("RFC 8760 §2.4, unknown ones are ignored", &unknown_first, logins(), "Authorization r MD5 3"),
        ("what the secret permits", &all, with(&[HashFunction::Md5]), "Authorization r MD5 3"),
        (
            "what the secret permits",
            &all,
            with(&[HashFunction::Md5, HashFunction::Sha256]),
            "Authorization r SHA-256 2",
        ),
    ] {
        assert_eq!(words(401, lines, &logins), Ok(vec![expected.to_owned()]), "{source}: {lines}");
    }
    assert_eq!(
        words(401, &www("r", "SHA-256", "1"), &with(&[HashFunction::Md5])),
        Err(GiveUp::NoLogin("r".to_owned()))
    );
}

/// RFC 3261 §22.3, §16.7: a proxy that forked puts all challenges into one response.
#[test]
fn all_realms_of_a_forked_request_are_answered() {
    let lines = proxy("a", "1")
        + &www("b", "MD5", "2")
        + &proxy("c", "3")
        + &www("b", "MD5", "4")
        + &www("b", "MD5", "4");
    for status in [401, 407] {
        assert_eq!(
            words(status, &lines, &logins()).unwrap(),
            // Two servers of one realm each know their own nonce.
            [
                "Authorization b MD5 2",
                "Authorization b MD5 4",
                "Proxy-Authorization a MD5 1",
                "Proxy-Authorization c MD5 3"
            ]
        );
    }
    let only_c = AuthInfo::new().with(None, Some("c"), Login::with_password("bob", "zanzibar"));
    assert_eq!(words(407, &lines, &only_c).unwrap(), ["Proxy-Authorization c MD5 3"]);
}

#[test]
fn a_login_is_chosen_by_realm_and_by_who_asks() {
    let login = |name: &str| Login::with_password(name, "x");
    let info = AuthInfo::new()
        .with(None, None, login("any"))
        .with(None, None, login("later"))
        .with(Some(Asker::Proxy), None, login("proxy"))
        .with(None, Some("a"), login("a"))
        .with(Some(Asker::Proxy), Some("a"), login("a-proxy"));
    let found = |asker, realm: &str| info.find(asker, realm.as_bytes()).map(Login::username);
    assert_eq!(found(Asker::Server, "b"), Some("any"));
    assert_eq!(found(Asker::Proxy, "b"), Some("proxy"));
    assert_eq!(found(Asker::Server, "a"), Some("a"));
    assert_eq!(found(Asker::Proxy, "a"), Some("a-proxy"));
    assert!(AuthInfo::new().find(Asker::Server, b"a").is_none());
}

#[test]
fn what_cannot_be_answered_is_told_apart() {
    let nobody = AuthInfo::new();
    let good = www("r", "MD5", "1");
    let many: String = (0..9).map(|number| www(&format!("r{number}"), "MD5", "1")).collect();
    for (lines, logins, expected) in [
        (String::new(), &logins(), GiveUp::NoChallenge),
        ("WWW-Authenticate: Basic realm=\"r\"\r\n".to_owned(), &logins(), GiveUp::NoChallenge),
        ("WWW-Authenticate: Digest realm=\"r\r\n".to_owned(), &logins(), GiveUp::NoChallenge),
        ("WWW-Authenticate: Digest realm=\"r\"\r\n".to_owned(), &logins(), GiveUp::NoChallenge),
        (www("r", "SHA-1", "1"), &logins(), GiveUp::Unsupported),
        (good.replace("\"auth\"", "\"new\""), &logins(), GiveUp::Unsupported),
        (good.replace("MD5, qop=\"auth\"", "MD5-sess"), &logins(), GiveUp::Unsupported),
        (good.clone(), &nobody, GiveUp::NoLogin("r".to_owned())),
        (format!("WWW-Authenticate: Digest\r\n{good}"), &nobody, GiveUp::NoLogin("r".to_owned())),
        (many, &logins(), GiveUp::TooManyRealms),
    ] {
        assert_eq!(words(401, &lines, logins), Err(expected), "{lines}");
    }
    // One that cannot be read does not spoil another one.
    let both = format!("WWW-Authenticate: Digest realm=\"r\r\n{good}");
    assert_eq!(words(401, &both, &logins()).unwrap(), ["Authorization r MD5 1"]);
}

#[test]
fn a_flood_of_challenges_is_looked_at_up_to_a_bound() {
    let flood =
        format!("WWW-Authenticate: {}\r\n", "Digest realm=\"r\", nonce=\"n\", qop=auth, ".repeat(1000));
    let sent = answered(401, &flood, &logins()).unwrap();
    assert_eq!(sent.len(), 1);
    let nonces: String = (0..100).map(|number| www("r", "MD5", &number.to_string())).collect();
    assert_eq!(answered(401, &nonces, &logins()).unwrap().len(), Client::FORKS_MAX);
}

/// RFC 7616 §3.4: `auth-int` is over the body.
#[test]
fn auth_int_is_used_where_nothing_else_is_offered() {
    let lines = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"\r\n";
    let sent = &answered(401, lines, &logins()).unwrap()[0];
    assert!(sent.contains("qop=auth-int"), "{sent}");
}
