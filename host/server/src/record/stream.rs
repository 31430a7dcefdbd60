//! `siplet record` on the server's side: a control connection that gives one line for each record until its time is over.
//!
//! The client ends it early by any line; one that hangs up ends it too.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use siplet_container::io::{Command, CommandReply};
use siplet_container::record::StepRecord;
use siplet_container::record::watch::{Filter, Watch};
use tokio::io::{AsyncBufRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::collect::Collector;
use super::file;
use crate::hub::Hub;

/// What is to be recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// For how long, seconds.
    pub for_s: u64,
    /// Which sessions.
    #[serde(default)]
    pub filter: Filter,
    /// Only sessions in which something went wrong.
    #[serde(default)]
    pub failures: bool,
    /// Leave bodies readable.
    #[serde(default)]
    pub keep_bodies: bool,
    /// Headers whose values are made unreadable.
    #[serde(default)]
    pub redact_headers: Vec<String>,
}

/// Records, and writes one line for each record: `{"session": ID, "steps": N, "text": TEXT}`, the last one `{"done": ..}`.
///
/// # Errors
/// In words, before anything is recorded.
pub async fn record(
    hub: &Hub,
    order: Order,
    reading: &mut (impl AsyncBufRead + Unpin),
    writing: &mut (impl AsyncWrite + Unpin),
) -> Result<(), String> {
    let limits = hub.config().record.clone();
    if order.for_s == 0 || order.for_s > limits.longest_s {
        return Err(format!("it may take 1 to {} s (limit `longest-s`)", limits.longest_s));
    }
    let records = hub.records();
    let redaction = records.redaction(hub.config(), order.keep_bodies, &order.redact_headers);
    let header = records.header(&redaction);
    let (watch, mut steps) = records.watch();
    let what = Watch { filter: order.filter, sessions: limits.sessions, living: true };
    let armed = arm(hub, watch, what).await;
    let mut collector = Collector::new(limits, order.failures, redaction);
    let mut given = 0_u64;
    let mut listens = match &armed {
        Ok(living) => say(writing, &json!({ "ok": { "living": living, "for_s": order.for_s } })).await,
        Err(_) => false,
    };
    let give = async |complete: Vec<StepRecord>, writing: &mut _| {
        let Some(first) = complete.first() else { return true };
        match file::text(&header, &complete) {
            Ok(text) => {
                records.wrote();
                say(writing, &json!({ "session": first.id, "steps": complete.len(), "text": text })).await
            }
            Err(why) => {
                tracing::warn!("a record is given up: {why}");
                true
            }
        }
    };
    let end = tokio::time::sleep(Duration::from_secs(order.for_s));
    tokio::pin!(end);
    while listens {
        tokio::select! {
            step = steps.recv() => {
                let Some(step) = step else { break };
                if let Some(complete) = collector.take(*step) {
                    given += 1;
                    listens = give(complete, &mut *writing).await;
                }
            }
            () = &mut end => break,
            // Whatever the client says or does not say any more ends it.
            _ = reading.read_u8() => break,
        }
    }
    hub.ask(&Command::Unwatch { watch }).await;
    while let Ok(step) = steps.try_recv() {
        if let Some(complete) = collector.take(*step) {
            given += 1;
            listens = listens && give(complete, &mut *writing).await;
        }
    }
    records.unwatch(watch);
    armed?;
    for complete in collector.finish() {
        given += 1;
        listens = listens && give(complete, &mut *writing).await;
    }
    records.lose(collector.dropped().values().sum());
    if listens {
        say(writing, &json!({ "done": { "sessions": given, "dropped": collector.dropped() } })).await;
    }
    Ok(())
}

/// Lets all shards watch; how many living sessions they took in.
async fn arm(hub: &Hub, watch: u64, what: Watch) -> Result<usize, String> {
    let mut living = 0;
    for reply in hub.ask(&Command::Watch { watch, what }).await {
        match reply {
            CommandReply::Watching { sessions } => living += sessions,
            CommandReply::Refused(why) => return Err(why),
            CommandReply::Done
            | CommandReply::Sessions(_)
            | CommandReply::Found(_)
            | CommandReply::Ending(_) => {}
        }
    }
    Ok(living)
}

/// False when nobody listens any more.
async fn say(writing: &mut (impl AsyncWrite + Unpin), value: &Value) -> bool {
    let text = format!("{value}\n");
    writing.write_all(text.as_bytes()).await.is_ok()
}
