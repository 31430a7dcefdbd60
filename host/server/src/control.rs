//! Commands of an operator over a Unix socket: one JSON object a line, one JSON object back.
//!
//! The socket has mode 0600 from the moment at which it can be found, and whoever connects must be the server's own
//! user or root. A line is bounded, so is the number of connections. `{"command":"status"}` gives
//! `{"ok":{...}}` or `{"error":"..."}`; a connection may ask again.

pub mod client;
pub mod status;
#[cfg(test)]
mod tests;
pub mod versions;

use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use siplet_container::inspect::Listed;
use siplet_container::io::{Command, CommandReply};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;

use crate::deploy::Which;
use crate::hub::Hub;
use crate::record::stream::record;

/// Sessions that are listed when nobody says how many.
pub const SESSIONS_LISTED: usize = 100;

/// A command as it travels.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// How the server is.
    Status,
    /// Application sessions, at most this many of each shard.
    Sessions {
        /// Most rows.
        #[serde(default = "sessions_listed")]
        limit: usize,
        /// Only those of this application.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        application: Option<String>,
        /// Only those that are so old, seconds.
        #[serde(default)]
        older_than_s: u64,
    },
    /// Application sessions with all that they have.
    Inspect {
        /// An id, a Call-ID, or the beginning of one.
        name: String,
    },
    /// Refuse new calls.
    Drain,
    /// Take new calls again.
    Resume,
    /// Take an application away until its file changes.
    Undeploy {
        /// Its name.
        name: String,
    },
    /// Look at the servlets folder anew.
    Reload,
    /// Versions of applications, or of one.
    Versions {
        /// Its name.
        #[serde(default)]
        name: Option<String>,
    },
    /// Let an earlier version take new calls again.
    Rollback {
        /// Name of the application.
        name: String,
        /// Version or `#DIGEST`; none: the one before.
        #[serde(default)]
        to: Option<String>,
    },
    /// Let the newest version take a share of new calls.
    Canary {
        /// Name of the application.
        name: String,
        /// Percent, 0 to 100.
        percent: u8,
    },
    /// A test wants to see what becomes of that in a vital thread.
    #[cfg(debug_assertions)]
    Fault {
        /// `shard-0`, `deploy`.
        thread: String,
        /// What shall happen.
        fault: crate::vital::fault::Fault,
    },
    /// What an application's shadow has found.
    Shadow {
        /// Name of the application.
        name: String,
    },
    /// Let a version run in the shadow of the one that serves.
    ShadowRun {
        /// Name of the application.
        name: String,
        /// The file of the version, as the server finds it.
        #[serde(default)]
        file: Option<PathBuf>,
        /// Version or `#DIGEST` of one that is kept; it or a file is named.
        #[serde(default)]
        version: Option<String>,
        /// Percent of new calls, 0 to 100.
        percent: u8,
    },
    /// End an application's shadow.
    ShadowOff {
        /// Name of the application.
        name: String,
    },
    /// Record sessions: the connection gives one line for each record, until its time is over.
    Record(crate::record::stream::Order),
}

const fn sessions_listed() -> usize {
    SESSIONS_LISTED
}

/// Where the socket is when no setting names it: the user's runtime folder, else a folder of the user's own in the
/// folder for temporary files.
#[must_use]
pub fn default_path() -> PathBuf {
    match std::env::var_os("XDG_RUNTIME_DIR") {
        Some(folder) if !folder.is_empty() => PathBuf::from(folder).join("siplet.sock"),
        _ => {
            let user = rustix::process::geteuid().as_raw();
            std::env::temp_dir().join(format!("siplet-{user}")).join("siplet.sock")
        }
    }
}

