//! Usages of a dialog: RFC 6665 §4.5.2, RFC 5057.

use super::*;
use crate::transaction::tests::check_round_trip;

fn subscription(text: &str, subscriber: Party) -> Usage {
    Usage::Subscription { event: Event::parse(text.as_bytes()).unwrap().to_id(), subscriber }
}

/// RFC 6665 §4.5.2: the dialog ends with its last usage, whichever that is.
#[test]
fn a_dialog_lives_as_long_as_its_last_usage() {
    let mut usages = Usages::default();
    assert!(usages.is_over());
    let all =
        [Usage::Session, subscription("refer;id=2", Party::Us), subscription("refer;id=2", Party::Peer)];
    for usage in &all {
        assert!(usages.add(usage.clone()) && usages.add(usage.clone()));
    }
    assert_eq!(usages.all(), all);
    check_round_trip(&usages);
    assert!(usages.remove(&Usage::Session) && !usages.remove(&Usage::Session));
    assert!(!usages.is_over(), "a BYE does not end the subscriptions");
    let event = |text: &'static str| Event::parse(text.as_bytes()).unwrap();
    assert!(usages.subscription(&event("refer;id=2"), Party::Us).is_some());
    assert!(usages.subscription(&event("refer"), Party::Us).is_none());
    assert!(usages.subscription(&event("presence;id=2"), Party::Us).is_none());
    usages.remove(&all[1]);
    assert!(usages.subscription(&event("refer;id=2"), Party::Us).is_none());
    usages.remove(&all[2]);
    assert!(usages.is_over());
}

#[test]
fn a_dialog_takes_no_usages_without_end() {
    let mut usages = Usages::default();
    for id in 0..USAGES_MAX {
        assert!(usages.add(subscription(&format!("refer;id={id}"), Party::Us)));
    }
    assert!(!usages.add(subscription("refer;id=more", Party::Us)));
    assert!(usages.add(subscription("refer;id=0", Party::Us)), "it is there already");
}

/// RFC 5057 §5.1, RFC 3261 §12.2.1.2, RFC 6665 §4.1.2.2 and §4.2.2.
#[test]
fn a_failure_reaches_as_far_as_its_status_says() {
    use FailureEffect::{Dialog, Request, Usage};
    for (status, in_session, in_subscription) in [
        (400, Request, Request),
        (401, Request, Request),
        (403, Request, Request),
        (404, Dialog, Dialog),
        (405, Request, Usage),
        (408, Usage, Usage),
        (410, Dialog, Dialog),
        (416, Dialog, Dialog),
        (422, Request, Request),
        (480, Usage, Usage),
        (481, Usage, Usage),
        (482, Dialog, Dialog),
        (483, Dialog, Dialog),
        (484, Dialog, Dialog),
        (485, Dialog, Dialog),
        (488, Request, Request),
        (489, Request, Usage),
        (491, Request, Request),
        (500, Request, Request),
        (501, Usage, Usage),
        (502, Dialog, Dialog),
        (503, Request, Request),
        (603, Request, Request),
        (604, Dialog, Dialog),
    ] {
        for (methods, expected) in [
            ([Method::Invite, Method::Bye], in_session),
            ([Method::Notify, Method::Subscribe], in_subscription),
        ] {
            for method in methods {
                assert_eq!(failure_effect(&method, status), expected, "{method} {status}");
            }
        }
        let ends = super::super::ends_subscription(status);
        assert!(!ends || failure_effect(&Method::Notify, status) > Request, "{status}");
    }
    assert_eq!(failure_effect(&Method::Info, 501), Request);
    assert_eq!(failure_effect(&Method::Info, 481), Usage);
}
