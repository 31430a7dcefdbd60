use std::sync::Arc;

use siplet_container::app::Handler;
use siplet_container::io::{Flow, Key, Transport};
use siplet_container::report::{DropReason, RefuseReason};

use super::*;

fn app() -> AppId {
    AppId { name: Arc::from("screen"), digest: 0x91ab_07ff_0000_0000 }
}

fn flow() -> Flow {
    Flow { listener: 0, transport: Transport::Udp, remote: "192.0.2.1:5060".parse().unwrap(), connection: 0 }
}

#[test]
fn a_turn_that_died_says_where_why_and_what_the_caller_heard() {
    let trap = Trap {
        reason: TrapReason::Panic,
        text: "panicked at src/lib.rs:42: index out of bounds: the len is 3 but the index is 3".into(),
        backtrace: ["screen::look", "screen::look", "screen::Screen::do_invite  src/lib.rs:42"]
            .map(Into::into)
            .into(),
        cpu: Duration::from_micros(31),
    };
    let report = Report::TurnAbandoned {
        app: app(),
        version: "0.1.0".into(),
        handler: Handler::DoInvite,
        key: Key(1),
        call_id: Some("abc@host".into()),
        answered: Some(500),
        death: Death::Trapped(trap),
        record: None,
    };
    let (loudness, text) = words(&report).unwrap();
    assert_eq!(loudness, Loudness::ERROR);
    assert_eq!(
        text,
        "screen 0.1.0 #91ab07 died in do-invite after 31 us\n\
         panicked at src/lib.rs:42: index out of bounds: the len is 3 but the index is 3\n\
         the caller got 500; nothing else of this turn left the host; the session is as it was\n\
         call abc@host\n\
         at screen::look  (2 times)\n\
         at screen::Screen::do_invite  src/lib.rs:42"
    );
}

#[test]
fn drops_and_refusals_name_the_peer_and_the_reason() {
    let dropped = Report::Dropped { why: DropReason::StrayResponse, flow: Some(flow()) };
    assert_eq!(words(&dropped).unwrap().1, "dropped a message from udp 192.0.2.1:5060: stray-response");
    let why = RefuseReason::NoApplication;
    let refused = Report::Refused { status: 404, why, text: "Not Found".into(), flow: flow() };
    assert_eq!(words(&refused).unwrap().1, "answered 404 to udp 192.0.2.1:5060: no-application (Not Found)");
}

#[test]
fn reports_of_one_kind_are_held_back_and_counted() {
    let mut reporter = Reporter::new(2);
    let at = |second: u64| Time::from_micros(second * 1_000_000);
    let mut admit = |kind: &str, second| reporter.admit(kind.to_owned(), 2, MINUTE, at(second));
    assert_eq!((admit("a", 0), admit("a", 1), admit("a", 2), admit("a", 59)), (Some(0), Some(0), None, None));
    assert_eq!(admit("b", 59), Some(0), "another kind is told");
    assert_eq!(
        (admit("a", 60), admit("a", 61)),
        (Some(2), Some(0)),
        "the next minute tells how many there were"
    );
}
