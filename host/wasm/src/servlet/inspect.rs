//! What `siplet check` says of a file, without compiling or running it.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use siplet_container::app::{AppLimits, Descriptor, Handler};

use super::examine::{self, FileKind};
use super::{descriptor, digests};
use crate::refusal::Reason;

/// A file explained.
#[derive(Clone, Debug, Serialize)]
pub struct Inspection {
    /// The file as it was named.
    pub file: String,
    /// Its bytes.
    pub bytes: usize,
    /// `module` or `component`; none when it is no WebAssembly.
    pub kind: Option<&'static str>,
    /// Digest of file and descriptor, as it stands behind the name (`#3f9c21`).
    pub digest: Option<String>,
    /// Imported interfaces.
    pub imports: Vec<String>,
    /// Exported interfaces.
    pub exports: Vec<String>,
    /// Names of the handlers that the servlet has.
    pub handlers: Vec<&'static str>,
    /// Version of the WIT package `siplet:servlet` that it was built for, `0.1.0`; none when it names none.
    pub wit_version: Option<String>,
    /// Bytes of linear memory at the start.
    pub memory_bytes: u64,
    /// Bytes that the file itself lets its memory grow to; none: as far as the limit `memory-bytes` allows.
    pub memory_max_bytes: Option<u64>,
    /// Bytes of information for a debugger.
    pub debug_bytes: u64,
    /// A panic unwinds (`panic = "unwind"`) instead of ending the turn at once.
    pub unwinds: bool,
    /// The descriptor as it would be deployed; none when it is wrong.
    pub descriptor: Option<Descriptor>,
    /// All that stands against a deployment, as sentences; empty: it can be deployed, as far as can be told without
    /// compiling and starting it.
    pub refusals: Vec<String>,
    /// Where each of the refusals would happen: `file`, `imports`, `exports`, `descriptor`, `memory`, `compile`, `start`.
    pub refused_at: Vec<&'static str>,
}

/// Explains a file for a host with these ceilings; see [`Servlet::load`](super::Servlet::load) for the other arguments.
#[must_use]
pub fn inspect(bytes: &[u8], file_name: &str, overrides: Option<&Value>, ceilings: &AppLimits) -> Inspection {
    let mut inspection = Inspection {
        file: file_name.to_owned(),
        bytes: bytes.len(),
        kind: None,
        digest: None,
        imports: Vec::new(),
        exports: Vec::new(),
        handlers: Vec::new(),
        wit_version: None,
        memory_bytes: 0,
        memory_max_bytes: None,
        debug_bytes: 0,
        unwinds: false,
        descriptor: None,
        refusals: Vec::new(),
        refused_at: Vec::new(),
    };
    let mut reasons = match examine::examine(bytes, overrides) {
        Ok(examined) => {
            inspection.kind = Some(match examined.kind {
                FileKind::Module => "module",
                FileKind::Component => "component",
            });
            inspection.imports = examined.imports;
            inspection.exports = examined.exports;
            inspection.wit_version = examine::built_for(inspection.exports.iter().chain(&inspection.imports));
            inspection.memory_bytes = examined.memory_bytes;
            inspection.memory_max_bytes = examined.memory_max_bytes;
            inspection.debug_bytes = examined.debug_bytes;
            inspection.unwinds = examined.has_exceptions;
            let mut reasons = examined.reasons;
            if let Err(reason) = describe(&mut inspection, bytes, examined.descriptor, overrides, ceilings) {
                reasons.push(reason);
            }
            reasons
        }
        Err(reason) => vec![reason],
    };
    for reason in reasons.drain(..) {
        inspection.refused_at.push(reason.stage());
        inspection.refusals.push(reason.to_string());
    }
    inspection
}

fn describe(
    inspection: &mut Inspection,
    bytes: &[u8],
    section: Option<&[u8]>,
    overrides: Option<&Value>,
    ceilings: &AppLimits,
) -> Result<(), Reason> {
    let descriptor = descriptor::descriptor(section, overrides, &inspection.file, ceilings)?;
    let handlers = descriptor::handlers(&descriptor, &inspection.exports);
    let (_, id) = digests(bytes, &descriptor);
    inspection.digest = Some(format!("#{:06x}", id.digest >> 40));
    let limit = descriptor.limits.memory_bytes;
    inspection.descriptor = Some(descriptor);
    inspection.handlers = Handler::ALL
        .iter()
        .copied()
        .filter(|handler| handlers.as_ref().is_ok_and(|set| set.has(*handler)))
        .map(Handler::name)
        .collect();
    handlers?;
    if inspection.memory_bytes > limit {
        return Err(Reason::Memory { bytes: inspection.memory_bytes, limit });
    }
    Ok(())
}

impl Inspection {
    /// True when nothing stands against a deployment.
    #[must_use]
    pub const fn is_deployable(&self) -> bool {
        self.refusals.is_empty()
    }
}

impl fmt::Display for Inspection {
    /// A table of what the file is, then the refusals.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut row = |name: &str, value: String| writeln!(f, "  {name:<12} {value}");
        let list = |items: &[String]| if items.is_empty() { "none".to_owned() } else { items.join(", ") };
        if let (Some(descriptor), Some(digest)) = (&self.descriptor, &self.digest) {
            row("application", format!("{} {} {digest}", descriptor.name, descriptor.version))?;
        }
        row(
            "file",
            format!("{}, {} bytes, {}", self.file, self.bytes, self.kind.unwrap_or("no WebAssembly")),
        )?;
        row("imports", list(&self.imports))?;
        row("exports", list(&self.exports))?;
        if !self.handlers.is_empty() {
            row("handlers", self.handlers.join(", "))?;
        }
        if let Some(descriptor) = &self.descriptor {
            let all =
                |list: &[String], none: &str| if list.is_empty() { none.to_owned() } else { list.join(", ") };
            row(
                "methods",
                descriptor.methods.as_deref().map_or("those of its handlers".to_owned(), |m| m.join(", ")),
            )?;
            row("domains", all(&descriptor.domains, "every domain that no other servlet takes"))?;
            row("parameters", all(&descriptor.init_parameters.keys().cloned().collect::<Vec<_>>(), "none"))?;
            let limits = &descriptor.limits;
            row(
                "limits",
                format!(
                    "{} ms of CPU a turn, {} of {} bytes of memory at the start, {} handles",
                    limits.turn_ms, self.memory_bytes, limits.memory_bytes, limits.handles
                ),
            )?;
        }
        if self.is_deployable() {
            return writeln!(f, "It can be deployed.");
        }
        for refusal in &self.refusals {
            writeln!(f, "refused: {refusal}.")?;
        }
        Ok(())
    }
}
