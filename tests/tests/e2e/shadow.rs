//! A version in the shadow of another under load: what differs is told, and callers hear the version that serves alone.

use std::path::PathBuf;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use libtest_mimic::Trial;
use serde_json::Value;

use crate::host::{Folder, Host, Setup, read, siplet, wait_for};
use crate::load::told;
use crate::phone::{PATIENCE, Phone, header, status};
use crate::places;
use crate::sipp::{Outcome, Sipp};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("shadow":
        shared a_file_of_settings_puts_a_version_into_the_shadow_until_it_serves,
        shared what_cannot_be_a_shadow_is_refused_in_words;
        alone the_report_lists_the_one_changed_header_and_callers_hear_nothing,
        alone a_shadow_that_loops_leaves_the_calls_alone)
}

/// The host notices a change and has loaded it within this time.
const NOTICED: Duration = Duration::from_secs(15);

fn settings(version: &str, changed: &str, more: &str) -> String {
    format!(
        "name = \"versioned\"\nversion = \"{version}\"\n{more}\n[init-parameters]\nlabel = \"one\"\nchanged = \"{changed}\"\n"
    )
}

fn host(section: &str) -> Host {
    // The phones of these tests leave their calls up.
    let setup = Setup::new().setting("stop-after-s = 1").setting("farewell-ms = 200");
    setup.guest("versioned", &settings("1.0.0", "a", "")).section(section).start()
}

/// A file of the next version outside the servlets folder, with its settings beside it.
fn next(folder: &Folder, guest: &str, settings: &str) -> PathBuf {
    let file = folder.path.join("next.wasm");
    std::fs::write(&file, read(&places::guest(guest))).expect("the folder is ours");
    std::fs::write(file.with_extension("toml"), settings).expect("the folder is ours");
    file
}

fn control(host: &Host, arguments: &[&str]) -> String {
    let socket = host.control().display().to_string();
    let (code, out, errors) = siplet(&[arguments, &["--control", &socket]].concat());
    assert_eq!(code, Some(0), "siplet {arguments:?}: {out}{errors}");
    out
}

fn refused(host: &Host, arguments: &[&str]) -> String {
    let socket = host.control().display().to_string();
    let (code, out, errors) = siplet(&[arguments, &["--control", &socket]].concat());
    assert_eq!(code, Some(1), "siplet {arguments:?}: {out}{errors}");
    errors
}

