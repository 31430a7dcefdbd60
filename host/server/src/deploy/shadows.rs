//! Versions in the shadow of those that serve: begun by an operator or by `shadow = 10` in NAME.toml, ended by an operator
//! or when another version serves.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use siplet_container::app::AppId;
use siplet_container::record::Settings;
use siplet_wasm::{RunnerConfig, Servlet};

use super::history::digest;
use super::{Deployer, Stage, overrides};
use crate::config::Config;
use crate::record::Records;
use crate::shadow::{self, Pair, Shadow, Shadows, Surroundings};
use crate::wasmfile;

/// Which version is to run in the shadow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// What lies in this file, with FILE.toml beside it, else with the NAME.toml of the version that serves.
    File(PathBuf),
    /// One that is kept: its version or `#DIGEST`.
    Version(String),
}

/// What the deploying thread needs for shadows.
#[derive(Clone, Debug)]
pub struct Shade {
    /// Who takes the steps that shards tell.
    pub records: Arc<Records>,
    /// How instances are used.
    pub runner: RunnerConfig,
    /// The server's settings.
    pub config: Arc<Config>,
    /// Where the shadows are seen.
    pub shadows: Arc<Shadows>,
}

/// A shadow that runs.
pub(super) struct Running {
    shadow: Arc<Shadow>,
    watch: u64,
}

impl<S: Stage> Deployer<S> {
    /// A version runs in the shadow of the one that serves from now on; an earlier shadow of the application ends.
    pub(super) fn shadow(&mut self, name: &str, which: &Which, percent: u8) -> Result<String, String> {
        if !self.lines.contains_key(name) {
            return Err(self.no_application(name));
        }
        let servlet = match which {
            Which::File(path) => self.load_aside(name, path)?,
            Which::Version(which) => self.kept(name, which)?,
        };
        let text = self.begin_shadow(servlet, percent)?;
        tracing::info!("{text} (asked by an operator)");
        Ok(text)
    }

    /// An operator ends a shadow.
    pub(super) fn shadow_off(&mut self, name: &str) -> Result<String, String> {
        if !self.running_shadows.contains_key(name) {
            let known = self.lines.contains_key(name);
            return Err(if known { format!("{name} has no shadow") } else { self.no_application(name) });
        }
        self.end_shadow(name, "an operator ended it");
        Ok(format!("{name} has no shadow any more"))
    }

    /// `shadow = 10` in NAME.toml: false where no other version serves whose shadow it could be.
    pub(super) fn shadow_by_file(&mut self, file: &str, servlet: &Arc<Servlet>) -> bool {
        let application = servlet.application();
        let id = &application.id;
        let Some(percent) = application.descriptor.shadow else { return false };
        let serves_another = self.lines.get(&id.name).is_some_and(|line| line.stable() != id);
        if !serves_another {
            let why = "no other version serves in whose shadow it could run";
            tracing::warn!("{}: `shadow` is set, and {why}: it serves", super::line(application));
            return false;
        }
        self.shadow_files.insert(file.to_owned(), (id.clone(), percent));
        match self.begin_shadow(Arc::clone(servlet), percent) {
            Ok(text) => tracing::info!("{text}"),
            Err(why) => tracing::warn!("{}: no shadow: {why}", self.folder.shown(&format!("{file}.wasm"))),
        }
        true
    }

    /// True when the file was last taken as this shadow.
    pub(super) fn is_shadow_of_file(&self, file: &str, servlet: &Servlet) -> bool {
        let application = servlet.application();
        let known = self.shadow_files.get(file);
        known
            .is_some_and(|(id, share)| *id == application.id && Some(*share) == application.descriptor.shadow)
    }

    fn begin_shadow(&mut self, servlet: Arc<Servlet>, percent: u8) -> Result<String, String> {
        let id = servlet.application().id.clone();
        let name = id.name.clone();
        let Some(line) = self.lines.get(&name) else { return Err(self.no_application(&name)) };
        let beside = line.stable().clone();
        if beside == id {
            return Err(format!("{name} {} serves, and is no shadow of itself", line.shown(&id)));
        }
        let beside_version = line.version_of(&beside);
        let pair = Pair { servlet, beside, beside_version, percent };
        self.end_shadow(&name, "another shadow was begun");
        let Shade { records, runner, config, shadows } = self.shade.clone();
        let surroundings = Surroundings {
            engine: self.engine.clone(),
            runner,
            settings: Settings::clone(records.settings()),
            limits: config.shadow.clone(),
            redaction: records.redaction(&config, false, &[]),
        };
        let (watch, steps) = records.watch_with_room(config.shadow.queue_steps);
        let begun = shadow::start(&pair, surroundings, steps)
            .map_err(|error| format!("there is no thread for it: {error}"))
            .and_then(|shadow| self.stage.watch(watch, &shadow.watch()).map(|()| shadow));
        let shadow = match begun {
            Ok(shadow) => shadow,
            Err(why) => {
                self.stage.unwatch(watch);
                records.unwatch(watch);
                return Err(why);
            }
        };
        shadows.put(&shadow);
        let pair = shadow.seen().pair();
        self.running_shadows.insert(name.clone(), Running { shadow, watch });
        Ok(format!("{name} {pair}: {percent} % of new calls run in both, what the shadow sends is dropped"))
    }

