//! What happens in a simulated world, drawn from a seed: a list of actions in time, and the faults of net and store.
//!
//! Swarm: each seed switches kinds of faults on or off, so that some worlds are only slow, some only lossy, and some have it
//! all. A plan is plain data: a failing one is made smaller by leaving actions out.

mod scripts;
mod versions;

use std::collections::BTreeMap;
use std::time::Duration;

use crate::peer::Answer;
use crate::random::Random;
use crate::world::net::Weather;

/// Something that is done to a world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// A peer sends a request outside every dialog.
    Call {
        /// Number of the call.
        id: u32,
        /// Which peer.
        from: usize,
        /// `INVITE`, `MESSAGE`, `OPTIONS`.
        method: &'static str,
        /// What the servlet does.
        script: String,
        /// What it does with the ACK.
        ack: String,
    },
    /// The caller cancels.
    Cancel {
        /// Number of the call.
        id: u32,
        /// What the servlet does.
        script: String,
    },
    /// A request in the dialog of a call.
    Within {
        /// Number of the call.
        id: u32,
        /// False: by the caller; true: by the callee of the servlet's own call.
        callee: bool,
        /// Its method.
        method: &'static str,
        /// What the servlet does.
        script: String,
    },
    /// The store is away, or back.
    Outage(bool),
    /// The store loses its answers, or does not.
    LoseAnswers(bool),
    /// The host dies.
    Kill {
        /// After so many effects from now.
        after: u64,
        /// So many orders still reach the store.
        arrived: usize,
        /// It is down for so long.
        down: Duration,
    },
    /// Another node takes a session.
    Fence(u64),
    /// The host takes no new calls, or takes them again.
    Drain(bool),
    /// A version is deployed.
    Deploy {
        /// Its number; the first one is 1.
        version: u32,
        /// What its `upgrade` does; none: it has none.
        upgrade: Option<&'static str>,
        /// Its share of new calls as a canary.
        canary: Option<u8>,
        /// The versions before it are undeployed.
        alone: bool,
    },
    /// New calls go to that version, but for the share of a canary.
    Share {
        /// Number of the version.
        stable: u32,
        /// Number and percent.
        canary: Option<(u32, u8)>,
    },
}

/// A plan.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where it came from.
    pub seed: u64,
    /// True: everything is stored.
    pub durable: bool,
    /// The net.
    pub weather: Weather,
    /// Microseconds that the store takes.
    pub store_us: u64,
    /// Limits that are small in some worlds.
    pub limits: Limits,
    /// How the callee answers, by the number of the call.
    pub answers: BTreeMap<u32, Answer>,
    /// All actions with their time, in order.
    pub actions: Vec<(Duration, Action)>,
    /// When everything is healed.
    pub heal_at: Duration,
    /// Versions come and go: each notes itself in the state of its sessions.
    pub versioned: bool,
}

/// Limits of a world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Inputs that wait for one session.
    pub mailbox: usize,
    /// Units of one session that wait for the store.
    pub parked_units: usize,
    /// Live sessions.
    pub sessions: usize,
    /// How often a unit is offered to a store that is away.
    pub store_attempts: u32,
}

/// Kinds of faults that a world may have.
struct Swarm {
    net: bool,
    kills: bool,
    outages: bool,
    lost_answers: bool,
    fences: bool,
    drains: bool,
    deaths: bool,
    slow: bool,
}

