//! The usual calls where a packet seldom arrives where its call lives (`shards = 2`), and where every step is stored before
//! anything of it leaves (`durable = true`).

use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Host, Setup, wait_for};
use crate::phone::{PATIENCE, Phone, Request, status};
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("shards":
        shared two_shards_serve_the_usual_calls,
        shared a_store_that_takes_its_time_serves_the_usual_calls,
        shared two_shards_over_a_store_serve_the_usual_calls,
        shared repetitions_find_their_call_from_whatever_shard_they_arrive_at,
        shared a_call_is_cancelled_from_whatever_shard_the_cancel_arrives_at,
        shared a_stored_call_hears_its_repetitions_and_leaves_no_record;)
}

/// So short that everything of a call is over after some seconds.
const TIMERS: &str = "[timers]\nt1-ms = 50\nt2-ms = 400\nt4-ms = 500";
/// Longer than 64 * T1, with what a busy machine adds.
const REST: Duration = Duration::from_secs(20);
const RINGS: &str = "handlers = [\"do-invite\"]\ndomains = [\"rings.example\"]";

#[derive(Clone, Copy)]
struct Kind {
    shards: u16,
    durable: bool,
}

fn host(kind: Kind) -> Host {
    let setup = Setup::new().sample("answer").sample("redirect").guest("rings", RINGS);
    let setup = setup.setting(&format!("shards = {}", kind.shards)).section(TIMERS);
    let setup = if kind.durable { setup.setting("durable = true\nstore-latency-ms = 3") } else { setup };
    setup.start()
}

/// What every host of that kind does.
fn usual_calls(kind: Kind) {
    let host = host(kind);
    for tcp in [false, true] {
        let over = |sipp: Sipp| if tcp { sipp.tcp() } else { sipp };
        over(Sipp::built_in("uac", host.sip)).calls(100).rate(100).hold_ms(100).run().expect_clean();
        let of = |name: &str, domain: &str| over(Sipp::ours(name, host.sip).key("domain", domain).calls(20));
        of("options", "anywhere.example").run().expect_clean();
        of("message", "anywhere.example").run().expect_clean();
        of("reinvite", "anywhere.example").run().expect_clean();
        of("cancel", "rings.example").run().expect_clean();
        of("bye_unknown", "anywhere.example").run().expect_clean();
        of("not_found", "redirect.example").user("carol").run().expect_clean();
    }
    let metrics = host.metrics();
    if kind.shards > 1 {
        // About half of all messages of the calls arrive at the wrong shard.
        assert!(metrics.value("siplet_handed_over_total") >= 100.0, "packets were handed over");
        assert_eq!(metrics.sum("siplet_handover_refused_total", ""), 0.0);
    }
    at_rest(&host);
    host.stop();
}

/// Everything of every call is gone, in the tables and in the store.
fn at_rest(host: &Host) {
    let is_empty = || {
        let metrics = host.metrics();
        let left = |(name, rows): (&String, &u64)| *rows > 0 && !name.contains("\"applications\"");
        metrics.value("siplet_stored_sessions") == 0.0 && !metrics.tables().iter().any(left)
    };
    let rested = wait_for(REST, is_empty);
    assert!(rested, "left after {REST:?}: {:?}", host.metrics());
    assert_eq!(host.metrics().value("siplet_broken_rules_total"), 0.0);
}

fn two_shards_serve_the_usual_calls() {
    usual_calls(Kind { shards: 2, durable: false });
}

fn a_store_that_takes_its_time_serves_the_usual_calls() {
    usual_calls(Kind { shards: 1, durable: true });
}

fn two_shards_over_a_store_serve_the_usual_calls() {
    usual_calls(Kind { shards: 2, durable: true });
}

/// Phones on ports of their own: the kernel gives their packets now to one shard, now to the other.
fn phones(host: &Host) -> Vec<Phone> {
    (0..8).map(|_| Phone::new(host.sip)).collect()
}

/// The number of calls that `answer` took since the start.
fn calls(host: &Host) -> f64 {
    host.metrics().sum("siplet_calls_total", "application=\"answer\"")
}

