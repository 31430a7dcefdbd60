//! Routing at a proxy: RFC 3261 §16.4, §16.6 items 4, 6 and 7, and the examples of §16.12.

use super::*;
use crate::limits::Limits;
use crate::message::Message;
use bytes::Bytes;
use std::sync::Arc;

fn draft(uri: &str, routes: &[&str]) -> Draft {
    let mut text = format!("BYE {uri} SIP/2.0\r\n");
    for route in routes {
        text += &format!("Route: {route}\r\n");
    }
    Draft::forward(&Arc::new(Message::parse(Bytes::from(text + "\r\n"), &Limits::default()).unwrap()))
}

/// Request-URI and Route values.
fn show(draft: &Draft) -> String {
    let routes = routes_of(draft).into_iter().map(|route| String::from_utf8(route).unwrap());
    let uri = String::from_utf8(draft.request_uri().to_vec()).unwrap();
    [uri].into_iter().chain(routes).collect::<Vec<_>>().join(" ")
}

/// Hosts that begin with `us` are ours; with `pair` in the user part, one of two.
fn owner(uri: &Uri<'_>) -> RouteOwner {
    match (uri.host().starts_with(b"us"), uri.user()) {
        (true, Some(b"pair")) => RouteOwner::OursPaired,
        (true, _) => RouteOwner::Ours,
        (false, _) => RouteOwner::Other,
    }
}

/// RFC 3261 §16.4.
#[test]
fn our_own_traces_are_taken_off() {
    for (uri, routes, expected, strict, popped) in [
        ("sip:b@h", &[][..], "sip:b@h", false, 0),
        ("sip:b@h", &["<sip:us;lr>"], "sip:b@h", false, 1),
        ("sip:b@h", &["<sip:us;lr>, <sip:p;lr>"], "sip:b@h <sip:p;lr>", false, 1),
        ("sip:b@h", &["<sip:us;lr>", "<sip:us2;lr>"], "sip:b@h <sip:us2;lr>", false, 1),
        ("sip:b@h", &["<sip:pair@us;lr>, <sip:pair@us2;lr>, <sip:p;lr>"], "sip:b@h <sip:p;lr>", false, 2),
        ("sip:b@h", &["<sip:pair@us;lr>", "<sip:p;lr>"], "sip:b@h <sip:p;lr>", false, 1),
        ("sip:b@h", &["<sip:pair@us;lr>", "<sip:us;lr>"], "sip:b@h <sip:us;lr>", false, 1),
        (
            "sip:b@h",
            &["<sip:pair@us;lr>,<sip:pair@us;lr>,<sip:pair@us;lr>"],
            "sip:b@h <sip:pair@us;lr>",
            false,
            2,
        ),
        ("sip:b@h", &["<sip:p;lr>, <sip:us;lr>"], "sip:b@h <sip:p;lr> <sip:us;lr>", false, 0),
        ("sip:b@h", &["nonsense"], "sip:b@h nonsense", false, 0),
        // A strict router before us.
        ("sip:us;lr", &["<sip:p;lr>, <sip:b@h>"], "sip:b@h <sip:p;lr>", true, 0),
        ("sip:us;lr", &["<sip:b@h>"], "sip:b@h", true, 0),
        ("sip:us;lr", &["<sip:us;lr>", "<sip:b@h;x=y>"], "sip:b@h;x=y", true, 1),
        ("sip:us;lr", &[], "sip:us;lr", false, 0),
    ] {
        let mut draft = draft(uri, routes);
        let stripped = strip_routes(&mut draft, owner).unwrap();
        assert_eq!(show(&draft), expected, "{uri} {routes:?}");
        assert_eq!(
            (stripped.from_strict_router, stripped.routes.len()),
            (strict, popped),
            "{uri} {routes:?}"
        );
    }
    let mut hostile = draft("sip:us;lr", &["<sip:p;lr>, <>"]);
    let before = hostile.clone();
    assert_eq!(strip_routes(&mut hostile, owner), Err(InvalidValue::Uri));
    assert_eq!(hostile, before);
}

