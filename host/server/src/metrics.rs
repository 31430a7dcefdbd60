//! The numbers as Prometheus reads them (text exposition format 0.0.4).

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt::{Display, Write as _};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use siplet_container::Counts;
use siplet_container::app::AppId;
use siplet_container::io::ResolveError;
use siplet_container::report::{DropReason, LoadFault, RefuseReason};
use siplet_container::turn::TrapReason;

use crate::accept::AcceptFailure;
use crate::counters::{AppCounters, CloseReason, Counters, TURN_BOUNDS_US, Unhanded};
use crate::deploy::Rollbacks;
use crate::shadow::report::Report;
use crate::shadow::{Shadow, Shadows};
use crate::shard::Numbers;

/// What the process as a whole says of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Process {
    /// Bytes that are allocated and not freed.
    pub heap_bytes: u64,
    /// Bytes that the allocator holds from the system.
    pub heap_resident_bytes: u64,
    /// Resident memory.
    pub resident_bytes: u64,
    /// CPU time of all threads, seconds.
    pub cpu_seconds: f64,
    /// Seconds since the start.
    pub uptime_s: f64,
    /// Open file descriptors.
    pub open_files: u64,
    /// Most open file descriptors that the system allows; 0: it names no limit.
    pub open_files_max: u64,
    /// Shards that stand still.
    pub shards_stalled: u64,
    /// Connections of the read-only listener that were cut for newer ones.
    pub http_cut: u64,
    /// True when new calls are refused.
    pub draining: bool,
    /// Records that were written or given away.
    pub records_written: u64,
    /// Steps and records that were lost because a limit is reached.
    pub records_lost: u64,
}