/// Sends the text from all phones; the answers go to whom the Via names.
fn from_all(phones: &[Phone], text: &str) {
    phones.iter().for_each(|phone| phone.send(text));
}

/// RFC 3261 §17.2.1, §17.2.2: a repetition is absorbed or answered as before, and makes no second call.
fn repetitions_find_their_call_from_whatever_shard_they_arrive_at() {
    for durable in [false, true] {
        let host = host(Kind { shards: 2, durable });
        let others = phones(&host);
        for call in 1..=6_u8 {
            let phone = Phone::new(host.sip);
            let invite = phone.request("INVITE", "sip:bob@anywhere.example");
            from_all(&others, &invite.text());
            let answer = phone.final_answer(&invite, PATIENCE).expect("a final answer");
            assert_eq!(status(&answer), Some(200), "{answer}");
            from_all(&others, &invite.text());
            assert_eq!(calls(&host), f64::from(call), "one call, however often its INVITE comes");
            from_all(&others, &invite.in_dialog("ACK", &answer).text());
            let bye = invite.in_dialog("BYE", &answer);
            from_all(&others, &bye.text());
            let byes = std::iter::from_fn(|| phone.final_answer(&bye, PATIENCE / 5));
            let heard: Vec<_> = byes.map(|answer| status(&answer)).collect();
            assert!(!heard.is_empty() && heard.iter().all(|status| *status == Some(200)), "{heard:?}");
        }
        assert_eq!(calls(&host), 6.0);
        at_rest(&host);
        host.stop();
    }
}

/// RFC 3261 §9.2: it has no tag of ours, and finds its INVITE all the same.
fn a_call_is_cancelled_from_whatever_shard_the_cancel_arrives_at() {
    for durable in [false, true] {
        let host = host(Kind { shards: 2, durable });
        let others = phones(&host);
        for other in &others {
            let phone = Phone::new(host.sip);
            let invite = phone.request("INVITE", "sip:bob@rings.example");
            phone.send(&invite.text());
            let ringing = phone.hear(PATIENCE).expect("a provisional answer");
            assert_eq!(status(&ringing), Some(180), "{ringing}");
            let cancel = Request { method: "CANCEL".to_owned(), body: String::new(), ..invite.clone() };
            other.send(&cancel.text());
            let canceled = phone.final_answer(&cancel, PATIENCE).expect("an answer to the CANCEL");
            assert_eq!(status(&canceled), Some(200), "{canceled}");
            let answer = phone.final_answer(&invite, PATIENCE).expect("an answer to the INVITE");
            assert_eq!(status(&answer), Some(487), "{answer}");
            other.send(&invite.ack_of_failure(&answer));
        }
        at_rest(&host);
        host.stop();
    }
}

/// The store has a call as long as it may be asked for, and not longer.
fn a_stored_call_hears_its_repetitions_and_leaves_no_record() {
    let host = host(Kind { shards: 1, durable: true });
    let phone = Phone::new(host.sip);
    let invite = phone.request("INVITE", "sip:bob@anywhere.example");
    let answer = phone.ask(&invite);
    assert_eq!(status(&answer), Some(200), "{answer}");
    assert_eq!(host.metrics().value("siplet_stored_sessions"), 1.0);
    let bye = invite.in_dialog("BYE", &answer);
    for _ in 0..3 {
        assert_eq!(status(&phone.ask(&bye)), Some(200), "a repeated BYE gets its answer again");
    }
    at_rest(&host);
    // RFC 3261 §12.2.2: it is asked for at the store, which has nothing.
    let late = Request { cseq: 9, branch: format!("{}-late", invite.branch), ..bye };
    assert_eq!(status(&phone.ask(&late)), Some(481));
    let metrics = host.metrics();
    assert_eq!(metrics.sum("siplet_load_failed_total", ""), 0.0);
    assert_eq!(metrics.value("siplet_store_unavailable_total"), 0.0);
    host.stop();
}
