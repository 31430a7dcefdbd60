//! What a UAS says of a request before anybody looks at what it asks for (RFC 3261 §8.2.1 to §8.2.3, §21.4).
//!
//! [`judge`] is given what this UAS can do, and finds what the request wants beyond it: a status and the headers that the
//! answer must carry. The checks stand in the order of §8.2. What a message must be at all is checked before
//! ([`crate::validate`]); a merged request (482) and a wrong credential (401) are the container's.

use crate::header::HeaderId;
use crate::message::Message;
use crate::method::Method;
use crate::octets::find;
use crate::uri::{Params, Uri};

/// What a UAS can do. Methods and event types are compared octet for octet, all else in any case.
#[derive(Clone, Copy, Debug)]
pub struct Abilities<'a> {
    /// Methods that it takes.
    pub methods: &'a [&'a str],
    /// Schemes of the Request-URI that it serves, in small letters.
    pub schemes: &'a [&'a str],
    /// Option tags of extensions that it knows.
    pub extensions: &'a [&'a str],
    /// Option tags of extensions that the client has to know.
    pub needs: &'a [&'a str],
    /// Media types of bodies that it reads; empty: it reads all of them.
    pub body_types: &'a [&'a str],
    /// Encodings of bodies that it reads beside `identity`.
    pub encodings: &'a [&'a str],
    /// Languages of bodies that it reads; empty: it reads all of them.
    pub languages: &'a [&'a str],
    /// Media types of which it makes bodies of responses; empty: it makes none, or what it is asked for.
    pub produces: &'a [&'a str],
    /// How many octets a body may have.
    pub body_bytes: usize,
}

/// A refusal with what its answer must carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The status.
    pub status: u16,
    /// The headers, each once.
    pub headers: Vec<(HeaderId, String)>,
}

impl Refusal {
    fn new(status: u16, id: HeaderId, values: &[&str]) -> Self {
        Self { status, headers: vec![(id, values.join(", "))] }
    }

    fn bare(status: u16) -> Self {
        Self { status, headers: Vec::new() }
    }
}

/// Looks for what the request wants and the UAS cannot do.
///
/// # Errors
/// The answer that it gets. An ACK is never refused: it is dropped (RFC 3261 §17.1.1.3).
pub fn judge(request: &Message, abilities: &Abilities<'_>) -> Result<(), Refusal> {
    let Some(method) = request.method() else { return Ok(()) };
    // RFC 3261 §8.2.1: 405 with Allow.
    if !abilities.methods.contains(&method.as_str()) {
        return Err(Refusal::new(405, HeaderId::Allow, abilities.methods));
    }
    // RFC 3261 §8.2.2.1: 416.
    let is_served = |uri: Uri<'_>| {
        abilities.schemes.iter().any(|scheme| uri.scheme_name().eq_ignore_ascii_case(scheme.as_bytes()))
    };
    if !Uri::parse(request.request_uri()).is_ok_and(is_served) {
        return Err(Refusal::bare(416));
    }
    // RFC 3261 §8.2.2.3: Require is not looked at in CANCEL and in the ACK of a failure.
    if !matches!(method, Method::Cancel | Method::Ack) {
        let unknown = unsupported(request, HeaderId::Require, abilities.extensions);
        if !unknown.is_empty() {
            return Err(Refusal { status: 420, headers: vec![(HeaderId::Unsupported, unknown.join(", "))] });
        }
        // RFC 3261 §21.4.16: 421 with Require.
        let missing = lacking(request, abilities.needs);
        if !missing.is_empty() {
            return Err(Refusal::new(421, HeaderId::Require, &missing));
        }
    }
    judge_body(request, abilities)?;
    // RFC 3261 §21.4.7: nothing that the client would take.
    let is_wanted = |media: &&str| accepts(request, media);
    if !abilities.produces.is_empty() && !abilities.produces.iter().any(is_wanted) {
        return Err(Refusal::bare(406));
    }
    Ok(())
}

