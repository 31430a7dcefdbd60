//! REFER and the subscription that comes with it (RFC 3515, RFC 4488, RFC 7647).

use super::EventId;
use crate::address::NameAddr;
use crate::draft::reason_phrase;
use crate::header::HeaderId;
use crate::message::{Malformed, Message, Part};
use bytes::Bytes;

/// The package of a REFER's subscription.
pub const REFER_PACKAGE: &str = "refer";

/// How a REFER is answered, as far as its headers tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferVerdict {
    /// It can be done, and its author is told of it: a 2xx, then a NOTIFY at once.
    Subscribe {
        /// Event of the NOTIFYs: with the CSeq number as id, but for the first REFER of a dialog (RFC 3515 §2.4.6).
        event: EventId,
    },
    /// It can be done and nobody is told: a 2xx with `Refer-Sub: false` (RFC 4488 §4).
    Silent,
}

/// Judges a REFER. `silent` says whether we may do without the subscription where `Refer-Sub: false` asks so, and `first`
/// whether it is the first REFER of its dialog, or makes it.
///
/// # Errors
/// [`Malformed`]: the REFER has no Refer-To, more than one, or one that cannot be read; it is answered with 400
/// (RFC 3515 §2.4.2).
pub fn judge_refer(request: &Message, silent: bool, first: bool) -> Result<ReferVerdict, Malformed> {
    let part = Part::Header(HeaderId::ReferTo);
    let mut values = request.headers(HeaderId::ReferTo);
    let value = values.next().ok_or(Malformed::Missing(part))?;
    if values.next().is_some() {
        return Err(Malformed::Repeated(part));
    }
    let target = NameAddr::parse(value).map_err(|_| Malformed::Bad(part))?;
    target.uri().map_err(|_| Malformed::Bad(part))?;
    if silent && asks_for_silence(request) {
        return Ok(ReferVerdict::Silent);
    }
    let number = request.cseq()?.0;
    let id = (!first).then(|| Bytes::from(number.to_string()));
    Ok(ReferVerdict::Subscribe {
        event: EventId { package: Bytes::from_static(REFER_PACKAGE.as_bytes()), id },
    })
}

/// RFC 4488 §4: `Refer-Sub: false`.
fn asks_for_silence(request: &Message) -> bool {
    request.header(HeaderId::ReferSub).is_some_and(|value| {
        let end = value.iter().position(|byte| *byte == b';').unwrap_or(value.len());
        value[..end].trim_ascii().eq_ignore_ascii_case(b"false")
    })
}

/// The body `message/sipfrag` of a NOTIFY that tells how far a REFER is: the status line alone (RFC 3515 §2.4.5). 100 for
/// the first one, while nothing is known.
#[must_use]
pub fn sipfrag_of(status: u16) -> Bytes {
    Bytes::from(format!("SIP/2.0 {status} {}\r\n", reason_phrase(status)))
}

/// The status that a body `message/sipfrag` tells; `None` when it does not begin with a status line (RFC 3515 §2.4.5).
#[must_use]
pub fn sipfrag_status(body: &[u8]) -> Option<u16> {
    let rest = body.strip_prefix(b"SIP/2.0 ")?;
    let status = rest.get(..3)?;
    if !matches!(rest.get(3), None | Some(b' ' | b'\r' | b'\n')) {
        return None;
    }
    let status = core::str::from_utf8(status).ok()?.parse().ok()?;
    (100..=699).contains(&status).then_some(status)
}

#[cfg(test)]
mod tests;
