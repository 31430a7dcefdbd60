//! `siplet record`: asks a running server for records and writes them to files of the asker.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::{Value, json};
use siplet_container::record::watch::Filter;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;

use super::file;
use super::stream::Order;
use crate::control::{Ask, default_path};
use crate::stop::Signals;

/// Options of `siplet record`.
#[derive(Clone, Debug, Args)]
pub struct Record {
    /// For how long: 30s, 10m, 2h. Ctrl-C ends it earlier and keeps what there is.
    #[arg(long = "for", value_parser = duration, default_value = "10m")]
    pub time: Duration,
    /// Only calls from this address: sip:user@host, user, or @host.
    #[arg(long)]
    pub caller: Option<String>,
    /// Only calls of this application.
    #[arg(long)]
    pub application: Option<String>,
    /// Only the call with this Call-ID.
    #[arg(long)]
    pub call_id: Option<String>,
    /// Only calls in which a handler failed or somebody got 4xx, 5xx or 6xx.
    #[arg(long)]
    pub failures: bool,
    /// Where to: one FILE.rec for all, or a folder with one file for each session.
    #[arg(long, default_value = "records")]
    pub out: PathBuf,
    /// Leave bodies readable.
    #[arg(long)]
    pub keep_bodies: bool,
    /// Make the values of this header unreadable too; may be given several times.
    #[arg(long = "redact-header", value_name = "NAME")]
    pub redact_headers: Vec<String>,
    /// The way to the server.
    #[command(flatten)]
    pub control: crate::cli::Control,
}

/// `90`, `90s`, `10m`, `2h`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.find(|character: char| !character.is_ascii_digit()) {
        Some(at) => text.split_at(at),
        None => (text, "s"),
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err("write it as 30s, 10m or 2h".to_owned()),
    };
    let number: u64 = number.parse().map_err(|_| "write it as 30s, 10m or 2h".to_owned())?;
    number.checked_mul(seconds).map(Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

impl Record {
    fn order(&self) -> Order {
        let filter = Filter {
            application: self.application.clone(),
            call_id: self.call_id.clone(),
            ..Filter::default()
        };
        Order {
            for_s: self.time.as_secs(),
            filter: match &self.caller {
                Some(caller) => filter.by_caller(caller),
                None => filter,
            },
            failures: self.failures,
            keep_bodies: self.keep_bodies,
            redact_headers: self.redact_headers.clone(),
        }
    }
}

/// Where records go.
struct Out {
    path: PathBuf,
    is_file: bool,
    /// Steps that were written to the one file.
    begun: bool,
}

impl Out {
    fn new(path: &Path) -> Result<Self> {
        let is_file = path.extension().is_some_and(|extension| extension == "rec");
        let shown = path.display();
        if is_file {
            // Now, and not when the first call has been lost.
            file::create(path, "").with_context(|| format!("{shown} cannot be made"))?;
        } else if !path.exists() {
            let mut folder = std::fs::DirBuilder::new();
            std::os::unix::fs::DirBuilderExt::mode(&mut folder, 0o700);
            folder.recursive(true).create(path).with_context(|| format!("{shown} cannot be made"))?;
        }
        Ok(Self { path: path.to_owned(), is_file, begun: false })
    }

    fn write(&mut self, session: &str, text: &str) -> Result<PathBuf> {
        if !self.is_file {
            if session.is_empty() || !session.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                bail!("the server names a session that cannot be a file: {session:?}");
            }
            let path = self.path.join(format!("{session}.rec"));
            file::create(&path, text).with_context(|| format!("{} cannot be made", path.display()))?;
            return Ok(path);
        }
        // One header stands for all sessions of the file.
        let steps = text.split_once('\n').map_or("", |(_, steps)| steps);
        let text = if std::mem::replace(&mut self.begun, true) { steps } else { text };
        let mut file = std::fs::OpenOptions::new().append(true).open(&self.path)?;
        file.write_all(text.as_bytes())?;
        Ok(self.path.clone())
    }
}

/// Records until the time is over, or Ctrl-C.
///
/// # Errors
/// No server answers, it refuses, or a file cannot be written.
pub async fn record(options: &Record, out: &mut impl Write) -> Result<bool> {
    let socket = &options.control.control;
    let socket = if socket.as_os_str().is_empty() { default_path() } else { socket.clone() };
    let stream = UnixStream::connect(&socket).await.map_err(|error| {
        anyhow!("no siplet answers on {}: {error}. Name its socket with --control", socket.display())
    })?;
    let mut files = Out::new(&options.out)?;
    let mut signals = Signals::listen().context("no signals")?;
    let (reading, mut writing) = stream.into_split();
    let ask = serde_json::to_string(&Ask::Record(options.order()))?;
    writing.write_all(format!("{ask}\n").as_bytes()).await?;
    let mut lines = BufReader::new(reading).lines();
    let mut stopped = false;
    loop {
        let line = tokio::select! {
            line = lines.next_line() => line?,
            () = signals.next(), if !stopped => {
                stopped = true;
                writing.write_all(b"stop\n").await?;
                continue;
            }
        };
        let Some(line) = line else { bail!("the server has hung up") };
        let value: Value = serde_json::from_str(&line).context("the server is of another version")?;
        if let Some(why) = value.get("error") {
            bail!("{}", why.as_str().unwrap_or("refused"));
        }
        if let Some(done) = value.get("done") {
            finish(done, options.control.json, out)?;
            return Ok(true);
        }
        let Some(text) = value.get("text").and_then(Value::as_str) else {
            if !options.control.json {
                writeln!(out, "recording for {} s; Ctrl-C ends it", options.time.as_secs())?;
            }
            continue;
        };
        let session = value.get("session").and_then(Value::as_str).unwrap_or_default();
        let path = files.write(session, text)?;
        let steps = value.get("steps").and_then(Value::as_u64).unwrap_or_default();
        if options.control.json {
            writeln!(out, "{}", json!({ "file": path, "session": session, "steps": steps }))?;
        } else {
            writeln!(out, "  {}   {steps} steps", path.display())?;
        }
    }
}

fn finish(done: &Value, as_json: bool, out: &mut impl Write) -> Result<()> {
    if as_json {
        writeln!(out, "{done}")?;
        return Ok(());
    }
    let sessions = done.get("sessions").and_then(Value::as_u64).unwrap_or_default();
    writeln!(out, "{sessions} {} recorded", if sessions == 1 { "session" } else { "sessions" })?;
    for (limit, count) in done.get("dropped").and_then(Value::as_object).into_iter().flatten() {
        writeln!(out, "  {count} steps were left out (limit `{limit}`)")?;
    }
    Ok(())
}
