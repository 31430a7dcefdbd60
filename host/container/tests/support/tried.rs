//! Tables of the servlet rules: an action in the first turn of a request, and the error that says that it may not be.
#![allow(dead_code, reason = "each file of tests uses its part of the tables")]

use std::cell::RefCell;
use std::rc::Rc;

use siplet_container::app::Handler::{DoInvite, DoMessage, DoOptions, DoRegister};
use siplet_container::app::{AppLimits, Descriptor};
use siplet_container::turn::{Callback, MessageId, Misuse, Turn};

use crate::host::{Host, Setup, request};

/// What a turn tries, with the message that it is called for.
pub(crate) type Act = fn(&mut Turn, MessageId) -> Result<(), Misuse>;

pub(crate) const CALLEE: &str = "<sip:callee@10.0.0.3>";
pub(crate) const ME: &str = "<sip:me@here>";

/// The variant, with what tells its cases apart; texts for people are not compared.
pub(crate) fn name_of(misuse: &Misuse) -> String {
    match misuse {
        Misuse::StaleHandle => "stale handle".to_owned(),
        Misuse::InvalidSession => "invalid session".to_owned(),
        Misuse::AlreadyCommitted => "already committed".to_owned(),
        Misuse::FinalResponseSent => "final response sent".to_owned(),
        Misuse::NoTransaction => "no transaction".to_owned(),
        Misuse::NoDialog => "no dialog".to_owned(),
        Misuse::SystemHeader(name) => format!("system header {name}"),
        Misuse::InvalidHeader(_) => "invalid header".to_owned(),
        Misuse::InvalidAddress(_) => "invalid address".to_owned(),
        Misuse::InvalidStatus(status) => format!("invalid status {status}"),
        Misuse::InvalidMethod(_) => "invalid method".to_owned(),
        Misuse::Limit(name) => format!("limit {name}"),
        Misuse::NotSupported(_) => "not supported".to_owned(),
    }
}

/// Small limits, so that few actions reach them.
pub(crate) fn setup() -> Setup {
    let limits = AppLimits {
        sip_sessions: 2,
        attribute_bytes: 20,
        outbox_messages: 2,
        outbox_bytes: 2000,
        log_bytes: 10,
        handles: 6,
        ..AppLimits::default()
    };
    Setup {
        descriptor: Descriptor { name: "app".to_owned(), limits, ..Descriptor::default() },
        ..Setup::default()
    }
}

/// What came of an action in the first turn of that request.
pub(crate) fn tried(method: &'static str, act: Act) -> String {
    let seen = Rc::new(RefCell::new(None));
    let result = seen.clone();
    let mut host = Host::start(setup(), &[DoInvite, DoOptions, DoMessage, DoRegister], move |turn| {
        let Callback::Request { message, .. } = turn.callback() else { return Ok(()) };
        *result.borrow_mut() = Some(act(turn, message));
        Ok(())
    });
    host.receive(&request(method, 1, "i", ""));
    let outcome = seen.borrow_mut().take().expect("the turn ran");
    outcome.map_or_else(|misuse| name_of(&misuse), |()| "done".to_owned())
}

/// Tries each action of a table in a host of its own.
pub(crate) fn check(method: &'static str, table: &[(&str, Act, &str)]) {
    for (what, act, expected) in table {
        assert_eq!(tried(method, *act), *expected, "{method}: {what}");
    }
}

/// Answers with that status.
pub(crate) fn answer(turn: &mut Turn, request: MessageId, status: u16) -> Result<MessageId, Misuse> {
    let response = turn.create_response(request, status, None)?;
    turn.send(response)?;
    Ok(response)
}

/// The first request of a call out.
pub(crate) fn invite(turn: &mut Turn) -> Result<MessageId, Misuse> {
    turn.create_initial_request("INVITE", ME, CALLEE)
}
