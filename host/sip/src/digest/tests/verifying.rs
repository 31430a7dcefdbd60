//! The server's side: RFC 3261 §22.1 to §22.4, RFC 7616 §3.3, §3.4, RFC 8760 §2.

use super::*;

const KEY: NonceKey = NonceKey::new([1, 2]);

fn realm() -> Realm {
    Realm::new("biloxi.com")
}

fn verifier() -> Verifier {
    Verifier::new(KEY, None, 7, 100, at(1000))
}

/// Credentials of a client that answers this realm's challenges with that nonce.
struct Answer<'a> {
    asker: Asker,
    algorithm: Algorithm,
    qop: Option<Qop>,
    nc: u32,
    cnonce: &'a str,
    nonce: String,
    username: &'a str,
    password: &'a str,
    uri: &'a str,
}

impl Answer<'_> {
    fn line(&self, method: &str, body: &str) -> String {
        let function = self.algorithm.function();
        let ha1 = Ha1::new(function, self.username.as_bytes(), b"biloxi.com", self.password.as_bytes());
        let protection = self.qop.map(|qop| Protection::new(qop, self.nc, self.cnonce.as_bytes()));
        let exchange = Exchange {
            algorithm: self.algorithm,
            method: method.as_bytes(),
            uri: self.uri.as_bytes(),
            nonce: self.nonce.as_bytes(),
            protection: protection.as_ref(),
            session: None,
            body: body.as_bytes(),
        };
        let response = exchange.response(&ha1);
        let value = Authorization {
            username: Username::Plain(self.username.as_bytes().into()),
            realm: b"biloxi.com".into(),
            nonce: self.nonce.as_bytes().into(),
            uri: self.uri.as_bytes().into(),
            response: response.as_bytes().into(),
            algorithm: self.algorithm,
            protection: protection.clone(),
            opaque: None,
        }
        .write();
        format!("{}: {}\r\n", self.asker.credentials_header().name(), String::from_utf8(value).unwrap())
    }

    fn request(&self) -> Message {
        request("INVITE", "sip:bob@biloxi.com", &self.line("INVITE", "body"), "body")
    }
}

fn answer(nonce: String) -> Answer<'static> {
    Answer {
        asker: Asker::Server,
        algorithm: Algorithm::Sha256,
        qop: Some(Qop::Auth),
        nc: 1,
        cnonce: "0a4f113b",
        nonce,
        username: "bob",
        password: "zanzibar",
        uri: "sip:bob@biloxi.com",
    }
}

/// The credentials of bob, and of nobody else.
fn ha1(claim: &Claim<'_>) -> Option<Ha1> {
    let is_bob = claim.is_of(b"bob", b"biloxi.com");
    is_bob.then(|| Ha1::new(claim.algorithm().function(), b"bob", b"biloxi.com", b"zanzibar"))
}

fn check(verifier: &mut Verifier, realm: &Realm, request: &Message, now: u64) -> Result<(), Refusal> {
    verifier.check(realm, Asker::Server, request, b"", at(now), ha1).map(drop)
}

#[test]
fn a_realm_asks_once_for_each_algorithm_in_order_of_preference() {
    let mut verifier = verifier();
    let asked: Vec<String> = verifier
        .challenges(&realm(), Asker::Server, Refusal::NoCredentials, b"", at(1000))
        .into_iter()
        .map(|value| String::from_utf8(value).unwrap())
        .collect();
    assert_eq!(asked.len(), 2);
    // RFC 8760 §2.3: the topmost is the preferred one.
    let read: Vec<_> = asked.iter().map(|it| Challenge::read(&scheme(it)).unwrap()).collect();
    assert_eq!(read[0].algorithm, Some(Algorithm::Sha256));
    assert_eq!(read[1].algorithm, Some(Algorithm::Md5));
    for challenge in &read {
        assert_eq!(
            (&*challenge.realm, challenge.qops, challenge.stale),
            (&b"biloxi.com"[..], Qops::AUTH, false)
        );
    }
    let again = verifier.challenges(&realm(), Asker::Server, Refusal::StaleNonce, b"", at(1000));
    let again = String::from_utf8(again[0].clone()).unwrap();
    let again = Challenge::read(&scheme(&again)).unwrap();
    assert!(again.stale);
    assert_ne!(again.nonce, read[0].nonce, "two nonces of one moment differ");
}

/// RFC 7616 §3.3: `domain` means nothing to a proxy.
#[test]
fn the_domain_is_named_by_servers_alone() {
    let realm = Realm { domain: Some("sip:biloxi.com".to_owned()), ..realm() };
    for (asker, named) in [(Asker::Server, true), (Asker::Proxy, false)] {
        let asked = verifier().challenges(&realm, asker, Refusal::NoCredentials, b"", at(1000));
        let asked = String::from_utf8(asked[0].clone()).unwrap();
        assert_eq!(asked.contains("domain=\"sip:biloxi.com\""), named, "{asked}");
    }
}

