//! Comma lists: the values of one header line (RFC 3261 §7.3.1).

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
        Some(list[..end].trim_ascii())
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
pub(crate) fn comma(list: &[u8]) -> usize {
    // Most headers have one value: then there is no comma at all, and nothing to tell apart.
    if memchr::memchr(b',', list).is_none() {
        return list.len();
    }
    let mut at = 0;
    while let Some(found) = memchr::memchr3(b',', b'"', b'<', &list[at..]) {
        at += found;
        at = match list[at] {
            b',' => return at,
            b'"' => at + quoted_len(&list[at..]).unwrap_or(list.len() - at),
            _ => match memchr::memchr(b'>', &list[at..]) {
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
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

/// Where an octet stands first: for short texts, where a search that is made for long ones takes longer to begin.
#[inline]
pub(crate) fn find(octet: u8, text: &[u8]) -> Option<usize> {
    const EACH: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        // Octets that are zero get their highest bit; the lowest of these bits is always right.
        let zero_where_found = u64::from_le_bytes(*word) ^ (EACH * u64::from(octet));
        let marks = zero_where_found.wrapping_sub(EACH) & !zero_where_found & (EACH * 0x80);
        if marks != 0 {
            return Some(index * 8 + marks.trailing_zeros() as usize / 8);
        }
    }
    let at = rest.iter().position(|other| *other == octet)?;
    Some(text.len() - rest.len() + at)
}
