//! Session-Expires and Min-SE as they stand in a message (RFC 4028 §4, §5).

use crate::octets::find;
use crate::uri::Params;
use core::fmt;
use serde::{Deserialize, Serialize};

/// Who refreshes the session, by its part in the request that says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Refresher {
    /// Who sent the request.
    Uac,
    /// Who answers it.
    Uas,
}

/// A Session-Expires value (RFC 4028 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SessionExpires {
    /// The interval in seconds.
    pub interval_s: u32,
    /// `None` where it is not said, or not in words that are known.
    pub refresher: Option<Refresher>,
}

impl SessionExpires {
    /// Reads a value; `None` when it does not begin with a number. A number beyond 32 bits counts as the largest one.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let (interval_s, params) = delta_seconds(value)?;
        let refresher = params.named(b"refresher").and_then(|param| param.value).and_then(|who| {
            if who.eq_ignore_ascii_case(b"uac") {
                Some(Refresher::Uac)
            } else if who.eq_ignore_ascii_case(b"uas") {
                Some(Refresher::Uas)
            } else {
                None
            }
        });
        Some(Self { interval_s, refresher })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.interval_s)?;
        match self.refresher {
            Some(Refresher::Uac) => f.write_str(";refresher=uac"),
            Some(Refresher::Uas) => f.write_str(";refresher=uas"),
            None => Ok(()),
        }
    }
}

/// Seconds and the parameters behind them: `delta-seconds *(SEMI generic-param)`.
///
/// A number that is too large counts as 2^32 - 1, the largest that RFC 3261 §20.19 knows.
pub(crate) fn delta_seconds(value: &[u8]) -> Option<(u32, Params<'_>)> {
    let end = find(b';', value).unwrap_or(value.len());
    let digits = value[..end].trim_ascii();
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let seconds = digits
        .iter()
        .fold(0_u32, |sum, digit| sum.saturating_mul(10).saturating_add(u32::from(digit - b'0')));
    Some((seconds, Params::of(&value[end..])))
}
