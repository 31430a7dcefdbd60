//! What two runs of a step did differently: all of it, under names that are the same in every call.
//!
//! [`super::compare`] tells the first difference of a replay, with its place. Here a version of a servlet is compared
//! with another over many calls, so the name of a difference ([`Change::what`]) holds no line number, no value and
//! nothing of one call: `200 INVITE, header X-Version`. What follows from a difference that is told is not told again: a
//! Content-Length beside another body, the messages of a handler that died.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use siplet_sip::header::HeaderId;

use crate::io::Key;
use crate::names;
use crate::trace::summary;

use super::compare::outcome;
use super::{AttributeChange, Destination, Sent, StepRecord, TurnOutcome, TurnRecord};

/// Octets of a value that are shown of it.
pub const SHOWN_BYTES: usize = 512;
/// Whose a difference is where it is no handler's.
pub const HOST: &str = "host";
/// Longer lists are compared place by place.
const ALIGNED: usize = 4096;

/// Something that the second run did in another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The handler that did it (`do-invite`), or [`HOST`].
    pub handler: &'static str,
    /// What differs, the same for the same difference in another call.
    pub what: String,
    /// As it was in the first run, its beginning where it is long; empty: it was not there.
    pub was: String,
    /// As it is in the second run.
    pub is: String,
}

/// All differences of two runs of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// In the order of turns and messages; empty: the runs are the same in everything that is compared.
    pub changes: Vec<Change>,
    /// The runs parted: what the peers of the first run do next is no answer to what the second one did.
    pub parted: bool,
}

/// Compares a step with the same step run by another version. Numbers of turns, CPU times and backtraces are another
/// each time and are not compared.
#[must_use]
pub fn compare(first: &StepRecord, second: &StepRecord) -> Compared {
    let mut changes = Vec::new();
    let handlers = |step: &StepRecord| step.turns.iter().map(|turn| turn.handler).collect::<Vec<_>>();
    let mut died = false;
    for pair in align(&handlers(first), &handlers(second)) {
        match pair {
            (Some(old), Some(new)) => died |= turn(&first.turns[old], &second.turns[new], &mut changes),
            (Some(old), None) => {
                let handler = first.turns[old].handler.name();
                changes.push(change(handler, "it is not called", "called", "not called"));
            }
            (None, Some(new)) => {
                let handler = second.turns[new].handler.name();
                changes.push(change(handler, "it is called", "not called", "called"));
            }
            (None, None) => {}
        }
    }
    let (olds, news) = (kinds(first), kinds(second));
    let requests =
        |kinds: &[String]| kinds.iter().filter(|kind| is_request(kind)).cloned().collect::<Vec<_>>();
    let parted = first.sessions != second.sessions
        || first.ended != second.ended
        || requests(&olds) != requests(&news);
    // What the host does in the place of a handler that died follows from that.
    if !died {
        messages((first, &olds), (second, &news), &mut changes);
        if olds == news {
            left_over(first, second, &mut changes);
        }
    }
    Compared { changes, parted }
}

fn change(handler: &'static str, what: &str, was: &str, is: &str) -> Change {
    Change { handler, what: what.to_owned(), was: was.to_owned(), is: is.to_owned() }
}

/// The beginning of a text, and how long it is where that is not all.
fn shown(bytes: &[u8]) -> String {
    match bytes.get(..SHOWN_BYTES) {
        Some(beginning) if bytes.len() > SHOWN_BYTES => {
            format!("{} ... ({} bytes)", beginning.escape_ascii(), bytes.len())
        }
        Some(_) | None => bytes.escape_ascii().to_string(),
    }
}

