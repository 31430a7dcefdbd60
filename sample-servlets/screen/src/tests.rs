use super::*;

/// Midnight of 2026-11-22, UTC.
const MIDNIGHT: u64 = 1_795_305_600;

fn at(hours: u64, minutes: u64) -> Time {
    Time::from_micros((MIDNIGHT + hours * 3600 + minutes * 60) * 1_000_000)
}

fn screen(open: &str, offset: &str) -> Screen {
    let parameters = [
        ("open", open),
        ("utc-offset", offset),
        ("refused", r#"["sip:spam@bad.example", "*@worse.example"]"#),
    ];
    Screen::init(&Config::from_iter(parameters)).expect("good parameters")
}

fn decide(screen: &Screen, caller: &str, now: Time) -> Decision {
    screen.decide(&Uri::parse(caller).expect("a URI"), now)
}

#[test]
fn callers_on_the_list_are_forbidden_at_any_hour() {
    let screen = screen("09:00-18:00", "+00:00");
    for caller in ["sip:spam@bad.example", "sips:spam@BAD.example:5061", "sip:anybody@worse.example"] {
        assert_eq!(decide(&screen, caller, at(12, 0)), Decision::Forbid, "{caller}");
        assert_eq!(decide(&screen, caller, at(23, 0)), Decision::Forbid, "{caller}");
    }
    for caller in ["sip:SPAM@bad.example", "sip:ham@bad.example", "tel:+4930123"] {
        assert_eq!(decide(&screen, caller, at(12, 0)), Decision::Accept, "{caller}");
    }
}

#[test]
fn the_door_opens_and_closes_on_the_minute() {
    let screen = screen("09:00-18:00", "+00:00");
    let decisions = [at(8, 59), at(9, 0), at(17, 59), at(18, 0)].map(|now| decide(&screen, "sip:a@b", now));
    assert_eq!(decisions, [Decision::Closed, Decision::Accept, Decision::Accept, Decision::Closed]);
}

#[test]
fn hours_are_those_of_the_local_clock() {
    assert_eq!(decide(&screen("09:00-18:00", "+05:30"), "sip:a@b", at(3, 30)), Decision::Accept);
    assert_eq!(decide(&screen("09:00-18:00", "+05:30"), "sip:a@b", at(3, 29)), Decision::Closed);
    assert_eq!(decide(&screen("09:00-18:00", "-08:00"), "sip:a@b", at(1, 59)), Decision::Accept);
    assert_eq!(decide(&screen("09:00-18:00", "-08:00"), "sip:a@b", at(2, 0)), Decision::Closed);
}

#[test]
fn a_night_may_be_open_and_a_day_may_never_close() {
    let decisions =
        [at(21, 0), at(23, 0), at(5, 0)].map(|now| decide(&screen("22:00-06:00", "+00:00"), "sip:a@b", now));
    assert_eq!(decisions, [Decision::Closed, Decision::Accept, Decision::Accept]);
    assert_eq!(decide(&screen("00:00-24:00", "+00:00"), "sip:a@b", at(23, 59)), Decision::Accept);
}

#[test]
fn parameters_that_make_no_sense_are_refused_in_words() {
    for (open, offset) in
        [("always", "+00:00"), ("9-18", "+00:00"), ("09:00-25:00", "+00:00"), ("09:00-18:00", "CET")]
    {
        assert!(
            Screen::init(&Config::from_iter([("open", open), ("utc-offset", offset)])).is_err(),
            "{open} {offset}"
        );
    }
    let text = Screen::init(&Config::default()).expect_err("no hours").to_string();
    assert_eq!(text, "init parameter `open` is missing: set it in [init-parameters] of the descriptor");
}
