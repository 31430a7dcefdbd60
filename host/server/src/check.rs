//! `siplet check FILE.wasm`: explains a deployment without deploying anything.

#[cfg(test)]
mod tests;

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, Result};
use siplet_container::app::Descriptor;
use siplet_wasm::{Inspection, inspect};

use crate::deploy::parse_overrides;
use crate::wasmfile;

/// Reads the file, and NAME.toml beside it where there is one, and explains them. The second value is true when
/// nothing stands against a deployment.
///
/// # Errors
/// The file cannot be read.
pub fn check(file: &Path, json: bool) -> Result<(String, bool)> {
    let shown = file.display().to_string();
    let bytes = std::fs::read(file).with_context(|| format!("{shown} cannot be read"))?;
    let beside = file.with_extension("toml");
    let (overrides, mut refusals) = match std::fs::read_to_string(&beside) {
        Ok(text) => match parse_overrides(&beside.display().to_string(), &text) {
            Ok(value) => (Some(value), Vec::new()),
            Err(why) => (None, vec![why]),
        },
        Err(_) => (None, Vec::new()),
    };
    let mut inspection = inspect(&bytes, &shown, overrides.as_ref());
    refusals.append(&mut inspection.refusals);
    if let Some(cut) = wasmfile::cut(&bytes)
        && refusals.is_empty()
    {
        refusals.push(cut);
    }
    inspection.refusals = refusals;
    let good = inspection.refusals.is_empty();
    let text = if json { format!("{}\n", serde_json::to_string(&inspection)?) } else { explain(&inspection) };
    Ok((text, good))
}

/// The explanation for people.
#[must_use]
pub fn explain(inspection: &Inspection) -> String {
    let mut text = String::new();
    let kind = match inspection.kind {
        Some("module") => "core module, becomes a component at load",
        Some(kind) => kind,
        None => "no WebAssembly",
    };
    let _ = writeln!(text, "{}   {} KB   {kind}", inspection.file, inspection.bytes.div_ceil(1000));
    if let Some(descriptor) = &inspection.descriptor {
        let digest = inspection.digest.as_deref().unwrap_or_default();
        let digest = digest.strip_prefix('#').unwrap_or(digest);
        let _ = writeln!(text, "  application  {} {} #{digest}", descriptor.name, descriptor.version);
        let _ = writeln!(text, "  takes        {}", takes(inspection, descriptor));
    }
    if inspection.kind.is_some() {
        let _ = writeln!(text, "  handlers     {}", listed(&inspection.handlers));
        let _ = writeln!(text, "  imports      {}", listed(&inspection.imports));
        let _ = writeln!(text, "  exports      {}", listed(&inspection.exports));
        let _ = writeln!(text, "  memory       {} KB at the start", inspection.memory_bytes / 1000);
    }
    if let Some(descriptor) = &inspection.descriptor {
        describe(&mut text, descriptor);
    }
    if inspection.refusals.is_empty() {
        text.push_str("it can be deployed\n");
    } else {
        for refusal in &inspection.refusals {
            let _ = writeln!(text, "refused: {refusal}");
        }
    }
    text
}

fn describe(text: &mut String, descriptor: &Descriptor) {
    let limits = &descriptor.limits;
    let _ = writeln!(
        text,
        "  limits       memory {} MB   turn {} ms   sessions {}   attributes {} KB   outbox {} messages",
        limits.memory_bytes >> 20,
        limits.turn_ms,
        limits.sessions,
        limits.attribute_bytes >> 10,
        limits.outbox_messages,
    );
    let expires = match descriptor.session_timeout_s {
        0 => "never".to_owned(),
        seconds => format!("after {seconds} s"),
    };
    let durable = if descriptor.distributable { "yes" } else { "no" };
    let _ = writeln!(text, "  sessions     expire {expires}   distributable {durable}");
    for (name, value) in &descriptor.init_parameters {
        let _ = writeln!(text, "  parameter    {name} = {value}");
    }
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
