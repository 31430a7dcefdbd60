//! Sessions and their attributes.

use serde::{Deserialize, Serialize};
use siplet::native::{Ended, Instance};
use siplet::prelude::*;

use crate::support::{FakeHost, INVITE, run};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Mood {
    level: u8,
}

const COUNT: Attribute<u32> = Attribute::new("count");
const MOOD: Attribute<Mood> = Attribute::new("mood");
const COUNT_AS_TEXT: Attribute<String> = Attribute::new("count");

struct Rememberer;

#[servlet]
impl Servlet for Rememberer {
    fn do_invite(&self, request: Request) -> Result {
        let (session, application) = (request.session(), request.application_session());
        assert_eq!(session.get(COUNT)?, None);
        session.set(COUNT, &1)?;
        application.set(COUNT, &2)?;
        application.set(MOOD, &Mood { level: 7 })?;
        assert_eq!((session.get(COUNT)?, application.get(COUNT)?), (Some(1), Some(2)));
        assert_eq!(application.get(MOOD)?, Some(Mood { level: 7 }));
        assert_eq!(application.attribute_names()?, ["count", "mood"]);
        application.remove(MOOD)?;
        assert_eq!(application.get(MOOD)?, None);
        assert_eq!((session.id()?, application.id()?), ("session-0".into(), "application-1".into()));
        assert_eq!(application.sessions()?[0].state()?, SessionState::Early);
        assert_eq!(Address::parse(&session.local_party()?)?.tag(), Some("c1"));
        assert!(session.remote_party()?.contains('\u{fffd}'));
        assert_eq!(application.expires_at()?, Some(siplet::now() + Duration::from_secs(180)));
        Ok(())
    }

    fn do_info(&self, request: Request) -> Result {
        request.session().set(COUNT, &1)?;
        request.session().get(COUNT_AS_TEXT)?;
        Ok(())
    }

    fn do_bye(&self, request: Request) -> Result {
        request.application_session().invalidate()?;
        assert!(!request.session().is_valid()?);
        request.session().set(COUNT, &1)
    }

    fn servlet_initialized(&self, application_session: ApplicationSession) -> Result {
        application_session.set(COUNT, &3)
    }
}

// jsr289: SipServletMessage.getSession(); SipServletMessage.getApplicationSession()
// jsr289: SipApplicationSession.getAttribute(String); SipSession.getAttribute(String)
// jsr289: SipApplicationSession.setAttribute(String, Object); SipSession.setAttribute(String, Object)
// jsr289: SipApplicationSession.removeAttribute(String); SipApplicationSession.getAttributeNames()
// jsr289: SipSession.getId(); SipSession.getState(); SipSession.getLocalParty(); SipSession.getRemoteParty()
// jsr289: SipApplicationSession.getId(); SipApplicationSession.getSessions()
// jsr289: SipApplicationSession.getExpirationTime(); SipFactory.createAddress(String)
#[test]
fn attributes_are_typed_and_stored_as_json() {
    let (ended, host) = run::<Rememberer>("do-invite", INVITE);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.attributes[&(true, "count".to_owned())], b"2");
}

#[test]
fn an_attribute_of_another_type_is_an_error_that_names_it() {
    let (ended, _) = run::<Rememberer>("do-info", INVITE);
    let Ended::Failed(text) = ended else { panic!("{ended:?}") };
    assert!(text.starts_with("attribute \"count\": invalid type: integer `1`, expected a string"), "{text}");
}

// jsr289: SipSession.isValid(); SipApplicationSession.invalidate()
#[test]
fn an_invalidated_session_refuses_attributes() {
    assert_eq!(run::<Rememberer>("do-bye", INVITE).0, Ended::Failed("the session was invalidated".into()));
}

// jsr289: SipServletListener.servletInitialized(SipServletContextEvent); SipServletContextEvent.getSipServlet()
#[test]
fn servlet_initialized_has_an_application_session_and_no_message() {
    let instance = Instance::of::<Rememberer>([("unused", "1")]).unwrap();
    let host = FakeHost { valid: true, ..FakeHost::default() };
    let (ended, host) = instance.run("servlet-initialized", None, host);
    assert_eq!(ended, Ended::Done);
    assert_eq!(host.attributes[&(true, "count".to_owned())], b"3");
}
