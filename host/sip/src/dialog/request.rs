//! Our requests in a dialog (RFC 3261 §12.2.1.1) and the ACK of a 2xx (§13.2.2.4).

use super::Dialog;
use crate::address::NameAddr;
use crate::draft::{Draft, InvalidValue};
use crate::header::HeaderId;
use crate::method::Method;
use crate::uri::Uri;
use core::fmt;
use std::borrow::Cow;

/// The highest CSeq number (RFC 3261 §8.1.1.5).
// [3261-8.1.1.5-2]
pub const CSEQ_MAX: u32 = (1 << 31) - 1;

/// A request that the dialog cannot make. The dialog is unchanged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Misuse {
    /// ACK and CANCEL take the number of their INVITE: see [`Dialog::ack`] and [`Draft::cancel_of`].
    AckOrCancel,
    /// The dialog has used up its CSeq numbers.
    SequenceExhausted,
    /// A text of the dialog cannot stand in a message. No dialog made from a message has such a text; one from an
    /// altered snapshot may.
    Invalid(InvalidValue),
}

impl fmt::Display for Misuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AckOrCancel => f.write_str("ACK and CANCEL are no new requests of a dialog"),
            Self::SequenceExhausted => f.write_str("the dialog has used up its CSeq numbers"),
            Self::Invalid(invalid) => invalid.fmt(f),
        }
    }
}

impl core::error::Error for Misuse {}

impl From<InvalidValue> for Misuse {
    fn from(invalid: InvalidValue) -> Self {
        Self::Invalid(invalid)
    }
}

/// Where the requests of a dialog go (RFC 3261 §12.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing<'a> {
    /// The Request-URI.
    pub request_uri: Cow<'a, [u8]>,
    /// The Route values, the next hop first.
    pub routes: Vec<Cow<'a, [u8]>>,
    /// Whether the first proxy is a strict router: then the Request-URI is the next hop, else the first Route is, or
    /// the Request-URI when there is no Route (RFC 3261 §8.1.2).
    pub is_strict: bool,
}

impl Dialog {
    /// Request-URI and Route values of our next request.
    // [3261-12.2.1.1-11, 3261-12.2.1.1-12]
    #[must_use]
    pub fn routing(&self) -> Routing<'_> {
        let target = for_request_uri(&self.remote_target);
        let Some((first, rest)) = self.route_set.split_first() else {
            return Routing { request_uri: target, routes: Vec::new(), is_strict: false };
        };
        let router = NameAddr::parse(first).ok();
        let is_loose = router.and_then(|router| router.uri().ok()).is_none_or(|uri| uri.lr());
        match router {
            // RFC 3261 §12.2.1.1: the first proxy is a strict router: its URI is the Request-URI, and the remote target
            // comes last.
            // [3261-12.2.1.1-14, 3261-12.2.1.1-15, 3261-12.2.1.1-16]
            Some(router) if !is_loose => {
                let mut routes: Vec<Cow<'_, [u8]>> = rest.iter().map(|route| Cow::from(&**route)).collect();
                routes.push([b"<", &*self.remote_target, b">"].concat().into());
                Routing { request_uri: for_request_uri(router.uri_bytes()), routes, is_strict: true }
            }
            // RFC 3261 §12.2.1.1: a loose router: the remote target is the Request-URI. [3261-12.2.1.1-13]
            Some(_) | None => {
                let routes = self.route_set.iter().map(|route| Cow::from(&**route)).collect();
                Routing { request_uri: target, routes, is_strict: false }
            }
        }
    }

    /// Our next request in the dialog, with the next CSeq number: without Via and Contact, which its sender adds.
    ///
    /// # Errors
    /// [`Misuse`]; no number is used then.
    pub fn next_request(&mut self, method: Method) -> Result<Draft, Misuse> {
        if matches!(method, Method::Ack | Method::Cancel) {
            return Err(Misuse::AckOrCancel);
        }
        let number = self.following_number()?;
        let draft = self.request(method, number)?;
        self.local_seq = Some(number);
        Ok(draft)
    }

    /// Uses up the next CSeq number, for a request that was made before another one which left first.
    ///
    /// # Errors
    /// [`Misuse::SequenceExhausted`]; no number is used then.
    pub fn next_number(&mut self) -> Result<u32, Misuse> {
        let number = self.following_number()?;
        self.local_seq = Some(number);
        Ok(number)
    }

    /// RFC 3261 §12.2.1.1: one more than the last number, or any first one.
    // [3261-12.2.1.1-7, 3261-12.2.1.1-8, 3261-12.2.1.1-9]
    fn following_number(&self) -> Result<u32, Misuse> {
        let number = self.local_seq.map_or(1, |last| last.saturating_add(1));
        if number > CSEQ_MAX { Err(Misuse::SequenceExhausted) } else { Ok(number) }
    }

    /// The ACK of a 2xx to our INVITE with this CSeq number (RFC 3261 §13.2.2.4): without Via, Contact and the
    /// credentials of the INVITE, which its sender adds. It is sent again for each repetition of the 2xx.
    ///
    /// # Errors
    /// [`Misuse::Invalid`].
    // [3261-13.2.2.4-4, 3261-17.1.1.3-1]
    pub fn ack(&self, cseq: u32) -> Result<Draft, Misuse> {
        self.request(Method::Ack, cseq)
    }

    // [3261-8.1.1.4-1, 3261-12.2.1.1-1, 3261-12.2.1.1-2, 3261-12.2.1.1-3, 3261-12.2.1.1-4, 3261-12.2.1.1-5]
    // [3261-12.2.1.1-6, 3261-12.2.1.1-10]
    fn request(&self, method: Method, number: u32) -> Result<Draft, Misuse> {
        let routing = self.routing();
        let cseq = format!("{number} {method}");
        let mut draft = Draft::request(method, &routing.request_uri)?;
        for route in &routing.routes {
            draft.add(HeaderId::Route, route)?;
        }
        draft.add(HeaderId::MaxForwards, b"70")?;
        draft.add(HeaderId::From, &self.local_party)?;
        draft.add(HeaderId::To, &self.remote_party)?;
        draft.add(HeaderId::CallId, &self.call_id)?;
        draft.add(HeaderId::CSeq, cseq.as_bytes())?;
        Ok(draft)
    }
}

/// A URI without what a Request-URI must not have: the headers and the `method` parameter (RFC 3261 §19.1.1 Table 1).
fn for_request_uri(text: &[u8]) -> Cow<'_, [u8]> {
    let Ok(uri) = Uri::parse(text) else { return text.into() };
    if uri.headers().is_none() && uri.param(b"method").is_none() {
        return text.into();
    }
    let params = uri.params();
    let tail = params.as_bytes().len() + uri.headers().map_or(0, |headers| headers.len() + 1);
    let mut stripped = text[..text.len() - tail].to_vec();
    for param in params.filter(|param| !param.name.eq_ignore_ascii_case(b"method")) {
        stripped.push(b';');
        stripped.extend_from_slice(param.name);
        if let Some(value) = param.value {
            stripped.push(b'=');
            stripped.extend_from_slice(value);
        }
    }
    stripped.into()
}
