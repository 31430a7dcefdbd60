//! The host of a fake turn: it keeps what it is told, and knows the rules that a handler meets most.

use std::collections::BTreeMap;

use siplet::native::{Flat, Host, Level, MessageId, Peer, Repeat, Scope, SessionState, SipKey, TimerState};
use siplet::{Error, Method, Result};
use siplet_sip::header::{HeaderId, HeaderName};

/// 2025-06-15 15:06:40 UTC, when every world begins.
const BEGIN_MS: u64 = 1_750_000_000_000;

/// A message of a fake turn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fact {
    pub(super) method: String,
    pub(super) uri: String,
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) lines: Vec<(String, Vec<u8>)>,
    pub(super) body: Vec<u8>,
    pub(super) in_dialog: bool,
    pub(super) is_sent: bool,
    pub(super) is_answered: bool,
    pub(super) request: Option<MessageId>,
}

impl Fact {
    pub(super) fn request(method: &str, uri: &str) -> Self {
        let lines = [
            ("Via", "SIP/2.0/UDP 10.0.1.1:5060;branch=z9hG4bKfake"),
            ("Max-Forwards", "70"),
            ("From", "<sip:alice@home>;tag=fake-1"),
            ("To", &format!("<{uri}>")),
            ("Call-ID", "fake"),
            ("CSeq", &format!("1 {method}")),
            ("Contact", "<sip:alice@10.0.1.1:5060>"),
        ];
        Self { method: method.to_owned(), uri: uri.to_owned(), lines: owned(&lines), ..Self::default() }
    }

    pub(super) fn response(status: u16, reason: Option<&str>, method: &str) -> Self {
        let usual = siplet_sip::draft::reason_phrase(status);
        Self {
            status,
            reason: reason.unwrap_or(usual).to_owned(),
            lines: owned(&[("Call-ID", "fake"), ("CSeq", &format!("1 {method}"))]),
            ..Self::default()
        }
    }

    /// Status of a response, 0 for a request.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// Reason phrase of a response.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Method of a request; empty for a response.
    #[must_use]
    pub fn method(&self) -> &str {
        &self.method
    }

    /// Request-URI; empty for a response.
    #[must_use]
    pub fn request_uri(&self) -> &str {
        &self.uri
    }

    /// The first value of a header, by its long or compact name in any case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let wanted = HeaderName::from(name);
        let fits = |line: &str| wanted.matches(HeaderId::from_name(line.as_bytes()), line.as_bytes());
        let line = self.lines.iter().find(|(line, _)| fits(line));
        line.and_then(|(_, value)| std::str::from_utf8(value).ok())
    }

    /// The body.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// Flat, as `view` in `wit/v0.1/types.wit` describes it.
    fn flat(&self) -> Flat {
        let mut flat = Flat { bytes: Vec::new(), index: vec![0; 8] };
        if self.status > 0 {
            flat.index[..2].copy_from_slice(&[2, u32::from(self.status)]);
            flat.bytes.extend_from_slice(format!("SIP/2.0 {} ", self.status).as_bytes());
            let reason = put(&mut flat.bytes, self.reason.as_bytes());
            flat.index[2..4].copy_from_slice(&reason);
        } else {
            flat.index[..2].copy_from_slice(&[1, number_of(&self.method)]);
            let method = put(&mut flat.bytes, self.method.as_bytes());
            flat.bytes.push(b' ');
            let uri = put(&mut flat.bytes, self.uri.as_bytes());
            flat.index[2..4].copy_from_slice(&method);
            flat.index[4..6].copy_from_slice(&uri);
        }
        for (name, value) in &self.lines {
            flat.index.push(HeaderId::from_name(name.as_bytes()).code());
            for part in [name.as_bytes(), value] {
                let place = put(&mut flat.bytes, part);
                flat.index.extend(place);
            }
        }
        let body = put(&mut flat.bytes, &self.body);
        flat.index[6..8].copy_from_slice(&body);
        flat
    }
}

