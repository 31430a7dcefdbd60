//! An application in one line: name, version, digest, and which requests are its.

use siplet_container::app::{Application, Handler};

/// Methods of the handlers that an initial request can reach, in the order in which they are told.
const INITIAL: [(Handler, &str); 11] = [
    (Handler::DoInvite, "INVITE"),
    (Handler::DoOptions, "OPTIONS"),
    (Handler::DoMessage, "MESSAGE"),
    (Handler::DoRegister, "REGISTER"),
    (Handler::DoSubscribe, "SUBSCRIBE"),
    (Handler::DoPublish, "PUBLISH"),
    (Handler::DoRefer, "REFER"),
    (Handler::DoNotify, "NOTIFY"),
    (Handler::DoInfo, "INFO"),
    (Handler::DoUpdate, "UPDATE"),
    (Handler::DoRequest, "others"),
];

/// Its methods: `INVITE, OPTIONS`, or `any method`.
#[must_use]
pub fn methods(application: &Application) -> String {
    if let Some(methods) = &application.descriptor.methods {
        return if methods.is_empty() { "no method".to_owned() } else { methods.join(", ") };
    }
    let has: Vec<_> = INITIAL.iter().filter(|(handler, _)| application.handlers.has(*handler)).collect();
    match has.len() {
        0 => "no method".to_owned(),
        len if len == INITIAL.len() => "any method".to_owned(),
        _ => has.iter().map(|(_, name)| *name).collect::<Vec<_>>().join(", "),
    }
}

/// Its domains: `to *@screen.example`, none where it takes every domain that no other takes.
#[must_use]
pub fn rule(application: &Application) -> Option<String> {
    let domains = &application.descriptor.domains;
    let named: Vec<_> = domains.iter().map(|domain| format!("*@{domain}")).collect();
    (!domains.is_empty()).then(|| format!("to {}", named.join(", ")))
}

/// `answer 0.1.0 #3f9c21  INVITE, OPTIONS`.
#[must_use]
pub fn line(application: &Application) -> String {
    let rule = rule(application).map_or_else(String::new, |rule| format!(" {rule}"));
    let version = &application.descriptor.version;
    let digest = application.id.digest >> 40;
    format!("{} {version} #{digest:06x}  {}{rule}", application.id.name, methods(application))
}

/// All applications as lines that stand under one another.
#[must_use]
pub fn lines(applications: &[Application]) -> String {
    let widest = |of: fn(&Application) -> usize| applications.iter().map(of).max().unwrap_or(0);
    let names = widest(|app| app.id.name.chars().count());
    let versions = widest(|app| app.descriptor.version.chars().count());
    let mut text = String::new();
    for application in applications {
        let digest = application.id.digest >> 40;
        let (name, version) = (&*application.id.name, &application.descriptor.version);
        let takes = match rule(application) {
            Some(rule) => format!("{} {rule}", methods(application)),
            None => format!("{}   everything that no other servlet takes", methods(application)),
        };
        text.push_str(&format!("  {name:names$}   {version:versions$}  #{digest:06x}  {takes}\n"));
    }
    text
}
