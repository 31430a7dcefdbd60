use siplet_container::Counts;

use super::*;

fn shard(counts: Counts) -> Numbers {
    Numbers { counts, ..Numbers::default() }
}

#[test]
fn a_request_without_an_answer_is_waited_for_as_a_call_is() {
    let idle = Counts {
        server_transactions: 3,
        client_transactions: 2,
        application_sessions: 5,
        ..Counts::default()
    };
    assert!(Live::of(&[shard(idle)], 0).is_over(), "transactions that only run out keep nobody");
    let cases = [
        (Counts { dialogs: 2, ..idle }, "2 calls"),
        (Counts { unanswered_requests: 1, ..idle }, "1 unanswered request"),
        (Counts { dialogs: 1, unanswered_requests: 1200, ..idle }, "1 call and 1,200 unanswered requests"),
        (
            Counts { dialogs: 1, unanswered_requests: 1, pending_invites: 2, ..idle },
            "1 call, 1 unanswered request and 2 INVITEs of ours",
        ),
        (Counts { open_steps: 1, ..idle }, "0 calls"),
        (Counts { mailbox: 1, ..idle }, "0 calls"),
        (Counts { parked_units: 1, ..idle }, "0 calls"),
    ];
    for (counts, words) in cases {
        let live = Live::of(&[shard(counts), shard(idle)], 0);
        assert!(!live.is_over(), "{counts:?}");
        assert_eq!(live.to_string(), words);
    }
}

#[test]
fn a_shard_that_does_not_answer_may_have_calls() {
    let live = Live::of(&[], 2);
    assert!(!live.is_over());
    assert_eq!(live.to_string(), "2 shards that do not answer");
}

#[test]
fn what_has_not_left_and_what_is_not_acknowledged_is_owed() {
    let numbers = Numbers {
        queued: 2,
        handed: 1,
        counts: Counts { awaited: 4, ..Counts::default() },
        ..Numbers::default()
    };
    let live = Live::of(&[numbers], 0);
    assert!(live.is_over(), "no call is up");
    assert_eq!(live.owed(), 7);
}
