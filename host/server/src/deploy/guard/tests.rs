//! Tables of counts over time.

use super::*;

const RULE: Rule =
    Rule { trap_percent: 5, turns_min: 100, window: Duration::from_secs(10), age: Duration::from_secs(600) };

/// Looks at seconds after the deployment with counts since then; the last verdict.
fn after(rule: &Rule, predecessor: (u64, u64), looks: &[(u64, u64, u64)]) -> Verdict {
    let tally = |(turns, traps)| Tally { turns, traps };
    let begun = Duration::from_secs(1000);
    let mut guard = Guard::new(begun, Tally::default(), tally(predecessor));
    looks.iter().fold(Verdict::Watch, |_, (second, turns, traps)| {
        guard.observe(rule, begun + Duration::from_secs(*second), tally((*turns, *traps)))
    })
}

fn take_back(turns: u64, traps: u64, seconds: u64) -> Verdict {
    Verdict::TakeBack { seen: Tally { turns, traps }, window: Duration::from_secs(seconds) }
}

#[test]
fn enough_deaths_in_enough_turns_take_a_version_back() {
    for (looks, expected) in [
        (&[(1, 100, 5)][..], take_back(100, 5, 1)),
        (&[(1, 100, 4)], Verdict::Watch),
        (&[(1, 99, 99)], Verdict::Watch),
        (&[(1, 99, 99), (2, 100, 99)], take_back(100, 99, 2)),
        (&[(1, 1000, 0), (2, 2000, 100)], take_back(2000, 100, 2)),
        (&[(1, 0, 0), (2, 0, 0)], Verdict::Watch),
    ] {
        assert_eq!(after(&RULE, (0, 0), looks), expected, "{looks:?}");
    }
}

#[test]
fn deaths_outside_the_window_count_no_more() {
    // 60 deaths in the first second among too few turns, then 10 seconds of health.
    let healed = [(1, 90, 60), (2, 90, 60), (12, 1090, 60)];
    assert_eq!(after(&RULE, (0, 0), &healed), Verdict::Watch);
    // A version that begins to die late is judged by what it does now.
    let late = [(100, 100_000, 0), (109, 109_000, 0), (110, 109_200, 200)];
    assert_eq!(after(&RULE, (0, 0), &late), Verdict::Watch, "200 of 9,200");
    let later = [(100, 100_000, 0), (109, 109_000, 0), (119, 109_400, 400)];
    assert_eq!(after(&RULE, (0, 0), &later), take_back(400, 400, 10));
}

#[test]
fn a_version_that_is_no_worse_than_its_predecessor_stays() {
    let looks = [(1, 200, 20)];
    assert_eq!(after(&RULE, (1000, 100), &looks), Verdict::Watch, "as bad");
    assert_eq!(after(&RULE, (1000, 200), &looks), Verdict::Watch, "better");
    assert_eq!(after(&RULE, (1000, 99), &looks), take_back(200, 20, 1), "worse");
}

#[test]
fn an_old_version_is_trusted_and_the_rule_can_be_switched_off() {
    assert_eq!(after(&RULE, (0, 0), &[(599, 100, 0)]), Verdict::Watch);
    assert_eq!(after(&RULE, (0, 0), &[(600, 100, 100)]), Verdict::Trust);
    let off = Rule { trap_percent: 0, ..RULE };
    assert_eq!(after(&off, (0, 0), &[(1, 1000, 1000)]), Verdict::Trust);
}

#[test]
fn counts_that_go_down_begin_the_window_anew() {
    let silent_shard = [(1, 1000, 10), (2, 500, 5), (3, 1100, 11)];
    assert_eq!(after(&RULE, (0, 0), &silent_shard), Verdict::Watch);
    let then_bad = [(1, 1000, 10), (2, 500, 5), (3, 700, 25)];
    assert_eq!(after(&RULE, (0, 0), &then_bad), take_back(200, 20, 1));
}
