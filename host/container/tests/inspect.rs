//! What an operator sees of live sessions.

use std::time::Duration;

use siplet_container::Input;
use siplet_container::app::Handler::{self, DoBye, DoInvite};
use siplet_container::inspect::{Fit, Found, Listed};
use siplet_container::io::{Command, CommandReply};
use siplet_container::turn::{Callback, Misuse, Scope, Turn};
use support::{Host, accept, request};

#[path = "support/host.rs"]
mod support;

const HANDLERS: [Handler; 2] = [DoInvite, DoBye];

fn script(turn: &mut Turn) -> Result<(), Misuse> {
    if let Callback::Request { message, .. } = turn.callback() {
        let session = turn.session_of(message)?;
        turn.set_attribute(Scope::Application, "decision", b"\"accept\"")?;
        turn.set_attribute(Scope::Session(session), "seen", b"1")?;
    }
    accept(turn)
}

fn inspect(host: &mut Host, name: &str) -> Vec<Found> {
    host.replies.clear();
    host.handle(Input::Command { id: 1, command: Command::Inspect(name.to_owned()) });
    let [CommandReply::Found(found)] = &host.replies[..] else { panic!("{:?}", host.replies) };
    found.clone()
}

fn ids(host: &mut Host, which: Listed) -> Vec<String> {
    host.replies.clear();
    host.handle(Input::Command { id: 1, command: Command::ListSessions { limit: 10, which } });
    let [CommandReply::Sessions(lines)] = &host.replies[..] else { panic!("{:?}", host.replies) };
    lines.iter().map(|line| line.id.clone()).collect()
}

#[test]
fn a_live_call_is_shown_with_all_that_it_has() {
    let mut host = Host::new(&HANDLERS, script);
    host.receive(&request("INVITE", 1, "invite", ""));
    host.advance(Duration::from_millis(100));
    let found = inspect(&mut host, "call-1");
    let [Found { fit: Fit::CallId, session }] = &found[..] else { panic!("{found:?}") };
    assert_eq!((&*session.application, &*session.digest, session.age_ms), ("app", "#000000", 100));
    assert_eq!(session.flags, ["valid", "invalidate-when-ready"]);
    assert_eq!((&*session.attributes[0].name, &*session.attributes[0].value), ("decision", "\"accept\""));
    assert!(session.next_deadline_in_ms.is_some_and(|due| due <= 400), "{session:?}");
    let [sip] = &session.sip_sessions[..] else { panic!("{session:?}") };
    assert_eq!((&*sip.state, &*sip.call_id, &*sip.attributes[0].name), ("confirmed", "call-1", "seen"));
    assert_eq!(sip.remote, "<sip:alice@10.0.0.2>;tag=a");
    let dialog = sip.dialog.as_ref().expect("a dialog");
    assert_eq!((&*dialog.state, &*dialog.role, &*dialog.remote_tag), ("confirmed", "uas", "a"));
    assert_eq!((dialog.remote_cseq, &*dialog.remote_target), (Some(1), "sip:alice@10.0.0.2:5070"));
    let [tx] = &sip.transactions[..] else { panic!("{sip:?}") };
    assert_eq!((&*tx.kind, &*tx.method, &*tx.state, tx.cseq), ("server", "INVITE", "Accepted", 1));
    assert_eq!((&*tx.branch, &*tx.hop), ("z9hG4bKinvite", "udp 10.0.0.2:5070"));
    let timers: Vec<&str> = tx.timers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(timers, ["L", "2xx"]);
}

#[test]
fn a_session_is_found_by_its_ids_and_by_their_beginnings() {
    let mut host = Host::new(&HANDLERS, script);
    host.receive(&request("INVITE", 1, "one", ""));
    host.receive(&request("INVITE", 1, "two", "").replace("call-1", "call-2"));
    let all = ids(&mut host, Listed::default());
    assert_eq!(all.len(), 2);
    for id in &all {
        let found = inspect(&mut host, id);
        assert_eq!((found.len(), found[0].fit, &found[0].session.id), (1, Fit::Id, id));
        let sip = found[0].session.sip_sessions[0].id.clone();
        assert_eq!(inspect(&mut host, &sip)[0].session.id, *id);
        let begun = inspect(&mut host, &id[..12]);
        assert_eq!((begun[0].fit, &begun[0].session.id), (Fit::IdPrefix, id));
    }
    let both: Vec<Fit> = inspect(&mut host, "call").iter().map(|found| found.fit).collect();
    assert_eq!(both, [Fit::CallIdPrefix, Fit::CallIdPrefix]);
    assert!(inspect(&mut host, "").is_empty() && inspect(&mut host, "call-3").is_empty());
}

#[test]
fn what_runs_waits_and_is_parked_is_told() {
    let mut host = Host::durable(&HANDLERS, script);
    host.receive(&request("INVITE", 1, "invite", ""));
    let session = inspect(&mut host, "call-1").remove(0).session;
    assert_eq!((session.snapshot_version, session.acknowledged_version), (1, None));
    assert_eq!(session.parked[0].messages, ["200 INVITE"]);
    assert!(session.parked[0].bytes > 100);
    host.acknowledge();
    assert_eq!(inspect(&mut host, "call-1").remove(0).session.acknowledged_version, Some(1));
    host.hold_turns = true;
    let tag = support::tag_of(&host.sent[0].message);
    host.receive(&request("BYE", 2, "bye", &tag));
    host.receive(&request("BYE", 3, "again", &tag));
    let session = inspect(&mut host, "call-1").remove(0).session;
    assert_eq!(session.open_turn.map(|turn| turn.handler).as_deref(), Some("do-bye"));
    assert_eq!(session.mailbox, ["BYE"]);
}

#[test]
fn a_list_takes_an_application_and_an_age() {
    let mut host = Host::new(&HANDLERS, script);
    host.establish();
    host.advance(Duration::from_secs(3600));
    host.receive(&request("INVITE", 1, "two", "").replace("call-1", "call-2"));
    let of = |name: &str, older_than_s| Listed { application: Some(name.to_owned()), older_than_s };
    assert_eq!(ids(&mut host, of("app", 0)).len(), 2);
    assert_eq!(ids(&mut host, of("other", 0)).len(), 0);
    assert_eq!(ids(&mut host, of("app", 3600)).len(), 1);
}
