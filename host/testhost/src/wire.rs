//! Messages as the scripted peers write and read them: text out, the message layer's index in.

use bytes::Bytes;
use siplet_container::io::Key;
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;

/// A message that somebody put on the wire, none when it is none.
#[must_use]
pub fn parse(bytes: &Bytes) -> Option<Message> {
    Message::parse(bytes.clone(), &Limits::unbounded()).ok()
}

/// A header's first value as text.
#[must_use]
pub fn text(message: &Message, id: HeaderId) -> String {
    message.header(id).map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
}

/// All values of a header as text, one for each line.
#[must_use]
pub fn texts(message: &Message, id: HeaderId) -> Vec<String> {
    message.headers(id).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

/// The header of that name, whatever it is.
#[must_use]
pub fn named(message: &Message, name: &str) -> Option<String> {
    message.header_named(name.as_bytes()).map(|value| String::from_utf8_lossy(value).into_owned())
}

/// Tag of From, empty where there is none.
#[must_use]
pub fn from_tag(message: &Message) -> String {
    tag(message.from_().ok().and_then(|from| from.tag()))
}

/// Tag of To, empty where there is none.
#[must_use]
pub fn to_tag(message: &Message) -> String {
    tag(message.to().ok().and_then(|to| to.tag()))
}

fn tag(tag: Option<&[u8]>) -> String {
    String::from_utf8_lossy(tag.unwrap_or_default()).into_owned()
}

/// Branch of the topmost Via, empty where there is none.
#[must_use]
pub fn branch(message: &Message) -> String {
    let via = message.top_via().ok();
    tag(via.as_ref().and_then(|via| via.branch()))
}

/// CSeq number and method, `0 ?` where there is none.
#[must_use]
pub fn cseq(message: &Message) -> (u32, String) {
    message.cseq().map_or((0, "?".to_owned()), |(number, method)| (number, method.as_str().to_owned()))
}

/// The URI of the first Contact.
#[must_use]
pub fn contact(message: &Message) -> Option<String> {
    let contact = message.contact().ok()??;
    Some(String::from_utf8_lossy(contact.uri_bytes()).into_owned())
}

/// The method of a request, or that of the CSeq of a response.
#[must_use]
pub fn method(message: &Message) -> String {
    match message.method() {
        Some(method) => method.as_str().to_owned(),
        None => cseq(message).1,
    }
}

/// Writes a message: start line, header lines, body with its length.
#[must_use]
pub fn write(start: &str, headers: &[(String, String)], body: &str) -> Bytes {
    let mut out = format!("{start}\r\n");
    for (name, value) in headers {
        out.push_str(name);
        out.push_str(": ");
        out.push_str(value);
        out.push_str("\r\n");
    }
    out.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
    Bytes::from(out)
}

/// The Call-ID as text.
#[must_use]
pub fn text_call(message: &Message) -> String {
    text(message, HeaderId::CallId)
}

/// The application session that a minted name belongs to; none for a name that was made elsewhere.
///
/// A name is 160 bits in 32 characters, five bits each; the first 64 are the key. Whether its hash is right is the host's
/// business, not that of a test.
#[must_use]
pub fn key_of(name: &str) -> Option<Key> {
    let name = name.strip_prefix("z9hG4bK").unwrap_or(name);
    if name.len() != 32 {
        return None;
    }
    let mut bits = 0_u128;
    for character in name.chars().take(16) {
        bits = bits << 5 | u128::from(character.to_digit(32)?);
    }
    Some(Key((bits >> 16) as u64))
}

/// The application session that a message of the host's belongs to, by the names that it minted in it.
#[must_use]
pub fn session_of(message: &Message) -> Option<Key> {
    match message.status() {
        Some(_) => key_of(&to_tag(message)),
        None => key_of(&from_tag(message)).or_else(|| key_of(&branch(message))),
    }
}
