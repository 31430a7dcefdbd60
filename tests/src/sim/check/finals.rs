//! INV-FINAL: every request that a peer sent ends with one final response; every call ends by a BYE or an honest final
//! response, on both sides; every final response of a peer gets its ACK.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use siplet_container::app::Handler;
use siplet_container::io::Key;
use siplet_container::report::Report;
use siplet_sip::message::Message;
use siplet_sip::time::Time;

use crate::peer::{Client, EndedBy, Ending, Peer};
use crate::wire;
use crate::world::World;
use crate::world::seen::{End, Seen};

use super::Checker;

#[derive(Default)]
pub(super) struct Finals {
    /// Calls in which the host said BYE.
    host_byes: BTreeSet<String>,
    /// Calls in which the host answered a BYE with 200.
    ended: BTreeSet<String>,
    /// Sessions that went without a word, because they are another node's.
    evicted: BTreeSet<Key>,
    killed: bool,
    /// When a cancelled INVITE's CANCEL was answered, and when the INVITE was, by peer and branch.
    cancelled: BTreeMap<(End, String), Time>,
    /// 2xx of INVITEs whose ACK a turn or the host has dealt with, by Call-ID and CSeq: times that they came again.
    acknowledged: BTreeMap<(String, u32), u32>,
}

/// An INVITE that was cancelled is answered within this, whatever gets lost.
const CANCEL_TIME: Duration = Duration::from_secs(20);
/// A 2xx that was under way when its ACK came may still be seen so often.
const LATE_SUCCESSES: u32 = 2;

impl Checker for Finals {
    fn see(&mut self, world: &World, seen: &Seen<'_>) -> Option<String> {
        match seen {
            Seen::Transmit { bytes, .. } => {
                let message = wire::parse(bytes)?;
                if message.status().is_none() && wire::method(&message) == "BYE" {
                    self.host_byes.insert(wire::text_call(&message));
                }
                if message.status() == Some(200) && wire::cseq(&message).1 == "BYE" {
                    self.ended.insert(wire::text_call(&message));
                }
                return self.success_again(&message);
            }
            Seen::TurnBegan { handler: Handler::DoAck, message: Some(message), .. } => {
                let message = wire::parse(message)?;
                self.acknowledged.insert((wire::text_call(&message), wire::cseq(&message).0), 0);
            }
            Seen::Arrived { at: at @ End::Peer(_), bytes } => {
                let message = wire::parse(bytes)?;
                return self.cancelled_in_time(*at, &message, world.now);
            }
            Seen::Report(Report::RolledBack { .. }) => self.acknowledged.clear(),
            Seen::Report(Report::StoreRefused { key }) => {
                self.evicted.insert(*key);
            }
            Seen::Killed { .. } => {
                self.killed = true;
                self.acknowledged.clear();
            }
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
    /// RFC 3261 §13.3.1.4: the ACK ends the repetition of its 2xx.
    fn success_again(&mut self, message: &Message) -> Option<String> {
        let (number, method) = wire::cseq(message);
        let is_success =
            message.status().is_some_and(|status| (200..300).contains(&status)) && method == "INVITE";
        let again = self.acknowledged.get_mut(&(wire::text_call(message), number)).filter(|_| is_success)?;
        *again += 1;
        (*again > LATE_SUCCESSES).then(|| "a 2xx is repeated after its ACK".to_owned())
    }

    /// RFC 3261 §9.2: the INVITE of a CANCEL that got its 200 is answered.
    fn cancelled_in_time(&mut self, at: End, message: &Message, now: Time) -> Option<String> {
        let status = message.status().filter(|status| *status >= 200)?;
        let name = (at, wire::branch(message));
        match wire::cseq(message).1.as_str() {
            "CANCEL" if status == 200 => {
                self.cancelled.entry(name).or_insert(now);
                None
            }
            "INVITE" => {
                let since = now.since(self.cancelled.insert(name, Time::MAX)?);
                (since > CANCEL_TIME).then(|| format!("an INVITE was answered {since:?} after its CANCEL"))
            }
            _ => None,
        }
    }

    /// True when the call may be another node's now.
    fn is_exempt(&self, world: &World, key: Option<Key>) -> bool {
        if world.host.fenced.is_empty() && self.evicted.is_empty() {
            return false;
        }
        // Who saw nothing names no session: it may be one of those.
        key.is_none_or(|key| {
            self.evicted.contains(&key)
                || world.host.fenced.iter().any(|fenced| fenced.partition() == key.partition())
        })
    }

    fn clients(&self, world: &World, peer: &Peer, faults: &mut Vec<String>) {
        // Over a stream nothing is repeated, so a host that dies may have lost it.
        let lossy = self.killed && peer.transport.is_reliable();
        for client in peer.clients.iter().filter(|client| client.method != "ACK") {
            let key = client
                .responses
                .iter()
                .filter_map(wire::parse)
                .find_map(|response| wire::session_of(&response));
            let key = key.or_else(|| dialog_key(peer, client));
            if self.is_exempt(world, key) || lossy {
                continue;
            }
            let name = format!("{} {} cseq={} of {}", peer.name, client.method, client.cseq, client.call_id);
            match client.ending {
                Ending::Final(_) => {}
                // A 2xx to a re-INVITE is not repeated once the call has ended (RFC 6026 §7.1 absorbs the INVITE).
                Ending::Pending | Ending::TimedOut
                    if client.method == "INVITE" && has_ended(peer, client) => {}
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
                    let byes = peer
                        .clients
                        .iter()
                        .filter(|client| client.dialog == Some(at) && client.method == "BYE");
                    let seen: Vec<u16> = byes.flat_map(Client::statuses).collect();
                    // A repetition that crosses a 503 may be the one that succeeds, and nobody waits for its 200.
                    let crossed = seen.contains(&503) && self.ended.contains(&dialog.call_id);
                    let honest = seen.contains(&200) || crossed || self.host_byes.contains(&dialog.call_id);
                    if !honest {
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
