//! Servlets written as a line of text: what a handler does, act by act.
//!
//! `180; takes 20ms; 200 sdp` answers, waits and answers again. A refused act fails the handler with the words of the
//! refusal, as `?` does in a servlet, unless it stands behind `try`: then the words go to the log. A servlet may also take
//! its script from the header `Script` of the message that it is called with: so a simulated caller decides what the
//! guest does, and a plan of calls is the whole description of a world.

mod run;

use std::collections::BTreeMap;
use std::time::Duration;

use siplet_container::app::Handler;
use siplet_container::turn::{Outcome, Repeat, TrapReason, Turn};

use super::{Guest, Ran, trapped};
use crate::text::duration;

/// One thing that a handler does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Answers the request.
    Respond {
        /// Status code.
        status: u16,
        /// Body of type `application/sdp`.
        body: String,
        /// Header lines.
        headers: Vec<(String, String)>,
    },
    /// Sends the first request of a new SIP session.
    Initial {
        /// Its method.
        method: String,
        /// To whom.
        uri: String,
    },
    /// Sends a request in a dialog.
    InDialog {
        /// Its method.
        method: String,
        /// False: that of the message; true: that of the latest other session.
        other: bool,
    },
    /// Acknowledges the 2xx of an INVITE; nothing for another response.
    Ack,
    /// Cancels the INVITE of the response.
    Cancel,
    /// Sets an attribute of the application session.
    Set(String, String),
    /// Adds one to a number in an attribute and logs it.
    Count(String),
    /// Logs an attribute.
    Show(String),
    /// Dies when an attribute has another value.
    Holds(String, String),
    /// Logs the version that an upgrade comes from.
    From,
    /// Logs a line.
    Log(String),
    /// Invalidates the application session.
    Invalidate,
    /// Invalidates the message's SIP session.
    InvalidateSession,
    /// The application session does not end by itself.
    Keep,
    /// The message's SIP session does not end by itself.
    KeepSession,
    /// Lets the application session expire in so many seconds.
    Expires(u32),
    /// Arms a timer of the application session.
    Timer {
        /// When it fires first.
        delay: Duration,
        /// Whether and how it repeats.
        repeat: Repeat,
        /// It outlives the host.
        persistent: bool,
    },
    /// Disarms all timers of the application session.
    CancelTimers,
    /// Notes that a timer has fired, and dies when more have fired than were armed.
    Fires,
    /// Dies when timers are gone that have neither fired nor been disarmed.
    AllFired,
    /// Answers all requests that are open in the application session.
    Pending(u16),
    /// The turn takes that much longer.
    Takes(Duration),
    /// Dies.
    Trap(TrapReason, String),
    /// Returns an error.
    Fail(String),
    /// Logs the refusal instead of failing.
    Try(Box<Act>),
    /// Does nothing, for a handler that is there and silent.
    Nothing,
}

/// What a handler does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script(pub Vec<Act>);

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let acts = text.split(';').map(str::trim).filter(|act| !act.is_empty());
        Ok(Self(acts.map(Act::parse).collect::<Result<_, _>>()?))
    }
}

