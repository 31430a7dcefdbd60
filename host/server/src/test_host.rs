//! `siplet test-host`: a world in virtual time for a test kit, over standard input and output.
//!
//! This is the only door of `siplet-testhost`'s stage to the outside: a line in, a line out, as `siplet-test-protocol` says. A
//! bad line is answered by an error. The end of the input is the end of the program, so a kit that dies leaves nothing.

use std::io::{self, BufRead, Read, Write};
use std::path::PathBuf;

use anyhow::Result;
use siplet_test_protocol::{Asked, Error, ErrorKind, LINE_BYTES_MAX, Said};
use siplet_testhost::stage::Stage;

/// Options of `siplet test-host`.
#[derive(Clone, Debug, clap::Args)]
pub struct TestHost {
    /// Folder for compiled code, so that a servlet is compiled once; none: compile at every start.
    #[arg(long, value_name = "FOLDER")]
    pub code_cache: Option<PathBuf>,
}

/// Answers requests until the input ends.
///
/// # Errors
/// The output is closed.
pub fn run(options: &TestHost, input: impl BufRead, mut output: impl Write) -> Result<bool> {
    let mut stage = Stage::new(env!("CARGO_PKG_VERSION"), options.code_cache.clone());
    let mut input = input;
    loop {
        let line = match line(&mut input) {
            Ok(Some(line)) => line,
            Ok(None) => return Ok(true),
            Err(_) => {
                let text = format!("a line has at most {LINE_BYTES_MAX} bytes");
                say(&mut output, &refusal(0, ErrorKind::Line, text))?;
                return Ok(false);
            }
        };
        let said = match serde_json::from_slice::<Asked>(&line) {
            Ok(asked) => match stage.handle(&asked.request) {
                Ok(answer) => Said { id: asked.id, answer: Some(answer), error: None },
                Err(error) => Said { id: asked.id, answer: None, error: Some(error) },
            },
            Err(why) => refusal(id_of(&line), ErrorKind::Request, why.to_string()),
        };
        say(&mut output, &said)?;
    }
}

fn refusal(id: u64, kind: ErrorKind, text: String) -> Said {
    Said { id, answer: None, error: Some(Error { kind, text }) }
}

/// The id of a line that is no request otherwise.
fn id_of(line: &[u8]) -> u64 {
    let value: Option<serde_json::Value> = serde_json::from_slice(line).ok();
    value.and_then(|value| value["id"].as_u64()).unwrap_or_default()
}

/// The next line without its end; none at the end of the input. An error: it is too long, or the input is broken.
fn line(input: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    let most = LINE_BYTES_MAX as u64 + 1;
    if input.by_ref().take(most).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') {
        line.pop();
    } else if line.len() > LINE_BYTES_MAX {
        return Err(io::Error::other("the line is too long"));
    }
    Ok(Some(line))
}

fn say(output: &mut impl Write, said: &Said) -> Result<()> {
    let mut text = serde_json::to_vec(said)?;
    text.push(b'\n');
    output.write_all(&text)?;
    output.flush()?;
    Ok(())
}

#[cfg(test)]
mod tests;
