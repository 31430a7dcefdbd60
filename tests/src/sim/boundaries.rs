//! Death at every boundary: plain calls in which the host is killed after each of its effects, one world for each.
//!
//! This is not chance: the effects of an undisturbed world are counted, then every number is tried, once with the store's
//! orders under way lost and once with them stored.

use std::time::Duration;

use crate::sim::check::Checkers;
use crate::trace::Trace;
use crate::world::World;
use crate::world::net::Weather;
use crate::world::node::Kill;

use super::plan::{Action, Limits, Plan};
use super::{Verdict, drive, judge};

/// A plain world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// INVITE 180 200 ACK, a re-INVITE, BYE by the caller.
    Call,
    /// INVITE 180 CANCEL 200 487 ACK.
    Cancel,
    /// INVITE 200 ACK, and a BYE by the servlet.
    Bye,
    /// MESSAGE 200, INVITE 180 200 ACK BYE by the servlet.
    CallOut,
    /// MESSAGE 200, INVITE 180 CANCEL by the servlet.
    CancelOut,
    /// INVITE 200 ACK, a new version that takes the call over, a re-INVITE, BYE by the caller.
    Upgrade,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Call, Self::Cancel, Self::Bye, Self::CallOut, Self::CancelOut, Self::Upgrade];

    fn actions(self) -> Vec<(Duration, Action)> {
        let at = Duration::from_millis;
        let call = |method, script: &str| Action::Call {
            id: 0,
            from: 0,
            method,
            script: script.to_owned(),
            ack: "count n".to_owned(),
        };
        let within = |callee, method, script: &str| Action::Within {
            id: 0,
            callee,
            method,
            script: script.to_owned(),
        };
        let first = at(0);
        match self {
            Self::Call => vec![
                (first, call("INVITE", "count n; 180; 200")),
                (at(4000), within(false, "INVITE", "count n; 200")),
                (at(8000), within(false, "BYE", "count n; 200")),
            ],
            Self::Cancel => vec![
                (first, call("INVITE", "180")),
                (at(4000), Action::Cancel { id: 0, script: "count n".to_owned() }),
            ],
            Self::Bye => vec![(first, call("INVITE", "200")), (at(4000), within(false, "INFO", "200; bye"))],
            Self::CallOut => vec![
                (first, call("MESSAGE", "200; invite sip:p0@10.0.1.3:5060")),
                (at(8000), within(true, "INFO", "200; bye")),
            ],
            Self::Upgrade => vec![
                (first, call("INVITE", "count n; 200")),
                (
                    at(2000),
                    Action::Deploy { version: 2, upgrade: Some("takes 10ms"), canary: None, alone: true },
                ),
                (at(4000), within(false, "INVITE", "count n; 200")),
                (at(8000), within(false, "BYE", "count n; 200")),
            ],
            Self::CancelOut => vec![(first, call("MESSAGE", "200; invite sip:p1@10.0.1.3:5060"))],
        }
    }

    fn plan(self) -> Plan {
        use crate::peer::{Answer, Reply};
        let reply = |millis, status, script: &str| Reply {
            after: Duration::from_millis(millis),
            headers: vec![("Script".to_owned(), script.to_owned())],
            ..Reply::now(status)
        };
        let answers = [
            (0, Answer { replies: vec![reply(500, 180, "count n"), reply(2000, 200, "ack")] }),
            (1, Answer { replies: vec![reply(500, 180, "cancel"), reply(9000, 486, "nothing")] }),
        ];
        Plan {
            seed: 1,
            durable: true,
            weather: Weather { delay: Duration::from_millis(5), ..Weather::default() },
            store_us: 10_000,
            limits: Limits { mailbox: 64, parked_units: 16, sessions: 1000, store_attempts: 5 },
            answers: answers.into_iter().collect(),
            actions: self.actions(),
            heal_at: Duration::from_secs(20),
            versioned: true,
        }
    }
}

/// The host is down for so long.
const DOWN_US: u64 = 300_000;
/// More orders than are ever under way.
const ALL_ARRIVE: usize = 100;

fn begin(plan: &Plan, kill: Option<(u64, usize)>) -> World {
    let mut world = drive::begin(plan);
    world.watchers.push(Box::new(Checkers::new()));
    if let Some((after_effects, arrived)) = kill {
        world.host.kills.push(Kill { after_effects, arrived, down_us: Some(DOWN_US) });
    }
    world
}

/// A death and what it led to.
#[derive(Clone, Debug)]
pub struct Death {
    /// The plain world.
    pub kind: Kind,
    /// After so many effects.
    pub after: u64,
    /// Orders under way reached the store.
    pub arrived: bool,
    /// What the checkers say.
    pub verdict: Verdict,
}

/// Kills the host at every boundary of that world; how many, and those that broke something.
#[must_use]
pub fn enumerate(kind: Kind) -> (u64, Vec<Death>) {
    let plan = kind.plan();
    let mut plain = begin(&plan, None);
    drive::live(&mut plain, &plan);
    let effects = plain.host.effects;
    let verdict = judge(&mut plain);
    let mut broken = Vec::new();
    if !verdict.faults.is_empty() {
        broken.push(Death { kind, after: effects, arrived: false, verdict });
    }
    for after in 0..=effects {
        for arrived in [false, true] {
            let mut world = begin(&plan, Some((after, if arrived { ALL_ARRIVE } else { 0 })));
            drive::live(&mut world, &plan);
            let verdict = judge(&mut world);
            if !verdict.faults.is_empty() {
                broken.push(Death { kind, after, arrived, verdict });
            }
        }
    }
    (effects + 1, broken)
}

/// The trace of a death.
#[must_use]
pub fn trace(death: &Death) -> Vec<String> {
    let plan = death.kind.plan();
    let mut world = begin(&plan, Some((death.after, if death.arrived { ALL_ARRIVE } else { 0 })));
    world.watchers.push(Box::new(Trace::new()));
    drive::live(&mut world, &plan);
    world.watcher::<Trace>().map(Trace::take).unwrap_or_default()
}
