//! The side of the `siplet` commands: asks a running server and shows the answer.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use serde_json::Value;
use siplet_ladder::spoken;

use super::status::Status;
use super::versions::Versions;
use super::{Ask, default_path};
use crate::shadow::Seen;

/// A server that is asked for longer does not answer.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Asks the server at this socket; an empty path is the default one.
///
/// # Errors
/// No server answers there, or it refuses: in its words.
pub fn ask(socket: &Path, ask: &Ask) -> Result<Value> {
    let path = if socket.as_os_str().is_empty() { default_path() } else { socket.to_owned() };
    let mut stream = UnixStream::connect(&path).map_err(|error| {
        anyhow!(
            "no siplet answers on {}: {error}. Start one with `siplet serve`, or name its socket with --control",
            path.display()
        )
    })?;
    stream.set_read_timeout(Some(TIMEOUT))?;
    writeln!(stream, "{}", serde_json::to_string(ask)?)?;
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).context("the server does not answer")?;
    let mut answer: Value = serde_json::from_str(&line).context("the server has hung up")?;
    if let Some(why) = answer.get("error") {
        return Err(anyhow!("{}", why.as_str().unwrap_or("refused")));
    }
    Ok(answer.get_mut("ok").map(Value::take).unwrap_or_default())
}

/// The answer for people.
///
/// # Errors
/// The server speaks another version.
pub fn show(ask: &Ask, answer: Value) -> Result<String> {
    Ok(match ask {
        Ask::Status => {
            let status: Status =
                serde_json::from_value(answer).context("the server is of another version")?;
            status.to_string()
        }
        Ask::Sessions { .. } => sessions(&answer),
        Ask::Inspect { .. } => crate::inspect::show::show(&answer, false),
        Ask::Drain => {
            "draining: new calls get 503, live calls go on. `siplet resume` takes calls again\n".to_owned()
        }
        Ask::Resume => "new calls are taken again\n".to_owned(),
        Ask::Undeploy { name } => {
            format!(
                "{name} takes no new calls and leaves as its calls end. It comes back when its file changes\n"
            )
        }
        Ask::Versions { .. } => {
            let versions: Versions =
                serde_json::from_value(answer).context("the server is of another version")?;
            versions.to_string()
        }
        Ask::Rollback { .. } | Ask::Canary { .. } => {
            let now = answer.get("now").and_then(Value::as_str).unwrap_or_default();
            format!("{now}; live calls stay where they are\n")
        }
        Ask::ShadowRun { name, .. } => {
            let now = answer.get("now").and_then(Value::as_str).unwrap_or_default();
            format!("{now}\n`siplet shadow {name}` tells what differs\n")
        }
        Ask::ShadowOff { .. } => {
            let now = answer.get("now").and_then(Value::as_str).unwrap_or_default();
            format!("{now}; its report stays\n")
        }
        Ask::Shadow { .. } => {
            let seen: Seen = serde_json::from_value(answer).context("the server is of another version")?;
            seen.to_string()
        }
        // It has a command of its own that writes files.
        #[cfg(debug_assertions)]
        Ask::Fault { .. } => String::new(),
        Ask::Record(_) => String::new(),
        Ask::Reload => {
            let serving = answer.get("serving").and_then(Value::as_array).cloned().unwrap_or_default();
            let mut text = String::new();
            for line in &serving {
                let _ = writeln!(text, "  {}", line.as_str().unwrap_or_default());
            }
            if serving.is_empty() { "no servlet serves; the log says why\n".to_owned() } else { text }
        }
    })
}

fn sessions(answer: &Value) -> String {
    let rows = answer.as_array().cloned().unwrap_or_default();
    if rows.is_empty() {
        return "no sessions\n".to_owned();
    }
    let mut text = String::new();
    for row in rows {
        let field = |name: &str| row.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let age = row.get("age_s").and_then(Value::as_u64).unwrap_or_default();
        let (id, application) = (field("id"), field("application"));
        let age = if age == 0 { "new".to_owned() } else { spoken(Duration::from_secs(age)) };
        let _ = writeln!(text, "{id}   {application}   {age}");
        for pair in row.get("sessions").and_then(Value::as_array).into_iter().flatten() {
            let part = |index: usize| pair.get(index).and_then(Value::as_str).unwrap_or_default();
            let _ = writeln!(text, "    {:10}  {}", part(1), part(0));
        }
    }
    text
}
