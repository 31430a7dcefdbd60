//! The only clocks and the only random numbers of this crate.
//!
//! Reading the CPU time of a thread is a system call (about 0.2 us); a turn takes about that long. So it is read at most
//! once in [`MARK_EVERY`] of wall time, and the CPU time of a call is told from the last mark: never too much, and too
//! little by at most that interval.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

const MARK_EVERY: Duration = Duration::from_micros(200);

/// Milliseconds since the Unix epoch.
pub(crate) fn unix_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// CPU time of this thread.
fn thread_cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Wall and CPU time of one thread, read together.
#[derive(Clone, Copy, Debug)]
struct Mark {
    wall: Instant,
    cpu: Duration,
}

/// Tells the CPU time of calls on one thread. It may be made on another, as long as all calls are on one.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter(Option<Mark>);

impl Meter {
    /// A call begins now.
    pub(crate) fn start(&mut self) -> Start {
        let wall = Instant::now();
        let mark = match self.0 {
            Some(mark) if wall.duration_since(mark.wall) <= MARK_EVERY => mark,
            Some(_) | None => *self.0.insert(Mark { wall, cpu: thread_cpu() }),
        };
        Start { wall, mark }
    }
}

/// The beginning of a call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start {
    wall: Instant,
    mark: Mark,
}

impl Start {
    /// CPU time of this thread since the call began.
    pub(crate) fn cpu(&self) -> Duration {
        let before = self.wall.duration_since(self.mark.wall);
        thread_cpu().saturating_sub(self.mark.cpu).saturating_sub(before).min(self.wall.elapsed())
    }

    /// CPU time since the call began where it matters: below `exact_above` it is the wall time, which needs no system
    /// call.
    pub(crate) fn spent(&self, exact_above: Duration) -> Duration {
        let wall = self.wall.elapsed();
        if wall < exact_above { wall } else { self.cpu() }
    }
}

/// Random numbers that need not be secret: for `init`, and to spread the replacement of instances (splitmix64).
#[derive(Clone, Debug)]
pub(crate) struct Noise(u64);

impl Noise {
    /// Seeded by the operating system.
    pub(crate) fn from_system() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }

    /// The same numbers for the same seed.
    pub(crate) const fn from_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The next 64 bits.
    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from `low` to `high`, both possible.
    pub(crate) fn between(&mut self, low: u32, high: u32) -> u32 {
        let width = u64::from(high.saturating_sub(low)) + 1;
        low.saturating_add(u32::try_from(self.next() % width).unwrap_or(0))
    }
}
