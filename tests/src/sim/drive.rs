//! Living a plan: the world is made, each action is done in its time, then all is healed and comes to rest.

use std::time::Duration;

use siplet_container::Input;
use siplet_container::io::{Command, Key, Transport};
use siplet_store::memory::Faults;

use crate::peer::{EndedBy, Ending, Extras, Peer};
use crate::wire;
use crate::world::World;
use crate::world::net::Weather;
use crate::world::node::Kill;

use super::plan::{Action, Plan};

mod versions;

/// The callee of servlets' own calls; the peers before are the callers.
pub const CALLEE: usize = 2;
/// An INVITE that a servlet forgot is answered after this.
const UNANSWERED: Duration = Duration::from_secs(30);
/// Time from one attempt to end everything to the next: longer than any transaction.
const ROUND: Duration = Duration::from_secs(40);

/// The world of a plan, before its first action.
///
/// # Panics
/// Never: the default scripts are well formed.
#[must_use]
pub fn begin(plan: &Plan) -> World {
    let mut world = World::new(plan.seed);
    let config = &mut world.host.config;
    config.durable = plan.durable;
    config.limits.invite_unanswered = UNANSWERED;
    config.limits.parked_units = plan.limits.parked_units;
    config.limits.sessions = plan.limits.sessions;
    config.limits.store_attempts = plan.limits.store_attempts;
    world.net.weather = plan.weather;
    world.host.dns_us = 1000;
    world.host.store.set_faults(Faults { latency_us: plan.store_us, ..Faults::default() });
    for name in ["alice", "carol", "bob"] {
        world.add_peer(name, Transport::Udp);
    }
    for (id, answer) in &plan.answers {
        world.peers[CALLEE].answers.insert(format!("p{id}"), answer.clone());
    }
    let (application, servlet) = versions::version(plan, 1, None, None);
    world.host.add(application, Box::new(servlet));
    world
}

/// Lives the plan to its end.
pub fn live(world: &mut World, plan: &Plan) {
    world.start_host();
    let mut calls = Calls::default();
    for (at, action) in &plan.actions {
        world.run_until(world.start + *at);
        calls.act(world, plan, action);
    }
    world.run_until(world.start + plan.heal_at);
    heal(world);
}

/// Heals everything, lets the peers end their calls, and waits until nothing is due.
pub fn heal(world: &mut World) {
    world.net.weather = Weather { delay: Duration::from_millis(1), ..Weather::default() };
    world.net.rules.clear();
    world.host.kills.clear();
    let latency_us = world.host.store.faults().latency_us;
    world.set_store_faults(Faults { latency_us, ..Faults::default() });
    world.start_host();
    world.feed(Input::Command { id: 0, command: Command::Resume });
    for _ in 0..5 {
        let now = world.now;
        for peer in &mut world.peers {
            end_everything(peer, now);
        }
        world.advance(ROUND);
    }
    world.advance(Duration::from_secs(200));
}

/// The peer cancels what is pending and hangs up what is up.
fn end_everything(peer: &mut Peer, now: siplet_sip::time::Time) {
    for at in 0..peer.clients.len() {
        if peer.clients[at].method == "INVITE" && peer.clients[at].dialog.is_none() {
            peer.cancel(at, &[], now);
        }
    }
    for at in 0..peer.dialogs.len() {
        let hangs_up = peer.may_hang_up(at) || bye_was_refused(peer, at);
        if hangs_up {
            peer.request_in(at, "BYE", &Extras::default(), now);
        }
    }
}

/// A BYE that the host could not store was refused: the call is still up there, and the peer tries again.
fn bye_was_refused(peer: &Peer, dialog: usize) -> bool {
    let last =
        peer.clients.iter().rev().find(|client| client.dialog == Some(dialog) && client.method == "BYE");
    peer.dialogs[dialog].ended == Some(EndedBy::Us)
        && last.is_some_and(|bye| matches!(bye.ending, Ending::Final(503 | 500)))
}

