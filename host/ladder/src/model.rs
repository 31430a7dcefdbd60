//! What a ladder is made of, as a value: drawn by [`crate::paint`], kept and sent as JSON.

use core::time::Duration;

use serde::{Deserialize, Serialize};

/// Participants and what happened between and at them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ladder {
    /// The columns, from left to right.
    pub participants: Vec<Participant>,
    /// The lines, from the first to the last.
    pub rows: Vec<Row>,
}

/// One column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Participant {
    /// What stands above it: `sip:alice@home`, `10.0.0.7:5060`, `screen 0.1.0 #91ab07`.
    pub name: String,
    /// What it is.
    pub role: Role,
}

/// What a participant is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A far end: a user agent, another server.
    Peer,
    /// A version of an application.
    Servlet,
    /// The host itself, where it answers without a servlet.
    Host,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Microseconds since the ladder's beginning. Never less than that of the row before.
    pub at_us: u64,
    /// What happened.
    #[serde(flatten)]
    pub what: What,
    /// What the reader shall see at this row: `tests/hours.rs:12 expected 480`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mark: Option<String>,
}

/// What a row tells. Participants are indexes into [`Ladder::participants`]; a row that names one that is not there is
/// not drawn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "row", rename_all = "kebab-case")]
pub enum What {
    /// A message went over the wire.
    Message {
        /// Index of the sender.
        from: usize,
        /// Index of the receiver.
        to: usize,
        /// What stands on the arrow: `INVITE`, `180 Ringing`.
        label: String,
        /// The same message had been sent before: a retransmission (RFC 3261 §17).
        #[serde(default)]
        again: bool,
        /// The host took it as a repetition and no handler saw it.
        #[serde(default)]
        absorbed: bool,
        /// It did not arrive.
        #[serde(default)]
        lost: bool,
        /// What stands behind the line; may be empty.
        #[serde(default, skip_serializing_if = "String::is_empty")]
        remark: String,
    },
    /// A handler of a servlet ran.
    Turn {
        /// Index of the servlet.
        at: usize,
        /// Which turn of the call, 1 for the first.
        number: u64,
        /// The handler's name: `do-invite`.
        handler: String,
        /// CPU time that it took, microseconds; none when nobody measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        cpu_us: Option<u64>,
        /// Attributes that it changed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<Change>,
        /// How it ended.
        #[serde(default)]
        ending: Ending,
    },
    /// A line of a servlet's log.
    Log {
        /// Index of the servlet.
        at: usize,
        /// How loud.
        level: Level,
        /// The line.
        text: String,
    },
    /// A timer of a servlet.
    Timer {
        /// Index of the servlet.
        at: usize,
        /// The timer's name; may be empty.
        name: String,
        /// What became of it.
        timer: Timer,
    },
    /// A SIP session went into another state.
    State {
        /// Index of the servlet.
        at: usize,
        /// Which session, in a word; may be empty where there is one only.
        session: String,
        /// From this state; empty for a new session.
        from: String,
        /// Into this one.
        to: String,
    },
    /// The session went to another version of its application.
    Version {
        /// Index of the servlet, as it is from now on.
        at: usize,
        /// In words: `upgraded from 1.0.0 #3f9c21`, `rolled back to 1.0.0 #3f9c21`.
        text: String,
    },
    /// Anything else that a reader should know.
    Note {
        /// Index of the participant at which it stands; none: at the left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<usize>,
        /// What.
        text: String,
    },
}

/// An attribute before and after a turn.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// Whose: empty for the application session, else a word for the SIP session.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub of: String,
    /// The attribute's name.
    pub name: String,
    /// Its value before, as text; none: it was not set.
    pub before: Option<String>,
    /// Its value after; none: it was removed.
    pub after: Option<String>,
}

/// How a turn ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", rename_all = "kebab-case")]
pub enum Ending {
    /// Well.
    #[default]
    Done,
    /// The handler returned an error; nothing of the turn left the host.
    Failed {
        /// Its text.
        text: String,
    },
    /// The handler died; nothing of the turn left the host.
    Trapped {
        /// In a word: `panic`, `deadline`.
        reason: String,
        /// In words; may have several lines.
        text: String,
    },
}

/// How loud a line of log is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Something failed.
    Error,
    /// Something looks wrong.
    Warn,
    /// Worth knowing.
    Info,
    /// For the author.
    Debug,
    /// For the author, in detail.
    Trace,
}

impl Level {
    /// The level in a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

/// What became of a servlet's timer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "timer", rename_all = "kebab-case")]
pub enum Timer {
    /// It was set.
    Set {
        /// It is due after so long, microseconds.
        after_us: u64,
    },
    /// It fired.
    Fired,
    /// It was cancelled.
    Cancelled,
}

impl Participant {
    /// A far end.
    #[must_use]
    pub fn peer(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: Role::Peer }
    }

    /// A version of an application, named as everywhere: `screen 0.1.0 #91ab07`.
    #[must_use]
    pub fn servlet(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: Role::Servlet }
    }

    /// The host itself.
    #[must_use]
    pub fn host(name: impl Into<String>) -> Self {
        Self { name: name.into(), role: Role::Host }
    }
}

impl Row {
    /// A row at that time.
    #[must_use]
    pub const fn at(time: Duration, what: What) -> Self {
        Self { at_us: micros(time), what, mark: None }
    }

    /// The row with a mark for its reader.
    #[must_use]
    pub fn marked(mut self, mark: impl Into<String>) -> Self {
        self.mark = Some(mark.into());
        self
    }
}

impl What {
    /// A message that was sent once and arrived.
    #[must_use]
    pub fn message(from: usize, to: usize, label: impl Into<String>) -> Self {
        Self::Message {
            from,
            to,
            label: label.into(),
            again: false,
            absorbed: false,
            lost: false,
            remark: String::new(),
        }
    }

    /// A note at a participant.
    #[must_use]
    pub fn note(at: usize, text: impl Into<String>) -> Self {
        Self::Note { at: Some(at), text: text.into() }
    }
}

impl Ladder {
    /// A ladder with these columns, from left to right.
    #[must_use]
    pub fn new(participants: impl IntoIterator<Item = Participant>) -> Self {
        Self { participants: participants.into_iter().collect(), rows: Vec::new() }
    }

    /// The column of that name and role; a new one at the right when there is none.
    pub fn participant(&mut self, participant: &Participant) -> usize {
        if let Some(index) = self.participants.iter().position(|known| known == participant) {
            return index;
        }
        self.participants.push(participant.clone());
        self.participants.len() - 1
    }

    /// Adds a row below.
    pub fn push(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Marks the last row, or makes a row of its own for the mark where there is none.
    pub fn mark(&mut self, text: impl Into<String>) {
        let text = text.into();
        match self.rows.last_mut().filter(|row| row.mark.is_none()) {
            Some(row) => row.mark = Some(text),
            None => {
                let at_us = self.rows.last().map_or(0, |row| row.at_us);
                let what = What::Note { at: None, text: String::new() };
                self.rows.push(Row { at_us, what, mark: Some(text) });
            }
        }
    }

    /// The ladder as JSON: `{"participants":[...],"rows":[...]}`, the form that it can be read from again.
    #[must_use]
    pub fn to_json(&self) -> serde_json::Value {
        // Strings, numbers and lists only: nothing that JSON could refuse.
        serde_json::to_value(self).unwrap_or_default()
    }
}

/// Microseconds of a time; a time beyond 584,000 years is that.
const fn micros(time: Duration) -> u64 {
    let micros = time.as_micros();
    if micros > u64::MAX as u128 { u64::MAX } else { micros as u64 }
}
