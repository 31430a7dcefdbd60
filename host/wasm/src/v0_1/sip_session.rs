//! The resource `sip-session`.

use siplet_container::turn::Scope;
use wasmtime::component::Resource;

use super::types::{Error, HostSipSession, SessionState};
use super::{ApplicationSession, Request, SipSession, convert};
use crate::state::State;

type Answer<T> = Result<T, Error>;

impl HostSipSession for State {
    fn id(&mut self, session: Resource<SipSession>) -> Answer<String> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.session_id(session)?)
    }

    fn is_valid(&mut self, session: Resource<SipSession>) -> Answer<bool> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.session_is_valid(session))
    }

    fn state(&mut self, session: Resource<SipSession>) -> Answer<SessionState> {
        let (turn, session) = self.session(session.rep())?;
        Ok(convert::session_state(turn.session_state(session)?))
    }

    fn call_id(&mut self, session: Resource<SipSession>) -> Answer<String> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.session_call_id(session)?)
    }

    fn local_party(&mut self, session: Resource<SipSession>) -> Answer<Vec<u8>> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.local_party(session)?)
    }

    fn remote_party(&mut self, session: Resource<SipSession>) -> Answer<Vec<u8>> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.remote_party(session)?)
    }

    fn application_session(&mut self, session: Resource<SipSession>) -> Answer<Resource<ApplicationSession>> {
        self.session(session.rep())?;
        Ok(self.application_session_handle()?)
    }

    fn create_request(&mut self, session: Resource<SipSession>, method: String) -> Answer<Resource<Request>> {
        self.handles.room()?;
        let (turn, session) = self.session(session.rep())?;
        let request = turn.create_request(session, &method)?;
        Ok(self.request_handle(request)?)
    }

    fn pending_requests(&mut self, session: Resource<SipSession>) -> Answer<Vec<Resource<Request>>> {
        let (turn, session) = self.session(session.rep())?;
        let requests = turn.pending_requests(session)?;
        // All or none: a list that ends early would hold handles that the guest never sees and cannot drop.
        self.handles.room_for(requests.len())?;
        let mut handles = Vec::with_capacity(requests.len());
        for request in requests {
            handles.push(self.request_handle(request)?);
        }
        Ok(handles)
    }

    fn get_attribute(&mut self, session: Resource<SipSession>, name: String) -> Answer<Option<Vec<u8>>> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.attribute(Scope::Session(session), &name)?.map(Vec::from))
    }

    fn set_attribute(&mut self, session: Resource<SipSession>, name: String, value: Vec<u8>) -> Answer<()> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.set_attribute(Scope::Session(session), &name, &value)?)
    }

    fn remove_attribute(&mut self, session: Resource<SipSession>, name: String) -> Answer<()> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.remove_attribute(Scope::Session(session), &name)?)
    }

    fn attribute_names(&mut self, session: Resource<SipSession>) -> Answer<Vec<String>> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.attribute_names(Scope::Session(session))?)
    }

    fn invalidate(&mut self, session: Resource<SipSession>) -> Answer<()> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.invalidate_session(session)?)
    }

    fn invalidate_when_ready(&mut self, session: Resource<SipSession>) -> Answer<bool> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.invalidate_when_ready(Scope::Session(session))?)
    }

    fn set_invalidate_when_ready(&mut self, session: Resource<SipSession>, on: bool) -> Answer<()> {
        let (turn, session) = self.session(session.rep())?;
        Ok(turn.set_invalidate_when_ready(Scope::Session(session), on)?)
    }

    fn drop(&mut self, _: Resource<SipSession>) -> wasmtime::Result<()> {
        self.handles.dropped();
        Ok(())
    }
}
