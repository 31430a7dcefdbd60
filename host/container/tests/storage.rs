//! A store that is slow, away or loses its answers: nothing is seen of what is not stored, and nothing goes back.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use host::{Host, Setup, Store, accept, request};
use siplet_container::app::Handler::{DoBye, DoInfo, DoInvite, ServletInitialized};
use siplet_container::report::{RefuseReason, Report, StoreOrder};
use siplet_container::{Counts, Input};

/// More than the time until a unit is offered again.
const A_RETRY: Duration = Duration::from_millis(250);

fn retries() -> u32 {
    siplet_container::config::Limits::default().store_attempts
}

/// A snapshot is whole: the store that has the second unit has the first one too, whatever became of its answer.
#[test]
fn a_later_unit_stands_for_the_earlier_ones() {
    let mut host = Host::durable(&[DoInvite], accept);
    host.store = Store::LosesAnswers;
    host.receive(&request("INVITE", 1, "i", ""));
    assert!(host.take_sent().is_empty());
    host.store = Store::Acknowledges;
    host.receive(&request("CANCEL", 1, "i", ""));
    assert_eq!(host.take_sent(), ["200 INVITE", "200 CANCEL"], "both leave, in the order of their commits");
    host.advance(Duration::from_millis(400));
    assert_eq!(host.container.counts().parked_units, 0, "the first is not offered again");
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.container.counts().application_sessions, 1, "and its INVITE makes no second call");
}

/// RFC 3261 §17.2.1: the 100 is due after 200 ms; a client that hears it repeats its INVITE no more, so it is stored first.
#[test]
fn a_100_leaves_only_when_its_invite_is_stored() {
    let mut host = Host::durable(&[DoInvite], |_| Ok(()));
    host.flow.transport = siplet_container::io::Transport::Tcp;
    (host.flow.listener, host.flow.connection) = (1, 9);
    host.receive(&request("INVITE", 1, "i", "").replace("UDP", "TCP"));
    host.advance(Duration::from_millis(300));
    assert!(host.take_sent().is_empty());
    host.acknowledge();
    assert_eq!(host.take_sent(), ["100 INVITE"]);
    host.store = Store::Acknowledges;
    host.advance(Duration::from_secs(100));
    assert!(host.take_sent().is_empty(), "one 100 is enough");
}

/// The store took the first unit and never said so: the caller heard 503, so no host may find the call there.
#[test]
fn a_call_that_was_refused_for_the_store_leaves_no_record() {
    let mut host = Host::durable(&[DoInvite], accept);
    host.store = Store::LosesAnswers;
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.stored.len(), 1, "it is there, and its owner does not know");
    host.advance(A_RETRY * retries());
    assert_eq!(host.take_sent(), ["503 INVITE"]);
    assert!(host.stored.is_empty());
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });
}

/// After a rollback the versions go on: the store may have taken what it did not acknowledge.
#[test]
fn versions_go_on_after_a_rollback() {
    let mut host = Host::durable(&[DoInvite, DoInfo, DoBye], accept);
    let tag = host.establish();
    host.store = Store::LosesAnswers;
    host.receive(&request("INFO", 2, "x", &tag));
    host.advance(A_RETRY * retries());
    assert_eq!(host.take_sent(), ["503 INFO"]);
    let rolled_back = |report: &Report| matches!(report, Report::RolledBack { units: 1, requests: 1, .. });
    assert!(host.reports.iter().any(rolled_back));
    let taken = host.stored.values().next().expect("the record").version;
    host.store = Store::Acknowledges;
    host.receive(&request("BYE", 3, "b", &tag));
    assert_eq!(host.take_sent(), ["200 BYE"], "a store that is fenced by the version would have refused");
    assert!(host.stored.values().next().expect("the record").version > taken);
}

/// What the guest did in a step whose session went back meanwhile is dropped, and its request refused.
#[test]
fn a_turn_that_comes_back_to_a_session_that_went_back_is_dropped() {
    let mut host = Host::durable(&[DoInvite, DoInfo], accept);
    let tag = host.establish();
    host.receive(&request("INFO", 2, "x", &tag));
    host.hold_turns = true;
    host.receive(&request("INFO", 3, "y", &tag));
    host.store = Store::IsAway;
    host.answer_all();
    host.advance(A_RETRY * retries());
    assert_eq!(host.take_sent(), ["503 INFO"], "the first one's unit was given up");
    host.end_turn();
    assert_eq!(host.take_sent(), ["503 INFO"], "the second one's step stood on it");
    assert_eq!(host.container.counts().server_transactions, 1, "that of the INVITE");
}

/// A request without a transaction of ours gets 503 from a store that stays away: RFC 3261 §8.2.7, §21.5.4.
#[test]
fn what_waits_for_a_store_that_stays_away_is_refused() {
    let mut host = Host::durable(&[DoInvite], accept);
    host.store = Store::IsAway;
    host.receive(&request("INVITE", 1, "i", ""));
    host.advance(A_RETRY * (retries() - 2));
    assert!(host.take_sent().is_empty(), "it is offered again");
    host.advance(A_RETRY * 2);
    assert_eq!(host.take_sent(), ["503 INVITE"]);
    let refused = |report: &Report| matches!(report, Report::Refused { why: RefuseReason::Store, .. });
    assert_eq!(host.reports.iter().filter(|report| refused(report)).count(), 1);
}