    /// Ends the shadows whose pair is none any more.
    pub(super) fn settle_shadows(&mut self) {
        let mut ended = Vec::new();
        for (name, running) in &self.running_shadows {
            let why = match self.lines.get(name) {
                None => Some("the application was undeployed".to_owned()),
                Some(line) if line.stable() != running.shadow.beside() => {
                    Some(format!("{} serves now", line.shown(line.stable())))
                }
                Some(_) if !running.shadow.is_running() => Some("it had ended".to_owned()),
                Some(_) => None,
            };
            ended.extend(why.map(|why| (name.clone(), why)));
        }
        for (name, why) in ended {
            self.end_shadow(&name, &why);
        }
    }

    /// Ends all shadows: the server stops.
    pub(super) fn end_shadows(&mut self) {
        for name in self.running_shadows.keys().cloned().collect::<Vec<_>>() {
            self.end_shadow(&name, "the server stops");
        }
    }

    fn end_shadow(&mut self, name: &str, why: &str) {
        let Some(Running { shadow, watch }) = self.running_shadows.remove(name) else { return };
        shadow.end(why);
        self.stage.unwatch(watch);
        // With it the last sender goes, and the thread ends when it has run what waits.
        self.shade.records.unwatch(watch);
        let report = shadow.report();
        tracing::info!(
            "{name} #{} is in no shadow any more: {why}. {} steps ran in both, {} differ: `siplet shadow {name}`",
            digest(shadow.id()),
            report.steps,
            report.differ()
        );
    }

    fn kept(&self, name: &str, which: &str) -> Result<Arc<Servlet>, String> {
        let line = self.lines.get(name).ok_or_else(|| self.no_application(name))?;
        let id: &AppId = line.named(which)?;
        line.servlet(id).ok_or_else(|| format!("the code of {name} {which} is not kept"))
    }

    /// Loads a file that lies anywhere.
    fn load_aside(&self, name: &str, path: &Path) -> Result<Arc<Servlet>, String> {
        let shown = path.display().to_string();
        let bytes = read(path, self.wasm_bytes_max).map_err(|why| format!("{shown}: {why}"))?;
        if let Some(why) = wasmfile::cut(&bytes) {
            return Err(format!("{shown}: {why}"));
        }
        let beside = path.with_extension("toml");
        let overrides = if beside.exists() {
            let shown = beside.display().to_string();
            let text =
                read(&beside, overrides::OVERRIDES_BYTES_MAX).map_err(|why| format!("{shown}: {why}"))?;
            let text = String::from_utf8(text).map_err(|_| format!("{shown}: it is no text"))?;
            Some(overrides::parse(&shown, &text)?)
        } else {
            let file = self.running.iter().find(|(_, app)| &*app.id.name == name).map(|(file, _)| file);
            file.map_or(Ok(None), |file| overrides::read(&self.folder, file))?
        };
        let servlet = Servlet::load(&bytes, &shown, &self.engine, overrides.as_ref())
            .map_err(|refusal| format!("refused {refusal}"))?;
        let own = &servlet.application().id.name;
        if **own != *name {
            return Err(format!("{shown} is the application \"{own}\", and no version of \"{name}\""));
        }
        Ok(servlet)
    }
}

/// Reads a regular file of at most so many octets.
fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, String> {
    let wrong = |error: std::io::Error| format!("it cannot be read: {error}");
    let metadata = std::fs::metadata(path).map_err(wrong)?;
    if !metadata.is_file() {
        return Err("it is no regular file".to_owned());
    }
    if metadata.len() > bytes_max {
        return Err(format!("it has {} bytes, and {bytes_max} are allowed", metadata.len()));
    }
    let bytes = std::fs::read(path).map_err(wrong)?;
    if bytes.len() as u64 > bytes_max {
        return Err("it is being written".to_owned());
    }
    Ok(bytes)
}
