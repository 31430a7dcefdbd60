//! Runs told steps with the version in the shadow and compares. Everything here is on the shadow's own thread.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};
use siplet_container::app::Application;
use siplet_container::io::Key;
use siplet_container::record::effects::{Change, Compared, HOST, compare};
use siplet_container::record::redact::Redaction;
use siplet_container::record::{StepInput, StepRecord, TurnOutcome};
use siplet_container::turn::{Outcome, Turn};
use siplet_container::{Container, replay_step};
use siplet_sip::time::Time;
use siplet_wasm::{RunResult, Runner, RunnerConfig, Servlet};

use crate::config;

use super::Surroundings;
use super::budget::Budget;
use super::report::{Difference, Report};

/// Octets that a followed call holds beside its attributes and messages: its container.
const CALL_BYTES: usize = 8192;
/// A call whose last deadline has passed for so long, and of which nothing was told since, has gone without a word.
const GONE_AFTER: Duration = Duration::from_secs(60);
/// Longest rest at a time, so that an end is noticed.
const REST: Duration = Duration::from_millis(100);
/// What stands in the place of an example in which nothing differs once it is made unreadable.
const UNREADABLE: &str = "(differs in what is made unreadable)";

/// A call that is followed.
struct Call {
    container: Container,
    /// Number of the last step.
    number: u64,
    bytes: usize,
    /// When it is due next, as the live call was told.
    due: Option<Time>,
}

/// The calls that a shadow follows.
pub struct Follower {
    application: Arc<Application>,
    runner: Runner,
    surroundings: Surroundings,
    calls: BTreeMap<Key, Call>,
    bytes: usize,
    /// What the report knows of already, by handler and name.
    known: BTreeSet<(&'static str, String)>,
    budget: Budget,
    began: Instant,
}

/// What one step has led to.
#[derive(Debug, Default)]
pub struct Found {
    began: bool,
    compared: Option<Compared>,
    examples: Vec<(Change, String)>,
    traps: u64,
    limit: Option<&'static str>,
    calls_now: u64,
    held_bytes: u64,
    cpu: Duration,
    untold: u64,
}

impl Follower {
    /// For that version.
    #[must_use]
    pub fn new(servlet: &Arc<Servlet>, surroundings: Surroundings) -> Self {
        // Every turn runs here: this is a side thread.
        let config = RunnerConfig { slow_turn: Duration::MAX, ..surroundings.runner.clone() };
        let mut runner = Runner::new(&surroundings.engine, config, Arc::new(|_, _| {}));
        runner.deploy(Arc::clone(servlet));
        Self {
            application: Arc::new(servlet.application().clone()),
            runner,
            budget: Budget::new(surroundings.limits.cpu_percent, Duration::ZERO, thread_cpu()),
            surroundings,
            calls: BTreeMap::new(),
            bytes: 0,
            known: BTreeSet::new(),
            began: Instant::now(),
        }
    }

    const fn limits(&self) -> &config::Shadow {
        &self.surroundings.limits
    }

    /// Runs a step where its call is followed, and begins to follow one. `waiting`: steps behind this one.
    pub fn take(&mut self, step: StepRecord, waiting: usize) -> Found {
        let mut found = Found::default();
        let mut step = step;
        let key = step.key;
        let follows = match self.calls.get(&key) {
            Some(_) if matches!(step.input, StepInput::Upgrade { .. }) => {
                // The live call may go on with a third version.
                self.forget(key);
                found.limit = Some("moved");
                false
            }
            Some(call) if call.number + 1 == step.number => {
                // Another watch may have begun a record here; the shadow goes on with its own state.
                step.beginning = None;
                true
            }
            Some(_) => {
                self.forget(key);
                found.limit = Some("steps-lost");
                false
            }
            None => self.begin(&step, waiting, &mut found),
        };
        if follows {
            self.run(&step, &mut found);
        }
        found.calls_now = self.calls.len() as u64;
        found.held_bytes = self.bytes as u64;
        found.cpu = thread_cpu();
        found
    }

    /// Rests until the share of a core is kept, a little at a time.
    pub fn pause(&mut self) {
        let rest = self.budget.rest(self.began.elapsed(), thread_cpu());
        if !rest.is_zero() {
            std::thread::sleep(rest.min(REST));
        }
    }

    /// True when the step is the first of a call, and there is room for it.
    fn begin(&mut self, step: &StepRecord, waiting: usize, found: &mut Found) -> bool {
        // Whatever does not begin here is of a call that is not followed, or no further.
        let is_first = step.beginning.as_ref().is_some_and(|beginning| beginning.snapshot.is_none());
        if !is_first {
            return false;
        }
        if self.calls.len() >= self.limits().sessions {
            self.sweep(step.at);
        }
        let limits = self.limits();
        let full = if waiting > limits.queue_steps / 2 {
            Some("queue-steps")
        } else if self.budget.is_used_up() {
            Some("cpu-percent")
        } else if self.calls.len() >= limits.sessions {
            Some("sessions")
        } else if self.bytes + CALL_BYTES > limits.bytes {
            Some("bytes")
        } else {
            None
        };
        if full.is_some() {
            found.limit = full;
            return false;
        }
        found.began = true;
        let container = Container::replaying(self.surroundings.settings.config());
        self.bytes += CALL_BYTES;
        self.calls.insert(step.key, Call { container, number: step.number, bytes: CALL_BYTES, due: None });
        true
    }