/// The root session of a former life ends, and that of this one goes on: `servlet-initialized` runs once for a deployment.
#[test]
fn a_restored_root_of_a_former_life_ends() {
    let handlers = [ServletInitialized, DoInvite];
    let mut first = Host::durable(&handlers, accept);
    first.acknowledge();
    let (key, _) = first.stored.first_key_value().expect("the root");
    let setup = Setup { durable: true, seed: 2, stored: first.stored.clone(), ..Setup::default() };
    let mut second = Host::start(setup, &handlers, accept);
    second.acknowledge();
    assert_eq!(second.turns, ["servlet-initialized"]);
    assert_eq!(second.forgotten, [*key]);
    assert_eq!(second.container.counts().application_sessions, 1, "its own root");
    assert_eq!(second.stored.len(), 1);
}

/// RFC 3261 §12.2.2: the record of a call is loaded for whoever names it, and for nobody twice.
#[test]
fn a_request_for_a_stored_call_waits_until_it_is_loaded() {
    let mut first = Host::durable(&[DoInvite, DoBye], accept);
    let tag = first.establish();
    let mut second =
        Host::start(Setup { durable: true, seed: 2, ..Setup::default() }, &[DoInvite, DoBye], accept);
    second.stored = first.stored.clone();
    second.store = Store::Acknowledges;
    second.receive(&request("BYE", 2, "b", &tag));
    assert_eq!(second.take_sent(), ["200 BYE"]);
    second.receive(&request("BYE", 2, "c", &tag.replace(&tag[..4], "0000")));
    assert_eq!(second.take_sent(), ["481 BYE"], "a name that was not minted here");
}

/// A record that stays behind would come back with the next host.
#[test]
fn a_record_goes_when_the_store_is_back() {
    let mut host = Host::durable(&[DoInvite, DoBye], accept);
    let tag = host.establish();
    host.receive(&request("BYE", 2, "b", &tag));
    host.acknowledge();
    host.store = Store::IsAway;
    host.advance(Duration::from_secs(40));
    assert_eq!((host.container.counts().application_sessions, host.container.counts().forgetting), (0, 1));
    let unavailable =
        |report: &&Report| matches!(report, Report::StoreUnavailable { order: StoreOrder::Forget(_), .. });
    assert!(host.reports.iter().filter(unavailable).count() > 10, "it is asked again and again");
    host.take_sent();
    host.receive(&request("BYE", 3, "c", &tag));
    assert_eq!((host.take_sent(), host.asked), (vec!["481 BYE".to_owned()], 0), "the call has ended");
    let (key, write) = host.stored.clone().pop_first().expect("its record is still there");
    host.handle(Input::Restored { key, found: Ok(Some(write.snapshot)) });
    assert_eq!(host.container.counts().application_sessions, 0, "and does not come back");
    host.store = Store::Acknowledges;
    host.advance(A_RETRY);
    assert!(host.stored.is_empty());
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });
}

/// The store is asked for a few at a time, so that one that comes back is not met by all at once.
#[test]
fn many_records_that_wait_for_the_store_go_a_few_at_a_time() {
    let mut host = Host::durable(&[DoInvite, DoBye], accept);
    host.store = Store::Acknowledges;
    for n in 0..200 {
        let call = format!("call-{n}");
        host.receive(&request("INVITE", 1, &format!("i{n}"), "").replace("call-1", &call));
        let tag = host::tag_of(&host.sent.last().expect("an answer").message);
        host.receive(&request("ACK", 1, &format!("a{n}"), &tag).replace("call-1", &call));
        host.receive(&request("BYE", 2, &format!("b{n}"), &tag).replace("call-1", &call));
    }
    host.store = Store::IsAway;
    host.advance(Duration::from_secs(33));
    assert_eq!(host.container.counts().forgetting, 200);
    host.reports.clear();
    host.advance(Duration::from_millis(201));
    let asked =
        host.reports.iter().filter(|report| matches!(report, Report::StoreUnavailable { .. })).count();
    assert!((1..=64).contains(&asked), "{asked}");
    host.store = Store::Acknowledges;
    host.advance(A_RETRY);
    assert_eq!(
        (host.stored.len(), host.container.counts().forgetting),
        (0, 0),
        "each makes room for the next"
    );
}

/// INV-LIMIT: `forgetting`.
#[test]
fn a_record_beyond_the_limit_is_reported_when_it_stays() {
    let limits = siplet_container::config::Limits { forgetting: 0, ..Default::default() };
    let setup = Setup { durable: true, limits, ..Setup::default() };
    let mut host = Host::start(setup, &[DoInvite, DoBye], accept);
    let tag = host.establish();
    host.receive(&request("BYE", 2, "b", &tag));
    host.acknowledge();
    host.store = Store::IsAway;
    host.advance(Duration::from_secs(33));
    let key = *host.stored.keys().next().expect("the record");
    assert!(host.reports.contains(&Report::RecordLeft { key }));
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });
}
