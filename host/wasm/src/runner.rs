//! Runs the turns of one shard, on the shard's own thread.
//!
//! Each application has one instance here that serves turn after turn. It is replaced after every trap, after a random
//! number of turns, when it has grown or leaked, and at each turn where the application asks for it. A servlet that
//! takes long goes on [probation](crate::probation): its turns run beside the shard until it has behaved for a while.

use std::sync::Arc;
use std::time::Duration;

use siplet_container::app::{AppId, InstanceMode};
use siplet_container::turn::{Outcome, Turn};

use crate::clock::{Meter, Noise, Start};
use crate::engine::Engine;
use crate::instance::Instance;
use crate::probation::{Conduct, SideThreads};
use crate::servlet::Servlet;
use crate::trap;

/// Takes a turn that ran beside the shard. Called on a side thread, exactly once for each [`RunResult::Away`].
pub type OnDone = Arc<dyn Fn(Box<Turn>, Outcome) + Send + Sync>;

/// How a [`Runner`] works.
#[derive(Clone, Debug)]
pub struct RunnerConfig {
    /// Use of instances for all applications; none: each as its descriptor says.
    pub instance: Option<InstanceMode>,
    /// An instance is replaced after a random number of turns between these two, so that all do not go at once.
    pub turns_per_instance: (u32, u32),
    /// CPU time of a turn from which its servlet goes on probation.
    pub slow_turn: Duration,
    /// CPU time below which a turn on probation counts as well-behaved.
    pub calm_turn: Duration,
    /// Well-behaved turns, one after the other, that end a probation.
    pub calm_turns: u32,
    /// Threads for servlets on probation; when there are more of those, they share.
    pub side_threads: usize,
    /// Turns of one servlet on probation that may wait.
    pub side_queue: usize,
    /// Seed for what `init` draws; none: the system's. With one, all instances draw the same.
    pub seed: Option<u64>,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            instance: None,
            turns_per_instance: (10_000, 20_000),
            slow_turn: Duration::from_millis(2),
            calm_turn: Duration::from_millis(1),
            calm_turns: 100,
            side_threads: 4,
            side_queue: 64,
            seed: None,
        }
    }
}

/// What became of a turn.
#[derive(Debug)]
pub enum RunResult {
    /// The handler ran, or could not.
    Ran(Box<Turn>, Outcome),
    /// It runs on a side thread; [`OnDone`] gets it within about twice the application's `turn-ms`.
    Away,
}

/// Counts since the runner was made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Turns that ran on the shard's thread.
    pub turns: u64,
    /// Turns that were given to a side thread.
    pub turns_away: u64,
    /// Turns that failed because too many waited for a side thread.
    pub turns_refused: u64,
    /// Instances made on the shard's thread.
    pub instances_started: u64,
    /// Instances there that were replaced because they had grown or leaked handles.
    pub instances_worn: u64,
    /// Times that a servlet went on probation.
    pub probations: u64,
}

/// Runs the turns of one shard.
pub struct Runner {
    config: RunnerConfig,
    slots: Vec<Slot>,
    stage: Stage,
    side: SideThreads,
    counters: Counters,
}

struct Slot {
    servlet: Arc<Servlet>,
    live: Option<Live>,
    probation: Option<Arc<Conduct>>,
}

impl Runner {
    /// A runner for the thread that calls. `on_done` gets the turns that [`Runner::run`] answered with
    /// [`RunResult::Away`].
    #[must_use]
    pub fn new(_: &Engine, config: RunnerConfig, on_done: OnDone) -> Self {
        Self {
            stage: Stage::new(&config),
            side: SideThreads::new(config.clone(), on_done),
            slots: Vec::new(),
            counters: Counters::default(),
            config,
        }
    }

    /// Takes a version of an application; other versions of the same name stay until they are undeployed.
    pub fn deploy(&mut self, servlet: Arc<Servlet>) {
        self.undeploy(&servlet.application().id);
        self.slots.push(Slot { servlet, live: None, probation: None });
    }

    /// Lets a version go. Turns of it that are away still come back.
    pub fn undeploy(&mut self, app: &AppId) {
        let Some(position) = self.position(app) else { return };
        let slot = self.slots.swap_remove(position);
        if let Some(conduct) = slot.probation {
            self.side.release(&conduct);
        }
    }

    /// Versions of applications that are on probation now.
    pub fn on_probation(&self) -> impl Iterator<Item = &AppId> {
        let busy = |slot: &&Slot| slot.probation.as_ref().is_some_and(|conduct| !conduct.is_over());
        self.slots.iter().filter(busy).map(|slot| &slot.servlet.application().id)
    }

