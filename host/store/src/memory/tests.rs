use super::*;

const MINE: Epoch = Epoch(1);
const OTHERS: Epoch = Epoch(2);

fn write(key: u64, version: u64, text: &'static str) -> Write {
    Write { key: Key(key), version, snapshot: Bytes::from_static(text.as_bytes()) }
}

fn outcome(store: &mut MemoryStore, unit: u64, writes: Vec<Write>, now: Micros) -> Result<(), Error> {
    store.submit(MINE, Unit(unit), writes, now);
    match store.poll(now + store.faults().latency_us) {
        Some(Completion::Stored { unit: answered, result }) => {
            assert_eq!(answered, Unit(unit));
            result
        }
        other => panic!("no answer to unit {unit}: {other:?}"),
    }
}

fn stored(store: &MemoryStore) -> Vec<(u64, u64, &str)> {
    store
        .records()
        .map(|(key, version, bytes)| (key.0, version, core::str::from_utf8(bytes).unwrap()))
        .collect()
}

#[test]
fn an_owner_may_leave_versions_out_and_never_goes_back() {
    let mut store = MemoryStore::new();
    assert_eq!(outcome(&mut store, 1, vec![write(7, 1, "a")], 0), Ok(()));
    assert_eq!(outcome(&mut store, 2, vec![write(7, 3, "c")], 0), Ok(()), "a snapshot is whole");
    assert_eq!(outcome(&mut store, 3, vec![write(7, 2, "b")], 0), Ok(()), "overtaken, and acknowledged");
    assert_eq!(stored(&store), [(7, 3, "c")]);
}

#[test]
fn a_new_owner_that_does_not_know_what_is_stored_is_refused() {
    let mut store = MemoryStore::new();
    outcome(&mut store, 1, vec![write(7, 3, "c")], 0).unwrap();
    store.own(0, OTHERS, 0);
    store.submit(OTHERS, Unit(2), vec![write(7, 3, "x")], 0);
    assert_eq!(store.poll(0), Some(Completion::Stored { unit: Unit(2), result: Err(Error::Fenced) }));
    store.submit(OTHERS, Unit(3), vec![write(7, 4, "d")], 0);
    assert_eq!(store.poll(0), Some(Completion::Stored { unit: Unit(3), result: Ok(()) }));
    assert_eq!(stored(&store), [(7, 4, "d")]);
}

#[test]
fn a_unit_is_stored_whole_or_not_at_all() {
    let mut store = MemoryStore::new();
    outcome(&mut store, 1, vec![write(1, 1, "a")], 0).unwrap();
    store.own(0, OTHERS, 0);
    let unit = vec![write(2 | 1 << 54, 1, "new"), write(1, 2, "late")];
    assert_eq!(outcome(&mut store, 2, unit, 0), Err(Error::Fenced));
    assert_eq!(stored(&store), [(1, 1, "a")]);
}

#[test]
fn a_unit_whose_answer_was_lost_is_acknowledged_when_it_comes_again() {
    let mut store = MemoryStore::new();
    store.set_faults(Faults { lose_answers: true, ..Faults::default() });
    assert_eq!(outcome(&mut store, 1, vec![write(1, 1, "a")], 0), Err(Error::Unavailable));
    store.set_faults(Faults::default());
    assert_eq!(outcome(&mut store, 1, vec![write(1, 1, "a")], 0), Ok(()));
    assert_eq!(stored(&store), [(1, 1, "a")]);
}

#[test]
fn an_owner_with_a_lower_epoch_writes_and_forgets_nothing() {
    let mut store = MemoryStore::new();
    outcome(&mut store, 1, vec![write(1, 1, "a")], 0).unwrap();
    store.own(0, OTHERS, 0);
    assert_eq!(outcome(&mut store, 2, vec![write(1, 2, "b")], 0), Err(Error::Fenced));
    store.forget(MINE, Key(1), 0);
    let result = Err(Error::Fenced);
    assert_eq!(store.poll(0), Some(Completion::Forgotten { key: Key(1), result }));
    assert_eq!(stored(&store), [(1, 1, "a")]);
    let elsewhere = write(1 << 54, 1, "in partition 1");
    assert_eq!(outcome(&mut store, 3, vec![elsewhere], 0), Ok(()), "other partitions are still mine");
}

