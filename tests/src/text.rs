//! Small texts that people write: times.

use std::time::Duration;

/// A time such as `20ms`, `2s`, `1.5s` or `3m`.
///
/// # Errors
/// What was expected.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("`{text}` is no time such as 20ms, 2s or 3m");
    let (number, unit) =
        text.find(|c: char| c.is_ascii_alphabetic()).map(|at| text.split_at(at)).ok_or_else(wrong)?;
    let number: f64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "us" => number / 1e6,
        "ms" => number / 1e3,
        "s" => number,
        "m" => number * 60.0,
        "h" => number * 3600.0,
        _ => return Err(wrong()),
    };
    Duration::try_from_secs_f64(seconds).map_err(|_| wrong())
}
