//! `siplet dev` as a machine: what happened comes in, what to do and what to tell comes out.
//!
//! No clock, no thread, no terminal: times are those since the start. One build at a time; a save during a build brings
//! another one after it. What was told is kept up to [`ENTRIES`] for the screen.

pub(super) mod calls;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::path::PathBuf;
use std::time::Duration;

use siplet_build::{Failed, Made};
use siplet_container::record::StepRecord;

use calls::Calls;

/// Things told that the screen can show; older ones go.
pub(super) const ENTRIES: usize = 1000;

/// Something that happened.
#[derive(Debug)]
pub(super) enum Event {
    /// Sources were saved.
    Changed(Vec<String>),
    /// The build does this.
    Progress(String),
    /// The build has ended.
    Built(Result<Made, Failed>),
    /// A file was given to the server.
    Deployed(Deployed),
    /// The server's log, with its details in further lines.
    Log(String),
    /// A step of a call.
    Step(Box<StepRecord>),
    /// A test call has ended: in words.
    CallEnded(String),
    /// Somebody pressed a key.
    Key(Key),
    /// The terminal has another size.
    Resized,
}

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Deployed {
    /// New calls go to it.
    Live {
        /// `hello 0.1.0 #3f9c21  INVITE`.
        line: String,
        /// The command that calls it.
        example: Option<String>,
    },
    /// It is the one that serves already.
    Unchanged,
    /// The server does not take it; its log says why.
    Refused,
}

/// The keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    /// `q`, Ctrl-C.
    Quit,
    /// Up.
    Up,
    /// Down.
    Down,
    /// `p`.
    Pause,
    /// `c`.
    Clear,
    /// `t`.
    Call,
}

/// Something to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Build the project.
    Build,
    /// Give this file to the server.
    Deploy(PathBuf),
    /// Place a test call.
    Call,
    /// Drain and end; when that is under way already, end at once.
    Quit,
}

/// Something told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// By whom.
    pub(super) kind: Kind,
    /// Text, maybe of several lines.
    pub(super) text: String,
}

/// Who tells an [`Entry`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `siplet dev` itself.
    Note,
    /// `siplet dev` itself, something that is good.
    Good,
    /// `siplet dev` itself, something that is bad.
    Bad,
    /// The compiler, with its colours.
    Compiler,
    /// The server's log.
    Log,
    /// A call, in the form without a screen.
    Ladder,
}

/// What is being done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Work {
    /// Waiting for a save.
    Idle,
    /// A build runs.
    Building {
        /// Since when.
        since: Duration,
        /// When the save was seen that it is for; none for the first one.
        saved: Option<Duration>,
        /// What it does.
        doing: String,
    },
    /// The server looks at what was built.
    Deploying {
        /// When the build began.
        since: Duration,
        /// As above.
        saved: Option<Duration>,
        /// Warnings of the compiler.
        warnings: usize,
    },
}

/// All that a screen shows.
#[derive(Debug)]
pub(super) struct State {
    /// Name of the project.
    pub(super) name: String,
    /// Where the server listens: `127.0.0.1:5060 udp tcp`.
    pub(super) listens: String,
    /// Time since the start.
    pub(super) now: Duration,
    /// What is being done.
    pub(super) work: Work,
    /// The version that serves: `hello 0.1.0 #3f9c21  INVITE`.
    pub(super) live: Option<String>,
    /// The command that calls it.
    pub(super) example: Option<String>,
    /// The last build failed: the compiler's words.
    pub(super) broken: Option<String>,
    /// What was told, the oldest first.
    pub(super) entries: VecDeque<Entry>,
    /// The calls.
    pub(super) calls: Calls,
    /// The server drains.
    pub(super) stopping: bool,
    /// Width and colours of a ladder that is told as lines.
    columns: usize,
    colour: bool,
    /// Files that were saved while a build was running, and when the first was.
    again: Option<(Duration, Vec<String>)>,
    fresh: Vec<Entry>,
}

impl State {
    /// Before the first build.
    pub(super) fn new(name: &str, listens: &str) -> Self {
        Self {
            name: name.to_owned(),
            listens: listens.to_owned(),
            now: Duration::ZERO,
            work: Work::Idle,
            live: None,
            example: None,
            broken: None,
            entries: VecDeque::new(),
            calls: Calls::default(),
            stopping: false,
            columns: 100,
            colour: false,
            again: None,
            fresh: Vec::new(),
        }
    }

    /// How a ladder is told that is told as lines: its width, and whether with colours.
    pub(super) const fn tell_ladders(mut self, columns: usize, colour: bool) -> Self {
        self.columns = columns;
        self.colour = colour;
        self
    }

    /// The first build.
    pub(super) fn begin(&mut self) -> Vec<Action> {
        self.say(Kind::Note, format!("building {}", self.name));
        self.build(None)
    }

    /// Takes in what happened.
    pub(super) fn on_event(&mut self, event: Event, at: Duration) -> Vec<Action> {
        self.now = at;
        match event {
            Event::Changed(files) => self.on_changed(files),
            Event::Progress(line) => {
                if let Work::Building { doing, .. } = &mut self.work {
                    *doing = line;
                }
                Vec::new()
            }
            Event::Built(outcome) => self.on_built(outcome),
            Event::Deployed(outcome) => self.on_deployed(outcome),
            Event::Log(text) => {
                self.say(Kind::Log, text);
                Vec::new()
            }
            Event::Step(step) => {
                let columns = self.columns;
                if let Some(ladder) = self.calls.add(&step).map(|call| call.draw(columns, self.colour)) {
                    self.say(Kind::Ladder, ladder);
                }
                Vec::new()
            }
            Event::CallEnded(text) => {
                self.say(Kind::Note, text);
                Vec::new()
            }
            Event::Key(key) => self.on_key(key),
            Event::Resized => Vec::new(),
        }
    }

