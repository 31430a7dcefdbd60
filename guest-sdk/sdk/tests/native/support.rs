//! A host that keeps what it is told: messages with header lines, an outbox, attributes.
//!
//! It knows just enough rules to refuse something: sending twice, touching Via, a status that is none.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use siplet::native::{
    Ended, Flat, Host, Instance, Level, MessageId, NativeServlet, Peer, Repeat, Scope, SessionState, SipKey,
    TimerState,
};
use siplet::{Error, Result};
use siplet_sip::header::HeaderId;
use siplet_sip::method::Method;

pub const INVITE: &str = "INVITE sip:carol@example.com SIP/2.0
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1
f: \"Alice A.\" <sip:alice@home.example;user=phone>;tag=a1
To: <sip:carol@example.com>
Call-ID: call-1
CSeq: 1 INVITE
Supported: timer, 100rel
k: path
X-Note: caf\u{e9}
Content-Type: Application/SDP;charset=utf-8

v=0";

pub const BUSY: &str = "SIP/2.0 486 Busy Here
Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1
Call-ID: call-1
CSeq: 1 INVITE
";

#[derive(Clone, Default)]
pub struct Msg {
    pub start: String,
    pub lines: Vec<(String, Vec<u8>)>,
    pub body: Vec<u8>,
    pub sent: bool,
    pub request: Option<MessageId>,
}

#[derive(Default)]
pub struct FakeHost {
    pub messages: Vec<Msg>,
    pub attributes: BTreeMap<(bool, String), Vec<u8>>,
    pub outbox: Vec<MessageId>,
    pub log: Vec<String>,
    pub views: usize,
    pub valid: bool,
    pub timers: Vec<TimerState>,
}

impl Msg {
    pub fn read(text: &str) -> Self {
        let (head, body) = text.split_once("\n\n").unwrap_or((text, ""));
        let mut lines = head.lines();
        let start = lines.next().unwrap().to_owned();
        let lines = lines.map(|line| line.split_once(": ").unwrap());
        let lines = lines.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec())).collect();
        Self { start, lines, body: body.into(), ..Self::default() }
    }

    fn flat(&self) -> Flat {
        let mut flat = Flat { bytes: self.start.clone().into_bytes(), index: vec![0; 8] };
        let span = |part: &str| [self.start.find(part).unwrap() as u32, part.len() as u32];
        let words: Vec<&str> = self.start.splitn(3, ' ').collect();
        if words[0] == "SIP/2.0" {
            let reason = self.start.splitn(3, ' ').nth(2).unwrap();
            flat.index[..2].copy_from_slice(&[2, words[1].parse().unwrap()]);
            flat.index[2..4].copy_from_slice(&span(reason));
        } else {
            flat.index[..2].copy_from_slice(&[1, method_number(words[0])]);
            flat.index[2..4].copy_from_slice(&span(words[0]));
            flat.index[4..6].copy_from_slice(&span(words[1]));
        }
        for (name, value) in &self.lines {
            flat.index.push(HeaderId::from_name(name.as_bytes()).code());
            for part in [name.as_bytes(), value] {
                flat.index.extend([flat.bytes.len() as u32, part.len() as u32]);
                flat.bytes.extend_from_slice(part);
            }
        }
        flat.index[6..8].copy_from_slice(&[flat.bytes.len() as u32, self.body.len() as u32]);
        flat.bytes.extend_from_slice(&self.body);
        flat
    }
}

/// As `view` in `wit/v0.1/types.wit` numbers them.
fn method_number(name: &str) -> u32 {
    let known = [Method::Invite, Method::Ack, Method::Bye, Method::Cancel, Method::Options];
    let method = Method::from_bytes(name.as_bytes()).unwrap();
    known.iter().position(|known| *known == method).map_or(0, |at| at as u32 + 1)
}

/// Runs one handler on a message that came from a peer.
pub fn run<S: NativeServlet>(handler: &str, message: &str) -> (Ended, FakeHost) {
    run_msg::<S>(handler, Msg::read(message))
}

pub fn run_msg<S: NativeServlet>(handler: &str, message: Msg) -> (Ended, FakeHost) {
    let instance = Instance::of::<S>([] as [(&str, &str); 0]).unwrap();
    let mut host = FakeHost { valid: true, ..FakeHost::default() };
    if message.start.starts_with("SIP/2.0") {
        let request = Msg { sent: true, ..Msg::read(INVITE) };
        host.messages = vec![message, request];
        host.messages[0].request = Some(MessageId(1));
    } else {
        host.messages.push(message);
    }
    instance.run(handler, Some(MessageId(0)), host)
}

