//! Session timers of user agents: RFC 4028 §4, §5, §7, §9 and §10.

use super::*;
use crate::limits::Limits;
use crate::transaction::tests::{START, at, check_round_trip, check_table};
use bytes::Bytes;

const CONFIG: fn() -> SessionTimerConfig = SessionTimerConfig::default;

fn message(start: &str, lines: &[&str]) -> Message {
    let text = format!("{start}\r\n{}\r\n\r\n", lines.join("\r\n"));
    Message::parse(Bytes::from(text), &Limits::default()).unwrap()
}

fn response(status: u16, lines: &[&str]) -> Message {
    message(&format!("SIP/2.0 {status} R"), lines)
}

/// Session-Expires `1800;refresher=uac`, or none when empty.
fn expires(text: &str) -> Option<SessionExpires> {
    (!text.is_empty()).then(|| SessionExpires::parse(text.as_bytes()).unwrap())
}

const STATES: [&str; 5] = ["Off", "we refresh", "refreshing", "peer refreshes", "Expired"];
const EVENTS: [&str; 13] = [
    "200 uac",
    "200 uas",
    "200",
    "422",
    "408",
    "481",
    "491",
    "488",
    "our 200",
    "our 200 uac",
    "early",
    "half",
    "end",
];

fn machine_in(state: &str) -> SessionTimer {
    let mut timer = SessionTimer::start();
    let events: &[&str] = match state {
        "Off" => &[],
        "we refresh" => &["200 uac"],
        "refreshing" => &["200 uac", "half"],
        "peer refreshes" => &["200 uas"],
        "Expired" => &["200 uas", "end"],
        other => panic!("no state {other}"),
    };
    for event in events {
        give(&mut timer, event, at(0));
    }
    timer
}

fn give(timer: &mut SessionTimer, event: &str, now: Time) -> TimerAction {
    let lines: &[&str] = match event {
        "200 uac" => &["Session-Expires: 1800;refresher=uac"],
        "200 uas" => &["x: 1800 ; refresher=UAS"],
        "422" => &["Min-SE: 3600"],
        "200" | "408" | "481" | "491" | "488" => &["Foo: y"],
        "our 200" => {
            timer.on_answered(None, now);
            return TimerAction::Nothing;
        }
        "our 200 uac" => {
            timer.on_answered(expires("1800;refresher=uac"), now);
            return TimerAction::Nothing;
        }
        "early" => return timer.on_deadline(at(899_999)),
        "half" => return timer.on_deadline(at(900_000)),
        "end" => return timer.on_deadline(at(1_768_000)),
        other => panic!("no event {other}"),
    };
    timer.request(&CONFIG());
    timer.on_response(&response(event[..3].parse().unwrap(), lines), &CONFIG(), now).unwrap()
}

fn name_of(timer: &SessionTimer) -> &'static str {
    match timer.state {
        State::Off => "Off",
        State::Running { refresher: Party::Peer, .. } => "peer refreshes",
        State::Running { refresh_at: Some(_), .. } => "we refresh",
        State::Running { refresh_at: None, .. } => "refreshing",
        State::Expired => "Expired",
    }
}

