//! Tables of deployments, canaries and rollbacks.

use super::*;

fn id(digest: u64) -> AppId {
    AppId { name: "screen".into(), digest: digest << 40 }
}

fn entry(digest: u64, version: &str) -> Entry {
    Entry { id: id(digest), version: version.to_owned(), deployed: Duration::ZERO, note: None }
}

/// Versions 1.0, 2.0 and so on, each deployed over the one before.
fn history(versions: u64, keep: usize) -> History {
    let mut history = History::new(entry(1, "1.0"));
    for number in 2..=versions {
        history.deployed(entry(number, &format!("{number}.0")), None, keep);
    }
    history
}

fn digests(history: &History) -> Vec<u64> {
    history.entries().iter().map(|entry| entry.id.digest >> 40).collect()
}

/// `2`, or `1 but 10 % to 2`.
fn says(change: &Change) -> String {
    let stable = change.stable.digest >> 40;
    match &change.canary {
        None => stable.to_string(),
        Some(canary) => format!("{stable} but {} % to {}", canary.percent, canary.app.digest >> 40),
    }
}

#[test]
fn the_last_versions_are_kept_and_those_that_serve_among_them() {
    assert_eq!(digests(&history(5, 3)), [3, 4, 5]);
    assert_eq!(digests(&history(5, 0)), [5], "the one that serves stays");
    let mut rolled_back = history(3, 3);
    rolled_back.rollback(Some("1.0")).expect("it is kept");
    let gone = rolled_back.deployed(entry(4, "4.0"), Some(10), 2);
    assert_eq!((digests(&rolled_back), gone), (vec![1, 4], vec![id(2), id(3)]), "1 serves, 4 is its canary");
}

#[test]
fn a_version_that_comes_again_is_the_newest() {
    let mut history = history(2, 3);
    assert_eq!(history.deployed(entry(1, "1.0"), None, 3), []);
    assert_eq!((digests(&history), says(&history.change())), (vec![2, 1], "1".to_owned()));
    assert_eq!(says(&history.rollback(None).expect("2 was before")), "2");
}

#[test]
fn a_rollback_goes_to_the_version_before_or_to_the_one_that_is_named() {
    for (which, expected) in [
        (None, Ok("2")),
        (Some("1.0"), Ok("1")),
        (Some("#000002"), Ok("2")),
        (Some("000001"), Ok("1")),
        (Some("3.0"), Err("screen 3.0 #000003 takes all new calls already")),
        (Some("9.0"), Err("screen has no version 9.0; it has 1.0 #000001, 2.0 #000002, 3.0 #000003")),
    ] {
        let said = history(3, 3).rollback(which).map(|change| says(&change));
        assert_eq!(said.as_deref().map_err(String::as_str), expected, "{which:?}");
    }
    let alone = History::new(entry(1, "1.0")).rollback(None);
    assert_eq!(alone.unwrap_err(), "screen has no version before 1.0 #000001");
}

#[test]
fn a_second_rollback_goes_one_further_back() {
    let mut history = history(3, 3);
    let steps: Vec<String> =
        (0..2).map(|_| says(&history.rollback(None).expect("there is one before"))).collect();
    assert_eq!(steps, ["2", "1"]);
    assert!(history.rollback(None).is_err());
}

#[test]
fn a_canary_is_the_newest_beside_the_one_before() {
    let mut history = history(2, 3);
    let mut at = |percent| history.canary_at(percent).map(|change| says(&change)).expect("there are two");
    assert_eq!(at(10), "1 but 10 % to 2");
    assert_eq!(at(50), "1 but 50 % to 2");
    assert_eq!(at(0), "1");
    assert_eq!(at(25), "1 but 25 % to 2");
    assert_eq!(at(100), "2");
    let alone = History::new(entry(1, "1.0")).canary_at(10);
    assert_eq!(alone.unwrap_err(), "screen has no version before 1.0 #000001");
}

#[test]
fn a_deployment_may_begin_as_a_canary_and_a_rollback_takes_it_out() {
    let mut history = history(1, 3);
    history.deployed(entry(2, "2.0"), Some(5), 3);
    assert_eq!(says(&history.change()), "1 but 5 % to 2");
    assert_eq!(says(&history.rollback(None).expect("the canary goes")), "1");
    history.deployed(entry(3, "3.0"), Some(100), 3);
    assert_eq!(says(&history.change()), "3", "a share of all is a deployment");
}

#[test]
fn a_version_that_dies_goes_back_to_its_predecessor() {
    let mut served = history(3, 3);
    assert_eq!(says(&served.take_back(&id(3), "it died".to_owned()).expect("2 was before")), "2");
    assert_eq!(served.entry(&id(3)).and_then(|entry| entry.note.as_deref()), Some("it died"));
    let mut on_trial = history(1, 3);
    on_trial.deployed(entry(2, "2.0"), Some(5), 3);
    assert_eq!(says(&on_trial.take_back(&id(2), String::new()).expect("1 serves")), "1");
    assert_eq!(history(1, 3).take_back(&id(1), String::new()), None);
}
