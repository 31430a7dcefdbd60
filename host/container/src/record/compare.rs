//! What a step was and what it is this time: the first difference, in words.
//!
//! Numbers of turns and CPU times are another each time and are not compared.

use bytes::Bytes;

use super::{AttributeChange, Sent, SessionChange, StepRecord, TurnOutcome, TurnRecord};

/// Where a step that ran again went another way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Index of the turn, none: in the step as a whole.
    pub turn: Option<usize>,
    /// What differs: `attribute "decision"`, `message 2, line 5`.
    pub what: String,
    /// As it was recorded.
    pub recorded: String,
    /// As it is this time.
    pub replayed: String,
}

/// The first difference of two runs of a step; none: they are the same, byte for byte.
#[must_use]
pub fn first_difference(recorded: &StepRecord, replayed: &StepRecord) -> Option<Difference> {
    let pairs = recorded.turns.iter().zip(&replayed.turns).enumerate();
    for (index, (old, new)) in pairs {
        if let Some(difference) = turn(old, new) {
            return Some(Difference { turn: Some(index), ..difference });
        }
    }
    let called = |step: &StepRecord| {
        let names: Vec<&str> = step.turns.iter().map(|turn| turn.handler.name()).collect();
        if names.is_empty() { "none".to_owned() } else { names.join(", ") }
    };
    differs("the handlers that were called", called(recorded), called(replayed))
        .or_else(|| messages("message", &recorded.sent, &replayed.sent))
        .or_else(|| states(&recorded.sessions, &replayed.sessions))
        .or_else(|| {
            let told = |step: &StepRecord| step.next_deadline.map_or("none".to_owned(), |at| at.to_string());
            differs("the next deadline", told(recorded), told(replayed))
        })
        .or_else(|| {
            let told = |step: &StepRecord| if step.ended { "over" } else { "alive" }.to_owned();
            differs("the application session", told(recorded), told(replayed))
        })
}

fn differs(what: &str, recorded: String, replayed: String) -> Option<Difference> {
    (recorded != replayed).then(|| Difference { turn: None, what: what.to_owned(), recorded, replayed })
}

fn turn(old: &TurnRecord, new: &TurnRecord) -> Option<Difference> {
    let about = |turn: &TurnRecord| match &turn.about {
        Some(about) => format!("{} for {about}", turn.handler.name()),
        None => turn.handler.name().to_owned(),
    };
    differs("the handler", about(old), about(new))
        .or_else(|| differs("how the handler ended", outcome(&old.outcome), outcome(&new.outcome)))
        .or_else(|| attributes(&old.attributes, &new.attributes))
        .or_else(|| log(old, new))
        .or_else(|| messages("unsent message", &old.unsent, &new.unsent))
}

/// How a handler ended, in words; a death with its backtrace.
#[must_use]
pub fn outcome(outcome: &TurnOutcome) -> String {
    match outcome {
        TurnOutcome::Done => "well".to_owned(),
        TurnOutcome::Failed(text) => format!("it returned an error: {text}"),
        TurnOutcome::Trapped { reason, text, backtrace } => {
            let mut words = format!("it died ({}): {text}", reason.name());
            for frame in backtrace {
                words.push_str("\nat ");
                words.push_str(frame);
            }
            words
        }
    }
}

fn value(bytes: Option<&Bytes>) -> String {
    bytes.map_or_else(|| "-".to_owned(), |bytes| bytes.escape_ascii().to_string())
}

fn attributes(old: &[AttributeChange], new: &[AttributeChange]) -> Option<Difference> {
    let place = |change: &AttributeChange| (change.session, change.name.clone());
    let mut places: Vec<_> = old.iter().chain(new).map(place).collect();
    places.sort();
    places.dedup();
    let told = |changes: &[AttributeChange], at: &(Option<u32>, String)| {
        let change = changes.iter().find(|change| place(change) == *at);
        change.map_or_else(
            || "not changed".to_owned(),
            |change| format!("{} -> {}", value(change.old.as_ref()), value(change.new.as_ref())),
        )
    };
    places.into_iter().find_map(|at| {
        let whose = at.0.map_or_else(String::new, |session| format!(" of session {session}"));
        differs(&format!("attribute \"{}\"{whose}", at.1), told(old, &at), told(new, &at))
    })
}

fn log(old: &TurnRecord, new: &TurnRecord) -> Option<Difference> {
    let line = |turn: &TurnRecord, at: usize| {
        let line = turn.log.get(at);
        line.map_or_else(|| "nothing".to_owned(), |line| format!("{:?}: {}", line.level, line.message))
    };
    (0..old.log.len().max(new.log.len()))
        .find_map(|at| differs(&format!("line {} of its log", at + 1), line(old, at), line(new, at)))
        .or_else(|| {
            let told = |turn: &TurnRecord| turn.log_dropped.to_string();
            differs("lines of its log that were dropped", told(old), told(new))
        })
}

