//! WIT package `siplet:servlet` 0.1: typed calls into the guest, and the host's side of its imports.
//!
//! Each host function is three steps: handle to object, one method of [`Turn`](siplet_container::turn::Turn), answer to
//! WIT. No rule of SIP or of the servlet container stands here. One version of the package is one folder; a later
//! version stands beside it and this one stays as it is.
//!
//! The views are borrowed (`list<u8>` as `&[u8]`), so that a message goes from the turn into the guest's memory with one
//! copy. The resources are markers without a value: what a handle names is kept in [`crate::handles`], by its index.

mod application_session;
mod context;
pub(crate) mod convert;
mod request;
mod response;
mod sip_session;

use siplet_container::app::Handler;
use wasmtime::component::{HasSelf, Linker};

use crate::state::State;

/// World `servlet`. The generated code calls functions of the guest unchecked after it checked their types at load.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod servlet {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "servlet",
        ownership: Borrowing { duplicate_if_necessary: true },
        with: {
            "siplet:servlet/types.request": super::Request,
            "siplet:servlet/types.response": super::Response,
            "siplet:servlet/types.sip-session": super::SipSession,
            "siplet:servlet/types.application-session": super::ApplicationSession,
        },
    });
}

/// A world with one export, an optional interface. What it imports is that of `servlet`.
macro_rules! optional {
    ($module:ident $world:tt) => {
        #[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
        mod $module {
            wasmtime::component::bindgen!({
                path: "../../wit/v0.1",
                world: $world,
                with: {
                    "siplet:servlet/types": super::servlet::siplet::servlet::types,
                    "siplet:servlet/context": super::servlet::siplet::servlet::context,
                },
            });
        }
    };
}

optional!(lifecycle_servlet "lifecycle-servlet");
optional!(error_listener_servlet "error-listener-servlet");
optional!(upgrade_servlet "upgrade-servlet");
optional!(timer_listener_servlet "timer-listener-servlet");
optional!(session_listener_servlet "session-listener-servlet");
optional!(application_session_listener_servlet "application-session-listener-servlet");
optional!(attribute_listener_servlet "attribute-listener-servlet");
optional!(activation_listener_servlet "activation-listener-servlet");

pub(crate) use servlet::exports::siplet::servlet::sip_servlet;
pub(crate) use servlet::siplet::servlet::{context as wit_context, types};

/// Name of the package, without its version.
pub(crate) const PACKAGE: &str = "siplet:servlet";
/// The version of the WIT package `siplet:servlet` that this host speaks. Any 0.1.x of a guest fits as far as the functions that it uses exist.
pub const VERSION: &str = "0.1.0";
/// What a servlet may import from [`PACKAGE`].
pub(crate) const IMPORTS: [&str; 2] = ["types", "context"];
/// Marker of the resource `request`.
#[allow(unreachable_pub, reason = "the generated code exports it again")]
pub enum Request {}
/// Marker of the resource `response`.
#[allow(unreachable_pub, reason = "the generated code exports it again")]
pub enum Response {}
/// Marker of the resource `sip-session`.
#[allow(unreachable_pub, reason = "the generated code exports it again")]
pub enum SipSession {}
/// Marker of the resource `application-session`.
#[allow(unreachable_pub, reason = "the generated code exports it again")]
pub enum ApplicationSession {}

impl types::Host for State {}

/// Gives the linker everything that a servlet of this version may import.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    servlet::Servlet::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

/// The exports of a component: `sip-servlet`, which makes it a servlet, and the optional interfaces.
macro_rules! exports {
    ($($field:ident $interface:literal $world:ident;)*) => {
        /// What a servlet may export; the first is what makes it a servlet.
        pub(crate) const EXPORTS: &[&str] = &["sip-servlet", $($interface),*];

        $(pub(crate) use $world::exports::siplet::servlet::$field;)*

        /// Where the exports of one component are; found once for each component, none where it has no such interface.
        pub(crate) struct Exports {
            sip_servlet: sip_servlet::GuestIndices,
            $($field: Option<$field::GuestIndices>,)*
        }

        /// The exports of one instance.
        pub(crate) struct Guest {
            pub(crate) sip_servlet: sip_servlet::Guest,
            $(pub(crate) $field: Option<$field::Guest>,)*
        }

        impl Exports {
            /// Fails when the component exports no `sip-servlet` of this version, or lacks one of its functions.
            pub(crate) fn new(component: &wasmtime::component::InstancePre<State>) -> wasmtime::Result<Self> {
                Ok(Self {
                    sip_servlet: sip_servlet::GuestIndices::new(component)?,
                    $($field: $field::GuestIndices::new(component).ok(),)*
                })
            }

            /// The functions of one instance, their types checked.
            pub(crate) fn load(
                &self,
                store: &mut wasmtime::Store<State>,
                instance: &wasmtime::component::Instance,
            ) -> wasmtime::Result<Guest> {
                $(let $field = match &self.$field {
                    Some(indices) => Some(indices.load(&mut *store, instance)?),
                    None => None,
                };)*
                let sip_servlet = self.sip_servlet.load(&mut *store, instance)?;
                Ok(Guest { sip_servlet, $($field,)* })
            }
        }
    };
}

exports! {
    lifecycle "lifecycle" lifecycle_servlet;
    error_listener "error-listener" error_listener_servlet;
    upgrade "upgrade" upgrade_servlet;
    timer_listener "timer-listener" timer_listener_servlet;
    session_listener "session-listener" session_listener_servlet;
    application_session_listener "application-session-listener" application_session_listener_servlet;
    attribute_listener "attribute-listener" attribute_listener_servlet;
    activation_listener "activation-listener" activation_listener_servlet;
}

/// The interface that a handler belongs to.
pub(crate) const fn interface_of(handler: Handler) -> &'static str {
    match handler {
        Handler::DoInvite
        | Handler::DoAck
        | Handler::DoBye
        | Handler::DoCancel
        | Handler::DoPrack
        | Handler::DoUpdate
        | Handler::DoInfo
        | Handler::DoMessage
        | Handler::DoOptions
        | Handler::DoRegister
        | Handler::DoSubscribe
        | Handler::DoNotify
        | Handler::DoPublish
        | Handler::DoRefer
        | Handler::DoRequest
        | Handler::DoProvisionalResponse
        | Handler::DoSuccessResponse
        | Handler::DoRedirectResponse
        | Handler::DoErrorResponse
        | Handler::DoBranchResponse => "sip-servlet",
        Handler::ServletInitialized => "lifecycle",
        Handler::NoAckReceived | Handler::NoPrackReceived => "error-listener",
        Handler::Upgrade => "upgrade",
        Handler::Timeout => "timer-listener",
        Handler::SessionCreated | Handler::SessionReadyToInvalidate | Handler::SessionDestroyed => {
            "session-listener"
        }
        Handler::ApplicationSessionCreated
        | Handler::ApplicationSessionExpired
        | Handler::ApplicationSessionReadyToInvalidate
        | Handler::ApplicationSessionDestroyed => "application-session-listener",
        Handler::SessionAttributeChanged | Handler::ApplicationSessionAttributeChanged => {
            "attribute-listener"
        }
        Handler::ApplicationSessionDidActivate => "activation-listener",
    }
}
