use super::*;
use crate::{Change, Ending, Level, Participant, Timer};

fn screen() -> Ladder {
    Ladder::new([Participant::peer("alice"), Participant::servlet("screen 0.1.0 #91ab07")])
}

fn change(name: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        of: String::new(),
        name: name.into(),
        before: before.map(Into::into),
        after: after.map(Into::into),
    }
}

fn ended(mut row: Row, of: Vec<Change>, how: Ending) -> Row {
    if let What::Turn { changes, ending, .. } = &mut row.what {
        (*changes, *ending) = (of, how);
    }
    row
}

#[test]
fn a_call_with_a_turn_a_pause_and_a_failed_expectation() {
    let mut ladder = screen();
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    let decided = vec![change("decision", None, Some("\"accept\""))];
    ladder.push(ended(turn(ms(0), 1, 1, "do-invite"), decided, Ending::Done));
    ladder.push(arrow(ms(1), 1, 0, "180 Ringing"));
    ladder.push(arrow(ms(2), 1, 0, "200 OK"));
    ladder.push(arrow(ms(3), 0, 1, "ACK"));
    ladder.push(arrow(ms(9 * 3_600_000), 1, 0, "500 Server Internal Error"));
    ladder.mark("tests/hours.rs:12 expected 480");
    check(
        &ladder,
        r#"
  alice                  screen 0.1.0 #91ab07
    |------ INVITE --------------->|
    |                              | turn 1  do-invite  41 us     decision: - -> "accept"
    |<----- 180 Ringing -----------|
    |<----- 200 OK ----------------|
    |------ ACK ------------------>|
    |            (9 h)             |
    |<- 500 Server Internal Error -|   <- tests/hours.rs:12 expected 480
"#,
    );
}