#[test]
fn answers_come_in_order_and_not_before_their_time() {
    let mut store = MemoryStore::with_latency(500);
    store.submit(MINE, Unit(1), vec![write(1, 1, "a")], 1000);
    store.set_faults(Faults::default());
    store.submit(MINE, Unit(2), vec![write(2, 1, "b")], 1000);
    assert_eq!((store.poll(1499), store.next_timeout()), (None, Some(1500)));
    assert_eq!(store.poll(1500), Some(Completion::Stored { unit: Unit(1), result: Ok(()) }));
    assert_eq!(store.poll(1500), Some(Completion::Stored { unit: Unit(2), result: Ok(()) }));
    assert_eq!((store.poll(u64::MAX), store.next_timeout()), (None, None));
}

#[test]
fn an_outage_fails_everything_and_changes_nothing() {
    let mut store = MemoryStore::new();
    outcome(&mut store, 1, vec![write(1, 1, "a")], 0).unwrap();
    store.set_faults(Faults { outage: true, ..Faults::default() });
    assert_eq!(outcome(&mut store, 2, vec![write(1, 2, "b")], 0), Err(Error::Unavailable));
    store.load(Key(1), 0);
    assert_eq!(store.poll(0), Some(Completion::Loaded { key: Key(1), found: Err(Error::Unavailable) }));
    store.forget(MINE, Key(1), 0);
    let result = Err(Error::Unavailable);
    assert_eq!(store.poll(0), Some(Completion::Forgotten { key: Key(1), result }));
    assert_eq!(stored(&store), [(1, 1, "a")]);
}

#[test]
fn a_scan_finds_the_sessions_of_its_partitions() {
    let mut store = MemoryStore::new();
    let other = 5 << 54;
    outcome(&mut store, 1, vec![write(1, 1, "a"), write(2, 1, "b"), write(other, 1, "c")], 0).unwrap();
    store.scan(0..=4, 0);
    let found = |text: &'static str| Ok(Some((1, Bytes::from_static(text.as_bytes()))));
    assert_eq!(store.poll(0), Some(Completion::Loaded { key: Key(1), found: found("a") }));
    assert_eq!(store.poll(0), Some(Completion::Loaded { key: Key(2), found: found("b") }));
    assert_eq!(store.poll(0), Some(Completion::Scanned { partitions: 0..=4, result: Ok(()) }));
}

#[test]
fn a_forgotten_session_is_gone() {
    let mut store = MemoryStore::new();
    outcome(&mut store, 1, vec![write(1, 1, "a")], 0).unwrap();
    store.forget(MINE, Key(1), 0);
    store.load(Key(1), 0);
    let gone = Some(Completion::Forgotten { key: Key(1), result: Ok(()) });
    assert_eq!(store.poll(0), gone);
    assert_eq!(store.poll(0), Some(Completion::Loaded { key: Key(1), found: Ok(None) }));
    assert!(store.is_empty());
    store.forget(MINE, Key(1), 0);
    assert_eq!(store.poll(0), gone, "what is gone may be forgotten again");
}

#[test]
fn another_owners_record_is_not_forgotten_and_a_lost_answer_does_not_keep_one() {
    let mut store = MemoryStore::new();
    outcome(&mut store, 1, vec![write(1, 1, "a"), write(2, 1, "b")], 0).unwrap();
    store.set_faults(Faults { lose_answers: true, ..Faults::default() });
    store.forget(MINE, Key(1), 0);
    let lost = Err(Error::Unavailable);
    assert_eq!(store.poll(0), Some(Completion::Forgotten { key: Key(1), result: lost }));
    store.own(0, Epoch(MINE.0 + 1), 0);
    store.forget(MINE, Key(2), 0);
    let fenced = Err(Error::Fenced);
    assert_eq!(store.poll(0), Some(Completion::Forgotten { key: Key(2), result: fenced }));
    assert_eq!(stored(&store), [(2, 1, "b")]);
}

#[test]
fn orders_of_a_dead_caller_arrive_or_not_but_are_never_answered() {
    let mut store = MemoryStore::with_latency(100);
    store.submit(MINE, Unit(1), vec![write(1, 1, "a")], 0);
    store.submit(MINE, Unit(2), vec![write(1, 2, "b")], 0);
    store.submit(MINE, Unit(3), vec![write(1, 3, "c")], 0);
    store.caller_died(2);
    assert_eq!((store.poll(u64::MAX), store.in_flight()), (None, 0));
    assert_eq!(stored(&store), [(1, 2, "b")]);
}
