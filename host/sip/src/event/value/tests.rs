//! Event and Subscription-State: RFC 6665 §8.2.

use super::*;

fn event(text: &str) -> Event<'_> {
    Event::parse(text.as_bytes()).unwrap()
}

/// RFC 6665 §8.2.1: package and id octet for octet, nothing else.
#[test]
fn events_are_compared_by_package_and_id() {
    for (one, other, expected) in [
        ("presence", "presence", true),
        ("presence", "presence ;x=y", true),
        ("presence;id=1", "presence;x=y;ID=1", true),
        ("presence", "Presence", false),
        ("presence", "presence.winfo", false),
        ("presence;id=1", "presence", false),
        ("presence;id=a", "presence;id=A", false),
        ("presence;id=1", "presence;id=2", false),
        ("presence;id", "presence", true),
    ] {
        assert_eq!(event(one).matches(&event(other)), expected, "{one} {other}");
        assert_eq!(event(other).matches(&event(one)), expected, "{other} {one}");
        assert_eq!(event(one).to_id().matches(&event(other)), expected, "{one} {other}");
    }
    for (text, written) in [(" presence ; a=b;id=7 ", "presence;id=7"), ("a.b", "a.b")] {
        assert_eq!(event(text).to_id().to_value(), written.as_bytes());
    }
    for text in ["", ";id=1", "a b", "presence, dialog", "\u{e9}", "\"presence\""] {
        assert!(Event::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}

/// RFC 6665 §8.2.3, §4.1.3.
#[test]
fn subscription_states_are_read_and_written() {
    for (text, written) in [
        ("active;expires=60", "active;expires=60"),
        ("Active ; Expires = 60 ; reason=timeout", "active;expires=60;reason=timeout"),
        ("pending", "pending"),
        ("terminated;reason=DEACTIVATED;retry-after=7", "terminated;reason=deactivated;retry-after=7"),
        ("terminated;reason=probation", "terminated;reason=probation"),
        ("terminated;reason=giveup", "terminated;reason=giveup"),
        ("terminated;reason=noresource", "terminated;reason=noresource"),
        (
            "terminated;reason=invariant;retry-after=99999999999",
            "terminated;reason=invariant;retry-after=4294967295",
        ),
        ("terminated;reason=rejected", "terminated;reason=rejected"),
        ("terminated;reason=new", "terminated"),
        ("terminated;reason", "terminated"),
        ("active;expires=x", "active"),
        ("active;expires", "active"),
        ("active;expires=-1", "active"),
        ("waiting;expires=5", "pending;expires=5"),
    ] {
        let state = SubscriptionState::parse(text.as_bytes()).unwrap();
        assert_eq!(state.to_string(), written, "{text}");
    }
    assert_eq!(SubscriptionState::parse(b"waiting").unwrap().state, Substate::Other);
    for text in ["", ";expires=1", "act ive", "active, pending", "\"active\""] {
        assert!(SubscriptionState::parse(text.as_bytes()).is_none(), "{text:?}");
    }
}
