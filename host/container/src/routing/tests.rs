//! Tables of what the router decides.

use super::*;
use crate::app::{AppId, Descriptor};

/// An application of those domains, methods (none: by its handlers) and handlers.
fn application(name: &str, domains: &[&str], methods: Option<&[&str]>, handlers: &[Handler]) -> Application {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let descriptor = Descriptor {
        name: name.to_owned(),
        domains: texts(domains),
        methods: methods.map(texts),
        ..Descriptor::default()
    };
    let handlers = handlers.iter().copied().collect();
    Application { id: AppId { name: name.into(), digest: 1 }, descriptor, handlers }
}

fn to(application: &str, methods: &[&str], domains: &[&str]) -> Route {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    Route { application: application.to_owned(), methods: texts(methods), domains: texts(domains) }
}

/// The decision in words: the application's name, `405: ` and the Allow, or `nobody`.
fn decided(routes: &[Route], applications: &[Application], method: &str, domain: &str) -> String {
    let rollout = |one: &Application| Rollout { stable: Arc::new(one.clone()), canary: None };
    let applications = applications.iter().map(|one| (one.id.name.clone(), rollout(one))).collect();
    let method = Method::from_bytes(method.as_bytes()).expect("a token");
    match route(routes, &applications, |_| 0, &method, domain.as_bytes()) {
        Decision::To(application) => application.id.name.to_string(),
        Decision::MethodNotAllowed(allow) => format!("405: {allow}"),
        Decision::Nobody => "nobody".to_owned(),
    }
}

#[test]
fn who_names_a_domain_comes_before_who_takes_all() {
    let applications = [
        application("any", &[], None, &[Handler::DoInvite, Handler::DoMessage]),
        application("home", &["home.example", "10.0.0.1"], None, &[Handler::DoInvite]),
        application("office", &["OFFICE.example"], None, &[Handler::DoInvite]),
    ];
    for (method, domain, expected) in [
        ("INVITE", "home.example", "home"),
        ("INVITE", "HOME.Example", "home"),
        ("INVITE", "office.example", "office"),
        ("INVITE", "10.0.0.1", "home"),
        ("INVITE", "sub.home.example", "any"),
        ("INVITE", "", "any"),
        // What `home` does not take goes to whoever takes every domain.
        ("MESSAGE", "home.example", "any"),
        ("OPTIONS", "home.example", "home"),
        ("SUBSCRIBE", "home.example", "405: INVITE, OPTIONS, ACK, CANCEL, BYE, MESSAGE"),
        ("SUBSCRIBE", "elsewhere", "405: INVITE, OPTIONS, MESSAGE, ACK, CANCEL, BYE"),
    ] {
        assert_eq!(decided(&[], &applications, method, domain), expected, "{method} {domain}");
    }
}

#[test]
fn the_answer_does_not_depend_on_the_order_of_deployment() {
    let one = application("a", &[], None, &[Handler::DoInvite]);
    let other = application("b", &[], None, &[Handler::DoInvite]);
    assert_eq!(decided(&[], &[one.clone(), other.clone()], "INVITE", "x"), "a");
    assert_eq!(decided(&[], &[other, one], "INVITE", "x"), "a");
}

#[test]
fn a_list_of_routes_is_read_from_the_top() {
    let applications = [
        application("all", &["not.asked"], None, &[Handler::DoInvite, Handler::DoMessage]),
        application("calls", &[], None, &[Handler::DoInvite, Handler::DoMessage]),
    ];
    let routes = [
        to("gone", &["INVITE"], &[]),
        to("calls", &["INVITE"], &["example.com"]),
        to("calls", &["PUBLISH"], &["example.com"]),
        to("all", &[], &["example.com", "example.org"]),
    ];
    for (method, domain, expected) in [
        ("INVITE", "EXAMPLE.com", "calls"),
        ("INVITE", "example.org", "all"),
        // A route may send what the application has no handler of its own for.
        ("PUBLISH", "example.com", "calls"),
        ("MESSAGE", "example.com", "all"),
        ("OPTIONS", "example.org", "all"),
        ("INVITE", "not.asked", "nobody"),
        ("REGISTER", "example.org", "405: INVITE, OPTIONS, MESSAGE, ACK, CANCEL, BYE"),
    ] {
        assert_eq!(decided(&routes, &applications, method, domain), expected, "{method} {domain}");
    }
}

/// RFC 3261 §21.4.6: the Allow of a 405 does not name the method that it refuses, and names none twice.
#[test]
fn a_405_allows_what_its_routes_take_and_nothing_twice() {
    let calls = [application("calls", &[], None, &[Handler::DoInvite, Handler::DoMessage])];
    let routes = [to("calls", &["INVITE"], &[]), to("calls", &["NOTIFY", "NOTIFY"], &[])];
    let allowed = "405: INVITE, ACK, CANCEL, BYE, NOTIFY";
    for method in ["OPTIONS", "MESSAGE"] {
        assert_eq!(decided(&routes, &calls, method, "x"), allowed);
    }
    let told = [application("told", &[], Some(&["BYE", "INVITE", "FETCH"]), &[])];
    assert_eq!(decided(&[], &told, "FETCH", "x"), "told");
    assert_eq!(
        decided(&[], &told, "fetch", "x"),
        "405: INVITE, BYE, FETCH, ACK, CANCEL",
        "methods have a case"
    );
}

/// RFC 3261 §11.2: OPTIONS is answered for every application that does not say otherwise.
#[test]
fn options_is_everybodys_unless_the_descriptor_leaves_it_out() {
    let silent = [application("silent", &[], None, &[])];
    assert_eq!(decided(&[], &silent, "OPTIONS", "x"), "silent");
    assert_eq!(decided(&[], &silent, "INVITE", "x"), "405: OPTIONS");
    let told = [application("told", &[], Some(&["MESSAGE"]), &[Handler::DoMessage])];
    assert_eq!(decided(&[], &told, "OPTIONS", "x"), "405: MESSAGE");
}

#[test]
fn nobody_serves_what_nobody_is_deployed_for() {
    assert_eq!(decided(&[], &[], "INVITE", "x"), "nobody");
    let home = [application("home", &["home.example"], None, &[Handler::DoInvite])];
    assert_eq!(decided(&[], &home, "INVITE", "x"), "nobody");
    assert_eq!(decided(&[to("gone", &[], &[])], &home, "INVITE", "home.example"), "nobody");
}
