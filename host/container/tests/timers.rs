//! Servlet timers (SIP Servlet 1.1 §9) in the container: when they fire, what they keep alive, and what outlives the host.

#![allow(clippy::wildcard_enum_match_arm, reason = "a script minds the callbacks that its test is about")]

#[path = "support/host.rs"]
mod host;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use host::{Host, Setup, Store, accept, request};
use siplet_container::app::Handler::{self, DoAck, DoInvite, DoMessage, Timeout};
use siplet_container::app::{AppLimits, Descriptor};
use siplet_container::turn::{
    Callback, LONGEST_DELAY, Misuse, Outcome, Repeat, SHORTEST_PERIOD, Scope, TimerView, Trap, TrapReason,
    Turn,
};

const SECOND: Duration = Duration::from_secs(1);
const HANDLERS: [Handler; 4] = [DoInvite, DoAck, DoMessage, Timeout];

/// What fired, by its payload.
type Fired = Rc<RefCell<Vec<String>>>;

/// A host whose MESSAGE handler runs `make`, and whose `timeout` writes payloads down.
fn host(setup: Setup, make: impl Fn(&mut Turn) -> Result<(), Misuse> + 'static) -> (Host, Fired) {
    let fired = Fired::default();
    let told = fired.clone();
    let host = Host::start(setup, &HANDLERS, move |turn| match turn.callback() {
        Callback::Timeout { timer } => {
            told.borrow_mut().push(String::from_utf8_lossy(&timer.payload).into_owned());
            Ok(())
        }
        Callback::Request { handler: DoMessage, .. } => {
            make(turn)?;
            accept(turn)
        }
        _ => accept(turn),
    });
    (host, fired)
}

fn take(fired: &Fired) -> Vec<String> {
    std::mem::take(&mut fired.borrow_mut())
}

fn once(turn: &mut Turn, delay: Duration, payload: &str) -> Result<String, Misuse> {
    turn.create_timer(delay, Repeat::Once, true, payload.as_bytes())
}

