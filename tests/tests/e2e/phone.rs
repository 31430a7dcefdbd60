//! A peer that says exactly what a test writes, and keeps what it hears.
//!
//! Its messages are put together here by hand and its ear is a few text functions: it shares no line with the host.

use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Longer than any answer of a host that is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// A UDP peer with one call at a time.
pub(crate) struct Phone {
    socket: UdpSocket,
    host: SocketAddr,
}

/// A request outside every dialog, before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    /// INVITE, BYE...
    pub(crate) method: String,
    /// Request-URI.
    pub(crate) uri: String,
    /// Transport of the Via.
    pub(crate) transport: &'static str,
    /// Who sends it.
    pub(crate) local: SocketAddr,
    /// Call-ID, also the seed of the From tag.
    pub(crate) call_id: String,
    /// Branch of its Via. A CANCEL and the ACK of a failure have that of their INVITE.
    pub(crate) branch: String,
    /// Number of CSeq.
    pub(crate) cseq: u32,
    /// To, with its tag where there is one.
    pub(crate) to: String,
    /// Further header lines, each with its line end.
    pub(crate) more: String,
    /// Body, SDP where there is one.
    pub(crate) body: String,
}

/// A body that every test can offer.
pub(crate) const SDP: &str =
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n";

impl Request {
    /// A request from `local` to `uri`, with a Call-ID of its own.
    pub(crate) fn new(method: &str, uri: &str, local: SocketAddr) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let call_id = format!("e2e-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self {
            method: method.to_owned(),
            uri: uri.to_owned(),
            transport: "UDP",
            local,
            branch: format!("z9hG4bK-{call_id}-1"),
            call_id,
            cseq: 1,
            to: format!("<{uri}>"),
            more: String::new(),
            body: if method == "INVITE" { SDP.to_owned() } else { String::new() },
        }
    }

    /// The same over TCP.
    pub(crate) fn over_tcp(mut self) -> Self {
        self.transport = "TCP";
        self
    }

    /// The request as it is sent.
    pub(crate) fn text(&self) -> String {
        let Self { method, uri, transport, local, call_id, branch, cseq, to, more, body } = self;
        let kind = if body.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
        format!(
            "{method} {uri} SIP/2.0\r\nVia: SIP/2.0/{transport} {local};branch={branch}\r\nMax-Forwards: 70\r\n\
             From: <sip:phone@{local}>;tag=f-{call_id}\r\nTo: {to}\r\nCall-ID: {call_id}\r\nCSeq: {cseq} {method}\r\n\
             Contact: <sip:phone@{local};transport={}>\r\n{more}{kind}Content-Length: {}\r\n\r\n{body}",
            transport.to_lowercase(),
            body.len()
        )
    }

    /// The ACK of a failure: same branch, the To of the answer (RFC 3261 §17.1.1.3).
    pub(crate) fn ack_of_failure(&self, answer: &str) -> String {
        let to = header(answer, "To").unwrap_or_default().to_owned();
        Self { method: "ACK".to_owned(), to, body: String::new(), ..self.clone() }.text()
    }

    /// A request inside the dialog that the answer to this INVITE has made.
    pub(crate) fn in_dialog(&self, method: &str, answer: &str) -> Self {
        let contact = header(answer, "Contact").expect("a 200 to an INVITE has a Contact");
        let uri = contact
            .split_once('<')
            .and_then(|(_, rest)| rest.split_once('>'))
            .map_or(contact, |(uri, _)| uri);
        Self {
            method: method.to_owned(),
            uri: uri.to_owned(),
            branch: format!("{}-{method}", self.branch),
            cseq: if method == "ACK" { self.cseq } else { self.cseq + 1 },
            to: header(answer, "To").expect("every answer has a To").to_owned(),
            more: String::new(),
            body: String::new(),
            ..self.clone()
        }
    }
}

