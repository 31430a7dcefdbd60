//! Points in time and spans of it: Date, Retry-After, Timestamp (RFC 3261 §20.17, §20.33, §20.38).

use crate::message::views::number;
use crate::octets::find;
use crate::session_timer::delta_seconds;
use crate::time::{Duration, Time};
use std::fmt::Write as _;

/// A Retry-After value (RFC 3261 §20.33).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryAfter {
    /// In how many seconds to try again.
    pub seconds: u32,
    /// For how many seconds from then on it will do.
    pub duration_s: Option<u32>,
}

impl RetryAfter {
    /// Reads a value; the comment between number and parameters is left aside.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let digits = value.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(value.len());
        let (seconds, _) = delta_seconds(&value[..digits])?;
        let mut rest = value[digits..].trim_ascii_start();
        if rest.first() == Some(&b'(') {
            rest = &rest[comment_len(rest)?..];
        }
        let params = rest.trim_ascii_start();
        let is_params = matches!(params, [] | [b';', ..]);
        let duration = crate::uri::Params::of(params).named(b"duration").and_then(|param| param.value);
        let duration_s = duration.and_then(|value| delta_seconds(value).map(|(seconds, _)| seconds));
        is_params.then_some(Self { seconds, duration_s })
    }
}

/// The length of the comment at the start of a text, comments inside it and escapes obeyed (RFC 3261 §25.1).
fn comment_len(text: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < text.len() {
        match text[at] {
            b'\\' => at += 1,
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// The value of a Date header (RFC 3261 §20.17): always GMT, whole seconds.
#[must_use]
pub fn http_date(time: Time) -> String {
    let seconds = time.as_micros() / 1_000_000;
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    // The epoch was a Thursday; the tables have as many words as the numbers can be.
    let weekday = DAYS[(days % 7) as usize];
    let month = MONTHS[month as usize - 1];
    let mut text = String::with_capacity(29);
    // Writing to a string cannot fail.
    let _ = write!(text, "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT");
    text
}

/// Reads a Date value; `None` unless it is of the one form that RFC 3261 §20.17 permits, from 1970 on. The weekday is not
/// compared with the day.
#[must_use]
pub fn date_of(value: &[u8]) -> Option<Time> {
    let text = core::str::from_utf8(value.trim_ascii()).ok()?;
    let (weekday, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let (day, month, year) = (words.next()?, words.next()?, words.next()?);
    let (clock, zone) = (words.next()?, words.next()?);
    let two = |text: &str| if text.len() == 2 { number(text.as_bytes()) } else { None };
    let mut parts = clock.split(':');
    let (hour, minute, second) = (two(parts.next()?)?, two(parts.next()?)?, two(parts.next()?)?);
    let is_whole = words.next().is_none() && parts.next().is_none() && zone == "GMT";
    let month = MONTHS.iter().position(|known| *known == month)? as u64 + 1;
    let (day, year) = (two(day)?, if year.len() == 4 { number(year.as_bytes())? } else { return None });
    let in_range = (1970..=9999).contains(&year) && hour < 24 && minute < 60 && second < 60;
    if !is_whole || !in_range || !DAYS.contains(&weekday) {
        return None;
    }
    let days = days_since_epoch(year, month, day);
    // A day that its month has not, such as the 30th of February, does not come back.
    if civil(days) != (year, month, day) {
        return None;
    }
    Some(Time::from_micros((days * 86_400 + hour * 3600 + minute * 60 + second) * 1_000_000))
}

/// The day, as days since 1970-01-01, of the proleptic Gregorian calendar. Months count from March here, so that the leap
/// day is the last one of a year.
const fn days_since_epoch(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year / 400, year % 400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.saturating_sub(1);
    // 719,468 days lie between the first of March of the year 0 and the epoch.
    (era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year).saturating_sub(719_468)
}

/// Year, month and day of a day since 1970-01-01.
const fn civil(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    let year = year + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

/// The Timestamp of a 100 to a request with this Timestamp: with the time that the request has waited here added to the
/// delay that is there (RFC 3261 §8.2.6.1, §20.38); `None` when the value cannot be read: it is copied then.
#[must_use]
pub fn timestamp_with_delay(value: &[u8], waited: Duration) -> Option<Vec<u8>> {
    let value = value.trim_ascii();
    let end = value.iter().position(|byte| matches!(byte, b' ' | b'\t')).unwrap_or(value.len());
    let (stamp, delay) = (&value[..end], value[end..].trim_ascii_start());
    decimal_ms(stamp)?;
    let before_ms = if delay.is_empty() { 0 } else { decimal_ms(delay)? };
    let ms = before_ms.saturating_add(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
    if ms == 0 {
        return Some(value.to_vec());
    }
    Some([stamp, format!(" {}.{:03}", ms / 1000, ms % 1000).as_bytes()].concat())
}

/// `1*DIGIT [ "." *DIGIT ]` in milliseconds, what is less being cut off.
fn decimal_ms(text: &[u8]) -> Option<u64> {
    let dot = find(b'.', text).unwrap_or(text.len());
    let fraction = text.get(dot + 1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let ms = fraction.iter().chain(b"000").take(3).fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
    Some(number(&text[..dot])?.saturating_mul(1000).saturating_add(ms))
}

#[cfg(test)]
mod tests;