#[test]
fn the_right_credentials_are_let_in() {
    let realm = Realm { algorithms: Algorithm::ALL.to_vec(), qops: Qops::BOTH, ..realm() };
    for asker in Asker::ALL {
        for algorithm in Algorithm::ALL {
            for qop in [Qop::Auth, Qop::AuthInt] {
                let mut verifier = verifier();
                let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
                let request = Answer { asker, algorithm, qop: Some(qop), ..answer(nonce) }.request();
                let proven = verifier.check(&realm, asker, &request, b"", at(1001), ha1);
                let proven =
                    proven.unwrap_or_else(|refusal| panic!("{asker:?} {algorithm} {qop:?}: {refusal}"));
                assert_eq!(proven.claim.authorization().username, Username::Plain(b"bob".into()));
                let info = AuthenticationInfo::read(&proven.info).unwrap();
                // The proof over a body that nobody knows yet is left out.
                assert_eq!(info.rspauth.is_some(), qop == Qop::Auth);
                let other = if asker == Asker::Server { Asker::Proxy } else { Asker::Server };
                let elsewhere = verifier.check(&realm, other, &request, b"", at(1001), ha1);
                assert_eq!(elsewhere.map(drop), Err(Refusal::NoCredentials), "the other header");
            }
        }
    }
}

#[test]
fn every_reason_for_a_refusal_is_told_apart() {
    let realm = realm();
    let mut verifier = verifier();
    let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
    let good = || answer(nonce.clone());
    let mut foreign = Verifier::new(NonceKey::new([9, 9]), None, 7, 100, at(1000));
    let mut elsewhere = Verifier::new(KEY, None, 8, 100, at(1000));
    let text = |answer: Answer<'_>| answer.line("INVITE", "body");
    let rows = [
        (String::new(), Refusal::NoCredentials),
        ("Authorization: Basic YTpi\r\n".to_owned(), Refusal::NoCredentials),
        (text(good()).replace("biloxi.com\", nonce", "other\", nonce"), Refusal::NoCredentials),
        (text(good()).replace(", nc=00000001", ""), Refusal::Malformed(BadParameters::Missing("nc"))),
        (text(good()).replace("response=\"", "response="), Refusal::Malformed(BadParameters::Syntax)),
        (text(Answer { algorithm: Algorithm::Sha512_256, ..good() }), Refusal::Algorithm),
        (text(good()).replace("algorithm=SHA-256", "algorithm=SHA-3"), Refusal::Algorithm),
        (text(Answer { qop: Some(Qop::AuthInt), ..good() }), Refusal::Qop),
        (text(good()).replace("qop=auth", "qop=new"), Refusal::Qop),
        (text(good()).replace("\r\n", ", userhash=true\r\n"), Refusal::Userhash),
        (text(Answer { uri: "sip:bob@elsewhere.com", ..good() }), Refusal::Uri),
        (text(answer("dcd98b7102dd2f0e8b11d0f600bfb0c093".to_owned())), Refusal::ForeignNonce),
        (text(answer(foreign.mint(&realm, b"", at(1000)).to_string())), Refusal::ForeignNonce),
        (text(answer(verifier.mint(&realm, b"else", at(1000)).to_string())), Refusal::ForeignNonce),
        (text(answer(elsewhere.mint(&realm, b"", at(1000)).to_string())), Refusal::StaleNonce),
        (text(Answer { password: "zanzibaR", ..good() }), Refusal::WrongResponse),
        (text(Answer { username: "alice", ..good() }), Refusal::WrongResponse),
        (good().line("BYE", "body"), Refusal::WrongResponse),
    ];
    for (lines, expected) in rows {
        let request = request("INVITE", "sip:bob@biloxi.com", &lines, "body");
        assert_eq!(check(&mut verifier, &realm, &request, 1001), Err(expected), "{lines}");
    }
    assert_eq!(verifier.nonces(), 0, "who is not let in leaves nothing behind");
    assert_eq!(check(&mut verifier, &realm, &good().request(), 1301), Err(Refusal::StaleNonce), "expired");
    assert_eq!(check(&mut verifier, &realm, &good().request(), 1300), Ok(()));
    assert_eq!(check(&mut verifier, &realm, &good().request(), 1300), Err(Refusal::Replayed));
    assert_eq!(check(&mut verifier, &realm, &Answer { nc: 2, ..good() }.request(), 1300), Ok(()));
}

