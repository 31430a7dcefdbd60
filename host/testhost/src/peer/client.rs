//! What a peer asks for: requests, their repetition, and the responses that came. RFC 3261 §17.1.

use bytes::Bytes;
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::time::{Duration, Time};

use crate::wire;

use super::{Dialog, EndedBy, Extras, Peer, T1, T2, TIMEOUT};

/// How a request of a peer's ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has not.
    Pending,
    /// With this final response, the first one.
    Final(u16),
    /// Nothing came in 64*T1.
    TimedOut,
}

/// A request that a peer sent.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its method.
    pub method: String,
    /// Its Call-ID.
    pub call_id: String,
    /// Its branch.
    pub branch: String,
    /// Its CSeq number.
    pub cseq: u32,
    /// Tag of its From.
    pub from_tag: String,
    /// The whole request.
    pub bytes: Bytes,
    /// Index of the dialog that it was sent in.
    pub dialog: Option<usize>,
    /// How it ended.
    pub ending: Ending,
    /// All different responses that came, in order.
    pub responses: Vec<Bytes>,
    /// The peer wants it cancelled, or did so.
    pub cancelled: bool,
    /// Its 2xx are acknowledged as they come, whatever the peer's manners are.
    pub acks_by_itself: bool,
    /// ACKs that were sent, by the To tag that they acknowledge.
    acks: Vec<(String, Bytes)>,
    cancel_sent: bool,
    cancel_headers: Vec<(String, String)>,
    again_at: Option<Time>,
    interval: Duration,
    ends_at: Option<Time>,
}

impl Client {
    /// When it is sent again or given up.
    pub(super) fn next_timeout(&self) -> Option<Time> {
        [self.again_at, self.ends_at].into_iter().flatten().min()
    }

    /// True when a provisional response came.
    #[must_use]
    pub fn has_provisional(&self) -> bool {
        self.statuses().any(|status| status < 200)
    }

    /// The statuses of all different responses, in order.
    pub fn statuses(&self) -> impl Iterator<Item = u16> + '_ {
        self.responses.iter().filter_map(|bytes| wire::parse(bytes)?.status())
    }

    fn stop(&mut self) {
        self.again_at = None;
        self.ends_at = None;
    }
}

impl Peer {
    /// Sends a request outside every dialog; its index among the clients.
    pub fn request(&mut self, method: &str, uri: &str, extras: &Extras, now: Time) -> usize {
        let from_tag = extras.from_tag.clone().unwrap_or_else(|| self.mint("t"));
        let call_id = extras.call_id.clone().unwrap_or_else(|| self.mint("call"));
        let from = match &self.uri {
            Some(uri) => format!("<{uri}>;tag={from_tag}"),
            None => format!("<sip:{}@{}>;tag={from_tag}", self.name, self.address.ip()),
        };
        let to = match &extras.to_tag {
            Some(tag) => format!("<{uri}>;tag={tag}"),
            None => format!("<{uri}>"),
        };
        let cseq = extras.cseq.unwrap_or(1);
        self.start(method, uri, &from, &to, &call_id, cseq, &[], extras, None, now)
    }

    /// Sends a request inside a dialog; its index among the clients.
    pub fn request_in(&mut self, dialog: usize, method: &str, extras: &Extras, now: Time) -> usize {
        let known = &mut self.dialogs[dialog];
        known.local_seq = extras.cseq.unwrap_or(known.local_seq + 1);
        if method == "BYE" && known.ended.is_none() {
            known.ended = Some(EndedBy::Us);
        }
        let known = known.clone();
        let seq = known.local_seq;
        let (from, to) = (&known.local, &known.remote);
        self.start(
            method,
            &known.target,
            from,
            to,
            &known.call_id,
            seq,
            &known.routes,
            extras,
            Some(dialog),
            now,
        )
    }

    /// Cancels an INVITE, once a provisional response has come (RFC 3261 §9.1).
    pub fn cancel(&mut self, client: usize, headers: &[(String, String)], now: Time) {
        let known = &mut self.clients[client];
        if known.ending != Ending::Pending {
            return;
        }
        known.cancelled = true;
        known.cancel_headers = headers.to_vec();
        if known.has_provisional() {
            self.send_cancel(client, now);
        }
    }

    /// Cancels an INVITE whether or not anything came.
    pub fn send_cancel(&mut self, client: usize, now: Time) {
        let known = &mut self.clients[client];
        known.cancelled = true;
        if std::mem::replace(&mut known.cancel_sent, true) {
            return;
        }
        let headers = known.cancel_headers.clone();
        let bytes = self.of_invite(client, "CANCEL", None, &headers);
        let known = self.clients[client].clone();
        self.push_client(
            "CANCEL",
            &known.call_id,
            &known.branch,
            known.cseq,
            &known.from_tag,
            bytes,
            None,
            now,
        );
    }