impl Phone {
    /// A phone on a free port of the host's own address.
    pub(crate) fn new(host: SocketAddr) -> Self {
        let socket = UdpSocket::bind((host.ip(), 0)).expect("there are free ports");
        Self { socket, host }
    }

    /// Its own address.
    pub(crate) fn local(&self) -> SocketAddr {
        self.socket.local_addr().expect("it is bound")
    }

    /// A request to a user of the host's address.
    pub(crate) fn request(&self, method: &str, uri: &str) -> Request {
        Request::new(method, uri, self.local())
    }

    /// The next request that comes, with repetitions of those that came before passed over by their branch.
    pub(crate) fn next_request(&self, seen: &mut Vec<String>, timeout: Duration) -> Option<String> {
        let until = Instant::now() + timeout;
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let Some(message) = self.hear(left) else { continue };
            let name = format!(
                "{} {}",
                message.split(' ').next().unwrap_or_default(),
                header(&message, "Via").unwrap_or_default()
            );
            if status(&message).is_none() && !seen.contains(&name) {
                seen.push(name);
                return Some(message);
            }
        }
        None
    }

    /// Sends text as one datagram.
    pub(crate) fn send(&self, text: &str) {
        self.socket.send_to(text.as_bytes(), self.host).expect("loopback takes it");
    }

    /// The next message, none when the time is over.
    pub(crate) fn hear(&self, timeout: Duration) -> Option<String> {
        self.socket.set_read_timeout(Some(timeout.max(Duration::from_millis(1)))).expect("it is above zero");
        let mut buffer = vec![0; 65_535];
        let (length, _) = self.socket.recv_from(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..length]).into_owned())
    }

    /// The final answer to this request; none when none comes in time. Answers to other requests are passed over.
    pub(crate) fn final_answer(&self, request: &Request, timeout: Duration) -> Option<String> {
        let until = Instant::now() + timeout;
        let cseq = format!("{} {}", request.cseq, request.method);
        while let Some(left) = until.checked_duration_since(Instant::now()) {
            let Some(message) = self.hear(left) else { continue };
            let ours = header(&message, "Call-ID") == Some(&request.call_id)
                && header(&message, "CSeq") == Some(&cseq);
            if ours && status(&message).is_some_and(|status| status >= 200) {
                return Some(message);
            }
        }
        None
    }

    /// Sends the request and waits for its final answer; an INVITE is acknowledged.
    pub(crate) fn ask(&self, request: &Request) -> String {
        self.send(&request.text());
        let Some(answer) = self.final_answer(request, PATIENCE) else {
            panic!("no final answer within {PATIENCE:?} to\n{}", request.text());
        };
        if request.method == "INVITE" {
            let is_success = status(&answer).is_some_and(|status| status < 300);
            let ack = if is_success {
                request.in_dialog("ACK", &answer).text()
            } else {
                request.ack_of_failure(&answer)
            };
            self.send(&ack);
        }
        answer
    }
}

/// Status of a response, none for a request.
pub(crate) fn status(message: &str) -> Option<u16> {
    message.strip_prefix("SIP/2.0 ")?.get(..3)?.parse().ok()
}

/// Value of the first header of that name, as the host writes it.
pub(crate) fn header<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let head = message.split("\r\n\r\n").next()?;
    let mut lines = head.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
    lines.find(|(known, _)| known.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// An answer to a request of the host; `tag` is put behind To where there is none.
pub(crate) fn answer(request: &str, status: &str, tag: &str) -> String {
    let copied = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        ["Via", "From", "To", "Call-ID", "CSeq"].iter().any(|known| known.eq_ignore_ascii_case(name))
    };
    let head = request.split("\r\n\r\n").next().unwrap_or_default();
    let mut text = format!("SIP/2.0 {status}\r\n");
    for line in head.split("\r\n").filter(copied) {
        text.push_str(line);
        if line.starts_with("To:") && !line.contains(";tag=") {
            text.push_str(&format!(";tag={tag}"));
        }
        text.push_str("\r\n");
    }
    text + "Content-Length: 0\r\n\r\n"
}
