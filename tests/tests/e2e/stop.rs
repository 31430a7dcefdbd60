//! SIGTERM: new calls are refused, live calls end in their own time.

use std::thread;
use std::time::Duration;

use libtest_mimic::Trial;

use crate::host::{Setup, wait_for};
use crate::phone::{Phone, header, status};
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("stop":
        shared live_calls_end_normally_and_new_ones_get_503,
        shared calls_that_outlive_their_time_hold_the_host_no_longer;)
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
