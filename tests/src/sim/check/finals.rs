//! INV-FINAL: every request that a peer sent ends with one final response; every call ends by a BYE or an honest final
//! response, on both sides; every final response of a peer gets its ACK.

use std::collections::BTreeSet;

use siplet_container::io::Key;
use siplet_container::report::Report;

use crate::peer::{Client, Ending, EndedBy, Peer};
use crate::wire;
use crate::world::World;
use crate::world::seen::Seen;

use super::Checker;

#[derive(Default)]
pub(super) struct Finals {
    /// Calls in which the host said BYE.
    host_byes: BTreeSet<String>,
    /// Sessions that went without a word, because they are another node's.
    evicted: BTreeSet<Key>,
    killed: bool,
}

impl Checker for Finals {
    fn see(&mut self, _world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::Transmit { bytes, .. } => {
                let message = wire::parse(bytes)?;
                if message.status().is_none() && wire::method(&message) == "BYE" {
                    self.host_byes.insert(wire::text_call(&message));
                }
            }
            Seen::Report(Report::StoreRefused { key }) => {
                self.evicted.insert(*key);
            }
            Seen::Killed { .. } => self.killed = true,
            _ => {}
        }
        None
    }

    fn end(&mut self, world: &World) -> Vec<String> {
        let mut faults = Vec::new();
        for peer in &world.peers {
            self.clients(world, peer, &mut faults);
            self.dialogs(world, peer, &mut faults);
            self.servers(world, peer, &mut faults);
        }
        faults
    }
}

impl Finals {
    /// True when the call may be another node's now.
    fn is_exempt(&self, world: &World, key: Option<Key>) -> bool {
        if world.host.fenced.is_empty() && self.evicted.is_empty() {
            return false;
        }
        // Who saw nothing names no session: it may be one of those.
        key.is_none_or(|key| {
            self.evicted.contains(&key) || world.host.fenced.iter().any(|fenced| fenced.partition() == key.partition())
        })
    }

    fn clients(&self, world: &World, peer: &Peer, faults: &mut Vec<String>) {
        // Over a stream nothing is repeated, so a host that dies may have lost it.
        let lossy = self.killed && peer.transport.is_reliable();
        for client in peer.clients.iter().filter(|client| client.method != "ACK") {
            let key = client.responses.iter().filter_map(wire::parse).find_map(|response| wire::session_of(&response));
            let key = key.or_else(|| dialog_key(peer, client));
            if self.is_exempt(world, key) || lossy {
                continue;
            }
            let name = format!("{} {} cseq={} of {}", peer.name, client.method, client.cseq, client.call_id);
            match client.ending {
                Ending::Final(_) => {}
                // A 2xx to a re-INVITE is not repeated once the call has ended (RFC 6026 §7.1 absorbs the INVITE).
                Ending::Pending | Ending::TimedOut if client.method == "INVITE" && has_ended(peer, client) => {}
                Ending::Pending => faults.push(format!("{name} has no final response")),
                Ending::TimedOut => {
                    let seen: Vec<u16> = client.statuses().collect();
                    faults.push(format!("{name} timed out after it saw {seen:?}"));
                }
            }
            let finals = stateful_finals(client);
            if finals.len() > 1 {
                faults.push(format!("{name} has several final responses: {finals:?}"));
            }
        }
    }

    fn dialogs(&self, world: &World, peer: &Peer, faults: &mut Vec<String>) {
        for (at, dialog) in peer.dialogs.iter().enumerate() {
            if !dialog.confirmed || self.is_exempt(world, wire::key_of(&dialog.remote_tag)) {
                continue;
            }
            let name = format!("{}'s call {}", peer.name, dialog.call_id);
            match dialog.ended {
                None => faults.push(format!("{name} was never ended")),
                Some(EndedBy::Host) => {}
                Some(EndedBy::Us) => {
                    let byes = peer.clients.iter().filter(|client| client.dialog == Some(at) && client.method == "BYE");
                    // A repetition that crosses a 503 may be the one that succeeds.
                    let seen: Vec<u16> = byes.flat_map(Client::statuses).collect();
                    if !seen.contains(&200) && !self.host_byes.contains(&dialog.call_id) {
                        faults.push(format!("{name} is not known: its BYE got {seen:?}"));
                    }
                }
            }
        }
    }

    fn servers(&self, world: &World, peer: &Peer, faults: &mut Vec<String>) {
        for server in peer.servers.iter().filter(|server| server.method == "INVITE") {
            let key = wire::key_of(&wire::from_tag(&server.request));
            if server.no_ack && !self.is_exempt(world, key) {
                faults.push(format!("{}'s final response in {} got no ACK", peer.name, server.call_id));
            }
        }
    }
}

fn has_ended(peer: &Peer, client: &Client) -> bool {
    client.dialog.and_then(|at| peer.dialogs.get(at)).is_some_and(|dialog| dialog.ended.is_some())
}

/// The session of the dialog that a request was sent in.
fn dialog_key(peer: &Peer, client: &Client) -> Option<Key> {
    wire::key_of(&peer.dialogs.get(client.dialog?)?.remote_tag)
}

/// Different final responses, without those that need no transaction and may come beside others.
fn stateful_finals(client: &Client) -> BTreeSet<(u16, String)> {
    client
        .responses
        .iter()
        .filter_map(wire::parse)
        .map(|response| (response.status().unwrap_or_default(), wire::to_tag(&response)))
        .filter(|(status, tag)| *status >= 200 && !tag.starts_with("sl-") && !matches!(status, 481 | 503))
        .collect()
}
