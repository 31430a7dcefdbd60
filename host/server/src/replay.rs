//! `siplet replay`: runs a record again, with the very code that it was recorded with or with another.
//!
//! The container, the servlet and its runner are those of a server; only sockets and clocks are missing. Each step is
//! compared with what it was; the first difference is what is told.

mod story;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde::Serialize;
use serde_json::{Value, json};
use siplet_container::app::{AppLimits, Application};
use siplet_container::io::Key;
use siplet_container::record::compare::{Difference, first_difference, outcome};
use siplet_container::record::{StepInput, StepRecord, TurnOutcome};
use siplet_container::turn::{Outcome, Turn};
use siplet_container::{Container, replay_step};
use siplet_wasm::{Engine, EngineConfig, RunResult, Runner, RunnerConfig, Servlet, app_id};

use crate::record::file::{self, Record};

/// Octets of a servlet's file.
const WASM_BYTES_MAX: u64 = 64 << 20;
/// What `init` draws; any number does, as long as it is the same.
const SEED: u64 = 1;

/// Options of `siplet replay`.
#[derive(Clone, Debug, Args)]
pub struct Replay {
    /// The record: FILE.rec.
    pub file: PathBuf,
    /// Run this .wasm file instead of the one that was recorded. Exit code 0 when no handler dies in it.
    #[arg(long, value_name = "FILE.wasm")]
    pub with: Option<PathBuf>,
    /// Folder in which the recorded .wasm files are looked for by their digests; may be given several times.
    #[arg(long, default_value = "servlets")]
    pub servlets: Vec<PathBuf>,
    /// One JSON object instead of text.
    #[arg(long)]
    pub json: bool,
}

/// What became of one session.
#[derive(Debug, Default, Serialize)]
pub struct Verdict {
    /// The application session's id.
    pub session: String,
    /// The application as it was recorded.
    pub application: String,
    /// The application that ran.
    pub ran: String,
    /// Steps in the record.
    pub steps: usize,
    /// Where it went another way first.
    pub difference: Option<Told>,
    /// The step, from 1, in which a handler died in the record and ended well this time.
    pub mended: Option<usize>,
    /// Handlers that died in this run.
    pub died: Vec<Died>,
}

/// The death of a handler.
#[derive(Debug, Serialize)]
pub struct Died {
    /// The step, from 1.
    pub step: usize,
    /// The handler's name.
    pub handler: &'static str,
    /// Kind, text and backtrace.
    pub how: String,
}

/// A difference with its place.
#[derive(Debug, Serialize)]
pub struct Told {
    /// The step, from 1.
    pub step: usize,
    /// The turn in it, from 1.
    pub turn: Option<usize>,
    /// What differs.
    pub what: String,
    /// As it was recorded.
    pub recorded: String,
    /// As it is this time.
    pub replayed: String,
}

impl Verdict {
    /// With the recorded code: all is as it was. With other code: no handler dies, and nothing differs but what was
    /// mended.
    #[must_use]
    pub const fn is_good(&self, is_other: bool) -> bool {
        self.difference.is_none() && (!is_other || self.died.is_empty())
    }
}

/// Runs the record and tells about it; true when all went as [`Verdict::is_good`] says.
///
/// # Errors
/// The file is no record, or the code for it is not found or refused: in words.
pub fn replay(options: &Replay, out: &mut impl Write) -> Result<bool> {
    let record = file::read(&options.file).map_err(|why| anyhow!("{why}"))?;
    // What the host that recorded allowed is in the record; this one only must not give more than any host may.
    let ceilings = AppLimits::HIGHEST;
    let engine = Engine::new(EngineConfig { ceilings, ..EngineConfig::default() })?;
    let mut sessions: BTreeMap<Key, Vec<&StepRecord>> = BTreeMap::new();
    let mut order = Vec::new();
    for step in &record.steps {
        let steps = sessions.entry(step.key).or_default();
        if steps.is_empty() {
            order.push(step.key);
        }
        steps.push(step);
    }
    let mut verdicts = Vec::new();
    for key in order {
        let steps = &sessions[&key];
        let servlet = servlet(options, &engine, steps)?;
        let mut servlets = later(options, &engine, steps)?;
        // The first one runs the steps until the session moves to another version.
        servlets.insert(0, servlet);
        let mut replayed = Vec::new();
        let (verdict, notes) = run(&record, steps, &servlets, &engine, options.with.is_some(), &mut replayed);
        if !options.json {
            write!(out, "{}{}", story::drawn(&verdict, &replayed, &notes), story::verdict(&verdict))?;
        }
        verdicts.push(verdict);
    }
    if options.json {
        writeln!(out, "{}", json!({ "file": options.file, "sessions": verdicts }))?;
    }
    Ok(verdicts.iter().all(|verdict| verdict.is_good(options.with.is_some())))
}

