//! Many calls, and what is left of them: nothing.
//!
//! `SIPLET_E2E_CALLS` and `SIPLET_E2E_RATE` make it larger; from 10,000 calls on the SIP timers have their full length,
//! as in `sipp -sn uac -r 500 -m 10000 -l 2000`.

use std::time::{Duration, Instant};

use libtest_mimic::Trial;

use crate::host::{Host, Setup, wait_for};
use crate::http::Metrics;
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("load": ; alone after_many_calls_nothing_is_left_of_them)
}

/// What the size of the run is told by.
pub(crate) fn told(variable: &str, otherwise: u32) -> u32 {
    let told = std::env::var(variable).ok();
    told.map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Calls of one run from which on SIP timers are those of RFC 3261.
const FULL_CALLS: u32 = 10_000;
/// Share by which the live heap may differ from what it was after the warm-up: the allocator's and the log's own.
const HEAP_SHARE: f64 = 0.01;
/// Share by which resident memory may grow from run to run.
const RESIDENT_SHARE: f64 = 0.05;

fn after_many_calls_nothing_is_left_of_them() {
    let (calls, rate) = (told("SIPLET_E2E_CALLS", 2000), told("SIPLET_E2E_RATE", 200));
    let timers = if calls < FULL_CALLS { "[timers]\nt1-ms = 50\nt2-ms = 400\nt4-ms = 500" } else { "" };
    let rest = if calls < FULL_CALLS { Duration::from_secs(8) } else { Duration::from_secs(40) };
    let host = Setup::new().sample("answer").section(timers).start();
    // As many calls at a time as later, so that every table has grown to its size.
    run(&host, calls / 2, rate);
    let warm = settled(&host, rest, None);
    run(&host, calls, rate);
    let first = settled(&host, rest, Some(&warm));
    run(&host, calls, rate);
    let second = settled(&host, rest, Some(&warm));
    for (name, after) in [("first", &first), ("second", &second)] {
        assert_eq!(after.tables(), warm.tables(), "rows that the {name} run left");
        let (now, then) = (after.value("siplet_heap_bytes"), warm.value("siplet_heap_bytes"));
        assert!(
            now <= then * (1.0 + HEAP_SHARE),
            "live heap bytes: {then} after warm-up, {now} after the {name} run"
        );
    }
    let resident = |metrics: &Metrics| metrics.value("siplet_resident_bytes");
    let (then, now) = (resident(&first), resident(&second));
    assert!(
        now <= then * (1.0 + RESIDENT_SHARE),
        "resident bytes: {then} after the first run, {now} after the second"
    );
    for reason in ["siplet_broken_rules_total", "siplet_framing_errors_total"] {
        assert_eq!(second.value(reason), 0.0, "{reason}");
    }
    host.stop();
}

fn run(host: &Host, calls: u32, rate: u32) {
    let sipp = Sipp::built_in("uac", host.sip).calls(calls).rate(rate).limit(2000).hold_ms(500);
    let begun = Instant::now();
    let outcome = sipp.timeout(Duration::from_secs(u64::from(calls / rate) * 3 + 60)).run();
    eprintln!("{calls} calls in {:?}, {} sent again", begun.elapsed(), outcome.retransmissions);
    outcome.expect_clean();
}

/// The metrics once nothing is left, or when the time is over.
fn settled(host: &Host, rest: Duration, warm: Option<&Metrics>) -> Metrics {
    let begun = Instant::now();
    let is_settled = || {
        let tables = host.metrics().tables();
        match warm {
            Some(warm) => tables == warm.tables(),
            None => tables.iter().all(|(table, rows)| *rows == 0 || table.contains("applications")),
        }
    };
    wait_for(rest, is_settled);
    let metrics = host.metrics();
    eprintln!(
        "after {:?}: heap {} bytes, resident {} bytes, tables {:?}",
        begun.elapsed(),
        metrics.value("siplet_heap_bytes"),
        metrics.value("siplet_resident_bytes"),
        metrics.tables().values().collect::<Vec<_>>()
    );
    metrics
}