#[test]
fn a_b2bua_stands_between_its_peers() {
    let mut ladder = screen();
    let bob = ladder.participant(&Participant::peer("bob"));
    assert_eq!(ladder.participant(&Participant::peer("bob")), bob);
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    ladder.push(turn(ms(0), 1, 1, "do-invite"));
    ladder.push(arrow(ms(0), 1, bob, "INVITE"));
    ladder.push(arrow(ms(5), bob, 1, "486 Busy Here"));
    let many = vec![
        change("failures", Some("0"), Some("1")),
        change("last", None, Some("{\"status\":486,\"reason\":\"Busy Here\",\"when\":1763827200}")),
    ];
    ladder.push(ended(turn(ms(5), 1, 2, "do-error-response"), many, Ending::Done));
    ladder.push(arrow(ms(6), 1, 0, "486 Busy Here"));
    ladder.push(arrow(ms(7), bob, 0, "OPTIONS"));
    ladder.push(arrow(ms(7), 0, bob, "200 OK"));
    ladder.push(arrow(ms(8), 1, 1, "OPTIONS"));
    check(
        &ladder,
        r#"
  alice                  screen 0.1.0 #91ab07                    bob
    |------ INVITE --------------->|                              |
    |                              | turn 1  do-invite  41 us     |
    |                              |------ INVITE --------------->|
    |                              |<----- 486 Busy Here ---------|
    |                              | turn 2  do-error-response  41 us
    |                              |   failures: 0 -> 1           |
    |                              |   last: - -> {"status":486,"reason":"Busy Here","wh..
    |<----- 486 Busy Here ---------|                              |
    |<----- OPTIONS ----------------------------------------------|
    |------ 200 OK ---------------------------------------------->|
    |                              | OPTIONS to itself            |
"#,
    );
}

#[test]
fn what_failed_is_told_at_its_place() {
    let mut ladder = screen();
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    let text = "panicked at src/lib.rs:42: index out of bounds: the len is 3 but the index is 3\nat screen::Screen::do_invite  src/lib.rs:42";
    let died = Ending::Trapped { reason: "panic".into(), text: text.into() };
    ladder.push(ended(turn(ms(0), 1, 1, "do-invite"), Vec::new(), died));
    ladder.push(arrow(ms(0), 1, 0, "500 Server Internal Error"));
    ladder.push(arrow(ms(1), 0, 1, "BYE"));
    let failed = Ending::Failed { text: "no such session".into() };
    ladder.push(ended(turn(ms(1), 1, 2, "do-bye"), Vec::new(), failed));
    check(
        &ladder,
        r#"
  alice                  screen 0.1.0 #91ab07
    |------ INVITE --------------->|
    |                              | turn 1  do-invite  41 us
    |                              |   died (panic): panicked at src/lib.rs:42: index out of bounds:
    |                              |   the len is 3 but the index is 3
    |                              |   at screen::Screen::do_invite  src/lib.rs:42
    |<- 500 Server Internal Error -|
    |------ BYE ------------------>|
    |                              | turn 2  do-bye  41 us
    |                              |   error: no such session
"#,
    );
}

fn everything() -> Ladder {
    let mut ladder = screen();
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    let log = |level, text: &str| Row::at(ms(0), What::Log { at: 1, level, text: text.into() });
    ladder.push(log(Level::Info, "caller 4711 is on the list"));
    ladder.push(log(Level::Warn, "the list is older than a day"));
    ladder.push(log(Level::Debug, "looked at 12 rules"));
    ladder.push(turn(ms(0), 1, 1, "do-invite"));
    let timer = |at, timer| Row::at(at, What::Timer { at: 1, name: "ring".into(), timer });
    ladder.push(timer(ms(0), Timer::Set { after_us: 30_000_000 }));
    let state =
        |from: &str, to: &str| What::State { at: 1, session: "s1".into(), from: from.into(), to: to.into() };
    ladder.push(Row::at(ms(0), state("", "initial")));
    ladder.push(Row::at(ms(0), state("initial", "early")));
    let mut lost = arrow(ms(1), 1, 0, "180 Ringing");
    if let What::Message { lost, remark, .. } = &mut lost.what {
        (*lost, *remark) = (true, "dropped by the test".into());
    }
    ladder.push(lost);
    let mut lost = arrow(ms(1), 0, 1, "INVITE");
    if let What::Message { lost, .. } = &mut lost.what {
        *lost = true;
    }
    ladder.push(lost);
    ladder.push(timer(ms(30_000), Timer::Fired));
    ladder.push(timer(ms(30_000), Timer::Cancelled));
    ladder.push(Row::at(ms(30_000), What::Version { at: 1, text: "upgraded from 0.0.9 #5b1c90".into() }));
    ladder.push(Row::at(ms(30_000), What::note(0, "hears nothing")));
    ladder.push(Row::at(ms(30_000), What::Note { at: None, text: "the host was killed".into() }));
    ladder
}

#[test]
fn each_kind_of_row_in_the_compact_form() {
    check(
        &everything(),
        r#"
  alice                  screen 0.1.0 #91ab07
    |------ INVITE --------------->|
    |                              | info: caller 4711 is on the list
    |                              | warn: the list is older than a day
    |                              | turn 1  do-invite  41 us
    |                              | timer ring set: due in 30 s
    |       x----- 180 Ringing ----|   dropped by the test
    |------ INVITE --------x       |
    |           (30 s)             |
    |                              | timer ring fired
    |                              | timer ring cancelled
    |                              | upgraded from 0.0.9 #5b1c90
    | hears nothing                |
    | the host was killed          |
"#,
    );
}

#[test]
fn the_full_form_has_states_and_debugging_and_times() {
    check_with(
        &everything(),
        &Options { times: true, ..Options::full() },
        r#"
  alice                  screen 0.1.0 #91ab07
    |------ INVITE --------------->|
    |                              | info: caller 4711 is on the list
    |                              | warn: the list is older than a day
    |                              | debug: looked at 12 rules
    |                              | turn 1  do-invite  41 us
    |                              | timer ring set: due in 30 s
    |                              | session s1: - -> initial
    |                              | session s1: initial -> early
    |       x----- 180 Ringing ----|   1 ms  dropped by the test
    |------ INVITE --------x       |   1 ms
    |           (30 s)             |
    |                              | timer ring fired
    |                              | timer ring cancelled
    |                              | upgraded from 0.0.9 #5b1c90
    | hears nothing                |
    | the host was killed          |
"#,
    );
}

#[test]
fn names_and_labels_are_cut_to_the_columns() {
    let names = [
        "sip:a-rather-long-name@example.com",
        "the-name-of-a-servlet 12.11.10 #91ab07",
        "[2001:db8::17]:5060",
    ];
    let mut ladder = Ladder::new(names.map(Participant::peer));
    ladder.push(arrow(ms(0), 1, 0, &format!("603 {}", "no ".repeat(40))));
    ladder.push(arrow(ms(0), 0, 1, "MESSAGE"));
    check(
        &ladder,
        r#"
  sip:a-rather-long-..  the-name-of-a-servlet 12.11.10 ..        [2001:db8::17]:5060
    |<- 603 no no no no no no no no.. -|                                  |
    |------ MESSAGE ------------------>|                                  |
"#,
    );
    check_with(
        &ladder,
        &Options { columns: 60, ..Options::default() },
        r#"
  sip:a-ra..  the-name-of-..  [2001:db8::17]:5060
    |<- 603 no n.. -|               |
    |---- MESSAGE ->|               |
"#,
    );
}

#[test]
fn participants_without_a_lane_are_named_in_their_rows() {
    let mut ladder = Ladder::new((0..9).map(|number| Participant::peer(format!("phone-{number}"))));
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    ladder.push(arrow(ms(0), 8, 1, "INVITE"));
    ladder.push(arrow(ms(0), 1, 7, "302 Moved Temporarily"));
    ladder.push(arrow(ms(0), 7, 8, "ACK"));
    ladder.push(turn(ms(0), 5, 1, "do-invite"));
    ladder.push(turn(ms(0), 8, 2, "do-invite"));
    check(
        &ladder,
        r#"
  phone-0        phone-1         phone-2         phone-3         phone-4         phone-5
  and phone-6, phone-7, phone-8, named in their rows
    |----- INVITE ->|               |               |               |               |
  phone-8 - INV.. ->|               |               |               |               |
  phone-7 <- 302.. -|               |               |               |               |
    | phone-7 -> phone-8: ACK       |               |               |               |
    |               |               phone-5: turn 1  do-invite  41 us               |
    | phone-8: turn 2  do-invite  41 us             |               |               |
"#,
    );
}

#[test]
fn rows_of_participants_that_are_not_there_are_left_out() {
    let mut ladder = Ladder::new([Participant::peer("alice")]);
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    ladder.push(Row::at(ms(0), What::note(7, "nobody")));
    ladder.push(Row::at(ms(0), What::note(0, "here")));
    ladder.push(Row::at(ms(20_000), What::note(0, "later")));
    check(
        &ladder,
        r#"
  alice
    | here
    | (20 s)
    | later
"#,
    );
}

#[test]
fn a_participant_that_comes_later_makes_a_new_head() {
    let mut participants = vec![Participant::peer("alice"), Participant::servlet("screen")];
    let mut painter = Painter::new(&participants, Options::default());
    let mut lines = painter.row(&arrow(ms(0), 0, 1, "INVITE"));
    participants.push(Participant::peer("bob"));
    painter.join(&participants);
    painter.join(&participants);
    lines.extend(painter.row(&arrow(ms(0), 1, 2, "INVITE")));
    let text: Vec<String> = lines.iter().map(|line| line.text(false)).collect();
    let expected = [
        "  alice                         screen",
        "    |------ INVITE --------------->|",
        "  alice                         screen                           bob",
        "    |                              |------ INVITE --------------->|",
    ];
    assert_eq!(text, expected);
}

#[test]
fn colours_are_there_when_they_are_wanted_and_only_then() {
    let mut ladder = screen();
    ladder.push(arrow(ms(0), 1, 0, "200 OK"));
    let coloured = ladder.draw(&Options { colour: true, ..Options::default() });
    assert!(coloured.contains("\u{1b}[32m"), "{coloured:?}");
    let plain: String = {
        let mut inside = false;
        coloured
            .chars()
            .filter(|letter| {
                match letter {
                    '\u{1b}' => inside = true,
                    'm' if inside => {
                        inside = false;
                        return false;
                    }
                    _ => {}
                }
                !inside
            })
            .collect()
    };
    assert_eq!(plain, ladder.to_string());
    assert!(!ladder.to_string().contains('\u{1b}'));
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
        (86_400_000_000 * 3, "3 d"),
    ];
    for (micros, expected) in cases {
        assert_eq!(crate::spoken(Duration::from_micros(micros)), expected);
    }
}