impl Act {
    fn parse(text: &str) -> Result<Self, String> {
        let (word, rest) = text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim()));
        if word.len() == 3
            && let Ok(status) = word.parse()
        {
            return Ok(Self::respond(status, rest));
        }
        let pair = || rest.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(match word {
            "invite" | "message" | "options" => {
                Self::Initial { method: word.to_uppercase(), uri: rest.to_owned() }
            }
            "bye" | "reinvite" | "info" | "request" => Self::InDialog {
                method: match word {
                    "reinvite" => "INVITE".to_owned(),
                    "request" => rest.to_owned(),
                    word => word.to_uppercase(),
                },
                other: word != "request" && rest == "other",
            },
            "ack" => Self::Ack,
            "cancel" => Self::Cancel,
            "set" => {
                let (name, value) = pair().ok_or("set wants name=value")?;
                Self::Set(name, value)
            }
            "count" => Self::Count(rest.to_owned()),
            "show" => Self::Show(rest.to_owned()),
            "holds" => {
                let (name, value) = pair().ok_or("holds wants name=value")?;
                Self::Holds(name, value)
            }
            "from" => Self::From,
            "log" => Self::Log(rest.to_owned()),
            "invalidate" => Self::Invalidate,
            "invalidate-session" => Self::InvalidateSession,
            "keep" => Self::Keep,
            "keep-session" => Self::KeepSession,
            "timer" => Self::timer(rest)?,
            "cancel-timers" => Self::CancelTimers,
            "fires" => Self::Fires,
            "all-fired" => Self::AllFired,
            "pending" => Self::Pending(rest.parse().map_err(|_| "pending wants a status code")?),
            "expires" => Self::Expires(rest.parse().map_err(|_| "expires wants seconds")?),
            "takes" => Self::Takes(duration(rest)?),
            "trap" => Self::Trap(TrapReason::Panic, rest.to_owned()),
            "hang" => Self::Trap(TrapReason::Deadline, "the turn took too long".to_owned()),
            "hog" => Self::Trap(TrapReason::Memory, "servlet memory limit".to_owned()),
            "fail" => Self::Fail(rest.to_owned()),
            "try" => Self::Try(Box::new(Self::parse(rest)?)),
            "nothing" => Self::Nothing,
            other => return Err(format!("`{other}` is nothing that a scripted servlet does")),
        })
    }

    /// `5s`, then what of `rate 2s`, `delay 2s` and `volatile` there is.
    fn timer(rest: &str) -> Result<Self, String> {
        let mut words = rest.split_whitespace();
        let delay = duration(words.next().ok_or("timer wants a delay")?)?;
        let (mut repeat, mut persistent) = (Repeat::Once, true);
        while let Some(word) = words.next() {
            let mut period = || duration(words.next().ok_or("a period is missing")?);
            match word {
                "rate" => repeat = Repeat::FixedRate(period()?),
                "delay" => repeat = Repeat::FixedDelay(period()?),
                "volatile" => persistent = false,
                other => return Err(format!("`{other}` is nothing that a timer knows")),
            }
        }
        Ok(Self::Timer { delay, repeat, persistent })
    }

    /// `sdp` is a body, `Name:value` a header line.
    fn respond(status: u16, rest: &str) -> Self {
        let mut headers = Vec::new();
        let mut body = String::new();
        for word in rest.split_whitespace() {
            match word.split_once(':') {
                Some((name, value)) => headers.push((name.to_owned(), value.to_owned())),
                None => body = word.to_owned(),
            }
        }
        Self::Respond { status, body, headers }
    }
}

/// A servlet whose handlers are scripts.
#[derive(Clone, Debug, Default)]
pub struct Scripted {
    /// The handlers that it has.
    pub handlers: BTreeMap<Handler, Script>,
    /// Scripts come with the messages; those above are for messages without.
    pub from_messages: bool,
    /// Marks each message that it sends with the turn that sent it, for the checkers.
    pub marks: bool,
    /// Notes this version in the state of each session, and dies when that is another's.
    pub version: Option<u32>,
}

impl Guest for Scripted {
    fn run(&mut self, mut turn: Box<Turn>, generation: u32) -> Ran {
        let known = self.handlers.get(&turn.callback().handler());
        let script = if self.from_messages {
            run::script_of(&turn).or_else(|| known.cloned())
        } else {
            known.cloned()
        };
        let mark = self.marks.then_some(generation);
        let mut runner = run::Runner::new(&mut turn, mark);
        let stamped = self.version.map_or(Ok(()), |version| runner.stamp(version));
        let outcome = match stamped.and_then(|()| runner.run(&script.unwrap_or_default())) {
            Ok(()) => Outcome::Done,
            Err(run::End::Failed(text)) => Outcome::Failed(text),
            Err(run::End::Died(reason, text)) => trapped(reason, &text),
        };
        let takes = runner.takes;
        Ran { turn, outcome, takes }
    }
}
