//! Servlets that do harm, called ten times a second beside one that does its work.

use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Host, Setup};
use crate::phone::{PATIENCE, Phone, status};
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("misbehaviour": ; alone guests_that_misbehave_cost_their_neighbours_no_call)
}

/// CPU time that a turn of a misbehaving guest may take; its caller has an answer within twice that.
const TURN_MS: u64 = 50;
/// Calls to each misbehaving guest, ten a second.
const CALLS: u32 = 30;

/// A guest, and what the log must say of its death.
pub(crate) struct Guest {
    pub(crate) name: &'static str,
    reason: &'static str,
    text: &'static str,
}

pub(crate) const GUESTS: [Guest; 4] = [
    Guest { name: "loops", reason: "took too long in", text: "limit `turn-ms`" },
    Guest { name: "panics", reason: "died in", text: "index out of bounds: the len is 3 but the index is 3" },
    Guest { name: "hoards", reason: "ran out of memory in", text: "memory" },
    Guest { name: "recurses", reason: "called itself too deep in", text: "recursion" },
];

/// A domain of its own, and the time of a turn.
pub(crate) fn settings(guest: &Guest) -> String {
    let name = guest.name;
    format!("domains = [\"{name}.example\"]\nhandlers = [\"do-invite\"]\n[limits]\nturn-ms = {TURN_MS}\n")
}

fn guests_that_misbehave_cost_their_neighbours_no_call() {
    let setup = Setup::new().sample_with("answer", "domains = [\"127.0.0.1\"]");
    let host = GUESTS.iter().fold(setup, |setup, guest| setup.guest(guest.name, &settings(guest))).start();
    let seconds = CALLS / 10 * GUESTS.len() as u32 + 2;
    let sipp = Sipp::built_in("uac", host.sip).calls(seconds * 200).rate(200).hold_ms(100);
    let sipp = sipp.timeout(Duration::from_secs(u64::from(seconds) + 40));
    let neighbours = thread::spawn(move || sipp.run());
    let late: Vec<String> = GUESTS.iter().filter_map(|guest| call_repeatedly(&host, guest)).collect();
    let neighbours = neighbours.join().expect("sipp's thread does not panic");
    neighbours.expect_clean();
    assert!(late.is_empty(), "{}", late.join("\n"));
    for guest in &GUESTS {
        expect_report(&host, guest);
    }
    host.stop();
}

/// Calls one guest ten times a second; what was wrong with the answers, none when all were 500 and came in time.
fn call_repeatedly(host: &Host, guest: &Guest) -> Option<String> {
    let phone = Phone::new(host.sip);
    let (mut times, mut stretch) = (Vec::new(), Vec::new());
    for _ in 0..CALLS {
        let begun = Instant::now();
        let invite = phone.request("INVITE", &format!("sip:anybody@{}.example", guest.name));
        phone.send(&invite.text());
        let Some(answer) = phone.final_answer(&invite, PATIENCE) else {
            return Some(format!("{}: no answer within {PATIENCE:?}", guest.name));
        };
        times.push(begun.elapsed());
        phone.send(&invite.ack_of_failure(&answer));
        if status(&answer) != Some(500) {
            return Some(format!("{}: {answer}", guest.name));
        }
        stretch.push(stretched());
        thread::sleep(Duration::from_millis(100).saturating_sub(begun.elapsed()));
    }
    times.sort();
    stretch.sort_by(f64::total_cmp);
    let (middle, longest) = (times[times.len() / 2], times[times.len() - 1]);
    let (stretch, stretch_most) = (stretch[stretch.len() / 2], stretch[stretch.len() - 1]);
    eprintln!(
        "{}: 500 after {middle:?} in the middle, {longest:?} at most, on a machine that stretches time by {stretch:.1}, \
         {stretch_most:.1} at most",
        guest.name
    );
    let limit = Duration::from_millis(2 * TURN_MS);
    (middle > limit.mul_f64(stretch) || longest > limit.mul_f64(stretch_most.max(2.0))).then(|| {
        format!(
            "{}: 500 after {middle:?} in the middle, {longest:?} at most: the limit is {limit:?}",
            guest.name
        )
    })
}

/// By how much a little work takes longer on the clock than in CPU time: 1 on a machine with nothing else to do. The
/// deadline of a turn counts CPU time, so this is what it is measured by.
pub(crate) fn stretched() -> f64 {
    let cpu = || rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    let used = |since: rustix::time::Timespec| {
        let now = cpu();
        (now.tv_sec - since.tv_sec) * 1_000_000_000 + now.tv_nsec - since.tv_nsec
    };
    let (begun, since) = (Instant::now(), cpu());
    while used(since) < 20_000_000 {
        std::hint::spin_loop();
    }
    (begun.elapsed().as_nanos() as f64 / used(since) as f64).max(1.0)
}

/// The log names servlet, handler, reason and the guest's own words, in one report.
fn expect_report(host: &Host, guest: &Guest) {
    let log = host.log();
    let begins = format!("ERROR {} ", guest.name);
    let (_, report) = log.split_once(&begins).unwrap_or_else(|| panic!("no report begins {begins:?}"));
    let report: String = report
        .lines()
        .enumerate()
        .take_while(|(at, line)| *at == 0 || line.starts_with(' '))
        .fold(String::new(), |text, (_, line)| text + line + "\n");
    for word in [guest.reason, "do-invite", guest.text, "the caller got 500"] {
        assert!(report.contains(word), "the report on {} does not say {word:?}:\n{report}", guest.name);
    }
}