fn report(host: &Host) -> Value {
    let text = control(host, &["shadow", "versioned", "--json"]);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn number(report: &Value, name: &str) -> u64 {
    report["report"][name].as_u64().unwrap_or_else(|| panic!("no {name} in {report}"))
}

/// Calls that were not followed to their end, by whatever limit.
fn not_followed(report: &Value) -> u64 {
    let limits = report["report"]["not_followed"].as_object().expect("numbers by limit");
    limits.values().filter_map(Value::as_u64).sum()
}

/// Calls whose every answer must have the header of the version that serves.
fn calls(host: &Host, calls: u32, rate: u32) -> JoinHandle<Outcome> {
    let sipp = Sipp::ours("one_header", host.sip).calls(calls).rate(rate).limit(4000).hold_ms(500);
    let sipp = sipp.key("domain", "127.0.0.1").timeout(Duration::from_secs(u64::from(calls / rate) * 2 + 60));
    thread::spawn(move || sipp.run())
}

fn of(calls: JoinHandle<Outcome>) -> Outcome {
    calls.join().expect("sipp's thread does not panic")
}

/// The version that answers a new call, by its header X-Changed.
fn serves(phone: &Phone) -> String {
    let invite = phone.request("INVITE", "sip:bob@127.0.0.1");
    let answer = phone.ask(&invite);
    assert_eq!(status(&answer), Some(200), "{answer}");
    phone.send(&invite.in_dialog("ACK", &answer).text());
    phone.ask(&invite.in_dialog("BYE", &answer));
    header(&answer, "X-Changed").expect("every version tells it").to_owned()
}

/// An answer without what is minted for each call.
fn without_tag(answer: &str) -> Vec<String> {
    let own = |line: &&str| !["To:", "From:", "Call-ID:", "Via:"].iter().any(|name| line.starts_with(name));
    answer.lines().filter(own).map(str::to_owned).collect()
}

fn the_report_lists_the_one_changed_header_and_callers_hear_nothing() {
    let (count, rate) = (told("SIPLET_E2E_SHADOW_CALLS", 1000), told("SIPLET_E2E_SHADOW_RATE", 200));
    let host =
        host("[timers]\nt4-ms = 500\nt1-ms = 100\nt2-ms = 400\n[shadow]\ncpu-percent = 50\nsessions = 5000");
    let phone = Phone::new(host.sip);
    let alone = phone.ask(&phone.request("INVITE", "sip:bob@127.0.0.1"));
    let folder = Folder::new();
    let file = next(&folder, "versioned", &settings("1.1.0", "b", ""));
    let begun = control(&host, &["shadow", "versioned", &file.display().to_string(), "100%"]);
    assert!(begun.contains("versioned 1.1.0 #") && begun.contains("in the shadow of 1.0.0 #"), "{begun}");
    let beside = phone.ask(&phone.request("INVITE", "sip:bob@127.0.0.1"));
    assert_eq!(without_tag(&alone), without_tag(&beside), "the same answer, but for its names");

    let before = host.metrics();
    let outcome = of(calls(&host, count, rate));
    outcome.expect_clean();
    let caught_up = || number(&report(&host), "steps") >= u64::from(count) * 3;
    assert!(wait_for(PATIENCE, caught_up), "{}", report(&host));
    let after = host.metrics();
    let sent = after.value("siplet_packets_sent_total") - before.value("siplet_packets_sent_total");
    let again = outcome.retransmissions as f64;
    let answers = f64::from(2 * count);
    assert!(
        sent >= answers && sent <= answers + 2.0 * again + 2.0,
        "{sent} packets for {count} calls: {outcome}"
    );

    let seen = report(&host);
    let differences = seen["report"]["differences"].as_array().expect("a list");
    let told = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap_or_default().to_owned();
        (text("handler"), text("what"), text("was"), text("is"))
    };
    let line = |handler: &str, method: &str| {
        let what = format!("200 {method}, header X-Changed");
        (handler.to_owned(), what, "X-Changed: a".to_owned(), "X-Changed: b".to_owned())
    };
    let told: Vec<_> = differences.iter().map(told).collect();
    assert_eq!(told, [line("do-invite", "INVITE"), line("do-bye", "BYE")], "{seen}");
    assert_eq!((number(&seen, "parted"), number(&seen, "traps")), (0, 0), "{seen}");
    let kept_out = not_followed(&seen);
    assert!(
        number(&seen, "calls") + kept_out > u64::from(count),
        "every call is followed or counted: {seen}"
    );
    assert_eq!(kept_out, 0, "at this rate every call is followed: {seen}");
    let differ: u64 = differences.iter().filter_map(|one| one["steps"].as_u64()).sum();
    assert_eq!(number(&seen, "same") + differ, number(&seen, "steps"), "{seen}");
    assert!(differ >= u64::from(2 * count), "{seen}");

    let metrics = host.metrics();
    assert_eq!(metrics.sum("siplet_shadow_steps_total", "result=\"differ\""), differ as f64);
    assert_eq!(metrics.sum("siplet_shadow_running", "versioned"), 1.0);
    let shown = control(&host, &["versions", "versioned"]);
    assert!(shown.contains("shadow 100 %") && shown.contains("serving"), "{shown}");
    assert!(control(&host, &["status"]).contains("in the shadow of 1.0.0"));
    let text = control(&host, &["shadow", "versioned"]);
    assert!(
        text.contains("do-invite   200 INVITE, header X-Changed") && text.contains("is    X-Changed: b"),
        "{text}"
    );
    eprintln!("{text}");

    ends_by_command(&host, &phone);
    host.stop();
}

fn ends_by_command(host: &Host, phone: &Phone) {
    let off = control(host, &["shadow", "versioned", "off"]);
    assert!(off.contains("no shadow any more"), "{off}");
    assert!(control(host, &["shadow", "versioned"]).contains("ended: an operator ended it"));
    let steps = number(&report(host), "steps");
    assert_eq!(serves(phone), "a");
    assert_eq!(number(&report(host), "steps"), steps, "a shadow that has ended follows nothing");
    assert!(!control(host, &["status"]).contains("in the shadow"));
}

