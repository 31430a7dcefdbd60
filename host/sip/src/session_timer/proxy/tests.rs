//! Session timers at a proxy: RFC 4028 §8.

use super::*;
use crate::transaction::tests::check_round_trip;

fn expires(text: &str) -> Option<SessionExpires> {
    (!text.is_empty()).then(|| SessionExpires::parse(text.as_bytes()).unwrap())
}

fn check(own: Option<u32>, supports: bool, wanted: &str, min_se_s: Option<u32>, expected: &str) {
    let config = SessionTimerConfig { interval_s: own, min_se_s: 120, ..SessionTimerConfig::default() };
    let asked = Asked { supports, session_expires: expires(wanted), min_se_s };
    let verdict = match ProxyTimer::on_request(asked, &config) {
        ProxyVerdict::TooSmall { min_se_s } => format!("422 {min_se_s}"),
        ProxyVerdict::Forward { session_expires, min_se_s, timer } => {
            check_round_trip(&timer);
            assert_eq!(timer.interval_s, session_expires.map(|expires| expires.interval_s));
            let value = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
            format!(
                "{} {}",
                value(session_expires.map(|e| e.to_string())),
                value(min_se_s.map(|s| s.to_string()))
            )
        }
    };
    assert_eq!(verdict, expected, "{own:?} {supports} {wanted} {min_se_s:?}");
}

/// RFC 4028 §8.1.
#[test]
fn a_proxy_asks_for_a_timer_within_what_the_uac_allows() {
    // Nothing is there.
    check(None, true, "", None, "- -");
    check(Some(600), true, "", None, "600 -");
    check(Some(600), false, "", Some(700), "700 700");
    check(Some(10), true, "", None, "90 -");
    // One is there: shorter, down to Min-SE; the refresher stays.
    check(None, true, "1800;refresher=uac", None, "1800;refresher=uac -");
    check(Some(600), true, "1800;refresher=uas", None, "600;refresher=uas -");
    check(Some(600), true, "1800", Some(900), "900 900");
    check(Some(600), true, "300", None, "300 -");
    check(Some(60), true, "1800", None, "90 -");
    // Below Min-SE: raised to it.
    check(None, true, "200", Some(300), "300 300");
    // Too small for the proxy.
    check(Some(600), true, "100", None, "422 120");
    check(Some(600), false, "100", None, "120 120");
    check(Some(600), false, "100", Some(90), "120 120");
    check(Some(600), false, "100", Some(150), "150 150");
    check(None, false, "119;refresher=uac", None, "120;refresher=uac 120");
    check(None, false, "120", None, "120 -");
}

/// RFC 4028 §8.2.
#[test]
fn a_proxy_speaks_for_a_uas_that_knows_no_timers() {
    for (interval_s, uac_supports, answered, expected) in [
        (Some(600), true, "", "600;refresher=uac"),
        (Some(600), false, "", ""),
        (None, true, "", ""),
        (Some(600), true, "500;refresher=uas", ""),
        (Some(600), false, "500;refresher=uas", ""),
        (None, true, "500;refresher=uac", ""),
    ] {
        let timer = ProxyTimer { interval_s, uac_supports };
        assert_eq!(timer.on_success(expires(answered)), expires(expected), "{timer:?} {answered}");
    }
}