const TABLE: &str = "
    Off            | 200 uac     | Nothing   | we refresh     | RFC 4028 §7.2
    Off            | 200 uas     | Nothing   | peer refreshes | RFC 4028 §7.2
    Off            | 200         | Nothing   | Off            | RFC 4028 §7.2
    Off            | 422         | SendAgain | Off            | RFC 4028 §7.3
    Off            | 408         | Nothing   | Off            | RFC 4028 §10
    Off            | 481         | Nothing   | Off            | RFC 4028 §10
    Off            | 491         | Nothing   | Off            | RFC 4028 §10
    Off            | 488         | Nothing   | Off            | RFC 4028 §10
    Off            | our 200     | Nothing   | Off            | RFC 4028 §9
    Off            | our 200 uac | Nothing   | peer refreshes | RFC 4028 §9
    Off            | early       | Nothing   | Off            | RFC 4028 §10
    Off            | half        | Nothing   | Off            | RFC 4028 §10
    Off            | end         | Nothing   | Off            | RFC 4028 §10
    we refresh     | 200 uac     | Nothing   | we refresh     | RFC 4028 §7.2
    we refresh     | 200 uas     | Nothing   | peer refreshes | RFC 4028 §7.2
    we refresh     | 200         | Nothing   | Off            | RFC 4028 §7.2
    we refresh     | 422         | SendAgain | we refresh     | RFC 4028 §7.3
    we refresh     | 408         | Expired   | Expired        | RFC 4028 §10
    we refresh     | 481         | Expired   | Expired        | RFC 4028 §10
    we refresh     | 491         | Nothing   | we refresh     | RFC 4028 §10
    we refresh     | 488         | Nothing   | we refresh     | RFC 4028 §10
    we refresh     | our 200     | Nothing   | Off            | RFC 4028 §9
    we refresh     | our 200 uac | Nothing   | peer refreshes | RFC 4028 §9
    we refresh     | early       | Nothing   | we refresh     | RFC 4028 §7.2
    we refresh     | half        | Refresh   | refreshing     | RFC 4028 §7.2
    we refresh     | end         | Expired   | Expired        | RFC 4028 §10
    refreshing     | 200 uac     | Nothing   | we refresh     | RFC 4028 §7.2
    refreshing     | 200 uas     | Nothing   | peer refreshes | RFC 4028 §7.2
    refreshing     | 200         | Nothing   | Off            | RFC 4028 §7.2
    refreshing     | 422         | SendAgain | refreshing     | RFC 4028 §7.3
    refreshing     | 408         | Expired   | Expired        | RFC 4028 §10
    refreshing     | 481         | Expired   | Expired        | RFC 4028 §10
    refreshing     | 491         | Nothing   | we refresh     | RFC 4028 §10
    refreshing     | 488         | Nothing   | we refresh     | RFC 4028 §10
    refreshing     | our 200     | Nothing   | Off            | RFC 4028 §9
    refreshing     | our 200 uac | Nothing   | peer refreshes | RFC 4028 §9
    refreshing     | early       | Nothing   | refreshing     | RFC 4028 §7.2
    refreshing     | half        | Nothing   | refreshing     | RFC 4028 §7.2
    refreshing     | end         | Expired   | Expired        | RFC 4028 §10
    peer refreshes | 200 uac     | Nothing   | we refresh     | RFC 4028 §7.2
    peer refreshes | 200 uas     | Nothing   | peer refreshes | RFC 4028 §7.2
    peer refreshes | 200         | Nothing   | Off            | RFC 4028 §7.2
    peer refreshes | 422         | SendAgain | peer refreshes | RFC 4028 §7.3
    peer refreshes | 408         | Expired   | Expired        | RFC 4028 §10
    peer refreshes | 481         | Expired   | Expired        | RFC 4028 §10
    peer refreshes | 491         | Nothing   | peer refreshes | RFC 4028 §10
    peer refreshes | 488         | Nothing   | peer refreshes | RFC 4028 §10
    peer refreshes | our 200     | Nothing   | Off            | RFC 4028 §9
    peer refreshes | our 200 uac | Nothing   | peer refreshes | RFC 4028 §9
    peer refreshes | early       | Nothing   | peer refreshes | RFC 4028 §10
    peer refreshes | half        | Nothing   | peer refreshes | RFC 4028 §10
    peer refreshes | end         | Expired   | Expired        | RFC 4028 §10
    Expired        | 200 uac     | Nothing   | Expired        | RFC 4028 §10
    Expired        | 200 uas     | Nothing   | Expired        | RFC 4028 §10
    Expired        | 200         | Nothing   | Expired        | RFC 4028 §10
    Expired        | 422         | Nothing   | Expired        | RFC 4028 §10
    Expired        | 408         | Nothing   | Expired        | RFC 4028 §10
    Expired        | 481         | Nothing   | Expired        | RFC 4028 §10
    Expired        | 491         | Nothing   | Expired        | RFC 4028 §10
    Expired        | 488         | Nothing   | Expired        | RFC 4028 §10
    Expired        | our 200     | Nothing   | Expired        | RFC 4028 §10
    Expired        | our 200 uac | Nothing   | Expired        | RFC 4028 §10
    Expired        | early       | Nothing   | Expired        | RFC 4028 §10
    Expired        | half        | Nothing   | Expired        | RFC 4028 §10
    Expired        | end         | Nothing   | Expired        | RFC 4028 §10