    /// RFC 3261 §17.1.1.3, §9.1: a request in the transaction of an INVITE.
    fn of_invite(&self, client: usize, method: &str, to: Option<&str>, extra: &[(String, String)]) -> Bytes {
        let known = &self.clients[client];
        let Some(invite) = wire::parse(&known.bytes) else { return Bytes::new() };
        let mut headers = vec![
            ("Via".to_owned(), wire::text(&invite, HeaderId::Via)),
            ("Max-Forwards".to_owned(), "70".to_owned()),
            ("From".to_owned(), wire::text(&invite, HeaderId::From)),
            ("To".to_owned(), to.map_or_else(|| wire::text(&invite, HeaderId::To), str::to_owned)),
            ("Call-ID".to_owned(), known.call_id.clone()),
            ("CSeq".to_owned(), format!("{} {method}", known.cseq)),
        ];
        headers.extend(
            wire::texts(&invite, HeaderId::Route).into_iter().map(|route| ("Route".to_owned(), route)),
        );
        headers.extend_from_slice(extra);
        let uri = String::from_utf8_lossy(invite.request_uri()).into_owned();
        wire::write(&format!("{method} {uri} SIP/2.0"), &headers, "")
    }

    #[expect(clippy::too_many_arguments, reason = "a request has that many parts")]
    fn start(
        &mut self,
        method: &str,
        uri: &str,
        from: &str,
        to: &str,
        call_id: &str,
        cseq: u32,
        routes: &[String],
        extras: &Extras,
        dialog: Option<usize>,
        now: Time,
    ) -> usize {
        let branch = extras.branch.clone().unwrap_or_else(|| format!("z9hG4bK{}", self.mint("b")));
        let mut headers = vec![
            ("Via".to_owned(), self.via(&branch)),
            ("Max-Forwards".to_owned(), "70".to_owned()),
            ("From".to_owned(), from.to_owned()),
            ("To".to_owned(), to.to_owned()),
            ("Call-ID".to_owned(), call_id.to_owned()),
            ("CSeq".to_owned(), format!("{cseq} {method}")),
        ];
        let has = |name: &str| extras.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        if matches!(method, "INVITE" | "UPDATE" | "SUBSCRIBE") && !has("Contact") {
            headers.push(("Contact".to_owned(), self.contact()));
        }
        headers.extend(routes.iter().map(|route| ("Route".to_owned(), route.clone())));
        // An own line replaces one that every request has.
        headers.retain(|(name, _)| !has(name));
        headers.extend_from_slice(&extras.headers);
        if !extras.body.is_empty() && !has("Content-Type") {
            headers.push(("Content-Type".to_owned(), "application/sdp".to_owned()));
        }
        let bytes = wire::write(&format!("{method} {uri} SIP/2.0"), &headers, &extras.body);
        let from_tag = from.rsplit_once(";tag=").map_or("", |(_, tag)| tag).to_owned();
        self.push_client(method, call_id, &branch, cseq, &from_tag, bytes, dialog, now)
    }

    #[expect(clippy::too_many_arguments, reason = "a transaction has that many names")]
    fn push_client(
        &mut self,
        method: &str,
        call_id: &str,
        branch: &str,
        cseq: u32,
        from_tag: &str,
        bytes: Bytes,
        dialog: Option<usize>,
        now: Time,
    ) -> usize {
        self.send(bytes.clone());
        let repeats = self.manners.repeats && !self.is_reliable() && method != "ACK";
        self.clients.push(Client {
            method: method.to_owned(),
            call_id: call_id.to_owned(),
            branch: branch.to_owned(),
            cseq,
            from_tag: from_tag.to_owned(),
            bytes,
            dialog,
            ending: Ending::Pending,
            responses: Vec::new(),
            cancelled: false,
            acks_by_itself: false,
            acks: Vec::new(),
            cancel_sent: false,
            cancel_headers: Vec::new(),
            again_at: repeats.then(|| now + T1),
            interval: T1,
            ends_at: (method != "ACK").then(|| now + TIMEOUT),
        });
        self.clients.len() - 1
    }

    pub(super) fn clients_on_time(&mut self, now: Time) {
        for at in 0..self.clients.len() {
            let client = &mut self.clients[at];
            if client.ends_at.is_some_and(|end| end <= now) {
                client.stop();
                client.ending = Ending::TimedOut;
                continue;
            }
            if client.again_at.is_some_and(|again| again <= now) {
                let doubled = client.interval * 2;
                client.interval = if client.method == "INVITE" { doubled } else { doubled.min(T2) };
                client.again_at = Some(now + client.interval);
                let bytes = client.bytes.clone();
                self.send(bytes);
            }
        }
    }