/// RFC 3261 §22.4, RFC 2069: neither quality nor count nor client nonce.
#[test]
fn an_old_client_is_let_in_once_with_a_nonce() {
    let (old, auth_int) = (realm(), Realm { qops: Qops::AUTH_INT, ..realm() });
    let session = Realm { algorithms: vec![Algorithm::Sha256Sess], ..realm() };
    for (realm, algorithm, expected) in [
        (&old, Algorithm::Md5, Ok(())),
        (&old, Algorithm::Sha256, Ok(())),
        (&auth_int, Algorithm::Md5, Err(Refusal::Qop)),
        (&session, Algorithm::Sha256Sess, Err(Refusal::Qop)),
    ] {
        let mut verifier = verifier();
        let nonce = verifier.mint(realm, b"", at(1000)).to_string();
        let request = Answer { qop: None, algorithm, ..answer(nonce) }.request();
        assert_eq!(check(&mut verifier, realm, &request, 1001), expected, "{algorithm}");
        if expected.is_ok() {
            assert_eq!(check(&mut verifier, realm, &request, 1001), Err(Refusal::Replayed), "{algorithm}");
        }
    }
}

#[test]
fn a_refusal_knows_its_answer() {
    for refusal in Refusal::ALL {
        let is_malformed = matches!(refusal, Refusal::Malformed(_));
        for asker in Asker::ALL {
            // RFC 7616 §3.4: improper or missing parameters are a 4xx of their own.
            assert_eq!(refusal.status(asker), if is_malformed { 400 } else { asker.status() });
        }
    }
    // RFC 7616 §3.3: stale says that the secret is not in question.
    let stale: Vec<&str> = Refusal::ALL.iter().filter(|it| it.is_stale()).map(|it| it.name()).collect();
    assert_eq!(stale, ["opaque", "foreign-nonce", "stale-nonce", "replayed"]);
}

#[test]
fn a_body_that_was_changed_is_found_with_auth_int_alone() {
    let realm = Realm { qops: Qops::BOTH, ..realm() };
    for (qop, expected) in [(Qop::Auth, Ok(())), (Qop::AuthInt, Err(Refusal::WrongResponse))] {
        let mut verifier = verifier();
        let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
        let lines = Answer { qop: Some(qop), ..answer(nonce) }.line("INVITE", "body");
        let changed = request("INVITE", "sip:bob@biloxi.com", &lines, "bodY");
        assert_eq!(check(&mut verifier, &realm, &changed, 1000), expected, "{qop:?}");
    }
}

/// RFC 3261 §22.4: proxies rewrite the Request-URI, so how much may differ is the server's choice.
#[test]
fn the_uri_is_compared_by_the_realms_rule() {
    use UriRule::{Any, Equivalent, SameHost};
    for (rule, told, requested, holds) in [
        (Equivalent, "sip:bob@biloxi.com", "sip:bob@biloxi.com", true),
        (Equivalent, "sip:bob@BILOXI.com;x=1", "sip:%62ob@biloxi.com", true),
        (Equivalent, "sip:alice@biloxi.com", "sip:bob@biloxi.com", false),
        (Equivalent, "sip:biloxi.com", "sip:bob@biloxi.com", false),
        (SameHost, "sip:biloxi.com", "sip:bob@biloxi.com;transport=tcp", true),
        (SameHost, "sips:alice@Biloxi.Com:5061", "sip:bob@biloxi.com", true),
        (SameHost, "sip:bob@atlanta.com", "sip:bob@biloxi.com", false),
        (SameHost, "tel:+1", "tel:+1", true),
        (SameHost, "tel:+1", "tel:+2", false),
        (SameHost, "/index.html", "sip:bob@biloxi.com", false),
        (Any, "sip:bob@atlanta.com", "sip:bob@biloxi.com", true),
        (Any, "*", "sip:bob@biloxi.com", true),
    ] {
        let realm = Realm { uri_rule: rule, ..realm() };
        let mut verifier = verifier();
        let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
        let lines = Answer { uri: told, ..answer(nonce) }.line("INVITE", "");
        let request = request("INVITE", requested, &lines, "");
        let expected = if holds { Ok(()) } else { Err(Refusal::Uri) };
        assert_eq!(
            check(&mut verifier, &realm, &request, 1000),
            expected,
            "{rule:?}: {told} for {requested}"
        );
    }
}

#[test]
fn an_opaque_that_was_sent_has_to_come_back() {
    let realm = Realm { opaque: Some("o-1".to_owned()), ..realm() };
    let mut verifier = verifier();
    let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
    let lines = answer(nonce).line("INVITE", "");
    for (opaque, expected) in
        [("", Err(Refusal::Opaque)), (", opaque=\"o-2\"", Err(Refusal::Opaque)), (", opaque=\"o-1\"", Ok(()))]
    {
        let lines = lines.replace("\r\n", &format!("{opaque}\r\n"));
        let request = request("INVITE", "sip:bob@biloxi.com", &lines, "");
        assert_eq!(check(&mut verifier, &realm, &request, 1000), expected, "{opaque}");
    }
}

