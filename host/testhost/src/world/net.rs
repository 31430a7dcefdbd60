//! The net between the host and its peers: delay, loss, duplication, reordering, and rules of a test.
//!
//! Loss is fair: the same bytes are lost a bounded number of times, so that what a protocol repeats arrives in the end and
//! a checker may demand it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

use bytes::Bytes;

use crate::random::Random;
use crate::wire;

use super::seen::End;

/// A rule of a test for messages on one way.
#[derive(Clone, Debug)]
pub struct Rule {
    /// Who sends; none: whoever it is.
    pub from: Option<End>,
    /// To whom; none: whoever it is.
    pub to: Option<End>,
    /// Method of a request, status of a response, or `*`.
    pub what: String,
    /// Method of the CSeq that a response must have, if any.
    pub cseq_method: Option<String>,
    /// How many messages it still takes.
    pub times: u32,
    /// What it does to them.
    pub effect: Effect,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Drops.
    Drop,
    /// Delivers twice.
    Duplicate,
    /// Delivers that much later.
    Delay(Duration),
}

/// How the net treats datagrams.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// Time of every message on its way.
    pub delay: Duration,
    /// Most time that chance adds; more than the gap between two messages lets them overtake each other.
    pub jitter: Duration,
    /// Cases of loss in a hundred.
    pub loss: u64,
    /// Cases of duplication in a hundred.
    pub duplication: u64,
}

/// The net.
#[derive(Debug)]
pub struct Net {
    /// How it treats datagrams.
    pub weather: Weather,
    /// Rules of the test, asked in order.
    pub rules: Vec<Rule>,
    random: Random,
    lost: BTreeMap<u64, u32>,
}

/// Losses of the same bytes.
const LOSSES_MAX: u32 = 3;

/// When a message arrives, once for each copy; none: never.
pub struct Way {
    /// The times that its copies take.
    pub copies: Vec<Duration>,
    /// A rule dropped it.
    pub by_rule: bool,
}

impl Net {
    /// A net without faults whose chance comes from here.
    #[must_use]
    pub const fn new(random: Random) -> Self {
        Self {
            weather: Weather { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0, duplication: 0 },
            rules: Vec::new(),
            random,
            lost: BTreeMap::new(),
        }
    }

    /// What becomes of a message.
    pub fn way(&mut self, from: End, to: End, bytes: &Bytes, reliable: bool) -> Way {
        if let Some(effect) = self.rule(from, to, bytes) {
            let delay = self.weather.delay;
            let copies = match effect {
                Effect::Drop => Vec::new(),
                Effect::Duplicate => vec![delay, delay],
                Effect::Delay(more) => vec![delay + more],
            };
            return Way { copies, by_rule: true };
        }
        if reliable {
            return Way { copies: vec![self.weather.delay], by_rule: false };
        }
        let mut copies = Vec::new();
        if !self.loses(bytes) {
            copies.push(self.time());
            if self.random.percent(self.weather.duplication) {
                copies.push(self.time());
            }
        }
        Way { copies, by_rule: false }
    }

    fn time(&mut self) -> Duration {
        let jitter = u64::try_from(self.weather.jitter.as_micros()).unwrap_or(u64::MAX);
        self.weather.delay + Duration::from_micros(if jitter == 0 { 0 } else { self.random.below(jitter) })
    }

    fn loses(&mut self, bytes: &Bytes) -> bool {
        if !self.random.percent(self.weather.loss) {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        let lost = self.lost.entry(hasher.finish()).or_default();
        *lost += 1;
        *lost <= LOSSES_MAX
    }

    fn rule(&mut self, from: End, to: End, bytes: &Bytes) -> Option<Effect> {
        let message = wire::parse(bytes);
        let what = message.as_ref().map(|message| match message.status() {
            Some(status) => status.to_string(),
            None => wire::method(message),
        });
        let method = message.as_ref().map(|message| wire::cseq(message).1);
        let fits = |rule: &Rule| {
            rule.times > 0
                && rule.from.is_none_or(|end| end == from)
                && rule.to.is_none_or(|end| end == to)
                && (rule.what == "*" || Some(&rule.what) == what.as_ref())
                && (rule.cseq_method.is_none() || rule.cseq_method == method)
        };
        let rule = self.rules.iter_mut().find(|rule| fits(rule))?;
        rule.times -= 1;
        Some(rule.effect)
    }
}