impl FakeHost {
    /// What leaves: start line, and the headers that were added.
    pub fn sent(&self) -> Vec<String> {
        let mut sent = Vec::new();
        for id in &self.outbox {
            let message = &self.messages[id.0 as usize];
            let mut line = message.start.clone();
            for (name, value) in &message.lines {
                write!(line, " | {name}: {}", String::from_utf8_lossy(value)).unwrap();
            }
            sent.push(line);
        }
        sent
    }

    fn message(&mut self, id: MessageId) -> &mut Msg {
        &mut self.messages[id.0 as usize]
    }

    fn change(&mut self, id: MessageId, name: &str) -> Result<&mut Msg> {
        let message = self.message(id);
        if message.sent {
            return Err(Error::AlreadyCommitted);
        }
        if [HeaderId::Via, HeaderId::CallId, HeaderId::CSeq].contains(&HeaderId::from_name(name.as_bytes())) {
            return Err(Error::SystemHeader(name.to_owned()));
        }
        Ok(message)
    }

    fn create(&mut self, message: Msg) -> Result<MessageId> {
        self.messages.push(message);
        Ok(MessageId(self.messages.len() as u32 - 1))
    }

    fn live(&self) -> Result {
        if self.valid { Ok(()) } else { Err(Error::InvalidSession) }
    }
}

impl Host for FakeHost {
    fn view(&mut self, message: MessageId) -> Result<Flat> {
        self.views += 1;
        Ok(self.message(message).flat())
    }

    fn is_initial(&mut self, _: MessageId) -> Result<bool> {
        Ok(true)
    }

    fn is_committed(&mut self, message: MessageId) -> Result<bool> {
        Ok(self.message(message).sent)
    }

    fn peer(&mut self, _: MessageId) -> Result<Option<Peer>> {
        Ok(Some(Peer { address: "192.0.2.1".to_owned(), port: 5060, transport: "udp".to_owned() }))
    }

    fn session_of(&mut self, _: MessageId) -> Result<SipKey> {
        Ok(SipKey(0))
    }

    fn request_of(&mut self, response: MessageId) -> Result<MessageId> {
        self.message(response).request.ok_or(Error::NoTransaction)
    }

    fn create_response(
        &mut self,
        request: MessageId,
        status: u16,
        reason: Option<&str>,
    ) -> Result<MessageId> {
        if !(100..700).contains(&status) {
            return Err(Error::InvalidStatus(status));
        }
        let start = format!("SIP/2.0 {status} {}", reason.unwrap_or("Phrase"));
        self.create(Msg { start, request: Some(request), ..Msg::default() })
    }

    fn create_cancel(&mut self, _: MessageId) -> Result<MessageId> {
        self.create(Msg::read("CANCEL sip:carol@example.com SIP/2.0"))
    }

    fn create_prack(&mut self, _: MessageId) -> Result<MessageId> {
        self.create(Msg::read("PRACK sip:carol@example.com SIP/2.0"))
    }

    fn send_reliably(&mut self, response: MessageId) -> Result {
        self.send(response)
    }

    fn create_ack(&mut self, _: MessageId) -> Result<MessageId> {
        self.create(Msg::read("ACK sip:carol@example.com SIP/2.0"))
    }

    fn create_request(&mut self, _: SipKey, method: &str) -> Result<MessageId> {
        self.create(Msg::read(&format!("{method} sip:carol@example.com SIP/2.0")))
    }

    fn create_initial_request(&mut self, method: &str, from: &str, to: &str) -> Result<MessageId> {
        self.create(Msg::read(&format!("{method} sip:new@example.com SIP/2.0\nFrom: {from}\nTo: {to}")))
    }

