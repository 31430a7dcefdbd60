//! The 2xx until its ACK: RFC 3261 §13.3.1.4.

use super::*;

const START: Time = Time::from_micros(1_700_000_000_000_000);

fn at(ms: u64) -> Time {
    START + Duration::from_millis(ms)
}

fn waiting() -> AcceptRetransmit {
    AcceptRetransmit::start(Bytes::from_static(b"200"), START, &TimerConfig::default())
}

/// RFC 3261 §13.3.1.4: T1, doubling up to T2, for 64*T1, over every transport.
// [3261-13.3.1.4-s2]
#[test]
fn the_2xx_is_repeated_up_to_t2_and_given_up_after_32_seconds() {
    let mut accept = waiting();
    let mut seen = Vec::new();
    while let Some(Deadline { at, lazy }) = accept.next_deadline() {
        assert!(!lazy && seen.len() < 20);
        let seconds = at.since(START).as_secs_f64();
        seen.push(match accept.on_deadline(at, &TimerConfig::default()) {
            AcceptAction::Transmit(bytes) => format!("{seconds:.1} {}", text(&bytes)),
            AcceptAction::NoAck => format!("{seconds:.1} NoAck"),
            AcceptAction::Nothing => format!("{seconds:.1} -"),
        });
    }
    assert_eq!(
        seen.join(", "),
        "0.5 200, 1.5 200, 3.5 200, 7.5 200, 11.5 200, 15.5 200, 19.5 200, 23.5 200, 27.5 200, 31.5 200, \
         32.0 NoAck"
    );
    assert!(accept.is_done());
}

#[test]
fn the_first_ack_ends_it_and_is_the_only_new_one() {
    let mut accept = waiting();
    assert!(accept.on_ack());
    assert!(!accept.on_ack());
    assert_eq!((accept.next_deadline(), accept.response()), (None, None));
    assert_eq!(accept.on_deadline(at(500), &TimerConfig::default()), AcceptAction::Nothing);
    assert_eq!(accept.on_deadline(at(90_000), &TimerConfig::default()), AcceptAction::Nothing);
}

#[test]
fn an_early_deadline_does_nothing_and_a_late_one_sends_once() {
    let mut accept = waiting();
    assert_eq!(accept.on_deadline(at(499), &TimerConfig::default()), AcceptAction::Nothing);
    assert_eq!(accept, waiting());
    let timers = TimerConfig::default();
    assert!(matches!(accept.on_deadline(at(10_000), &timers), AcceptAction::Transmit(_)));
    assert_eq!(accept.on_deadline(at(10_000), &timers), AcceptAction::Nothing);
    assert_eq!(accept.next_deadline().unwrap().at, at(11_000));
    assert_eq!(accept.on_deadline(at(50_000), &timers), AcceptAction::NoAck);
}

#[test]
fn it_reads_back_equal_from_a_snapshot_and_its_deadlines_can_be_shortened() {
    let mut done = waiting();
    done.on_ack();
    for accept in [waiting(), done] {
        let bytes = postcard::to_stdvec(&accept).unwrap();
        assert_eq!(postcard::from_bytes::<AcceptRetransmit>(&bytes).unwrap(), accept);
    }
    let mut accept = waiting();
    accept.clamp_deadlines(Time::from_micros(7), &TimerConfig::default());
    assert_eq!(accept.next_deadline().unwrap().at, Time::from_micros(4_000_007));
}