/// The code to run: the file that was told, or the one that was recorded.
fn servlet(options: &Replay, engine: &Engine, steps: &[&StepRecord]) -> Result<Arc<Servlet>> {
    let first = steps.first().context("a session without steps")?;
    let Some(beginning) = &first.beginning else {
        bail!("{}: the record of session {} has no beginning", options.file.display(), first.id);
    };
    let recorded = &beginning.application;
    if let Some(path) = &options.with {
        let bytes = read_wasm(path)?;
        // What the operator gave the servlet then, on top of what the other file says of itself.
        let overrides = json!({
            "init-parameters": recorded.descriptor.init_parameters,
            "limits": recorded.descriptor.limits,
        });
        return load(&bytes, path, engine, &overrides);
    }
    recorded_servlet(options, engine, recorded)
}

/// The code of versions that the session moved to, or was asked to.
fn later(options: &Replay, engine: &Engine, steps: &[&StepRecord]) -> Result<Vec<Arc<Servlet>>> {
    let mut known = BTreeSet::new();
    let mut servlets = Vec::new();
    for step in steps {
        if let StepInput::Upgrade { to, .. } = &step.input
            && known.insert(to.id.clone())
        {
            servlets.push(recorded_servlet(options, engine, to)?);
        }
    }
    Ok(servlets)
}

fn recorded_servlet(options: &Replay, engine: &Engine, recorded: &Application) -> Result<Arc<Servlet>> {
    for folder in &options.servlets {
        if let Some((path, bytes)) = find(folder, recorded)? {
            return load(&bytes, &path, engine, &serde_json::to_value(&recorded.descriptor)?);
        }
    }
    let folders: Vec<_> = options.servlets.iter().map(|folder| folder.display().to_string()).collect();
    bail!(
        "no file in {} is {} {} as it was recorded; name its folder with --servlets, or run another file with --with",
        folders.join(" or "),
        recorded.id,
        recorded.descriptor.version
    )
}

fn load(bytes: &[u8], path: &Path, engine: &Engine, overrides: &Value) -> Result<Arc<Servlet>> {
    let name = path.display().to_string();
    Servlet::load(bytes, &name, engine, Some(overrides)).map_err(|refusal| anyhow!("refused {refusal}"))
}

fn read_wasm(path: &Path) -> Result<Vec<u8>> {
    let shown = path.display();
    let metadata = std::fs::metadata(path).with_context(|| format!("{shown} cannot be read"))?;
    if !metadata.is_file() || metadata.len() > WASM_BYTES_MAX {
        bail!("{shown} is no servlet's file of at most {WASM_BYTES_MAX} bytes");
    }
    std::fs::read(path).with_context(|| format!("{shown} cannot be read"))
}

/// The file that, with the recorded descriptor, has the recorded digest.
fn find(folder: &Path, recorded: &Application) -> Result<Option<(PathBuf, Vec<u8>)>> {
    let entries = std::fs::read_dir(folder).with_context(|| {
        format!("the folder {} cannot be read; name it with --servlets", folder.display())
    })?;
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "wasm"))
        .collect();
    paths.sort();
    for path in paths {
        let Ok(bytes) = read_wasm(&path) else { continue };
        if app_id(&bytes, &recorded.descriptor) == recorded.id {
            return Ok(Some((path, bytes)));
        }
    }
    Ok(None)
}