";

#[test]
fn every_pair_is_as_the_rfc_has_it() {
    check_table(TABLE, &STATES, &EVENTS, |state, event| {
        let mut timer = machine_in(state);
        let action = give(&mut timer, event, at(0));
        assert_eq!(timer.next_deadline().is_some(), timer.is_running());
        check_round_trip(&timer);
        (format!("{action:?}"), name_of(&timer).to_owned())
    });
}

/// RFC 4028 §7.2, §10: half the interval; the smaller of 32 s and a third of it before the end.
#[test]
fn the_refresh_is_due_at_half_and_the_bye_before_the_end() {
    for (interval_s, half_ms, end_ms) in
        [(90, 45_000, 60_000), (96, 48_000, 64_000), (97, 48_500, 65_000), (1800, 900_000, 1_768_000)]
    {
        let mut timer = SessionTimer::start();
        timer.on_answered(expires(&format!("{interval_s};refresher=uas")), at(0));
        assert_eq!(timer.next_deadline(), Some(Deadline { at: at(half_ms), lazy: false }), "{interval_s}");
        assert_eq!(timer.on_deadline(at(half_ms)), TimerAction::Refresh);
        let end = timer.next_deadline().unwrap().at;
        assert!(end.since(at(end_ms)) < Duration::from_secs(1) && end >= at(end_ms), "{interval_s} {end}");
        timer.on_answered(expires(&format!("{interval_s};refresher=uac")), at(0));
        assert_eq!(timer.next_deadline().unwrap().at, end, "who does not refresh gives up at the same time");
    }
}

/// RFC 4028 §10: a refresh that fails is tried again, ever nearer to the end, and not without a pause.
#[test]
fn a_failed_refresh_is_tried_again_until_the_end() {
    let mut timer = SessionTimer::start();
    timer.on_answered(expires("120;refresher=uas"), at(0));
    let mut seen = Vec::new();
    while let Some(Deadline { at: due, .. }) = timer.next_deadline() {
        let action = timer.on_deadline(due);
        seen.push(format!("{} {action:?}", due.since(START).as_secs()));
        if action == TimerAction::Refresh {
            let failed = timer.on_response(&response(500, &["Foo: y"]), &CONFIG(), due).unwrap();
            assert_eq!(failed, TimerAction::Nothing);
        }
    }
    assert_eq!(seen, ["60 Refresh", "74 Refresh", "84 Refresh", "88 Expired"]);
}

/// RFC 4028 §7.3, §7.4: a 422 leads to a larger interval, the largest Min-SE of all; not without end.
#[test]
fn a_422_leads_to_the_request_again_with_its_interval() {
    let mut timer = SessionTimer::start();
    let config = SessionTimerConfig { interval_s: Some(100), ..CONFIG() };
    let mut seen = Vec::new();
    for min_se in ["Foo: y", "Min-SE: 100", "Min-SE: 200;x=y", "Min-SE: 150", "Min-SE: 300"] {
        let (asked, min) = timer.request(&config);
        let action = timer.on_response(&response(422, &[min_se]), &config, at(0)).unwrap();
        seen.push(format!("{} {min:?} {action:?}", asked.unwrap()));
    }
    assert_eq!(
        seen,
        [
            "100 None Nothing",
            "100 None Nothing",
            "100 None SendAgain",
            "200 Some(200) Nothing",
            "200 Some(200) SendAgain"
        ]
    );
    for min_se in 301..400 {
        timer.request(&config);
        let response = response(422, &[&format!("Min-SE: {min_se}")]);
        if timer.on_response(&response, &config, at(0)).unwrap() == TimerAction::Nothing {
            assert_eq!(min_se, 303, "given up after {RETRIES_MAX} in a row");
            return;
        }
    }
    panic!("a peer can make us send without end");
}

