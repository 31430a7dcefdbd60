//! Parameters: `;name=value`, in URIs and behind header values (RFC 3261 §7.3.1, §19.1.1).

use std::borrow::Cow;

use crate::message::values::quoted_len;
use crate::octets::{find, find_any, trim};

/// The parameters of a URI or of a header value, in order.
#[derive(Clone, Copy, Debug, Default)]
pub struct Params<'a> {
    rest: &'a [u8],
}

/// One parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param<'a> {
    /// The name as it stands; names are compared in any case.
    pub name: &'a [u8],
    /// The value as it stands, a quoted one with its quotes; `None` for a name alone.
    pub value: Option<&'a [u8]>,
}

impl<'a> Param<'a> {
    /// The value, a quoted one without its quotes and escapes; empty for a name alone.
    #[must_use]
    pub fn unquoted(&self) -> Cow<'a, [u8]> {
        unquote(self.value.unwrap_or_default())
    }
}

impl<'a> Params<'a> {
    /// The parameters in `text`, which is empty or begins with a semicolon.
    #[must_use]
    pub const fn of(text: &'a [u8]) -> Self {
        Self { rest: text }
    }

    /// The text that is left, semicolon first.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.rest
    }

    /// The first parameter of that name, in any case.
    #[must_use]
    #[inline]
    pub fn named(mut self, name: &[u8]) -> Option<Param<'a>> {
        // The usual spelling costs one comparison.
        self.find(|param| param.name == name || param.name.eq_ignore_ascii_case(name))
    }

    /// Whether every semicolon is followed by a name, and every quoted value is closed.
    #[must_use]
    pub fn are_well_formed(mut self) -> bool {
        while !self.rest.is_empty() {
            match self.cut() {
                Some(param) if !param.name.is_empty() => {}
                _ => return false,
            }
        }
        true
    }

    /// Whether every parameter that both have is the same: names and values in any case, quoted values octet for octet
    /// without their escapes (RFC 3261 §7.3.1, §20.20). Those that only one has are left aside.
    #[must_use]
    pub fn agree_with(self, other: Params<'_>) -> bool {
        self.into_iter().all(|param| match (other.named(param.name), param.value) {
            (None, _) => true,
            (Some(theirs), Some(value)) if value.starts_with(b"\"") => {
                theirs.value.is_some_and(|text| text.starts_with(b"\""))
                    && param.unquoted() == theirs.unquoted()
            }
            (Some(theirs), Some(value)) => theirs.value.is_some_and(|text| text.eq_ignore_ascii_case(value)),
            (Some(theirs), None) => theirs.value.is_none(),
        })
    }

    /// The `q` in thousandths; `None` when there is none, or none that can be read (RFC 3261 §25.1 `qvalue`).
    #[must_use]
    pub fn q(self) -> Option<u16> {
        let value = self.named(b"q")?.value?;
        let (whole, rest) = value.split_first()?;
        let fraction = match rest {
            [] => &[],
            [b'.', fraction @ ..] if fraction.len() <= 3 && fraction.iter().all(u8::is_ascii_digit) => {
                fraction
            }
            _ => return None,
        };
        let digits = fraction.iter().chain(b"000").take(3);
        let thousandths = digits.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
        match (whole, thousandths) {
            (b'0', _) => Some(thousandths),
            (b'1', 0) => Some(1000),
            _ => None,
        }
    }

    /// The next parameter, its name be it empty; `None` at the end or where the text is no parameter.
    #[inline]
    pub(crate) fn cut(&mut self) -> Option<Param<'a>> {
        let [b';', text @ ..] = self.rest else {
            self.rest = &[];
            return None;
        };
        let name_len = find_any([b';', b'='], text).unwrap_or(text.len());
        let (name, rest) = text.split_at(name_len);
        let name = trim(name);
        let [b'=', rest @ ..] = rest else {
            self.rest = rest;
            return Some(Param { name, value: None });
        };
        let quoted = match rest {
            [first, ..] if *first > b'"' => 0,
            _ => match quoted_part(rest) {
                Some(len) => len,
                None => {
                    self.rest = &[];
                    return None;
                }
            },
        };
        let len = find(b';', &rest[quoted..]).unwrap_or(rest.len() - quoted);
        let (value, rest) = rest.split_at(quoted + len);
        self.rest = rest;
        Some(Param { name, value: Some(trim(value)) })
    }
}

/// The length of the quoted string that a value begins with, and of the blanks before it; 0 when it begins with anything
/// else, `None` when the string is not closed.
fn quoted_part(value: &[u8]) -> Option<usize> {
    match value.trim_ascii_start() {
        text @ [b'"', ..] => Some(value.len() - text.len() + quoted_len(text)?),
        _ => Some(0),
    }
}

impl<'a> Iterator for Params<'a> {
    type Item = Param<'a>;

    fn next(&mut self) -> Option<Param<'a>> {
        loop {
            let param = self.cut()?;
            if !param.name.is_empty() {
                return Some(param);
            }
        }
    }
}

/// A quoted string without its quotes and escapes; any other text as it is.
pub(crate) fn unquote(text: &[u8]) -> Cow<'_, [u8]> {
    let [b'"', inner @ .., b'"'] = text else {
        return Cow::Borrowed(text);
    };
    if memchr::memchr(b'\\', inner).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut plain = Vec::with_capacity(inner.len());
    let mut bytes = inner.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => plain.extend(bytes.next()),
            other => plain.push(*other),
        }
    }
    Cow::Owned(plain)
}
