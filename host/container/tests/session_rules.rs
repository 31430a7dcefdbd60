//! The servlet rules for sessions, and the named limits of a turn: what is refused, and with which error.

#[path = "support/host.rs"]
mod host;
#[path = "support/tried.rs"]
mod tried;

use std::collections::BTreeSet;

use host::{Host, Setup, accept, request};
use siplet_container::app::Handler::DoInvite;
use siplet_container::app::{AppLimits, Descriptor};
use siplet_container::report::Report;
use siplet_container::turn::{ATTRIBUTE_NAME_BYTES, Level, MessageId, Misuse, Scope, SipKey, Turn};
use tried::{answer, check, invite, name_of, setup};

/// What a turn tries with a session, or with its application session.
type InSession = fn(&mut Turn, SipKey) -> Result<(), Misuse>;
type InCall = fn(&mut Turn) -> Result<(), Misuse>;

/// Every named limit of a turn answers with its name.
#[test]
fn limits_of_a_turn_have_names() {
    check(
        "INVITE",
        &[
            (
                "handles",
                |turn, request| (0..6).try_for_each(|_| turn.create_response(request, 200, None).map(drop)),
                "limit handles",
            ),
            (
                "handles, before a session is made for one",
                |turn, request| {
                    (0..5).try_for_each(|_| turn.create_response(request, 200, None).map(drop))?;
                    assert_eq!(name_of(&invite(turn).expect_err("no room")), "limit handles");
                    assert_eq!(turn.sessions().len(), 1);
                    Ok(())
                },
                "done",
            ),
            (
                "messages",
                |turn, request| (0..3).try_for_each(|_| answer(turn, request, 180).map(drop)),
                "limit outbox-messages",
            ),
            (
                "bytes of messages",
                |turn, request| {
                    let response = turn.create_response(request, 200, None)?;
                    turn.set_content(response, "text/plain", &[b'x'; 1900])?;
                    turn.send(response)
                },
                "limit outbox-bytes",
            ),
            (
                "bytes of one body",
                |turn, request| {
                    let response = turn.create_response(request, 200, None)?;
                    turn.set_content(response, "text/plain", &[b'x'; 2001])
                },
                "limit outbox-bytes",
            ),
            (
                "SIP sessions",
                |turn, _| invite(turn).and_then(|_| invite(turn)).map(drop),
                "limit sip-sessions",
            ),
            (
                "attribute bytes, over all sessions of the call",
                |turn, request| {
                    let sip = turn.session_of(request)?;
                    turn.set_attribute(Scope::Session(sip), "a", &[0; 9])?;
                    turn.set_attribute(Scope::Application, "b", &[0; 9])?;
                    turn.set_attribute(Scope::Session(sip), "a", &[1; 9])?;
                    turn.set_attribute(Scope::Application, "c", &[])
                },
                "limit attribute-bytes",
            ),
            (
                "an attribute's name",
                |turn, _| turn.set_attribute(Scope::Application, &"n".repeat(ATTRIBUTE_NAME_BYTES + 1), &[]),
                "limit attribute-name-bytes",
            ),
        ],
    );
}

#[test]
fn log_lines_beyond_their_limit_are_counted_and_dropped() {
    let mut host = Host::start(setup(), &[DoInvite], |turn| {
        for line in ["12345", "123456", "12345", "1"] {
            turn.log(Level::Info, line.to_owned());
        }
        accept(turn)
    });
    host.receive(&request("INVITE", 1, "i", ""));
    let lines = host.reports.iter().filter(|report| matches!(report, Report::Log { .. })).count();
    assert_eq!(lines, 2, "ten bytes: 12345 twice");
    assert!(host.reports.iter().any(|report| matches!(report, Report::LogDropped { lines: 2, .. })));
}

