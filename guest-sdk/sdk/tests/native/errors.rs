//! What is refused, and how a handler may end.

use std::cell::RefCell;

use siplet::native::{Ended, Instance, MessageId};
use siplet::prelude::*;

use crate::support::{FakeHost, INVITE, run};

thread_local! {
    /// What no servlet should do: a request kept beyond its turn.
    static KEPT: RefCell<Option<Request>> = const { RefCell::new(None) };
}

struct Clumsy;

#[servlet]
impl Servlet for Clumsy {
    fn do_invite(&self, request: Request) -> Result {
        request.create_response(200)?.send()?;
        assert_eq!(request.create_response(486)?.send(), Err(Error::FinalResponseSent));
        assert_eq!(request.set_header("Call-ID", "mine"), Err(Error::AlreadyCommitted));
        assert_eq!(request.create_response(99).err(), Some(Error::InvalidStatus(99)));
        let ok = request.create_response(200)?;
        assert_eq!(ok.set_header("v", "mine"), Err(Error::SystemHeader("v".into())));
        Ok(())
    }

    fn do_info(&self, request: Request) -> Result {
        let length: u32 = "12x".parse()?;
        request.create_response(200)?.with_header("Expires", length.to_string())?.send()
    }

    fn do_message(&self, _: Request) -> Result {
        fail!("no room for {} texts", 2)
    }

    fn do_update(&self, request: Request) -> Result {
        panic!("there is no {}", request.header("Subject").unwrap_or("subject"))
    }

    fn do_ack(&self, request: Request) -> Result {
        assert_eq!(request.header("To"), Some("<sip:carol@example.com>"));
        KEPT.set(Some(request));
        Ok(())
    }

    fn do_bye(&self, _: Request) -> Result {
        let kept = KEPT.take().expect("do_ack kept it");
        assert_eq!(kept.header("To"), Some("<sip:carol@example.com>"), "it is still that message");
        assert_eq!(kept.set_header("Subject", "x"), Err(Error::StaleHandle));
        assert_eq!(kept.application_session().id(), Err(Error::StaleHandle));
        assert_eq!(kept.session().id(), Err(Error::StaleHandle));
        kept.create_response(200)?.send()
    }
}

#[test]
fn what_the_host_refuses_is_a_value_to_match() {
    assert_eq!(run::<Clumsy>("do-invite", INVITE).0, Ended::Done);
}

#[test]
fn the_errors_of_other_libraries_end_the_handler_with_their_text() {
    assert_eq!(run::<Clumsy>("do-info", INVITE).0, Ended::Failed("invalid digit found in string".into()));
    assert_eq!(run::<Clumsy>("do-message", INVITE).0, Ended::Failed("no room for 2 texts".into()));
}

#[test]
fn a_panic_ends_the_handler_with_its_text_and_gives_the_host_back() {
    let (ended, host) = run::<Clumsy>("do-update", INVITE);
    assert_eq!(ended, Ended::Panicked("there is no subject".into()));
    assert_eq!(host.messages.len(), 1);
}

#[test]
fn a_request_kept_beyond_its_turn_is_readable_and_good_for_nothing_else() {
    let instance = Instance::of::<Clumsy>([] as [(&str, &str); 0]).unwrap();
    let host =
        || FakeHost { messages: vec![crate::support::Msg::read(INVITE)], valid: true, ..FakeHost::default() };
    assert_eq!(instance.run("do-ack", Some(MessageId(0)), host()).0, Ended::Done);
    let (ended, second) = instance.run("do-bye", Some(MessageId(0)), host());
    assert_eq!(ended, Ended::Failed(Error::StaleHandle.to_string()));
    assert!(second.outbox.is_empty());
}

#[test]
fn a_handler_that_does_not_exist_is_said_to_be_none() {
    let (ended, _) = run::<Clumsy>("do-dance", INVITE);
    assert_eq!(ended, Ended::Failed("\"do-dance\" is no handler of a servlet".into()));
}

#[test]
fn init_parameters_say_what_is_wrong_with_them() {
    let config = Config::from_iter([("hours", "9x"), ("users", r#"{"bob": 1}"#)]);
    let text = |result: Result<u8>| result.unwrap_err().to_string();
    assert_eq!(text(config.parse("hours")), "init parameter `hours` = \"9x\": invalid digit found in string");
    assert_eq!(
        text(config.parse("limit")),
        "init parameter `limit` is missing: set it in [init-parameters] of the descriptor"
    );
    assert_eq!(config.parse_or("limit", 7), Ok(7));
    assert!(config.json::<Vec<String>>("users").unwrap_err().to_string().contains("expected a sequence"));
}
