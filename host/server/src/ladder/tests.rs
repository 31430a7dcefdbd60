use super::*;

fn message(from: usize, to: usize, label: &str) -> Event {
    Event::Message { from, to, label: label.into(), remark: String::new() }
}

#[track_caller]
fn check(ladder: &Ladder, expected: &str) {
    let drawn = ladder.to_string();
    let expected: String = expected.trim_start_matches('\n').to_owned();
    assert!(drawn == expected, "drawn:\n{drawn}\nexpected:\n{expected}");
}

#[test]
fn a_call_with_a_turn_a_pause_and_a_failed_expectation() {
    let mut ladder = Ladder::new(["alice", "screen 0.1.0"]);
    ladder.push(message(0, 1, "INVITE"));
    ladder.push(Event::Note { at: 1, text: "turn 1  do-invite  41 us".into() });
    ladder.push(message(1, 0, "180 Ringing"));
    ladder.push(message(1, 0, "200 OK"));
    ladder.push(message(0, 1, "ACK"));
    ladder.push(Event::Gap(Duration::from_secs(9 * 3600)));
    let remark = "<- tests/hours.rs:12 expected 480".into();
    ladder.push(Event::Message { from: 1, to: 0, label: "200 OK".into(), remark });
    check(
        &ladder,
        r"
  alice                    screen 0.1.0
    |------ INVITE ------------->|
    |                            | turn 1  do-invite  41 us
    |<----- 180 Ringing ---------|
    |<----- 200 OK --------------|
    |------ ACK ---------------->|
    |           (9 h)            |
    |<----- 200 OK --------------|   <- tests/hours.rs:12 expected 480
",
    );
}

#[test]
fn arrows_pass_over_the_participants_between() {
    let mut ladder = Ladder::new(["alice", "host"]);
    let bob = ladder.participant("bob");
    assert_eq!(ladder.participant("host"), 1);
    ladder.push(message(0, 1, "INVITE"));
    ladder.push(message(1, bob, "INVITE"));
    ladder.push(message(bob, 0, "BYE"));
    ladder.push(message(0, bob, "200 OK"));
    ladder.push(Event::Note { at: 0, text: "hears nothing".into() });
    ladder.push(message(1, 1, "OPTIONS"));
    check(
        &ladder,
        r"
  alice                        host                          bob
    |------ INVITE ------------->|                            |
    |                            |------ INVITE ------------->|
    |<----- BYE ----------------------------------------------|
    |------ 200 OK ------------------------------------------>|
    | hears nothing
    |                            | OPTIONS to itself
",
    );
}

#[test]
fn long_names_widen_the_columns_and_long_labels_are_cut() {
    let mut ladder = Ladder::new(["siplet call", "sip:a-rather-long-name@example.com"]);
    ladder.push(message(1, 0, &format!("603 {}", "no ".repeat(40))));
    ladder.push(message(1, 0, "200 \u{1b}[31mred"));
    check(
        &ladder,
        r"
  siplet call                                  sip:a-rather-long-name@example.com
    |<----- 603 no no no no no no no no no no no no no no n.. --|
    |<----- 200 ?[31mred ---------------------------------------|
",
    );
}

#[test]
fn events_of_participants_that_are_not_there_are_left_out() {
    let mut ladder = Ladder::new(["alice"]);
    ladder.push(message(0, 1, "INVITE"));
    ladder.push(Event::Note { at: 7, text: "nobody".into() });
    ladder.push(Event::Gap(Duration::from_millis(20)));
    check(&ladder, "\n  alice\n    | (20 ms)\n");
}

#[test]
fn times_are_said_as_people_say_them() {
    let cases = [
        (41, "41 us"),
        (12_345, "12 ms"),
        (3_200_000, "3.2 s"),
        (32_000_000, "32 s"),
        (60_000_000, "1 min"),
        (61_000_000, "1 min 1 s"),
        (9 * 3_600_000_000, "9 h"),
        (3_600_000_000 + 120_000_000, "1 h 2 min"),
        (86_400_000_000 * 3 + 4 * 3_600_000_000, "3 d 4 h"),
    ];
    for (micros, expected) in cases {
        assert_eq!(spoken(Duration::from_micros(micros)), expected);
    }
}