/// RFC 3261 §16.6 items 6 and 7.
#[test]
fn a_strict_router_gets_the_request_uri_that_it_wants() {
    for (uri, routes, expected, next_hop, strict) in [
        ("sip:b@h", &[][..], "sip:b@h", "sip:b@h", false),
        ("sip:b@h", &["<sip:p1;lr>, <sip:p2>"], "sip:b@h <sip:p1;lr> <sip:p2>", "sip:p1;lr", false),
        ("sip:b@h", &["<sip:p1>, <sip:p2;lr>"], "sip:p1 <sip:p2;lr> <sip:b@h>", "sip:p1", true),
        ("sip:b@h", &["<sip:p1>"], "sip:p1 <sip:b@h>", "sip:p1", true),
        ("sip:b@h;x=y", &["\"P\" <sip:p1;x=y>;z"], "sip:p1;x=y <sip:b@h;x=y>", "sip:p1;x=y", true),
        ("sip:b@h", &["<sip:p1;LR=on>"], "sip:b@h <sip:p1;LR=on>", "sip:p1;LR=on", false),
    ] {
        let mut draft = draft(uri, routes);
        let way = before_target(&mut draft).unwrap();
        assert_eq!(show(&draft), expected, "{uri} {routes:?}");
        assert_eq!((way.next_hop, way.is_strict), (next_hop.as_bytes().to_vec(), strict), "{uri} {routes:?}");
    }
}

/// Leads a request of a user agent through proxies: each is named by its host and takes its own traces off. What the last
/// one sends is given back, and the hosts that it went by.
fn through(mut draft: Draft, proxies: &[&str]) -> (String, String) {
    let mut hosts = Vec::new();
    loop {
        let way = before_target(&mut draft).unwrap();
        let host = String::from_utf8(Uri::parse(&way.next_hop).unwrap().host().to_vec()).unwrap();
        hosts.push(host.clone());
        if !proxies.contains(&host.as_str()) {
            return (show(&draft), hosts.join(" "));
        }
        let is_mine = |uri: &Uri<'_>| {
            if uri.host() == host.as_bytes() { RouteOwner::Ours } else { RouteOwner::Other }
        };
        strip_routes(&mut draft, is_mine).unwrap();
    }
}

/// RFC 3261 §16.12.1.1: the trapezoid; §16.12.1.2: a strict router among the proxies.
#[test]
fn the_examples_of_rfc_3261_16_12_go_their_way() {
    let callee = "sip:callee@u2.domain.com";
    let trapezoid = draft(callee, &["<sip:p1.example.com;lr>", "<sip:p2.domain.com;lr>"]);
    assert_eq!(
        through(trapezoid, &["p1.example.com", "p2.domain.com"]),
        (callee.to_owned(), "p1.example.com p2.domain.com u2.domain.com".to_owned())
    );
    // §16.12.1.2: P3 is a strict router. It does not take part here: what P2 makes for it, and what P4 makes of what P3
    // sends on (its Request-URI, and the first Route value in place of it), are as the example has them.
    let mut at_p2 = draft("sip:alice@u1.example.com", &["<sip:p2.middle.com>", "<sip:p1.example.com;lr>"]);
    assert_eq!(before_target(&mut at_p2).unwrap().next_hop, b"sip:p2.middle.com");
    assert_eq!(show(&at_p2), "sip:p2.middle.com <sip:p1.example.com;lr> <sip:alice@u1.example.com>");
    let mut at_p1 = draft("sip:us.p1.example.com;lr", &["<sip:alice@u1.example.com>"]);
    assert!(strip_routes(&mut at_p1, owner).unwrap().from_strict_router);
    assert_eq!(show(&at_p1), "sip:alice@u1.example.com");
}

/// RFC 3261 §16.12.1.3, RFC 5658 §3: each side has its own way to a proxy between two networks.
#[test]
fn a_proxy_between_two_networks_stands_twice_in_record_route() {
    let same = RecordRoutes::between(b"<sip:us;lr>", b"<sip:us;lr>");
    assert_eq!((same.is_pair(), same.values().collect::<Vec<_>>()), (false, vec![&b"<sip:us;lr>"[..]]));
    let pair = RecordRoutes::between(b"<sip:us-in;lr>", b"<sip:us-out;transport=tcp;lr>");
    assert!(pair.is_pair());
    let mut draft = draft("sip:b@h", &[]);
    draft.add(HeaderId::RecordRoute, b"<sip:p0;lr>").unwrap();
    pair.add_to(&mut draft).unwrap();
    let values: Vec<_> =
        draft.headers(HeaderId::RecordRoute).map(|value| core::str::from_utf8(value).unwrap()).collect();
    assert_eq!(values, ["<sip:us-out;transport=tcp;lr>", "<sip:us-in;lr>", "<sip:p0;lr>"]);
    same.add_to(&mut draft).unwrap();
    assert_eq!(draft.headers(HeaderId::RecordRoute).next(), Some(&b"<sip:us;lr>"[..]));
}
