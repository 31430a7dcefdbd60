//! The log: lines for people or JSON objects, to standard error, never waiting for whoever reads it.
//!
//! A thread of its own writes; a reader that is too slow loses lines, which are counted and told, and stops no call.

use std::fmt;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

use crate::config::{Log, LogFormat, LogLevel};

/// Lines that wait for the writing thread.
const QUEUE: usize = 10_000;
/// A reader that does not read keeps nobody from ending for longer.
const FINISH: Duration = Duration::from_secs(1);

static PIPE: OnceLock<Pipe> = OnceLock::new();

/// Sets up the log of this process. Does nothing when there is one already.
pub fn set_up(log: &Log) {
    // The journal has a time of its own.
    let timed = std::env::var_os("JOURNAL_STREAM").is_none();
    set_up_to(log, timed, io::stderr());
}

/// The same to another place than standard error, which gets one whole line, with its details, at a time.
pub fn set_up_to(log: &Log, timed: bool, out: impl Write + Send + 'static) {
    let level = match log.level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    let pipe = PIPE.get_or_init(|| Pipe::start(out)).clone();
    let builder = tracing_subscriber::fmt().with_max_level(level).with_writer(pipe);
    let _ = match log.format {
        LogFormat::Human => builder.event_format(Human { timed }).try_init_boxed(),
        LogFormat::Json => builder.json().flatten_event(true).with_target(false).try_init_boxed(),
    };
}

/// Waits until everything that was said is written: before the process ends.
pub fn finish() {
    let Some(pipe) = PIPE.get() else { return };
    let (written, is_written) = sync_channel(1);
    if pipe.lines.try_send(Line::Mark(written)).is_ok() {
        let _ = is_written.recv_timeout(FINISH);
    }
}

/// Both formats end in one type of error that nobody looks at.
trait TryInitBoxed {
    fn try_init_boxed(self) -> Result<(), ()>;
}

impl<N, E, F, W> TryInitBoxed for tracing_subscriber::fmt::SubscriberBuilder<N, E, F, W>
where
    Self: Into<tracing::Dispatch>,
{
    fn try_init_boxed(self) -> Result<(), ()> {
        tracing::dispatcher::set_global_default(self.into()).map_err(|_| ())
    }
}

/// Lines for people: a level, a sentence, details below it.
struct Human {
    /// Each line begins with the time.
    timed: bool,
}

impl<S, N> FormatEvent<S, N> for Human
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = Fields::default();
        event.record(&mut line);
        let level = match *event.metadata().level() {
            Level::ERROR => "ERROR",
            Level::WARN => "WARN ",
            Level::INFO => "INFO ",
            Level::DEBUG => "DEBUG",
            Level::TRACE => "TRACE",
        };
        if self.timed {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            write!(out, "{} ", utc(now.as_secs()))?;
        }
        // Control characters of a peer never reach the terminal.
        let mut lines =
            line.message.lines().map(|line| line.replace(|c: char| c.is_control() && c != '\t', "?"));
        writeln!(out, "{level} {}{}", lines.next().unwrap_or_default(), line.fields)?;
        for more in lines {
            writeln!(out, "      {more}")?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    fields: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        use fmt::Write as _;
        let _ = if field.name() == "message" {
            write!(self.message, "{value:?}")
        } else {
            write!(self.fields, "  {}={value:?}", field.name())
        };
    }
}

/// `2026-11-22T12:33:07Z`. The calendar of the proleptic Gregorian years, by the days since March of the year 0.
fn utc(unix_s: u64) -> String {
    let (days, second) = (unix_s / 86_400, unix_s % 86_400);
    let day = days + 719_468;
    let era = day / 146_097;
    let of_era = day % 146_097;
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year + era * 400 + u64::from(month <= 2);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// What goes to the writing thread.
#[derive(Debug)]
enum Line {
    Text(Vec<u8>),
    /// Tells when everything before it is written.
    Mark(SyncSender<()>),
}

/// Hands lines to the writing thread.
#[derive(Clone, Debug)]
struct Pipe {
    lines: SyncSender<Line>,
    lost: Arc<AtomicU64>,
}

impl Pipe {
    fn start(out: impl Write + Send + 'static) -> Self {
        let (lines, waiting) = sync_channel(QUEUE);
        let lost = Arc::new(AtomicU64::new(0));
        let pipe = Self { lines, lost: Arc::clone(&lost) };
        // Without the thread there is no log, and the calls go on.
        let _ = std::thread::Builder::new()
            .name("log".to_owned())
            .spawn(move || write_lines(&waiting, &lost, out));
        pipe
    }
}

fn write_lines(lines: &Receiver<Line>, lost: &AtomicU64, mut out: impl Write) {
    while let Ok(line) = lines.recv() {
        match line {
            Line::Text(text) => {
                let _ = out.write_all(&text);
            }
            Line::Mark(written) => {
                let _ = written.send(());
            }
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            let _ = writeln!(out, "WARN  {lost} lines of this log were lost: whoever reads it is too slow");
        }
    }
}

impl<'a> MakeWriter<'a> for Pipe {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Write for Pipe {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.lines.try_send(Line::Text(line.to_vec())).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::utc;

    #[test]
    fn seconds_become_dates() {
        let cases = [
            (0, "1970-01-01T00:00:00Z"),
            (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_795_350_787, "2026-11-22T12:33:07Z"),
        ];
        for (seconds, expected) in cases {
            assert_eq!(utc(seconds), expected);
        }
    }
}
