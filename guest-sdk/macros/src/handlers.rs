//! The methods that a servlet may have.

/// The handlers, in the order of the WIT interface `sip-servlet`; the WIT name has `-` for `_`.
pub(crate) const HANDLERS: [&str; 35] = [
    "do_invite",
    "do_ack",
    "do_bye",
    "do_cancel",
    "do_prack",
    "do_update",
    "do_info",
    "do_message",
    "do_options",
    "do_register",
    "do_subscribe",
    "do_notify",
    "do_publish",
    "do_refer",
    "do_request",
    "do_provisional_response",
    "do_success_response",
    "do_redirect_response",
    "do_error_response",
    "do_branch_response",
    "servlet_initialized",
    "no_ack_received",
    "no_prack_received",
    "upgrade",
    "timeout",
    "session_created",
    "session_ready_to_invalidate",
    "session_destroyed",
    "application_session_created",
    "application_session_expired",
    "application_session_ready_to_invalidate",
    "application_session_destroyed",
    "session_attribute_changed",
    "application_session_attribute_changed",
    "application_session_did_activate",
];

/// The optional interfaces: the module of their export macro in the SDK, and their handlers. One that is there exports all.
pub(crate) const OPTIONAL: [(&str, &[&str]); 8] = [
    ("lifecycle", &["servlet_initialized"]),
    ("error_listener", &["no_ack_received", "no_prack_received"]),
    ("upgrade", &["upgrade"]),
    ("timer_listener", &["timeout"]),
    ("session_listener", &["session_created", "session_ready_to_invalidate", "session_destroyed"]),
    (
        "application_session_listener",
        &[
            "application_session_created",
            "application_session_expired",
            "application_session_ready_to_invalidate",
            "application_session_destroyed",
        ],
    ),
    ("attribute_listener", &["session_attribute_changed", "application_session_attribute_changed"]),
    ("activation_listener", &["application_session_did_activate"]),
];

/// The Allow header of a servlet with these handlers (RFC 3261 §20.5): their methods and what the host does for it.
pub(crate) fn allow(handlers: &[&str]) -> String {
    const BY_THE_HOST: [&str; 4] = ["OPTIONS", "ACK", "CANCEL", "BYE"];
    let methods = handlers.iter().filter_map(|handler| method_of(handler));
    let mut allow: Vec<String> = methods.filter(|method| !BY_THE_HOST.contains(&method.as_str())).collect();
    let of_the_host = if handlers.contains(&"do_invite") { &BY_THE_HOST[..] } else { &BY_THE_HOST[..1] };
    allow.extend(of_the_host.iter().map(|method| (*method).to_owned()));
    allow.join(", ")
}

/// The method that a request handler is for; `None` for `do_request` and for what is no request handler.
fn method_of(handler: &str) -> Option<String> {
    let method = handler.strip_prefix("do_")?;
    (method != "request" && !method.ends_with("_response")).then(|| method.to_ascii_uppercase())
}

#[cfg(test)]
mod tests {
    use super::allow;

    #[test]
    fn a_servlet_allows_its_handlers_and_what_the_host_does_for_it() {
        assert_eq!(allow(&["do_message", "do_request", "do_success_response"]), "MESSAGE, OPTIONS");
        assert_eq!(allow(&["do_invite", "do_bye"]), "INVITE, OPTIONS, ACK, CANCEL, BYE");
    }
}
