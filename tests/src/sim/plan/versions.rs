//! Deployments, canaries, rollbacks and upgrades, drawn from chance.

use std::time::Duration;

use crate::random::Random;

use super::{Action, Plan};

/// What an `upgrade` does.
const UPGRADES: [&str; 5] =
    ["nothing", "takes 30ms", "takes 400ms; count n", "fail no", "trap index out of bounds"];

impl Plan {
    /// Versions that come while calls run, in some worlds.
    pub(super) fn deployments(&mut self, random: &mut Random) {
        if !random.percent(35) {
            return;
        }
        self.versioned = true;
        // Where versions are not kept, a restored session has none but the last one, which must know its state.
        let alone = random.percent(40);
        let versions = random.between(2, 4) as u32;
        let mut at = Duration::from_millis(random.below(3000));
        for version in 2..=versions {
            let upgrade = if alone {
                Some(*random.pick(&UPGRADES[..3]))
            } else {
                random.percent(70).then(|| *random.pick(&UPGRADES))
            };
            let canary = (!alone && random.percent(30)).then(|| random.below(101) as u8);
            self.push(at, Action::Deploy { version, upgrade, canary, alone });
            at += Duration::from_millis(random.below(3000));
            if !alone && random.percent(50) {
                let any = |random: &mut Random| random.between(1, u64::from(version)) as u32;
                let (stable, other) = (any(random), any(random));
                let canary = (other != stable).then(|| (other, random.below(101) as u8));
                self.push(at, Action::Share { stable, canary });
                at += Duration::from_millis(random.below(1000));
            }
        }
    }
}