/// RFC 7616 §3.4.4.
#[test]
fn a_hashed_user_name_is_found_where_it_was_offered() {
    let realm = Realm { userhash: true, ..realm() };
    let mut verifier = verifier();
    let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
    let hash = hash::userhash(HashFunction::Sha256, b"bob", b"biloxi.com");
    let named = format!("username=\"{hash}\", userhash=true");
    let lines = answer(nonce).line("INVITE", "").replace("username=\"bob\"", &named);
    let request = request("INVITE", "sip:bob@biloxi.com", &lines, "");
    assert_eq!(check(&mut verifier, &realm, &request, 1000), Ok(()));
    let asked = verifier.challenges(&realm, Asker::Server, Refusal::NoCredentials, b"", at(1000));
    assert!(String::from_utf8_lossy(&asked[0]).ends_with("userhash=true"));
}

/// RFC 3261 §22.3: credentials for several realms may be there.
#[test]
fn the_credentials_of_the_realm_are_found_among_others() {
    let realm = realm();
    let mut verifier = verifier();
    let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
    let own = answer(nonce).line("INVITE", "");
    let one_line = own.replace("Authorization: ", "Authorization: Basic YTpi, ");
    for lines in [
        format!("Authorization: Digest realm=\"other\", nonce=\"x\"\r\n{own}"),
        format!("Authorization: Digest realm=\"oth\r\nAuthorization: Basic YTpi\r\n{own}"),
        one_line,
    ] {
        let request = request("INVITE", "sip:bob@biloxi.com", &lines, "");
        let claim = realm.claim(&request, Asker::Server).map(|claim| claim.nc());
        assert_eq!(claim, Ok(1), "{lines}");
    }
}

/// RFC 7616 §3.4.2: the key of a session is made once.
#[test]
fn a_session_key_is_that_of_the_nonces_first_use() {
    let realm = Realm { algorithms: vec![Algorithm::Sha256Sess], ..realm() };
    let mut verifier = verifier();
    let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
    let login = AuthInfo::new().with(None, None, Login::with_password("bob", "zanzibar"));
    let mut client = Client::new();
    let challenge =
        realm.challenges(Asker::Server, &Nonce::read(nonce.as_bytes()).unwrap(), false).next().unwrap();
    let asked = format!("WWW-Authenticate: {}\r\n", String::from_utf8(challenge).unwrap());
    client.on_challenge(&response(401, &asked), &login).unwrap();
    for cnonce in ["first", "second", "third"] {
        let sent = Request { method: b"INVITE", uri: b"sip:bob@biloxi.com", body: b"" };
        let headers = client.authorize(&sent, &login, cnonce);
        let lines = format!("Authorization: {}\r\n", String::from_utf8_lossy(&headers[0].value));
        let request = request("INVITE", "sip:bob@biloxi.com", &lines, "");
        assert_eq!(check(&mut verifier, &realm, &request, 1000), Ok(()), "{cnonce}");
    }
}

#[test]
fn after_a_change_of_keys_nonces_of_the_last_one_are_good() {
    let realm = realm();
    let mut verifier = verifier();
    let nonce = verifier.mint(&realm, b"", at(1000)).to_string();
    verifier.rotate(NonceKey::new([5, 6]));
    assert_eq!(check(&mut verifier, &realm, &answer(nonce.clone()).request(), 1000), Ok(()));
    verifier.rotate(NonceKey::new([7, 8]));
    let next = Answer { nc: 2, ..answer(nonce) }.request();
    assert_eq!(check(&mut verifier, &realm, &next, 1000), Err(Refusal::ForeignNonce));
}

/// The table of a server that was started again, or that took over, is empty.
#[test]
fn after_a_restart_a_replay_is_not_let_in() {
    let realm = realm();
    let mut first = verifier();
    let nonce = first.mint(&realm, b"", at(1000)).to_string();
    let request = answer(nonce).request();
    assert_eq!(check(&mut first, &realm, &request, 1001), Ok(()));
    let mut second = Verifier::new(KEY, None, 7, 100, at(1002));
    assert_eq!(check(&mut second, &realm, &request, 1003), Err(Refusal::StaleNonce));
}

#[test]
fn nobody_is_asked_for_a_secret_before_the_nonce_is_good() {
    let realm = realm();
    let request = answer("0".repeat(64)).request();
    let never = |_: &Claim<'_>| panic!("the lookup is the dear part");
    let refused = verifier().check(&realm, Asker::Server, &request, b"", at(1000), never);
    assert_eq!(refused.map(drop), Err(Refusal::ForeignNonce));
}
