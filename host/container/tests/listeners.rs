//! Listeners (SIP Servlet 1.1 §6.1.2, §6.2.4, §6.3): what is told, in which order, and what a listener can still change.

#![allow(clippy::wildcard_enum_match_arm, reason = "a script minds the callbacks that its test is about")]

#[path = "support/host.rs"]
mod host;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use host::{Host, Setup, Store, accept, request, response};
use siplet_container::app::Handler::{
    self, ApplicationSessionAttributeChanged, ApplicationSessionCreated, ApplicationSessionDestroyed,
    ApplicationSessionDidActivate, ApplicationSessionExpired, ApplicationSessionReadyToInvalidate, DoAck,
    DoBye, DoInvite, DoMessage, DoSuccessResponse, SessionAttributeChanged, SessionCreated, SessionDestroyed,
    SessionReadyToInvalidate,
};
use siplet_container::app::{AppLimits, Descriptor};
use siplet_container::report::Report;
use siplet_container::turn::{Callback, Misuse, Outcome, Scope, Turn};

const LIFE: [Handler; 11] = [
    DoInvite,
    DoAck,
    DoBye,
    DoMessage,
    ApplicationSessionCreated,
    ApplicationSessionExpired,
    ApplicationSessionReadyToInvalidate,
    ApplicationSessionDestroyed,
    SessionCreated,
    SessionReadyToInvalidate,
    SessionDestroyed,
];

fn host(
    setup: Setup,
    handlers: &[Handler],
    script: impl FnMut(&mut Turn) -> Result<(), Misuse> + 'static,
) -> Host {
    Host::start(setup, handlers, script)
}

/// The life of a call, as its listeners see it: parents are born first and die last.
#[test]
fn the_life_of_a_call_is_told_in_order() {
    let mut host = Host::new(&LIFE, accept);
    let tag = host.establish();
    assert_eq!(
        std::mem::take(&mut host.turns),
        ["application-session-created", "session-created", "do-invite", "do-ack"]
    );
    host.receive(&request("BYE", 2, "bye", &tag));
    assert_eq!(
        std::mem::take(&mut host.turns),
        [
            "do-bye",
            "session-ready-to-invalidate",
            "session-destroyed",
            "application-session-ready-to-invalidate",
            "application-session-destroyed",
        ]
    );
    host.advance(Duration::from_secs(60));
    assert_eq!(host.turns, [""; 0], "nothing is told twice");
    assert_eq!(host.container.counts().application_sessions, 0);
}

/// SIP Servlet 1.1 §6.2.4.1: the callback of a session that is ready may keep it; told again when it is ready again.
#[test]
fn a_listener_keeps_a_session_that_is_ready() {
    let mut host = Host::new(&LIFE, |turn| match turn.callback() {
        Callback::Session { handler: SessionReadyToInvalidate, session } => {
            turn.set_invalidate_when_ready(Scope::Session(session), false)
        }
        _ => accept(turn),
    });
    let tag = host.establish();
    host.receive(&request("BYE", 2, "bye", &tag));
    assert_eq!(host.turns.last(), Some(&"session-ready-to-invalidate"));
    host.advance(Duration::from_secs(60));
    assert_eq!(host.container.counts().application_sessions, 1);
    host.advance(Duration::from_secs(300));
    assert_eq!(
        host.turns[host.turns.len() - 3..],
        ["application-session-expired", "session-destroyed", "application-session-destroyed"]
    );
    assert_eq!(host.container.counts().application_sessions, 0, "its expiry ends it all the same");
}

