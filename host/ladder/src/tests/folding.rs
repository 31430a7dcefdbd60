use super::*;
use crate::Participant;

fn pair() -> Ladder {
    Ladder::new([Participant::peer("alice"), Participant::servlet("answer")])
}

#[test]
fn retransmissions_become_one_row() {
    let mut ladder = pair();
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    ladder.push(again(ms(500), 0, 1, "INVITE", true));
    ladder.push(arrow(ms(600), 1, 0, "200 OK"));
    for at in [1100, 2100, 4100, 8100] {
        ladder.push(again(ms(at), 1, 0, "200 OK", false));
    }
    ladder.push(arrow(ms(8200), 0, 1, "ACK"));
    check(
        &ladder,
        r#"
  alice                         answer
    |------ INVITE --------------->|
    |-- INVITE (again, absorbed) ->|
    |<----- 200 OK ----------------|
    |<----- 200 OK (again x4) -----|
    |------ ACK ------------------>|
"#,
    );
}

#[test]
fn a_marked_retransmission_stays_a_row_of_its_own() {
    let mut ladder = pair();
    ladder.push(arrow(ms(0), 1, 0, "200 OK"));
    ladder.push(again(ms(500), 1, 0, "200 OK", false).marked("here"));
    ladder.push(again(ms(1000), 1, 0, "200 OK", false));
    check(
        &ladder,
        r#"
  alice                         answer
    |<----- 200 OK ----------------|
    |<----- 200 OK (again) --------|   <- here
    |<----- 200 OK (again) --------|
"#,
    );
}

fn keep_alive(ladder: &mut Ladder, rounds: u64) {
    for round in 0..rounds {
        let at = ms(1000 + round * 50_000);
        ladder.push(arrow(at, 0, 1, "OPTIONS"));
        ladder.push(turn(at, 1, round + 2, "do-options"));
        ladder.push(arrow(at, 1, 0, "200 OK"));
    }
}

#[test]
fn a_round_that_comes_again_and_again_is_told_in_a_line() {
    let mut ladder = pair();
    ladder.push(arrow(ms(0), 0, 1, "INVITE"));
    ladder.push(arrow(ms(0), 1, 0, "200 OK"));
    ladder.push(arrow(ms(0), 0, 1, "ACK"));
    keep_alive(&mut ladder, 216);
    ladder.push(arrow(ms(1000 + 215 * 50_000), 0, 1, "OPTIONS"));
    ladder.push(arrow(ms(1000 + 216 * 50_000), 0, 1, "BYE"));
    ladder.push(arrow(ms(1000 + 216 * 50_000), 1, 0, "200 OK"));
    check(
        &ladder,
        r#"
  alice                         answer
    |------ INVITE --------------->|
    |<----- 200 OK ----------------|
    |------ ACK ------------------>|
    |------ OPTIONS -------------->|
    |                              | turn 2  do-options  41 us
    |<----- 200 OK ----------------|
    |           (50 s)             |
    |------ OPTIONS -------------->|
    |                              | turn 3  do-options  41 us
    |<----- 200 OK ----------------|
    | ... 214 more OPTIONS/200 OK, 2 h 58 min ...
    |------ OPTIONS -------------->|
    |           (50 s)             |
    |------ BYE ------------------>|
    |<----- 200 OK ----------------|
"#,
    );
}

#[test]
fn a_third_round_alone_is_drawn() {
    let mut ladder = pair();
    keep_alive(&mut ladder, 3);
    ladder.push(arrow(ms(200_000), 0, 1, "BYE"));
    let drawn = ladder.to_string();
    assert_eq!(drawn.matches("OPTIONS").count(), 3, "{drawn}");
    assert!(!drawn.contains("more"), "{drawn}");
}

#[test]
fn a_round_in_which_a_handler_failed_is_drawn() {
    let mut ladder = pair();
    keep_alive(&mut ladder, 5);
    ladder.push(arrow(ms(300_000), 0, 1, "OPTIONS"));
    let mut failed = turn(ms(300_000), 1, 7, "do-options");
    if let What::Turn { ending, .. } = &mut failed.what {
        *ending = crate::Ending::Failed { text: "enough".into() };
    }
    ladder.push(failed);
    let drawn = ladder.to_string();
    assert!(
        drawn.contains("... 3 more OPTIONS/200 OK, 2 min 30 s ...") && drawn.contains("error: enough"),
        "{drawn}"
    );
}

#[test]
fn a_pause_draws_what_is_held_back_of_retransmissions() {
    let ladder = pair();
    let mut painter = Painter::new(&ladder.participants, Options::default());
    painter.row(&arrow(ms(0), 0, 1, "INVITE"));
    assert!(painter.row(&again(ms(500), 0, 1, "INVITE", false)).is_empty());
    assert_eq!(painter.pause().len(), 1);
    assert!(painter.pause().is_empty() && painter.end().is_empty());
}

#[test]
fn the_middle_of_a_very_long_call_is_left_out_but_for_what_failed() {
    let mut ladder = pair();
    for number in 0..1000 {
        ladder.push(arrow(ms(number * 1000), 0, 1, &format!("MESSAGE {number}")));
        if number == 500 {
            ladder.mark("the line of the test");
        }
    }
    let drawn = ladder.draw(&Options { lines_max: 20, ..Options::default() });
    let lines: Vec<&str> = drawn.lines().collect();
    assert_eq!(lines.len(), 1 + 12 + 1 + 1 + 1 + 8, "{drawn}");
    assert!(lines[13].contains("... 488 rows left out, 8 min 7 s ..."), "{drawn}");
    assert!(lines[14].contains("MESSAGE 500") && lines[14].ends_with("<- the line of the test"), "{drawn}");
    assert!(lines[15].contains("rows left out"), "{drawn}");
    assert!(lines.last().is_some_and(|line| line.contains("MESSAGE 999")), "{drawn}");
}