/// The container's tables by name, with the number of their rows.
#[must_use]
pub const fn tables(counts: &Counts) -> [(&'static str, usize); 15] {
    [
        ("application-sessions", counts.application_sessions),
        ("sip-sessions", counts.sip_sessions),
        ("dialogs", counts.dialogs),
        ("server-transactions", counts.server_transactions),
        ("client-transactions", counts.client_transactions),
        ("server-keys", counts.server_keys),
        ("merge-keys", counts.merge_keys),
        ("deadlines", counts.deadlines),
        ("mailbox", counts.mailbox),
        ("open-steps", counts.open_steps),
        ("parked-units", counts.parked_units),
        ("loading-packets", counts.loading_packets),
        ("forgetting", counts.forgetting),
        ("resolving", counts.resolving),
        ("applications", counts.applications),
    ]
}

/// One number of an application.
type Count = fn(&AppCounters) -> u64;

struct Page(String);

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP siplet_{name} {help}\n# TYPE siplet_{name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl Display) {
        let _ = write!(self.0, "siplet_{name}");
        for (index, (label, text)) in labels.iter().enumerate() {
            let _ = write!(self.0, "{}{label}=\"{}\"", if index == 0 { "{" } else { "," }, escaped(text));
        }
        let _ = writeln!(self.0, "{} {value}", if labels.is_empty() { "" } else { "}" });
    }

    fn one(&mut self, name: &str, kind: &str, help: &str, value: impl Display) {
        self.family(name, kind, help);
        self.sample(name, &[], value);
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

/// The page for `/metrics`. `missing` shards did not answer in time.
#[must_use]
pub fn page(
    shards: &[Numbers],
    missing: usize,
    process: &Process,
    rollbacks: &Rollbacks,
    shadows: &Shadows,
) -> String {
    let mut page = Page(String::with_capacity(16 << 10));
    let mut counters = Counters::default();
    for shard in shards {
        counters.merge(&shard.counters);
    }
    process_families(&mut page, process);
    page.one("shards_silent", "gauge", "Shards that did not tell their numbers in time.", missing);
    table_families(&mut page, shards);
    plain_families(&mut page, &counters);
    reason_families(&mut page, &counters);
    application_families(&mut page, &counters);
    session_family(&mut page, shards);
    rollback_family(&mut page, rollbacks);
    shadow_families(&mut page, shadows);
    runner_families(&mut page, shards);
    page.0
}

fn process_families(page: &mut Page, process: &Process) {
    page.one("heap_bytes", "gauge", "Bytes that are allocated and not freed.", process.heap_bytes);
    let help = "Bytes that the allocator holds from the system.";
    page.one("heap_resident_bytes", "gauge", help, process.heap_resident_bytes);
    page.one("resident_bytes", "gauge", "Resident memory of the process.", process.resident_bytes);
    page.one("cpu_seconds_total", "counter", "CPU time of all threads.", process.cpu_seconds);
    page.one("uptime_seconds", "gauge", "Time since the start.", process.uptime_s);
    page.one("open_files", "gauge", "Open file descriptors.", process.open_files);
    let help = "Most open file descriptors that the system allows this process.";
    page.one("open_files_max", "gauge", help, process.open_files_max);
    let help = "Shards that do nothing although something waits for them.";
    page.one("shards_stalled", "gauge", help, process.shards_stalled);
    let help = "Connections of this listener that were cut for newer ones.";
    page.one("http_connections_cut_total", "counter", help, process.http_cut);
    page.one("draining", "gauge", "1 when new calls are refused.", u8::from(process.draining));
    page.one("records_written_total", "counter", "Records written.", process.records_written);
    let help = "Steps and records lost because a limit is reached.";
    page.one("records_lost_total", "counter", help, process.records_lost);
}

fn table_families(page: &mut Page, shards: &[Numbers]) {
    page.family("table_rows", "gauge", "Rows of the container's tables, summed over all shards.");
    let sums = shards.iter().map(|shard| tables(&shard.counts)).reduce(|mut sum, other| {
        for (place, (_, rows)) in sum.iter_mut().zip(other) {
            place.1 += rows;
        }
        sum
    });
    for (table, rows) in sums.unwrap_or_else(|| tables(&Counts::default())) {
        page.sample("table_rows", &[("table", table)], rows);
    }
    let sum = |of: fn(&Numbers) -> usize| shards.iter().map(of).sum::<usize>();
    page.one("connections", "gauge", "Open TCP connections.", sum(|shard| shard.connections));
    let help = "Requests without a final response, summed over all shards.";
    page.one("unanswered_requests", "gauge", help, sum(|shard| shard.counts.unanswered_requests));
    let help = "Messages that wait to be written on connections and sockets.";
    page.one("queued_messages", "gauge", help, sum(|shard| shard.queued));
    let help = "Messages of other shards that wait to be taken.";
    page.one("handed_messages", "gauge", help, sum(|shard| shard.handed));
    page.one(
        "dialogs_peak",
        "gauge",
        "Most dialogs at a time since the start.",
        sum(|shard| shard.dialogs_peak),
    );
    let help = "Questions to the DNS under way, those included that nobody waits for any more.";
    page.one("dns_queries", "gauge", help, sum(|shard| shard.dns_queries));
    page.one("stored_sessions", "gauge", "Sessions in the store.", sum(|shard| shard.stored_sessions));
}

fn plain_families(page: &mut Page, counters: &Counters) {
    let plain = [
        ("packets_received_total", "Datagrams and messages received.", counters.packets_received),
        ("packets_sent_total", "Messages given to a socket.", counters.packets_sent),
        ("framing_errors_total", "Streams that lost their frame.", counters.framing_errors),
        ("connections_accepted_total", "TCP connections accepted.", counters.connections_accepted),
        ("connections_refused_total", "TCP connections over a limit.", counters.connections_refused),
        ("connections_opened_total", "TCP connections opened.", counters.connections_opened),
        ("handed_over_total", "Messages given to another shard.", counters.handed_over),
        ("store_refused_total", "Units that the store refused.", counters.store_refused),
        ("store_unavailable_total", "Orders that did not reach the store.", counters.store_unavailable),
        ("rolled_back_total", "Sessions that went back to an older version.", counters.rolled_back),
        ("restored_total", "Sessions that were restored.", counters.restored),
        ("records_left_total", "Records of ended sessions that stay in the store.", counters.records_left),
        (
            "listener_turns_dropped_total",
            "Callbacks into listeners of servlets over their limit.",
            counters.listener_turns_dropped,
        ),
        ("log_lines_dropped_total", "Lines of servlets over their limit.", counters.log_lines_dropped),
        ("steps_recorded_total", "Steps told for records and ladders.", counters.steps_recorded),
        (
            "unrecorded_total",
            "Steps and sessions not recorded because a limit is reached.",
            counters.unrecorded,
        ),
        ("broken_rules_total", "Broken rules of the host itself.", counters.broken),
    ];
    for (name, help, value) in plain {
        page.one(name, "counter", help, value);
    }
}

fn reason_families(page: &mut Page, counters: &Counters) {
    page.family("dropped_total", "counter", "Messages dropped without an answer.");
    for reason in DropReason::ALL {
        let count = counters.dropped.get(&reason).copied().unwrap_or(0);
        page.sample("dropped_total", &[("reason", reason.name())], count);
    }
    page.family("refused_total", "counter", "Requests that the host refused itself.");
    for reason in RefuseReason::ALL {
        let count = counters.refused.get(&reason).copied().unwrap_or(0);
        page.sample("refused_total", &[("reason", reason.name())], count);
    }
    let families: [(&str, &str, Vec<(&str, u64)>); 3] = [
        (
            "connections_closed_total",
            "TCP connections that are no more.",
            reasons(&CloseReason::ALL, &counters.connections_closed, CloseReason::name),
        ),
        (
            "connections_not_accepted_total",
            "TCP connections that could not be accepted.",
            reasons(&AcceptFailure::ALL, &counters.not_accepted, AcceptFailure::name),
        ),
        (
            "handover_refused_total",
            "What another shard had no room for.",
            reasons(&Unhanded::ALL, &counters.not_handed, Unhanded::name),
        ),
    ];
    for (name, help, counts) in families {
        page.family(name, "counter", help);
        for (reason, count) in counts {
            page.sample(name, &[("reason", reason)], count);
        }
    }
    page.family("load_failed_total", "counter", "Stored sessions that could not be loaded.");
    for reason in LoadFault::NAMES {
        let count = counters.load_failed.get(reason).copied().unwrap_or(0);
        page.sample("load_failed_total", &[("reason", reason)], count);
    }
    page.family("resolve_failed_total", "counter", "Names for which the DNS gave no address.");
    for reason in ResolveError::ALL {
        let count = counters.resolve_failed.get(&reason).copied().unwrap_or(0);
        page.sample("resolve_failed_total", &[("reason", reason.name())], count);
    }
    page.family("transmit_failed_total", "counter", "Messages that could not be sent.");
    let failed = [
        ("unreachable", counters.unreachable),
        ("congested", counters.congested),
        ("too-large", counters.too_large),
    ];
    for (reason, count) in failed {
        page.sample("transmit_failed_total", &[("reason", reason)], count);
    }
}

/// The count of each reason, also of those that never came.
fn reasons<K: Copy + Ord>(
    all: &[K],
    counts: &BTreeMap<K, u64>,
    name: fn(K) -> &'static str,
) -> Vec<(&'static str, u64)> {
    all.iter().map(|reason| (name(*reason), counts.get(reason).copied().unwrap_or(0))).collect()
}

fn application_families(page: &mut Page, counters: &Counters) {
    let apps: Vec<_> = counters
        .apps
        .iter()
        .map(|(app, counters)| (app.name.as_ref(), format!("{:06x}", app.digest >> 40), counters))
        .collect();
    let families: [(&str, &str, Count); 8] = [
        ("turns_total", "Turns.", |app| app.turns),
        ("turns_failed_total", "Turns whose handler returned an error.", |app| app.failed),
        ("unanswered_total", "Transactions that a servlet left unanswered.", |app| app.unanswered),
        ("no_ack_total", "2xx that nobody acknowledged.", |app| app.no_ack),
        ("no_prack_total", "Reliable provisional responses that nobody acknowledged.", |app| app.no_prack),
        ("client_timeouts_total", "Requests of a servlet that nobody answered.", |app| app.client_timeouts),
        ("upgraded_total", "Sessions that a version took over from an older one.", |app| app.upgraded),
        ("upgrades_failed_total", "Sessions that a version could not take over.", |app| app.upgrades_failed),
    ];
    for (name, help, value) in families {
        page.family(name, "counter", help);
        for (app, digest, counters) in &apps {
            page.sample(name, &[("application", app), ("digest", digest)], value(counters));
        }
    }
    page.family("traps_total", "counter", "Turns that died.");
    for (app, digest, counters) in &apps {
        for reason in TrapReason::ALL {
            let count = counters.traps.get(&reason).copied().unwrap_or(0);
            let labels = [("application", *app), ("digest", digest.as_str()), ("reason", reason.name())];
            page.sample("traps_total", &labels, count);
        }
    }
    let help = "Time of turns on the shard's thread, which does nothing else meanwhile.";
    page.family("turn_seconds", "histogram", help);
    for (app, digest, counters) in &apps {
        let labels = [("application", *app), ("digest", digest.as_str())];
        let mut sum = 0;
        for (index, turns) in counters.took.buckets.iter().enumerate() {
            sum += turns;
            let bound = TURN_BOUNDS_US.get(index).map(|bound| (*bound as f64 / 1e6).to_string());
            let bound = bound.as_deref().unwrap_or("+Inf");
            page.sample("turn_seconds_bucket", &[labels[0], labels[1], ("le", bound)], sum);
        }
        page.sample("turn_seconds_sum", &labels, counters.took.sum_ns as f64 / 1e9);
        page.sample("turn_seconds_count", &labels, sum);
    }
}

fn session_family(page: &mut Page, shards: &[Numbers]) {
    let mut sums: BTreeMap<&AppId, (usize, u64, bool)> = BTreeMap::new();
    for (id, counts) in shards.iter().flat_map(|shard| &shard.versions) {
        let sum = sums.entry(id).or_default();
        *sum = (sum.0 + counts.sessions, sum.1 + counts.calls, sum.2 || counts.takes_calls);
    }
    let help = "1 for each version that takes new calls, 0 for those that are kept or leave.";
    let families = [
        ("application_sessions", "gauge", "Application sessions of each version."),
        ("calls_total", "counter", "New calls that each version took."),
        ("takes_calls", "gauge", help),
    ];
    for (name, kind, help) in families {
        page.family(name, kind, help);
        for (id, (sessions, calls, takes)) in &sums {
            let value = match name {
                "application_sessions" => *sessions as u64,
                "calls_total" => *calls,
                _ => u64::from(*takes),
            };
            let digest = format!("{:06x}", id.digest >> 40);
            page.sample(name, &[("application", &id.name), ("digest", &digest)], value);
        }
    }
}

fn rollback_family(page: &mut Page, rollbacks: &Rollbacks) {
    page.family(
        "rollbacks_total",
        "counter",
        "Versions that were taken back, by the host for their traps or by an operator.",
    );
    for (cause, count) in [("traps", &rollbacks.by_traps), ("operator", &rollbacks.by_operator)] {
        page.sample("rollbacks_total", &[("cause", cause)], count.load(Ordering::Relaxed));
    }
}

/// One number of a shadow.
type Found = fn(&Report) -> f64;

fn shadow_families(page: &mut Page, shadows: &Shadows) {
    let of = |shadow: &Arc<Shadow>| {
        let id = shadow.id();
        (id.name.clone(), format!("{:06x}", id.digest >> 40), shadow.is_running(), shadow.report())
    };
    let all: Vec<_> = shadows.all().iter().map(of).collect();
    page.family("shadow_running", "gauge", "1 for each version that runs in the shadow of another.");
    for (name, digest, running, _) in &all {
        page.sample("shadow_running", &[("application", name), ("digest", digest)], u8::from(*running));
    }
    let families: [(&str, &str, &str, Found); 8] = [
        ("shadow_calls_total", "counter", "Calls that a shadow followed.", |found| found.calls as f64),
        ("shadow_calls", "gauge", "Calls that a shadow follows now.", |found| found.calls_now as f64),
        ("shadow_parted_total", "counter", "Calls in which a shadow went another way.", |found| {
            found.parted as f64
        }),
        ("shadow_traps_total", "counter", "Turns of a shadow that died.", |found| found.traps as f64),
        ("shadow_differences", "gauge", "Differences that a shadow tells apart.", |found| {
            found.differences.len() as f64
        }),
        (
            "shadow_differences_untold_total",
            "counter",
            "Differences that found no room to be told.",
            |found| found.differences_untold as f64,
        ),
        ("shadow_held_bytes", "gauge", "Bytes that the calls of a shadow hold.", |found| {
            found.held_bytes as f64
        }),
        ("shadow_cpu_seconds_total", "counter", "CPU time of a shadow.", |found| found.cpu().as_secs_f64()),
    ];
    for (name, kind, help, value) in families {
        page.family(name, kind, help);
        for (application, digest, _, report) in &all {
            page.sample(name, &[("application", application), ("digest", digest)], value(report));
        }
    }
    page.family("shadow_steps_total", "counter", "Steps that ran in both versions.");
    for (application, digest, _, report) in &all {
        for (result, steps) in [("same", report.same), ("differ", report.differ())] {
            let labels = [("application", &**application), ("digest", digest.as_str()), ("result", result)];
            page.sample("shadow_steps_total", &labels, steps);
        }
    }
    let help = "Calls that a shadow did not follow to their end, by the limit that was reached.";
    page.family("shadow_not_followed_total", "counter", help);
    for (application, digest, _, report) in &all {
        for (limit, calls) in &report.not_followed {
            let labels = [("application", &**application), ("digest", digest.as_str()), ("limit", limit)];
            page.sample("shadow_not_followed_total", &labels, calls);
        }
    }
}

fn runner_families(page: &mut Page, shards: &[Numbers]) {
    let sum =
        |of: fn(&siplet_wasm::Counters) -> u64| shards.iter().map(|shard| of(&shard.runner)).sum::<u64>();
    let started = sum(|runner| runner.instances_started);
    page.one("instances_started_total", "counter", "Guest instances made.", started);
    page.one(
        "turns_away_total",
        "counter",
        "Turns that ran beside their shard.",
        sum(|runner| runner.turns_away),
    );
    let help = "Turns that failed because too many waited beside the shard.";
    page.one("turns_refused_total", "counter", help, sum(|runner| runner.turns_refused));
    page.one(
        "probations_total",
        "counter",
        "Times that a servlet was put beside the shard.",
        sum(|r| r.probations),
    );
    let now: usize = shards.iter().map(|shard| shard.on_probation.len()).sum();
    page.one("on_probation", "gauge", "Servlets that run beside a shard now.", now);
}
