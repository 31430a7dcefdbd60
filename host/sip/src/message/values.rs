//! Comma lists: the values of one header line (RFC 3261 §7.3.1).

use crate::octets;

/// The values of a list, in order, blanks trimmed, without the empty ones.
#[derive(Clone, Debug)]
pub struct Values<'a> {
    rest: Option<&'a [u8]>,
}

impl<'a> Values<'a> {
    /// Splits `list` at the commas that stand outside quotes and angle brackets.
    #[must_use]
    pub const fn of(list: &'a [u8]) -> Self {
        Self { rest: Some(list) }
    }

    /// No split: `value` is one value, commas and all.
    #[must_use]
    #[inline]
    pub(crate) const fn none() -> Self {
        Self { rest: None }
    }

    /// The next value, be it empty: the grammar of most lists permits no empty one.
    pub(crate) fn next_raw(&mut self) -> Option<&'a [u8]> {
        let list = self.rest.take()?;
        let end = comma(list);
        if end < list.len() {
            self.rest = Some(&list[end + 1..]);
        }
        Some(octets::trim(&list[..end]))
    }
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            let value = self.next_raw()?;
            if !value.is_empty() {
                return Some(value);
            }
        }
    }
}

/// Where the first value of `list` ends: at a comma outside quotes and angle brackets, or at the end.
#[inline]
pub(crate) fn comma(list: &[u8]) -> usize {
    // Most headers have one value: then there is no comma at all, and nothing to tell apart.
    if octets::find(b',', list).is_none() { list.len() } else { comma_outside(list) }
}

fn comma_outside(list: &[u8]) -> usize {
    let mut at = 0;
    while let Some(found) = octets::find_any([b',', b'"', b'<'], &list[at..]) {
        at += found;
        at = match list[at] {
            b',' => return at,
            b'"' => at + quoted_len(&list[at..]).unwrap_or(list.len() - at),
            _ => match octets::find(b'>', &list[at..]) {
                Some(close) => at + close + 1,
                None => list.len(),
            },
        };
    }
    list.len()
}

/// The length of the quoted string at the start of `text`, both quotes included; `None` when it is not closed.
pub(crate) fn quoted_len(text: &[u8]) -> Option<usize> {
    debug_assert_eq!(text.first(), Some(&b'"'), "asked for the length of a quoted string");
    let mut at = 1;
    loop {
        at += octets::find_any([b'"', b'\\'], text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}
