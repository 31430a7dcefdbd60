//! What is new at the phones.

use siplet_sip::message::Message;
use siplet_test_protocol::{self as protocol, Event};

use crate::peer::{Ending, Peer};
use crate::wire;

/// How much of a phone was told.
#[derive(Default)]
struct Told {
    /// For each request that it sent: responses, and whether it timed out.
    clients: Vec<(usize, bool)>,
    /// For each request that came to it: whether its ACK was told.
    servers: Vec<bool>,
}

/// How much of all phones was told.
#[derive(Default)]
pub(super) struct Noticed(Vec<Told>);

impl Noticed {
    /// Adds what is new.
    pub(super) fn gather(&mut self, peers: &[Peer], events: &mut Vec<Event>) {
        self.0.resize_with(peers.len(), Told::default);
        for (phone, (peer, told)) in peers.iter().zip(&mut self.0).enumerate() {
            clients(phone, peer, told, events);
            servers(phone, peer, told, events);
        }
    }
}

fn clients(phone: usize, peer: &Peer, told: &mut Told, events: &mut Vec<Event>) {
    told.clients.resize(peer.clients.len(), (0, false));
    for (request, (client, (responses, timed_out))) in peer.clients.iter().zip(&mut told.clients).enumerate()
    {
        for bytes in &client.responses[*responses..] {
            let message = wire::parse(bytes).map(|message| view(&message)).unwrap_or_default();
            events.push(Event::Response { phone, request, method: client.method.clone(), message });
        }
        *responses = client.responses.len();
        if client.ending == Ending::TimedOut && !std::mem::replace(timed_out, true) {
            events.push(Event::TimedOut { phone, request, method: client.method.clone() });
        }
    }
}

fn servers(phone: usize, peer: &Peer, told: &mut Told, events: &mut Vec<Event>) {
    for (incoming, server) in peer.servers.iter().enumerate() {
        if incoming == told.servers.len() {
            told.servers.push(false);
            let (of_incoming, of_request) = belongs_to(peer, incoming);
            events.push(Event::Request {
                phone,
                incoming,
                message: view(&server.request),
                of_incoming,
                of_request,
            });
        }
        if !server.acked.is_empty() && !std::mem::replace(&mut told.servers[incoming], true) {
            events.push(Event::Acknowledged { phone, incoming });
        }
    }
}

/// The INVITE that a request belongs to: one that came, or one that was sent.
fn belongs_to(peer: &Peer, incoming: usize) -> (Option<usize>, Option<usize>) {
    let server = &peer.servers[incoming];
    if server.method == "CANCEL" {
        let fits = |other: &crate::peer::Server| other.branch == server.branch && other.method == "INVITE";
        return (peer.servers.iter().position(fits), None);
    }
    let Some(dialog) = peer.dialog_of_request(incoming) else { return (None, None) };
    let came = (0..peer.servers.len()).find(|at| {
        *at != incoming && peer.servers[*at].method == "INVITE" && peer.dialog_of_server(*at) == Some(dialog)
    });
    (came, peer.dialogs[dialog].client)
}

/// A message as a kit sees it.
pub(super) fn view(message: &Message) -> protocol::Message {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let name = |line: &siplet_sip::message::Line<'_>| match line.id.name() {
        "" => text(line.name),
        name => name.to_owned(),
    };
    protocol::Message {
        method: message.method().map(|method| method.as_str().to_owned()).unwrap_or_default(),
        uri: if message.is_request() { text(message.request_uri()) } else { String::new() },
        status: message.status().unwrap_or_default(),
        reason: if message.is_request() { String::new() } else { text(message.reason()) },
        headers: message.lines().map(|line| (name(&line), text(line.value))).collect(),
        body: text(message.body()),
    }
}
