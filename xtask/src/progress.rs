//! One line for each phase of long work, with the time it took.
//!
//! On a terminal the line lives while the phase runs; elsewhere (a log, CI) a line is printed when a phase that may be
//! long begins and one when it ends, so that a log never looks hung and is never full of carriage returns.

use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// A piece of work with a name, shown as `  name           what became of it`.
pub(crate) struct Phase {
    label: &'static str,
    started: Instant,
    doing: Arc<Mutex<String>>,
    spinner: Option<Spinner>,
}

struct Spinner {
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Phase {
    /// Begins a phase that may take long and says what it does.
    pub(crate) fn begin(label: &'static str, doing: &str) -> Self {
        let started = Instant::now();
        let doing = Arc::new(Mutex::new(doing.to_owned()));
        let spinner = if std::io::stdout().is_terminal() {
            Some(Spinner::start(label, started, Arc::clone(&doing)))
        } else {
            println!("  {label:<14} {} ...", text_of(&doing));
            None
        };
        Self { label, started, doing, spinner }
    }

    /// Changes what the living line says; a log does not get it.
    pub(crate) fn now_doing(&self, text: String) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = text;
    }

    /// Time since the phase began.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Ends the phase with what came of it; the time is added where it is worth a word.
    pub(crate) fn done(mut self, became: &str) {
        let elapsed = self.elapsed();
        self.stop();
        if elapsed >= Duration::from_secs(1) {
            line(self.label, &format!("{became} in {}", spoken(elapsed)));
        } else {
            line(self.label, became);
        }
    }

    fn stop(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.ended.store(true, Ordering::Relaxed);
            // A spinner that panicked has nothing more to show.
            let _ = spinner.thread.join();
        }
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Spinner {
    fn start(label: &'static str, started: Instant, doing: Arc<Mutex<String>>) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&ended);
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Relaxed) {
                let text = format!("  {label:<14} {}  {}", text_of(&doing), spoken(started.elapsed()));
                // A terminal of 100 columns is enough; a longer line would wrap and never be wiped.
                let short: String = text.chars().take(99).collect();
                print!("\r\x1b[2K{short}");
                // Losing one frame of a spinner harms nobody.
                let _ = std::io::stdout().flush();
                std::thread::sleep(Duration::from_millis(100));
            }
            print!("\r\x1b[2K");
            let _ = std::io::stdout().flush();
        });
        Self { ended, thread }
    }
}

/// One finished line: `  label          text`.
pub(crate) fn line(label: &str, text: &str) {
    println!("  {label:<14} {text}");
}

/// A duration as one says it: `0.4 s`, `12 s`, `3 m 10 s`.
pub(crate) fn spoken(duration: Duration) -> String {
    let seconds = duration.as_secs();
    if seconds < 10 {
        format!("{:.1} s", duration.as_secs_f64())
    } else if seconds < 60 {
        format!("{seconds} s")
    } else {
        format!("{} m {} s", seconds / 60, seconds % 60)
    }
}

fn text_of(doing: &Mutex<String>) -> String {
    doing.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_people_say_them() {
        assert_eq!(spoken(Duration::from_millis(420)), "0.4 s");
        assert_eq!(spoken(Duration::from_secs(12)), "12 s");
        assert_eq!(spoken(Duration::from_secs(190)), "3 m 10 s");
    }
}
