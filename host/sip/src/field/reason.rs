//! Why: Reason and Warning (RFC 3326, RFC 3261 §20.43).

use super::quote;
use crate::header::is_token;
use crate::message::values::quoted_len;
use crate::message::views::number;
use crate::octets::find;
use crate::uri::{Params, unquote};
use std::borrow::Cow;

/// One Reason value: why a request or response was sent (RFC 3326 §2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason<'a> {
    /// `SIP`, `Q.850`, `Preemption` or another word; compared in any case.
    pub protocol: &'a [u8],
    /// A number of that protocol, such as a SIP status.
    pub cause: Option<u32>,
    /// In words, without quotes and escapes.
    pub text: Option<Cow<'a, [u8]>>,
}

impl<'a> Reason<'a> {
    /// Reads a value. A cause that is no number counts as absent.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let end = find(b';', value).unwrap_or(value.len());
        let protocol = value[..end].trim_ascii();
        let params = Params::of(&value[end..]);
        let cause = params.named(b"cause").and_then(|param| number(param.value?));
        let text = params.named(b"text").map(|param| param.unquoted());
        is_token(protocol).then(|| Self {
            protocol,
            cause: cause.and_then(|cause| u32::try_from(cause).ok()),
            text,
        })
    }

    /// The reason that is a SIP status, as in a 199 or in the CANCEL of a call that another branch has taken.
    #[must_use]
    pub fn sip(status: u16, text: &'a str) -> Self {
        let text = (!text.is_empty()).then_some(Cow::Borrowed(text.as_bytes()));
        Self { protocol: b"SIP", cause: Some(u32::from(status)), text }
    }

    /// The value as it is written.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        let mut value = self.protocol.to_vec();
        if let Some(cause) = self.cause {
            value.extend_from_slice(format!(";cause={cause}").as_bytes());
        }
        if let Some(text) = &self.text {
            value.extend_from_slice(b";text=");
            value.extend(quote(text));
        }
        value
    }
}

/// One Warning value: `code agent "text"` (RFC 3261 §20.43).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Warning<'a> {
    /// Three digits; 300 to 399 are about session descriptions.
    pub code: u16,
    /// Who warns: a host with its port, or a pseudonym.
    pub agent: &'a [u8],
    /// In words, without quotes and escapes.
    pub text: Cow<'a, [u8]>,
}

impl<'a> Warning<'a> {
    /// Reads a value.
    #[must_use]
    pub fn parse(value: &'a [u8]) -> Option<Self> {
        let (code, rest) = value.trim_ascii().split_at_checked(3)?;
        let rest = rest.strip_prefix(b" ")?.trim_ascii_start();
        let end = find(b' ', rest)?;
        let text = rest[end..].trim_ascii();
        let is_whole = text.first() == Some(&b'"') && quoted_len(text) == Some(text.len());
        (is_whole && end > 0).then_some(Self {
            code: u16::try_from(number(code)?).ok()?,
            agent: &rest[..end],
            text: unquote(text),
        })
    }

    /// The value as it is written.
    #[must_use]
    pub fn to_value(&self) -> Vec<u8> {
        [format!("{:03} ", self.code).as_bytes(), self.agent, b" ", &quote(&self.text)].concat()
    }
}

#[cfg(test)]
mod tests;