    fn set_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        self.remove_header(message, name)?;
        self.add_header(message, name, value)
    }

    fn add_header(&mut self, message: MessageId, name: &str, value: &[u8]) -> Result {
        self.change(message, name)?.lines.push((name.to_owned(), value.to_vec()));
        Ok(())
    }

    fn remove_header(&mut self, message: MessageId, name: &str) -> Result {
        let wanted = siplet_sip::header::HeaderName::from(name);
        let keep = |line: &str| !wanted.matches(HeaderId::from_name(line.as_bytes()), line.as_bytes());
        self.change(message, name)?.lines.retain(|(line, _)| keep(line));
        Ok(())
    }

    fn set_request_uri(&mut self, request: MessageId, uri: &[u8]) -> Result {
        let uri = std::str::from_utf8(uri).unwrap();
        let message = self.message(request);
        let method = message.start.split(' ').next().unwrap();
        message.start = format!("{method} {uri} SIP/2.0");
        Ok(())
    }

    fn set_content(&mut self, message: MessageId, content_type: &str, content: &[u8]) -> Result {
        self.set_header(message, "Content-Type", content_type.as_bytes())?;
        self.message(message).body = content.to_vec();
        Ok(())
    }

    fn send(&mut self, message: MessageId) -> Result {
        let request = self.message(message).request;
        let is_final = !self.message(message).start.starts_with("SIP/2.0 1");
        if let Some(request) = request {
            if self.message(request).sent {
                return Err(Error::FinalResponseSent);
            }
            self.message(request).sent = is_final;
        }
        self.message(message).sent = true;
        self.outbox.push(message);
        Ok(())
    }

    fn sessions(&mut self) -> Result<Vec<SipKey>> {
        Ok(vec![SipKey(0)])
    }

    fn session_id(&mut self, session: SipKey) -> Result<String> {
        Ok(format!("session-{}", session.0))
    }

    fn session_is_valid(&mut self, _: SipKey) -> Result<bool> {
        Ok(self.valid)
    }

    fn session_state(&mut self, _: SipKey) -> Result<SessionState> {
        Ok(SessionState::Early)
    }

    fn session_call_id(&mut self, _: SipKey) -> Result<String> {
        Ok("call-1".to_owned())
    }

    fn local_party(&mut self, _: SipKey) -> Result<Vec<u8>> {
        Ok(b"<sip:carol@example.com>;tag=c1".to_vec())
    }

    fn remote_party(&mut self, _: SipKey) -> Result<Vec<u8>> {
        Ok(b"\"caf\xe9\" <sip:alice@home.example>;tag=a1".to_vec())
    }

    fn invalidate_session(&mut self, _: SipKey) -> Result {
        self.valid = false;
        Ok(())
    }

    fn pending_requests(&mut self, _: SipKey) -> Result<Vec<MessageId>> {
        let open = |message: &Msg| !message.start.starts_with("SIP/2.0") && !message.sent;
        let open = self.messages.iter().enumerate().filter(|(_, message)| open(message));
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
        Ok("application-1".to_owned())
    }

    fn application_session_is_valid(&mut self) -> Result<bool> {
        Ok(self.valid)
    }

    fn expires_at(&mut self) -> Result<Option<u64>> {
        Ok(Some(1_000_180_000))
    }

    fn set_expires(&mut self, _: u32) -> Result {
        self.live()
    }

    fn invalidate_application_session(&mut self) -> Result {
        self.valid = false;
        Ok(())
    }

    fn invalidate_when_ready(&mut self, _: Scope) -> Result<bool> {
        Ok(true)
    }

    fn set_invalidate_when_ready(&mut self, _: Scope, _: bool) -> Result {
        self.live()
    }

    fn attribute(&mut self, of: Scope, name: &str) -> Result<Option<Vec<u8>>> {
        self.live()?;
        Ok(self.attributes.get(&(of == Scope::Application, name.to_owned())).cloned())
    }

    fn set_attribute(&mut self, of: Scope, name: &str, value: &[u8]) -> Result {
        self.live()?;
        self.attributes.insert((of == Scope::Application, name.to_owned()), value.to_vec());
        Ok(())
    }

    fn remove_attribute(&mut self, of: Scope, name: &str) -> Result {
        self.live()?;
        self.attributes.remove(&(of == Scope::Application, name.to_owned()));
        Ok(())
    }

    fn attribute_names(&mut self, of: Scope) -> Result<Vec<String>> {
        let application = of == Scope::Application;
        Ok(self.attributes.keys().filter(|key| key.0 == application).map(|key| key.1.clone()).collect())
    }

    fn now(&mut self) -> u64 {
        1_000_000_000
    }

    fn random(&mut self) -> u64 {
        4711
    }

    fn log(&mut self, level: Level, message: &str) {
        self.log.push(format!("{level:?} {message}"));
    }
}
