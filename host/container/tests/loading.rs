//! A stored session that a message names comes in before the message is dealt with; where it cannot, its peer hears so.

#[path = "support/host.rs"]
mod host;

use std::time::Duration;

use bytes::Bytes;
use host::{Host, Setup, Store, accept, request};
use siplet_container::Counts;
use siplet_container::app::Handler::{DoBye, DoCancel, DoInfo, DoInvite};
use siplet_container::config::Limits;
use siplet_container::io::{Key, StoreError};
use siplet_container::report::{DropReason, LoadFault, RefuseReason, Report, StoreOrder};
use siplet_sip::header::HeaderId;

/// More than the time until the store is asked again.
const A_RETRY: Duration = Duration::from_millis(250);
const HANDLERS: [siplet_container::app::Handler; 4] = [DoInvite, DoInfo, DoBye, DoCancel];

fn attempts() -> u32 {
    Limits::default().store_attempts
}

/// A host that has nothing in its memory, and a call in its store; the tag of that call.
fn empty_host_with_a_stored_call() -> (Host, String) {
    let mut first = Host::durable(&HANDLERS, accept);
    let tag = first.establish();
    (next_host(&first, Setup::default()), tag)
}

/// A host of another life over the same store, which loads what it is asked for.
fn next_host(first: &Host, setup: Setup) -> Host {
    let mut next = Host::start(Setup { durable: true, seed: 2, ..setup }, &HANDLERS, accept);
    next.stored = first.stored.clone();
    next.store = Store::Acknowledges;
    next
}

fn key_of(host: &Host) -> Key {
    *host.stored.keys().next().expect("a record")
}

fn change_record(host: &mut Host, change: impl Fn(&mut Vec<u8>)) {
    let write = host.stored.values_mut().next().expect("a record");
    let mut bytes = write.snapshot.to_vec();
    change(&mut bytes);
    write.snapshot = Bytes::from(bytes);
}

fn load_failed(host: &Host) -> Vec<(&LoadFault, usize)> {
    let mut told = Vec::new();
    for report in &host.reports {
        if let Report::LoadFailed { why, requests, .. } = report {
            told.push((why, *requests));
        }
    }
    told
}

fn dropped(host: &Host, wanted: DropReason) -> usize {
    let is_one = |report: &&Report| matches!(report, Report::Dropped { why, .. } if *why == wanted);
    host.reports.iter().filter(is_one).count()
}

fn retry_after(host: &Host) -> Option<Vec<u8>> {
    host.sent.last().expect("an answer").message.header(HeaderId::RetryAfter).map(<[u8]>::to_vec)
}

/// RFC 3261 §21.5.1, §12.2.1.2: a 481 would say that there is no such dialog, and end it at the peer.
#[test]
fn a_request_for_a_damaged_session_gets_500_and_never_481() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    change_record(&mut host, |bytes| *bytes.last_mut().expect("octets") ^= 1);
    for (cseq, method) in [(2, "INFO"), (3, "BYE")] {
        host.receive(&request(method, cseq, method, &tag));
        assert_eq!(retry_after(&host), None, "it does not come right by waiting");
        assert_eq!(host.take_sent(), [format!("500 {method}")]);
    }
    let damaged = LoadFault::Damaged("its checksum is another".to_owned());
    assert_eq!(load_failed(&host), [(&damaged, 1), (&damaged, 1)]);
    let refused = |report: &&Report| {
        matches!(report, Report::Refused { status: 500, why: RefuseReason::LoadFailed, .. })
    };
    assert_eq!(host.reports.iter().filter(refused).count(), 2);
    assert_eq!(host.stored.len(), 1, "the record is left to whoever can read it");
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });
}

#[test]
fn a_record_of_another_format_or_session_gets_500() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    change_record(&mut host, |bytes| bytes[0] = 9);
    host.receive(&request("BYE", 2, "a", &tag));
    assert_eq!(load_failed(&host), [(&LoadFault::Format(9), 1)]);
    assert_eq!(host.take_sent(), ["500 BYE"]);

    let (mut host, tag) = empty_host_with_a_stored_call();
    let mut other = Host::durable(&HANDLERS, accept);
    other.receive(&request("INVITE", 1, "i", "").replace("call-1", "call-2"));
    other.acknowledge();
    let foreign = other.stored.values().next().expect("a record").snapshot.clone();
    change_record(&mut host, |bytes| *bytes = foreign.to_vec());
    host.receive(&request("BYE", 2, "a", &tag));
    assert_eq!(load_failed(&host), [(&LoadFault::OtherSession, 1)]);
    assert_eq!(host.take_sent(), ["500 BYE"]);
}