    /// Time has passed.
    pub(super) const fn tick(&mut self, at: Duration) {
        self.now = at;
    }

    /// What was told since this was asked last, for a form without a screen.
    pub(super) fn take_told(&mut self) -> Vec<Entry> {
        core::mem::take(&mut self.fresh)
    }

    /// The server drains from now on.
    pub(super) fn stop(&mut self) {
        self.stopping = true;
    }

    fn say(&mut self, kind: Kind, text: String) {
        let entry = Entry { kind, text };
        if kind != Kind::Ladder {
            if self.entries.len() == ENTRIES {
                self.entries.pop_front();
            }
            self.entries.push_back(entry.clone());
        }
        self.fresh.push(entry);
    }

    fn build(&mut self, saved: Option<Duration>) -> Vec<Action> {
        self.work = Work::Building { since: self.now, saved, doing: String::new() };
        vec![Action::Build]
    }

    fn on_changed(&mut self, files: Vec<String>) -> Vec<Action> {
        if self.stopping {
            return Vec::new();
        }
        match self.work {
            Work::Idle => {
                self.say(Kind::Note, format!("{} saved: building", listed(&files)));
                self.build(Some(self.now))
            }
            Work::Building { .. } | Work::Deploying { .. } => {
                let (_, waiting) = self.again.get_or_insert((self.now, Vec::new()));
                waiting.extend(files);
                Vec::new()
            }
        }
    }

    /// Builds once more where something was saved in the meantime.
    fn settle(&mut self) -> Vec<Action> {
        self.work = Work::Idle;
        let Some((saved, mut files)) = self.again.take().filter(|_| !self.stopping) else {
            return Vec::new();
        };
        files.sort();
        files.dedup();
        self.say(Kind::Note, format!("{} saved meanwhile: building", listed(&files)));
        self.build(Some(saved))
    }

    fn on_built(&mut self, outcome: Result<Made, Failed>) -> Vec<Action> {
        let Work::Building { since, saved, .. } = self.work else { return Vec::new() };
        match outcome {
            Ok(made) => {
                self.broken = None;
                if !made.warnings.is_empty() {
                    self.say(Kind::Compiler, made.warnings.trim_end().to_owned());
                }
                self.work = Work::Deploying { since, saved, warnings: made.warning_count };
                vec![Action::Deploy(made.wasm)]
            }
            Err(Failed::Errors { text, count }) => {
                let text = text.trim_end().to_owned();
                let why = match count {
                    0 => "not built".to_owned(),
                    1 => "not built: 1 error".to_owned(),
                    count => format!("not built: {count} errors"),
                };
                self.say(Kind::Compiler, text.clone());
                self.broken = Some(text);
                self.say(Kind::Bad, format!("{why}; {}", self.keeps()));
                self.settle()
            }
            Err(Failed::NotStarted(error)) => {
                self.broken = Some(error.to_string());
                self.say(Kind::Bad, format!("not built: {error}; {}", self.keeps()));
                self.settle()
            }
        }
    }

    fn keeps(&self) -> String {
        match self.short() {
            Some(version) => format!("{version} keeps serving"),
            None => "nothing serves yet".to_owned(),
        }
    }

    /// `hello 0.1.0 #3f9c21`.
    pub(super) fn short(&self) -> Option<&str> {
        let line = self.live.as_deref()?;
        Some(line.split("  ").next().unwrap_or(line))
    }

    fn on_deployed(&mut self, outcome: Deployed) -> Vec<Action> {
        let Work::Deploying { since, saved, warnings } = self.work else { return Vec::new() };
        match outcome {
            Deployed::Live { line, example } => {
                let is_first = self.live.is_none();
                self.live = Some(line);
                let version = self.short().unwrap_or_default();
                let took = match saved {
                    Some(saved) => format!("{} after the save", seconds(self.now.saturating_sub(saved))),
                    None => format!("built in {}", seconds(self.now.saturating_sub(since))),
                };
                let warnings = match warnings {
                    0 => String::new(),
                    1 => ", 1 warning".to_owned(),
                    warnings => format!(", {warnings} warnings"),
                };
                self.say(Kind::Good, format!("live: {version}, {took}{warnings}"));
                if let Some(example) = example.as_ref().filter(|_| is_first) {
                    self.say(Kind::Note, format!("try it:  {example}"));
                }
                self.example = example;
            }
            Deployed::Unchanged => self.say(Kind::Note, format!("nothing is different; {}", self.keeps())),
            Deployed::Refused => self.say(Kind::Bad, format!("not deployed; {}", self.keeps())),
        }
        self.settle()
    }

    fn on_key(&mut self, key: Key) -> Vec<Action> {
        match key {
            Key::Quit => return vec![Action::Quit],
            Key::Call if self.live.is_some() && !self.stopping => return vec![Action::Call],
            Key::Call => self.say(Kind::Note, "no call is placed: nothing serves".to_owned()),
            Key::Up => self.calls.up(),
            Key::Down => self.calls.down(),
            Key::Pause => self.calls.pause(),
            Key::Clear => {
                self.calls.clear();
                self.entries.clear();
            }
        }
        Vec::new()
    }
}

/// `src/lib.rs`, or `src/lib.rs and 3 more`.
fn listed(files: &[String]) -> String {
    match files {
        [] => "something was".to_owned(),
        [one] => one.clone(),
        [first, more @ ..] => format!("{first} and {} more", more.len()),
    }
}

/// `1.2 s`.
pub(super) fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}
