//! The facts of a session as lines.

use std::fmt::Write as _;
use std::time::Duration;

use serde_json::Value;
use siplet_ladder::harmless::{cut, harmless};
use siplet_ladder::spoken;

/// Letters of an attribute's value that are shown, unless all are asked for.
pub const VALUE_SHOWN: usize = 72;

/// The answer of [`super::inspect`] for people; `full`: values are not cut.
#[must_use]
pub fn show(answer: &Value, full: bool) -> String {
    let mut text = String::new();
    for (index, session) in items(answer, "sessions").iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let mut page = Page { text: &mut text, full };
        page.session(session);
    }
    text
}

struct Page<'a> {
    text: &'a mut String,
    full: bool,
}

impl Page<'_> {
    /// A line; what peers and servlets wrote is in it.
    fn line(&mut self, indent: usize, line: &str) {
        let _ = writeln!(self.text, "{}{}", " ".repeat(indent), harmless(line.trim_end()));
    }

    fn row(&mut self, indent: usize, name: &str, value: &str) {
        if !value.is_empty() {
            self.line(indent, &format!("{name:<9}{value}"));
        }
    }

    fn session(&mut self, session: &Value) {
        let name =
            ["application", "application_version", "digest"].map(|field| text(session, field)).join(" ");
        self.line(0, &format!("{name}   session {}", text(session, "id")));
        let expires = ago(session, "expires_in_ms")
            .map_or("never expires".to_owned(), |time| format!("expires in {time}"));
        let age = ago(session, "age_ms").unwrap_or_default();
        let flags = list(session, "flags");
        let place = format!("shard {} partition {}", number(session, "shard"), number(session, "partition"));
        self.line(2, &format!("age {age}   {expires}   {flags}   {place}"));
        let stored = match session.get("acknowledged_version").and_then(Value::as_u64) {
            Some(version) => {
                format!("version {}, the store has {version}", number(session, "snapshot_version"))
            }
            None => "not stored".to_owned(),
        };
        self.row(2, "snapshot", &stored);
        for unit in items(session, "parked") {
            let holds = list(unit, "messages");
            let offered = number(unit, "attempts");
            let bytes = number(unit, "bytes");
            self.row(
                2,
                "parked",
                &format!(
                    "version {} ({bytes} bytes, offered {offered} times) holds {holds}",
                    number(unit, "version")
                ),
            );
        }
        if let Some(turn) = session.get("open_turn").filter(|turn| !turn.is_null()) {
            let then = list(turn, "then");
            let then = if then.is_empty() { then } else { format!(", then {then}") };
            self.row(
                2,
                "turn",
                &format!("{} for {}{then}", text(turn, "handler"), ago(turn, "for_ms").unwrap_or_default()),
            );
        }
        let waiting = items(session, "mailbox").len();
        if waiting > 0 {
            self.row(2, "mailbox", &format!("{waiting}: {}", list(session, "mailbox")));
        }
        self.row(
            2,
            "due",
            &ago(session, "next_deadline_in_ms").map_or("nothing".to_owned(), |time| format!("in {time}")),
        );
        self.attributes(2, session);
        for sip in items(session, "sip_sessions") {
            self.sip(sip);
        }
    }

    fn attributes(&mut self, indent: usize, of: &Value) {
        for attribute in items(of, "attributes") {
            let value = attribute.get("value").map(ToString::to_string).unwrap_or_default();
            let value = if self.full { value } else { cut(&harmless(&value), VALUE_SHOWN) };
            self.line(indent, &format!("{} = {value}", text(attribute, "name")));
        }
    }

    fn sip(&mut self, sip: &Value) {
        self.line(
            2,
            &format!("sip session {}   {}   {}", text(sip, "id"), text(sip, "state"), list(sip, "flags")),
        );
        for (name, field) in
            [("call-id", "call_id"), ("local", "local"), ("remote", "remote"), ("peer", "peer")]
        {
            self.row(4, name, &text(sip, field));
        }
        if let Some(dialog) = sip.get("dialog").filter(|dialog| !dialog.is_null()) {
            let secure = if dialog.get("secure") == Some(&Value::Bool(true)) { "   secure" } else { "" };
            let cseq = |field| {
                dialog.get(field).and_then(Value::as_u64).map_or("-".to_owned(), |cseq| cseq.to_string())
            };
            let (ours, theirs) = (cseq("local_cseq"), cseq("remote_cseq"));
            let (state, role) = (text(dialog, "state"), text(dialog, "role"));
            self.row(4, "dialog", &format!("{state} {role}   cseq ours {ours} theirs {theirs}{secure}"));
            self.row(
                4,
                "tags",
                &format!("ours {} theirs {}", text(dialog, "local_tag"), text(dialog, "remote_tag")),
            );
            self.row(4, "target", &text(dialog, "remote_target"));
            for route in items(dialog, "route_set") {
                self.row(4, "route", route.as_str().unwrap_or_default());
            }
        }
        self.attributes(4, sip);
        for tx in items(sip, "transactions") {
            let timers: Vec<String> = items(tx, "timers")
                .iter()
                .filter_map(|timer| {
                    let (name, due) = (timer.get(0)?.as_str()?, timer.get(1)?.as_u64()?);
                    Some(format!("{name} in {}", spoken(Duration::from_millis(due))))
                })
                .collect();
            let name = ["kind", "method", "state"].map(|field| text(tx, field)).join(" ");
            self.line(4, &format!("{name}   cseq {}   {}", number(tx, "cseq"), text(tx, "hop")));
            self.row(6, "branch", &text(tx, "branch"));
            self.row(6, "timers", &timers.join(", "));
        }
    }
}

fn items<'a>(of: &'a Value, field: &str) -> &'a [Value] {
    of.get(field).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
}

fn text(of: &Value, field: &str) -> String {
    of.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn number(of: &Value, field: &str) -> u64 {
    of.get(field).and_then(Value::as_u64).unwrap_or_default()
}

/// Texts of a list, with commas between.
fn list(of: &Value, field: &str) -> String {
    items(of, field).iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

/// Milliseconds in words.
fn ago(of: &Value, field: &str) -> Option<String> {
    Some(spoken(Duration::from_millis(of.get(field)?.as_u64()?)))
}
