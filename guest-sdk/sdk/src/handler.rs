//! The handlers of a servlet by name, and the one place that calls them.

use crate::{
    ApplicationSession, AttributeChange, Error, Request, Response, Result, Servlet, ServletTimer, SipSession,
};

macro_rules! handlers {
    (@call $servlet:ident upgrade $given:ident) => { $servlet.upgrade(&$given.from, $given.session) };
    (@call $servlet:ident session_attribute_changed $given:ident) => {
        $servlet.session_attribute_changed($given.0, $given.1)
    };
    (@call $servlet:ident application_session_attribute_changed $given:ident) => {
        $servlet.application_session_attribute_changed($given.0, $given.1)
    };
    (@call $servlet:ident $method:ident $given:ident) => { $servlet.$method($given) };
    ($($handler:ident $name:literal $method:ident $given:ident;)*) => {
        /// A handler, in the order of the WIT interface `sip-servlet` and its optional companions.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Handler {
            $(
                #[doc = concat!("`", $name, "`")]
                $handler,
            )*
        }

        impl Handler {
            /// All handlers.
            pub const ALL: &'static [Self] = &[$(Self::$handler),*];

            /// The name in WIT, logs and descriptors (`do-invite`).
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$handler => $name,)*
                }
            }

            /// What the handler is called with.
            #[must_use]
            pub const fn takes(self) -> Takes {
                match self {
                    $(Self::$handler => Takes::$given,)*
                }
            }
        }

        impl<S: Servlet> Dispatch for S {
            fn dispatch(&self, handler: Handler, given: Given) -> Result {
                match (handler, given) {
                    $((Handler::$handler, Given::$given(given)) => handlers!(@call self $method given),)*
                    (handler, _) => Err(Error::Failed(format!("{} was called with the wrong thing", handler.name()))),
                }
            }
        }
    };
}

handlers! {
    DoInvite "do-invite" do_invite Request;
    DoAck "do-ack" do_ack Request;
    DoBye "do-bye" do_bye Request;
    DoCancel "do-cancel" do_cancel Request;
    DoPrack "do-prack" do_prack Request;
    DoUpdate "do-update" do_update Request;
    DoInfo "do-info" do_info Request;
    DoMessage "do-message" do_message Request;
    DoOptions "do-options" do_options Request;
    DoRegister "do-register" do_register Request;
    DoSubscribe "do-subscribe" do_subscribe Request;
    DoNotify "do-notify" do_notify Request;
    DoPublish "do-publish" do_publish Request;
    DoRefer "do-refer" do_refer Request;
    DoRequest "do-request" do_request Request;
    DoProvisionalResponse "do-provisional-response" do_provisional_response Response;
    DoSuccessResponse "do-success-response" do_success_response Response;
    DoRedirectResponse "do-redirect-response" do_redirect_response Response;
    DoErrorResponse "do-error-response" do_error_response Response;
    DoBranchResponse "do-branch-response" do_branch_response Response;
    ServletInitialized "servlet-initialized" servlet_initialized ApplicationSession;
    NoAckReceived "no-ack-received" no_ack_received Response;
    NoPrackReceived "no-prack-received" no_prack_received Request;
    Upgrade "upgrade" upgrade Upgrade;
    Timeout "timeout" timeout Timer;
    SessionCreated "session-created" session_created SipSession;
    SessionReadyToInvalidate "session-ready-to-invalidate" session_ready_to_invalidate SipSession;
    SessionDestroyed "session-destroyed" session_destroyed SipSession;
    ApplicationSessionCreated "application-session-created" application_session_created ApplicationSession;
    ApplicationSessionExpired "application-session-expired" application_session_expired ApplicationSession;
    ApplicationSessionReadyToInvalidate "application-session-ready-to-invalidate" application_session_ready_to_invalidate ApplicationSession;
    ApplicationSessionDestroyed "application-session-destroyed" application_session_destroyed ApplicationSession;
    SessionAttributeChanged "session-attribute-changed" session_attribute_changed SessionAttribute;
    ApplicationSessionAttributeChanged "application-session-attribute-changed" application_session_attribute_changed ApplicationSessionAttribute;
    ApplicationSessionDidActivate "application-session-did-activate" application_session_did_activate ApplicationSession;
}

impl Handler {
    /// The handler of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|handler| handler.name() == name)
    }
}

/// What a handler is called with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Takes {
    /// A request.
    Request,
    /// A response.
    Response,
    /// The application session alone.
    ApplicationSession,
    /// The application session and the version that it comes from.
    Upgrade,
    /// A SIP session.
    SipSession,
    /// A timer that has fired.
    Timer,
    /// A SIP session and its attribute that has another value.
    SessionAttribute,
    /// The application session and its attribute that has another value.
    ApplicationSessionAttribute,
}

/// What one call of a handler is given.
pub(crate) enum Given {
    Request(Request),
    Response(Response),
    ApplicationSession(ApplicationSession),
    Upgrade(Upgrade),
    SipSession(SipSession),
    Timer(ServletTimer),
    SessionAttribute((SipSession, AttributeChange)),
    ApplicationSessionAttribute((ApplicationSession, AttributeChange)),
}

/// A session that may move to this version.
pub(crate) struct Upgrade {
    pub(crate) from: String,
    pub(crate) session: ApplicationSession,
}

/// Calls a handler of a servlet whose type is forgotten.
pub(crate) trait Dispatch {
    fn dispatch(&self, handler: Handler, given: Given) -> Result;
}
