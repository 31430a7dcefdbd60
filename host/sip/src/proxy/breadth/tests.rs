//! Max-Breadth: RFC 5393 §5.3.

use super::*;
use crate::transaction::tests::check_round_trip;

/// RFC 5393 §5.3.3: added, taken, or cut down.
#[test]
fn a_request_gets_the_breadth_that_the_proxy_takes() {
    for (received, most, left) in [
        (None, 60, 60),
        (None, 20, 20),
        (Some(1), 60, 1),
        (Some(60), 60, 60),
        (Some(u32::MAX), 60, 60),
        (Some(0), 60, 0),
    ] {
        assert_eq!(Breadth::of(received, most).left(), left, "{received:?} {most}");
    }
}

/// RFC 5393 §5.3.3: what leaves is never more than what came.
#[test]
fn branches_share_what_is_there() {
    for (received, branches, expected) in [
        (4, 1, Some(vec![4])),
        (4, 2, Some(vec![2, 2])),
        (5, 3, Some(vec![2, 2, 1])),
        (4, 4, Some(vec![1; 4])),
        (4, 5, None),
        (1, 2, None),
        (0, 1, None),
        (4, 0, None),
    ] {
        let mut breadth = Breadth::of(Some(received), MAX_BREADTH);
        let shares = breadth.fork(branches);
        assert_eq!(shares, expected, "{received} {branches}");
        assert_eq!(breadth.left(), if expected.is_some() { 0 } else { received });
    }
}

/// RFC 5393 §5.5: eight targets with a breadth of four.
#[test]
fn a_final_response_makes_room_for_the_next_target() {
    let mut breadth = Breadth::of(Some(4), MAX_BREADTH);
    assert_eq!(breadth.fork(4), Some(vec![1; 4]));
    for _ in 0..4 {
        assert_eq!(breadth.take(1), None);
        breadth.give_back(1);
        check_round_trip(&breadth);
        assert_eq!(breadth.take(1), Some(1));
    }
    breadth.give_back(u32::MAX);
    assert_eq!(
        (breadth.left(), breadth.take(3), breadth.take(0), breadth.take(9)),
        (4, Some(3), Some(1), None)
    );
}
