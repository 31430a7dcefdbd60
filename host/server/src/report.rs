//! The container's reports as lines of the log: what happened, to whom, and what it means for the caller.
//!
//! Reports are typed until here. A healthy call says nothing. What peers do wrong is told once in ten minutes for each
//! kind, what servlets and the host do wrong a few times a minute; the rest is counted and told with the next line of
//! that kind.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use siplet_container::app::AppId;
use siplet_container::report::{Death, Report, StoreOrder};
use siplet_container::turn::{Level, Trap, TrapReason};
use siplet_ladder::spoken;
use siplet_sip::time::Time;

use crate::record::trapped::SUFFIX;

const MINUTE: Duration = Duration::from_secs(60);
/// What any scanner on the network can cause is told no more often.
const NOISE: Duration = Duration::from_secs(600);

/// How loud a line is.
pub type Loudness = tracing::Level;

/// Tells reports, a few of each kind each minute.
#[derive(Debug)]
pub struct Reporter {
    per_minute: u32,
    /// Where steps are kept in which a handler died.
    trapped: Option<PathBuf>,
    kinds: BTreeMap<String, Told>,
}

#[derive(Debug)]
struct Told {
    since: Time,
    told: u32,
    held_back: u64,
}

impl Reporter {
    /// A reporter that writes this many reports of one kind a minute; 0: all of them.
    #[must_use]
    pub const fn new(per_minute: u32) -> Self {
        Self { per_minute, trapped: None, kinds: BTreeMap::new() }
    }

    /// The same with the folder of steps in which a handler died: reports say how to run one again.
    #[must_use]
    pub fn with_trapped(self, folder: Option<PathBuf>) -> Self {
        Self { trapped: folder, ..self }
    }

    /// Writes the report to the log, or counts it.
    pub fn tell(&mut self, report: &Report, now: Time) {
        if let Report::Log { app, level, message, .. } = report {
            servlet_line(app, *level, message);
            return;
        }
        let Some((loudness, text)) = words(report) else { return };
        let (most, window) = if is_noise(report) { (1, NOISE) } else { (self.per_minute, MINUTE) };
        let Some(held_back) = self.admit(kind(report), most, window, now) else { return };
        let text = text + &self.again(report);
        let text =
            if held_back == 0 { text } else { format!("{text}\nand {held_back} more like this before") };
        log_line(loudness, &text);
    }

    /// Tells something of the shell's own that peers cause; `kind` says what is told together.
    pub fn tell_noise(&mut self, kind: &str, text: &str, now: Time) {
        let Some(held_back) = self.admit(kind.to_owned(), 1, NOISE, now) else { return };
        let more =
            if held_back == 0 { String::new() } else { format!("\nand {held_back} more like this before") };
        log_line(Loudness::INFO, &format!("{text}{more}"));
    }

    /// How a step in which a handler died runs again, on a line of its own.
    fn again(&self, report: &Report) -> String {
        let (Report::TurnAbandoned { record: Some(name), .. }, Some(folder)) = (report, &self.trapped) else {
            return String::new();
        };
        format!("\nagain at your desk:  siplet replay {}{SUFFIX}", folder.join(name).display())
    }

    /// None when the report is held back, else how many were held back before it.
    fn admit(&mut self, kind: String, most: u32, window: Duration, now: Time) -> Option<u64> {
        if self.per_minute == 0 {
            return Some(0);
        }
        // Kinds name applications; those that fell silent are let go before there are many.
        if self.kinds.len() >= 1000 {
            self.kinds.retain(|_, told| now.since(told.since) < NOISE);
        }
        let told = self.kinds.entry(kind).or_insert(Told { since: now, told: 0, held_back: 0 });
        if now.since(told.since) >= window {
            told.since = now;
            told.told = 0;
        }
        if told.told >= most {
            told.held_back += 1;
            return None;
        }
        told.told += 1;
        Some(core::mem::take(&mut told.held_back))
    }
}

/// What peers cause and a server lives with.
const fn is_noise(report: &Report) -> bool {
    match report {
        Report::Dropped { .. }
        | Report::Refused { .. }
        | Report::NoAck { .. }
        | Report::NoPrack { .. }
        | Report::ClientTimeout { .. }
        | Report::TransmitFailed { .. }
        | Report::ResolveFailed { .. } => true,
        Report::TurnAbandoned { .. }
        | Report::Log { .. }
        | Report::LogDropped { .. }
        | Report::ListenersDropped { .. }
        | Report::Unanswered { .. }
        | Report::StoreRefused { .. }
        | Report::StoreUnavailable { .. }
        | Report::RolledBack { .. }
        | Report::LoadFailed { .. }
        | Report::RecordLeft { .. }
        | Report::Restored { .. }
        | Report::Step(_)
        | Report::Unrecorded { .. }
        | Report::Deployed(_)
        | Report::Left(_)
        | Report::NotDeployed(_)
        | Report::Upgraded { .. }
        | Report::Broken { .. } => false,
    }
}

