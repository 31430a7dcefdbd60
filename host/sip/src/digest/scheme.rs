//! Challenges and credentials as RFC 7235 §2.1 writes them: a scheme and its parameters, parted by commas from the next.
//!
//! RFC 3261 §7.3.1 gives each its own line, but what comes over gateways to HTTP or from careless peers may stand in one
//! line; both are read. Blanks are permitted wherever RFC 7235 permits them, and list entries may be empty.

use std::borrow::Cow;

use super::BadParameters;
use crate::message::index::token_len;
use crate::message::values::quoted_len;
use crate::uri::unquote;

/// The challenges or credentials of one header line, in order.
///
/// A line that cannot be read further gives one error, and then nothing.
#[derive(Clone, Debug)]
pub struct Schemes<'a> {
    rest: &'a [u8],
}

/// One challenge or one set of credentials: the scheme with what stands behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scheme<'a> {
    name: &'a [u8],
    token68: Option<&'a [u8]>,
    /// Well-formed parameters, as they stand.
    params: &'a [u8],
}

/// The parameters of a scheme, in order.
#[derive(Clone, Debug)]
pub struct AuthParams<'a> {
    rest: &'a [u8],
}

/// One `name=value`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuthParam<'a> {
    /// The name as it stands; names are compared in any case.
    pub name: &'a [u8],
    /// The value as it stands, a quoted one with its quotes.
    pub value: &'a [u8],
}

impl<'a> AuthParam<'a> {
    /// The value, a quoted one without its quotes and escapes (RFC 7230 §3.2.6).
    #[must_use]
    pub fn unquoted(&self) -> Cow<'a, [u8]> {
        unquote(self.value)
    }

    /// Whether it has that name, in any case.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name.as_bytes())
    }
}

impl<'a> Scheme<'a> {
    /// The scheme's name as it stands; names are compared in any case.
    #[must_use]
    pub const fn name(&self) -> &'a [u8] {
        self.name
    }

    /// Whether it is Digest.
    #[must_use]
    pub const fn is_digest(&self) -> bool {
        self.name.eq_ignore_ascii_case(b"Digest")
    }

    /// What stands behind the name where that is no list of parameters, as in `Basic QWxhZGRpbg==`.
    #[must_use]
    pub const fn token68(&self) -> Option<&'a [u8]> {
        self.token68
    }

    /// The parameters.
    #[must_use]
    pub const fn params(&self) -> AuthParams<'a> {
        AuthParams { rest: self.params }
    }
}

impl<'a> Schemes<'a> {
    /// The schemes of one header line.
    #[must_use]
    pub const fn of(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    fn read(&mut self) -> Option<Scheme<'a>> {
        let (name, rest) = self.rest.split_at(token_len(self.rest));
        if name.is_empty() {
            return None;
        }
        let params = rest.trim_ascii_start();
        let none = Scheme { name, token68: None, params: &[] };
        // The next entry after a comma is of this scheme only when it is a parameter.
        if matches!(params, [] | [b',', ..]) && !matches!(cut(params), Some(Cut::Param { .. })) {
            self.rest = params;
            return Some(none);
        }
        // A name ends at a blank: `Digest=x` is a parameter without a scheme.
        if params.len() == rest.len() && !params.starts_with(b",") {
            return None;
        }
        if let Some(len) = token68_len(params) {
            self.rest = params[len..].trim_ascii_start();
            return Some(Scheme { token68: Some(&params[..len]), ..none });
        }
        let mut after = params;
        loop {
            match cut(after)? {
                Cut::Param { rest, .. } => after = rest,
                // The next scheme: it stands behind a comma, or the first parameter has no `=`.
                Cut::Other if after.len() < params.len() => break,
                Cut::Other => return None,
                Cut::End => break,
            }
        }
        let len = params.len() - after.len();
        self.rest = after;
        Some(Scheme { params: &params[..len], ..none })
    }
}

impl<'a> Iterator for Schemes<'a> {
    type Item = Result<Scheme<'a>, BadParameters>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rest = skip_commas(self.rest);
        if self.rest.is_empty() {
            return None;
        }
        let scheme = self.read();
        if scheme.is_none() {
            self.rest = &[];
        }
        Some(scheme.ok_or(BadParameters::Syntax))
    }
}

impl<'a> AuthParams<'a> {
    /// The parameters of a header value that has no scheme, as Authentication-Info (RFC 7615 §3).
    ///
    /// # Errors
    /// [`BadParameters::Syntax`]
    pub fn of(value: &'a [u8]) -> Result<Self, BadParameters> {
        let mut rest = value;
        loop {
            match cut(rest) {
                Some(Cut::Param { rest: after, .. }) => rest = after,
                Some(Cut::End) => return Ok(Self { rest: value }),
                Some(Cut::Other) | None => return Err(BadParameters::Syntax),
            }
        }
    }
}

impl<'a> Iterator for AuthParams<'a> {
    type Item = AuthParam<'a>;

    fn next(&mut self) -> Option<AuthParam<'a>> {
        match cut(self.rest) {
            Some(Cut::Param { param, rest }) => {
                self.rest = rest;
                Some(param)
            }
            // They were all read once when the line was split.
            Some(Cut::Other | Cut::End) | None => None,
        }
    }
}

/// What a list of parameters goes on with.
enum Cut<'a> {
    Param { param: AuthParam<'a>, rest: &'a [u8] },
    Other,
    End,
}

/// Reads one parameter, and the comma behind it; `None` where the text is malformed.
fn cut(text: &[u8]) -> Option<Cut<'_>> {
    let text = skip_commas(text);
    if text.is_empty() {
        return Some(Cut::End);
    }
    let (name, rest) = text.split_at(token_len(text));
    if name.is_empty() {
        return None;
    }
    let [b'=', value @ ..] = rest.trim_ascii_start() else {
        return Some(Cut::Other);
    };
    let value = value.trim_ascii_start();
    let len = match value.first()? {
        b'"' => quoted_len(value)?,
        _ => bare_len(value),
    };
    let (value, rest) = value.split_at(len);
    let rest = rest.trim_ascii_start();
    let is_whole = len > 0 && matches!(rest, [] | [b',', ..]);
    is_whole.then_some(Cut::Param { param: AuthParam { name, value }, rest: skip_commas(rest) })
}

/// The octets of a value without quotes. Wider than a token: `uri` and nonces come without their quotes at times.
fn bare_len(text: &[u8]) -> usize {
    let ends = |byte: &u8| matches!(byte, b',' | b'"' | b'\\' | 0..=b' ' | 0x7f);
    text.iter().position(ends).unwrap_or(text.len())
}

/// RFC 7235 §2.1: `token68`, where it is all that stands there. Its end is no parameter: `a=` has no value.
fn token68_len(text: &[u8]) -> Option<usize> {
    let of_68 =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/');
    let characters = text.iter().take_while(|byte| of_68(byte)).count();
    let padding = text[characters..].iter().take_while(|byte| **byte == b'=').count();
    let len = characters + padding;
    let is_whole = matches!(text[len..].trim_ascii_start(), [] | [b',', ..]);
    (characters > 0 && is_whole).then_some(len)
}

/// Behind blanks and empty list entries.
fn skip_commas(text: &[u8]) -> &[u8] {
    let is_part = |byte: &u8| *byte != b',' && !byte.is_ascii_whitespace();
    &text[text.iter().position(is_part).unwrap_or(text.len())..]
}
