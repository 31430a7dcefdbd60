//! The explanation for people.

use std::fmt::Write as _;

use siplet_container::app::Descriptor;
use siplet_ladder::harmless::{harmless, wrap};
use siplet_wasm::Inspection;

use super::Checked;

/// Columns of the explanation.
const COLUMNS: usize = 100;

/// The explanation for people.
#[must_use]
pub fn explain(checked: &Checked) -> String {
    let inspection = &checked.inspection;
    let mut text = String::new();
    let kind = match inspection.kind {
        Some("module") => "core module, becomes a component at load",
        Some(kind) => kind,
        None => "no WebAssembly",
    };
    let _ =
        writeln!(text, "{}   {} KB   {kind}", harmless(&inspection.file), inspection.bytes.div_ceil(1000));
    let mut row = |name: &str, value: &str| {
        for (index, line) in wrap(&harmless(value), COLUMNS - 15, 40).iter().enumerate() {
            let name = if index == 0 { name } else { "" };
            let _ = writeln!(text, "  {name:<12} {}", line.trim_end());
        }
    };
    if let Some(descriptor) = &inspection.descriptor {
        let digest = inspection.digest.as_deref().unwrap_or_default();
        row("application", &format!("{} {} {digest}", descriptor.name, descriptor.version));
        row("takes", &takes(inspection, descriptor));
    }
    if inspection.kind.is_some() {
        row(
            "built for",
            &format!("siplet:servlet {}", inspection.wit_version.as_deref().unwrap_or("of no version")),
        );
        row("handlers", &listed(&inspection.handlers));
        row("imports", &listed(&inspection.imports));
        row("exports", &listed(&inspection.exports));
        row("sizes", &sizes(checked));
        row("memory", &memory(inspection));
    }
    if let Some(beside) = &checked.overrides {
        row("changed by", beside);
    }
    if let Some(descriptor) = &inspection.descriptor {
        describe(&mut row, descriptor);
    }
    for warning in &checked.warnings {
        row("warning", warning);
    }
    if checked.deployable {
        text.push_str("it can be deployed\n");
    }
    for (refusal, at) in inspection.refusals.iter().zip(&inspection.refused_at) {
        let _ = writeln!(text, "refused: {} (at: {at})", harmless(refusal));
    }
    text
}

fn describe(row: &mut impl FnMut(&str, &str), descriptor: &Descriptor) {
    let limits = &descriptor.limits;
    row(
        "limits",
        &format!(
            "memory {} MB   turn {} ms   sessions {}   SIP sessions {}   transactions {}   mailbox {}   attributes {} KB   \
             outbox {} messages, {} KB   log {} KB   handles {}   tables {} elements",
            limits.memory_bytes >> 20,
            limits.turn_ms,
            limits.sessions,
            limits.sip_sessions,
            limits.transactions,
            limits.mailbox,
            limits.attribute_bytes >> 10,
            limits.outbox_messages,
            limits.outbox_bytes >> 10,
            limits.log_bytes >> 10,
            limits.handles,
            limits.table_elements,
        ),
    );
    let expires = match descriptor.session_timeout_s {
        0 => "never".to_owned(),
        seconds => format!("after {seconds} s"),
    };
    let durable = if descriptor.distributable { "yes" } else { "no" };
    row("sessions", &format!("expire {expires}   distributable {durable}"));
    for (name, value) in &descriptor.init_parameters {
        row("parameter", &format!("{name} = {value}"));
    }
}

fn sizes(checked: &Checked) -> String {
    let kilobytes = |bytes: u64| format!("{} KB", bytes.div_ceil(1000));
    let compiled = checked
        .compiled_bytes
        .map_or(String::new(), |bytes| format!("   compiled {}", kilobytes(bytes as u64)));
    let debug = match checked.inspection.debug_bytes {
        0 => String::new(),
        bytes => format!("   {} of it for a debugger", kilobytes(bytes)),
    };
    format!("file {}{debug}{compiled}", kilobytes(checked.inspection.bytes as u64))
}

fn memory(inspection: &Inspection) -> String {
    let most = match (inspection.memory_max_bytes, &inspection.descriptor) {
        (Some(bytes), _) => format!("at most {} KB by itself", bytes / 1000),
        (None, Some(descriptor)) => {
            format!("at most {} KB, its limit", descriptor.limits.memory_bytes / 1000)
        }
        (None, None) => "no maximum of its own".to_owned(),
    };
    format!("{} KB at the start, {most}", inspection.memory_bytes / 1000)
}

fn takes(inspection: &Inspection, descriptor: &Descriptor) -> String {
    let methods = match &descriptor.methods {
        Some(methods) => methods.join(", "),
        None => listed(&methods_of(&inspection.handlers)),
    };
    let domains: Vec<_> = descriptor.domains.iter().map(|domain| format!("*@{domain}")).collect();
    if domains.is_empty() {
        format!("{methods}   everything that no other servlet takes")
    } else {
        format!("{methods} to {}", domains.join(", "))
    }
}

/// `do-invite` is for INVITE; handlers of responses and of requests inside dialogs make no new call.
fn methods_of(handlers: &[&'static str]) -> Vec<String> {
    let inside = ["ack", "bye", "cancel", "prack", "request"];
    handlers
        .iter()
        .filter_map(|handler| handler.strip_prefix("do-"))
        .filter(|name| !name.ends_with("-response") && !inside.contains(name))
        .map(str::to_uppercase)
        .collect()
}

fn listed<S: AsRef<str>>(names: &[S]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    names.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(", ")
}
