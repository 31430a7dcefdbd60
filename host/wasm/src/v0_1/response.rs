//! The resource `response`.

use wasmtime::component::Resource;

use super::types::{Error, HostResponse, Peer, ViewResult};
use super::{ApplicationSession, Request, Response, SipSession, convert};
use crate::state::State;

type Answer<T> = Result<T, Error>;

impl HostResponse for State {
    fn view(&mut self, response: Resource<Response>) -> Answer<ViewResult> {
        let (turn, message) = self.message(response.rep())?;
        Ok(convert::view_answer(turn.flat(message)?))
    }

    fn is_committed(&mut self, response: Resource<Response>) -> Answer<bool> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.is_committed(message)?)
    }

    fn peer(&mut self, response: Resource<Response>) -> Answer<Option<Peer>> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.peer(message)?.map(convert::peer))
    }

    fn session(&mut self, response: Resource<Response>) -> Answer<Resource<SipSession>> {
        let (turn, message) = self.message(response.rep())?;
        let session = turn.session_of(message)?;
        Ok(self.session_handle(session)?)
    }

    fn application_session(&mut self, response: Resource<Response>) -> Answer<Resource<ApplicationSession>> {
        self.message(response.rep())?;
        Ok(self.application_session_handle()?)
    }

    fn request(&mut self, response: Resource<Response>) -> Answer<Resource<Request>> {
        self.handles.room()?;
        let (turn, message) = self.message(response.rep())?;
        let request = turn.request_of(message)?;
        Ok(self.request_handle(request)?)
    }

    fn create_prack(&mut self, response: Resource<Response>) -> Answer<Resource<Request>> {
        self.handles.room()?;
        let (turn, response) = self.message(response.rep())?;
        let prack = turn.create_prack(response)?;
        Ok(self.request_handle(prack)?)
    }

    fn send_reliably(&mut self, response: Resource<Response>) -> Answer<()> {
        let (turn, response) = self.message(response.rep())?;
        Ok(turn.send_reliably(response)?)
    }

    fn create_ack(&mut self, response: Resource<Response>) -> Answer<Resource<Request>> {
        self.handles.room()?;
        let (turn, message) = self.message(response.rep())?;
        let ack = turn.create_ack(message)?;
        Ok(self.request_handle(ack)?)
    }

    fn set_header(&mut self, response: Resource<Response>, name: String, value: Vec<u8>) -> Answer<()> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.set_header(message, &name, &value)?)
    }

    fn add_header(&mut self, response: Resource<Response>, name: String, value: Vec<u8>) -> Answer<()> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.add_header(message, &name, &value)?)
    }

    fn remove_header(&mut self, response: Resource<Response>, name: String) -> Answer<()> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.remove_header(message, &name)?)
    }

    fn set_content(
        &mut self,
        response: Resource<Response>,
        content_type: String,
        content: Vec<u8>,
    ) -> Answer<()> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.set_content(message, &content_type, &content)?)
    }

    fn send(&mut self, response: Resource<Response>) -> Answer<()> {
        let (turn, message) = self.message(response.rep())?;
        Ok(turn.send(message)?)
    }

    fn drop(&mut self, _: Resource<Response>) -> wasmtime::Result<()> {
        self.handles.dropped();
        Ok(())
    }
}
