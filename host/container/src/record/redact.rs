//! Makes unreadable what identifies people, so that a record can be given away and still runs again.
//!
//! Every replacement has the length of what it replaces, and the same text has the same replacement in all of a record,
//! its snapshot included: what a servlet copies from one message to another is the same bytes again. A servlet that
//! *reads* what was replaced (the media description of a redacted body) may go another way at the replay.
//!
//! Replaced are: letters and digits of bodies; digits of user parts of `sip:`, `sips:` and `tel:` URIs where there are
//! [`DIGITS`] or more, and the same number wherever it stands in attributes, log lines and other values; the values of
//! headers with credentials and of those that an operator names. Hosts, display names and short extensions stay.

#[cfg(test)]
mod tests;

use core::hash::Hasher;
use std::collections::BTreeSet;
use std::ops::Range;

use bytes::Bytes;
use siphasher::sip::SipHasher24;

use crate::snapshot;

use super::{Sent, StepInput, StepRecord, TurnOutcome};

/// Numbers with fewer digits are no secret: they are ports, extensions, sequence numbers.
pub const DIGITS: usize = 6;
/// Numbers that are remembered of one record; of more only those in URIs are replaced.
const NUMBERS_MAX: usize = 4096;
/// Headers whose values are always replaced.
const CREDENTIALS: [&str; 3] = ["authorization", "proxy-authorization", "authentication-info"];
/// How the value of such a header begins where it stands alone.
const SCHEMES: [&[u8]; 3] = [b"digest ", b"basic ", b"bearer "];

/// What is made unreadable, and the key of the replacements.
#[derive(Clone, Debug)]
pub struct Redaction {
    /// Two random words; the same number has the same replacement under the same key.
    pub key: [u64; 2],
    /// True: bodies stay as they are.
    pub keep_bodies: bool,
    /// Names of headers whose values are replaced too.
    pub headers: Vec<String>,
}

impl Redaction {
    /// Replaces in all steps of one session's record.
    ///
    /// # Errors
    /// A snapshot cannot be read: nothing of the record may be given away then.
    pub fn apply(&self, steps: &mut [StepRecord]) -> Result<(), String> {
        let mut numbers = BTreeSet::new();
        for step in steps.iter_mut() {
            walk(step, &mut |text| {
                learn(text, &mut numbers);
                None
            })?;
        }
        for step in steps {
            walk(step, &mut |text| self.replace(text, &numbers))?;
        }
        Ok(())
    }

    /// What was made unreadable, in words.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words =
            vec![format!("numbers of {DIGITS} digits and more in user parts"), "credentials".to_owned()];
        if !self.keep_bodies {
            words.push("bodies".to_owned());
        }
        words.extend(self.headers.iter().map(|name| format!("header {name}")));
        words
    }

    /// The text with its replacements; none where there are none.
    fn replace(&self, text: &[u8], numbers: &BTreeSet<Vec<u8>>) -> Option<Vec<u8>> {
        let mut out = text.to_vec();
        for run in user_numbers(text) {
            self.disguise(text, run, &mut out);
        }
        for run in digit_runs(text) {
            if numbers.contains(&text[run.clone()]) {
                self.disguise(text, run, &mut out);
            }
        }
        // Last: what is masked stays masked.
        match head_of(text) {
            Some(head) => {
                self.mask_headers(text, head, &mut out);
                if !self.keep_bodies {
                    mask(&mut out[(head + 4).min(text.len())..]);
                }
            }
            None => {
                let start = text.trim_ascii_start();
                let is = |scheme: &&[u8]| {
                    start.len() > scheme.len() && start[..scheme.len()].eq_ignore_ascii_case(scheme)
                };
                if SCHEMES.iter().any(is) {
                    mask(&mut out);
                }
            }
        }
        (out != text).then_some(out)
    }

    fn mask_headers(&self, text: &[u8], head: usize, out: &mut [u8]) {
        let mut masks = false;
        let mut at = 0;
        for line in text[..head].split_inclusive(|byte| *byte == b'\n') {
            let folded = matches!(line.first(), Some(b' ' | b'\t'));
            let mut value = 0;
            if !folded {
                let name_end = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
                let name = line[..name_end].trim_ascii();
                let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
                masks = CREDENTIALS.into_iter().any(is) || self.headers.iter().any(|wanted| is(wanted));
                value = name_end;
            }
            if masks {
                mask(&mut out[at + value..at + line.len()]);
            }
            at += line.len();
        }
    }

    /// Other digits in the place of these; what stands between them stays.
    fn disguise(&self, text: &[u8], run: Range<usize>, out: &mut [u8]) {
        let digits: Vec<u8> = text[run.clone()].iter().copied().filter(u8::is_ascii_digit).collect();
        let at_digits = run.filter(|at| text[*at].is_ascii_digit());
        for (place, at) in at_digits.enumerate() {
            let mut hasher = SipHasher24::new_with_keys(self.key[0], self.key[1]);
            hasher.write(&digits);
            hasher.write_usize(place);
            out[at] = b'0' + (hasher.finish() % 10) as u8;
        }
    }
}