fn messages(what: &str, old: &[Sent], new: &[Sent]) -> Option<Difference> {
    let title = |sent: Option<&Sent>| match sent {
        Some(sent) => lines(&sent.bytes).next().unwrap_or_default(),
        None => "nothing".to_owned(),
    };
    (0..old.len().max(new.len())).find_map(|at| {
        let what = format!("{what} {}", at + 1);
        let (Some(one), Some(other)) = (old.get(at), new.get(at)) else {
            return differs(&what, title(old.get(at)), title(new.get(at)));
        };
        message(&what, &one.bytes, &other.bytes)
            .or_else(|| differs(&format!("{what}, where it goes"), destination(one), destination(other)))
            .or_else(|| differs(&format!("{what}, who sent it"), author(one), author(other)))
    })
}

fn author(sent: &Sent) -> String {
    sent.turn.map_or_else(|| "the host".to_owned(), |turn| format!("turn {}", turn + 1))
}

fn destination(sent: &Sent) -> String {
    match &sent.to {
        super::Destination::Hop(hop) => {
            let mut words = format!("{} {}", hop.transport.param_name(), hop.remote);
            if let Some(fallback) = hop.fallback {
                words.push_str(&format!(" or {fallback}"));
            }
            words + &format!(", listener {}, connection {}", hop.listener, hop.connection)
        }
        super::Destination::Name { host, port, transport, listener } => {
            format!("{} {host}:{port}, listener {listener}", transport.param_name())
        }
    }
}

fn lines(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(|line| {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        line.strip_suffix(b"\r").unwrap_or(line).escape_ascii().to_string()
    })
}

/// The first line of two messages that differs, by the name of its header.
fn message(what: &str, old: &Bytes, new: &Bytes) -> Option<Difference> {
    if old == new {
        return None;
    }
    let (mut olds, mut news) = (lines(old), lines(new));
    let mut in_head = true;
    let mut at = 0;
    loop {
        at += 1;
        let (one, other) = (olds.next(), news.next());
        if one == other {
            if one.is_none() {
                // The same lines with other ends: rare, and still not the same bytes.
                let size = |bytes: &Bytes| format!("{} bytes", bytes.len());
                return differs(&format!("{what}, the ends of its lines"), size(old), size(new) + " ");
            }
            in_head &= one.as_deref() != Some("");
            continue;
        }
        let (one, other) = (one.unwrap_or_default(), other.unwrap_or_default());
        let place = match one.split_once(':').or_else(|| other.split_once(':')) {
            _ if at == 1 => "first line".to_owned(),
            Some((name, _)) if in_head => format!("line {at} ({})", name.trim()),
            _ if in_head => format!("line {at}"),
            _ => format!("line {at} (body)"),
        };
        return differs(&format!("{what}, {place}"), one, other);
    }
}

fn states(old: &[SessionChange], new: &[SessionChange]) -> Option<Difference> {
    let told = |changes: &[SessionChange]| {
        let state = |state: Option<crate::turn::SessionState>| state.map_or("none", |state| state.name());
        let one = |change: &SessionChange| {
            format!("{} {} -> {}", change.session, state(change.old), state(change.new))
        };
        let all: Vec<String> = changes.iter().map(one).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    };
    differs("changes of SIP sessions", told(old), told(new))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn difference(old: &'static str, new: &'static str) -> (String, String, String) {
        let found =
            message("message 1", &Bytes::from_static(old.as_bytes()), &Bytes::from_static(new.as_bytes()));
        let Difference { what, recorded, replayed, .. } = found.expect("they differ");
        (what, recorded, replayed)
    }

    #[test]
    fn the_first_line_that_differs_is_named_by_its_header() {
        let old = "SIP/2.0 200 OK\r\nTo: a\r\nContact: <sip:a>\r\n\r\nbody: 1\r\n";
        let told = |new| difference(old, new);
        let new = "SIP/2.0 200 OK\r\nTo: a\r\nContact: <sip:b>\r\n\r\nbody: 1\r\n";
        assert_eq!(told(new).0, "message 1, line 3 (Contact)");
        assert_eq!((&*told(new).1, &*told(new).2), ("Contact: <sip:a>", "Contact: <sip:b>"));
        assert_eq!(told("SIP/2.0 180 Ringing\r\n").0, "message 1, first line");
        let body = "SIP/2.0 200 OK\r\nTo: a\r\nContact: <sip:a>\r\n\r\nbody: 2\r\n";
        assert_eq!(told(body).0, "message 1, line 5 (body)");
        let ends = "SIP/2.0 200 OK\r\nTo: a\nContact: <sip:a>\r\n\r\nbody: 1\r\n";
        assert_eq!(told(ends).0, "message 1, the ends of its lines");
    }
}
