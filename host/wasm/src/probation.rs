//! Side threads for servlets that take long.
//!
//! A shard has one thread and its calls wait while a guest runs. So a servlet that was slow once gets its turns run
//! here, with an instance of its own, until it has been quick for a while: one that loops for ever costs the others on
//! its shard one stall and no more. A turn that has waited longer than its own `turn-ms` fails at once instead of
//! running, so every caller has an outcome within about twice that time.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use siplet_container::turn::{Outcome, Trap, Turn};

use crate::runner::{Live, OnDone, RunnerConfig, Stage};
use crate::servlet::Servlet;
use crate::trap;

/// One probation of one servlet: shared by the shard and the side thread.
pub(crate) struct Conduct {
    digest: u64,
    thread: usize,
    waiting: AtomicUsize,
    over: AtomicBool,
}

impl Conduct {
    /// True when the servlet has behaved and may run on the shard again.
    pub(crate) fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
}

enum Order {
    Run(Job),
    /// The probation is over or the application is gone: drop its instance.
    Forget(u64),
}

struct Job {
    servlet: Arc<Servlet>,
    turn: Box<Turn>,
    conduct: Arc<Conduct>,
    since: Instant,
}

struct SideThread {
    orders: Sender<Order>,
    servlets: usize,
}

/// The side threads of one shard. They start when they are needed and end with the runner.
pub(crate) struct SideThreads {
    config: RunnerConfig,
    on_done: OnDone,
    threads: Vec<SideThread>,
}

impl SideThreads {
    pub(crate) const fn new(config: RunnerConfig, on_done: OnDone) -> Self {
        Self { config, on_done, threads: Vec::new() }
    }

    /// A place for a servlet: a thread of its own while there are any, else the one with the fewest servlets. None when
    /// no thread can be started; then the servlet stays on the shard.
    pub(crate) fn assign(&mut self, servlet: &Servlet) -> Option<Arc<Conduct>> {
        let idle = self.threads.iter().position(|side| side.servlets == 0);
        if idle.is_none() && self.threads.len() < self.config.side_threads {
            self.spawn();
        }
        let (thread, side) = self.threads.iter_mut().enumerate().min_by_key(|(_, side)| side.servlets)?;
        side.servlets += 1;
        Some(Arc::new(Conduct {
            digest: servlet.application().id.digest,
            thread,
            waiting: AtomicUsize::new(0),
            over: AtomicBool::new(false),
        }))
    }

    /// Ends a probation: the place is free, the instance goes.
    pub(crate) fn release(&mut self, conduct: &Conduct) {
        if let Some(side) = self.threads.get_mut(conduct.thread) {
            side.servlets = side.servlets.saturating_sub(1);
            let _ = side.orders.send(Order::Forget(conduct.digest));
        }
    }

    /// Gives a turn away, or back with the reason when too many wait.
    pub(crate) fn submit(
        &self,
        conduct: &Arc<Conduct>,
        servlet: &Arc<Servlet>,
        turn: Box<Turn>,
    ) -> Result<(), (Box<Turn>, Trap)> {
        let waiting = conduct.waiting.fetch_add(1, Ordering::Relaxed);
        if waiting >= self.config.side_queue {
            conduct.waiting.fetch_sub(1, Ordering::Relaxed);
            return Err((
                turn,
                trap::host_error(format!("servlet queue full: {waiting} of its slow turns wait already")),
            ));
        }
        let job = Job { servlet: servlet.clone(), turn, conduct: conduct.clone(), since: Instant::now() };
        let Some(side) = self.threads.get(conduct.thread) else {
            return Err((job.turn, trap::host_error("its side thread is gone")));
        };
        match side.orders.send(Order::Run(job)) {
            Ok(()) => Ok(()),
            Err(mpsc::SendError(Order::Run(job))) => {
                Err((job.turn, trap::host_error("its side thread is gone")))
            }
            Err(mpsc::SendError(Order::Forget(_))) => unreachable!("a Run was sent"),
        }
    }

    fn spawn(&mut self) {
        let (orders, receiver) = mpsc::channel();
        let (config, on_done) = (self.config.clone(), self.on_done.clone());
        let builder = thread::Builder::new().name("siplet-slow".to_owned());
        // Not joined: it ends when the runner drops the sender, after the turns that wait.
        if builder.spawn(move || work(&config, &on_done, &receiver)).is_ok() {
            self.threads.push(SideThread { orders, servlets: 0 });
        }
    }
}

/// One servlet on a side thread.
#[derive(Default)]
struct Place {
    live: Option<Live>,
    /// Well-behaved turns, one after the other.
    calm: u32,
}

fn work(config: &RunnerConfig, on_done: &OnDone, orders: &Receiver<Order>) {
    let mut stage = Stage::new(config);
    let mut places: HashMap<u64, Place> = HashMap::new();
    for order in orders {
        let job = match order {
            Order::Run(job) => job,
            Order::Forget(digest) => {
                places.remove(&digest);
                continue;
            }
        };
        job.conduct.waiting.fetch_sub(1, Ordering::Relaxed);
        let waited = job.since.elapsed();
        let patience = Duration::from_millis(job.servlet.application().descriptor.limits.turn_ms);
        if waited > patience {
            let text = format!("it waited {} ms behind slow turns of its servlet", waited.as_millis());
            on_done(job.turn, Outcome::Trapped(trap::host_error(text)));
            continue;
        }
        let place = places.entry(job.conduct.digest).or_default();
        let (turn, outcome, start) = stage.play(&job.servlet, &mut place.live, job.turn);
        let calm = start.spent(config.calm_turn) < config.calm_turn;
        place.calm = if calm { place.calm + 1 } else { 0 };
        if place.calm >= config.calm_turns || job.conduct.is_over() {
            places.remove(&job.conduct.digest);
            job.conduct.over.store(true, Ordering::Release);
        }
        on_done(turn, outcome);
    }
}
