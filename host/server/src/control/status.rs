//! How the server is, in a few lines.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use siplet_container::app::AppId;
use siplet_ladder::spoken;

use crate::counters::Counters;
use crate::hub::{Hub, calls};
use crate::process;
use crate::shadow::Seen;
use crate::shard::Numbers;

/// Rates are taken over this time.
const WINDOW: Duration = Duration::from_millis(500);

/// The answer to `siplet status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// Version of the server.
    pub version: String,
    /// `serving`, `starting` or `draining`.
    pub state: String,
    /// Seconds since the start.
    pub uptime_s: u64,
    /// Calls now.
    pub calls: u64,
    /// Most dialogs at a time since the start, summed over the shards.
    pub calls_peak: u64,
    /// Application sessions.
    pub application_sessions: u64,
    /// Turns a second, over the last half second.
    pub turns_per_s: f64,
    /// 99 of 100 turns took at most this, microseconds; since the start.
    pub turn_p99_us: Option<u64>,
    /// Share of one core, percent, over the last half second.
    pub cpu_percent: f64,
    /// Resident memory, bytes.
    pub memory_bytes: u64,
    /// Shards that did not answer.
    pub shards_silent: usize,
    /// Applications.
    pub applications: Vec<ApplicationStatus>,
    /// Versions that run in a shadow now.
    #[serde(default)]
    pub shadows: Vec<Seen>,
}

/// One version of an application.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ApplicationStatus {
    /// Its name.
    pub name: String,
    /// Its version; empty for one that no longer takes calls.
    pub version: String,
    /// First digits of its digest.
    pub digest: String,
    /// It takes new calls; else it leaves as its calls end.
    pub serving: bool,
    /// Its turns run beside the shards, because it was slow.
    pub on_probation: bool,
    /// Application sessions, those included that only wait for the end of their transactions.
    pub sessions: u64,
    /// Turns since the start.
    pub turns: u64,
    /// Turns that died or returned an error.
    pub failures: u64,
    /// 99 of 100 turns took at most this, microseconds.
    pub turn_p99_us: Option<u64>,
}

/// Looks twice, for the rates.
pub async fn collect(hub: &Hub) -> Status {
    let (before, cpu_before) = (turns(&hub.numbers().await.0), process::cpu_seconds());
    tokio::time::sleep(WINDOW).await;
    let (numbers, shards_silent) = hub.numbers().await;
    let seconds = WINDOW.as_secs_f64();
    let process = process::look(hub.started(), hub.is_draining(), hub.records());
    let mut counters = Counters::default();
    for shard in &numbers {
        counters.merge(&shard.counters);
    }
    let mut took = crate::counters::Histogram::default();
    for app in counters.apps.values() {
        took.merge(&app.took);
    }
    let state = match (hub.is_serving(), hub.is_draining()) {
        (true, _) => "serving",
        (false, true) => "draining",
        (false, false) => "starting",
    };
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        state: state.to_owned(),
        uptime_s: process.uptime_s as u64,
        calls: calls(&numbers),
        calls_peak: numbers.iter().map(|shard| shard.dialogs_peak as u64).sum(),
        application_sessions: numbers.iter().map(|shard| shard.counts.application_sessions as u64).sum(),
        turns_per_s: turns(&numbers).saturating_sub(before) as f64 / seconds,
        turn_p99_us: took.quantile(0.99).map(|time| time.as_micros() as u64),
        cpu_percent: (process.cpu_seconds - cpu_before) / seconds * 100.0,
        memory_bytes: process.resident_bytes,
        shards_silent,
        applications: applications(hub, &numbers, &counters).await,
        shadows: hub.shadows().all().iter().filter(|one| one.is_running()).map(|one| one.seen()).collect(),
    }
}

fn turns(numbers: &[Numbers]) -> u64 {
    numbers.iter().flat_map(|shard| shard.counters.apps.values()).map(|app| app.turns).sum()
}

async fn applications(hub: &Hub, numbers: &[Numbers], counters: &Counters) -> Vec<ApplicationStatus> {
    let status = |id: &AppId, version: &str, serving: bool| {
        let counters = counters.apps.get(id).cloned().unwrap_or_default();
        ApplicationStatus {
            name: id.name.to_string(),
            version: version.to_owned(),
            digest: format!("{:06x}", id.digest >> 40),
            serving,
            on_probation: numbers.iter().any(|shard| shard.on_probation.contains(id)),
            sessions: sessions(numbers, id),
            turns: counters.turns,
            failures: counters.failed + counters.traps.values().sum::<u64>(),
            turn_p99_us: counters.took.quantile(0.99).map(|time| time.as_micros() as u64),
        }
    };
    let serving = hub.applications().await;
    let mut lines: Vec<_> =
        serving.iter().map(|app| status(&app.id, &app.descriptor.version, true)).collect();
    let known: BTreeSet<&AppId> = numbers
        .iter()
        .flat_map(|shard| &shard.versions)
        .filter(|(_, counts)| counts.sessions > 0)
        .map(|(id, _)| id)
        .collect();
    let leaving = known.into_iter().filter(|id| serving.iter().all(|app| app.id != **id));
    lines.extend(leaving.map(|id| status(id, "", false)));
    lines.sort_by(|a, b| (&a.name, !a.serving).cmp(&(&b.name, !b.serving)));
    lines
}

fn sessions(numbers: &[Numbers], app: &AppId) -> u64 {
    let versions = numbers.iter().flat_map(|shard| &shard.versions);
    versions.filter(|(id, _)| id == app).map(|(_, counts)| counts.sessions as u64).sum()
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.state == "serving" { String::new() } else { format!("   {}", self.state) };
        writeln!(
            f,
            "siplet {}{state}   up {}   calls {} (peak {})   turns {}/s   p99 {}   cpu {:.0} %   memory {} MB",
            self.version,
            spoken(Duration::from_secs(self.uptime_s)),
            grouped(self.calls),
            grouped(self.calls_peak),
            grouped(self.turns_per_s.round() as u64),
            micros(self.turn_p99_us),
            self.cpu_percent,
            self.memory_bytes / 1_000_000,
        )?;
        if self.shards_silent > 0 {
            writeln!(f, "  {} shards do not answer", self.shards_silent)?;
        }
        let widest =
            |of: fn(&ApplicationStatus) -> usize| self.applications.iter().map(of).max().unwrap_or(0);
        let (names, versions) = (widest(|app| app.name.len()), widest(|app| app.version.len()));
        for app in &self.applications {
            let (name, version, digest) = (&app.name, &app.version, &app.digest);
            let (sessions, turns) = (grouped(app.sessions), grouped(app.turns));
            write!(
                f,
                "  {name:names$}   {version:versions$} #{digest}   {sessions:>7} sessions   {turns:>9} turns"
            )?;
            write!(f, "   failures {}   p99 {}", grouped(app.failures), micros(app.turn_p99_us))?;
            if app.on_probation {
                write!(f, "   runs aside: it was slow")?;
            }
            writeln!(f, "{}", if app.serving { "" } else { "   leaving as its calls end" })?;
        }
        for shadow in &self.shadows {
            let (name, report) = (&shadow.name, &shadow.report);
            let (steps, differ) = (grouped(report.steps), grouped(report.differ()));
            writeln!(
                f,
                "  {name:names$}   {}, {} %   {steps} steps, {differ} differ",
                shadow.pair(),
                shadow.percent
            )?;
        }
        Ok(())
    }
}

pub(super) fn micros(time: Option<u64>) -> String {
    time.map_or_else(|| "-".to_owned(), |micros| spoken(Duration::from_micros(micros)))
}

/// `1,204`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
