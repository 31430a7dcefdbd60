//! The methods that a servlet may have.

/// The handlers, in the order of the WIT interface `sip-servlet`; the WIT name has `-` for `_`.
pub(crate) const HANDLERS: [&str; 22] = [
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
];

/// The method that a request handler is for; `None` for `do_request` and for what is no request handler.
pub(crate) fn method_of(handler: &str) -> Option<String> {
    let method = handler.strip_prefix("do_")?;
    (method != "request" && !method.ends_with("_response")).then(|| method.to_ascii_uppercase())
}
