//! What a handler may do to sessions: state, attributes, expiry, invalidation. SIP Servlet 1.1 §6.

use bytes::Bytes;

use crate::names::Kind;
use crate::session::attributes::Attributes;
use crate::session::expiry;
use crate::session::sip::SipSession;

use super::{AttributeChange, Misuse, Scope, SessionState, SipKey, Turn};

/// Longest name of an attribute, octets.
pub const ATTRIBUTE_NAME_BYTES: usize = 255;

impl Turn {
    fn sip(&self, sip: SipKey) -> Result<&SipSession, Misuse> {
        self.copy.session.sip(sip).ok_or(Misuse::StaleHandle)
    }

    fn valid_sip_mut(&mut self, sip: SipKey) -> Result<&mut SipSession, Misuse> {
        let session = self.copy.session.sip_mut(sip).ok_or(Misuse::StaleHandle)?;
        if session.valid { Ok(session) } else { Err(Misuse::InvalidSession) }
    }

    fn check_valid(&self) -> Result<(), Misuse> {
        if self.copy.session.valid { Ok(()) } else { Err(Misuse::InvalidSession) }
    }

    /// The valid SIP sessions of the application session, oldest first.
    #[must_use]
    pub fn sessions(&self) -> Vec<SipKey> {
        self.copy.session.sips.iter().filter(|sip| sip.valid).map(|sip| sip.key).collect()
    }

    /// The session's id; unique for ever.
    pub fn session_id(&self, sip: SipKey) -> Result<String, Misuse> {
        Ok(self.copy.mint(Kind::SipSession, self.sip(sip)?.key.0))
    }

    /// False once the session was invalidated.
    #[must_use]
    pub fn session_is_valid(&self, sip: SipKey) -> bool {
        self.copy.session.sip(sip).is_some_and(|session| session.valid)
    }

    /// The session's state; readable also after invalidation, inside the turn.
    pub fn session_state(&self, sip: SipKey) -> Result<SessionState, Misuse> {
        Ok(self.sip(sip)?.state)
    }

    /// The Call-ID.
    pub fn session_call_id(&self, sip: SipKey) -> Result<String, Misuse> {
        Ok(String::from_utf8_lossy(&self.sip(sip)?.call_id).into_owned())
    }

    /// Our own side's address with its tag.
    pub fn local_party(&self, sip: SipKey) -> Result<Vec<u8>, Misuse> {
        Ok(self.sip(sip)?.local_party_with_tag())
    }

    /// The peer's address, with its tag where it is known.
    pub fn remote_party(&self, sip: SipKey) -> Result<Vec<u8>, Misuse> {
        Ok(self.sip(sip)?.remote_party.to_vec())
    }

    /// Ends a SIP session now; the peer gets what it is owed.
    pub fn invalidate_session(&mut self, sip: SipKey) -> Result<(), Misuse> {
        self.valid_sip_mut(sip)?;
        self.copy.end_with_what_is_owed(sip);
        self.copy.invalidate_sip(sip);
        Ok(())
    }

    /// Whether the session is invalidated by itself once nothing more is due in it.
    pub fn invalidate_when_ready(&self, scope: Scope) -> Result<bool, Misuse> {
        match scope {
            Scope::Application => Ok(self.copy.session.invalidate_when_ready),
            Scope::Session(sip) => Ok(self.sip(sip)?.invalidate_when_ready),
        }
    }

    /// Sets whether the session is invalidated by itself.
    pub fn set_invalidate_when_ready(&mut self, scope: Scope, on: bool) -> Result<(), Misuse> {
        match scope {
            Scope::Application => {
                self.check_valid()?;
                self.copy.session.invalidate_when_ready = on;
                self.copy.session.dirty = true;
            }
            Scope::Session(sip) => self.valid_sip_mut(sip)?.invalidate_when_ready = on,
        }
        Ok(())
    }

    /// The application session's id; unique for ever.
    #[must_use]
    pub fn application_session_id(&self) -> String {
        self.copy.mint(Kind::ApplicationSession, 0)
    }

