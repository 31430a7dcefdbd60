//! Date, Retry-After, Timestamp: RFC 3261 §20.17, §20.33, §20.38, §8.2.6.1.

use super::*;

fn at(seconds: u64) -> Time {
    Time::from_micros(seconds * 1_000_000)
}

/// RFC 3261 §20.17.
#[test]
fn dates_are_written_and_read() {
    for (seconds, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (784_111_777, "Sun, 06 Nov 1994 08:49:37 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (951_868_799, "Tue, 29 Feb 2000 23:59:59 GMT"),
        (1_289_690_940, "Sat, 13 Nov 2010 23:29:00 GMT"),
        (4_107_542_400, "Mon, 01 Mar 2100 00:00:00 GMT"),
        (4_107_456_000, "Sun, 28 Feb 2100 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        assert_eq!(http_date(at(seconds)), text);
        assert_eq!(date_of(text.as_bytes()), Some(at(seconds)), "{text}");
    }
    assert_eq!(http_date(Time::from_micros(1_999_999)), "Thu, 01 Jan 1970 00:00:01 GMT");
    assert!(!http_date(Time::MAX).is_empty());
    // Each day of four centuries comes back.
    for day in 0..=146_097 {
        assert_eq!(date_of(http_date(at(day * 86_400)).as_bytes()), Some(at(day * 86_400)));
    }
}

#[test]
fn what_is_no_date_is_refused() {
    for text in [
        "",
        "Sun, 06 Nov 1994 08:49:37 EST",
        "Sun, 06 Nov 1994 08:49:37",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Day, 06 Nov 1994 08:49:37 GMT",
        "Sun, 30 Feb 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Sun, 29 Feb 2100 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:37:1 GMT",
        "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Nov 1994 +8:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "\u{e9}",
    ] {
        assert_eq!(date_of(text.as_bytes()), None, "{text:?}");
    }
    assert!(date_of(b"\xff\xfe").is_none());
}

/// RFC 3261 §20.33.
#[test]
fn a_retry_after_has_a_comment_and_a_duration() {
    for (text, expected) in [
        ("18000;duration=3600", Some((18000, Some(3600)))),
        ("120 (I'm in a meeting)", Some((120, None))),
        (" 120(a (b) \\) c) ; x=y;Duration = 7 ", Some((120, Some(7)))),
        ("0", Some((0, None))),
        ("99999999999", Some((u32::MAX, None))),
        ("5;duration=x", Some((5, None))),
        ("5;duration", Some((5, None))),
        ("5 (never closed", None),
        ("5 (a\\", None),
        ("5 x", None),
        ("", None),
        ("soon", None),
        ("-5", None),
        ("(5)", None),
    ] {
        let read = RetryAfter::parse(text.as_bytes());
        assert_eq!(read.map(|value| (value.seconds, value.duration_s)), expected, "{text:?}");
    }
}

/// RFC 3261 §8.2.6.1, §20.38: the delay is added to the one that is there.
#[test]
fn a_100_tells_how_long_its_request_has_waited() {
    for (value, ms, expected) in [
        ("54", 0, Some("54")),
        ("54", 1500, Some("54 1.500")),
        (" 54.21 ", 200, Some("54.21 0.200")),
        ("54 0.25", 200, Some("54 0.450")),
        ("54 1", 0, Some("54 1.000")),
        ("54. .5", 1, None),
        ("54. 0.", 1, Some("54. 0.001")),
        ("", 1, None),
        ("x", 1, None),
        ("-1", 1, None),
        ("1e3", 1, None),
        ("54 x", 1, None),
        ("54 1.2.3", 1, None),
        ("99999999999999999999999999", 1, None),
        ("1 18446744073709551", 1, Some("1 18446744073709551.001")),
    ] {
        let written = timestamp_with_delay(value.as_bytes(), Duration::from_millis(ms));
        assert_eq!(written.as_deref(), expected.map(str::as_bytes), "{value:?} {ms}");
    }
}
