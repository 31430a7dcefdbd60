//! Versions of one application: reload under load, canary, rollback by hand and by itself.
//!
//! `SIPLET_E2E_RELOAD_S` and `SIPLET_E2E_RELOAD_RATE` make the reload longer and larger: 60 and 500 is what is promised.

use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Host, Setup, read, siplet, wait_for};
use crate::load::told;
use crate::phone::{Phone, header, status};
use crate::places;
use crate::sipp::{Outcome, Sipp};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("versions":
        shared a_canary_takes_its_share_and_a_rollback_returns,
        shared a_removed_servlet_ends_with_its_calls;
        alone a_reload_each_second_loses_no_call,
        alone a_version_that_dies_is_taken_back_by_itself)
}

/// The host notices a change and has loaded it within this time.
const NOTICED: Duration = Duration::from_secs(15);

fn settings(label: &str, more: &str) -> String {
    format!("name = \"versioned\"\nversion = \"{label}\"\n{more}\n[init-parameters]\nlabel = \"{label}\"\n")
}

fn host(label: &str, section: &str) -> Host {
    Setup::new().guest("versioned", &settings(label, "")).section(section).start()
}

fn put(host: &Host, settings: &str) {
    host.put("versioned", &read(&places::guest("versioned")), settings);
}

/// Calls that are held until the version that began them has long been replaced; each asks for one version.
fn calls(host: &Host, calls: u32, rate: u32, hold_ms: u32) -> JoinHandle<Outcome> {
    let sipp = Sipp::ours("one_version", host.sip).calls(calls).rate(rate).limit(4000).hold_ms(hold_ms);
    let sipp = sipp.key("domain", "127.0.0.1").timeout(Duration::from_secs(u64::from(calls / rate) * 2 + 60));
    thread::spawn(move || sipp.run())
}

fn of(calls: JoinHandle<Outcome>) -> Outcome {
    calls.join().expect("sipp's thread does not panic")
}

/// A command for the running host, which must succeed.
fn control(host: &Host, arguments: &[&str]) -> String {
    let socket = host.control().display().to_string();
    let (code, out, errors) = siplet(&[arguments, &["--control", &socket]].concat());
    assert_eq!(code, Some(0), "siplet {arguments:?}: {out}{errors}");
    out
}

/// New calls that each version took, oldest version first.
fn taken(host: &Host) -> Vec<(String, u64)> {
    let out = control(host, &["versions", "versioned", "--json"]);
    let lines: serde_json::Value = serde_json::from_str(&out).expect("--json gives JSON");
    let line =
        |line: &serde_json::Value| Some((line["version"].as_str()?.to_owned(), line["calls"].as_u64()?));
    let mut taken: Vec<_> = lines.as_array().expect("a list").iter().filter_map(line).collect();
    taken.sort();
    taken
}

/// The version that answers a new call.
fn serves(phone: &Phone) -> String {
    let invite = phone.request("INVITE", "sip:bob@127.0.0.1");
    let answer = phone.ask(&invite);
    assert_eq!(status(&answer), Some(200), "{answer}");
    phone.ask(&invite.in_dialog("BYE", &answer));
    header(&answer, "X-Version").expect("every version tells itself").to_owned()
}

fn a_reload_each_second_loses_no_call() {
    let (seconds, rate) = (told("SIPLET_E2E_RELOAD_S", 10), told("SIPLET_E2E_RELOAD_RATE", 500));
    let host = host("one", "[deploy]\nsettle-ms = 100\n[log]\nreports-per-minute = 0");
    let sipp = calls(&host, seconds * rate, rate, 2500);
    let begun = Instant::now();
    let mut reloads = 0;
    while begun.elapsed() < Duration::from_secs(u64::from(seconds)) {
        thread::sleep(Duration::from_secs(1));
        reloads += 1;
        put(&host, &settings(["one", "two"][reloads % 2], ""));
    }
    let outcome = of(sipp);
    let taken = taken(&host);
    let deployed = host.log().matches("deployed versioned").count();
    eprintln!("{reloads} reloads, {deployed} deployed under load: {taken:?}, {outcome}");
    outcome.expect_clean();
    assert!(deployed + 2 >= reloads, "{deployed} of {reloads} reloads were deployed");
    assert_eq!(taken.iter().map(|(_, calls)| calls).sum::<u64>(), u64::from(seconds * rate));
    assert!(taken.len() == 2 && taken.iter().all(|(_, calls)| *calls > 0), "both took calls: {taken:?}");
    host.stop();
}

