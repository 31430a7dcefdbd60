//! Environment variables and flags over the file, and errors in words.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::LazyLock;

use toml::{Table, Value};

use super::{Config, ConfigError, EXAMPLE, ranges};

/// One setting as it can be given outside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Path in the file (`limits.message-bytes`).
    pub path: &'static str,
    /// Name of the flag without the dashes (`limits-message-bytes`).
    pub flag: &'static str,
    /// Name of the environment variable (`SIPLET_LIMITS_MESSAGE_BYTES`).
    pub variable: &'static str,
    /// What it does: its comment in `siplet.example.toml`.
    pub help: &'static str,
}

/// A value for one setting from outside the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// Path in the file.
    pub path: String,
    /// Who said so, for errors: the flag or the variable.
    pub source: String,
    /// The value as text.
    pub value: String,
}

/// All settings, in the order of the example file; `route` last.
#[must_use]
pub fn settings() -> &'static [Setting] {
    static SETTINGS: LazyLock<Vec<Setting>> = LazyLock::new(|| {
        let mut settings: Vec<Setting> =
            documented(EXAMPLE).into_iter().map(|(path, help)| setting(&path, &help)).collect();
        settings
            .push(setting("route", "The default router: a TOML array of tables, as [[route]] in the file."));
        settings
    });
    &SETTINGS
}

/// Names live as long as the process: clap wants them so, and there is one table of them.
fn setting(path: &str, help: &str) -> Setting {
    let flag = path.replace('.', "-");
    let variable = format!("SIPLET_{}", flag.replace('-', "_").to_uppercase());
    Setting {
        path: path.to_owned().leak(),
        flag: flag.leak(),
        variable: variable.leak(),
        help: help.to_owned().leak(),
    }
}

/// Each key of a documented file with the comment above it, in its order.
#[must_use]
pub fn documented(example: &str) -> Vec<(String, String)> {
    let (mut section, mut help) = (String::new(), String::new());
    let mut found = Vec::new();
    for line in example.lines() {
        if let Some(comment) = line.strip_prefix("# ") {
            help.push_str(if help.is_empty() { "" } else { " " });
            help.push_str(comment);
        } else if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = format!("{name}.");
            help.clear();
        } else if let Some((key, _)) = line.split_once(" = ") {
            found.push((format!("{section}{key}"), core::mem::take(&mut help)));
        } else {
            help.clear();
        }
    }
    found
}

/// Lays one value over the settings.
pub(super) fn apply(config: Config, change: &Override) -> Result<Config, ConfigError> {
    let wrong = |why: &dyn std::fmt::Display| ConfigError(format!("{}: {why}", change.source));
    let mut table = Table::try_from(&config).map_err(|error| wrong(&error))?;
    let (section, key) = change.path.split_once('.').unwrap_or(("", &change.path));
    let place = match table.get_mut(section) {
        Some(Value::Table(inner)) => inner,
        Some(_) | None => &mut table,
    };
    let number = ranges::read(&change.path, &change.value).map_err(|why| wrong(&why))?;
    let value = match (number, place.get(key)) {
        (Some(number), _) => number,
        (None, Some(Value::String(_))) => Value::String(change.value.clone()),
        (None, Some(Value::Array(_))) if !change.value.trim_start().starts_with('[') => list(&change.value),
        (None, Some(_) | None) => literal(&change.value).map_err(|why| wrong(&why))?,
    };
    ranges::check(&change.path, &ranges::told_of(&value)).map_err(|why| wrong(&why))?;
    place.insert(key.to_owned(), value);
    table.try_into().map_err(|error: toml::de::Error| wrong(&error.message()))
}

fn list(text: &str) -> Value {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    Value::Array(parts.map(|part| Value::String(part.to_owned())).collect())
}

/// A TOML value: a number, `true`, an array. An IPv6 address in brackets is no array.
fn literal(text: &str) -> Result<Value, String> {
    let parsed: Result<Table, _> = toml::from_str(&format!("value = {}", text.trim()));
    match parsed {
        Ok(mut table) => table.remove("value").ok_or_else(|| format!("`{text}` is no value")),
        Err(_) if text.contains("]:") => Ok(list(text)),
        Err(_) => Err(format!("`{text}` is no number, true, false or TOML array")),
    }
}

/// Puts an error of the TOML reader into words: `siplet.toml:14: unknown key ...`.
#[must_use]
pub fn explain(name: &str, text: &str, error: &toml::de::Error) -> ConfigError {
    let offset = error.span().map_or(0, |Range { start, .. }| start.min(text.len()));
    describe(name, text, offset, error.message())
}

/// The same for an error that has lost its place: an unknown key is looked for in the text.
#[must_use]
pub fn explain_message(name: &str, text: &str, message: &str) -> ConfigError {
    let key = unknown_key(message).map(|(key, _)| key);
    let mut offset = 0;
    for line in text.split_inclusive('\n') {
        let start = line.split('=').next().unwrap_or_default().trim().trim_matches('"');
        if key.is_some_and(|key| line.contains('=') && start == key) {
            break;
        }
        offset += line.len();
    }
    describe(name, text, if offset == text.len() { 0 } else { offset }, message)
}

fn describe(name: &str, text: &str, offset: usize, message: &str) -> ConfigError {
    let before = text.get(..offset).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let mut words = format!("{name}:{line}: ");
    match unknown_key(message) {
        Some((key, known)) => {
            let _ = write!(words, "unknown key `{key}`{}", section_of(before));
            if let Some(meant) = nearest(key, &known) {
                let _ = write!(words, "; did you mean `{meant}`?");
            } else if known.len() <= 12 {
                let _ = write!(words, "; known are {}", known.join(", "));
            }
        }
        None => words.push_str(message.trim().lines().next().unwrap_or("is no TOML")),
    }
    ConfigError(words)
}

/// Reads `` unknown field `x`, expected one of `a`, `b` ``, the words in which serde says so.
fn unknown_key(message: &str) -> Option<(&str, Vec<&str>)> {
    let rest = message.strip_prefix("unknown field ")?;
    let mut quoted = rest.split('`').skip(1).step_by(2);
    let key = quoted.next()?;
    Some((key, quoted.collect()))
}

/// ` in [limits]`, from the last section header above.
fn section_of(before: &str) -> String {
    let header = before.lines().rev().map(str::trim).find(|line| line.starts_with('['));
    header.map_or_else(String::new, |line| format!(" in {}", line.split('#').next().unwrap_or(line).trim()))
}

/// The known word that was probably meant.
#[must_use]
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let best = known
        .iter()
        .map(|name| (strsim::jaro_winkler(word, name), *name))
        .max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 >= 0.8).then_some(best.1)
}