/// RFC 3261 §21.5.4: the application may be back when the client comes again.
#[test]
fn a_session_whose_application_is_gone_gets_503_with_retry_after() {
    let mut first = Host::durable(&HANDLERS, accept);
    let tag = first.establish();
    let mut descriptor = Setup::default().descriptor;
    descriptor.name = "another".to_owned();
    let mut host = next_host(&first, Setup { descriptor, ..Setup::default() });
    let app = siplet_container::app::AppId { name: "app".into(), digest: 1 };
    host.handle(siplet_container::Input::Undeploy(app));
    host.receive(&request("BYE", 2, "b", &tag));
    assert_eq!(retry_after(&host).as_deref(), Some(&b"1"[..]));
    assert_eq!(host.take_sent(), ["503 BYE"]);
    assert_eq!(load_failed(&host), [(&LoadFault::NotDeployed("app".to_owned()), 1)]);
}

/// RFC 3261 §21.5.4: nobody waits for ever for a store that is away, and nobody hears that the call is not there.
#[test]
fn a_request_for_a_session_that_the_store_does_not_give_gets_503_in_the_end() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    host.load_fault = Some(StoreError::Unavailable);
    host.receive(&request("INFO", 2, "x", &tag));
    host.receive(&request("BYE", 3, "b", &tag));
    host.advance(A_RETRY * (attempts() - 2));
    assert!(host.take_sent().is_empty(), "the store is asked again");
    assert_eq!(host.container.counts().loading_packets, 2);
    host.advance(A_RETRY * 2);
    assert_eq!(retry_after(&host).as_deref(), Some(&b"1"[..]));
    assert_eq!(host.take_sent(), ["503 INFO", "503 BYE"]);
    assert_eq!(host.asked, attempts() as usize);
    assert_eq!(load_failed(&host), [(&LoadFault::Unavailable, 2)]);
    let key = key_of(&host);
    let again = |report: &&Report| matches!(report, Report::StoreUnavailable { order: StoreOrder::Load(of), .. } if *of == key);
    assert_eq!(host.reports.iter().filter(again).count(), attempts() as usize - 1);
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });

    host.load_fault = None;
    host.receive(&request("BYE", 3, "b", &tag));
    assert_eq!(host.take_sent(), ["200 BYE"], "and it was there all the time");
}

#[test]
fn a_short_outage_costs_a_request_only_time() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    host.load_fault = Some(StoreError::Unavailable);
    host.receive(&request("BYE", 2, "b", &tag));
    host.advance(A_RETRY);
    host.load_fault = None;
    host.advance(A_RETRY);
    assert_eq!(host.take_sent(), ["200 BYE"]);
    assert!(load_failed(&host).is_empty());
}

/// RFC 3261 §21.5.4: another node has it; the client may find that one.
#[test]
fn a_session_of_another_node_gets_503() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    host.load_fault = Some(StoreError::Refused);
    host.receive(&request("BYE", 2, "b", &tag));
    assert_eq!((host.take_sent(), host.asked), (vec!["503 BYE".to_owned()], 1));
    assert_eq!(load_failed(&host), [(&LoadFault::Refused, 1)]);
}

/// RFC 3261 §17.1.1.3: an ACK is never answered, but it is counted.
#[test]
fn what_cannot_be_answered_is_dropped_and_counted_when_its_session_cannot_be_loaded() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    change_record(&mut host, |bytes| bytes.truncate(20));
    host.receive(&request("ACK", 1, "ack", &tag));
    assert!(host.take_sent().is_empty());
    assert_eq!(dropped(&host, DropReason::LoadFailed), 1);
    assert_eq!(load_failed(&host).first().map(|(_, requests)| *requests), Some(0));
}

#[test]
fn a_record_that_cannot_be_read_at_the_start_is_told() {
    let mut first = Host::durable(&HANDLERS, accept);
    first.establish();
    change_record(&mut first, |bytes| bytes.clear());
    let stored = first.stored.clone();
    let host = Host::start(Setup { durable: true, seed: 2, stored, ..Setup::default() }, &HANDLERS, accept);
    assert_eq!(load_failed(&host), [(&LoadFault::Damaged("it is empty".to_owned()), 0)]);
}

/// RFC 3261 §17.2.1: the transaction of a repeated INVITE is in the session that is being loaded.
#[test]
fn a_repeated_invite_waits_for_the_session_that_is_being_loaded_and_makes_no_second_call() {
    let mut first = Host::durable(&HANDLERS, accept);
    first.receive(&request("INVITE", 1, "i", ""));
    first.acknowledge();
    let tag = host::tag_of(&first.sent.last().expect("an answer").message);
    let mut host = next_host(&first, Setup::default());
    host.hold_loads = true;
    host.receive(&request("INFO", 2, "x", &tag));
    for _ in 0..3 {
        host.receive(&request("INVITE", 1, "i", ""));
    }
    let counts = host.container.counts();
    assert_eq!((counts.application_sessions, counts.loading_packets), (0, 2), "one of the repetitions waits");
    host.load_all();
    host.advance(Duration::from_millis(1));
    let counts = host.container.counts();
    assert_eq!((counts.application_sessions, counts.loading_packets), (1, 0));
    assert_eq!(host.turns, ["do-info"], "the servlet saw no second INVITE");
    assert!(host.take_sent().contains(&"200 INFO".to_owned()));
}

