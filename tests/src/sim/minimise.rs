//! Making a failing plan smaller: actions are left out, kinds of faults switched off, as long as the same invariant breaks.

use crate::world::net::Weather;

use super::live;
use super::plan::Plan;

/// Most lives of a search.
const ATTEMPTS_MAX: u32 = 400;

/// The smallest plan found that breaks that invariant.
#[must_use]
pub fn minimise(plan: &Plan, invariant: &str) -> Plan {
    let mut search = Search { invariant, attempts: 0 };
    let mut best = plan.clone();
    best = search
        .try_or(best, |plan| plan.weather = Weather { delay: plan.weather.delay, ..Weather::default() });
    best = search.try_or(best, |plan| plan.weather = Weather::default());
    best = search.try_or(best, |plan| plan.store_us = 0);
    let mut size = best.actions.len().div_ceil(2);
    while size > 0 {
        let mut at = 0;
        while at < best.actions.len() {
            let end = (at + size).min(best.actions.len());
            let before = best.actions.len();
            best = search.try_or(best, |plan| {
                plan.actions.drain(at..end);
            });
            if best.actions.len() == before {
                at += size;
            }
        }
        size /= 2;
    }
    best
}

struct Search<'a> {
    invariant: &'a str,
    attempts: u32,
}

impl Search<'_> {
    /// The changed plan if it still breaks the invariant, else the plan.
    fn try_or(&mut self, plan: Plan, change: impl FnOnce(&mut Plan)) -> Plan {
        if self.attempts >= ATTEMPTS_MAX {
            return plan;
        }
        self.attempts += 1;
        let mut changed = plan.clone();
        change(&mut changed);
        let breaks = live(&changed).faults.iter().any(|fault| fault.invariant == self.invariant);
        if breaks { changed } else { plan }
    }
}
