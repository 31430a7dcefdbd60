use super::*;

fn parse(text: &str) -> Via<'_> {
    Via::parse(text.as_bytes()).unwrap_or_else(|fault| panic!("{text:?}: {fault}"))
}

/// Checks transport, sent-by and branch.
fn check(text: &str, transport: &str, sent_by: (&str, Option<u16>), branch: Option<&str>) {
    let via = parse(text);
    assert_eq!(via.transport(), transport.as_bytes(), "{text:?}");
    assert_eq!(via.sent_by(), (sent_by.0.as_bytes(), sent_by.1), "{text:?}");
    assert_eq!(via.branch(), branch.map(str::as_bytes), "{text:?}");
}

#[test]
fn vias_have_their_parts() {
    check("SIP/2.0/UDP a.b:5060;branch=z9hG4bK1", "UDP", ("a.b", Some(5060)), Some("z9hG4bK1"));
    check("SIP / 2.0 / UDP  192.0.2.2 ; Branch = x", "UDP", ("192.0.2.2", None), Some("x"));
    check("sip/2.0/TLS [2001:db8::9:1]:5061", "TLS", ("[2001:db8::9:1]", Some(5061)), None);
    check("SIP/2.0/UNKNOWN h : 70 ;a", "UNKNOWN", ("h", Some(70)), None);
    check(
        "SIP/2.0/TLS-SCTP h;branch=z9hG4bK-.!%66*_+`'~",
        "TLS-SCTP",
        ("h", None),
        Some("z9hG4bK-.!%66*_+`'~"),
    );
}

#[test]
fn malformed_vias_are_refused() {
    for text in [
        "",
        "SIP/2.0/UDP",
        "SIP/2.0/UDP ",
        "SIP/2.0 h",
        "HTTP/2.0/UDP h",
        "SIP/3.0/UDP h",
        "SIP/2.0/ h",
        "SIP/2.0/U:P h",
        "SIP/2.0/UDP h:",
        "SIP/2.0/UDP h:x",
        "SIP/2.0/UDP h:65536",
        "SIP/2.0/UDP h x",
        "SIP/2.0/UDP 2001:db8::1",
        "SIP/2.0/UDP [::1",
        "SIP/2.0/UDP h;;a",
        "SIP/2.0/UDP h;",
        "SIP/2.0/UDP ;a",
        "SIP/2.0/UDP h;a=\"",
    ] {
        assert_eq!(Via::parse(text.as_bytes()).err(), Some(Malformed::Bad(Part::Via)), "{text:?}");
    }
}

#[test]
fn a_branch_names_a_transaction_only_behind_the_cookie() {
    let magic = |branch: &str| parse(&format!("SIP/2.0/UDP h;branch={branch}")).magic_branch().is_some();
    assert!(magic("z9hG4bK1"));
    assert!(!magic("z9hG4bK"), "the cookie alone names nothing (RFC 4475 §3.2.1)");
    assert!(!magic("1"));
    assert!(!magic(""));
    assert_eq!(parse("SIP/2.0/UDP h").magic_branch(), None);
}

#[test]
fn received_and_rport_are_read() {
    let via = parse("SIP/2.0/UDP h;rport=5070;received=192.0.2.1");
    assert_eq!(
        (via.rport(), via.received()),
        (Some(Some(5070)), Some("192.0.2.1".parse().expect("an address")))
    );
    let via = parse("SIP/2.0/UDP h;rport;received=[2001:db8::1]");
    assert_eq!((via.rport(), via.received()), (Some(None), Some("2001:db8::1".parse().expect("an address"))));
    let via = parse("SIP/2.0/UDP h;received=elsewhere");
    assert_eq!((via.rport(), via.received()), (None, None));
}

/// What the hop that received the request from `source` writes.
fn check_stamp(via: &str, source: &str, expected: Option<&str>) {
    let source = source.parse().expect("an address with a port");
    let stamped = parse(via).stamp(source);
    let text = stamped.as_deref().map(String::from_utf8_lossy);
    assert_eq!(text.as_deref(), expected, "{via:?} from {source}");
    if let Some(stamped) = stamped {
        let again = Via::parse(&stamped).expect("a stamped Via can be read");
        assert_eq!(again.stamp(source), None, "stamped once is stamped for good");
        assert_eq!(again.branch(), parse(via).branch());
    }
}

/// RFC 3261 §18.2.1.
// [3261-18.2.1-2, 3261-18.2.1-3, 3261-18.2.1-4]
#[test]
fn received_is_added_when_sent_by_is_not_the_source() {
    check_stamp("SIP/2.0/UDP 192.0.2.1;branch=x", "192.0.2.1:5060", None);
    check_stamp("SIP/2.0/UDP 192.0.2.1:7;branch=x", "192.0.2.1:5060", None);
    check_stamp(
        "SIP/2.0/UDP h ;branch=x",
        "192.0.2.1:5060",
        Some("SIP/2.0/UDP h ;branch=x;received=192.0.2.1"),
    );
    check_stamp(
        "SIP/2.0/UDP 10.0.0.1:5060",
        "192.0.2.1:9",
        Some("SIP/2.0/UDP 10.0.0.1:5060;received=192.0.2.1"),
    );
    check_stamp("SIP/2.0/UDP [2001:db8::1]", "[2001:db8::1]:5060", None);
    check_stamp("SIP/2.0/UDP [2001:DB8:0::1]", "[2001:db8::1]:5060", None);
    check_stamp(
        "SIP/2.0/UDP [::1];a",
        "[2001:db8::1]:5060",
        Some("SIP/2.0/UDP [::1];a;received=2001:db8::1"),
    );
    check_stamp("SIP/2.0/UDP 192.0.2.1", "[::ffff:192.0.2.1]:5060", None);
}

/// RFC 3581 §4.
// [3581-4]
#[test]
fn rport_tells_the_port_and_then_received_is_there_always() {
    check_stamp(
        "SIP/2.0/UDP 192.0.2.1;rport;branch=x",
        "192.0.2.1:4540",
        Some("SIP/2.0/UDP 192.0.2.1;rport=4540;branch=x;received=192.0.2.1"),
    );
    check_stamp(
        "SIP/2.0/UDP h;branch=x;rport",
        "[2001:db8::1]:9",
        Some("SIP/2.0/UDP h;branch=x;rport=9;received=2001:db8::1"),
    );
}

#[test]
fn what_the_peer_says_about_itself_is_replaced() {
    check_stamp(
        "SIP/2.0/UDP h;received=10.9.9.9;branch=x",
        "192.0.2.1:5060",
        Some("SIP/2.0/UDP h;branch=x;received=192.0.2.1"),
    );
    check_stamp("SIP/2.0/UDP 192.0.2.1;received=10.9.9.9", "192.0.2.1:5060", Some("SIP/2.0/UDP 192.0.2.1"));
    check_stamp(
        "SIP/2.0/UDP h;rport=1;received=192.0.2.1",
        "192.0.2.1:5060",
        Some("SIP/2.0/UDP h;rport=5060;received=192.0.2.1"),
    );
}