fn log_line(loudness: Loudness, text: &str) {
    match loudness {
        Loudness::ERROR => tracing::error!("{text}"),
        Loudness::WARN => tracing::warn!("{text}"),
        Loudness::INFO => tracing::info!("{text}"),
        Loudness::DEBUG => tracing::debug!("{text}"),
        Loudness::TRACE => tracing::trace!("{text}"),
    }
}

/// A servlet's own line. It is bounded by the servlet's own limit and never held back.
fn servlet_line(app: &AppId, level: Level, message: &str) {
    let text = format!("{}: {message}", app.name);
    log_line(
        match level {
            Level::Error => Loudness::ERROR,
            Level::Warn => Loudness::WARN,
            Level::Info => Loudness::INFO,
            Level::Debug => Loudness::DEBUG,
            Level::Trace => Loudness::TRACE,
        },
        &text,
    );
}

/// Reports that are told together.
fn kind(report: &Report) -> String {
    match report {
        Report::Dropped { why, .. } => format!("dropped {}", why.name()),
        Report::Refused { why, .. } => format!("refused {}", why.name()),
        Report::TurnAbandoned { app, handler, .. } => format!("abandoned {app} {}", handler.name()),
        Report::Log { app, .. } => format!("log {app}"),
        Report::LogDropped { app, .. } => format!("log-dropped {app}"),
        Report::ListenersDropped { app, .. } => format!("listeners-dropped {app}"),
        Report::Step(record) => format!("step {}", record.app),
        Report::Unrecorded { app, limit } => format!("unrecorded {app} {limit}"),
        Report::Unanswered { app, .. } => format!("unanswered {app}"),
        Report::NoAck { app } => format!("no-ack {app}"),
        Report::NoPrack { app } => format!("no-prack {app}"),
        Report::ClientTimeout { app, .. } => format!("client-timeout {app}"),
        Report::TransmitFailed { app } => match app {
            Some(app) => format!("transmit-failed {app}"),
            None => "transmit-failed".to_owned(),
        },
        Report::StoreRefused { .. } => "store-refused".to_owned(),
        Report::StoreUnavailable { .. } => "store-unavailable".to_owned(),
        Report::RolledBack { .. } => "rolled-back".to_owned(),
        Report::LoadFailed { why, .. } => format!("load-failed {}", why.name()),
        Report::RecordLeft { .. } => "record-left".to_owned(),
        Report::ResolveFailed { why, .. } => format!("resolve-failed {}", why.name()),
        Report::Restored { .. } => "restored".to_owned(),
        Report::Deployed(app) => format!("deployed {app}"),
        Report::Left(app) => format!("left {app}"),
        Report::NotDeployed(app) => format!("not-deployed {app}"),
        Report::Upgraded { app, .. } => format!("upgraded {app}"),
        Report::Broken { what, .. } => format!("broken {what}"),
    }
}

/// A report in words, none for what the server tells itself.
#[must_use]
pub fn words(report: &Report) -> Option<(Loudness, String)> {
    Some(match report {
        Report::Dropped { why, flow } => {
            let from = flow.map_or_else(String::new, |flow| {
                format!(" from {} {}", flow.transport.param_name(), flow.remote)
            });
            (Loudness::INFO, format!("dropped a message{from}: {}", why.name()))
        }
        Report::Refused { status, why, text, flow } => {
            let from = format!("{} {}", flow.transport.param_name(), flow.remote);
            (Loudness::INFO, format!("answered {status} to {from}: {} ({text})", why.name()))
        }
        Report::TurnAbandoned { .. } => abandoned(report),
        Report::LogDropped { app, lines } => (
            Loudness::WARN,
            format!("{}: {lines} lines of its log were dropped (limit `log-bytes`)", app.name),
        ),
        Report::ListenersDropped { app, turns } => (
            Loudness::WARN,
            format!(
                "{}: {turns} callbacks into its listeners were left out (limit `listener-turns`)",
                app.name
            ),
        ),
        Report::Unanswered { app, method, answered } => {
            (Loudness::WARN, format!("{app} left a request unanswered: {method}\n{}", heard(*answered)))
        }
        Report::NoPrack { .. }
        | Report::NoAck { .. }
        | Report::ClientTimeout { .. }
        | Report::TransmitFailed { .. } => return of_a_peer(report),
        Report::StoreRefused { .. }
        | Report::StoreUnavailable { .. }
        | Report::RolledBack { .. }
        | Report::LoadFailed { .. }
        | Report::RecordLeft { .. } => return of_the_store(report),
        Report::ResolveFailed { host, why, messages } => {
            (Loudness::INFO, format!("{messages} messages for {host} have no address: {}", why.name()))
        }
        Report::Restored { key, app } => {
            (Loudness::DEBUG, format!("session {:016x} of {app} was restored", key.0))
        }
        Report::Broken { what, key } => (
            Loudness::ERROR,
            format!(
                "a rule of the host itself was broken: {what}\nit was about session {:016x}; please report this",
                key.0
            ),
        ),
        Report::Left(app) => (Loudness::INFO, format!("{app} has left: its last call has ended")),
        Report::NotDeployed(app) => {
            (Loudness::ERROR, format!("{app} was to take calls and is not deployed: nothing was changed"))
        }
        Report::Upgraded { app, from, key } => {
            (Loudness::DEBUG, format!("session {:016x} has moved from version {from} to {app}", key.0))
        }
        Report::Unrecorded { app, limit } => {
            (Loudness::INFO, format!("{app}: a step was not recorded (limit `{limit}`)"))
        }
        Report::Deployed(_) | Report::Log { .. } | Report::Step(_) => return None,
    })
}

