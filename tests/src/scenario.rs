//! Scenario files: one rule, its commands, and the whole trace that they lead to.
//!
//! ```text
//! # RFC 3261 §13.3.1.4: the 2xx is retransmitted until the ACK arrives
//! deploy uas
//!   do-invite = 180; 200
//! drop host>alice 200 times=1
//! alice send INVITE sip:bob@host
//! advance 1s
//! ----
//! 0.000 alice>host INVITE sip:bob@host C1 cseq=1 B1 from=T1
//! ...
//! ```
//! Blocks are separated by an empty line; commands are indented no further than their own lines. With `SIPLET_BLESS=1`
//! the traces are written instead of compared; the difference is then reviewed like any change. One command is one file in
//! `scenario/command`.

mod command;
mod file;

use std::path::{Path, PathBuf};

use crate::ladder::LadderWatcher;
use crate::trace::Trace;
use crate::world::World;

pub use file::{Block, Command, File};

/// Which guests stand behind names of sample servlets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ring {
    /// Plain Rust values.
    Native,
    /// WebAssembly, one instance for many turns.
    WasmReused,
    /// WebAssembly, an instance for each turn.
    WasmFresh,
    /// The sample of that name in JavaScript, one instance for many turns.
    JsReused,
    /// The sample of that name in JavaScript, an instance for each turn.
    JsFresh,
}

/// A world that a scenario's commands move.
pub struct Stage {
    /// The world.
    pub world: World,
    /// Which guests stand behind names of sample servlets.
    pub ring: Ring,
    /// How many versions were deployed: each has a digest of its own.
    deployed: u64,
}

impl Stage {
    /// An empty stage.
    #[must_use]
    pub fn new(ring: Ring) -> Self {
        let mut world = World::new(1);
        world.watchers.push(Box::new(Trace::new()));
        world.watchers.push(Box::new(LadderWatcher::new()));
        Self { world, ring, deployed: 0 }
    }

    /// Runs the commands of a block; its trace.
    ///
    /// # Errors
    /// The line and what is wrong with it.
    pub fn run(&mut self, block: &Block) -> Result<Vec<String>, String> {
        for command in &block.commands {
            command::run(self, command).map_err(|why| format!("line {}: {why}", command.line))?;
            self.world.settle();
        }
        Ok(self.trace().take())
    }

    pub(crate) fn trace(&mut self) -> &mut Trace {
        self.world.watcher::<Trace>().expect("a stage is made with a trace")
    }
}

/// Runs a scenario and compares its traces, or writes them.
///
/// # Errors
/// The first difference, with both sides, or what is wrong with the file.
pub fn check(path: &Path, ring: Ring, bless: bool) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|why| format!("{}: {why}", path.display()))?;
    let mut file = File::parse(&text)?;
    let mut stage = Stage::new(ring);
    for block in &mut file.blocks {
        let trace = stage.run(block)?;
        if bless {
            block.trace = trace;
        } else if block.trace != trace {
            return Err(failure(&mut stage, path, block, &trace));
        }
    }
    if bless {
        let new = file.write();
        if new != text {
            std::fs::write(path, new).map_err(|why| format!("{}: {why}", path.display()))?;
        }
    }
    Ok(())
}

/// The first difference of a block, and the ladder up to there.
fn failure(stage: &mut Stage, path: &Path, block: &Block, trace: &[String]) -> String {
    let mut text = difference(block, trace);
    if let Some(watcher) = stage.world.watcher::<LadderWatcher>() {
        let line = block.commands.last().map_or(0, |command| command.line);
        let file = path.file_name().unwrap_or_default().to_string_lossy();
        let wanted = block.trace.iter().zip(trace).find(|(old, new)| old != new).map(|(old, _)| old.as_str());
        let wanted = wanted.or_else(|| block.trace.get(trace.len()).map(String::as_str)).unwrap_or("no more");
        watcher.mark(&format!("{file}:{line} expected {wanted}"));
        text.push_str(&format!("\n{}", watcher.ladder()));
    }
    text
}

fn difference(block: &Block, trace: &[String]) -> String {
    let line = block.commands.first().map_or(0, |command| command.line);
    let at = block.trace.iter().zip(trace).take_while(|(old, new)| old == new).count();
    let mut text = format!("the block at line {line} has another trace (`cargo xtask bless` renews it)\n");
    for same in &trace[..at] {
        text.push_str(&format!("    {same}\n"));
    }
    for old in &block.trace[at..] {
        text.push_str(&format!("  - {old}\n"));
    }
    for new in &trace[at..] {
        text.push_str(&format!("  + {new}\n"));
    }
    text
}

/// All scenario files under a folder, sorted, with their names.
///
/// # Errors
/// The folder cannot be read.
pub fn all(folder: &Path) -> std::io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            let topic = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            found.extend(all(&path)?.into_iter().map(|(name, path)| (format!("{topic}/{name}"), path)));
        } else if path.extension().is_some_and(|extension| extension == "sip") {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            found.push((name, path));
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
# RFC 3261 §13.3.1: a call is answered
deploy uas
  do-invite = 180; 200
alice send INVITE sip:bob@host
----
0.000 something else
";

    #[test]
    fn a_scenario_that_fails_prints_its_ladder_with_the_line_that_expected_something_else() {
        let file = File::parse(TEXT).expect("a scenario");
        let mut stage = Stage::new(Ring::Native);
        let trace = stage.run(&file.blocks[0]).expect("its commands are good");
        let told = failure(&mut stage, Path::new("hours.sip"), &file.blocks[0], &trace);
        let expected = "
  alice                          host
    |------ INVITE --------------->|
    |                              | turn 1  uas do-invite
    |<----- 180 Ringing -----------|
    |<----- 200 OK ----------------|
    |------ ACK ------------------>|   <- hours.sip:4 expected 0.000 something else
";
        assert!(told.contains(expected), "{told}");
    }
}