/// Compares two turns of one handler; true when they ended in different ways.
fn turn(old: &TurnRecord, new: &TurnRecord, changes: &mut Vec<Change>) -> bool {
    let handler = old.handler.name();
    if !ended_alike(&old.outcome, &new.outcome) {
        let (was, is) = (outcome(&old.outcome), outcome(&new.outcome));
        changes.push(change(handler, "how it ended", &was, &is));
        return true;
    }
    attributes(handler, &old.attributes, &new.attributes, changes);
    let lines = |turn: &TurnRecord| {
        let line = |line: &super::LogRecord| format!("{:?}: {}", line.level, line.message);
        turn.log.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    let (was, is) = (lines(old), lines(new));
    if was != is || old.log_dropped != new.log_dropped {
        changes.push(change(handler, "its log", &shown_lines(&was), &shown_lines(&is)));
    }
    false
}

fn shown_lines(text: &str) -> String {
    text.lines().map(|line| shown(line.as_bytes())).collect::<Vec<_>>().join("\n")
}

/// Frames of two versions are never the same.
fn ended_alike(old: &TurnOutcome, new: &TurnOutcome) -> bool {
    match (old, new) {
        (TurnOutcome::Done, TurnOutcome::Done) => true,
        (TurnOutcome::Failed(old), TurnOutcome::Failed(new)) => old == new,
        (
            TurnOutcome::Trapped { reason: old, text: told, .. },
            TurnOutcome::Trapped { reason: new, text, .. },
        ) => old == new && told == text,
        (TurnOutcome::Done | TurnOutcome::Failed(_) | TurnOutcome::Trapped { .. }, _) => false,
    }
}

/// What attributes become. What they were before may be the other version's own.
fn attributes(
    handler: &'static str,
    old: &[AttributeChange],
    new: &[AttributeChange],
    changes: &mut Vec<Change>,
) {
    let place = |change: &AttributeChange| (change.session, change.name.clone());
    let places: BTreeSet<_> = old.iter().chain(new).map(place).collect();
    for at in places {
        let told = |changes: &[AttributeChange]| {
            let change = changes.iter().find(|change| place(change) == at)?;
            Some(change.new.as_ref().map_or_else(|| "removed".to_owned(), |value| shown(value)))
        };
        let (was, is) = (told(old), told(new));
        if was != is {
            let whose = if at.0.is_some() { "attribute of a SIP session" } else { "attribute" };
            let words = |told: Option<String>| told.unwrap_or_else(|| "not changed".to_owned());
            changes.push(change(
                handler,
                &format!("{whose} {}", shown(at.1.as_bytes())),
                &words(was),
                &words(is),
            ));
        }
    }
}

/// `180 INVITE`, `BYE` for each message, in order.
fn kinds(step: &StepRecord) -> Vec<String> {
    step.sent.iter().map(|sent| summary(&sent.bytes)).collect()
}

fn is_request(kind: &str) -> bool {
    !kind.starts_with(|first: char| first.is_ascii_digit())
}

fn messages(old: (&StepRecord, &[String]), new: (&StepRecord, &[String]), changes: &mut Vec<Change>) {
    let ((first, olds), (second, news)) = (old, new);
    let by = |step: &StepRecord, sent: &Sent| {
        let turn = sent.turn.and_then(|turn| step.turns.get(usize::try_from(turn).ok()?));
        turn.map_or(HOST, |turn| turn.handler.name())
    };
    let in_order = olds == news;
    let sorted = |kinds: &[String]| kinds.iter().cloned().collect::<Counted>();
    if !in_order && sorted(olds).0 == sorted(news).0 {
        let handler = first.sent.first().map_or(HOST, |sent| by(first, sent));
        changes.push(change(handler, "the order of its messages", &olds.join(", "), &news.join(", ")));
        return;
    }
    for pair in align(olds, news) {
        match pair {
            (Some(old), Some(new)) => {
                let (one, other) = (&first.sent[old], &second.sent[new]);
                let (author, other_author) = (by(first, one), by(second, other));
                if author != other_author {
                    let what = format!("{}, who sends it", olds[old]);
                    changes.push(change(author, &what, author, other_author));
                }
                // Names are the same as long as they are minted in the same order.
                let names_of = (!in_order).then_some(first.key);
                message((author, &olds[old]), (one, other), names_of, changes);
            }
            (Some(old), None) => {
                let sent = &first.sent[old];
                let what = format!("{} is not sent", olds[old]);
                changes.push(change(by(first, sent), &what, &start_line(&sent.bytes), ""));
            }
            (None, Some(new)) => {
                let sent = &second.sent[new];
                let what = format!("{} is sent", news[new]);
                changes.push(change(by(second, sent), &what, "", &start_line(&sent.bytes)));
            }
            (None, None) => {}
        }
    }
}

/// How often each kind is there.
struct Counted(BTreeMap<String, usize>);

impl FromIterator<String> for Counted {
    fn from_iter<I: IntoIterator<Item = String>>(kinds: I) -> Self {
        let mut counts = BTreeMap::new();
        kinds.into_iter().for_each(|kind| *counts.entry(kind).or_default() += 1);
        Self(counts)
    }
}

fn start_line(bytes: &[u8]) -> String {
    shown(lines(bytes).next().unwrap_or_default())
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line)
    })
}

