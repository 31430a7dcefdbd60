//! Target `digest`: any octets as one header line of digest authentication.
//!
//! Nothing panics; what was read and written is read again as it was; nobody is let in who does not know the secret, and
//! an answer to whatever asks is a header that can be sent and read.

use std::fmt::Debug;

use bytes::Bytes;
use siplet_sip::digest::{
    Algorithm, Asker, AuthInfo, AuthenticationInfo, Authorization, BadParameters, Challenge, Client, Ha1,
    Login, Nonce, NonceKey, Realm, Request, Scheme, Schemes, UriRule, Verifier,
};
use siplet_sip::draft::Draft;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;
use siplet_sip::method::Method;
use siplet_sip::time::Time;

/// Checks one line.
///
/// # Panics
/// A promise of the digest room does not hold.
pub fn digest(data: &[u8]) {
    let mut octets = 0;
    for scheme in Schemes::of(data) {
        let Ok(scheme) = scheme else { continue };
        octets += scheme.name().len() + scheme.params().map(|it| it.value.len()).sum::<usize>();
        challenge(&scheme);
        authorization(&scheme);
    }
    assert!(octets <= data.len(), "more was read than came");
    if let Ok(info) = AuthenticationInfo::read(data) {
        let written = info.write();
        same(AuthenticationInfo::read(&written), info);
    }
    if let Some(nonce) = Nonce::read(data) {
        assert_eq!(nonce.to_string().as_bytes(), data);
    }
    if !data.iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)) {
        server(data);
        client(data);
    }
}

fn same<T: PartialEq + Debug>(again: Result<T, BadParameters>, first: T) {
    assert_eq!(again, Ok(first), "what was written is not read as it was");
}

fn one(line: &[u8]) -> Scheme<'_> {
    let mut schemes = Schemes::of(line);
    let scheme = schemes.next().expect("a scheme was written").expect("what was written is well formed");
    assert!(schemes.next().is_none(), "one scheme was written");
    scheme
}

fn challenge(scheme: &Scheme<'_>) {
    let Ok(challenge) = Challenge::read(scheme) else { return };
    // What is not known is not written.
    let is_known = challenge.algorithm.is_some();
    if is_known && challenge.qops.listed == (challenge.qops.auth || challenge.qops.auth_int) {
        let written = challenge.write();
        same(Challenge::read(&one(&written)), challenge);
    }
}

fn authorization(scheme: &Scheme<'_>) {
    let Ok(authorization) = Authorization::read(scheme) else { return };
    let written = authorization.write();
    same(Authorization::read(&one(&written)), authorization);
}

fn message(start: &str, name: &str, value: &[u8]) -> Option<Message> {
    let head = format!(
        "{start}\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:a@b>\r\nCall-ID: 1\r\n\
         CSeq: 1 INVITE\r\n{name}: "
    );
    let bytes = [head.as_bytes(), value, b"\r\n\r\n"].concat();
    Message::parse(Bytes::from(bytes), &Limits::default()).ok()
}

fn server(data: &[u8]) {
    let now = Time::from_micros(1_000_000);
    let mut verifier = Verifier::new(NonceKey::new([1, 2]), None, 1, 4, now);
    let realm = Realm {
        algorithms: Algorithm::ALL.to_vec(),
        userhash: true,
        uri_rule: UriRule::Any,
        ..Realm::new("biloxi.com")
    };
    for asker in Asker::ALL {
        let name = asker.credentials_header().name();
        let Some(request) = message("INVITE sip:a@b SIP/2.0", name, data) else { continue };
        if let Ok(claim) = realm.claim(&request, asker) {
            let ha1 = Ha1::new(claim.algorithm().function(), b"bob", b"biloxi.com", b"zanzibar");
            let _ = (claim.is_proven_by(Some(&ha1), Some(b"c")), claim.is_of(b"bob", b"biloxi.com"));
            assert!(!claim.is_proven_by(None, None), "nobody has no secret");
        }
        let let_in = verifier.check(&realm, asker, &request, b"", now, |claim| {
            Some(Ha1::new(claim.algorithm().function(), b"bob", b"biloxi.com", b"zanzibar"))
        });
        assert!(let_in.is_err(), "no nonce was minted, and somebody was let in");
    }
}

fn client(data: &[u8]) {
    let logins = AuthInfo::new().with(None, None, Login::with_password("bob", "zanzibar"));
    for asker in Asker::ALL {
        let start = format!("SIP/2.0 {} Asked", asker.status());
        let Some(response) = message(&start, asker.challenge_header().name(), data) else { continue };
        let mut client = Client::new();
        if client.on_challenge(&response, &logins).is_err() {
            assert!(client.is_empty(), "who gives up remembers nothing");
            continue;
        }
        let sent = Request { method: b"INVITE", uri: b"sip:a@b", body: b"" };
        let headers = client.authorize(&sent, &logins, "0a4f113b");
        assert!(!headers.is_empty(), "an answer was promised");
        let mut draft = Draft::request(Method::Invite, b"sip:a@b").expect("a good start line");
        for header in headers {
            assert!(Authorization::read(&one(&header.value)).is_ok(), "an answer cannot be read");
            draft.add(header.id, &header.value).expect("a line of a message can stand in a message");
        }
    }
}
