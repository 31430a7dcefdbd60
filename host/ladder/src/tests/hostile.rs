use super::*;
use crate::Participant;
use crate::harmless::{cut, harmless, harmless_bytes, width, wrap};

#[test]
fn what_moves_hides_or_reorders_becomes_a_question_mark() {
    let cases = [
        ("200 \u{1b}[31mred", "200 ?[31mred"),
        ("a\r\nb\tc", "a  b c"),
        ("\u{9b}2J\u{85}\u{0}\u{7f}", "?2J???"),
        ("abc\u{202e}fed\u{2066}x\u{200f}", "abc?fed?x?"),
        ("zero\u{200b}width\u{feff}\u{ad}", "zero?width??"),
        ("line\u{2028}separator", "line?separator"),
        ("\u{301}alone", "?alone"),
        ("e\u{301}\u{302}\u{303}\u{304}", "e\u{301}\u{302}"),
        ("\u{e0041}\u{3164}", "??"),
        ("שלום 東京 é", "שלום 東京 é"),
    ];
    for (text, expected) in cases {
        assert_eq!(harmless(text), expected);
    }
    assert_eq!(harmless_bytes(b"\xff\xfeok\xc3"), "\u{fffd}\u{fffd}ok\u{fffd}");
}

#[test]
fn texts_are_cut_and_wrapped_by_columns() {
    assert_eq!(cut("東京都庁", 8), "東京都庁");
    assert_eq!(cut("東京都庁", 7), "東京..");
    assert_eq!(cut("abc", 2), "..");
    assert_eq!(wrap("one two three", 8, 9), ["one two", "three"]);
    assert_eq!(wrap("abcdefghij", 4, 9), ["abcd", "efgh", "ij"]);
    assert_eq!(wrap("a bb ccc dddd eeeee", 6, 2), ["a bb", "ccc .."]);
    assert_eq!(wrap("", 6, 2), [""]);
    assert_eq!(wrap("東京都庁", 4, 9), ["東京", "都庁"]);
}

#[test]
fn a_hostile_ladder_keeps_its_lanes() {
    let mut ladder = Ladder::new([
        Participant::peer("\u{202e}evil\u{1b}]0;x\u{7}"),
        Participant::servlet("東京 1.0.0 #91ab07"),
        Participant::peer(""),
    ]);
    ladder.push(arrow(ms(0), 0, 1, "IN\u{8}VITE 東京都庁東京都庁東京都庁東京都庁"));
    ladder.push(arrow(ms(0), 1, 2, ""));
    let text = format!("{}\u{1b}[2J\n\n{}", "x".repeat(300), "e\u{301}".repeat(80));
    ladder.push(Row::at(ms(0), What::Log { at: 1, level: crate::Level::Info, text }));
    ladder.mark("\u{1b}[0m".repeat(60));
    check(
        &ladder,
        r#"
  ?evil?]0;x?             東京 1.0.0 #91ab07
    |-- IN?VITE 東京都庁東京都.. ->|                              |
    |                              |------  --------------------->|
    |                              | info:                        |
    |                              |   xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    |                              |   xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
    |                              |    xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx..
    | <-                           |                              |
    | ?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[
    | 0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m
    | ?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m?[0m        |
"#,
    );
}

#[test]
fn narrow_terminals_and_many_participants_never_break_the_painter() {
    for columns in [0, 1, 39, 40, 41, 57, 80, 100, 250] {
        for count in 0..14 {
            let mut ladder = Ladder::new((0..count).map(|number| Participant::peer("東".repeat(number + 1))));
            for from in 0..count {
                for to in 0..count {
                    ladder.push(arrow(ms(1), from, to, "183 Session Progress"));
                    ladder.push(
                        again(ms(1), from, to, "183", true).marked("a mark that is rather long for some"),
                    );
                }
                ladder.push(turn(ms(2), from, 1, "do-a-handler-with-a-name-that-does-not-end-soon"));
            }
            let options = Options { columns, ..Options::full() };
            for line in ladder.draw(&options).lines() {
                assert!(width(line) <= columns.max(40), "{columns} columns, {count} participants: {line}");
            }
        }
    }
}