/// Runs the steps of one session with the first of these, and with the others from the steps on that move it there. `all`
/// gets them as they are this time; the texts tell of steps that did not begin.
fn run(
    record: &Record,
    steps: &[&StepRecord],
    servlets: &[Arc<Servlet>],
    engine: &Engine,
    is_other: bool,
    all: &mut Vec<StepRecord>,
) -> (Verdict, Vec<String>) {
    let (mut verdict, mut notes) = (Verdict { steps: steps.len(), ..Verdict::default() }, Vec::new());
    let Some(servlet) = servlets.first() else { return (verdict, notes) };
    let application = Arc::new(servlet.application().clone());
    let mut container = Container::replaying(record.header.settings.config());
    let mut runner = runner(engine, servlets);
    let id = &application.id;
    verdict.ran = name(&id.name, &application.descriptor.version, id.digest);
    if let Some(first) = steps.first() {
        verdict.session.clone_from(&first.id);
        verdict.application = name(&first.app.name, &first.version, first.app.digest);
    }
    for (at, recorded) in steps.iter().enumerate() {
        let number = at + 1;
        let told = replay_step(&mut container, recorded, &application, |turn| run_turn(&mut runner, turn));
        let replayed = match told {
            Ok(replayed) => replayed,
            // After another answer than the recorded one, inputs may find nobody.
            Err(why) if verdict.mended.is_some() => {
                notes.push(format!("step {number} of the record does not begin: {why}"));
                continue;
            }
            Err(why) => {
                let recorded = "it ran".to_owned();
                let what = "the step cannot begin".to_owned();
                verdict.difference = Some(Told { step: number, turn: None, what, recorded, replayed: why });
                break;
            }
        };
        for turn in &replayed.turns {
            if matches!(turn.outcome, TurnOutcome::Trapped { .. }) {
                let how = outcome(&turn.outcome);
                verdict.died.push(Died { step: number, handler: turn.handler.name(), how });
            }
        }
        let difference = first_difference(recorded, &replayed).filter(|_| verdict.mended.is_none());
        all.push(*replayed);
        if let (Some(difference), Some(replayed)) = (difference, all.last()) {
            if is_other && is_mended(&difference, recorded, replayed) {
                verdict.mended = Some(number);
                continue;
            }
            let Difference { turn, what, recorded, replayed } = difference;
            let turn = turn.map(|turn| turn + 1);
            verdict.difference = Some(Told { step: number, turn, what, recorded, replayed });
            break;
        }
    }
    (verdict, notes)
}

fn name(name: &str, version: &str, digest: u64) -> String {
    format!("{name} {version} #{:06x}", digest >> 40)
}

/// The first difference is a handler that died then and does not now.
fn is_mended(difference: &Difference, recorded: &StepRecord, replayed: &StepRecord) -> bool {
    let Some(turn) = difference.turn else { return false };
    let died = |step: &StepRecord| {
        step.turns.get(turn).is_some_and(|turn| matches!(turn.outcome, TurnOutcome::Trapped { .. }))
    };
    died(recorded) && !died(replayed)
}

fn runner(engine: &Engine, servlets: &[Arc<Servlet>]) -> Runner {
    // No turn runs beside this thread.
    let config = RunnerConfig { slow_turn: Duration::MAX, seed: Some(SEED), ..RunnerConfig::default() };
    let mut runner = Runner::new(engine, config, Arc::new(|_, _| {}));
    servlets.iter().for_each(|servlet| runner.deploy(Arc::clone(servlet)));
    runner
}

fn run_turn(runner: &mut Runner, turn: Box<Turn>) -> (Box<Turn>, Outcome) {
    match runner.run(turn) {
        RunResult::Ran(turn, outcome) => (turn, outcome),
        RunResult::Away => unreachable!("a servlet is slow from `slow_turn` on, and that is never"),
    }
}
