//! The secret under which names are minted is rotated while calls are up: design section 4, two keys.

#[path = "support/host.rs"]
mod host;

use std::collections::BTreeMap;

use host::{Host, SECRET, Setup, Store, accept, request, tag_of};
use siplet_container::Input;
use siplet_container::app::Handler::{DoBye, DoInfo, DoInvite};
use siplet_container::config::Secret;
use siplet_container::io::{Item, Key, Write};
use siplet_container::report::Report;

const NEW: Secret = Secret(*b"fedcba9876543210");
const SHARDS: u16 = 2;
const HANDLERS: [siplet_container::app::Handler; 3] = [DoInvite, DoInfo, DoBye];

/// All shards of one process, and what they hand to one another.
struct Process {
    shards: Vec<Host>,
    hops: usize,
}

impl Process {
    fn start(secret: Secret, previous_secret: Option<Secret>, stored: &BTreeMap<Key, Write>) -> Self {
        let shard = |number: u16| {
            let own = |key: &Key| key.partition() % SHARDS == number;
            let stored = stored.iter().filter(|(key, _)| own(key)).map(|(key, write)| (*key, write.clone()));
            let setup = Setup {
                durable: true,
                seed: if previous_secret.is_some() { 20 } else { 10 } + u64::from(number),
                stored: stored.collect(),
                secret,
                previous_secret,
                shard: (number, SHARDS),
                ..Setup::default()
            };
            let mut host = Host::start(setup, &HANDLERS, accept);
            host.store = Store::Acknowledges;
            // What had left leaves again, byte for byte.
            host.sent.clear();
            host
        };
        Self { shards: (0..SHARDS).map(shard).collect(), hops: 0 }
    }

    /// A packet comes to that shard, and goes where it is handed: what was sent for it.
    fn receive(&mut self, shard: usize, text: &str) -> Vec<String> {
        self.hops = 0;
        self.shards[shard].receive(text);
        while let Some((to, item)) = self.shards.iter_mut().find_map(|host| host.handed.pop()) {
            self.hops += 1;
            assert!(self.hops <= 2, "it goes in a circle");
            let Item::Packet { .. } = &item;
            self.shards[usize::from(to)].handle(Input::Handed { item });
        }
        self.shards.iter_mut().flat_map(Host::take_sent).collect()
    }

    fn calls(&self) -> Vec<usize> {
        self.shards.iter().map(|host| host.container.counts().application_sessions).collect()
    }

    fn stored(&self) -> BTreeMap<Key, Write> {
        self.shards.iter().flat_map(|host| host.stored.clone()).collect()
    }

    /// The tag of the 200 to this INVITE.
    fn tag(&mut self, invite: &str) -> String {
        self.shards[0].receive(invite);
        while let Some((to, item)) = self.shards.iter_mut().find_map(|host| host.handed.pop()) {
            self.shards[usize::from(to)].handle(Input::Handed { item });
        }
        let sent = self.shards.iter_mut().find_map(|host| host.sent.pop()).expect("an answer");
        assert_eq!(sent.message.status(), Some(200));
        tag_of(&sent.message)
    }
}

fn in_call(method: &str, cseq: u32, branch: &str, tag: &str, call: u32) -> String {
    request(method, cseq, branch, tag).replace("call-1", &format!("call-{call}"))
}