/// A message in its parts. Header lines with their folded rest, by name.
struct Parts<'a> {
    start: &'a [u8],
    /// Name as headers of that name are grouped, and value.
    headers: Vec<(Cow<'static, str>, Vec<u8>)>,
    body: &'a [u8],
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Self {
        let head = bytes.windows(4).position(|part| part == b"\r\n\r\n");
        let (head, body) = match head {
            Some(end) => (&bytes[..end + 2], &bytes[end + 4..]),
            None => (bytes, &bytes[bytes.len()..]),
        };
        let mut lines = lines(head);
        let start = lines.next().unwrap_or_default();
        let mut headers: Vec<(Cow<'static, str>, Vec<u8>)> = Vec::new();
        for line in lines {
            if let (Some(b' ' | b'\t'), Some((_, value))) = (line.first(), headers.last_mut()) {
                value.push(b' ');
                value.extend_from_slice(line.trim_ascii());
                continue;
            }
            let end = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
            let name = line[..end].trim_ascii();
            let value = line.get(end + 1..).unwrap_or_default().trim_ascii().to_vec();
            headers.push((canonical(name), value));
        }
        Self { start, headers, body }
    }

    fn names(&self) -> Vec<&str> {
        self.headers.iter().map(|(name, _)| &**name).collect()
    }

    fn values(&self, name: &str) -> Vec<&[u8]> {
        let same = |header: &&(Cow<'static, str>, Vec<u8>)| header.0 == name;
        self.headers.iter().filter(same).map(|(_, value)| value.as_slice()).collect()
    }
}

/// One name for all spellings of a header's name (RFC 3261 §7.3.1, §7.3.3).
fn canonical(name: &[u8]) -> Cow<'static, str> {
    match HeaderId::from_name(name) {
        HeaderId::Other => {
            // As it is usually written: a capital at the beginning of each word.
            let mut begins = true;
            let letter = |letter: char| {
                let as_written =
                    if begins { letter.to_ascii_uppercase() } else { letter.to_ascii_lowercase() };
                begins = letter == '-';
                as_written
            };
            Cow::Owned(name.escape_ascii().to_string().chars().map(letter).collect())
        }
        known => Cow::Borrowed(known.name()),
    }
}

fn message(
    (author, kind): (&'static str, &str),
    (old, new): (&Sent, &Sent),
    names_of: Option<Key>,
    changes: &mut Vec<Change>,
) {
    if old.to != new.to {
        let what = format!("{kind}, where it goes");
        changes.push(change(author, &what, &destination(&old.to), &destination(&new.to)));
    }
    if old.bytes == new.bytes {
        return;
    }
    let plain =
        |bytes: &Bytes| names_of.map_or_else(|| bytes.to_vec(), |key| names::without_names(bytes, key));
    let (old, new) = (plain(&old.bytes), plain(&new.bytes));
    let (was, is) = (Parts::of(&old), Parts::of(&new));
    let before = changes.len();
    let mut add = |what: &str, was: String, is: String| {
        changes.push(Change { handler: author, what: format!("{kind}, {what}"), was, is });
    };
    if was.start != is.start {
        add("first line", shown(was.start), shown(is.start));
    }
    let other_body = was.body != is.body;
    let mut seen = BTreeSet::new();
    for name in was.names().into_iter().chain(is.names()) {
        let (olds, news) = (was.values(name), is.values(name));
        let follows = other_body && name == HeaderId::ContentLength.name();
        if !seen.insert(name.to_owned()) || olds == news || follows {
            continue;
        }
        let told = |values: &[&[u8]]| {
            values.iter().map(|value| format!("{name}: {}", shown(value))).collect::<Vec<_>>().join("\n")
        };
        add(&format!("header {}", shown(name.as_bytes())), told(&olds), told(&news));
    }
    if other_body {
        let (was, is) = body(was.body, is.body);
        add("body", was, is);
    }
    if changes.len() == before && old != new {
        let told = |parts: &Parts<'_>| parts.names().join(", ");
        let (was, is) = (told(&was), told(&is));
        let what = if was == is { "how its headers are written" } else { "the order of its headers" };
        changes.push(change(author, &format!("{kind}, {what}"), &was, &is));
    }
}

/// The first line of two bodies that differs.
fn body(old: &[u8], new: &[u8]) -> (String, String) {
    let (mut olds, mut news) = (lines(old), lines(new));
    let sized = |line: Option<&[u8]>, body: &[u8]| match line {
        Some(line) => shown(line),
        None => format!("(ends after {} bytes)", body.len()),
    };
    loop {
        let (one, other) = (olds.next(), news.next());
        if one != other {
            return (sized(one, old), sized(other, new));
        }
        if one.is_none() {
            // The same lines with other ends.
            return (format!("({} bytes)", old.len()), format!("({} bytes)", new.len()));
        }
    }
}

fn destination(to: &Destination) -> String {
    match to {
        Destination::Hop(hop) => {
            let connection = match hop.connection {
                0 => String::new(),
                number => format!(", connection {number}"),
            };
            format!("{} {}{connection}", hop.transport.param_name(), hop.remote)
        }
        Destination::Name { host, port, transport, .. } => {
            format!("{} {}:{port}", transport.param_name(), shown(host.as_bytes()))
        }
    }
}

/// What a step leaves behind, where what it sent does not tell of it.
fn left_over(first: &StepRecord, second: &StepRecord, changes: &mut Vec<Change>) {
    let handler = first.turns.first().map_or(HOST, |turn| turn.handler.name());
    if first.sessions != second.sessions {
        let told = |step: &StepRecord| {
            let state = |state: Option<crate::turn::SessionState>| state.map_or("none", |state| state.name());
            let one =
                |change: &super::SessionChange| format!("{} -> {}", state(change.old), state(change.new));
            step.sessions.iter().map(one).collect::<Vec<_>>().join(", ")
        };
        changes.push(change(handler, "states of SIP sessions", &told(first), &told(second)));
    }
    if first.ended != second.ended {
        let told = |step: &StepRecord| if step.ended { "over" } else { "alive" };
        changes.push(change(handler, "the application session", told(first), told(second)));
    } else if first.next_deadline != second.next_deadline {
        let told = |step: &StepRecord| match step.next_deadline {
            Some(at) => format!("in {:.3} s", at.since(step.at).as_secs_f64()),
            None => "none".to_owned(),
        };
        changes.push(change(handler, "the next deadline", &told(first), &told(second)));
    }
}

/// Which places of two lists belong together: a longest common subsequence, in order.
fn align<T: PartialEq>(olds: &[T], news: &[T]) -> Vec<(Option<usize>, Option<usize>)> {
    if olds == news {
        return (0..olds.len()).map(|at| (Some(at), Some(at))).collect();
    }
    if olds.len() * news.len() > ALIGNED {
        let there = |at: usize, list: &[T]| (at < list.len()).then_some(at);
        return (0..olds.len().max(news.len())).map(|at| (there(at, olds), there(at, news))).collect();
    }
    // longest[i][j]: of what is left from i and from j on.
    let width = news.len() + 1;
    let mut longest = vec![0_usize; (olds.len() + 1) * width];
    for old in (0..olds.len()).rev() {
        for new in (0..news.len()).rev() {
            longest[old * width + new] = if olds[old] == news[new] {
                longest[(old + 1) * width + new + 1] + 1
            } else {
                longest[(old + 1) * width + new].max(longest[old * width + new + 1])
            };
        }
    }
    let (mut old, mut new) = (0, 0);
    let mut pairs = Vec::new();
    while old < olds.len() || new < news.len() {
        if old < olds.len() && new < news.len() && olds[old] == news[new] {
            pairs.push((Some(old), Some(new)));
            (old, new) = (old + 1, new + 1);
        } else if new >= news.len()
            || (old < olds.len() && longest[(old + 1) * width + new] >= longest[old * width + new + 1])
        {
            pairs.push((Some(old), None));
            old += 1;
        } else {
            pairs.push((None, Some(new)));
            new += 1;
        }
    }
    pairs
}
