//! Threads whose end is the server's end, and those that stand still.
//!
//! A shard that has died takes its part of all calls with it, and a process that goes on without it answers the health
//! check of whoever could start it anew. So the death of such a thread, by a panic in whatever task of it or by its end, is
//! noticed where it happens: `/healthz` names the thread from then on, the log has the panic's own words, and the process
//! ends soon. A shard that stands still for a while ([`Pulse`]) is told in the same place and killed by nobody.

#[cfg(debug_assertions)]
pub mod fault;
mod pulse;
#[cfg(test)]
mod tests;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::cell::RefCell;
use std::io;
use std::panic::{self, PanicHookInfo};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Once, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::Notify;

pub use pulse::{Pulse, watch};

/// Threads that others start and that no call can do without: the clock of guests' deadlines, and the threads beside the
/// shards, each with a turn in its hands that would never come back.
const OF_OTHERS: [&str; 2] = ["siplet-epochs", "siplet-slow"];

/// How a vital thread ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// Name of the thread: `shard-1`, `deploy`.
    pub thread: String,
    /// What it said: the panic's text and place, or that it ended.
    pub text: String,
}

impl std::fmt::Display for Death {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the thread {} died: {}", self.thread, self.text)
    }
}

/// The vital threads of one server. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Vital {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    deaths: Mutex<Vec<Death>>,
    noticed: Notify,
    /// The server ends: that threads end now is no death.
    ending: AtomicBool,
    /// Set where a death ends the process, if need be without the main thread.
    exit_after: OnceLock<Duration>,
}

thread_local! {
    /// What this thread is vital to, and its name.
    static SEAT: RefCell<Option<(Vital, String)>> = const { RefCell::new(None) };
}

/// The server whose death the process's other threads are.
static PROCESS: OnceLock<Vital> = OnceLock::new();

impl Vital {
    /// Starts a vital thread.
    ///
    /// # Errors
    /// No thread can be had.
    pub fn spawn(&self, name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
        hear_panics();
        let seat = Seat { vital: self.clone(), name: name.to_owned() };
        thread::Builder::new().name(name.to_owned()).spawn(move || {
            SEAT.set(Some((seat.vital.clone(), seat.name.clone())));
            run();
            drop(seat);
        })
    }

    /// A death ends this process with exit code 1: after this time at the latest, whatever the main thread does then.
    /// Also the threads that serve all servers of a process are vital to this one from now on.
    pub fn end_process_after(&self, limit: Duration) {
        hear_panics();
        // One server is one process; a second one is a test's.
        let _ = self.inner.exit_after.set(limit);
        let _ = PROCESS.set(self.clone());
    }

    /// The server ends: threads may.
    pub fn expect_end(&self) {
        self.inner.ending.store(true, Ordering::SeqCst);
    }

    /// The threads that have died, in order.
    #[must_use]
    pub fn deaths(&self) -> Vec<Death> {
        self.inner.deaths.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits for a death; the first one where there were more. One task waits at a time.
    pub async fn died(&self) -> Death {
        loop {
            if let Some(death) = self.deaths().into_iter().next() {
                return death;
            }
            self.inner.noticed.notified().await;
        }
    }

    /// A thread has died. It may be the one that runs this.
    fn note(&self, thread: &str, text: String, backtrace: &str) {
        if self.inner.ending.load(Ordering::SeqCst) {
            // Nobody waits for it, but a panic is told.
            tracing::error!("the thread {thread} died at the end: {text}");
            return;
        }
        let death = Death { thread: thread.to_owned(), text };
        tracing::error!("{death}{backtrace}");
        let mut deaths = self.inner.deaths.lock().unwrap_or_else(PoisonError::into_inner);
        if deaths.is_empty()
            && let Some(limit) = self.inner.exit_after.get().copied()
        {
            // Without a thread for it the main thread still ends the process.
            let _ = thread::Builder::new().name("last-exit".to_owned()).spawn(move || {
                thread::sleep(limit);
                tracing::error!("the process ends without its main thread, which took too long");
                crate::log::finish();
                std::process::exit(1);
            });
        }
        deaths.push(death);
        drop(deaths);
        self.inner.noticed.notify_one();
    }
}

/// Tells the end of its thread, unless that was expected or a panic was told already.
struct Seat {
    vital: Vital,
    name: String,
}

impl Drop for Seat {
    fn drop(&mut self) {
        if thread::panicking() || self.vital.inner.ending.load(Ordering::SeqCst) {
            return;
        }
        self.vital.note(&self.name, "it has ended, and nobody asked it to".to_owned(), "");
    }
}

/// Takes note of panics where they happen: tasks of a runtime catch them, and nobody would hear of those. Panics of all
/// other threads go their usual way.
fn hear_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| match seat_of_this_thread() {
            Some((vital, name)) => vital.note(&name, words(info), &backtrace()),
            None => usual(info),
        }));
    });
}

fn seat_of_this_thread() -> Option<(Vital, String)> {
    let seat = SEAT.try_with(|seat| seat.try_borrow().ok().and_then(|seat| seat.clone())).ok().flatten();
    seat.or_else(|| {
        let thread = thread::current();
        let name = thread.name().filter(|name| OF_OTHERS.contains(name))?;
        Some((PROCESS.get()?.clone(), name.to_owned()))
    })
}

/// `panicked at host/server/src/x.rs:1:2: the text`.
fn words(info: &PanicHookInfo<'_>) -> String {
    let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
    let text = info.payload_as_str().unwrap_or("with no text");
    format!("panicked at {place}: {text}")
}

/// Lines below the panic, where RUST_BACKTRACE asks for them.
fn backtrace() -> String {
    let backtrace = Backtrace::capture();
    if backtrace.status() == BacktraceStatus::Captured { format!("\n{backtrace}") } else { String::new() }
}
