//! A ladder from what the container told of its steps.
//!
//! A [`Builder`] takes the steps of one call, of however many application sessions, and makes rows of them as they come;
//! [`calls::Calls`] finds out which steps belong to one call. A far end is called by the user part of its From or To,
//! where there is one, so that Alice is one participant whatever port her phone sends from; else by its address.

pub mod calls;
pub mod kept;

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use siplet_container::io::Key;
use siplet_container::record::{
    AttributeChange, Destination, Sent, SessionChange, StepInput, StepRecord, TurnOutcome, TurnRecord,
};
use siplet_container::turn;
use siplet_sip::address::NameAddr;
use siplet_sip::limits::Limits;
use siplet_sip::message::{Message, StartLine};
use siplet_sip::time::Time;

use crate::model::{Change, Ending, Ladder, Level, Participant, Row, What};

/// Messages that are remembered to tell a retransmission.
const REMEMBERED: usize = 64;
/// Participants of a call that are told apart; whoever writes to it can name as many as he likes.
const PARTICIPANTS: usize = 64;
/// Octets of a text of a guest or a peer that a row keeps: more than is ever drawn of one.
const TEXT: usize = 8192;

/// Makes rows of the steps of one call.
#[derive(Debug, Default)]
pub struct Builder {
    participants: Vec<Participant>,
    /// Who a participant is: `alice@home`, or an address.
    identities: Vec<String>,
    /// The servlet that each application session was at last.
    servlets: BTreeMap<Key, usize>,
    /// Messages that went over the wire of late, with their direction.
    seen: VecDeque<(bool, Bytes)>,
    turns: u64,
    began: Option<Time>,
    last_us: u64,
}

/// The ladder of these steps, which belong to one call.
pub fn ladder<'a>(steps: impl IntoIterator<Item = &'a StepRecord>) -> Ladder {
    let mut builder = Builder::default();
    let rows = steps.into_iter().flat_map(|step| builder.add(step)).collect();
    Ladder { participants: builder.participants, rows }
}

impl Builder {
    /// The participants so far; new ones come at the end.
    #[must_use]
    pub fn participants(&self) -> &[Participant] {
        &self.participants
    }

    /// The rows that a step adds, in the order in which things happened.
    pub fn add(&mut self, step: &StepRecord) -> Vec<Row> {
        let began = *self.began.get_or_insert(step.at);
        // Shards tell their steps in their own order; a ladder's time never goes back.
        let after_us = u64::try_from(step.at.since(began).as_micros()).unwrap_or(u64::MAX);
        self.last_us = self.last_us.max(after_us);
        let mut whats = Vec::new();
        // Whoever speaks first stands left.
        if let StepInput::Packet { flow, bytes, .. } = &step.input {
            self.peer(parse(bytes).as_ref(), true, || flow.remote.to_string());
        }
        let at = self.servlet(step, &mut whats);
        self.input(at, &step.input, &mut whats);
        self.sent(at, step, |sent| sent.turn.is_none() && sent.after == 0, &mut whats);
        for (index, turn) in step.turns.iter().enumerate() {
            self.turn(at, turn, &mut whats);
            let index = u32::try_from(index).unwrap_or(u32::MAX);
            self.sent(at, step, |sent| sent.turn == Some(index), &mut whats);
            self.sent(at, step, |sent| sent.turn.is_none() && sent.after == index + 1, &mut whats);
        }
        whats.extend(step.sessions.iter().map(|change| state(at, change)));
        if step.ended {
            whats.push(What::State {
                at,
                session: step.id.chars().take(8).collect(),
                from: "valid".to_owned(),
                to: "ended".to_owned(),
            });
        }
        whats.into_iter().map(|what| Row { at_us: self.last_us, what, mark: None }).collect()
    }

    /// The column of the step's application, and a row where its session has gone to another version.
    fn servlet(&mut self, step: &StepRecord, whats: &mut Vec<What>) -> usize {
        let name = format!("{} {} #{:06x}", step.app.name, step.version, step.app.digest >> 40);
        let identity = format!("servlet {name}");
        let at = self.participant(identity, || Participant::servlet(name));
        if let Some(before) = self.servlets.insert(step.key, at).filter(|before| *before != at) {
            let from = self.participants.get(before).map_or("", |participant| participant.name.as_str());
            whats.push(What::Version { at, text: format!("goes on from {from}") });
        }
        at
    }

