//! Ranges of numbers: told once, in the documented example of a file, and held wherever such a number comes from.
//!
//! The comment of a key ends with `Range: 1 to 64.`; help texts, schema and the book's pages say the same because they
//! are made from it. Deliberately not here: what depends on two settings at once ([`super::Config::load`] checks that).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use toml::de::{DeTable, DeValue};

use super::{ConfigError, EXAMPLE, documented};

/// What stands before a range in a comment.
const MARK: &str = "Range: ";
/// What stands in the place of the largest number where the operator sets it for all servlets.
const CEILING: &str = "the host's ceiling";

/// The smallest and the largest number that a key takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Range {
    /// The smallest.
    pub min: u64,
    /// The largest; none: the host's ceiling, a setting under `[ceilings]`.
    pub max: Option<u64>,
}

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.max {
            Some(max) => write!(f, "{} to {max}", self.min),
            None => write!(f, "{} to {CEILING}", self.min),
        }
    }
}

impl Range {
    /// Reads `1 to 64`.
    fn parse(text: &str) -> Option<Self> {
        let (min, max) = text.split_once(" to ")?;
        let max = if max == CEILING { None } else { Some(max.parse().ok()?) };
        Some(Self { min: min.parse().ok()?, max })
    }

    /// True for a number that the key takes.
    #[must_use]
    pub fn contains(&self, number: i128) -> bool {
        number >= i128::from(self.min) && self.max.is_none_or(|max| number <= i128::from(max))
    }
}

/// A comment without its range, and the range; none for what is no number.
#[must_use]
pub fn split(help: &str) -> (&str, Option<Range>) {
    let found = help.rsplit_once(MARK).and_then(|(rest, range)| {
        let range = Range::parse(range.trim_end().strip_suffix('.')?)?;
        Some((rest.trim_end(), range))
    });
    found.map_or((help, None), |(rest, range)| (rest, Some(range)))
}

/// The range of the setting of that path (`limits.message-bytes`), none where it is no number.
#[must_use]
pub fn range(path: &str) -> Option<Range> {
    static RANGES: LazyLock<BTreeMap<String, Range>> = LazyLock::new(|| {
        let ranged = |(path, help): (String, String)| Some((path, split(&help).1?));
        documented(EXAMPLE).into_iter().filter_map(ranged).collect()
    });
    RANGES.get(path).copied()
}

/// A number, or how a value that is none is shown.
type Told = Result<i128, String>;

/// Checks every number of a settings file. Text that is no TOML and keys that are unknown pass: whoever reads the whole
/// tells of them.
///
/// # Errors
/// File, line, key, value and range of the first number that is out of its range, or that is no number.
pub(super) fn check_text(name: &str, text: &str) -> Result<(), ConfigError> {
    let Ok(whole) = DeTable::parse(text) else { return Ok(()) };
    let mut first: Option<(usize, String)> = None;
    let mut look = |section: &str, table: &DeTable<'_>| {
        for (key, value) in table {
            let path = [section, key.get_ref().as_ref()].concat();
            let start = value.span().start;
            if let Err(why) = check(&path, &told(value.get_ref()))
                && first.as_ref().is_none_or(|(other, _)| start < *other)
            {
                first = Some((start, why));
            }
        }
    };
    look("", whole.get_ref());
    for (section, value) in whole.get_ref() {
        if let DeValue::Table(table) = value.get_ref() {
            look(&format!("{}.", section.get_ref()), table);
        }
    }
    let Some((start, why)) = first else { return Ok(()) };
    let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
    Err(ConfigError(format!("{name}:{line}: {why}")))
}

/// Reads a number that is given outside the file; none where the setting of that path is none.
///
/// # Errors
/// Key, value and range of one that is out of its range.
pub(super) fn read(path: &str, text: &str) -> Result<Option<toml::Value>, String> {
    if range(path).is_none() {
        return Ok(None);
    }
    // One that is too long for every kind of number is out of every range.
    let Ok(number) = text.trim().parse::<i128>() else { return Ok(None) };
    check(path, &Ok(number))?;
    Ok(i64::try_from(number).ok().map(toml::Value::Integer))
}

/// Refuses what is no number of the setting's range. Settings that are no numbers take everything here.
pub(super) fn check(path: &str, told: &Told) -> Result<(), String> {
    let Some(range) = range(path) else { return Ok(()) };
    let (section, key) = path.split_once('.').unwrap_or(("", path));
    let place = if section.is_empty() { String::new() } else { format!(" in [{section}]") };
    match told {
        Ok(number) if range.contains(*number) => Ok(()),
        Ok(number) => Err(format!("`{key}`{place} is {number}, and must be {range}")),
        Err(shown) => Err(format!("`{key}`{place} is {shown}, and must be a whole number, {range}")),
    }
}

fn told(value: &DeValue<'_>) -> Told {
    match value {
        DeValue::Integer(number) => {
            let digits = number.as_str().replace('_', "");
            i128::from_str_radix(&digits, number.radix()).map_err(|_| digits)
        }
        DeValue::String(text) => Err(format!("{text:?}")),
        DeValue::Float(number) => Err(number.as_str().to_owned()),
        DeValue::Boolean(value) => Err(value.to_string()),
        DeValue::Datetime(time) => Err(time.to_string()),
        DeValue::Array(_) => Err("a list".to_owned()),
        DeValue::Table(_) => Err("a table".to_owned()),
    }
}

/// The same for a value that is not in a text.
pub(super) fn told_of(value: &toml::Value) -> Told {
    match value {
        toml::Value::Integer(number) => Ok(i128::from(*number)),
        toml::Value::String(_)
        | toml::Value::Float(_)
        | toml::Value::Boolean(_)
        | toml::Value::Datetime(_)
        | toml::Value::Array(_)
        | toml::Value::Table(_) => Err(value.to_string()),
    }
}
