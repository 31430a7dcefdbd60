//! The default router in its simplest form: which application a request outside a dialog goes to, and which version of it.
//!
//! A list of applications by method and domain, told by the operator or made from the descriptors: applications that name
//! domains come first, then those that take every domain; inside each group by name, so that the answer does not depend
//! on the order of deployment.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use siplet_sip::method::Method;

use crate::app::{AppId, Application, Handler};
use crate::config::Route;

/// Methods that a handler stands for, in the order of an Allow header.
const METHODS: [(Method, Handler); 12] = [
    (Method::Invite, Handler::DoInvite),
    (Method::Options, Handler::DoOptions),
    (Method::Message, Handler::DoMessage),
    (Method::Info, Handler::DoInfo),
    (Method::Update, Handler::DoUpdate),
    (Method::Prack, Handler::DoPrack),
    (Method::Register, Handler::DoRegister),
    (Method::Subscribe, Handler::DoSubscribe),
    (Method::Notify, Handler::DoNotify),
    (Method::Publish, Handler::DoPublish),
    (Method::Refer, Handler::DoRefer),
    (Method::Bye, Handler::DoBye),
];

/// What the router says.
#[derive(Clone, Debug)]
pub(crate) enum Decision {
    /// This application takes it.
    To(Arc<Application>),
    /// The domain is served, but not the method: the Allow of all who serve it (RFC 3261 §8.2.1).
    MethodNotAllowed(String),
    /// Nobody.
    Nobody,
}

/// The versions of one application that take new calls.
#[derive(Clone, Debug)]
pub(crate) struct Rollout {
    pub(crate) stable: Arc<Application>,
    /// A version on trial and its share of new calls in percent.
    pub(crate) canary: Option<(Arc<Application>, u8)>,
}

impl Rollout {
    /// True when that version takes new calls.
    pub(crate) fn takes(&self, id: &AppId) -> bool {
        self.stable.id == *id || self.canary.as_ref().is_some_and(|(canary, _)| canary.id == *id)
    }

    /// The version for a call that stands at this place among all calls, 0 to 99. Asked only where there is a choice.
    fn version(&self, percent_of: &impl Fn(&str) -> u8) -> &Arc<Application> {
        match &self.canary {
            Some((canary, percent)) if percent_of(&canary.id.name) < *percent => canary,
            Some(_) | None => &self.stable,
        }
    }
}

/// Picks the application for a request, and the version of it that takes this call. `percent_of` tells where the call
/// stands among the calls of an application of that name.
pub(crate) fn route(
    routes: &[Route],
    applications: &BTreeMap<Arc<str>, Rollout>,
    percent_of: impl Fn(&str) -> u8,
    method: &Method,
    domain: &[u8],
) -> Decision {
    let mut refused = Vec::new();
    let mut look = |application: &Arc<Application>, methods: &[String], domains: &[String]| {
        if !serves(domains, domain) {
            return None;
        }
        if takes(application, methods, method) {
            return Some(Decision::To(application.clone()));
        }
        for name in taken(application, methods) {
            if !refused.contains(&name) {
                refused.push(name);
            }
        }
        None
    };
    let found = if routes.is_empty() {
        let versions = || applications.values().map(|rollout| rollout.version(&percent_of));
        let named = versions().filter(|application| !application.descriptor.domains.is_empty());
        let open = versions().filter(|application| application.descriptor.domains.is_empty());
        named.chain(open).find_map(|application| look(application, &[], &application.descriptor.domains))
    } else {
        routes.iter().find_map(|route| {
            let rollout = applications.get(route.application.as_str())?;
            look(rollout.version(&percent_of), &route.methods, &route.domains)
        })
    };
    match found {
        Some(decision) => decision,
        None if refused.is_empty() => Decision::Nobody,
        None => Decision::MethodNotAllowed(refused.join(", ")),
    }
}

fn serves(domains: &[String], domain: &[u8]) -> bool {
    domains.is_empty() || domains.iter().any(|name| name.as_bytes().eq_ignore_ascii_case(domain))
}

fn takes(application: &Application, methods: &[String], method: &Method) -> bool {
    if !methods.is_empty() {
        return methods.iter().any(|name| name == method.as_str());
    }
    match &application.descriptor.methods {
        Some(methods) => methods.iter().any(|name| name == method.as_str()),
        // OPTIONS is answered for every application (RFC 3261 §11.2). [3261-11-1]
        None => *method == Method::Options || application.handlers.has(Handler::of_method(method)),
    }
}

/// The Allow header of an application (RFC 3261 §20.5): its methods and what the host does for every dialog.
pub(crate) fn allow(application: &Application) -> String {
    taken(application, &[]).join(", ")
}

/// The methods that an application takes by a route of these methods, and those that come with them.
fn taken(application: &Application, methods: &[String]) -> Vec<String> {
    let mut names: Vec<String> = METHODS
        .iter()
        .filter(|(method, _)| takes(application, methods, method) && *method != Method::Bye)
        .map(|(method, _)| method.as_str().to_owned())
        .collect();
    let told = if methods.is_empty() { application.descriptor.methods.as_deref() } else { Some(methods) };
    // [3261-13.1-1]
    let with_a_call = ["ACK", "CANCEL", "BYE"].map(str::to_owned);
    let of_a_call: &[String] = if names.iter().any(|name| name == "INVITE") { &with_a_call } else { &[] };
    for name in told.unwrap_or_default().iter().chain(of_a_call) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}