fn a_canary_takes_its_share_and_a_rollback_returns() {
    let host = host("one", "");
    let phone = Phone::new(host.sip);
    assert_eq!(serves(&phone), "one");
    put(&host, &settings("two", "canary = 25"));
    host.expect_log("canary 25 %", NOTICED);
    of(calls(&host, 600, 100, 50)).expect_clean();
    let shares = taken(&host);
    // A quarter of 600, within six standard deviations.
    let (_, two) = shares.iter().find(|(version, _)| version == "two").expect("two is on trial");
    assert!((86..=214).contains(two), "the canary took {two} of 600 calls: {shares:?}");
    let shown = control(&host, &["versions"]);
    assert!(shown.contains("canary 25 %") && shown.contains("serving 75 %"), "{shown}");

    control(&host, &["canary", "versioned", "100%"]);
    assert_eq!(serves(&phone), "two");
    let live = phone.request("INVITE", "sip:bob@127.0.0.1");
    let answer = phone.ask(&live);
    control(&host, &["rollback", "versioned"]);
    assert_eq!(serves(&phone), "one");
    let bye = phone.ask(&live.in_dialog("BYE", &answer));
    assert_eq!(header(&bye, "X-Version"), Some("two"), "a live call stays with its version:\n{bye}");
    control(&host, &["reload"]);
    assert_eq!(serves(&phone), "one", "what was taken back comes back with a change of its file only");
    let back = control(&host, &["rollback", "versioned", "two"]);
    assert!(back.contains("two") && serves(&phone) == "two", "{back}");
    let socket = host.control().display().to_string();
    let (code, _, errors) = siplet(&["rollback", "versioned", "three", "--control", &socket]);
    assert!(code == Some(1) && errors.contains("versioned has no version three; it has one"), "{errors}");
    assert_eq!(host.metrics().value("siplet_rollbacks_total{cause=\"operator\"}"), 2.0);
    put(&host, &settings("three", ""));
    assert!(wait_for(NOTICED, || serves(&phone) == "three"), "a change deploys again");
    host.stop();
}

fn a_version_that_dies_is_taken_back_by_itself() {
    let host = host("one", "[deploy]\nsettle-ms = 100");
    let phone = Phone::new(host.sip);
    let live = phone.request("INVITE", "sip:bob@127.0.0.1");
    let answer = phone.ask(&live);
    assert_eq!(status(&answer), Some(200), "{answer}");
    let sipp = calls(&host, 200 * 15, 200, 1000);
    thread::sleep(Duration::from_secs(2));
    put(&host, &format!("{}dies = \"5\"\n", settings("two", "")));
    host.expect_log("deployed versioned two", NOTICED);
    let deployed = Instant::now();
    host.expect_log("was taken back", Duration::from_secs(10));
    eprintln!("taken back {:?} after its deployment", deployed.elapsed());
    let died = host.metrics().sum("siplet_traps_total", "reason=\"panic\"");
    let outcome = of(sipp);
    eprintln!("{died} calls died: {outcome}");
    let died = host.metrics().sum("siplet_traps_total", "reason=\"panic\"");
    assert_eq!(outcome.failed as f64, died, "only the calls that died failed: {outcome}");
    assert!(died < 200.0, "{died} died");
    let bye = phone.ask(&live.in_dialog("BYE", &answer));
    assert_eq!((status(&bye), header(&bye, "X-Version")), (Some(200), Some("one")), "{bye}");
    assert_eq!(serves(&phone), "one");
    assert_eq!(host.metrics().value("siplet_rollbacks_total{cause=\"traps\"}"), 1.0);
    let shown = control(&host, &["versions"]);
    assert!(shown.contains("taken back: ") && shown.contains("turns died in"), "{shown}");
    host.stop();
}

fn a_removed_servlet_ends_with_its_calls() {
    let host = host("one", "");
    let phone = Phone::new(host.sip);
    put(&host, &settings("two", ""));
    assert!(wait_for(NOTICED, || serves(&phone) == "two"));
    let live = phone.request("INVITE", "sip:bob@127.0.0.1");
    let answer = phone.ask(&live);
    std::fs::remove_file(host.servlets().join("versioned.wasm")).expect("it is there");
    let refused = || status(&phone.ask(&phone.request("INVITE", "sip:bob@127.0.0.1"))) == Some(404);
    assert!(wait_for(NOTICED, refused), "no version takes new calls, also none that was kept");
    let bye = phone.ask(&live.in_dialog("BYE", &answer));
    assert_eq!(header(&bye, "X-Version"), Some("two"), "{bye}");
    host.stop();
}
