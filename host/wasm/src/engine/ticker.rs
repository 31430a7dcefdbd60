//! The thread that counts epochs, one for the process.
//!
//! It ticks only while guests run: a process without calls sleeps and is not woken 200 times a second. A runner says
//! [`keep_ticking`] at each call, a call that lasts says it again at its epochs; after a second without a word the
//! thread sleeps until the next.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{Engine, EngineWeak};

/// Length of an epoch. A turn is stopped at the first tick after its time.
pub(crate) const TICK: Duration = Duration::from_millis(5);
/// Ticks without a call until the thread sleeps.
const TICKS_BEFORE_SLEEP: u32 = 200;

struct Ticker {
    engines: Mutex<Vec<EngineWeak>>,
    used: AtomicBool,
    asleep: AtomicBool,
    thread: OnceLock<Thread>,
}

static TICKER: Ticker = Ticker {
    engines: Mutex::new(Vec::new()),
    used: AtomicBool::new(false),
    asleep: AtomicBool::new(false),
    thread: OnceLock::new(),
};

/// Counts the epochs of this engine until it is dropped. Fails when the thread cannot be started.
pub(super) fn register(engine: &Engine) -> std::io::Result<()> {
    let mut engines = TICKER.engines.lock().unwrap_or_else(PoisonError::into_inner);
    engines.retain(|engine| engine.upgrade().is_some());
    engines.push(engine.weak());
    if TICKER.thread.get().is_none() {
        let thread = thread::Builder::new().name("siplet-epochs".to_owned()).spawn(run)?;
        // The lock on `engines` is held: nobody else sets it.
        let _ = TICKER.thread.set(thread.thread().clone());
    }
    Ok(())
}

/// A guest runs.
pub(crate) fn keep_ticking() {
    // Mostly true already, and then nothing is written. The order of the two (here: used, then asleep; the ticker:
    // asleep, then used) loses no wake-up.
    if !TICKER.used.load(SeqCst) && !TICKER.used.swap(true, SeqCst) && TICKER.asleep.load(SeqCst) {
        wake();
    }
}

#[cold]
fn wake() {
    if let Some(thread) = TICKER.thread.get() {
        thread.unpark();
    }
}

fn run() {
    let mut unused = 0;
    loop {
        thread::sleep(TICK);
        unused = if TICKER.used.swap(false, SeqCst) { 0 } else { unused + 1 };
        if unused >= TICKS_BEFORE_SLEEP {
            TICKER.asleep.store(true, SeqCst);
            while !TICKER.used.load(SeqCst) {
                thread::park();
            }
            TICKER.asleep.store(false, SeqCst);
        }
        let engines = TICKER.engines.lock().unwrap_or_else(PoisonError::into_inner);
        for engine in engines.iter().filter_map(EngineWeak::upgrade) {
            engine.increment_epoch();
        }
    }
}