/// RFC 3261 §17.2.1, §9.2, §8.2.2.2: wherever a repetition arrives, it finds the transaction of before the rotation.
#[test]
fn repetitions_find_their_transaction_after_a_rotation_on_whatever_shard_they_arrive() {
    let mut moved = 0;
    for call in 0..40 {
        let mut before = Process::start(SECRET, None, &BTreeMap::new());
        let invite = in_call("INVITE", 1, "i", "", call);
        let tag = before.tag(&invite);
        let home = before.calls();
        for arrives in 0..usize::from(SHARDS) {
            let mut after = Process::start(NEW, Some(SECRET), &before.stored());
            assert_eq!(after.calls(), home, "the call is back where it was");
            assert!(after.receive(arrives, &invite).is_empty(), "RFC 6026 §7.1: it is absorbed");
            assert_eq!(after.calls(), home, "a repeated INVITE makes no second call");
            let merged = after.receive(arrives, &in_call("INVITE", 1, "other-path", "", call));
            assert_eq!(merged, ["482 INVITE"]);
            assert_eq!(after.receive(arrives, &in_call("CANCEL", 1, "i", "", call)), ["200 CANCEL"]);
            assert_eq!(after.receive(arrives, &in_call("BYE", 2, "b", &tag, call)), ["200 BYE"]);
            assert_eq!(after.calls(), home);
            let turns: Vec<_> = after.shards.iter().flat_map(|host| &host.turns).collect();
            assert_eq!(turns, [&"do-bye"]);
        }
        // Where a new call of that name would begin now.
        let mut fresh = Process::start(NEW, None, &BTreeMap::new());
        fresh.tag(&invite);
        moved += usize::from(fresh.calls() != home);
    }
    assert!(
        (10..30).contains(&moved),
        "the rotation moves half of the names to another shard: {moved} of 40"
    );
}

/// What began after the rotation begins where the new secret leads, and outlives the old one.
#[test]
fn new_names_are_minted_under_the_new_secret() {
    for call in 0..10 {
        let invite = in_call("INVITE", 1, "i", "", call);
        let mut rotated = Process::start(NEW, Some(SECRET), &BTreeMap::new());
        let tag = rotated.tag(&invite);
        let mut after = Process::start(NEW, None, &rotated.stored());
        assert_eq!(after.calls(), rotated.calls());
        assert!(after.receive(0, &invite).is_empty(), "it is absorbed");
        assert_eq!(after.calls().iter().sum::<usize>(), 1, "no second call");
        assert_eq!(after.receive(1, &in_call("BYE", 2, "b", &tag, call)), ["200 BYE"]);
    }
}

/// A name of a secret that is not ours any more is a foreign one: nothing is loaded for it.
#[test]
fn names_of_a_secret_that_was_taken_away_are_void() {
    let mut old = Process::start(SECRET, None, &BTreeMap::new());
    let tag = old.tag(&in_call("INVITE", 1, "i", "", 1));
    let stored = old.stored();
    let mut rotated = Process::start(NEW, Some(SECRET), &stored);
    assert_eq!(rotated.receive(0, &in_call("INFO", 2, "x", &tag, 1)), ["200 INFO"]);
    let mut after = Process::start(NEW, None, &stored);
    assert_eq!(after.receive(0, &in_call("INFO", 2, "x", &tag, 1)), ["481 INFO"]);
    assert_eq!(after.shards.iter().map(|host| host.asked).sum::<usize>(), 0);
}

/// A dialog keeps the tag that it was made with; what is minted in it later is under the new secret.
#[test]
fn a_call_of_before_the_rotation_goes_on_with_names_of_both() {
    let mut old = Process::start(SECRET, None, &BTreeMap::new());
    let tag = old.tag(&in_call("INVITE", 1, "i", "", 1));
    let mut rotated = Process::start(NEW, Some(SECRET), &old.stored());
    rotated.receive(0, &in_call("ACK", 1, "ack", &tag, 1));
    assert_eq!(rotated.receive(1, &in_call("INVITE", 2, "re", &tag, 1)), ["200 INVITE"]);
    rotated.receive(0, &in_call("ACK", 2, "ack2", &tag, 1));
    // Nothing was taken for broken or lost on the way.
    let lost = |report: &Report| matches!(report, Report::Dropped { .. } | Report::LoadFailed { .. });
    assert!(rotated.shards.iter().all(|host| !host.reports.iter().any(lost)));
    let once_more = Process::start(NEW, Some(SECRET), &rotated.stored());
    assert_eq!(once_more.calls().iter().sum::<usize>(), 1);
}
