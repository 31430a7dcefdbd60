use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use siplet_build::{Failed, Made};

use super::super::state::{Deployed, Event};
use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn live() -> State {
    let mut state = State::new("hello", "127.0.0.1:5060 udp tcp");
    state.begin();
    let made = Made { wasm: "/t/hello.wasm".into(), warnings: String::new(), warning_count: 0 };
    state.on_event(Event::Built(Ok(made)), ms(1900));
    let line = "hello 0.1.0 #3f9c21  INVITE".to_owned();
    let example = Some("siplet call sip:hello@127.0.0.1".to_owned());
    state.on_event(Event::Deployed(Deployed::Live { line, example }), ms(2000));
    state
}

/// A frame as text, without the spaces at the ends of its lines.
fn frame(state: &State, columns: u16, lines: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(columns, lines)).unwrap();
    terminal.draw(|frame| draw(state, frame)).unwrap();
    let buffer = terminal.backend().buffer().clone();
    let line = |y| (0..columns).map(|x| buffer[(x, y)].symbol().to_owned()).collect::<String>();
    (0..lines).map(|y| line(y).trim_end().to_owned()).collect()
}

#[test]
fn a_frame_of_80_by_24_has_head_calls_news_and_keys() {
    let frame = frame(&live(), 80, 24);
    assert_eq!(frame[0], "siplet dev  hello 0.1.0 #3f9c21   sip 127.0.0.1:5060 udp tcp");
    assert!(frame[1].starts_with(" calls ──"), "{:?}", frame[1]);
    assert!(frame[5].ends_with("siplet call sip:hello@127.0.0.1"), "{frame:#?}");
    assert!(frame[16].starts_with(" saves are built ──"), "{frame:#?}");
    assert_eq!(frame[18], "live: hello 0.1.0 #3f9c21, built in 2.0 s");
    assert_eq!(frame[23], "q quit   up/down choose a call   p pause   c clear   t place a test call");
}

#[test]
fn a_build_that_failed_gets_half_of_the_height_and_the_running_version_stays_named() {
    let mut state = live();
    state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(3000));
    let text = "\x1b[1m\x1b[91merror[E0425]\x1b[0m: cannot find value `no`\n --> src/lib.rs:9:5\n".to_owned();
    state.on_event(Event::Built(Err(Failed::Errors { text, count: 1 })), ms(3500));
    let frame = frame(&state, 80, 24);
    assert!(frame[0].contains("hello 0.1.0 #3f9c21"), "{frame:#?}");
    assert!(frame[11].starts_with(" not built; hello 0.1.0 #3f9c21 keeps serving ──"), "{frame:#?}");
    assert_eq!(frame[12..14], ["error[E0425]: cannot find value `no`", " --> src/lib.rs:9:5"]);
}

#[test]
fn a_build_tells_its_time_and_what_it_does() {
    let mut state = State::new("hello", "");
    state.begin();
    state.on_event(Event::Progress("Compiling serde v1.0.228".into()), ms(700));
    state.tick(ms(1200));
    let frame = frame(&state, 80, 24);
    assert!(frame[0].contains("hello, not live yet"), "{frame:#?}");
    assert!(frame[16].starts_with(" building 1.2 s: Compiling serde v1.0.228 ──"), "{frame:#?}");
}

#[test]
fn small_and_large_terminals_are_drawn_too() {
    let mut state = live();
    for number in 0..50 {
        state.on_event(Event::Log(format!("INFO  hello: line {number}\n      more")), ms(3000));
    }
    for (columns, lines) in [(1, 1), (20, 5), (40, 10), (80, 24), (200, 60)] {
        let frame = frame(&state, columns, lines);
        assert_eq!(frame.len(), usize::from(lines));
    }
    assert!(frame(&state, 80, 24).iter().any(|line| line == "INFO  hello: line 49"));
}
