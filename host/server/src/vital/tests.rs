use std::time::{Duration, Instant};

use super::*;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// The first death, which must come soon.
fn death(vital: &Vital) -> Death {
    let waited = async { tokio::time::timeout(Duration::from_secs(10), vital.died()).await };
    runtime().block_on(waited).expect("a death is noticed at once")
}

#[test]
fn a_panic_is_told_with_its_text_and_place() {
    let vital = Vital::default();
    let thread = vital.spawn("shard-7", || panic!("the len is {} but the index is {}", 3, 3)).unwrap();
    let death = death(&vital);
    assert!(thread.join().is_err());
    assert_eq!(death.thread, "shard-7");
    assert!(death.text.starts_with("panicked at host/server/src/vital/tests.rs:"), "{}", death.text);
    assert!(death.text.contains(": the len is 3 but the index is 3"), "{}", death.text);
    assert_eq!(vital.deaths().len(), 1, "told once");
}

#[test]
fn a_panic_that_a_runtime_catches_is_a_death_too() {
    let vital = Vital::default();
    let thread = vital.spawn("shard-0", || {
        let runtime = tokio::runtime::Builder::new_current_thread().build_local(Default::default()).unwrap();
        runtime.block_on(async {
            assert!(tokio::task::spawn_local(async { panic!("in a task") }).await.is_err());
        });
    });
    assert!(death(&vital).text.ends_with(": in a task"));
    thread.unwrap().join().unwrap();
}

#[test]
fn an_end_that_nobody_asked_for_is_a_death_and_another_is_none() {
    let vital = Vital::default();
    vital.spawn("deploy", || {}).unwrap().join().unwrap();
    assert_eq!(
        death(&vital),
        Death { thread: "deploy".into(), text: "it has ended, and nobody asked it to".into() }
    );

    let vital = Vital::default();
    vital.expect_end();
    vital.spawn("deploy", || {}).unwrap().join().unwrap();
    vital.spawn("deploy", || panic!("while it ends")).unwrap().join().unwrap_err();
    assert_eq!(vital.deaths(), []);
}

#[test]
fn panics_of_other_threads_are_none_of_ours() {
    let vital = Vital::default();
    vital.expect_end();
    vital.spawn("one", || {}).unwrap().join().unwrap();
    std::thread::spawn(|| panic!("of somebody else")).join().unwrap_err();
    assert_eq!(vital.deaths(), []);
}

#[test]
fn a_pulse_tells_how_long_work_has_waited() {
    let pulse = Pulse::default();
    assert_eq!(pulse.waits(), None);
    let before = Instant::now();
    assert!(pulse.ask());
    assert!(!pulse.ask(), "work waits already");
    while pulse.waits().unwrap() < Duration::from_millis(3) {
        std::hint::spin_loop();
    }
    assert!(before.elapsed() >= Duration::from_millis(2));
    pulse.answer();
    assert_eq!(pulse.waits(), None);
    assert!(pulse.ask());
}