    fn participant(&mut self, identity: String, make: impl FnOnce() -> Participant) -> usize {
        if let Some(known) = self.identities.iter().position(|known| *known == identity) {
            return known;
        }
        if self.participants.len() >= PARTICIPANTS {
            return self.others();
        }
        let mut made = make();
        // Two users of one name at different hosts, or two phones of one name: the longer name tells them apart.
        if self.participants.contains(&made) {
            made.name.clone_from(&identity);
        }
        self.identities.push(identity);
        self.participants.push(made);
        self.participants.len() - 1
    }

    /// The last column, which all share who come when there are too many.
    fn others(&mut self) -> usize {
        if self.participants.len() == PARTICIPANTS {
            self.identities.push(String::new());
            self.participants.push(Participant::peer("others"));
        }
        PARTICIPANTS
    }

    fn input(&mut self, at: usize, input: &StepInput, whats: &mut Vec<What>) {
        match input {
            StepInput::Packet { flow, bytes, role: _ } => {
                let message = parse(bytes);
                let peer = self.peer(message.as_ref(), true, || flow.remote.to_string());
                whats.push(self.message(peer, at, message.as_ref(), bytes, true));
            }
            StepInput::Deadline => {}
            StepInput::TransmitFailed { is_cancel, .. } => {
                let what = if *is_cancel { "the CANCEL" } else { "the request" };
                whats.push(What::note(at, format!("{what} could not be sent")));
            }
            StepInput::Resolved { answer, .. } => {
                let answer: Vec<String> = answer.iter().map(ToString::to_string).collect();
                let text = if answer.is_empty() { "no address".to_owned() } else { answer.join(", ") };
                whats.push(What::note(at, format!("the DNS answered: {text}")));
            }
            StepInput::Deployed => whats.push(What::note(at, "deployed")),
            StepInput::Undeployed => whats.push(What::note(at, "undeployed")),
            StepInput::Stopped { .. } => whats.push(What::note(at, "the host stops")),
            StepInput::Activated => whats.push(What::note(at, "taken over from its stored state")),
            StepInput::Upgrade { to, .. } => {
                whats.push(What::note(at, format!("may move to version {}", to.descriptor.version)));
            }
        }
    }

    fn sent(&mut self, at: usize, step: &StepRecord, which: impl Fn(&Sent) -> bool, whats: &mut Vec<What>) {
        for sent in step.sent.iter().filter(|sent| which(sent)) {
            let message = parse(&sent.bytes);
            let peer = self.peer(message.as_ref(), false, || match &sent.to {
                Destination::Hop(hop) => hop.remote.to_string(),
                Destination::Name { host, port, .. } => format!("{host}:{port}"),
            });
            whats.push(self.message(at, peer, message.as_ref(), &sent.bytes, false));
        }
    }

    fn message(
        &mut self,
        from: usize,
        to: usize,
        message: Option<&Message>,
        bytes: &Bytes,
        came: bool,
    ) -> What {
        let again = self.seen.iter().any(|(other, seen)| *other == came && seen == bytes);
        if !again {
            self.seen.push_back((came, bytes.clone()));
            if self.seen.len() > REMEMBERED {
                self.seen.pop_front();
            }
        }
        let label = shortened(message.map_or_else(|| format!("{} bytes", bytes.len()), label));
        What::Message { from, to, label, again, absorbed: false, lost: false, remark: String::new() }
    }

    /// The far end of a message: who sent it when it `came`, who shall get it when it did not.
    fn peer(&mut self, message: Option<&Message>, came: bool, address: impl FnOnce() -> String) -> usize {
        let party = message.and_then(|message| {
            // The sender of a request stands in From, also in that of its responses.
            let party = if message.is_request() == came { message.from_() } else { message.to() };
            user_and_host(&party.ok()?)
        });
        match party {
            Some((user, host)) => self.participant(format!("{user}@{host}"), || Participant::peer(user)),
            None => {
                let address = address();
                self.participant(address.clone(), || Participant::peer(address))
            }
        }
    }

