//! The resource `application-session`.

use std::time::Duration;

use siplet_container::turn::Scope;
use wasmtime::component::Resource;

use super::types::{Error, HostApplicationSession, Repeat, ServletTimer};
use super::{ApplicationSession, Request, SipSession, convert};
use crate::state::State;

type Answer<T> = Result<T, Error>;

impl HostApplicationSession for State {
    fn id(&mut self, session: Resource<ApplicationSession>) -> Answer<String> {
        Ok(self.application_session(session.rep())?.application_session_id())
    }

    fn is_valid(&mut self, session: Resource<ApplicationSession>) -> Answer<bool> {
        Ok(self.application_session(session.rep())?.application_session_is_valid())
    }

    fn sessions(&mut self, session: Resource<ApplicationSession>) -> Answer<Vec<Resource<SipSession>>> {
        let sessions = self.application_session(session.rep())?.sessions();
        // All or none: a list that ends early would hold handles that the guest never sees and cannot drop.
        self.handles.room_for(sessions.len())?;
        let mut handles = Vec::with_capacity(sessions.len());
        for session in sessions {
            handles.push(self.session_handle(session)?);
        }
        Ok(handles)
    }

    fn create_request(
        &mut self,
        session: Resource<ApplicationSession>,
        method: String,
        from: String,
        to: String,
    ) -> Answer<Resource<Request>> {
        self.handles.room()?;
        let request = self.application_session(session.rep())?.create_initial_request(&method, &from, &to)?;
        Ok(self.request_handle(request)?)
    }

    fn get_attribute(
        &mut self,
        session: Resource<ApplicationSession>,
        name: String,
    ) -> Answer<Option<Vec<u8>>> {
        let turn = self.application_session(session.rep())?;
        Ok(turn.attribute(Scope::Application, &name)?.map(Vec::from))
    }

    fn set_attribute(
        &mut self,
        session: Resource<ApplicationSession>,
        name: String,
        value: Vec<u8>,
    ) -> Answer<()> {
        Ok(self.application_session(session.rep())?.set_attribute(Scope::Application, &name, &value)?)
    }

    fn remove_attribute(&mut self, session: Resource<ApplicationSession>, name: String) -> Answer<()> {
        Ok(self.application_session(session.rep())?.remove_attribute(Scope::Application, &name)?)
    }

    fn attribute_names(&mut self, session: Resource<ApplicationSession>) -> Answer<Vec<String>> {
        Ok(self.application_session(session.rep())?.attribute_names(Scope::Application)?)
    }

    fn expires_at(&mut self, session: Resource<ApplicationSession>) -> Answer<Option<u64>> {
        Ok(self.application_session(session.rep())?.expires_at()?)
    }

    fn set_expires(&mut self, session: Resource<ApplicationSession>, seconds: u32) -> Answer<()> {
        Ok(self.application_session(session.rep())?.set_expires(seconds)?)
    }

    fn create_timer(
        &mut self,
        session: Resource<ApplicationSession>,
        delay_ms: u64,
        repeat: Repeat,
        persistent: bool,
        payload: Vec<u8>,
    ) -> Answer<String> {
        let turn = self.application_session(session.rep())?;
        let delay = Duration::from_millis(delay_ms);
        Ok(turn.create_timer(delay, convert::repeat(repeat), persistent, &payload)?)
    }

    fn timers(&mut self, session: Resource<ApplicationSession>) -> Answer<Vec<ServletTimer>> {
        let timers = self.application_session(session.rep())?.timers();
        Ok(timers.iter().map(convert::timer).collect())
    }

    fn timer(&mut self, session: Resource<ApplicationSession>, id: String) -> Answer<Option<ServletTimer>> {
        Ok(self.application_session(session.rep())?.timer(&id).as_ref().map(convert::timer))
    }

    fn cancel_timer(&mut self, session: Resource<ApplicationSession>, id: String) -> Answer<bool> {
        Ok(self.application_session(session.rep())?.cancel_timer(&id))
    }

    fn invalidate(&mut self, session: Resource<ApplicationSession>) -> Answer<()> {
        Ok(self.application_session(session.rep())?.invalidate_application_session()?)
    }

    fn invalidate_when_ready(&mut self, session: Resource<ApplicationSession>) -> Answer<bool> {
        Ok(self.application_session(session.rep())?.invalidate_when_ready(Scope::Application)?)
    }

    fn set_invalidate_when_ready(&mut self, session: Resource<ApplicationSession>, on: bool) -> Answer<()> {
        Ok(self.application_session(session.rep())?.set_invalidate_when_ready(Scope::Application, on)?)
    }

    fn drop(&mut self, _: Resource<ApplicationSession>) -> wasmtime::Result<()> {
        self.handles.dropped();
        Ok(())
    }
}