/// Length of the head, where the text is a SIP message.
fn head_of(text: &[u8]) -> Option<usize> {
    let line = text.split(|byte| *byte == b'\n').next()?;
    if line.len() == text.len() || !line.windows(7).any(|part| part == b"SIP/2.0") {
        return None;
    }
    Some(text.windows(4).position(|part| part == b"\r\n\r\n").unwrap_or(text.len()))
}

/// Letters become `x`, digits `0`; what gives the text its shape stays.
fn mask(text: &mut [u8]) {
    for byte in text {
        match *byte {
            b'0'..=b'9' => *byte = b'0',
            b'a'..=b'z' | b'A'..=b'Z' | 128.. => *byte = b'x',
            _ => {}
        }
    }
}

fn learn(text: &[u8], numbers: &mut BTreeSet<Vec<u8>>) {
    for run in user_numbers(text) {
        if numbers.len() < NUMBERS_MAX {
            numbers.insert(text[run].iter().copied().filter(u8::is_ascii_digit).collect());
        }
    }
}

/// Numbers in the user parts of the URIs in a text, with their visual separators (RFC 3966 §5.1.1).
fn user_numbers(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for at in 0..text.len() {
        if text[at] != b':' {
            continue;
        }
        let scheme = text[..at].rsplit(|byte| !byte.is_ascii_alphanumeric()).next().unwrap_or_default();
        let is = |name: &[u8]| scheme.eq_ignore_ascii_case(name);
        let ends =
            |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'"' | b',' | b'\\');
        let rest = &text[at + 1..];
        let end = rest.iter().position(ends).unwrap_or(rest.len());
        let user = if is(b"sip") || is(b"sips") {
            let Some(user) = rest[..end].iter().position(|byte| *byte == b'@') else { continue };
            user
        } else if is(b"tel") {
            rest[..end].iter().position(|byte| *byte == b';').unwrap_or(end)
        } else {
            continue;
        };
        let is_part = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'.' | b'(' | b')');
        found.extend(runs(text, at + 1..at + 1 + user, is_part));
    }
    found
}

/// Numbers that stand alone: no letter is beside them.
fn digit_runs(text: &[u8]) -> impl Iterator<Item = Range<usize>> {
    let is_letter = |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphabetic);
    runs(text, 0..text.len(), |byte| byte.is_ascii_digit())
        .into_iter()
        .filter(move |run| !is_letter(run.start.checked_sub(1)) && !is_letter(Some(run.end)))
}

/// Runs of such bytes with enough digits.
fn runs(text: &[u8], within: Range<usize>, is_part: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = within.start;
    for at in within.start..=within.end {
        if at < within.end && is_part(text[at]) {
            continue;
        }
        if text[start..at].iter().filter(|byte| byte.is_ascii_digit()).count() >= DIGITS {
            found.push(start..at);
        }
        start = at + 1;
    }
    found
}

/// Every text of a step, in the record and in its snapshot.
fn walk(step: &mut StepRecord, change: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) -> Result<(), String> {
    if let StepInput::Packet { bytes, .. } = &mut step.input {
        replace_bytes(bytes, change);
    }
    step.sent.iter_mut().for_each(|sent| replace_sent(sent, change));
    for turn in &mut step.turns {
        turn.unsent.iter_mut().for_each(|sent| replace_sent(sent, change));
        for attribute in &mut turn.attributes {
            attribute.old.iter_mut().chain(&mut attribute.new).for_each(|value| replace_bytes(value, change));
        }
        turn.log.iter_mut().for_each(|line| replace_text(&mut line.message, change));
        match &mut turn.outcome {
            TurnOutcome::Done => {}
            TurnOutcome::Failed(text) | TurnOutcome::Trapped { text, .. } => replace_text(text, change),
        }
    }
    step.sessions.iter_mut().for_each(|session| replace_text(&mut session.call_id, change));
    if let Some(snapshot) = step.beginning.as_mut().and_then(|beginning| beginning.snapshot.as_mut()) {
        *snapshot = snapshot::rewrite(snapshot, change)?;
    }
    Ok(())
}

fn replace_sent(sent: &mut Sent, change: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
    replace_bytes(&mut sent.bytes, change);
}

fn replace_bytes(bytes: &mut Bytes, change: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
    if let Some(changed) = change(bytes) {
        *bytes = Bytes::from(changed);
    }
}

fn replace_text(text: &mut String, change: &mut dyn FnMut(&[u8]) -> Option<Vec<u8>>) {
    if let Some(changed) = change(text.as_bytes()) {
        *text = String::from_utf8_lossy(&changed).into_owned();
    }
}
