//! Messages of the far ends: well formed, in a few calls and dialogs, and now and then with one octet changed.

use bytes::Bytes;
use siplet_container::io::Hop;
use siplet_sip::header::HeaderId;
use siplet_sip::limits::Limits;
use siplet_sip::message::Message;

use super::script::Script;

/// Far ends have so many calls.
pub(super) const CALLS: usize = 3;

const METHODS: [&str; 14] = [
    "INVITE",
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "INVITE",
    "OPTIONS",
    "MESSAGE",
    "PRACK",
    "UPDATE",
    "INFO",
    "REGISTER",
    "SUBSCRIBE",
    "STRANGE",
];

const STATUSES: [u16; 12] = [100, 180, 183, 200, 202, 302, 404, 408, 481, 487, 503, 603];

/// Headers that may stand in a request beside the needed ones.
const EXTRAS: [&str; 8] = [
    "",
    "",
    "Require: 100rel, nothing\r\n",
    "Route: <sip:192.0.2.1;lr>\r\n",
    "Record-Route: <sip:p.example;lr>, <sip:192.0.2.2;lr>\r\n",
    "Content-Type: application/sdp\r\n",
    "Max-Forwards: 0\r\n",
    "Subject: one\r\n two\r\n",
];

/// What the far end of one call has learned from the host's last response.
#[derive(Clone, Debug, Default)]
pub(super) struct Heard {
    to_tag: Option<String>,
    contact: Option<String>,
}

impl Heard {
    /// Takes note of a message that the host sent; says which call it belongs to.
    pub(super) fn listen(all: &mut [Self; CALLS], message: &Message) {
        let Some(call) = message.call_id().and_then(|id| id.strip_prefix(b"c")).and_then(|id| id.first())
        else {
            return;
        };
        let heard = &mut all[usize::from(*call) % CALLS];
        if message.status().is_some_and(|status| status > 100) {
            let tag = message
                .to()
                .ok()
                .and_then(|to| to.tag().map(|tag| String::from_utf8_lossy(tag).into_owned()));
            heard.to_tag = tag.or_else(|| heard.to_tag.take());
        }
        if let Some(contact) = message.header(HeaderId::Contact) {
            let contact = String::from_utf8_lossy(contact);
            heard.contact = contact.split(['<', '>']).nth(1).map(str::to_owned);
        }
    }
}

/// A request of a far end.
pub(super) fn request(script: &mut Script, heard: &[Heard; CALLS]) -> Bytes {
    let [what, shape, branch] = [script.number(), script.number(), script.number()];
    let method = METHODS[usize::from(what) % METHODS.len()];
    let call = usize::from(shape) % CALLS;
    let in_dialog = shape & 0x40 != 0;
    let heard = &heard[call];
    let to_tag =
        heard.to_tag.as_ref().filter(|_| in_dialog).map(|tag| format!(";tag={tag}")).unwrap_or_default();
    let application = if shape & 0x80 == 0 { "sip:bob@durable.example" } else { "sip:bob@local.example" };
    let target = heard.contact.as_deref().filter(|_| in_dialog).unwrap_or(application);
    let number = u32::from(branch >> 4);
    let extra = EXTRAS[usize::from(what >> 4) % EXTRAS.len()];
    let hops = if extra.starts_with("Max-Forwards") { "" } else { "Max-Forwards: 70\r\n" };
    let body = if extra.starts_with("Content-Type") { "v=0\r\n" } else { "" };
    let text = format!(
        "{method} {target} SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.2:5070;branch=z9hG4bK{branch}\r\n{hops}\
         From: <sip:alice@a.example>;tag=f{call}\r\nTo: <sip:bob@b.example>{to_tag}\r\nCall-ID: c{call}@a.example\r\n\
         CSeq: {number} {method}\r\nContact: <sip:alice@127.0.0.2:5070>\r\n{extra}Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    perhaps_spoilt(script, text)
}

/// A response of a far end to a request that the host sent; `None` when there is none.
pub(super) fn response(script: &mut Script, sent: &[(Hop, Bytes)]) -> Option<Bytes> {
    let [which, what] = [script.number(), script.number()];
    let requests = sent.iter().rev().filter_map(|(_, bytes)| {
        Message::parse(bytes.clone(), &Limits::unbounded()).ok().filter(Message::is_request)
    });
    let request = requests.into_iter().nth(usize::from(which) % 4)?;
    let status = STATUSES[usize::from(what) % STATUSES.len()];
    let mut text = format!("SIP/2.0 {status} Whatever\r\n");
    for (name, id) in [
        ("Via", HeaderId::Via),
        ("Record-Route", HeaderId::RecordRoute),
        ("From", HeaderId::From),
        ("To", HeaderId::To),
        ("Call-ID", HeaderId::CallId),
        ("CSeq", HeaderId::CSeq),
    ] {
        for value in request.headers(id) {
            text.push_str(&format!("{name}: {}", String::from_utf8_lossy(value)));
            let tagged = request.to().is_ok_and(|to| to.tag().is_some());
            if id == HeaderId::To && !tagged {
                // Two far ends behind one forking proxy.
                text.push_str(&format!(";tag=p{}", what >> 7));
            }
            text.push_str("\r\n");
        }
    }
    text.push_str("Contact: <sip:carol@127.0.0.3:5080>\r\nContent-Length: 0\r\n\r\n");
    Some(perhaps_spoilt(script, text))
}

/// The message, with one octet changed when the script says so.
fn perhaps_spoilt(script: &mut Script, text: String) -> Bytes {
    let mut octets = text.into_bytes();
    if script.number() > 0xE0 {
        let at = (usize::from(script.number()) << 2) % octets.len();
        octets[at] = script.number();
    }
    octets.into()
}
