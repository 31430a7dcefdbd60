//! What refuses no deployment and is seldom meant.

use serde_json::Value;
use siplet_container::app::{Descriptor, Handler};
use siplet_wasm::Inspection;

/// A servlet of this size has no business with information for a debugger.
const DEBUG_BYTES: u64 = 200_000;
/// Files beyond this take long to compile; a Rust servlet has 50 to 300 KB.
const LARGE_BYTES: usize = 4_000_000;
/// Requests that come inside a dialog or belong to one, and make no new call.
const INSIDE: [&str; 4] = ["ACK", "BYE", "CANCEL", "PRACK"];

/// Sentences about everything that is odd.
pub(super) fn warnings(inspection: &Inspection, overrides: Option<&Value>) -> Vec<String> {
    let mut warnings = Vec::new();
    if inspection.debug_bytes > DEBUG_BYTES {
        warnings.push(format!(
            "{} of its {} KB are for a debugger: it looks like a debug build; build with --release, or set \
             `strip = \"debuginfo\"`",
            inspection.debug_bytes / 1000,
            inspection.bytes / 1000
        ));
    } else if inspection.bytes > LARGE_BYTES {
        warnings.push(format!(
            "it has {} KB, which takes long to compile; build with --release and `opt-level = \"s\"`",
            inspection.bytes / 1000
        ));
    }
    if inspection.unwinds {
        warnings.push(
            "a panic unwinds in it, which costs size and time and saves nothing: a turn that panics is \
                       dropped anyway; build with `panic = \"abort\"`"
                .to_owned(),
        );
    }
    if let Some(version) =
        inspection.wit_version.as_deref().filter(|version| *version != siplet_wasm::WIT_VERSION)
    {
        warnings.push(format!(
            "it was built for siplet:servlet {version}; this host speaks {}",
            siplet_wasm::WIT_VERSION
        ));
    }
    let Some(descriptor) = &inspection.descriptor else { return warnings };
    let half = descriptor.limits.memory_bytes / 2;
    if inspection.memory_bytes > half && inspection.memory_bytes <= descriptor.limits.memory_bytes {
        warnings.push(format!(
            "it starts with {} of the {} KB of memory that it may have",
            inspection.memory_bytes / 1000,
            descriptor.limits.memory_bytes / 1000
        ));
    }
    methods(inspection, descriptor, &mut warnings);
    if let Some(named) = overrides.and_then(|value| value.get("handlers")).and_then(Value::as_array) {
        let dropped = named.len() < Handler::ALL.len();
        if dropped && named.is_empty() {
            warnings.push("the file beside it leaves it no handler".to_owned());
        }
    }
    warnings
}

/// Methods without a handler, and handlers without a method.
fn methods(inspection: &Inspection, descriptor: &Descriptor, warnings: &mut Vec<String>) {
    let has = |name: &str| inspection.handlers.contains(&name);
    let handler = |method: &str| format!("do-{}", method.to_lowercase());
    for method in descriptor.methods.iter().flatten() {
        let own = handler(method);
        let is_known = Handler::from_name(&own).is_some();
        if is_known && !has(&own) || !is_known && !has("do-request") {
            let wanted = if is_known { own } else { "do-request".to_owned() };
            warnings.push(format!("it takes {method} and has no handler `{wanted}`: each gets 405"));
        }
    }
    let takes_some = inspection.handlers.iter().any(|name| {
        let method = name.strip_prefix("do-").unwrap_or_default().to_uppercase();
        !method.is_empty() && !method.ends_with("-RESPONSE") && !INSIDE.contains(&method.as_str())
    });
    if !takes_some {
        warnings.push("it has no handler for a request that begins a call, so no call reaches it".to_owned());
    }
    let Some(methods) = &descriptor.methods else { return };
    for name in
        ["do-invite", "do-options", "do-message", "do-register", "do-subscribe", "do-publish", "do-refer"]
    {
        let method = name.trim_start_matches("do-").to_uppercase();
        let named =
            descriptor.handlers.as_ref().is_some_and(|handlers| handlers.iter().any(|own| own == name));
        if named && !methods.iter().any(|own| own.eq_ignore_ascii_case(&method)) {
            warnings.push(format!("it has the handler `{name}`, but {method} is not among its methods: it is only called inside calls"));
        }
    }
}
