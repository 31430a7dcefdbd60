//! The secret under which names are minted is rotated between two lives of a host, in the middle of a call.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Host, Setup, wait_for};
use crate::phone::{Phone, header, status};

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("rotation":
        shared names_of_before_a_rotation_are_known_until_the_previous_secret_goes,
        shared a_call_of_before_a_rotation_ends_honestly_and_new_ones_are_answered,
        shared a_secret_that_is_named_has_to_be_there;)
}

/// So short that the host hangs up soon when nobody acknowledges its 2xx.
const TIMERS: &str = "[timers]\nt1-ms = 50\nt2-ms = 400\nt4-ms = 500";
const TAKEN_TOO: &str = "names of the previous secret are taken too";

fn host(shards: u16) -> Host {
    let setup = Setup::new().sample("answer").setting(&format!("shards = {shards}\nstop-after-s = 0"));
    setup.section(TIMERS).start()
}

fn state(host: &Host, file: &str) -> PathBuf {
    host.state().join(file)
}

/// As an operator does it.
fn rotate(host: Host) -> Host {
    let (secret, previous) = (state(&host, "secret"), state(&host, "previous-secret"));
    host.restart(move || fs::rename(secret, previous).expect("the state folder is ours"))
}

/// Messages that were dropped for that reason.
fn dropped(host: &Host, reason: &str) -> f64 {
    host.metrics().value(&format!("siplet_dropped_total{{reason=\"{reason}\"}}"))
}

/// A response to a request of the host, whose branch it minted.
fn answer_to(request: &str) -> String {
    let copied = |name: &str| format!("{name}: {}\r\n", header(request, name).expect("every request has it"));
    let head: String = ["Via", "From", "To", "Call-ID", "CSeq"].iter().map(|name| copied(name)).collect();
    format!("SIP/2.0 200 OK\r\n{head}Content-Length: 0\r\n\r\n")
}

/// RFC 3261 §8.1.3.3, §17.1.3: a response with a branch of ours that nobody waits for is a stray one; with another branch it
/// was not meant for this host.
fn names_of_before_a_rotation_are_known_until_the_previous_secret_goes() {
    for shards in [1, 2] {
        let first = host(shards);
        let phone = Phone::new(first.sip);
        let invite = phone.request("INVITE", "sip:bob@anywhere.example");
        phone.send(&invite.text());
        // Nobody acknowledges the 200, so the host hangs up: RFC 3261 §13.3.1.4.
        let mut bye = None;
        wait_for(Duration::from_secs(20), || {
            let heard = phone.hear(Duration::from_millis(200));
            bye = heard.filter(|message| message.starts_with("BYE "));
            bye.is_some()
        });
        let response = answer_to(&bye.expect("the host hangs up"));

        let second = rotate(first);
        second.expect_log(TAKEN_TOO, Duration::from_secs(5));
        phone.send(&response);
        assert!(wait_for(Duration::from_secs(5), || dropped(&second, "stray-response") == 1.0));
        assert_eq!(dropped(&second, "foreign-via"), 0.0, "the name is still one of this host's");

        let previous = state(&second, "previous-secret");
        let third = second.restart(move || fs::remove_file(previous).expect("the state folder is ours"));
        phone.send(&response);
        assert!(wait_for(Duration::from_secs(5), || dropped(&third, "foreign-via") == 1.0));
        assert_eq!(dropped(&third, "stray-response"), 0.0, "and now it is not any more");
        third.stop();
    }
}

/// The store "memory" ends calls with the process, whatever their names: a peer hears so, and is not left waiting.
fn a_call_of_before_a_rotation_ends_honestly_and_new_ones_are_answered() {
    for shards in [1, 2] {
        let first = host(shards);
        let phone = Phone::new(first.sip);
        let invite = phone.request("INVITE", "sip:bob@anywhere.example");
        let answer = phone.ask(&invite);
        assert_eq!(status(&answer), Some(200), "{answer}");
        let old_secret = fs::read(state(&first, "secret")).expect("it was made");

        let second = rotate(first);
        assert_eq!(fs::read(state(&second, "previous-secret")).expect("it was moved"), old_secret);
        assert_ne!(fs::read(state(&second, "secret")).expect("a new one was made"), old_secret);
        let bye = phone.ask(&invite.in_dialog("BYE", &answer));
        assert_eq!(status(&bye), Some(481), "{bye}");
        for _ in 0..8 {
            let invite = phone.request("INVITE", "sip:bob@anywhere.example");
            let answer = phone.ask(&invite);
            assert_eq!(status(&answer), Some(200), "{answer}");
            let other = Phone::new(second.sip);
            other.send(&invite.text());
            let bye = phone.ask(&invite.in_dialog("BYE", &answer));
            assert_eq!(status(&bye), Some(200), "{bye}");
        }
        let metrics = second.metrics();
        let calls = metrics.sum("siplet_calls_total", "application=\"answer\"");
        assert_eq!(calls, 8.0, "a repeated INVITE finds its call, by whatever secret it is looked for");
        second.stop();
    }
}

fn a_secret_that_is_named_has_to_be_there() {
    let host = Host::with(&["answer"]);
    let nowhere = state(&host, "nowhere").display().to_string();
    let config = host.config().display().to_string();
    let socket = state(&host, "c.sock").display().to_string();
    for (flag, key) in [("--secret-file", "secret-file"), ("--previous-secret-file", "previous-secret-file")]
    {
        let free = crate::host::free_address().to_string();
        let options =
            ["serve", "--config", &config, "--metrics", "", "--control", &socket, "--listen", &free];
        let (code, _, errors) = crate::host::siplet(&[&options[..], &[flag, &nowhere]].concat());
        assert_eq!(code, Some(1), "{errors}");
        assert!(errors.contains(&format!("{nowhere} is named by `{key}` and is not there")), "{errors}");
    }
    host.stop();
}
