//! What an application remembers of a call.

use std::fmt::Debug;
use std::rc::Rc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use siplet_test_protocol::Session as Live;

use crate::core::Core;

/// Something that belongs to a call: [`Call`](crate::Call), [`Incoming`](crate::Incoming).
pub trait OfCall {
    /// Its Call-ID.
    fn call_id(&self) -> String;
}

/// An application session as its last turn left it.
pub struct Session {
    core: Rc<Core>,
    live: Live,
    call_id: String,
}

impl Session {
    pub(crate) const fn new(core: Rc<Core>, live: Live, call_id: String) -> Self {
        Self { core, live, call_id }
    }

    /// Name of its application.
    #[must_use]
    pub fn application(&self) -> &str {
        &self.live.application
    }

    /// How long it lives on when nothing happens; none: for ever.
    #[must_use]
    pub fn expires_in(&self) -> Option<Duration> {
        self.live.expires_in_us.map(Duration::from_micros)
    }

    /// `early`, `confirmed`, `terminated` or `initial`: the state of the call's dialog.
    #[must_use]
    pub fn state(&self) -> &str {
        let sip = self.live.sip_sessions.iter().find(|sip| sip.call_id == self.call_id);
        sip.map_or("terminated", |sip| &sip.state)
    }

    /// An attribute, of the call's SIP session or else of the application session; none when it was never set.
    ///
    /// Its type is the one that the servlet set: `Attribute<Decision>` is read as a `Decision`.
    #[must_use]
    #[track_caller]
    pub fn attribute<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let text = self.text(name)?;
        match serde_json::from_str(text) {
            Ok(value) => Some(value),
            Err(why) => {
                self.core.fail(&format!("the attribute `{name}` is {text}, which is another type: {why}"))
            }
        }
    }

    /// An attribute has this value.
    #[track_caller]
    pub fn expect_attribute(&self, name: &str, value: impl Serialize + Debug) -> &Self {
        let wanted = serde_json::to_value(&value).unwrap_or_default();
        let found = self.text(name).map(|text| {
            serde_json::from_str(text).unwrap_or_else(|_| serde_json::Value::from(text.as_str()))
        });
        match found {
            Some(found) if found == wanted => self,
            Some(found) => {
                self.core.fail(&format!("expected the attribute `{name}` to be {wanted}, and it is {found}"))
            }
            None => {
                let names = self.names();
                let names =
                    if names.is_empty() { "there are none".to_owned() } else { format!("there are {names}") };
                self.core.fail(&format!(
                    "expected the attribute `{name}` to be {wanted}, and it is not there; {names}"
                ))
            }
        }
    }

    fn text(&self, name: &str) -> Option<&String> {
        let sip = self.live.sip_sessions.iter().find(|sip| sip.call_id == self.call_id);
        sip.and_then(|sip| sip.attributes.get(name)).or_else(|| self.live.attributes.get(name))
    }

    fn names(&self) -> String {
        let sips = self.live.sip_sessions.iter().flat_map(|sip| sip.attributes.keys());
        let names: Vec<&str> = self.live.attributes.keys().chain(sips).map(String::as_str).collect();
        names.join(", ")
    }
}