/// Most calls of a world.
const CALLS_MAX: u64 = 5;

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        let mut random = Random::new(seed ^ 0x51b1_e7a1);
        let durable = !random.percent(10);
        let outages = durable && random.percent(30);
        let net = random.percent(50);
        let kills = durable && random.percent(60);
        let swarm = Swarm {
            net,
            kills,
            outages,
            // Not with outages and kills: a record that was stored unheard, and was still to go when the host died, comes
            // back with the next host. With outages the seed decides, so that no other choice depends on it.
            lost_answers: durable && if outages { !kills && seed % 4 == 1 } else { random.percent(25) },
            fences: durable && random.percent(8),
            drains: random.percent(10),
            deaths: random.percent(40),
            slow: random.percent(if outages { 80 } else { 50 }),
        };
        let small = random.percent(15);
        let mut plan = Self {
            seed,
            durable,
            weather: weather(&mut random, &swarm),
            store_us: match random.below(10) {
                0..=2 => 0,
                3 => random.between(100_000, 400_000),
                _ => random.between(100, 60_000),
            },
            limits: Limits {
                mailbox: if small { 1 } else { 64 },
                parked_units: if random.percent(20) { random.between(1, 3) as usize } else { 16 },
                sessions: if small { 4 } else { 1000 },
                store_attempts: *random.pick(&[2, 3, 5]),
            },
            answers: BTreeMap::new(),
            actions: Vec::new(),
            heal_at: Duration::from_secs(20),
            versioned: false,
        };
        for id in 0..random.between(1, CALLS_MAX) as u32 {
            let at = Duration::from_millis(random.below(6000));
            plan.call(id, at, &mut random, &swarm);
        }
        plan.faults(&mut random, &swarm);
        plan.deployments(&mut random);
        plan.actions.sort_by_key(|(at, _)| *at);
        plan
    }

    fn push(&mut self, at: Duration, action: Action) {
        self.actions.push((at, action));
    }

    fn call(&mut self, id: u32, at: Duration, random: &mut Random, swarm: &Swarm) {
        let from = random.below(2) as usize;
        let kind = random.below(10);
        let (method, script) = match kind {
            0 => ("MESSAGE", scripts::other(random, swarm)),
            1 => ("OPTIONS", scripts::other(random, swarm)),
            2..=4 => ("MESSAGE", scripts::calling(random, id)),
            5 => ("INVITE", format!("180; {}; 200", scripts::invite_callee(random, id))),
            _ => ("INVITE", scripts::invite(random, swarm)),
        };
        let ack = scripts::ack(random, swarm);
        let calls_out = script.contains("invite ");
        self.push(at, Action::Call { id, from, method, script, ack });
        if calls_out {
            self.answers.insert(id, scripts::answer(random, swarm));
        }
        let mut at = at;
        for _ in 0..random.below(4) {
            at += Duration::from_millis(random.below(3000));
            let callee = calls_out && (method == "MESSAGE" || random.percent(50));
            let action = self.follow(id, callee, random, swarm);
            self.push(at, action);
        }
    }

    fn follow(&self, id: u32, callee: bool, random: &mut Random, swarm: &Swarm) -> Action {
        let (method, script) = match random.below(10) {
            0..=2 if !callee => return Action::Cancel { id, script: scripts::cancel(random, swarm) },
            0..=4 => ("BYE", scripts::bye(random, swarm)),
            5 | 6 => ("INVITE", scripts::re_invite(random, swarm)),
            7 => ("INFO", "200; bye".to_owned()),
            _ => ("INFO", scripts::other(random, swarm)),
        };
        Action::Within { id, callee, method, script }
    }

    fn faults(&mut self, random: &mut Random, swarm: &Swarm) {
        let at = |random: &mut Random| Duration::from_millis(random.below(9000));
        if swarm.kills {
            for _ in 0..random.between(1, 3) {
                let after = if random.percent(30) { 0 } else { random.below(12) };
                let kill = Action::Kill {
                    after,
                    arrived: random.below(4) as usize,
                    down: Duration::from_millis(random.below(1500)),
                };
                let at = at(random);
                self.push(at, kill);
            }
        }
        let window = |on: fn(bool) -> Action, length: u64, random: &mut Random| {
            let begin = at(random);
            [(begin, on(true)), (begin + Duration::from_millis(random.between(20, length)), on(false))]
        };
        if swarm.outages {
            for _ in 0..random.between(1, 4) {
                self.actions.extend(window(Action::Outage, 3000, random));
            }
        }
        if swarm.lost_answers {
            self.actions.extend(window(Action::LoseAnswers, 1500, random));
        }
        if swarm.drains {
            self.actions.extend(window(Action::Drain, 3000, random));
        }
        if swarm.fences {
            let at = at(random);
            self.push(at, Action::Fence(random.next()));
        }
    }
}

fn weather(random: &mut Random, swarm: &Swarm) -> Weather {
    let delay = Duration::from_micros(random.between(0, 20_000));
    if !swarm.net {
        return Weather { delay, ..Weather::default() };
    }
    Weather {
        delay,
        jitter: Duration::from_micros(if random.percent(60) { random.below(400_000) } else { 0 }),
        loss: if random.percent(60) { random.between(1, 30) } else { 0 },
        duplication: if random.percent(60) { random.between(1, 20) } else { 0 },
    }
}