/// RFC 3261 §8.2.3, §21.4.11, §21.4.13.
fn judge_body(request: &Message, abilities: &Abilities<'_>) -> Result<(), Refusal> {
    let body = request.body();
    if body.is_empty() {
        return Ok(());
    }
    if body.len() > abilities.body_bytes {
        return Err(Refusal::bare(413));
    }
    // RFC 3261 §8.2.3: a body that need not be understood is left aside.
    if is_optional(request) {
        return Ok(());
    }
    let known = |value: &[u8], all: &[&str]| all.iter().any(|one| value.eq_ignore_ascii_case(one.as_bytes()));
    let media = request.header(HeaderId::ContentType).map_or(&b""[..], media_of);
    if !abilities.body_types.is_empty() && !known(media, abilities.body_types) {
        return Err(Refusal::new(415, HeaderId::Accept, abilities.body_types));
    }
    let mut encodings = request.values(HeaderId::ContentEncoding);
    if encodings
        .any(|coding| !coding.eq_ignore_ascii_case(b"identity") && !known(coding, abilities.encodings))
    {
        let read: &[&str] = if abilities.encodings.is_empty() { &["identity"] } else { abilities.encodings };
        return Err(Refusal::new(415, HeaderId::AcceptEncoding, read));
    }
    let mut languages = request.values(HeaderId::ContentLanguage);
    if !abilities.languages.is_empty() && languages.any(|language| !known(language, abilities.languages)) {
        return Err(Refusal::new(415, HeaderId::AcceptLanguage, abilities.languages));
    }
    Ok(())
}

/// The option tags of Require or Proxy-Require that are not among the known ones, each once (RFC 3261 §8.2.2.3, §16.3).
#[must_use]
pub fn unsupported(request: &Message, id: HeaderId, known: &[&str]) -> Vec<String> {
    let mut unknown: Vec<String> = Vec::new();
    for tag in request.values(id) {
        let is_known = known.iter().any(|known| tag.eq_ignore_ascii_case(known.as_bytes()));
        let is_there = unknown.iter().any(|there| tag.eq_ignore_ascii_case(there.as_bytes()));
        if !is_known && !is_there {
            unknown.push(String::from_utf8_lossy(tag).into_owned());
        }
    }
    unknown
}

/// The needed option tags that the client names neither in Supported nor in Require.
fn lacking<'a>(request: &Message, needs: &[&'a str]) -> Vec<&'a str> {
    let has = |tag: &str| {
        let mut all = request.values(HeaderId::Supported).chain(request.values(HeaderId::Require));
        all.any(|known| known.eq_ignore_ascii_case(tag.as_bytes()))
    };
    needs.iter().copied().filter(|tag| !has(tag)).collect()
}

/// `handling=optional` (RFC 3261 §20.11).
fn is_optional(request: &Message) -> bool {
    let Some(value) = request.header(HeaderId::ContentDisposition) else { return false };
    let params = Params::of(&value[find(b';', value).unwrap_or(value.len())..]);
    let handling = params.named(b"handling").and_then(|param| param.value);
    handling.is_some_and(|word| word.eq_ignore_ascii_case(b"optional"))
}

/// `type/subtype` without its parameters.
fn media_of(value: &[u8]) -> &[u8] {
    value[..find(b';', value).unwrap_or(value.len())].trim_ascii()
}

/// Whether the client takes a body of that media type (RFC 3261 §20.1): without Accept it takes `application/sdp`, with an
/// empty one nothing, and a range with `q=0` is none. The most specific range decides.
#[must_use]
pub fn accepts(message: &Message, media: &str) -> bool {
    if !message.has(HeaderId::Accept) {
        return media.eq_ignore_ascii_case("application/sdp");
    }
    let media = media.as_bytes();
    let kind = &media[..find(b'/', media).unwrap_or(media.len())];
    let mut best = (0, false);
    for range in message.values(HeaderId::Accept) {
        let name = media_of(range);
        let weight = match name {
            b"*/*" => 1,
            name if name.strip_suffix(b"/*").is_some_and(|range| range.eq_ignore_ascii_case(kind)) => 2,
            name if name.eq_ignore_ascii_case(media) => 3,
            _ => continue,
        };
        let params = Params::of(&range[find(b';', range).unwrap_or(range.len())..]);
        let is_taken = params.q().is_none_or(|q| q > 0);
        if weight > best.0 {
            best = (weight, is_taken);
        }
    }
    best.1
}

#[cfg(test)]
mod tests;