    fn turn(&mut self, at: usize, turn: &TurnRecord, whats: &mut Vec<What>) {
        self.turns += 1;
        whats.push(What::Turn {
            at,
            number: self.turns,
            handler: turn.handler.name().to_owned(),
            cpu_us: turn.cpu_us,
            changes: turn.attributes.iter().map(change).collect(),
            ending: ending(&turn.outcome),
        });
        for line in &turn.log {
            whats.push(What::Log { at, level: level(line.level), text: shortened(line.message.clone()) });
        }
        if turn.log_dropped > 0 {
            let text = format!("{} more lines of log, over the limit `log-bytes`", turn.log_dropped);
            whats.push(What::note(at, text));
        }
        if !turn.unsent.is_empty() {
            let labels: Vec<String> = turn.unsent.iter().map(|sent| label_of(&sent.bytes)).collect();
            whats.push(What::note(at, format!("never left: {}", labels.join(", "))));
        }
    }
}

/// What stands on the arrow of a message: its method, or its status with the reason phrase.
#[must_use]
pub fn label(message: &Message) -> String {
    match message.start() {
        StartLine::Request { method, .. } => method.as_str().to_owned(),
        StartLine::Response { status, reason } => {
            format!("{status} {}", String::from_utf8_lossy(reason)).trim_end().to_owned()
        }
    }
}

/// As [`label`]; `N bytes` for bytes that are no message.
#[must_use]
pub fn label_of(bytes: &Bytes) -> String {
    parse(bytes).map_or_else(|| format!("{} bytes", bytes.len()), |message| label(&message))
}

fn parse(bytes: &Bytes) -> Option<Message> {
    Message::parse(bytes.clone(), &Limits::default()).ok()
}

/// Who an address is. Nobody, where it has no user or hides it (RFC 3323 §4.1).
fn user_and_host(address: &NameAddr<'_>) -> Option<(String, String)> {
    let uri = address.uri().ok()?;
    let user = String::from_utf8_lossy(uri.user()?).into_owned();
    let host = String::from_utf8_lossy(uri.host()).to_ascii_lowercase();
    (!user.is_empty() && !user.eq_ignore_ascii_case("anonymous")).then_some((user, host))
}

fn change(change: &AttributeChange) -> Change {
    let text = |value: &Option<Bytes>| {
        value.as_ref().map(|value| shortened(String::from_utf8_lossy(value).into_owned()))
    };
    Change {
        of: change.session.map(session_name).unwrap_or_default(),
        name: change.name.clone(),
        before: text(&change.old),
        after: text(&change.new),
    }
}

fn state(at: usize, change: &SessionChange) -> What {
    let name = |state: Option<turn::SessionState>, none: &str| {
        state.map_or_else(|| none.to_owned(), |state| state.name().to_owned())
    };
    What::State {
        at,
        session: session_name(change.session),
        from: name(change.old, ""),
        to: name(change.new, "gone"),
    }
}

/// The text, cut where it is longer than [`TEXT`].
fn shortened(mut text: String) -> String {
    if text.len() > TEXT {
        let end = (0..=TEXT).rfind(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
        text.push_str(" ..");
    }
    text
}

/// SIP sessions of an application session by their number in it.
fn session_name(number: u32) -> String {
    format!("s{number}")
}

fn ending(outcome: &TurnOutcome) -> Ending {
    match outcome {
        TurnOutcome::Done => Ending::Done,
        TurnOutcome::Failed(text) => Ending::Failed { text: shortened(text.clone()) },
        TurnOutcome::Trapped { reason, text, backtrace } => {
            let mut lines = vec![text.clone()];
            lines.extend(backtrace.iter().map(|frame| format!("at {frame}")));
            Ending::Trapped { reason: reason.name().to_owned(), text: shortened(lines.join("\n")) }
        }
    }
}

const fn level(level: turn::Level) -> Level {
    match level {
        turn::Level::Error => Level::Error,
        turn::Level::Warn => Level::Warn,
        turn::Level::Info => Level::Info,
        turn::Level::Debug => Level::Debug,
        turn::Level::Trace => Level::Trace,
    }
}