/// Binds the socket. A socket file that nobody answers on is replaced.
///
/// # Errors
/// Another server answers there, something else has that name, or others may write to the folder.
pub async fn bind(path: &Path) -> Result<UnixListener> {
    let shown = path.display();
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        own_folder(folder)?;
    }
    match std::fs::symlink_metadata(path) {
        Ok(metadata) if !metadata.file_type().is_socket() => bail!("{shown} is there and is no socket"),
        Ok(_) if UnixStream::connect(path).await.is_ok() => {
            bail!("another siplet answers on {shown}: name another socket with --control")
        }
        Ok(_) | Err(_) => {}
    }
    // Bound under a name that nobody looks for, closed to others, and only then put in place.
    let hidden = path.with_extension(format!("{}.new", std::process::id()));
    let _ = std::fs::remove_file(&hidden);
    let listener =
        UnixListener::bind(&hidden).with_context(|| format!("no socket can be made for {shown}"))?;
    std::fs::set_permissions(&hidden, PermissionsExt::from_mode(0o600))?;
    std::fs::rename(&hidden, path).with_context(|| format!("no socket can be put at {shown}"))?;
    Ok(listener)
}

/// The folder is there, and nobody else can put another socket in the place of ours.
fn own_folder(folder: &Path) -> Result<()> {
    let shown = folder.display();
    if !folder.exists() {
        std::fs::create_dir_all(folder).with_context(|| format!("the folder {shown} cannot be made"))?;
        std::fs::set_permissions(folder, PermissionsExt::from_mode(0o700))?;
    }
    let metadata = std::fs::metadata(folder).with_context(|| format!("the folder {shown} cannot be read"))?;
    let sticky = metadata.mode() & 0o1000 != 0;
    let foreign = metadata.uid() != rustix::process::geteuid().as_raw() && metadata.uid() != 0;
    if foreign || (metadata.mode() & 0o022 != 0 && !sticky) {
        bail!("others may write to {shown}, so no control socket is put there: name another with --control");
    }
    Ok(())
}

/// Serves until the process ends.
pub async fn serve(listener: UnixListener, hub: Hub) {
    let places = Arc::new(Semaphore::new(hub.config().limits.control_connections));
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        if !is_permitted(&stream) {
            tracing::warn!("a control connection of another user was refused");
            continue;
        }
        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
            tracing::warn!("a control connection was refused: too many (limit `control-connections`)");
            continue;
        };
        let hub = hub.clone();
        tokio::spawn(async move {
            converse(stream, &hub).await;
            drop(place);
        });
    }
}

/// The peer is this server's user, or root.
fn is_permitted(stream: &UnixStream) -> bool {
    let own = rustix::process::geteuid().as_raw();
    stream.peer_cred().is_ok_and(|peer| peer.uid() == own || peer.uid() == 0)
}

async fn converse(stream: UnixStream, hub: &Hub) {
    let line_max = hub.config().limits.control_line_bytes;
    let (reading, mut writing) = stream.into_split();
    let mut reading = BufReader::new(reading);
    loop {
        let mut line = Vec::new();
        let mut bounded = (&mut reading).take(line_max as u64 + 1);
        match bounded.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        let too_long = line.len() > line_max;
        if !too_long && let Ok(Ask::Record(order)) = parse(&line) {
            if let Err(why) = record(hub, order, &mut reading, &mut writing).await {
                let text = format!("{}\n", json!({ "error": why }));
                let _ = writing.write_all(text.as_bytes()).await;
            }
            return;
        }
        let answer = if too_long {
            Err(format!("a command has at most {line_max} bytes (limit `control-line-bytes`)"))
        } else {
            answer(&line, hub).await
        };
        let answer = match answer {
            Ok(value) => json!({ "ok": value }),
            Err(why) => json!({ "error": why }),
        };
        let text = format!("{answer}\n");
        if writing.write_all(text.as_bytes()).await.is_err() || too_long {
            return;
        }
    }
}

