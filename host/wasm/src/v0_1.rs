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

/// World `lifecycle-servlet`, for its one export.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod lifecycle_servlet {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "lifecycle-servlet",
        with: {
            "siplet:servlet/types": super::servlet::siplet::servlet::types,
            "siplet:servlet/context": super::servlet::siplet::servlet::context,
        },
    });
}

/// World `error-listener-servlet`, for its one export.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod error_listener_servlet {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "error-listener-servlet",
        with: {
            "siplet:servlet/types": super::servlet::siplet::servlet::types,
            "siplet:servlet/context": super::servlet::siplet::servlet::context,
        },
    });
}

/// World `upgrade-servlet`, for its one export.
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
mod upgrade_servlet {
    wasmtime::component::bindgen!({
        path: "../../wit/v0.1",
        world: "upgrade-servlet",
        with: {
            "siplet:servlet/types": super::servlet::siplet::servlet::types,
            "siplet:servlet/context": super::servlet::siplet::servlet::context,
        },
    });
}

pub(crate) use error_listener_servlet::exports::siplet::servlet::error_listener;
pub(crate) use lifecycle_servlet::exports::siplet::servlet::lifecycle;
pub(crate) use servlet::exports::siplet::servlet::sip_servlet;
pub(crate) use servlet::siplet::servlet::{context as wit_context, types};
pub(crate) use upgrade_servlet::exports::siplet::servlet::upgrade;

/// Name of the package, without its version.
pub(crate) const PACKAGE: &str = "siplet:servlet";
/// The version of the WIT package `siplet:servlet` that this host speaks. Any 0.1.x of a guest fits as far as the functions that it uses exist.
pub const VERSION: &str = "0.1.0";
/// What a servlet may import from [`PACKAGE`].
pub(crate) const IMPORTS: [&str; 2] = ["types", "context"];
/// What a servlet may export; the first is what makes it a servlet.
pub(crate) const EXPORTS: [&str; 4] = ["sip-servlet", "lifecycle", "error-listener", "upgrade"];

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

/// Where the exports of one component are; found once for each component, none where it has no such interface.
pub(crate) struct Exports {
    sip_servlet: sip_servlet::GuestIndices,
    lifecycle: Option<lifecycle::GuestIndices>,
    error_listener: Option<error_listener::GuestIndices>,
    upgrade: Option<upgrade::GuestIndices>,
}

/// The exports of one instance.
pub(crate) struct Guest {
    pub(crate) sip_servlet: sip_servlet::Guest,
    pub(crate) lifecycle: Option<lifecycle::Guest>,
    pub(crate) error_listener: Option<error_listener::Guest>,
    pub(crate) upgrade: Option<upgrade::Guest>,
}

impl Exports {
    /// Fails when the component exports no `sip-servlet` of this version, or lacks one of its functions.
    pub(crate) fn new(component: &wasmtime::component::InstancePre<State>) -> wasmtime::Result<Self> {
        Ok(Self {
            sip_servlet: sip_servlet::GuestIndices::new(component)?,
            lifecycle: lifecycle::GuestIndices::new(component).ok(),
            error_listener: error_listener::GuestIndices::new(component).ok(),
            upgrade: upgrade::GuestIndices::new(component).ok(),
        })
    }

    /// The functions of one instance, their types checked.
    pub(crate) fn load(
        &self,
        store: &mut wasmtime::Store<State>,
        instance: &wasmtime::component::Instance,
    ) -> wasmtime::Result<Guest> {
        let lifecycle = match &self.lifecycle {
            Some(indices) => Some(indices.load(&mut *store, instance)?),
            None => None,
        };
        let error_listener = match &self.error_listener {
            Some(indices) => Some(indices.load(&mut *store, instance)?),
            None => None,
        };
        let upgrade = match &self.upgrade {
            Some(indices) => Some(indices.load(&mut *store, instance)?),
            None => None,
        };
        let sip_servlet = self.sip_servlet.load(&mut *store, instance)?;
        Ok(Guest { sip_servlet, lifecycle, error_listener, upgrade })
    }
}
