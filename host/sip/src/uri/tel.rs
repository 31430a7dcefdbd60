//! Telephone numbers (RFC 3966).

use super::Params;
use crate::octets::find;

/// A telephone number with its parameters, as it stands in a tel URI or in the user part of a sip URI.
#[derive(Clone, Copy, Debug)]
pub struct TelephoneNumber<'a> {
    number: &'a [u8],
    params: &'a [u8],
}

impl<'a> TelephoneNumber<'a> {
    /// `+` and digits with visual separators, or the digits of a local number (RFC 3966 §3).
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let end = find(b';', text).unwrap_or(text.len());
        let number = &text[..end];
        let digits = number.strip_prefix(b"+");
        let is_global = digits.is_some();
        let is_digit = |byte: &u8| match byte {
            b'0'..=b'9' => true,
            // RFC 3966 §3: local numbers may be of what a telephone has keys for.
            b'a'..=b'f' | b'A'..=b'F' | b'*' | b'#' => !is_global,
            _ => false,
        };
        let digits = digits.unwrap_or(number);
        let is_number = digits.iter().all(|byte| is_digit(byte) || is_separator(*byte));
        (is_number && digits.iter().any(is_digit)).then_some(Self { number, params: &text[end..] })
    }

    /// Whether it begins with `+`: the same number everywhere. Any other one needs `phone-context`.
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.number.first() == Some(&b'+')
    }

    /// The number as it stands, with its visual separators.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.number
    }

    /// `+` and digits, without visual separators.
    pub fn digits(&self) -> impl Iterator<Item = u8> + Clone + use<'a> {
        plain(self.number)
    }

    /// The parameters, such as `phone-context`, `ext` and `isub`.
    #[must_use]
    pub const fn params(&self) -> Params<'a> {
        Params::of(self.params)
    }

    /// Whether two numbers are equivalent (RFC 3966 §4): the same digits without visual separators, both global or both
    /// local, and the same parameters in any order; one that only one of them has makes them differ.
    #[must_use]
    pub fn is_equivalent(&self, other: &TelephoneNumber<'_>) -> bool {
        plain(self.number).eq(plain(other.number))
            && among(self.params(), other.params())
            && among(other.params(), self.params())
    }
}

/// Whether each parameter is one of the others too, with the same value.
fn among(ours: Params<'_>, theirs: Params<'_>) -> bool {
    ours.into_iter().all(|param| {
        let Some(other) = theirs.named(param.name) else { return false };
        match (param.value, other.value) {
            (None, None) => true,
            (Some(one), Some(other)) if is_number(param.name, one) => plain(one).eq(plain(other)),
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(other),
            (Some(_), None) | (None, Some(_)) => false,
        }
    })
}

/// RFC 3966 §4: an extension, and a phone-context that is a number, are compared by their digits.
fn is_number(name: &[u8], value: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"ext")
        || (name.eq_ignore_ascii_case(b"phone-context") && value.first() == Some(&b'+'))
}

fn plain(text: &[u8]) -> impl Iterator<Item = u8> + Clone + use<'_> {
    text.iter().copied().filter(|byte| !is_separator(*byte)).map(|byte| byte.to_ascii_lowercase())
}

/// RFC 3966 §3: `visual-separator`.
const fn is_separator(byte: u8) -> bool {
    matches!(byte, b'-' | b'.' | b'(' | b')')
}

#[cfg(test)]
mod tests;
