use std::sync::Arc;

use siplet_container::turn::Trap;

use super::*;

fn app() -> AppId {
    AppId { name: Arc::from("answer"), digest: 1 }
}

#[test]
fn a_histogram_knows_how_long_most_turns_took() {
    let mut histogram = Histogram::default();
    assert_eq!(histogram.quantile(0.99), None);
    for _ in 0..99 {
        histogram.add(Duration::from_micros(40));
    }
    histogram.add(Duration::from_secs(9));
    assert_eq!(histogram.quantile(0.5), Some(Duration::from_micros(50)));
    assert_eq!(histogram.quantile(0.99), Some(Duration::from_micros(50)));
    assert_eq!(histogram.quantile(1.0), Some(Duration::from_millis(200)));
    assert_eq!(histogram.count(), 100);
}

#[test]
fn numbers_of_shards_are_added_up() {
    let mut one = Counters { packets_received: 3, broken: 1, ..Counters::default() };
    one.report(&Report::Dropped { why: DropReason::StrayAck, flow: None });
    one.turn(&app(), Duration::from_micros(3), &Outcome::Done);
    let mut two = one.clone();
    let trap =
        Trap { reason: TrapReason::Panic, text: String::new(), backtrace: Vec::new(), cpu: Duration::ZERO };
    two.turn_returned(&app(), &Outcome::Trapped(trap));
    one.merge(&two);
    assert_eq!((one.packets_received, one.broken, one.dropped[&DropReason::StrayAck]), (6, 2, 2));
    let counters = &one.apps[&app()];
    assert_eq!((counters.turns, counters.traps[&TrapReason::Panic], counters.took.count()), (3, 1, 2));
}

#[test]
fn a_version_that_has_left_is_no_longer_counted() {
    let mut counters = Counters::default();
    counters.report(&Report::NoAck { app: app() });
    assert_eq!(counters.apps.len(), 1);
    counters.report(&Report::Left(app()));
    assert!(counters.apps.is_empty());
}
