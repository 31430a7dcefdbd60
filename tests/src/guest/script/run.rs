//! Running a script against a turn: each act is one or two calls of the turn's public actions.

use std::time::Duration;

use siplet_container::turn::{Callback, Level, MessageId, Misuse, Scope, SipKey, TrapReason, Turn};

use crate::guest::message_of;
use crate::wire;

use super::{Act, Script};

/// How a script ended before its end.
pub(super) enum End {
    /// An act was refused, or `fail`.
    Failed(String),
    /// `trap` and its like.
    Died(TrapReason, String),
}

impl From<Misuse> for End {
    fn from(misuse: Misuse) -> Self {
        Self::Failed(misuse.to_string())
    }
}

/// The script that the message of the turn brings along.
pub(super) fn script_of(turn: &Turn) -> Option<Script> {
    let flat = turn.flat(message_of(turn)?).ok()?;
    let text = wire::named(&wire::parse(&flat.bytes)?, "Script")?;
    Script::parse(&text).ok()
}

/// A script on its way through a turn.
pub(super) struct Runner<'a> {
    turn: &'a mut Turn,
    mark: Option<u32>,
    sent: u32,
    pub(super) takes: Duration,
}

impl<'a> Runner<'a> {
    pub(super) const fn new(turn: &'a mut Turn, mark: Option<u32>) -> Self {
        Self { turn, mark, sent: 0, takes: Duration::ZERO }
    }

    /// The state of a session is that of the version which serves it, or is just being made so by an upgrade.
    pub(super) fn stamp(&mut self, version: u32) -> Result<(), End> {
        if !self.turn.application_session_is_valid() {
            return Ok(());
        }
        let found = self.turn.attribute(Scope::Application, "v")?;
        let own = version.to_string();
        match found {
            Some(found) if found == own.as_bytes() => Ok(()),
            Some(found) if self.turn.callback() != Callback::Upgrade => {
                let other = String::from_utf8_lossy(&found).into_owned();
                Err(End::Died(
                    TrapReason::HostError,
                    format!("version {own} was given the state of version {other}"),
                ))
            }
            Some(_) | None => Ok(self.turn.set_attribute(Scope::Application, "v", own.as_bytes())?),
        }
    }

    pub(super) fn run(&mut self, script: &Script) -> Result<(), End> {
        script.0.iter().try_for_each(|act| self.act(act))
    }