fn owned(lines: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    lines.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

fn put(bytes: &mut Vec<u8>, part: &[u8]) -> [u32; 2] {
    let start = bytes.len();
    bytes.extend_from_slice(part);
    [start, part.len()].map(|number| u32::try_from(number).unwrap_or(u32::MAX))
}

/// As `view` in `wit/v0.1/types.wit` numbers methods.
fn number_of(name: &str) -> u32 {
    const KNOWN: [&str; 14] = [
        "INVITE",
        "ACK",
        "BYE",
        "CANCEL",
        "OPTIONS",
        "REGISTER",
        "PRACK",
        "UPDATE",
        "INFO",
        "MESSAGE",
        "SUBSCRIBE",
        "NOTIFY",
        "PUBLISH",
        "REFER",
    ];
    KNOWN
        .iter()
        .position(|known| *known == name)
        .and_then(|at| u32::try_from(at + 1).ok())
        .unwrap_or_default()
}

/// The host of a fake turn.
#[derive(Debug)]
pub(super) struct FakeHost {
    pub(super) messages: Vec<Fact>,
    /// By name. Application session and SIP session have the same ones here: a handler asks one of them.
    pub(super) attributes: BTreeMap<String, Vec<u8>>,
    pub(super) outbox: Vec<MessageId>,
    pub(super) log: Vec<String>,
    pub(super) now_ms: u64,
    pub(super) random: u64,
    pub(super) invalid: bool,
    when_ready: bool,
    expires_ms: Option<u64>,
    timers: Vec<TimerState>,
}

impl Default for FakeHost {
    fn default() -> Self {
        Self {
            messages: Vec::new(),
            timers: Vec::new(),
            attributes: BTreeMap::new(),
            outbox: Vec::new(),
            log: Vec::new(),
            now_ms: BEGIN_MS,
            random: 4,
            invalid: false,
            when_ready: true,
            expires_ms: Some(BEGIN_MS + 180_000),
        }
    }
}

impl FakeHost {
    pub(super) fn push(&mut self, message: Fact) -> MessageId {
        self.messages.push(message);
        MessageId(u32::try_from(self.messages.len() - 1).unwrap_or(u32::MAX))
    }

    fn message(&mut self, id: MessageId) -> Result<&mut Fact> {
        self.messages.get_mut(id.0 as usize).ok_or(Error::StaleHandle)
    }

    /// A message whose header may still be changed.
    fn open(&mut self, id: MessageId, name: &str) -> Result<&mut Fact> {
        let message = self.message(id)?;
        if message.is_sent {
            return Err(Error::AlreadyCommitted);
        }
        let system = [HeaderId::Via, HeaderId::CallId, HeaderId::CSeq, HeaderId::From, HeaderId::To];
        if system.contains(&HeaderId::from_name(name.as_bytes())) {
            return Err(Error::SystemHeader(name.to_owned()));
        }
        Ok(message)
    }

    fn live(&self) -> Result {
        if self.invalid { Err(Error::InvalidSession) } else { Ok(()) }
    }
}

impl Host for FakeHost {
    fn view(&mut self, message: MessageId) -> Result<Flat> {
        Ok(self.message(message)?.flat())
    }

    fn is_initial(&mut self, message: MessageId) -> Result<bool> {
        Ok(!self.message(message)?.in_dialog)
    }

    fn is_committed(&mut self, message: MessageId) -> Result<bool> {
        let message = self.message(message)?;
        Ok(message.is_sent || message.is_answered)
    }

    fn peer(&mut self, _: MessageId) -> Result<Option<Peer>> {
        Ok(Some(Peer { address: "10.0.1.1".to_owned(), port: 5060, transport: "udp".to_owned() }))
    }

    fn session_of(&mut self, _: MessageId) -> Result<SipKey> {
        Ok(SipKey(1))
    }

    fn request_of(&mut self, response: MessageId) -> Result<MessageId> {
        self.message(response)?.request.ok_or(Error::NoTransaction)
    }

    fn create_response(
        &mut self,
        request: MessageId,
        status: u16,
        reason: Option<&str>,
    ) -> Result<MessageId> {
        if !(101..700).contains(&status) {
            return Err(Error::InvalidStatus(status));
        }
        let method = self.message(request)?.method.clone();
        let response = Fact::response(status, reason, &method);
        Ok(self.push(Fact { request: Some(request), ..response }))
    }

    fn create_cancel(&mut self, request: MessageId) -> Result<MessageId> {
        let uri = self.message(request)?.uri.clone();
        Ok(self.push(Fact::request("CANCEL", &uri)))
    }

    fn create_prack(&mut self, _: MessageId) -> Result<MessageId> {
        Ok(self.push(Fact::request("PRACK", "sip:bob@home")))
    }

    fn send_reliably(&mut self, response: MessageId) -> Result {
        self.send(response)
    }

    fn create_ack(&mut self, _: MessageId) -> Result<MessageId> {
        Ok(self.push(Fact::request("ACK", "sip:bob@home")))
    }

    fn create_request(&mut self, _: SipKey, method: &str) -> Result<MessageId> {
        self.live()?;
        if Method::from_bytes(method.as_bytes()).is_err() {
            return Err(Error::InvalidMethod(method.to_owned()));
        }
        Ok(self.push(Fact { in_dialog: true, ..Fact::request(method, "sip:alice@10.0.1.1:5060") }))
    }

    fn create_initial_request(&mut self, method: &str, from: &str, to: &str) -> Result<MessageId> {
        self.live()?;
        let uri = to.trim_start_matches(|c| c != '<').trim_matches(['<', '>']).to_owned();
        let mut request = Fact::request(method, if uri.is_empty() { to } else { &uri });
        request.lines.retain(|(name, _)| name != "From" && name != "To");
        request.lines.extend(owned(&[("From", from), ("To", to)]));
        Ok(self.push(request))
    }

    fn set_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        self.remove_header(message, name)?;
        self.add_header(message, name, value)
    }

    fn add_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        self.open(message, name)?.lines.push((name.to_owned(), value.to_vec()));
        Ok(())
    }

    fn remove_header(&mut self, message: MessageId, name: &str) -> Result {
        let wanted = HeaderName::from(name);
        let keep = |line: &str| !wanted.matches(HeaderId::from_name(line.as_bytes()), line.as_bytes());
        self.open(message, name)?.lines.retain(|(line, _)| keep(line));
        Ok(())
    }

    fn set_request_uri(&mut self, request: MessageId, uri: &[u8]) -> Result {
        self.open(request, "")?.uri = String::from_utf8_lossy(uri).into_owned();
        Ok(())
    }

    fn set_content(&mut self, message: MessageId, content_type: &str, content: &[u8]) -> Result {
        self.set_header(message, "Content-Type", content_type.as_bytes())?;
        self.message(message)?.body = content.to_vec();
        Ok(())
    }

    fn send(&mut self, message: MessageId) -> Result {
        let (request, status) = {
            let message = self.message(message)?;
            if message.is_sent {
                return Err(Error::AlreadyCommitted);
            }
            (message.request, message.status)
        };
        if let Some(request) = request {
            let request = self.message(request)?;
            if request.is_answered {
                return Err(Error::FinalResponseSent);
            }
            request.is_answered = status >= 200;
        }
        self.message(message)?.is_sent = true;
        self.outbox.push(message);
        Ok(())
    }

    fn sessions(&mut self) -> Result<Vec<SipKey>> {
        Ok(vec![SipKey(1)])
    }

    fn session_id(&mut self, _: SipKey) -> Result<String> {
        Ok("fake-session".to_owned())
    }

    fn session_is_valid(&mut self, _: SipKey) -> Result<bool> {
        Ok(!self.invalid)
    }

    fn session_state(&mut self, _: SipKey) -> Result<SessionState> {
        self.live()?;
        let is_in_dialog = self.messages.first().is_some_and(|message| message.in_dialog);
        Ok(if is_in_dialog { SessionState::Confirmed } else { SessionState::Initial })
    }

    fn session_call_id(&mut self, _: SipKey) -> Result<String> {
        Ok("fake".to_owned())
    }

    fn local_party(&mut self, _: SipKey) -> Result<Vec<u8>> {
        Ok(b"<sip:bob@home>;tag=fake-2".to_vec())
    }

    fn remote_party(&mut self, _: SipKey) -> Result<Vec<u8>> {
        Ok(b"<sip:alice@home>;tag=fake-1".to_vec())
    }

    fn invalidate_session(&mut self, _: SipKey) -> Result {
        self.live()?;
        self.invalid = true;
        Ok(())
    }

    fn pending_requests(&mut self, _: SipKey) -> Result<Vec<MessageId>> {
        let open = |fact: &Fact| fact.status == 0 && !fact.is_sent && !fact.is_answered;
        let open = self.messages.iter().enumerate().filter(|(_, fact)| open(fact));
        Ok(open.map(|(at, _)| MessageId(at as u32)).collect())
    }

    fn create_timer(
        &mut self,
        delay_ms: u64,
        repeat: Repeat,
        persistent: bool,
        payload: &[u8],
    ) -> Result<String> {
        self.live()?;
        let id = format!("timer-{}", self.timers.len() + 1);
        let at = self.now() + delay_ms;
        self.timers.push(TimerState { id: id.clone(), at, repeat, persistent, payload: payload.to_vec() });
        Ok(id)
    }

    fn timers(&mut self) -> Result<Vec<TimerState>> {
        Ok(self.timers.clone())
    }

    fn timer(&mut self, id: &str) -> Result<Option<TimerState>> {
        Ok(self.timers.iter().find(|timer| timer.id == id).cloned())
    }

    fn cancel_timer(&mut self, id: &str) -> Result<bool> {
        let before = self.timers.len();
        self.timers.retain(|timer| timer.id != id);
        Ok(self.timers.len() < before)
    }

    fn application_session_id(&mut self) -> Result<String> {
        Ok("fake-application-session".to_owned())
    }

    fn application_session_is_valid(&mut self) -> Result<bool> {
        Ok(!self.invalid)
    }

    fn expires_at(&mut self) -> Result<Option<u64>> {
        self.live()?;
        Ok(self.expires_ms)
    }

    fn set_expires(&mut self, seconds: u32) -> Result {
        self.live()?;
        self.expires_ms = (seconds > 0).then(|| self.now_ms + u64::from(seconds) * 1000);
        Ok(())
    }

    fn invalidate_application_session(&mut self) -> Result {
        self.live()?;
        self.invalid = true;
        Ok(())
    }

    fn invalidate_when_ready(&mut self, _: Scope) -> Result<bool> {
        self.live()?;
        Ok(self.when_ready)
    }

    fn set_invalidate_when_ready(&mut self, _: Scope, on: bool) -> Result {
        self.live()?;
        self.when_ready = on;
        Ok(())
    }

    fn attribute(&mut self, _: Scope, name: &str) -> Result<Option<Vec<u8>>> {
        self.live()?;
        Ok(self.attributes.get(name).cloned())
    }

    fn set_attribute(&mut self, _: Scope, name: &str, value: &[u8]) -> Result {
        self.live()?;
        self.attributes.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn remove_attribute(&mut self, _: Scope, name: &str) -> Result {
        self.live()?;
        self.attributes.remove(name);
        Ok(())
    }

    fn attribute_names(&mut self, _: Scope) -> Result<Vec<String>> {
        self.live()?;
        Ok(self.attributes.keys().cloned().collect())
    }

    fn now(&mut self) -> u64 {
        self.now_ms
    }

    fn random(&mut self) -> u64 {
        self.random
    }

    fn log(&mut self, level: Level, message: &str) {
        self.log.push(format!("{level:?} {message}"));
    }
}
