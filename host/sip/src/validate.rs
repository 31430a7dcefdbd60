//! What must hold of a message before a transaction sees it (RFC 3261 §8.2, §16.3, §18).
//!
//! All checks read the index. A verdict says what is owed to the peer: an answer, or silence. Deliberately not here:
//! what depends on who we are: 416, 420, 405, 482 and 483 belong to the UAS or proxy core.

use crate::address::NameAddr;
use crate::header::{HeaderId, is_token};
use crate::message::{Malformed, Message, Part, StartLine, Values};
use crate::method::Method;
use crate::uri::{Uri, host_ip};
use crate::via::Via;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr};

/// What to do with a message that breaks the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// Answer the request statelessly with this status, the fault's text being the reason phrase.
    Answer {
        /// 400 or 505.
        status: u16,
        /// What is wrong.
        fault: Malformed,
    },
    /// Drop it: a response, an ACK, or a request that could not be answered.
    Discard {
        /// What is wrong.
        fault: Malformed,
    },
}

impl Verdict {
    /// What is wrong.
    #[must_use]
    pub const fn fault(&self) -> Malformed {
        match self {
            Self::Answer { fault, .. } | Self::Discard { fault } => *fault,
        }
    }

    /// The reason phrase of the answer: the fault in words (RFC 3261 §21.4.1 wants it to name the problem).
    #[must_use]
    pub fn reason(&self) -> String {
        self.fault().to_string()
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer { status, fault } => write!(out, "{status} {fault}"),
            Self::Discard { fault } => write!(out, "discard: {fault}"),
        }
    }
}

/// Whether the message may go on to its transaction.
///
/// # Errors
/// What to do with it otherwise.
pub fn validate(message: &Message) -> Result<(), Verdict> {
    check(message).map_err(|fault| verdict(message, fault))
}

fn verdict(message: &Message, fault: Malformed) -> Verdict {
    // RFC 3261 §17.1.1.3: an ACK is never answered. Without a Via there is nowhere to send an answer to.
    // [3261-18.3-2, 3261-18.3-s1]
    let answerable = match message.method() {
        None | Some(Method::Ack) => false,
        Some(_) => fault.is_answerable() && message.has(HeaderId::Via),
    };
    if !answerable {
        return Verdict::Discard { fault };
    }
    Verdict::Answer { status: fault.status(), fault }
}

fn check(message: &Message) -> Result<(), Malformed> {
    if let Some(fault) = message.fault() {
        return Err(fault);
    }
    single(message)?;
    vias(message)?;
    let (_, cseq_method) = message.cseq_raw()?;
    message.max_forwards()?;
    for (id, part) in [(HeaderId::From, Part::From), (HeaderId::To, Part::To)] {
        address(message.header(id).unwrap_or_default(), part)?;
    }
    lists(message)?;
    match message.start() {
        StartLine::Request { method, uri } => {
            if cseq_method != method.as_bytes() {
                return Err(Malformed::MethodMismatch);
            }
            request_uri(uri)
        }
        // A request's is that of its start line. What is matched to our own request must be one too (§17.1.3).
        StartLine::Response { .. } if !is_token(cseq_method) => Err(Malformed::Bad(Part::CSeq)),
        StartLine::Response { .. } => Ok(()),
    }
}

/// The headers of RFC 3261 §8.1.1 that are there once, or at most once.
fn single(message: &Message) -> Result<(), Malformed> {
    for (id, part, required) in [
        (HeaderId::To, Part::To, true),
        (HeaderId::From, Part::From, true),
        (HeaderId::CSeq, Part::CSeq, true),
        (HeaderId::CallId, Part::CallId, true),
        // RFC 2543 knew no Max-Forwards.
        (HeaderId::MaxForwards, Part::MaxForwards, false),
    ] {
        match message.header(id) {
            None if required => return Err(Malformed::Missing(part)),
            None => {}
            Some([]) => return Err(Malformed::Bad(part)),
            Some(_) if message.repeats(id) => return Err(Malformed::Repeated(part)),
            Some(_) => {}
        }
    }
    Ok(())
}

/// The Vias that we use can be read, there are not too many, and no response would go to everybody.
fn vias(message: &Message) -> Result<(), Malformed> {
    let mut count = 0;
    for line in message.headers(HeaderId::Via) {
        let mut values = Values::of(line);
        while let Some(value) = values.next_raw() {
            count += 1;
            if count > message.vias_max() {
                return Err(Malformed::TooManyVias);
            }
            // RFC 3261 §16.3: what a proxy does not look at, it lets pass. A request goes back by its top Via only.
            if message.is_request() && count > 1 {
                continue;
            }
            let via = Via::parse(value)?;
            // RFC 4475 §3.3.10: forwarded, this response would reach every host of the network.
            if !message.is_request() && goes_to_everybody(&via) {
                return Err(Malformed::Broadcast);
            }
        }
    }
    if count == 0 { Err(Malformed::Missing(Part::Via)) } else { Ok(()) }
}

/// Whether sent-by or `received`, by which a response goes before sent-by (RFC 3261 §18.2.2), is the broadcast address,
/// be it as an IPv4 address mapped into IPv6.
fn goes_to_everybody(via: &Via<'_>) -> bool {
    const EVERYBODY: IpAddr = IpAddr::V4(Ipv4Addr::BROADCAST);
    let is_everybody = |ip: Option<IpAddr>| ip.is_some_and(|ip| ip.to_canonical() == EVERYBODY);
    is_everybody(host_ip(via.host())) || is_everybody(via.received())
}

/// The address lists that we route by or learn targets from.
fn lists(message: &Message) -> Result<(), Malformed> {
    for (id, part) in [
        (HeaderId::Contact, Part::Contact),
        (HeaderId::Route, Part::Route),
        (HeaderId::RecordRoute, Part::RecordRoute),
    ] {
        for line in message.headers(id) {
            let mut values = Values::of(line);
            while let Some(value) = values.next_raw() {
                // RFC 3261 §10.2.2: `Contact: *`
                if !(id == HeaderId::Contact && value == b"*") {
                    address(value, part)?;
                }
            }
        }
    }
    Ok(())
}

/// An address whose URI can be read; any scheme will do.
fn address(value: &[u8], part: Part) -> Result<(), Malformed> {
    let bad = Malformed::Bad(part);
    let address = NameAddr::parse(value).map_err(|_| bad)?;
    if Uri::is_valid(address.uri_bytes()) && address.params().are_well_formed() { Ok(()) } else { Err(bad) }
}

/// RFC 3261 §7.1: no blanks, no angle brackets; §19.1.1: no headers component.
fn request_uri(uri: &[u8]) -> Result<(), Malformed> {
    let bad = Malformed::Bad(Part::RequestUri);
    let uri = Uri::parse(uri).map_err(|_| bad)?;
    if uri.headers().is_some() { Err(bad) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
