//! The resource `request`.

use wasmtime::component::Resource;

use super::types::{Error, HostRequest, Peer, ViewResult};
use super::{ApplicationSession, Request, Response, SipSession, convert};
use crate::state::State;

type Answer<T> = Result<T, Error>;

impl HostRequest for State {
    fn view(&mut self, request: Resource<Request>) -> Answer<ViewResult> {
        let (turn, message) = self.message(request.rep())?;
        Ok(convert::view_answer(turn.flat(message)?))
    }

    fn is_initial(&mut self, request: Resource<Request>) -> Answer<bool> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.is_initial(message)?)
    }

    fn is_committed(&mut self, request: Resource<Request>) -> Answer<bool> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.is_committed(message)?)
    }

    fn peer(&mut self, request: Resource<Request>) -> Answer<Option<Peer>> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.peer(message)?.map(convert::peer))
    }

    fn session(&mut self, request: Resource<Request>) -> Answer<Resource<SipSession>> {
        let (turn, message) = self.message(request.rep())?;
        let session = turn.session_of(message)?;
        Ok(self.session_handle(session)?)
    }

    fn application_session(&mut self, request: Resource<Request>) -> Answer<Resource<ApplicationSession>> {
        self.message(request.rep())?;
        Ok(self.application_session_handle()?)
    }

    fn create_response(
        &mut self,
        request: Resource<Request>,
        status: u16,
        reason: Option<String>,
    ) -> Answer<Resource<Response>> {
        self.handles.room()?;
        let (turn, message) = self.message(request.rep())?;
        let response = turn.create_response(message, status, reason.as_deref())?;
        Ok(self.response_handle(response)?)
    }

    fn create_cancel(&mut self, request: Resource<Request>) -> Answer<Resource<Request>> {
        self.handles.room()?;
        let (turn, message) = self.message(request.rep())?;
        let cancel = turn.create_cancel(message)?;
        Ok(self.request_handle(cancel)?)
    }

    fn set_header(&mut self, request: Resource<Request>, name: String, value: Vec<u8>) -> Answer<()> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.set_header(message, &name, &value)?)
    }

    fn add_header(&mut self, request: Resource<Request>, name: String, value: Vec<u8>) -> Answer<()> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.add_header(message, &name, &value)?)
    }

    fn remove_header(&mut self, request: Resource<Request>, name: String) -> Answer<()> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.remove_header(message, &name)?)
    }

    fn set_request_uri(&mut self, request: Resource<Request>, uri: Vec<u8>) -> Answer<()> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.set_request_uri(message, &uri)?)
    }

    fn set_content(
        &mut self,
        request: Resource<Request>,
        content_type: String,
        content: Vec<u8>,
    ) -> Answer<()> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.set_content(message, &content_type, &content)?)
    }

    fn send(&mut self, request: Resource<Request>) -> Answer<()> {
        let (turn, message) = self.message(request.rep())?;
        Ok(turn.send(message)?)
    }

    fn drop(&mut self, _: Resource<Request>) -> wasmtime::Result<()> {
        self.handles.dropped();
        Ok(())
    }
}
