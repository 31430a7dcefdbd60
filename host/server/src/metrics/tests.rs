use std::sync::Arc;
use std::time::Duration;

use siplet_container::VersionCounts;
use siplet_container::turn::Outcome;

use super::*;

fn value<'a>(page: &'a str, sample: &str) -> &'a str {
    let line = page.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    line.unwrap_or_else(|| panic!("no {sample} in\n{page}"))
}

#[test]
fn shards_are_summed_and_every_sample_has_its_family() {
    let app = AppId { name: Arc::from("an\"swer"), digest: 0x0abc_de00_0000_0000 };
    let mut shard = Numbers { connections: 2, ..Numbers::default() };
    shard.counts.dialogs = 3;
    shard.versions = vec![(app.clone(), VersionCounts { sessions: 7, calls: 9, takes_calls: true })];
    shard.counters.packets_received = 5;
    shard.counters.turn(&app, Duration::from_micros(7), &Outcome::Done);
    let page = page(
        &[shard.clone(), shard],
        1,
        &Process { heap_bytes: 42, ..Process::default() },
        &Rollbacks::default(),
        &Shadows::default(),
    );
    assert_eq!(value(&page, "siplet_heap_bytes"), "42");
    assert_eq!(value(&page, "siplet_shards_silent"), "1");
    assert_eq!(value(&page, "siplet_connections"), "4");
    assert_eq!(value(&page, "siplet_table_rows{table=\"dialogs\"}"), "6");
    assert_eq!(value(&page, "siplet_packets_received_total"), "10");
    assert_eq!(value(&page, "siplet_dropped_total{reason=\"malformed\"}"), "0");
    let labels = "application=\"an\\\"swer\",digest=\"0abcde\"";
    assert_eq!(value(&page, &format!("siplet_turn_seconds_bucket{{{labels},le=\"0.000005\"}}")), "0");
    assert_eq!(value(&page, &format!("siplet_turn_seconds_bucket{{{labels},le=\"0.00001\"}}")), "2");
    assert_eq!(value(&page, &format!("siplet_turn_seconds_bucket{{{labels},le=\"+Inf\"}}")), "2");
    assert_eq!(value(&page, &format!("siplet_application_sessions{{{labels}}}")), "14");
    assert_eq!(value(&page, &format!("siplet_calls_total{{{labels}}}")), "18");
    assert_eq!(value(&page, &format!("siplet_takes_calls{{{labels}}}")), "1");
    assert_eq!(value(&page, "siplet_rollbacks_total{cause=\"traps\"}"), "0");
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let name = line.split(['{', ' ']).next().unwrap();
        let family =
            ["_bucket", "_sum", "_count"].iter().fold(name, |name, end| match name.strip_suffix(end) {
                Some(base) if base.ends_with("turn_seconds") => base,
                _ => name,
            });
        assert_eq!(page.matches(&format!("# TYPE {family} ")).count(), 1, "{line}");
    }
}
