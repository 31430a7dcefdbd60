//! Which application sessions are watched.

use serde::{Deserialize, Serialize};
use siplet_sip::address::NameAddr;

use crate::app::Application;
use crate::names::Minter;

/// Watches at a time; more are refused.
pub const WATCHES: usize = 16;

/// A wish to see the steps of some sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Watch {
    /// Which sessions.
    pub filter: Filter,
    /// Most sessions that it takes in; when they are full it takes no more.
    pub sessions: usize,
    /// True: sessions that live already are taken in too, and their records begin with a snapshot.
    pub living: bool,
}

impl Default for Watch {
    /// Every session from now on, without an end.
    fn default() -> Self {
        Self { filter: Filter::default(), sessions: usize::MAX, living: false }
    }
}

/// Which sessions a watch takes in: those that fit everything that is told here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Filter {
    /// Name of the application.
    pub application: Option<String>,
    /// Call-ID of the request that the session began with, or of a SIP session in it.
    pub call_id: Option<String>,
    /// User part of the From of that request.
    pub caller_user: Option<String>,
    /// Host of the From of that request, in whatever case.
    pub caller_host: Option<String>,
    /// Digest of the version of the application that the session is with when it is taken in.
    pub version: Option<u64>,
    /// Percent of the calls, 0 to 100, told by the Call-ID: the same calls on every shard.
    pub share: Option<u8>,
}

impl Filter {
    /// A filter by caller: `sip:user@host`, `user@host`, `user`, or `@host`.
    #[must_use]
    pub fn by_caller(mut self, caller: &str) -> Self {
        let caller = caller.trim_start_matches("sips:").trim_start_matches("sip:").trim_start_matches("tel:");
        let (user, host) = caller.split_once('@').unwrap_or((caller, ""));
        let told = |part: &str| (!part.is_empty()).then(|| part.to_owned());
        (self.caller_user, self.caller_host) = (told(user), told(host));
        self
    }

    /// Whether an application's session with such a From and Call-ID is meant. Root sessions have neither.
    pub(crate) fn fits<'a>(
        &self,
        application: &Application,
        minter: &Minter,
        mut parties: impl Iterator<Item = (&'a [u8], &'a [u8])>,
    ) -> bool {
        let Self { application: name, call_id, caller_user, caller_host, version, share } = self;
        if name.as_ref().is_some_and(|name| **name != *application.id.name)
            || version.is_some_and(|version| version != application.id.digest)
        {
            return false;
        }
        let asks_party =
            call_id.is_some() || caller_user.is_some() || caller_host.is_some() || share.is_some();
        !asks_party || parties.any(|(from, call_id)| self.fits_party(minter, from, call_id))
    }

    fn fits_party(&self, minter: &Minter, from: &[u8], call_id: &[u8]) -> bool {
        if self.call_id.as_ref().is_some_and(|wanted| wanted.as_bytes() != call_id)
            || self.share.is_some_and(|share| minter.percent_for_watch(call_id) >= share)
        {
            return false;
        }
        if self.caller_user.is_none() && self.caller_host.is_none() {
            return true;
        }
        let Ok(address) = NameAddr::parse(from) else { return false };
        let Ok(uri) = address.uri() else { return false };
        let user = self.caller_user.as_ref().is_none_or(|user| uri.user() == Some(user.as_bytes()));
        user && self.caller_host.as_ref().is_none_or(|host| uri.host().eq_ignore_ascii_case(host.as_bytes()))
    }
}