/// SIP Servlet 1.1 §6.4.3, §6.8: an invalidated session takes nothing more.
#[test]
fn an_invalidated_session_takes_nothing_more() {
    fn ended(turn: &mut Turn, request: MessageId) -> Result<SipKey, Misuse> {
        let sip = turn.session_of(request)?;
        turn.invalidate_session(sip)?;
        Ok(sip)
    }
    let table: [(&str, InSession); 5] = [
        ("again", |turn, sip| turn.invalidate_session(sip)),
        ("a request", |turn, sip| turn.create_request(sip, "INFO").map(drop)),
        ("to write", |turn, sip| turn.set_attribute(Scope::Session(sip), "a", b"")),
        ("to remove", |turn, sip| turn.remove_attribute(Scope::Session(sip), "a")),
        ("when ready", |turn, sip| turn.set_invalidate_when_ready(Scope::Session(sip), true)),
    ];
    let mut host = Host::new(&[DoInvite], move |turn| {
        let sip = ended(turn, MessageId(0))?;
        for (what, act) in table {
            assert_eq!(act(turn, sip), Err(Misuse::InvalidSession), "{what}");
        }
        // What it was stays readable until the step is over.
        assert_eq!(turn.attribute_names(Scope::Session(sip)), Ok(Vec::new()));
        turn.session_state(sip).map(drop)
    });
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.take_sent(), ["480 INVITE"], "and its peer is not left hanging");
}

/// SIP Servlet 1.1 §6.1.2, §6.3.
#[test]
fn an_invalidated_application_session_takes_nothing_more() {
    let table: [(&str, InCall); 7] = [
        ("again", Turn::invalidate_application_session),
        ("a new call", |turn| invite(turn).map(drop)),
        ("to write", |turn| turn.set_attribute(Scope::Application, "a", b"")),
        ("to remove", |turn| turn.remove_attribute(Scope::Application, "a")),
        ("expiry", |turn| turn.set_expires(60)),
        ("when it expires", |turn| turn.expires_at().map(drop)),
        ("when ready", |turn| turn.set_invalidate_when_ready(Scope::Application, true)),
    ];
    let mut host = Host::new(&[DoInvite], move |turn| {
        turn.invalidate_application_session()?;
        for (what, act) in table {
            assert_eq!(act(turn), Err(Misuse::InvalidSession), "{what}");
        }
        assert_eq!(turn.attribute(Scope::Application, "a"), Ok(None));
        Ok(())
    });
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.take_sent(), ["480 INVITE"]);
}

/// What stands ready when its session is invalidated is not sent, and a session that is not here is none to invalidate.
#[test]
fn a_message_of_an_invalidated_session_is_not_sent() {
    check(
        "INVITE",
        &[
            (
                "a request made before",
                |turn, _| {
                    let made = invite(turn)?;
                    turn.invalidate_session(turn.session_of(made)?)?;
                    turn.send(made)
                },
                "invalid session",
            ),
            ("not here", |turn, _| turn.invalidate_session(SipKey(99)), "stale handle"),
        ],
    );
}

/// The limit of transactions holds for what a servlet sends too, but nobody is kept from hanging up.
#[test]
fn requests_of_a_servlet_are_limited_by_transactions() {
    let limits = AppLimits { transactions: 2, ..AppLimits::default() };
    let descriptor = Descriptor { name: "app".to_owned(), limits, ..Descriptor::default() };
    let setup = Setup { descriptor, ..Setup::default() };
    let mut host = Host::start(setup, &[DoInvite], |turn| {
        let first = invite(turn)?;
        turn.send(first)?;
        let second = invite(turn)?;
        assert_eq!(turn.send(second), Err(Misuse::Limit("transactions")));
        Ok(())
    });
    host.receive(&request("INVITE", 1, "i", ""));
    assert_eq!(host.take_sent(), ["INVITE"]);
}

/// Each error says in words what is wrong, and no two say the same.
#[test]
fn every_misuse_has_words_of_its_own() {
    let text = || "why".to_owned();
    let all = [
        Misuse::StaleHandle,
        Misuse::InvalidSession,
        Misuse::AlreadyCommitted,
        Misuse::FinalResponseSent,
        Misuse::NoTransaction,
        Misuse::NoDialog,
        Misuse::SystemHeader(text()),
        Misuse::InvalidHeader(text()),
        Misuse::InvalidAddress(text()),
        Misuse::InvalidStatus(99),
        Misuse::InvalidMethod(text()),
        Misuse::Limit("handles"),
        Misuse::NotSupported("this"),
    ];
    let words: BTreeSet<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(words.len(), all.len());
}