    /// Counts since the runner was made.
    #[must_use]
    pub const fn counters(&self) -> Counters {
        Counters { instances_started: self.stage.started, instances_worn: self.stage.worn, ..self.counters }
    }

    /// Calls the turn's handler, here or beside the shard. The outcome of a death is [`Outcome::Trapped`]; this
    /// function itself cannot fail.
    pub fn run(&mut self, turn: Box<Turn>) -> RunResult {
        let Some(position) = self.position(turn.app()) else {
            let text = format!("the code of {} is not deployed here", turn.app());
            return RunResult::Ran(turn, Outcome::Trapped(trap::host_error(text)));
        };
        let slot = &mut self.slots[position];
        if let Some(conduct) = slot.probation.take_if(|conduct| conduct.is_over()) {
            self.side.release(&conduct);
        }
        if let Some(conduct) = &slot.probation {
            return match self.side.submit(conduct, &slot.servlet, turn) {
                Ok(()) => {
                    self.counters.turns_away += 1;
                    RunResult::Away
                }
                Err((turn, trap)) => {
                    self.counters.turns_refused += 1;
                    RunResult::Ran(turn, Outcome::Trapped(trap))
                }
            };
        }
        let (mut turn, outcome, start) = self.stage.play(&slot.servlet, &mut slot.live, turn);
        self.counters.turns += 1;
        let spent = start.spent(self.config.slow_turn);
        turn.took(spent);
        if spent >= self.config.slow_turn {
            slot.live = None;
            slot.probation = self.side.assign(&slot.servlet);
            self.counters.probations += u64::from(slot.probation.is_some());
        }
        RunResult::Ran(turn, outcome)
    }

    fn position(&self, app: &AppId) -> Option<usize> {
        // A handful of applications: a scan is faster than a hash of their names.
        self.slots.iter().position(|slot| {
            let id = &slot.servlet.application().id;
            id.digest == app.digest && id.name == app.name
        })
    }
}

/// An instance and how long it has to live.
pub(crate) struct Live {
    instance: Instance,
    turns_left: u32,
}

/// What one thread needs to run turns: its clock, and how instances are used.
pub(crate) struct Stage {
    meter: Meter,
    noise: Noise,
    seed: Option<u64>,
    instance: Option<InstanceMode>,
    turns_per_instance: (u32, u32),
    started: u64,
    worn: u64,
}

impl Stage {
    /// For the thread that calls.
    pub(crate) fn new(config: &RunnerConfig) -> Self {
        Self {
            meter: Meter::default(),
            noise: config.seed.map_or_else(Noise::from_system, Noise::from_seed),
            seed: config.seed,
            instance: config.instance,
            turns_per_instance: config.turns_per_instance,
            started: 0,
            worn: 0,
        }
    }

    /// Runs a turn in the living instance, or in one that is made for it, and decides whether that lives on.
    pub(crate) fn play(
        &mut self,
        servlet: &Servlet,
        live: &mut Option<Live>,
        turn: Box<Turn>,
    ) -> (Box<Turn>, Outcome, Start) {
        let start = self.meter.start();
        let mut turn = Some(turn);
        let made = if live.is_none() {
            self.make(servlet, &mut turn, start).map(|now| *live = Some(now))
        } else {
            Ok(())
        };
        let turn = turn.expect("Instance::start gives back the turn that it was lent");
        // Used in its place: an instance is some hundred bytes, and a turn takes less than a microsecond.
        let now = match (made, live.as_mut()) {
            (Ok(()), Some(now)) => now,
            (Ok(()), None) => return (turn, Outcome::Trapped(trap::host_error("it has no instance")), start),
            (Err(trap), _) => return (turn, Outcome::Trapped(trap), start),
        };
        let (turn, outcome) = now.instance.call(turn, start);
        now.turns_left = now.turns_left.saturating_sub(1);
        let fresh = self.instance.unwrap_or(servlet.application().descriptor.instance) == InstanceMode::Fresh;
        let dead = matches!(outcome, Outcome::Trapped(_));
        let worn = now.instance.worn();
        self.worn += u64::from(worn && !dead);
        if dead || fresh || worn || now.turns_left == 0 {
            *live = None;
        }
        (turn, outcome, start)
    }

    fn make(
        &mut self,
        servlet: &Servlet,
        turn: &mut Option<Box<Turn>>,
        start: Start,
    ) -> Result<Live, siplet_container::turn::Trap> {
        let noise = Noise::from_seed(self.seed.unwrap_or_else(|| self.noise.next()));
        self.started += 1;
        let instance = Instance::start(servlet, turn, start, noise)?;
        let (low, high) = self.turns_per_instance;
        Ok(Live { instance, turns_left: self.noise.between(low.max(1), high) })
    }
}
