//! Calls of the optional interfaces: what happens to sessions, timers and the application itself.

use siplet_container::app::Handler;
use siplet_container::turn::{AttributeChange, Callback, SipKey};
use wasmtime::component::Resource;

use super::{Called, Instance};
use crate::handles::Object;
use crate::v0_1::{ApplicationSession, SipSession, convert};

impl Instance {
    fn lend_application_session(&mut self) -> Resource<ApplicationSession> {
        Resource::new_borrow(self.store.data_mut().handles.lend(Object::ApplicationSession))
    }

    fn lend_session(&mut self, session: SipKey) -> Resource<SipSession> {
        Resource::new_borrow(self.store.data_mut().handles.lend(Object::Session(session)))
    }

    /// Calls the handler of an optional interface. `from`: the version that an upgrade comes from.
    pub(super) fn listener(&mut self, callback: Callback, from: &str) -> Called {
        match callback {
            Callback::ServletInitialized => {
                let session = self.lend_application_session();
                match &self.guest.lifecycle {
                    Some(guest) => guest.call_servlet_initialized(&mut self.store, session),
                    None => Ok(Ok(())),
                }
            }
            Callback::Upgrade => {
                let session = self.lend_application_session();
                match &self.guest.upgrade {
                    Some(guest) => guest.call_upgrade(&mut self.store, from, session),
                    None => wasmtime::bail!("it exports no upgrade"),
                }
            }
            Callback::Timeout { timer } => {
                let session = self.lend_application_session();
                match &self.guest.timer_listener {
                    Some(guest) => guest.call_timeout(&mut self.store, &convert::timer(&timer), session),
                    None => wasmtime::bail!("it exports no timer-listener"),
                }
            }
            Callback::Session { handler, session } => self.session_listener(handler, session),
            Callback::ApplicationSession { handler } => self.application_session_listener(handler),
            Callback::AttributeChanged { change } => self.attribute_listener(&change),
            Callback::Request { .. }
            | Callback::Response { .. }
            | Callback::NoAckReceived { .. }
            | Callback::NoPrackReceived { .. } => {
                wasmtime::bail!("a message has a handler of its own")
            }
        }
    }

    fn session_listener(&mut self, handler: Handler, session: SipKey) -> Called {
        let session = self.lend_session(session);
        let Some(guest) = &self.guest.session_listener else {
            wasmtime::bail!("it exports no session-listener")
        };
        let store = &mut self.store;
        if handler == Handler::SessionCreated {
            guest.call_session_created(store, session)
        } else if handler == Handler::SessionReadyToInvalidate {
            guest.call_session_ready_to_invalidate(store, session)
        } else if handler == Handler::SessionDestroyed {
            guest.call_session_destroyed(store, session)
        } else {
            wasmtime::bail!("{} is no handler of session-listener", handler.name())
        }
    }

    fn application_session_listener(&mut self, handler: Handler) -> Called {
        let session = self.lend_application_session();
        let (guest, store) = (&self.guest, &mut self.store);
        if handler == Handler::ApplicationSessionDidActivate {
            let Some(guest) = &guest.activation_listener else {
                wasmtime::bail!("it exports no activation-listener")
            };
            return guest.call_application_session_did_activate(store, session);
        }
        let Some(guest) = &guest.application_session_listener else {
            wasmtime::bail!("it exports no application-session-listener")
        };
        if handler == Handler::ApplicationSessionCreated {
            guest.call_application_session_created(store, session)
        } else if handler == Handler::ApplicationSessionExpired {
            guest.call_application_session_expired(store, session)
        } else if handler == Handler::ApplicationSessionReadyToInvalidate {
            guest.call_application_session_ready_to_invalidate(store, session)
        } else if handler == Handler::ApplicationSessionDestroyed {
            guest.call_application_session_destroyed(store, session)
        } else {
            wasmtime::bail!("{} is no handler of application-session-listener", handler.name())
        }
    }

    fn attribute_listener(&mut self, change: &AttributeChange) -> Called {
        let (old, new) = (change.old.as_deref(), change.new.as_deref());
        match change.session {
            Some(session) => {
                let session = self.lend_session(session);
                let Some(guest) = &self.guest.attribute_listener else {
                    wasmtime::bail!("it exports no attribute-listener")
                };
                guest.call_session_attribute_changed(&mut self.store, session, &change.name, old, new)
            }
            None => {
                let session = self.lend_application_session();
                let Some(guest) = &self.guest.attribute_listener else {
                    wasmtime::bail!("it exports no attribute-listener")
                };
                guest.call_application_session_attribute_changed(
                    &mut self.store,
                    session,
                    &change.name,
                    old,
                    new,
                )
            }
        }
    }
}