/// RFC 3261 §9.2: the INVITE that a CANCEL matches is in the session that is being loaded.
#[test]
fn a_cancel_waits_for_the_session_that_is_being_loaded() {
    let ring = |turn: &mut siplet_container::turn::Turn| {
        let siplet_container::turn::Callback::Request { message, handler: DoInvite } = turn.callback() else {
            return accept(turn);
        };
        let response = turn.create_response(message, 180, None)?;
        turn.send(response)
    };
    let mut first = Host::durable(&HANDLERS, ring);
    first.receive(&request("INVITE", 1, "i", ""));
    first.acknowledge();
    let tag = host::tag_of(&first.sent.last().expect("the 180").message);
    let mut host = next_host(&first, Setup::default());
    host.hold_loads = true;
    host.receive(&request("INFO", 2, "x", &tag));
    host.receive(&request("CANCEL", 1, "i", ""));
    assert!(host.take_sent().is_empty());
    host.load_all();
    let sent = host.take_sent();
    assert!(sent.contains(&"200 CANCEL".to_owned()) && sent.contains(&"487 INVITE".to_owned()), "{sent:?}");
}

/// RFC 3261 §21.5.4: nobody can tell whether it is a repetition, and a new call could not be stored either.
#[test]
fn an_invite_behind_a_load_that_the_store_leaves_open_gets_503() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    host.load_fault = Some(StoreError::Unavailable);
    host.receive(&request("INFO", 2, "x", &tag));
    host.receive(&request("INVITE", 1, "i", ""));
    host.advance(A_RETRY * attempts());
    assert_eq!(host.take_sent(), ["503 INFO", "503 INVITE"]);
    assert_eq!(host.container.counts(), Counts { applications: 1, ..Counts::default() });
}

#[test]
fn an_invite_behind_a_record_that_is_lost_makes_its_call_anew() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    change_record(&mut host, |bytes| bytes[1] ^= 1);
    host.hold_loads = true;
    host.receive(&request("INFO", 2, "x", &tag));
    host.receive(&request("INVITE", 1, "i", ""));
    host.load_all();
    assert_eq!(host.take_sent(), ["500 INFO", "200 INVITE"]);
}

/// Other partitions know nothing of it; and whoever waits does so for what was under way when it came.
#[test]
fn a_new_call_waits_only_for_loads_of_its_own_partition_that_came_before_it() {
    let (mut host, tag) = empty_host_with_a_stored_call();
    host.hold_loads = true;
    host.receive(&request("INFO", 2, "x", &tag));
    host.receive(&request("INVITE", 1, "j", "").replace("call-1", "call-9"));
    assert_eq!(host.take_sent(), ["200 INVITE"], "call-9 is of another partition");
    host.receive(&request("INVITE", 1, "i", ""));
    // Another session of the same partition is asked for after it.
    let mut other = Host::start(Setup { durable: true, seed: 3, ..Setup::default() }, &HANDLERS, accept);
    let later = other.establish();
    assert_ne!(tag, later);
    host.receive(&request("INFO", 2, "y", &later));
    let key = key_of(&host);
    let found = Ok(host.stored.get(&key).map(|write| write.snapshot.clone()));
    host.handle(siplet_container::Input::Restored { key, found });
    assert_eq!(host.container.counts().loading_packets, 1, "only what names the later one still waits");
    assert!(host.take_sent().contains(&"200 INFO".to_owned()));
}

/// INV-LIMIT: `loading-packets`.
#[test]
fn packets_that_wait_for_the_store_are_bounded() {
    let mut first = Host::durable(&HANDLERS, accept);
    let tag = first.establish();
    let limits = Limits { loading_packets: 3, ..Limits::default() };
    let mut host = next_host(&first, Setup { limits, ..Setup::default() });
    host.hold_loads = true;
    for n in 0..10 {
        host.receive(&request("INFO", 2 + n, &format!("x{n}"), &tag));
        host.receive(&request("INVITE", 1, &format!("i{n}"), ""));
    }
    assert_eq!(host.container.counts().loading_packets, 3);
    assert_eq!(dropped(&host, DropReason::LoadingLimit), 17);
    host.load_all();
    assert_eq!(host.container.counts().loading_packets, 0);
}