    /// False once the application session was invalidated.
    #[must_use]
    pub const fn application_session_is_valid(&self) -> bool {
        self.copy.session.valid
    }

    /// When the application session expires, milliseconds since the Unix epoch; none: never.
    pub fn expires_at(&self) -> Result<Option<u64>, Misuse> {
        self.check_valid()?;
        Ok(self.copy.session.expires.map(siplet_sip::time::Time::as_millis))
    }

    /// Lets the application session expire so many seconds from now; 0: never.
    pub fn set_expires(&mut self, seconds: u32) -> Result<(), Misuse> {
        self.check_valid()?;
        self.copy.session.timeout_s = seconds;
        self.copy.session.expires = expiry(seconds, self.copy.now);
        self.copy.session.dirty = true;
        Ok(())
    }

    /// Ends the application session and all its SIP sessions; the peers get what they are owed.
    pub fn invalidate_application_session(&mut self) -> Result<(), Misuse> {
        self.check_valid()?;
        self.copy.end_all();
        Ok(())
    }

    /// Also those of a session that was invalidated: they stay readable until the step is committed.
    fn attributes(&self, scope: Scope) -> Result<&Attributes, Misuse> {
        match scope {
            Scope::Application => Ok(&self.copy.session.attributes),
            Scope::Session(sip) => Ok(&self.sip(sip)?.attributes),
        }
    }

    fn attributes_mut(&mut self, scope: Scope) -> Result<&mut Attributes, Misuse> {
        match scope {
            Scope::Application => {
                self.check_valid()?;
                self.copy.session.dirty = true;
                Ok(&mut self.copy.session.attributes)
            }
            Scope::Session(sip) => Ok(&mut self.valid_sip_mut(sip)?.attributes),
        }
    }

    /// The value of an attribute as it was set.
    pub fn attribute(&self, scope: Scope, name: &str) -> Result<Option<Bytes>, Misuse> {
        Ok(self.attributes(scope)?.get(name).cloned())
    }

    /// Sets an attribute. The value is copied; `attribute-bytes` bounds all attributes and timer payloads of the
    /// application session. Listeners are told when it is another value than before.
    pub fn set_attribute(&mut self, scope: Scope, name: &str, value: &[u8]) -> Result<(), Misuse> {
        if name.len() > ATTRIBUTE_NAME_BYTES {
            return Err(Misuse::Limit("attribute-name-bytes"));
        }
        let attributes = self.attributes(scope)?;
        let others = self.copy.session.kept_bytes() - attributes.bytes();
        if others.saturating_add(attributes.bytes_with(name, value))
            > self.copy.application.descriptor.limits.attribute_bytes
        {
            return Err(Misuse::Limit("attribute-bytes"));
        }
        let old = self.old_value(scope, name);
        if self.attributes_mut(scope)?.set(name, value) {
            let new = self.attributes(scope)?.get(name).cloned();
            self.tell_attribute(scope, name, old, new);
        }
        Ok(())
    }

    /// Removes an attribute; none is not an error.
    pub fn remove_attribute(&mut self, scope: Scope, name: &str) -> Result<(), Misuse> {
        let old = self.old_value(scope, name);
        if self.attributes_mut(scope)?.remove(name) {
            self.tell_attribute(scope, name, old, None);
        }
        Ok(())
    }

    /// The value before a change, where a listener wants to know it.
    fn old_value(&self, scope: Scope, name: &str) -> Option<Bytes> {
        let listens = self.copy.listens_to_attributes(scope.session());
        if listens { self.attributes(scope).ok()?.get(name).cloned() } else { None }
    }

    fn tell_attribute(&mut self, scope: Scope, name: &str, old: Option<Bytes>, new: Option<Bytes>) {
        let session = scope.session();
        if self.copy.listens_to_attributes(session) {
            self.copy.tell_attribute(AttributeChange { session, name: name.to_owned(), old, new });
        }
    }

    /// Names of all attributes, sorted.
    pub fn attribute_names(&self, scope: Scope) -> Result<Vec<String>, Misuse> {
        Ok(self.attributes(scope)?.iter().map(|(name, _)| name.to_owned()).collect())
    }
}
