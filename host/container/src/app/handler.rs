//! Handlers: the callbacks that a servlet may have, and which of them one has.

use serde::{Deserialize, Serialize};
use siplet_sip::method::Method;

/// One list, from which the names, their order and their number come.
macro_rules! handlers {
    ($($variant:ident $name:literal)*) => {
        /// What a handler is called, in the order of the WIT interface `sip-servlet` and its optional companions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[repr(u8)]
        #[allow(missing_docs)]
        pub enum Handler {
            $(#[serde(rename = $name)] $variant,)*
        }

        impl Handler {
            /// All handlers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in WIT, logs and descriptors (`do-invite`).
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

handlers! {
    DoInvite "do-invite"
    DoAck "do-ack"
    DoBye "do-bye"
    DoCancel "do-cancel"
    DoPrack "do-prack"
    DoUpdate "do-update"
    DoInfo "do-info"
    DoMessage "do-message"
    DoOptions "do-options"
    DoRegister "do-register"
    DoSubscribe "do-subscribe"
    DoNotify "do-notify"
    DoPublish "do-publish"
    DoRefer "do-refer"
    DoRequest "do-request"
    DoProvisionalResponse "do-provisional-response"
    DoSuccessResponse "do-success-response"
    DoRedirectResponse "do-redirect-response"
    DoErrorResponse "do-error-response"
    DoBranchResponse "do-branch-response"
    ServletInitialized "servlet-initialized"
    NoAckReceived "no-ack-received"
    NoPrackReceived "no-prack-received"
    Upgrade "upgrade"
    Timeout "timeout"
    SessionCreated "session-created"
    SessionReadyToInvalidate "session-ready-to-invalidate"
    SessionDestroyed "session-destroyed"
    ApplicationSessionCreated "application-session-created"
    ApplicationSessionExpired "application-session-expired"
    ApplicationSessionReadyToInvalidate "application-session-ready-to-invalidate"
    ApplicationSessionDestroyed "application-session-destroyed"
    SessionAttributeChanged "session-attribute-changed"
    ApplicationSessionAttributeChanged "application-session-attribute-changed"
    ApplicationSessionDidActivate "application-session-did-activate"
}

impl Handler {
    /// The handler of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|handler| handler.name() == name)
    }

    /// The handler for a request of that method.
    #[must_use]
    pub const fn of_method(method: &Method) -> Self {
        match method {
            Method::Invite => Self::DoInvite,
            Method::Ack => Self::DoAck,
            Method::Bye => Self::DoBye,
            Method::Cancel => Self::DoCancel,
            Method::Prack => Self::DoPrack,
            Method::Update => Self::DoUpdate,
            Method::Info => Self::DoInfo,
            Method::Message => Self::DoMessage,
            Method::Options => Self::DoOptions,
            Method::Register => Self::DoRegister,
            Method::Subscribe => Self::DoSubscribe,
            Method::Notify => Self::DoNotify,
            Method::Publish => Self::DoPublish,
            Method::Refer => Self::DoRefer,
            Method::Other(_) => Self::DoRequest,
        }
    }

    /// The handler for a response of that status code.
    // [3261-8.1.3.2-1, 3261-8.1.3.2-2]
    #[must_use]
    pub const fn of_status(status: u16) -> Self {
        match status {
            ..=199 => Self::DoProvisionalResponse,
            200..=299 => Self::DoSuccessResponse,
            300..=399 => Self::DoRedirectResponse,
            400.. => Self::DoErrorResponse,
        }
    }
}

/// Which handlers a servlet has of its own; for the others the host does what the default handler would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handlers(u64);

const _: () = assert!(Handler::ALL.len() <= 64, "a handler is a bit of 64");

impl Handlers {
    /// Every handler: for a guest whose descriptor does not say.
    #[must_use]
    pub fn all() -> Self {
        Handler::ALL.iter().copied().collect()
    }

    /// True when the servlet has this handler.
    #[must_use]
    pub const fn has(self, handler: Handler) -> bool {
        self.0 & (1 << handler as u8) != 0
    }

    /// Adds a handler.
    pub const fn insert(&mut self, handler: Handler) {
        self.0 |= 1 << handler as u8;
    }
}

impl FromIterator<Handler> for Handlers {
    fn from_iter<I: IntoIterator<Item = Handler>>(handlers: I) -> Self {
        let mut set = Self::default();
        for handler in handlers {
            set.insert(handler);
        }
        set
    }
}
