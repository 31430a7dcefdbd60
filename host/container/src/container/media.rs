//! Media types and the ranges that include them: RFC 3261 §20.1, §20.15.

/// A media type without its parameters.
pub(super) fn media_type(value: &[u8]) -> &[u8] {
    value.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii()
}

/// RFC 3261 §20.1: `*/*` and `application/*` are ranges.
pub(super) fn is_in_range(kind: &[u8], range: &[u8]) -> bool {
    match range.strip_suffix(b"*") {
        Some(b"*/") => true,
        Some(prefix) => kind.len() >= prefix.len() && kind[..prefix.len()].eq_ignore_ascii_case(prefix),
        None => kind.eq_ignore_ascii_case(range),
    }
}