/// SIP Servlet 1.1 §6.1.2: the callback of the expiry may extend the lifetime; where it does not, the session is over.
#[test]
fn an_expiry_may_be_extended_and_a_refused_extension_ends_the_session() {
    let extended = Rc::new(RefCell::new(0));
    let times = extended.clone();
    let mut host = Host::new(&LIFE, move |turn| match turn.callback() {
        Callback::ApplicationSession { handler: ApplicationSessionExpired } => {
            *times.borrow_mut() += 1;
            if *times.borrow() == 1 { turn.set_expires(60) } else { Ok(()) }
        }
        Callback::Request { handler: DoMessage, .. } => {
            turn.set_invalidate_when_ready(Scope::Application, false)?;
            turn.set_expires(10)?;
            accept(turn)
        }
        _ => accept(turn),
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(Duration::from_secs(40));
    assert_eq!((*extended.borrow(), host.container.counts().application_sessions), (1, 1));
    host.advance(Duration::from_secs(60));
    assert_eq!((*extended.borrow(), host.container.counts().application_sessions), (2, 0));
    assert_eq!(host.turns.last(), Some(&"application-session-destroyed"));
}

/// A confirmed call whose expiry is refused ends with what its peer is owed.
#[test]
fn a_call_that_expires_without_invalidate_when_ready_hangs_up() {
    let mut host = Host::new(&LIFE, |turn| {
        if turn.callback().handler() == DoInvite {
            turn.set_invalidate_when_ready(Scope::Application, false)?;
            turn.set_expires(10)?;
        }
        accept(turn)
    });
    host.establish();
    host.advance(Duration::from_secs(12));
    let sent = host.take_sent();
    assert!(!sent.is_empty() && sent.iter().all(|one| one == "BYE"), "{sent:?}");
}

/// An expired handler that dies changes nothing about the expiry.
#[test]
fn the_expiry_stands_when_its_listener_dies() {
    let mut host = Host::new(&LIFE, |turn| match turn.callback() {
        Callback::ApplicationSession { handler: ApplicationSessionExpired } => turn.set_expires(1000),
        Callback::Request { .. } => {
            turn.set_invalidate_when_ready(Scope::Application, false)?;
            accept(turn)
        }
        _ => Ok(()),
    });
    host.ends.insert(ApplicationSessionExpired, Outcome::Failed("no".to_owned()));
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(Duration::from_secs(300));
    assert_eq!(host.container.counts().application_sessions, 0);
}

const ATTRIBUTES: [Handler; 3] = [DoMessage, SessionAttributeChanged, ApplicationSessionAttributeChanged];

/// SIP Servlet 1.1 §6.3.1: added, replaced, removed; what stays the same is not told.
#[test]
fn changes_of_attributes_are_told_with_both_values() {
    let told: Rc<RefCell<Vec<String>>> = Rc::default();
    let seen = told.clone();
    let mut host = Host::new(&ATTRIBUTES, move |turn| match turn.callback() {
        Callback::AttributeChanged { change } => {
            let scope = if change.session.is_some() { "session" } else { "application" };
            let text = format!("{scope} {} {:?} {:?}", change.name, change.old, change.new);
            seen.borrow_mut().push(text);
            Ok(())
        }
        Callback::Request { message, .. } => {
            let session = Scope::Session(turn.session_of(message)?);
            turn.set_attribute(session, "a", b"1")?;
            turn.set_attribute(session, "a", b"1")?;
            turn.set_attribute(session, "a", b"2")?;
            turn.remove_attribute(session, "a")?;
            turn.remove_attribute(session, "a")?;
            turn.set_attribute(Scope::Application, "b", b"")?;
            assert!(seen.borrow().is_empty(), "the guest is not entered again from inside its call");
            accept(turn)
        }
        _ => Ok(()),
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    assert_eq!(
        *told.borrow(),
        [
            "session a None Some(b\"1\")",
            "session a Some(b\"1\") Some(b\"2\")",
            "session a Some(b\"2\") None",
            "application b None Some(b\"\")",
        ]
    );
}

/// A listener that causes itself is stopped by a named limit, and the rest of the step is done.
#[test]
fn listeners_that_call_for_each_other_are_bounded() {
    let limits = AppLimits { listener_turns: 5, ..AppLimits::default() };
    let descriptor = Descriptor { name: "app".to_owned(), limits, ..Descriptor::default() };
    let mut host = host(Setup { descriptor, ..Setup::default() }, &ATTRIBUTES, |turn| {
        if let Callback::Request { message, .. } = turn.callback() {
            let response = turn.create_response(message, 200, None)?;
            turn.send(response)?;
        }
        let count = turn.attribute(Scope::Application, "n")?.map_or(0, |value| value[0]);
        turn.set_attribute(Scope::Application, "n", &[count + 1])
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    assert_eq!(host.turns.len(), 6);
    assert_eq!(host.take_sent(), ["200 MESSAGE"]);
    assert!(host.reports.iter().any(|report| matches!(report, Report::ListenersDropped { turns: 1, .. })));
}

/// What a handler that died has caused is told to nobody.
#[test]
fn listeners_of_an_abandoned_turn_are_not_called() {
    let mut host = Host::new(&ATTRIBUTES, |turn| turn.set_attribute(Scope::Application, "a", b"1"));
    host.ends.insert(DoMessage, Outcome::Failed("no".to_owned()));
    host.receive(&request("MESSAGE", 1, "m", ""));
    assert_eq!(host.turns, ["do-message"]);
    assert_eq!(host.take_sent(), ["500 MESSAGE"]);
}

/// A session that was invalidated is readable until its step is over, and takes nothing.
#[test]
fn an_ended_session_is_readable_in_its_last_listener() {
    let seen: Rc<RefCell<Vec<String>>> = Rc::default();
    let told = seen.clone();
    let mut host = Host::new(&LIFE, move |turn| match turn.callback() {
        Callback::Session { handler: SessionDestroyed, session } => {
            let value = turn.attribute(Scope::Session(session), "who")?;
            told.borrow_mut().push(format!("{value:?} {}", turn.session_call_id(session)?));
            let refused = turn.set_attribute(Scope::Session(session), "who", b"me");
            assert_eq!(refused, Err(Misuse::InvalidSession));
            Ok(())
        }
        Callback::ApplicationSession { handler: ApplicationSessionDestroyed } => {
            told.borrow_mut().push(format!("{:?}", turn.attribute(Scope::Application, "call")?));
            assert_eq!(turn.set_expires(10), Err(Misuse::InvalidSession));
            Ok(())
        }
        Callback::Request { message, handler: DoInvite } => {
            let session = Scope::Session(turn.session_of(message)?);
            turn.set_attribute(session, "who", b"bob")?;
            turn.set_attribute(Scope::Application, "call", b"1")?;
            accept(turn)
        }
        _ => accept(turn),
    });
    let tag = host.establish();
    host.receive(&request("BYE", 2, "bye", &tag));
    assert_eq!(*seen.borrow(), ["Some(b\"who\") call-1".replace("who", "bob"), "Some(b\"1\")".to_owned()]);
}

/// A session of our own is told like one that came; one that was refused was never there.
#[test]
fn a_session_that_is_made_by_the_servlet_is_told() {
    let mut host = Host::new(&[DoMessage, DoSuccessResponse, SessionCreated], |turn| {
        if turn.callback().handler() == DoMessage {
            let refused = turn.create_initial_request("ACK", "<sip:me@here>", "<sip:a@10.0.0.3>");
            assert!(matches!(refused, Err(Misuse::InvalidMethod(_))));
        }
        host::caller(turn)
    });
    let invite = host.call_out();
    assert_eq!(host.turns, ["session-created", "do-message", "session-created"]);
    host.receive(&response(&invite, 486, "b"));
    assert_eq!(host.turns.len(), 3);
}

/// Exactly one callback for each session that moves to another host, and none for one that does not.
#[test]
fn a_restored_session_is_activated_once() {
    let handlers = [DoInvite, DoAck, DoBye, ApplicationSessionDidActivate];
    let mut first = Host::durable(&handlers, accept);
    first.store = Store::Acknowledges;
    first.establish();
    let (stored, now) = (first.stored.clone(), first.now);
    assert!(!first.turns.contains(&"application-session-did-activate"));
    let setup = Setup { durable: true, seed: 2, stored, now, ..Setup::default() };
    let mut second = host(setup, &handlers, |turn| {
        turn.set_attribute(Scope::Application, "here", b"2")?;
        accept(turn)
    });
    assert_eq!(second.turns, ["application-session-did-activate"]);
    second.acknowledge();
    second.advance(Duration::from_secs(20));
    assert_eq!(second.turns.len(), 1);
    assert_eq!(second.stored.values().map(|write| write.version).max(), Some(3), "what it set is stored");
}

/// SIP Servlet 1.1 §8.2: a handler may return without an answer; a later turn finds the request and answers.
#[test]
fn a_request_that_was_left_open_is_answered_in_a_later_turn() {
    let handlers = [DoInvite, DoAck, Handler::Timeout];
    let mut host = Host::new(&handlers, |turn| match turn.callback() {
        Callback::Request { handler: DoInvite, message } => {
            let sip = turn.session_of(message)?;
            assert_eq!(turn.pending_requests(sip)?, [message], "the request of the turn is one of them");
            turn.create_timer(Duration::from_secs(3), siplet_container::turn::Repeat::Once, true, b"")?;
            Ok(())
        }
        Callback::Timeout { .. } => {
            let [sip] = turn.sessions()[..] else { panic!("one session") };
            let [invite] = turn.pending_requests(sip)?[..] else { panic!("one request is open") };
            assert_eq!(turn.pending_requests(sip)?, [invite], "one message has one number in a turn");
            let ok = turn.create_response(invite, 200, None)?;
            turn.send(ok)?;
            assert_eq!(turn.pending_requests(sip)?, []);
            Ok(())
        }
        _ => Ok(()),
    });
    host.receive(&request("INVITE", 1, "i", ""));
    host.advance(Duration::from_secs(4));
    assert_eq!(host.take_sent(), ["100 INVITE", "200 INVITE", "200 INVITE"], "the second is its repetition");
}
