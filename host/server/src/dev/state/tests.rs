use std::path::Path;

use super::*;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn made() -> Made {
    Made { wasm: PathBuf::from("/t/hello.wasm"), warnings: String::new(), warning_count: 0 }
}

fn live(digest: &str) -> Event {
    let example = Some("siplet call sip:hello@127.0.0.1".to_owned());
    Event::Deployed(Deployed::Live { line: format!("hello 0.1.0 #{digest}  INVITE"), example })
}

fn errors() -> Event {
    Event::Built(Err(Failed::Errors { text: "error[E0425]: no\n".to_owned(), count: 1 }))
}

fn told(state: &mut State) -> Vec<String> {
    state.take_told().into_iter().map(|entry| entry.text).collect()
}

/// A state in which the first version serves since 2 s.
fn serving() -> State {
    let mut state = State::new("hello", "127.0.0.1:5060 udp tcp");
    assert_eq!(state.begin(), [Action::Build]);
    let deploy = state.on_event(Event::Built(Ok(made())), ms(1900));
    assert_eq!(deploy, [Action::Deploy(Path::new("/t/hello.wasm").to_owned())]);
    assert_eq!(state.on_event(live("000001"), ms(2000)), []);
    state
}

#[test]
fn the_first_build_is_told_with_the_way_to_try_it() {
    let mut state = serving();
    let expected = [
        "building hello",
        "live: hello 0.1.0 #000001, built in 2.0 s",
        "try it:  siplet call sip:hello@127.0.0.1",
    ];
    assert_eq!(told(&mut state), expected);
}

#[test]
fn a_save_is_built_and_the_time_from_save_to_live_is_told() {
    let mut state = serving();
    told(&mut state);
    assert_eq!(state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(5000)), [Action::Build]);
    state.on_event(Event::Built(Ok(made())), ms(5900));
    state.on_event(live("000002"), ms(6100));
    let expected = ["src/lib.rs saved: building", "live: hello 0.1.0 #000002, 1.1 s after the save"];
    assert_eq!(told(&mut state), expected);
}

#[test]
fn an_error_is_shown_while_the_running_version_keeps_serving() {
    let mut state = serving();
    told(&mut state);
    state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(5000));
    assert_eq!(state.on_event(errors(), ms(5500)), []);
    assert_eq!(state.broken.as_deref(), Some("error[E0425]: no"));
    assert_eq!(state.short(), Some("hello 0.1.0 #000001"));
    let told = told(&mut state);
    assert_eq!(told[1..], ["error[E0425]: no", "not built: 1 error; hello 0.1.0 #000001 keeps serving"]);

    state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(9000));
    state.on_event(Event::Built(Ok(made())), ms(9500));
    assert_eq!(state.broken, None, "what is mended is not shown any more");
}

#[test]
fn a_project_that_never_compiled_says_that_nothing_serves() {
    let mut state = State::new("hello", "");
    state.begin();
    state.on_event(errors(), ms(10));
    assert!(told(&mut state).contains(&"not built: 1 error; nothing serves yet".to_owned()));
    assert_eq!(state.on_event(Event::Key(Key::Call), ms(20)), [], "there is nobody to call");
}

#[test]
fn saves_during_a_build_bring_one_more_build_that_counts_from_the_first_of_them() {
    let mut state = serving();
    told(&mut state);
    state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(5000));
    assert_eq!(state.on_event(Event::Changed(vec!["src/a.rs".into()]), ms(5200)), []);
    assert_eq!(state.on_event(Event::Changed(vec!["src/a.rs".into(), "src/b.rs".into()]), ms(5400)), []);
    state.on_event(Event::Built(Ok(made())), ms(5600));
    assert_eq!(state.on_event(live("000002"), ms(5700)), [Action::Build]);
    state.on_event(Event::Built(Ok(made())), ms(6100));
    assert_eq!(state.on_event(live("000003"), ms(6200)), []);
    let told = told(&mut state);
    assert!(told.contains(&"src/a.rs and 1 more saved meanwhile: building".to_owned()), "{told:?}");
    assert_eq!(told.last().map(String::as_str), Some("live: hello 0.1.0 #000003, 1.0 s after the save"));
}

#[test]
fn a_file_that_the_server_refuses_leaves_the_running_version() {
    let mut state = serving();
    state.on_event(Event::Changed(vec!["hello.toml".into()]), ms(5000));
    state.on_event(Event::Built(Ok(made())), ms(5100));
    state.on_event(Event::Log("WARN  refused  hello.toml:1: unknown key".into()), ms(5200));
    state.on_event(Event::Deployed(Deployed::Refused), ms(5300));
    let last = told(&mut state).pop();
    assert_eq!(last.as_deref(), Some("not deployed; hello 0.1.0 #000001 keeps serving"));
}

#[test]
fn warnings_are_shown_and_counted() {
    let mut state = serving();
    told(&mut state);
    state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(5000));
    let warned = Made { warnings: "warning: unused\n".into(), warning_count: 1, ..made() };
    state.on_event(Event::Built(Ok(warned)), ms(5500));
    state.on_event(live("000002"), ms(5600));
    let told = told(&mut state);
    assert_eq!(told[1..], ["warning: unused", "live: hello 0.1.0 #000002, 0.6 s after the save, 1 warning"]);
}

#[test]
fn what_was_told_is_kept_up_to_a_limit() {
    let mut state = serving();
    for number in 0..2 * ENTRIES {
        state.on_event(Event::Log(number.to_string()), ms(3000));
    }
    assert_eq!(state.entries.len(), ENTRIES);
    assert_eq!(state.entries.back().map(|entry| entry.text.clone()), Some((2 * ENTRIES - 1).to_string()));
}

#[test]
fn a_server_that_stops_builds_no_more() {
    let mut state = serving();
    assert_eq!(state.on_event(Event::Key(Key::Quit), ms(3000)), [Action::Quit]);
    state.stop();
    assert_eq!(state.on_event(Event::Changed(vec!["src/lib.rs".into()]), ms(3100)), []);
    assert_eq!(state.on_event(Event::Key(Key::Quit), ms(3200)), [Action::Quit], "a second one ends at once");
}
