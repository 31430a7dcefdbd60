//! The client's side over several requests: counts, next nonces, when to give up, and whether the server knows the secret
//! (RFC 7616 §3.4 to §3.6, RFC 3261 §22.2).

use super::*;

const REGISTER: Request<'static> = Request { method: b"REGISTER", uri: b"sip:biloxi.com", body: b"" };

fn logins() -> AuthInfo {
    AuthInfo::new().with(None, None, Login::with_password("bob", "zanzibar"))
}

fn others() -> AuthInfo {
    AuthInfo::new().with(None, None, Login::with_password("bob", "tanganyika"))
}

fn ask(nonce: &str, more: &str) -> Message {
    response(401, &format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{nonce}\", qop=\"auth\"{more}\r\n"))
}

fn ask_proxy(realm: &str, nonce: &str) -> Message {
    response(
        407,
        &format!("Proxy-Authenticate: Digest realm=\"{realm}\", nonce=\"{nonce}\", qop=\"auth\"\r\n"),
    )
}

fn ok(lines: &str) -> Message {
    response(200, lines)
}

/// Nonce and count of each answer.
fn send(client: &mut Client, logins: &AuthInfo) -> Vec<(String, u32)> {
    let sent = client.authorize(&REGISTER, logins, "0a4f113b");
    let read = |header: &Header| {
        let text = String::from_utf8(header.value.clone()).unwrap();
        let it = scheme(&text);
        let it = Authorization::read(&it).unwrap();
        (String::from_utf8_lossy(&it.nonce).into_owned(), it.protection.unwrap().nc)
    };
    sent.iter().map(read).collect()
}

fn sent(nonce: &str, nc: u32) -> Vec<(String, u32)> {
    vec![(nonce.to_owned(), nc)]
}

#[test]
fn later_requests_carry_credentials_before_anybody_asks() {
    let mut client = Client::new();
    assert!(send(&mut client, &logins()).is_empty() && client.is_empty());
    client.on_challenge(&ask("1", ""), &logins()).unwrap();
    assert_eq!(send(&mut client, &logins()), sent("1", 1));
    assert_eq!(client.on_response(&ok("")), ServerProof::Absent);
    assert_eq!(send(&mut client, &logins()), sent("1", 2));
    assert_eq!(send(&mut client, &logins()), sent("1", 3));
    assert!(send(&mut client, &AuthInfo::new()).is_empty(), "no secret is kept");
    assert_eq!(client.realms().collect::<Vec<_>>(), [(Asker::Server, &b"r"[..])]);
}

#[test]
fn the_next_nonce_is_taken_and_counted_anew() {
    let mut client = Client::new();
    client.on_challenge(&ask("1", ""), &logins()).unwrap();
    assert_eq!(send(&mut client, &logins()), sent("1", 1));
    client.on_response(&ok("Authentication-Info: nextnonce=\"2\"\r\n"));
    assert_eq!(send(&mut client, &logins()), sent("2", 1));
    // Somebody else's header, or one that cannot be read.
    client.on_response(&ok(
        "Proxy-Authentication-Info: nextnonce=\"3\"\r\nAuthentication-Info: nextnonce=\"4\r\n",
    ));
    assert_eq!(send(&mut client, &logins()), sent("2", 2));
}

#[test]
fn a_rejected_login_is_not_tried_again() {
    let rejected = Err(GiveUp::Rejected("r".to_owned()));
    for again in ["1", "2"] {
        let mut client = Client::new();
        client.on_challenge(&ask("1", ""), &logins()).unwrap();
        assert_eq!(send(&mut client, &logins()), sent("1", 1));
        let before = client.clone();
        assert_eq!(client.on_challenge(&ask(again, ""), &logins()), rejected, "nonce {again}");
        assert_eq!(client, before, "who gives up changes nothing");
        // Another password is another login.
        assert_eq!(client.on_challenge(&ask("3", ""), &others()), Ok(()));
        assert_eq!(send(&mut client, &others()), sent("3", 1));
        assert_eq!(client.on_challenge(&ask("4", ""), &others()), rejected);
    }
}