    fn run(&mut self, step: &StepRecord, found: &mut Found) {
        let key = step.key;
        let Some(call) = self.calls.get_mut(&key) else { return };
        call.number = step.number;
        call.due = step.next_deadline;
        let runner = &mut self.runner;
        let again = replay_step(&mut call.container, step, &self.application, |turn| run_turn(runner, turn));
        let bytes = CALL_BYTES + call.container.replayed_bytes();
        self.bytes = self.bytes + bytes - call.bytes;
        call.bytes = bytes;
        let compared = match &again {
            Ok(again) => {
                let dead = |turn: &&siplet_container::record::TurnRecord| {
                    matches!(turn.outcome, TurnOutcome::Trapped { .. })
                };
                found.traps = again.turns.iter().filter(dead).count() as u64;
                compare(step, again)
            }
            Err(why) => cannot_begin(step, why),
        };
        self.collect(step, again.as_deref().ok(), &compared, found);
        let is_over = step.ended && step.next_deadline.is_none();
        if compared.parted || is_over {
            self.forget(key);
        } else if self.bytes > self.limits().bytes {
            self.forget(key);
            found.limit = Some("bytes");
        }
        found.compared = Some(compared);
    }

    /// Examples of what is seen for the first time.
    fn collect(
        &mut self,
        step: &StepRecord,
        again: Option<&StepRecord>,
        compared: &Compared,
        found: &mut Found,
    ) {
        for change in &compared.changes {
            let name = (change.handler, change.what.clone());
            if self.known.contains(&name) {
                continue;
            }
            if self.known.len() >= self.limits().differences {
                found.untold += 1;
                continue;
            }
            self.known.insert(name);
            let (was, is) = match again {
                Some(again) => example(&self.surroundings.redaction, step, again, change),
                None => (change.was.clone(), change.is.clone()),
            };
            found.examples.push((Change { was, is, ..change.clone() }, step.id.clone()));
        }
    }

    fn forget(&mut self, key: Key) {
        if let Some(call) = self.calls.remove(&key) {
            self.bytes -= call.bytes;
        }
    }

    /// Calls that were taken from their shard without a step do not say so.
    fn sweep(&mut self, now: Time) {
        let gone = |call: &Call| call.due.is_none_or(|due| now > due + GONE_AFTER);
        let keys: Vec<Key> = self.calls.iter().filter(|(_, call)| gone(call)).map(|(key, _)| *key).collect();
        for key in keys {
            self.forget(key);
        }
    }
}

impl Found {
    /// Adds it to what was found before.
    pub fn into_report(self, report: &mut Report) {
        report.calls += u64::from(self.began);
        report.traps += self.traps;
        report.differences_untold += self.untold;
        (report.calls_now, report.held_bytes) = (self.calls_now, self.held_bytes);
        report.cpu_us = u64::try_from(self.cpu.as_micros()).unwrap_or(u64::MAX);
        if let Some(limit) = self.limit {
            *report.not_followed.entry(limit.to_owned()).or_default() += 1;
        }
        for (change, session) in self.examples {
            report.differences.push(Difference {
                handler: change.handler.to_owned(),
                what: change.what,
                steps: 0,
                session,
                was: change.was,
                is: change.is,
            });
        }
        let Some(compared) = self.compared else { return };
        report.steps += 1;
        report.same += u64::from(compared.changes.is_empty());
        report.parted += u64::from(compared.parted);
        for change in &compared.changes {
            if let Some(known) = report.place(change.handler, &change.what) {
                known.steps += 1;
            }
        }
    }
}

/// A step that the live call made and that is none for the shadow.
fn cannot_begin(step: &StepRecord, why: &str) -> Compared {
    let handler = step.turns.first().map_or(HOST, |turn| turn.handler.name());
    let what = "the step cannot begin".to_owned();
    let change = Change { handler, what, was: "it ran".to_owned(), is: why.to_owned() };
    Compared { changes: vec![change], parted: true }
}

/// The same difference with what identifies people made unreadable.
fn example(
    redaction: &Redaction,
    step: &StepRecord,
    again: &StepRecord,
    change: &Change,
) -> (String, String) {
    let bare = |step: &StepRecord| StepRecord { beginning: None, ..step.clone() };
    let mut both = [bare(step), bare(again)];
    if redaction.apply(&mut both).is_err() {
        return (UNREADABLE.to_owned(), UNREADABLE.to_owned());
    }
    let [was, is] = &both;
    let same = |other: &Change| other.handler == change.handler && other.what == change.what;
    compare(was, is)
        .changes
        .into_iter()
        .find(same)
        .map_or_else(|| (UNREADABLE.to_owned(), UNREADABLE.to_owned()), |change| (change.was, change.is))
}

fn run_turn(runner: &mut Runner, turn: Box<Turn>) -> (Box<Turn>, Outcome) {
    match runner.run(turn) {
        RunResult::Ran(turn, outcome) => (turn, outcome),
        RunResult::Away => unreachable!("a servlet is slow from `slow_turn` on, and that is never"),
    }
}

fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}
