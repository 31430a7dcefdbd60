use super::*;

const fn ms(millis: u64) -> Time {
    Time::from_micros(millis * 1000)
}

fn timer(index: u32, at: u64, repeat: Repeat) -> ServletTimer {
    ServletTimer { index, at: ms(at), repeat, persistent: true, payload: Bytes::from_static(b"info") }
}

fn fired(timers: &mut Timers, at: u64) -> Vec<u32> {
    timers.fire(ms(at)).iter().map(|timer| timer.index).collect()
}

#[test]
fn a_timer_fires_when_it_is_due_and_goes_on_as_it_was_set() {
    let period = Duration::from_millis(100);
    /// Time, whether it fires then, when it fires next.
    type Moment = (u64, bool, Option<u64>);
    let table: [(Repeat, &[Moment]); 4] = [
        (Repeat::Once, &[(999, false, Some(1000)), (1000, true, None), (2000, false, None)]),
        (
            Repeat::FixedDelay(period),
            &[(1030, true, Some(1130)), (1129, false, Some(1130)), (1500, true, Some(1600))],
        ),
        // Late by 30 ms, then by three and a half periods: the beat stays, what was missed is not made up for.
        (Repeat::FixedRate(period), &[(1030, true, Some(1100)), (1450, true, Some(1500))]),
        // On the very multiple the next one is a whole period away.
        (Repeat::FixedRate(period), &[(1000, true, Some(1100)), (1100, true, Some(1200))]),
    ];
    for (repeat, moments) in table {
        let mut timers = Timers::default();
        timers.insert(timer(1, 1000, repeat));
        for (at, fires, next) in moments {
            assert_eq!(!fired(&mut timers, *at).is_empty(), *fires, "{repeat:?} at {at}");
            assert_eq!(timers.next(), next.map(ms), "{repeat:?} after {at}");
        }
    }
}

#[test]
fn timers_that_are_due_together_fire_in_the_order_of_their_times() {
    let mut timers = Timers::default();
    for (index, at) in [(1, 30), (2, 10), (3, 20), (4, 10), (5, 99)] {
        timers.insert(timer(index, at, Repeat::Once));
    }
    assert_eq!(fired(&mut timers, 50), [2, 4, 3, 1]);
    assert_eq!(timers.len(), 1);
}

#[test]
fn only_persistent_timers_are_written() {
    let mut timers = Timers::default();
    timers.insert(timer(1, 10, Repeat::Once));
    timers.insert(ServletTimer { persistent: false, ..timer(2, 10, Repeat::Once) });
    let bytes = postcard::to_allocvec(&timers).expect("fits");
    let read: Timers = postcard::from_bytes(&bytes).expect("reads");
    assert_eq!(read.iter().map(|timer| timer.index).collect::<Vec<_>>(), [1]);
}

#[test]
fn a_period_at_the_end_of_time_overflows_nothing() {
    let mut timers = Timers::default();
    timers.insert(timer(1, 0, Repeat::FixedRate(Duration::MAX)));
    timers.insert(timer(2, 0, Repeat::FixedRate(Duration::ZERO)));
    assert_eq!(fired(&mut timers, 5), [1, 2]);
    assert!(timers.next().is_some_and(|next| next > ms(5)));
}
