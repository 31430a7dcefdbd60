//! A snapshot is all of a session, and bytes that are none do no harm.

use std::time::Duration;

use super::*;
use crate::app::Handler::{DoInfo, DoInvite, DoMessage, DoOptions, DoProvisionalResponse, DoSuccessResponse};
use crate::io::{Input, Key, Transport, Write};
use crate::names::Random;
use crate::report::Report;
use crate::session::transactions::{Cancel, ClientMachine, Target};
use crate::turn::{Callback, Misuse, Scope, Turn};
use host::{Host, request, response, tag_of};

#[path = "../../tests/support/host.rs"]
mod host;

/// Makes every kind of thing that a session can hold.
fn script(turn: &mut Turn) -> Result<(), Misuse> {
    match turn.callback() {
        Callback::Request { handler: DoInvite, message } => {
            let sip = turn.session_of(message)?;
            turn.set_attribute(Scope::Session(sip), "decision", b"accept")?;
            turn.set_attribute(Scope::Application, "\u{fc}", &[0, 255])?;
            turn.set_expires(60)?;
            for (user, host) in
                [("a", "10.0.0.3"), ("b", "10.0.0.4"), ("c", "10.0.0.5"), ("d", "host.example")]
            {
                let to = format!("\"{user}\" <sip:{user}@{host}>");
                let invite = turn.create_initial_request("INVITE", "<sip:me@here>", &to)?;
                turn.send(invite)?;
            }
            host::accept(turn)
        }
        Callback::Request { handler: DoMessage, message } => {
            turn.set_attribute(Scope::Session(turn.session_of(message)?), "decision", b"")?;
            turn.remove_attribute(Scope::Application, "\u{fc}")?;
            host::accept(turn)
        }
        Callback::Request { handler: DoInfo, message } => {
            host::accept(turn)?;
            let bye = turn.create_request(turn.session_of(message)?, "BYE")?;
            turn.send(bye)
        }
        Callback::Response { handler: DoProvisionalResponse, message } => {
            let invite = turn.request_of(message)?;
            let cancel = turn.create_cancel(invite)?;
            turn.send(cancel)
        }
        // The 2xx of b is acknowledged, that of c waits.
        Callback::Response { message, .. }
            if turn.remote_party(turn.session_of(message)?)?.starts_with(b"\"b\"") =>
        {
            let ack = turn.create_ack(message)?;
            turn.send(ack)
        }
        Callback::Request { .. }
        | Callback::Response { .. }
        | Callback::ServletInitialized
        | Callback::Upgrade
        | Callback::NoAckReceived { .. }
        | Callback::NoPrackReceived { .. }
        | Callback::Timeout { .. }
        | Callback::Session { .. }
        | Callback::ApplicationSession { .. }
        | Callback::AttributeChanged { .. } => Ok(()),
    }
}

fn started() -> Host {
    let handlers = [DoInvite, DoInfo, DoOptions, DoMessage, DoProvisionalResponse, DoSuccessResponse];
    Host::durable(&handlers, script)
}

/// A session in the middle of everything: its last write, and the tag of its first dialog.
fn busy() -> (Write, String) {
    let mut host = started();
    let over_tcp = |text: String| text.replace("UDP", "TCP");
    host.flow.transport = Transport::Tcp;
    (host.flow.listener, host.flow.connection) = (1, 9);
    host.receive(&over_tcp(request("INVITE", 1, "i", "")));
    host.acknowledge();
    let invites: Vec<_> = host.sent.iter().map(|sent| sent.message.clone()).collect();
    let tag = tag_of(&host.sent.last().expect("the 200").message);
    // Nothing is acknowledged from here on: the outbox of every step stays.
    host.receive(&over_tcp(request("OPTIONS", 2, "o", &tag)));
    host.receive(&over_tcp(request("INFO", 3, "x", &tag)));
    host.flow = host::udp_from("10.0.0.3:5060");
    host.receive(&response(&invites[0], 180, "a"));
    host.receive(&response(&invites[1], 200, "b"));
    host.receive(&response(&invites[2], 200, "c"));
    (host.last_write().clone(), tag)
}

/// A call that is up, with nothing on its way.
fn idle() -> (Write, String) {
    let mut host = started();
    let tag = host.establish();
    (host.stored.into_values().next().expect("the call"), tag)
}

fn again(snapshot: &Snapshot) -> Bytes {
    encode(&snapshot.version, &snapshot.session, snapshot.outbox.iter().collect()).expect("it can be written")
}

