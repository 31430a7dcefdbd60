//! Loops and spirals (RFC 5393 §4.2, which replaces RFC 3261 §16.3 item 4 and §16.6 item 8).

use crate::header::HeaderId;
use crate::message::Message;
use crate::transaction::HashKey;
use crate::via::Via;

/// The fields of a received request that the second part of a branch depends on, each told by its place: Request-URI, Call-ID,
/// From tag, CSeq number, then all Route, Proxy-Require and Proxy-Authorization lines.
///
/// Not the method and no To tag, so that CANCEL and ACK get the branch of their request, and no Via, which no two passes share. An
/// application that decides by other fields adds them.
pub fn loop_parts(request: &Message) -> impl Iterator<Item = (u8, &[u8])> {
    let cseq = request.header(HeaderId::CSeq).unwrap_or_default();
    let digits = cseq.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let fixed = [
        (0, request.request_uri()),
        (1, request.call_id().unwrap_or_default()),
        (2, request.from_().ok().and_then(|from| from.tag()).unwrap_or_default()),
        (3, &cseq[..digits]),
    ];
    let lines = [(4, HeaderId::Route), (5, HeaderId::ProxyRequire), (6, HeaderId::ProxyAuthorization)];
    let lines =
        lines.into_iter().flat_map(move |(place, id)| request.headers(id).map(move |line| (place, line)));
    fixed.into_iter().chain(lines)
}

/// The second part of a branch: a keyed hash of [`loop_parts`] and of what the application has decided by beside them.
#[must_use]
pub fn loop_hash(request: &Message, beside: &[&[u8]], key: &HashKey) -> u64 {
    let beside = beside.iter().map(|text| (7, *text));
    key.of_fields(loop_parts(request).chain(beside))
}

/// Whether the request has been here with all that decides its way unchanged: 482. `second_part` tells the second part of the
/// branch of a Via of ours, and `None` for a Via of somebody else; `hash` is [`loop_hash`] of the request as it came.
///
/// A Via of ours with another hash is a spiral, which goes on.
pub fn has_looped(request: &Message, second_part: impl Fn(&Via<'_>) -> Option<u64>, hash: u64) -> bool {
    request.vias().flatten().any(|via| second_part(&via) == Some(hash))
}

#[cfg(test)]
mod tests;