/// RFC 4028 §7.4: with the dialog the list of Min-SE begins anew; in it a Min-SE of the peer counts.
#[test]
fn min_se_is_kept_for_the_path_of_the_dialog() {
    let mut timer = SessionTimer::start();
    timer.request(&CONFIG());
    timer.on_response(&response(422, &["Min-SE: 4000"]), &CONFIG(), at(0)).unwrap();
    assert_eq!(timer.request(&CONFIG()), (expires("4000"), Some(4000)));
    timer.on_response(&response(200, &["Session-Expires: 4000;refresher=uac"]), &CONFIG(), at(0)).unwrap();
    assert_eq!(timer.request(&CONFIG()), (expires("4000;refresher=uac"), None));
    let asked = Asked { supports: true, session_expires: expires("5000"), min_se_s: Some(4500) };
    timer.on_request(asked, &CONFIG());
    assert_eq!(timer.request(&CONFIG()), (expires("4500;refresher=uac"), Some(4500)));
    timer.on_answered(expires("5000;refresher=uac"), at(0));
    assert_eq!(
        timer.request(&CONFIG()),
        (expires("5000;refresher=uas"), Some(4500)),
        "the peer refreshes now"
    );
    assert_eq!(timer.interval(), Some((5000, Party::Peer)));
}

/// RFC 4028 §7.1, §7.2: without a word of the peer there is no timer, or one for ourselves.
#[test]
fn a_peer_without_timers_leaves_the_choice_to_us() {
    for (alone, expected) in [(false, None), (true, Some((1800, Party::Us)))] {
        let config = SessionTimerConfig { alone, ..CONFIG() };
        let mut timer = SessionTimer::start();
        assert_eq!(timer.request(&config), (expires("1800"), None));
        timer.on_response(&response(200, &["Foo: y"]), &config, at(0)).unwrap();
        assert_eq!(timer.interval(), expected);
    }
    let quiet = SessionTimerConfig { interval_s: None, alone: true, ..CONFIG() };
    let mut timer = SessionTimer::start();
    assert_eq!(timer.request(&quiet), (None, None));
    timer.on_response(&response(200, &["Foo: y"]), &quiet, at(0)).unwrap();
    assert!(!timer.is_running(), "who asked for nothing has none");
    timer.on_response(&response(200, &["Session-Expires: 500;refresher=uac"]), &quiet, at(0)).unwrap();
    assert_eq!(timer.interval(), Some((500, Party::Us)), "it may come without being asked for");
}

/// RFC 4028 §9, Table 2, and what a UAS may answer: `supports | Session-Expires | Min-SE | answer`.
#[test]
fn a_uas_answers_within_what_the_uac_wants() {
    let config = SessionTimerConfig { interval_s: Some(600), min_se_s: 120, ..CONFIG() };
    let uas = SessionTimerConfig { refresher: Refresher::Uas, ..config };
    let takes = SessionTimerConfig { interval_s: None, ..config };
    let alone = SessionTimerConfig { alone: true, ..config };
    for (config, supports, wanted, min_se_s, expected) in [
        // The five rows of Table 2 that can happen, and the two that should not.
        (config, false, "500", None, "500;refresher=uas"),
        (config, false, "500;refresher=uac", None, "500;refresher=uas"),
        (config, false, "500;refresher=uas", None, "500;refresher=uas"),
        (config, true, "500", None, "500;refresher=uac require"),
        (uas, true, "500", None, "500;refresher=uas require"),
        (uas, true, "500;refresher=uac", None, "500;refresher=uac require"),
        (config, true, "500;refresher=uas", None, "500;refresher=uas require"),
        // Shorter, never longer, not below Min-SE.
        (config, true, "1800", None, "600;refresher=uac require"),
        (config, true, "1800", Some(700), "700;refresher=uac require"),
        (config, true, "1800", Some(1800), "1800;refresher=uac require"),
        (takes, true, "1800", None, "1800;refresher=uac require"),
        (config, true, "600", Some(9000), "600;refresher=uac require"),
        // Too small.
        (config, true, "119", None, "422 120"),
        (config, true, "0", None, "422 120"),
        (config, true, "120", None, "120;refresher=uac require"),
        (config, false, "100", None, "100;refresher=uas"),
        (config, false, "89", None, "none"),
        // We ask by ourselves.
        (config, true, "", None, "600;refresher=uac require"),
        (config, true, "", Some(800), "800;refresher=uac require"),
        (takes, true, "", None, "none"),
        (config, false, "", None, "none"),
        (alone, false, "", None, "600;refresher=uas"),
        (takes, true, "4294967295", None, "4294967295;refresher=uac require"),
    ] {
        let asked = Asked { supports, session_expires: expires(wanted), min_se_s };
        let answer = match SessionTimer::start().on_request(asked, &config) {
            Answer::TooSmall { min_se_s } => format!("422 {min_se_s}"),
            Answer::Accept { session_expires: None, require } => {
                assert!(!require);
                "none".to_owned()
            }
            Answer::Accept { session_expires: Some(expires), require } => {
                format!("{expires}{}", if require { " require" } else { "" })
            }
        };
        assert_eq!(answer, expected, "{supports} {wanted} {min_se_s:?}");
    }
    let low = SessionTimerConfig { min_se_s: 1, ..config };
    let asked = Asked { supports: true, session_expires: expires("89"), min_se_s: None };
    assert_eq!(SessionTimer::start().on_request(asked, &low), Answer::TooSmall { min_se_s: 90 });
}

