//! What is wrong with the bytes of a peer.

use crate::header::HeaderId;
use core::fmt;

/// A fault in the bytes of a peer, found by the parser, a typed view or the validation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Malformed {
    /// No octet but line ends and NULs: a keep-alive, nothing to answer.
    Empty,
    /// The first line names no version of SIP.
    NotSip,
    /// More octets than [`Limits::message_bytes`](crate::limits::Limits::message_bytes).
    MessageTooLarge,
    /// The headers do not end within the permitted octets.
    HeadTooLarge,
    /// More header lines than [`Limits::headers`](crate::limits::Limits::headers).
    TooManyHeaders,
    /// More Via values than [`Limits::vias`](crate::limits::Limits::vias).
    TooManyVias,
    /// The start line has blanks too many or too few, or a part is missing.
    StartLine,
    /// The status code is not a number from 100 to 699.
    Status,
    /// The method is not a token.
    Method,
    /// A version of SIP other than 2.0.
    Version,
    /// A header line without a colon, or whose name is not a token.
    HeaderLine,
    /// A carriage return or, on a stream, a line feed that ends no line.
    LineEnd,
    /// The empty line behind the headers is missing.
    HeadEnd,
    /// Content-Length is not a number.
    ContentLength,
    /// Content-Length occurs with different values.
    ContentLengths,
    /// Content-Length is larger than what came.
    BodyTooShort,
    /// A message on a stream has no Content-Length.
    NoContentLength,
    /// A header that must be there is missing.
    Missing(Part),
    /// A header that may stand once occurs more than once.
    Repeated(Part),
    /// A value cannot be read.
    Bad(Part),
    /// The method in CSeq is not that of the start line.
    MethodMismatch,
    /// A response would have to go to the broadcast address.
    Broadcast,
}

/// A part of a message that a [`Malformed`] speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Part {
    /// The Request-URI.
    RequestUri,
    /// A URI in a header.
    Uri,
    /// Via.
    Via,
    /// From.
    From,
    /// To.
    To,
    /// Call-ID.
    CallId,
    /// CSeq.
    CSeq,
    /// Max-Forwards.
    MaxForwards,
    /// Contact.
    Contact,
    /// Route.
    Route,
    /// Record-Route.
    RecordRoute,
    /// Any other address header, such as Refer-To.
    Address,
    /// Any other header.
    Header(HeaderId),
}

impl Part {
    /// The name as it stands in a message, in the words of a reason phrase.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::RequestUri => "Request-URI",
            Self::Uri => "URI",
            Self::Via => "Via",
            Self::From => "From",
            Self::To => "To",
            Self::CallId => "Call-ID",
            Self::CSeq => "CSeq",
            Self::MaxForwards => "Max-Forwards",
            Self::Contact => "Contact",
            Self::Route => "Route",
            Self::RecordRoute => "Record-Route",
            Self::Address => "address",
            Self::Header(header) => header.name(),
        }
    }
}

impl Malformed {
    /// Whether a message with this fault can still be read well enough to answer it.
    ///
    /// `false` for what makes [`Message::parse`](super::Message::parse) fail: there is no message to answer. `true` for
    /// everything that is found later, where [`validate`](crate::validate::validate) says what the answer is.
    #[must_use]
    pub const fn is_answerable(&self) -> bool {
        !matches!(
            self,
            Self::Empty
                | Self::NotSip
                | Self::MessageTooLarge
                | Self::HeadTooLarge
                | Self::TooManyHeaders
                | Self::Status
                | Self::Broadcast
        )
    }
}

impl Malformed {
    /// The status code of the answer to a request with this fault, where it is answered: 505 for another version of SIP,
    /// 513 for what is too large, else 400 (RFC 3261 §21.4.1, §21.5.6, §21.5.7).
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Version => 505,
            Self::MessageTooLarge | Self::HeadTooLarge => 513,
            Self::Empty
            | Self::NotSip
            | Self::TooManyHeaders
            | Self::TooManyVias
            | Self::StartLine
            | Self::Status
            | Self::Method
            | Self::HeaderLine
            | Self::LineEnd
            | Self::HeadEnd
            | Self::ContentLength
            | Self::ContentLengths
            | Self::BodyTooShort
            | Self::NoContentLength
            | Self::Missing(_)
            | Self::Repeated(_)
            | Self::Bad(_)
            | Self::MethodMismatch
            | Self::Broadcast => 400,
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self {
            Self::Empty => "no message, only line ends",
            Self::NotSip => "no SIP message",
            Self::MessageTooLarge => "message larger than the limit",
            Self::HeadTooLarge => "headers larger than the limit",
            Self::TooManyHeaders => "more header lines than the limit",
            Self::TooManyVias => "more Via values than the limit",
            Self::StartLine => "malformed start line",
            Self::Status => "status code out of range",
            Self::Method => "method is not a token",
            Self::Version => "SIP version not supported",
            Self::HeaderLine => "malformed header line",
            Self::LineEnd => "stray carriage return or line feed",
            Self::HeadEnd => "no empty line behind the headers",
            Self::ContentLength => "malformed Content-Length",
            Self::ContentLengths => "different Content-Length values",
            Self::BodyTooShort => "body shorter than Content-Length",
            Self::NoContentLength => "no Content-Length on a stream",
            Self::MethodMismatch => "CSeq method differs from the start line",
            Self::Broadcast => "Via names the broadcast address",
            Self::Missing(part) => return write!(out, "missing {}", part.name()),
            Self::Repeated(part) => return write!(out, "repeated {}", part.name()),
            Self::Bad(part) => return write!(out, "malformed {}", part.name()),
        };
        out.write_str(text)
    }
}

impl std::error::Error for Malformed {}
