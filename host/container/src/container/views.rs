//! Live sessions as values, with all attributes, for tests.

use bytes::Bytes;
use siplet_sip::time::Time;

use crate::app::AppId;
use crate::io::Key;
use crate::names::Kind;
use crate::session::attributes::Attributes;
use crate::turn::SessionState;

use super::Container;

/// An application session as its last commit left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionView {
    /// Its key.
    pub key: Key,
    /// Its id as applications see it.
    pub id: String,
    /// Whose it is.
    pub app: AppId,
    /// The application's root session: it lives as long as the deployment.
    pub root: bool,
    /// When it expires; none: never.
    pub expires: Option<Time>,
    /// Names and values of its attributes, sorted by name.
    pub attributes: Vec<(String, Bytes)>,
    /// Its SIP sessions, oldest first.
    pub sips: Vec<SipView>,
}

/// A SIP session of a [`SessionView`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipView {
    /// Its Call-ID.
    pub call_id: String,
    /// The state of its dialog.
    pub state: SessionState,
    /// Names and values of its attributes, sorted by name.
    pub attributes: Vec<(String, Bytes)>,
}

impl Container {
    /// The application sessions that live now and are valid, by key.
    #[must_use]
    pub fn sessions(&self) -> Vec<SessionView> {
        let slots = self.slots.sorted_keys().into_iter().filter_map(|key| self.slots.get(&key));
        slots
            .map(|slot| &slot.live)
            .filter(|session| session.valid)
            .map(|session| SessionView {
                key: session.key,
                id: self.shared.minter.mint(Kind::ApplicationSession, session.key, 0),
                app: session.app.clone(),
                root: session.root,
                expires: session.expires,
                attributes: values(&session.attributes),
                sips: session
                    .sips
                    .iter()
                    .filter(|sip| sip.valid)
                    .map(|sip| SipView {
                        call_id: String::from_utf8_lossy(&sip.call_id).into_owned(),
                        state: sip.state,
                        attributes: values(&sip.attributes),
                    })
                    .collect(),
            })
            .collect()
    }
}

fn values(attributes: &Attributes) -> Vec<(String, Bytes)> {
    attributes.iter().map(|(name, value)| (name.to_owned(), value.clone())).collect()
}
