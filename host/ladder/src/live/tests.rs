use super::*;
use crate::What;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Rows with these labels, from a caller to a servlet.
fn rows(labels: &[&str]) -> Vec<Row> {
    labels.iter().map(|label| Row::at(ms(0), What::message(0, 1, *label))).collect()
}

/// A `Live` with what it has drawn so far.
struct Paper {
    live: Live,
    text: Vec<String>,
}

impl Paper {
    fn new(waiting_max: usize) -> Self {
        Self { live: Live::new(Options { columns: 60, ..Options::default() }, waiting_max), text: Vec::new() }
    }

    fn note(&mut self, lines: Vec<Line>) {
        self.text.extend(lines.iter().map(|line| line.text(false)));
    }

    fn news(&mut self, number: u64, labels: &[&str], standing: &str, is_over: bool, at: u64) {
        let participants = [Participant::peer("alice"), Participant::servlet("hello 0.1.0")];
        let news = News {
            number,
            title: &format!("INVITE caller{number}"),
            standing,
            participants: &participants,
            rows: &rows(labels),
            is_over,
            matters: labels.contains(&"500"),
        };
        let lines = self.live.take(&news, ms(at));
        self.note(lines);
    }

    fn look(&mut self, at: u64) {
        let lines = self.live.look(ms(at));
        self.note(lines);
    }

    /// The lines that name calls, and the labels of their arrows, since this was asked last.
    fn told(&mut self) -> Vec<String> {
        let text = core::mem::take(&mut self.text);
        let told = text.iter().filter_map(|line| match line.split_once("------ ") {
            Some((_, arrow)) => arrow.split(' ').next().map(str::to_owned),
            None => (line.starts_with("call ") || line.starts_with('+')).then(|| line.clone()),
        });
        told.collect()
    }
}

#[test]
fn rows_of_one_call_are_drawn_as_they_come() {
    let mut paper = Paper::new(4);
    paper.news(1, &["INVITE"], "", false, 0);
    let expected = "call 1  INVITE caller1
  alice                      hello 0.1.0
    |------ INVITE -------------->|";
    assert_eq!(paper.text.join("\n"), expected);
    paper.told();
    paper.news(1, &["ACK"], "200", false, 900);
    assert_eq!(paper.told(), ["ACK"], "nothing was drawn between");
}

#[test]
fn another_call_waits_until_the_first_is_silent_or_over() {
    let mut paper = Paper::new(4);
    paper.news(1, &["INVITE"], "", false, 0);
    paper.news(2, &["INVITE"], "", false, 10);
    paper.news(1, &["ACK"], "200", false, 300);
    paper.look(500);
    assert_eq!(paper.told(), ["call 1  INVITE caller1", "INVITE", "ACK"]);
    paper.look(700);
    assert_eq!(paper.told(), ["call 2  INVITE caller2", "INVITE"]);
    paper.news(2, &["BYE"], "200", true, 800);
    paper.news(1, &["INFO"], "200", false, 810);
    paper.news(2, &["ACK"], "200", true, 820);
    paper.look(969);
    assert_eq!(paper.told(), ["BYE", "ACK"], "of a call that is over an ACK may still come");
    paper.look(970);
    assert_eq!(paper.told(), ["call 1  INVITE caller1  goes on", "INFO"]);
}

#[test]
fn a_call_that_never_falls_silent_gives_the_floor_away() {
    let mut paper = Paper::new(4);
    for at in (0..=30).map(|step| step * 100) {
        paper.news(1, &[&format!("M{at}")], "", false, at);
        if at == 100 {
            paper.news(2, &["INVITE"], "", false, at);
        }
    }
    assert_eq!(paper.told().iter().filter(|line| line.starts_with("call")).count(), 2);
}

#[test]
fn of_too_many_calls_the_newest_are_drawn_and_the_others_counted() {
    let mut paper = Paper::new(2);
    for number in 1..=50 {
        paper.news(number, &["INVITE", "BYE"], if number == 7 { "486" } else { "200" }, true, number);
    }
    paper.look(900);
    assert_eq!(paper.told(), ["call 1  INVITE caller1", "INVITE", "BYE"], "it stays to be read");
    paper.look(1100);
    let told = paper.told();
    assert_eq!(told[0], "+ 47 calls that are not drawn: 46 x 200, 1 x 486");
    assert_eq!(told[1], "call 49  INVITE caller49");
    paper.news(8, &["BYE"], "200", true, 1200);
    let lines = paper.live.end();
    paper.note(lines);
    assert_eq!(paper.told(), [0; 0].map(|_: i32| String::new()), "what was left out stays out");
}

#[test]
fn a_call_that_matters_is_drawn_before_others() {
    let mut paper = Paper::new(2);
    paper.news(1, &["INVITE"], "", false, 0);
    paper.news(2, &["INVITE", "500"], "500", true, 1);
    for number in 3..=20 {
        paper.news(number, &["INVITE"], "200", true, number);
    }
    paper.look(5000);
    assert!(paper.told().contains(&"call 2  INVITE caller2".to_owned()));
}

#[test]
fn a_call_that_was_left_out_and_then_fails_is_drawn() {
    let mut paper = Paper::new(1);
    for number in 1..=5 {
        paper.news(number, &["INVITE"], "200", false, number);
    }
    paper.news(3, &["BYE", "500"], "500", true, 9000);
    paper.look(20_000);
    assert!(paper.told().contains(&"call 3  INVITE caller3".to_owned()));
}

#[test]
fn a_row_that_is_not_drawn_names_no_call() {
    let mut paper = Paper::new(4);
    let what = What::State { at: 1, session: String::new(), from: "early".into(), to: "ended".into() };
    let participants = [Participant::peer("alice"), Participant::servlet("hello")];
    let hidden = [Row::at(ms(0), what)];
    let news = News {
        number: 1,
        title: "",
        standing: "",
        participants: &participants,
        rows: &hidden,
        is_over: true,
        matters: false,
    };
    let lines = paper.live.take(&news, ms(0));
    assert!(lines.is_empty());
    assert!(paper.live.end().is_empty());
}

#[test]
fn memory_is_bounded_whatever_comes() {
    let mut paper = Paper::new(3);
    for number in 0..5 * REMEMBERED as u64 {
        paper.news(number, &["INVITE"], "", false, 500 * number);
    }
    assert!(paper.live.calls.len() <= REMEMBERED && paper.live.left_out.len() <= REMEMBERED);
    let many = vec!["INFO"; 10 * WAITING_ROWS];
    paper.news(1_000_001, &["INFO"], "", false, 600_000);
    paper.news(1_000_002, &many, "", false, 600_000);
    assert!(paper.live.calls.iter().all(|call| call.waiting.len() <= WAITING_ROWS));
    let lines = paper.live.end();
    assert!(lines.iter().any(|line| line.text(false).contains("earlier rows are not drawn")));
}
