//! Records as files: JSON, one object a line. The first line is the header, each other one a step.

use std::fs::OpenOptions;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use serde_json::Value;
use siplet_container::record::{FORMAT, Header, StepRecord};

/// Octets of a file that is read.
const FILE_BYTES_MAX: u64 = 256 << 20;
/// Octets of a text that is quoted in a message.
const QUOTED_MAX: usize = 200;

/// A record that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// How the container was set.
    pub header: Header,
    /// Steps of one session or more, in the order in which they were told.
    pub steps: Vec<StepRecord>,
}

/// The text of a record.
///
/// # Errors
/// In words; none is known for a record that a container told.
pub fn text(header: &Header, steps: &[StepRecord]) -> Result<String, String> {
    let line =
        |value: serde_json::Result<String>| value.map_err(|error| format!("it cannot be written: {error}"));
    let mut text = line(serde_json::to_string(header))? + "\n";
    for step in steps {
        text.push_str(&line(serde_json::to_string(step))?);
        text.push('\n');
    }
    Ok(text)
}

/// Makes a file that only its owner may read; it must not be there yet.
///
/// # Errors
/// Those of the system.
pub fn create(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Reads a file.
///
/// # Errors
/// In a sentence that names the file, and the line where there is one.
pub fn read(path: &Path) -> Result<Record, String> {
    let name = path.display().to_string();
    let wrong = |error: io::Error| format!("{name} cannot be read: {error}");
    let file = OpenOptions::new().read(true).open(path).map_err(wrong)?;
    let metadata = file.metadata().map_err(wrong)?;
    if !metadata.is_file() {
        return Err(format!("{name} is no file"));
    }
    if metadata.len() > FILE_BYTES_MAX {
        return Err(format!(
            "{name} has {} bytes, and a record has at most {FILE_BYTES_MAX}",
            metadata.len()
        ));
    }
    let mut bytes = Vec::new();
    file.take(FILE_BYTES_MAX).read_to_end(&mut bytes).map_err(wrong)?;
    parse(&name, &bytes)
}

/// Reads the text of a record.
///
/// # Errors
/// As of [`read`].
pub fn parse(name: &str, bytes: &[u8]) -> Result<Record, String> {
    let mut lines = bytes.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    let Some((_, first)) = lines.next() else { return Err(format!("{name} is empty")) };
    let no_record = || format!("{name} is no record: its first line does not say that it is one");
    let first: Value = serde_json::from_slice(first).map_err(|_| no_record())?;
    let format = first.get("siplet_record").and_then(Value::as_u64).ok_or_else(no_record)?;
    if format != u64::from(FORMAT) {
        return Err(format!("{name} has format {format}, and this siplet reads {FORMAT}"));
    }
    let header = Header::read(first).map_err(|why| format!("{name}:1: {why}"))?;
    let mut steps = Vec::new();
    for (at, line) in lines {
        let step = serde_json::from_slice(line).map_err(|error| {
            let cut = if bytes.ends_with(b"\n") { "" } else { "; the file seems to be cut short" };
            format!("{name}:{}: this is no step: {}{cut}", at + 1, quoted(&error.to_string()))
        })?;
        steps.push(step);
    }
    if steps.is_empty() {
        return Err(format!("{name} holds no step"));
    }
    Ok(Record { header, steps })
}

trait Readable: Sized {
    fn read(value: Value) -> Result<Self, String>;
}

impl Readable for Header {
    fn read(value: Value) -> Result<Self, String> {
        serde_json::from_value(value).map_err(|error| quoted(&error.to_string()))
    }
}

/// A message that may quote what a hostile file says: short and on one line.
fn quoted(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).take(QUOTED_MAX).collect()
}
