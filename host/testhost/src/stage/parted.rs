//! Where two worlds part, in words: which handler kept something in its own memory.

use bytes::Bytes;
use siplet_test_protocol::{Answer, Outcome};

use super::facts::Fact;
use super::play::Play;

/// What to say where the worlds did not do the same; none where they did.
pub(super) fn compare(
    reused: &mut Play,
    fresh: &mut Play,
    said: Option<&Answer>,
    again: Option<&Answer>,
) -> Option<String> {
    let (one, other) = (reused.facts(), fresh.facts());
    let at = one.iter().zip(&other).take_while(|(one, other)| one == other).count();
    if at == one.len() && at == other.len() {
        // The same facts lead to the same results; this is the net under it. A picture tells when a loop was stopped.
        let result = |answer: Option<&Answer>| answer.map(|answer| answer.result.clone());
        let (one, other) = (result(said), result(again));
        let is_picture = matches!(one, Some(Some(Outcome::Ladder(_))));
        return (one != other && !is_picture)
            .then(|| explain(None, &format!("{one:?}"), &format!("{other:?}")));
    }
    let (one, other) = (one.get(at), other.get(at));
    let turn = one.or(other).and_then(|fact| fact.turn.clone());
    let (left, right) = match (one, other) {
        (Some(one), Some(other)) if one.text == other.text => lines(&one.bytes, &other.bytes),
        _ => (words(one), words(other)),
    };
    Some(explain(turn, &left, &right))
}

fn explain(turn: Option<(u32, String, &'static str)>, reused: &str, fresh: &str) -> String {
    let (who, whose) = match turn {
        Some((number, app, handler)) if !app.is_empty() => {
            (format!("{handler} of {app}, turn {number},"), app)
        }
        Some((number, _, handler)) => (format!("{handler}, turn {number},"), "the servlet".to_owned()),
        None => ("the host".to_owned(), "a servlet".to_owned()),
    };
    format!(
        "{whose} keeps something in its own memory: {who} did not do the same in an instance that had served before \
         and in a new one\n  \
         one instance for all turns   {reused}\n  \
         a new instance each turn     {fresh}\n\
         Memory of an instance is no state: it goes with the instance, and other shards never had it. What a later turn \
         needs belongs into an attribute of the session:\n  \
         const SEEN: Attribute<u32> = Attribute::new(\"seen\");\n  \
         let session = request.application_session();\n  \
         session.set(SEEN, &(session.get(SEEN)?.unwrap_or(0) + 1))?;\n\
         (A test that means to look at one mode alone says `.one_mode()`.)"
    )
}

fn words(fact: Option<&Fact>) -> String {
    match fact {
        None => "nothing more".to_owned(),
        Some(fact) if fact.bytes.is_empty() => fact.text.clone(),
        Some(fact) => format!("{} {}", fact.text, first_line(&fact.bytes)),
    }
}

fn first_line(bytes: &Bytes) -> String {
    String::from_utf8_lossy(bytes).lines().next().unwrap_or_default().to_owned()
}

/// The first lines of two messages that differ.
fn lines(one: &Bytes, other: &Bytes) -> (String, String) {
    let (one, other) = (String::from_utf8_lossy(one), String::from_utf8_lossy(other));
    let (mut ones, mut others) = (one.lines(), other.lines());
    loop {
        match (ones.next(), others.next()) {
            (Some(one), Some(other)) if one == other => {}
            (one, other) => {
                let told = |line: Option<&str>| line.unwrap_or("(no such line)").to_owned();
                return (told(one), told(other));
            }
        }
    }
}
