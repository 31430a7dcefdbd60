//! RAck and RSeq as they stand in a message (RFC 3262 §7).

use crate::message::views::{number, split_cseq};
use crate::method::Method;
use core::fmt;

/// What a PRACK acknowledges: `RSeq CSeq-number Method` (RFC 3262 §7.2).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RAck {
    /// The RSeq number of the response.
    pub rseq: u32,
    /// The CSeq number of the response.
    pub cseq: u32,
    /// The method in CSeq of the response.
    pub method: Method,
}

impl RAck {
    /// Reads a value.
    ///
    /// `None` when a part is missing, a number does not fit (RSeq 32 bits, CSeq 31 bits) or the method is no token.
    #[must_use]
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = value.trim_ascii();
        let digits = value.iter().position(|byte| matches!(byte, b' ' | b'\t'))?;
        let rseq = rseq(&value[..digits])?;
        let (cseq, method) = split_cseq(value[digits..].trim_ascii_start())?;
        Some(Self { rseq, cseq, method: Method::from_bytes(method).ok()? })
    }
}

impl fmt::Display for RAck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.rseq, self.cseq, self.method)
    }
}

/// The number of an RSeq value; `None` when it is no number of 32 bits (RFC 3262 §7.1).
pub(crate) fn rseq(value: &[u8]) -> Option<u32> {
    u32::try_from(number(value)?).ok()
}
