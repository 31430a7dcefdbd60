//! What a peer is asked for: requests of the host, and how it answers them. RFC 3261 §17.2, §13.3.1.

use std::collections::VecDeque;

use bytes::Bytes;
use siplet_sip::header::HeaderId;
use siplet_sip::message::Message;
use siplet_sip::time::{Duration, Time};

use crate::wire;

use super::{Answer, Dialog, EndedBy, Peer, Reply, T1, T2, TIMEOUT};

/// A request that came to a peer.
#[derive(Clone, Debug)]
pub struct Server {
    /// Its method.
    pub method: String,
    /// Its branch.
    pub branch: String,
    /// Its Call-ID.
    pub call_id: String,
    /// The request.
    pub request: Message,
    /// The final responses that were sent: status, tag, bytes.
    pub finals: Vec<(u16, String, Bytes)>,
    /// For an INVITE: tags of the final responses whose ACK came.
    pub acked: Vec<String>,
    /// The ACK of a final response never came.
    pub no_ack: bool,
    planned: VecDeque<(Time, Reply)>,
    tag: String,
    last: Option<Bytes>,
    again_at: Option<Time>,
    interval: Duration,
    ends_at: Option<Time>,
}

impl Server {
    pub(super) fn next_timeout(&self) -> Option<Time> {
        let planned = self.planned.front().map(|(at, _)| *at);
        [planned, self.again_at, self.ends_at].into_iter().flatten().min()
    }

    /// Final responses whose ACK has not come.
    fn unacknowledged(&self) -> impl Iterator<Item = &Bytes> {
        let in_dialog = !wire::to_tag(&self.request).is_empty();
        self.finals.iter().filter_map(move |(status, tag, bytes)| {
            let acked =
                if *status >= 300 || in_dialog { !self.acked.is_empty() } else { self.acked.contains(tag) };
            (!acked).then_some(bytes)
        })
    }

    fn tag_of(&self, fork: u32) -> String {
        if fork == 0 { self.tag.clone() } else { format!("{}-{fork}", self.tag) }
    }
}

impl Peer {
    pub(super) fn on_request(&mut self, request: Message, now: Time) {
        let method = wire::method(&request);
        if method == "ACK" {
            self.on_ack(&request);
            return;
        }
        let branch = wire::branch(&request);
        let known = self.servers.iter().position(|server| server.branch == branch && server.method == method);
        if let Some(at) = known {
            // RFC 3261 §17.2: a request that comes again gets the last response again.
            if let Some(bytes) = self.servers[at].last.clone() {
                self.send(bytes);
            }
            return;
        }
        let tag = self.mint("t");
        self.servers.push(Server {
            method: method.clone(),
            branch,
            call_id: wire::text(&request, HeaderId::CallId),
            request,
            finals: Vec::new(),
            acked: Vec::new(),
            no_ack: false,
            planned: VecDeque::new(),
            tag,
            last: None,
            again_at: None,
            interval: T1,
            ends_at: None,
        });
        if self.manners.answers {
            self.answer(self.servers.len() - 1, &method, now);
        }
    }

    fn answer(&mut self, at: usize, method: &str, now: Time) {
        match method {
            "INVITE" if self.manners.answers_calls => self.plan(at, now),
            "INVITE" => {}
            "CANCEL" => self.on_cancel(at, now),
            "BYE" => {
                let status = if self.end_dialog_of(at) { 200 } else { 481 };
                self.reply(at, &Reply::now(status), now);
            }
            other => {
                let status = self.statuses.get(other).copied().unwrap_or(200);
                self.reply(at, &Reply::now(status), now);
            }
        }
    }

    fn plan(&mut self, at: usize, now: Time) {
        let request = &self.servers[at].request;
        let answer = if self.dialog_of_request(at).is_some() {
            Answer::of(&[200])
        } else {
            let uri = String::from_utf8_lossy(request.request_uri()).into_owned();
            let user = uri.trim_start_matches("sip:").split('@').next().unwrap_or_default().to_owned();
            let known = self.answers.get(&user).or_else(|| self.answers.get("")).cloned();
            known.unwrap_or_else(|| Answer::of(&[180, 200]))
        };
        let mut due = now;
        for reply in answer.replies {
            due += reply.after;
            self.servers[at].planned.push_back((due, reply));
        }
        self.servers_on_time(now);
    }

    fn on_cancel(&mut self, at: usize, now: Time) {
        let branch = self.servers[at].branch.clone();
        let invite =
            self.servers.iter().position(|server| server.branch == branch && server.method == "INVITE");
        let Some(invite) = invite else {
            self.reply(at, &Reply::now(481), now);
            return;
        };
        self.servers[at].tag = self.servers[invite].tag.clone();
        self.reply(at, &Reply::now(200), now);
        if self.servers[invite].finals.is_empty() {
            self.servers[invite].planned.clear();
            self.reply(invite, &Reply::now(487), now);
        }
    }

    /// Index of the dialog that the answers to an INVITE made.
    #[must_use]
    pub fn dialog_of_server(&self, at: usize) -> Option<usize> {
        let server = self.servers.get(at)?;
        let (local, remote) = (&server.tag, wire::from_tag(&server.request));
        self.dialogs.iter().position(|dialog| super::matches(dialog, &server.request, local, &remote))
    }