    fn act(&mut self, act: &Act) -> Result<(), End> {
        match act {
            Act::Respond { status, body, headers } => self.respond(*status, body, headers)?,
            Act::Initial { method, uri } => {
                let request =
                    self.turn.create_initial_request(method, "<sip:servlet@host>", &format!("<{uri}>"))?;
                self.send(request)?;
            }
            Act::InDialog { method, other } => {
                let session = if *other { self.other_session()? } else { self.session()? };
                let request = self.turn.create_request(session, method)?;
                self.send(request)?;
            }
            Act::Ack if self.is_of_invite()? => {
                let ack = self.turn.create_ack(self.message()?)?;
                self.send(ack)?;
            }
            Act::Cancel => {
                let request = self.turn.request_of(self.message()?)?;
                let cancel = self.turn.create_cancel(request)?;
                self.send(cancel)?;
            }
            Act::Set(name, value) => self.turn.set_attribute(Scope::Application, name, value.as_bytes())?,
            Act::Count(name) => self.count(name)?,
            Act::Show(name) => self.show(name)?,
            Act::From => {
                let text = format!("upgrade from {}", self.turn.upgrade_from());
                self.turn.log(Level::Info, text);
            }
            Act::Holds(name, value) => self.holds(name, value)?,
            Act::Log(text) => self.turn.log(Level::Info, text.clone()),
            Act::Invalidate => self.turn.invalidate_application_session()?,
            Act::InvalidateSession => {
                let session = self.session()?;
                self.turn.invalidate_session(session)?;
            }
            Act::Keep => self.turn.set_invalidate_when_ready(Scope::Application, false)?,
            Act::KeepSession => {
                let session = self.session()?;
                self.turn.set_invalidate_when_ready(Scope::Session(session), false)?;
            }
            Act::Timer { .. } | Act::CancelTimers | Act::Fires | Act::AllFired => self.on_timers(act)?,
            Act::Pending(status) => self.pending(*status)?,
            Act::Expires(seconds) => self.turn.set_expires(*seconds)?,
            Act::Takes(time) => self.takes += *time,
            Act::Trap(reason, text) => return Err(End::Died(*reason, text.clone())),
            Act::Fail(text) => return Err(End::Failed(text.clone())),
            Act::Try(act) => match self.act(act) {
                Err(End::Failed(words)) => self.turn.log(Level::Warn, words),
                other => return other,
            },
            Act::Ack | Act::Nothing => {}
        }
        Ok(())
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "whoever calls this has told the others apart")]
    fn on_timers(&mut self, act: &Act) -> Result<(), End> {
        match act {
            Act::Timer { delay, repeat, persistent } => {
                self.turn.create_timer(*delay, *repeat, *persistent, b"")?;
                self.add("armed", 1)?;
            }
            Act::CancelTimers => {
                for timer in self.turn.timers() {
                    self.turn.cancel_timer(&timer.id);
                    self.add("fired", 1)?;
                }
            }
            Act::Fires => {
                let fired = self.add("fired", 1)?;
                let armed = self.add("armed", 0)?;
                if fired > armed {
                    let text = format!("timers: {fired} have fired and {armed} were armed");
                    return Err(End::Died(TrapReason::HostError, text));
                }
            }
            Act::AllFired => {
                let (fired, armed) = (self.number("fired")?, self.number("armed")?);
                if fired != armed {
                    let text = format!("timers: {fired} have fired and {armed} were armed, and none is left");
                    return Err(End::Died(TrapReason::HostError, text));
                }
            }
            _ => {}
        }
        Ok(())
    }

    /// Answers every request that is open.
    fn pending(&mut self, status: u16) -> Result<(), End> {
        for session in self.turn.sessions() {
            for request in self.turn.pending_requests(session)? {
                let response = self.turn.create_response(request, status, None)?;
                self.send(response)?;
            }
        }
        Ok(())
    }

    fn message(&self) -> Result<MessageId, End> {
        message_of(self.turn).ok_or_else(|| End::Failed("this handler has no message".to_owned()))
    }

    fn is_of_invite(&self) -> Result<bool, End> {
        let flat = self.turn.flat(self.message()?)?;
        Ok(wire::parse(&flat.bytes).is_some_and(|message| wire::cseq(&message).1 == "INVITE"))
    }

    /// The session of the message, or of the callback, or else the oldest.
    fn session(&self) -> Result<SipKey, End> {
        if let Callback::Session { session, .. } = self.turn.callback() {
            return Ok(session);
        }
        match message_of(self.turn) {
            Some(message) => Ok(self.turn.session_of(message)?),
            None => {
                self.turn.sessions().first().copied().ok_or(End::Failed("there is no session".to_owned()))
            }
        }
    }

    /// The latest session that is not the message's.
    fn other_session(&self) -> Result<SipKey, End> {
        let own = self.session()?;
        let other = self.turn.sessions().into_iter().rev().find(|session| *session != own);
        other.ok_or_else(|| End::Failed("there is no other session".to_owned()))
    }

    fn respond(&mut self, status: u16, body: &str, headers: &[(String, String)]) -> Result<(), End> {
        let response = self.turn.create_response(self.message()?, status, None)?;
        for (name, value) in headers {
            self.turn.add_header(response, name, value.as_bytes())?;
        }
        if !body.is_empty() {
            self.turn.set_content(response, "application/sdp", body.as_bytes())?;
        }
        self.send(response)
    }

    fn send(&mut self, message: MessageId) -> Result<(), End> {
        if let Some(generation) = self.mark {
            let mark = format!("{generation}.{}.{}", self.turn.id().0, self.sent);
            self.turn.set_header(message, "X-Turn", mark.as_bytes())?;
            self.sent += 1;
        }
        Ok(self.turn.send(message)?)
    }

    fn number(&self, name: &str) -> Result<u64, End> {
        let value = self.turn.attribute(Scope::Application, name)?;
        Ok(value.and_then(|value| String::from_utf8_lossy(&value).parse().ok()).unwrap_or(0))
    }

    /// Adds to a number in an attribute: what it is then.
    fn add(&mut self, name: &str, more: u64) -> Result<u64, End> {
        let sum = self.number(name)? + more;
        self.turn.set_attribute(Scope::Application, name, sum.to_string().as_bytes())?;
        Ok(sum)
    }

    fn count(&mut self, name: &str) -> Result<(), End> {
        self.add(name, 1)?;
        self.show(name)
    }

    fn holds(&self, name: &str, value: &str) -> Result<(), End> {
        let found = self.turn.attribute(Scope::Application, name)?;
        let found = found.map_or("none".to_owned(), |value| String::from_utf8_lossy(&value).into_owned());
        if found == value {
            return Ok(());
        }
        Err(End::Died(TrapReason::Panic, format!("{name} is {found} and not {value}")))
    }

    fn show(&mut self, name: &str) -> Result<(), End> {
        let value = self.turn.attribute(Scope::Application, name)?;
        let value = value.map_or("none".to_owned(), |value| String::from_utf8_lossy(&value).into_owned());
        self.turn.log(Level::Info, format!("{name}={value}"));
        Ok(())
    }
}
