//! The messages that a test call sends.

use std::net::{IpAddr, SocketAddr};

use bytes::Bytes;
use siplet_container::io::Transport;
use siplet_sip::draft::{Draft, InvalidValue};
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::method::Method;

use super::caller::Names;

/// Who calls, from where.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) names: Names,
    pub(super) transport: Transport,
    pub(super) local: SocketAddr,
}

/// What the answer has made of the call (RFC 3261 §12.1.2).
#[derive(Clone, Debug)]
pub(super) struct Dialog {
    /// Contact of the answer.
    pub(super) target: Vec<u8>,
    /// Record-Route of the answer, from last to first.
    pub(super) routes: Vec<Vec<u8>>,
    /// To with its tag.
    pub(super) to: Vec<u8>,
}

impl Dialog {
    /// None for an answer without Contact or To.
    pub(super) fn of(answer: &Message) -> Option<Self> {
        let contact = answer.contact().ok().flatten()?;
        let target = contact.uri().ok()?.as_bytes().to_vec();
        let mut routes: Vec<Vec<u8>> = answer.values(HeaderId::RecordRoute).map(<[u8]>::to_vec).collect();
        routes.reverse();
        Some(Self { target, routes, to: answer.header(HeaderId::To)?.to_vec() })
    }
}

impl Sender {
    fn host(&self) -> String {
        match self.local.ip() {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        }
    }

    fn common(&self, draft: &mut Draft, branch: u32, to: &[u8], sequence: u32) -> Result<(), InvalidValue> {
        let (host, port) = (self.host(), self.local.port());
        let method = draft.method().map_or("", Method::as_str).to_owned();
        let via = format!(
            "SIP/2.0/{} {host}:{port};branch=z9hG4bK{}{branch:x};rport",
            self.transport.via_name(),
            self.names.branch
        );
        let from = format!("\"siplet call\" <sip:siplet-call@{host}>;tag={}", self.names.tag);
        draft.set(HeaderId::Via, via.as_bytes())?;
        draft.set(HeaderId::MaxForwards, b"70")?;
        draft.set(HeaderId::From, from.as_bytes())?;
        draft.set(HeaderId::To, to)?;
        draft.set(HeaderId::CallId, format!("{}@{host}", self.names.call_id).as_bytes())?;
        draft.set(HeaderId::CSeq, format!("{sequence} {method}").as_bytes())?;
        if method != "BYE" && method != "ACK" {
            draft.set(HeaderId::Contact, self.contact().as_bytes())?;
        }
        Ok(())
    }

    fn contact(&self) -> String {
        let transport = match self.transport {
            Transport::Udp => "",
            Transport::Tcp | Transport::Tls | Transport::Ws | Transport::Wss => ";transport=tcp",
        };
        format!("<sip:siplet-call@{}:{}{transport}>", self.host(), self.local.port())
    }

    pub(super) fn invite(&self, uri: &str) -> Result<Message, InvalidValue> {
        let mut draft = Draft::request(Method::Invite, uri.as_bytes())?;
        self.common(&mut draft, 1, format!("<{uri}>").as_bytes(), 1)?;
        draft.set(HeaderId::Allow, b"INVITE, ACK, CANCEL, BYE, OPTIONS")?;
        draft.set_body(Some(b"application/sdp"), self.offer())?;
        draft.to_message().map_err(|_| InvalidValue::Uri)
    }

    /// An ACK or a BYE inside the dialog.
    pub(super) fn in_dialog(
        &self,
        method: Method,
        dialog: &Dialog,
        branch: u32,
        sequence: u32,
    ) -> Result<Bytes, InvalidValue> {
        let mut draft = Draft::request(method, &dialog.target)?;
        self.common(&mut draft, branch, &dialog.to, sequence)?;
        for route in &dialog.routes {
            draft.add(HeaderId::Route, route)?;
        }
        Ok(draft.to_bytes())
    }

    /// One audio stream that nobody sends or hears (RFC 3264 §5).
    fn offer(&self) -> Bytes {
        let ip = self.local.ip();
        let family = if ip.is_ipv4() { "IP4" } else { "IP6" };
        Bytes::from(format!(
            "v=0\r\no=siplet 1 1 IN {family} {ip}\r\ns=-\r\nc=IN {family} {ip}\r\nt=0 0\r\n\
             m=audio 49170 RTP/AVP 0 8\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\na=inactive\r\n"
        ))
    }
}