    /// Index of the dialog that a request names.
    #[must_use]
    pub fn dialog_of_request(&self, at: usize) -> Option<usize> {
        let request = &self.servers[at].request;
        let (local, remote) = (wire::to_tag(request), wire::from_tag(request));
        self.dialogs.iter().position(|dialog| super::matches(dialog, request, &local, &remote))
    }

    fn end_dialog_of(&mut self, at: usize) -> bool {
        let Some(dialog) = self.dialog_of_request(at) else { return false };
        self.dialogs[dialog].ended.get_or_insert(EndedBy::Host);
        true
    }

    /// Sends a response.
    pub fn reply(&mut self, at: usize, reply: &Reply, now: Time) {
        let server = &self.servers[at];
        let (request, method) = (&server.request, server.method.clone());
        let tag = server.tag_of(reply.fork);
        let mut to = wire::text(request, HeaderId::To);
        let has_tag = !wire::to_tag(request).is_empty();
        if !has_tag && reply.status > 100 {
            to = format!("{to};tag={tag}");
        }
        let mut headers: Vec<(String, String)> =
            wire::texts(request, HeaderId::Via).into_iter().map(|via| ("Via".to_owned(), via)).collect();
        headers.push(("From".to_owned(), wire::text(request, HeaderId::From)));
        headers.push(("To".to_owned(), to));
        headers.push(("Call-ID".to_owned(), server.call_id.clone()));
        headers.push(("CSeq".to_owned(), wire::text(request, HeaderId::CSeq)));
        let routes = wire::texts(request, HeaderId::RecordRoute);
        headers.extend(routes.into_iter().map(|route| ("Record-Route".to_owned(), route)));
        if method == "INVITE" && reply.status > 100 && reply.status < 300 {
            headers.push(("Contact".to_owned(), self.contact()));
        }
        headers.extend_from_slice(&reply.headers);
        if !reply.body.is_empty()
            && !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("Content-Type"))
        {
            headers.push(("Content-Type".to_owned(), "application/sdp".to_owned()));
        }
        let reason = if reply.reason.is_empty() { "Scripted" } else { &reply.reason };
        let bytes = wire::write(&format!("SIP/2.0 {} {reason}", reply.status), &headers, &reply.body);
        if method == "INVITE" && reply.status > 100 && reply.status < 300 && !has_tag {
            self.callee_dialog(at, &tag, reply.status);
        }
        self.send(bytes.clone());
        self.after_reply(at, reply.status, tag, bytes, now);
    }

    fn after_reply(&mut self, at: usize, status: u16, tag: String, bytes: Bytes, now: Time) {
        let (repeats, reliable) = (self.manners.repeats, self.is_reliable());
        let server = &mut self.servers[at];
        server.last = Some(bytes.clone());
        if status >= 200 {
            server.finals.push((status, tag, bytes));
            if server.method == "INVITE" {
                // RFC 3261 §17.2.1, §13.3.1.4: again until the ACK; a 2xx also over a stream.
                server.interval = T1;
                server.again_at = (repeats && (!reliable || status < 300)).then(|| now + T1);
                server.ends_at = Some(now + TIMEOUT);
            }
        }
    }

    fn callee_dialog(&mut self, at: usize, tag: &str, status: u16) {
        let request = &self.servers[at].request;
        let remote = wire::from_tag(request);
        let known = self.dialogs.iter_mut().find(|dialog| super::matches(dialog, request, tag, &remote));
        match known {
            Some(dialog) => dialog.confirmed |= status >= 200,
            None => {
                let mut dialog = Dialog::of_request(request, tag);
                dialog.confirmed = status >= 200;
                self.dialogs.push(dialog);
            }
        }
    }

    fn on_ack(&mut self, ack: &Message) {
        let (branch, call_id, to_tag) =
            (wire::branch(ack), wire::text(ack, HeaderId::CallId), wire::to_tag(ack));
        let (number, _) = wire::cseq(ack);
        let from_tag = wire::from_tag(ack);
        for server in self.servers.iter_mut().filter(|server| server.method == "INVITE") {
            let same_dialog = server.call_id == call_id
                && wire::cseq(&server.request).0 == number
                && wire::from_tag(&server.request) == from_tag;
            let fits = server.finals.iter().any(|(status, tag, _)| {
                let in_dialog = !wire::to_tag(&server.request).is_empty();
                if *status >= 300 {
                    server.branch == branch
                } else {
                    same_dialog && (*tag == to_tag || in_dialog)
                }
            });
            if fits {
                server.acked.push(to_tag.clone());
                if server.unacknowledged().next().is_none() {
                    server.again_at = None;
                    server.ends_at = None;
                }
            }
        }
    }

    pub(super) fn servers_on_time(&mut self, now: Time) {
        for at in 0..self.servers.len() {
            while self.servers[at].planned.front().is_some_and(|(due, _)| *due <= now) {
                if let Some((_, reply)) = self.servers[at].planned.pop_front() {
                    self.reply(at, &reply, now);
                }
            }
            let server = &mut self.servers[at];
            if server.ends_at.is_some_and(|end| end <= now) {
                server.again_at = None;
                server.ends_at = None;
                server.no_ack = true;
            }
            if server.again_at.is_some_and(|again| again <= now) {
                server.interval = (server.interval * 2).min(T2);
                server.again_at = Some(now + server.interval);
                let again: Vec<Bytes> = server.unacknowledged().cloned().collect();
                for bytes in again {
                    self.send(bytes);
                }
            }
        }
    }
}