/// SIP Servlet 1.1 §9.1: once, at a fixed delay, at a fixed rate.
#[test]
fn timers_fire_at_their_time_and_repeat_as_they_were_made() {
    let (mut host, fired) = host(Setup::default(), |turn| {
        once(turn, 5 * SECOND, "once")?;
        turn.create_timer(2 * SECOND, Repeat::FixedDelay(SECOND), true, b"delay")?;
        turn.create_timer(Duration::ZERO, Repeat::FixedRate(3 * SECOND), true, b"rate")?;
        Ok(())
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(Duration::from_millis(500));
    assert_eq!(take(&fired), ["rate"]);
    host.advance(2 * SECOND);
    assert_eq!(take(&fired), ["delay"]);
    host.advance(SECOND);
    assert_eq!(take(&fired), ["delay", "rate"], "both near 3 s");
    host.advance(2 * SECOND);
    assert_eq!(take(&fired), ["delay", "once", "delay"]);
    host.advance(SECOND);
    assert_eq!(take(&fired), ["delay", "rate"]);
}

/// SIP Servlet 1.1 §6.1.2.2: an armed timer keeps its application session; the session ends with the last of them.
#[test]
fn a_session_lives_as_long_as_a_timer_is_armed_in_it() {
    let (mut host, fired) = host(Setup::default(), |turn| once(turn, 100 * SECOND, "late").map(drop));
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(99 * SECOND);
    assert_eq!(host.container.counts().application_sessions, 1, "its transaction has run out long ago");
    host.advance(2 * SECOND);
    assert_eq!(take(&fired), ["late"]);
    assert_eq!(host.container.counts().application_sessions, 0);
    assert_eq!(host.container.counts().deadlines, 0);
}

/// SIP Servlet 1.1 §6.1.2: an application session that expires takes its timers with it.
#[test]
fn a_timer_does_not_outlive_the_expiry_of_its_session() {
    let (mut host, fired) = host(Setup::default(), |turn| {
        turn.set_expires(10)?;
        once(turn, 20 * SECOND, "never").map(drop)
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(60 * SECOND);
    assert_eq!(take(&fired), [""; 0]);
    assert_eq!(host.container.counts().application_sessions, 0);
}

#[test]
fn a_cancelled_timer_does_not_fire_and_wakes_nobody() {
    let (mut host, fired) = host(Setup::default(), |turn| {
        let id = once(turn, 10 * SECOND, "cancelled")?;
        assert_eq!(turn.timer(&id).map(|timer| timer.payload), Some("cancelled".into()));
        assert!(turn.cancel_timer(&id));
        assert!(!turn.cancel_timer(&id), "it is gone");
        assert_eq!(turn.timer(&id), None);
        assert!(!turn.cancel_timer("no id of ours"));
        assert!(turn.timers().is_empty());
        Ok(())
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(40 * SECOND);
    assert_eq!(take(&fired), [""; 0]);
    assert_eq!(host.container.next_timeout(), None);
}

/// A timer that fires in the very step that ends the session is not told.
#[test]
fn a_timer_of_a_session_that_another_one_ends_is_not_told() {
    let fired = Fired::default();
    let told = fired.clone();
    let mut host = Host::new(&HANDLERS, move |turn| match turn.callback() {
        Callback::Timeout { timer } => {
            told.borrow_mut().push(String::from_utf8_lossy(&timer.payload).into_owned());
            turn.invalidate_application_session()
        }
        Callback::Request { handler: DoMessage, .. } => {
            once(turn, SECOND, "first")?;
            once(turn, SECOND, "second")?;
            accept(turn)
        }
        _ => accept(turn),
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(60 * SECOND);
    assert_eq!(take(&fired), ["first"]);
    assert_eq!(host.container.counts().application_sessions, 0);
}

/// A handler that dies has had its firing: a timer that kills its servlet does not do so for ever.
#[test]
fn a_timer_whose_handler_dies_is_not_repeated_for_it() {
    let (mut host, fired) = host(Setup::default(), |turn| {
        once(turn, SECOND, "once")?;
        turn.create_timer(SECOND, Repeat::FixedRate(SECOND), true, b"rate").map(drop)
    });
    let trap =
        Trap { reason: TrapReason::Panic, text: String::new(), backtrace: Vec::new(), cpu: Duration::ZERO };
    host.ends.insert(Timeout, Outcome::Trapped(trap));
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(Duration::from_millis(3500));
    assert_eq!(take(&fired), ["once", "rate", "rate", "rate"]);
}

#[test]
fn what_is_wrong_with_a_timer_is_refused_by_name() {
    let limits = AppLimits { timers: 2, attribute_bytes: 100, ..AppLimits::default() };
    let descriptor = Descriptor { name: "app".to_owned(), limits, ..Descriptor::default() };
    let (mut host, _) = host(Setup { descriptor, ..Setup::default() }, |turn| {
        let refused = |turn: &mut Turn, delay, repeat, payload: &[u8]| {
            turn.create_timer(delay, repeat, true, payload).expect_err("it is refused")
        };
        let short = Repeat::FixedRate(SHORTEST_PERIOD - Duration::from_nanos(1));
        assert_eq!(refused(turn, SECOND, short, b""), Misuse::Limit("shortest-period"));
        assert_eq!(refused(turn, LONGEST_DELAY + SECOND, Repeat::Once, b""), Misuse::Limit("longest-delay"));
        let long = Repeat::FixedDelay(LONGEST_DELAY + SECOND);
        assert_eq!(refused(turn, SECOND, long, b""), Misuse::Limit("longest-delay"));
        assert_eq!(refused(turn, SECOND, Repeat::Once, &[0; 101]), Misuse::Limit("attribute-bytes"));
        turn.set_attribute(Scope::Application, "a", &[0; 49])?;
        once(turn, SECOND, &"x".repeat(50))?;
        assert_eq!(refused(turn, SECOND, Repeat::Once, b"x"), Misuse::Limit("attribute-bytes"));
        once(turn, SECOND, "")?;
        assert_eq!(refused(turn, SECOND, Repeat::Once, b""), Misuse::Limit("timers"));
        Ok(())
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    assert_eq!(host.take_sent(), ["200 MESSAGE"]);
}

#[test]
fn an_invalidated_session_has_no_timers_and_takes_none() {
    let mut host = Host::new(&HANDLERS, |turn| {
        once(turn, SECOND, "")?;
        turn.invalidate_application_session()?;
        assert!(turn.timers().is_empty());
        assert_eq!(once(turn, SECOND, "").expect_err("it is over"), Misuse::InvalidSession);
        Ok(())
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    assert_eq!(host.take_sent(), ["480 MESSAGE"]);
    host.advance(60 * SECOND);
    assert_eq!(host.turns, ["do-message"]);
}

/// SIP Servlet 1.1 §9.1: only whoever listens has timers.
#[test]
fn a_servlet_without_a_listener_has_no_timers() {
    let mut host = Host::new(&[DoMessage], |turn| {
        let refused = once(turn, SECOND, "").expect_err("nobody listens");
        assert!(matches!(refused, Misuse::NotSupported(_)));
        accept(turn)
    });
    host.receive(&request("MESSAGE", 1, "m", ""));
    assert_eq!(host.take_sent(), ["200 MESSAGE"]);
}

/// SIP Servlet 1.1 §9.1: a persistent timer fires on the host that has the session then, once; another one is gone.
#[test]
fn persistent_timers_outlive_the_host_and_fire_once() {
    let make = |turn: &mut Turn| {
        once(turn, 10 * SECOND, "stored")?;
        turn.create_timer(10 * SECOND, Repeat::FixedRate(SECOND), true, b"rate")?;
        turn.create_timer(10 * SECOND, Repeat::Once, false, b"volatile")?;
        turn.set_expires(0)
    };
    let (mut first, fired) = host(Setup { durable: true, ..Setup::default() }, make);
    first.store = Store::Acknowledges;
    first.receive(&request("MESSAGE", 1, "m", ""));
    first.advance(5 * SECOND);
    assert_eq!(take(&fired), [""; 0]);
    let (stored, now) = (first.stored.clone(), first.now);
    drop(first);
    // The other host comes up when the timers were due half a minute ago.
    let setup = Setup { durable: true, seed: 2, stored, now: now + 35 * SECOND, ..Setup::default() };
    let (mut second, fired) = host(setup, make);
    second.store = Store::Acknowledges;
    second.advance(Duration::from_millis(100));
    assert_eq!(take(&fired), ["stored", "rate"], "thirty periods were missed, and one is made up for");
    second.advance(SECOND);
    assert_eq!(take(&fired), ["rate"]);
    let (stored, now) = (second.stored.clone(), second.now);
    let setup = Setup { durable: true, seed: 3, stored, now, ..Setup::default() };
    let (mut third, fired) = host(setup, make);
    third.advance(Duration::from_millis(10));
    assert_eq!(take(&fired), [""; 0], "what has fired and was stored does not fire again");
}

/// The turn of `timeout` sees the timer as it was; the list has it as it goes on.
#[test]
fn the_handler_sees_its_timer_and_what_comes_next() {
    /// A timer that fired, and those that are armed then.
    type Seen = (TimerView, Vec<TimerView>);
    let seen: Rc<RefCell<Vec<Seen>>> = Rc::default();
    let told = seen.clone();
    let mut host = Host::new(&HANDLERS, move |turn| match turn.callback() {
        Callback::Timeout { timer } => {
            told.borrow_mut().push((timer, turn.timers()));
            turn.invalidate_application_session()
        }
        Callback::Request { handler: DoMessage, .. } => {
            turn.create_timer(SECOND, Repeat::FixedRate(2 * SECOND), true, b"x")?;
            accept(turn)
        }
        _ => accept(turn),
    });
    let began = host.now;
    host.receive(&request("MESSAGE", 1, "m", ""));
    host.advance(2 * SECOND);
    let seen = seen.borrow();
    let [(timer, listed)] = &seen[..] else { panic!("it fires once: {seen:?}") };
    assert_eq!(timer.at, began + SECOND);
    let [next] = &listed[..] else { panic!("it goes on: {listed:?}") };
    assert_eq!((&next.id, next.at), (&timer.id, began + 3 * SECOND));
}
