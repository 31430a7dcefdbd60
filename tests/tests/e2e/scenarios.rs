//! XML scenarios of ours (`tests/sipp`): what a caller hears that is not simply answered.

use libtest_mimic::Trial;

use crate::host::{Host, Setup};
use crate::places;
use crate::sipp::Sipp;

pub(crate) fn trials() -> Vec<Trial> {
    crate::trials!("scenarios":
        shared a_caller_that_gives_up_while_it_rings_hears_487,
        shared a_call_is_offered_anew_inside_its_dialog,
        shared a_caller_on_the_list_hears_403,
        shared outside_opening_hours_a_caller_hears_480,
        shared a_user_that_moved_is_named_by_302_and_a_stranger_gets_404,
        shared a_bye_for_no_dialog_gets_481,
        shared a_method_that_nobody_takes_gets_405,
        shared calls_over_ipv6_are_answered;)
}

/// Over UDP, then over TCP.
fn over_both(sipp: impl Fn() -> Sipp) {
    sipp().run().expect_clean();
    sipp().tcp().run().expect_clean();
}

fn a_caller_that_gives_up_while_it_rings_hears_487() {
    let host = Setup::new().guest("rings", "handlers = [\"do-invite\"]").start();
    over_both(|| Sipp::ours("cancel", host.sip).key("domain", "rings.example").calls(20));
    host.stop();
}

fn a_call_is_offered_anew_inside_its_dialog() {
    let host = Host::with(&["answer", "screen"]);
    over_both(|| Sipp::ours("reinvite", host.sip).key("domain", "anywhere.example").calls(20));
    host.stop();
}

/// The settings of `screen` with other opening hours.
fn screen(hours: &str) -> Setup {
    let settings = places::sample_settings("screen").replace("09:00-18:00", hours);
    assert!(settings.contains(hours), "screen.toml has its opening hours no longer");
    Setup::new().sample_with("screen", &settings)
}

fn a_caller_on_the_list_hears_403() {
    let host = screen("00:00-23:59").start();
    for caller in ["sip:spam@bad.example", "sip:anybody@worse.example"] {
        let forbidden = || Sipp::ours("forbidden", host.sip).key("domain", "screen.example");
        over_both(|| forbidden().key("caller", caller).calls(10));
    }
    host.stop();
}

fn outside_opening_hours_a_caller_hears_480() {
    // Open for one minute that is not now: the clock of this test is read once, and the minute is half a day away.
    let now_s =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let minute = (now_s / 60 + 12 * 60) % (24 * 60);
    let clock = |minute: u64| format!("{:02}:{:02}", minute / 60 % 24, minute % 60);
    let hours = format!("{}-{}", clock(minute), clock(minute + 1));
    let settings =
        places::sample_settings("screen").replace("09:00-18:00", &hours).replace("+01:00", "+00:00");
    let host = Setup::new().sample_with("screen", &settings).start();
    over_both(|| Sipp::ours("closed", host.sip).key("domain", "screen.example").calls(10));
    host.stop();
}

fn a_user_that_moved_is_named_by_302_and_a_stranger_gets_404() {
    let host = Host::with(&["redirect"]);
    over_both(|| Sipp::ours("moved", host.sip).user("alice").key("domain", "redirect.example").calls(10));
    over_both(|| Sipp::ours("not_found", host.sip).user("carol").key("domain", "redirect.example").calls(10));
    host.stop();
}

fn a_bye_for_no_dialog_gets_481() {
    let host = Host::with(&["answer"]);
    over_both(|| Sipp::ours("bye_unknown", host.sip).key("domain", "anywhere.example").calls(10));
    host.stop();
}

fn a_method_that_nobody_takes_gets_405() {
    let host = Host::with(&["answer"]);
    over_both(|| Sipp::ours("not_allowed", host.sip).key("domain", "anywhere.example").calls(10));
    host.stop();
}

fn calls_over_ipv6_are_answered() {
    let port = crate::host::free_address().port();
    let host = Setup::new().sample("answer").listen(&format!("[::1]:{port}")).start();
    over_both(|| Sipp::built_in("uac", host.sip).calls(20));
    host.stop();
}