/// Reads one line as a command.
///
/// # Errors
/// In words, for whoever asked.
pub fn parse(line: &[u8]) -> Result<Ask, String> {
    let wrong = |error: serde_json::Error| format!("this is no command: {error}");
    let ask: Ask = serde_json::from_slice(line).map_err(wrong)?;
    // The derived reader lets unknown keys pass beside a command that has none of its own.
    let given: Value = serde_json::from_slice(line).map_err(wrong)?;
    let known = serde_json::to_value(&ask).map_err(wrong)?;
    let unknown = given.as_object().and_then(|given| given.keys().find(|key| known.get(key).is_none()));
    match unknown {
        Some(key) => Err(format!("this is no command: unknown key `{key}`")),
        None => Ok(ask),
    }
}

async fn answer(line: &[u8], hub: &Hub) -> Result<Value, String> {
    match parse(line)? {
        Ask::Status => {
            let status = status::collect(hub).await;
            serde_json::to_value(status).map_err(|error| error.to_string())
        }
        Ask::Sessions { limit, application, older_than_s } => {
            sessions(hub, limit.min(10_000), Listed { application, older_than_s }).await
        }
        Ask::Inspect { name } => crate::inspect::inspect(hub, &name).await,
        Ask::Drain => {
            hub.drain().await;
            tracing::info!("draining: new calls get 503 (asked by an operator)");
            Ok(json!({ "draining": true }))
        }
        Ask::Resume => {
            hub.resume().await;
            tracing::info!("new calls are taken again (asked by an operator)");
            Ok(json!({ "draining": false }))
        }
        #[cfg(debug_assertions)]
        Ask::Fault { thread, fault } => hub.fault(&thread, fault).await.map(|()| json!({ "struck": thread })),
        Ask::Undeploy { name } => hub.undeploy(&name).await.map(|()| json!({ "undeployed": name })),
        Ask::Record(_) => Err("a record takes a connection of its own".to_owned()),
        Ask::Reload => {
            let serving: Vec<_> = hub.reload().await.iter().map(crate::deploy::line).collect();
            Ok(json!({ "serving": serving }))
        }
        Ask::Versions { name } => {
            let versions = versions::collect(hub, name.as_deref()).await?;
            serde_json::to_value(versions).map_err(|error| error.to_string())
        }
        Ask::Rollback { name, to } => hub.rollback(&name, to).await.map(|text| json!({ "now": text })),
        Ask::Shadow { name } => match hub.shadows().of(&name) {
            Some(shadow) => serde_json::to_value(shadow.seen()).map_err(|error| error.to_string()),
            None => Err(no_shadow(hub, &name).await),
        },
        Ask::ShadowRun { percent, .. } if percent > 100 => {
            Err(format!("a share is 0 to 100 percent, not {percent}"))
        }
        Ask::ShadowRun { name, file, version, percent } => {
            let which = match (file, version) {
                (Some(file), None) => Which::File(file),
                (None, Some(version)) => Which::Version(version),
                (_, _) => return Err("name either a file or a version that is kept".to_owned()),
            };
            hub.shadow(&name, which, percent).await.map(|text| json!({ "now": text }))
        }
        Ask::ShadowOff { name } => hub.shadow_off(&name).await.map(|text| json!({ "now": text })),
        Ask::Canary { percent, .. } if percent > 100 => {
            Err(format!("a share is 0 to 100 percent, not {percent}"))
        }
        Ask::Canary { name, percent } => hub.canary(&name, percent).await.map(|text| json!({ "now": text })),
    }
}

async fn no_shadow(hub: &Hub, name: &str) -> String {
    let known = hub.applications().await.iter().any(|app| &*app.id.name == name);
    if known {
        format!("{name} has no shadow: `siplet shadow {name} FILE.wasm` begins one")
    } else {
        format!("no application is called \"{name}\"")
    }
}

async fn sessions(hub: &Hub, limit: usize, which: Listed) -> Result<Value, String> {
    let mut lines = Vec::new();
    for reply in hub.ask(&Command::ListSessions { limit, which }).await {
        if let CommandReply::Sessions(more) = reply {
            lines.extend(more);
        }
    }
    lines.truncate(limit);
    serde_json::to_value(lines).map_err(|error| error.to_string())
}
