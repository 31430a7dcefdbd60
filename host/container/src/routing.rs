//! The default router in its simplest form: which application a request outside a dialog goes to.
//!
//! A list of applications by method and domain, told by the operator or made from the descriptors: applications that name
//! domains come first, then those that take every domain; inside each group by name, so that the answer does not depend
//! on the order of deployment.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use siplet_sip::method::Method;

use crate::app::{Application, Handler};
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

/// Picks the application for a request.
pub(crate) fn route(
    routes: &[Route],
    applications: &BTreeMap<Arc<str>, Arc<Application>>,
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
        let named = applications.values().filter(|application| !application.descriptor.domains.is_empty());
        let open = applications.values().filter(|application| application.descriptor.domains.is_empty());
        named.chain(open).find_map(|application| look(application, &[], &application.descriptor.domains))
    } else {
        routes.iter().find_map(|route| {
            look(applications.get(route.application.as_str())?, &route.methods, &route.domains)
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
        // OPTIONS is answered for every application (RFC 3261 §11.2).
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
    let with_a_call = ["ACK", "CANCEL", "BYE"].map(str::to_owned);
    let of_a_call: &[String] = if names.iter().any(|name| name == "INVITE") { &with_a_call } else { &[] };
    for name in told.unwrap_or_default().iter().chain(of_a_call) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}