/// The calls of a world, by their numbers.
#[derive(Default)]
struct Calls {
    /// Number, peer and index among its clients.
    started: Vec<(u32, usize, usize)>,
}

impl Calls {
    fn act(&mut self, world: &mut World, plan: &Plan, action: &Action) {
        let now = world.now;
        match action {
            Action::Call { id, from, method, script, ack } => {
                let peer = &mut world.peers[*from];
                peer.ack_headers = vec![("Script".to_owned(), ack.clone())];
                let client = peer.request(method, &format!("sip:p{id}@host"), &scripted(script), now);
                self.started.push((*id, *from, client));
            }
            Action::Cancel { id, script } => {
                if let Some((peer, client)) = self.call(*id)
                    && world.peers[peer].clients[client].method == "INVITE"
                {
                    world.peers[peer].cancel(client, &scripted(script).headers, now);
                }
            }
            Action::Within { id, callee, method, script } => {
                let found = if *callee { callee_dialog(world, *id) } else { self.caller_dialog(world, *id) };
                if let Some((peer, dialog)) = found {
                    world.peers[peer].request_in(dialog, method, &scripted(script), now);
                }
            }
            Action::Outage(outage) => {
                let faults = Faults { outage: *outage, ..world.host.store.faults() };
                world.set_store_faults(faults);
            }
            Action::LoseAnswers(lose_answers) => {
                let faults = Faults { lose_answers: *lose_answers, ..world.host.store.faults() };
                world.set_store_faults(faults);
            }
            Action::Kill { after, arrived, down } => {
                let down_us = u64::try_from(down.as_micros()).ok();
                let after_effects = world.host.effects + after;
                world.host.kills.push(Kill { after_effects, arrived: *arrived, down_us });
                world.host.kills.sort_by_key(|kill| kill.after_effects);
                world.feed(Input::Tick);
            }
            Action::Fence(which) => {
                let keys: Vec<Key> = world.host.store.records().map(|(key, ..)| Key(key.0)).collect();
                if !keys.is_empty() {
                    world.fence(keys[(*which % keys.len() as u64) as usize]);
                }
            }
            Action::Drain(on) => {
                let command = if *on { Command::Drain { retry_after_s: 3 } } else { Command::Resume };
                world.feed(Input::Command { id: 0, command });
            }
            Action::Deploy { version, upgrade, canary, alone } => {
                versions::deploy(world, plan, *version, *upgrade, *canary, *alone);
            }
            Action::Share { stable, canary } => versions::share(world, *stable, *canary),
        }
    }

    fn call(&self, id: u32) -> Option<(usize, usize)> {
        self.started.iter().find(|(other, ..)| *other == id).map(|(_, peer, client)| (*peer, *client))
    }

    fn caller_dialog(&self, world: &World, id: u32) -> Option<(usize, usize)> {
        let (peer, client) = self.call(id)?;
        let dialogs = &world.peers[peer].dialogs;
        dialogs.iter().position(|dialog| dialog.client == Some(client) && dialog.is_up()).map(|at| (peer, at))
    }
}

/// The dialog of the servlet's own call at the callee.
fn callee_dialog(world: &World, id: u32) -> Option<(usize, usize)> {
    let peer = &world.peers[CALLEE];
    let user = format!("sip:p{id}@");
    let invite = peer.servers.iter().find(|server| {
        server.method == "INVITE" && String::from_utf8_lossy(server.request.request_uri()).starts_with(&user)
    })?;
    let call_id = wire::text(&invite.request, siplet_sip::header::HeaderId::CallId);
    let fits = |at: &usize| peer.dialogs[*at].call_id == call_id && peer.may_hang_up(*at);
    (0..peer.dialogs.len()).find(fits).map(|at| (CALLEE, at))
}

fn scripted(script: &str) -> Extras {
    Extras { headers: vec![("Script".to_owned(), script.to_owned())], ..Extras::default() }
}