fn a_shadow_that_loops_leaves_the_calls_alone() {
    let host = host("[timers]\nt4-ms = 500\nt1-ms = 500\n[shadow]\nqueue-steps = 200");
    let folder = Folder::new();
    let file = next(&folder, "loops", "name = \"versioned\"\nversion = \"9\"\n");
    control(&host, &["shadow", "versioned", &file.display().to_string(), "100%"]);
    let outcome = of(calls(&host, 600, 100));
    outcome.expect_clean();
    let seen = report(&host);
    let kept_out = not_followed(&seen);
    let (died, calls) = (number(&seen, "traps"), number(&seen, "calls"));
    assert!(died > 0 && died <= calls && kept_out > 0, "{seen}");
    let differences = seen["report"]["differences"].as_array().expect("a list");
    assert!(differences[0]["is"].as_str().is_some_and(|is| is.starts_with("it died (deadline)")), "{seen}");
    let metrics = host.metrics();
    assert_eq!(metrics.sum("siplet_traps_total", "versioned"), 0.0, "no handler of a call died");
    let cpu = metrics.sum("siplet_shadow_cpu_seconds_total", "versioned");
    let uptime = metrics.value("siplet_uptime_seconds");
    assert!(cpu <= uptime * 0.25 + 0.5, "{cpu} s of CPU in {uptime} s (limit `cpu-percent`)");
    assert!(!host.log().contains("was taken back"), "the deaths of a shadow take nothing back");
    control(&host, &["shadow", "versioned", "off"]);
    host.stop();
}

fn a_file_of_settings_puts_a_version_into_the_shadow_until_it_serves() {
    let host = host("[deploy]\nsettle-ms = 100");
    let phone = Phone::new(host.sip);
    let put = |settings: &str| host.put("versioned", &read(&places::guest("versioned")), settings);
    put(&settings("1.1.0", "b", "shadow = 100"));
    host.expect_log("in the shadow of 1.0.0", NOTICED);
    assert_eq!(serves(&phone), "a");
    assert!(wait_for(PATIENCE, || number(&report(&host), "steps") >= 3), "{}", report(&host));
    control(&host, &["reload"]);
    assert_eq!(serves(&phone), "a", "a file that runs in the shadow is not taken by a reload");
    // Without the word it serves, and is no shadow any more.
    put(&settings("1.1.0", "b", ""));
    assert!(wait_for(NOTICED, || serves(&phone) == "b"));
    assert!(wait_for(PATIENCE, || control(&host, &["shadow", "versioned"]).contains("serves now")));
    // One that is kept can be a shadow again.
    let kept = control(&host, &["shadow", "versioned", "1.0.0", "100%"]);
    assert!(kept.contains("versioned 1.0.0 #") && kept.contains("in the shadow of 1.1.0 #"), "{kept}");
    let shown = control(&host, &["versions", "versioned"]);
    assert!(shown.contains("shadow 100 %") && !shown.contains("kept"), "{shown}");
    assert_eq!(serves(&phone), "b");
    assert!(wait_for(PATIENCE, || number(&report(&host), "steps") >= 3), "{}", report(&host));
    control(&host, &["rollback", "versioned"]);
    assert!(wait_for(PATIENCE, || control(&host, &["shadow", "versioned"]).contains("ended: 1.0.0 #")));
    assert_eq!(serves(&phone), "a");
    host.stop();
}

fn what_cannot_be_a_shadow_is_refused_in_words() {
    let host = host("");
    let folder = Folder::new();
    let file = next(&folder, "panics", "");
    let path = file.display().to_string();
    let table: [(&[&str], &str); 8] = [
        (&["shadow", "versionde"], "no application is called \"versionde\""),
        (&["shadow", "versioned"], "versioned has no shadow"),
        (&["shadow", "versioned", "off"], "versioned has no shadow"),
        (&["shadow", "versionde", &path], "did you mean \"versioned\"?"),
        (&["shadow", "versioned", &path], "is the application \"next\", and no version of \"versioned\""),
        (&["shadow", "versioned", "/nowhere/x.wasm"], "/nowhere/x.wasm: it cannot be read"),
        (&["shadow", "versioned", "7.0.0"], "versioned has no version 7.0.0; it has 1.0.0"),
        (&["shadow", "versioned", "1.0.0"], "serves, and is no shadow of itself"),
    ];
    for (arguments, words) in table {
        let errors = refused(&host, arguments);
        assert!(errors.contains(words), "{arguments:?}: {errors}");
    }
    std::fs::write(&file, b"\0asm\x01\0\0\0\x01").expect("the folder is ours");
    let errors = refused(&host, &["shadow", "versioned", &path]);
    assert!(errors.contains("next.wasm: it ends at byte 9"), "{errors}");
    let (code, _, errors) = siplet(&["shadow", "versioned", &path, "101%"]);
    assert!(code == Some(2) && errors.contains("0% to 100%"), "{errors}");
    host.stop();
}
