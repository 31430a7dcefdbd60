//! The default router in its simplest form: which application a request outside a dialog goes to.
//!
//! A list of applications by method and domain, told by the operator or made from the descriptors: applications that name
//! domains come first, then those that take every domain; inside each group by name, so that the answer does not depend
//! on the order of deployment.

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
    /// One serves the domain, but not the method: its Allow (RFC 3261 §8.2.1).
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
    let mut refused = None;
    let mut look = |application: &Arc<Application>, methods: &[String], domains: &[String]| {
        if !serves(domains, domain) {
            return None;
        }
        if takes(application, methods, method) {
            return Some(Decision::To(application.clone()));
        }
        refused.get_or_insert_with(|| allow(application));
        None
    };
    if !routes.is_empty() {
        let found = routes.iter().find_map(|route| {
            look(applications.get(route.application.as_str())?, &route.methods, &route.domains)
        });
        return found.unwrap_or_else(|| refused.map_or(Decision::Nobody, Decision::MethodNotAllowed));
    }
    let named = applications.values().filter(|application| !application.descriptor.domains.is_empty());
    let open = applications.values().filter(|application| application.descriptor.domains.is_empty());
    named
        .chain(open)
        .find_map(|application| look(application, &[], &application.descriptor.domains))
        .unwrap_or_else(|| refused.map_or(Decision::Nobody, Decision::MethodNotAllowed))
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
    let mut names: Vec<&str> = METHODS
        .iter()
        .filter(|(method, _)| takes(application, &[], method) && *method != Method::Bye)
        .map(|(method, _)| method.as_str())
        .collect();
    if let Some(methods) = &application.descriptor.methods {
        for method in methods {
            if !names.contains(&method.as_str()) {
                names.push(method);
            }
        }
    }
    if names.contains(&"INVITE") {
        names.extend(["ACK", "CANCEL", "BYE"]);
    }
    names.dedup();
    names.join(", ")
}