/// What the store did not do.
fn of_the_store(report: &Report) -> Option<(Loudness, String)> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "whoever calls this has told the others apart")]
    Some(match report {
        Report::StoreRefused { key } => {
            (Loudness::WARN, format!("session {:016x} is owned elsewhere and was given up here", key.0))
        }
        Report::StoreUnavailable { order, attempt } => {
            let what = match order {
                StoreOrder::Unit(unit) => format!("take unit {}", unit.0),
                StoreOrder::Load(key) => format!("tell of session {:016x}", key.0),
                StoreOrder::Forget(key) => format!("let the record of session {:016x} go", key.0),
            };
            (Loudness::WARN, format!("the store could not be reached to {what}, attempt {attempt}"))
        }
        Report::RolledBack { key, units, requests } => (
            Loudness::ERROR,
            format!(
                "the store stayed away: session {:016x} went back by {units} steps\n{requests} requests got 503",
                key.0
            ),
        ),
        Report::LoadFailed { key, why, requests } => (
            Loudness::ERROR,
            format!(
                "session {:016x} could not be loaded: {why}\n{requests} requests got {}; its record stays as it is",
                key.0,
                why.status()
            ),
        ),
        Report::RecordLeft { key } => (
            Loudness::ERROR,
            format!(
                "the record of the ended session {:016x} stays in the store (limit `forgetting`)\nthe next start will \
                 find it and end it again",
                key.0
            ),
        ),
        _ => return None,
    })
}

/// What a peer did not do.
fn of_a_peer(report: &Report) -> Option<(Loudness, String)> {
    #[allow(clippy::wildcard_enum_match_arm, reason = "whoever calls this has told the others apart")]
    Some(match report {
        Report::NoPrack { app } => {
            (Loudness::INFO, format!("{app}: a caller never acknowledged its reliable response"))
        }
        Report::NoAck { app } => (Loudness::INFO, format!("{app}: a caller never acknowledged its 200")),
        Report::ClientTimeout { app, method } => {
            (Loudness::INFO, format!("{app}: nobody answered its request: {method}"))
        }
        Report::TransmitFailed { app } => {
            let whose =
                app.as_ref().map_or_else(|| "an answer".to_owned(), |app| format!("a message of {app}"));
            (Loudness::INFO, format!("{whose} could not be sent"))
        }
        _ => return None,
    })
}

/// A turn that died or returned an error.
fn abandoned(report: &Report) -> (Loudness, String) {
    let Report::TurnAbandoned { app, version, handler, call_id, answered, death, .. } = report else {
        return (Loudness::ERROR, String::new());
    };
    let who = format!("{} {version} #{:06x}", app.name, app.digest >> 40);
    let mut text = String::new();
    let loudness = match death {
        Death::Failed(why) => {
            let _ = write!(text, "{who} returned an error from {}\n{why}", handler.name());
            Loudness::WARN
        }
        Death::Trapped(trap) => {
            let _ = write!(text, "{who} {} {} after {}", died(trap.reason), handler.name(), spoken(trap.cpu));
            let _ = write!(text, "\n{}", trap.text);
            Loudness::ERROR
        }
    };
    let _ = write!(
        text,
        "\n{}; nothing else of this turn left the host; the session is as it was",
        heard(*answered)
    );
    if let Some(call_id) = call_id {
        let _ = write!(text, "\ncall {call_id}");
    }
    if let Death::Trapped(Trap { backtrace, .. }) = death {
        // A recursion is told once.
        for same in backtrace.chunk_by(|one, next| one == next) {
            let times = if same.len() == 1 { String::new() } else { format!("  ({} times)", same.len()) };
            let _ = write!(text, "\nat {}{times}", same[0]);
        }
    }
    (loudness, text)
}

fn died(reason: TrapReason) -> &'static str {
    match reason {
        TrapReason::Panic | TrapReason::Unreachable => "died in",
        TrapReason::Deadline => "took too long in",
        TrapReason::Memory => "ran out of memory in",
        TrapReason::StackOverflow => "called itself too deep in",
        TrapReason::HostError => "could not be run in",
        TrapReason::InitFailed => "failed in init, before",
    }
}

fn heard(answered: Option<u16>) -> String {
    answered.map_or_else(
        || "no request waited for an answer".to_owned(),
        |status| format!("the caller got {status}"),
    )
}