/// RFC 4028 §4, §5.
#[test]
fn the_headers_are_read_and_written() {
    for (text, expected) in [
        ("1800", Some("1800")),
        (" 90 ; refresher = UAC ;x=y", Some("90;refresher=uac")),
        ("90;refresher=uas", Some("90;refresher=uas")),
        ("90;refresher=both", Some("90")),
        ("90;refresher", Some("90")),
        ("0004000", Some("4000")),
        ("4294967295", Some("4294967295")),
        ("99999999999999999999", Some("4294967295")),
        ("-90", None),
        ("9 0", None),
        ("", None),
        (";refresher=uac", None),
        ("1e3", None),
    ] {
        let read = SessionExpires::parse(text.as_bytes());
        assert_eq!(read.map(|value| value.to_string()).as_deref(), expected, "{text:?}");
    }
    let request = |lines: &[&str]| Asked::of(&message("INVITE sip:b SIP/2.0", lines));
    assert_eq!(
        request(&["k: 100rel, Timer", "x: 1800;refresher=uac", "Min-SE: 100;x"]),
        Ok(Asked { supports: true, session_expires: expires("1800;refresher=uac"), min_se_s: Some(100) })
    );
    assert_eq!(request(&["Foo: y"]), Ok(Asked { supports: false, session_expires: None, min_se_s: None }));
    assert_eq!(request(&["x: soon"]).unwrap_err().to_string(), "malformed Session-Expires");
    assert_eq!(request(&["Min-SE: 1", "Min-SE: 2"]).unwrap_err().to_string(), "repeated Min-SE");
}

#[test]
fn hostile_values_change_nothing_and_make_no_haste() {
    let mut timer = machine_in("we refresh");
    let before = timer;
    assert!(timer.on_response(&response(200, &["x: x"]), &CONFIG(), at(0)).is_err());
    assert_eq!(timer, before);
    timer.on_response(&response(200, &["x: 0;refresher=uac"]), &CONFIG(), at(0)).unwrap();
    assert_eq!(timer.interval(), Some((90, Party::Us)), "nobody makes us send without a pause");
    timer.on_response(&response(200, &["x: 4294967295;refresher=uac"]), &CONFIG(), Time::MAX).unwrap();
    assert_eq!(timer.next_deadline().unwrap().at, Time::MAX);
}

#[test]
fn deadlines_from_a_clock_that_was_ahead_are_shortened() {
    for state in STATES {
        let mut timer = machine_in(state);
        let unchanged = timer;
        timer.clamp_deadlines(at(0));
        assert_eq!(timer, unchanged, "deadlines in their range stay");
        timer.clamp_deadlines(Time::ZERO);
        assert!(timer.next_deadline().is_none_or(|due| due.at <= Time::ZERO + Duration::from_secs(1800)));
    }
    let mut timer = machine_in("we refresh");
    timer.stop();
    assert_eq!(timer.next_deadline(), None);
}
