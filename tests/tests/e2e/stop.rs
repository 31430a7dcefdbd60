//! SIGTERM: new calls are refused, live calls end in their own time.

use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Setup, wait_for};
use crate::phone::{PATIENCE, Phone, answer, header, status};
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("stop":
        shared live_calls_end_normally_and_new_ones_get_503,
        shared calls_that_outlive_their_time_hold_the_host_no_longer,
        shared an_unanswered_invite_is_waited_for,
        shared at_the_deadline_every_peer_gets_what_it_is_owed,
        shared a_second_signal_ends_the_host_at_once;)
}

fn live_calls_end_normally_and_new_ones_get_503() {
    let mut host = Setup::new().sample("answer").setting("stop-after-s = 20\nretry-after-s = 7").start();
    let sipp = Sipp::built_in("uac", host.sip).calls(40).rate(40).hold_ms(4000);
    let calls = thread::spawn(move || sipp.run());
    let live = || host.metrics().value("siplet_table_rows{table=\"dialogs\"}") as u64;
    assert!(wait_for(Duration::from_secs(10), || live() == 40), "40 calls stand, not {}", live());

    host.terminate();
    host.expect_log("draining", Duration::from_secs(5));
    let phone = Phone::new(host.sip);
    let refused = phone.ask(&phone.request("INVITE", "sip:late@anywhere.example"));
    assert_eq!(status(&refused), Some(503), "{refused}");
    assert_eq!(header(&refused, "Retry-After"), Some("7"), "{refused}");

    calls.join().expect("sipp's thread does not panic").expect_clean();
    let ended = host.expect_end(Duration::from_secs(15));
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(host.log().contains("no call is left"), "the host says why it ends");
}

fn calls_that_outlive_their_time_hold_the_host_no_longer() {
    let mut host = Setup::new().sample("answer").setting("stop-after-s = 1").start();
    let phone = Phone::new(host.sip);
    let answer = phone.ask(&phone.request("INVITE", "sip:patient@anywhere.example"));
    assert_eq!(status(&answer), Some(200), "{answer}");
    host.terminate();
    let ended = host.expect_end(Duration::from_secs(10));
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(host.log().contains("still up"), "what was cut off is told");
}

/// Rings in do-invite and never answers.
const RINGS: &str = "domains = [\"rings.example\"]\nhandlers = [\"do-invite\"]";

fn an_unanswered_invite_is_waited_for() {
    let setup = Setup::new().guest("rings", RINGS).setting("stop-after-s = 20");
    let mut host = setup.start();
    let phone = Phone::new(host.sip);
    let invite = phone.request("INVITE", "sip:bob@rings.example");
    phone.send(&invite.text());
    let ringing = phone.hear(PATIENCE).expect("it rings");
    assert_eq!(status(&ringing), Some(180), "{ringing}");
    host.terminate();
    host.expect_log("draining: waiting for 1 call and 1 unanswered request", PATIENCE);
    thread::sleep(Duration::from_millis(700));
    assert!(host.ended().is_none(), "its caller still waits");
    // RFC 3261 §9.2: whoever changes its mind is served as ever.
    let cancel = crate::phone::Request { method: "CANCEL".to_owned(), body: String::new(), ..invite.clone() };
    assert_eq!(status(&phone.ask(&cancel)), Some(200));
    let refused = phone.final_answer(&invite, PATIENCE).expect("a final answer");
    assert_eq!(status(&refused), Some(487), "{refused}");
    phone.send(&invite.ack_of_failure(&refused));
    assert_eq!(host.expect_end(PATIENCE).code(), Some(0));
    assert!(host.log().contains("no call is left"), "nothing was cut off");
}

/// RFC 3261 §15.1.1, §21.5.4, §9.1: a BYE for a call that is up, 503 for an INVITE without an answer, a CANCEL for an INVITE
/// of a servlet.
fn at_the_deadline_every_peer_gets_what_it_is_owed() {
    let dials = "domains = [\"dials.example\"]\nhandlers = [\"do-message\"]";
    let setup = Setup::new().sample("answer").guest("rings", RINGS).guest("dials", dials);
    let mut host = setup.setting("stop-after-s = 1\nretry-after-s = 7\nfarewell-ms = 8000").start();
    let (talking, waiting, callee) = (Phone::new(host.sip), Phone::new(host.sip), Phone::new(host.sip));
    let call = talking.request("INVITE", "sip:bob@anywhere.example");
    assert_eq!(status(&talking.ask(&call)), Some(200));
    let invite = waiting.request("INVITE", "sip:bob@rings.example");
    waiting.send(&invite.text());
    assert_eq!(status(&waiting.hear(PATIENCE).expect("it rings")), Some(180));
    let dial = callee.request("MESSAGE", &format!("sip:{}@dials.example", callee.local().port()));
    callee.send(&dial.text());
    let mut seen = Vec::new();
    let out = callee.next_request(&mut seen, PATIENCE).expect("an INVITE");
    assert!(out.starts_with("INVITE "), "{out}");
    callee.send(&answer(&out, "180 Ringing", "callee"));

    host.terminate();
    let begun = Instant::now();
    let mut byes = Vec::new();
    let bye = talking.next_request(&mut byes, PATIENCE).expect("a BYE");
    assert!(bye.starts_with("BYE ") && bye.contains(&call.call_id), "{bye}");
    assert!(begun.elapsed() > Duration::from_millis(900), "it has its second");
    talking.send(&answer(&bye, "200 OK", ""));
    let refused = waiting.final_answer(&invite, PATIENCE).expect("a final answer");
    assert_eq!((status(&refused), header(&refused, "Retry-After")), (Some(503), Some("7")), "{refused}");
    waiting.send(&invite.ack_of_failure(&refused));
    let cancel = callee.next_request(&mut seen, PATIENCE).expect("a CANCEL");
    assert!(cancel.starts_with("CANCEL "), "{cancel}");
    callee.send(&answer(&cancel, "200 OK", "callee"));
    callee.send(&answer(&out, "487 Request Terminated", "callee"));
    let ack = callee.next_request(&mut seen, PATIENCE).expect("an ACK");
    assert!(ack.starts_with("ACK "), "{ack}");

    let ended = host.expect_end(Duration::from_secs(4));
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(begun.elapsed() < Duration::from_secs(8), "it ends when all is said, not later");
    let log = host.log();
    let numbers = "1 call ended by BYE, 1 request answered with 503, 1 INVITE cancelled";
    assert!(log.contains(numbers), "the log says how many: {numbers}");
    assert!(!log.contains("were not waited for"), "everybody has answered");
}

fn a_second_signal_ends_the_host_at_once() {
    let mut host = Setup::new().sample("answer").setting("stop-after-s = 60").start();
    let phone = Phone::new(host.sip);
    let invite = phone.request("INVITE", "sip:bob@anywhere.example");
    assert_eq!(status(&phone.ask(&invite)), Some(200));
    host.terminate();
    host.expect_log("a second signal stops at once", PATIENCE);
    host.terminate();
    let begun = Instant::now();
    let ended = host.expect_end(PATIENCE);
    assert_eq!(ended.code(), Some(0), "{ended}");
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    assert!(host.log().contains("stopping at once, cut off: 1 call"), "what is cut off is told");
}