#[test]
fn a_stale_nonce_is_replaced_but_not_for_ever() {
    let mut client = Client::new();
    client.on_challenge(&ask("1", ""), &logins()).unwrap();
    for nonce in ["2", "3"] {
        send(&mut client, &logins());
        assert_eq!(client.on_challenge(&ask(nonce, ", stale=TRUE"), &logins()), Ok(()));
        assert_eq!(send(&mut client, &logins()), sent(nonce, 1));
    }
    assert_eq!(
        client.on_challenge(&ask("4", ", stale=true"), &logins()),
        Err(GiveUp::Endless("r".to_owned()))
    );
    // After a success the count of challenges begins anew.
    client.on_response(&ok(""));
    assert_eq!(client.on_challenge(&ask("5", ", stale=true"), &logins()), Ok(()));
}

/// A nonce for one request only, whose server does not say `stale`.
#[test]
fn a_new_nonce_after_a_success_is_answered_once() {
    let mut client = Client::new();
    client.on_challenge(&ask("1", ""), &logins()).unwrap();
    send(&mut client, &logins());
    client.on_response(&ok(""));
    send(&mut client, &logins());
    assert_eq!(client.on_challenge(&ask("2", ""), &logins()), Ok(()));
    assert_eq!(send(&mut client, &logins()), sent("2", 1));
    assert_eq!(client.on_challenge(&ask("3", ""), &logins()), Err(GiveUp::Rejected("r".to_owned())));
}

/// RFC 3261 §22.3: proxies and server ask one after the other.
#[test]
fn a_way_of_proxies_is_answered_one_by_one() {
    let mut client = Client::new();
    client.on_challenge(&ask_proxy("a", "1"), &logins()).unwrap();
    assert_eq!(send(&mut client, &logins()), sent("1", 1));
    client.on_challenge(&ask_proxy("b", "2"), &logins()).unwrap();
    assert_eq!(send(&mut client, &logins()), [("1".to_owned(), 2), ("2".to_owned(), 1)]);
    client.on_challenge(&ask("3", ""), &logins()).unwrap();
    assert_eq!(send(&mut client, &logins()), [("1".to_owned(), 3), ("2".to_owned(), 2), ("3".to_owned(), 1)]);
    // The first proxy lets a nonce be used once: it has let the request pass before.
    assert_eq!(client.on_challenge(&ask_proxy("a", "4"), &logins()), Ok(()));
    // Two that send the request to and fro do it a bounded number of times.
    let endless = (0..100).find_map(|round| {
        send(&mut client, &logins());
        let realm = if round % 2 == 0 { "b" } else { "a" };
        client.on_challenge(&ask_proxy(realm, &round.to_string()), &logins()).err()
    });
    assert_eq!(endless, Some(GiveUp::Endless("b".to_owned())));
}

#[test]
fn realms_are_bounded_over_time() {
    let mut client = Client::new();
    for number in 0..Client::REALMS_MAX {
        assert_eq!(client.on_challenge(&ask_proxy(&number.to_string(), "1"), &logins()), Ok(()));
        client.on_response(&ok(""));
    }
    assert_eq!(client.on_challenge(&ask_proxy("one more", "1"), &logins()), Err(GiveUp::TooManyRealms));
    assert_eq!(client.on_challenge(&ask_proxy("3", "2"), &logins()), Ok(()));
}