    pub(super) fn on_response(&mut self, response: &Message, bytes: &Bytes, now: Time) {
        let (branch, (_, method)) = (wire::branch(response), wire::cseq(response));
        let found =
            self.clients.iter().rposition(|client| client.branch == branch && client.method == method);
        let (Some(at), Some(status)) = (found, response.status()) else { return };
        let client = &mut self.clients[at];
        if client.ending == Ending::TimedOut {
            return;
        }
        if !client.responses.contains(bytes) {
            client.responses.push(bytes.clone());
        }
        if status < 200 {
            self.on_provisional(at, response, now);
            return;
        }
        client.stop();
        if client.ending == Ending::Pending {
            client.ending = Ending::Final(status);
        }
        if method == "INVITE" {
            if status < 300 { self.on_success(at, response, now) } else { self.on_failure(at, response) }
        }
    }

    fn on_provisional(&mut self, at: usize, response: &Message, now: Time) {
        let client = &mut self.clients[at];
        if client.ending != Ending::Pending {
            return;
        }
        if client.method == "INVITE" {
            // RFC 3261 §17.1.1.2: Proceeding waits for as long as it takes.
            client.stop();
        } else if client.again_at.is_some() {
            client.interval = T2;
        }
        let (cancelled, in_dialog) = (client.cancelled, client.dialog.is_some());
        if client.method == "INVITE" && !wire::to_tag(response).is_empty() && !in_dialog {
            self.dialog_of(at, response);
        }
        if cancelled {
            self.send_cancel(at, now);
        }
    }

    /// The dialog of a response to an INVITE, made where there is none.
    fn dialog_of(&mut self, at: usize, response: &Message) -> usize {
        let (local, remote) = (wire::from_tag(response), wire::to_tag(response));
        let known = self.dialogs.iter().position(|dialog| super::matches(dialog, response, &local, &remote));
        known.unwrap_or_else(|| {
            let cseq = self.clients[at].cseq;
            self.dialogs.push(Dialog::of_response(response, at, cseq));
            self.dialogs.len() - 1
        })
    }

    fn on_success(&mut self, at: usize, response: &Message, now: Time) {
        let dialog = self.dialog_of(at, response);
        let known = &mut self.dialogs[dialog];
        if let Some(target) = wire::contact(response) {
            known.target = target;
        }
        let is_new = !std::mem::replace(&mut known.confirmed, true);
        if is_new {
            // A failure that it crossed was an answer to another copy of the INVITE.
            known.ended = None;
        }
        if self.manners.acks_success || self.clients[at].acks_by_itself {
            self.ack_success(at, dialog);
        }
        if is_new && self.clients[at].cancelled {
            // RFC 3261 §9.1: the CANCEL came too late; the caller hangs up.
            self.request_in(dialog, "BYE", &Extras::default(), now);
        }
    }

    /// RFC 3261 §13.2.2.4: the ACK for a 2xx, the same one each time.
    pub fn ack_success(&mut self, client: usize, dialog: usize) {
        let remote = self.dialogs[dialog].remote_tag.clone();
        let sent =
            self.clients[client].acks.iter().find(|(tag, _)| *tag == remote).map(|(_, bytes)| bytes.clone());
        if let Some(bytes) = sent {
            self.send(bytes);
            return;
        }
        let branch = format!("z9hG4bK{}", self.mint("b"));
        let known = &self.dialogs[dialog];
        let mut headers = vec![
            ("Via".to_owned(), self.via(&branch)),
            ("Max-Forwards".to_owned(), "70".to_owned()),
            ("From".to_owned(), known.local.clone()),
            ("To".to_owned(), known.remote.clone()),
            ("Call-ID".to_owned(), known.call_id.clone()),
            ("CSeq".to_owned(), format!("{} ACK", self.clients[client].cseq)),
        ];
        headers.extend(known.routes.iter().map(|route| ("Route".to_owned(), route.clone())));
        headers.extend(self.ack_headers.iter().cloned());
        let bytes = wire::write(&format!("ACK {} SIP/2.0", known.target), &headers, "");
        self.clients[client].acks.push((remote, bytes.clone()));
        self.send(bytes);
    }

    fn on_failure(&mut self, at: usize, response: &Message) {
        // An early dialog ends with the failure of its INVITE.
        for dialog in self.dialogs.iter_mut().filter(|dialog| dialog.client == Some(at) && !dialog.confirmed)
        {
            dialog.ended = Some(EndedBy::Host);
        }
        if self.manners.acks_failure {
            let to = wire::text(response, HeaderId::To);
            let bytes = self.of_invite(at, "ACK", Some(&to), &[]);
            self.send(bytes);
        }
    }
}
