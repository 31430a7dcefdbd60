use super::*;
use crate::folder::Stamp;

const SETTLE: Duration = Duration::from_millis(300);
const INCOMPLETE: Duration = Duration::from_secs(3);

fn ms(millis: u64) -> Moment {
    Duration::from_millis(1_000_000 + millis)
}

fn print(bytes: u64, changed: Moment) -> Print {
    Print { wasm: Stamp { bytes, changed, inode: 1 }, overrides: None }
}

fn listing(files: &[(&str, Print)]) -> Listing {
    let servlets = files.iter().map(|(name, print)| ((*name).to_owned(), *print)).collect();
    Listing { servlets, refused: BTreeMap::new() }
}

fn load(name: &str) -> Step {
    Step::Load(name.to_owned())
}

fn watch() -> Watch {
    Watch::new(SETTLE, INCOMPLETE)
}

#[test]
fn a_file_is_loaded_when_it_has_settled_and_once() {
    let mut watch = watch();
    let folder = listing(&[("a", print(10, ms(0)))]);
    assert_eq!(watch.observe(&folder, ms(0)), []);
    assert_eq!(watch.next_timeout(ms(0)), Some(SETTLE));
    assert_eq!(watch.observe(&folder, ms(299)), []);
    assert_eq!(watch.observe(&folder, ms(300)), [load("a")]);
    watch.settled("a");
    assert_eq!((watch.observe(&folder, ms(9000)), watch.next_timeout(ms(9000))), (vec![], None));
}

#[test]
fn a_file_that_grows_is_not_loaded_before_it_stops() {
    let mut watch = watch();
    for step in 0..10 {
        let now = ms(step * 200);
        assert_eq!(watch.observe(&listing(&[("a", print(step, now))]), now), []);
    }
    assert_eq!(watch.observe(&listing(&[("a", print(9, ms(1800)))]), ms(2100)), [load("a")]);
}

#[test]
fn a_file_that_is_older_than_the_settling_time_is_loaded_at_once() {
    assert_eq!(watch().observe(&listing(&[("a", print(1, ms(0)))]), ms(5000)), [load("a")]);
}

#[test]
fn a_change_of_the_overrides_alone_loads_again() {
    let mut watch = watch();
    let mut print = print(1, ms(0));
    watch.observe(&listing(&[("a", print)]), ms(5000));
    watch.settled("a");
    print.overrides = Some(Stamp { bytes: 1, changed: ms(6000), inode: 2 });
    assert_eq!(watch.observe(&listing(&[("a", print)]), ms(6000)), []);
    assert_eq!(watch.observe(&listing(&[("a", print)]), ms(6300)), [load("a")]);
}

#[test]
fn a_cut_file_is_named_once_and_tried_again_when_it_grows() {
    let mut watch = watch();
    let half = listing(&[("a", print(5, ms(0)))]);
    assert_eq!(watch.observe(&half, ms(300)), [load("a")]);
    watch.cut("a", "it ends early".into());
    assert_eq!(watch.observe(&half, ms(2999)), []);
    let named = Step::Incomplete { name: "a".into(), why: "it ends early".into() };
    assert_eq!(watch.observe(&half, ms(3000)), [named]);
    assert_eq!(watch.observe(&half, ms(60_000)), []);
    let whole = listing(&[("a", print(10, ms(60_000)))]);
    assert_eq!(watch.observe(&whole, ms(60_300)), [load("a")]);
}

#[test]
fn a_removed_file_is_told_once() {
    let mut watch = watch();
    watch.observe(&listing(&[("a", print(1, ms(0)))]), ms(0));
    assert_eq!(watch.observe(&listing(&[]), ms(1)), [Step::Removed("a".into())]);
    assert_eq!(watch.observe(&listing(&[]), ms(2)), []);
}

#[test]
fn a_refused_file_is_told_once_for_each_reason() {
    let mut watch = watch();
    let mut folder = listing(&[]);
    folder.refused.insert("x.wasm".into(), "a link".into());
    let told = Step::Refused { file: "x.wasm".into(), why: "a link".into() };
    assert_eq!(watch.observe(&folder, ms(0)), std::slice::from_ref(&told));
    assert_eq!(watch.observe(&folder, ms(1)), []);
    watch.forget();
    assert_eq!(watch.observe(&folder, ms(2)), [told]);
}

#[test]
fn a_wall_clock_that_is_set_back_does_not_stop_loading() {
    let mut watch = watch();
    let folder = listing(&[("a", print(1, ms(100_000)))]);
    assert_eq!(watch.observe(&folder, ms(100_000)), []);
    assert_eq!(watch.observe(&folder, ms(0)), []);
    assert_eq!(watch.observe(&folder, ms(300)), [load("a")]);
}
