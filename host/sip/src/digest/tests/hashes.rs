//! The vectors of RFC 7616 §3.9 and RFC 2617 §3.5, those of the examples for SIP that were drafted once and that many
//! implementations agree on, and others that were computed with the hash functions of another language.

use super::*;

struct Vector {
    source: &'static str,
    algorithm: Algorithm,
    user: (&'static str, &'static str, &'static str),
    request: (&'static str, &'static str),
    nonce: &'static str,
    /// Quality, count and client nonce.
    protection: Option<(Qop, u32, &'static str)>,
    response: &'static str,
}

const NONCE_1: &str = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
const CNONCE_1: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
const NONCE_2: &str = "5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK";
const CNONCE_2: &str = "NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v";
const NONCE_3: &str = "dcd98b7102dd2f0e8b11d0f600bfb0c093";

const VECTORS: [Vector; 6] = [
    Vector {
        source: "RFC 7616 §3.9.1",
        algorithm: Algorithm::Md5,
        user: ("Mufasa", "http-auth@example.org", "Circle of Life"),
        request: ("GET", "/dir/index.html"),
        nonce: NONCE_1,
        protection: Some((Qop::Auth, 1, CNONCE_1)),
        response: "8ca523f5e9506fed4657c9700eebdbec",
    },
    Vector {
        source: "RFC 7616 §3.9.1",
        algorithm: Algorithm::Sha256,
        user: ("Mufasa", "http-auth@example.org", "Circle of Life"),
        request: ("GET", "/dir/index.html"),
        nonce: NONCE_1,
        protection: Some((Qop::Auth, 1, CNONCE_1)),
        response: "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
    },
    Vector {
        // The RFC prints what a SHA-512 that is cut off gives; its erratum 4897 gives this.
        source: "RFC 7616 §3.9.2, erratum 4897",
        algorithm: Algorithm::Sha512_256,
        user: ("J\u{e4}s\u{f8}n Doe", "api@example.org", "Secret, or not?"),
        request: ("GET", "/doe.json"),
        nonce: NONCE_2,
        protection: Some((Qop::Auth, 1, CNONCE_2)),
        response: "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5",
    },
    Vector {
        source: "RFC 2617 §3.5",
        algorithm: Algorithm::Md5,
        user: ("Mufasa", "testrealm@host.com", "Circle Of Life"),
        request: ("GET", "/dir/index.html"),
        nonce: NONCE_3,
        protection: Some((Qop::Auth, 1, "0a4f113b")),
        response: "6629fae49393a05397450978507c4ef1",
    },
    Vector {
        source: "RFC 2069 §2.4, erratum 749",
        algorithm: Algorithm::Md5,
        user: ("Mufasa", "testrealm@host.com", "CircleOfLife"),
        request: ("GET", "/dir/index.html"),
        nonce: NONCE_3,
        protection: None,
        response: "1949323746fe6a43ef61f9606e7febea",
    },
    Vector {
        source: "an example for SIP without qop",
        algorithm: Algorithm::Md5,
        user: ("bob", "biloxi.com", "zanzibar"),
        request: ("INVITE", "sip:bob@biloxi.com"),
        nonce: NONCE_3,
        protection: None,
        response: "bf57e4e0d0bffc0fbaedce64d59add5e",
    },
];

#[test]
fn the_vectors_of_the_rfcs_come_out() {
    for vector in &VECTORS {
        let (name, realm, password) = vector.user;
        let function = vector.algorithm.function();
        let ha1 = Ha1::new(function, name.as_bytes(), realm.as_bytes(), password.as_bytes());
        let protection =
            vector.protection.map(|(qop, nc, cnonce)| Protection::new(qop, nc, cnonce.as_bytes()));
        let exchange = Exchange {
            algorithm: vector.algorithm,
            method: vector.request.0.as_bytes(),
            uri: vector.request.1.as_bytes(),
            nonce: vector.nonce.as_bytes(),
            protection: protection.as_ref(),
            session: None,
            body: b"",
        };
        assert_eq!(exchange.response(&ha1).as_str(), vector.response, "{}", vector.source);
        let again = Ha1::from_hex(function, ha1.expose()).unwrap();
        assert_eq!(exchange.response(&again).as_str(), vector.response, "{} from HA1", vector.source);
    }
}

/// RFC 7616 §3.9.2, erratum 4897.
#[test]
fn a_user_name_is_hashed_with_its_realm() {
    let hash = |function| hash::userhash(function, "J\u{e4}s\u{f8}n Doe".as_bytes(), b"api@example.org");
    assert_eq!(
        hash(HashFunction::Sha512_256).as_str(),
        "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    );
}

const BODY: &str = "v=0\r\no=bob 2890844526 2890844526 IN IP4 media.biloxi.com\r\ns=-\r\n\
    c=IN IP4 media.biloxi.com\r\nt=0 0\r\nm=audio 49170 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n\
    m=video 51372 RTP/AVP 31\r\na=rtpmap:31 H261/90000\r\nm=video 53000 RTP/AVP 32\r\na=rtpmap:32 MPV/90000\r\n";

/// Those of MD5 but for the session key with a body are from the drafted examples for SIP.
const OF_BOB: [(&str, Qop, &str); 12] = [
    ("MD5", Qop::Auth, "89eb0059246c02b2f6ee02c7961d5ea3"),
    ("MD5", Qop::AuthInt, "bdbeebb2da6adb6bca02599c2239e192"),
    ("MD5-sess", Qop::Auth, "e4e4ea61d186d07a92c9e1f6919902e9"),
    ("MD5-sess", Qop::AuthInt, "91984da2d8663716e91554859c22ca70"),
    ("SHA-256", Qop::Auth, "b3b5a6c69453abafaab9ae4dccdac90a076b6c80615d5f3498e7433b6e93bf4f"),
    ("SHA-256", Qop::AuthInt, "c54fb1136ee077c9b9b31e2865b25b1326515c2b0ce1584c40f267672401d647"),
    ("SHA-256-sess", Qop::Auth, "5da59c9ca40954be9d5063a15a174066c8251be2c10cf47c144c366dc7daf792"),
    ("SHA-256-sess", Qop::AuthInt, "9ab810cc06168ee4a9a3564bbab9cd95fcca15efde8c529c856174863d56813a"),
    ("SHA-512-256", Qop::Auth, "7f1a09de0f19af0a1eac2b28d33e3f2fb89cca1ad8fb01bba5e1883b288bac14"),
    ("SHA-512-256", Qop::AuthInt, "05fec0126aa34195c417d63037f4e226cc15fa737015ae0ce9a6fcf3d2ea4ed7"),
    ("SHA-512-256-sess", Qop::Auth, "077d9677be83f41f162d1a4453dc163389919f81e5927391d972f477da767633"),
    ("SHA-512-256-sess", Qop::AuthInt, "0692b157330f5c7c3d693b97b477a9dee5e29dbf8d09f4024df0b72fa8206d65"),
];

fn of_bob<'a>(algorithm: Algorithm, protection: &'a Protection<'a>, body: &'a str) -> Exchange<'a> {
    Exchange {
        algorithm,
        method: b"INVITE",
        uri: b"sip:bob@biloxi.com",
        nonce: NONCE_3.as_bytes(),
        protection: Some(protection),
        session: None,
        body: body.as_bytes(),
    }
}

fn ha1_of_bob(function: HashFunction) -> Ha1 {
    Ha1::new(function, b"bob", b"biloxi.com", b"zanzibar")
}

#[test]
fn every_algorithm_and_quality_gives_the_response_of_other_implementations() {
    for (name, qop, response) in OF_BOB {
        let algorithm = Algorithm::from_name(name.as_bytes()).unwrap();
        let protection = Protection::new(qop, 1, &b"0a4f113b"[..]);
        let exchange = of_bob(algorithm, &protection, BODY);
        assert_eq!(exchange.response(&ha1_of_bob(algorithm.function())).as_str(), response, "{name} {qop:?}");
    }
}

/// RFC 7616 §3.5: no method, and the body of the response.
#[test]
fn the_servers_proof_is_over_its_own_response() {
    let protection = Protection::new(Qop::Auth, 1, &b"0a4f113b"[..]);
    let exchange = of_bob(Algorithm::Md5, &protection, BODY);
    let proof = exchange.rspauth(&ha1_of_bob(HashFunction::Md5), b"anything");
    assert_eq!(proof.as_str(), "9175a7857f138ef9768651f475f1d73a");
    let protection = Protection::new(Qop::AuthInt, 1, &b"0a4f113b"[..]);
    let exchange = of_bob(Algorithm::Sha256, &protection, BODY);
    let proof = exchange.rspauth(&ha1_of_bob(HashFunction::Sha256), b"ok");
    assert_eq!(proof.as_str(), "d302a5bf6289d1814ca2426ce36ab29710a00cf88ad32066e9122f40248ca42b");
}

/// RFC 7616 §3.4.2: the session key is that of the first request, whatever client nonce a later one has.
#[test]
fn a_session_key_outlives_its_first_request() {
    let protection = Protection::new(Qop::Auth, 2, &b"ffff"[..]);
    let first = Some((NONCE_3.as_bytes(), &b"0a4f113b"[..]));
    let exchange = Exchange { session: first, ..of_bob(Algorithm::Sha256Sess, &protection, "") };
    assert_eq!(
        exchange.response(&ha1_of_bob(HashFunction::Sha256)).as_str(),
        "94fd551f4cc0d1c96ca8b55f1416172630945340fca0474c563cc2a7042aef55"
    );
}

#[test]
fn an_ha1_is_read_from_hexadecimal_of_its_length() {
    let md5 = "89eb0059246c02b2f6ee02c7961d5ea3";
    let read = |function, text: &str| Ha1::from_hex(function, text.as_bytes());
    assert!(read(HashFunction::Md5, md5).is_some());
    assert_eq!(read(HashFunction::Md5, md5), read(HashFunction::Md5, &md5.to_uppercase()));
    assert_eq!(read(HashFunction::Sha256, md5), None);
    assert_eq!(read(HashFunction::Md5, &md5.replace('8', "x")), None);
    assert_eq!(read(HashFunction::Md5, ""), None);
    assert_ne!(read(HashFunction::Md5, md5), read(HashFunction::Md5, &md5.replace('8', "9")));
}

#[test]
fn secrets_are_not_printed() {
    let ha1 = ha1_of_bob(HashFunction::Md5);
    assert_eq!(format!("{ha1:?}"), "Ha1(MD5, ..)");
    assert_eq!(format!("{:?}", Login::with_password("bob", "zanzibar")), "Login(\"bob\", ..)");
    assert_eq!(format!("{:?}", NonceKey::new([1, 2])), "NonceKey(..)");
    assert!(
        !format!("{:?}", AuthInfo::new().with(None, None, Login::with_password("bob", "zanzibar")))
            .contains("zanz")
    );
}

#[test]
fn hashes_are_compared_in_either_case() {
    let digest = hash::userhash(HashFunction::Md5, b"a", b"b");
    assert!(digest.is(digest.as_bytes()) && digest.is(digest.as_str().to_uppercase().as_bytes()));
    assert!(!digest.is(&digest.as_bytes()[1..]) && !digest.is(b""));
    let mut other = digest.as_bytes().to_vec();
    other[31] ^= 1;
    assert!(!digest.is(&other));
}
