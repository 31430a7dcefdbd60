//! What the process as a whole says of itself, from the system and the allocator.

use std::time::Instant;

use rustix::process::{Resource, getrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::metrics::Process;
use crate::record::Records;

/// Reads everything anew.
#[must_use]
pub fn look(started: Instant, draining: bool, records: &Records) -> Process {
    // The allocator's numbers are those of its last epoch.
    let _ = tikv_jemalloc_ctl::epoch::advance();
    Process {
        heap_bytes: tikv_jemalloc_ctl::stats::allocated::read().unwrap_or(0) as u64,
        heap_resident_bytes: tikv_jemalloc_ctl::stats::resident::read().unwrap_or(0) as u64,
        resident_bytes: resident_bytes(),
        cpu_seconds: cpu_seconds(),
        uptime_s: started.elapsed().as_secs_f64(),
        open_files: std::fs::read_dir("/proc/self/fd").map_or(0, |entries| entries.count() as u64),
        open_files_max: getrlimit(Resource::Nofile).current.unwrap_or(0),
        // Whoever serves the page knows these two.
        shards_stalled: 0,
        http_cut: 0,
        draining,
        records_written: records.written(),
        records_lost: records.lost(),
    }
}

/// CPU time of all threads.
#[must_use]
pub fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}
