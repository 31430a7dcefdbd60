//! Listeners (SIP Servlet 1.1 §6.1.2, §6.2.4, §6.3, §9): what a change calls for, in the same step and after its cause.
//!
//! A change of the working copy notes an event where the servlet listens. The container runs events as turns of their own
//! before the step goes on, so the guest is never entered again from inside one of its calls, and what a handler did is
//! committed or abandoned together with what its listeners did after it. `listener-turns` bounds them.

use std::sync::Arc;

use bytes::Bytes;

use crate::app::Handler;
use crate::report::Report;
use crate::session::expiry;
use crate::turn::SipKey;

use super::{Callback, WorkingCopy};

/// An attribute that has another value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeChange {
    /// Whose: a SIP session's, or (none) the application session's.
    pub session: Option<SipKey>,
    /// Its name.
    pub name: String,
    /// The value before; none: it was not there.
    pub old: Option<Bytes>,
    /// The value now; none: it was removed.
    pub new: Option<Bytes>,
}

impl WorkingCopy {
    fn listens(&self, handler: Handler) -> bool {
        self.application.handlers.has(handler)
    }

    /// Notes an event of a SIP session where the servlet listens.
    pub(crate) fn tell_session(&mut self, handler: Handler, sip: SipKey) {
        if self.listens(handler) {
            self.events.push(Callback::Session { handler, sip });
        }
    }

    /// The same of the application session. The root session of a deployment is nobody's call: its life is not told.
    pub(crate) fn tell_application_session(&mut self, handler: Handler) {
        if self.listens(handler) && !self.session.root {
            self.events.push(Callback::ApplicationSession { handler });
        }
    }

    /// True when a change of an attribute has to be told.
    pub(crate) fn listens_to_attributes(&self, session: Option<SipKey>) -> bool {
        self.listens(attribute_handler(session))
    }

    /// Notes that an attribute has another value.
    pub(crate) fn tell_attribute(&mut self, change: AttributeChange) {
        if self.listens_to_attributes(change.session) {
            self.events.push(Callback::Attribute { change: Arc::new(change) });
        }
    }

    /// A SIP session that was being made was refused: nothing of it is told.
    pub(crate) fn forget_events_of(&mut self, gone: SipKey) {
        self.events.retain(|event| !matches!(event, Callback::Session { sip, .. } if *sip == gone));
    }

    /// Takes the events out that were noted since they were taken out last.
    pub(crate) fn take_events(&mut self) -> Vec<Callback> {
        let mut events = std::mem::take(&mut self.events);
        let limit = self.application.descriptor.limits.listener_turns;
        let room = limit.saturating_sub(self.listener_turns);
        if events.len() > room {
            let dropped = events.len() - room;
            events.truncate(room);
            self.reports.push(Report::ListenersDropped { app: self.application.id.clone(), turns: dropped });
        }
        self.listener_turns += events.len();
        events
    }

    /// A SIP session is over for its application.
    pub(crate) fn invalidate_sip(&mut self, sip: SipKey) {
        let Some(session) = self.session.sip_mut(sip) else { return };
        if !session.valid {
            return;
        }
        session.end();
        self.tell_session(Handler::SessionDestroyed, sip);
    }

    /// The application session is over, and with it all its SIP sessions.
    pub(crate) fn invalidate_all(&mut self) {
        if !self.session.valid {
            return;
        }
        let sips: Vec<SipKey> = self.session.sips.iter().filter(|sip| sip.valid).map(|sip| sip.key).collect();
        self.session.end();
        for sip in sips {
            self.tell_session(Handler::SessionDestroyed, sip);
        }
        self.tell_application_session(Handler::ApplicationSessionDestroyed);
    }

    /// At the end of a step: what is ready to be invalidated is told so, once, and is invalidated if its listener lets it
    /// (SIP Servlet 1.1 §6.1.2.2, §6.2.4.1). Children first.
    pub(crate) fn settle_ready(&mut self) {
        let ready: Vec<SipKey> = self.session.ready_sips().collect();
        for sip in ready {
            if self.is_told_ready(Some(sip), Handler::SessionReadyToInvalidate) {
                self.invalidate_sip(sip);
            } else {
                self.tell_session(Handler::SessionReadyToInvalidate, sip);
            }
        }
        if self.events.is_empty() && self.session.is_ready_itself() {
            if self.is_told_ready(None, Handler::ApplicationSessionReadyToInvalidate) {
                self.invalidate_all();
            } else {
                self.tell_application_session(Handler::ApplicationSessionReadyToInvalidate);
            }
        }
    }

    /// True when there is nobody to tell, or it was told in this step; notes that it is told now.
    fn is_told_ready(&mut self, what: Option<SipKey>, handler: Handler) -> bool {
        if !self.listens(handler) || self.told_ready.contains(&what) {
            return true;
        }
        self.told_ready.push(what);
        false
    }

    /// The expiry of the application session was told, or there is nobody to tell: it is over, unless its lifetime was
    /// extended, or it is invalidated when ready and still in use; then it ends with its last dialog
    /// (SIP Servlet 1.1 §6.1.2).
    pub(crate) fn end_if_expired(&mut self) {
        if !self.session.valid || self.session.expires.is_none_or(|at| at > self.now) {
            return;
        }
        let in_use = self.session.sips.iter().any(|sip| sip.valid && !self.session.is_ready(sip));
        if in_use && self.session.invalidate_when_ready {
            self.session.expires = expiry(self.session.timeout_s, self.now);
            return;
        }
        self.end_all();
    }
}

pub(crate) const fn attribute_handler(session: Option<SipKey>) -> Handler {
    match session {
        Some(_) => Handler::SessionAttributeChanged,
        None => Handler::ApplicationSessionAttributeChanged,
    }
}