#[test]
fn the_session_under_test_holds_every_kind_of_thing() {
    let Snapshot { version, session, outbox } = decode(&busy().0.snapshot).expect("it was just written");
    assert_eq!(version, "0.0.0", "its version stands beside it");
    assert_eq!(session.attributes.bytes() + session.sips[0].attributes.bytes(), 4 + 14);
    assert!(session.sips.iter().any(|sip| sip.held_bye.is_some()), "a BYE that waits for an ACK");
    assert!(session.sips.iter().filter(|sip| sip.dialog.is_some()).count() >= 4, "dialogs of both sides");
    assert!(session.servers.iter().any(|tx| tx.accept.is_some() && tx.merge.is_some()));
    assert!(session.servers.iter().any(|tx| tx.is_open() && tx.hop.fallback.is_some()));
    assert!(session.clients.iter().any(|tx| tx.is_cancel));
    assert!(session.clients.iter().any(|tx| tx.cancel == Cancel::Sent));
    assert!(session.clients.iter().any(|tx| !tx.acks.is_empty()));
    assert!(session.clients.iter().any(|tx| !tx.unacked.is_empty()));
    assert!(session.clients.iter().any(|tx| matches!(tx.target, Target::Name { .. })));
    assert!(session.clients.iter().any(|tx| matches!(tx.machine, ClientMachine::Other(_))));
    assert!(session.expires.is_some() && session.version > 1);
    assert!(outbox.len() >= 3, "{outbox:?}");
}

#[test]
fn what_was_written_is_read_as_it_was() {
    let write = busy().0;
    let first = decode(&write.snapshot).expect("it was just written");
    assert_eq!(again(&first), write.snapshot);
    let second = decode(&again(&first)).expect("it was just written");
    assert_eq!(format!("{second:?}"), format!("{first:?}"));
    assert!(!first.session.dirty, "what is stored is not dirty");
}

#[test]
fn a_format_of_another_time_is_refused_with_its_number() {
    let snapshot = busy().0.snapshot;
    for format in (0..=u8::MAX).filter(|format| *format != FORMAT) {
        let mut bytes = snapshot.to_vec();
        bytes[0] = format;
        let why = decode(&bytes).expect_err("an unknown format");
        assert_eq!(why, LoadFault::Format(format));
        assert!(why.to_string().contains(&format!("format {format},")), "{why}");
    }
    let why = decode(&[]).expect_err("nothing");
    assert!(matches!(&why, LoadFault::Damaged(how) if how == "it is empty"), "{why}");
}

#[test]
fn a_snapshot_that_was_cut_is_refused() {
    let snapshot = busy().0.snapshot;
    for length in 0..snapshot.len() {
        assert!(decode(&snapshot[..length]).is_err(), "{length} of {}", snapshot.len());
    }
}

/// Some bytes of it flipped, cut out or put in.
fn damaged(bytes: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=random.next() % 4 {
        let at = (random.next() % bytes.len() as u64) as usize;
        match random.next() % 4 {
            0 => bytes[at] ^= 1 << (random.next() % 8),
            1 => bytes[at] = random.next() as u8,
            2 => drop(bytes.drain(at..(at + 3).min(bytes.len()))),
            _ => bytes.insert(at, random.next() as u8),
        }
    }
    bytes
}

/// The bytes under a checksum that fits them, as one who writes the store on purpose would make it.
fn sealed(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.len() >= HEAD {
        let sum = crc32fast::hash(&bytes[HEAD..]);
        bytes[1..HEAD].copy_from_slice(&sum.to_le_bytes());
    }
    bytes
}

#[test]
fn a_damaged_snapshot_is_refused_by_its_checksum() {
    let snapshot = busy().0.snapshot;
    let mut random = Random::new([5, 6]);
    for _ in 0..10_000 {
        let bytes = damaged(&snapshot, &mut random);
        assert!(bytes == snapshot || decode(&bytes).is_err(), "damage went unseen");
    }
}

#[test]
fn a_forged_snapshot_is_refused_or_read_and_never_a_panic() {
    let snapshot = busy().0.snapshot;
    let mut random = Random::new([1, 2]);
    let mut read = 0;
    for _ in 0..10_000 {
        if let Ok(snapshot) = decode(&sealed(damaged(&snapshot, &mut random))) {
            again(&snapshot);
            read += 1;
        }
    }
    assert!(read > 100, "the loop reaches what lies behind the decoder: {read}");
}

/// Whatever a store gives back, the host goes on: it restores it or reports that it cannot.
#[test]
fn a_host_survives_a_forged_record() {
    let mut random = Random::new([3, 4]);
    let mut restored = 0;
    for round in 0..300 {
        let (Write { key, snapshot, .. }, tag) = if round % 2 == 0 { busy() } else { idle() };
        let mut host = started();
        (host.store, host.is_damaged) = (host::Store::Acknowledges, true);
        let damaged = Bytes::from(sealed(damaged(&snapshot, &mut random)));
        host.handle(Input::Restored { key, found: Ok(Some(damaged)) });
        restored += host.container.counts().application_sessions;
        host.receive(&request("MESSAGE", 9, "n", &tag));
        host.receive(&request("BYE", 10, "m", &tag));
        host.advance(Duration::from_secs(90));
    }
    assert!(restored > 10, "{restored} of 300");
}

#[test]
fn a_record_under_another_key_is_not_restored() {
    let (Write { key, snapshot, .. }, _) = busy();
    let mut host = started();
    let other = Key(key.0 ^ 1);
    host.handle(Input::Restored { key: other, found: Ok(Some(snapshot)) });
    let failed = Report::LoadFailed { key: other, why: LoadFault::OtherSession, requests: 0 };
    assert!(host.reports.contains(&failed));
    assert_eq!(host.container.counts().application_sessions, 0);
}
