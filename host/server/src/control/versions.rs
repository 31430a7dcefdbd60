//! The versions of applications: what serves, what is on trial, what is kept, what leaves.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use siplet_container::app::AppId;

use super::status::{grouped, micros};
use crate::counters::Counters;
use crate::deploy::history::digest;
use crate::hub::Hub;
use siplet_ladder::spoken;

/// The answer to `siplet versions`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions(pub Vec<VersionStatus>);

/// What a version is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VersionState {
    /// It takes new calls.
    Serving,
    /// It takes a share of them.
    Canary,
    /// It runs in the shadow of the one that serves.
    Shadow,
    /// It could serve again.
    Kept,
    /// It leaves with its last session.
    Leaving,
}

/// One version of an application.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionStatus {
    /// The application.
    pub name: String,
    /// Its version; empty for one that is kept no longer.
    pub version: String,
    /// First digits of its digest.
    pub digest: String,
    /// What it is doing.
    pub state: VersionState,
    /// Percent of new calls that it takes, or that it runs in the shadow.
    pub percent: u8,
    /// When it was deployed last, seconds since the Unix epoch; none for one that is kept no longer.
    pub deployed_at_s: Option<u64>,
    /// Why it was taken back, if it was.
    pub note: Option<String>,
    /// New calls that it took since the start.
    pub calls: u64,
    /// Its application sessions.
    pub sessions: u64,
    /// Its turns.
    pub turns: u64,
    /// Turns that died.
    pub traps: u64,
    /// Sessions that it took over from older versions.
    pub upgraded: u64,
    /// Sessions that it could not take over.
    pub upgrades_failed: u64,
    /// 99 of 100 turns took at most this, microseconds.
    pub turn_p99_us: Option<u64>,
}

/// Asks shards and deploying thread. `name`: of this application only.
///
/// # Errors
/// There is no application of that name.
pub async fn collect(hub: &Hub, name: Option<&str>) -> Result<Versions, String> {
    let known = hub.versions().await;
    let (numbers, _) = hub.numbers().await;
    let mut counters = Counters::default();
    let mut counts: BTreeMap<AppId, (u64, u64)> = BTreeMap::new();
    for shard in &numbers {
        counters.merge(&shard.counters);
        for (id, version) in &shard.versions {
            let sum = counts.entry(id.clone()).or_default();
            *sum = (sum.0 + version.sessions as u64, sum.1 + version.calls);
        }
    }
    let status = |id: &AppId| {
        let app = counters.apps.get(id).cloned().unwrap_or_default();
        let (sessions, calls) = counts.get(id).copied().unwrap_or_default();
        VersionStatus {
            name: id.name.to_string(),
            version: String::new(),
            digest: digest(id),
            state: VersionState::Leaving,
            percent: 0,
            deployed_at_s: None,
            note: None,
            calls,
            sessions,
            turns: app.turns,
            traps: app.traps.values().sum(),
            upgraded: app.upgraded,
            upgrades_failed: app.upgrades_failed,
            turn_p99_us: app.took.quantile(0.99).map(|time| time.as_micros() as u64),
        }
    };
    let mut lines: Vec<VersionStatus> = Vec::new();
    for version in known.iter().rev() {
        let entry = &version.entry;
        let state = match version.percent {
            _ if version.is_canary => VersionState::Canary,
            0 => VersionState::Kept,
            _ => VersionState::Serving,
        };
        lines.push(VersionStatus {
            version: entry.version.clone(),
            state,
            percent: version.percent,
            deployed_at_s: Some(entry.deployed.as_secs()),
            note: entry.note.clone(),
            ..status(&entry.id)
        });
    }
    let is_known = |id: &AppId| known.iter().any(|version| version.entry.id == *id);
    lines.extend(counts.keys().filter(|id| !is_known(id) && counts[*id].0 > 0).map(&status));
    add_shadows(hub, &mut lines, status);
    if let Some(name) = name {
        lines.retain(|line| line.name == name);
        if lines.is_empty() {
            return Err(format!("no application is called \"{name}\""));
        }
    }
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(Versions(lines))
}

/// Tells which versions run in a shadow now; `status` is what is counted for one.
fn add_shadows(hub: &Hub, lines: &mut Vec<VersionStatus>, status: impl Fn(&AppId) -> VersionStatus) {
    for shadow in hub.shadows().all().iter().filter(|shadow| shadow.is_running()) {
        let (id, seen) = (shadow.id(), shadow.seen());
        let (state, percent) = (VersionState::Shadow, seen.percent);
        let digest = digest(id);
        let same = |line: &&mut VersionStatus| line.name == *id.name && line.digest == digest;
        match lines.iter_mut().find(same) {
            Some(line) if line.state == VersionState::Kept => (line.state, line.percent) = (state, percent),
            // A version that takes calls beside its shadow, or leaves, is told as what it is to its callers.
            Some(_) => {}
            None => lines.push(VersionStatus {
                version: seen.version,
                state,
                percent,
                deployed_at_s: Some(shadow.since().as_secs()),
                ..status(id)
            }),
        }
    }
}

impl fmt::Display for Versions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(f, "no servlet serves; the log says why");
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let states: Vec<String> = self.0.iter().map(VersionStatus::told).collect();
        let widest = |of: fn(&VersionStatus) -> usize| self.0.iter().map(of).max().unwrap_or(0);
        let (names, versions) = (widest(|line| line.name.len()), widest(|line| line.version.len()));
        let widest_state = states.iter().map(String::len).max().unwrap_or(0);
        for (line, state) in self.0.iter().zip(&states) {
            let (name, version, digest) = (&line.name, &line.version, &line.digest);
            let age = match line.deployed_at_s {
                Some(at) => format!("{} ago", spoken(Duration::from_secs(now.saturating_sub(at).max(1)))),
                None => "-".to_owned(),
            };
            write!(f, "  {name:names$}   {version:versions$} #{digest}   {state:widest_state$}   {age:>10}")?;
            write!(f, "   {:>7} calls   {:>6} sessions", grouped(line.calls), grouped(line.sessions))?;
            write!(f, "   {:>8} turns   traps {}", grouped(line.turns), grouped(line.traps))?;
            writeln!(f, "   p99 {}", micros(line.turn_p99_us))?;
            if let Some(note) = &line.note {
                writeln!(f, "  {:names$}   taken back: {note}", "")?;
            }
            if line.upgraded + line.upgrades_failed > 0 {
                let (done, failed) = (grouped(line.upgraded), grouped(line.upgrades_failed));
                writeln!(f, "  {:names$}   took over {done} live calls, {failed} could not move", "")?;
            }
        }
        Ok(())
    }
}

impl VersionStatus {
    fn told(&self) -> String {
        match self.state {
            VersionState::Serving if self.percent == 100 => "serving".to_owned(),
            VersionState::Serving => format!("serving {} %", self.percent),
            VersionState::Canary => format!("canary {} %", self.percent),
            VersionState::Shadow => format!("shadow {} %", self.percent),
            VersionState::Kept => "kept".to_owned(),
            VersionState::Leaving => "leaving".to_owned(),
        }
    }
}