/// RFC 7616 §3.5: the server proves that it knows the secret too.
#[test]
fn the_servers_proof_is_checked() {
    let good = "9175a7857f138ef9768651f475f1d73a";
    let asked = "WWW-Authenticate: Digest realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", qop=\"auth\"\r\n";
    let invite = Request { method: b"INVITE", uri: b"sip:bob@biloxi.com", body: b"x" };
    for (info, expected) in [
        (format!("rspauth=\"{good}\", qop=auth, nc=00000001, cnonce=\"0a4f113b\""), ServerProof::Right),
        (format!("rspauth=\"{}\"", good.to_uppercase()), ServerProof::Right),
        (format!("rspauth=\"{}\"", good.replace('9', "8")), ServerProof::Wrong),
        (format!("rspauth=\"{good}\", cnonce=\"other\""), ServerProof::Absent),
        (format!("rspauth=\"{good}\", nc=00000002"), ServerProof::Absent),
        ("nextnonce=\"2\"".to_owned(), ServerProof::Absent),
    ] {
        let mut client = Client::new();
        client.on_challenge(&response(401, asked), &logins()).unwrap();
        client.authorize(&invite, &logins(), "0a4f113b");
        let proof = client.on_response(&ok(&format!("Authentication-Info: {info}\r\n")));
        assert_eq!(proof, expected, "{info}");
    }
}

#[test]
fn a_next_nonce_from_who_has_a_wrong_proof_is_not_taken() {
    let mut client = Client::new();
    client.on_challenge(&ask("1", ""), &logins()).unwrap();
    send(&mut client, &logins());
    let info = "Authentication-Info: nextnonce=\"2\", rspauth=\"00\"\r\n";
    assert_eq!(client.on_response(&ok(info)), ServerProof::Wrong);
    assert_eq!(send(&mut client, &logins()), sent("1", 2));
}

/// The header names no realm.
#[test]
fn with_two_realms_the_proof_tells_whose_it_is() {
    let two = |nonce| {
        format!(
            "WWW-Authenticate: Digest realm=\"biloxi.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", qop=\"auth\"\r\n\
            WWW-Authenticate: Digest realm=\"other\", nonce=\"{nonce}\", qop=\"auth\"\r\n"
        )
    };
    let invite = Request { method: b"INVITE", uri: b"sip:bob@biloxi.com", body: b"x" };
    let mut client = Client::new();
    client.on_challenge(&response(401, &two("1")), &logins()).unwrap();
    client.authorize(&invite, &logins(), "0a4f113b");
    let info = "Authentication-Info: nextnonce=\"2\", rspauth=\"9175a7857f138ef9768651f475f1d73a\"\r\n";
    assert_eq!(client.on_response(&ok(info)), ServerProof::Right);
    assert_eq!(send(&mut client, &logins()), [("2".to_owned(), 1), ("1".to_owned(), 2)]);
    // Without a proof nobody knows whose next nonce it is.
    client.on_response(&ok("Authentication-Info: nextnonce=\"3\"\r\n"));
    assert_eq!(send(&mut client, &logins()), [("2".to_owned(), 2), ("1".to_owned(), 3)]);
}

#[test]
fn a_proof_over_a_body_is_not_taken_for_a_wrong_one() {
    let mut client = Client::new();
    let asked = "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"\r\n";
    client.on_challenge(&response(401, asked), &logins()).unwrap();
    send(&mut client, &logins());
    assert_eq!(client.on_response(&ok("Authentication-Info: rspauth=\"00\"\r\n")), ServerProof::Unchecked);
}

#[test]
fn a_client_is_stored_without_its_secret() {
    let mut client = Client::new();
    client.on_challenge(&ask("1", ""), &logins()).unwrap();
    send(&mut client, &logins());
    let stored = postcard::to_stdvec(&client).unwrap();
    let ha1 = Ha1::new(HashFunction::Md5, b"bob", b"r", b"zanzibar");
    for secret in [&b"zanzibar"[..], ha1.expose()] {
        assert!(!stored.windows(secret.len()).any(|window| window == secret));
    }
    let mut again: Client = postcard::from_bytes(&stored).unwrap();
    assert_eq!(again, client);
    assert_eq!(send(&mut again, &logins()), sent("1", 2));
}
