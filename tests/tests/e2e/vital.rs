//! A thread that the server cannot do without dies: the server says so and ends, and does not limp on. One that stands still
//! is told, and nothing is ended.
//!
//! The faults are caused by an order of the control socket that only debug builds have.

use std::collections::HashMap;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Host, Setup, wait_for};
use crate::phone::{Phone, header, status};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("vital":
        shared a_shard_that_panics_ends_the_server_and_the_calls_of_the_others,
        shared a_panic_in_a_task_and_an_end_are_deaths_too,
        shared a_shard_that_stands_still_is_told_and_lives,
        shared what_a_busy_shard_has_no_room_for_is_refused_and_counted;)
}

/// From the death to the end of the process, at most: what is said to peers has its own limit (`farewell-ms`).
const ENDS_WITHIN: Duration = Duration::from_secs(8);

/// RFC 3261 §15.1.1: whose calls are on another shard hears a BYE, and the health check names the thread meanwhile.
fn a_shard_that_panics_ends_the_server_and_the_calls_of_the_others() {
    let mut host = Setup::new().sample("answer").setting("shards = 2\nfarewell-ms = 3000").start();
    // About half of them are the other shard's; nobody answers its BYE, so the host waits.
    let phones: Vec<Phone> = (0..12).map(|_| Phone::new(host.sip)).collect();
    for phone in &phones {
        let answer = phone.ask(&phone.request("INVITE", "sip:bob@anywhere.example"));
        assert_eq!(status(&answer), Some(200), "{answer}");
    }
    if !host.strike("shard-1", "panic") {
        return;
    }
    let is_told =
        || host.health().is_some_and(|(status, text)| status == 503 && text.contains("dead: shard-1\n"));
    assert!(wait_for(Duration::from_secs(2), is_told), "/healthz names the thread: {:?}", host.health());
    let ends = |phone: &&Phone| phone.next_request(&mut Vec::new(), Duration::from_millis(300));
    let byes = phones.iter().filter_map(|phone| ends(&phone)).filter(|text| text.starts_with("BYE ")).count();
    assert!((1..12).contains(&byes), "{byes} of 12 calls hear a BYE: those of the shard that lives");
    let ended = host.expect_end(ENDS_WITHIN);
    assert_eq!(ended.code(), Some(1), "{ended}");
    let log = host.log();
    for text in [
        "ERROR the thread shard-1 died: panicked at host/server/src/vital/fault.rs",
        ": a test asked for this",
        "ERROR the server ends, because the thread shard-1 died",
    ] {
        assert!(log.contains(text), "the log says {text:?}");
    }
}

fn a_panic_in_a_task_and_an_end_are_deaths_too() {
    let cases = [
        ("shard-0", "panic-in-task", "a test asked a task for this"),
        ("shard-0", "end", "it has ended, and nobody asked it to"),
        ("deploy", "panic", "a test asked for this"),
        ("deploy", "end", "it has ended, and nobody asked it to"),
    ];
    for (thread, fault, text) in cases {
        let mut host = Host::with(&["answer"]);
        if !host.strike(thread, fault) {
            return;
        }
        let ended = host.expect_end(ENDS_WITHIN);
        assert_eq!(ended.code(), Some(1), "{thread} {fault}: {ended}");
        let log = host.log();
        let died = format!("ERROR the thread {thread} died: ");
        assert!(log.contains(&died) && log.contains(text), "{thread} {fault}: the log says why");
    }
}

fn a_shard_that_stands_still_is_told_and_lives() {
    let host = Setup::new().sample("answer").section("[limits]\nstall-s = 1").start();
    if !host.strike("shard-0", "stall") {
        return;
    }
    let health =
        |status: u16, text: &str| host.health().is_some_and(|(is, says)| is == status && says.contains(text));
    assert!(wait_for(Duration::from_secs(4), || health(503, "stalled: shard-0 (")), "{:?}", host.health());
    assert!(wait_for(Duration::from_secs(8), || health(200, "serving")), "{:?}", host.health());
    host.expect_log("the thread shard-0 stands still", Duration::from_secs(2));
    host.expect_log("the thread shard-0 goes on", Duration::from_secs(2));
    let phone = Phone::new(host.sip);
    assert_eq!(status(&phone.ask(&phone.request("OPTIONS", "sip:bob@anywhere.example"))), Some(200));
    host.stop();
}

/// RFC 3261 §21.5.4: while its owner stands still, a new call is refused by the shard that received it once the owner's queue
/// is full; what is in the queue is answered when the owner goes on.
fn what_a_busy_shard_has_no_room_for_is_refused_and_counted() {
    let limits = "[limits]\nhandover-messages = 8";
    let host = Setup::new().sample("answer").setting("shards = 2").section(limits).start();
    let phones: Vec<Phone> = (0..12).map(|_| Phone::new(host.sip)).collect();
    if !host.strike("shard-1", "stall") {
        return;
    }
    let asked = 8 * phones.len();
    for round in 0..8 {
        for phone in &phones {
            phone.send(&phone.request("OPTIONS", &format!("sip:bob{round}@anywhere.example")).text());
        }
    }
    // Each request is its own and is sent once: it has one answer, now or when the shard goes on.
    let mut answers: HashMap<String, u16> = HashMap::new();
    let heard = wait_for(Duration::from_secs(10), || {
        for phone in &phones {
            while let Some(answer) = phone.hear(Duration::from_millis(1)) {
                let id = header(&answer, "Call-ID").unwrap_or_default().to_owned();
                answers.insert(id, status(&answer).expect("an answer"));
            }
        }
        answers.len() == asked
    });
    assert!(heard, "{} of {asked} are answered", answers.len());
    let count = |wanted: u16| answers.values().filter(|status| **status == wanted).count() as u32;
    let (answered, refused) = (count(200), count(503));
    assert!(answered > 0 && refused > 0, "{answered} answered, {refused} refused");
    assert_eq!((answered + refused) as usize, asked, "{answers:?}");
    let metrics = host.metrics();
    assert_eq!(metrics.value("siplet_refused_total{reason=\"handover\"}"), f64::from(refused));
    assert_eq!(metrics.value("siplet_handover_refused_total{reason=\"new-request\"}"), f64::from(refused));
    assert_eq!(metrics.value("siplet_handed_messages"), 0.0, "nothing is left in the queues");
    host.stop();
}
