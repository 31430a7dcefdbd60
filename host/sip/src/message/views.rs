//! Typed views: what transactions, dialogs and proxies read from a message, typed when it is asked for.

use super::{AllValues, Malformed, Message, Part};
use crate::address::NameAddr;
use crate::header::HeaderId;
use crate::method::Method;
use crate::via::Via;

impl Message {
    /// The first Via value: the hop that sent this request, or that this response goes to.
    ///
    /// # Errors
    /// [`Malformed::Missing`] or [`Malformed::Bad`].
    pub fn top_via(&self) -> Result<Via<'_>, Malformed> {
        top_via(self.header(HeaderId::Via))
    }

    /// All Via values, the top one first.
    pub fn vias(&self) -> impl Iterator<Item = Result<Via<'_>, Malformed>> + Clone {
        self.values(HeaderId::Via).map(Via::parse)
    }

    /// From.
    ///
    /// # Errors
    /// [`Malformed::Missing`] or [`Malformed::Bad`].
    pub fn from_(&self) -> Result<NameAddr<'_>, Malformed> {
        address(self.header(HeaderId::From), Part::From)
    }

    /// To.
    ///
    /// # Errors
    /// [`Malformed::Missing`] or [`Malformed::Bad`].
    pub fn to(&self) -> Result<NameAddr<'_>, Malformed> {
        address(self.header(HeaderId::To), Part::To)
    }

    /// Call-ID, compared octet for octet.
    #[must_use]
    pub fn call_id(&self) -> Option<&[u8]> {
        self.header(HeaderId::CallId)
    }

    /// The number and the method of CSeq.
    ///
    /// # Errors
    /// [`Malformed::Missing`] or [`Malformed::Bad`], the number being at most 2^31 - 1 (RFC 3261 §8.1.1.5).
    pub fn cseq(&self) -> Result<(u32, Method), Malformed> {
        cseq(self.header(HeaderId::CSeq))
    }

    /// [`Message::cseq`] with the method as it stands.
    pub(crate) fn cseq_raw(&self) -> Result<(u32, &[u8]), Malformed> {
        let value = self.header(HeaderId::CSeq).ok_or(Malformed::Missing(Part::CSeq))?;
        split_cseq(value).ok_or(Malformed::Bad(Part::CSeq))
    }

    /// Max-Forwards, 0 to 255; `None` when it is missing (RFC 3261 §16.3).
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn max_forwards(&self) -> Result<Option<u8>, Malformed> {
        max_forwards(self.header(HeaderId::MaxForwards))
    }

    /// The first Contact; `None` when there is none.
    ///
    /// # Errors
    /// [`Malformed::Bad`].
    pub fn contact(&self) -> Result<Option<NameAddr<'_>>, Malformed> {
        self.contacts().next().transpose()
    }

    /// All Contact values.
    pub fn contacts(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses(HeaderId::Contact, Part::Contact)
    }

    /// The Route values, the next hop first.
    pub fn route_set(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses(HeaderId::Route, Part::Route)
    }

    /// The Record-Route values in the order of the message, the last proxy first.
    pub fn record_route(&self) -> impl Iterator<Item = Result<NameAddr<'_>, Malformed>> + Clone {
        self.addresses(HeaderId::RecordRoute, Part::RecordRoute)
    }

    fn addresses(&self, id: HeaderId, part: Part) -> Addresses<'_> {
        Addresses { values: self.values_of(id), part }
    }

    /// Content-Length as a number; `None` when it is missing.
    ///
    /// # Errors
    /// [`Malformed::ContentLength`], or [`Malformed::ContentLengths`] when it occurs with different values.
    pub fn content_length(&self) -> Result<Option<usize>, Malformed> {
        content_length(self.headers(HeaderId::ContentLength))
    }
}

/// The addresses of a list header.
#[derive(Clone)]
struct Addresses<'a> {
    values: AllValues<'a>,
    part: Part,
}

impl<'a> Iterator for Addresses<'a> {
    type Item = Result<NameAddr<'a>, Malformed>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let value = self.values.next()?;
        Some(NameAddr::parse(value).map_err(|_| Malformed::Bad(self.part)))
    }
}

/// The number that all Content-Length lines agree on.
pub(crate) fn content_length<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Option<usize>, Malformed> {
    let mut length = None;
    for value in lines {
        let one = number(value).and_then(|length| usize::try_from(length).ok());
        let one = one.ok_or(Malformed::ContentLength)?;
        if length.is_some_and(|other| other != one) {
            return Err(Malformed::ContentLengths);
        }
        length = Some(one);
    }
    Ok(length)
}

/// The first value of a Via line.
pub(crate) fn top_via(line: Option<&[u8]>) -> Result<Via<'_>, Malformed> {
    Via::parse_first(line.ok_or(Malformed::Missing(Part::Via))?)
}

/// The one address of a line.
pub(crate) fn address(line: Option<&[u8]>, part: Part) -> Result<NameAddr<'_>, Malformed> {
    NameAddr::parse(line.ok_or(Malformed::Missing(part))?).map_err(|_| Malformed::Bad(part))
}

/// Number and method of a CSeq line.
pub(crate) fn cseq(line: Option<&[u8]>) -> Result<(u32, Method), Malformed> {
    let value = line.ok_or(Malformed::Missing(Part::CSeq))?;
    let (number, method) = split_cseq(value).ok_or(Malformed::Bad(Part::CSeq))?;
    Ok((number, Method::from_bytes(method).map_err(|_| Malformed::Bad(Part::CSeq))?))
}

/// The number of a Max-Forwards line.
pub(crate) fn max_forwards(line: Option<&[u8]>) -> Result<Option<u8>, Malformed> {
    let bad = Malformed::Bad(Part::MaxForwards);
    line.map(|value| number(value).and_then(|hops| u8::try_from(hops).ok()).ok_or(bad)).transpose()
}

/// `1*DIGIT LWS Method`, the number at most 2^31 - 1.
pub(crate) fn split_cseq(value: &[u8]) -> Option<(u32, &[u8])> {
    let mut number = 0_u64;
    let mut at = 0;
    while let Some(digit @ b'0'..=b'9') = value.get(at) {
        number = number * 10 + u64::from(digit - b'0');
        if number > 0x7fff_ffff {
            return None;
        }
        at += 1;
    }
    let rest = &value[at..];
    let method = rest.trim_ascii_start();
    if at == 0 || method.len() == rest.len() {
        return None;
    }
    Some((u32::try_from(number).ok()?, method))
}

/// A number of digits only, leading zeros permitted; `None` when it does not fit.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    let mut sum = 0_u64;
    for digit in digits {
        let value = digit.wrapping_sub(b'0');
        // Beyond this bound the next digit might not fit; no number in SIP is as large.
        if value > 9 || sum > u64::MAX / 10 - 1 {
            return None;
        }
        sum = sum * 10 + u64::from(value);
    }
    Some(sum)
}
